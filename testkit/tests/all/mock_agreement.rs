//! The checker says what the mock prover says: of cells that are rejected and,
//! in a circuit with faults, of cells that are accepted.

use crate::common::mock::{self, Delta, Gadgets};
use crate::common::scenario::{self, ScenarioMarket};
use crate::common::{Market, at_least, healthy, k};
use halo2_proofs::arithmetic::VartimeField;
use halo2_proofs::dev::VerifyFailure;
use pasta_curves::Fp;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::check::{Changes, Checker, Constraint};
use zkmargin_testkit::fault::Fault;
use zkmargin_testkit::{Plan, Subject};

fn standard<F: MarginField>() -> Subject<F, StandardCircuit<F>> {
    let case = Market::<F>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    Subject { k: k::<F>(Shape::Small), circuit: case.circuit(), rows: case.public_rows() }
}

fn options<F: MarginField>() -> Subject<F, ScenarioCircuit<F>> {
    let market = ScenarioMarket::<F>::over_field();
    let case = market.case(&scenario::healthy(), at_least(Level::Initial), 0);
    let k = scenario::k::<F>(Shape::Small);
    Subject { k, circuit: case.circuit(), rows: case.public_rows() }
}

/// Broken gates and lookups, and whether a copy is.
#[derive(Debug, PartialEq, Eq)]
struct Verdict(usize, usize, bool);

impl Verdict {
    fn of_mock(failures: &[VerifyFailure]) -> Self {
        let count = |of: fn(&VerifyFailure) -> bool| failures.iter().filter(|f| of(f)).count();
        let gates = count(|f| matches!(f, VerifyFailure::ConstraintNotSatisfied { .. }));
        let lookups = count(|f| matches!(f, VerifyFailure::Lookup { .. }));
        let copies = count(|f| matches!(f, VerifyFailure::Permutation { .. }));
        assert_eq!(gates + lookups + copies, failures.len(), "{failures:?}");
        Self(gates, lookups, copies > 0)
    }

    fn of_checker<'a>(broken: impl IntoIterator<Item = &'a Constraint>) -> Self {
        let mut verdict = Self(0, 0, false);
        for constraint in broken {
            match constraint {
                Constraint::Gate { .. } => verdict.0 += 1,
                Constraint::Lookup { .. } => verdict.1 += 1,
                Constraint::Copy(_) => verdict.2 = true,
            }
        }
        verdict
    }
}

/// Compares the verdicts of both on some cells; returns how many there were,
/// and how many both accept.
fn agree<F: MarginField + VartimeField, C: Gadgets<F>>(
    subject: &Subject<F, C>,
    plan: &Plan,
    cells: impl Fn(usize, &str) -> bool,
) -> (usize, usize) {
    let recording = subject.record(plan);
    let checker = Checker::new(&recording);
    let (mut compared, mut accepted) = (0, 0);
    for (index, cell) in recording.cells.iter().enumerate() {
        if !cells(index, &recording.regions[cell.region]) {
            continue;
        }
        let changes = Changes::from([(cell.at, recording.value(cell.at) + F::ONE)]);
        let ours = Verdict::of_checker(&checker.check(&changes));
        let Subject { k, circuit, rows } = subject;
        let theirs = plan.run(|| mock::tamper(*k, circuit, rows.clone(), index, Delta::PlusOne));
        assert_eq!(ours, Verdict::of_mock(&theirs), "{}", recording.class(cell));
        compared += 1;
        accepted += usize::from(ours == Verdict(0, 0, false));
    }
    println!("{}: {compared} cells, {accepted} accepted", F::NAME);
    (compared, accepted)
}

fn rejected<F: MarginField + VartimeField, C: Gadgets<F>>(subject: &Subject<F, C>) {
    let (compared, accepted) = agree(subject, &Plan::default(), |index, _| index % 911 == 0);
    assert!(compared >= 25);
    assert_eq!(accepted, 0);
}

#[test]
fn on_rejected_cells() {
    rejected(&standard::<Fp>());
    rejected(&standard::<Bn254Fr>());
    rejected(&options::<Fp>());
    rejected(&options::<Bn254Fr>());
}

/// A range check without its lookups: what it made of bytes is free.
fn accepted<F: MarginField + VartimeField, C: Gadgets<F>>(
    subject: &Subject<F, C>,
    class: &str,
    region: &str,
) {
    let recording = subject.record(&Plan::default());
    let plan = Fault::new(class, "lookups").plan(&recording);
    let (compared, accepted) = agree(subject, &plan, |_, name| name.starts_with(region));
    assert!(accepted > 2 && accepted < compared);
}

#[test]
fn on_accepted_cells() {
    let [class, region] =
        ["slot #: M# absolute deficit: range #", "slot 2: M5 absolute deficit: range"];
    accepted(&standard::<Fp>(), class, region);
    accepted(&standard::<Bn254Fr>(), class, region);
    let [class, region] =
        ["outcome: M# slack below its divisor: range #", "outcome: M6 slack below its divisor"];
    accepted(&options::<Fp>(), class, region);
    accepted(&options::<Bn254Fr>(), class, region);
}
