//! The settlement family under the harness; see `standard.rs` for the long run.

use crate::common::settlement::*;
use crate::common::{at_least, below};
use crate::harness;
use crate::harness::Expected;
use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::settlement::{Charges, SettlementSlot, expiry_of};
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::check::Checker;
use zkmargin_testkit::fault::{CONFIGURE, Fault};
use zkmargin_testkit::graph::Finding;
use zkmargin_testkit::{Plan, Subject, lie};

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

/// [`EXPECTED`] of an account: of no lots an inverse may be anything.
fn expected(positions: &[Position], shape: Shape) -> Expected {
    const NONE: &str = "there are no lots of an option, and nothing times zero is not";
    let has_lots = |position: &Position| {
        expiry_of(position.instrument).is_some() && position.quantity.get() != 0
    };
    let without = (0..shape.settlement_positions())
        .filter(|i| !positions.get(*i).is_some_and(has_lots))
        .map(|i| (format!("slot {i}: M5 what is held has lots"), NONE));
    Expected { free: without.collect(), ..EXPECTED }
}

/// What an expiry has come to.
#[derive(Default)]
struct So {
    loss: i128,
    alone: i128,
    unpaired: i128,
}

/// Zero has either sign: which slots of an account have one of nothing, worked out from
/// what each option pays. The charges are of initial or of maintenance margin.
fn signs_of_nothing(positions: &[Position], level: Level) -> Expected {
    const EITHER: &str = "zero has either sign, and is not above zero under both";
    let market = SettlementMarket::<Fp>::of(rows());
    let slots: Vec<_> = positions.iter().map(|position| market.slot(position)).collect();
    let of = |i: usize| slots.get(i).and_then(|slot| expiry_of(slot.position.instrument));
    let at = |price: i128, held: &[(i128, i128, bool)]| -> i128 {
        let pays = |(strike, lots, is_call): &(i128, i128, bool)| {
            lots * (if *is_call { price - strike } else { strike - price }).max(0)
        };
        held.iter().map(pays).sum()
    };
    let Expected { mut free, .. } = expected(positions, Shape::Small);
    let mut so = So::default();
    for i in 0..Shape::Small.settlement_positions() {
        let expiry = of(i);
        let same = i > 0 && expiry.is_some() && expiry == of(i - 1);
        let option = |slot: &SettlementSlot<Fp>| {
            let lots = i128::from(slot.position.quantity.get());
            (i128::from(slot.row.strike()), lots, slot.row.is_call())
        };
        let of_it = (0..slots.len()).filter(|j| expiry.is_some() && of(*j) == expiry);
        let whole: Vec<_> = of_it.map(|j| option(&slots[j])).collect();
        if !same {
            so = So { loss: (-at(0, &whole)).max(0), ..So::default() };
        }
        let mut signs = Vec::new();
        let mut is_zero = |name: &str, zero: bool| {
            signs.extend(zero.then(|| format!("slot {i} settled: M5 {name} is positive")));
        };
        is_zero("loss at zero", same || at(0, &whole) == 0);
        match slots.get(i).filter(|slot| slot.row.is_option()) {
            None => is_zero("further loss", true),
            Some(slot) => {
                let (strike, lots, is_call) = option(slot);
                let loss = -at(strike, &whole);
                is_zero("further loss", loss == so.loss);
                so.loss = so.loss.max(loss);
                let pick = |of: Charges| match level {
                    Level::Initial => i128::from(of.initial),
                    _ => i128::from(of.maintenance),
                };
                so.alone -= lots.min(0) * pick(slot.row.charges());
                so.unpaired += if is_call { lots * pick(slot.row.unpaired()) } else { 0 };
            }
        }
        is_zero("naked calls", so.unpaired == 0);
        is_zero("excess", so.alone == so.loss + (-so.unpaired).max(0));
        free.extend(signs.into_iter().map(|sign| (sign, EITHER)));
    }
    Expected { free, ..EXPECTED }
}

/// Of [`full`].
fn full_expected() -> Expected {
    signs_of_nothing(&every_slot(), Level::Initial)
}

/// Of [`sparse`], in the smallest shape.
fn sparse_expected() -> Expected {
    signs_of_nothing(&poor(), Level::Maintenance)
}

