//! What was held before, and whether that is a change (T1, T3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::{
    CASH_OFFSET, QUANTITY_OFFSET, WORD_BUCKET, WORD_CASH, WORD_PRESENT, WORD_QUANTITY,
};
use zkmargin_margin::statement::transition::{
    CASH_CHANGE_OFFSET, ENTRY_BUCKET, ENTRY_CASH, ENTRY_LOTS, ENTRY_PRESENT, LOTS_OFFSET,
};
use zkmargin_margin::units::NOTIONAL_BITS;

use super::hints::TransitionHints;
use crate::figures::{SlotCells, WordCells};
use crate::gadgets::{Cell, Synthesizer};

/// Bits of lots plus their offset.
const LOTS_BITS: u32 = 64;
/// Where cash begins when lots and cash are looked at as one: lots, and what they
/// differ by, are below it either way.
const CASH_ABOVE: u32 = 72;

/// What stands beside a slot.
pub(super) struct TransitionCells<F: MarginField> {
    /// One for a position that was held before.
    pub(super) held: Cell<F>,
    /// Its word before, zero when it was not held.
    pub(super) word: Cell<F>,
    /// One for a slot that an entry is about.
    pub(super) changed: Cell<F>,
    /// One for any other.
    pub(super) unchanged: Cell<F>,
    /// The entry's word, if it is one.
    pub(super) entry: Cell<F>,
}

impl<F: MarginField> TransitionCells<F> {
    /// Assigns what was held, lists the slot if it is in either portfolio, and
    /// constrains it to be as it was unless it is changed.
    pub(super) fn assign<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        slot: &mut SlotCells<F>,
        hints: Value<&TransitionHints<F>>,
    ) -> Result<Self, Error> {
        let held = s.witness_bit("T1 held", hints.map(|h| h.held))?;
        let not_held = s.not("not held before", &held)?;
        slot.unlisted = s.mul("in neither portfolio", &slot.padding, &not_held)?;
        slot.listed = s.not("listed", &slot.unlisted)?;

        let lots = s.witness_ranged("M4 lots before", hints.map(|h| h.lots), LOTS_BITS)?;
        let cash = s.witness_ranged("M4 cash before", hints.map(|h| h.cash), NOTIONAL_BITS)?;
        let (lots, cash) = (lots.cell(), cash.cell());
        // No lots and no cash, in one: the offsets and nothing else.
        let above = power::<F>(CASH_ABOVE);
        let nothing = -F::from_u128(QUANTITY_OFFSET) - above * F::from_u128(CASH_OFFSET);
        let contents = s.add_scaled("contents before", lots, (above, cash), nothing)?;
        s.product_is_zero("T1 not held is nothing", &not_held, &contents)?;
        let offsets = (WORD_BUCKET, WORD_QUANTITY, WORD_CASH, power(WORD_PRESENT));
        let word = pack(s, "T1 word", &slot.parts, offsets, (lots, cash))?;
        let word = s.mul("T1 word where held", &held, &word)?;

        let lots = s.sub("T3 more lots", &slot.parts.lots, lots)?;
        let cash = s.sub("T3 more cash", &slot.parts.cash, cash)?;
        let changed = s.witness_bit("T3 changed", hints.map(|h| h.changed))?;
        s.product_is_zero("T3 changed is listed", &changed, &slot.unlisted)?;
        let unchanged = s.not("unchanged", &changed)?;
        let change = s.add_scaled("change", &lots, (above, &cash), F::ZERO)?;
        s.product_is_zero("T3 unchanged is as before", &unchanged, &change)?;
        let shifted = F::from_u128(LOTS_OFFSET) * power::<F>(ENTRY_LOTS)
            + F::from_u128(CASH_CHANGE_OFFSET) * power::<F>(ENTRY_CASH)
            + power::<F>(ENTRY_PRESENT);
        let offsets = (ENTRY_BUCKET, ENTRY_LOTS, ENTRY_CASH, shifted);
        let entry = pack(s, "T3 entry", &slot.parts, offsets, (&lots, &cash))?;
        Ok(Self { held, word, changed, unchanged, entry })
    }
}

pub(super) fn power<F: MarginField>(bits: u32) -> F {
    F::from(2).pow_vartime([u64::from(bits)])
}

/// Instrument, bucket, lots, cash and a constant in one element. The first two are
/// in range by the slot; the last two must fit their places with the constant.
pub(super) fn pack<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    parts: &WordCells<F>,
    (bucket, lots, cash, constant): (u32, u32, u32, F),
    (lots_cell, cash_cell): (&Cell<F>, &Cell<F>),
) -> Result<Cell<F>, Error> {
    let key = match &parts.bucket {
        Some(cell) => {
            let term = (power(bucket), cell);
            s.add_scaled(&format!("{name} key"), &parts.instrument, term, F::ZERO)?
        }
        None => parts.instrument.clone(),
    };
    let term = (power(lots), lots_cell);
    let packed = s.add_scaled(&format!("{name} lots"), &key, term, F::ZERO)?;
    s.add_scaled(&format!("{name} cash"), &packed, (power(cash), cash_cell), constant)
}
