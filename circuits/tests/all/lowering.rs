//! The lowered circuit is the circuit, in either layout of columns.

use std::sync::Arc;

use crate::common::golden::assert_golden;
use crate::common::lowered::{lowered, satisfied};
use crate::common::scenario::ScenarioMarket;
use crate::common::*;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::{Columns, Usual, Wide};
use zkmargin_circuits::lowering::shape::LoweredShape;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit};
use zkmargin_circuits::standard::{Assignment, StandardCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::shape::Shape;

type Standard<L> = StandardCircuit<Bn254Fr, L>;
type Scenario<L> = ScenarioCircuit<Bn254Fr, L>;
type Simulation<L> = SimulationCircuit<Bn254Fr, SCENARIOS, L>;

#[test]
fn agrees_with_the_front_end_on_truth_and_lies() {
    agrees_on_standard_margin::<Usual>();
    agrees_on_standard_margin::<Wide>();
}

fn agrees_on_standard_margin<L: Columns>() {
    let shape = lowered::<Standard<L>>(Shape::Small);
    let market = Market::<Bn254Fr>::over_field();
    let case = market.case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    assert!(satisfied(&shape, &case.circuit_in::<L>(), &case.public_rows()));

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
        assert!(!satisfied(&shape, &case.lie_in::<L>(lie), &case.public_rows()));
    }
    for row in 0..MEMO {
        let mut rows = case.public_rows();
        rows[row] += one();
        assert!(!satisfied(&shape, &case.circuit_in::<L>(), &rows), "public input {row}");
    }
}

#[test]
fn agrees_with_the_front_end_on_scenario_margin() {
    agrees_on_scenario_margin::<Usual>();
    agrees_on_scenario_margin::<Wide>();
}

fn agrees_on_scenario_margin<L: Columns>() {
    let shape = lowered::<Scenario<L>>(Shape::Small);
    let market = ScenarioMarket::<Bn254Fr>::over_field();
    let case = market.case(&scenario::healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    assert!(satisfied(&shape, &case.circuit_in::<L>(), &case.public_rows()));

    type Lie = fn(&mut zkmargin_circuits::scenario::Assignment<Bn254Fr>);
    let lies: [Lie; 5] = [
        |a| a.slots[0].cash += Bn254Fr::from(1),
        |a| a.slots[1].values[7] += Bn254Fr::from(1),
        |a| a.slots[1].members.swap(1, 2),
        |a| a.underlyings[0].worst -= Bn254Fr::from(1),
        |a| a.slots[7].path[0][0] += Bn254Fr::from(1),
    ];
    for lie in lies {
        let lie = |a: &mut zkmargin_circuits::scenario::Assignment<Bn254Fr>| {
            lie(a);
            a.solve_claim();
        };
        assert!(!satisfied(&shape, &case.lie_in::<L>(lie), &case.public_rows()));
    }
}

/// What hides a column: more random rows than it has openings, its commitment being
/// one of them.
#[test]
fn columns_have_more_random_rows_than_openings() {
    for shape in [
        lowered::<Standard<Usual>>(Shape::Small),
        lowered::<Standard<Wide>>(Shape::Small),
        lowered::<Scenario<Wide>>(Shape::Small),
    ] {
        assert_eq!(shape.blinding_factors(), 5);
        for column in 0..shape.columns().advice {
            let queries = shape.system().advice_queries.iter();
            let openings = queries.filter(|query| query.column == column).count();
            assert!(openings + 1 < shape.blinding_factors(), "column {column}: {openings}");
        }
    }
}

/// The digest of each lowered circuit is golden: a change is a change of
/// circuit, made with `UPDATE_GOLDEN=1` and noted under **Circuit**.
#[test]
fn shapes_are_golden() {
    golden("lowered.txt", &Shape::ALL, lowered::<Standard<Usual>>);
    golden("lowered-scenario.txt", &Shape::ALL, lowered::<Scenario<Usual>>);
    golden("lowered-wide.txt", &Shape::ALL, lowered::<Standard<Wide>>);
    golden("lowered-scenario-wide.txt", &Shape::ALL, lowered::<Scenario<Wide>>);
    golden("lowered-simulation-wide.txt", &Shape::ALL, lowered::<Simulation<Wide>>);
    golden("lowered-scenario-huge.txt", &[Shape::Huge], lowered::<Scenario<Usual>>);
    golden("lowered-scenario-huge-wide.txt", &[Shape::Huge], lowered::<Scenario<Wide>>);
}

fn golden(name: &str, shapes: &[Shape], lowered: impl Fn(Shape) -> Arc<LoweredShape>) {
    if crate::common::golden::is_off() {
        return;
    }
    let digests: String = shapes
        .iter()
        .map(|&shape| format!("{shape} {}\n", hex::encode(lowered(shape).digest())))
        .collect();
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    assert_golden(&path, &digests);
}

/// A layout is another circuit, whatever the family.
#[test]
fn layouts_are_different_circuits() {
    fn differ<A: FamilyCircuit<Bn254Fr>, B: FamilyCircuit<Bn254Fr>>() {
        assert_ne!(A::layout(), B::layout());
        assert_ne!(A::k(Shape::Small), B::k(Shape::Small));
        assert_ne!(lowered::<A>(Shape::Small).digest(), lowered::<B>(Shape::Small).digest());
    }
    differ::<Standard<Usual>, Standard<Wide>>();
    differ::<Scenario<Usual>, Scenario<Wide>>();
    differ::<Simulation<Usual>, Simulation<Wide>>();
}
