//! The haircut statement under the harness; see `standard.rs` for the long run.
//!
//! What it adds is generic over the family: four accounts of the standard family are put
//! through everything. In the quick run the tall layout alone, but for what is of the wide
//! one.

use crate::common;
use crate::common::haircut::{HaircutCase, standard, standard_mix};
use crate::common::venue::of_equity;
use crate::common::{Market, PERP, at_least, every_slot, healthy, position};
use crate::harness;
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::haircut::HaircutCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::haircut::NAMES;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::Fault;

type Of<F> = Subject<F, HaircutCircuit<F, StandardFigures<F>, 1>>;

fn subject<F: MarginField, G: FamilyFigures<F>>(
    case: &HaircutCase<F, G>,
) -> Subject<F, HaircutCircuit<F, G, 1>> {
    assert_eq!(case.check(), Ok(()));
    let k = HaircutCircuit::<F, G, 1>::k(case.shape);
    Subject { k, circuit: case.circuit(), rows: case.public_rows() }
}

/// Every slot of one account, a winner with two buckets of which one is below zero, a
/// loser, and one of exactly nothing.
fn full<F: MarginField>() -> Of<F> {
    let two = vec![position(0, PERP, 100, -109_000), position(1, PERP, 100, -81_000)];
    let leaves = [Some(every_slot()), Some(of_equity(-7)), Some(of_equity(0)), Some(two)];
    subject(&standard(4_321, &leaves))
}

/// With an empty leaf: the second.
fn mixed<F: MarginField>() -> Of<F> {
    assert_eq!(healthy().len(), 4);
    subject(&standard_mix())
}

const EXPECTED: Expected = Expected {
    name: "standard-haircut",
    parts: &["haircut"],
    circuit: "standard-haircut",
    free: Vec::new(),
    never_failing: &[],
    redundant: &[],
};

/// The third account has exactly nothing, after every slot.
fn full_expected() -> Expected {
    let slots = (0..8).map(|slot| format!("leaf 2 slot {slot}"));
    Expected { free: harness::deficits_of_nothing(slots), ..EXPECTED }
}

/// An empty leaf is any account without equity, and nothing of it is used but that it is
/// empty and not cut.
fn mixed_expected() -> Expected {
    const EMPTY: &str = "the leaf is empty: nothing of its account is used";
    let slots = (0..8).map(|slot| format!("leaf 1 slot {slot}"));
    let links =
        (0..4).flat_map(|link| ["link", "after link"].map(|l| format!("leaf 1 {l} {link}")));
    let others = ["account", "outcome", "reserved", "after", "cash", "share"];
    let others = others.map(|scope| format!("leaf 1 {scope}"));
    let free = slots.chain(links).chain(others).map(|scope| (scope, EMPTY)).collect();
    Expected { free, ..EXPECTED }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &EXPECTED);
    if harness::is_long() {
        harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &EXPECTED);
        harness::no_cell_can_be_changed(&mixed::<Fp>(), Shape::Small, &EXPECTED);
        harness::no_cell_can_be_changed(&mixed::<Bn254Fr>(), Shape::Small, &EXPECTED);
    }
}

#[test]
fn the_graph_is_whole() {
    harness::the_graph_is_whole_of(&full::<Fp>(), &EXPECTED, &[], &NAMES);
    harness::the_graph_is_whole_of(&full::<Bn254Fr>(), &EXPECTED, &[], &NAMES);
}

#[test]
fn classes_are_golden() {
    harness::classes_are_golden(&full::<Fp>(), &EXPECTED);
    harness::classes_are_golden(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn bounds_are_as_stored() {
    harness::bounds_are_as_stored(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn the_witness_is_rigid() {
    harness::the_witness_is_rigid(&full::<Bn254Fr>(), &EXPECTED);
    if harness::is_long() {
        harness::the_witness_is_rigid(&full::<Fp>(), &EXPECTED);
    }
}

/// The families' own values are lied about with the margin circuit, and by request.
#[test]
fn no_lie_is_accepted() {
    if harness::is_long() {
        harness::no_lie_is_accepted(&full::<Bn254Fr>(), &full_expected());
        harness::no_lie_is_accepted(&mixed::<Bn254Fr>(), &mixed_expected());
    }
}

/// Both roots and the sums as the liar's circuit computes them, in the first and the last
/// place of every class of what is not an account's own. Another blinding is as good, another
/// account, a loser that is left out of both trees, and a share that is rounded the other way.
#[test]
fn no_published_lie_is_accepted() {
    let case = Market::<Bn254Fr>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    let margin = Subject {
        k: common::k::<Bn254Fr>(case.shape),
        circuit: case.circuit(),
        rows: case.public_rows(),
    };
    let chosen = [
        "leaf # flag: F# present",
        "leaf # account: F# account",
        "leaf # after: F# blinding",
        "leaf # cash: F# cash after: range #",
    ];
    harness::no_published_lie_is_accepted(&full(), &margin, "haircut: equality", &chosen);
}

/// Faults of the statement's own kinds; all of them in the long run.
#[test]
fn seeded_faults_are_found() {
    let few = [("cut by more", "leaf # share: F# no more than the share: range #", "lookups")];
    let others = [
        ("another cut off the cash", "leaf # after: F# word after", "copy c"),
        ("an account told empty", "leaf # account: F# leaf or empty", "copy a"),
        ("a winner told none", "leaf # share: F# winner has equity: range #", "lookups"),
        ("cut by less", "leaf # share: F# no less than the share: range #", "lookups"),
        ("a cut not summed", "leaf # sums: F# cuts", "copy c"),
        ("roots or sums not public", "haircut: equality #: equal", "copy"),
        ("winner by half", "leaf # share: F# winner is a bit: equal", "copy"),
        ("presence by half", "leaf # flag: F# present is a bit: equal", "copy"),
        ("below zero by half", "leaf # flag: F# below zero is a bit: equal", "copy"),
        ("an empty leaf with equity", "leaf # share: F# winner is present: equal", "copy"),
        ("equity of another", "leaf # share: F# equity of a winner", "copy b"),
        ("a loss of another", "leaf # share: F# due", "copy b"),
        ("cash out of range", "leaf # cash: F# cash after: range #", "lookups"),
        ("leaf afterwards of another", "leaf # after: F# leaf: hash", "copy message 0 of block 0"),
        (
            "a word left as it was",
            "leaf # after link #: F# link: hash",
            "copy message 1 of block 0",
        ),
        (
            "more reserved afterwards",
            "leaf # after link #: F# link: hash",
            "copy message 0 of block 0",
        ),
        ("a blinding not bound", "leaf # after: F# opening: hash", "copy message 1 of block 0"),
        ("equity not summed", "leaf # sums: F# equity", "copy c"),
        ("a winner not counted", "leaf # sums: F# winners", "copy c"),
        ("a node's child", "height after #: F# node #: hash", "copy message 3 of block 0"),
        ("a ratio of any loss", "ratio: equality #: equal", "copy"),
        ("a loss not covered", "ratio: F# loss is covered: range #", "lookups"),
        ("a row of another market", "market: equality #: equal", "copy"),
    ];
    let others = others.into_iter().filter(|_| harness::is_long());
    let faults = few.into_iter().chain(others);
    let faults: Vec<_> =
        faults.map(|(bug, region, part)| (bug, Fault::new(region, part))).collect();
    harness::faults_are_found(&full::<Bn254Fr>(), &faults);
}
