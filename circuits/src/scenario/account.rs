//! The account: sums over all slots, the worst loss, the balance (M5 to M7).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::SHORTFALL_BITS;
use zkmargin_margin::scenario::{FACTOR_ONE, FINE_ONE, SUM_BITS, VALUE_ELEMENTS};

use super::expiry::Expiry;
use super::hints::{Assignment, SlotHints, TotalsHints};
use super::loss::{Losses, unpack_all};
use super::order::{self, Netting};
use super::slot::SlotCells;
use super::sums::{Extreme, absolute, unpack, witness_signed};
use super::terms::{FINE_BITS, TermsCells};
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::PublicInputs;
use crate::statement::claim::{ClaimCells, constrain_disclosed};

/// Bits of what lies between a profit or loss and the worst.
const WORST_BITS: u32 = 128;
/// Bits of a balance that is not negative.
const BALANCE_BITS: u32 = 160;
/// Bits of the slack of a shortfall, which is below `FINE_ONE * FACTOR_ONE`.
const SLACK_BITS: u32 = 72;

/// Sums over the slots so far.
pub(super) struct Account<F: MarginField> {
    /// Packed sums of values, of all but options.
    linear: Vec<Cell<F>>,
    /// Marks outside of expiries.
    collateral: Cell<F>,
    cash: Cell<F>,
    /// Packed sum of the charges.
    charges: Cell<F>,
    /// Notional of all deltas, and of the long less the short ones.
    deltas: Cell<F>,
    net_delta: Cell<F>,
    options_fee: Extreme<F>,
    netting: Netting<F>,
}

