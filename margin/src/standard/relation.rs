//! The standard family's relation: clauses M1 to M7, natively.

use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::claim::Side;
use crate::field::MarginField;
use crate::instance::MarginInstance;
use crate::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use crate::merkle::Path;
use crate::portfolio::{Blinding, Position, commit};
use crate::poseidon::Domain;
use crate::relation::{MarginFamily, Violation};
use crate::shape::Family;
use crate::standard::{AccountMargin, RowError, TierRow};
use crate::units::Lots;

/// Domain and depth of the state tree.
const STATE_TREE: (Domain, usize) = (Domain::StateNode, STATE_DEPTH);
/// Domain and depth of the market tree.
const MARKET_TREE: (Domain, usize) = (Domain::MarketNode, MARKET_DEPTH);

/// A position with its row and the row's path in the market tree.
#[derive(Clone)]
pub struct Slot<F> {
    /// The position.
    pub position: Position,
    /// Its row.
    pub row: TierRow,
    /// The row's membership.
    pub path: Path<F>,
}

/// What the prover knows.
#[derive(Clone)]
pub struct StandardWitness<F> {
    /// The positions, in canonical order.
    pub slots: Vec<Slot<F>>,
    /// The blinding of the commitment.
    pub blinding: Blinding,
    /// The commitment the venue attested.
    pub commitment: F,
    /// The account's membership in the state tree.
    pub account_path: Path<F>,
    /// The market header.
    pub header: MarketHeader<F>,
    /// Any row that a zero quantity satisfies, for a circuit's unused slots.
    pub padding: (TierRow, Path<F>),
}

redacted_debug!(Slot<F>, StandardWitness<F>);

impl<F: MarginField> StandardWitness<F> {
    /// Whether a circuit's unused slots can be filled: the padding row is in
    /// the market and applies to zero lots. The statement does not depend on
    /// it, a proof in a shape with unused slots does.
    pub fn has_padding(&self) -> bool {
        let (row, path) = &self.padding;
        row.assess(Lots::ZERO, self.header.denominator).is_ok()
            && opens(path, MARKET_TREE, row.leaf(), self.header.tree_root)
    }
}

/// The standard family over a field.
#[derive(Clone, Copy, Debug)]
pub struct Standard<F>(PhantomData<F>);

impl<F: MarginField> MarginFamily for Standard<F> {
    const FAMILY: Family = Family::Standard;
    type Instance = MarginInstance<F>;
    type Witness = StandardWitness<F>;

    fn check(instance: &MarginInstance<F>, witness: &StandardWitness<F>) -> Result<(), Violation> {
        check_state(instance, witness)?;
        check_market(instance, witness)?;
        check_order(&witness.slots)?;
        let margin = assess(witness)?;
        let shortfall = margin.shortfall(instance.claim.level());
        let holds = match instance.claim.side() {
            Side::AtLeast => shortfall == 0,
            Side::Below => shortfall > 0,
        };
        if !holds {
            return Err(Violation::FalseClaim);
        }
        let disclosed = instance.disclosed.get();
        if disclosed != 0 && disclosed != shortfall {
            return Err(Violation::FalseDisclosure);
        }
        Ok(())
    }
}

/// M1 and M2.
fn check_state<F: MarginField>(
    instance: &MarginInstance<F>,
    witness: &StandardWitness<F>,
) -> Result<(), Violation> {
    let positions: Vec<_> = witness.slots.iter().map(|slot| slot.position.clone()).collect();
    if commit::<F>(&positions, &witness.blinding) != witness.commitment {
        return Err(Violation::Opening);
    }
    let leaf = state_leaf(instance.account, witness.commitment, instance.context);
    match opens(&witness.account_path, STATE_TREE, leaf, instance.state_root) {
        true => Ok(()),
        false => Err(Violation::AccountNotInState),
    }
}

/// M3.
fn check_market<F: MarginField>(
    instance: &MarginInstance<F>,
    witness: &StandardWitness<F>,
) -> Result<(), Violation> {
    let header = &witness.header;
    if header.root() != instance.market_root
        || header.epoch != instance.epoch
        || header.model != instance.model
    {
        return Err(Violation::Header);
    }
    for (index, slot) in witness.slots.iter().enumerate() {
        if slot.row.instrument != slot.position.instrument {
            return Err(Violation::WrongInstrument(index));
        }
        if !opens(&slot.path, MARKET_TREE, slot.row.leaf(), header.tree_root) {
            return Err(Violation::RowNotInMarket(index));
        }
    }
    Ok(())
}

/// Whether a path of exactly this depth in this domain leads from the leaf to
/// the root.
fn opens<F: MarginField>(
    path: &Path<F>,
    (domain, depth): (Domain, usize),
    leaf: F,
    root: F,
) -> bool {
    path.domain() == domain && path.children().len() == depth && path.root(leaf) == Some(root)
}

/// M4: strictly ascending by bucket and instrument.
fn check_order<F>(slots: &[Slot<F>]) -> Result<(), Violation> {
    match slots.windows(2).position(|pair| pair[0].position.key() >= pair[1].position.key()) {
        Some(index) => Err(Violation::Order(index + 1)),
        None => Ok(()),
    }
}

/// M4 (ranges) and M5.
fn assess<F: MarginField>(witness: &StandardWitness<F>) -> Result<AccountMargin, Violation> {
    let slots = witness.slots.iter().map(|slot| (&slot.position, &slot.row));
    AccountMargin::assess(slots, witness.header.denominator).map_err(|(index, error)| match error {
        RowError::WrongDirection => Violation::WrongDirection(index),
        RowError::Range => Violation::Range(index),
        RowError::WrongTier => Violation::WrongTier(index),
    })
}
