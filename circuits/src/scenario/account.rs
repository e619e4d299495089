//! The account: sums over all slots, and what they come to (M5).
//!
//! Over two underlyings a sum is taken twice, over all slots and over those of the
//! second; what is the first underlying's is their difference. Cash, marks and charges
//! are the account's, whatever the underlying.

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{FINE_ONE, MAX_GROSS_LOTS, SUM_BITS, VALUE_ELEMENTS};
use zkmargin_margin::shape::Shape;

use super::expiry::Expiry;
use super::hints::{Hints, SlotHints, UnderlyingHints};
use super::loss::{Losses, Rules, unpack_all};
use super::order::{self, Netting};
use super::outcome::{Floors, added, balance, minimum_charge, net_delta, of_level, outcome, worst};
use super::slot::ScenarioSlot;
use super::sums::{Extreme, SignedCells, apart, unpack, witness_signed};
use super::terms::{FINE_BITS, TermsCells};
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::ClaimCells;

/// Sums over the slots so far.
#[derive(Debug)]
pub(super) struct Account<F: MarginField> {
    /// Over all slots.
    all: Sums<F>,
    /// Over those of the second of two underlyings.
    second: Option<Sums<F>>,
    /// Marks outside of expiries.
    collateral: Cell<F>,
    cash: Cell<F>,
    /// Packed sum of the charges.
    charges: Cell<F>,
    /// The largest fee on options, by underlying.
    options_fees: Vec<Extreme<F>>,
    netting: Netting<F>,
    /// Lots of all positions, long and short, where they can be more than
    /// [`MAX_GROSS_LOTS`].
    gross: Option<Cell<F>>,
}

/// Positions whose lots are together at most [`MAX_GROSS_LOTS`], whatever they are.
const WITHOUT_GROSS: usize = 64;
/// Bits of the lots that are left up to [`MAX_GROSS_LOTS`], which is `2^38`.
const GROSS_BITS: u32 = 40;

/// Sums that an underlying has of its own.
#[derive(Debug)]
struct Sums<F: MarginField> {
    /// Packed sums of values, of all but options.
    linear: Vec<Cell<F>>,
    /// Notional of all deltas, and of the long less the short ones.
    deltas: Cell<F>,
    net_delta: Cell<F>,
}

impl<F: MarginField> Sums<F> {
    fn new(zero: &Cell<F>) -> Self {
        let linear = vec![zero.clone(); VALUE_ELEMENTS - 1];
        Self { linear, deltas: zero.clone(), net_delta: zero.clone() }
    }
}

/// Adds a product to a sum.
fn accumulate<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    name: &str,
    sum: &mut Cell<F>,
    product: (&Cell<F>, &Cell<F>),
) -> Result<(), Error> {
    *sum = s.mul_add(name, product, (F::ONE, sum), F::ZERO)?;
    Ok(())
}

