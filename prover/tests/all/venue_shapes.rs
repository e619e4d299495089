//! `venue prove` and `verify --venue` of a tree whose subtrees are of several shapes.

use crate::common;
use std::fs;
use std::path::Path;

use crate::common::{CONTEXT, copy_files, run, static_fixtures, zkmargin};
use serde_json::Value;

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

/// The one with nine positions: in the second of three subtrees.
const LARGE: u8 = 6;

/// Nine accounts, of which numbers 2, 8 and 9 are below maintenance, in a directory of
/// portfolios; their market, state and epoch.
fn make(dir: &Path) {
    copy_files(&static_fixtures(), dir);
    fs::create_dir(dir.join("portfolios")).unwrap();
    for number in 1..=9 {
        let name = match number {
            LARGE => "nine.json",
            2 | 8 | 9 => "poor.json",
            _ => "portfolio.json",
        };
        let text = fs::read_to_string(dir.join(name)).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        document["account"] = account(number).into();
        document["blinding"] = format!("0x{}", hex::encode([number; 31])).into();
        let isolated = document.get_mut("isolated").and_then(Value::as_array_mut);
        for bucket in isolated.into_iter().flatten() {
            bucket["cash"] = "10000".into();
        }
        fs::write(dir.join(format!("portfolios/{number}.json")), document.to_string()).unwrap();
    }
    let market = "market build -q -s snapshot.json -m hyperliquid -e 1 -o market.json";
    run(dir, &format!("{market} --proof-system kzg"));
    run(dir, "venue commit portfolios --insecure-plaintext -m market.json -o accounts.jsonl");
    let root = "venue root -q accounts.jsonl -m market.json -o state.json --context";
    run(dir, &format!("{root} {CONTEXT}"));
    common::epoch(dir, "");
    // Of both sizes: cutting the larger to the smaller takes longer than all the rest.
    for size in [13, 15] {
        run(dir, &format!("srs dev -q -k {size}"));
    }
}

const PROVE: &str = "venue prove portfolios --insecure-plaintext -s state.json -m market.json --leaves 4 --layout wide --insecure-dev-srs";
const VERIFY: &str =
    "--epoch epoch.json --signers signers.json --any-age --at-least maintenance --insecure-dev-srs";

/// The JSON of a report.
fn report(said: &str) -> Value {
    serde_json::from_str(said.lines().find(|line| line.starts_with('{')).unwrap()).unwrap()
}

/// The place of a subtree's proof.
fn place(index: usize) -> String {
    format!("proofs/subtree-000000{index}.json")
}

#[test]
fn each_subtree_is_of_the_shape_that_its_own_accounts_need() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    make(dir);
    // Who is larger than what was asked for, and where, but not by how much.
    let (code, told) = said(dir, &format!("{PROVE} -q -o new --shape small"));
    let large = format!("account {}, of subtree 1: ", account(LARGE));
    assert!(code == 2 && told.contains(&large) && told.contains("small shape"), "{code} {told}");
    assert!(!dir.join("new").exists());

    let (code, told) = said(dir, &format!("{PROVE} -q --json -o proofs"));
    assert_eq!(code, 0, "{told}");
    let made = report(&told);
    assert_eq!(made["shapes"], serde_json::json!({ "small": 2, "medium": 1 }));
    let flagged = serde_json::json!([account(2), account(8), account(9)]);
    assert_eq!(made["flagged"], flagged);
    assert_eq!(made["proofs"], serde_json::json!([place(0), place(1), place(2)]));
    for index in 0..3 {
        let file: Value =
            serde_json::from_slice(&fs::read(dir.join(place(index))).unwrap()).unwrap();
        assert_eq!(file["shape"], if index == 1 { "medium" } else { "small" }, "{index}");
        assert_eq!(file["subtree"], index);
    }
    goes_on_after_a_kill(dir);

    let (code, told) = said(dir, &format!("verify -q --json --venue proofs {VERIFY}"));
    assert_eq!(code, 0, "{told}");
    let verified = report(&told);
    assert_eq!(verified["accepted"], true);
    assert_eq!(verified["shapes"], made["shapes"]);
    assert_eq!(verified["proofs"], 3);
    assert_eq!(verified["venue"]["accounts"], 9);
    assert_eq!(verified["venue"]["flagged"], flagged);
    mixtures_are_refused(dir);
}

