//! The scenario family's statement as equations, made from the figures of
//! [`AccountMargin`](zkmargin_margin::scenario::AccountMargin).
//!
//! The form is another than the circuit's. Rows are unpacked and their values summed
//! up one by one, where the circuit sums packed elements and unpacks the sums; a
//! largest or a smallest is looked for among the integers, where the circuit
//! multiplies differences and checks their ranges; so is a sign. Over two underlyings
//! every sum is taken for each of them, by the bits of slots and expiries, where the
//! circuit takes sums over all and subtracts.

mod wires;

use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::scenario::{
    BASIS, DELTA_TIERS, FACTOR_ONE, FINE_ONE, MARK, REGULAR_SCENARIOS, RELIEFS, RELIEVED_FROM,
    SCENARIOS, TIMES_BITS, VALUES,
};

use super::Statement;
use super::common::{List, P, listed, n, of, sum, times, two_to, used, w};
pub use wires::{set_figures, wires};

/// Values of an element of a row.
const LIMBS: usize = 3;
/// Bits between them.
const APART: u32 = 84;
/// Bits of a sum, either way.
const SUM: u32 = 72;

fn size<F: MarginField>(i: usize) -> P<F> {
    of(i, "size_less_sign") + of(i, "short")
}

fn lots<F: MarginField>(i: usize) -> P<F> {
    size(i) - n(2) * of(i, "short") * size(i)
}

/// The instrument without its last bit: a call and a put of one strike share it.
fn strike<F: MarginField>(i: usize) -> P<F> {
    two_to(7) * of(i, "head") + of(i, "tail")
}

fn instrument<F: MarginField>(i: usize) -> P<F> {
    n(2) * strike(i) + of(i, "low")
}

fn cash<F: MarginField>(i: usize) -> P<F> {
    of(i, "cash") - two_to(79)
}

fn expiry<F>(e: usize, name: &str) -> P<F> {
    w(format!("expiry.{e}.{name}"))
}

/// A number by its magnitude and sign.
fn signed<F: MarginField>(name: &str) -> P<F> {
    w(format!("{name}.magnitude")) - n(2) * negative(name)
}

/// What a number is below zero.
fn negative<F: MarginField>(name: &str) -> P<F> {
    w(format!("{name}.negative")) * w(format!("{name}.magnitude"))
}

/// The name of what an underlying has of its own.
fn own(underlying: usize, name: &str) -> String {
    match underlying {
        0 => name.to_owned(),
        _ => format!("second.{name}"),
    }
}

/// How often the minimum charge is lost in one of the last scenarios: four bits.
fn minimum_times<F: MarginField>(u: usize, i: usize) -> P<F> {
    let bit = |j: usize| w(own(u, &format!("times.{}", TIMES_BITS * i + j)));
    (0..TIMES_BITS).rev().fold(n(0), |times, j| n(2) * times + bit(j))
}

/// The statement about so many slots and expiries on an underlying.
pub fn statements<F: MarginField>(slots: usize, expiries: usize) -> Vec<Statement<F>> {
    statements_on(1, slots, expiries)
}

/// The same on one underlying or two.
pub fn statements_on<F: MarginField>(
    underlyings: usize,
    slots: usize,
    expiries: usize,
) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.list_positions(slots);
    account_on(&mut list, underlyings, slots, expiries);
    list.state((0..slots).map(|i| of(i, "word")).collect());
    list.0
}

/// M3 to M7 of the account that the slots are.
pub(super) fn account<F: MarginField>(list: &mut List<F>, slots: usize, expiries: usize) {
    account_on(list, 1, slots, expiries);
}

fn account_on<F: MarginField>(
    list: &mut List<F>,
    underlyings: usize,
    slots: usize,
    expiries: usize,
) {
    let mut account = Account { list, underlyings, slots, expiries };
    account.list.claim(false);
    account.list.ranges();
    account.list.zero("denominator", w("denominator") - n(u64::from(FACTOR_ONE)));
    account.terms();
    (0..expiries).for_each(|e| account.expiry_terms(e));
    for i in 0..slots {
        account.position(i);
        account.row(i);
        account.membership(i);
        account.order(i);
        account.strike(i);
    }
    (0..underlyings).for_each(|u| account.naked(u));
    account.sums();
    account.gross();
    (0..underlyings).for_each(|u| account.linear(u));
    account.fees();
    (0..expiries).for_each(|e| account.expiry_losses(e));
    for underlying in 0..underlyings {
        account.minimum(underlying);
        account.added(underlying);
        account.worst(underlying);
    }
    account.outcome();
    account.list.market(slots, w("terms"));
}

