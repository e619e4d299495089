//! A chain for the demo: anvil, a node that mines at once and whose clock can be
//! moved on.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{fs, io, thread};

use zkmargin_params::cache::{CacheError, ParamsCache};

use crate::env::Env;
use crate::input::without_secrets;

/// The version that is fetched: the one that the tests run.
const PACKAGE: &str = "@foundry-rs/anvil@1.7.1";
/// Environment variable with the program.
const PROGRAM_ENV: &str = "ZKMARGIN_ANVIL";
/// What anvil says when it is ready.
const READY: &str = "Listening on ";

/// The second one, whose address [`super::example`] names the trader by.
pub(super) const TRADER_KEY: &str =
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";
/// The first account that anvil gives funds to. Its key is known to everybody.
pub(super) const FUNDED_KEY: &str =
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// Why there is no node.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    #[error("there is no anvil, and npm cannot be started to fetch it: {0}")]
    NoNpm(io::Error),
    #[error("npm could not fetch {PACKAGE}: {0}")]
    Fetch(String),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("npm has no anvil for this platform")]
    Platform,
    #[error("{program} cannot be started: {source}")]
    Start { program: PathBuf, source: io::Error },
    #[error("{0} ended before it was ready")]
    Ended(PathBuf),
}

impl NodeError {
    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        "install Node.js, or Foundry's anvil; ZKMARGIN_ANVIL names the program"
    }
}

/// A node that runs until it is dropped.
pub(super) struct Node {
    child: Child,
    url: String,
}

impl Node {
    /// Starts a node whose clock shows this time, in seconds since 1970.
    pub(super) fn start(time: u64, env: Env) -> Result<Self, NodeError> {
        let program = program(env)?;
        let failed = |source| NodeError::Start { program: program.clone(), source };
        // A free port; no fork, no state on disk.
        let mut child = without_secrets(&mut Command::new(&program))
            .args(["--port", "0", "--timestamp", &time.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let output = child.stdout.take();
        let mut node = Self { child, url: String::new() };
        let mut lines = BufReader::new(output.ok_or_else(|| NodeError::Ended(program.clone()))?);
        node.url = ready(&mut lines).ok_or(NodeError::Ended(program))?;
        // A pipe that nobody reads would stop it.
        thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
        Ok(node)
    }

    /// Its RPC endpoint.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads on until the node says where it listens.
fn ready(lines: &mut impl io::BufRead) -> Option<String> {
    loop {
        let mut line = String::new();
        if lines.by_ref().take(1 << 16).read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(address) = line.trim().strip_prefix(READY) {
            return Some(format!("http://{address}"));
        }
    }
}

/// The program: the one named, one that is installed, or one that npm fetches.
/// Never one below the working directory, which may be anybody's; and never npm's
/// own starter of it, which would leave the node behind when it is ended.
fn program(env: Env) -> Result<PathBuf, NodeError> {
    if let Some(named) = std::env::var_os(PROGRAM_ENV).filter(|name| !name.is_empty()) {
        return Ok(named.into());
    }
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        let mut names = std::env::split_paths(&path).map(|dir| dir.join(executable("anvil")));
        names.find(|name| name.is_file())
    };
    if let Some(found) = on_path() {
        return Ok(found);
    }
    let cache = ParamsCache::open_default()?.dir().join("anvil");
    in_npm_directory(&cache).map_or_else(|| fetch(&cache, env), Ok)
}

fn executable(name: &str) -> OsString {
    format!("{name}{}", std::env::consts::EXE_SUFFIX).into()
}

/// The program in the package of this platform, which npm alone installs.
fn in_npm_directory(directory: &Path) -> Option<PathBuf> {
    let packages = fs::read_dir(directory.join("node_modules/@foundry-rs")).ok()?;
    let program = |entry: fs::DirEntry| entry.path().join("bin").join(executable("anvil"));
    let mut found: Vec<PathBuf> = packages.filter_map(Result::ok).map(program).collect();
    // Not the package without a platform, whose program starts another.
    found.retain(|program| program.is_file() && !is_wrapper(program));
    found.pop()
}

fn is_wrapper(program: &Path) -> bool {
    program.ancestors().nth(2).is_some_and(|package| package.ends_with("anvil"))
}

fn fetch(cache: &Path, env: Env) -> Result<PathBuf, NodeError> {
    env.out.note(format!("fetching {PACKAGE} from npm into {}", cache.display()));
    let failed = |error: io::Error| NodeError::Fetch(error.to_string());
    fs::create_dir_all(cache).map_err(failed)?;
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = without_secrets(&mut Command::new(npm))
        .args(["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--prefix"])
        .arg(cache)
        .arg(PACKAGE)
        .stdin(Stdio::null())
        .output()
        .map_err(NodeError::NoNpm)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(NodeError::Fetch(said.lines().next().unwrap_or_default().to_owned()));
    }
    in_npm_directory(cache).ok_or(NodeError::Platform)
}
