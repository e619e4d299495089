//! The simulation family: its witness, and what the statements ask of it.

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::account::SimulationMargin;
use super::row::SimulationRow;
use super::terms::SimulationTerms;
use crate::claim::{Level, Leverage, Multiplier};
use crate::field::MarginField;
use crate::ids::{BucketId, InstrumentId};
use crate::instance::SHORTFALL_BITS;
use crate::merkle::Path;
use crate::portfolio::Reserved;
use crate::relation::{BucketFigures, Figures, MarginFamily, Violation};
use crate::shape::Family;
use crate::witness::{self, AccountWitness, MARKET_TREE, opens};

/// A position with its row and the row's path in the market tree.
pub type SimulationSlot<F> = witness::Slot<F, SimulationRow>;

/// The denominator that headers of the family state: weights have a scale of
/// their own.
const DENOMINATOR: u32 = 1;

/// What the prover knows; any row is a padding row.
#[derive(Clone)]
pub struct SimulationWitness<F> {
    /// The account. Its header's denominator is 1, its positions are all in
    /// bucket 0.
    pub account: AccountWitness<F, SimulationRow>,
    /// The market's terms.
    pub terms: SimulationTerms,
}

redacted_debug!(SimulationWitness<F>);

/// The simulation family over a field.
#[derive(Clone, Copy, Debug)]
pub struct Simulation<F>(PhantomData<F>);

impl<F: MarginField> MarginFamily for Simulation<F> {
    const FAMILY: Family = Family::Simulation;
    type Field = F;
    type Row = SimulationRow;
    type Witness = SimulationWitness<F>;
    type Figures = SimulationMargin;

    fn account(witness: &SimulationWitness<F>) -> &AccountWitness<F, SimulationRow> {
        &witness.account
    }

    fn with_slots(
        witness: &SimulationWitness<F>,
        slots: Vec<SimulationSlot<F>>,
    ) -> SimulationWitness<F> {
        let account = AccountWitness { slots, ..witness.account.clone() };
        SimulationWitness { account, terms: witness.terms }
    }

    fn check_terms(witness: &SimulationWitness<F>) -> Result<(), Violation> {
        let header = &witness.account.header;
        if header.denominator.get() != DENOMINATOR {
            return Err(Violation::Header);
        }
        if header.terms == witness.terms.digest() { Ok(()) } else { Err(Violation::Terms) }
    }

    fn leaf(row: &SimulationRow) -> (InstrumentId, F) {
        (row.instrument(), row.leaf())
    }

    fn assess<'a>(
        witness: &SimulationWitness<F>,
        slots: impl Iterator<Item = &'a SimulationSlot<F>>,
        reserved: &Reserved,
    ) -> Result<SimulationMargin, Violation>
    where
        Self: 'a,
    {
        let slots = slots.map(|slot| (&slot.position, &slot.row));
        SimulationMargin::assess(slots, reserved, &witness.terms)
    }

    /// Any row of the market applies to zero lots.
    fn is_padding(witness: &SimulationWitness<F>, row: &SimulationRow, path: &Path<F>) -> bool {
        let is_whole = row.columns().len() == witness.terms.columns();
        is_whole && opens(path, MARKET_TREE, row.leaf(), witness.account.header.tree_root)
    }
}

impl Figures for SimulationMargin {
    fn shortfall(&self, level: Level, times: Multiplier) -> Option<u128> {
        Some(self.shortfall_of(level, times)).filter(|short| short >> SHORTFALL_BITS == 0)
    }

    /// There is no notional: what is at risk is what the scenarios say.
    fn is_within(&self, _: Leverage) -> Option<bool> {
        None
    }

    fn buckets(&self, level: Level, times: Multiplier) -> Vec<BucketFigures> {
        let (equity, requirement) = (self.equity(), self.required_units(level, times));
        vec![BucketFigures { bucket: BucketId::CROSS, equity, requirement }]
    }
}
