//! The witness values of a slot, computed in one pure function.
//!
//! Nothing here is trusted and nothing fails: a witness that breaks a clause
//! gives values that break the constraint of that clause.

use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::portfolio::{CASH_OFFSET, Position};
use zkmargin_margin::standard::{CeilDiv, StandardWitness, TierRow};
use zkmargin_margin::units::{Amount, Lots};

/// Keeps a division of nonsense from overflowing.
const MAX_DIVIDEND: u128 = u128::MAX >> 1;

/// What the prover writes into a slot.
#[derive(Clone, Debug)]
pub(super) struct SlotHints<F> {
    pub(super) padding: bool,
    pub(super) new_bucket: bool,
    pub(super) position: Position,
    pub(super) row: TierRow,
    pub(super) path: Path<F>,
    pub(super) remainder: u128,
    /// Notional less the tier's first notional; negative when it is below.
    pub(super) above: i128,
    pub(super) maintenance_marginal: CeilDiv,
    pub(super) maintenance_scaled: CeilDiv,
    pub(super) initial_marginal: CeilDiv,
}

impl<F: MarginField> SlotHints<F> {
    /// The hints of slot `index`: a position's, or padding's behind the last.
    pub(super) fn new(witness: &StandardWitness<F>, index: usize) -> Self {
        let last_bucket =
            witness.slots.last().map_or_else(Default::default, |slot| slot.position.bucket);
        let (padding, position, row, path) = match witness.slots.get(index) {
            Some(slot) => (false, slot.position.clone(), slot.row, slot.path.clone()),
            None => {
                let (row, path) = witness.padding.clone();
                let position = Position {
                    bucket: last_bucket,
                    instrument: row.instrument,
                    quantity: Lots::ZERO,
                    cash: Amount::ZERO,
                };
                (true, position, row, path)
            }
        };
        let previous = index
            .checked_sub(1)
            .map(|i| witness.slots.get(i).map_or(last_bucket, |slot| slot.position.bucket));
        let new_bucket = previous.is_some_and(|bucket| bucket != position.bucket);

        let product = u128::from(position.quantity.magnitude()) * u128::from(row.price.mantissa());
        let unit = u128::from(row.price.unit());
        // At most 2^127: a position out of range shows as one.
        let excess = (product / unit).cast_signed() - row.lower.get().cast_signed();
        let denominator = u128::from(witness.header.denominator.get());
        let scale = |amount: u128, rate: u32| {
            // Overflows only where the notional is out of range, which M4 refuses.
            CeilDiv::new(
                amount.checked_mul(rate.into()).map_or(0, |x| x.min(MAX_DIVIDEND)),
                denominator,
            )
        };
        let dividend = excess.max(0).unsigned_abs();
        let maintenance_marginal = scale(dividend, row.maintenance.rate.get());
        Self {
            padding,
            new_bucket,
            remainder: product % unit,
            above: excess - i128::from(row.lower_exclusive),
            maintenance_marginal,
            maintenance_scaled: scale(
                maintenance_marginal.quotient,
                row.maintenance_fraction.get(),
            ),
            initial_marginal: scale(dividend, row.initial.rate.get()),
            position,
            row,
            path,
        }
    }

    /// `|quantity|`, less one for a short position.
    pub(super) fn magnitude_less_sign(&self) -> F {
        let quantity = self.position.quantity;
        F::from(quantity.magnitude()) - F::from(u64::from(quantity.is_short()))
    }

    /// Cash plus its offset.
    pub(super) fn cash(&self) -> F {
        F::from_i128(self.position.cash.get()) + F::from_u128(CASH_OFFSET)
    }

    /// The children of the path, the lowest first.
    pub(super) fn children(&self) -> &[[F; ARITY]] {
        self.path.children()
    }
}
