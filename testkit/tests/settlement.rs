//! The settlement family under the harness; see `standard.rs` for the long run.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "../../circuits/tests/common/mod.rs"]
mod fixtures;
#[allow(dead_code, reason = "shared by tests")]
mod harness;

use fixtures::settlement::*;
use fixtures::{at_least, below};
use harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::Subject;
use zkmargin_testkit::fault::{CONFIGURE, Fault};

type Of<F> = Subject<F, Circuit<F>>;

fn subject<F: MarginField>(
    (positions, claim, disclosed): (&[Position], Claim, u128),
    shape: Shape,
) -> Of<F> {
    let case = SettlementMarket::of(rows()).case(positions, claim, disclosed);
    assert_eq!(case.check(), Ok(()));
    let rows = case.public_rows();
    let circuit = Circuit::new(shape, case.instance, case.witness).unwrap();
    Subject { k: Circuit::<F>::k(shape), circuit, rows }
}

/// Every slot of the smallest shape in use, both signs, collateral, two expiries.
fn full<F: MarginField>() -> Of<F> {
    subject((&every_slot(), at_least(Level::Initial), 0), Shape::Small)
}

/// Slots of padding, below all levels; the shortfall is disclosed.
fn sparse<F: MarginField>(shape: Shape) -> Of<F> {
    let market = SettlementMarket::<F>::of(rows());
    let shortfall = market.margin(&poor()).shortfall(Level::Maintenance);
    assert!(shortfall > 1);
    subject((&poor(), below(Level::Maintenance), shortfall), shape)
}

const EXPECTED: Expected = Expected {
    name: "settlement",
    parts: &["settlement"],
    circuit: "settlement-margin",
    free: Vec::new(),
    never_failing: &[],
    redundant: &[],
};

/// Signs of nothing change nothing.
fn expected() -> Expected {
    Expected { free: Vec::new(), ..EXPECTED }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &expected());
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &expected());
    for shape in harness::shapes() {
        harness::no_cell_can_be_changed(&sparse::<Fp>(shape), shape, &expected());
        harness::no_cell_can_be_changed(&sparse::<Bn254Fr>(shape), shape, &expected());
    }
}

#[test]
fn the_graph_is_whole() {
    harness::the_graph_is_whole(&full::<Fp>(), &EXPECTED);
    harness::the_graph_is_whole(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn classes_are_golden() {
    harness::classes_are_golden(&full::<Fp>(), &EXPECTED);
    harness::classes_are_golden(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn bounds_are_as_stored() {
    harness::bounds_are_as_stored(&full::<Fp>(), &EXPECTED);
    harness::bounds_are_as_stored(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn the_witness_is_rigid() {
    harness::the_witness_is_rigid(&full::<Fp>(), &EXPECTED);
    harness::the_witness_is_rigid(&full::<Bn254Fr>(), &EXPECTED);
    for shape in harness::shapes() {
        harness::the_witness_is_rigid(&sparse::<Fp>(shape), &EXPECTED);
        harness::the_witness_is_rigid(&sparse::<Bn254Fr>(shape), &EXPECTED);
    }
    if harness::is_long() {
        harness::every_pin_is_needed(&full::<Bn254Fr>(), &EXPECTED);
    }
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&full::<Bn254Fr>(), &EXPECTED);
    harness::no_lie_is_accepted(&sparse::<Bn254Fr>(Shape::Small), &EXPECTED);
}

/// Rows are bound by digests alone, and so is where an expiry ends.
#[test]
fn nothing_is_told_twice() {
    let market = SettlementMarket::<Bn254Fr>::of(rows());
    let case = market.case(&every_slot(), at_least(Level::Initial), 0);
    type Lie = fn(&mut Choices<Bn254Fr>);
    let lies: [(&str, Lie); 8] = [
        ("a mark", |a| a.figures.slots[1].mark += Bn254Fr::from(2)),
        ("a strike", |a| a.figures.slots[3].strike += Bn254Fr::from(1)),
        ("a charge", |a| a.figures.slots[3].initial = Bn254Fr::from(0)),
        ("another charge", |a| a.figures.slots[0].maintenance = Bn254Fr::from(0)),
        ("a charge on a naked call", |a| a.figures.slots[3].unpaired_initial = Bn254Fr::from(0)),
        ("an extra charge", |a| a.figures.slots[4].extra = Bn254Fr::from(0)),
        ("an instrument", |a| a.figures.slots[7].rank += Bn254Fr::from(1)),
        ("an expiry", |a| a.figures.slots[7].expiry += Bn254Fr::from(1)),
    ];
    let lies = lies.map(|(name, lie)| (name.to_owned(), case.lie(lie)));
    harness::nothing_is_told_twice(&full::<Bn254Fr>(), &EXPECTED, lies.into());
}

#[test]
fn every_constraint_is_seen_failing() {
    harness::every_constraint_is_seen_failing(&full::<Bn254Fr>(), &EXPECTED);
    // The wide layout has the same gadgets, tried by the standard family.
    if harness::is_long() {
        harness::every_constraint_is_seen_failing(&full::<Fp>(), &EXPECTED);
    }
}

#[test]
fn every_deletion_is_found() {
    harness::every_deletion_is_found(&full::<Bn254Fr>(), &EXPECTED);
}

#[test]
fn seeded_faults_are_found() {
    let faults = [
        ("an expiry split", "slot #: M# expiry ascends: range #", "copy z 0"),
        ("two expiries joined", "slot #: M# same expiry has no step: equal", "copy"),
        ("padding in an expiry", "slot #: M# same expiry is listed: equal", "copy"),
        ("an expiry of no option", "slot #: M# same expiry is of options: equal", "copy"),
        ("strikes out of order", "slot #: M# strike ascends: range #", "copy z 0"),
        (
            "an option told to be none",
            "slot #: M# expiry without the option's bit: range #",
            "copy z 0",
        ),
        ("a put told to be a call", "slot #: M# row e#", "gate"),
        ("puts counted as calls", "slot #: M# put lots", "gate"),
        ("a strike left out", "settlement #: M# where held", "gate"),
        ("a loss that is none", "settlement #: M# absolute further loss: range #", "lookups"),
        ("a loss forgotten", "settlement #: M# loss", "gate"),
        ("no loss at zero", "settlement #: M# absolute loss at zero: range #", "copy z 0"),
        ("naked calls forgotten", "settlement #: M# absolute naked calls: range #", "lookups"),
        ("charged less than the bound", "settlement #: M# absolute excess: range #", "copy z 0"),
        ("puts of another expiry", "expiry of #: M# puts of all", "gate"),
        ("sums of another expiry", "expiry #: M# lots", "copy a"),
        ("an expiry not charged", "settlement #: M# options charged", "gate"),
        ("options worth something", "account: M# what counts", "gate"),
        ("the extra charge left out", "account: M# requirement", "gate"),
        ("charge of another level", "slot #: M# charge", "copy a"),
        ("terms of another family", "account: M# terms", "gate"),
        ("row or account of another tree", CONFIGURE, "hash: member"),
        ("collateral owed", "slot #: M# direction: equal", "copy"),
        ("an instrument twice", "slot #: M# instrument ascends: range #", "copy z 0"),
        ("below without a shortfall", "account: M# below: some shortfall: range #", "copy z 0"),
    ];
    let faults = faults.map(|(bug, region, part)| (bug, Fault::new(region, part)));
    harness::faults_are_found(&full::<Bn254Fr>(), &faults);
}
