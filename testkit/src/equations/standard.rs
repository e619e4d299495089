//! The standard family's statement as equations.

use zkmargin_circuits::standard::{Assignment, Division, Hints, SlotHints};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;

use super::common::{List, P, n, of, set_path, times, two_to, used, w, wires_of};
use super::integers::is_below;
use super::{Statement, Wires, evaluate};

/// The values of the wires that a prover or everybody knows.
pub fn wires<F: MarginField>(public: &[F], assignment: &Assignment<F>) -> Wires<F> {
    let Assignment { witness, claim, reserved, figures } = assignment;
    let mut wires = wires_of(public, (claim, *reserved), witness);
    set_figures(&mut wires, figures);
    wires
}

/// Sets what a prover chooses of the figures; the claim and what is reserved are set.
pub fn set_figures<F: MarginField>(wires: &mut Wires<F>, figures: &Hints<F>) {
    set_slots(wires, 0, &figures.slots);
    set_signs(wires, &figures.slots);
    set_shortfall(wires, figures);
}

/// Sets slots, numbered from the first.
pub(super) fn set_slots<F: MarginField>(
    wires: &mut Wires<F>,
    first: usize,
    slots: &[SlotHints<F>],
) {
    for (i, slot) in (first..).zip(slots) {
        for (name, value) in of_slot(slot) {
            wires.insert(format!("{i}.{name}"), value);
        }
        set_path(wires, &format!("{i}.row"), &slot.path);
    }
}

fn of_slot<F: MarginField>(slot: &SlotHints<F>) -> Vec<(&'static str, F)> {
    let of = |division: &Division<F>| (division.quotient, division.slack);
    let (q1, s1) = of(&slot.maintenance_marginal);
    let (q2, s2) = of(&slot.maintenance_scaled);
    let (q3, s3) = of(&slot.initial_marginal);
    vec![
        ("padding", slot.padding),
        ("inverse", slot.bucket_step_inverse),
        ("short", slot.short),
        ("tail", slot.quantity_tail),
        ("head", slot.quantity_head),
        ("cash", slot.cash),
        ("instrument", slot.instrument),
        ("bucket", slot.bucket),
        ("direction", slot.direction),
        ("exclusive", slot.lower_exclusive),
        ("mantissa", slot.mantissa),
        ("unit", slot.unit),
        ("lower", slot.lower),
        ("upper", slot.upper),
        ("maintenance_rate", slot.maintenance_rate),
        ("fraction", slot.maintenance_fraction),
        ("maintenance_base", slot.maintenance_base),
        ("initial_rate", slot.initial_rate),
        ("initial_base", slot.initial_base),
        ("above", slot.above),
        ("remainder", slot.notional_remainder),
        ("marginal", q1),
        ("marginal_slack", s1),
        ("scaled", q2),
        ("scaled_slack", s2),
        ("initial_quotient", q3),
        ("initial_slack", s3),
    ]
}

/// The signs of running deficits: as told, or of the deficit itself.
fn set_signs<F: MarginField>(wires: &mut Wires<F>, slots: &[SlotHints<F>]) {
    let mut sum = evaluate(&reserve(), wires);
    for (i, slot) in slots.iter().enumerate() {
        let own = evaluate(&deficit(i), wires);
        sum = evaluate(&same(i), wires) * sum + own;
        let sign = if is_below(&sum, 128) { F::ONE } else { F::ZERO };
        wires.insert(format!("{i}.positive"), slot.deficit_is_positive.unwrap_or(sign));
    }
}

/// The shortfall and its slack: as told, or of the gaps themselves.
fn set_shortfall<F: MarginField>(wires: &mut Wires<F>, hints: &Hints<F>) {
    let one = F::from(10_000);
    let (mut gaps, mut gap) = (F::ZERO, evaluate(&reserve(), wires));
    let mut sum = gap;
    for i in 0..hints.slots.len() {
        let [new, same, own] = [new(i), same(i), deficit(i)].map(|p| evaluate(&p, wires));
        gaps += new * gap;
        sum = same * sum + own;
        gap = wires[&format!("{i}.positive")] * sum;
    }
    gaps += gap;
    let bytes = gaps.to_le_bytes();
    let low = u128::from_le_bytes(std::array::from_fn(|i| bytes[i]));
    let quotient = F::from_u128(low.div_ceil(10_000));
    let own = Division { quotient, slack: quotient * one - gaps };
    let Division { quotient, slack } = hints.shortfall.unwrap_or(own);
    wires.insert("shortfall".to_owned(), quotient);
    wires.insert("shortfall_slack".to_owned(), slack);
}

