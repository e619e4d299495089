//! The venue statement, of the standard family: four accounts.

use ff::Field as _;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::venue::{Assignment, LeafHints, VenueCircuit};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::statement::venue::{COUNTS, FLAGGED, NAMES, SUBTREE_ROOT, VenueInstance};
use zkmargin_testkit::equations::venue::{statements, wires};

use super::{Both, fields, is_long, lies_about};
use crate::common::venue::{StandardVenue, of_equity, standard, standard_mix};

type Choices<F> = Assignment<F, StandardFigures<F>>;
type Leaf<F> = LeafHints<F, StandardFigures<F>>;
type Lie<F> = Box<dyn Fn(&mut Choices<F>) + Sync>;
type Named<F> = super::Named<Choices<F>>;

/// What a venue computes, and publishes.
const COMPUTED: [(usize, &str); 3] =
    [(FLAGGED, NAMES[FLAGGED]), (SUBTREE_ROOT, NAMES[SUBTREE_ROOT]), (COUNTS, NAMES[COUNTS])];

fn both<F: MarginField>(case: &StandardVenue<F>) -> Both<F> {
    let list = statements(case.witness.leaves.len(), case.shape.standard_positions());
    let k = VenueCircuit::<F, StandardFigures<F>, 1>::k(case.shape);
    Both { k, rows: case.public_rows(), list }
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField>(case: &StandardVenue<F>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

/// What a leaf has beside its slots.
fn beside<F: MarginField>(leaf: &mut Leaf<F>) -> Vec<&mut F> {
    let LeafHints { present, flagged, account, blinding, reserved, .. } = leaf;
    vec![present, flagged, account, blinding, reserved]
}

/// Lies about each leaf and about what is of all of them.
fn lies<F: MarginField>(honest: &mut Choices<F>) -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    for leaf in 0..honest.leaves.len() {
        let of = fields(move |a: &mut Choices<F>| beside(&mut a.leaves[leaf]));
        lies.extend(lies_about(&format!("beside leaf {leaf}"), honest, |_| (), of));
        lies.extend(of_a_leaf(leaf));
        let last = honest.leaves[leaf].figures.slots.len() - 1;
        // Families' own values are lied about in their margin statements.
        let slots = if is_long() { 0..=last } else { leaf..=leaf };
        for slot in slots {
            let of = fields(move |a: &mut Choices<F>| -> Vec<&mut F> {
                super::standard::fields(&mut a.leaves[leaf].figures.slots[slot]).into()
            });
            let name = format!("leaf {leaf} slot {slot}");
            lies.extend(lies_about(&name, honest, |_| (), of));
        }
    }
    lies.extend(of_the_whole());
    lies
}

fn of_a_leaf<F: MarginField>(leaf: usize) -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((format!("leaf {leaf}: {name}"), lie));
    let inverted = |bit: &mut F| *bit = F::ONE - *bit;
    add("present, or not", Box::new(move |a| inverted(&mut a.leaves[leaf].present)));
    add("flagged, or not", Box::new(move |a| inverted(&mut a.leaves[leaf].flagged)));
    add(
        "both inverted",
        Box::new(move |a| {
            inverted(&mut a.leaves[leaf].present);
            inverted(&mut a.leaves[leaf].flagged);
        }),
    );
    add("flagged and empty", {
        Box::new(move |a| {
            (a.leaves[leaf].present, a.leaves[leaf].flagged) = (F::ZERO, F::ONE);
        })
    });
    for (name, by) in [("minus one", -F::ONE), ("two", F::from(2))] {
        add(&format!("present {name}"), Box::new(move |a| a.leaves[leaf].present = by));
        add(&format!("flagged {name}"), Box::new(move |a| a.leaves[leaf].flagged = by));
    }
    add("no account", Box::new(move |a| a.leaves[leaf].account = F::ZERO));
    add("the first leaf's account", {
        Box::new(move |a| a.leaves[leaf].account = a.leaves[0].account)
    });
    add("the first leaf", Box::new(move |a| a.leaves[leaf] = a.leaves[0].clone()));
    add("the last slot emptied", {
        Box::new(move |a| a.leaves[leaf].figures.slots[7].padding = F::ONE)
    });
    lies
}

fn of_the_whole<F: MarginField>() -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((name.to_owned(), lie));
    add("nothing", Box::new(|_| ()));
    add("below", Box::new(|a| a.claim.is_below = F::ONE - a.claim.is_below));
    add("another level", {
        Box::new(|a| std::mem::swap(&mut a.claim.is_maintenance, &mut a.claim.is_initial))
    });
    for (name, by) in [("one", F::ONE), ("minus one", -F::ONE), ("2^24", F::from(1 << 24))] {
        add(&format!("multiplier: {name}"), Box::new(move |a| a.claim.above_one += by));
        add(&format!("leverage: {name}"), Box::new(move |a| a.claim.leverage += by));
    }
    add("two leaves swapped", Box::new(|a| a.leaves.swap(2, 3)));
    add("the leaves turned round", Box::new(|a| a.leaves.reverse()));
    lies
}

/// With the venue's own public inputs as they were, and as the liar publishes them.
#[test]
fn on_lies() {
    let case = standard_mix::<Bn254Fr>();
    assert!(agree(&case));
    let (mut honest, both) = (case.circuit(), both(&case));
    let lies = lies(honest.assignment_mut().unwrap());
    for published in [&[][..], &COMPUTED] {
        let (told, accepted) = both.agree_on_published_lies(
            &case.circuit(),
            &lies,
            published,
            |lie| case.lie(lie),
            |rows, circuit| wires(rows, circuit.assignment_mut().unwrap()),
        );
        println!("venue: {told} lies, {accepted} that both accept");
        assert!(accepted > 3 && accepted < told / 2);
    }
}

/// Accounts at a level and a unit below it, at every leaf; levels and multipliers.
#[test]
fn on_statements() {
    let at = |equity| Some(of_equity(equity));
    let all_levels = [at(5_000), at(4_999), at(10_000), at(9_999)];
    for claim in ["at-least:maintenance", "at-least:initial", "at-least:margin-call"] {
        assert!(agree(&standard::<Bn254Fr, 1>(claim, &all_levels)), "{claim}");
    }
    let times = "at-least:maintenance,multiplier:1.5";
    assert!(agree(&standard::<Bn254Fr, 1>(times, &[at(7_499), at(7_500), None, at(7_501)])));
    assert!(agree(&standard::<Bn254Fr, 1>("at-least:initial", &[None, None, None, None])));
    // Spared, and flagged without need; with all that follows told.
    for leaf in 0..4 {
        let mut case = standard::<Bn254Fr, 1>("at-least:maintenance", &all_levels);
        let own = case.witness.leaves[leaf].as_mut().unwrap();
        own.flagged = !own.flagged;
        let VenueInstance { context, claim, memo, .. } = case.instance;
        case.instance = VenueInstance::new(context, claim, memo, &case.witness).unwrap();
        assert!(!agree(&case), "{leaf}");
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
