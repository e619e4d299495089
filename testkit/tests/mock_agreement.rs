//! The checker says what the mock prover says: of cells that are rejected and,
//! in a circuit with faults, of cells that are accepted.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test")]

#[path = "../../circuits/tests/common/mod.rs"]
mod fixtures;

use ff::Field as _;
use fixtures::mock::{self, Delta};
use fixtures::{Case, Market, at_least, healthy, k};
use halo2_proofs::dev::VerifyFailure;
use pasta_curves::Fp;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::check::{Changes, Checker, Constraint};
use zkmargin_testkit::fault::Fault;
use zkmargin_testkit::{F, Plan, Subject};

fn case<T: MarginField>() -> Case<T> {
    Market::<T>::over_field().case(&healthy(), at_least(Level::Initial), 0)
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

/// Compares the verdicts of both on a sample of cells of one kind; returns how
/// many both accept. The mock prover runs over Pasta, for it cannot print
/// elements of the other field: the constraints are the same.
fn agree(plan: &Plan, cells: impl Fn(usize, &str) -> bool) -> (usize, usize) {
    let pasta = case::<Fp>();
    let bn254 = case::<F>();
    let k = k(Shape::Small);
    let subject: Subject<StandardCircuit<F>> =
        Subject { k, circuit: bn254.circuit(), rows: bn254.public_rows() };
    let recording = subject.record(plan);
    let checker = Checker::new::<StandardCircuit<F>>(&recording);
    let (mut compared, mut accepted) = (0, 0);
    for (index, cell) in recording.cells.iter().enumerate() {
        if !cells(index, &recording.regions[cell.region]) {
            continue;
        }
        let changes = Changes::from([(cell.at, recording.value(cell.at) + F::ONE)]);
        let ours = Verdict::of_checker(&checker.check(&changes));
        let theirs = plan
            .run(|| mock::tamper(k, &pasta.circuit(), pasta.public_rows(), index, Delta::PlusOne));
        assert_eq!(ours, Verdict::of_mock(&theirs), "{}", recording.class(cell));
        compared += 1;
        accepted += usize::from(theirs.is_empty());
    }
    (compared, accepted)
}

#[test]
fn on_rejected_cells() {
    let (compared, accepted) = agree(&Plan::default(), |index, _| index % 911 == 0);
    println!("{compared} cells, {accepted} accepted");
    assert!(compared >= 25);
    assert_eq!(accepted, 0);
}

#[test]
fn on_accepted_cells() {
    let honest = case::<F>();
    let subject =
        Subject { k: k(Shape::Small), circuit: honest.circuit(), rows: honest.public_rows() };
    let recording = subject.record(&Plan::default());
    let range = Fault::new("slot #: M# absolute deficit: range #", "lookups");
    let plan = range.plan(&recording);
    let (compared, accepted) =
        agree(&plan, |_, region| region.starts_with("slot 2: M5 absolute deficit: range"));
    println!("{compared} cells, {accepted} accepted");
    assert!(accepted > 2 && accepted < compared);
}
