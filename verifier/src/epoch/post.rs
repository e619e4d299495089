//! An epoch as it is posted.

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{ContextId, Epoch, ModelDigest, Timestamp};

use super::digest::{EpochDigest, digest};
use crate::root::Root;

/// An epoch as it is posted. The context it is posted in is the deployment's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochPost {
    /// Its number: one more than the last's.
    pub epoch: Epoch,
    /// Root of the account tree.
    pub state_root: Root,
    /// Root of the market.
    pub market_root: Root,
    /// The model that both are made under.
    pub model: ModelDigest,
    /// When the market snapshot was taken, as in the market's header.
    pub market_timestamp: Timestamp,
    /// Largest move of a price since the epoch `reference`, in basis points,
    /// rounded up; `u32::MAX` stands for a move without bound. Zero in the first
    /// epoch.
    pub price_move_bps: u32,
    /// The epoch that the move is measured against: the last confirmed one, or
    /// zero when there is none.
    pub reference: Epoch,
    /// Digest of the epoch posted before; [`EpochDigest::NONE`] in the first.
    pub previous: EpochDigest,
}

impl EpochPost {
    /// What publishers sign: the EIP-712 digest of this epoch in a context.
    pub fn digest(&self, context: ContextId) -> EpochDigest {
        digest(context, self)
    }
}
