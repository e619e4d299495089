//! The venue statement under the harness; see `standard.rs` for the long run.
//!
//! What it adds is generic over the family: four accounts of the standard family are
//! put through everything. In the quick run the tall layout alone, but for what is of
//! the wide one.

use crate::common;
use crate::common::venue::{VenueCase, of_equity, standard, standard_mix};
use crate::common::{Market, at_least, every_slot, healthy};
use crate::harness;
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::NAMES;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::Fault;

type Of<F> = Subject<F, VenueCircuit<F, StandardFigures<F>, 1>>;

fn subject<F: MarginField, G: FamilyFigures<F>>(
    case: &VenueCase<F, G>,
) -> Subject<F, VenueCircuit<F, G, 1>> {
    assert_eq!(case.check(), Ok(()));
    let k = VenueCircuit::<F, G, 1>::k(case.shape);
    Subject { k, circuit: case.circuit(), rows: case.public_rows() }
}

/// Every slot of one account, two accounts below the level and one at it.
fn full<F: MarginField>() -> Of<F> {
    let poor = || Some(of_equity(4_999));
    let leaves = [Some(every_slot()), poor(), Some(of_equity(5_000)), poor()];
    subject(&standard("at-least:maintenance", &leaves))
}

/// With an empty leaf: the second.
fn mixed<F: MarginField>() -> Of<F> {
    assert_eq!(healthy().len(), 4);
    subject(&standard_mix())
}

const EXPECTED: Expected = Expected {
    name: "standard-venue",
    parts: &["venue"],
    circuit: "standard-venue",
    free: Vec::new(),
    never_failing: &[],
    redundant: &[],
};

/// The third account has exactly what the level asks for, after every slot.
fn full_expected() -> Expected {
    let slots = (0..8).map(|slot| format!("leaf 2 slot {slot}"));
    Expected { free: harness::deficits_of_nothing(slots), ..EXPECTED }
}

/// An empty leaf is any account at the level, and nothing of it is used but that it
/// is empty and not flagged.
fn mixed_expected() -> Expected {
    const EMPTY: &str = "the leaf is empty: nothing of its account is used";
    let slots = (0..8).map(|slot| format!("leaf 1 slot {slot}"));
    let links = (0..4).map(|link| format!("leaf 1 link {link}"));
    let others = ["account", "outcome", "reserved"].map(|scope| format!("leaf 1 {scope}"));
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

/// Root, chain and numbers as the liar's circuit computes them, in the first and the last
/// place of every class of what is not an account's own.
#[test]
fn no_published_lie_is_accepted() {
    let case = Market::<Bn254Fr>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    let margin = Subject {
        k: common::k::<Bn254Fr>(case.shape),
        circuit: case.circuit(),
        rows: case.public_rows(),
    };
    let chosen = ["leaf # flag: V# present", "leaf # account: V# account"];
    harness::no_published_lie_is_accepted(&full(), &margin, "venue: equality", &chosen);
}

/// Faults of the statement's own kinds; all of them in the long run.
#[test]
fn seeded_faults_are_found() {
    let few = [
        ("spared", "leaf # outcome: M# at least: no shortfall: equal", "copy"),
        ("an account told empty", "leaf # account: V# leaf or empty", "copy a"),
        ("another account flagged", "leaf # sums: V# link: hash", "copy message 1 of block 0"),
        ("flagged and not in the chain", "leaf # sums: V# chain", "copy a"),
        ("a flag not counted", "leaf # sums: V# flagged", "copy c"),
        ("roots, chain or numbers not public", "venue: equality #: equal", "copy"),
    ];
    let others = [
        ("flag by half", "leaf # flag: V# flagged is a bit: equal", "copy"),
        ("presence by half", "leaf # flag: V# present is a bit: equal", "copy"),
        ("an empty leaf flagged", "leaf # flag: V# flagged is present: equal", "copy"),
        ("healthy and flagged", "leaf # outcome: M# below: some shortfall: range #", "lookups"),
        ("leaf not the account's", "leaf # account: V# leaf: hash", "copy message 0 of block 0"),
        ("leaf of another context", "leaf # account: V# leaf: hash", "copy message 2 of block 0"),
        ("blinding not bound", "leaf # account: M# opening: hash", "copy message 1 of block 0"),
        ("chain cut", "leaf # sums: V# link: hash", "copy message 0 of block 0"),
        ("an account not counted", "leaf # sums: V# accounts", "copy c"),
        ("a node's child", "height #: V# node #: hash", "copy message 3 of block 0"),
        ("below a level", "claim: V# at least: equal", "copy"),
        ("a row of another market", "market: equality #: equal", "copy"),
    ];
    let others = others.into_iter().filter(|_| harness::is_long());
    let faults = few.into_iter().chain(others);
    let faults: Vec<_> =
        faults.map(|(bug, region, part)| (bug, Fault::new(region, part))).collect();
    harness::faults_are_found(&full::<Bn254Fr>(), &faults);
}
