//! Why a key or a proof is refused.

use crate::error::VerifyError;

/// A verifying key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the first bytes of a key.
    #[error("not a verifying key of zkmargin")]
    Magic,
    /// Another version of the encoding.
    #[error("version {got} of the key's encoding is unknown: allowed is {allowed}")]
    Version {
        /// The key's.
        got: u16,
        /// The one that is read.
        allowed: u16,
    },
    /// More bytes than any key has.
    #[error("{got} bytes are too many: a key has at most {limit}")]
    TooLarge {
        /// Its size.
        got: usize,
        /// The largest size.
        limit: usize,
    },
    /// The bytes end within the key.
    #[error("the key is cut off at byte {offset}")]
    CutOff {
        /// Where.
        offset: usize,
    },
    /// Bytes after the key.
    #[error("the key goes on after its end at byte {offset}")]
    Trailing {
        /// Its end.
        offset: usize,
    },
    /// A byte or name that stands for nothing.
    #[error("{what} is unknown at byte {offset}")]
    Unknown {
        /// What it should be.
        what: &'static str,
        /// Where.
        offset: usize,
    },
    /// A scalar or coordinate that is not below its modulus, or a point that
    /// is not on the curve or in the group.
    #[error("the {what} at byte {offset} is not canonically encoded")]
    Element {
        /// Scalar or point.
        what: &'static str,
        /// Where.
        offset: usize,
    },
    /// A number out of its range.
    #[error("{what} is {got}: allowed is {least} to {most}")]
    Range {
        /// Which number.
        what: &'static str,
        /// The least allowed.
        least: usize,
        /// The most allowed.
        most: usize,
        /// The key's.
        got: usize,
    },
    /// A query of a column that is not there, too far away, or asked twice.
    #[error("number {index} of {what} is of no column, too far, or there twice")]
    Query {
        /// Which list.
        what: &'static str,
        /// Its index in it.
        index: usize,
    },
    /// A value that is not there, or is computed later.
    #[error("{what} uses a value that it cannot")]
    Value {
        /// Where it is used.
        what: &'static str,
    },
    /// A lookup of unequal sides or of none.
    #[error("a lookup has unequal sides, or none")]
    Lookup,
    /// Another number of commitments than columns.
    #[error("{got} commitments for {expected} {what} columns")]
    Commitments {
        /// Which columns.
        what: &'static str,
        /// Columns.
        expected: usize,
        /// Commitments.
        got: usize,
    },
    /// Powers of tau for tests, and no mark that says so.
    #[error("its powers of tau are those of `zkmargin srs dev`, and it is not marked as insecure")]
    Unmarked,
}

/// Why a proof does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Another number of public inputs than the circuit has.
    #[error("{got} public inputs: the circuit has {expected}")]
    PublicInputs {
        /// The circuit's.
        expected: usize,
        /// Those given.
        got: usize,
    },
    /// A public input that is not below the modulus.
    #[error("public input {row} is not below the modulus of the field")]
    PublicInput {
        /// Its row.
        row: usize,
    },
    /// Another length than every proof of the circuit has.
    #[error("the proof has {got} bytes: proofs of this circuit have {expected}")]
    Length {
        /// The length of every proof of the circuit.
        expected: usize,
        /// The proof's.
        got: usize,
    },
    /// A point that is not canonical, not on the curve, or the identity.
    #[error("the point at byte {offset} of the proof is not one of the curve, or the identity")]
    Point {
        /// Where in the proof.
        offset: usize,
    },
    /// A scalar that is not below the modulus.
    #[error("the scalar at byte {offset} of the proof is not below the modulus of the field")]
    Scalar {
        /// Where in the proof.
        offset: usize,
    },
    /// The proof does not prove these public inputs.
    #[error("the proof is invalid: it does not prove these public inputs")]
    Invalid,
}

impl From<ProofError> for VerifyError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Length { expected, got } => Self::Length { expected, got },
            ProofError::Point { .. } | ProofError::Scalar { .. } => Self::Encoding,
            // A file's public inputs are canonical, and a key of another number
            // of them is not a key of the statement.
            _ => Self::Invalid,
        }
    }
}