impl<F: MarginField> Account<F> {
    /// No slot yet. Without a perpetual the fee on options is zero.
    pub(super) fn new<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        shape: Shape,
        hints: Value<&Hints<F>>,
    ) -> Result<Self, Error> {
        let underlyings = shape.scenario_underlyings();
        s.scope("account");
        let zero = s.zero();
        let mut options_fees = Vec::with_capacity(underlyings);
        for index in 0..underlyings {
            let fee = hints.map(|h| h.underlyings[index].options_fee);
            let fee = s.witness_unchecked(&of("M5 options fee", index), fee)?;
            let mut fee = Extreme::largest(&of("options fee", index), fee, FINE_BITS);
            fee.add(s, &zero)?;
            options_fees.push(fee);
        }
        Ok(Self {
            all: Sums::new(&zero),
            second: (underlyings > 1).then(|| Sums::new(&zero)),
            collateral: zero.clone(),
            cash: zero.clone(),
            charges: zero.clone(),
            options_fees,
            netting: Netting::new(s, underlyings),
            gross: (shape.scenario_positions() > WITHOUT_GROSS).then_some(zero),
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
        if let Some(gross) = &mut self.gross {
            *gross = s.add("M4 gross lots", gross, size)?;
        }
        let linear = s.sub("linear lots", &slot.lots, &slot.option_lots)?;
        for (i, (sum, value)) in self.all.linear.iter_mut().zip(&row.values).enumerate() {
            accumulate(s, &format!("M5 linear values {i}"), sum, (&linear, value))?;
        }
        let no_expiry = s.not("has no expiry", &row.has_expiry)?;
        let loose = s.mul("lots outside of expiries", &no_expiry, &slot.lots)?;
        let mark = row.values.last().ok_or(Error::Synthesis)?;
        let delta = row.delta.cell();
        accumulate(s, "M5 collateral", &mut self.collateral, (&loose, mark))?;
        accumulate(s, "M5 charges", &mut self.charges, (size, &row.charges))?;
        accumulate(s, "M5 deltas", &mut self.all.deltas, (size, delta))?;
        let direction = s.scale("delta sign", -F::from(2), &row.delta_is_negative, F::ONE)?;
        let directed = s.mul("lots by delta sign", &direction, &slot.lots)?;
        accumulate(s, "M5 net delta", &mut self.all.net_delta, (&directed, delta))?;
        self.cash = s.add("M5 cash", &self.cash, &slot.cash)?;
        if let (Some(sums), Some(second)) = (&mut self.second, &row.second) {
            let own = s.mul("linear lots of the second", second, &linear)?;
            for (i, (sum, value)) in sums.linear.iter_mut().zip(&row.values).enumerate() {
                let name = format!("M5 linear values {i} of the second");
                accumulate(s, &name, sum, (&own, value))?;
            }
            let own = s.mul("size of the second", second, size)?;
            accumulate(s, "M5 deltas of the second", &mut sums.deltas, (&own, delta))?;
            let own = s.mul("directed lots of the second", second, &directed)?;
            accumulate(s, "M5 net delta of the second", &mut sums.net_delta, (&own, delta))?;
        }
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
        let second = match &slot.row.second {
            Some(second) => Some(s.mul("fee of the second", second, &fee)?),
            None => None,
        };
        let fees = apart(s, "fee of the first", fee, second)?;
        self.options_fees.iter_mut().zip(&fees).try_for_each(|(largest, fee)| largest.add(s, fee))
    }

    /// Constrains everything that follows from the sums, and the claim's side;
    /// returns the shortfall, and the mark to market with cash.
    pub(super) fn finish<L: Layouter<F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        (terms, claim, reserved): (&[TermsCells<F>], &ClaimCells<F>, &Cell<F>),
        expiries: &[Expiry<F>],
        hints: Value<&Hints<F>>,
    ) -> Result<(Cell<F>, Cell<F>), Error> {
        s.scope("account");
        let totals = hints.map(|h| &h.totals);
        if let Some(gross) = &self.gross {
            let left = s.scale("gross lots left", -F::ONE, gross, F::from(MAX_GROSS_LOTS))?;
            s.range_check("M4 gross lots", &left, GROSS_BITS)?;
        }
        let Self { all, second, cash, charges, options_fees, netting, .. } = self;
        let mut fees = Vec::with_capacity(options_fees.len());
        for fee in options_fees {
            fees.push(fee.finish(s)?);
        }
        let naked = netting.finish(s)?;
        let sums = by_underlying(s, all, second)?;
        let mut linear = Vec::with_capacity(sums.len());
        for (index, sums) in sums.iter().enumerate() {
            account_scope(s, index);
            let hints = hints.map(|h| h.underlyings[index].linear.as_slice());
            linear.push(unpack_all(s, &sums.linear, hints)?);
        }
        let collateral = witness_signed(s, "collateral", totals.map(|t| t.collateral), SUM_BITS)?;
        s.equal(&collateral.value, &self.collateral)?;
        let losses = losses(s, &linear, expiries, ((terms, &fees), hints))?;

        let (mut marks, mut confidence) = (None, None);
        let mut lost = Vec::with_capacity(sums.len());
        let mut of_naked = charges;
        for (index, ((losses, sums), terms)) in losses.iter().zip(&sums).zip(terms).enumerate() {
            match index {
                0 => s.scope("outcome"),
                _ => s.scope(format!("outcome {index}")),
            }
            let hints = hints.map(|h| &h.underlyings[index]);
            lost.push(lost_on(s, terms, (losses, sums, &naked[index]), hints)?);
            let product = (&naked[index], &terms.naked);
            accumulate(s, "M5 charges on naked", &mut of_naked, product)?;
            marks = Some(match marks {
                None => losses.mark.clone(),
                Some(marks) => s.add("M5 marks", &marks, &losses.mark)?,
            });
            confidence.get_or_insert_with(|| losses.confidence.clone());
        }
        let (Some(marks), Some(confidence)) = (marks, confidence) else {
            return Err(Error::Synthesis);
        };
        let charge = |i: usize| totals.map(|t| t.charges[i]);
        let charges = unpack(s, "charges", &of_naked, &[charge(0), charge(1)])?;
        let [maintenance, initial] = charges.as_slice() else { return Err(Error::Synthesis) };
        let credits = (&maintenance.negative, &initial.negative);
        let initial = s.add("M5 initial charges", &initial.value, &confidence)?;
        let initial = s.add("M5 initial charges and reserved", &initial, reserved)?;

        let worth = s.add("marks", &marks, &self.collateral)?;
        let worth = s.add("M5 mark to market", &worth, &cash)?;
        let charges = of_level(s, "charges", claim, (&maintenance.value, &initial))?;
        let credits = of_level(s, "credits", claim, credits)?;
        let pnl = pnl_of_level(s, claim, terms, &lost)?;
        let balance = balance(s, claim, (&worth, &pnl), (&charges, &credits))?;
        Ok((outcome(s, claim, &balance, totals)?, worth))
    }
}

