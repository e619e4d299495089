//! A node of the tests' own.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::stage::START;

/// The program, or `None` after saying loudly that nothing is tested.
pub(crate) fn anvil() -> Option<PathBuf> {
    let named = std::env::var_os("ZKMARGIN_ANVIL").map(PathBuf::from);
    let packages = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/contracts/node_modules/@foundry-rs");
    let installed = || {
        let entries = fs::read_dir(packages).ok()?.map(|entry| entry.unwrap().path());
        let programs = entries.map(|package| package.join("bin/anvil"));
        programs
            .filter(|program| program.is_file())
            .find(|program| !program.parent().unwrap().parent().unwrap().ends_with("anvil"))
    };
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|dir| dir.join("anvil")).find(|name| name.is_file())
    };
    let found = named.or_else(installed).or_else(on_path);
    if found.is_none() {
        let required = std::env::var_os("ZKMARGIN_REQUIRE_ANVIL").is_some();
        assert!(!required, "anvil is not there: `npm ci` in verifier/contracts brings it");
        // Not by a macro, whose output is kept back when a test passes.
        let text = b"\nSKIPPED, NOTHING IS TESTED: anvil is not there; `npm ci --ignore-scripts` in verifier/contracts brings it\n";
        io::stderr().write_all(text).unwrap();
    }
    found
}

pub(crate) struct Node {
    child: Child,
    pub(crate) url: String,
}

impl Node {
    pub(crate) fn start() -> Option<Self> {
        let mut child = Command::new(anvil()?)
            .args(["--port", "0", "--timestamp", &(START + 60).to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines.find_map(|line| {
            line.unwrap().strip_prefix("Listening on ").map(|address| format!("http://{address}"))
        });
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, url: listening.unwrap() })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
