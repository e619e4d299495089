//! The public inputs: those of the margin statement, then the digest.

use alloc::vec::Vec;

use crate::field::MarginField;
use crate::instance::{self, InvalidInstance, MarginInstance, PublicInputs};

/// Row of [`EscrowInstance::escrow`].
pub const ESCROW: usize = instance::LEN;
/// Number of public inputs.
pub const LEN: usize = instance::LEN + 1;
/// Length of the byte encoding.
pub const BYTES: usize = 32 * LEN;

/// Names of the rows, in order.
pub const NAMES: [&str; LEN] = {
    let mut names = ["escrow"; LEN];
    let mut row = 0;
    while row < instance::LEN {
        names[row] = instance::NAMES[row];
        row += 1;
    }
    names
};

/// What everyone sees of a margin proof with an escrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscrowInstance<F> {
    /// The rows of the margin statement.
    pub account: MarginInstance<F>,
    /// Digest of key, nonce point and ciphertext.
    pub escrow: F,
}

/// Public inputs that no honest prover writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEscrow {
    /// Not [`BYTES`] bytes.
    #[error("public inputs of a margin proof with an escrow are {BYTES} bytes, not {0}")]
    Length(usize),
    /// A row of the margin statement is not canonical.
    #[error(transparent)]
    Instance(#[from] InvalidInstance),
    /// The digest is not canonical.
    #[error("public input escrow is not canonical")]
    NotCanonical,
}

impl<F: MarginField> EscrowInstance<F> {
    /// The field elements, by row.
    pub fn to_field_elements(&self) -> [F; LEN] {
        let account = self.account.to_field_elements();
        core::array::from_fn(|row| account.get(row).copied().unwrap_or(self.escrow))
    }

    /// The rows as 32 big-endian bytes each, as the EVM reads them.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        for (chunk, row) in bytes.chunks_exact_mut(32).zip(self.to_field_elements()) {
            chunk.copy_from_slice(&row.to_be_bytes());
        }
        bytes
    }

    /// Reads the byte encoding.
    ///
    /// # Errors
    /// When the length is wrong or a row is not canonical: every instance has
    /// exactly one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidEscrow> {
        if bytes.len() != BYTES {
            return Err(InvalidEscrow::Length(bytes.len()));
        }
        let (account, escrow) = bytes.split_at(instance::BYTES);
        let account = MarginInstance::from_bytes(account)?;
        let escrow = core::array::from_fn(|i| escrow[i]);
        let escrow = F::from_be_bytes(&escrow).ok_or(InvalidEscrow::NotCanonical)?;
        Ok(Self { account, escrow })
    }
}

impl<F: MarginField> PublicInputs<F> for EscrowInstance<F> {
    fn to_rows(&self) -> Vec<F> {
        self.to_field_elements().to_vec()
    }
}
