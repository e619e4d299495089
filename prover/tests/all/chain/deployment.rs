//! A deployment is planned, stops, and is gone on with.

use std::fs;

use serde_json::{Value, json};

use super::stage::{DEPLOY, OTHER, OWNER, Stage};

#[test]
fn a_deployment_is_planned_and_gone_on_with() {
    let Some(stage) = Stage::new() else { return };
    let dir = stage.dir.path();
    let governed = format!("{DEPLOY} --governor {OTHER} --guardian {OTHER} --operator {OTHER}");
    // Nothing is sent, and nothing is written.
    let plan = stage.ending(0, &format!("{governed} -o plan.json --dry-run --from 0x{OWNER}"));
    let planned = plan["planned"].as_array().unwrap();
    assert!(planned.len() > 10 && !dir.join("plan.json").exists());
    assert!(planned[0]["gas"].as_u64().unwrap() > 500_000, "{}", planned[0]["gas"]);
    assert_eq!((&planned[0]["nonce"], &planned[0]["to"]), (&json!(0), &Value::Null));

    // The file of a deployment that stopped after the gate.
    let key = "--key-file sender.key";
    let done = stage.ending(0, &format!("{governed} -o deployment.json {key}"));
    assert_eq!(plan["contracts"], done["contracts"], "what was planned");
    assert_eq!(done["handed_over"].as_str().unwrap().to_lowercase(), OTHER);
    assert_eq!(done["kept"], json!([]));
    let whole = fs::read_to_string(dir.join("deployment.json")).unwrap();
    let mut half: Value = serde_json::from_str(&whole).unwrap();
    half["complete"] = json!(false);
    half["context"] = Value::Null;
    half["verifiers"] = json!([]);
    fs::write(dir.join("half.json"), half.to_string()).unwrap();
    let message = stage.refused(2, "status -d half.json");
    assert!(message.contains("not finished"), "{message}");
    // Another deployment does not go on with it.
    let other = governed.replace("--protocol test", "--protocol other");
    let message = stage.refused(2, &format!("{other} -o half.json {key}"));
    assert!(message.contains("its protocol is test, not other"), "{message}");
    // Neither does one that is complete.
    let message = stage.refused(2, &format!("{governed} -o deployment.json {key}"));
    assert!(message.contains("deployment.json"), "{message}");

    // The governor governs, the deployer does no longer.
    let message = stage.refused(1, &format!("models revoke -m hyperliquid {key}"));
    assert!(message.contains("does not have the role"), "{message}");
    let held = stage.ending(0, &format!("roles show -a {OTHER}"))["roles"].clone();
    assert_eq!(held, json!(["governor", "guardian", "protocol"]));
    stage.accept_roles();

    // One that stopped before its market was there.
    let begun =
        format!("{DEPLOY} -o begun.json {key}").replace("--protocol test", "--protocol two");
    let told = stage.ending(0, &begun);
    assert_eq!(told["kept"], json!(["governor", "guardian", "protocol"]));
    let text = fs::read_to_string(dir.join("begun.json")).unwrap();
    let mut begun_file: Value = serde_json::from_str(&text).unwrap();
    begun_file["complete"] = json!(false);
    begun_file["context"] = Value::Null;
    begun_file["contracts"]["registry"] = Value::Null;
    fs::write(dir.join("begun.json"), begun_file.to_string()).unwrap();
    let again = stage.ending(0, &begun);
    assert_eq!(again["context"], told["context"]);
    assert_eq!(again["contracts"]["markets"], told["contracts"]["markets"]);
    assert_ne!(again["contracts"]["registry"], told["contracts"]["registry"]);
    // Its rules are those that the market was created with.
    begun_file["contracts"] = again["contracts"].clone();
    fs::write(dir.join("begun.json"), begun_file.to_string()).unwrap();
    let other = begun.replace("--proof-window 7200", "--proof-window 9000");
    let message = stage.refused(2, &other);
    assert!(message.contains("other rules"), "{message}");
}