/// A number below `2^63`, less `2^63` for a short position.
pub(super) fn quantity<F: MarginField>(i: usize) -> P<F> {
    of(i, "tail") + two_to(56) * of(i, "head") - two_to(63) * of(i, "short")
}

fn magnitude<F: MarginField>(i: usize) -> P<F> {
    sign(i) * quantity(i)
}

pub(super) fn sign<F: MarginField>(i: usize) -> P<F> {
    n(1) - n(2) * of(i, "short")
}

/// The step to the bucket; before the first slot it is bucket zero.
fn step<F: MarginField>(i: usize) -> P<F> {
    match i {
        0 => of(0, "bucket"),
        _ => of(i, "bucket") - of(i - 1, "bucket"),
    }
}

pub(super) fn new<F: MarginField>(i: usize) -> P<F> {
    step(i) * of(i, "inverse")
}

pub(super) fn same<F: MarginField>(i: usize) -> P<F> {
    n(1) - new(i)
}

/// What the cross bucket is short of before any slot, in ten-thousandths.
fn reserve<F: MarginField>() -> P<F> {
    times() * w("is_initial") * w("reserved")
}

/// The notional over the tier's lower bound.
fn excess<F>(i: usize) -> P<F> {
    of(i, "above") + of(i, "exclusive")
}

fn notional<F>(i: usize) -> P<F> {
    of(i, "lower") + excess(i)
}

pub(super) fn equity<F: MarginField>(i: usize) -> P<F> {
    sign(i) * notional(i) + of(i, "cash") - two_to(79)
}

/// So many times the claimed level's requirement, less equity, in ten-thousandths.
fn deficit<F: MarginField>(i: usize) -> P<F> {
    times() * required(i, [w("is_maintenance"), w("is_initial")]) - n(10_000) * equity(i)
}

/// What a level requires of a position; the level by its bits.
pub(super) fn required<F: MarginField>(i: usize, level: [P<F>; 2]) -> P<F> {
    let [is_maintenance, is_initial] = level;
    let maintenance = used(i) * of(i, "maintenance_base") + of(i, "scaled");
    let initial = used(i) * of(i, "initial_base") + of(i, "initial_quotient");
    is_maintenance * maintenance + is_initial * initial
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
    list.claim(true);
    level(list, slots);
    list.disclosed();
}

/// The same without the claim's code and what is disclosed: on which side of the level
/// the account is.
pub(super) fn level<F: MarginField>(list: &mut List<F>, slots: usize) {
    list.ranges();
    for i in 0..slots {
        list.position(i);
        list.row(i);
        list.figures(i);
        list.sums(i);
        list.neighbours(i);
    }
    list.outcome(slots);
    list.market(slots, n(0));
}

impl<F: MarginField> List<F> {
    /// M1, M4: the fields of a position.
    pub(super) fn position(&mut self, i: usize) {
        for bit in ["padding", "short", "exclusive"] {
            self.bit(&format!("{i}.{bit}"));
        }
        let fields = [("tail", 56), ("head", 8), ("cash", 80), ("instrument", 64), ("bucket", 16)];
        for (field, bits) in fields {
            self.below(format!("{i}.{field}"), of(i, field), bits);
        }
        self.below(format!("{i}.head below 128"), n(2) * of(i, "head"), 8);
        let quantity = quantity(i) + two_to(63);
        self.zero(format!("{i}.padding has no lots"), of(i, "padding") * magnitude(i));
        let cash = of(i, "cash") - two_to(79);
        self.zero(format!("{i}.padding has no cash"), of(i, "padding") * cash);
        let key = of(i, "instrument") + two_to(64) * of(i, "bucket");
        self.define(format!("{i}.key"), key);
        self.define(format!("{i}.lots"), quantity);
        self.word(i);
    }

