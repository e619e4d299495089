//! What follows from the slots, worked out in the field and, where a sign or
//! an order is asked for, over the integers nearest to zero.

use zkmargin_margin::claim::MULTIPLIER_ONE;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::scenario::{
    BASIS, FACTOR_ONE, FINE_ONE, I256, LIMB_BITS, MARK, REGULAR_SCENARIOS, RELIEVED_FROM,
    SCENARIOS, TIMES_BITS, VALUE_ELEMENTS,
};

use super::{ExpiryHints, Hints, Signed, SlotHints, TermsHints, UnderlyingHints, bit};
use crate::scenario::Assignment;
use crate::statement::claim::ClaimHints;

const LIMBS: usize = 3;

impl<F: MarginField> Assignment<F> {
    /// Works out everything that follows from the rest: [`Hints::solve`].
    pub fn solve(&mut self) {
        self.figures.solve((&self.claim, self.reserved));
    }

    /// The shortfall and its slack, by the worst losses as they stand.
    pub fn solve_claim(&mut self) {
        self.figures.solve_claim((&self.claim, self.reserved));
    }
}

impl<F: MarginField> Hints<F> {
    /// Works out everything that follows from the rest, the claim and what is
    /// reserved: the parts of the slots and expiries that are solved for, what is of an
    /// underlying, and the totals.
    pub fn solve(&mut self, of: (&ClaimHints<F>, F)) {
        self.solve_slots();
        for underlying in 0..self.underlyings.len() {
            self.solve_sums(underlying);
        }
        for index in 0..self.expiries.len() {
            self.solve_expiry(index);
        }
        let slots = &self.slots;
        let collateral =
            slots.iter().map(|s| s.lots() * (F::ONE - s.has_expiry) * s.values[VALUE_ELEMENTS - 1]);
        self.totals.collateral = Signed::of(&collateral.sum());
        let charges = slots.iter().map(|s| s.size() * s.charges).sum::<F>();
        let of_naked = self.underlyings.iter().enumerate();
        let of_naked = of_naked.map(|(index, own)| self.naked(index) * own.terms.naked);
        let charges = limbs(&(charges + of_naked.sum::<F>()), 2);
        self.totals.charges = [charges[0], charges[1]];
        self.solve_outcome(of);
    }

    /// One for what is of an underlying, by its bit for the second: of the only one is
    /// everything.
    fn share(&self, second: F, underlying: usize) -> F {
        match (self.underlyings.len(), underlying) {
            (1, _) => F::ONE,
            (_, 0) => F::ONE - second,
            _ => second,
        }
    }

    /// What is of an underlying, of values for each.
    fn own(&self, second: F, value: impl Fn(&UnderlyingHints<F>) -> F) -> F {
        let each = self.underlyings.iter().enumerate();
        each.map(|(index, of)| self.share(second, index) * value(of)).sum()
    }

    /// The sums over an underlying's slots.
    fn solve_sums(&mut self, underlying: usize) {
        let share = |slot: &SlotHints<F>| self.share(slot.second, underlying);
        let held = self.slots.iter().filter(|slot| slot.size() != F::ZERO);
        let fees = held.map(|slot| share(slot) * slot.options_fee);
        let options_fee = fees.max_by_key(to_integer).unwrap_or(F::ZERO);
        let linear = |element: usize| -> F {
            let lots = |s: &SlotHints<F>| share(s) * s.lots() * (F::ONE - s.is_option);
            self.slots.iter().map(|s| lots(s) * s.values[element]).sum()
        };
        let linear = (0..VALUE_ELEMENTS - 1).flat_map(|i| limbs(&linear(i), LIMBS)).collect();
        let net = self.net_delta(underlying);
        let of = &mut self.underlyings[underlying];
        (of.options_fee, of.linear) = (options_fee, linear);
        of.net_delta_is_negative = Signed::of(&net).negative;
        let net = net * (F::ONE - of.net_delta_is_negative.double());
        of.tiers_left = of.terms.delta_tiers.map(|[from, _]| Signed::of(&(from - net)));
    }

