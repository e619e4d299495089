//! What is refused says why, and reaches no account.

use std::fs;

use super::stage::{DEPLOY, SUBMIT, Stage, account};
use crate::common::run;

#[test]
fn what_is_refused_says_why() {
    let Some(stage) = Stage::new() else { return };
    stage.deploy();
    let dir = stage.dir.path();
    stage.send("post signed-1.json");
    stage.send("register");
    let refused = |code, line: &str, expected: &str| {
        let message = stage.refused(code, line);
        assert!(message.contains(expected), "evm {line}: {message}");
    };
    let with_key = |line: &str| format!("{line} --key-file sender.key");

    refused(2, SUBMIT, "no key to send");
    refused(2, &format!("{SUBMIT} --key-file trader.key"), "not a private key");
    refused(1, &with_key("submit healthy.json"), "insecure powers of tau");
    refused(1, &with_key("submit proof-kzg.json --insecure-dev-srs"), "another context");
    refused(2, &with_key("submit proof.json --insecure-dev-srs"), "proof system ipa");
    refused(2, &with_key("post epoch-kzg.json"), "the epoch file is for");
    run(dir, "epoch make -q -m market-kzg.json -s state-evm.json --first -o nobodys.json");
    refused(1, &with_key("post nobodys.json"), "too few valid signatures");
    refused(
        1,
        "register --key-file other.secret --owner 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "neither",
    );
    refused(1, &with_key("cure healthy.json --insecure-dev-srs"), "no open margin call");
    refused(1, "pause --for 1h --key-file other.secret", "does not have the role");

    // Another claim than what was proved, well-formed in every other way.
    let proof = fs::read_to_string(dir.join("healthy.json")).unwrap();
    let lie = proof.replace("at-least:maintenance", "at-least:initial");
    fs::write(dir.join("lie.json"), lie).unwrap();
    refused(1, &with_key("submit lie.json --insecure-dev-srs"), "does not prove");
    // Of a circuit, and under powers of tau, that the deployment does not know.
    let other = proof.replace("\"small\"", "\"medium\"");
    fs::write(dir.join("medium.json"), other).unwrap();
    let message = stage.refused(2, &with_key("submit medium.json --insecure-dev-srs"));
    assert!(message.contains("medium"), "{message}");

    let file = fs::read_to_string(dir.join("deployment.json")).unwrap();
    let wrong = [
        ("31337", "1", "the node is of chain 31337"),
        ("\"chain\"", "\"chains\"", "unknown field `chains`"),
    ];
    for (from, to, expected) in wrong {
        fs::write(dir.join("wrong.json"), file.replacen(from, to, 1)).unwrap();
        refused(2, "status -d wrong.json", expected);
    }
    refused(2, "status --rpc-url ftp://127.0.0.1", "not an http");
    // A node has no say in what is signed for which chain, and at what fee.
    let elsewhere = format!("{DEPLOY} --chain 1 -o elsewhere.json");
    refused(2, &with_key(&elsewhere), "is of chain 31337, --chain asks for 1");
    assert!(!stage.dir.path().join("elsewhere.json").exists());
    refused(2, &with_key("pause --for 1h --max-fee 0"), "--max-fee allows 0");
    // The endpoint's access token stays secret.
    let message = stage.refused(2, "status --rpc-url http://127.0.0.1:1/token-of-mine");
    assert!(!message.contains("token-of-mine"), "{message}");
    // Nothing of it reached the account.
    assert_eq!(stage.status(0, &account(0))["state"], "unproven");
}
