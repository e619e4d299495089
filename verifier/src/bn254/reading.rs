//! A proof read against its transcript: points, scalars, challenges.

use alloc::vec::Vec;

use ark_bn254::{Fr, G1Affine};

use super::error::ProofError;
use super::field::{SCALAR_BYTES, scalar, scalar_bytes};
use super::key::VerifyingKey;
use super::layout::Layout;
use super::transcript::Transcript;

/// A proof's elements and the challenges they were made under.
pub(super) struct Reading {
    pub(super) public_inputs: Vec<Fr>,
    /// By [`Layout`].
    pub(super) points: Vec<G1Affine>,
    /// By [`Layout`].
    pub(super) scalars: Vec<Fr>,
    pub(super) argument: Argument,
    pub(super) opening: Opening,
}

/// Challenges of the PLONK argument.
pub(super) struct Argument {
    /// Combines the expressions of a lookup.
    pub(super) theta: Fr,
    pub(super) beta: Fr,
    pub(super) gamma: Fr,
    /// Combines all constraints.
    pub(super) y: Fr,
    /// Where everything is opened.
    pub(super) x: Fr,
}

/// Challenges and commitments of the SHPLONK opening, by the names in its
/// paper.
pub(super) struct Opening {
    /// Combines polynomials opened at the same points.
    pub(super) mu: Fr,
    /// Combines sets of points.
    pub(super) nu: Fr,
    pub(super) u: Fr,
    pub(super) first: G1Affine,
    pub(super) second: G1Affine,
}

/// Reads a proof: all checks of form, none of truth.
pub(super) fn read(
    key: &VerifyingKey,
    layout: &Layout,
    public_inputs: &[[u8; SCALAR_BYTES]],
    proof: &[u8],
) -> Result<Reading, ProofError> {
    let (expected, got) = (key.system().public_inputs, public_inputs.len());
    if expected != got {
        return Err(ProofError::PublicInputs { expected, got });
    }
    let (expected, got) = (layout.proof_size(), proof.len());
    if expected != got {
        return Err(ProofError::Length { expected, got });
    }
    let mut transcript = Transcript::new(proof);
    transcript.say(&scalar_bytes(key.transcript()));
    let mut rows = Vec::with_capacity(public_inputs.len());
    for (row, bytes) in public_inputs.iter().enumerate() {
        rows.push(scalar(bytes).ok_or(ProofError::PublicInput { row })?);
        transcript.say(bytes);
    }

    let mut points = Vec::with_capacity(layout.quotient.end);
    transcript.points(layout.advice.len(), &mut points)?;
    let theta = transcript.challenge();
    transcript.points(layout.permuted.len(), &mut points)?;
    let beta = transcript.challenge();
    let gamma = transcript.challenge();
    transcript.points(layout.products.len() + layout.lookup_products.len() + 1, &mut points)?;
    let y = transcript.challenge();
    transcript.points(layout.quotient.len(), &mut points)?;
    let x = transcript.challenge();
    let scalars = transcript.scalars(layout.scalars)?;

    let mu = transcript.challenge();
    let nu = transcript.challenge();
    let first = transcript.point()?;
    let u = transcript.challenge();
    let second = transcript.point()?;
    Ok(Reading {
        public_inputs: rows,
        points,
        scalars,
        argument: Argument { theta, beta, gamma, y, x },
        opening: Opening { mu, nu, u, first, second },
    })
}
