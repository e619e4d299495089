//! The haircut statement as equations, of the standard family.
//!
//! Each leaf is an account's statement in a scope of its own, as in a venue's. The word
//! afterwards is packed anew from its parts, where the circuit takes the cut off the word
//! before.

use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::haircut::Assignment;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::statement::haircut::NAMES;

use super::common::{List, P, n, of, sum, two_to, used, w, word};
use super::venue::leaf;
use super::{Statement, Wires, standard};

/// The level that requires nothing: what is zero of every claim.
const NOTHING: [&str; 4] = ["is_maintenance", "is_initial", "above_one", "leverage"];

/// The values of the wires that a venue or everybody knows.
pub fn wires<F: MarginField>(
    public: &[F],
    assignment: &Assignment<F, StandardFigures<F>>,
) -> Wires<F> {
    let Assignment { loss, equity, header, leaves } = assignment;
    let shared = [
        ("loss", *loss),
        ("all_equity", *equity),
        ("timestamp", F::from(header.timestamp.get())),
        ("denominator", F::from(u64::from(header.denominator.get()))),
    ];
    let shared = NAMES.into_iter().zip(public.iter().copied()).chain(shared);
    let mut wires: Wires<F> = shared.map(|(name, value)| (name.to_owned(), value)).collect();
    let mut level = wires.clone();
    level.extend(NOTHING.map(|name| (name.to_owned(), F::ZERO)));
    for (index, leaf) in leaves.iter().enumerate() {
        let mut own = level.clone();
        for (name, value) in [
            ("is_present", leaf.present),
            ("is_below", leaf.below_zero),
            ("is_winner", leaf.winner),
            ("cash_after", leaf.cash_after),
            ("holder", leaf.account),
            ("blinding", leaf.blinding),
            ("blinding_after", leaf.blinding_after),
            ("reserved", leaf.reserved),
        ] {
            own.insert(name.to_owned(), value);
        }
        standard::set_figures(&mut own, &leaf.figures);
        own.retain(|name, _| !level.contains_key(name));
        wires.extend(own.into_iter().map(|(name, value)| (format!("leaf.{index}.{name}"), value)));
    }
    wires
}

/// The statement about so many accounts, a power of four, of so many slots each.
pub fn statements<F: MarginField>(accounts: usize, slots: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.below("F2 loss", w("loss"), 104);
    list.below("F2 equity", w("all_equity"), 104);
    list.zero("F2 ratio", w("loss") + two_to(104) * w("all_equity") - w("ratio"));
    list.below("F2 covered", w("all_equity") - w("loss"), 104);
    for name in NOTHING {
        list.define(name, n(0));
    }
    for index in 0..accounts {
        list.0.push(Statement::Within(format!("leaf.{index}"), account(slots)));
    }
    list.root(accounts, "node", ("F1 root", "subtree_root"));
    list.root(accounts, "node_after", ("F4 root", "subtree_after"));
    let all = |name: &str| sum((0..accounts).map(|index| leaf(index, name)));
    let sums = all("winning") + two_to(96) * all("cut") + two_to(192) * all("is_winner");
    list.zero("F5 sums", sums - w("sums"));
    list.0
}

/// F1, F3, F4: a leaf; an empty one is of an account that nobody has, without equity.
fn account<F: MarginField>(slots: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    for bit in ["is_present", "is_below", "is_winner"] {
        list.bit(bit);
    }
    list.list_positions(slots);
    standard::level(&mut list, slots);
    list.opening("commitment", (0..slots).map(|i| of(i, "word")).collect(), "blinding");
    list.leaf("node", "commitment");
    list.share(sum((0..slots).map(standard::equity)));
    // Lots and key as they were.
    let first: P<F> = used(0) * word(0, of(0, "lots"), w("cash_after"));
    let others = (1..slots).map(|i| of(i, "word"));
    list.opening("commitment_after", [first].into_iter().chain(others).collect(), "blinding_after");
    list.leaf("node_after", "commitment_after");
    list.0
}

impl<F: MarginField> List<F> {
    /// The leaf of a commitment, or nothing.
    fn leaf(&mut self, wire: &str, commitment: &str) {
        let message = [w("holder"), w(commitment), w("context"), n(0)];
        self.0.push(Statement::Digest("digest".to_owned(), Domain::StateLeaf, message));
        self.define(wire, w("is_present") * w("digest"));
    }

    /// F3, by an account's equity: what the cash lacks afterwards is its share.
    fn share(&mut self, equity: P<F>) {
        self.zero("F3 winner is present", w("is_winner") * (n(1) - w("is_present")));
        let under_sign = (n(2) * w("is_winner") - n(1)) * equity.clone();
        self.below("F3 winner", under_sign - w("is_winner"), 80);
        self.define("winning", w("is_winner") * equity);
        self.below("F4 cash", w("cash_after"), 80);
        self.define("cut", of(0, "cash") - w("cash_after"));
        let apart = || w("cut") * w("all_equity") - w("winning") * w("loss");
        self.below("F3 no less", apart() + w("all_equity") - n(1), 112);
        self.below("F3 no more", w("all_equity") - n(1) - apart(), 112);
    }
}
