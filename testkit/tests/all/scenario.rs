//! The scenario family under the harness; see `standard.rs` for the long run.

use crate::harness;
use std::ops::Range;

use crate::common::at_least;
use crate::common::scenario::*;
use crate::harness::Expected;
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
    subject(&every_slot(), Shape::Small)
}

/// A slot of padding, and two expiries that no position is in.
fn sparse<F: MarginField>(shape: Shape) -> Subject<F, ScenarioCircuit<F>> {
    subject(&healthy(), shape)
}

const EXPECTED: Expected = Expected {
    name: "scenario",
    parts: &["scenario"],
    circuit: "scenario-margin",
    free: Vec::new(),
    never_failing: &[],
    redundant: &[],
};

/// Zero is zero under either sign: the slots without options have none to net.
fn no_options(slots: Range<usize>) -> impl Iterator<Item = (String, &'static str)> {
    const NO_SIGN: &str = "zero has either sign, and either sign times zero is zero";
    slots.map(|slot| (format!("slot {slot}: M5 net lots is negative"), NO_SIGN))
}

/// The future, the perpetual and the collateral of the full account.
fn full_expected() -> Expected {
    Expected { free: no_options(3..6).collect(), ..EXPECTED }
}

/// The expiries that the sparse account is not in, whose keys are not 1 and 2,
/// its slots without options, and its padding.
fn sparse_expected(shape: Shape) -> Expected {
    const EMPTY: &str = "no position is in it: `terms_of_an_empty_expiry_change_nothing`";
    const NO_LOTS: &str = "zero has no inverse, and times zero any is zero";
    let expiries = (0..shape.scenario_expiries()).filter(|index| ![1, 2].contains(index));
    let padding = healthy().len()..shape.scenario_positions();
    let free = expiries.map(|index| (format!("expiry {index}"), EMPTY));
    let padded = padding.map(|slot| (format!("slot {slot}: size inverse"), NO_LOTS));
    let unsigned = no_options(4..shape.scenario_positions());
    Expected { free: free.chain(padded).chain(unsigned).collect(), ..EXPECTED }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &EXPECTED);
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &EXPECTED);
    for shape in harness::shapes() {
        // The wide layout has the same gadgets.
        if harness::is_long() {
            harness::no_cell_can_be_changed(&sparse::<Fp>(shape), shape, &sparse_expected(shape));
        }
        harness::no_cell_can_be_changed(&sparse::<Bn254Fr>(shape), shape, &sparse_expected(shape));
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
    harness::the_witness_is_rigid(&full::<Fp>(), &full_expected());
    harness::the_witness_is_rigid(&full::<Bn254Fr>(), &full_expected());
    for shape in harness::shapes() {
        // The wide layout has the same gadgets.
        if harness::is_long() {
            harness::the_witness_is_rigid(&sparse::<Fp>(shape), &sparse_expected(shape));
        }
        harness::the_witness_is_rigid(&sparse::<Bn254Fr>(shape), &sparse_expected(shape));
    }
    if harness::is_long() {
        harness::every_pin_is_needed(&full::<Bn254Fr>(), &full_expected());
    }
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&full::<Bn254Fr>(), &full_expected());
    let shape = Shape::Small;
    harness::no_lie_is_accepted(&sparse::<Bn254Fr>(shape), &sparse_expected(shape));
}

/// Terms and rows are bound by digests alone.
#[test]
fn nothing_is_told_twice() {
    type Choices = zkmargin_circuits::scenario::Assignment<Bn254Fr>;
    type Lie = fn(&mut Choices);
    let case = ScenarioMarket::over_field().case(&every_slot(), at_least(Level::Initial), 0);
    let lies: [(&str, Lie); 9] = [
        ("a dampening", |a| a.figures.underlyings[0].terms.dampening[0] += Bn254Fr::from(1)),
        ("the last dampening", |a| {
            a.figures.underlyings[0].terms.dampening[41] += Bn254Fr::from(1)
        }),
        ("a factor", |a| a.figures.underlyings[0].terms.initial_factor += Bn254Fr::from(1)),
        ("a rate", |a| a.figures.underlyings[0].terms.net += Bn254Fr::from(1)),
        ("charges on naked shorts", |a| a.figures.underlyings[0].terms.naked += Bn254Fr::from(1)),
        ("a value", |a| a.figures.slots[0].values[0] += Bn254Fr::from(1)),
        ("the last value", |a| a.figures.slots[7].values[14] += Bn254Fr::from(1)),
        ("charges", |a| a.figures.slots[1].charges += Bn254Fr::from(1)),
        ("a delta", |a| a.figures.slots[1].delta += Bn254Fr::from(1)),
    ];
    let lies = lies.map(|(name, lie)| {
        let circuit = case.lie(|a| {
            lie(a);
            a.solve();
        });
        (name.to_owned(), circuit)
    });
    harness::nothing_is_told_twice(&full::<Bn254Fr>(), &full_expected(), lies.into());
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
        ("row or account of another tree", CONFIGURE, "hash: member"),
        ("row's message cut off", "slot #: M# row: hash", "copy message 1 of block 2"),
        ("quantity sign loosened", "slot #: M# short is a bit: equal", "copy"),
        ("same strike loosened", "slot #: M# same strike is a bit: equal", "copy"),
        ("public input not used", "public: model", "copy"),
        ("terms of another market", "terms: M# terms: hash", "copy message 2 of block 3"),
        ("position in another expiry", "slot #: equality #: equal", "copy"),
        ("expiry twice, its sum split", "expiry #: M# expiries ascend: range #", "lookups"),
        ("sum unpacked otherwise", "expiry # losses: equality #: equal", "copy"),
        ("limb of a sum without a range", "expiry # losses: M# sum # limb #: range #", "lookups"),
        (
            "a scenario left out of the worst",
            "outcome: M# worst is not beyond #: range #",
            "copy z 0",
        ),
        ("worst loss of no scenario", "outcome: M# worst is one of them: equal", "copy"),
        ("netted across strikes", "slot #: M# same strike has no step: equal", "copy"),
        ("collateral owed", "slot #: M# direction: equal", "copy"),
        ("padding with lots", "slot #: M# padding has no lots: equal", "copy"),
        ("slack not below its divisor", "outcome: M# slack below its divisor: range #", "lookups"),
    ];
    let faults = faults.map(|(bug, region, part)| (bug, Fault::new(region, part)));
    harness::faults_are_found(&full::<Bn254Fr>(), &faults);
}
