//! The scenario family under the harness; see `standard.rs` for the long run.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "../../circuits/tests/common/mod.rs"]
mod fixtures;
mod harness;

use fixtures::at_least;
use fixtures::scenario::*;
use harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::{CONFIGURE, Fault};

fn subject<F: MarginField>(positions: &[Position], shape: Shape) -> Subject<F, ScenarioCircuit<F>> {
    let market = ScenarioMarket::<F>::over_field();
    let mut case = market.case(positions, at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case.shape = shape;
    Subject { k: k::<F>(shape), circuit: case.circuit(), rows: case.public_rows() }
}

/// Every slot and every expiry of the smallest shape in use: every kind of row,
/// both signs, a netted strike.
fn full<F: MarginField>() -> Subject<F, ScenarioCircuit<F>> {
    let [third, fourth, _] = OTHERS;
    let lots = [
        (CALL, -30),
        (PUT, 20),
        (FAR_CALL, -10),
        (FUTURE, 5),
        (PERP, -8),
        (CASH, 50),
        (third, 6),
        (fourth, -6),
    ];
    subject(&book(1_000_000, &lots), Shape::Small)
}

/// A slot of padding, and two expiries that no position is in.
fn sparse<F: MarginField>(shape: Shape) -> Subject<F, ScenarioCircuit<F>> {
    subject(&healthy(), shape)
}

const EXPECTED: Expected =
    Expected { name: "scenario", free: &[], never_failing: &[], redundant: &[] };

const EMPTY: &str = "no position is in it: `terms_of_an_empty_expiry_change_nothing`";
/// The expiries that a sparse account is not in; the keys 1 and 2 are in use.
const SPARSE: Expected = Expected {
    free: &[
        ("expiry 0", EMPTY),
        ("expiry 3", EMPTY),
        ("expiry 4", EMPTY),
        ("expiry 5", EMPTY),
        ("expiry 6", EMPTY),
        ("expiry 7", EMPTY),
        ("expiry 8", EMPTY),
        ("expiry 9", EMPTY),
        ("expiry 10", EMPTY),
        ("expiry 11", EMPTY),
    ],
    ..EXPECTED
};

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &EXPECTED);
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &EXPECTED);
    for shape in harness::shapes() {
        harness::no_cell_can_be_changed(&sparse::<Fp>(shape), shape, &SPARSE);
        harness::no_cell_can_be_changed(&sparse::<Bn254Fr>(shape), shape, &SPARSE);
    }
}

#[test]
fn the_graph_is_whole() {
    harness::the_graph_is_whole(&full::<Fp>(), &EXPECTED);
    harness::the_graph_is_whole(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&full::<Bn254Fr>(), &EXPECTED);
    harness::no_lie_is_accepted(&sparse::<Bn254Fr>(Shape::Small), &SPARSE);
}

#[test]
fn every_constraint_is_seen_failing() {
    harness::every_constraint_is_seen_failing(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn every_deletion_is_found() {
    harness::every_deletion_is_found(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn seeded_faults_are_found() {
    let faults = [
        ("row or account of another tree", CONFIGURE, "hash: member"),
        ("row's message cut off", "slot #: M# row: hash", "copy message 1 of block 2"),
        ("quantity sign loosened", "slot #: M# short is a bit: equal", "copy"),
        ("same strike loosened", "slot #: M# same strike is a bit: equal", "copy"),
        ("public input not used", "public: model", "copy"),
    ];
    let faults = faults.map(|(bug, region, part)| (bug, Fault::new(region, part)));
    harness::faults_are_found(&full::<Bn254Fr>(), &faults);
}
