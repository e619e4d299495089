//! The standard family under the harness.
//!
//! `ZKMARGIN_HARNESS=long` runs every cell of every shape, every lie about
//! every value, the search for lies that break one constraint alone, and the
//! deletion of every constraint:
//!
//! ```sh
//! ZKMARGIN_HARNESS=long cargo test -p zkmargin-testkit --test all standard:: -- --nocapture
//! ```

use crate::common::{Market, at_least, healthy, k};
use crate::harness;
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::{CONFIGURE, Fault};

/// Long and short, collateral, a loan, two buckets, four slots of padding.
fn subject<F: MarginField>(shape: Shape) -> Subject<F, StandardCircuit<F>> {
    let mut case = Market::<F>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case.shape = shape;
    Subject { k: k::<F>(shape), circuit: case.circuit(), rows: case.public_rows() }
}

const EXPECTED: Expected = Expected {
    name: "standard",
    parts: &["standard"],
    circuit: "standard-margin",
    free: Vec::new(),
    never_failing: &[],
    redundant: &[],
};

#[test]
fn no_cell_can_be_changed() {
    for shape in harness::shapes() {
        harness::no_cell_can_be_changed(&subject::<Fp>(shape), shape, &EXPECTED);
        harness::no_cell_can_be_changed(&subject::<Bn254Fr>(shape), shape, &EXPECTED);
    }
}

#[test]
fn the_graph_is_whole() {
    harness::the_graph_is_whole(&subject::<Fp>(Shape::Small), &EXPECTED);
    harness::the_graph_is_whole(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

#[test]
fn classes_are_golden() {
    harness::classes_are_golden(&subject::<Fp>(Shape::Small), &EXPECTED);
    harness::classes_are_golden(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

#[test]
fn bounds_are_as_stored() {
    harness::bounds_are_as_stored(&subject::<Fp>(Shape::Small), &EXPECTED);
    harness::bounds_are_as_stored(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

#[test]
fn the_witness_is_rigid() {
    for shape in harness::shapes() {
        harness::the_witness_is_rigid(&subject::<Fp>(shape), &EXPECTED);
        harness::the_witness_is_rigid(&subject::<Bn254Fr>(shape), &EXPECTED);
    }
    if harness::is_long() {
        harness::every_pin_is_needed(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
    }
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

#[test]
fn every_constraint_is_seen_failing() {
    harness::every_constraint_is_seen_failing(&subject::<Fp>(Shape::Small), &EXPECTED);
    harness::every_constraint_is_seen_failing(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

#[test]
fn every_deletion_is_found() {
    harness::every_deletion_is_found(&subject::<Bn254Fr>(Shape::Small), &EXPECTED);
}

/// One fault for each class of bug that has hit circuits of this kind.
#[test]
fn seeded_faults_are_found() {
    let faults = [
        ("range check dropped", "slot #: M# price: range #", "lookups"),
        ("copy dropped", "slot #: M# equity", "copy b"),
        ("value returned for a cell", "slot #: notional", "gate"),
        ("boolean loosened", "slot #: M# short is a bit: equal", "copy"),
        ("header check skipped", "market: equality #: equal", "copy"),
        ("carry without a range", "slot #: M# absolute deficit: range #", "copy zero"),
        ("slack not below its divisor", "slot #: M# initial slack gap", "gate"),
        ("sign not canonical", "slot #: M# quantity head below #: range #", "lookups"),
        ("tier reaches another asset", "slot #: M# row e# #", "copy a"),
        ("tier not checked", "slot #: M# below upper: range #", "copy z 0"),
        ("order check dropped", "slot #: M# order ascends: range #", "lookups"),
        ("padding with a quantity", "slot #: M# padding has no lots: equal", "copy"),
        ("same instrument twice", "slot #: instrument step", "gate"),
        ("bucket merged", "slot #: M# same bucket has no step", "gate"),
        ("row or account of another tree", CONFIGURE, "hash: member"),
        ("round of the hash skipped", "link #: M# link: hash", "gate of step 9"),
        ("public input not used", "public: epoch", "copy"),
        ("claim not decoded", "claim: equality #: equal", "copy"),
        ("disclosure not checked", "outcome: M# disclosed: equal", "copy"),
        ("blinding not bound", "account: M# opening: hash", "copy message 1 of block 0"),
    ];
    let faults = faults.map(|(bug, region, part)| (bug, Fault::new(region, part)));
    harness::faults_are_found(&subject::<Bn254Fr>(Shape::Small), &faults);
}
