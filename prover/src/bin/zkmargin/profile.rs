//! Profiles: what a user says at every command, in a file.
//!
//! A profile fills in options that are not on the command line nor in the
//! environment, and only where a command needs them; so it never changes what a
//! command does that needs nothing.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Command;
use directories::ProjectDirs;
use serde::{Deserialize, Serialize};
use zkmargin_prover::files::{FileError, SECRET_LIMIT, Source};

/// Environment variable with the file.
const CONFIG_ENV: &str = "ZKMARGIN_CONFIG";
/// Environment variable with the profile's name.
const PROFILE_ENV: &str = "ZKMARGIN_PROFILE";

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProfileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} is not UTF-8 text", .0.display())]
    Text(PathBuf),
    #[error("{}: {problem}", .path.display())]
    Form { path: PathBuf, problem: String },
    #[error("{}: there is no profile `{name}`: there are {}", .path.display(), list(.known))]
    Unknown { path: PathBuf, name: String, known: Vec<String> },
    #[error("profile `{0}` is asked for, and this system says no place for its file")]
    NoPlace(String),
    #[error("{}: {profile}.{key}: a secret does not belong here: name the file that has it", .path.display())]
    Secret { path: PathBuf, profile: String, key: &'static str },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The profile that counts where none is asked for.
    default: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// What options are filled in with. Paths are relative to the file's directory.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    market: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signers: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<PathBuf>,
    /// May have a key of a provider in it: not shown.
    #[serde(skip_serializing)]
    rpc_url: Option<String>,
}

/// A profile, and where it is from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) name: Option<String>,
    pub(crate) known: Vec<String>,
    pub(crate) profile: Profile,
}

/// The profile that a command line, the environment or the file asks for. Without a
/// file and without a name there is none.
pub(crate) fn find(words: &[OsString]) -> Result<Option<Found>, ProfileError> {
    let asked = asked(words).or_else(|| variable(PROFILE_ENV));
    let Some(path) = place() else {
        return asked.map_or(Ok(None), |name| Err(ProfileError::NoPlace(name)));
    };
    // A file that was named is there.
    if asked.is_none() && variable(CONFIG_ENV).is_none() && !path.exists() {
        return Ok(None);
    }
    let bytes = Source::Path(path.clone()).read_at_most(SECRET_LIMIT)?;
    let text = String::from_utf8(bytes).map_err(|_| ProfileError::Text(path.clone()))?;
    read(&text, path, asked).map(Some)
}

fn read(text: &str, path: PathBuf, asked: Option<String>) -> Result<Found, ProfileError> {
    let file: File = toml::from_str(text).map_err(|error| ProfileError::Form {
        problem: one_line(error.message()),
        path: path.clone(),
    })?;
    let known: Vec<String> = file.profile.keys().cloned().collect();
    let name = asked.or(file.default);
    let profile = match &name {
        None => Profile::default(),
        Some(name) => match file.profile.get(name) {
            Some(profile) => profile.checked(&path, name)?,
            None => return Err(ProfileError::Unknown { path, name: name.clone(), known }),
        },
    };
    Ok(Found { path, name, known, profile })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The value of `--profile`, before the command line is read.
fn asked(words: &[OsString]) -> Option<String> {
    let mut words = words.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        match word.as_ref() {
            "--" => return None,
            "--profile" => return words.next().map(String::from),
            other => {
                if let Some(name) = other.strip_prefix("--profile=") {
                    return Some(name.to_owned());
                }
            }
        }
    }
    None
}

/// A variable of the environment; an empty one is none.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn place() -> Option<PathBuf> {
    variable(CONFIG_ENV)
        .map(PathBuf::from)
        .or_else(|| Some(ProjectDirs::from("", "", "zkmargin")?.config_dir().join("config.toml")))
}

