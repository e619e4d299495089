//! The scenario family: its witness, and what the statements ask of it.

use alloc::vec;
use alloc::vec::Vec;
use core::marker::PhantomData;

use super::FACTOR_ONE;
use super::row::ScenarioRow;
use super::terms::MarketTerms;
use super::underlyings::AccountMargin;
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
pub type ScenarioSlot<F> = witness::Slot<F, ScenarioRow>;

/// What the prover knows; any row is a padding row.
#[derive(Clone)]
pub struct ScenarioWitness<F> {
    /// The account. Its header's denominator is [`FACTOR_ONE`], its positions
    /// are all in bucket 0.
    pub account: AccountWitness<F, ScenarioRow>,
    /// The market's terms.
    pub terms: MarketTerms,
}

redacted_debug!(ScenarioWitness<F>);

impl<F: MarginField> ScenarioWitness<F> {
    /// Whether a circuit's unused slots can be filled with the padding row; see
    /// [`MarginFamily::is_padding`].
    pub fn has_padding(&self) -> bool {
        Scenario::is_padding(self, &self.account.padding.0, &self.account.padding.1)
    }

    /// The account's figures.
    ///
    /// # Errors
    /// See [`AccountMargin::assess`].
    pub fn assess(&self) -> Result<AccountMargin, Violation> {
        Scenario::assess(self, self.account.slots.iter(), &self.account.reserved)
    }
}

/// The scenario family over a field.
#[derive(Clone, Copy, Debug)]
pub struct Scenario<F>(PhantomData<F>);

impl<F: MarginField> MarginFamily for Scenario<F> {
    const FAMILY: Family = Family::Scenario;
    type Field = F;
    type Row = ScenarioRow;
    type Witness = ScenarioWitness<F>;
    type Figures = AccountMargin;

    fn account(witness: &ScenarioWitness<F>) -> &AccountWitness<F, ScenarioRow> {
        &witness.account
    }

    fn with_slots(witness: &ScenarioWitness<F>, slots: Vec<ScenarioSlot<F>>) -> ScenarioWitness<F> {
        let account = AccountWitness { slots, ..witness.account.clone() };
        ScenarioWitness { account, terms: witness.terms }
    }

    fn check_terms(witness: &ScenarioWitness<F>) -> Result<(), Violation> {
        let header = &witness.account.header;
        if header.denominator.get() != FACTOR_ONE {
            return Err(Violation::Header);
        }
        if header.terms == witness.terms.digest() { Ok(()) } else { Err(Violation::Terms) }
    }

    fn leaf(row: &ScenarioRow) -> (InstrumentId, F) {
        (row.instrument, row.leaf())
    }

    fn assess<'a>(
        witness: &ScenarioWitness<F>,
        slots: impl Iterator<Item = &'a ScenarioSlot<F>>,
        reserved: &Reserved,
    ) -> Result<AccountMargin, Violation>
    where
        Self: 'a,
    {
        let slots = slots.map(|slot| (&slot.position, &slot.row));
        AccountMargin::assess(slots, reserved, &witness.terms)
    }

    /// Any row of the market applies to zero lots.
    fn is_padding(witness: &ScenarioWitness<F>, row: &ScenarioRow, path: &Path<F>) -> bool {
        opens(path, MARKET_TREE, row.leaf(), witness.account.header.tree_root)
    }
}

impl Figures for AccountMargin {
    fn shortfall(&self, level: Level, times: Multiplier) -> Option<u128> {
        Some(self.shortfall_of(level, times)).filter(|short| short >> SHORTFALL_BITS == 0)
    }

    fn is_within(&self, _: Leverage) -> Option<bool> {
        None
    }

    fn buckets(&self, level: Level, times: Multiplier) -> Vec<BucketFigures> {
        let (equity, requirement) = (self.mark_to_market(), self.required_units(level, times));
        vec![BucketFigures { bucket: BucketId::CROSS, equity, requirement }]
    }
}
