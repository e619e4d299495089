//! Verification of the proofs that are stored for the contracts' tests, of every shape:
//! it does not grow.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use zkmargin_margin::shape::Shape;
use zkmargin_verifier::bn254::{Submission, Verifier, VerifyingKey, dev};
use zkmargin_verifier::engine::ClaimData;

use super::chart::{Panel, Series};
use super::measure::per_run;

/// The stored circuits of both families, by shape.
const STANDARD: [(&str, &[u8], Shape); 3] = [
    ("standard-small", dev::STANDARD_SMALL, Shape::Small),
    ("standard-medium", dev::STANDARD_MEDIUM, Shape::Medium),
    ("standard-large", dev::STANDARD_LARGE, Shape::Large),
];
const SCENARIO: [(&str, &[u8], Shape); 3] = [
    ("scenario-small", dev::SCENARIO_SMALL, Shape::Small),
    ("scenario-medium", dev::SCENARIO_MEDIUM, Shape::Medium),
    ("scenario-large", dev::SCENARIO_LARGE, Shape::Large),
];

/// What a verifier costs, whatever an account holds.
pub(crate) fn verification() -> Result<Panel> {
    let (mut standard, mut scenario) = (Vec::new(), Vec::new());
    for (circuit, key, shape) in STANDARD {
        standard.push((shape.standard_positions(), verified(circuit, key)?));
    }
    for (circuit, key, shape) in SCENARIO {
        scenario.push((shape.scenario_positions(), verified(circuit, key)?));
    }
    let series = vec![
        Series { name: "verification, standard family", points: standard },
        Series { name: "verification, scenario family", points: scenario },
    ];
    Ok(Panel { axis: "positions that the circuit holds", series })
}

fn verified(circuit: &str, key: &[u8]) -> Result<super::measure::Time> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../verifier/evm/vectors/{circuit}.json"));
    let text = fs::read(&file).with_context(|| file.display().to_string())?;
    let story: Value = serde_json::from_slice(&text)?;
    let claim: ClaimData = serde_json::from_value(story["healthy"]["claim"].clone())?;
    let proof = hex::decode(story["healthy"]["proof"].as_str().context("no proof")?)?;
    let public_inputs = rows(&claim);
    let verifier = Verifier::new(VerifyingKey::from_bytes(key)?);
    per_run(|| {
        let submission = Submission { public_inputs: &public_inputs, proof: &proof };
        Ok(verifier.verify_raw(submission)?)
    })
}

/// The public inputs, by row.
fn rows(claim: &ClaimData) -> [[u8; 32]; 9] {
    [
        word(claim.context.as_bytes()),
        word(&claim.epoch.get().to_be_bytes()),
        word(claim.account.as_bytes()),
        word(claim.state_root.as_bytes()),
        word(claim.market_root.as_bytes()),
        word(claim.model.as_bytes()),
        word(&claim.claim.code().to_be_bytes()),
        word(&claim.disclosed.get().to_be_bytes()),
        word(claim.memo.as_bytes()),
    ]
}

/// A number's bytes as a word.
fn word(bytes: &[u8]) -> [u8; 32] {
    let mut word = [0; 32];
    word[32 - bytes.len()..].copy_from_slice(bytes);
    word
}
