//! Escrows on the command line: a committee dealt, a proof made and verified, opened
//! by enough members, and what everything else meets.

use std::fs;
use std::path::Path;

use crate::common::{copy_fixtures, run, zkmargin};
use zkmargin_prover::crypt::{Keys, decrypt};

/// What is expected of proofs here, but for what they claim.
const PINS: &str = "--any-context --any-state-root --market market.json --any-age";

/// Exit code and both outputs.
fn said(dir: &Path, line: &str) -> (i32, String) {
    let output = zkmargin(dir).args(line.split_whitespace()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn refused(dir: &Path, line: &str, code: i32, words: &str) {
    let (found, told) = said(dir, line);
    assert!(found == code && told.contains(words), "{line}\n{found} {told}");
}

#[test]
fn a_committee_opens_what_was_proved_and_nobody_else() {
    let sandbox = tempfile::tempdir().unwrap();
    let dir = sandbox.path();
    copy_fixtures(dir);
    let told = run(dir, "committee new -t 2 -n 3 -o ours");
    assert!(told.contains("2 of 3 members"), "{told}");
    run(dir, "committee new -q -t 1 -n 1 -o theirs");
    refused(dir, "committee new -t 2 -n 3 -o ours", 2, "committee.json");
    refused(dir, "committee new -t 4 -n 3 -o more", 2, "4 of 3 members");

    let prove = "prove -q trader.age -i trader.key -m market.json -p path.json -c at-least:initial";
    let to = "--escrow ours/committee.json --ciphertext ct.json --viewing-key view.json";
    refused(dir, &format!("{prove} --escrow ours/committee.json -o e.json"), 2, "--ciphertext");
    run(dir, &format!("{prove} {to} -o e.json"));
    verifies(dir);
    opens(dir);
}

/// What `verify` takes, and what it refuses.
fn verifies(dir: &Path) {
    let verify = |what: &str| format!("verify -q {PINS} --at-least initial {what}");
    let demanded = "--escrow ours/committee.json --ciphertext ct.json";
    let (code, told) = said(dir, &verify(&format!("e.json {demanded}")));
    assert!(code == 0 && told.contains("the committee can open"), "{told}");
    let (code, told) = said(dir, &verify("e.json"));
    assert!(code == 0 && told.contains("was not checked"), "{told}");
    // None where one is demanded; another committee; a ciphertext that was changed.
    refused(dir, &verify(&format!("proof.json {demanded}")), 1, "no escrow");
    let theirs = "--escrow theirs/committee.json --ciphertext ct.json";
    refused(dir, &verify(&format!("e.json {theirs}")), 1, "another key");
    refused(dir, &verify("e.json --escrow ours/committee.json"), 2, "--ciphertext");
    let text = fs::read_to_string(dir.join("ct.json")).unwrap();
    let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let elements = file["elements"].as_array_mut().unwrap();
    assert_eq!(elements.len(), 10, "eight slots whatever is in them");
    elements.swap(0, 1);
    fs::write(dir.join("swapped.json"), file.to_string()).unwrap();
    let swapped = "--escrow ours/committee.json --ciphertext swapped.json";
    refused(dir, &verify(&format!("e.json {swapped}")), 1, "none of the ciphertexts");
    let other = text.replace("\"epoch\": 1", "\"epoch\": 2");
    fs::write(dir.join("other-epoch.json"), other).unwrap();
    let other = "--escrow ours/committee.json --ciphertext other-epoch.json";
    refused(dir, &verify(&format!("e.json {other}")), 1, "another deployment, epoch or account");
    // To another key under this committee's name.
    let theirs = fs::read_to_string(dir.join("theirs/committee.json")).unwrap();
    let theirs: serde_json::Value = serde_json::from_str(&theirs).unwrap();
    file["key"] = theirs["commitments"][0].clone();
    fs::write(dir.join("renamed.json"), file.to_string()).unwrap();
    let renamed = "--escrow theirs/committee.json --ciphertext renamed.json";
    refused(dir, &verify(&format!("e.json {renamed}")), 1, "none of the ciphertexts");
    // Another digest than is proved, and an escrow taken off.
    let proof = fs::read_to_string(dir.join("e.json")).unwrap();
    let parsed: serde_json::Value = serde_json::from_str(&proof).unwrap();
    let (digest, root) = (&parsed["instance"]["escrow"], &parsed["instance"]["state_root"]);
    let forged = proof.replace(digest.as_str().unwrap(), root.as_str().unwrap());
    fs::write(dir.join("forged.json"), forged).unwrap();
    refused(dir, &verify("forged.json"), 1, "does not prove these public inputs");
    let line = format!(",\n    \"escrow\": {digest}");
    let bare = proof.replace(&line, "").replace("zkmargin-escrow-proof", "zkmargin-proof");
    fs::write(dir.join("bare.json"), bare).unwrap();
    refused(dir, &verify("bare.json"), 1, "");
}

/// What the members' parts and the viewing key open.
fn opens(dir: &Path) {
    let of = "--committee ours/committee.json --ciphertext ct.json --proof e.json";
    for member in [1, 2, 3] {
        let member = format!("ours/member-{member}.json {of} -o part-{member}.json");
        run(dir, &format!("committee share -q {member}"));
    }
    let told = run(dir, &format!("committee open part-1.json part-3.json {of} -o opened.json"));
    let opened = fs::read_to_string(dir.join("opened.json")).unwrap();
    let accounts = fs::read_to_string(dir.join("accounts.jsonl")).unwrap();
    let opened: serde_json::Value = serde_json::from_str(&opened).unwrap();
    let commitment = opened["commitment"].as_str().unwrap();
    assert!(told.contains(commitment) && accounts.lines().next().unwrap().contains(commitment));
    assert!(!told.contains(opened["blinding"].as_str().unwrap()), "{told}");
    run(dir, &format!("disclose view.json {of} -o viewed.json"));
    let [one, other] = ["opened.json", "viewed.json"].map(|f| fs::read(dir.join(f)).unwrap());
    assert_eq!(one, other);

    opens_to_a_liquidator(dir, of, &one);

    let open = |parts: &str| format!("committee open {parts} {of} -o never.json");
    refused(dir, &open("part-1.json"), 1, "1 of the parts count, and it takes 2");
    refused(dir, &open("part-1.json part-1.json"), 1, "two parts of member 1");
    // A member that gives another's point: named, and without it there are too few.
    let part = |number: usize| -> serde_json::Value {
        let text = fs::read(dir.join(format!("part-{number}.json"))).unwrap();
        serde_json::from_slice(&text).unwrap()
    };
    let mut lie = part(2);
    lie["point"] = part(3)["point"].clone();
    fs::write(dir.join("lie.json"), lie.to_string()).unwrap();
    refused(dir, &open("part-1.json lie.json"), 1, "member 2");
    let (code, told) =
        said(dir, &format!("committee open part-1.json lie.json part-3.json {of} -o again.json"));
    assert!(code == 0 && told.contains("member 2"), "{told}");
    assert_eq!(fs::read(dir.join("again.json")).unwrap(), one);
    assert!(!dir.join("never.json").exists());

    // A part is made for a proof's own ciphertext alone: not for one of somebody who
    // only knows R, nor by another committee's member.
    let swapped = "--committee ours/committee.json --ciphertext swapped.json --proof e.json";
    let share = format!("committee share ours/member-1.json {swapped} -o never.json");
    refused(dir, &share, 1, "is not the ciphertext of");
    let forged = of.replace("--proof e.json", "--proof forged.json");
    let share = format!("committee share ours/member-1.json {forged} -o never.json");
    refused(dir, &share, 1, "does not prove");
    let share = format!("committee share theirs/member-1.json {of} -o never.json");
    refused(dir, &share, 1, "not the one that this committee's commitments are to");
    let margin = of.replace("--proof e.json", "--proof proof.json");
    refused(dir, &format!("committee open part-1.json {margin} -o never.json"), 2, "");
    assert!(!dir.join("never.json").exists());
}

/// Members name a liquidator: no part and no portfolio lies open, and nobody else opens.
fn opens_to_a_liquidator(dir: &Path, of: &str, opened: &[u8]) {
    run(dir, "keygen -q -o liquidator.key");
    let key = fs::read_to_string(dir.join("liquidator.key")).unwrap();
    let to = key.lines().find_map(|line| line.split("public key: ").nth(1)).unwrap().trim();
    let sealed = |name: &str| {
        let text = fs::read_to_string(dir.join(name)).unwrap();
        assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"), "{name}");
    };
    for member in [1, 3] {
        let member = format!("ours/member-{member}.json {of} -r {to} -o to-{member}.age");
        run(dir, &format!("committee share -q {member}"));
    }
    sealed("to-1.age");
    let open = format!("committee open to-1.age to-3.age {of}");
    refused(dir, &format!("{open} -i other.key -o never.json"), 2, "");
    refused(dir, &format!("{open} -o never.json"), 2, "");
    run(dir, &format!("{open} -q -i liquidator.key -r {to} -o portfolio.age"));
    sealed("portfolio.age");
    let keys = Keys::parse(&fs::read(dir.join("liquidator.key")).unwrap()).unwrap();
    let seen = decrypt(&fs::read(dir.join("portfolio.age")).unwrap(), &keys).unwrap();
    assert_eq!(*seen, opened);
    // Somebody who is no recipient is refused before anything is opened.
    refused(
        dir,
        &format!("{open} -i liquidator.key -r age1nobody -o never.json"),
        2,
        "not a recipient",
    );
}