    /// M3, M4: the fields of a row, and the root it opens to.
    pub(super) fn row(&mut self, i: usize) {
        let fields = [
            ("mantissa", 64),
            ("unit", 64),
            ("lower", 80),
            ("upper", 80),
            ("maintenance_rate", 32),
            ("fraction", 32),
            ("maintenance_base", 80),
            ("initial_rate", 32),
            ("initial_base", 80),
        ];
        for (field, bits) in fields {
            self.below(format!("{i}.{field}"), of(i, field), bits);
        }
        let other = of(i, "direction") - of(i, "short");
        self.zero(format!("{i}.direction"), other * (of(i, "direction") - n(2)));
        let first = of(i, "instrument")
            + two_to(64) * of(i, "direction")
            + two_to(72) * of(i, "exclusive")
            + two_to(80) * of(i, "mantissa")
            + two_to(144) * of(i, "unit")
            + two_to(208) * of(i, "maintenance_rate");
        let second = of(i, "lower")
            + two_to(80) * of(i, "upper")
            + two_to(160) * of(i, "fraction")
            + two_to(192) * of(i, "initial_rate");
        let message = [first, second, of(i, "maintenance_base"), of(i, "initial_base")];
        self.0.push(Statement::Digest(format!("{i}.leaf"), Domain::MarketRow, message));
        self.row_path(i);
    }

    /// M5: the notional inside its tier, and three divisions rounded up.
    pub(super) fn figures(&mut self, i: usize) {
        self.below(format!("{i}.above"), of(i, "above"), 80);
        self.below(format!("{i}.below upper"), of(i, "upper") - notional(i), 80);
        self.below(format!("{i}.remainder"), of(i, "remainder"), 64);
        let gap = of(i, "unit") - of(i, "remainder") - n(1);
        self.below(format!("{i}.remainder below the unit"), gap, 64);
        let value = magnitude(i) * of(i, "mantissa");
        let parts = notional(i) * of(i, "unit") + of(i, "remainder");
        self.zero(format!("{i}.notional"), value - parts);
        let divisions = [
            (excess(i) * of(i, "maintenance_rate"), "marginal", "marginal_slack"),
            (of(i, "marginal") * of(i, "fraction"), "scaled", "scaled_slack"),
            (excess(i) * of(i, "initial_rate"), "initial_quotient", "initial_slack"),
        ];
        for (dividend, quotient, slack) in divisions {
            self.below(format!("{i}.{quotient}"), of(i, quotient), 80);
            self.below(format!("{i}.{slack}"), of(i, slack), 32);
            let gap = w("denominator") - of(i, slack) - n(1);
            self.below(format!("{i}.{slack} below the denominator"), gap, 32);
            let product = of(i, quotient) * w("denominator");
            self.zero(format!("{i}.{quotient} divides"), product - dividend - of(i, slack));
        }
    }

    /// M5: the bucket's deficit so far, and what of it is missing.
    fn sums(&mut self, i: usize) {
        let before = match i {
            0 => reserve(),
            _ => of(i - 1, "sum"),
        };
        let sum = same(i) * before + deficit(i);
        self.define(format!("{i}.sum"), sum);
        self.bit(&format!("{i}.positive"));
        let positive = of(i, "positive");
        let absolute = (n(2) * positive.clone() - n(1)) * of(i, "sum");
        self.below(format!("{i}.absolute deficit"), absolute, 112);
        self.define(format!("{i}.gap"), positive * of(i, "sum"));
    }

    /// M4: two neighbours; the first slot follows bucket zero.
    pub(super) fn neighbours(&mut self, i: usize) {
        self.zero(format!("{i}.same bucket"), same(i) * step(i));
        self.zero(format!("{i}.no step"), same(i) * of(i, "inverse"));
        if i > 0 {
            let instrument = of(i, "instrument") - of(i - 1, "instrument");
            self.order(i, two_to(64) * step(i) + instrument, 80);
        }
    }

    /// M6.
    fn outcome(&mut self, slots: usize) {
        let ended = (1..slots).map(|i| new(i) * of(i - 1, "gap"));
        let gaps = ended.fold(of(slots - 1, "gap") + new(0) * reserve(), |sum, gap| sum + gap);
        self.define("gaps", gaps);
        self.zero("M6 at least", (n(1) - w("is_below")) * w("gaps"));
        self.below("M5 slack", w("shortfall_slack"), 16);
        self.below("M5 slack below", n(9_999) - w("shortfall_slack"), 16);
        let rounded = w("gaps") + w("shortfall_slack") - n(10_000) * w("shortfall");
        self.zero("M5 rounded up", rounded);
        self.below("M6 below", w("shortfall") - w("is_below"), 104);
        let sum = |part: fn(usize) -> P<F>| (1..slots).fold(part(0), |sum, i| sum + part(i));
        let room = w("leverage") * sum(equity) - n(100) * sum(notional);
        self.below("M6 leverage holds", w("leverage") * room, 136);
    }
}
