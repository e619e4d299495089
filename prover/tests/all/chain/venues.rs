//! A venue's proofs on chain: whom they flag is called, and nobody is left out.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::stage::{Stage, account};
use crate::common::run;

#[test]
fn a_venue_calls_whom_its_proofs_flag() {
    let Some(stage) = Stage::new() else { return };
    stage.deploy();
    let (dir, poor) = (stage.dir.path(), account(1));
    let submit = "venue submit venue --insecure-dev-srs";
    let refused = |line: &str| stage.refused(2, &format!("{line} --key-file sender.key"));
    assert!(stage.refused(2, "venue status").contains("no contract takes proofs of venues"));
    stage.owner("venue deploy");
    assert!(refused("venue deploy").contains("has a contract"));

    run(dir, "srs dev -k 15");
    let prove = "venue prove -q portfolio.json poor.json --insecure-plaintext -m market-kzg.json --leaves 4 --insecure-dev-srs";
    run(dir, &format!("{prove} -s state-evm.json -o venue"));
    assert!(refused(submit).contains("epoch 1 is not on record"));
    stage.send("post signed-1.json");
    stage.send("register");
    assert!(refused(submit).contains("0 active"));
    let artifact = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../verifier/contracts/artifacts/VerifierVenueStandardSmall.json");
    stage.owner(&format!("circuits add --of venues --artifact {}", artifact.display()));
    assert_eq!(stage.ending(0, "circuits list")[1]["of"], json!("venues"));
    stage.owner_is_refused("venue submit venue", "insecure powers of tau");
    // The market has a circuit over as many accounts, and it is of another layout.
    let text = fs::read_to_string(dir.join("venue/subtree-0000000.json")).unwrap();
    let system = "\"proof_system\": \"kzg\",";
    let wide = text.replacen(system, &format!("{system}\n  \"layout\": \"wide\","), 1);
    fs::write(dir.join("wide.json"), wide).unwrap();
    let told = refused("venue submit wide.json --insecure-dev-srs");
    let expected = "takes no proofs of standard-small-wide over 4 accounts, as that of subtree 0";
    assert!(told.contains(expected), "{told}");
    let before = stage.ending(1, "venue status");
    assert_eq!((&before["accounts"], &before["whole"]), (&json!(0), &json!(false)));

    // Anyone brings them. Whom nobody registered cannot be called, and stays on record.
    let sent = stage.other(submit);
    assert_eq!(sent["sent"][0]["refused"][0]["account"], json!(poor));
    let coverage = &sent["coverage"];
    assert_eq!((&coverage["accounts"], &coverage["flagged"]), (&json!(2), &json!(1)));
    assert_eq!(coverage["whole"], json!(true));
    let status = format!("venue status -e 1 -a {poor}");
    assert_eq!(stage.ending(0, &status)["waits"], json!(true));
    let retry = format!("venue retry -a {poor}");
    stage.owner_is_refused(&retry, "not registered");
    stage.send("register --sub 1");
    assert_eq!(stage.send(&retry), "called");
    assert_eq!(stage.status(3, &poor)["state"], "called");
    assert_eq!(stage.ending(0, &status)["waits"], json!(false));
    stage.owner_is_refused(&retry, "not on record as flagged");
    let again = stage.owner(submit);
    assert_eq!((&again["sent"], &again["on_record"]), (&json!([]), &json!(1)));
}
