//! The verifier of one circuit.

use alloc::vec::Vec;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::pairing::Pairing;
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{self, MarginInstance};

use super::batch::{self, find_invalid};
use super::domain::Lagrange;
use super::error::ProofError;
use super::field::root_of_unity;
use super::identities::Identities;
use super::key::VerifyingKey;
use super::layout::Layout;
use super::opening::{Equation, Plan};
use super::reading;
use crate::engine::{ClaimData, VerifiedClaim};
use crate::error::VerifyError;
use crate::proof::ProofFile;

/// A proof with the public inputs it is said to be of, 32 big-endian bytes
/// each.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// By row.
    pub public_inputs: &'a [[u8; 32]],
    /// The proof's bytes.
    pub proof: &'a [u8],
}

/// Checks the proofs of one key.
#[derive(Clone, Debug)]
pub struct Verifier {
    key: VerifyingKey,
    layout: Layout,
    plan: Plan,
    root: Fr,
    /// The key's commitments, then the generator.
    pub(super) bases: Vec<G1Affine>,
    pub(super) tau: <Bn254 as Pairing>::G2Prepared,
    pub(super) generator: <Bn254 as Pairing>::G2Prepared,
}

impl Verifier {
    /// A verifier with a key.
    pub fn new(key: VerifyingKey) -> Self {
        let layout = Layout::new(key.system());
        Self {
            plan: Plan::new(key.system(), &layout),
            root: root_of_unity(key.system().k),
            bases: key.commitments().copied().chain([G1Affine::generator()]).collect(),
            tau: key.parts().tau.into(),
            generator: G2Affine::generator().into(),
            layout,
            key,
        }
    }

    /// The key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The exact length of a proof, in bytes.
    pub fn proof_size(&self) -> usize {
        self.layout.proof_size()
    }

    /// Verifies a proof file.
    ///
    /// # Errors
    /// The proof is for another key, has another length, is not an encoding of
    /// a proof, or is false.
    pub fn verify(&self, file: &ProofFile<Bn254Fr>) -> Result<VerifiedClaim, VerifyError> {
        self.check_key(file)?;
        let public_inputs = rows(file.instance());
        self.verify_raw(Submission { public_inputs: &public_inputs, proof: file.proof() })?;
        Ok(verified(file))
    }

    /// Verifies many proof files as [`Verifier::verify_raw_batch`] does; one
    /// result for each, in their order.
    pub fn verify_batch(
        &self,
        files: &[ProofFile<Bn254Fr>],
    ) -> Vec<Result<VerifiedClaim, VerifyError>> {
        let public_inputs: Vec<_> = files.iter().map(|file| rows(file.instance())).collect();
        let submissions: Vec<_> = files
            .iter()
            .zip(&public_inputs)
            .map(|(file, rows)| Submission { public_inputs: rows, proof: file.proof() })
            .collect();
        let results = files.iter().zip(self.verify_raw_batch(&submissions));
        results
            .map(|(file, result)| {
                self.check_key(file)?;
                result?;
                Ok(verified(file))
            })
            .collect()
    }

    /// Whether the proof is said to be of the key's circuit and powers of tau.
    fn check_key(&self, file: &ProofFile<Bn254Fr>) -> Result<(), VerifyError> {
        file.check_key((self.key.circuit(), Some(self.key.srs())), self.proof_size())
    }

    /// Verifies a proof of any statement.
    ///
    /// # Errors
    /// The public inputs are not of the circuit; the proof is of another
    /// length, holds elements that are not canonical, or is false.
    pub fn verify_raw(&self, submission: Submission<'_>) -> Result<(), ProofError> {
        let equation = self.equation(submission)?;
        match batch::holds(self, &[(&equation, Fr::from(1))]) {
            true => Ok(()),
            false => Err(ProofError::Invalid),
        }
    }

    /// Verifies many proofs in much less time than one by one: their equations
    /// are added up, each times a random factor, and checked by one pairing.
    /// When the sum is wrong, it is halved until the wrong ones are found: each
    /// proof has a result of its own.
    pub fn verify_raw_batch(&self, submissions: &[Submission<'_>]) -> Vec<Result<(), ProofError>> {
        let factors = batch::factors(self.key.digest(), submissions);
        let equations: Vec<_> =
            submissions.iter().map(|submission| self.equation(*submission)).collect();
        let mut results: Vec<_> = equations
            .iter()
            .map(|equation| equation.as_ref().map(|_| ()).map_err(|e| *e))
            .collect();
        let sound: Vec<(usize, &Equation, Fr)> = (equations.iter().enumerate().zip(factors))
            .filter_map(|((index, equation), factor)| {
                Some((index, equation.as_ref().ok()?, factor))
            })
            .collect();
        find_invalid(self, &sound, &mut |index| results[index] = Err(ProofError::Invalid));
        results
    }

    /// The equation that a proof comes to: all but the pairing.
    pub(super) fn equation(&self, submission: Submission<'_>) -> Result<Equation, ProofError> {
        let Self { key, layout, plan, root, .. } = self;
        let Submission { public_inputs, proof } = submission;
        let reading = reading::read(key, layout, public_inputs, proof)?;
        let lagrange =
            Lagrange::at(key.system(), *root, reading.argument.x).ok_or(ProofError::Invalid)?;
        let quotient = Identities::quotient(key.system(), layout, &reading, &lagrange);
        plan.equation(layout, &reading, *root, lagrange.x_n, quotient).ok_or(ProofError::Invalid)
    }
}

fn rows(instance: &MarginInstance<Bn254Fr>) -> [[u8; 32]; instance::LEN] {
    instance.to_field_elements().map(|row| row.to_be_bytes())
}

/// The claim of a proof that has just been verified.
fn verified(file: &ProofFile<Bn254Fr>) -> VerifiedClaim {
    VerifiedClaim::assume_verified_unchecked(ClaimData::from(file.instance()))
}
