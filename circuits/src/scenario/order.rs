//! Neighbouring slots: canonical order (M4) and netting by strike (M5).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;

use super::hints::SlotHints;
use super::slot::ScenarioSlot;
use super::sums::{absolute, apart};
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
    if let (Some(first), Some(second)) = (&previous.row.second, &slot.row.second) {
        let other = s.sub("other underlying", first, second)?;
        s.product_is_zero("M3 one underlying of a strike", &same, &other)?;
    }
    Ok(same)
}

/// Naked shorts, slot by slot.
#[derive(Debug)]
pub(super) struct Netting<F: MarginField> {
    open: Option<Open<F>>,
    /// Of the strikes that have ended, on all underlyings.
    naked: Cell<F>,
    /// What of them is on the second of two.
    second: Option<Cell<F>>,
}

/// The strike of the last slot.
#[derive(Debug)]
struct Open<F: MarginField> {
    /// Its net option lots, and what of them is short.
    net: Cell<F>,
    short: Cell<F>,
    /// What of that is on the second of two underlyings.
    second: Option<Cell<F>>,
}

impl<F: MarginField> Netting<F> {
    /// No slot yet.
    pub(super) fn new<L: Layouter<F>>(s: &Synthesizer<'_, F, L>, underlyings: usize) -> Self {
        let second = (underlyings > 1).then(|| s.zero());
        Self { open: None, naked: s.zero(), second }
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
            (Some(open), Some(same)) => {
                let ends = s.not("strike ends", same)?;
                self.end(s, &ends, &open)?;
                s.mul_add("M5 net lots", (same, &open.net), (F::ONE, &lots), F::ZERO)?
            }
            _ => lots,
        };
        let is_negative = hints.map(|h| h.net_is_negative);
        let (absolute, negative) = absolute(s, "net lots", &net, is_negative, NET_BITS)?;
        let short = s.mul("M5 net short", &negative, &absolute)?;
        let second = match &slot.row.second {
            Some(second) => Some(s.mul("M5 net short of the second", second, &short)?),
            None => None,
        };
        self.open = Some(Open { net, short, second });
        Ok(())
    }

    fn end<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        ends: &Cell<F>,
        open: &Open<F>,
    ) -> Result<(), Error> {
        let short = (ends, &open.short);
        self.naked = s.mul_add("M5 naked", short, (F::ONE, &self.naked), F::ZERO)?;
        if let (Some(naked), Some(short)) = (&self.second, &open.second) {
            let short = (ends, short);
            let naked = s.mul_add("M5 naked of the second", short, (F::ONE, naked), F::ZERO)?;
            self.second = Some(naked);
        }
        Ok(())
    }

    /// The naked shorts on each underlying.
    pub(super) fn finish<L: Layouter<F>>(
        mut self,
        s: &mut Synthesizer<'_, F, L>,
    ) -> Result<Vec<Cell<F>>, Error> {
        if let Some(open) = self.open.take() {
            let one = s.one();
            self.end(s, &one, &open)?;
        }
        apart(s, "M5 naked of the first", self.naked, self.second)
    }
}
