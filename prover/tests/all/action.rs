//! The script of the composite action, with programs in place of `zkmargin` and
//! `curl` that write down what they are given.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// Writes down its arguments, and whether it sees the identity; `prove` makes a
/// proof file, and the command named in `FAILS` fails.
const ZKMARGIN: &str = r#"#!/bin/sh
echo "$* identity=${ZKMARGIN_IDENTITY:-none}" >> calls
test "$1" = "${FAILS:-}" && exit 1
test "$1" = prove && printf '{\n  "instance": {\n    "epoch": 7,\n    "account": "0xa1"\n  }\n}\n' > proof.json
exit 0
"#;
/// Writes down its arguments, and whether it sees the identity.
const CURL: &str = r#"#!/bin/sh
echo "curl $* identity=${ZKMARGIN_IDENTITY:-none}" >> calls
for word; do
    test "$file" = -o && out=$word
    file=$word
done
printf '{\n  "market_timestamp": %s,\n  "reference": 6\n}\n' "$TAKEN" > "$out"
"#;

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn program(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn action(dir: &Path, fails: &str, identity: &str) -> Output {
    program(&dir.join("zkmargin"), ZKMARGIN);
    program(&dir.join("curl"), CURL);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/ci/prove.sh");
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap());
    Command::new("bash")
        .arg(script.canonicalize().unwrap())
        .current_dir(dir)
        .env("PATH", path)
        .env("FAILS", fails)
        .env("ZKMARGIN_IDENTITY", identity)
        .envs([("ZKMARGIN", "zkmargin"), ("PORTFOLIO", "portfolio.age"), ("MODEL", "hyperliquid")])
        .envs([("VENUE_URL", "https://venue.example"), ("SIGNERS", "signers.json")])
        .envs([("CONTEXT", "my-protocol"), ("ACCOUNT", "0xa1"), ("LEVEL", "maintenance")])
        .envs([("MAX_AGE", "15m"), ("PROOF", "proof.json")])
        .envs([("GITHUB_STEP_SUMMARY", "summary.md"), ("GITHUB_OUTPUT", "outputs")])
        .env("TAKEN", (now() - 60).to_string())
        .output()
        .unwrap()
}

#[test]
fn the_identity_reaches_the_prover_alone_and_a_summary_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let output = action(dir.path(), "", "AGE-SECRET-KEY-1TEST");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
    let calls = read("calls");
    let seeing: Vec<_> = calls.lines().filter(|call| !call.ends_with("identity=none")).collect();
    let prove: Vec<_> = seeing.iter().filter(|call| call.starts_with("prove ")).collect();
    assert_eq!(prove.len(), 1, "{calls}");
    assert!(prove[0].ends_with(" identity=AGE-SECRET-KEY-1TEST"));
    assert!(!prove[0].trim_end_matches("identity=AGE-SECRET-KEY-1TEST").contains("AGE-SECRET"));
    // Nothing is verified with the secret at hand; the epoch comes first.
    let order = ["curl", "market verify", "epoch verify", "prove", "verify proof.json"];
    let mut rest = calls.as_str();
    for call in order {
        rest = rest.split_once(call).unwrap_or_else(|| panic!("{call}: {calls}")).1;
    }
    assert!(calls.contains("--max-age 15m") && calls.contains("--at-least maintenance"), "{calls}");
    assert_eq!(read("outputs"), "epoch=7\n");
    let summary = read("summary.md");
    for part in [
        "at least maintenance",
        "`0xa1`",
        "| epoch | 7 |",
        // A second or two may pass until it is written.
        "| prices | 6",
        " s old; allowed are 15m",
        "proof.json",
    ] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
}

#[test]
fn what_fails_ends_the_action_and_says_so() {
    for (fails, said, later) in [
        ("epoch", "Could not accept the epoch", "prove "),
        ("prove", "Could not prove at-least:maintenance", "verify proof.json"),
        ("verify", "Could not verify the proof", "no such call"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let output = action(dir.path(), fails, "AGE-SECRET-KEY-1TEST");
        assert_eq!(output.status.code(), Some(1), "{fails}");
        let summary = fs::read_to_string(dir.path().join("summary.md")).unwrap();
        assert!(summary.contains(said), "{fails}: {summary}");
        let calls = fs::read_to_string(dir.path().join("calls")).unwrap();
        assert!(!calls.contains(later), "{fails}: {calls}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(action(dir.path(), "", "").status.code(), Some(2));
    assert!(!dir.path().join("calls").exists(), "nothing is started without an identity");
}

/// Installs from a download that holds `TAKEN` as above; the exit code, and what is said.
fn install(dir: &Path, sha256: &str) -> (i32, String) {
    program(&dir.join("curl"), CURL);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/ci/install.sh");
    let path = format!("{}:{}", dir.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .arg(script.canonicalize().unwrap())
        .current_dir(dir)
        .envs([("PATH", path.as_str()), ("HOME", dir.to_str().unwrap()), ("TAKEN", "1")])
        .envs([("BINARY_URL", "https://example.org/zkmargin"), ("BINARY_SHA256", sha256)])
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_download_is_installed_if_it_is_the_one_that_was_pinned() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join(".cargo/bin/zkmargin");
    let (code, text) = install(dir.path(), "");
    assert_eq!((code, text.contains("binary-sha256: give the 64")), (2, true), "{text}");
    assert!(!dir.path().join("calls").exists(), "nothing is downloaded that could be anything");
    let (code, text) = install(dir.path(), &"0".repeat(64));
    assert_eq!((code, text.contains("another file")), (1, true), "{text}");
    assert!(!place.exists());
    // Of the text that `curl` writes.
    let digest = "7a7b6b0127f85f62998a19b36061697db5dd813d07966c977abfb9b88a839edd";
    assert_eq!(install(dir.path(), digest).0, 0);
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o755);
}