/// Kept is what the verifier of its own shape accepts; a proof in another shape than the
/// one that is wanted is refused, before any is made.
fn goes_on_after_a_kill(dir: &Path) {
    let read = || [0, 1].map(|index| fs::read_to_string(dir.join(place(index))).unwrap());
    let before = read();
    fs::remove_file(dir.join(place(2))).unwrap();
    let (code, told) = said(dir, &format!("{PROVE} -o proofs"));
    assert!(code == 0 && told.contains("2 proofs were there already"), "{told}");
    assert!(told.contains("3 proofs in proofs (2 small and 1 medium)"), "{told}");
    assert_eq!(read(), before);
    let (code, told) = said(dir, &format!("{PROVE} -q -o proofs --shape medium"));
    let there = format!("{} is there already", place(0));
    assert!(code == 2 && told.contains(&there), "{code} {told}");
}

/// In shape alone may proofs of one venue differ, and what shape a proof is of is not what
/// its file says but what its key verifies.
fn mixtures_are_refused(dir: &Path) {
    let verify = |files: &str| said(dir, &format!("verify -q --venue {files} {VERIFY}"));
    let small = format!("{} {}", place(0), place(2));
    let (code, told) = verify(&small);
    let gap = "one is missing, or of another state (below number 2 there is none of 1)";
    assert!(code == 1 && told.contains(gap), "{code} {told}");
    let (code, told) = verify(&format!("{small} {0} {0}", place(1)));
    assert!(code == 1 && told.contains("subtree 1 is proved by proofs 2 and 3"), "{code} {told}");
    let tampered = |index: usize, (from, to): (&str, &str), words: &str| {
        let text = fs::read_to_string(dir.join(place(index))).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(dir.join("tampered.json"), text.replacen(from, to, 1)).unwrap();
        let others = (0..3).filter(|other| *other != index).map(place);
        let files = others.chain(["tampered.json".to_owned()]).collect::<Vec<_>>().join(" ");
        let (code, told) = verify(&files);
        assert!(code == 1 && told.contains(words), "{to}: {code} {told}");
        assert!(told.contains("tampered.json"), "{told}");
    };
    let (small, medium) = ("\"shape\": \"small\"", "\"shape\": \"medium\"");
    let false_proof = "does not prove these public inputs";
    tampered(1, (medium, small), false_proof);
    tampered(0, (small, medium), false_proof);
    let mixed = "expected standard-small-kzg-wide, 4 leaves, or that in another shape";
    let other = format!("circuit is standard-medium-kzg-wide, 16 leaves, {mixed}");
    tampered(1, ("\"leaves\": 4", "\"leaves\": 16"), &other);
    let other = format!("circuit is standard-medium-kzg, 4 leaves, {mixed}");
    tampered(1, ("\n  \"layout\": \"wide\",", ""), &other);
    let other = format!("circuit is scenario-medium-kzg-wide, 4 leaves, {mixed}");
    tampered(1, ("\"family\": \"standard\"", "\"family\": \"scenario\""), &other);
    tampered(1, ("\"srs\": \"insecure-dev:0x", "\"srs\": \"0x"), "srs is 0x");
    // A second proof of a subtree is none the better for another shape.
    let text = fs::read_to_string(dir.join(place(0))).unwrap();
    fs::write(dir.join("second.json"), text.replacen(small, medium, 1)).unwrap();
    let (code, told) = verify("proofs second.json");
    assert!(code == 1 && told.contains(false_proof), "{code} {told}");
}
