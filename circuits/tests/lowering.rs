//! The lowered circuit is the circuit.
#![allow(clippy::unwrap_used)] // Fixtures outside of test functions.

mod common;

use std::sync::Arc;

use common::golden::assert_golden;
use common::lowered::{lowered, satisfied};
use common::scenario::ScenarioMarket;
use common::*;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::lowering::lower;
use zkmargin_circuits::lowering::shape::LoweredShape;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::standard::Assignment;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::shape::Shape;

#[test]
fn agrees_with_the_front_end_on_truth_and_lies() {
    let shape = lowered(Shape::Small);
    let market = Market::<Bn254Fr>::over_field();
    let case = market.case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    assert!(satisfied(&shape, &case.circuit(), &case.public_rows()));

    type Lie = fn(&mut Assignment<Bn254Fr>);
    let one = || Bn254Fr::from(1);
    let lies: [Lie; 6] = [
        |a| a.slots[0].cash += Bn254Fr::from(1),
        |a| a.slots[1].mantissa += Bn254Fr::from(1),
        |a| a.slots[3].bucket_step_inverse = Bn254Fr::from(0),
        |a| a.slots[3].initial_marginal.quotient += Bn254Fr::from(1),
        |a| a.slots[7].path[0][0] += Bn254Fr::from(1),
        |a| a.claim.is_below = Bn254Fr::from(1),
    ];
    for lie in lies {
        assert!(!satisfied(&shape, &case.lie(lie), &case.public_rows()));
    }
    for row in 0..MEMO {
        let mut rows = case.public_rows();
        rows[row] += one();
        assert!(!satisfied(&shape, &case.circuit(), &rows), "public input {row}");
    }
}

#[test]
fn agrees_with_the_front_end_on_scenario_margin() {
    let circuit = ScenarioCircuit::<Bn254Fr>::blank(Shape::Small);
    let shape = Arc::new(lower(scenario::k::<Bn254Fr>(Shape::Small), &circuit).unwrap());
    let market = ScenarioMarket::<Bn254Fr>::over_field();
    let case = market.case(&scenario::healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    assert!(satisfied(&shape, &case.circuit(), &case.public_rows()));

    type Lie = fn(&mut zkmargin_circuits::scenario::Assignment<Bn254Fr>);
    let lies: [Lie; 5] = [
        |a| a.slots[0].cash += Bn254Fr::from(1),
        |a| a.slots[1].values[7] += Bn254Fr::from(1),
        |a| a.slots[1].members.swap(1, 2),
        |a| a.totals.worst -= Bn254Fr::from(1),
        |a| a.slots[7].path[0][0] += Bn254Fr::from(1),
    ];
    for lie in lies {
        let lie = |a: &mut zkmargin_circuits::scenario::Assignment<Bn254Fr>| {
            lie(a);
            a.solve_claim();
        };
        assert!(!satisfied(&shape, &case.lie(lie), &case.public_rows()));
    }
}

/// The digest of each lowered circuit is golden: a change is a change of
/// circuit, made with `UPDATE_GOLDEN=1` and noted under **Circuit**.
#[test]
fn shapes_are_golden() {
    golden("lowered.txt", lowered);
    golden("lowered-scenario.txt", |shape| {
        let circuit = ScenarioCircuit::<Bn254Fr>::blank(shape);
        Arc::new(lower(scenario::k::<Bn254Fr>(shape), &circuit).unwrap())
    });
}

fn golden(name: &str, lowered: impl Fn(Shape) -> Arc<LoweredShape>) {
    if common::golden::is_off() {
        return;
    }
    let digests: String = Shape::ALL
        .into_iter()
        .map(|shape| format!("{shape} {}\n", hex::encode(lowered(shape).digest())))
        .collect();
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    assert_golden(&path, &digests);
}
