//! Neighbouring slots: canonical order (M4) and netting by strike (M5).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;

use super::hints::SlotHints;
use super::slot::ScenarioSlot;
use super::sums::absolute;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::INSTRUMENT_BITS;

/// Bits of the net lots of a strike, either way.
const NET_BITS: u32 = 40;

/// Constrains the order of two neighbours: listed slots strictly ascend by
/// instrument and come first. Returns one when the slot is the put to the
/// previous slot's call.
pub(super) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    previous: &ScenarioSlot<F>,
    slot: &ScenarioSlot<F>,
    hints: Value<&SlotHints<F>>,
) -> Result<Cell<F>, Error> {
    let (earlier, later) = (&previous.common, &slot.common);
    s.product_is_zero("M4 padding is last", &earlier.unlisted, &later.listed)?;
    let same = s.witness_bit("M5 same strike", hints.map(|h| h.same_strike))?;
    s.product_is_zero("M5 same strike is used", &same, &later.unlisted)?;
    let step = s.sub("strike step", &slot.instrument.strike, &previous.instrument.strike)?;
    s.product_is_zero("M5 same strike has no step", &same, &step)?;

    // Two different strikes ascend; of one strike the call comes first.
    let step = s.add_scaled("strike step less one", &step, (F::ONE, &same), -F::ONE)?;
    let step = s.mul("strike step where used", &later.listed, &step)?;
    s.range_check("M4 strike ascends", &step, INSTRUMENT_BITS)?;
    let (first, second) = (&previous.instrument.low, &slot.instrument.low);
    let disorder = s.add_scaled("put before call", first, (-F::ONE, second), F::ONE)?;
    s.product_is_zero("M4 call before put", &same, &disorder)?;
    Ok(same)
}

/// Naked shorts, slot by slot.
#[derive(Debug)]
pub(super) struct Netting<F: MarginField> {
    /// Net option lots of the strike up to the last slot, and what of them is
    /// short.
    open: Option<(Cell<F>, Cell<F>)>,
    /// Of the strikes that have ended.
    naked: Cell<F>,
}

impl<F: MarginField> Netting<F> {
    /// No slot yet.
    pub(super) fn new<L: Layouter<F>>(s: &Synthesizer<'_, F, L>) -> Self {
        Self { open: None, naked: s.zero() }
    }

    /// Adds a slot; `same_strike` is missing for the first.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        slot: &ScenarioSlot<F>,
        same_strike: Option<&Cell<F>>,
        hints: Value<&SlotHints<F>>,
    ) -> Result<(), Error> {
        let lots = slot.option_lots.clone();
        let net = match (self.open.take(), same_strike) {
            (Some((net, short)), Some(same)) => {
                let ends = s.not("strike ends", same)?;
                self.end(s, &ends, &short)?;
                s.mul_add("M5 net lots", (same, &net), (F::ONE, &lots), F::ZERO)?
            }
            _ => lots,
        };
        let is_negative = hints.map(|h| h.net_is_negative);
        let (absolute, negative) = absolute(s, "net lots", &net, is_negative, NET_BITS)?;
        let short = s.mul("M5 net short", &negative, &absolute)?;
        self.open = Some((net, short));
        Ok(())
    }

    fn end<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        ends: &Cell<F>,
        short: &Cell<F>,
    ) -> Result<(), Error> {
        self.naked = s.mul_add("M5 naked", (ends, short), (F::ONE, &self.naked), F::ZERO)?;
        Ok(())
    }

    /// All naked shorts.
    pub(super) fn finish<L: Layouter<F>>(
        mut self,
        s: &mut Synthesizer<'_, F, L>,
    ) -> Result<Cell<F>, Error> {
        if let Some((_, short)) = self.open.take() {
            let one = s.one();
            self.end(s, &one, &short)?;
        }
        Ok(self.naked)
    }
}
