//! The settlement family: its witness, and what the statements ask of it.

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::account::SettlementMargin;
use super::row::SettlementRow;
use crate::claim::{Level, Leverage, Multiplier};
use crate::field::MarginField;
use crate::ids::{BucketId, InstrumentId};
use crate::instance::SHORTFALL_BITS;
use crate::merkle::Path;
use crate::portfolio::Reserved;
use crate::poseidon::{Domain, hash};
use crate::relation::{BucketFigures, Figures, MarginFamily, Violation};
use crate::shape::Family;
use crate::witness::{self, AccountWitness, MARKET_TREE, opens};

/// A position with its row and the row's path in the market tree.
pub type SettlementSlot<F> = witness::Slot<F, SettlementRow>;
/// What the prover knows; any row is a padding row. Its header's denominator is 1 and
/// its terms are [`terms`]; its positions are all in bucket 0.
pub type SettlementWitness<F> = AccountWitness<F, SettlementRow>;

/// The denominator that headers of the family state: rows have no rates.
const DENOMINATOR: u32 = 1;
/// Version of what rows mean.
const RULES: u64 = 1;

/// What headers of the family state as their terms. There are none, but no header of
/// another family is one of this.
pub fn terms<F: MarginField>() -> F {
    hash(Domain::SettlementTerms, [F::from(RULES), F::ZERO, F::ZERO, F::ZERO])
}

/// The settlement family over a field.
#[derive(Clone, Copy, Debug)]
pub struct Settlement<F>(PhantomData<F>);

impl<F: MarginField> MarginFamily for Settlement<F> {
    const FAMILY: Family = Family::Settlement;
    type Field = F;
    type Row = SettlementRow;
    type Witness = SettlementWitness<F>;
    type Figures = SettlementMargin;

    fn account(witness: &SettlementWitness<F>) -> &AccountWitness<F, SettlementRow> {
        witness
    }

    fn with_slots(
        witness: &SettlementWitness<F>,
        slots: Vec<SettlementSlot<F>>,
    ) -> SettlementWitness<F> {
        AccountWitness { slots, ..witness.clone() }
    }

    fn check_terms(witness: &SettlementWitness<F>) -> Result<(), Violation> {
        if witness.header.denominator.get() != DENOMINATOR {
            return Err(Violation::Header);
        }
        if witness.header.terms == terms() { Ok(()) } else { Err(Violation::Terms) }
    }

    fn leaf(row: &SettlementRow) -> (InstrumentId, F) {
        (row.instrument(), row.leaf())
    }

    fn assess<'a>(
        _: &SettlementWitness<F>,
        slots: impl Iterator<Item = &'a SettlementSlot<F>>,
        reserved: &Reserved,
    ) -> Result<SettlementMargin, Violation>
    where
        Self: 'a,
    {
        SettlementMargin::assess(slots.map(|slot| (&slot.position, &slot.row)), reserved)
    }

    /// Any row of the market applies to zero lots.
    fn is_padding(witness: &SettlementWitness<F>, row: &SettlementRow, path: &Path<F>) -> bool {
        opens(path, MARKET_TREE, row.leaf(), witness.header.tree_root)
    }
}

impl Figures for SettlementMargin {
    fn shortfall(&self, level: Level, times: Multiplier) -> Option<u128> {
        Some(self.shortfall_of(level, times)).filter(|short| short >> SHORTFALL_BITS == 0)
    }

    /// There is no notional: what is at risk is what settlement says.
    fn is_within(&self, _: Leverage) -> Option<bool> {
        None
    }

    fn buckets(&self, level: Level, times: Multiplier) -> Vec<BucketFigures> {
        let (equity, requirement) = (self.counts(level), self.required_units(level, times));
        // Below 2^115 over 2^13.
        let requirement = requirement.cast_signed();
        vec![BucketFigures { bucket: BucketId::CROSS, equity, requirement }]
    }
}
