//! The values a prover is free to choose, computed in one pure function.
//!
//! Nothing here is trusted and nothing fails: a witness that breaks a clause
//! gives values that break that clause's constraint. All of them are field
//! elements, bits included, so that a test can put any lie in any place.

use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::portfolio::{CASH_OFFSET, Position};
use zkmargin_margin::standard::{CeilDiv, StandardWitness, TierRow};
use zkmargin_margin::units::{Amount, Lots};

/// Keeps the division of a notional out of range from overflowing.
const MAX_DIVIDEND: u128 = u128::MAX >> 1;

/// What the prover chooses.
#[derive(Clone)]
pub struct Hints<F> {
    /// One per slot of the shape.
    pub slots: Vec<SlotHints<F>>,
    /// The shortfall in quote units and what the rounding adds; worked out from
    /// the sum of the gaps when it is not given.
    pub shortfall: Option<Division<F>>,
}

/// What the prover writes into a slot.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `slot.rs` and `order.rs`.
pub struct SlotHints<F> {
    pub padding: F,
    /// Of the bucket's number less the previous slot's, 0 before the first; zero
    /// without a step.
    pub bucket_step_inverse: F,
    pub short: F,
    /// The lowest 56 bits of the quantity, `2^63` added to a short one.
    pub quantity_tail: F,
    /// The seven bits above them.
    pub quantity_head: F,
    /// Cash plus its offset.
    pub cash: F,
    pub instrument: F,
    pub bucket: F,
    pub direction: F,
    pub lower_exclusive: F,
    pub mantissa: F,
    pub unit: F,
    pub lower: F,
    pub upper: F,
    pub maintenance_rate: F,
    pub maintenance_fraction: F,
    pub maintenance_base: F,
    pub initial_rate: F,
    pub initial_base: F,
    /// The notional less the tier's first; negative when it is below.
    pub above: F,
    pub notional_remainder: F,
    pub maintenance_marginal: Division<F>,
    pub maintenance_scaled: Division<F>,
    pub initial_marginal: Division<F>,
    /// Children of the row's path, the lowest first.
    pub path: Vec<[F; ARITY]>,
    /// Whether the bucket's running deficit is positive; worked out from the
    /// deficit itself when it is not given.
    pub deficit_is_positive: Option<F>,
}

/// Secret: shows nothing.
impl<F> std::fmt::Debug for SlotHints<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SlotHints(..)")
    }
}

/// Secret: shows nothing.
impl<F> std::fmt::Debug for Hints<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hints(..)")
    }
}

/// A witnessed division.
#[derive(Clone, Copy)]
#[allow(missing_docs)]
pub struct Division<F> {
    pub quotient: F,
    pub slack: F,
}

impl<F: MarginField> SlotHints<F> {
    /// The hints of slot `index`: a position's, or padding's behind the last.
    pub(super) fn new(witness: &StandardWitness<F>, index: usize) -> Self {
        let bucket_of = |index: usize| {
            let slot = witness.slots.get(index).or(witness.slots.last());
            slot.map_or_else(Default::default, |slot| slot.position.bucket)
        };
        let bucket = bucket_of(index);
        let before = index.checked_sub(1).map_or_else(Default::default, bucket_of);
        let step = F::from(u64::from(bucket.get())) - F::from(u64::from(before.get()));
        let denominator = u128::from(witness.header.denominator.get());
        let (padding, position, row, path) = match witness.slots.get(index) {
            Some(slot) => (false, slot.position.clone(), slot.row, &slot.path),
            None => {
                let (row, path) = &witness.padding;
                let (quantity, cash) = (Lots::ZERO, Amount::ZERO);
                let instrument = row.instrument;
                (true, Position { bucket, instrument, quantity, cash }, *row, path)
            }
        };
        Self {
            padding: bit(padding),
            bucket_step_inverse: step.invert().unwrap_or(F::ZERO),
            ..Self::of_position(&position, &row, path, denominator)
        }
    }

    fn of_position(position: &Position, row: &TierRow, path: &Path<F>, denominator: u128) -> Self {
        let quantity = position.quantity;
        let short = u64::from(quantity.is_short());
        // Two's complement without its sign.
        let number = quantity.get().cast_unsigned() & (u64::MAX >> 1);
        let product = u128::from(quantity.magnitude()) * u128::from(row.price.mantissa());
        let unit = u128::from(row.price.unit());
        // Both are below 2^127.
        let excess = (product / unit).cast_signed() - row.lower.get().cast_signed();
        let scale = |amount: u128, rate: u32| {
            let dividend = amount.checked_mul(rate.into()).unwrap_or(MAX_DIVIDEND);
            CeilDiv::new(dividend.min(MAX_DIVIDEND), denominator)
        };
        let dividend = excess.max(0).unsigned_abs();
        let marginal = scale(dividend, row.maintenance.rate.get());
        let scaled = scale(marginal.quotient, row.maintenance_fraction.get());
        Self {
            padding: F::ZERO,
            bucket_step_inverse: F::ZERO,
            short: F::from(short),
            quantity_tail: F::from(number & ((1 << 56) - 1)),
            quantity_head: F::from(number >> 56),
            cash: F::from_i128(position.cash.get()) + F::from_u128(CASH_OFFSET),
            instrument: F::from(position.instrument.get()),
            bucket: F::from(u64::from(position.bucket.get())),
            direction: F::from(row.direction as u64),
            lower_exclusive: bit(row.lower_exclusive),
            mantissa: F::from(row.price.mantissa()),
            unit: F::from(row.price.unit()),
            lower: F::from_u128(row.lower.get()),
            upper: F::from_u128(row.upper.get()),
            maintenance_rate: F::from(u64::from(row.maintenance.rate.get())),
            maintenance_fraction: F::from(u64::from(row.maintenance_fraction.get())),
            maintenance_base: F::from_u128(row.maintenance.base.get()),
            initial_rate: F::from(u64::from(row.initial.rate.get())),
            initial_base: F::from_u128(row.initial.base.get()),
            above: F::from_i128(excess - i128::from(row.lower_exclusive)),
            notional_remainder: F::from_u128(product % unit),
            maintenance_marginal: marginal.into(),
            maintenance_scaled: scaled.into(),
            initial_marginal: scale(dividend, row.initial.rate.get()).into(),
            path: path.children().to_vec(),
            deficit_is_positive: None,
        }
    }
}

impl<F: MarginField> From<CeilDiv> for Division<F> {
    fn from(division: CeilDiv) -> Self {
        Self { quotient: F::from_u128(division.quotient), slack: F::from_u128(division.slack) }
    }
}

fn bit<F: MarginField>(bit: bool) -> F {
    F::from(u64::from(bit))
}
