//! Neighbouring slots: canonical order (M4), and where an expiry goes on.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::settlement::VALUE_BITS;

use super::hints::SlotHints;
use super::slot::{EXPIRY_KEY_BITS, SettlementSlot};
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::INSTRUMENT_BITS;

/// Constrains the order of two neighbours: listed slots strictly ascend by instrument
/// and come first. Returns one where the slot is an option of the previous one's
/// expiry, and no higher strike was before it.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    previous: &SettlementSlot<F>,
    slot: &SettlementSlot<F>,
    hints: Value<&SlotHints<F>>,
) -> Result<Cell<F>, Error> {
    let (earlier, later) = (&previous.common, &slot.common);
    s.product_is_zero("M4 padding is last", &earlier.unlisted, &later.listed)?;
    let (first, second) = (&previous.instrument, &slot.instrument);
    let ascent = (-F::ONE, &first.number);
    let step = s.add_scaled("instrument step less one", &second.number, ascent, -F::ONE)?;
    let step = s.mul("instrument step where listed", &later.listed, &step)?;
    s.range_check("M4 instrument ascends", &step, INSTRUMENT_BITS)?;

    let same = s.witness_bit("M4 same expiry", hints.map(|h| h.same_expiry))?;
    s.product_is_zero("M4 same expiry is listed", &same, &later.unlisted)?;
    let step = s.sub("expiry step", &second.expiry, &first.expiry)?;
    s.product_is_zero("M4 same expiry has no step", &same, &step)?;
    let other = s.not("no option of an expiry", &second.is_option)?;
    s.product_is_zero("M4 same expiry is of options", &same, &other)?;
    // Listed options of another expiry are of a later one; an option is later than all else.
    let later_option = s.mul("listed option", &later.listed, &second.is_option)?;
    let step = s.add_scaled("expiry step less one", &step, (F::ONE, &same), -F::ONE)?;
    let step = s.mul("expiry step of options", &later_option, &step)?;
    s.range_check("M4 expiry ascends", &step, EXPIRY_KEY_BITS)?;

    let step = s.sub("strike step", &slot.row.strike, &previous.row.strike)?;
    let step = s.mul("strike step in an expiry", &same, &step)?;
    s.range_check("M3 strike ascends", &step, VALUE_BITS)?;
    Ok(same)
}
