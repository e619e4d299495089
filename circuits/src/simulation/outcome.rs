//! The balance of the claim's level, and the claim's side (M5, M6).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::MULTIPLIER_ONE;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::SHORTFALL_BITS;
use zkmargin_margin::simulation::WEIGHT_ONE;

use super::hints::TotalsHints;
use super::terms::TermsCells;
use crate::gadgets::{Cell, Synthesizer};
use crate::side::Scale;
use crate::statement::claim::ClaimCells;

/// Bits of a balance that is not negative.
const BALANCE_BITS: u32 = 144;
/// Bits of the slack of a shortfall, which is below one quote unit.
const SLACK_BITS: u32 = 56;

/// One quote unit on the scale of balances.
fn balance_one<F: MarginField>() -> F {
    F::from(WEIGHT_ONE) * F::from(MULTIPLIER_ONE.into())
}

/// What a level weighs; none is below zero.
pub(super) struct Risks<F: MarginField> {
    pub(super) shortfall: Cell<F>,
    pub(super) var: Cell<F>,
    pub(super) stress: Cell<F>,
}

/// Equity less so many times what the claim's level needs, over
/// `WEIGHT_ONE * MULTIPLIER_ONE`.
pub(super) fn balance<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    (terms, claim): (&TermsCells<F>, &ClaimCells<F>),
    risks: &Risks<F>,
    (worth, (maintenance, initial)): (&Cell<F>, (&Cell<F>, &Cell<F>)),
) -> Result<Cell<F>, Error> {
    let mut risk = s.zero();
    let all = [("shortfall", &risks.shortfall), ("var", &risks.var), ("stress", &risks.stress)];
    for ((name, loss), (low, high)) in
        all.into_iter().zip(terms.maintenance.iter().zip(&terms.initial))
    {
        let weight = s.mul(&format!("maintenance weight of {name}"), &claim.is_maintenance, low)?;
        let product = (&claim.is_initial, high);
        let name = format!("M5 weight of {name}");
        let weight = s.mul_add(&name, product, (F::ONE, &weight), F::ZERO)?;
        risk = s.mul_add(
            &format!("{name} times the loss"),
            (&weight, loss),
            (F::ONE, &risk),
            F::ZERO,
        )?;
    }
    let either = s.add("maintenance or initial", &claim.is_maintenance, &claim.is_initial)?;
    let charges = s.mul("maintenance charges", &either, maintenance)?;
    let product = (&claim.is_initial, initial);
    let charges = s.mul_add("M5 charges of the level", product, (F::ONE, &charges), F::ZERO)?;
    let charges = (F::from(WEIGHT_ONE), &charges);
    let required = s.add_scaled("M5 requirement", &risk, charges, F::ZERO)?;
    let one = F::from(MULTIPLIER_ONE.into());
    let times = s.scale("multiplier", F::ONE, &claim.above_one, one)?;
    let required = s.mul("M6 requirement times the multiplier", &times, &required)?;
    let owed = s.scale("required below zero", -F::ONE, &required, F::ZERO)?;
    s.add_scaled("M5 balance", &owed, (balance_one(), worth), F::ZERO)
}

/// The claim about a balance, and the shortfall.
pub(super) fn outcome<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    claim: &ClaimCells<F>,
    balance: &Cell<F>,
    totals: Value<&TotalsHints<F>>,
) -> Result<Cell<F>, Error> {
    let one = balance_one();
    let scale = Scale { one, balance_bits: BALANCE_BITS, slack_bits: SLACK_BITS };
    scale.at_least(s, claim, balance)?;
    let shortfall = totals.map(|t| t.shortfall);
    let shortfall = s.witness_ranged("M6 shortfall", shortfall, SHORTFALL_BITS)?;
    scale.below(s, claim, balance, (shortfall.cell(), totals.map(|t| t.slack)))?;
    Ok(shortfall.cell().clone())
}
