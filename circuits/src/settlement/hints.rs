//! The values a prover is free to choose.
//!
//! Nothing here is trusted and nothing fails: a witness that breaks a clause gives
//! values that break that clause's constraint. Signs and the shortfall are worked out
//! from the cells they are of where they are not given, so that a test can lie about
//! them alone.

use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::{ARITY, Path};
use zkmargin_margin::portfolio::CASH_OFFSET;
use zkmargin_margin::settlement::{
    EXPIRY_BITS, OPTION_BIT, RANK_BITS, SettlementRow, SettlementWitness, UNDERLYING_BITS,
    expiry_of,
};
use zkmargin_margin::shape::Shape;

use crate::position::PositionHints;

/// What the prover chooses.
#[derive(Clone)]
pub struct Hints<F> {
    /// One per slot of the shape.
    pub slots: Vec<SlotHints<F>>,
    /// The shortfall in quote units.
    pub shortfall: Option<F>,
    /// What its rounding adds, in ten-thousandths.
    pub slack: Option<F>,
}

/// What the prover writes into a slot.
#[derive(Clone)]
#[allow(missing_docs)] // Named after the cells in `slot.rs`, `order.rs` and `expiry.rs`.
pub struct SlotHints<F> {
    pub padding: F,
    pub short: F,
    /// `|lots|`, less one for a short position.
    pub size_less_sign: F,
    /// Cash plus its offset.
    pub cash: F,
    pub is_option: F,
    /// Underlying and expiry of an option; the same bits of any other.
    pub expiry: F,
    /// Strike and type of an option; the same bits of any other.
    pub rank: F,
    pub is_long_only: F,
    pub is_call: F,
    pub mark: F,
    pub strike: F,
    pub extra: F,
    pub maintenance: F,
    pub initial: F,
    pub unpaired_maintenance: F,
    pub unpaired_initial: F,
    /// Children of the row's path, the lowest first.
    pub path: Vec<[F; ARITY]>,
    /// Whether the slot continues the expiry of the one before.
    pub same_expiry: F,
    /// Whether there are lots of the option.
    pub is_held: Option<F>,
    /// Whether the expiry that begins here loses at zero.
    pub loses_at_zero: Option<F>,
    /// Whether no loss before is as large as that at this strike.
    pub is_worse: Option<F>,
    /// Whether calls are short that none covers.
    pub is_naked: Option<F>,
    /// Whether the options are charged more one by one than they can lose.
    pub is_bounded: Option<F>,
}

/// Secret: shows nothing.
macro_rules! redacted {
    ($($name:ident),+) => {$(
        impl<F> std::fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
redacted!(Hints, SlotHints);

impl<F: MarginField> Hints<F> {
    /// The choices for a witness that fits the shape.
    pub(super) fn new(shape: Shape, witness: &SettlementWitness<F>) -> Self {
        let slots = (0..shape.settlement_positions()).map(|index| SlotHints::new(witness, index));
        Self { slots: slots.collect(), shortfall: None, slack: None }
    }
}

impl<F: MarginField> SlotHints<F> {
    /// Of the position itself.
    pub(super) fn position(&self) -> PositionHints<F> {
        let Self { short, size_less_sign, cash, padding, .. } = *self;
        PositionHints { short, size_less_sign, cash, padding }
    }

    /// The hints of slot `index`: a position's, or padding's behind the last.
    fn new(witness: &SettlementWitness<F>, index: usize) -> Self {
        let Some(slot) = witness.slots.get(index) else {
            let (row, path) = &witness.padding;
            return Self { padding: F::ONE, ..Self::of_row(row, path) };
        };
        let lots = slot.position.quantity;
        let short = bit(lots.is_short());
        let expiry = expiry_of(slot.position.instrument);
        let before = index.checked_sub(1).and_then(|before| {
            let before = witness.slots.get(before)?;
            expiry_of(before.position.instrument)
        });
        Self {
            short,
            size_less_sign: F::from(lots.magnitude()) - short,
            cash: F::from_i128(slot.position.cash.get()) + F::from_u128(CASH_OFFSET),
            same_expiry: bit(expiry.is_some() && expiry == before),
            ..Self::of_row(&slot.row, &slot.path)
        }
    }

    /// A position of no lots and no cash in a row's instrument.
    fn of_row(row: &SettlementRow, path: &Path<F>) -> Self {
        let id = row.instrument().get();
        let expiry = id >> RANK_BITS & ((1 << (UNDERLYING_BITS + EXPIRY_BITS)) - 1);
        let (charges, unpaired) = (row.charges(), row.unpaired());
        Self {
            padding: F::ZERO,
            short: F::ZERO,
            size_less_sign: F::ZERO,
            cash: F::from_u128(CASH_OFFSET),
            is_option: F::from(id >> OPTION_BIT),
            expiry: F::from(expiry),
            rank: F::from(id & ((1 << RANK_BITS) - 1)),
            is_long_only: bit(row.is_long_only()),
            is_call: bit(row.is_call()),
            mark: F::from(row.mark()),
            strike: F::from(row.strike()),
            extra: F::from(row.extra()),
            maintenance: F::from(charges.maintenance),
            initial: F::from(charges.initial),
            unpaired_maintenance: F::from(unpaired.maintenance),
            unpaired_initial: F::from(unpaired.initial),
            path: path.children().to_vec(),
            same_expiry: F::ZERO,
            is_held: None,
            loses_at_zero: None,
            is_worse: None,
            is_naked: None,
            is_bounded: None,
        }
    }
}

fn bit<F: MarginField>(bit: bool) -> F {
    F::from(u64::from(bit))
}
