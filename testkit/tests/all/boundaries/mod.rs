//! Where a rule turns: nothing to spare, the last of everything, each part of
//! the worst loss being the worst. Native check and circuits agree there, and a
//! lie by one is caught by the constraint it is about, and by no other.

mod extremes;
mod scenario;
mod settlement;
mod simulation;
mod standard;
mod transition;

use std::collections::BTreeSet;

use halo2_proofs::plonk::Circuit;
use zkmargin_margin::field::MarginField;
use zkmargin_testkit::check::Checker;
use zkmargin_testkit::record::Recording;

/// Names of the constraints that a circuit breaks.
fn broken<F: MarginField, C: Circuit<F>>(k: u32, circuit: &C, rows: &[F]) -> BTreeSet<String> {
    let recording = Recording::new(k, circuit, rows);
    let checker = Checker::new(&recording);
    checker.check_all().iter().map(|constraint| checker.name(constraint)).collect()
}

/// Asserts that a circuit breaks constraints of one region alone.
#[track_caller]
fn breaks_only(broken: &BTreeSet<String>, region: &str) {
    let elsewhere: Vec<_> = broken.iter().filter(|name| !name.starts_with(region)).collect();
    assert!(!broken.is_empty(), "{region}: nothing is broken");
    assert!(elsewhere.is_empty(), "{region}: {elsewhere:?}");
}
