//! The standard family's statement as equations.

use zkmargin_circuits::standard::{Assignment, Division, Hints, SlotHints};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance;
use zkmargin_margin::market::{MARKET_DEPTH, STATE_DEPTH};
use zkmargin_margin::poseidon::Domain;

use super::{Polynomial, Statement, Wires, evaluate, is_below};

type P<F> = Polynomial<F>;

/// The values of the wires that a prover or everybody knows.
pub fn wires<F: MarginField>(public: &[F], assignment: &Assignment<F>) -> Wires<F> {
    let mut wires = Wires::new();
    let mut set = |name: String, value: F| _ = wires.insert(name, value);
    for (name, value) in instance::NAMES.iter().zip(public) {
        set((*name).to_owned(), *value);
    }
    let Assignment { witness, claim, reserved, figures } = assignment;
    let slots = &figures.slots;
    set("is_maintenance".to_owned(), claim.is_maintenance);
    set("is_initial".to_owned(), claim.is_initial);
    set("is_below".to_owned(), claim.is_below);
    set("above_one".to_owned(), claim.above_one);
    set("leverage".to_owned(), claim.leverage);
    set("reserved".to_owned(), *reserved);
    set("blinding".to_owned(), witness.blinding.to_field());
    set("commitment".to_owned(), witness.commitment);
    set("timestamp".to_owned(), F::from(witness.header.timestamp.get()));
    set("denominator".to_owned(), F::from(u64::from(witness.header.denominator.get())));
    for (level, children) in witness.account_path.children().iter().enumerate() {
        for (i, child) in children.iter().enumerate() {
            set(format!("state.{level}.{i}"), *child);
        }
    }
    for (i, slot) in slots.iter().enumerate() {
        for (name, value) in of_slot(slot) {
            set(format!("{i}.{name}"), value);
        }
        for (level, children) in slot.path.iter().enumerate() {
            for (child, value) in children.iter().enumerate() {
                set(format!("{i}.row.{level}.{child}"), *value);
            }
        }
    }
    set_signs(&mut wires, slots);
    set_shortfall(&mut wires, figures);
    wires
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

fn w<F>(name: impl Into<String>) -> P<F> {
    P::Wire(name.into())
}

fn n<F: MarginField>(number: u64) -> P<F> {
    P::Constant(F::from(number))
}

fn two_to<F: MarginField>(bits: u64) -> P<F> {
    P::Constant(F::from(2).pow_vartime([bits]))
}

fn of<F>(slot: usize, name: &str) -> P<F> {
    w(format!("{slot}.{name}"))
}

/// A number below `2^63`, less `2^63` for a short position.
fn quantity<F: MarginField>(i: usize) -> P<F> {
    of(i, "tail") + two_to(56) * of(i, "head") - two_to(63) * of(i, "short")
}

fn magnitude<F: MarginField>(i: usize) -> P<F> {
    sign(i) * quantity(i)
}

fn sign<F: MarginField>(i: usize) -> P<F> {
    n(1) - n(2) * of(i, "short")
}

fn used<F: MarginField>(i: usize) -> P<F> {
    n(1) - of(i, "padding")
}

/// The step to the bucket; before the first slot it is bucket zero.
fn step<F: MarginField>(i: usize) -> P<F> {
    match i {
        0 => of(0, "bucket"),
        _ => of(i, "bucket") - of(i - 1, "bucket"),
    }
}

fn new<F: MarginField>(i: usize) -> P<F> {
    step(i) * of(i, "inverse")
}

fn same<F: MarginField>(i: usize) -> P<F> {
    n(1) - new(i)
}

/// The multiplier, in ten-thousandths.
fn times<F: MarginField>() -> P<F> {
    n(10_000) + w("above_one")
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

fn equity<F: MarginField>(i: usize) -> P<F> {
    sign(i) * notional(i) + of(i, "cash") - two_to(79)
}

/// So many times the claimed level's requirement, less equity, in ten-thousandths.
fn deficit<F: MarginField>(i: usize) -> P<F> {
    let maintenance = used(i) * of(i, "maintenance_base") + of(i, "scaled");
    let initial = used(i) * of(i, "initial_base") + of(i, "initial_quotient");
    let required = w("is_maintenance") * maintenance + w("is_initial") * initial;
    times() * required - n(10_000) * equity(i)
}

/// The statement about so many slots.
pub fn statements<F: MarginField>(slots: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    for name in ["is_maintenance", "is_initial", "is_below"] {
        list.bit(name);
    }
    list.zero("M6 one level", w("is_maintenance") * w("is_initial"));
    list.below("M6 multiplier", w("above_one"), 24);
    list.below("M6 leverage", w("leverage"), 24);
    list.zero("M6 leverage below", w("is_below") * w("leverage"));
    let level = n(1) + w("is_maintenance") + n(2) * w("is_initial") + n(4) * w("is_below");
    let code = level + two_to(8) * w("above_one") + two_to(40) * w("leverage");
    list.zero("M6 code", code - w("claim"));
    list.below("M4 reserved", w("reserved"), 80);
    list.below("M4 epoch", w("epoch"), 64);
    list.below("M4 timestamp", w("timestamp"), 64);
    list.below("M4 denominator", w("denominator"), 32);
    for i in 0..slots {
        list.position(i);
        list.row(i);
        list.figures(i);
        list.sums(i);
        list.order(i);
    }
    list.outcome(slots);
    list.market(slots);
    list.state(slots);
    list.0
}

struct List<F>(Vec<Statement<F>>);

impl<F: MarginField> List<F> {
    fn zero(&mut self, name: impl Into<String>, polynomial: P<F>) {
        self.0.push(Statement::Zero(name.into(), polynomial));
    }

    fn below(&mut self, name: impl Into<String>, polynomial: P<F>, bits: u32) {
        self.0.push(Statement::Below(name.into(), polynomial, bits));
    }

    fn define(&mut self, wire: impl Into<String>, polynomial: P<F>) {
        self.0.push(Statement::Define(wire.into(), polynomial));
    }

    fn bit(&mut self, wire: &str) {
        self.zero(format!("{wire} is a bit"), w(wire) * (w(wire) - n(1)));
    }

    /// M1, M4: the fields of a position.
    fn position(&mut self, i: usize) {
        for bit in ["padding", "short", "exclusive", "positive"] {
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
        let word = of(i, "instrument")
            + two_to(64) * of(i, "bucket")
            + two_to(80) * quantity
            + two_to(144) * of(i, "cash")
            + two_to(224);
        self.define(format!("{i}.word"), used(i) * word);
    }

    /// M3, M4: the fields of a row, and the root it opens to.
    fn row(&mut self, i: usize) {
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
        let leaf = format!("{i}.leaf");
        self.0.push(Statement::Digest(leaf.clone(), Domain::MarketRow, message));
        self.path(&format!("{i}.row"), &leaf, Domain::MarketNode, MARKET_DEPTH);
    }

    /// A leaf is one of the children, their digest one of the next.
    fn path(&mut self, name: &str, leaf: &str, domain: Domain, depth: usize) {
        let mut below = leaf.to_owned();
        for level in 0..depth {
            let children = [0, 1, 2, 3].map(|child| w(format!("{name}.{level}.{child}")));
            let apart = children.clone().map(|child| w(below.clone()) - child);
            let [a, b, c, d] = apart;
            self.zero(format!("{name} {level}: one of the children"), a * b * c * d);
            below = format!("{name}.{level}");
            self.0.push(Statement::Digest(below.clone(), domain, children));
        }
        self.define(format!("{name}.root"), w(below));
    }

    /// M5: the notional inside its tier, and three divisions rounded up.
    fn figures(&mut self, i: usize) {
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
        let positive = of(i, "positive");
        let absolute = (n(2) * positive.clone() - n(1)) * of(i, "sum");
        self.below(format!("{i}.absolute deficit"), absolute, 112);
        self.define(format!("{i}.gap"), positive * of(i, "sum"));
    }

    /// M4: two neighbours; the first slot follows bucket zero.
    fn order(&mut self, i: usize) {
        self.zero(format!("{i}.same bucket"), same(i) * step(i));
        self.zero(format!("{i}.no step"), same(i) * of(i, "inverse"));
        if i > 0 {
            self.zero(format!("{i}.padding is last"), of(i - 1, "padding") * used(i));
            let instrument = of(i, "instrument") - of(i - 1, "instrument") - n(1);
            let both = two_to(64) * step(i) + instrument;
            self.below(format!("{i}.ascends"), used(i) * both, 80);
        }
    }

    /// M6, M7.
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
        self.zero("M7", w("disclosed") * (w("disclosed") - w("shortfall")));
    }

    /// M3: one tree, under the header.
    fn market(&mut self, slots: usize) {
        for i in 1..slots {
            self.zero(format!("{i}.tree"), w(format!("{i}.row.root")) - w("0.row.root"));
        }
        let packed = w("epoch") + two_to(64) * w("timestamp") + two_to(128) * w("denominator");
        let message = [w("0.row.root"), w("model"), packed, n(0)];
        self.0.push(Statement::Digest("header".to_owned(), Domain::MarketHeader, message));
        self.zero("M3 market root", w("header") - w("market_root"));
    }

    /// M1, M2: the chain over pairs of words, its opening, the account's leaf.
    fn state(&mut self, slots: usize) {
        self.define("chain", w("reserved"));
        for i in (0..slots).step_by(2) {
            let message = [w("chain"), of(i, "word"), of(i + 1, "word"), n(0)];
            self.0.push(Statement::Digest("link".to_owned(), Domain::Positions, message));
            self.define("chain", w("chain") + used(i) * (w("link") - w("chain")));
        }
        let message = [w("chain"), w("blinding"), n(0), n(0)];
        self.0.push(Statement::Digest("opening".to_owned(), Domain::Portfolio, message));
        self.zero("M1 opening", w("opening") - w("commitment"));
        let message = [w("account"), w("commitment"), w("context"), n(0)];
        self.0.push(Statement::Digest("leaf".to_owned(), Domain::StateLeaf, message));
        self.path("state", "leaf", Domain::StateNode, STATE_DEPTH);
        self.zero("M2 state root", w("state.root") - w("state_root"));
    }
}
