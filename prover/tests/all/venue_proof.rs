//! `venue prove` and `verify --venue`: nobody is spared, nobody left out.

use crate::common;
use std::fs;
use std::path::Path;

use crate::common::{CONTEXT, copy_files, run, static_fixtures, zkmargin};

/// A command line, its exit code, and what it says.
fn said(dir: &Path, line: &str) -> (i32, String) {
    let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&said).into_owned())
}

/// The account of a number.
fn account(number: u8) -> String {
    format!("0x{number:040x}")
}

/// Five accounts, of which numbers 2 and 5 are below maintenance, in a directory of
/// portfolios; their market and state.
fn make(dir: &Path, system: &str) {
    copy_files(&static_fixtures(), dir);
    fs::create_dir(dir.join("portfolios")).unwrap();
    for number in 1..=5 {
        let name = if number % 3 == 2 { "poor.json" } else { "portfolio.json" };
        let text = fs::read_to_string(dir.join(name)).unwrap();
        let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
        document["account"] = account(number).into();
        document["blinding"] = format!("0x{}", hex::encode([number; 31])).into();
        fs::write(dir.join(format!("portfolios/{number}.json")), document.to_string()).unwrap();
    }
    let market = "market build -q -s snapshot.json -m hyperliquid -e 1 -o market.json";
    run(dir, &format!("{market} --proof-system {system}"));
    run(dir, "venue commit portfolios --insecure-plaintext -m market.json -o accounts.jsonl");
    let root = "venue root -q accounts.jsonl -m market.json -o state.json --context";
    run(dir, &format!("{root} {CONTEXT}"));
    common::epoch(dir, "");
}

const PROVE: &str =
    "venue prove portfolios --insecure-plaintext -s state.json -m market.json --leaves 4";
/// What is expected, but for the level.
const PINS: &str = "--epoch epoch.json --signers signers.json --any-age";

#[test]
fn a_venue_is_proved_whole_and_verified_as_one() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    make(dir, "kzg");
    run(dir, "srs dev -q -k 13");
    let (code, told) = said(dir, &format!("{PROVE} -q -o proofs --layout wide --insecure-dev-srs"));
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("5 accounts, 2 flagged"), "{told}");
    goes_on_after_a_kill(dir);
    let verify = |what: &str, level: &str| {
        said(dir, &format!("verify -q --venue {what} {PINS} {level} --insecure-dev-srs"))
    };
    let level = "--at-least maintenance";
    let (code, told) = verify("proofs", level);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("5 accounts in epoch 1, 2 flagged, none left out"), "{told}");
    for number in 1..=5 {
        let line = format!("flagged {}", account(number));
        assert_eq!(told.contains(&line), number % 3 == 2, "{number}: {told}");
    }
    let (code, json) = verify("proofs", &format!("{level} --json"));
    let report: serde_json::Value =
        serde_json::from_str(json.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!(code, 0, "{json}");
    assert_eq!(report["accepted"], true);
    assert_eq!(report["venue"]["accounts"], 5);
    assert_eq!(report["venue"]["flagged"][1], account(5));
    assert_eq!(report["assurance"]["flagged"], "proved");

    // Another level, a proof of somebody, nobody who says the state root.
    let (first, second) = ("proofs/subtree-0000000.json", "proofs/subtree-0000001.json");
    for (what, level, code, words) in [
        ("proofs", "--at-least initial", 1, "claim"),
        ("proofs", "--at-least margin-call", 1, "claim"),
        (
            "proofs",
            "--at-least maintenance --account 0x0000000000000000000000000000000000000001",
            1,
            "account",
        ),
        (first, level, 1, "one is missing"),
        (second, level, 1, "(below number 1 there is none of 0)"),
        (&format!("{first} {second} {second}"), level, 1, "one is doubled"),
        ("portfolios", level, 2, "portfolios/1.json"),
    ] {
        let (found, told) = verify(what, level);
        assert!(found == code && told.contains(words), "{what} {level}: {found} {told}");
    }
    let any = "--any-context --any-state-root --any-market-root --any-model --any-age";
    let (code, told) =
        said(dir, &format!("verify -q --venue {first} {any} {level} --insecure-dev-srs"));
    assert!(code == 0 && !told.contains("none left out"), "{code} {told}");
    let none = format!("verify -q --venue proofs --any-age {level} --insecure-dev-srs");
    let (code, told) = said(dir, &none);
    assert!(code == 2 && told.contains("NOT accepted"), "{code} {told}");
    // A demand that these proofs cannot meet is not left out.
    let escrow = "--escrow committee.json --ciphertext ciphertext.json";
    let (code, told) = verify("proofs", &format!("{level} {escrow}"));
    assert!(code == 2 && told.contains("cannot be used with"), "{code} {told}");
    // A margin proof is none, nor the reverse.
    assert_eq!(said(dir, &format!("verify -q {first} {PINS} {level} --insecure-dev-srs")).0, 2);

    // Tampered with: who is flagged, how many, at which place, of what.
    let text = fs::read_to_string(dir.join(first)).unwrap();
    let tampered = |from: &str, to: &str, code: i32, words: &str| {
        assert!(text.contains(from), "{from}");
        fs::write(dir.join("tampered.json"), text.replacen(from, to, 1)).unwrap();
        let (found, told) = verify(&format!("tampered.json {second}"), level);
        assert!(found == code && told.contains(words), "{to}: {found} {told}");
    };
    let flagged = |number: u8| format!("\"flagged\": \"{}\"", account(number));
    tampered(&flagged(2), &flagged(1), 2, "flagged is not canonical");
    tampered(&flagged(2), "\"flagged\": \"\"", 2, "flagged is not canonical");
    tampered("\"accounts\": 4", "\"accounts\": 3", 1, "does not prove these public inputs");
    tampered("\"flagged_accounts\": 1", "\"flagged_accounts\": 0", 2, "flagged is not canonical");
    tampered("\"subtree\": 0", "\"subtree\": 2", 1, "one is missing");
    tampered("\"subtree\": 0", "\"subtree\": 1", 1, "one is doubled");
    tampered("\"leaves\": 4", "\"leaves\": 16", 1, "circuit");
    tampered("\"leaves\": 4", "\"leaves\": 5", 2, "4, 16, 64 or 256");
    tampered("at-least:maintenance", "at-least:initial", 1, "does not prove these public inputs");
    tampered("at-least:maintenance", "below:maintenance", 2, "claim is unknown");
    tampered("\"epoch\": 1", "\"epoch\": 2", 1, "does not prove these public inputs");
}

