//! The venue statement as equations, of the standard family.
//!
//! Each leaf is an account's statement in a scope of its own, which opens every row to
//! the market by itself; the chain is one over what is flagged, where the circuit makes
//! a link of every leaf and takes or leaves it.

use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::venue::Assignment;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::statement::venue::NAMES;

use super::common::{List, P, n, of, sum, two_to, w};
use super::{Flagged, Statement, Wires, standard};

/// The values of the wires that a venue or everybody knows.
pub fn wires<F: MarginField>(
    public: &[F],
    assignment: &Assignment<F, StandardFigures<F>>,
) -> Wires<F> {
    let Assignment { claim, header, leaves } = assignment;
    let shared = [
        ("is_maintenance", claim.is_maintenance),
        ("is_initial", claim.is_initial),
        ("is_below", claim.is_below),
        ("above_one", claim.above_one),
        ("timestamp", F::from(header.timestamp.get())),
        ("denominator", F::from(u64::from(header.denominator.get()))),
    ];
    let shared = NAMES.into_iter().zip(public.iter().copied()).chain(shared);
    let mut wires: Wires<F> = shared.map(|(name, value)| (name.to_owned(), value)).collect();
    let level = wires.clone();
    for (index, leaf) in leaves.iter().enumerate() {
        let mut own = level.clone();
        for (name, value) in [
            ("is_present", leaf.present),
            ("is_flagged", leaf.flagged),
            ("holder", leaf.account),
            ("blinding", leaf.blinding),
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

/// A wire of a leaf.
pub(super) fn leaf<F>(index: usize, name: &str) -> P<F> {
    w(format!("leaf.{index}.{name}"))
}

/// The statement about so many accounts, a power of four, of so many slots each.
pub fn statements<F: MarginField>(accounts: usize, slots: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.claim(false);
    list.zero("V2 at least", w("is_below"));
    // A venue's claim bounds none.
    list.define("leverage", n(0));
    for index in 0..accounts {
        list.0.push(Statement::Within(format!("leaf.{index}"), account(slots)));
    }
    list.root(accounts, "node", ("V1 root", "subtree_root"));
    let flagged = |index| Flagged { flag: leaf(index, "is_flagged"), of: leaf(index, "holder") };
    let all = (0..accounts).map(flagged).collect();
    list.0.push(Statement::Links("chain".to_owned(), Domain::Flagged, all));
    list.zero("V3 flagged", w("chain") - w("flagged"));
    let count = |name: &str| sum((0..accounts).map(|index| leaf(index, name)));
    let counts = count("is_present") + two_to(32) * count("is_flagged");
    list.zero("V4 counts", counts - w("counts"));
    list.0
}

/// V1, V2: a leaf; an empty one is of an account that nobody has.
fn account<F: MarginField>(slots: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.bit("is_present");
    list.bit("is_flagged");
    list.zero("V2 flagged is present", w("is_flagged") * (n(1) - w("is_present")));
    list.define("is_below", w("is_flagged"));
    list.list_positions(slots);
    standard::level(&mut list, slots);
    list.opening("commitment", (0..slots).map(|i| of(i, "word")).collect(), "blinding");
    let message = [w("holder"), w("commitment"), w("context"), n(0)];
    list.0.push(Statement::Digest("digest".to_owned(), Domain::StateLeaf, message));
    list.define("node", w("is_present") * w("digest"));
    list.0
}

impl<F: MarginField> List<F> {
    /// The leaves, of a wire each has, hash up to a subtree's root, which is public.
    pub(super) fn root(&mut self, accounts: usize, node: &str, (name, public): (&str, &str)) {
        let mut level: Vec<P<F>> = (0..accounts).map(|index| leaf(index, node)).collect();
        while level.len() > 1 {
            let nodes = level.chunks(ARITY).enumerate().map(|(index, children)| {
                let wire = format!("{node}.{}.{index}", level.len());
                let children = std::array::from_fn(|child| children[child].clone());
                self.0.push(Statement::Digest(wire.clone(), Domain::StateNode, children));
                w(wire)
            });
            level = nodes.collect();
        }
        self.zero(name, level.remove(0) - w(public));
    }
}
