//! The public inputs of a haircut's proof: as many as those of the margin statement, at
//! the same rows where they are the same.

use alloc::vec::Vec;

use super::ratio::{Ratio, Sums};
use super::witness::HaircutWitness;
use crate::field::MarginField;
use crate::ids::{ContextId, Epoch, Memo, ModelDigest};
use crate::instance::{self, CONTEXT, EPOCH, Encoded, MARKET_ROOT, MEMO, MODEL, PublicInputs};
use crate::relation::{MarginFamily, Violation};

/// Row of [`HaircutInstance::subtree_after`]: where the margin statement has the account.
pub const SUBTREE_AFTER: usize = instance::ACCOUNT;
/// Row of [`HaircutInstance::subtree_root`]: where it has the state root.
pub const SUBTREE_ROOT: usize = instance::STATE_ROOT;
/// Row of [`HaircutInstance::ratio`]: where it has the claim.
pub const RATIO: usize = instance::CLAIM;
/// Row of [`HaircutInstance::sums`]: where it has what is disclosed.
pub const SUMS: usize = instance::DISCLOSED;
/// Number of public inputs.
pub const LEN: usize = instance::LEN;
/// Length of the byte encoding.
pub const BYTES: usize = instance::BYTES;

/// Names of the rows, in order.
pub const NAMES: [&str; LEN] = {
    let mut names = instance::NAMES;
    names[SUBTREE_AFTER] = "subtree_after";
    names[SUBTREE_ROOT] = "subtree_root";
    names[RATIO] = "ratio";
    names[SUMS] = "sums";
    names
};

/// What everyone sees of a haircut's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HaircutInstance<F> {
    /// The deployment the leaves are of, before and afterwards.
    pub context: ContextId,
    /// The epoch of the subtree's root before, and of the market.
    pub epoch: Epoch,
    /// Root of the subtree afterwards.
    pub subtree_after: F,
    /// Root of the subtree of the state tree.
    pub subtree_root: F,
    /// Root of the market the publisher posted for the epoch.
    pub market_root: F,
    /// The margin model.
    pub model: ModelDigest,
    /// The loss, and the equity of all winners of the venue.
    pub ratio: Ratio,
    /// What the winners of the subtree have, and are cut by.
    pub sums: Sums,
    /// What else the submitter says.
    pub memo: Memo,
}

/// Public inputs that no honest venue writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHaircut {
    /// Not [`BYTES`] bytes.
    #[error("public inputs of a haircut's proof are {BYTES} bytes, not {0}")]
    Length(usize),
    /// An element that is not below the field's modulus, or a value out of the range
    /// of its row.
    #[error("public input {name} is not canonical", name = NAMES[*.0])]
    NotCanonical(usize),
}

impl<F: MarginField> HaircutInstance<F> {
    /// The public inputs of a haircut's proof: the rest is the witness's, whether it
    /// satisfies the statement or not.
    ///
    /// # Errors
    /// When no subtree has so many leaves, positions have no figures, or a cut takes
    /// cash out of range.
    pub fn new<M: MarginFamily<Field = F>>(
        context: ContextId,
        ratio: Ratio,
        memo: Memo,
        witness: &HaircutWitness<M>,
    ) -> Result<Self, Violation> {
        let header = &M::account(&witness.empty).header;
        let depth = witness.depth().ok_or(Violation::HaircutLeaves(witness.leaves.len()))?;
        Ok(Self {
            context,
            epoch: header.epoch,
            subtree_after: witness.subtree_after(depth, context)?,
            subtree_root: witness.subtree_root(depth, context),
            market_root: header.root(),
            model: header.model,
            ratio,
            sums: witness.sums()?,
            memo,
        })
    }

    /// The field elements, by row.
    pub fn to_field_elements(&self) -> [F; LEN] {
        let mut rows = [F::ZERO; LEN];
        rows[CONTEXT] = self.context.to_field();
        rows[EPOCH] = F::from(self.epoch.get());
        rows[SUBTREE_AFTER] = self.subtree_after;
        rows[SUBTREE_ROOT] = self.subtree_root;
        rows[MARKET_ROOT] = self.market_root;
        rows[MODEL] = self.model.to_field();
        rows[RATIO] = self.ratio.to_field();
        rows[SUMS] = self.sums.to_field();
        rows[MEMO] = self.memo.to_field();
        rows
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
    /// When the length is wrong or a row is not canonical: every instance has exactly
    /// one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidHaircut> {
        fn at<T>(index: usize, value: Option<T>) -> Result<T, InvalidHaircut> {
            value.ok_or(InvalidHaircut::NotCanonical(index))
        }
        let bytes: &[u8; BYTES] =
            bytes.try_into().map_err(|_| InvalidHaircut::Length(bytes.len()))?;
        let bytes = Encoded(bytes);
        let element = |index: usize| at(index, F::from_be_bytes(&bytes.row(index)));
        let epoch = bytes.integer(EPOCH).and_then(|word| u64::try_from(word).ok());
        Ok(Self {
            context: at(CONTEXT, ContextId::from_be_bytes(&bytes.row(CONTEXT)))?,
            epoch: Epoch::new(at(EPOCH, epoch)?),
            subtree_after: element(SUBTREE_AFTER)?,
            subtree_root: element(SUBTREE_ROOT)?,
            market_root: element(MARKET_ROOT)?,
            model: at(MODEL, ModelDigest::from_be_bytes(&bytes.row(MODEL)))?,
            ratio: at(RATIO, Ratio::from_be_bytes(&bytes.row(RATIO)))?,
            sums: at(SUMS, Sums::from_be_bytes(&bytes.row(SUMS)))?,
            memo: at(MEMO, Memo::from_be_bytes(&bytes.row(MEMO)))?,
        })
    }
}

impl<F: MarginField> PublicInputs<F> for HaircutInstance<F> {
    fn to_rows(&self) -> Vec<F> {
        self.to_field_elements().to_vec()
    }
}
