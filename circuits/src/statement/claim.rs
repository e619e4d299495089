//! The claim's parts, and the disclosure (M6, M7).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::{Claim, Level, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::{CLAIM, DISCLOSED};

use super::PublicInputs;
use crate::gadgets::{Cell, Synthesizer};

/// What the prover writes of the claim.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct ClaimHints<F> {
    pub is_maintenance: F,
    pub is_initial: F,
    pub is_below: F,
}

impl<F: MarginField> ClaimHints<F> {
    pub(crate) fn new(claim: Claim) -> Self {
        let bit = |bit: bool| F::from(u64::from(bit));
        Self {
            is_maintenance: bit(claim.level() == Level::Maintenance),
            is_initial: bit(claim.level() == Level::Initial),
            is_below: bit(claim.side() == Side::Below),
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
}

/// Decodes the claim: `level + 4 below`, level 1, 2 or 3.
pub(crate) fn assign<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    claim: Value<&ClaimHints<F>>,
) -> Result<ClaimCells<F>, Error> {
    s.scope("claim");
    let is_maintenance = s.witness_bit("M6 maintenance", claim.map(|c| c.is_maintenance))?;
    let is_initial = s.witness_bit("M6 initial", claim.map(|c| c.is_initial))?;
    let is_below = s.witness_bit("M6 below", claim.map(|c| c.is_below))?;
    s.product_is_zero("M6 one level", &is_maintenance, &is_initial)?;
    let level = s.add_scaled("level", &is_maintenance, (F::from(2), &is_initial), F::ONE)?;
    let code = s.add_scaled("M6 code", &level, (F::from(4), &is_below), F::ZERO)?;
    s.equal(&code, &inputs[CLAIM])?;
    Ok(ClaimCells { is_maintenance, is_initial, is_below })
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
