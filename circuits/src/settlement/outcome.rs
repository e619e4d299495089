//! The balance of the claim's level, and the claim's side (M5, M6).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::MULTIPLIER_ONE;
use zkmargin_margin::field::MarginField;

use super::hints::Hints;
use crate::gadgets::{Cell, Synthesizer};
use crate::side::Scale;
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

/// The claim about a balance, and the shortfall.
pub(super) fn outcome<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    claim: &ClaimCells<F>,
    balance: &Cell<F>,
    hints: Value<&Hints<F>>,
) -> Result<Cell<F>, Error> {
    let one = F::from(MULTIPLIER_ONE.into());
    let scale = Scale { one, balance_bits: BALANCE_BITS, slack_bits: SLACK_BITS };
    scale.at_least(s, claim, balance)?;
    let below = claim.is_below.value().zip(balance.value());
    let solved = below.map(|(is_below, balance)| solve(*is_below * balance));
    let shortfall = hints.zip(solved).map(|(h, solved)| h.shortfall.unwrap_or(solved.0));
    let slack = hints.zip(solved).map(|(h, solved)| h.slack.unwrap_or(solved.1));
    let shortfall = s.witness_unchecked("M6 shortfall", shortfall)?;
    scale.below(s, claim, balance, (&shortfall, slack))?;
    Ok(shortfall)
}

/// Shortfall and slack of a balance; none of one that is not negative.
fn solve<F: MarginField>(balance: F) -> (F, F) {
    let bytes = (-balance).to_le_bytes();
    let (low, high) = bytes.split_at(16);
    let low = u128::from_le_bytes(std::array::from_fn(|i| low[i]));
    let deficit = if high.iter().all(|byte| *byte == 0) { low } else { 0 };
    let shortfall = deficit.div_ceil(u128::from(MULTIPLIER_ONE));
    let slack = shortfall * u128::from(MULTIPLIER_ONE) - deficit;
    (F::from_u128(shortfall), F::from_u128(slack))
}
