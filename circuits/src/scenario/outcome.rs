//! What the sums come to: the minimum charge, the worst loss, the balance, and
//! the claim's side (M5, M6).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::claim::MULTIPLIER_ONE;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{FACTOR_ONE, FINE_ONE, REGULAR_SCENARIOS, RELIEVED_FROM, SUM_BITS};

use super::hints::{TotalsHints, UnderlyingHints};
use super::loss::Losses;
use super::sums::{Extreme, absolute, witness_signed};
use super::terms::TermsCells;
use crate::gadgets::{Cell, Synthesizer};
use crate::side::Scale;
use crate::statement::claim::ClaimCells;

/// Bits of what lies between a profit or loss and the worst.
const WORST_BITS: u32 = 128;
/// Bits of a balance that is not negative.
const BALANCE_BITS: u32 = 176;
/// Bits of the slack of a shortfall, which is below
/// `FINE_ONE * FACTOR_ONE * MULTIPLIER_ONE`.
const SLACK_BITS: u32 = 88;

/// One quote unit on the scale of requirements.
fn requirement_one<F: MarginField>() -> F {
    F::from(FINE_ONE) * F::from(u64::from(FACTOR_ONE))
}

/// One quote unit on the scale of balances.
pub(super) fn balance_one<F: MarginField>() -> F {
    requirement_one::<F>() * F::from(u64::from(MULTIPLIER_ONE))
}

/// `|net delta|`, below `2^72`, as is the sum of all deltas.
pub(super) fn net_delta<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    deltas: &Cell<F>,
    net_delta: &Cell<F>,
    is_negative: Value<F>,
) -> Result<Cell<F>, Error> {
    s.range_check("M4 deltas", deltas, SUM_BITS)?;
    Ok(absolute(s, "net delta", net_delta, is_negative, SUM_BITS)?.0)
}

/// The minimum charge, times `FINE_ONE`:
/// `(net - half_hedged) |net delta| + half_hedged deltas + short_fee naked`.
pub(super) fn minimum_charge<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    terms: &TermsCells<F>,
    (deltas, net): (&Cell<F>, &Cell<F>),
    naked: &Cell<F>,
) -> Result<Cell<F>, Error> {
    let factor = s.sub("net less hedged", &terms.net, &terms.half_hedged)?;
    let charge = s.mul("net delta charge", &factor, net)?;
    let product = (&terms.half_hedged, deltas);
    let charge = s.mul_add("M5 delta charge", product, (F::ONE, &charge), F::ZERO)?;
    let short = s.mul("short charge", &terms.short_fee, naked)?;
    s.add_scaled("M5 minimum charge", &charge, (F::from(FINE_ONE), &short), F::ZERO)
}

/// What is added to the worst loss, times `FINE_ONE`: to the basis loss where it is
/// added, the rate of each tier of the net delta times what is beyond its threshold.
pub(super) fn added<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    terms: &TermsCells<F>,
    basis: Cell<F>,
    net: &Cell<F>,
    hints: Value<&UnderlyingHints<F>>,
) -> Result<Cell<F>, Error> {
    let mut added = basis;
    for (index, [from, rate]) in terms.delta_tiers.iter().enumerate() {
        // Thresholds are below 2^60: what is left up to one is below 2^72 either way.
        let name = format!("tier {index} less net delta");
        let left = s.sub(&name, from, net)?;
        let name = format!("left in tier {index}");
        let signed = witness_signed(s, &name, hints.map(|h| h.tiers_left[index]), SUM_BITS)?;
        s.equal(&signed.value, &left)?;
        let charge = (rate, &signed.negative);
        let name = format!("M5 added by tier {index}");
        added = s.mul_add(&name, charge, (F::ONE, &added), F::ZERO)?;
    }
    Ok(added)
}

/// What is lost at least, times `FINE_ONE`.
pub(super) struct Floors<F: MarginField> {
    /// The basis loss that is not added.
    pub(super) basis: Cell<F>,
    /// The minimum charge.
    pub(super) minimum: Cell<F>,
    /// What of a minimum charge is lost beside the worst loss.
    pub(super) beside: Cell<F>,
}