    fn solve_slots(&mut self) {
        let mut net = F::ZERO;
        for slot in &mut self.slots {
            net = slot.same_strike * net + slot.option_lots();
            slot.net_is_negative = Signed::of(&net).negative;
            slot.size_inverse = slot.size().invert().unwrap_or(F::ZERO);
        }
    }

    /// Naked shorts on an underlying.
    fn naked(&self, underlying: usize) -> F {
        let mut net = F::ZERO;
        let mut naked = F::ZERO;
        for (index, slot) in self.slots.iter().enumerate() {
            net = slot.same_strike * net + slot.option_lots();
            let continues = self.slots.get(index + 1).map_or(F::ZERO, |next| next.same_strike);
            let ends = self.share(slot.second, underlying) * (F::ONE - continues);
            naked -= ends * slot.net_is_negative * net;
        }
        naked
    }

    fn solve_expiry(&mut self, index: usize) {
        let sum = |element: usize| -> F {
            let lots = |slot: &SlotHints<F>| match element + 1 == VALUE_ELEMENTS {
                true => slot.lots(),
                false => slot.option_lots(),
            };
            self.slots.iter().map(|s| s.members[index] * lots(s) * s.values[element]).sum()
        };
        let sums: Vec<_> = (0..VALUE_ELEMENTS).flat_map(|i| limbs(&sum(i), LIMBS)).collect();
        let second = self.expiries[index].second;
        let skews = [REGULAR_SCENARIOS, REGULAR_SCENARIOS + 1];
        let dampening = skews.map(|scenario| self.own(second, |of| of.terms.dampening[scenario]));
        let options_fee = self.own(second, |of| of.options_fee);
        let expiry = &mut self.expiries[index];
        expiry.sums = sums;
        expiry.skew_is_negative = std::array::from_fn(|i| {
            let scenario = REGULAR_SCENARIOS + i;
            Signed::of(&-expiry.change(scenario, &dampening[i])).negative
        });
        let [up, down] = BASIS.map(|place| to_integer(&-expiry.sums[place].value()));
        expiry.basis_loss = from_integer(up.max(down).max(I256::ZERO));
        let fees = [expiry.confidence_fee, options_fee];
        expiry.fee = fees.into_iter().max_by_key(to_integer).unwrap_or(F::ZERO);
    }

    /// Profit and loss of a scenario on an underlying, times `FINE_ONE`.
    fn pnl(&self, underlying: usize, scenario: usize) -> F {
        let UnderlyingHints { terms, linear, .. } = &self.underlyings[underlying];
        let linear = F::from(FINE_ONE) * linear[scenario].value();
        let linear = linear + self.relief(underlying, scenario);
        self.expiries.iter().fold(linear, |pnl, expiry| {
            let share = self.share(expiry.second, underlying);
            let change = expiry.change(scenario, &terms.dampening[scenario]);
            match scenario < REGULAR_SCENARIOS {
                true => pnl + share * change,
                false => {
                    let sign = expiry.skew_is_negative[scenario - REGULAR_SCENARIOS];
                    pnl + share * change * (F::ONE - sign.double())
                }
            }
        })
    }

    /// What a scenario gains beside the positions, where it is one of the last, times
    /// `FINE_ONE`.
    fn relief(&self, underlying: usize, scenario: usize) -> F {
        let terms = &self.underlyings[underlying].terms;
        let last = scenario.checked_sub(RELIEVED_FROM);
        let of = |i: usize| Some((*terms.reliefs.get(i)?, terms.times(i)));
        last.and_then(of).map_or(F::ZERO, |(relief, times)| {
            let minimum = self.minimum(underlying);
            F::from(FINE_ONE) * relief - times * minimum + self.beside(underlying)
        })
    }

