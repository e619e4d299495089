//! The scenario family under the harness; see `standard.rs` for the long run.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "../../circuits/tests/common/mod.rs"]
mod fixtures;
mod harness;

use fixtures::at_least;
use fixtures::scenario::{ScenarioMarket, healthy, k};
use harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::{CONFIGURE, Fault};

/// Every kind of row, both signs, netting, two expiries, one slot of padding.
fn subject<F: MarginField>(shape: Shape) -> Subject<F, ScenarioCircuit<F>> {
    let mut case = ScenarioMarket::<F>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case.shape = shape;
    Subject { k: k::<F>(shape), circuit: case.circuit(), rows: case.public_rows() }
}

const EXPECTED: Expected =
    Expected { name: "scenario", free_lies: &[], never_failing: &[], redundant: &[] };

#[test]
fn no_cell_can_be_changed() {
    for shape in harness::shapes() {
        harness::no_cell_can_be_changed(&subject::<Fp>(shape), shape);
        harness::no_cell_can_be_changed(&subject::<Bn254Fr>(shape), shape);
    }
}

#[test]
fn the_graph_is_whole() {
    harness::the_graph_is_whole(&subject::<Fp>(Shape::Small), &EXPECTED);
    harness::the_graph_is_whole(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

#[test]
fn every_constraint_is_seen_failing() {
    harness::every_constraint_is_seen_failing(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

#[test]
fn every_deletion_is_found() {
    harness::every_deletion_is_found(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
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
    harness::faults_are_found(&subject::<Bn254Fr>(Shape::Small), &faults);
}