/// The worst of the scenarios, the basis loss that is not added and the minimum
/// charge.
pub(super) fn worst<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    terms: &TermsCells<F>,
    losses: &Losses<F>,
    floors: &Floors<F>,
    hints: Value<&UnderlyingHints<F>>,
) -> Result<Cell<F>, Error> {
    let worst = s.witness_unchecked("M5 worst", hints.map(|h| h.worst))?;
    let mut worst = Extreme::smallest("worst", worst, WORST_BITS);
    let basis = s.scale("basis pnl", -F::ONE, &floors.basis, F::ZERO)?;
    worst.add(s, &basis)?;
    let minimum = s.sub("minimum pnl", &floors.beside, &floors.minimum)?;
    worst.add(s, &minimum)?;
    let owed = s.scale("marks taken off", -F::ONE, &losses.mark, F::ZERO)?;
    for (index, pnl) in losses.pnl.iter().enumerate() {
        if index < REGULAR_SCENARIOS {
            let product = (&terms.dampening[index], &owed);
            let pnl = s.mul_add(&format!("M5 pnl {index}"), product, (F::ONE, pnl), F::ZERO)?;
            let pnl = relieved(s, terms, (index, &pnl), floors)?;
            worst.add(s, &pnl)?;
        } else {
            worst.add(s, pnl)?;
        }
    }
    worst.finish(s)
}

/// A scenario's profit or loss; of the last with its relief, less so often the minimum
/// charge.
fn relieved<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    terms: &TermsCells<F>,
    (index, pnl): (usize, &Cell<F>),
    floors: &Floors<F>,
) -> Result<Cell<F>, Error> {
    let last = index.checked_sub(RELIEVED_FROM);
    let of = |i: usize| Some((terms.reliefs.get(i)?, terms.adding.minimum_times.get(i)?));
    let Some((relief, times)) = last.and_then(of) else { return Ok(pnl.clone()) };
    let relief = (F::from(FINE_ONE), relief);
    let pnl = s.add_scaled(&format!("M5 relieved pnl {index}"), pnl, relief, F::ZERO)?;
    let pnl = s.add(&format!("M5 pnl {index} beside the minimum"), &pnl, &floors.beside)?;
    let charged = s.mul(&format!("times the minimum {index}"), times, &floors.minimum)?;
    s.sub(&format!("M5 pnl {index} less the minimum"), &pnl, &charged)
}

/// The maintenance part, and with initial margin the initial part on top: of
/// charges, or of what of them is a credit.
pub(super) fn of_level<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    claim: &ClaimCells<F>,
    (maintenance, initial): (&Cell<F>, &Cell<F>),
) -> Result<Cell<F>, Error> {
    let name = |what: &str| format!("{what} of the level: {name}");
    let either = s.add(&name("either"), &claim.is_maintenance, &claim.is_initial)?;
    let part = s.mul(&name("maintenance"), &either, maintenance)?;
    let product = (&claim.is_initial, initial);
    s.mul_add(&name("M5 parts"), product, (F::ONE, &part), F::ZERO)
}

/// What the account is worth, less what is required, losses and charges, and less
/// what the multiplier adds to them; credits count once.
pub(super) fn balance<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    claim: &ClaimCells<F>,
    (worth, pnl): (&Cell<F>, &Cell<F>),
    (charges, credits): (&Cell<F>, &Cell<F>),
) -> Result<Cell<F>, Error> {
    let one: F = requirement_one();
    let rest = s.sub("M5 worth less charges", worth, charges)?;
    let plain = s.add_scaled("M5 balance", pnl, (one, &rest), F::ZERO)?;
    let charged = s.add("charges without credits", charges, credits)?;
    let charged = s.add_scaled("losses and charges", pnl, (-one, &charged), F::ZERO)?;
    let product = (&claim.above_one, &charged);
    let times = F::from(u64::from(MULTIPLIER_ONE));
    s.mul_add("M5 balance by the multiplier", product, (times, &plain), F::ZERO)
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
    let shortfall = s.witness_unchecked("M6 shortfall", totals.map(|t| t.shortfall))?;
    scale.below(s, claim, balance, (&shortfall, totals.map(|t| t.slack)))?;
    Ok(shortfall)
}
