//! What every list has: the claim, the header, the commitment, the trees.

use zkmargin_circuits::statement::ClaimHints;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::{MARKET_DEPTH, STATE_DEPTH};
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::statement::transition;
use zkmargin_margin::witness::AccountWitness;

use super::{Extreme, Polynomial, Statement, Wires};

pub(super) type P<F> = Polynomial<F>;

/// Sets what is known of every statement: its public inputs, the claim, what is reserved,
/// the account and its path.
pub(super) fn wires_of<F: MarginField, R>(
    public: &[F],
    (claim, reserved): (&ClaimHints<F>, F),
    account: &AccountWitness<F, R>,
) -> Wires<F> {
    let mut wires = Wires::new();
    let mut set = |name: &str, value: F| _ = wires.insert(name.to_owned(), value);
    for (name, value) in transition::NAMES.iter().zip(public) {
        set(name, *value);
    }
    set("is_maintenance", claim.is_maintenance);
    set("is_initial", claim.is_initial);
    set("is_below", claim.is_below);
    set("above_one", claim.above_one);
    set("leverage", claim.leverage);
    set("reserved", reserved);
    set("blinding", account.blinding.to_field());
    set("commitment", account.commitment);
    set("timestamp", F::from(account.header.timestamp.get()));
    set("denominator", F::from(u64::from(account.header.denominator.get())));
    set_path(&mut wires, "state", account.account_path.children());
    wires
}

/// Sets the children of a path.
pub(super) fn set_path<F: MarginField>(wires: &mut Wires<F>, name: &str, path: &[[F; ARITY]]) {
    for (level, children) in path.iter().enumerate() {
        for (child, value) in children.iter().enumerate() {
            wires.insert(format!("{name}.{level}.{child}"), *value);
        }
    }
}

pub(super) fn w<F>(name: impl Into<String>) -> P<F> {
    P::Wire(name.into())
}

pub(super) fn n<F: MarginField>(number: u64) -> P<F> {
    P::Constant(F::from(number))
}

pub(super) fn two_to<F: MarginField>(bits: u32) -> P<F> {
    P::Constant(F::from(2).pow_vartime([u64::from(bits)]))
}

/// A wire of a slot.
pub(super) fn of<F>(slot: usize, name: &str) -> P<F> {
    w(format!("{slot}.{name}"))
}

pub(super) fn sum<F: MarginField>(parts: impl IntoIterator<Item = P<F>>) -> P<F> {
    parts.into_iter().reduce(|sum, part| sum + part).unwrap_or_else(|| n(0))
}

/// One for a position, zero for padding.
pub(super) fn used<F: MarginField>(i: usize) -> P<F> {
    n(1) - of(i, "padding")
}

/// One for a slot that has a place in the order: of a margin statement a position, of a
/// transition what is held before or afterwards.
pub(super) fn listed<F>(i: usize) -> P<F> {
    of(i, "listed")
}

/// The multiplier, in ten-thousandths.
pub(super) fn times<F: MarginField>() -> P<F> {
    n(10_000) + w("above_one")
}

pub(super) struct List<F>(pub(super) Vec<Statement<F>>);

impl<F: MarginField> List<F> {
    pub(super) fn zero(&mut self, name: impl Into<String>, polynomial: P<F>) {
        self.0.push(Statement::Zero(name.into(), polynomial));
    }

    pub(super) fn below(&mut self, name: impl Into<String>, polynomial: P<F>, bits: u32) {
        self.0.push(Statement::Below(name.into(), polynomial, bits));
    }

    pub(super) fn define(&mut self, wire: impl Into<String>, polynomial: P<F>) {
        self.0.push(Statement::Define(wire.into(), polynomial));
    }

    pub(super) fn digits(&mut self, wires: &[String], polynomial: P<F>, bits: u32) {
        self.0.push(Statement::Digits(wires.to_vec(), polynomial, bits));
    }

    pub(super) fn largest(&mut self, name: &str, polynomial: P<F>, of: Vec<P<F>>) {
        self.0.push(Statement::Extreme(name.to_owned(), polynomial, of, Extreme::Largest));
    }

    pub(super) fn smallest(&mut self, name: &str, polynomial: P<F>, of: Vec<P<F>>) {
        self.0.push(Statement::Extreme(name.to_owned(), polynomial, of, Extreme::Smallest));
    }

    pub(super) fn sign(&mut self, name: String, polynomial: P<F>, negative: P<F>, bits: u32) {
        self.0.push(Statement::Sign(name, [polynomial, negative], bits));
    }

    pub(super) fn bit(&mut self, wire: &str) {
        self.zero(format!("{wire} is a bit"), w(wire) * (w(wire) - n(1)));
    }

    /// A digest of any length: the first four in one domain, then the digest so far
    /// and three more at a time in another.
    pub(super) fn chain(&mut self, wire: &str, (first, next): (Domain, Domain), elements: &[P<F>]) {
        let at = |i: usize| elements.get(i).cloned().unwrap_or_else(|| n(0));
        let digest = |domain, message| Statement::Digest(wire.to_owned(), domain, message);
        self.0.push(digest(first, [at(0), at(1), at(2), at(3)]));
        for i in (4..elements.len()).step_by(3) {
            self.0.push(digest(next, [w(wire), at(i), at(i + 1), at(i + 2)]));
        }
    }

