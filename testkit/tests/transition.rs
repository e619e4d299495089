//! Transitions under the harness; see `standard.rs` for the long run.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "../../circuits/tests/common/mod.rs"]
mod fixtures;
#[allow(dead_code, reason = "shared by tests")]
mod harness;

use fixtures::position;
use fixtures::transition::{TransitionCase, standard};
use fixtures::{LOAN, ODD, PERP, SPOT};
use harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::Fault;

fn subject<F: MarginField, G: FamilyFigures<F>>(
    case: &TransitionCase<F, G>,
) -> Subject<F, TransitionCircuit<F, G>> {
    assert_eq!(case.check(), Ok(()));
    let k = TransitionCircuit::<F, G>::k(case.shape);
    Subject { k, circuit: case.circuit(), rows: case.public_rows() }
}

/// Every slot of the smallest shape in use, two buckets; one position is closed,
/// one changed.
fn full<F: MarginField>() -> Subject<F, TransitionCircuit<F, StandardFigures<F>>> {
    let before = vec![
        position(0, PERP, -1_500, 2_100_000),
        position(0, SPOT, 900, 0),
        position(0, LOAN, -1_000, 0),
        position(1, PERP, 10, -9_000),
        position(1, SPOT, 40, 5),
        position(2, PERP, 5, 6_000),
        position(3, PERP, 10, -9_000),
        position(3, ODD, 777, 5_000),
    ];
    let mut after = before.clone();
    after.remove(3);
    after[6] = position(3, ODD, 800, 6_000);
    after[5] = position(3, PERP, 10, -9_000);
    subject(&standard(&before, &after, Level::Initial))
}

fn expected() -> Expected {
    Expected {
        name: "standard-transition",
        circuit: "standard-transition",
        free: Vec::new(),
        never_failing: &[],
        redundant: &[],
    }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &expected());
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &expected());
}

#[test]
fn the_graph_is_whole() {
    harness::the_graph_is_whole(&full::<Fp>(), &expected());
    harness::the_graph_is_whole(&full::<Bn254Fr>(), &expected());
}

#[test]
fn classes_are_golden() {
    harness::classes_are_golden(&full::<Fp>(), &expected());
    harness::classes_are_golden(&full::<Bn254Fr>(), &expected());
}

#[test]
fn every_constraint_is_seen_failing() {
    // The families' own are tried with the margin circuit.
    if harness::is_long() {
        harness::every_constraint_is_seen_failing(&full::<Bn254Fr>(), &expected());
    }
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&full::<Bn254Fr>(), &expected());
}

/// Faults of the statement's own kinds.
#[test]
fn seeded_faults_are_found() {
    let faults = [
        ("after not before plus change", "slot #: T# unchanged is as before: equal", "copy"),
        ("change loosened", "slot #: T# changed is a bit: equal", "copy"),
        ("entry told nowhere", "slot #: equality #: equal", "copy"),
        ("position before left out", "slot #: T# not held is nothing: equal", "copy"),
        ("lots before without a range", "slot #: M# lots before: range #", "lookups"),
        ("entry of padding", "slot #: T# changed is listed: equal", "copy"),
        ("next commitment not public", "next: equality #: equal", "copy"),
        ("blinding afterwards not bound", "next: T# opening: hash", "copy message 1 of block 0"),
        ("change not public", "change: equality #: equal", "copy"),
        ("salt not bound", "change: T# digest: hash", "copy message 1 of block 0"),
        ("below a level afterwards", "claim: T# at least: equal", "copy"),
        ("link of a list skipped", "next list: equality #: equal", "copy"),
    ];
    let faults = faults.map(|(bug, region, part)| (bug, Fault::new(region, part)));
    harness::faults_are_found(&full::<Bn254Fr>(), &faults);
}
