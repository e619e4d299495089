//! The verifier for browsers and node.
//!
//! Two functions, bytes in and JSON out, so that JavaScript needs to know no
//! type of ours:
//!
//! | function | gives |
//! |---|---|
//! | [`verify`] | an [`Outcome`]: `valid`, `invalid`, `malformed`, `unknown-key`, `bad-key` |
//! | [`describe_key`] | a [`KeyReport`], or the outcome `bad-key` |
//!
//! Nothing is fetched and nothing is kept. Neither function panics, whatever
//! it is given.

use pasta_curves::Fp;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_verifier::bn254::{Verifier, VerifyingKey};
use zkmargin_verifier::engine::ClaimData;
use zkmargin_verifier::proof::{MAX_BYTES, ProofFile};
use zkmargin_verifier::{MalformedProof, VerifyError};

/// What a verification comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Outcome {
    /// The proof proves the claim, as far as the key can be trusted.
    Valid {
        /// What it was made with.
        circuit: String,
        /// What is proved.
        claim: ClaimData,
        /// The key.
        key: KeyReport,
    },
    /// The proof does not prove what it says.
    Invalid {
        /// What it says it was made with.
        circuit: String,
        /// What it says it proves.
        claim: ClaimData,
        /// The key.
        key: KeyReport,
        /// Why.
        reason: String,
    },
    /// The file is no proof file, or the proof's bytes are no proof.
    Malformed {
        /// Why.
        reason: String,
    },
    /// There is no key, or one of another circuit or other powers of tau.
    UnknownKey {
        /// The proof's circuit.
        circuit: String,
        /// Why, if a key was given.
        reason: String,
    },
    /// The key cannot be read.
    BadKey {
        /// Why.
        reason: String,
    },
}

/// What a verifying key is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyReport {
    /// Its digest.
    pub digest: String,
    /// The circuit it is of.
    pub circuit: String,
    /// The powers of tau it is under, as in proof files.
    pub srs: String,
    /// Whether everybody can forge its proofs.
    pub insecure: bool,
    /// Bytes of a proof.
    pub proof_bytes: usize,
}

impl From<&VerifyingKey> for KeyReport {
    fn from(key: &VerifyingKey) -> Self {
        Self {
            digest: key.digest().to_string(),
            circuit: key.circuit().to_string(),
            srs: key.srs().to_string(),
            insecure: key.is_insecure(),
            proof_bytes: key.proof_size(),
        }
    }
}

/// Verifies a proof file under a key, or reads it alone.
pub fn outcome(proof: &[u8], key: Option<&[u8]>) -> Outcome {
    let file = match ProofFile::<Bn254Fr>::parse(proof) {
        Ok(file) => file,
        Err(error) => return unreadable(proof, &error),
    };
    let (circuit, claim) = (file.circuit().to_string(), ClaimData::from(file.instance()));
    let key = match key.map(VerifyingKey::from_bytes) {
        None => return Outcome::UnknownKey { circuit, reason: String::new() },
        Some(Err(error)) => return Outcome::BadKey { reason: error.to_string() },
        Some(Ok(key)) => key,
    };
    let report = KeyReport::from(&key);
    match Verifier::new(key).verify(&file) {
        Ok(_) => Outcome::Valid { circuit, claim, key: report },
        Err(
            error @ (VerifyError::WrongFamily { .. }
            | VerifyError::WrongShape { .. }
            | VerifyError::WrongProofSystem { .. }
            | VerifyError::WrongSrs { .. }),
        ) => Outcome::UnknownKey { circuit, reason: error.to_string() },
        Err(error @ VerifyError::Invalid) => {
            Outcome::Invalid { circuit, claim, key: report, reason: error.to_string() }
        }
        Err(error) => Outcome::Malformed { reason: error.to_string() },
    }
}

/// A file that is no proof of this proof system: perhaps one of the other.
fn unreadable(proof: &[u8], error: &MalformedProof) -> Outcome {
    match (error, ProofFile::<Fp>::parse(proof)) {
        (MalformedProof::OtherField { .. }, Ok(file)) => Outcome::UnknownKey {
            circuit: file.circuit().to_string(),
            reason: "a proof of the transparent system, which `zkmargin verify` checks".to_owned(),
        },
        _ => Outcome::Malformed { reason: error.to_string() },
    }
}

/// [`outcome`] as JSON.
// The bindings pass optional bytes by value alone.
#[allow(clippy::needless_pass_by_value)]
#[wasm_bindgen]
pub fn verify(proof: &[u8], key: Option<Vec<u8>>) -> String {
    json(&outcome(proof, key.as_deref()))
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

/// These types are plain data: serializing them does not fail.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(proof: &[u8], key: Option<&[u8]>) -> String {
        let json: serde_json::Value =
            serde_json::from_str(&verify(proof, key.map(<[u8]>::to_vec))).unwrap();
        json["state"].as_str().unwrap().to_owned()
    }

    #[test]
    fn garbage_and_proofs_of_the_other_system() {
        let ipa = include_bytes!("../../golden/standard-small-ipa.proof.json");
        let key = include_bytes!("../../vectors/kzg/small.vk");
        assert_eq!(state(ipa, Some(key)), "unknown-key");
        assert_eq!(state(b"{}", Some(key)), "malformed");
        assert_eq!(state(&vec![b'['; 10 << 20], None), "malformed");
        assert!(describe_key(b"").contains("bad-key"));
        assert!(describe_key(key).contains("\"insecure\":true"));
    }
}
