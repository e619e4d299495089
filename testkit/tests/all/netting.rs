//! The netting statement under the harness; see `standard.rs` for the long run.
//!
//! What it adds is generic over the family: an account of the standard family at four
//! venues is put through everything, the others through what is of their own circuit.
//! In the quick run the tall layout alone, but for what is of the wide one.

use crate::common;
use crate::common::netting::{NettingCase, dealt, four, scenario, simulation, standard};
use crate::common::{Market, at_least, healthy};
use crate::harness;
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::simulation::SimulationFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::netting::NettingCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::netting::NAMES;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::Fault;
use zkmargin_testkit::graph::Finding;

use crate::common::simulation::N;

const LEVEL: &str = "at-least:initial";

fn subject<F: MarginField, G: FamilyFigures<F>>(
    case: &NettingCase<F, G>,
) -> Subject<F, NettingCircuit<F, G>> {
    assert_eq!(case.check(), Ok(()));
    let k = NettingCircuit::<F, G>::k(case.shape);
    Subject { k, circuit: case.circuit(), rows: case.public_rows() }
}

/// Every slot of the smallest shape, all four venues, three isolated buckets.
fn full<F: MarginField>() -> Subject<F, NettingCircuit<F, StandardFigures<F>>> {
    subject(&standard(&four(), LEVEL, 0))
}

/// Every slot and every expiry in use, dealt out to all venues.
fn options<F: MarginField>() -> Subject<F, NettingCircuit<F, ScenarioFigures<F>>> {
    subject(&scenario(&dealt(&common::scenario::every_slot(), 4), LEVEL))
}

fn simulated<F: MarginField>() -> Subject<F, NettingCircuit<F, SimulationFigures<F, N>>> {
    let books = dealt(&common::simulation::every_slot(), 4);
    subject(&simulation(&books, at_least(Level::Initial)))
}

const EXPECTED: Expected = Expected {
    name: "standard-netting",
    parts: &["standard", "netting"],
    circuit: "standard-netting",
    free: Vec::new(),
    never_failing: &[],
    redundant: &[],
};

/// After the fifth slot its bucket has exactly nothing.
fn full_expected() -> Expected {
    let slots = ["slot 4".to_owned()];
    Expected { free: harness::deficits_of_nothing(slots.into_iter()), ..EXPECTED }
}

/// The scenario family's own free values: see `tests/scenario.rs`.
fn options_expected() -> Expected {
    const NO_SIGN: &str = "zero has either sign, and either sign times zero is zero";
    let signs = (3..6).map(|slot| (format!("slot {slot}: M5 net lots is negative"), NO_SIGN));
    Expected {
        name: "scenario-netting",
        parts: &["scenario", "netting"],
        circuit: "scenario-netting",
        free: signs.collect(),
        ..EXPECTED
    }
}

fn simulated_expected() -> Expected {
    Expected {
        name: "simulation-netting",
        parts: &["simulation", "netting"],
        circuit: "simulation-netting",
        ..EXPECTED
    }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &EXPECTED);
    if harness::is_long() {
        harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &EXPECTED);
        harness::no_cell_can_be_changed(&options::<Fp>(), Shape::Small, &options_expected());
        let (simulated, expected) = (simulated::<Fp>(), simulated_expected());
        harness::no_cell_can_be_changed(&simulated, Shape::Small, &expected);
    }
}

/// The words of the totals are in no commitment: what each venue has is.
#[test]
fn the_graph_is_whole() {
    let idle = [Finding::Unused("slot #: used word / d".to_owned())];
    harness::the_graph_is_whole_of(&full::<Fp>(), &EXPECTED, &idle, &NAMES);
    harness::the_graph_is_whole_of(&full::<Bn254Fr>(), &EXPECTED, &idle, &NAMES);
    let expected = options_expected();
    harness::the_graph_is_whole_of(&options::<Bn254Fr>(), &expected, &idle, &NAMES);
    let expected = simulated_expected();
    harness::the_graph_is_whole_of(&simulated::<Bn254Fr>(), &expected, &idle, &NAMES);
}

#[test]
fn classes_are_golden() {
    harness::classes_are_golden(&full::<Fp>(), &EXPECTED);
    harness::classes_are_golden(&full::<Bn254Fr>(), &EXPECTED);
    harness::classes_are_golden(&options::<Bn254Fr>(), &options_expected());
    harness::classes_are_golden(&simulated::<Bn254Fr>(), &simulated_expected());
}

