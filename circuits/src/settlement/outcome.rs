//! The balance of the claim's level, and the claim's side (M5, M6).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::MULTIPLIER_ONE;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::SHORTFALL_BITS;

use super::hints::Hints;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::ClaimCells;

/// Bits of a balance that is not negative.
const BALANCE_BITS: u32 = 104;
/// Bits of the slack of a shortfall, which is below [`MULTIPLIER_ONE`].
const SLACK_BITS: u32 = 16;

/// What counts less so many times what is required, in ten-thousandths.
pub(super) fn balance<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    claim: &ClaimCells<F>,
    counts: &Cell<F>,
    required: &Cell<F>,
) -> Result<Cell<F>, Error> {
    let one = F::from(MULTIPLIER_ONE.into());
    let times = s.scale("multiplier", F::ONE, &claim.above_one, one)?;
    let required = s.mul("M6 requirement times the multiplier", &times, required)?;
    let owed = s.scale("required below zero", -F::ONE, &required, F::ZERO)?;
    s.add_scaled("M5 balance", &owed, (one, counts), F::ZERO)
}

/// The claim about a balance, and the shortfall: `ceil(-balance / one)` under a
/// *below* claim, which is at least one; zero otherwise.
pub(super) fn outcome<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    claim: &ClaimCells<F>,
    balance: &Cell<F>,
    hints: Value<&Hints<F>>,
) -> Result<Cell<F>, Error> {
    let at_least = s.not("at least", &claim.is_below)?;
    let surplus = s.mul("balance where at least", &at_least, balance)?;
    s.range_check("M6 at least: balance", &surplus, BALANCE_BITS)?;

    let deficit = s.mul("balance where below", &claim.is_below, balance)?;
    let solved = deficit.value().map(solve);
    let shortfall = hints.zip(solved).map(|(h, solved)| h.shortfall.unwrap_or(solved.0));
    let slack = hints.zip(solved).map(|(h, solved)| h.slack.unwrap_or(solved.1));
    let shortfall = s.witness_ranged("M6 shortfall", shortfall, SHORTFALL_BITS)?;
    let slack = s.witness_ranged("M6 slack", slack, SLACK_BITS)?;
    let one = F::from(MULTIPLIER_ONE.into());
    let gap = s.scale("slack gap", -F::ONE, slack.cell(), one - F::ONE)?;
    s.range_check("M6 slack below its divisor", &gap, SLACK_BITS)?;
    // shortfall * one = slack - balance where below.
    let scaled = (one, shortfall.cell());
    let sum = s.add_scaled("shortfall and deficit", &deficit, scaled, F::ZERO)?;
    let difference = s.sub("M6 shortfall is the deficit", &sum, slack.cell())?;
    let zero = s.zero();
    s.equal(&difference, &zero)?;
    let excess = s.sub("shortfall less below", shortfall.cell(), &claim.is_below)?;
    s.range_check("M6 below: some shortfall", &excess, SHORTFALL_BITS)?;
    Ok(shortfall.cell().clone())
}

/// Shortfall and slack of a balance; none of one that is not negative.
fn solve<F: MarginField>(balance: &F) -> (F, F) {
    let bytes = (-*balance).to_le_bytes();
    let (low, high) = bytes.split_at(16);
    let low = u128::from_le_bytes(std::array::from_fn(|i| low[i]));
    let deficit = if high.iter().all(|byte| *byte == 0) { low } else { 0 };
    let shortfall = deficit.div_ceil(u128::from(MULTIPLIER_ONE));
    let slack = shortfall * u128::from(MULTIPLIER_ONE) - deficit;
    (F::from_u128(shortfall), F::from_u128(slack))
}