/// What is there and verifies is kept, what is missing made; another proof in its place is
/// refused, and stays.
fn goes_on_after_a_kill(dir: &Path) {
    let again = format!("{PROVE} -o proofs --layout wide --insecure-dev-srs");
    let place = |index: u8| dir.join(format!("proofs/subtree-000000{index}.json"));
    let read = |index: u8| fs::read_to_string(place(index)).unwrap();
    let (first, second) = (read(0), read(1));
    fs::remove_file(place(1)).unwrap();
    let (code, told) = said(dir, &again);
    assert!(code == 0 && told.contains("1 proofs were there already"), "{told}");
    assert_eq!(read(0), first);
    // Of the same statement, and of the other subtree's proof.
    let proof = |text: &str| {
        let file: serde_json::Value = serde_json::from_str(text).unwrap();
        file["proof"].as_str().unwrap().to_owned()
    };
    let forged = first.replace(&proof(&first), &proof(&second));
    fs::write(place(0), &forged).unwrap();
    let (code, told) = said(dir, &again);
    assert!(code == 2 && told.contains("is there already"), "{told}");
    assert_eq!(read(0), forged);
    fs::write(place(0), first).unwrap();
}

#[test]
fn the_transparent_system_proves_venues_too() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    make(dir, "ipa");
    let told = run(dir, &format!("{PROVE} -q -o proofs --claim at-least:initial"));
    assert!(told.contains("5 accounts"), "{told}");
    let verify = format!("verify -q --venue proofs {PINS} --claim at-least:initial");
    let (code, told) = said(dir, &verify);
    assert!(code == 0 && told.contains("none left out"), "{code} {told}");
}

/// Before anything is proved.
#[test]
fn what_cannot_be_proved_is_refused_in_words() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    make(dir, "ipa");
    let refused = |line: &str, code: i32, words: &str| {
        let (found, told) = said(dir, line);
        assert!(found == code && told.contains(words), "{line}: {found} {told}");
        assert!(!dir.join("new").exists());
    };
    let prove = |portfolios: &str, more: &str| {
        let rest = "--insecure-plaintext -s state.json -m market.json -o new";
        format!("venue prove -q {portfolios} {rest} {more}")
    };
    let all = "portfolios";
    let spared = "portfolios/1.json portfolios/2.json portfolios/3.json portfolios/4.json";
    let left_out = format!("account {} is in the state, and no portfolio", account(5));
    refused(&prove(spared, ""), 2, &left_out);
    refused(&prove(&format!("{all} portfolios/3.json"), ""), 2, "has a second portfolio");
    refused(&prove(&format!("{all} isolated.json"), ""), 2, "and is not in the state");
    refused(&prove(all, "--claim below:maintenance"), 2, "a claim at-least:LEVEL");
    refused(&prove(all, "--claim at-least:initial,leverage:5"), 2, "no leverage");
    refused(&prove(all, "--leaves 8"), 2, "4, 16, 64 or 256");
    refused(&prove(all, "--context another"), 1, "context");
    refused(&prove(all, "--claim at-least:margin-call --multiplier 2"), 2, "requires nothing");
    // A richer portfolio than the one that was committed to.
    let poor = dir.join("portfolios/2.json");
    let text = fs::read_to_string(&poor).unwrap();
    fs::write(&poor, text.replacen("\"cash\":\"", "\"cash\":\"1", 1)).unwrap();
    refused(&prove(all, ""), 1, "the commitment does not open");
}
