//! What the prover knows of an account, and the clauses that are the same in
//! every family and statement: the commitment, the trees, the header, the order.

use alloc::vec::Vec;

use crate::field::MarginField;
use crate::ids::{Epoch, InstrumentId, ModelDigest};
use crate::instance::MarginInstance;
use crate::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use crate::merkle::Path;
use crate::portfolio::{Blinding, Position, Reserved, commit};
use crate::poseidon::Domain;
use crate::relation::Violation;

/// Domain and depth of the state tree.
pub(crate) const STATE_TREE: (Domain, usize) = (Domain::StateNode, STATE_DEPTH);
/// Domain and depth of the market tree.
pub(crate) const MARKET_TREE: (Domain, usize) = (Domain::MarketNode, MARKET_DEPTH);

/// A position with its row, of the family's type `R`, and the row's path in
/// the market tree.
#[derive(Clone)]
pub struct Slot<F, R> {
    /// The position.
    pub position: Position,
    /// Its row.
    pub row: R,
    /// The row's membership.
    pub path: Path<F>,
}

/// What the prover knows of an account.
#[derive(Clone)]
pub struct AccountWitness<F, R> {
    /// The positions, in canonical order.
    pub slots: Vec<Slot<F, R>>,
    /// What is reserved for open orders.
    pub reserved: Reserved,
    /// The blinding of the commitment.
    pub blinding: Blinding,
    /// The commitment the venue attested.
    pub commitment: F,
    /// The account's membership in the state tree.
    pub account_path: Path<F>,
    /// The market header.
    pub header: MarketHeader<F>,
    /// A row with its path, for a circuit's unused slots.
    pub padding: (R, Path<F>),
}

impl<F, R> core::fmt::Debug for Slot<F, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Slot(..)")
    }
}

impl<F, R> core::fmt::Debug for AccountWitness<F, R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("AccountWitness(..)")
    }
}

impl<F: MarginField, R> AccountWitness<F, R> {
    /// M1.
    pub(crate) fn check_opening(&self) -> Result<(), Violation> {
        let positions: Vec<_> = self.slots.iter().map(|slot| slot.position.clone()).collect();
        match commit::<F>(&positions, &self.reserved, &self.blinding) == self.commitment {
            true => Ok(()),
            false => Err(Violation::Opening),
        }
    }

    /// M1 and M2.
    pub(crate) fn check_state(&self, instance: &MarginInstance<F>) -> Result<(), Violation> {
        self.check_opening()?;
        let leaf = state_leaf(instance.account, self.commitment, instance.context);
        match opens(&self.account_path, STATE_TREE, leaf, instance.state_root) {
            true => Ok(()),
            false => Err(Violation::AccountNotInState),
        }
    }

    /// M3, the header: that of a market root, of an epoch and a model.
    pub(crate) fn check_header(
        &self,
        market_root: F,
        epoch: Epoch,
        model: ModelDigest,
    ) -> Result<(), Violation> {
        let header = &self.header;
        let is_public =
            header.root() == market_root && header.epoch == epoch && header.model == model;
        if is_public { Ok(()) } else { Err(Violation::Header) }
    }

    /// M3, the rows of slots: each by its instrument and leaf.
    pub(crate) fn check_rows<'a>(
        &self,
        slots: impl Iterator<Item = &'a Slot<F, R>>,
        parts: impl Fn(&R) -> (InstrumentId, F),
    ) -> Result<(), Violation>
    where
        R: 'a,
    {
        for (index, slot) in slots.enumerate() {
            let (instrument, leaf) = parts(&slot.row);
            if instrument != slot.position.instrument {
                return Err(Violation::WrongInstrument(index));
            }
            if !opens(&slot.path, MARKET_TREE, leaf, self.header.tree_root) {
                return Err(Violation::RowNotInMarket(index));
            }
        }
        Ok(())
    }
}

/// M4: slots strictly ascend by bucket and instrument.
pub(crate) fn check_order<'a, F: 'a, R: 'a>(
    slots: impl Iterator<Item = &'a Slot<F, R>>,
) -> Result<(), Violation> {
    let mut last = None;
    for (index, key) in slots.map(|slot| slot.position.key()).enumerate() {
        if last.is_some_and(|last| last >= key) {
            return Err(Violation::Order(index));
        }
        last = Some(key);
    }
    Ok(())
}

/// Whether a path of exactly this depth in this domain leads from the leaf to
/// the root.
pub(crate) fn opens<F: MarginField>(
    path: &Path<F>,
    (domain, depth): (Domain, usize),
    leaf: F,
    root: F,
) -> bool {
    path.domain() == domain && path.children().len() == depth && path.root(leaf) == Some(root)
}
