//! The account: sums over all slots, and what they come to (M5).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{FINE_ONE, SUM_BITS, VALUE_ELEMENTS};

use super::expiry::Expiry;
use super::hints::{Hints, SlotHints, TotalsHints};
use super::loss::{Losses, unpack_all};
use super::order::{self, Netting};
use super::outcome::{added, balance, minimum_charge, net_delta, of_level, outcome, worst};
use super::slot::ScenarioSlot;
use super::sums::{Extreme, unpack, witness_signed};
use super::terms::{FINE_BITS, TermsCells};
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::ClaimCells;

/// Sums over the slots so far.
#[derive(Debug)]
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
        slot: &ScenarioSlot<F>,
        previous: Option<&ScenarioSlot<F>>,
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
        slot: &ScenarioSlot<F>,
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

    /// Constrains everything that follows from the sums, and the claim's side;
    /// returns the shortfall.
    pub(super) fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        (terms, claim, reserved): (&TermsCells<F>, &ClaimCells<F>, &Cell<F>),
        expiries: &[Expiry<F>],
        hints: Value<&Hints<F>>,
    ) -> Result<Cell<F>, Error> {
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
        let is_negative = totals.map(|t| t.net_delta_is_negative);
        let net = net_delta(s, &self.deltas, &self.net_delta, is_negative)?;
        let minimum = minimum_charge(s, terms, (&self.deltas, &net), &naked)?;
        let basis_added = s.mul("M5 basis added", &terms.basis_is_added, &losses.basis)?;
        let basis = s.sub("basis not added", &losses.basis, &basis_added)?;
        let worst = worst(s, terms, &losses, (&basis, &minimum), totals)?;
        let added = added(s, terms, basis_added, &net, totals)?;
        let lost = s.sub("M5 worst and added", &worst, &added)?;
        let product = (&naked, &terms.naked);
        let charges =
            s.mul_add("M5 charges on naked", product, (F::ONE, &self.charges), F::ZERO)?;
        let charge = |i: usize| totals.map(|t| t.charges[i]);
        let charges = unpack(s, "charges", &charges, &[charge(0), charge(1)])?;
        let [maintenance, initial] = charges.as_slice() else { return Err(Error::Synthesis) };
        let credits = (&maintenance.negative, &initial.negative);
        let initial = s.add("M5 initial charges", &initial.value, &losses.confidence)?;
        let initial = s.add("M5 initial charges and reserved", &initial, reserved)?;

        let worth = s.add("marks", &losses.mark, &self.collateral)?;
        let worth = s.add("M5 mark to market", &worth, &self.cash)?;
        let charges = of_level(s, "charges", claim, (&maintenance.value, &initial))?;
        let credits = of_level(s, "credits", claim, credits)?;
        let factor =
            s.mul("maintenance loss factor", &claim.is_maintenance, &terms.maintenance_factor)?;
        let product = (&claim.is_initial, &terms.initial_factor);
        let factor = s.mul_add("M5 loss factor", product, (F::ONE, &factor), F::ZERO)?;
        let pnl = s.mul("M5 worst pnl of the level", &lost, &factor)?;
        let balance = balance(s, claim, (&worth, &pnl), (&charges, &credits))?;
        outcome(s, claim, &balance, totals)
    }
}
