//! The simulation family under the harness; see `standard.rs` for the long run.
//!
//! Its circuit is generic over the number of scenarios. Here it has sixteen: every
//! class of constraints, with few members. `a_market_of_250_has_the_same_classes`
//! and the one of 500 hold the circuits that have keys to them, and the long run tries its cells too.

use crate::harness;
use std::collections::BTreeSet;

use crate::common::simulation::*;
use crate::common::{at_least, below};
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::simulation::SimulationCircuit;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::simulation::SimulationTerms;
use zkmargin_testkit::check::Checker;
use zkmargin_testkit::fault::{CONFIGURE, Fault};
use zkmargin_testkit::{Plan, Subject, classes, lie};

type Of<F> = Subject<F, Circuit<F>>;

fn subject<F: MarginField, const N: usize>(
    market: &SimulationMarket<F>,
    (positions, claim, disclosed): (&[Position], Claim, u128),
    shape: Shape,
) -> Subject<F, SimulationCircuit<F, N>> {
    let case = market.case(positions, claim, disclosed);
    assert_eq!(case.check(), Ok(()));
    let rows = case.public_rows();
    let circuit = SimulationCircuit::new(shape, case.instance, case.witness).unwrap();
    Subject { k: SimulationCircuit::<F, N>::k(shape), circuit, rows }
}

/// Every slot of the smallest shape in use, both signs, collateral.
fn full<F: MarginField>() -> Of<F> {
    let market = SimulationMarket::of(full_rows(), terms());
    subject(&market, (&every_slot(), at_least(Level::Initial), 0), Shape::Small)
}

/// Slots of padding, below all levels; the shortfall is disclosed.
fn sparse<F: MarginField>(shape: Shape) -> Of<F> {
    let market = SimulationMarket::of(rows(), terms());
    let shortfall = market.margin(&poor()).shortfall(Level::Maintenance);
    assert!(shortfall > 1);
    subject(&market, (&poor(), below(Level::Maintenance), shortfall), shape)
}

/// No position: every profit and loss is nothing, and so equal to the threshold.
fn empty<F: MarginField>() -> Of<F> {
    let market = SimulationMarket::of(rows(), terms());
    subject(&market, (&[], at_least(Level::Initial), 0), Shape::Small)
}

const EXPECTED: Expected = Expected {
    name: "simulation",
    parts: &["simulation"],
    circuit: "simulation-margin",
    free: Vec::new(),
    never_failing: &[],
    redundant: &[],
};

/// Losses of the empty account are zero, whose sign changes nothing.
fn empty_expected() -> Expected {
    const NO_SIGN: &str = "zero has either sign, and is not below zero under both";
    let signs = ["account: M5 tail loss is negative", "account: M5 var is negative"];
    Expected { free: signs.map(|sign| (sign.to_owned(), NO_SIGN)).to_vec(), ..EXPECTED }
}

#[test]
fn no_cell_can_be_changed() {
    harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &EXPECTED);
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &EXPECTED);
    harness::no_cell_can_be_changed(&empty::<Bn254Fr>(), Shape::Small, &empty_expected());
    for shape in harness::shapes() {
        // The wide layout has the same gadgets.
        if harness::is_long() {
            harness::no_cell_can_be_changed(&sparse::<Fp>(shape), shape, &EXPECTED);
        }
        harness::no_cell_can_be_changed(&sparse::<Bn254Fr>(shape), shape, &EXPECTED);
    }
    if harness::is_long() {
        harness::no_cell_can_be_changed(&whole::<Fp>(Shape::Small), Shape::Small, &EXPECTED);
        harness::no_cell_can_be_changed(&whole::<Bn254Fr>(Shape::Small), Shape::Small, &EXPECTED);
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
        // The wide layout has the same gadgets.
        if harness::is_long() {
            harness::the_witness_is_rigid(&sparse::<Fp>(shape), &EXPECTED);
        }
        harness::the_witness_is_rigid(&sparse::<Bn254Fr>(shape), &EXPECTED);
    }
    if harness::is_long() {
        harness::the_witness_is_rigid(&whole::<Fp>(Shape::Small), &EXPECTED);
        harness::every_pin_is_needed(&full::<Bn254Fr>(), &EXPECTED);
    }
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&full::<Bn254Fr>(), &EXPECTED);
    harness::no_lie_is_accepted(&sparse::<Bn254Fr>(Shape::Small), &EXPECTED);
    harness::no_lie_is_accepted(&empty::<Bn254Fr>(), &empty_expected());
}