#[test]
fn no_cell_can_be_changed() {
    let of_full = expected(&every_slot(), Shape::Small);
    harness::no_cell_can_be_changed(&full::<Fp>(), Shape::Small, &of_full);
    harness::no_cell_can_be_changed(&full::<Bn254Fr>(), Shape::Small, &of_full);
    for shape in harness::shapes() {
        // The wide layout has the same gadgets.
        if harness::is_long() {
            harness::no_cell_can_be_changed(&sparse::<Fp>(shape), shape, &expected(&poor(), shape));
        }
        harness::no_cell_can_be_changed(
            &sparse::<Bn254Fr>(shape),
            shape,
            &expected(&poor(), shape),
        );
    }
}

#[test]
fn the_graph_is_whole() {
    // That it is there says all.
    let inverse = "slot #: M# what is held has lots / witness".to_owned();
    let idle = [Finding::Unused(inverse)];
    harness::the_graph_is_whole_but(&full::<Fp>(), &EXPECTED, &idle);
    harness::the_graph_is_whole_but(&full::<Bn254Fr>(), &EXPECTED, &idle);
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
    let of_full = expected(&every_slot(), Shape::Small);
    harness::the_witness_is_rigid(&full::<Fp>(), &of_full);
    harness::the_witness_is_rigid(&full::<Bn254Fr>(), &of_full);
    for shape in harness::shapes() {
        // The wide layout has the same gadgets.
        if harness::is_long() {
            harness::the_witness_is_rigid(&sparse::<Fp>(shape), &expected(&poor(), shape));
        }
        harness::the_witness_is_rigid(&sparse::<Bn254Fr>(shape), &expected(&poor(), shape));
    }
    if harness::is_long() {
        harness::every_pin_is_needed(&full::<Bn254Fr>(), &of_full);
    }
}

#[test]
fn no_lie_is_accepted() {
    harness::no_lie_is_accepted(&full::<Bn254Fr>(), &full_expected());
    harness::no_lie_is_accepted(&sparse::<Bn254Fr>(Shape::Small), &sparse_expected());
}

/// However the circuit assigns what its header has to state, it is told nothing else.
#[test]
fn the_terms_are_the_familys() {
    let market = SettlementMarket::<Bn254Fr>::of(rows());
    let mut case = market.case(&every_slot(), at_least(Level::Initial), 0);
    let others = Bn254Fr::from(1);
    case.witness.header.terms = others;
    case.instance.market_root = case.witness.header.root();
    let (shape, rows) = (Shape::Small, case.public_rows());
    let circuit = Circuit::new(shape, case.instance, case.witness).unwrap();
    let subject = Subject { k: Circuit::<Bn254Fr>::k(shape), circuit, rows };
    let is_refused = |plan: &Plan| {
        let recording = subject.record(plan);
        !Checker::new(&recording).check_all().is_empty()
    };
    assert!(is_refused(&Plan::default()), "the terms that are hashed are not the market's");
    for cell in ["d", "witness"] {
        let told = Plan::default().changing("account: M3 terms", cell, lie::set(others));
        assert!(is_refused(&told), "{cell}");
    }
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
        ("a put told to be a call", "slot #: M# row e# #", "copy a"),
        ("puts counted as calls", "slot #: M# put lots", "gate"),
        ("a strike left out", "slot # settled: M# where held", "gate"),
        ("a strike of no lots", "slot #: M# what is held has lots", "gate"),
        ("a strike not held", "slot #: M# what has lots is held: equal", "copy"),
        ("a loss that is none", "slot # settled: M# absolute further loss: range #", "lookups"),
        ("a loss forgotten", "slot # settled: M# loss", "gate"),
        ("no loss at zero", "slot # settled: M# absolute loss at zero: range #", "copy z 0"),
        ("naked calls forgotten", "slot # settled: M# absolute naked calls: range #", "lookups"),
        ("charged less than the bound", "slot # settled: M# absolute excess: range #", "copy z 0"),
        ("puts of another expiry", "slot # and to come: M# puts of all", "gate"),
        ("sums of another expiry", "slot # so far: M# lots", "copy a"),
        ("an expiry not charged", "slot # settled: M# options charged", "gate"),
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
