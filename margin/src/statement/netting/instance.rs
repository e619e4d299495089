//! The public inputs of a netted proof: as many as those of the margin statement, at
//! the same rows where they are the same.

use alloc::vec::Vec;

use crate::claim::Claim;
use crate::field::MarginField;
use crate::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
use crate::instance::{self, InvalidInstance, MarginInstance, PublicInputs, Shortfall};

/// Row of [`NettingInstance::venues`]: where the margin statement has the state root.
pub const VENUES: usize = instance::STATE_ROOT;
/// Number of public inputs.
pub const LEN: usize = instance::LEN;
/// Length of the byte encoding.
pub const BYTES: usize = instance::BYTES;

/// Names of the rows, in order.
pub const NAMES: [&str; LEN] = {
    let mut names = instance::NAMES;
    names[VENUES] = "venues";
    names
};

/// What everyone sees of a netted proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NettingInstance<F> {
    /// The deployment that takes the proof: a clearing house, or a protocol.
    pub context: ContextId,
    /// The epoch of the market.
    pub epoch: Epoch,
    /// The account there.
    pub account: AccountId,
    /// Digest of context, account and the list of venues:
    /// [`venues_digest`](super::venues_digest).
    pub venues: F,
    /// Root of the market that everything is valued in.
    pub market_root: F,
    /// The margin model.
    pub model: ModelDigest,
    /// What is claimed of the totals.
    pub claim: Claim,
    /// Their shortfall, or zero.
    pub disclosed: Shortfall,
    /// What else the submitter says.
    pub memo: Memo,
}

impl<F: MarginField> NettingInstance<F> {
    /// The rows as those of the margin statement, `VENUES` where that has the state
    /// root.
    pub const fn to_margin(&self) -> MarginInstance<F> {
        let Self { context, epoch, account, venues, market_root, model, claim, disclosed, memo } =
            *self;
        let state_root = venues;
        MarginInstance {
            context,
            epoch,
            account,
            state_root,
            market_root,
            model,
            claim,
            disclosed,
            memo,
        }
    }

    /// The reverse of [`NettingInstance::to_margin`].
    pub const fn of_margin(rows: MarginInstance<F>) -> Self {
        let MarginInstance {
            context,
            epoch,
            account,
            state_root,
            market_root,
            model,
            claim,
            disclosed,
            memo,
        } = rows;
        let venues = state_root;
        Self { context, epoch, account, venues, market_root, model, claim, disclosed, memo }
    }

    /// The field elements, by row.
    pub fn to_field_elements(&self) -> [F; LEN] {
        self.to_margin().to_field_elements()
    }

    /// The rows as 32 big-endian bytes each.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        self.to_margin().to_bytes()
    }

    /// Reads the byte encoding.
    ///
    /// # Errors
    /// When the length is wrong or a row is not canonical: every instance has exactly
    /// one encoding. An error names the state root's row for that of `VENUES`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidInstance> {
        MarginInstance::from_bytes(bytes).map(Self::of_margin)
    }
}

impl<F: MarginField> PublicInputs<F> for NettingInstance<F> {
    fn to_rows(&self) -> Vec<F> {
        self.to_field_elements().to_vec()
    }
}