impl Profile {
    /// The same with paths from the file's directory, if nothing in it is a secret.
    fn checked(&self, file: &Path, name: &str) -> Result<Self, ProfileError> {
        if let Some(identity) = &self.identity
            && identity.to_string_lossy().to_ascii_uppercase().starts_with("AGE-SECRET-KEY-")
        {
            let (path, profile) = (file.to_owned(), name.to_owned());
            return Err(ProfileError::Secret { path, profile, key: "identity" });
        }
        let base = file.parent().unwrap_or(Path::new(""));
        let from_base = |path: &Option<PathBuf>| path.as_ref().map(|path| base.join(path));
        Ok(Self {
            context: self.context.clone(),
            market: from_base(&self.market),
            identity: from_base(&self.identity),
            ledger: from_base(&self.ledger),
            signers: from_base(&self.signers),
            deployment: from_base(&self.deployment),
            rpc_url: self.rpc_url.clone(),
        })
    }

    /// The value of an option, by its name within the command.
    fn value(&self, option: &str) -> Option<OsString> {
        let path = |path: &Option<PathBuf>| path.clone().map(PathBuf::into_os_string);
        match option {
            "context" => self.context.clone().map(OsString::from),
            "market" => path(&self.market),
            "identity" => path(&self.identity),
            "ledger" => path(&self.ledger),
            "signers" => path(&self.signers),
            "deployment" => path(&self.deployment),
            "rpc_url" => self.rpc_url.clone().map(OsString::from),
            _ => None,
        }
    }

    /// Fills in the options of a command and of those below it.
    pub(crate) fn fill(&self, command: Command) -> Command {
        let command = command.mut_args(|arg| {
            // What changes a command where it need not be told: only where it must be.
            let wanted = match arg.get_id().as_str() {
                "market" | "ledger" | "deployment" | "rpc_url" => arg.is_required_set(),
                "context" | "signers" | "identity" => true,
                _ => false,
            };
            match self.value(arg.get_id().as_str()) {
                Some(value) if wanted && !arg.is_positional() => {
                    arg.required(false).hide_default_value(true).default_value(value)
                }
                _ => arg,
            }
        });
        command.mut_subcommands(|command| self.fill(command))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        default = "main"
        [profile.main]
        context = "my-protocol"
        market = "market.json"
        [profile.test]
        rpc-url = "http://127.0.0.1:8545/key"
    "#;

    fn file(text: &str, asked: Option<&str>) -> Result<Found, ProfileError> {
        read(text, PathBuf::from("/conf/config.toml"), asked.map(str::to_owned))
    }

    #[test]
    fn a_profile_is_found_by_name_or_default_and_its_paths_are_the_files() {
        let found = file(TEXT, None).unwrap();
        assert_eq!(found.name.as_deref(), Some("main"));
        assert_eq!(found.known, ["main", "test"]);
        assert_eq!(found.profile.value("market").unwrap(), "/conf/market.json");
        assert_eq!(found.profile.value("ledger"), None);
        let test = file(TEXT, Some("test")).unwrap();
        assert_eq!(test.profile.value("context"), None);
        assert!(!serde_json::to_string(&test.profile).unwrap().contains("key"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |text: &str, asked| file(text, asked).unwrap_err().to_string();
        assert!(said(TEXT, Some("none")).contains("there are main, test"));
        let unknown = said("[profile.a]\nmarkets = \"x\"", None);
        assert!(unknown.contains("unknown field `markets`"), "{unknown}");
        let secret = said("[profile.a]\nidentity = \"age-secret-key-1qq\"", Some("a"));
        assert!(secret.contains("a.identity: a secret") && !secret.contains("1qq"), "{secret}");
    }

    #[test]
    fn the_command_line_names_a_profile() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(asked(&words("zkmargin --profile a margin")).as_deref(), Some("a"));
        assert_eq!(asked(&words("zkmargin margin --profile=b")).as_deref(), Some("b"));
        assert_eq!(asked(&words("zkmargin margin -- --profile c")), None);
    }
}
