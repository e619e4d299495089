//! What was held before, and whether that is a change (T1, T3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::statement::transition::{
    CASH_CHANGE_OFFSET, ENTRY_BUCKET, ENTRY_CASH, ENTRY_LOTS, ENTRY_PRESENT, LOTS_OFFSET,
};

use super::hints::TransitionHints;
use crate::figures::SlotCells;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::held::{self, CASH_ABOVE, Names, pack, power};

/// What was held.
const BEFORE: Names = Names {
    lots: "M4 lots before",
    cash: "M4 cash before",
    contents: "contents before",
    nothing: "T1 not held is nothing",
    word: "T1 word",
    word_where_held: "T1 word where held",
};

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

        let told = (hints.map(|h| h.lots), hints.map(|h| h.cash));
        let was = held::assign(s, &BEFORE, &slot.parts, (&held, &not_held), told)?;
        let word = was.word;

        let lots = s.sub("T3 more lots", &slot.parts.lots, &was.lots)?;
        let cash = s.sub("T3 more cash", &slot.parts.cash, &was.cash)?;
        let changed = s.witness_bit("T3 changed", hints.map(|h| h.changed))?;
        s.product_is_zero("T3 changed is listed", &changed, &slot.unlisted)?;
        let unchanged = s.not("unchanged", &changed)?;
        let above = power(CASH_ABOVE);
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
