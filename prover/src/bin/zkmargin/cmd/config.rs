//! `zkmargin config`.

use std::path::PathBuf;

use serde::Serialize;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::profile::{Found, Profile};

/// The file's form.
const FORM: &str = r#"A profile fills in options that neither the command line nor the environment says. The file,
config.toml in the user's directory of settings, or the one that ZKMARGIN_CONFIG names (none
where that is empty):

  default = "main"                    # without --profile and ZKMARGIN_PROFILE

  [profile.main]
  context = "my-protocol@1"           # --context
  market = "market.json"              # --market, where a command needs one
  identity = "trader.key"             # --identity
  ledger = "ledger.redb"              # --ledger
  signers = "signers.json"            # --signers
  deployment = "deployment.json"      # --deployment
  rpc-url = "https://node.example"    # --rpc-url

Paths are relative to the file. Secrets do not belong in it. What commands run for other commands
(`demo`, `watch`) takes nothing from a profile but through their own options."#;

#[derive(Debug, clap::Args)]
#[command(after_help = FORM)]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Report {
    file: Option<PathBuf>,
    profiles: Vec<String>,
    profile: Option<String>,
    #[serde(flatten)]
    values: Profile,
}

pub(crate) fn run(found: Option<Found>, env: Env) -> Result<Exit, Error> {
    let report = match found {
        Some(found) => Report {
            file: Some(found.path),
            profiles: found.known,
            profile: found.name,
            values: found.profile,
        },
        None => {
            Report { file: None, profiles: Vec::new(), profile: None, values: Profile::default() }
        }
    };
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

fn lines(report: &Report) -> Vec<String> {
    let Some(file) = &report.file else {
        return vec!["no file of profiles: `zkmargin config --help` shows one".to_owned()];
    };
    let mut lines = vec![
        format!("file          {}", file.display()),
        format!("profiles      {}", report.profiles.join(", ")),
        format!("in use        {}", report.profile.as_deref().unwrap_or("none")),
    ];
    if let Ok(serde_json::Value::Object(values)) = serde_json::to_value(&report.values) {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        lines.extend(values.iter().map(|(key, value)| format!("{key:<13} {}", text(value))));
    }
    lines
}
