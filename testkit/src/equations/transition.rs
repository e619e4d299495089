//! The transition statement as equations, of every family: one account becomes another.
//!
//! The portfolios and the change are lists of words: what was held, what is held, and
//! what lies between, each gathered from the slots and opened as a list is, where the
//! circuit moves words by the bits of one-hot numbers. The bits are a prover's to choose
//! all the same: they must tell the numbers that there are.

use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::statement::transition::{Assignment, TransitionHints};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::MarginFamily as _;

use super::common::{List, P, listed, n, of, sum, two_to, used, w, wires_of, word};
use super::{Flagged, Statement, Wires, scenario, simulation, standard};

/// The account afterwards, whose figures are a family's.
#[derive(Clone, Copy, Debug)]
pub enum Account {
    /// Of the standard family.
    Standard,
    /// Of options, in so many expiries.
    Scenario(usize),
    /// By simulation of so many scenarios.
    Simulation(usize),
}

/// The values of the wires that a prover or everybody knows; the figures by `set_figures`
/// of the family.
pub fn wires<F: MarginField, G: FamilyFigures<F>>(
    public: &[F],
    assignment: &Assignment<F, G>,
    set: impl FnOnce(&mut Wires<F>, &G::Hints),
) -> Wires<F> {
    let Assignment { witness, claim, reserved, figures, slots } = assignment;
    let account = G::Family::account(&witness.before);
    let mut wires = wires_of(public, (claim, *reserved), account);
    wires.insert("next_blinding".to_owned(), witness.blinding.to_field());
    wires.insert("salt".to_owned(), witness.change.salt().to_field());
    set(&mut wires, figures);
    for (i, slot) in slots.iter().enumerate() {
        set_slot(&mut wires, i, slot);
    }
    wires
}

fn set_slot<F: MarginField>(wires: &mut Wires<F>, i: usize, slot: &TransitionHints<F>) {
    let fields = [
        ("held", slot.held),
        ("lots_before", slot.lots),
        ("cash_before", slot.cash),
        ("changed", slot.changed),
    ];
    wires.extend(fields.map(|(name, value)| (format!("{i}.{name}"), value)));
    for (list, bits) in [("before", &slot.before), ("next", &slot.next), ("entry", &slot.entry)] {
        for (number, bit) in bits.iter().enumerate() {
            wires.insert(format!("{i}.{list}.{number}"), *bit);
        }
    }
}

/// The statement about so many slots, of which so many are changed, opened or closed at
/// most.
pub fn statements<F: MarginField>(
    account: Account,
    slots: usize,
    changes: usize,
) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.list_either(slots);
    match account {
        Account::Standard => standard::account(&mut list, slots),
        Account::Scenario(expiries) => scenario::account(&mut list, slots, expiries),
        Account::Simulation(scenarios) => simulation::account(&mut list, slots, scenarios),
    }
    list.zero("T4 at least", w("is_below"));
    list.portfolios(slots, changes);
    list.0
}

impl<F: MarginField> List<F> {
    /// A slot is listed when it is held before or afterwards.
    pub(super) fn list_either(&mut self, slots: usize) {
        for i in 0..slots {
            self.bit(&format!("{i}.held"));
            let neither = of(i, "padding") * (n(1) - of(i, "held"));
            self.define(format!("{i}.listed"), n(1) - neither);
        }
    }

    /// T1 to T3.
    pub(super) fn portfolios(&mut self, slots: usize, changes: usize) {
        (0..slots).for_each(|i| self.before(i));
        (0..slots).for_each(|i| self.entry(i));
        Portfolios { list: self, slots, changes }.open();
    }

    /// T1: what was held of a slot's instrument; nothing where it was not held.
    fn before(&mut self, i: usize) {
        self.below(format!("{i}.lots before"), of(i, "lots_before"), 64);
        self.below(format!("{i}.cash before"), of(i, "cash_before"), 80);
        let none = || n(1) - of(i, "held");
        self.zero(format!("{i}.no lots before"), none() * (of(i, "lots_before") - two_to(63)));
        self.zero(format!("{i}.no cash before"), none() * (of(i, "cash_before") - two_to(79)));
        let was = word(i, of(i, "lots_before"), of(i, "cash_before"));
        self.define(format!("{i}.word_before"), of(i, "held") * was);
    }

    /// T3: what is there afterwards is what was before, and the entry's if there is one.
    fn entry(&mut self, i: usize) {
        self.bit(&format!("{i}.changed"));
        self.zero(format!("{i}.changed is listed"), of(i, "changed") * (n(1) - listed(i)));
        let lots = || of(i, "lots") - of(i, "lots_before");
        let cash = || of(i, "cash") - of(i, "cash_before");
        let unchanged = || n(1) - of(i, "changed");
        self.zero(format!("{i}.lots are as before"), unchanged() * lots());
        self.zero(format!("{i}.cash is as before"), unchanged() * cash());
        let word = of(i, "key")
            + two_to(80) * (lots() + two_to(64))
            + two_to(152) * (cash() + two_to(80))
            + two_to(240);
        self.define(format!("{i}.entry_word"), word);
    }
}

struct Portfolios<'a, F> {
    list: &'a mut List<F>,
    slots: usize,
    changes: usize,
}

impl<F: MarginField> Portfolios<'_, F> {
    /// T1 to T3: the portfolio before is the account's, that afterwards `NEXT`, the
    /// entries `CHANGE`.
    fn open(&mut self) {
        let held = |i: usize| of(i, "held");
        let gap = |flag: fn(usize) -> P<F>| move |i: usize| listed(i) - flag(i);
        let most = self.changes + 1;
        let before = self.gather("before", ("word_before", held, self.slots), (most, gap(held)));
        self.list.state(before);
        let next = self.gather("next", ("word", used, self.slots), (most, gap(used)));
        self.list.opening("next_opening", next, "next_blinding");
        self.list.zero("T2 next", w("next_opening") - w("next"));
        let changed = |i: usize| of(i, "changed");
        let entries =
            self.gather("entry", ("entry_word", changed, self.changes), (self.changes, changed));
        let domain = Domain::ChangeEntries;
        self.list.0.push(Statement::Chain("entries".to_owned(), domain, n(0), entries));
        let message = [w("entries"), w("salt"), n(0), n(0)];
        self.list.0.push(Statement::Digest("change_digest".to_owned(), Domain::Change, message));
        self.list.zero("T3 change", w("change_digest") - w("change"));
    }

    /// The flagged words in a list of so many places. Of each slot its bits tell what is
    /// counted before it, with one for each number below `most`.
    fn gather(
        &mut self,
        name: &str,
        (word, flag, places): (&str, impl Fn(usize) -> P<F>, usize),
        (most, counted): (usize, impl Fn(usize) -> P<F>),
    ) -> Vec<P<F>> {
        for i in 0..self.slots {
            let number = Flagged { flag: flag(i), of: sum((0..i).map(&counted)) };
            let bits = (0..most.min(i + 1)).map(|bit| of(i, &format!("{name}.{bit}"))).collect();
            self.list.0.push(Statement::Told(format!("{i}.{name} is told"), bits, number));
        }
        let names: Vec<_> = (0..places).map(|place| format!("{name}.{place}")).collect();
        let all = (0..self.slots).map(|i| Flagged { flag: flag(i), of: of(i, word) }).collect();
        self.list.0.push(Statement::Gathered(names.clone(), all));
        names.into_iter().map(w).collect()
    }
}