    /// M6: the claim's code, and the ranges of its dials. Who has no notional has no
    /// leverage.
    pub(super) fn claim(&mut self, has_notional: bool) {
        self.claim_with(has_notional, n(0));
    }

    /// The same with an aim's number in the code, at its place.
    pub(super) fn claim_with(&mut self, has_notional: bool, aim: P<F>) {
        for name in ["is_maintenance", "is_initial", "is_below"] {
            self.bit(name);
        }
        self.zero("M6 one level", w("is_maintenance") * w("is_initial"));
        self.below("M6 multiplier", w("above_one"), 24);
        let level = n(1) + w("is_maintenance") + n(2) * w("is_initial") + n(4) * w("is_below");
        let mut code = level + aim + two_to(8) * w("above_one");
        if has_notional {
            self.below("M6 leverage", w("leverage"), 24);
            self.zero("M6 leverage below", w("is_below") * w("leverage"));
            code = code + two_to(40) * w("leverage");
        }
        self.zero("M6 code", code - w("claim"));
    }

    /// M4: ranges of what is neither of a slot nor of the claim.
    pub(super) fn ranges(&mut self) {
        self.below("M4 reserved", w("reserved"), 80);
        self.below("M4 epoch", w("epoch"), 64);
        self.below("M4 timestamp", w("timestamp"), 64);
        self.below("M4 denominator", w("denominator"), 32);
    }

    /// M4: listed slots come first; how far each is above the one before.
    pub(super) fn order(&mut self, i: usize, step: P<F>, bits: u32) {
        self.zero(format!("{i}.padding is last"), (n(1) - listed(i - 1)) * listed(i));
        self.below(format!("{i}.ascends"), listed(i) * (step - n(1)), bits);
    }

    /// M7: nothing is disclosed, or the shortfall.
    pub(super) fn disclosed(&mut self) {
        self.zero("M7", w("disclosed") * (w("disclosed") - w("shortfall")));
    }

    /// The root that a slot's `leaf` opens to, as `row.root`.
    pub(super) fn row_path(&mut self, i: usize) {
        self.path(&format!("{i}.row"), &format!("{i}.leaf"), Domain::MarketNode, MARKET_DEPTH);
    }

    /// A leaf is one of the children, their digest one of the next.
    pub(super) fn path(&mut self, name: &str, leaf: &str, domain: Domain, depth: usize) {
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

    /// M3: one tree, under the header with the terms' digest.
    pub(super) fn market(&mut self, slots: usize, terms: P<F>) {
        for i in 1..slots {
            self.zero(format!("{i}.tree"), w(format!("{i}.row.root")) - w("0.row.root"));
        }
        let packed = w("epoch") + two_to(64) * w("timestamp") + two_to(128) * w("denominator");
        let message = [w("0.row.root"), w("model"), packed, terms];
        self.0.push(Statement::Digest("header".to_owned(), Domain::MarketHeader, message));
        self.zero("M3 market root", w("header") - w("market_root"));
    }

    /// M1: the word of a slot, of its `key`, its `lots` and its `cash` with their
    /// offsets; zero for padding.
    pub(super) fn word(&mut self, i: usize) {
        let word = word(i, of(i, "lots"), of(i, "cash"));
        self.define(format!("{i}.word"), used(i) * word);
    }

    /// Every slot that is a position is listed, as in a statement of one portfolio.
    pub(super) fn list_positions(&mut self, slots: usize) {
        (0..slots).for_each(|i| self.define(format!("{i}.listed"), used(i)));
    }

    /// What the words of a portfolio open to, from what is reserved.
    pub(super) fn opening(&mut self, wire: &str, words: Vec<P<F>>, blinding: &str) {
        let chain = Statement::Chain("chain".to_owned(), Domain::Positions, w("reserved"), words);
        let message = [w("chain"), w(blinding), n(0), n(0)];
        self.0.push(chain);
        self.0.push(Statement::Digest(wire.to_owned(), Domain::Portfolio, message));
    }

    /// M1, M2: the words open the account's commitment, and its leaf is in the state.
    pub(super) fn state(&mut self, words: Vec<P<F>>) {
        self.opening("opening", words, "blinding");
        self.zero("M1 opening", w("opening") - w("commitment"));
        let message = [w("account"), w("commitment"), w("context"), n(0)];
        self.0.push(Statement::Digest("leaf".to_owned(), Domain::StateLeaf, message));
        self.path("state", "leaf", Domain::StateNode, STATE_DEPTH);
        self.zero("M2 state root", w("state.root") - w("state_root"));
    }
}

/// A word of a slot's key, and of lots and cash with their offsets.
pub(super) fn word<F: MarginField>(i: usize, lots: P<F>, cash: P<F>) -> P<F> {
    of(i, "key") + two_to(80) * lots + two_to(144) * cash + two_to(224)
}
