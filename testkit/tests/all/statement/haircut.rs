//! The haircut statement, of the standard family: four accounts.

use ff::Field as _;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::haircut::{Assignment, HaircutCircuit, LeafHints};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::statement::haircut::{NAMES, SUBTREE_AFTER, SUBTREE_ROOT, SUMS};
use zkmargin_testkit::equations::haircut::{statements, wires};

use super::{Both, fields, is_long, lies_about};
use crate::common::haircut::{StandardHaircut, standard, standard_mix};
use crate::common::venue::of_equity;

type Choices<F> = Assignment<F, StandardFigures<F>>;
type Leaf<F> = LeafHints<F, StandardFigures<F>>;
type Lie<F> = Box<dyn Fn(&mut Choices<F>) + Sync>;
type Named<F> = super::Named<Choices<F>>;

/// What a venue computes, and publishes.
const COMPUTED: [(usize, &str); 3] = [
    (SUBTREE_AFTER, NAMES[SUBTREE_AFTER]),
    (SUBTREE_ROOT, NAMES[SUBTREE_ROOT]),
    (SUMS, NAMES[SUMS]),
];

fn both<F: MarginField>(case: &StandardHaircut<F>) -> Both<F> {
    let list = statements(case.witness.leaves.len(), case.shape.standard_positions());
    let k = HaircutCircuit::<F, StandardFigures<F>, 1>::k(case.shape);
    Both { k, rows: case.public_rows(), list }
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField>(case: &StandardHaircut<F>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

/// What a leaf has beside its slots.
fn beside<F: MarginField>(leaf: &mut Leaf<F>) -> Vec<&mut F> {
    let LeafHints { present, below_zero, winner, cash_after, .. } = leaf;
    let LeafHints { account, blinding, blinding_after, reserved, .. } = leaf;
    vec![present, below_zero, winner, cash_after, account, blinding, blinding_after, reserved]
}

/// Lies about each leaf and about what is of all of them.
fn lies<F: MarginField>(honest: &mut Choices<F>) -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let of = fields(|a: &mut Choices<F>| vec![&mut a.loss, &mut a.equity]);
    lies.extend(lies_about("ratio", honest, |_| (), of));
    for leaf in 0..honest.leaves.len() {
        // Of two winners the second; an empty leaf and a loser.
        if leaf == 0 && !is_long() {
            continue;
        }
        let of = fields(move |a: &mut Choices<F>| beside(&mut a.leaves[leaf]));
        lies.extend(lies_about(&format!("beside leaf {leaf}"), honest, |_| (), of));
        lies.extend(of_a_leaf(leaf));
        // Families' own values are lied about in their margin statements.
        if is_long() {
            let of = fields(move |a: &mut Choices<F>| -> Vec<&mut F> {
                super::standard::fields(&mut a.leaves[leaf].figures.slots[0]).into()
            });
            lies.extend(lies_about(&format!("leaf {leaf} slot"), honest, |_| (), of));
        }
    }
    lies.push(("nothing".to_owned(), Box::new(|_| ())));
    lies.push(("two leaves swapped".to_owned(), Box::new(|a| a.leaves.swap(2, 3))));
    lies.push(("the leaves turned round".to_owned(), Box::new(|a| a.leaves.reverse())));
    lies
}

fn of_a_leaf<F: MarginField>(leaf: usize) -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((format!("leaf {leaf}: {name}"), lie));
    let inverted = |bit: &mut F| *bit = F::ONE - *bit;
    add("present, or not", Box::new(move |a| inverted(&mut a.leaves[leaf].present)));
    add("a winner, or not", Box::new(move |a| inverted(&mut a.leaves[leaf].winner)));
    add("below zero, or not", Box::new(move |a| inverted(&mut a.leaves[leaf].below_zero)));
    add(
        "present and a winner, or neither",
        Box::new(move |a| {
            inverted(&mut a.leaves[leaf].present);
            inverted(&mut a.leaves[leaf].winner);
        }),
    );
    add("half a winner", Box::new(move |a| a.leaves[leaf].winner = F::from(2)));
    add("half present", Box::new(move |a| a.leaves[leaf].present = F::from(2)));
    add("two less cash", Box::new(move |a| a.leaves[leaf].cash_after -= F::from(2)));
    // The other rounding, which is as good where the share is not whole.
    add("a unit less cash", Box::new(move |a| a.leaves[leaf].cash_after -= F::ONE));
    add("a unit more cash", Box::new(move |a| a.leaves[leaf].cash_after += F::ONE));
    add("no cut", Box::new(move |a| a.leaves[leaf].cash_after = first_cash(&a.leaves[leaf])));
    add("the first leaf", Box::new(move |a| a.leaves[leaf] = a.leaves[0].clone()));
    add("the last slot emptied", {
        Box::new(move |a| a.leaves[leaf].figures.slots[7].padding = F::ONE)
    });
    lies
}

fn first_cash<F: MarginField>(leaf: &Leaf<F>) -> F {
    leaf.figures.slots[0].cash
}

/// As the liar publishes the public inputs, and by request with the venue's own as they
/// were.
#[test]
fn on_lies() {
    let case = standard_mix::<Bn254Fr>();
    assert!(agree(&case));
    let (mut honest, both) = (case.circuit(), both(&case));
    let lies = lies(honest.assignment_mut().unwrap());
    for published in [&COMPUTED[..], &[]].into_iter().take(if is_long() { 2 } else { 1 }) {
        let (told, accepted) = both.agree_on_published_lies(
            &case.circuit(),
            &lies,
            published,
            |lie| case.lie(lie),
            |rows, circuit| wires(rows, circuit.assignment_mut().unwrap()),
        );
        println!("haircut: {told} lies, {accepted} that both accept");
        // Another account, blinding or rounding is as good, once it is published.
        assert!(accepted > 0 && accepted < told / 2);
    }
}

/// Losses from nothing to all there is, and accounts at nothing and a unit beside it.
#[test]
fn on_statements() {
    let at = |equity| Some(of_equity(equity));
    let accounts = [at(1), at(0), at(-1), at(10)];
    for loss in [5, 11] {
        assert!(agree(&standard::<Bn254Fr, 1>(loss, &accounts)), "{loss}");
    }
    assert!(agree(&standard::<Bn254Fr, 1>(3, &[None, at(7), None, Some(Vec::new())])));
    // A unit more or less than the share on either side, with all that follows told.
    let case = standard::<Bn254Fr, 1>(5, &[at(10), at(20), None, None]);
    for (leaf, by, fair) in [(0, 1, true), (1, -1, true), (0, -1, false), (1, 1, false)] {
        let other = case.forged(|leaves| {
            let cut = &mut leaves[leaf].as_mut().unwrap().cut;
            *cut = cut.checked_add_signed(by).unwrap();
        });
        assert_eq!(agree(&other), fair, "{leaf} {by}");
    }
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let case = standard_mix::<Bn254Fr>();
    // The memo is free.
    for (row, name) in NAMES.iter().enumerate().filter(|(row, _)| *row != MEMO) {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::ONE;
        let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
        assert!(!both.agree(&circuit, wires), "{name}");
    }
}
