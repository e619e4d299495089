//! The public inputs of a venue's proof: as many as those of the margin statement,
//! at the same rows where they are the same.

use alloc::vec::Vec;

use super::witness::VenueWitness;
use crate::claim::{Claim, Side};
use crate::field::MarginField;
use crate::ids::{ContextId, Epoch, Memo, ModelDigest};
use crate::instance::{
    self, CLAIM, CONTEXT, EPOCH, Encoded, MARKET_ROOT, MEMO, MODEL, PublicInputs,
};
use crate::relation::MarginFamily;

/// Row of [`VenueInstance::flagged`]: where the margin statement has the account.
pub const FLAGGED: usize = instance::ACCOUNT;
/// Row of [`VenueInstance::subtree_root`]: where it has the state root.
pub const SUBTREE_ROOT: usize = instance::STATE_ROOT;
/// Row of [`VenueInstance::counts`]: where it has what is disclosed.
pub const COUNTS: usize = instance::DISCLOSED;
/// Number of public inputs.
pub const LEN: usize = instance::LEN;
/// Length of the byte encoding.
pub const BYTES: usize = instance::BYTES;

/// Bit at which `COUNTS` says how many are flagged.
pub const FLAGGED_COUNT: u32 = 32;

/// Names of the rows, in order.
pub const NAMES: [&str; LEN] = {
    let mut names = instance::NAMES;
    names[FLAGGED] = "flagged";
    names[SUBTREE_ROOT] = "subtree_root";
    names[COUNTS] = "counts";
    names
};

/// How many accounts a subtree has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All accounts.
    pub accounts: u32,
    /// Those below the level.
    pub flagged: u32,
}

impl Counts {
    /// Of a witness.
    pub fn of<M: MarginFamily>(witness: &VenueWitness<M>) -> Self {
        // At most 256 each.
        let count = |many: usize| u32::try_from(many).unwrap_or(u32::MAX);
        let (accounts, flagged) = (witness.accounts().count(), witness.flagged().count());
        Self { accounts: count(accounts), flagged: count(flagged) }
    }

    /// The public input: `accounts + flagged * 2^32`.
    pub const fn code(self) -> u64 {
        self.accounts as u64 | (self.flagged as u64) << FLAGGED_COUNT
    }

    /// Reads the public input; `None` when more are flagged than there are.
    pub fn from_code(code: u64) -> Option<Self> {
        let part = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).ok();
        let counts = Self { accounts: part(code)?, flagged: part(code >> FLAGGED_COUNT)? };
        Some(counts).filter(|counts| counts.flagged <= counts.accounts)
    }
}

/// What everyone sees of a venue's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueInstance<F> {
    /// The deployment the leaves are of.
    pub context: ContextId,
    /// The epoch of both roots.
    pub epoch: Epoch,
    /// The end of the chain over the flagged accounts:
    /// [`flagged_chain`](super::flagged_chain).
    pub flagged: F,
    /// Root of the subtree of the state tree.
    pub subtree_root: F,
    /// Root of the market the publisher posted for the epoch.
    pub market_root: F,
    /// The margin model.
    pub model: ModelDigest,
    /// What accounts are that are not flagged: *at least* a level, without leverage.
    pub claim: Claim,
    /// How many accounts there are.
    pub counts: Counts,
    /// What else the submitter says.
    pub memo: Memo,
}

/// Public inputs that no honest venue writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidVenue {
    /// Not [`BYTES`] bytes.
    #[error("public inputs of a venue's proof are {BYTES} bytes, not {0}")]
    Length(usize),
    /// An element that is not below the field's modulus, or a value out of the range
    /// of its row.
    #[error("public input {name} is not canonical", name = NAMES[*.0])]
    NotCanonical(usize),
    /// A claim of another side, or with a bound on leverage.
    #[error(
        "a venue's proof is of a claim at-least:LEVEL, with a multiplier or without, and no leverage"
    )]
    Claim,
    /// A number of leaves that no subtree has.
    #[error("a venue's proof is over 4, 16, 64 or 256 leaves, not {0}")]
    Leaves(usize),
}

impl<F: MarginField> VenueInstance<F> {
    /// The public inputs of a venue's proof of a claim: the rest is the witness's,
    /// whether it satisfies the statement or not.
    ///
    /// # Errors
    /// When the claim is of the other side or bounds leverage, or no subtree has so
    /// many leaves.
    pub fn new<M: MarginFamily<Field = F>>(
        context: ContextId,
        claim: Claim,
        memo: Memo,
        witness: &VenueWitness<M>,
    ) -> Result<Self, InvalidVenue> {
        let header = &M::account(&witness.empty).header;
        let leaves = witness.leaves.len();
        Ok(Self {
            context,
            epoch: header.epoch,
            flagged: witness.flagged_chain(),
            subtree_root: witness.subtree_root(context).ok_or(InvalidVenue::Leaves(leaves))?,
            market_root: header.root(),
            model: header.model,
            claim: Self::check_claim(claim)?,
            counts: Counts::of(witness),
            memo,
        })
    }

    /// Whether a venue's proof can be of a claim.
    ///
    /// # Errors
    /// When the claim is of the other side, or bounds leverage.
    pub fn check_claim(claim: Claim) -> Result<Claim, InvalidVenue> {
        match (claim.side(), claim.leverage()) {
            (Side::AtLeast, None) => Ok(claim),
            _ => Err(InvalidVenue::Claim),
        }
    }

    /// The field elements, by row.
    pub fn to_field_elements(&self) -> [F; LEN] {
        let mut rows = [F::ZERO; LEN];
        rows[CONTEXT] = self.context.to_field();
        rows[EPOCH] = F::from(self.epoch.get());
        rows[FLAGGED] = self.flagged;
        rows[SUBTREE_ROOT] = self.subtree_root;
        rows[MARKET_ROOT] = self.market_root;
        rows[MODEL] = self.model.to_field();
        rows[CLAIM] = F::from(self.claim.code());
        rows[COUNTS] = F::from(self.counts.code());
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
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidVenue> {
        fn at<T>(index: usize, value: Option<T>) -> Result<T, InvalidVenue> {
            value.ok_or(InvalidVenue::NotCanonical(index))
        }
        let bytes: &[u8; BYTES] =
            bytes.try_into().map_err(|_| InvalidVenue::Length(bytes.len()))?;
        let bytes = Encoded(bytes);
        let element = |index: usize| at(index, F::from_be_bytes(&bytes.row(index)));
        let word = |index: usize| {
            at(index, bytes.integer(index).and_then(|word| u64::try_from(word).ok()))
        };
        let claim = at(CLAIM, Claim::from_code(word(CLAIM)?))?;
        Ok(Self {
            context: at(CONTEXT, ContextId::from_be_bytes(&bytes.row(CONTEXT)))?,
            epoch: Epoch::new(word(EPOCH)?),
            flagged: element(FLAGGED)?,
            subtree_root: element(SUBTREE_ROOT)?,
            market_root: element(MARKET_ROOT)?,
            model: at(MODEL, ModelDigest::from_be_bytes(&bytes.row(MODEL)))?,
            claim: Self::check_claim(claim)?,
            counts: at(COUNTS, Counts::from_code(word(COUNTS)?))?,
            memo: at(MEMO, Memo::from_be_bytes(&bytes.row(MEMO)))?,
        })
    }
}

impl<F: MarginField> PublicInputs<F> for VenueInstance<F> {
    fn to_rows(&self) -> Vec<F> {
        self.to_field_elements().to_vec()
    }
}
