//! Circuits and the verification of submissions.

use cosmwasm_std::{StdResult, Storage};
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{MarginInstance, NAMES};
use zkmargin_verifier::bn254::{self, Verifier, VerifyingKey};
use zkmargin_verifier::engine::ClaimData;

use crate::error::ContractError;
use crate::msg::{CircuitAnswer, Submission};
use crate::state::{CIRCUITS, CONFIG};

/// A submission with canonical public inputs, not verified.
pub struct Read<'a> {
    submission: &'a Submission,
    instance: MarginInstance<Bn254Fr>,
}

impl<'a> Read<'a> {
    /// Reads the public inputs.
    pub fn new(submission: &'a Submission) -> Result<Self, ContractError> {
        let instance = MarginInstance::from_bytes(&submission.public_inputs)?;
        Ok(Self { submission, instance })
    }

    /// What the proof is said to prove.
    pub fn claim(&self) -> ClaimData {
        ClaimData::from(&self.instance)
    }

    /// Verifies the proof under the circuit's key.
    pub fn verify(&self, storage: &dyn Storage) -> Result<(), ContractError> {
        let key = load(storage, &self.submission.circuit)?;
        let public_inputs = self.instance.to_field_elements().map(|row| row.to_be_bytes());
        let proof = &self.submission.proof;
        let verifier = Verifier::new(key);
        Ok(verifier.verify_raw(bn254::Submission { public_inputs: &public_inputs, proof })?)
    }
}

/// Accepts a circuit.
pub fn add(storage: &mut dyn Storage, bytes: &[u8]) -> Result<VerifyingKey, ContractError> {
    let key = VerifyingKey::from_bytes(bytes)?;
    let (digest, circuit) = (key.digest(), key.digest().to_string());
    if key.is_insecure() && !CONFIG.load(storage)?.insecure_srs_allowed {
        return Err(ContractError::InsecureSrs { circuit });
    }
    let (got, expected) = (key.system().public_inputs, NAMES.len());
    if got != expected {
        return Err(ContractError::CircuitInputs { circuit, got, expected });
    }
    if CIRCUITS.has(storage, digest.as_bytes()) {
        return Err(ContractError::CircuitAlreadyAdded { circuit });
    }
    CIRCUITS.save(storage, digest.as_bytes(), &bytes.to_vec())?;
    Ok(key)
}

/// Accepts no more proofs of a circuit.
pub fn remove(storage: &mut dyn Storage, circuit: &str) -> Result<(), ContractError> {
    load(storage, circuit)?;
    CIRCUITS.remove(storage, &digest(circuit)?);
    Ok(())
}

/// All circuits.
pub fn list(storage: &dyn Storage) -> Result<Vec<CircuitAnswer>, ContractError> {
    let stored: Vec<(Vec<u8>, Vec<u8>)> = CIRCUITS
        .range(storage, None, None, cosmwasm_std::Order::Ascending)
        .collect::<StdResult<_>>()?;
    let answer = |(_, bytes): (Vec<u8>, Vec<u8>)| {
        let key = VerifyingKey::from_bytes(&bytes)?;
        Ok(CircuitAnswer {
            circuit: key.digest().to_string(),
            name: format!("{}-{}", key.family(), key.shape()),
            proof_bytes: u32::try_from(key.proof_size()).unwrap_or(u32::MAX),
            insecure: key.is_insecure(),
        })
    };
    stored.into_iter().map(answer).collect()
}

fn load(storage: &dyn Storage, circuit: &str) -> Result<VerifyingKey, ContractError> {
    let bytes = CIRCUITS.may_load(storage, &digest(circuit)?)?;
    let bytes = bytes.ok_or_else(|| unknown(circuit))?;
    Ok(VerifyingKey::from_bytes(&bytes)?)
}

/// `0x` and 64 lowercase digits.
fn digest(circuit: &str) -> Result<Vec<u8>, ContractError> {
    let root = circuit.parse::<zkmargin_verifier::engine::Root>();
    root.map(|root| root.as_bytes().to_vec()).map_err(|_| unknown(circuit))
}

fn unknown(circuit: &str) -> ContractError {
    ContractError::UnknownCircuit { circuit: circuit.to_owned() }
}
