//! The demo on a chain of its own.

use std::net::TcpStream;

use super::node::anvil;
use crate::common::zkmargin;

#[test]
fn the_demo_plays_on_a_chain_of_its_own() {
    let Some(program) = anvil() else { return };
    let dir = tempfile::tempdir().unwrap();
    let output = zkmargin(dir.path())
        .args(["demo", "--chain", "--verbose", "--dir", "story"])
        .env("ZKMARGIN_ANVIL", program)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for expected in [
        "proved maintenance in epoch 1",
        "called (overdue",
        "OVERDUE",
        "What the registry announced",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    // The node ended with it.
    let url = text.split("--rpc-url http://").nth(1).unwrap();
    let address = url.split_whitespace().next().unwrap();
    assert!(TcpStream::connect(address).is_err(), "{address} still listens");
}