    /// What of a minimum charge is lost beside the worst loss.
    fn beside(&self, underlying: usize) -> F {
        self.underlyings[underlying].terms.minimum_is_of_all * self.added(underlying)
    }

    /// The long deltas on an underlying less the short ones.
    fn net_delta(&self, underlying: usize) -> F {
        let directed = |s: &SlotHints<F>| s.lots() * (F::ONE - s.delta_is_negative.double());
        let share = |s: &SlotHints<F>| self.share(s.second, underlying);
        self.slots.iter().map(|s| share(s) * directed(s) * s.delta).sum()
    }

    /// What is lost to expiries of an underlying that move against each other, times
    /// `FINE_ONE`.
    fn basis(&self, underlying: usize) -> F {
        let share = |e: &ExpiryHints<F>| self.share(e.second, underlying);
        self.expiries.iter().map(|e| share(e) * e.basis_weight * e.basis_loss).sum()
    }

    /// What is added to the worst loss on an underlying, times `FINE_ONE`.
    fn added(&self, underlying: usize) -> F {
        let of = &self.underlyings[underlying];
        let tiers = of.terms.delta_tiers.iter().zip(&of.tiers_left);
        let tiers = tiers.map(|([_, rate], left)| *rate * left.negative * left.magnitude);
        of.terms.basis_is_added * self.basis(underlying) + tiers.sum::<F>()
    }

    fn minimum(&self, underlying: usize) -> F {
        let of = &self.underlyings[underlying];
        let share = |s: &SlotHints<F>| self.share(s.second, underlying);
        let deltas: F = self.slots.iter().map(|s| share(s) * s.size() * s.delta).sum();
        let net = self.net_delta(underlying);
        let net = net * (F::ONE - of.net_delta_is_negative.double());
        (of.terms.net - of.terms.half_hedged) * net
            + of.terms.half_hedged * deltas
            + F::from(FINE_ONE) * of.terms.short_fee * self.naked(underlying)
    }

    /// The worst losses, the shortfall and its slack.
    fn solve_outcome(&mut self, of: (&ClaimHints<F>, F)) {
        for underlying in 0..self.underlyings.len() {
            let is_added = self.underlyings[underlying].terms.basis_is_added;
            let basis = self.basis(underlying) * (F::ONE - is_added);
            let scenarios = (0..SCENARIOS).map(|scenario| self.pnl(underlying, scenario));
            let minimum = self.beside(underlying) - self.minimum(underlying);
            let candidates = scenarios.chain([-basis, minimum]);
            let worst = candidates.min_by_key(to_integer).unwrap_or(F::ZERO);
            self.underlyings[underlying].worst = worst;
        }
        self.solve_claim(of);
    }

    /// The shortfall and its slack, by the worst losses as they stand.
    pub fn solve_claim(&mut self, (claim, reserved): (&ClaimHints<F>, F)) {
        let one = I256::from(FINE_ONE) * I256::from(FACTOR_ONE) * I256::from(MULTIPLIER_ONE);
        let deficit = -to_integer(&self.balance(claim, reserved));
        let is_below = claim.is_below == F::ONE && deficit > I256::ZERO;
        let deficit = if is_below { deficit } else { I256::ZERO };
        let shortfall = (deficit + one - I256::ONE) / one;
        self.totals.shortfall = from_integer(shortfall);
        self.totals.slack = from_integer(shortfall * one - deficit);
    }

