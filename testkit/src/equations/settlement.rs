//! The settlement family's statement as equations, made from the figures of
//! [`SettlementMargin`](zkmargin_margin::settlement::SettlementMargin).
//!
//! What an expiry is worth at a strike is summed up option by option, each by what it
//! pays there, where the circuit has sums up to the strike and of the whole expiry.

use zkmargin_circuits::settlement::{Assignment, Hints, SlotHints};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::settlement::{LOT_BITS, SUM_BITS, VALUE_BITS, terms};

use super::common::{List, P, listed, n, of, set_path, sum, times, two_to, w, wires_of};
use super::{Statement, Wires};

/// Figures of a row.
const FIGURES: [&str; 7] = [
    "mark",
    "strike",
    "extra",
    "maintenance",
    "initial",
    "unpaired_maintenance",
    "unpaired_initial",
];

/// The values of the wires that a prover or everybody knows.
pub fn wires<F: MarginField>(public: &[F], assignment: &Assignment<F>) -> Wires<F> {
    let Assignment { witness, claim, reserved, figures } = assignment;
    let mut wires = wires_of(public, (claim, *reserved), witness);
    set_figures(&mut wires, figures);
    wires
}

/// Sets what a prover chooses of the figures.
pub fn set_figures<F: MarginField>(wires: &mut Wires<F>, figures: &Hints<F>) {
    for (i, slot) in figures.slots.iter().enumerate() {
        set_slot(wires, i, slot);
    }
    for (name, value) in [("shortfall", figures.shortfall), ("slack", figures.slack)] {
        wires.extend(value.map(|value| (name.to_owned(), value)));
    }
}

fn set_slot<F: MarginField>(wires: &mut Wires<F>, i: usize, slot: &SlotHints<F>) {
    let fields = [
        ("padding", slot.padding),
        ("short", slot.short),
        ("size_less_sign", slot.size_less_sign),
        ("cash", slot.cash),
        ("is_option", slot.is_option),
        ("expiry_code", slot.expiry),
        ("rank", slot.rank),
        ("is_long_only", slot.is_long_only),
        ("is_call", slot.is_call),
        ("same", slot.same_expiry),
    ];
    let figures = [
        slot.mark,
        slot.strike,
        slot.extra,
        slot.maintenance,
        slot.initial,
        slot.unpaired_maintenance,
        slot.unpaired_initial,
    ];
    let all = fields.into_iter().chain(FIGURES.into_iter().zip(figures));
    wires.extend(all.map(|(name, value)| (format!("{i}.{name}"), value)));
    let signs = [
        ("is_held", slot.is_held),
        ("loses_at_zero", slot.loses_at_zero),
        ("is_worse", slot.is_worse),
        ("is_naked", slot.is_naked),
        ("is_bounded", slot.is_bounded),
    ];
    let told = signs.into_iter().filter_map(|(name, value)| Some((format!("{i}.{name}"), value?)));
    wires.extend(told);
    set_path(wires, &format!("{i}.row"), &slot.path);
}

fn size<F: MarginField>(i: usize) -> P<F> {
    of(i, "size_less_sign") + of(i, "short")
}

fn lots<F: MarginField>(i: usize) -> P<F> {
    size(i) - n(2) * of(i, "short") * size(i)
}

fn cash<F: MarginField>(i: usize) -> P<F> {
    of(i, "cash") - two_to(79)
}

/// A figure of the claim's level.
fn of_level<F: MarginField>(i: usize, [maintenance, initial]: [&str; 2]) -> P<F> {
    w("is_maintenance") * of(i, maintenance) + w("is_initial") * of(i, initial)
}

fn charge<F: MarginField>(i: usize) -> P<F> {
    of_level(i, ["maintenance", "initial"])
}

/// Short lots of an option, zero for what is none.
fn short<F: MarginField>(i: usize) -> P<F> {
    of(i, "is_option") * of(i, "short") * size(i)
}

fn call_lots<F: MarginField>(i: usize) -> P<F> {
    of(i, "is_call") * of(i, "is_option") * lots(i)
}

fn put_lots<F: MarginField>(i: usize) -> P<F> {
    (n(1) - of(i, "is_call")) * of(i, "is_option") * lots(i)
}

/// Whether a slot is of the same expiry as the one before; the first is not.
fn same<F: MarginField>(i: usize) -> P<F> {
    if i == 0 { n(0) } else { of(i, "same") }
}

/// The statement about so many slots.
pub fn statements<F: MarginField>(slots: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.list_positions(slots);
    account(&mut list, slots);
    list.state((0..slots).map(|i| of(i, "word")).collect());
    list.0
}