#[test]
fn bounds_are_as_stored() {
    harness::bounds_are_as_stored(&full::<Bn254Fr>(), &EXPECTED);
    harness::bounds_are_as_stored(&options::<Fp>(), &options_expected());
    harness::bounds_are_as_stored(&simulated::<Fp>(), &simulated_expected());
}

#[test]
fn the_witness_is_rigid() {
    harness::the_witness_is_rigid(&full::<Bn254Fr>(), &EXPECTED);
    if harness::is_long() {
        harness::the_witness_is_rigid(&options::<Fp>(), &options_expected());
        harness::the_witness_is_rigid(&simulated::<Fp>(), &simulated_expected());
        harness::the_witness_is_rigid(&full::<Fp>(), &EXPECTED);
    }
}

/// The families' own values are lied about with the margin circuit, and by request.
#[test]
fn no_lie_is_accepted() {
    if harness::is_long() {
        harness::no_lie_is_accepted(&full::<Bn254Fr>(), &full_expected());
        harness::no_lie_is_accepted(&options::<Bn254Fr>(), &options_expected());
        harness::no_lie_is_accepted(&simulated::<Bn254Fr>(), &simulated_expected());
    }
}

/// The list as the liar's circuit computes it, in the first and the last place of every
/// class of what is not an account's own. What is held where, another prover's trees say.
#[test]
fn no_published_lie_is_accepted() {
    let case = Market::<Bn254Fr>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    let margin = Subject {
        k: common::k::<Bn254Fr>(case.shape),
        circuit: case.circuit(),
        rows: case.public_rows(),
    };
    let chosen = [
        "venue #: N# context",
        "venue #: N# account",
        "venue # opening: N# blinding",
        "venue # opening: N# account: hash",
    ];
    harness::no_published_lie_is_accepted(&full(), &margin, "venues: equality", &chosen);
}

/// Faults of the statement's own kinds; all of them in the long run.
#[test]
fn seeded_faults_are_found() {
    let few = [
        ("a venue twice", "venues # and #: N# context differs where present: equal", "copy"),
        ("an isolated bucket of two", "slot # bucket: N# one venue of a bucket: equal", "copy"),
        ("lots not the sum", "slot #: N# lots are the sum: equal", "copy"),
        ("a position left out", "slot #: N# padding is held nowhere: equal", "copy"),
    ];
    let others = [
        ("a tree twice", "venues # and #: N# state root differs where present: equal", "copy"),
        ("a book twice", "venues # and #: N# commitment differs where present: equal", "copy"),
        ("an isolated position of two", "slot # bucket: N# one venue of a position: equal", "copy"),
        ("cash not the sum", "slot #: N# cash is the sum: equal", "copy"),
        ("the list not public", "venues: equality #: equal", "copy"),
        ("held by half", "slot # venue #: N# held is a bit: equal", "copy"),
        ("lots of nothing", "slot # venue #: N# not held is nothing: equal", "copy"),
        ("lots without a range", "slot # venue #: M# lots held: range #", "lookups"),
        ("cash without a range", "slot # venue #: M# cash held: range #", "lookups"),
        ("reserved without a range", "venue #: M# reserved: range #", "lookups"),
        ("too much reserved", "reserved: N# reserved of all: range #", "lookups"),
        ("present by half", "venue #: N# present is a bit: equal", "copy"),
        ("present behind absent", "venue #: N# present come first: equal", "copy"),
        ("a word that waits lost", "slot # venue #: N# word that waits", "copy b"),
        ("a chain cut", "slot # venue #: N# link: hash", "copy message 0 of block 0"),
        ("blinding not bound", "venue # opening: N# commitment: hash", "copy message 1 of block 0"),
        ("another account", "venue # opening: N# account: hash", "copy message 0 of block 0"),
        ("another context", "venue # opening: N# account: hash", "copy message 2 of block 0"),
        ("a root not in the list", "venues: N# venues: hash", "copy message 3 of block 0"),
    ];
    let others = others.into_iter().filter(|_| harness::is_long());
    let faults = few.into_iter().chain(others);
    let faults: Vec<_> =
        faults.map(|(bug, region, part)| (bug, Fault::new(region, part))).collect();
    harness::faults_are_found(&full::<Bn254Fr>(), &faults);
}
