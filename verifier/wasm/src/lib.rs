//! The verifier for browsers and node.
//!
//! Two functions, bytes in and JSON out, so that JavaScript needs to know no
//! type of ours:
//!
//! | function | gives |
//! |---|---|
//! | [`verify`] | an [`Outcome`], by its `state` |
//! | [`describe_key`] | a [`KeyReport`], or the outcome `bad-key` |
//!
//! It fails closed, as the command does: what a proof must be about is told by
//! an [`Expected`], and what is neither told nor waived there is no acceptance.
//! Nothing is fetched and nothing is kept; the time is the caller's. Neither
//! function panics, whatever it is given.

mod expected;
mod outcome;

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::epoch;
use zkmargin_verifier::proof::MAX_BYTES;

pub use expected::{BadExpected, Expected};
pub use outcome::{KeyReport, Outcome, Proved, outcome};

/// [`outcome`] as JSON. What is expected is the JSON of an [`Expected`]; without
/// it nothing is, and nothing is accepted.
// The bindings pass optional bytes and texts by value alone.
#[allow(clippy::needless_pass_by_value)]
#[wasm_bindgen]
pub fn verify(proof: &[u8], key: Option<Vec<u8>>, expected: Option<String>) -> String {
    let expected = match Expected::parse(expected.as_deref().unwrap_or("{}")) {
        Ok(expected) => expected,
        Err(error) => return json(&Outcome::from(error)),
    };
    json(&outcome(proof, key.as_deref(), &expected))
}

/// What a key is, as JSON.
#[wasm_bindgen(js_name = describeKey)]
pub fn describe_key(key: &[u8]) -> String {
    match VerifyingKey::from_bytes(key) {
        Ok(key) => json(&KeyReport::from(&key)),
        Err(error) => json(&Outcome::BadKey { reason: error.to_string() }),
    }
}

/// The largest proof file, in bytes: what is larger need not be read.
#[wasm_bindgen(js_name = maxProofFileBytes)]
pub fn max_proof_file_bytes() -> usize {
    MAX_BYTES
}

/// The largest epoch file, in bytes; no list of signers is larger.
#[wasm_bindgen(js_name = maxEpochFileBytes)]
pub fn max_epoch_file_bytes() -> usize {
    epoch::MAX_BYTES
}

/// These types are plain data: serializing them does not fail.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(proof: &[u8], key: Option<&[u8]>) -> String {
        let json: serde_json::Value =
            serde_json::from_str(&verify(proof, key.map(<[u8]>::to_vec), None)).unwrap();
        json["state"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_key_of_another_layout_is_not_the_proofs_fault() {
        let wide = include_bytes!("../../golden/standard-small-kzg-wide.proof.json");
        let tall = include_bytes!("../../vectors/kzg/standard-small.vk").to_vec();
        let outcome = verify(wide, Some(tall), None);
        assert!(outcome.contains(r#""state":"unknown-key""#), "{outcome}");
        assert!(outcome.contains("layout"), "{outcome}");
    }

    #[test]
    fn garbage_and_proofs_of_the_other_system() {
        let ipa = include_bytes!("../../golden/standard-small-ipa.proof.json");
        let key = include_bytes!("../../vectors/kzg/small.vk");
        assert_eq!(state(ipa, Some(key)), "unsupported");
        assert_eq!(state(b"{}", Some(key)), "malformed");
        assert_eq!(state(br#"{"format":"zkmargin-transition"}"#, Some(key)), "unsupported");
        assert_eq!(state(&vec![b'['; 10 << 20], None), "malformed");
        assert!(describe_key(b"").contains("bad-key"));
        assert!(describe_key(key).contains("\"insecure\":true"));
    }
}
