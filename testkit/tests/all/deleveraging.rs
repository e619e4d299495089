//! Deleveragings under the harness; see `standard.rs` for the long run.

use crate::common::deleveraging::{self, Circuit};
use crate::harness;
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::Fault;
use zkmargin_testkit::graph::Finding;

/// Every slot of the smallest shape in use, and both entries.
fn full<F: MarginField>(aim: &str) -> Subject<F, Circuit<F>> {
    let case = deleveraging::full::<F>(aim);
    assert_eq!(case.check(), Ok(()));
    Subject { k: case.k(), circuit: case.circuit(), rows: case.public_rows() }
}

fn cured<F: MarginField>() -> Subject<F, Circuit<F>> {
    full("cures:maintenance:maintenance")
}

fn expected() -> Expected {
    let mut free = vec![(
        "settlement: T4 bucket of entry 0 goes on".to_owned(),
        "both entries have lots: neither is the other's cash",
    )];
    for scope in (0..8).map(|slot| format!("slot {slot}")).chain(["outcome".to_owned()]) {
        free.push((format!("{scope}: T4 in breach"), "one bucket in breach is enough"));
        free.push((format!("{scope}: T4 falls short"), "one that falls short is enough"));
    }
    Expected {
        name: "standard-deleveraging",
        parts: &[],
        circuit: "standard-deleveraging",
        free,
        never_failing: &[],
        redundant: &[],
    }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&cured::<Fp>(), Shape::Small, &expected());
    harness::no_cell_can_be_changed(&cured::<Bn254Fr>(), Shape::Small, &expected());
}

/// The equity of the position with a lot taken back is not used: equity is as it is.
#[test]
fn the_graph_is_whole() {
    let equity = [Finding::Unused("taken back: M# equity / d".to_owned())];
    harness::the_graph_is_whole_but(&cured::<Fp>(), &expected(), &equity);
    harness::the_graph_is_whole_but(&cured::<Bn254Fr>(), &expected(), &equity);
}

#[test]
fn classes_are_golden() {
    harness::classes_are_golden(&cured::<Bn254Fr>(), &expected());
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&cured::<Bn254Fr>(), &expected());
    let mut healthier = expected();
    let bucket = "taken back: M4 bucket: range 16".to_owned();
    healthier.free.push((bucket, "padding: nothing is taken back"));
    // What is not of the statement is told of the first already.
    let full = full::<Bn254Fr>("healthier:maintenance");
    harness::no_lie_is_accepted_in(&full, &healthier, |region| region.contains(": T"));
}

/// Faults of the statement's own kinds.
#[test]
fn seeded_faults_are_found() {
    let faults = [
        ("another position before", "entries: equality #: equal", "copy"),
        ("another lot taken back", "taken back: equality #: equal", "copy"),
        ("flips through zero", "entry #: T# does not flip: range #", "lookups"),
        ("grows", "entry #: T# shrinks: range #", "lookups"),
        ("lots told to be none", "entry #: T# no lots are none: equal", "copy"),
        ("cures by cash", "settlement: T# cures by lots, entry #: equal", "copy"),
        ("cash of another bucket", "settlement: T# same bucket after entry #: equal", "copy"),
        ("beyond the aim", "slot #: T# bucket reaches the aim: range #", "lookups"),
        ("requirement grows", "slot #: T# required does not grow: range #", "lookups"),
        ("nothing to cure", "outcome: T# some bucket was in breach: range #", "lookups"),
        ("closes too much", "outcome: T# some bucket falls short: range #", "lookups"),
        ("breach flagged anywhere", "slot #: T# in breach where a bucket ends: equal", "copy"),
        ("aim not decoded", "aim: T# cures is a bit: equal", "copy"),
        ("multiplier of healthier", "aim and claim: T# healthier has no multiplier: equal", "copy"),
        ("position of nothing unsaid", "slot #: T# unchanged is held and kept: equal", "copy"),
    ];
    let faults = faults.map(|(bug, region, part)| (bug, Fault::new(region, part)));
    harness::faults_are_found(&cured::<Bn254Fr>(), &faults);
}
