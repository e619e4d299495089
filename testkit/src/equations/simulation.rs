//! The simulation family's statement as equations, made from the figures of
//! [`SimulationMargin`](zkmargin_margin::simulation::SimulationMargin).
//!
//! Rows are unpacked and their gains summed up column by column, where the circuit sums
//! packed elements and unpacks the sums; the tail is what sorting puts first, where the
//! circuit asks on which side of a threshold each scenario is; the largest stress loss
//! and the signs are looked for among integers.

use zkmargin_circuits::simulation::{Assignment, Hints, SlotHints, TotalsHints};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::simulation::{
    GAIN_BITS, LIMB_BITS, LIMBS, LOT_BITS, SUM_BITS, WEIGHT_ONE, columns,
};

use super::common::{List, P, n, of, set_path, sum, times, two_to, w, wires_of};
use super::{Statement, Tail, Wires};

/// What the terms weigh, and how much for each level.
const RISKS: [&str; 3] = ["tail_loss", "var", "stress"];

/// The values of the wires that a prover or everybody knows.
pub fn wires<F: MarginField, const N: usize>(
    public: &[F],
    assignment: &Assignment<F, N>,
) -> Wires<F> {
    let Assignment { witness, claim, reserved, figures } = assignment;
    let mut wires = wires_of(public, (claim, *reserved), &witness.account);
    set_figures(&mut wires, figures);
    wires
}

/// Sets what a prover chooses of the figures.
pub fn set_figures<F: MarginField>(wires: &mut Wires<F>, figures: &Hints<F>) {
    let terms = &figures.terms;
    wires.extend([("tail".to_owned(), terms.tail), ("set".to_owned(), terms.set)]);
    for (level, weights) in [("maintenance", &terms.maintenance), ("initial", &terms.initial)] {
        for (risk, weight) in RISKS.into_iter().zip(weights) {
            wires.insert(format!("{level}.{risk}"), *weight);
        }
    }
    for (i, slot) in figures.slots.iter().enumerate() {
        set_slot(wires, i, slot);
    }
    set_totals(wires, &figures.totals);
}

fn set_slot<F: MarginField>(wires: &mut Wires<F>, i: usize, slot: &SlotHints<F>) {
    let fields = [
        ("padding", slot.padding),
        ("short", slot.short),
        ("size_less_sign", slot.size_less_sign),
        ("cash", slot.cash),
        ("instrument", slot.instrument),
        ("is_long_only", slot.is_long_only),
        ("maintenance", slot.maintenance),
        ("initial", slot.initial),
    ];
    wires.extend(fields.map(|(name, value)| (format!("{i}.{name}"), value)));
    for (element, value) in slot.columns.iter().enumerate() {
        wires.insert(format!("{i}.columns.{element}"), *value);
    }
    set_path(wires, &format!("{i}.row"), &slot.path);
}

fn set_totals<F: MarginField>(wires: &mut Wires<F>, totals: &TotalsHints<F>) {
    for (column, value) in totals.sums.iter().enumerate() {
        wires.insert(format!("sum.{column}"), *value);
    }
    for (scenario, value) in totals.in_tail.iter().enumerate() {
        wires.insert(format!("in_tail.{scenario}"), *value);
    }
    let fields = [
        ("threshold", totals.threshold),
        ("tail_is_profit", totals.tail_is_profit),
        ("var_is_profit", totals.var_is_profit),
        ("stress", totals.stress_loss),
        ("shortfall", totals.shortfall),
        ("slack", totals.slack),
    ];
    wires.extend(fields.map(|(name, value)| (name.to_owned(), value)));
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

/// What the account gains in a column.
fn gain<F: MarginField>(column: usize) -> P<F> {
    w(format!("sum.{column}")) - two_to(SUM_BITS)
}

/// The statement about so many slots, with rows of so many scenarios.
pub fn statements<F: MarginField>(slots: usize, scenarios: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.list_positions(slots);
    account(&mut list, slots, scenarios);
    list.state((0..slots).map(|i| of(i, "word")).collect());
    list.0
}

/// M3 to M7 of the account that the slots are.
pub(super) fn account<F: MarginField>(list: &mut List<F>, slots: usize, scenarios: usize) {
    let mut account = Account { list, slots, scenarios };
    account.list.claim(false);
    account.list.ranges();
    account.list.zero("denominator", w("denominator") - n(1));
    account.terms();
    for i in 0..slots {
        account.position(i);
        account.row(i);
        if i > 0 {
            account.list.order(i, of(i, "instrument") - of(i - 1, "instrument"), 64);
        }
    }
    account.sums();
    account.tail();
    account.outcome();
    account.list.market(slots, w("terms"));
}

struct Account<'a, F> {
    list: &'a mut List<F>,
    slots: usize,
    scenarios: usize,
}

