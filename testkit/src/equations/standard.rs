//! The standard family's statement as equations.

use zkmargin_circuits::standard::{Assignment, Division, SlotHints};
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
    let Assignment { witness, claim, figures } = assignment;
    let slots = &figures.slots;
    set("is_maintenance".to_owned(), claim.is_maintenance);
    set("is_initial".to_owned(), claim.is_initial);
    set("is_below".to_owned(), claim.is_below);
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
    wires
}

fn of_slot<F: MarginField>(slot: &SlotHints<F>) -> Vec<(&'static str, F)> {
    let of = |division: &Division<F>| (division.quotient, division.slack);
    let (q1, s1) = of(&slot.maintenance_marginal);
    let (q2, s2) = of(&slot.maintenance_scaled);
    let (q3, s3) = of(&slot.initial_marginal);
    vec![
        ("padding", slot.padding),
        ("new", slot.new_bucket),
        ("short", slot.short),
        ("reduced", slot.magnitude_less_sign),
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
    let mut sum = F::ZERO;
    for (i, slot) in slots.iter().enumerate() {
        let own = evaluate(&deficit(i), wires);
        sum = match i {
            0 => own,
            _ => (F::ONE - slot.new_bucket) * sum + own,
        };
        let sign = if is_below(&sum, 128) { F::ONE } else { F::ZERO };
        wires.insert(format!("{i}.positive"), slot.deficit_is_positive.unwrap_or(sign));
    }
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

fn magnitude<F>(i: usize) -> P<F> {
    of(i, "reduced") + of(i, "short")
}

fn sign<F: MarginField>(i: usize) -> P<F> {
    n(1) - n(2) * of(i, "short")
}

fn used<F: MarginField>(i: usize) -> P<F> {
    n(1) - of(i, "padding")
}

fn same<F: MarginField>(i: usize) -> P<F> {
    n(1) - of(i, "new")
}

/// The notional over the tier's lower bound.
fn excess<F>(i: usize) -> P<F> {
    of(i, "above") + of(i, "exclusive")
}

fn notional<F>(i: usize) -> P<F> {
    of(i, "lower") + excess(i)
}

/// The claimed level's requirement less equity.
fn deficit<F: MarginField>(i: usize) -> P<F> {
    let maintenance = used(i) * of(i, "maintenance_base") + of(i, "scaled");
    let initial = used(i) * of(i, "initial_base") + of(i, "initial_quotient");
    let equity = sign(i) * notional(i) + of(i, "cash") - two_to(79);
    w("is_maintenance") * maintenance + w("is_initial") * initial - equity
}

/// The statement about so many slots.
pub fn statements<F: MarginField>(slots: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    for name in ["is_maintenance", "is_initial", "is_below"] {
        list.bit(name);
    }
    list.zero("M6 one level", w("is_maintenance") * w("is_initial"));
    let code = n(1) + w("is_maintenance") + n(2) * w("is_initial") + n(4) * w("is_below");
    list.zero("M6 code", code - w("claim"));
    list.below("M4 epoch", w("epoch"), 64);
    list.below("M4 timestamp", w("timestamp"), 64);
    list.below("M4 denominator", w("denominator"), 32);
    for i in 0..slots {
        list.position(i);
        list.row(i);
        list.figures(i);
        list.sums(i);
        if i > 0 {
            list.order(i);
        }
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
        let fields = [("reduced", 64), ("cash", 80), ("instrument", 32), ("bucket", 16)];
        for (field, bits) in fields {
            self.below(format!("{i}.{field}"), of(i, field), bits);
        }
        let quantity = sign(i) * magnitude(i) + two_to(63);
        self.below(format!("{i}.quantity"), quantity.clone(), 64);
        self.zero(format!("{i}.padding has no lots"), of(i, "padding") * magnitude(i));
        let cash = of(i, "cash") - two_to(79);
        self.zero(format!("{i}.padding has no cash"), of(i, "padding") * cash);
        let word = of(i, "instrument")
            + two_to(32) * of(i, "bucket")
            + two_to(48) * quantity
            + two_to(112) * of(i, "cash")
            + two_to(192);
        self.define(format!("{i}.word"), used(i) * word);
    }

    /// M3, M4: the fields of a row, and the root it opens to.
    fn row(&mut self, i: usize) {
        let fields = [
            ("direction", 8),
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
            + two_to(32) * of(i, "direction")
            + two_to(40) * of(i, "exclusive")
            + two_to(48) * of(i, "mantissa")
            + two_to(112) * of(i, "unit")
            + two_to(176) * of(i, "maintenance_rate");
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
        let sum = match i {
            0 => deficit(0),
            _ => same(i) * of(i - 1, "sum") + deficit(i),
        };
        self.define(format!("{i}.sum"), sum);
        let positive = of(i, "positive");
        let absolute = (n(2) * positive.clone() - n(1)) * of(i, "sum");
        self.below(format!("{i}.absolute deficit"), absolute, 96);
        self.define(format!("{i}.gap"), positive * of(i, "sum"));
    }

    /// M4: two neighbours.
    fn order(&mut self, i: usize) {
        self.bit(&format!("{i}.new"));
        self.zero(format!("{i}.padding is last"), of(i - 1, "padding") * used(i));
        let step = of(i, "bucket") - of(i - 1, "bucket");
        self.zero(format!("{i}.same bucket"), same(i) * step.clone());
        self.below(format!("{i}.bucket ascends"), step - of(i, "new"), 16);
        let step = of(i, "instrument") - of(i - 1, "instrument") - n(1);
        self.below(format!("{i}.instrument ascends"), used(i) * same(i) * step, 32);
    }

    /// M6, M7.
    fn outcome(&mut self, slots: usize) {
        let ended = (1..slots).map(|i| of(i, "new") * of(i - 1, "gap"));
        let shortfall = ended.fold(of(slots - 1, "gap"), |sum, gap| sum + gap);
        self.define("shortfall", shortfall);
        self.zero("M6 at least", (n(1) - w("is_below")) * w("shortfall"));
        self.below("M6 below", w("is_below") * (w("shortfall") - n(1)), 104);
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
        self.define("chain", n(0));
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
