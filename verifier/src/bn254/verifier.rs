//! The verifier of one circuit.

use alloc::vec::Vec;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::pairing::Pairing;
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;

use super::batch::{self, find_invalid};
use super::domain::Lagrange;
use super::error::ProofError;
use super::field::root_of_unity;
use super::identities::Identities;
use super::key::VerifyingKey;
use super::layout::Layout;
use super::opening::{Equation, Plan};
use super::reading;

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

    /// Verifies a proof of a margin statement.
    ///
    /// # Errors
    /// The proof is of another length, holds elements that are not canonical,
    /// or is false.
    pub fn verify_instance(
        &self,
        instance: &MarginInstance<Bn254Fr>,
        proof: &[u8],
    ) -> Result<(), ProofError> {
        let public_inputs = instance.to_field_elements().map(|row| row.to_be_bytes());
        self.verify_raw(Submission { public_inputs: &public_inputs, proof })
    }

    /// Verifies a proof of any statement.
    ///
    /// # Errors
    /// As [`Verifier::verify_instance`], or when the public inputs are not
    /// those of the circuit.
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
        let mut results: Vec<_> =
            equations.iter().map(|equation| equation.as_ref().map(|_| ()).map_err(|e| *e)).collect();
        let sound: Vec<(usize, &Equation, Fr)> = (equations.iter().enumerate().zip(factors))
            .filter_map(|((index, equation), factor)| Some((index, equation.as_ref().ok()?, factor)))
            .collect();
        find_invalid(self, &sound, &mut |index| results[index] = Err(ProofError::Invalid));
        results
    }

    /// The equation that a proof comes to: all but the pairing.
    fn equation(&self, submission: Submission<'_>) -> Result<Equation, ProofError> {
        let Self { key, layout, plan, root, .. } = self;
        let Submission { public_inputs, proof } = submission;
        let reading = reading::read(key, layout, public_inputs, proof)?;
        let lagrange =
            Lagrange::at(key.system(), *root, reading.argument.x).ok_or(ProofError::Invalid)?;
        let quotient = Identities::quotient(key.system(), layout, &reading, &lagrange);
        plan.equation(layout, &reading, *root, lagrange.x_n, quotient).ok_or(ProofError::Invalid)
    }
}