struct Account<'a, F> {
    list: &'a mut List<F>,
    underlyings: usize,
    slots: usize,
    expiries: usize,
}

impl<F: MarginField> Account<'_, F> {
    /// A sum over the slots.
    fn over_slots(&self, part: impl Fn(usize) -> P<F>) -> P<F> {
        sum((0..self.slots).map(part))
    }

    /// One for what is of an underlying, by its bit for the second; of the only one is
    /// everything.
    fn share(&self, second: P<F>, underlying: usize) -> P<F> {
        match (self.underlyings, underlying) {
            (1, _) => n(1),
            (_, 0) => n(1) - second,
            _ => second,
        }
    }

    /// Whether a slot is of an underlying.
    fn slot_share(&self, i: usize, underlying: usize) -> P<F> {
        self.share(of(i, "second"), underlying)
    }

    /// Whether an expiry is.
    fn expiry_share(&self, e: usize, underlying: usize) -> P<F> {
        self.share(expiry(e, "second"), underlying)
    }

    /// Of a wire of each underlying, the one of an expiry's.
    fn of_expiry(&self, e: usize, name: &str) -> P<F> {
        sum((0..self.underlyings).map(|u| self.expiry_share(e, u) * w(own(u, name))))
    }

    /// M4: a number has a sign, and is below `2^bits` either way.
    fn signed(&mut self, name: &str, bits: u32) {
        self.list.bit(&format!("{name}.negative"));
        self.list.below(name.to_owned(), w(format!("{name}.magnitude")), bits);
    }

    /// M3: the terms' digest: of the only underlying, or over those of both.
    fn terms(&mut self) {
        if self.underlyings == 1 {
            return self.terms_of(0, "terms");
        }
        self.terms_of(0, "terms_of_first");
        self.terms_of(1, "terms_of_second");
        let digests = ["terms_of_first", "terms_of_second"].map(w);
        let message: Vec<P<F>> = digests.into_iter().chain([n(0), n(0)]).collect();
        let both = Domain::ScenarioUnderlyings;
        self.list.chain("terms", (both, both), &message);
    }

    /// M3: the digest of an underlying's terms, and the charges on naked shorts,
    /// unpacked.
    fn terms_of(&mut self, u: usize, digest: &str) {
        let w = |name: &str| w(own(u, name));
        let mut elements: Vec<P<F>> =
            (0..SCENARIOS).map(|i| w(&format!("dampening.{i}"))).collect();
        elements.extend(
            ["maintenance_factor", "initial_factor", "net_rate", "hedged_rate", "short_fee"].map(w),
        );
        let places = (0..RELIEFS).zip((8..).step_by(8));
        let all = sum(places.map(|(i, place)| two_to(place) * minimum_times(u, i)));
        let adding = w("basis_is_added") + n(2) * w("minimum_is_of_all") + all;
        elements.extend([w("naked_charges"), adding]);
        elements.extend((0..RELIEFS).map(|i| w(&format!("relief.{i}"))));
        for tier in 0..DELTA_TIERS {
            elements.extend(["from", "rate"].map(|part| w(&format!("tier.{tier}.{part}"))));
        }
        let domains = (Domain::ScenarioTerms, Domain::ScenarioTermsNext);
        self.list.chain(digest, domains, &elements);
        for bit in ["basis_is_added", "minimum_is_of_all"] {
            self.list.bit(&own(u, bit));
        }
        for bit in 0..RELIEFS * TIMES_BITS {
            self.list.bit(&own(u, &format!("times.{bit}")));
        }
        let digits = ["on_naked.0", "on_naked.1"].map(|name| own(u, name));
        self.list.digits(&digits, w("naked_charges"), APART);
    }

    /// M3, M4: the terms of an expiry; their keys ascend.
    fn expiry_terms(&mut self, e: usize) {
        self.list.below(format!("expiry {e}: key"), expiry(e, "key"), 16);
        for field in ["long", "short", "weight", "confidence"] {
            self.list.below(format!("expiry {e}: {field}"), expiry(e, field), 48);
        }
        if e > 0 {
            let step = expiry(e, "key") - expiry(e - 1, "key") - n(1);
            self.list.below(format!("expiry {e}: ascends"), step, 16);
        }
        let element = expiry(e, "key")
            + two_to(16) * expiry(e, "long")
            + two_to(64) * expiry(e, "short")
            + two_to(112) * expiry(e, "weight")
            + two_to(160) * expiry(e, "confidence");
        self.list.define(format!("expiry.{e}.element"), element);
        if self.underlyings > 1 {
            self.list.bit(&format!("expiry.{e}.second"));
        }
    }

    /// M1, M4: a position, and its word.
    fn position(&mut self, i: usize) {
        for bit in ["padding", "short", "low"] {
            self.list.bit(&format!("{i}.{bit}"));
        }
        for (field, bits) in [("size_less_sign", 32), ("cash", 80), ("head", 56), ("tail", 7)] {
            self.list.below(format!("{i}.{field}"), of(i, field), bits);
        }
        self.list.zero(format!("{i}.padding has no lots"), of(i, "padding") * size(i));
        self.list.zero(format!("{i}.padding has no cash"), of(i, "padding") * cash(i));
        self.list.define(format!("{i}.key"), instrument(i));
        self.list.define(format!("{i}.lots"), lots(i) + two_to(63));
        self.list.word(i);
    }

    /// M3, M4: the fields of a row, and the root it opens to; its values, unpacked.
    fn row(&mut self, i: usize) {
        for bit in ["is_option", "has_expiry", "is_long_only", "delta_is_negative"] {
            self.list.bit(&format!("{i}.{bit}"));
        }
        for field in ["fee", "delta"] {
            self.list.below(format!("{i}.{field}"), of(i, field), 48);
        }
        self.list.zero(format!("{i}.direction"), of(i, "is_long_only") * of(i, "short"));
        let first = instrument(i)
            + two_to(64) * of(i, "is_option")
            + two_to(72) * of(i, "has_expiry")
            + two_to(80) * of(i, "is_long_only")
            + two_to(88) * of(i, "delta_is_negative")
            + two_to(96) * of(i, "fee")
            + two_to(144) * of(i, "delta");
        let first = match self.underlyings {
            1 => first,
            _ => {
                self.list.bit(&format!("{i}.second"));
                first + two_to(192) * of(i, "second")
            }
        };
        let values = (0..VALUES / LIMBS).map(|element| of(i, &format!("values.{element}")));
        let elements: Vec<P<F>> =
            [first, of(i, "group"), of(i, "charges")].into_iter().chain(values.clone()).collect();
        let domains = (Domain::ScenarioRow, Domain::ScenarioRowNext);
        self.list.chain(&format!("{i}.leaf"), domains, &elements);
        self.list.row_path(i);
        for (element, value) in values.enumerate() {
            let digits: Vec<_> =
                (0..LIMBS).map(|limb| format!("{i}.value.{}", LIMBS * element + limb)).collect();
            self.list.digits(&digits, value, APART);
        }
        let digits = [0, 1].map(|charge| format!("{i}.charge.{charge}"));
        self.list.digits(&digits, of(i, "charges"), APART);
    }

    /// M3: a position with an expiry is in one, whose terms are those of its row;
    /// any other is in none.
    fn membership(&mut self, i: usize) {
        let mut all = n(0);
        for e in 0..self.expiries {
            let name = format!("member.{e}");
            self.list.bit(&format!("{i}.{name}"));
            let apart = of(i, "group") - w(format!("expiry.{e}.element"));
            self.list.zero(format!("{i}.terms of expiry {e}"), of(i, &name) * apart);
            all = all + of(i, &name);
            if self.underlyings > 1 {
                let apart = of(i, "second") - expiry(e, "second");
                self.list.zero(format!("{i}.underlying of expiry {e}"), of(i, &name) * apart);
            }
        }
        self.list.zero(format!("{i}.in one expiry"), used(i) * of(i, "has_expiry") - all);
    }

    /// M4: slots ascend.
    fn order(&mut self, i: usize) {
        if i > 0 {
            self.list.order(i, instrument(i) - instrument(i - 1), 64);
        }
    }

    /// M5: the option lots of a strike up to this slot, and which sign they have. A
    /// slot is of the strike before exactly when their identifiers say so.
    fn strike(&mut self, i: usize) {
        let own = of(i, "is_option") * lots(i);
        let mut net = own.clone();
        if i > 0 {
            self.list.bit(&format!("{i}.same"));
            let step = strike(i) - strike(i - 1);
            self.list.zero(format!("{i}.same strike"), of(i, "same") * step.clone());
            if self.underlyings > 1 {
                let apart = of(i, "second") - of(i - 1, "second");
                self.list.zero(format!("{i}.underlying of strike"), of(i, "same") * apart);
            }
            let padding = n(1) - listed(i);
            self.list.zero(format!("{i}.same strike of padding"), of(i, "same") * padding);
            let other = listed(i) - of(i, "same");
            self.list.below(format!("{i}.another strike"), other.clone() * step - other, 64);
            net = of(i, "same") * of(i - 1, "net") + own;
        }
        self.list.define(format!("{i}.net"), net);
        self.list.sign(format!("{i}.net sign"), of(i, "net"), of(i, "net_is_negative"), 40);
    }

    /// M4: all lots together are at most as many as 64 positions can have: what is packed
    /// in rows stays apart.
    fn gross(&mut self) {
        if self.slots > 64 {
            let left = two_to(38) - self.over_slots(size);
            self.list.below("gross lots".to_owned(), left, 39);
        }
    }

    /// M5: what is short of every strike of an underlying, where it ends.
    fn naked(&mut self, u: usize) {
        let slots = self.slots;
        let short = |i: usize| {
            let ends = if i + 1 < slots { n(1) - of(i + 1, "same") } else { n(1) };
            let ends = self.slot_share(i, u) * ends;
            ends * of(i, "net_is_negative") * (n(0) - of(i, "net"))
        };
        let naked = self.over_slots(short);
        self.list.define(own(u, "naked"), naked);
    }

    /// M4, M5: all sums over positions, value by value.
    fn sums(&mut self) {
        let value = |i: usize, value: usize| of(i, &format!("value.{value}"));
        for e in 0..self.expiries {
            let member = |i: usize| of(i, &format!("member.{e}"));
            for v in 0..VALUES {
                let name = format!("expiry.{e}.sum.{v}");
                self.signed(&name, SUM);
                let counts = |i: usize| if v < SCENARIOS { of(i, "is_option") } else { n(1) };
                let own = self.over_slots(|i| member(i) * counts(i) * lots(i) * value(i, v));
                self.list.zero(format!("{name} is the sum"), own - signed(&name));
            }
            let gross = self.over_slots(|i| member(i) * of(i, "is_option") * size(i));
            self.list.define(format!("expiry.{e}.gross"), gross);
        }
        self.signed("collateral", SUM);
        let loose = self.over_slots(|i| (n(1) - of(i, "has_expiry")) * lots(i) * value(i, MARK));
        self.list.zero("collateral is the sum", loose - signed("collateral"));
        for charge in 0..2 {
            let name = format!("charged.{charge}");
            self.signed(&name, SUM);
            let of_lots = self.over_slots(|i| size(i) * of(i, &format!("charge.{charge}")));
            let naked = |u: usize| w(own(u, "naked")) * w(own(u, &format!("on_naked.{charge}")));
            let naked = sum((0..self.underlyings).map(naked));
            self.list.zero(format!("{name} is the sum"), of_lots + naked - signed(&name));
        }
    }

    /// M4, M5: what all but options of an underlying gain.
    fn linear(&mut self, u: usize) {
        for s in 0..SCENARIOS {
            let name = own(u, &format!("linear.{s}"));
            self.signed(&name, SUM);
            let linear = |i: usize| self.slot_share(i, u) * (n(1) - of(i, "is_option")) * lots(i);
            let all = self.over_slots(|i| linear(i) * of(i, &format!("value.{s}")));
            self.list.zero(format!("{name} is the sum"), all - signed(&name));
        }
    }

    /// M5: the largest fee on options of the perpetuals held, and of every expiry.
    fn fees(&mut self) {
        for i in 0..self.slots {
            // Held: of some lots. Then there is an inverse, and it is told.
            let held = of(i, "inverse") * size(i);
            self.list.zero(format!("{i}.held"), size(i) - held * size(i));
        }
        for u in 0..self.underlyings {
            let held = |i: usize| self.slot_share(i, u) * of(i, "inverse") * size(i);
            let fees = (0..self.slots).map(|i| held(i) * of(i, "fee")).chain([n(0)]).collect();
            let name = own(u, "options fee");
            self.list.largest(&name, w(own(u, "options_fee")), fees);
        }
        for e in 0..self.expiries {
            let of_both = vec![expiry(e, "confidence"), self.of_expiry(e, "options_fee")];
            self.list.largest(&format!("fee of expiry {e}"), expiry(e, "fee"), of_both);
        }
        let confidence = (0..self.expiries).map(|e| expiry(e, "gross") * expiry(e, "fee"));
        self.list.define("confidence", sum(confidence));
    }

    /// M5: the basis loss of an expiry, and what its options add to a scenario.
    fn expiry_losses(&mut self, e: usize) {
        let total = |v: usize| signed(&format!("expiry.{e}.sum.{v}"));
        let losses = BASIS.map(|place| n(0) - total(place));
        let candidates = losses.into_iter().chain([n(0)]).collect();
        self.list.largest(&format!("basis of expiry {e}"), expiry(e, "basis_loss"), candidates);
        for s in 0..SCENARIOS {
            let short = w(format!("expiry.{e}.sum.{s}.negative"));
            let discount = (n(1) - short.clone()) * expiry(e, "long") + short * expiry(e, "short");
            let dampening = self.of_expiry(e, &format!("dampening.{s}"));
            let change = discount * total(s) - dampening * total(MARK);
            let name = format!("expiry.{e}.pnl.{s}");
            match s.checked_sub(REGULAR_SCENARIOS) {
                None => self.list.define(name, change),
                Some(skew) => {
                    // Its loss, whichever way it goes.
                    let rises = expiry(e, &format!("skew.{skew}"));
                    self.list.define(format!("{name}.change"), n(0) - change);
                    let change = w(format!("{name}.change"));
                    self.list.sign(format!("{name} sign"), change.clone(), rises.clone(), 128);
                    let down = change.clone() - n(2) * rises * change;
                    self.list.define(name, n(0) - down);
                }
            }
        }
    }

    /// M5: the least that the account is taken to lose on an underlying.
    fn minimum(&mut self, u: usize) {
        let w = |name: &str| w(own(u, name));
        let share = |i: usize| self.slot_share(i, u);
        let long = |i: usize| of(i, "delta") - n(2) * of(i, "delta_is_negative") * of(i, "delta");
        let net = self.over_slots(|i| share(i) * lots(i) * long(i));
        let gross = self.over_slots(|i| share(i) * size(i) * of(i, "delta"));
        self.list.define(own(u, "net"), net);
        self.list.define(own(u, "gross"), gross);
        self.list.below(own(u, "deltas in range"), w("gross"), SUM);
        self.list.sign(own(u, "net sign"), w("net"), w("net_is_negative"), SUM);
        let net = w("net") - n(2) * w("net_is_negative") * w("net");
        let hedged = w("hedged_rate") * (w("gross") - net.clone());
        let short = n(FINE_ONE) * w("short_fee") * w("naked");
        self.list.define(own(u, "minimum"), w("net_rate") * net + hedged + short);
    }

    /// M5: the worst of all scenarios of an underlying, the basis and the minimum charge,
    /// of which the last scenarios can be tiers.
    fn worst(&mut self, u: usize) {
        let expiries = self.expiries;
        let share = |e: usize| self.expiry_share(e, u);
        let beside = || w(own(u, "minimum_is_of_all")) * w(own(u, "added"));
        let apart = (n(1) - w(own(u, "basis_is_added"))) * w(own(u, "basis"));
        let mut candidates: Vec<P<F>> = (0..SCENARIOS)
            .map(|s| {
                let options = (0..expiries).map(|e| share(e) * w(format!("expiry.{e}.pnl.{s}")));
                let relief = match s.checked_sub(RELIEVED_FROM) {
                    Some(i) if i < RELIEFS => {
                        let (relief, times) =
                            (w(own(u, &format!("relief.{i}"))), minimum_times(u, i));
                        n(FINE_ONE) * relief + beside() - times * w(own(u, "minimum"))
                    }
                    _ => n(0),
                };
                let linear = signed(&own(u, &format!("linear.{s}")));
                n(FINE_ONE) * linear + relief + sum(options)
            })
            .collect();
        let w = |name: &str| w(own(u, name));
        candidates.extend([n(0) - apart, beside() - w("minimum")]);
        self.list.smallest(&own(u, "worst"), w("worst"), candidates);
    }

    /// M5: what is lost beside the worst: the basis, where it is added, and each
    /// tier's rate of the net delta beyond its threshold.
    fn added(&mut self, u: usize) {
        let share = |e: usize| self.expiry_share(e, u);
        let weighed = |e: usize| expiry(e, "weight") * expiry(e, "basis_loss");
        let basis = sum((0..self.expiries).map(|e| share(e) * weighed(e)));
        self.list.define(own(u, "basis"), basis);
        let w = |name: &str| w(own(u, name));
        let mut added = w("basis_is_added") * w("basis");
        for tier in 0..DELTA_TIERS {
            let part = |part: &str| w(&format!("tier.{tier}.{part}"));
            let left = own(u, &format!("tier.{tier}.left"));
            self.signed(&left, SUM);
            let net = w("net") - n(2) * w("net_is_negative") * w("net");
            let up_to = part("from") - net;
            self.list.zero(format!("{left} is what is left"), up_to - signed(&left));
            added = added + part("rate") * negative(&left);
        }
        self.list.define(own(u, "added"), added);
    }

    /// M6, M7: the balance of the claim's level, and its side.
    fn outcome(&mut self) {
        let expiries = self.expiries;
        let [maintenance, initial] = ["charged.0", "charged.1"];
        let either = || w("is_maintenance") + w("is_initial");
        let on_top = signed(initial) + w("confidence") + w("reserved");
        let charges = either() * signed(maintenance) + w("is_initial") * on_top;
        let credits = either() * negative(maintenance) + w("is_initial") * negative(initial);
        let lost = |u: usize| {
            let of = |name: &str| w(own(u, name));
            let factor = w("is_maintenance") * of("maintenance_factor")
                + w("is_initial") * of("initial_factor");
            factor * (of("worst") - of("added"))
        };
        let lost = sum((0..self.underlyings).map(lost));
        let marks = (0..expiries).map(|e| signed(&format!("expiry.{e}.sum.{MARK}")));
        let worth = sum(marks) + signed("collateral") + self.over_slots(cash);

        let one = || n(FINE_ONE) * n(u64::from(FACTOR_ONE));
        let required = one() * charges - lost;
        // A multiplier never asks for less: what is credited counts once.
        let balance =
            n(10_000) * one() * worth - times() * required - w("above_one") * one() * credits;
        self.list.define("balance", balance);
        let list = &mut *self.list;
        list.below("M6 at least", (n(1) - w("is_below")) * w("balance"), 176);
        list.below("M6 slack", w("slack"), 88);
        let scale = || n(10_000) * one();
        list.below("M6 slack below one unit", scale() - n(1) - w("slack"), 88);
        let rounded = w("slack") - w("is_below") * w("balance") - scale() * w("shortfall");
        list.zero("M6 rounded up", rounded);
        list.below("M6 below", w("shortfall") - w("is_below"), 104);
        list.disclosed();
    }
}