/// M3 to M7 of the account that the slots are.
pub(super) fn account<F: MarginField>(list: &mut List<F>, slots: usize) {
    let mut account = Account { list, slots };
    account.list.claim(false);
    account.list.ranges();
    account.list.zero("denominator", w("denominator") - n(1));
    for i in 0..slots {
        account.position(i);
        account.row(i);
        if i > 0 {
            account.list.order(i, of(i, "instrument") - of(i - 1, "instrument"), 64);
            account.expiry(i);
        }
    }
    for i in 0..slots {
        account.together(i);
    }
    for i in 0..slots {
        account.loss(i);
        account.charge(i);
    }
    account.outcome();
    account.list.market(slots, P::Constant(terms()));
}

struct Account<'a, F> {
    list: &'a mut List<F>,
    slots: usize,
}

impl<F: MarginField> Account<'_, F> {
    /// A sum over the slots.
    fn over_slots(&self, part: impl Fn(usize) -> P<F>) -> P<F> {
        sum((0..self.slots).map(part))
    }

    /// M1, M4: a position, and its word.
    fn position(&mut self, i: usize) {
        for bit in ["padding", "short", "is_option"] {
            self.list.bit(&format!("{i}.{bit}"));
        }
        for (field, bits) in
            [("size_less_sign", LOT_BITS), ("cash", 80), ("expiry_code", 39), ("rank", 24)]
        {
            self.list.below(format!("{i}.{field}"), of(i, field), bits);
        }
        self.list.zero(format!("{i}.padding has no lots"), of(i, "padding") * size(i));
        self.list.zero(format!("{i}.padding has no cash"), of(i, "padding") * cash(i));
        let expiry = two_to(39) * of(i, "is_option") + of(i, "expiry_code");
        self.list.define(format!("{i}.expiry"), expiry);
        let instrument = two_to(24) * of(i, "expiry") + of(i, "rank");
        self.list.define(format!("{i}.instrument"), instrument);
        self.list.define(format!("{i}.key"), of(i, "instrument"));
        self.list.define(format!("{i}.lots"), lots(i) + two_to(63));
        self.list.word(i);
    }

    /// M3, M4: the fields of a row, and the root it opens to.
    fn row(&mut self, i: usize) {
        for bit in ["is_long_only", "is_call"] {
            self.list.bit(&format!("{i}.{bit}"));
        }
        self.list.zero(format!("{i}.direction"), of(i, "is_long_only") * of(i, "short"));
        let other = n(1) - of(i, "is_option");
        self.list.zero(format!("{i}.calls are options"), of(i, "is_call") * other);
        for figure in FIGURES {
            self.list.below(format!("{i}.{figure}"), of(i, figure), VALUE_BITS);
        }
        let packed = |fields: &[(u32, &str)]| {
            sum(fields.iter().map(|(bits, field)| two_to(*bits) * of(i, field)))
        };
        let flags = [(64, "is_long_only"), (72, "is_call")];
        let figures = [(80, "mark"), (128, "strike"), (176, "extra")];
        let first = of(i, "instrument") + packed(&flags) + packed(&figures);
        let charges = [(0, "maintenance"), (48, "initial")];
        let unpaired = [(96, "unpaired_maintenance"), (144, "unpaired_initial")];
        let second = packed(&charges) + packed(&unpaired);
        let message = [first, second, n(0), n(0)];
        let leaf = format!("{i}.leaf");
        self.list.0.push(Statement::Digest(leaf, Domain::SettlementRow, message));
        self.list.row_path(i);
    }

    /// M3, M4: whether a slot continues an expiry, whose strikes ascend.
    fn expiry(&mut self, i: usize) {
        self.list.bit(&format!("{i}.same"));
        let step = of(i, "expiry") - of(i - 1, "expiry");
        self.list.zero(format!("{i}.same: listed"), of(i, "same") * (n(1) - listed(i)));
        self.list.zero(format!("{i}.same: option"), of(i, "same") * (n(1) - of(i, "is_option")));
        self.list.zero(format!("{i}.same: no step"), of(i, "same") * step.clone());
        let later = listed(i) * of(i, "is_option") * (step - n(1) + of(i, "same"));
        self.list.below(format!("{i}.expiry ascends"), later, 40);
        let step = of(i, "strike") - of(i - 1, "strike");
        self.list.below(format!("{i}.strike ascends"), of(i, "same") * step, VALUE_BITS);
    }

    /// Whether two slots are of one expiry: all between them continue it.
    fn together(&mut self, i: usize) {
        self.list.define(format!("{i}.with.{i}"), n(1));
        for j in i + 1..self.slots {
            let link = of(i, &format!("with.{}", j - 1)) * same(j);
            self.list.define(format!("{i}.with.{j}"), link);
        }
    }

    /// A sum over the slots of the expiry of one, up to it.
    fn up_to(&self, i: usize, part: impl Fn(usize) -> P<F>) -> P<F> {
        sum((0..=i).map(|j| of(j, &format!("with.{i}")) * part(j)))
    }

    /// The same over those from it on.
    fn from(&self, i: usize, part: impl Fn(usize) -> P<F>) -> P<F> {
        sum((i..self.slots).map(|j| of(i, &format!("with.{j}")) * part(j)))
    }

    /// M5: whether there are lots of an option.
    fn held(&mut self, i: usize) {
        let (bit, size) = (format!("{i}.is_held"), of(i, "is_option") * size(i));
        self.list.0.push(Statement::Presumed(bit.clone(), [n(1), size.clone()]));
        self.list.bit(&bit);
        self.list.zero(format!("{bit}: lots"), size.clone() * (n(1) - w(bit.clone())));
        self.list.0.push(Statement::Differs(format!("{bit}: no lots"), [w(bit), size]));
    }

    /// M5: the largest loss of an expiry up to a slot.
    fn loss(&mut self, i: usize) {
        let at_zero = self.from(i, |j| put_lots(j) * of(j, "strike"));
        let begins = (n(1) - same(i)) * (n(0) - at_zero);
        let start = self.positive(i, "loses_at_zero", begins);
        let last = if i == 0 { n(0) } else { of(i - 1, "loss") };
        self.list.define(format!("{i}.before"), same(i) * last + start);
        let strike = |j: usize| of(j, "strike");
        let calls = self.up_to(i, |j| call_lots(j) * (strike(i) - strike(j)));
        let puts = self.from(i, |j| put_lots(j) * (strike(j) - strike(i)));
        let more = n(0) - (calls + puts) - of(i, "before");
        self.held(i);
        let more = self.positive(i, "is_worse", of(i, "is_held") * more);
        self.list.define(format!("{i}.loss"), of(i, "before") + more);
    }

    /// M5: what the expiry is charged if it ends with a slot.
    fn charge(&mut self, i: usize) {
        let unpaired = ["unpaired_maintenance", "unpaired_initial"];
        let owed = n(0) - self.up_to(i, |j| call_lots(j) * of_level(j, unpaired));
        let naked = self.positive(i, "is_naked", owed);
        self.list.define(format!("{i}.most"), of(i, "loss") + naked);
        let alone = self.up_to(i, |j| short(j) * charge(j));
        self.list.define(format!("{i}.alone"), alone);
        let excess = self.positive(i, "is_bounded", of(i, "alone") - of(i, "most"));
        self.list.define(format!("{i}.charge"), of(i, "alone") - excess);
    }

    /// The positive part of a number, by a bit that is its sign.
    fn positive(&mut self, i: usize, bit: &str, number: P<F>) -> P<F> {
        let (wire, of_bit) = (format!("{i}.of {bit}"), format!("{i}.{bit}"));
        self.list.define(wire.clone(), number);
        self.list.0.push(Statement::Presumed(of_bit.clone(), [n(1), w(wire.clone())]));
        self.list.sign(format!("M5 {of_bit}"), n(0) - w(wire.clone()), w(of_bit.clone()), SUM_BITS);
        w(of_bit) * w(wire)
    }

    /// M6, M7: the balance of the claim's level, and its side.
    fn outcome(&mut self) {
        let ends = |i: usize| if i + 1 == self.slots { n(1) } else { n(1) - same(i + 1) };
        let options = self.over_slots(|i| ends(i) * of(i, "charge"));
        let linear = self.over_slots(|i| (n(1) - of(i, "is_option")) * size(i) * charge(i));
        let extra = self.over_slots(|i| short(i) * of(i, "extra"));
        let required = options + linear + w("is_initial") * (extra + w("reserved"));
        let level = w("is_maintenance") + w("is_initial");
        let value = self
            .over_slots(|i| (n(1) - level.clone() * of(i, "is_option")) * lots(i) * of(i, "mark"));
        let counts = value + self.over_slots(cash);
        self.list.define("balance", n(10_000) * counts - times() * required);
        let list = &mut *self.list;
        list.below("M6 at least", (n(1) - w("is_below")) * w("balance"), 104);
        let deficit = n(0) - w("is_below") * w("balance");
        let names = ["shortfall", "slack"].map(ToOwned::to_owned);
        list.0.push(Statement::Quotient(names, deficit.clone(), 10_000));
        list.below("M6 slack", w("slack"), 16);
        list.below("M6 slack below one unit", n(9_999) - w("slack"), 16);
        list.zero("M6 rounded up", w("slack") + deficit - n(10_000) * w("shortfall"));
        list.below("M6 shortfall", w("shortfall"), 104);
        list.below("M6 below", w("shortfall") - w("is_below"), 104);
        list.disclosed();
    }
}
