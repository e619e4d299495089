//! What the venue knows of a subtree, before and afterwards.

use alloc::vec::Vec;
use core::fmt;

use super::after::cut_positions;
use super::ratio::Sums;
use crate::haircut::winning;
use crate::ids::{AccountId, ContextId};
use crate::market::state_leaf;
use crate::portfolio::{Blinding, commit};
use crate::relation::{Figures, MarginFamily, Violation};
use crate::statement::venue::{SubtreeDepth, subtree_root};

/// What the venue knows of a subtree.
pub struct HaircutWitness<M: MarginFamily> {
    /// An account of no positions in the same market: what empty leaves are filled
    /// with, and the market's header and terms.
    pub empty: M::Witness,
    /// The leaves in their order; `None` for an empty one.
    pub leaves: Vec<Option<HaircutLeaf<M>>>,
}

/// An account of a subtree.
pub struct HaircutLeaf<M: MarginFamily> {
    /// The account.
    pub account: AccountId,
    /// Its portfolio before, and rows. Its path is not looked at.
    pub witness: M::Witness,
    /// What it is cut by, in quote units.
    pub cut: u128,
    /// The blinding of its commitment afterwards.
    pub blinding: Blinding,
}

impl<M: MarginFamily> Clone for HaircutWitness<M> {
    fn clone(&self) -> Self {
        Self { empty: self.empty.clone(), leaves: self.leaves.clone() }
    }
}

impl<M: MarginFamily> Clone for HaircutLeaf<M> {
    fn clone(&self) -> Self {
        let Self { account, witness, cut, blinding } = self;
        let (witness, blinding) = (witness.clone(), blinding.clone());
        Self { account: *account, witness, cut: *cut, blinding }
    }
}

/// Secret: shows nothing.
impl<M: MarginFamily> fmt::Debug for HaircutWitness<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HaircutWitness(..)")
    }
}

/// Secret: shows nothing.
impl<M: MarginFamily> fmt::Debug for HaircutLeaf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HaircutLeaf(..)")
    }
}

impl<M: MarginFamily> HaircutLeaf<M> {
    /// The leaf of the state tree before.
    fn before(&self, context: ContextId) -> M::Field {
        state_leaf(self.account, M::account(&self.witness).commitment, context)
    }

    /// The leaf afterwards; `None` where the cut leaves the range of cash.
    fn after(&self, context: ContextId) -> Option<M::Field> {
        let account = M::account(&self.witness);
        let positions = account.slots.iter().map(|slot| slot.position.clone()).collect();
        let positions = cut_positions(positions, self.cut)?;
        let commitment = commit(&positions, &account.reserved, &self.blinding);
        Some(state_leaf(self.account, commitment, context))
    }

    /// The account's equity, zero where it is below.
    ///
    /// # Errors
    /// When its positions have no figures.
    fn winning(&self) -> Result<u128, Violation> {
        let account = M::account(&self.witness);
        let figures = M::assess(&self.witness, account.slots.iter(), &account.reserved)?;
        Ok(winning(figures.equity_of_all()))
    }
}

impl<M: MarginFamily> HaircutWitness<M> {
    /// How many levels the subtree has; `None` for a number of leaves that none has.
    pub fn depth(&self) -> Option<SubtreeDepth> {
        SubtreeDepth::ALL.into_iter().find(|depth| depth.leaves() == self.leaves.len())
    }

    /// The accounts, in the order of leaves.
    pub fn accounts(&self) -> impl Iterator<Item = &HaircutLeaf<M>> {
        self.leaves.iter().flatten()
    }

    /// `SUBTREE_ROOT` in a context.
    pub fn subtree_root(&self, depth: SubtreeDepth, context: ContextId) -> M::Field {
        let leaf = |leaf: &Option<HaircutLeaf<M>>| match leaf {
            Some(leaf) => leaf.before(context),
            None => M::Field::from(0),
        };
        subtree_root(depth, &self.leaves.iter().map(leaf).collect::<Vec<_>>())
    }

    /// `SUBTREE_AFTER` in a context.
    ///
    /// # Errors
    /// When a cut takes the cash of an account's first position out of range.
    pub fn subtree_after(
        &self,
        depth: SubtreeDepth,
        context: ContextId,
    ) -> Result<M::Field, Violation> {
        let leaf = |(index, leaf): (usize, &Option<HaircutLeaf<M>>)| match leaf {
            Some(leaf) => leaf.after(context).ok_or(Violation::CashAfter(index)),
            None => Ok(M::Field::from(0)),
        };
        let leaves: Result<Vec<_>, _> = self.leaves.iter().enumerate().map(leaf).collect();
        Ok(subtree_root(depth, &leaves?))
    }

    /// `SUMS`.
    ///
    /// # Errors
    /// When an account's positions have no figures.
    pub fn sums(&self) -> Result<Sums, Violation> {
        let mut sums = Sums::default();
        for leaf in self.accounts() {
            sums.add(leaf.winning()?, leaf.cut);
        }
        Ok(sums)
    }
}