/// A market whose terms tell another number, its rows being as long: the circuit's own
/// number is no choice of the prover's.
#[test]
fn the_number_of_scenarios_is_the_circuits() {
    let market = SimulationMarket::<Bn254Fr>::of(full_rows(), terms());
    let mut case = market.case(&every_slot(), at_least(Level::Initial), 0);
    let few = terms();
    let of = (N + 1, few.tail());
    let more = SimulationTerms::new(of, few.maintenance(), few.initial(), few.set()).unwrap();
    case.witness.account.header.terms = more.digest();
    case.instance.market_root = case.witness.account.header.root();
    let (k, circuit, rows) = (k::<Bn254Fr>(), case.circuit(), case.public_rows());
    let subject = Subject { k, circuit, rows };
    let recording = subject.record(&Plan::default());
    let checker = Checker::new(&recording);
    assert!(!checker.check_all().is_empty(), "the number that is hashed is not the market's");
    // Told to be the market's, however the circuit assigns it.
    let told = |cell: &str| {
        let change = lie::set(Bn254Fr::from(N as u64 + 1));
        subject.record(&Plan::default().changing("terms: M3 scenarios", cell, change))
    };
    for cell in ["d", "witness"] {
        let recording = told(cell);
        assert!(!Checker::new(&recording).check_all().is_empty(), "{cell}");
    }
}

/// Terms and rows are bound by digests alone.
#[test]
fn nothing_is_told_twice() {
    let market = SimulationMarket::<Bn254Fr>::of(full_rows(), terms());
    let case = market.case(&every_slot(), at_least(Level::Initial), 0);
    type Lie = fn(&mut Choices<Bn254Fr>);
    let lies: [(&str, Lie); 10] = [
        ("a tail of one less", |a| a.figures.terms.tail -= Bn254Fr::from(1)),
        ("a tail of one more", |a| a.figures.terms.tail += Bn254Fr::from(1)),
        ("a weight of maintenance", |a| a.figures.terms.maintenance[0] = Bn254Fr::from(0)),
        ("a weight of a stress loss", |a| a.figures.terms.initial[2] = Bn254Fr::from(0)),
        ("a weight of value at risk", |a| a.figures.terms.initial[1] = Bn254Fr::from(0)),
        ("a gain", |a| a.figures.slots[0].columns[0] += Bn254Fr::from(1)),
        ("a mark", |a| a.figures.slots[7].columns[4] += Bn254Fr::from(2)),
        ("a charge", |a| a.figures.slots[1].maintenance = Bn254Fr::from(0)),
        ("another charge", |a| a.figures.slots[1].initial = Bn254Fr::from(0)),
        ("an instrument", |a| a.figures.slots[7].instrument += Bn254Fr::from(1)),
    ];
    let lies = lies.map(|(name, lie)| {
        let circuit = case.lie(|a| {
            lie(a);
            let (claim, reserved) = (a.claim, a.reserved);
            a.figures.solve((&claim, reserved));
        });
        (name.to_owned(), circuit)
    });
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

/// A market of as many scenarios as a circuit with keys has.
fn whole<F: MarginField>(shape: Shape) -> Subject<F, SimulationCircuit<F>> {
    let market = SimulationMarket::of(whole_rows(shape), whole_terms(shape));
    subject(&market, (&whole_book(), at_least(Level::Initial), 0), shape)
}

/// What the harness says of sixteen scenarios is said of the circuits that have
/// keys: they are made of the same classes.
fn the_same_classes<F: MarginField>(shape: Shape, without: &[&str]) {
    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(ToString::to_string).collect()
    }
    fn lines<F: MarginField>(
        recording: &zkmargin_testkit::record::Recording<F>,
    ) -> BTreeSet<String> {
        let text = classes::text(&Checker::new(recording));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        // Without the count.
        lines.map(|line| line.trim_start().split_once(' ').unwrap().1.to_owned()).collect()
    }
    let whole = whole::<F>(shape).record(&Plan::default());
    assert_eq!(Checker::new(&whole).check_all(), BTreeSet::new());
    let (whole, full) = (lines(&whole), lines(&full::<F>().record(&Plan::default())));
    let only = |a: &BTreeSet<String>, b| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!((only(&full, &whole), only(&whole, &full)), (owned(without), Vec::new()));
}

