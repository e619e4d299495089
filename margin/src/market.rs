//! What `MARKET_ROOT` and `STATE_ROOT` commit to.

use crate::field::MarginField;
use crate::ids::{AccountId, ContextId, Epoch, ModelDigest, Timestamp};
use crate::poseidon::{Domain, hash};
use crate::units::Denominator;

/// Depth of the market tree: up to 16,384 rows.
pub const MARKET_DEPTH: usize = 7;
/// Depth of the state tree: up to 16,777,216 accounts.
pub const STATE_DEPTH: usize = 12;

/// Bit offset of the timestamp in the header's packed element.
pub const HEADER_TIMESTAMP: u32 = 64;
/// Bit offset of the denominator in the header's packed element.
pub const HEADER_DENOMINATOR: u32 = 128;

/// The header over the market tree: binds the epoch, the snapshot's time, the
/// model and the denominator of its rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketHeader<F> {
    /// Root of the tree over the risk table's rows.
    pub tree_root: F,
    /// The margin model.
    pub model: ModelDigest,
    /// The epoch.
    pub epoch: Epoch,
    /// When the snapshot was taken.
    pub timestamp: Timestamp,
    /// The denominator of every rate in the table.
    pub denominator: Denominator,
    /// Digest of what counts for a whole account: zero in the standard family,
    /// [`MarketTerms::digest`] in the scenario family.
    ///
    /// [`MarketTerms::digest`]: crate::scenario::MarketTerms::digest
    pub terms: F,
}

impl<F: MarginField> MarketHeader<F> {
    /// `MARKET_ROOT`.
    pub fn root(&self) -> F {
        let low =
            u128::from(self.epoch.get()) | u128::from(self.timestamp.get()) << HEADER_TIMESTAMP;
        let packed = F::from_u128(low)
            + F::from(u64::from(self.denominator.get()))
                * F::from(2).pow_vartime([u64::from(HEADER_DENOMINATOR)]);
        hash(Domain::MarketHeader, [self.tree_root, self.model.to_field(), packed, self.terms])
    }
}

/// The leaf of the market tree that binds what the market was made of: the digest
/// of the snapshot, with the signed reports, closes and numbers it keeps. Its domain
/// is its own, so that it is the leaf of no row, and no position can use it.
pub fn snapshot_leaf<F: MarginField>(digest: ModelDigest) -> F {
    hash(Domain::MarketSnapshot, [digest.to_field(), F::ZERO, F::ZERO, F::ZERO])
}

/// The leaf of an account in the state tree: the account, its portfolio's
/// commitment and the deployment it is registered with.
pub fn state_leaf<F: MarginField>(account: AccountId, commitment: F, context: ContextId) -> F {
    hash(Domain::StateLeaf, [account.to_field(), commitment, context.to_field(), F::ZERO])
}