impl<F: MarginField> Account<F> {
    /// No slot yet. Without a perpetual the fee on options is zero.
    pub(super) fn new<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        totals: Value<&TotalsHints<F>>,
    ) -> Result<Self, Error> {
        s.scope("account");
        let fee = s.witness_unchecked("M5 options fee", totals.map(|t| t.options_fee))?;
        let mut options_fee = Extreme::largest("options fee", fee, FINE_BITS);
        let zero = s.zero();
        options_fee.add(s, &zero)?;
        Ok(Self {
            linear: vec![zero.clone(); VALUE_ELEMENTS - 1],
            collateral: zero.clone(),
            cash: zero.clone(),
            charges: zero.clone(),
            deltas: zero.clone(),
            net_delta: zero,
            options_fee,
            netting: Netting::new(s),
        })
    }

    /// Adds a slot.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        slot: &SlotCells<F>,
        previous: Option<&SlotCells<F>>,
        hints: Value<&SlotHints<F>>,
    ) -> Result<(), Error> {
        let same_strike = match previous {
            Some(previous) => Some(order::assign(s, previous, slot, hints)?),
            None => None,
        };
        self.netting.add(s, slot, same_strike.as_ref(), hints)?;

        let (row, size) = (&slot.row, &slot.size);
        let linear = s.sub("linear lots", &slot.lots, &slot.option_lots)?;
        for (i, (sum, value)) in self.linear.iter_mut().zip(&row.values).enumerate() {
            let name = format!("M5 linear values {i}");
            *sum = s.mul_add(&name, (&linear, value), (F::ONE, sum), F::ZERO)?;
        }
        let no_expiry = s.not("has no expiry", &row.has_expiry)?;
        let loose = s.mul("lots outside of expiries", &no_expiry, &slot.lots)?;
        let mark = row.values.last().ok_or(Error::Synthesis)?;
        let mut accumulate = |name: &str, sum: &mut Cell<F>, product: (&Cell<F>, &Cell<F>)| {
            *sum = s.mul_add(name, product, (F::ONE, sum), F::ZERO)?;
            Ok::<_, Error>(())
        };
        accumulate("M5 collateral", &mut self.collateral, (&loose, mark))?;
        accumulate("M5 charges", &mut self.charges, (size, &row.charges))?;
        accumulate("M5 deltas", &mut self.deltas, (size, row.delta.cell()))?;
        let direction = s.scale("delta sign", -F::from(2), &row.delta_is_negative, F::ONE)?;
        let directed = s.mul("lots by delta sign", &direction, &slot.lots)?;
        let product = (&directed, row.delta.cell());
        self.net_delta = s.mul_add("M5 net delta", product, (F::ONE, &self.net_delta), F::ZERO)?;
        self.cash = s.add("M5 cash", &self.cash, &slot.cash)?;
        self.add_fee(s, slot, hints)
    }

    /// The fee on options of a perpetual that is held.
    fn add_fee<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        slot: &SlotCells<F>,
        hints: Value<&SlotHints<F>>,
    ) -> Result<(), Error> {
        // `size * inverse` is one for a size that is not zero: no other
        // inverse passes; and zero for a size of zero, whatever the inverse.
        let inverse = s.witness_unchecked("size inverse", hints.map(|h| h.size_inverse))?;
        let held = s.mul("held", &slot.size, &inverse)?;
        let not_held = s.not("not held", &held)?;
        s.product_is_zero("M5 held", &slot.size, &not_held)?;
        let fee = s.mul("fee where held", &held, slot.row.options_fee.cell())?;
        self.options_fee.add(s, &fee)
    }

    /// Constrains everything that follows from the sums.
    pub(super) fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        inputs: &PublicInputs<F>,
        (terms, claim): (&TermsCells<F>, &ClaimCells<F>),
        expiries: &[Expiry<F>],
        hints: Value<&Assignment<F>>,
    ) -> Result<(), Error> {
        s.scope("account");
        let totals = hints.map(|h| &h.totals);
        let options_fee = self.options_fee.finish(s)?;
        let naked = self.netting.finish(s)?;
        let linear = unpack_all(s, &self.linear, totals.map(|t| t.linear.as_slice()))?;
        let collateral = witness_signed(s, "collateral", totals.map(|t| t.collateral), SUM_BITS)?;
        s.equal(&collateral.value, &self.collateral)?;
        let fine = F::from(FINE_ONE);
        let pnl = linear.iter().enumerate();
        let pnl =
            pnl.map(|(i, sum)| s.scale(&format!("linear pnl {i}"), fine, &sum.value, F::ZERO));
        let mut losses = Losses {
            pnl: pnl.collect::<Result<_, _>>()?,
            basis: s.zero(),
            mark: s.zero(),
            confidence: s.zero(),
        };
        for (index, expiry) in expiries.iter().enumerate() {
            s.scope(format!("expiry {index} losses"));
            let hints = hints.map(|h| &h.expiries[index]);
            losses.add(s, expiry, (terms, &options_fee), hints)?;
        }

        s.scope("outcome");
        let deltas = (&self.deltas, &self.net_delta, totals.map(|t| t.net_delta_is_negative));
        let minimum = minimum_charge(s, terms, deltas, &naked)?;
        let worst = worst(s, terms, &losses, &minimum, totals)?;
        let product = (&naked, &terms.naked);
        let charges =
            s.mul_add("M5 charges on naked", product, (F::ONE, &self.charges), F::ZERO)?;
        let charge = |i: usize| totals.map(|t| t.charges[i]);
        let charges = unpack(s, "charges", &charges, &[charge(0), charge(1)])?;
        let [maintenance, initial] = charges.as_slice() else { return Err(Error::Synthesis) };
        let initial = s.add("M5 initial charges", &initial.value, &losses.confidence)?;

        let worth = s.add("marks", &losses.mark, &self.collateral)?;
        let worth = s.add("M5 mark to market", &worth, &self.cash)?;
        let rest = charged(s, claim, &worth, (&maintenance.value, &initial))?;
        let factor =
            s.mul("maintenance loss factor", &claim.is_maintenance, &terms.maintenance_factor)?;
        let product = (&claim.is_initial, &terms.initial_factor);
        let factor = s.mul_add("M5 loss factor", product, (F::ONE, &factor), F::ZERO)?;
        let balance =
            s.mul_add("M5 balance", (&worst, &factor), (balance_one(), &rest), F::ZERO)?;
        outcome(s, inputs, claim, &balance, totals)
    }
}

/// One quote unit on the scale of balances.
pub(super) fn balance_one<F: MarginField>() -> F {
    F::from(FINE_ONE) * F::from(u64::from(FACTOR_ONE))
}

