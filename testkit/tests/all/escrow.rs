//! The margin statement with an escrow under the harness; see `standard.rs` for the
//! long run. What is the margin statement's own is tried there: here the smallest shape
//! of one family, and what the escrow adds.

use crate::common;
use crate::common::escrow::EscrowCase;
use crate::common::{Case, Market, at_least, every_slot, healthy};
use crate::harness;
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::escrow::EscrowCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::escrow::NAMES;
use zkmargin_testkit::check::Checker;
use zkmargin_testkit::fault::Fault;
use zkmargin_testkit::{Plan, Subject, lie};

/// Every slot of the smallest shape in use, two buckets and more.
fn full<F: MarginField>() -> Subject<F, EscrowCircuit<F, StandardFigures<F>>> {
    let Case { instance, witness, .. } =
        Market::over_field().case(&every_slot(), at_least(Level::Initial), 0);
    let case = EscrowCase::<F, StandardFigures<F>>::new(instance, witness);
    assert_eq!(case.check(), Ok(()));
    let k = EscrowCircuit::<F, StandardFigures<F>>::k(case.shape);
    Subject { k, circuit: case.circuit(), rows: case.public_rows() }
}

fn expected() -> Expected {
    Expected {
        name: "standard-escrow",
        parts: &["standard"],
        circuit: "standard-escrow",
        free: Vec::new(),
        never_failing: &[],
        redundant: &[],
    }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &expected());
    if harness::is_long() {
        harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &expected());
    }
}

/// Nothing is unconstrained, unused or idle, and what `ESCROW` hangs on is golden.
#[test]
fn the_graph_is_whole() {
    harness::the_graph_is_whole_of(&full::<Fp>(), &expected(), &[], &NAMES);
    harness::the_graph_is_whole_of(&full::<Bn254Fr>(), &expected(), &[], &NAMES);
}

#[test]
fn bounds_are_as_stored() {
    harness::bounds_are_as_stored(&full::<Bn254Fr>(), &expected());
}

#[test]
fn classes_are_golden() {
    harness::classes_are_golden(&full::<Fp>(), &expected());
    harness::classes_are_golden(&full::<Bn254Fr>(), &expected());
}

#[test]
fn the_witness_is_rigid() {
    harness::the_witness_is_rigid(&full::<Fp>(), &expected());
}

/// Every value that the escrow's prover chooses, in its first and its last place: signs,
/// slopes, the key. What follows is computed from the lie again, so that a sign or a key
/// gives another escrow, which is not the public one.
#[test]
fn no_lie_is_accepted() {
    let subject = full::<Fp>();
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    let regions = [
        "nonce sign 0:",
        "nonce sign 251:",
        "generator window 0:",
        "generator window 125:",
        "shared twice:",
        "shared step 251:",
        "shared step 0:",
        "escrow key:",
    ];
    let mut cells = lie::free_cells(&checker);
    if !harness::is_long() {
        let name = |region: usize| &recording.regions[region];
        cells.retain(|cell| regions.iter().any(|scope| name(cell.region).starts_with(scope)));
    }
    // Two signs, a slope in each window, three of a doubling and two steps of two, the
    // key's coordinates.
    assert!(cells.len() >= 11, "{}", cells.len());
    // After the fourth and the seventh slot their buckets have exactly nothing.
    let slots = [3, 6].map(|slot| format!("slot {slot}"));
    let free = harness::deficits_of_nothing(slots.into_iter());
    let (told, mut accepted) = lie::accepted(&subject, &checker, &cells);
    accepted.retain(|lie| !free.iter().any(|(region, _)| *region == lie.region));
    assert_eq!(accepted, []);
    println!("standard-escrow: {told} lies about {} values", cells.len());
}

/// The same lies with the escrow that the liar's circuit computes as the public one, in
/// the first and the last place of every class: another nonce or key is as good.
#[test]
fn no_published_lie_is_accepted() {
    let case = Market::<Fp>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    let margin = Subject {
        k: common::k::<Fp>(case.shape),
        circuit: case.circuit(),
        rows: case.public_rows(),
    };
    let chosen = ["nonce sign #: E# sign", "escrow key: y"];
    harness::no_published_lie_is_accepted(&full::<Fp>(), &margin, "escrow: equality", &chosen);
}

/// Faults of the escrow's own kinds.
#[test]
fn seeded_faults_are_found() {
    let faults = [
        ("a sign that is any number", "nonce sign #: E# sign", "gate"),
        ("another sign for the key than for R", "shared step #: signed y", "copy b"),
        ("a slope of its own", "shared step #: first slope", "gate"),
        ("a second slope of its own", "shared step #: both slopes", "gate"),
        ("a point not carried on", "shared step #: run", "copy a"),
        ("a window's slope of its own", "generator window #: slope", "gate"),
        ("a key off the curve", "escrow key: equality #: equal", "copy"),
        ("a word of another portfolio", "escrow element #: E# element", "copy a"),
        (
            "a stream of another key",
            "escrow element #: E# stream: hash",
            "copy message 0 of block 0",
        ),
        ("one stream for all", "escrow element #: E# stream: hash", "copy message 1 of block 0"),
        ("another epoch's stream", "escrow: E# stream key: hash", "copy message 2 of block 1"),
        ("another point's stream", "escrow: E# stream key: hash", "copy message 0 of block 0"),
        ("digest of another key", "escrow: E# digest: hash", "copy message 0 of block 0"),
        ("escrow not public", "escrow: equality #: equal", "copy"),
    ];
    let faults = faults.map(|(bug, region, part)| (bug, Fault::new(region, part)));
    // One of each kind by default: signs, slopes, the key, words, streams.
    let some: Vec<_> = faults.into_iter().step_by(if harness::is_long() { 1 } else { 3 }).collect();
    harness::faults_are_found(&full::<Bn254Fr>(), &some);
}
