//! The standard family: its witness, and what the statements ask of it.

use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::claim::{Level, Leverage, Multiplier};
use crate::field::MarginField;
use crate::ids::InstrumentId;
use crate::merkle::Path;
use crate::portfolio::Reserved;
use crate::relation::{BucketFigures, Figures, MarginFamily, Violation};
use crate::shape::Family;
use crate::standard::{AccountMargin, BucketMargin, RowError, TierRow};
use crate::units::Lots;
use crate::witness::{self, AccountWitness, MARKET_TREE, opens};

/// A position with its tier and the tier's path in the market tree.
pub type Slot<F> = witness::Slot<F, TierRow>;
/// What the prover knows; the padding row is one that zero lots satisfy.
pub type StandardWitness<F> = AccountWitness<F, TierRow>;

impl<F: MarginField> AccountWitness<F, TierRow> {
    /// Whether a circuit's unused slots can be filled with the padding row; see
    /// [`MarginFamily::is_padding`].
    pub fn has_padding(&self) -> bool {
        Standard::is_padding(self, &self.padding.0, &self.padding.1)
    }
}

/// The standard family over a field.
#[derive(Clone, Copy, Debug)]
pub struct Standard<F>(PhantomData<F>);

impl<F: MarginField> MarginFamily for Standard<F> {
    const FAMILY: Family = Family::Standard;
    type Field = F;
    type Row = TierRow;
    type Witness = StandardWitness<F>;
    type Figures = AccountMargin;

    fn account(witness: &StandardWitness<F>) -> &AccountWitness<F, TierRow> {
        witness
    }

    fn with_slots(witness: &StandardWitness<F>, slots: Vec<Slot<F>>) -> StandardWitness<F> {
        AccountWitness { slots, ..witness.clone() }
    }

    /// This family has no terms.
    fn check_terms(witness: &StandardWitness<F>) -> Result<(), Violation> {
        if witness.header.terms == F::ZERO { Ok(()) } else { Err(Violation::Header) }
    }

    fn leaf(row: &TierRow) -> (InstrumentId, F) {
        (row.instrument, row.leaf())
    }

    fn assess<'a>(
        witness: &StandardWitness<F>,
        slots: impl Iterator<Item = &'a Slot<F>>,
        reserved: &Reserved,
    ) -> Result<AccountMargin, Violation>
    where
        Self: 'a,
    {
        let slots = slots.map(|slot| (&slot.position, &slot.row));
        let denominator = witness.header.denominator;
        AccountMargin::assess(slots, reserved, denominator).map_err(|(index, error)| match error {
            RowError::WrongDirection => Violation::WrongDirection(index),
            RowError::Range => Violation::Range(index),
            RowError::WrongTier => Violation::WrongTier(index),
        })
    }

    fn is_padding(witness: &StandardWitness<F>, row: &TierRow, path: &Path<F>) -> bool {
        row.assess(Lots::ZERO, witness.header.denominator).is_ok()
            && opens(path, MARKET_TREE, row.leaf(), witness.header.tree_root)
    }
}

impl Figures for AccountMargin {
    fn shortfall(&self, level: Level, times: Multiplier) -> Option<u128> {
        let in_range = |bucket: &BucketMargin| bucket.is_in_range(level, times);
        self.buckets.iter().all(in_range).then(|| self.shortfall_of(level, times))
    }

    fn is_within(&self, leverage: Leverage) -> Option<bool> {
        Some(leverage.holds(self.gross_notional(), self.equity()))
    }

    fn buckets(&self, level: Level, times: Multiplier) -> Vec<BucketFigures> {
        let figures = |bucket: &BucketMargin| BucketFigures {
            bucket: bucket.bucket,
            equity: bucket.equity,
            // A requirement is below 2^90.
            requirement: times.of(bucket.requirement(level).unwrap_or(0)).cast_signed(),
        };
        self.buckets.iter().map(figures).collect()
    }
}
