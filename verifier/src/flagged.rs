//! Accounts that a venue's proof flags, called without a proof of their own.
//!
//! A venue's proof says of each account it flags what a breach proof of that account
//! would say, but for the state root: it shows that of a subtree. With the subtree's place
//! in the tree the state root follows, and the engine takes the rest as ever
//! (`submit-breach`): it compares roots, model and level with what it has on record, and
//! an account that it refuses to call stops no other.

use alloc::vec::Vec;

use zkmargin_margin::claim::{Claim, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::market::STATE_DEPTH;
use zkmargin_margin::statement::venue::{SubtreePath, VenueInstance};

use crate::engine::{ClaimData, VerifiedClaim};
use crate::proof::VerifiedSubtree;
use crate::root::Root;

/// A path that is not of the proof's subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the path is of another subtree than the proof's, or of one of another size")]
pub struct OtherSubtree;

impl<F: MarginField> VerifiedSubtree<F> {
    /// What is proved of each flagged account, in the order of leaves. Whether the tree is
    /// the venue's the engine says, by the state root.
    ///
    /// # Errors
    /// When the path is not of the proof's subtree.
    pub fn breaches(&self, path: &SubtreePath<F>) -> Result<Vec<VerifiedClaim>, OtherSubtree> {
        let file = self.file();
        let levels = STATE_DEPTH - usize::from(file.subtree().depth.get());
        if path.index() != file.subtree().index || path.siblings().len() != levels {
            return Err(OtherSubtree);
        }
        let root = path.state_root(file.instance().subtree_root);
        let claims = breaches_of(file.instance(), root, file.flagged());
        Ok(claims.into_iter().map(VerifiedClaim::assume_verified_unchecked).collect())
    }
}

/// The same as plain data: nothing of it is known to be verified. A claim with a multiplier
/// keeps it, and is no breach to any engine.
pub fn breaches_of<F: MarginField>(
    instance: &VenueInstance<F>,
    state_root: F,
    flagged: &[AccountId],
) -> Vec<ClaimData> {
    let of = |account: &AccountId| {
        // Of the level of an at-least claim: every one has both sides.
        let below = Claim::new(Side::Below, instance.claim.level()).ok()?;
        Some(ClaimData {
            context: instance.context,
            epoch: instance.epoch,
            account: *account,
            state_root: Root::from_field(&state_root),
            market_root: Root::from_field(&instance.market_root),
            model: instance.model,
            claim: below.with_multiplier(instance.claim.multiplier()),
            disclosed: Shortfall::NONE,
            memo: instance.memo,
        })
    };
    flagged.iter().filter_map(of).collect()
}