/// The sums of each underlying.
fn by_underlying<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    all: Sums<F>,
    second: Option<Sums<F>>,
) -> Result<Vec<Sums<F>>, Error> {
    let Some(second) = second else { return Ok(vec![all]) };
    let mut linear = Vec::with_capacity(all.linear.len());
    for (i, (all, second)) in all.linear.iter().zip(&second.linear).enumerate() {
        linear.push(s.sub(&format!("M5 linear values {i} of the first"), all, second)?);
    }
    let deltas = s.sub("M5 deltas of the first", &all.deltas, &second.deltas)?;
    let net_delta = s.sub("M5 net delta of the first", &all.net_delta, &second.net_delta)?;
    Ok(vec![Sums { linear, deltas, net_delta }, second])
}

/// The losses on each underlying: of one, sums that begin with what is gained on all but
/// options; of two, as `loss.rs` takes them apart.
fn losses<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    linear: &[Vec<SignedCells<F>>],
    expiries: &[Expiry<F>],
    (rules, hints): (Rules<'_, F>, Value<&Hints<F>>),
) -> Result<Vec<Losses<F>>, Error> {
    let [first, others @ ..] = linear else { return Err(Error::Synthesis) };
    let zeros = |s: &Synthesizer<'_, F, L>| Losses::new(s, vec![s.zero(); first.len()]);
    let mut all = match others {
        [] => {
            let fine = F::from(FINE_ONE);
            let pnl = first.iter().enumerate();
            let pnl =
                pnl.map(|(i, sum)| s.scale(&format!("linear pnl {i}"), fine, &sum.value, F::ZERO));
            let pnl = pnl.collect::<Result<_, _>>()?;
            Losses::new(s, pnl)
        }
        _ => zeros(s),
    };
    let mut second = zeros(s);
    for (index, expiry) in expiries.iter().enumerate() {
        s.scope(format!("expiry {index} losses"));
        let hints = hints.map(|h| &h.expiries[index]);
        all.add(s, expiry, rules, hints)?;
        if let Some(bit) = &expiry.second {
            let next = expiries.get(index + 1).and_then(|next| next.second.as_ref());
            second.add_second(s, &all, (bit, next))?;
        }
    }
    let [of_second] = others else { return Ok(vec![all]) };
    s.scope("losses");
    let mut of_first = all.less(s, &second)?;
    of_first.add_linear(s, first)?;
    s.scope("losses 1");
    second.add_linear(s, of_second)?;
    Ok(vec![of_first, second])
}

/// The worst loss on an underlying and what is added to it, at most zero, times
/// `FINE_ONE`.
fn lost_on<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    terms: &TermsCells<F>,
    (losses, sums, naked): (&Losses<F>, &Sums<F>, &Cell<F>),
    hints: Value<&UnderlyingHints<F>>,
) -> Result<Cell<F>, Error> {
    let is_negative = hints.map(|h| h.net_delta_is_negative);
    let net = net_delta(s, &sums.deltas, &sums.net_delta, is_negative)?;
    let minimum = minimum_charge(s, terms, (&sums.deltas, &net), naked)?;
    let basis_added = s.mul("M5 basis added", &terms.adding.basis_is_added, &losses.basis)?;
    let basis = s.sub("basis not added", &losses.basis, &basis_added)?;
    let added = added(s, terms, basis_added, &net, hints)?;
    let beside = s.mul("M5 beside the minimum", &terms.adding.minimum_is_of_all, &added)?;
    let worst = worst(s, terms, losses, &Floors { basis, minimum, beside }, hints)?;
    s.sub("M5 worst and added", &worst, &added)
}

/// What is lost on all underlyings, each by its factor of the claim's level.
fn pnl_of_level<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    claim: &ClaimCells<F>,
    terms: &[TermsCells<F>],
    lost: &[Cell<F>],
) -> Result<Cell<F>, Error> {
    let mut pnl = None;
    for (terms, lost) in terms.iter().zip(lost) {
        let factor =
            s.mul("maintenance loss factor", &claim.is_maintenance, &terms.maintenance_factor)?;
        let product = (&claim.is_initial, &terms.initial_factor);
        let factor = s.mul_add("M5 loss factor", product, (F::ONE, &factor), F::ZERO)?;
        let name = "M5 worst pnl of the level";
        pnl = Some(match &pnl {
            None => s.mul(name, lost, &factor)?,
            Some(sum) => s.mul_add(name, (lost, &factor), (F::ONE, sum), F::ZERO)?,
        });
    }
    pnl.ok_or(Error::Synthesis)
}

/// The name of what an underlying has of its own.
fn of(name: &str, underlying: usize) -> String {
    match underlying {
        0 => name.to_owned(),
        _ => format!("{name} {underlying}"),
    }
}

fn account_scope<F: MarginField, L: Layouter<F>>(s: &mut Synthesizer<'_, F, L>, index: usize) {
    if index > 0 {
        s.scope(of("account", index));
    }
}