/// The minimum charge, times `FINE_ONE`:
/// `(net - half_hedged) |net delta| + half_hedged deltas + short_fee naked`.
fn minimum_charge<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    terms: &TermsCells<F>,
    (deltas, net_delta, is_negative): (&Cell<F>, &Cell<F>, Value<F>),
    naked: &Cell<F>,
) -> Result<Cell<F>, Error> {
    s.range_check("M4 deltas", deltas, SUM_BITS)?;
    let (net, _) = absolute(s, "net delta", net_delta, is_negative, SUM_BITS)?;
    let factor = s.sub("net less hedged", &terms.net, &terms.half_hedged)?;
    let charge = s.mul("net delta charge", &factor, &net)?;
    let product = (&terms.half_hedged, deltas);
    let charge = s.mul_add("M5 delta charge", product, (F::ONE, &charge), F::ZERO)?;
    let short = s.mul("short charge", &terms.short_fee, naked)?;
    s.add_scaled("M5 minimum charge", &charge, (F::from(FINE_ONE), &short), F::ZERO)
}

/// The worst of the scenarios, the basis loss and the minimum charge.
fn worst<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    terms: &TermsCells<F>,
    losses: &Losses<F>,
    minimum: &Cell<F>,
    totals: Value<&TotalsHints<F>>,
) -> Result<Cell<F>, Error> {
    let worst = s.witness_unchecked("M5 worst", totals.map(|t| t.worst))?;
    let mut worst = Extreme::smallest("worst", worst, WORST_BITS);
    for (name, loss) in [("basis pnl", &losses.basis), ("minimum pnl", minimum)] {
        let candidate = s.scale(name, -F::ONE, loss, F::ZERO)?;
        worst.add(s, &candidate)?;
    }
    let owed = s.scale("marks taken off", -F::ONE, &losses.mark, F::ZERO)?;
    for (index, pnl) in losses.pnl.iter().enumerate() {
        if index < zkmargin_margin::scenario::REGULAR_SCENARIOS {
            let product = (&terms.dampening[index], &owed);
            let pnl = s.mul_add(&format!("M5 pnl {index}"), product, (F::ONE, pnl), F::ZERO)?;
            worst.add(s, &pnl)?;
        } else {
            worst.add(s, pnl)?;
        }
    }
    worst.finish(s)
}

/// What the account is worth, less the charges of the claim's level.
fn charged<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    claim: &ClaimCells<F>,
    worth: &Cell<F>,
    (maintenance, initial): (&Cell<F>, &Cell<F>),
) -> Result<Cell<F>, Error> {
    let either = s.add("maintenance or initial", &claim.is_maintenance, &claim.is_initial)?;
    let charges = s.mul("maintenance charges", &either, maintenance)?;
    let product = (&claim.is_initial, initial);
    let charges = s.mul_add("M5 charges of the level", product, (F::ONE, &charges), F::ZERO)?;
    s.sub("M5 worth less charges", worth, &charges)
}

/// The claim about a balance, and the shortfall: `ceil(-balance / one)` under a
/// *below* claim, which is at least one; zero otherwise.
fn outcome<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    inputs: &PublicInputs<F>,
    claim: &ClaimCells<F>,
    balance: &Cell<F>,
    totals: Value<&TotalsHints<F>>,
) -> Result<(), Error> {
    let at_least = s.not("at least", &claim.is_below)?;
    let surplus = s.mul("balance where at least", &at_least, balance)?;
    s.range_check("M6 at least: balance", &surplus, BALANCE_BITS)?;

    let one: F = balance_one();
    let shortfall = totals.map(|t| t.shortfall);
    let shortfall = s.witness_ranged("M6 shortfall", shortfall, SHORTFALL_BITS)?;
    let slack = s.witness_ranged("M6 slack", totals.map(|t| t.slack), SLACK_BITS)?;
    let gap = s.scale("slack gap", -F::ONE, slack.cell(), one - F::ONE)?;
    s.range_check("M6 slack below its divisor", &gap, SLACK_BITS)?;
    let zero = s.zero();
    let deficit = s.mul("balance where below", &claim.is_below, balance)?;
    // shortfall * one = slack - balance where below.
    let sum = s.add_scaled("shortfall and deficit", &deficit, (one, shortfall.cell()), F::ZERO)?;
    let difference = s.sub("M6 shortfall is the deficit", &sum, slack.cell())?;
    s.equal(&difference, &zero)?;
    let excess = s.sub("shortfall less below", shortfall.cell(), &claim.is_below)?;
    s.range_check("M6 below: some shortfall", &excess, SHORTFALL_BITS)?;
    constrain_disclosed(s, inputs, shortfall.cell())
}
