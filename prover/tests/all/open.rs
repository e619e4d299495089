//! `zkmargin verify --open`: what is served is the proof, and the key that it
//! verifies under.

use crate::common;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_verifier::bn254::{Verifier, VerifyingKey};
use zkmargin_verifier::epoch::{SignedEpoch, Signers};
use zkmargin_verifier::proof::ProofFile;

/// The body of an answer.
fn get(authority: &str, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {authority}\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.0 200 OK"), "{path}");
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

#[test]
fn the_page_is_served_with_proof_and_key() {
    let dir = tempfile::tempdir().unwrap();
    common::copy_fixtures(dir.path());
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("zkmargin"))
        .args(["verify", "-q", "--open", "--insecure-dev-srs", "proof-kzg.json"])
        .args(["--epoch", "epoch-kzg.json", "--signers", "signers.json"])
        .args(["--at-least", "maintenance"])
        .current_dir(dir.path())
        .env("ZKMARGIN_CACHE_DIR", common::cache())
        .env("ZKMARGIN_SRS_DIR", common::SRS)
        .env("ZKMARGIN_CONFIG", "")
        // No browser is to be found.
        .env("PATH", "")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // Nobody told how old its prices may be: it is shown, and not accepted.
    let proved = lines.next().unwrap().unwrap();
    let said = "proof-kzg.json: NOT accepted: proved, and nothing says what the age of the prices";
    assert!(proved.starts_with(said), "{proved}");
    let rests_on = lines.next().unwrap().unwrap();
    assert!(rests_on.starts_with("rests on: "), "{rests_on}");
    let address = lines.next().unwrap().unwrap();
    let authority = address.strip_prefix("http://").unwrap().split('/').next().unwrap();

    let key = VerifyingKey::from_bytes(&get(authority, "/keys/key.vk")).unwrap();
    let index = String::from_utf8(get(authority, "/keys/keys.json")).unwrap();
    assert!(index.contains(&key.digest().to_string()));
    let file = ProofFile::<Bn254Fr>::parse(&get(authority, "/proof.json")).unwrap();
    assert!(Verifier::new(key).verify(&file).is_ok());
    assert!(get(authority, "/").starts_with(b"<!doctype html>"));
    // What was expected is told to the page too.
    let told: serde_json::Value =
        serde_json::from_slice(&get(authority, "/expected.json")).unwrap();
    assert_eq!(told["epoch"], "epoch.json");
    assert_eq!(told["signers"], "signers.json");
    assert_eq!(told["at_least"], "maintenance");
    assert_eq!(told["max_age"], serde_json::Value::Null);
    assert_eq!(told["waived"], serde_json::json!([]));
    let epoch = SignedEpoch::parse(&get(authority, "/epoch.json")).unwrap();
    let signers: Signers = serde_json::from_slice(&get(authority, "/signers.json")).unwrap();
    assert_eq!(epoch.check(&signers), Ok(2));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_exported_key_verifies_what_was_proved() {
    let dir = tempfile::tempdir().unwrap();
    common::copy_fixtures(dir.path());
    let export = "key export -q --shape small --insecure-dev-srs -o small.vk --json";
    let report: serde_json::Value = serde_json::from_str(&common::run(dir.path(), export)).unwrap();
    let key = VerifyingKey::from_bytes(&std::fs::read(dir.path().join("small.vk")).unwrap());
    let key = key.unwrap();
    assert_eq!(report["digest"], key.digest().to_string());
    assert_eq!(report["insecure"], true);
    let proof = std::fs::read(dir.path().join("proof-kzg.json")).unwrap();
    let file = ProofFile::<Bn254Fr>::parse(&proof).unwrap();
    assert!(Verifier::new(key).verify(&file).is_ok());
    let shown: serde_json::Value =
        serde_json::from_str(&common::run(dir.path(), "key show small.vk --json")).unwrap();
    assert_eq!(shown, report);
}
