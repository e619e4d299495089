//! The side of a claim about a balance (M6), as the families of one bucket constrain it.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::SHORTFALL_BITS;

use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::ClaimCells;

/// What balances of a family are counted in.
pub(crate) struct Scale<F> {
    /// One quote unit.
    pub(crate) one: F,
    /// Bits of a balance that is not negative.
    pub(crate) balance_bits: u32,
    /// Bits of the slack of a shortfall, which is below `one`.
    pub(crate) slack_bits: u32,
}

impl<F: MarginField> Scale<F> {
    /// The balance is not negative under an *at least* claim.
    ///
    /// # Errors
    /// When the circuit is out of rows; so for every method.
    pub(crate) fn at_least<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        claim: &ClaimCells<F>,
        balance: &Cell<F>,
    ) -> Result<(), Error> {
        let at_least = s.not("at least", &claim.is_below)?;
        let surplus = s.mul("balance where at least", &at_least, balance)?;
        s.range_check("M6 at least: balance", &surplus, self.balance_bits)?;
        Ok(())
    }

    /// The shortfall is `ceil(-balance / one)` under a *below* claim, which is at least
    /// one, and zero otherwise; it is in range by that.
    pub(crate) fn below<L: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, L>,
        claim: &ClaimCells<F>,
        balance: &Cell<F>,
        (shortfall, slack): (&Cell<F>, Value<F>),
    ) -> Result<(), Error> {
        let slack = s.witness_ranged("M6 slack", slack, self.slack_bits)?;
        let gap = s.scale("slack gap", -F::ONE, slack.cell(), self.one - F::ONE)?;
        s.range_check("M6 slack below its divisor", &gap, self.slack_bits)?;
        let deficit = s.mul("balance where below", &claim.is_below, balance)?;
        // shortfall * one = slack - balance where below.
        let scaled = (self.one, shortfall);
        let sum = s.add_scaled("shortfall and deficit", &deficit, scaled, F::ZERO)?;
        let difference = s.sub("M6 shortfall is the deficit", &sum, slack.cell())?;
        let zero = s.zero();
        s.equal(&difference, &zero)?;
        let excess = s.sub("shortfall less below", shortfall, &claim.is_below)?;
        s.range_check("M6 below: some shortfall", &excess, SHORTFALL_BITS)?;
        Ok(())
    }
}