    /// The balance of the claim's level and multiplier.
    fn balance(&self, claim: &ClaimHints<F>, reserved: F) -> F {
        let totals = &self.totals;
        let cash_offset = F::from_u128(zkmargin_margin::portfolio::CASH_OFFSET);
        let cash: F = self.slots.iter().map(|s| s.cash - cash_offset).sum();
        let marks: F = self.expiries.iter().map(|e| e.sums[MARK].value()).sum();
        let fees = self.expiries.iter().enumerate().map(|(index, expiry)| {
            let gross: F =
                self.slots.iter().map(|s| s.members[index] * s.is_option * s.size()).sum();
            gross * expiry.fee
        });
        let of_level = |maintenance: F, initial: F| {
            (claim.is_maintenance + claim.is_initial) * maintenance + claim.is_initial * initial
        };
        let [maintenance, initial] = totals.charges.map(|charge| charge.value());
        let charges = of_level(maintenance, initial + fees.sum::<F>() + reserved);
        let [maintenance, initial] =
            totals.charges.map(|charge| charge.negative * charge.magnitude);
        let credits = of_level(maintenance, initial);
        let one = F::from(FINE_ONE) * F::from(u64::from(FACTOR_ONE));
        let each = self.underlyings.iter().enumerate();
        let pnl: F = each
            .map(|(underlying, of)| {
                let factor = claim.is_maintenance * of.terms.maintenance_factor
                    + claim.is_initial * of.terms.initial_factor;
                (of.worst - self.added(underlying)) * factor
            })
            .sum();
        let plain = pnl + one * (marks + totals.collateral.value() + cash - charges);
        let charged = pnl - one * (charges + credits);
        F::from(u64::from(MULTIPLIER_ONE)) * plain + claim.above_one * charged
    }
}

impl<F: MarginField> TermsHints<F> {
    /// How often the minimum charge is lost in one of the last scenarios.
    fn times(&self, i: usize) -> F {
        let bits = self.minimum_times.iter().skip(TIMES_BITS * i).take(TIMES_BITS);
        bits.rev().fold(F::ZERO, |times, bit| times.double() + bit)
    }
}

impl<F: MarginField> SlotHints<F> {
    fn size(&self) -> F {
        self.size_less_sign + self.short
    }

    fn lots(&self) -> F {
        self.size() * (F::ONE - self.short.double())
    }

    fn option_lots(&self) -> F {
        self.is_option * self.lots()
    }
}

impl<F: MarginField> ExpiryHints<F> {
    /// What the options add to a scenario.
    fn change(&self, scenario: usize, dampening: &F) -> F {
        let sum = self.sums[scenario];
        let discounted = self.long_discount * sum.value()
            + (self.long_discount - self.short_discount) * sum.negative * sum.magnitude;
        discounted - *dampening * self.sums[MARK].value()
    }
}

impl<F: MarginField> Signed<F> {
    /// The number nearest to zero that is this field element.
    pub fn of(x: &F) -> Self {
        let integer = to_integer(x);
        Self { magnitude: from_integer(integer.abs()), negative: bit(integer < I256::ZERO) }
    }

    /// The number as a field element.
    pub fn value(&self) -> F {
        self.magnitude * (F::ONE - self.negative.double())
    }
}

/// The integer nearest to zero that is this field element.
pub(crate) fn to_integer<F: MarginField>(x: &F) -> I256 {
    let integer = |x: &F| I256::from_le_bytes(x.to_le_bytes());
    let (positive, negative) = (integer(x), integer(&-*x));
    if positive <= negative { positive } else { -negative }
}

pub(crate) fn from_integer<F: MarginField>(integer: I256) -> F {
    let magnitude = F::from_le_bytes(&integer.abs().to_le_bytes()).unwrap_or(F::ZERO);
    if integer < I256::ZERO { -magnitude } else { magnitude }
}

/// The limbs of a packed sum, each the nearest to zero, the last with the rest.
fn limbs<F: MarginField>(sum: &F, count: usize) -> Vec<Signed<F>> {
    let base: I256 = I256::ONE << LIMB_BITS;
    let half: I256 = base >> 1;
    let mut rest = to_integer(sum);
    let mut limbs = Vec::with_capacity(count);
    for _ in 1..count {
        let limb: I256 = I256::rem_euclid(rest + half, base) - half;
        limbs.push(Signed::of(&from_integer::<F>(limb)));
        rest = (rest - limb) >> LIMB_BITS;
    }
    limbs.push(Signed::of(&from_integer::<F>(rest)));
    limbs
}
