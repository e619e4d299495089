//! Two readings of a circuit: the lowering's, which keys and proofs are made
//! by, and this crate's own. And what both would have to have lost for it not
//! to show: the advice of one statement under the public inputs of another.

mod planted;

use std::collections::BTreeSet;

use crate::common::scenario::{self, ScenarioCase, ScenarioMarket};
use crate::common::settlement::{self, SettlementMarket};
use crate::common::simulation::{self, SimulationCase, SimulationMarket};
use crate::common::transition::standard_close;
use crate::common::{Case, Market, at_least, healthy};
use ff::Field as _;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::lowering::pinned::System;
use zkmargin_circuits::lowering::shape::{CellRef, ColumnKind, ColumnRef, LoweredShape};
use zkmargin_circuits::lowering::{advice, lower};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{CLAIM, MARKET_ROOT, STATE_ROOT};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::{CHANGE, NAMES, NEXT};
use zkmargin_testkit::check::Checker;
use zkmargin_testkit::record::Recording;
use zkmargin_testkit::{Plan, Subject};

type F = Bn254Fr;

fn compare<C: FamilyCircuit<F>>(shape: Shape, circuit: C, rows: Vec<F>) {
    let subject = Subject { k: C::k(shape), circuit, rows };
    let own = subject.record(&Plan::default());
    let lowered = lower(subject.k, &C::blank(shape)).unwrap();
    same_polynomials(&lowered, &own);
    let copies: Vec<_> = own.copies.iter().map(|copy| (copy.left, copy.right)).collect();
    let (lost, added) = differences(lowered.copies(), &copies);
    assert_eq!((lost, added), (Vec::new(), Vec::new()), "copies that one reading has alone");
    assert_eq!(lowered.copies().len(), copies.len(), "copies, told twice or not");

    // Every public input is copied by both, or read by a gate.
    let checker = Checker::new(&own);
    let read = checker.read_public();
    let column = ColumnRef { kind: ColumnKind::Instance, index: 0 };
    for (row, name) in NAMES.iter().enumerate().take(subject.rows.len()) {
        let public = CellRef { column, row };
        let has = |copies: &[(CellRef, CellRef)]| {
            copies.iter().any(|(left, right)| *left == public || *right == public)
        };
        let is_read = read.iter().any(|(of, _)| *of == row);
        assert!(is_read || has(lowered.copies()) && has(&copies), "{name}");
    }

    let witness = advice(&lowered, &subject.circuit, &subject.rows).unwrap();
    assert!(witness == own.advice, "the advice cells differ");
}

/// What both readings say of a circuit but for its copies: the same, but that the lowering
/// reads some fixed columns at two rotations. There each column of this reading is found
/// again, in every row that its gates are on.
fn same_polynomials(lowered: &LoweredShape, own: &Recording<F>) {
    let (system, other) = (lowered.system(), &own.system);
    assert_eq!((&system.gates, &system.lookups), (&other.gates, &other.lookups));
    assert_eq!(system.advice_queries, other.advice_queries);
    assert_eq!(system.instance_queries, other.instance_queries);
    assert_eq!(system.permutation, other.permutation);
    assert_eq!(system.columns.advice, other.columns.advice);
    assert_eq!(system.columns.selectors, other.columns.selectors);
    assert_eq!(own.gates.len(), system.gates.len(), "gates by name");
    assert_eq!(system.fixed_queries.len(), other.fixed_queries.len());
    // The columns of this reading that a column of the lowering holds: in its own rows,
    // and one row further down.
    let mut held = vec![[None; 2]; lowered.fixed().len()];
    for (to, from) in system.fixed_queries.iter().zip(&other.fixed_queries) {
        assert!(from.rotation == 0 && (0..=1).contains(&to.rotation));
        let shift = to.rotation.unsigned_abs() as usize;
        assert_eq!(held[to.column][shift].replace(from.column), None, "a column read twice");
    }
    for (column, (cells, [here, above])) in lowered.fixed().iter().zip(held).enumerate() {
        let here = here.unwrap_or_else(|| panic!("fixed column {column} is not read"));
        assert_eq!(cells.len(), own.fixed[here].len());
        let shifted = |row: usize| own.fixed[above?][row.checked_sub(1)?];
        for (row, cell) in cells.iter().enumerate() {
            let expected = own.fixed[here][row].or_else(|| shifted(row)).unwrap_or(F::ZERO);
            assert_eq!(*cell, expected, "fixed column {column}, row {row}");
        }
    }
    let read = held_columns(other);
    assert_eq!(read.len(), own.fixed.len(), "columns that nothing reads");
}

/// The fixed columns that something reads.
fn held_columns(system: &System<F>) -> BTreeSet<usize> {
    system.fixed_queries.iter().map(|query| query.column).collect()
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
    let market = SettlementMarket::<F>::of(settlement::rows());
    let case = market.case(&settlement::healthy(), at_least(Level::Initial), 0);
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

/// Half a minute of proofs: `cargo test -p zkmargin-testkit --test all recorders:: -- --ignored`.
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
