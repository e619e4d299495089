//! Two readings of a circuit: the lowering's, which keys and proofs are made
//! by, and this crate's own. And what both would have to have lost for it not
//! to show: the advice of one statement under the public inputs of another.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "../../circuits/tests/common/mod.rs"]
mod fixtures;
#[path = "recorders/planted.rs"]
mod planted;
#[path = "../../circuits/tests/common/planted.rs"]
mod planter;

use std::collections::BTreeSet;

use ff::Field as _;
use fixtures::scenario::{self, ScenarioCase, ScenarioMarket};
use fixtures::simulation::{self, SimulationCase, SimulationMarket};
use fixtures::transition::standard_close;
use fixtures::{Case, Market, at_least, healthy};
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::lowering::shape::{CellRef, ColumnKind, ColumnRef};
use zkmargin_circuits::lowering::{advice, lower};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{CLAIM, MARKET_ROOT, STATE_ROOT};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::{CHANGE, NAMES, NEXT};
use zkmargin_testkit::{Plan, Subject};

type F = Bn254Fr;

fn compare<C: FamilyCircuit<F>>(shape: Shape, circuit: C, rows: Vec<F>) {
    let subject = Subject { k: C::k(shape), circuit, rows };
    let own = subject.record(&Plan::default());
    let lowered = lower(subject.k, &C::blank(shape)).unwrap();
    assert_eq!(lowered.system(), &own.system);
    assert_eq!(own.gates.len(), lowered.system().gates.len(), "gates by name");
    assert_eq!(lowered.fixed().len(), own.fixed.len());
    for (column, (lowered, own)) in lowered.fixed().iter().zip(&own.fixed).enumerate() {
        assert_eq!(lowered.len(), own.len());
        for (row, (lowered, own)) in lowered.iter().zip(own).enumerate() {
            assert_eq!(*lowered, own.unwrap_or(F::ZERO), "fixed column {column}, row {row}");
        }
    }
    let copies: Vec<_> = own.copies.iter().map(|copy| (copy.left, copy.right)).collect();
    let (lost, added) = differences(lowered.copies(), &copies);
    assert_eq!((lost, added), (Vec::new(), Vec::new()), "copies that one reading has alone");
    assert_eq!(lowered.copies().len(), copies.len(), "copies, told twice or not");

    // Every public input is copied by both.
    let column = ColumnRef { kind: ColumnKind::Instance, index: 0 };
    for (row, name) in NAMES.iter().enumerate().take(subject.rows.len()) {
        let public = CellRef { column, row };
        let has = |copies: &[(CellRef, CellRef)]| {
            copies.iter().any(|(left, right)| *left == public || *right == public)
        };
        assert!(has(lowered.copies()) && has(&copies), "{name}");
    }

    let witness = advice(&lowered, &subject.circuit, &subject.rows).unwrap();
    assert!(witness == own.advice, "the advice cells differ");
}

fn differences<T: Ord + Clone>(left: &[T], right: &[T]) -> (Vec<T>, Vec<T>) {
    let [left, right] = [left, right].map(|of| of.iter().cloned().collect::<BTreeSet<_>>());
    (left.difference(&right).cloned().collect(), right.difference(&left).cloned().collect())
}

#[test]
fn both_read_the_same_cells_and_copies() {
    let shapes = if is_long() { Shape::ALL.to_vec() } else { vec![Shape::Small] };
    for shape in shapes {
        let mut case = Market::<F>::over_field().case(&healthy(), at_least(Level::Initial), 0);
        case.shape = shape;
        compare(shape, case.circuit(), case.public_rows());
        let market = ScenarioMarket::<F>::over_field();
        let mut case = market.case(&scenario::healthy(), at_least(Level::Initial), 0);
        case.shape = shape;
        compare(shape, case.circuit(), case.public_rows());
    }
    let case = of_simulation();
    compare(Shape::Small, case.circuit(), case.public_rows());
    let case = standard_close();
    compare(Shape::Small, case.circuit(), case.public_rows());
}

/// A healthy account of the standard family.
fn of_tiers<F: MarginField>() -> Case<F> {
    let case = Market::over_field().case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case
}

fn of_options<F: MarginField>() -> ScenarioCase<F> {
    let market = ScenarioMarket::over_field();
    let case = market.case(&scenario::healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case
}

fn of_simulation<F: MarginField>() -> SimulationCase<F> {
    let market = SimulationMarket::of(simulation::rows(), simulation::terms());
    let case = market.case(&simulation::healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case
}

fn every(_: usize) -> bool {
    true
}

/// The rows that are tried by default, where another family's proofs try each: how rows
/// of the instance column are copied is no family's, and both readings are compared.
fn some(row: usize) -> bool {
    is_long() || [STATE_ROOT, MARKET_ROOT, CLAIM].contains(&row)
}

/// The rows that a margin statement does not have.
fn of_transitions(row: usize) -> bool {
    is_long() || [CLAIM, NEXT, CHANGE].contains(&row)
}

fn is_long() -> bool {
    std::env::var("ZKMARGIN_HARNESS").is_ok_and(|mode| mode == "long")
}

#[test]
fn advice_of_another_statement_does_not_verify_on_chain() {
    let case = of_tiers();
    planted::on_chain(&case.circuit(), &case.public_rows(), every);
}

#[test]
fn advice_of_another_statement_does_not_verify_transparently() {
    let case = of_tiers();
    planted::transparent(&case.circuit(), &case.public_rows(), every);
}

#[test]
fn nor_does_that_of_options_on_chain() {
    let case = of_options();
    planted::on_chain(&case.circuit(), &case.public_rows(), some);
}

#[test]
fn nor_does_that_of_options_transparently() {
    let case = of_options();
    planted::transparent(&case.circuit(), &case.public_rows(), some);
}

/// Half a minute of proofs: `cargo test -p zkmargin-testkit --test recorders -- --ignored`.
#[test]
#[ignore = "half a minute of proofs"]
fn nor_does_that_of_simulations() {
    let case = of_simulation();
    planted::on_chain(&case.circuit(), &case.public_rows(), every);
    let case = of_simulation();
    planted::transparent(&case.circuit(), &case.public_rows(), every);
}

#[test]
fn nor_does_that_of_transitions_on_chain() {
    let case = standard_close::<Bn254Fr>();
    assert_eq!(case.check(), Ok(()));
    planted::on_chain(&case.circuit(), &case.public_rows(), of_transitions);
}
