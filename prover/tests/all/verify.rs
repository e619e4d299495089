//! What `verify` accepts, by the clock of the machine, and what it does not.

use crate::common;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::common::{CONTEXT, copy_fixtures, run, zkmargin};
use pasta_curves::Fp;
use zkmargin_margin::ids::Epoch;
use zkmargin_params::market::MarketFile;
use zkmargin_params::presets;
use zkmargin_params::snapshot::Snapshot;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A market of prices of a time, its state, and its signed epoch.
fn publish(dir: &Path, name: &str, time: u64) {
    let snapshot = fs::read_to_string(dir.join("snapshot.json")).unwrap();
    let fresh = snapshot.replace("1679940322", &time.to_string());
    assert_ne!(fresh, snapshot);
    // By the library: the command builds no market of prices from the future.
    let model = presets::by_name("hyperliquid").unwrap().model().unwrap();
    let snapshot = Snapshot::from_json(&fresh).unwrap();
    let (file, _) = MarketFile::build::<Fp>(&model, &snapshot, Epoch::new(1)).unwrap();
    fs::write(dir.join(format!("market-{name}.json")), file.to_json()).unwrap();
    let root = format!("venue root -q accounts.jsonl -m market-{name}.json --context {CONTEXT}");
    run(dir, &format!("{root} -o state-{name}.json"));
    common::epoch(dir, &format!("-{name}"));
}

/// A command line, its exit code, and what it says.
fn said(dir: &Path, line: &str) -> (i32, String) {
    let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn what_is_pinned_down_is_accepted_and_nothing_else_is() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    publish(dir, "fresh", now() - 60);
    run(
        dir,
        "prove -q trader.age -i trader.key -m market-fresh.json -s state-fresh.json -o healthy.json",
    );
    run(
        dir,
        "prove -q poor.json --insecure-plaintext -m market-fresh.json -s state-fresh.json --claim below:maintenance --disclose -o breach.json",
    );
    let signed = "--epoch epoch-fresh.json --signers signers.json";
    let (code, text) =
        said(dir, &format!("verify -q healthy.json {signed} --at-least maintenance --max-age 15m"));
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("healthy.json: valid: 0x"), "{text}");
    assert!(text.contains("old (signed by 2 of 3)"), "{text}");

    // Each of the six, and the signers, left out.
    let all = [
        ("context", format!("--context {CONTEXT}")),
        ("state_root", format!("--state-root {}", root(dir, "state_root"))),
        ("market_root", format!("--market-root {}", root(dir, "market_root"))),
        ("model", "--model hyperliquid".to_owned()),
        ("claim", "--at-least maintenance".to_owned()),
    ];
    for (left_out, _) in &all {
        let told: Vec<_> = all
            .iter()
            .filter(|(name, _)| name != left_out)
            .map(|(_, text)| text.as_str())
            .collect();
        let line = format!("verify -q --json healthy.json --any-age {}", told.join(" "));
        let (code, text) = said(dir, &line);
        assert_eq!(code, 2, "{left_out}: {text}");
        let report: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(report["missing"], serde_json::json!([left_out]), "{text}");
        assert_eq!(report["accepted"], false);
        let waived = format!("{line} --any-{}", left_out.replace('_', "-"));
        let (code, text) = said(dir, &waived);
        assert_eq!(code, 0, "{text}");
        assert!(text.contains("\"accepted\":true"), "{text}");
    }
    let (code, text) =
        said(dir, &format!("verify -q healthy.json {signed} --at-least maintenance"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("nothing says what the age of the prices must be"), "{text}");

    // A breach is an answer of its own, and is none of health.
    for claim in ["--at-least maintenance", "--claim below:maintenance", "--any-claim"] {
        let line = format!("verify -q breach.json {signed} --max-age 15m {claim}");
        let (code, text) = said(dir, &line);
        assert_eq!(code, 4, "{text}");
        assert!(text.contains("BELOW: ") && text.contains("shortfall of"), "{text}");
    }
    let line = format!("verify -q breach.json {signed} --max-age 15m --claim below:initial");
    assert_eq!(said(dir, &line).0, 1);
    let both = format!("verify -q healthy.json breach.json {signed} --max-age 15m --any-claim");
    assert_eq!(said(dir, &both).0, 4);

    // A state that the trader made up: another account's portfolio is in it.
    run(
        dir,
        &format!(
            "venue root -q nine.jsonl -m market-fresh.json --context {CONTEXT} -o state-made-up.json"
        ),
    );
    let line = "prove -q nine.json --insecure-plaintext -m market-fresh.json -s state-made-up.json --claim at-least:margin-call -o made-up.json";
    run(dir, line);
    let line = format!("verify -q made-up.json {signed} --at-least margin-call --max-age 15m");
    let (code, text) = said(dir, &line);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("state_root is"), "{text}");
}

