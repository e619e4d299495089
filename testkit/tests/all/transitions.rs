//! Transitions of every family under the harness; see `standard.rs` for the long run.
//!
//! What the statement itself adds is generic over the family: the standard family's
//! transition is put through everything, the others through what is of their own
//! circuit.

use crate::common::simulation::{N, SimulationMarket, full_rows};
use crate::common::transition::{self, TransitionCase};
use crate::common::{ODD, PERP, at_least, every_slot, position, scenario, simulation};
use crate::harness;
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::simulation::SimulationFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::Aim;
use zkmargin_margin::units::Lots;
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
    let before = every_slot();
    let mut after = before.clone();
    after.remove(3);
    after[6] = position(3, ODD, 800, 6_000);
    after[5] = position(3, PERP, 10, -9_000);
    subject(&transition::standard(&before, &after, Level::Initial))
}

/// A position added to and one closed, of those in every slot: the first and the
/// fourth.
fn traded(before: &[Position]) -> Vec<Position> {
    let mut after = before.to_vec();
    after[0].quantity = Lots::new(after[0].quantity.get() + 1);
    after.remove(3);
    after
}

/// Every slot and every expiry in use; the future is closed.
fn options<F: MarginField>() -> Subject<F, TransitionCircuit<F, ScenarioFigures<F>>> {
    let before = scenario::every_slot();
    subject(&transition::scenario(&before, &traded(&before), Level::Initial))
}

/// Every slot in use; the call is closed.
fn simulated<F: MarginField>() -> Subject<F, TransitionCircuit<F, SimulationFigures<F, N>>> {
    let market = SimulationMarket::<F>::of(full_rows(), simulation::terms());
    let before = simulation::every_slot();
    let case = market.case(&before, at_least(Level::Initial), 0);
    let (account, aim) = ((case.instance, case.witness), Aim::Meets(Level::Initial));
    subject(&TransitionCase::new(account, &traded(&before), aim, |p| market.slot(p)))
}

const EXPECTED: Expected = Expected {
    name: "standard-transition",
    parts: &["standard", "transition"],
    circuit: "standard-transition",
    free: Vec::new(),
    never_failing: &[],
    redundant: &[],
};

fn expected() -> Expected {
    EXPECTED
}

/// The scenario family's own free values: see `tests/scenario.rs`.
fn options_expected() -> Expected {
    const NO_SIGN: &str = "zero has either sign, and either sign times zero is zero";
    const NO_LOTS: &str = "zero has no inverse, and times zero any is zero";
    let signs = (3..6).map(|slot| (format!("slot {slot}: M5 net lots is negative"), NO_SIGN));
    let closed = ("slot 3: size inverse".to_owned(), NO_LOTS);
    Expected {
        name: "scenario-transition",
        parts: &["scenario", "transition"],
        circuit: "scenario-transition",
        free: signs.chain([closed]).collect(),
        ..EXPECTED
    }
}

fn simulated_expected() -> Expected {
    Expected {
        name: "simulation-transition",
        parts: &["simulation", "transition"],
        circuit: "simulation-transition",
        ..EXPECTED
    }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &expected());
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &expected());
    harness::no_cell_can_be_changed(&options::<Fp>(), Shape::Small, &options_expected());
    harness::no_cell_can_be_changed(&simulated::<Fp>(), Shape::Small, &simulated_expected());
    if harness::is_long() {
        let (expected, simulated_expected) = (options_expected(), simulated_expected());
        harness::no_cell_can_be_changed(&options::<Bn254Fr>(), Shape::Small, &expected);
        let simulated = simulated::<Bn254Fr>();
        harness::no_cell_can_be_changed(&simulated, Shape::Small, &simulated_expected);
    }
}

#[test]
fn the_graph_is_whole() {
    harness::the_graph_is_whole(&full::<Fp>(), &expected());
    harness::the_graph_is_whole(&full::<Bn254Fr>(), &expected());
    harness::the_graph_is_whole(&options::<Bn254Fr>(), &options_expected());
    harness::the_graph_is_whole(&simulated::<Bn254Fr>(), &simulated_expected());
}

#[test]
fn classes_are_golden() {
    harness::classes_are_golden(&full::<Fp>(), &expected());
    harness::classes_are_golden(&full::<Bn254Fr>(), &expected());
    harness::classes_are_golden(&options::<Bn254Fr>(), &options_expected());
    harness::classes_are_golden(&simulated::<Bn254Fr>(), &simulated_expected());
}

#[test]
fn bounds_are_as_stored() {
    harness::bounds_are_as_stored(&full::<Fp>(), &expected());
    harness::bounds_are_as_stored(&full::<Bn254Fr>(), &expected());
    harness::bounds_are_as_stored(&options::<Fp>(), &options_expected());
    harness::bounds_are_as_stored(&simulated::<Fp>(), &simulated_expected());
}

#[test]
fn the_witness_is_rigid() {
    harness::the_witness_is_rigid(&full::<Fp>(), &expected());
    harness::the_witness_is_rigid(&full::<Bn254Fr>(), &expected());
    harness::the_witness_is_rigid(&options::<Fp>(), &options_expected());
    harness::the_witness_is_rigid(&simulated::<Fp>(), &simulated_expected());
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
    if harness::is_long() {
        harness::no_lie_is_accepted(&options::<Bn254Fr>(), &options_expected());
        harness::no_lie_is_accepted(&simulated::<Bn254Fr>(), &simulated_expected());
    }
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