impl<F: MarginField> Account<'_, F> {
    /// A sum over the slots.
    fn over_slots(&self, part: impl Fn(usize) -> P<F>) -> P<F> {
        sum((0..self.slots).map(part))
    }

    /// M3: the terms' digest, of so many scenarios.
    fn terms(&mut self) {
        let weights = ["maintenance", "initial"]
            .into_iter()
            .flat_map(|level| RISKS.map(|risk| w(format!("{level}.{risk}"))));
        let mut elements = vec![n(self.scenarios as u64), w("tail")];
        elements.extend(weights);
        elements.push(w("set"));
        let domains = (Domain::SimulationTerms, Domain::SimulationTermsNext);
        self.list.chain("terms", domains, &elements);
    }

    /// M1, M4: a position, and its word.
    fn position(&mut self, i: usize) {
        for bit in ["padding", "short"] {
            self.list.bit(&format!("{i}.{bit}"));
        }
        for (field, bits) in [("size_less_sign", LOT_BITS), ("cash", 80), ("instrument", 64)] {
            self.list.below(format!("{i}.{field}"), of(i, field), bits);
        }
        self.list.zero(format!("{i}.padding has no lots"), of(i, "padding") * size(i));
        self.list.zero(format!("{i}.padding has no cash"), of(i, "padding") * cash(i));
        self.list.define(format!("{i}.key"), of(i, "instrument"));
        self.list.define(format!("{i}.lots"), lots(i) + two_to(63));
        self.list.word(i);
    }

    /// M3, M4: the fields of a row, and the root it opens to; its gains, unpacked.
    fn row(&mut self, i: usize) {
        self.list.bit(&format!("{i}.is_long_only"));
        self.list.zero(format!("{i}.direction"), of(i, "is_long_only") * of(i, "short"));
        for charge in ["maintenance", "initial"] {
            self.list.below(format!("{i}.{charge}"), of(i, charge), GAIN_BITS);
        }
        let first = of(i, "instrument")
            + two_to(64) * of(i, "is_long_only")
            + two_to(72) * of(i, "maintenance")
            + two_to(104) * of(i, "initial");
        let packed = (0..columns(self.scenarios) / LIMBS).map(|e| of(i, &format!("columns.{e}")));
        let elements: Vec<P<F>> = [first].into_iter().chain(packed.clone()).collect();
        let domains = (Domain::SimulationRow, Domain::SimulationRowNext);
        self.list.chain(&format!("{i}.leaf"), domains, &elements);
        self.list.row_path(i);
        for (element, value) in packed.enumerate() {
            let gains: Vec<_> =
                (0..LIMBS).map(|limb| format!("{i}.gain.{}", LIMBS * element + limb)).collect();
            self.list.digits(&gains, value, LIMB_BITS);
        }
    }

    /// M4, M5: what the account gains, column by column.
    fn sums(&mut self) {
        for column in 0..columns(self.scenarios) {
            let name = format!("sum.{column}");
            self.list.below(name.clone(), w(name.as_str()), SUM_BITS + 1);
            let own = self.over_slots(|i| lots(i) * of(i, &format!("gain.{column}")));
            self.list.zero(format!("{name} is the sum"), own - gain(column));
        }
    }

    /// M5: the worst scenarios, what they lose together, and the least of it.
    fn tail(&mut self) {
        let scenarios = 0..self.scenarios;
        let marked: Vec<P<F>> =
            scenarios.clone().map(|scenario| w(format!("in_tail.{scenario}"))).collect();
        let losses = scenarios.clone().zip(&marked).map(|(i, mark)| mark.clone() * gain(i));
        let loss = n(0) - sum(losses);
        let tail = Tail {
            of: scenarios.map(|scenario| w(format!("sum.{scenario}"))).collect(),
            marked,
            size: w("tail"),
            threshold: w("threshold"),
        };
        self.list.0.push(Statement::Tail("M5 tail".to_owned(), tail));
        let var = two_to(SUM_BITS) - w("threshold");
        self.not_below_zero("tail_loss", loss, ("tail_is_profit", 64));
        self.not_below_zero("var", var, ("var_is_profit", SUM_BITS + 1));
        // Behind the scenarios; the last column is the mark.
        let stress = self.scenarios..columns(self.scenarios) - 1;
        let losses = stress.map(|column| n(0) - gain(column)).chain([n(0)]).collect();
        self.list.largest("M5 stress", w("stress"), losses);
    }

    /// A wire for a loss, or for nothing where it is a profit.
    fn not_below_zero(&mut self, wire: &str, loss: P<F>, (is_profit, bits): (&str, u32)) {
        self.list.sign(format!("M5 {wire}"), loss.clone(), w(is_profit), bits);
        self.list.define(wire, loss.clone() - w(is_profit) * loss);
    }

    /// M6, M7: the balance of the claim's level, and its side.
    fn outcome(&mut self) {
        let maintenance = w("is_maintenance");
        let initial = w("is_initial");
        let weight = |risk: &str| {
            let of = |level: &str| w(format!("{level}.{risk}"));
            maintenance.clone() * of("maintenance") + initial.clone() * of("initial")
        };
        let risk = sum(RISKS.map(|risk| weight(risk) * w(risk)));
        let charged = |charge: &str| self.over_slots(|i| size(i) * of(i, charge));
        let charges = (maintenance + initial.clone()) * charged("maintenance")
            + initial * (charged("initial") + w("reserved"));
        let mark = gain(columns(self.scenarios) - 1);
        let equity = mark + self.over_slots(cash);
        let required = risk + n(WEIGHT_ONE) * charges;
        let one = || n(10_000) * n(WEIGHT_ONE);
        self.list.define("balance", one() * equity - times() * required);
        let list = &mut *self.list;
        list.below("M6 at least", (n(1) - w("is_below")) * w("balance"), 144);
        list.below("M6 slack", w("slack"), 56);
        list.below("M6 slack below one unit", one() - n(1) - w("slack"), 56);
        let rounded = w("slack") - w("is_below") * w("balance") - one() * w("shortfall");
        list.zero("M6 rounded up", rounded);
        list.below("M6 shortfall", w("shortfall"), 104);
        list.below("M6 below", w("shortfall") - w("is_below"), 104);
        list.disclosed();
    }
}