#[test]
fn a_market_of_250_has_the_same_classes() {
    the_same_classes::<Fp>(Shape::Small, &[]);
    the_same_classes::<Bn254Fr>(Shape::Small, &[]);
}

#[test]
fn a_market_of_500_has_the_same_classes() {
    // A row of 504 columns ends with its last permutation.
    let filled = ["slot #: M3 row: hash | slot #: M3 row: hash / message # of block # = zero / d"];
    the_same_classes::<Fp>(Shape::Deep, &filled);
    the_same_classes::<Bn254Fr>(Shape::Deep, &filled);
}

#[test]
fn seeded_faults_are_found() {
    let faults = [
        ("threshold is none of the marked", "account: M# threshold is in the tail: equal", "copy"),
        ("the tail has another size", "account: M# tail count", "gate"),
        ("a scenario is not counted", "account: M# tail count #", "gate"),
        (
            "marked, and above the threshold",
            "account: M# side of the threshold #: range #",
            "copy z 0",
        ),
        ("marked by half", "account: M# in tail # is a bit: equal", "copy"),
        ("a loss left out of the tail", "account: M# tail sum #", "gate"),
        ("a loss told as a profit", "account: M# tail loss magnitude: range #", "copy z 0"),
        ("value at risk told as none", "account: M# var magnitude: range #", "lookups"),
        ("stress is not the worst", "account: M# stress loss is not beyond #: range #", "copy z 0"),
        ("stress of no scenario", "account: M# stress loss is one of them: equal", "copy"),
        ("a sum unpacked otherwise", "account: equality #: equal", "copy"),
        ("limb of a sum without a range", "account: M# sum #: range #", "lookups"),
        ("weight of another level", "account: M# weight of shortfall", "copy a"),
        ("weight left to the prover", "account: M# weight of shortfall", "gate"),
        ("guard of rounding not charged", "slot #: M# maintenance charges", "gate"),
        ("charge on no lots", "slot #: M# initial charges", "copy a"),
        ("terms of another market", "terms: M# terms: hash", "copy message 2 of block 0"),
        ("terms of fewer scenarios", "terms: M# scenarios", "gate"),
        ("row or account of another tree", CONFIGURE, "hash: member"),
        ("row's gains cut off", "slot #: M# row: hash", "copy message 1 of block 1"),
        ("quantity sign loosened", "slot #: M# short is a bit: equal", "copy"),
        ("lots without a range", "slot #: M# size less sign: range #", "lookups"),
        ("collateral owed", "slot #: M# direction: equal", "copy"),
        ("padding with lots", "slot #: M# padding has no lots: equal", "copy"),
        ("an instrument twice", "slot #: M# instrument ascends: range #", "copy z 0"),
        ("below without a shortfall", "account: M# below: some shortfall: range #", "copy z 0"),
        ("slack not below its divisor", "account: M# slack below its divisor: range #", "lookups"),
        ("public input not used", "public: model", "copy"),
    ];
    let faults = faults.map(|(bug, region, part)| (bug, Fault::new(region, part)));
    harness::faults_are_found(&full::<Bn254Fr>(), &faults);
}
