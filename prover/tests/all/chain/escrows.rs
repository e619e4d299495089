//! A market that demands escrows: only proofs with one keep an account current, and the
//! committee opens what the chain keeps of them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::stage::{DEPLOY, SUBMIT, Stage, account};
use crate::common::run;

#[test]
fn the_committee_opens_what_the_chain_keeps() {
    let Some(stage) = Stage::new() else { return };
    let (dir, trader) = (stage.dir.path(), account(0));
    run(dir, "srs dev -k 14");
    for (name, size) in [("ours", "-t 2 -n 3"), ("theirs", "-t 1 -n 1")] {
        run(dir, &format!("committee new -q {size} --proof-system kzg -o {name}"));
    }
    let escrow = "--escrow ours/committee.json -o deployment.json --key-file sender.key";
    stage.ending(0, &format!("{DEPLOY} {escrow}"));
    stage.state("market-kzg.json");
    stage.sign(1, "market-kzg.json", "--first");
    stage.send("post signed-1.json");
    stage.send("register");

    // A proof without an escrow keeps nothing current.
    stage.prove("portfolio.json", "market-kzg.json", "at-least:maintenance", "healthy.json");
    stage.owner_is_refused(SUBMIT, "escrow");
    let prove = |committee: &str, ciphertext: &str, output: &str| {
        let line = format!(
            "prove -q portfolio.json --insecure-plaintext -m market-kzg.json -s state-evm.json --claim at-least:maintenance --escrow {committee}/committee.json --ciphertext {ciphertext} -o {output} --insecure-dev-srs"
        );
        run(dir, &line);
    };
    prove("ours", "ct.json", "e.json");
    let submit = "escrows submit e.json --ciphertext ct.json --insecure-dev-srs";
    assert!(stage.refused(2, &format!("{submit} --key-file sender.key")).contains("0 active"));
    let artifact = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/contracts/artifacts/VerifierEscrowStandardSmall.json");
    stage.owner(&format!("circuits add --of escrows --artifact {}", artifact.display()));
    assert_eq!(stage.ending(0, "circuits list")[1]["of"], json!("escrows"));

    // To another committee than the market's; a ciphertext that is not the proof's.
    prove("theirs", "other-ct.json", "other.json");
    let others = "escrows submit other.json --ciphertext other-ct.json --insecure-dev-srs";
    stage.owner_is_refused(others, "committee");
    let mixed = "escrows submit e.json --ciphertext other-ct.json --insecure-dev-srs";
    stage.owner_is_refused(mixed, "is not the ciphertext of");
    let fetch = format!("escrows fetch -a {trader} -o fetched.json --committee");
    let none = stage.refused(2, &format!("{fetch} ours/committee.json"));
    assert!(none.contains("escrow"), "{none}");

    // By anyone: the escrow is the owner's, not the sender's.
    let sent = stage.other(submit);
    let types: Vec<_> = sent[0]["events"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(types, ["proof-accepted", "escrowed"]);
    assert_eq!(stage.status(0, &trader)["state"], "current");
    stage.opens(&fetch);
}

impl Stage {
    /// What stays on the chain is enough for the members, and for nobody else.
    fn opens(&self, fetch: &str) {
        let dir = self.dir.path();
        let other = self.refused(1, &format!("{fetch} theirs/committee.json"));
        assert!(other.contains("another key"), "{other}");
        let fetch = format!("{fetch} ours/committee.json --proof fetched-proof.json");
        let told = self.ending(0, &fetch);
        assert_eq!((&told["epoch"], &told["proof"]), (&json!(1), &json!("fetched-proof.json")));
        let read = |name: &str| -> Value {
            serde_json::from_slice(&fs::read(dir.join(name)).unwrap()).unwrap()
        };
        for (fetched, made) in [("fetched.json", "ct.json"), ("fetched-proof.json", "e.json")] {
            assert_eq!(read(fetched), read(made));
        }
        let of = "--committee ours/committee.json --ciphertext fetched.json --proof fetched-proof.json --insecure-dev-srs";
        for member in [1, 3] {
            let share = format!("committee share -q ours/member-{member}.json {of}");
            run(dir, &format!("{share} -o part-{member}.json"));
        }
        run(dir, &format!("committee open -q part-1.json part-3.json {of} -o opened.json"));
        let accounts = fs::read_to_string(dir.join("accounts-kzg.jsonl")).unwrap();
        let opened = read("opened.json");
        assert!(accounts.contains(opened["commitment"].as_str().unwrap()));
        assert_eq!(opened["positions"].as_array().unwrap().len(), 2);
    }
}
