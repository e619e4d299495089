//! The transition circuit says what the native specification says, in both
//! families; and lies, each with the constraint that catches it.

use std::collections::BTreeSet;

use crate::common::mock::failures;
use crate::common::transition::{
    StandardTransition, TransitionCase, scenario_trade, standard, standard_close, standard_trade,
};
use crate::common::*;
use crate::strategy;
use ff::Field;
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::{FamilyCircuit, TooManyChanges, Unprovable};
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::{ScenarioCircuit, ScenarioFigures};
use zkmargin_circuits::standard::{StandardCircuit, StandardFigures};
use zkmargin_circuits::statement::transition::{Assignment, TransitionCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::portfolio::{Blinding, Position};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::{Aim, Change, NAMES, TransitionInstance};

type Standard = StandardFigures<Fp>;

fn fails<G: FamilyFigures<Fp>>(
    case: &TransitionCase<Fp, G>,
    circuit: &TransitionCircuit<Fp, G>,
) -> BTreeSet<String> {
    failures(TransitionCircuit::<Fp, G>::k(case.shape), circuit, case.public_rows())
}

/// Asserts that the circuit rejects a lie in a region whose name holds `label`.
#[track_caller]
fn rejects<G: FamilyFigures<Fp>>(
    case: &TransitionCase<Fp, G>,
    lie: impl FnOnce(&mut Assignment<Fp, G>),
    label: &str,
) {
    let failing = fails(case, &case.lie(lie));
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

#[test]
fn true_transitions_are_satisfied() {
    fn satisfied<G: FamilyFigures<Fp>>(case: &TransitionCase<Fp, G>) {
        assert_eq!(case.check(), Ok(()));
        assert_eq!(fails(case, &case.circuit()), BTreeSet::new());
    }
    satisfied(&standard_close::<Fp>());
    satisfied(&standard_trade::<Fp>());
    satisfied(&scenario_trade::<Fp>());
    // Nothing changes; everything is opened, and closed.
    let two = [position(0, PERP, 1, 1_000), position(0, SPOT, 5, 0)];
    satisfied(&standard::<Fp>(&healthy(), &healthy(), Level::Initial));
    satisfied(&standard::<Fp>(&[], &two, Level::Initial));
    satisfied(&standard::<Fp>(&two, &[], Level::Initial));
    satisfied(&standard::<Fp>(&[], &[], Level::Initial));
}

/// Rows against those of the margin circuit of the same shape, in percent.
#[test]
fn rows_are_at_most_so_many_times_the_margin_circuits() {
    let percent = |transition: Cost, margin: Cost| {
        // The rows that blind the columns, and some to spare.
        assert!(transition.rows + 10 <= 1 << transition.k, "{transition:?}");
        assert!(transition.rows + 10 > 1 << (transition.k - 1), "{transition:?}");
        assert_eq!(transition.advice_columns, margin.advice_columns);
        assert_eq!(transition.permutation_columns, margin.permutation_columns);
        transition.rows * 100 / margin.rows
    };
    let wide = |shape| {
        [
            percent(
                Cost::measure::<TransitionCircuit<Fp, Standard>>(shape),
                Cost::measure::<StandardCircuit<Fp>>(shape),
            ),
            percent(
                Cost::measure::<TransitionCircuit<Fp, ScenarioFigures<Fp>>>(shape),
                Cost::measure::<ScenarioCircuit<Fp>>(shape),
            ),
        ]
    };
    let tall = |shape| {
        [
            percent(
                kzg::cost::<TransitionCircuit<Bn254Fr, StandardFigures<Bn254Fr>>>(shape).unwrap(),
                kzg::cost::<StandardCircuit<Bn254Fr>>(shape).unwrap(),
            ),
            percent(
                kzg::cost::<TransitionCircuit<Bn254Fr, ScenarioFigures<Bn254Fr>>>(shape).unwrap(),
                kzg::cost::<ScenarioCircuit<Bn254Fr>>(shape).unwrap(),
            ),
        ]
    };
    assert_eq!(Shape::ALL.map(wide), [[108, 104], [107, 118], [107, 130]]);
    // The largest takes seconds to lower.
    assert_eq!([Shape::Small, Shape::Medium].map(tall), [[110, 109], [114, 111]]);
}

#[test]
fn each_public_input_changed_alone_is_rejected() {
    let case = standard_close::<Fp>();
    let k = TransitionCircuit::<Fp, Standard>::k(case.shape);
    // The memo is free: the transcript of a proof binds it.
    for (row, name) in NAMES.iter().enumerate().filter(|(row, _)| *row != MEMO) {
        let mut rows = case.public_rows();
        rows[row] += Fp::ONE;
        assert_ne!(failures(k, &case.circuit(), rows), BTreeSet::new(), "{name}");
    }
}

/// Lies that both families' circuits must see, whose own slots differ: slot
/// `closed` is closed, slot `kept` stays as it is.
fn rejects_lies<G: FamilyFigures<Fp>>(
    case: &TransitionCase<Fp, G>,
    (closed, kept, opened): (usize, usize, Option<usize>),
) {
    // T1: other lots or cash before, or a position left out.
    rejects(case, |a| a.slots[kept].lots += Fp::ONE, "T3 unchanged is as before");
    rejects(case, |a| a.slots[closed].lots += Fp::ONE, "M1 opening");
    rejects(case, |a| a.slots[closed].cash += Fp::ONE, "M1 opening");
    rejects(case, |a| a.slots[closed].held = Fp::ZERO, "T1 not held is nothing");
    rejects(case, |a| a.slots[kept].held = Fp::ZERO, "T1 not held is nothing");
    rejects(case, |a| a.slots[7].held = Fp::from(2), "T1 held");
    if let Some(opened) = opened {
        rejects(case, |a| a.slots[opened].held = Fp::ONE, "before number is told");
    }
    // A slot that neither side has, told to be held as nothing.
    rejects(case, |a| a.slots[7].held = Fp::ONE, "before number is told");

    // T3: a change that no entry tells, and an entry of nothing.
    rejects(case, |a| a.slots[closed].changed = Fp::ZERO, "T3 unchanged is as before");
    rejects(case, |a| a.slots[closed].changed = Fp::ZERO, "entry number is told");
    rejects(case, |a| a.slots[7].changed = Fp::ONE, "T3 changed is listed");
    rejects(case, |a| a.slots[closed].changed = Fp::from(2), "T3 changed");
    // An entry that is told twice, or at another's place.
    rejects(case, |a| a.slots[closed].entry.swap(0, 1), "entry number is told");
    rejects(case, |a| a.slots[closed].entry.fill(Fp::ONE), "entry number is told");
    rejects(case, |a| a.slots[kept].entry[0] = Fp::ONE, "entry number is told");
    rejects(case, |a| a.slots[closed].entry[0] = Fp::from(2), "entry is 0 is a bit");
    // Moved to another place, or left out.
    rejects(case, |a| a.slots[kept].before.swap(0, 1), "before number is told");
    rejects(case, |a| a.slots[kept].next.fill(Fp::ZERO), "next number is told");
    rejects(case, |a| a.slots[kept].next[0] = Fp::from(3), "next is 0 is a bit");

    // T2, T3: another blinding or salt.
    let other = || Blinding::new([1; 31]);
    rejects(case, |a| a.witness.blinding = other(), "T2 opening");
    rejects(
        case,
        |a| a.witness.change = Change::new(a.witness.change.entries().to_vec(), other()).unwrap(),
        "T3 digest",
    );
    // T4: told to be below a level.
    rejects(case, |a| a.claim.is_below = Fp::ONE, "T4 at least");
}

#[test]
fn rejects_lies_in_both_families() {
    rejects_lies(&standard_close::<Fp>(), (3, 1, None));
    // The small shape holds the eight positions of this trade: none is left over.
    let case = scenario_trade::<Fp>();
    assert_eq!(case.witness.slots.len(), 8);
    rejects(&case, |a| a.slots[1].lots += Fp::ONE, "M1 opening");
    rejects(&case, |a| a.slots[0].lots += Fp::ONE, "T3 unchanged is as before");
    rejects(&case, |a| a.slots[6].held = Fp::ONE, "before number is told");
    rejects(&case, |a| a.slots[1].changed = Fp::ZERO, "T3 unchanged is as before");
    rejects(&case, |a| a.slots[1].entry.swap(0, 1), "entry number is told");
    rejects(&case, |a| a.slots[2].next.swap(0, 1), "next number is told");
    rejects(&case, |a| a.claim.is_below = Fp::ONE, "T4 at least");
    // The put that is closed keeps its place beside the call.
    rejects(&case, |a| a.figures.slots[1].same_strike = Fp::ZERO, "M4 strike ascends");
    // It is in no expiry, and nothing may be left of it.
    rejects(&case, |a| a.figures.slots[1].members[0] = Fp::ONE, "M3 in one expiry");
    rejects(&case, |a| a.figures.slots[1].size_less_sign = Fp::ONE, "M1 padding has no lots");
}

/// The position that is closed is not left out of the order, and a position that is
/// kept is not told to be closed.
#[test]
fn rejects_a_wrong_order_or_padding() {
    let case = standard_close::<Fp>();
    rejects(&case, |a| a.figures.slots[3].padding = Fp::ZERO, "next number is told");
    rejects(&case, |a| a.figures.slots[4].padding = Fp::ONE, "M1 padding has no lots");
    rejects(&case, |a| a.figures.slots[3].cash += Fp::ONE, "M1 padding has no cash");
    // A closed position of another instrument is another portfolio before.
    rejects(&case, |a| a.figures.slots[3].instrument += Fp::ONE, "M1 opening");
    rejects(&case, |a| a.figures.slots[3].instrument = Fp::from(ODD) + Fp::ONE, "M4 order ascends");
}

/// An account that does not meet the level afterwards, honestly told.
#[test]
fn an_account_that_falls_short_is_refused() {
    let before = [position(0, PERP, 100, -50_000)];
    let after = [position(0, PERP, 600, -549_000)];
    let case = standard::<Fp>(&before, &after, Level::Initial);
    assert_eq!(case.check(), Err(Violation::FalseClaim));
    let failing = fails(&case, &case.circuit());
    assert!(failing.iter().any(|name| name.contains("M6 at least")), "{failing:?}");
    // The account before need not meet it.
    let case = standard::<Fp>(&after, &before, Level::Initial);
    assert_eq!(case.check(), Ok(()));
    assert_eq!(fails(&case, &case.circuit()), BTreeSet::new());
}

/// The dials of a claim, and what is reserved for open orders, count as in the
/// margin statement: native check and circuit agree around every bound.
#[test]
fn dials_and_what_is_reserved_count_afterwards() {
    let market = Market::<Fp>::new();
    let k = TransitionCircuit::<Fp, Standard>::k(Shape::Small);
    let mut outcomes = BTreeSet::new();
    for (text, reserved, least) in [
        ("at-least:initial", 0, 10_000),
        ("at-least:initial", 5_000, 15_000),
        ("at-least:maintenance", 5_000, 5_000),
        ("at-least:maintenance,multiplier:2", 0, 10_000),
        ("at-least:initial,leverage:4", 0, 25_000),
    ] {
        let before = [position(0, PERP, 90, -50_000)];
        let Case { instance, witness, .. } =
            market.case(&before, claim(text), 0).reserving(reserved);
        let aim = Aim::Meets(instance.claim.level());
        for equity in [least - 1, least] {
            let after = [position(0, PERP, 100, equity - 100_000)];
            let slot = |position: &Position| market.slot(position);
            let of = (instance, witness.clone());
            let case = TransitionCase::<Fp, Standard>::new(of, &after, aim, slot);
            let (native, failing) = (case.check().is_ok(), fails(&case, &case.circuit()));
            assert_eq!(native, failing.is_empty(), "{text} {reserved} {equity}: {failing:?}");
            assert_eq!(native, equity == least, "{text} {reserved} {equity}");
            outcomes.insert(native);
        }
        // What is reserved is the same afterwards, and cannot be told otherwise.
        let after = [position(0, PERP, 100, 1_000_000)];
        let slot = |position: &Position| market.slot(position);
        let case = TransitionCase::<Fp, Standard>::new((instance, witness), &after, aim, slot);
        let lie = case.lie(|a| a.reserved += Fp::ONE);
        let failing = failures(k, &lie, case.public_rows());
        assert!(failing.iter().any(|name| name.contains("M1 opening")), "{failing:?}");
    }
    assert_eq!(outcomes.len(), 2);
}

#[test]
fn what_cannot_be_proved_is_refused_in_words() {
    let mut case = standard_trade::<Fp>();
    case.shape = Shape::Small;
    let refused = |case: &StandardTransition<Fp>| {
        TransitionCircuit::<Fp, Standard>::checked(case.shape, &case.instance, &case.witness)
            .unwrap_err()
    };
    let expected = TooManyChanges { changes: 3, shape: Shape::Small, slots: 2 };
    assert_eq!(refused(&case), Unprovable::TooManyChanges(expected));
    // A loan repaid in full: the market has no row for a loan of nothing.
    let before = [position(0, PERP, 1, 1_000_000), position(0, LOAN, -1, 0)];
    let case = standard::<Fp>(&before, &before[..1], Level::Initial);
    assert_eq!(refused(&case), Unprovable::Violation(Violation::WrongDirection(1)));
    // The aims that only the native check knows.
    let mut case = standard_close::<Fp>();
    let aim = Aim::Healthier(Level::Maintenance);
    case.instance = TransitionInstance::new(
        *case.instance.account(),
        aim,
        case.instance.next(),
        case.instance.change(),
    )
    .unwrap();
    let native = case.check();
    assert!(native.is_err() || refused(&case) == Unprovable::Aim(aim));
}

/// What at most two positions of an account become, or one that is opened.
fn traded(before: &[Position], trades: &[(usize, i64, i128)]) -> Vec<Position> {
    let mut after = before.to_vec();
    for (index, lots, cash) in trades {
        let Some(position) = after.get(*index % before.len().max(1)) else { continue };
        let (bucket, instrument) = (position.bucket.get(), position.instrument.get());
        let lots = match instrument {
            SPOT => lots.abs(),
            LOAN => -lots.abs() - 1,
            _ => *lots,
        };
        let index = *index % before.len();
        after[index] = crate::common::position(bucket, instrument, lots, *cash);
    }
    after.retain(|position| {
        (position.quantity.get(), position.cash.get()) != (0, 0) || before.len() < 2
    });
    after
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(strategy::cases(12)))]

    #[test]
    fn on_generated_trades(
        before in strategy::any_portfolio(),
        trades in prop::collection::vec(
            (0_usize..8, prop_oneof![Just(0_i64), -3_000_i64..3_000], prop_oneof![Just(0_i128), -2_000_000_i128..2_000_000]),
            0..=2,
        ),
        level in prop_oneof![Just(Level::MarginCall), Just(Level::Initial)],
    ) {
        let after = traded(&before, &trades);
        let case = standard::<Fp>(&before, &after, level);
        let native = case.check();
        if native != Err(Violation::WrongTier(0)) {
            let failing = fails(&case, &case.circuit());
            prop_assert_eq!(native.is_ok(), failing.is_empty(), "{:?} {:?}", native, failing);
        }
    }
}
