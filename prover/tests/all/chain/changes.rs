//! An owner says what its account becomes, and a later epoch is shown to hold it.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::stage::{DEPLOY, SUBMIT, Stage, account};
use crate::common::run;

#[test]
fn a_change_binds_until_it_is_shown() {
    let Some(stage) = Stage::new() else { return };
    let deploy = format!("{DEPLOY} --change-epochs 2 -o deployment.json --key-file sender.key");
    stage.ending(0, &deploy);
    stage.state("market-kzg.json");
    stage.sign(1, "market-kzg.json", "--first");
    stage.send("post signed-1.json");
    stage.send("register");
    let (dir, trader) = (stage.dir.path(), account(0));
    let status = format!("changes status -a {trader}");
    assert!(stage.refused(2, &status).contains("no contract keeps changes"));
    stage.owner("changes deploy");
    assert!(stage.refused(2, "changes deploy --key-file sender.key").contains("has a contract"));

    // What the account becomes: less cash, under another blinding.
    let after = fs::read_to_string(dir.join("portfolio.json")).unwrap();
    let after = after.replace("20417.77", "20000").replace(&"5a".repeat(31), &"6b".repeat(31));
    fs::write(dir.join("after.json"), after).unwrap();
    let prove = "prove-change -q --insecure-plaintext --insecure-dev-srs --meets maintenance -s state-evm.json";
    run(dir, &format!("{prove} portfolio.json after.json -m market-kzg.json -o change.json"));
    let submit = "changes submit change.json --insecure-dev-srs";
    assert!(stage.refused(2, &format!("{submit} --key-file sender.key")).contains("0 active"));
    let artifact = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/contracts/artifacts/VerifierChangeStandardSmall.json");
    stage.owner(&format!("circuits add --of changes --artifact {}", artifact.display()));
    let circuits = stage.ending(0, "circuits list");
    assert_eq!((&circuits[0]["of"], &circuits[1]["of"]), (&json!("margin"), &json!("changes")));
    let margin = format!("{submit} -c {}", circuits[0]["circuit"].as_str().unwrap());
    stage.owner_is_refused(&margin, "another statement");
    let others = format!("{submit} --key-file other.secret");
    assert!(stage.refused(1, &others).contains("not the owner's"));
    stage.owner_is_refused(&format!("changes expire -a {trader}"), "no change on record");
    assert_eq!(stage.send(submit), "change-accepted");
    let shown = stage.ending(0, &status);
    assert_eq!((&shown["epoch"], &shown["level"]), (&json!(1), &json!("maintenance")));
    stage.prove("portfolio.json", "market-kzg.json", "at-least:maintenance", "healthy.json");
    stage.owner_is_refused(SUBMIT, "what it becomes");
    stage.owner_is_refused(&format!("changes expire -a {trader}"), "can be shown until");

    // The venue's next root holds it.
    run(
        dir,
        "venue commit after.json poor.json --insecure-plaintext -m market-kzg.json -o accounts-kzg.jsonl --force",
    );
    stage.epoch(2);
    run(dir, &format!("{prove} after.json --unchanged -m market-2-kzg.json -o shown.json"));
    let show = "changes show shown.json --insecure-dev-srs";
    let sent = stage.other(show);
    let types: Vec<_> = sent[0]["events"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    assert_eq!(types, ["change-shown", "proof-accepted"]);
    assert_eq!(stage.ending(0, &status)["epoch"], json!(null));
    stage.owner_is_refused(show, "no change on record");
    let history = stage.ending(0, &format!("history -a {trader}"));
    assert!(history.as_array().unwrap().iter().any(|line| line["type"] == "change-shown"));
}
