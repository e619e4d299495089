//! The claim's parts, and the disclosure (M6, M7).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::{CLAIM_LEVERAGE, CLAIM_MULTIPLIER, Claim, DIAL_BITS, Level, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::{CLAIM, DISCLOSED};
use zkmargin_margin::statement::transition::AIM_KIND;

use super::PublicInputs;
use crate::gadgets::{Cell, Synthesizer};

/// What the prover writes of the claim.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct ClaimHints<F> {
    pub is_maintenance: F,
    pub is_initial: F,
    pub is_below: F,
    /// Ten-thousandths of the multiplier above one.
    pub above_one: F,
    /// Hundredths of the bound on leverage, zero for none.
    pub leverage: F,
}

impl<F: MarginField> ClaimHints<F> {
    pub(crate) fn new(claim: Claim) -> Self {
        let bit = |bit: bool| F::from(u64::from(bit));
        Self {
            is_maintenance: bit(claim.level() == Level::Maintenance),
            is_initial: bit(claim.level() == Level::Initial),
            is_below: bit(claim.side() == Side::Below),
            above_one: F::from(u64::from(claim.multiplier().above_one())),
            leverage: F::from(claim.leverage().map_or(0, |most| u64::from(most.get()))),
        }
    }
}

/// The claim, decoded: bits, at most one of the levels.
#[derive(Clone, Debug)]
pub struct ClaimCells<F: MarginField> {
    /// One for the level of the maintenance margin.
    pub is_maintenance: Cell<F>,
    /// One for the level of the initial margin; neither for the margin call.
    pub is_initial: Cell<F>,
    /// One for a *below* claim.
    pub is_below: Cell<F>,
    /// Ten-thousandths of the multiplier above one, below `2^24`.
    pub above_one: Cell<F>,
    /// Hundredths of the bound on leverage, below `2^24`, zero for none; `None` in
    /// a family that has no notional.
    pub leverage: Option<Cell<F>>,
}

/// Decodes the claim: `level + 4 below`, level 1, 2 or 3, then the dials at their
/// bits. Whoever has no notional has no bits of leverage either.
pub(crate) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    has_notional: bool,
    claim: Value<&ClaimHints<F>>,
) -> Result<ClaimCells<F>, Error> {
    assign_with(s, inputs, (has_notional, None), claim)
}

/// The same beside an aim's number, in range, at the aim's bits.
pub(crate) fn assign_with<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    (has_notional, aim): (bool, Option<&Cell<F>>),
    claim: Value<&ClaimHints<F>>,
) -> Result<ClaimCells<F>, Error> {
    s.scope("claim");
    let is_maintenance = s.witness_bit("M6 maintenance", claim.map(|c| c.is_maintenance))?;
    let is_initial = s.witness_bit("M6 initial", claim.map(|c| c.is_initial))?;
    let is_below = s.witness_bit("M6 below", claim.map(|c| c.is_below))?;
    s.product_is_zero("M6 one level", &is_maintenance, &is_initial)?;
    let level = s.add_scaled("level", &is_maintenance, (F::from(2), &is_initial), F::ONE)?;
    let side = s.add_scaled("level and side", &level, (F::from(4), &is_below), F::ZERO)?;
    let above_one = claim.map(|c| c.above_one);
    let above_one = s.witness_ranged("M6 multiplier above one", above_one, DIAL_BITS)?;
    let above_one = above_one.cell().clone();
    let mut parts = vec![(0, &side)];
    parts.extend(aim.map(|aim| (AIM_KIND, aim)));
    parts.push((CLAIM_MULTIPLIER, &above_one));
    let leverage = match has_notional {
        true => Some(assign_leverage(s, &is_below, claim)?),
        false => None,
    };
    parts.extend(leverage.iter().map(|leverage| (CLAIM_LEVERAGE, leverage)));
    // Level and side are three bits, an aim five, the dials in range: each ends
    // before the next.
    let code = s.pack_unchecked("M6 code", &parts)?;
    s.equal(&code, &inputs[CLAIM])?;
    Ok(ClaimCells { is_maintenance, is_initial, is_below, above_one, leverage })
}

/// The bound on leverage, which *below* claims do not have.
fn assign_leverage<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    is_below: &Cell<F>,
    claim: Value<&ClaimHints<F>>,
) -> Result<Cell<F>, Error> {
    let leverage = s.witness_ranged("M6 leverage", claim.map(|c| c.leverage), DIAL_BITS)?;
    s.product_is_zero("M6 leverage of at least alone", is_below, leverage.cell())?;
    Ok(leverage.cell().clone())
}

/// Constrains what is disclosed to be zero or the shortfall.
pub(crate) fn constrain_disclosed<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    shortfall: &Cell<F>,
) -> Result<(), Error> {
    let disclosed = &inputs[DISCLOSED];
    let difference = s.sub("disclosed less shortfall", disclosed, shortfall)?;
    s.product_is_zero("M7 disclosed", disclosed, &difference)
}