/// A root of the signed epoch.
fn root(dir: &Path, field: &str) -> String {
    let epoch = fs::read(dir.join("epoch-fresh.json")).unwrap();
    let epoch: serde_json::Value = serde_json::from_slice(&epoch).unwrap();
    epoch[field].as_str().unwrap().to_owned()
}

#[test]
fn times_that_have_not_come_are_not_fresh() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    // In milliseconds: no market is built of it.
    let snapshot = fs::read_to_string(dir.join("snapshot.json")).unwrap();
    let millis = snapshot.replace("1679940322", &(now() * 1_000).to_string());
    fs::write(dir.join("millis.json"), millis).unwrap();
    let (code, text) =
        said(dir, "market build -q -s millis.json -m hyperliquid -e 1 -o market-millis.json");
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("milliseconds are a thousand times too large"), "{text}");
    // In a while, and within what clocks may differ by.
    for (name, time, code) in [("ahead", now() + 3_600, 1), ("near", now() + 5, 0)] {
        publish(dir, name, time);
        let line =
            format!("epoch verify -q epoch-{name}.json --signers signers.json --max-age 15m");
        let (ended, text) = said(dir, &line);
        assert_eq!(ended, code, "{name}: {text}");
        assert_eq!(text.contains("in the future: allowed are 15s"), code == 1, "{text}");
        let line = format!("verify -q proof.json -m market-{name}.json --max-age 15m");
        let (_, text) = said(dir, &line);
        assert_eq!(text.contains("in the future"), code == 1, "{text}");
    }
}

#[test]
fn epochs_are_signed_with_keystores_and_from_the_environment() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    let key = fs::read_to_string(dir.join("signer-1.key")).unwrap();
    let sign = |name: &str, value: &str, line: &str| {
        let mut command = zkmargin(dir);
        command.env(name, value).args(line.split_whitespace());
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
    };
    let line = "epoch sign epoch-unsigned.json -o by-env.json";
    let (code, text) = sign("ZKMARGIN_EVM_KEY", key.trim(), line);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"), "{text}");

    // Of the password `a password`, made apart from this code, with few rounds.
    let keystore = "epoch sign epoch-unsigned.json --keystore keystore.json -o by-store.json";
    let (code, text) = sign("ZKMARGIN_EVM_PASSWORD", "a password", keystore);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc"), "{text}");
    let wrong = keystore.replace("by-store", "by-wrong");
    let (code, text) = sign("ZKMARGIN_EVM_PASSWORD", "another", &wrong);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("check the password") && !text.contains("another"), "{text}");
    let (code, text) = sign("ZKMARGIN_EVM_PASSWORD", "", &wrong);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("ZKMARGIN_EVM_PASSWORD is not set"), "{text}");
}

/// What proofs about layouts are held to.
const UNPINNED: &str = "--insecure-dev-srs --any-context --any-state-root --any-market-root --any-model --any-age --at-least maintenance";
/// How they are made.
const PROVE: &str =
    "prove -q trader.age -i trader.key -m market-kzg.json -p path-kzg.json --insecure-dev-srs";

