//! Profiles and manual pages.

use std::fs;

use crate::common::{CONTEXT, copy_fixtures, run, zkmargin};

const CONFIG: &str = r#"
default = "main"
[profile.main]
context = "zkmargin-test"
market = "market.json"
identity = "trader.key"
signers = "signers.json"
rpc-url = "https://node.example/SECRET"
[profile.other]
market = "market-2.json"
"#;

#[test]
fn a_profile_fills_in_what_is_needed_and_not_said() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    fs::write(dir.join("config.toml"), CONFIG).unwrap();
    let said = |line: &str| {
        let mut command = zkmargin(dir);
        command.env("ZKMARGIN_CONFIG", "config.toml").args(line.split_whitespace());
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
    };
    // Market and identity of the default profile, of another, and of the command line.
    let (code, text) = said("margin -q trader.age");
    assert_eq!((code, text.contains("epoch         1")), (0, true), "{text}");
    let (code, text) = said("--profile other margin -q trader.age -i trader.key");
    assert_eq!((code, text.contains("epoch         2")), (0, true), "{text}");
    let (code, text) = said("margin -q trader.age -m market-2.json");
    assert_eq!((code, text.contains("epoch         2")), (0, true), "{text}");
    // A verifier takes the context from it, and is told no market that it did not ask for.
    let (code, text) = said("verify -q --json proof.json");
    assert_eq!(code, 2, "{text}");
    let report: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(
        report["missing"],
        serde_json::json!(["state_root", "market_root", "model", "claim", "age"])
    );
    let root =
        format!("venue root -q accounts.jsonl -m market.json --context {CONTEXT}x -o x.json");
    assert_eq!(said(&root).0, 0, "the command line counts before a profile");
    let (_, text) = said("config");
    assert!(text.contains("in use        main") && !text.contains("SECRET"), "{text}");
    assert!(text.contains("context       zkmargin-test"), "{text}");

    let (code, text) = said("--profile nothing margin trader.age");
    assert_eq!(code, 2);
    assert!(text.contains("there is no profile `nothing`: there are main, other"), "{text}");
    fs::write(dir.join("config.toml"), "[profile.a]\nmarkets = \"x\"\n").unwrap();
    let (code, text) = said("schema");
    assert_eq!((code, text.contains("unknown field `markets`")), (2, true), "{text}");
    assert_eq!(said("--help").0, 0, "help needs no profile");
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "man -o man");
    for page in ["zkmargin", "zkmargin-prove", "zkmargin-call-submit", "zkmargin-watch"] {
        let text = fs::read_to_string(dir.path().join(format!("man/{page}.1"))).unwrap();
        assert!(text.contains(".TH ") && text.contains(".SH SYNOPSIS"), "{page}");
    }
    let main = fs::read_to_string(dir.path().join("man/zkmargin.1")).unwrap();
    assert!(main.contains("zkmargin\\-prove(1)"), "{main}");
    assert!(!dir.path().join("man/zkmargin-man.1").exists());
}
