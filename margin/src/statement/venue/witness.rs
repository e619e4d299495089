//! What the venue knows of a subtree.

use alloc::vec::Vec;
use core::fmt;

use super::cover::{SubtreeDepth, subtree_root};
use super::flagged::flagged_chain;
use crate::ids::{AccountId, ContextId};
use crate::market::state_leaf;
use crate::relation::MarginFamily;

/// What the venue knows of a subtree.
pub struct VenueWitness<M: MarginFamily> {
    /// An account of no positions in the same market: what empty leaves are filled
    /// with, and the market's header and terms.
    pub empty: M::Witness,
    /// The leaves in their order; `None` for an empty one.
    pub leaves: Vec<Option<VenueLeaf<M>>>,
}

/// An account of a subtree.
pub struct VenueLeaf<M: MarginFamily> {
    /// The account.
    pub account: AccountId,
    /// Whether it is flagged.
    pub flagged: bool,
    /// Its portfolio and rows. Its path is not looked at.
    pub witness: M::Witness,
}

impl<M: MarginFamily> Clone for VenueWitness<M> {
    fn clone(&self) -> Self {
        Self { empty: self.empty.clone(), leaves: self.leaves.clone() }
    }
}

impl<M: MarginFamily> Clone for VenueLeaf<M> {
    fn clone(&self) -> Self {
        let Self { account, flagged, witness } = self;
        Self { account: *account, flagged: *flagged, witness: witness.clone() }
    }
}

/// Secret: shows nothing.
impl<M: MarginFamily> fmt::Debug for VenueWitness<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VenueWitness(..)")
    }
}

/// Secret: shows nothing.
impl<M: MarginFamily> fmt::Debug for VenueLeaf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VenueLeaf(..)")
    }
}

impl<M: MarginFamily> VenueWitness<M> {
    /// How many levels the subtree has; `None` for a number of leaves that none has.
    pub fn depth(&self) -> Option<SubtreeDepth> {
        SubtreeDepth::ALL.into_iter().find(|depth| depth.leaves() == self.leaves.len())
    }

    /// The accounts, in the order of leaves.
    pub fn accounts(&self) -> impl Iterator<Item = &VenueLeaf<M>> {
        self.leaves.iter().flatten()
    }

    /// The flagged ones of them.
    pub fn flagged(&self) -> impl Iterator<Item = AccountId> {
        self.accounts().filter(|leaf| leaf.flagged).map(|leaf| leaf.account)
    }

    /// The end of the chain over them.
    pub fn flagged_chain(&self) -> M::Field {
        flagged_chain(&self.flagged().collect::<Vec<_>>())
    }

    /// `SUBTREE_ROOT` in a context; `None` for a number of leaves that no subtree has.
    pub fn subtree_root(&self, context: ContextId) -> Option<M::Field> {
        let leaf = |leaf: &Option<VenueLeaf<M>>| match leaf {
            Some(leaf) => state_leaf(leaf.account, M::account(&leaf.witness).commitment, context),
            None => M::Field::from(0),
        };
        let leaves: Vec<_> = self.leaves.iter().map(leaf).collect();
        self.depth().map(|depth| subtree_root(depth, &leaves))
    }
}