#[test]
fn a_layout_is_the_verifiers_choice() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    run(dir, &format!("{PROVE} --layout wide -o wide.json"));
    let wide = fs::read_to_string(dir.join("wide.json")).unwrap();
    let line = "\n  \"layout\": \"wide\",";
    assert!(wide.contains(line), "{wide}");
    // Whoever takes both, and whoever takes one.
    for (files, layout, exit) in [
        ("wide.json", "", 0),
        ("wide.json proof-kzg.json", "", 0),
        ("wide.json", "--layout wide", 0),
        ("proof-kzg.json", "--layout tall", 0),
        ("wide.json", "--layout tall", 1),
        ("proof-kzg.json", "--layout wide", 1),
    ] {
        let (code, text) = said(dir, &format!("verify -q {files} {UNPINNED} {layout}"));
        assert_eq!(code, exit, "{files} {layout}: {text}");
        assert_eq!(text.contains("prove again with --layout"), exit == 1, "{text}");
    }
    // The field edited in the file.
    fs::write(dir.join("edited.json"), wide.replace(line, "")).unwrap();
    let (code, text) = said(dir, &format!("verify -q edited.json {UNPINNED}"));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("proofs of this circuit have 2208"), "{text}");
    fs::write(dir.join("edited.json"), wide.replace("\"wide\"", "\"tall\"")).unwrap();
    let (code, text) = said(dir, &format!("verify -q edited.json {UNPINNED}"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("layout is not canonical"), "{text}");

    let key = "key export -s small --insecure-dev-srs";
    run(dir, &format!("{key} --layout wide -o wide.vk"));
    run(dir, &format!("{key} -o tall.vk"));
    assert!(run(dir, "key show wide.vk").contains("standard-small-kzg-wide\n"));
    assert!(run(dir, "key show tall.vk").contains("standard-small-kzg\n"));
    let export = "evm export -c standard-small-wide --insecure-dev-srs -o -";
    let source = run(dir, export);
    assert!(source.contains("contract VerifierStandardSmallWide {"), "{source}");

    // Where there is no choice.
    let line = "prove -q trader.age -i trader.key -m market.json -p path.json -o new.json";
    let (code, text) = said(dir, &format!("{line} --layout tall"));
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("proofs of ipa have the wide layout alone"), "{text}");
}

/// A deployment's file says which layout its contracts verify.
#[test]
fn a_deployment_chooses_the_layout() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    let verifier = |shape: &str, layout: &str| {
        let (digest, address) = ("11".repeat(32), "22".repeat(20));
        format!(
            r#"{{"family":"standard","shape":"{shape}",{layout}"circuit":"0x{digest}","srs":"0x{digest}","address":"0x{address}"}}"#
        )
    };
    let (tall, wide) = (verifier("small", ""), verifier("small", r#""layout":"wide","#));
    let deployment = |verifiers: &[&str]| {
        let (address, verifiers) = ("33".repeat(20), verifiers.join(","));
        let text = format!(
            r#"{{"version":2,"chain":1,"protocol":"p","context":null,"contracts":{{"roles":null,"markets":null,"gate":null,"operators":null,"registry":null}},"block":null,"insecure_dev_srs":true,"verifiers":[{verifiers}],"deployer":"0x{address}","complete":false}}"#
        );
        fs::write(dir.join("deployment.json"), text).unwrap();
    };
    let proves = |layout: &str| {
        run(dir, &format!("{PROVE} --deployment deployment.json --force -o new.json"));
        let (code, text) = said(dir, &format!("verify -q new.json {UNPINNED} --layout {layout}"));
        assert_eq!(code, 0, "{text}");
    };
    deployment(&[&wide]);
    proves("wide");
    deployment(&[&wide, &tall]);
    proves("tall");
    let refused = |line: &str, words: &str| {
        let (code, text) = said(dir, line);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(words), "{text}");
    };
    let line = format!("{PROVE} --deployment deployment.json -o none.json");
    deployment(&[&verifier("medium", "")]);
    refused(&line, "no verifier of standard-small in any layout");
    deployment(&[&verifier("small", r#""layout":"narrow","#)]);
    refused(&line, "deployment.json");
    refused(&format!("{line} --layout wide"), "cannot be used with");
    let ipa = "prove -q trader.age -i trader.key -m market.json -p path.json -o none.json";
    refused(&format!("{ipa} --deployment deployment.json"), "contracts verify proofs of kzg");
}
