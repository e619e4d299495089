//! The deleveraging circuit says what the native specification says of *healthier*
//! and *cures*; and lies, each with the constraint that catches it.

use std::collections::BTreeSet;

use crate::common::deleveraging::{
    Circuit, Deleveraging, Figures, bought, cured, cured_to_initial, deleverage, full, in_market,
    poor, reserving, starkex_cases, starkex_market,
};
use crate::common::mock::failures;
use crate::common::*;
use crate::strategy;
use ff::Field;
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::{FamilyCircuit, Unprovable};
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_circuits::statement::transition::deleveraging::Assignment;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::{CLAIM, MEMO};
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::{Aim, NAMES, TransitionInstance};

fn fails(case: &Deleveraging<Fp>, circuit: &Circuit<Fp>) -> BTreeSet<String> {
    failures(case.k(), circuit, case.public_rows())
}

/// Asserts that the circuit says what the native check says; returns the latter.
#[track_caller]
fn agree(case: &Deleveraging<Fp>) -> Result<(), Violation> {
    let (native, failing) = (case.check(), fails(case, &case.circuit()));
    assert_eq!(native.is_ok(), failing.is_empty(), "{native:?} {failing:?}");
    native
}

/// The same of a false one, which a region whose name holds `label` refuses.
#[track_caller]
fn refused(case: &Deleveraging<Fp>, violation: Violation, label: &str) {
    assert_eq!(case.check(), Err(violation));
    let failing = fails(case, &case.circuit());
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

/// Asserts that the circuit rejects a lie in a region whose name holds `label`.
#[track_caller]
fn rejects(
    case: &Deleveraging<Fp>,
    lie: impl FnOnce(&mut Assignment<Fp, Figures<Fp>>),
    label: &str,
) {
    let failing = fails(case, &case.lie(lie));
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

#[test]
fn true_deleveragings_are_satisfied() {
    let satisfied = |case: Deleveraging<Fp>| assert_eq!(agree(&case), Ok(()));
    satisfied(cured());
    satisfied(cured_to_initial());
    satisfied(full("cures:maintenance:maintenance"));
    satisfied(full("healthier:maintenance"));
    satisfied(full("healthier:initial"));
    // Nothing changes, of nothing too; cash is paid in, to a new position too.
    satisfied(deleverage(&poor(), &poor(), "healthier:maintenance"));
    satisfied(deleverage(&[], &[], "healthier:maintenance"));
    let mut paid = poor();
    paid[1] = position(3, ODD, 777, 5_001);
    satisfied(deleverage(&poor(), &paid, "healthier:maintenance"));
    paid.insert(1, position(2, PERP, 0, 7));
    satisfied(deleverage(&poor(), &paid, "healthier:maintenance"));
    // Closed for good, the last of a bucket.
    satisfied(deleverage(&poor(), &poor()[..1], "healthier:initial"));
    // Bankrupt before; at what prices lots become cash is not judged.
    let ruined = [position(0, PERP, 100, -100_001)];
    let saved = [position(0, PERP, 10, -9_500)];
    satisfied(deleverage(&ruined, &saved, "cures:margin-call:maintenance"));
}

/// Rows against those of the margin circuit of the same shape, in percent, and why the
/// aims have a circuit of their own.
#[test]
fn rows_are_so_many_times_the_margin_circuits() {
    let percent = |own: Cost, margin: Cost| {
        // The rows that blind the columns, and some to spare.
        assert!(own.rows + 10 <= 1 << own.k, "{own:?}");
        assert!(own.rows + 10 > 1 << (own.k - 1), "{own:?}");
        assert_eq!(own.advice_columns, margin.advice_columns);
        // Of the tall layout more: see `Copies`.
        assert!(own.permutation_columns >= margin.permutation_columns);
        own.rows * 100 / margin.rows
    };
    let wide = |shape| {
        percent(Cost::measure::<Circuit<Fp>>(shape), Cost::measure::<StandardCircuit<Fp>>(shape))
    };
    let tall = |shape| {
        percent(
            kzg::cost::<Circuit<Bn254Fr>>(shape).unwrap(),
            kzg::cost::<StandardCircuit<Bn254Fr>>(shape).unwrap(),
        )
    };
    assert_eq!(Shape::ALL.map(wide), [137, 129, 124]);
    // The largest takes seconds to lower.
    assert_eq!([Shape::Small, Shape::Medium].map(tall), [143, 125]);
}

#[test]
fn each_public_input_changed_alone_is_rejected() {
    let case = cured::<Fp>();
    // The memo is free: the transcript of a proof binds it.
    for (row, name) in NAMES.iter().enumerate().filter(|(row, _)| *row != MEMO) {
        let mut rows = case.public_rows();
        rows[row] += Fp::ONE;
        assert_ne!(failures(case.k(), &case.circuit(), rows), BTreeSet::new(), "{name}");
    }
}

/// Every code of `CLAIM`, honestly assigned where it is an aim's: an
/// account that was below maintenance, is cured to maintenance and not to initial, and
/// is healthier by both.
#[test]
fn no_other_aim_is_proved() {
    let case = cured::<Fp>();
    // All of level, kind and breach; beside the true ones, what is above or between.
    let codes = (0..1 << 7).filter(|code| code & 4 == 0);
    let others = [0b0101_0110, 0b0000_1110, 0b1101_0010, 0b1000_1010, 0b1101_0110];
    for code in codes.chain(others) {
        let code: u64 = code;
        let mut rows = case.public_rows();
        rows[CLAIM] = Fp::from(code);
        let bit = |at: u32| Fp::from(code >> at & 1);
        let (level, kind, breach) = (code & 3, code >> 3 & 3, code >> 5 & 3);
        let lie = case.lie(|a| {
            a.claim.is_maintenance = Fp::from(u64::from(level == 2));
            a.claim.is_initial = Fp::from(u64::from(level == 3));
            a.claim.is_below = bit(2);
            a.aim.is_cures = bit(4);
            a.aim.breach_is_maintenance = Fp::from(u64::from(kind == 2 && breach == 2));
            a.aim.breach_is_initial = Fp::from(u64::from(kind == 2 && breach == 3));
            if kind != 2 {
                // Nothing is taken back.
                a.loose.slots[2] = a.loose.slots[1].clone();
            }
        });
        let satisfied = failures(case.k(), &lie, rows).is_empty();
        let is_cured = kind == 2 && breach == 2 && level == 2;
        let is_healthier = kind == 1 && breach == 0 && level >= 2;
        let is_true = (is_cured || is_healthier) && code & 0b1000_0100 == 0;
        assert_eq!(satisfied, is_true, "{code:#010b}");
    }
}

#[test]
fn an_aim_and_its_claim_go_together() {
    let case = cured::<Fp>();
    let healthier: Deleveraging<Fp> = full("healthier:maintenance");
    rejects(&case, |a| a.aim.is_cures = Fp::from(2), "T4 cures is a bit");
    rejects(&case, |a| a.aim.is_cures = Fp::ZERO, "T4 healthier has no breach");
    rejects(&case, |a| a.aim.breach_is_initial = Fp::ONE, "T4 one breach");
    rejects(&case, |a| a.claim.is_below = Fp::ONE, "T4 at least");
    rejects(&healthier, |a| a.claim.above_one = Fp::ONE, "T4 healthier has no multiplier");
    rejects(&healthier, |a| a.claim.is_maintenance = Fp::ZERO, "T4 healthier of a requirement");
    rejects(&case, |a| a.claim.is_maintenance = Fp::ZERO, "T4 target is not the margin call");
    rejects(
        &case,
        |a| {
            a.aim.breach_is_maintenance = Fp::ZERO;
            a.aim.breach_is_initial = Fp::ONE;
        },
        "T4 target is initial",
    );
    // A bound on leverage has no bits here.
    let mut rows = case.public_rows();
    rows[CLAIM] += Fp::from(1 << 40);
    assert_ne!(failures(case.k(), &case.circuit(), rows), BTreeSet::new());
}

/// Entries that grow, flip, take cash out, or have no lots, honestly told.
#[test]
fn what_is_no_deleveraging_is_refused() {
    let rich = [position(0, PERP, -100, 1_000_000), position(3, ODD, 777, 500_000)];
    let with = |index: usize, lots: i64, cash: i128| {
        let mut after = rich.to_vec();
        let Position { bucket, instrument, .. } = rich[index];
        let lots = rich[index].quantity.get() + lots;
        after[index] =
            position(bucket.get(), instrument.get(), lots, rich[index].cash.get() + cash);
        deleverage::<Fp>(&rich, &after, "healthier:maintenance")
    };
    refused(&with(0, -1, 0), Violation::Grows(0), "T4 shrinks");
    refused(&with(1, 1, 0), Violation::Grows(0), "T4 shrinks");
    // Through zero to the other side, by however much it is less.
    refused(&with(0, 101, 0), Violation::Grows(0), "T4 does not flip");
    refused(&with(0, 200, 0), Violation::Grows(0), "T4 does not flip");
    refused(&with(1, -778, 0), Violation::Grows(0), "T4 does not flip");
    assert_eq!(agree(&with(0, 100, 0)), Ok(()));
    refused(&with(1, 0, -1), Violation::Grows(0), "T4 entry 0 by itself pays in");
    // A new position, of lots.
    let mut after = rich.to_vec();
    after.insert(1, position(2, PERP, 1, 1_000_000));
    let opened = deleverage::<Fp>(&rich, &after, "healthier:maintenance");
    refused(&opened, Violation::Grows(0), "T4 shrinks");
    // *Cures* takes cash of the bucket that lots are closed in, and some lots.
    let mut saved = bought(100);
    saved[1] = position(3, ODD, 777, 5_001);
    let cures = "cures:maintenance:maintenance";
    refused(&deleverage(&poor(), &saved, cures), Violation::Grows(1), "T4 cures by lots, entry 1");
    saved = vec![position(0, PERP, -1_500, 1_600_000), poor()[1].clone()];
    refused(&deleverage(&poor(), &saved, cures), Violation::Grows(0), "T4 cures by lots, entry 0");
}

/// A cure by nothing: the breach is not the target's then, nor can the last lot of no
/// entry be taken back.
#[test]
fn a_cure_takes_an_entry() {
    // Below initial, at maintenance: nothing is to be done, and nothing is proved.
    let before = [position(0, PERP, 100, -94_000)];
    let case = deleverage::<Fp>(&before, &before, "cures:maintenance:initial");
    assert!(case.check().is_err());
    assert_ne!(fails(&case, &case.circuit()), BTreeSet::new());
    let case = deleverage::<Fp>(&poor(), &poor(), "cures:maintenance:maintenance");
    let failing = fails(&case, &case.circuit());
    assert!(failing.iter().any(|name| name.contains("T4 cures by some lots")), "{failing:?}");
}

/// One unit and one lot to either side of every bound.
#[test]
fn bounds_turn_where_the_native_check_turns() {
    let to = |lots: i64, aim: &str| agree(&deleverage(&poor(), &bought(lots), aim));
    let cures = "cures:maintenance:maintenance";
    assert_eq!(to(99, cures), Err(Violation::FalseClaim));
    assert_eq!(to(100, cures), Ok(()));
    assert_eq!(to(101, cures), Err(Violation::ClosesTooMuch));
    // Into another tier.
    for (lots, expected) in
        [(599, Err(Violation::FalseClaim)), (600, Ok(())), (601, Err(Violation::ClosesTooMuch))]
    {
        assert_eq!(to(lots, "cures:maintenance:initial"), expected, "{lots}");
    }
    // 1.25 times what maintenance asks for: 72,000 of 90,000, at 1,220 lots.
    let times = "cures:maintenance:maintenance,multiplier:1.25";
    assert_eq!(to(279, times), Err(Violation::FalseClaim));
    assert_eq!(to(280, times), Ok(()));
    assert_eq!(to(281, times), Err(Violation::ClosesTooMuch));
    assert_eq!(to(100, times), Err(Violation::FalseClaim));
    // Not in breach by one unit.
    let before = |cash: i128| [position(0, PERP, -1_500, 1_600_000 + cash)];
    let after = |cash: i128| [position(0, PERP, -1_499, 1_599_000 + cash)];
    assert_eq!(agree(&deleverage(&before(-1), &after(-1), cures)), Ok(()));
    assert_eq!(agree(&deleverage(&before(0), &after(0), cures)), Err(Violation::NotInBreach));
    // A ratio that is what it was, and less by a unit of equity: 90,000 of 100,000,
    // 81,000 of 90,000.
    let healthier = |cash: i128| {
        let after = [position(0, PERP, -1_400, 1_481_000 + cash), position(3, ODD, 777, 5_000)];
        agree(&deleverage(&poor(), &after, "healthier:maintenance"))
    };
    assert_eq!(healthier(0), Ok(()));
    assert_eq!(healthier(-1), Err(Violation::LessHealthy));
    // Of a negative equity: -1,000 of 5,000 before, -990 of 4,950.
    let healthier = |cash: i128| {
        let (before, after) =
            (position(0, PERP, 100, -101_000), position(0, PERP, 99, -99_990 + cash));
        agree(&deleverage(&[before], &[after], "healthier:maintenance"))
    };
    assert_eq!(healthier(0), Ok(()));
    assert_eq!(healthier(-1), Err(Violation::LessHealthy));
}

/// Requirements that lots leave as they are: a market that charges nothing, or not
/// for the position.
#[test]
fn lots_that_take_no_requirement_down_are_refused() {
    let mut rows = rows();
    rows[5].maintenance = charge_of(0, 0);
    let market = Market::<Fp>::from_rows(rows, DENOMINATOR);
    let closed = |perp: i64, odd: i64| {
        let before = [position(0, PERP, 10, 0), position(0, ODD, 10, 0)];
        let after = [position(0, PERP, 10 - perp, 0), position(0, ODD, 10 - odd, 2_000_000)];
        in_market(&market, (&before, &after), "healthier:maintenance", 0)
    };
    refused(&closed(0, 1), Violation::LessHealthy, "T4 lots take requirements down");
    assert_eq!(agree(&closed(0, 0)), Ok(()));
    assert_eq!(agree(&closed(1, 1)), Ok(()));
}

#[test]
fn what_is_reserved_counts_before_and_afterwards() {
    // What is reserved is required before and afterwards, of the cross bucket alone,
    // be it without positions.
    let isolated = [position(3, PERP, 100, -95_001)];
    let after = [position(3, PERP, 99, -94_001)];
    let cures = |reserved| {
        let case = reserving::<Fp>(&isolated, &after, "cures:maintenance:maintenance", reserved);
        agree(&case)
    };
    assert_eq!([cures(0), cures(7)], [Ok(()), Ok(())]);
    let before = [position(3, PERP, 100, -91_000)];
    let after = [position(3, PERP, 90, -81_000)];
    let cures =
        |reserved| agree(&reserving::<Fp>(&before, &after, "cures:initial:initial", reserved));
    assert_eq!([cures(0), cures(7)], [Ok(()), Err(Violation::FalseClaim)]);
    // In the cross bucket it counts for initial margin, before and afterwards.
    let before = [position(0, PERP, 100, -91_000)];
    for (lots, reserved, expected) in [
        (90, 0, Ok(())),
        (90, 1, Err(Violation::FalseClaim)),
        (89, 0, Err(Violation::ClosesTooMuch)),
        (89, 1, Ok(())),
        (89, 100, Ok(())),
        (89, 101, Err(Violation::FalseClaim)),
    ] {
        let after = [position(0, PERP, lots, -91_000 + 1_000 * i128::from(100 - lots))];
        let case = reserving::<Fp>(&before, &after, "cures:initial:initial", reserved);
        assert_eq!(agree(&case), expected, "{lots} {reserved}");
    }
}

/// Cash that leaves one bucket for another: each is held to its own ratio.
#[test]
fn buckets_do_not_help_each_other() {
    let before = [position(0, PERP, 100, -96_000), position(3, PERP, 100, -96_000)];
    let moved = |cash: i128| {
        [position(0, PERP, 99, -95_000 - cash), position(3, PERP, 100, -96_000 + cash)]
    };
    let healthier = |cash| deleverage::<Fp>(&before, &moved(cash), "healthier:maintenance");
    assert_eq!(agree(&healthier(0)), Ok(()));
    // 4,000 of 5,000 are 3,960 of 4,950.
    assert_eq!(agree(&healthier(40)), Ok(()));
    refused(&healthier(41), Violation::LessHealthy, "T4 bucket reaches the aim");
    // *Cures* moves none.
    let cures = deleverage::<Fp>(&before, &moved(1), "cures:maintenance:maintenance");
    refused(&cures, Violation::Grows(1), "T4 cures by lots, entry 1");
    let cures = deleverage::<Fp>(&before, &moved(0), "cures:maintenance:maintenance");
    refused(&cures, Violation::FalseClaim, "T4 bucket reaches the aim");
    // One bucket is cured, the other is not.
    let after = [position(0, PERP, 80, -76_000), position(3, PERP, 100, -96_000)];
    let cures = deleverage::<Fp>(&before, &after, "cures:maintenance:maintenance");
    refused(&cures, Violation::FalseClaim, "T4 bucket reaches the aim");
    // Both are; it is the last lot of the last entry that counts.
    let after = [position(0, PERP, 79, -75_000), position(3, PERP, 80, -76_000)];
    let cures = deleverage::<Fp>(&before, &after, "cures:maintenance:maintenance");
    assert_eq!(agree(&cures), Ok(()));
    let after = [position(0, PERP, 80, -76_000), position(3, PERP, 79, -75_000)];
    let cures = deleverage::<Fp>(&before, &after, "cures:maintenance:maintenance");
    refused(&cures, Violation::ClosesTooMuch, "T4 some bucket falls short");
}

/// Cash that is kept with another position of the bucket, before the one that is closed
/// or behind it.
#[test]
fn cash_settles_in_its_bucket() {
    let before = |cash: i128| {
        vec![position(0, PERP, 5, cash), position(0, ODD, 1_000, 0), position(3, PERP, 5, 0)]
    };
    // 123,457 of the odd one, and 5,000: 250 and 9,146 of maintenance.
    let equity = |holdings: &[Position]| Market::<Fp>::new().margin(holdings).buckets[0];
    let poor = before(9_000 - 128_457);
    assert_eq!((equity(&poor).equity, equity(&poor).maintenance), (9_000, 9_396));
    let sold = |lots: i64, cash: i128| {
        let after = [
            position(0, PERP, 5, 9_000 - 128_457 + cash),
            position(0, ODD, 1_000 - lots, 0),
            position(3, PERP, 5, 0),
        ];
        deleverage::<Fp>(&poor, &after, "cures:maintenance:maintenance")
    };
    let least = (1..1_000).find(|lots| sold(*lots, 123 * i128::from(*lots)).check().is_ok());
    let least = least.unwrap();
    let cured = sold(least, 123 * i128::from(least));
    assert_eq!(agree(&cured), Ok(()));
    let much = sold(least + 1, 123 * i128::from(least + 1));
    assert_eq!(agree(&much), Err(Violation::ClosesTooMuch));
    rejects(&cured, |a| a.entries[0].goes_on = Fp::ZERO, "T4 cures by lots, entry 0");
    rejects(&cured, |a| a.entries[0].goes_on = Fp::from(2), "goes on is a bit");
    // The other way round: what is closed comes first.
    let after = [position(0, PERP, 1, -119_457), position(0, ODD, 1_000, 4_000), poor[2].clone()];
    assert_eq!(agree(&deleverage(&poor, &after, "healthier:maintenance")), Ok(()));
    // So a cure takes it too.
    let short = [position(0, PERP, -1_500, 1_590_000), position(0, ODD, 1, -123)];
    let bought = |lots: i64| {
        let paid = 1_000 * i128::from(lots);
        let after = [position(0, PERP, lots - 1_500, 1_590_000), position(0, ODD, 1, -123 - paid)];
        deleverage::<Fp>(&short, &after, "cures:maintenance:maintenance")
    };
    let least = (1..1_500).map(bought).find(|case| case.check().is_ok());
    assert_eq!(agree(&least.unwrap()), Ok(()));
    // Cash of another bucket.
    let after = [position(0, PERP, 5, -119_457), poor[1].clone(), position(3, PERP, 4, 1_000)];
    assert_eq!(agree(&deleverage(&poor, &after, "healthier:maintenance")), Ok(()));
    let after = [position(0, PERP, 5, -119_458), poor[1].clone(), position(3, PERP, 4, 1_001)];
    let taken = deleverage::<Fp>(&poor, &after, "healthier:maintenance");
    refused(&taken, Violation::Grows(0), "T4 entry 0 by itself pays in");
    rejects(&taken, |a| a.entries[0].goes_on = Fp::ONE, "T4 same bucket after entry 0");
    let paid = deleverage::<Fp>(
        &poor,
        &[position(0, PERP, 5, 0), poor[1].clone(), poor[2].clone()],
        "healthier:maintenance",
    );
    rejects(&paid, |a| a.entries[0].goes_on = Fp::ONE, "T4 bucket goes on to entry 0");
}

#[test]
fn rejects_lies_about_the_entries() {
    let case = cured::<Fp>();
    rejects(&case, |a| a.entries[0].present = Fp::ZERO, "T4 no entry has no contents");
    rejects(&case, |a| a.entries[1].present = Fp::ONE, "entry 1: T4 entry word where present");
    rejects(&case, |a| a.entries[0].present = Fp::from(2), "T4 entry is a bit");
    rejects(&case, |a| a.entries[0].lots += Fp::ONE, "entry 0: T4 entry word where present");
    rejects(&case, |a| a.entries[0].cash += Fp::ONE, "entry 0: T4 entry word where present");
    rejects(&case, |a| a.entries[1].lots += Fp::ONE, "T4 no entry has no contents");
    rejects(&case, |a| a.entries[1].cash += Fp::ONE, "T4 no entry has no contents");
    rejects(&case, |a| a.entries[0].has_lots = Fp::ZERO, "T4 no lots are none");
    rejects(&case, |a| a.entries[1].has_lots = Fp::ONE, "T4 shrinks");
    rejects(&case, |a| a.entries[0].has_lots = Fp::from(2), "T4 entry has lots is a bit");
    // Another position before: other lots, cash, side, or none at all.
    rejects(&case, |a| a.loose.slots[0].quantity_tail += Fp::ONE, "entry 0: used word");
    rejects(&case, |a| a.loose.slots[0].cash += Fp::ONE, "entry 0: used word");
    rejects(&case, |a| a.loose.slots[0].bucket += Fp::ONE, "entry 0: used word");
    rejects(&case, |a| a.loose.slots[0].padding = Fp::ONE, "M1 padding has no lots");
    rejects(&case, |a| a.loose.slots[1].padding = Fp::ZERO, "entry 1: used word");
    // A row of the tier that it is in afterwards.
    let market = Market::<Fp>::new();
    let other = market.slot(&position(0, PERP, -900, 0));
    let case = cured_to_initial::<Fp>();
    let mut false_tier = case.clone();
    false_tier.0.witness.before.slots[0].row = other.row;
    false_tier.0.witness.before.slots[0].path = other.path;
    let failing = fails(&case, &false_tier.circuit());
    assert!(failing.iter().any(|name| name.contains("M5 below upper")), "{failing:?}");
    // A row of another market.
    let mut rows = rows();
    rows[1].maintenance.rate = rows[0].maintenance.rate;
    let other = Market::<Fp>::from_rows(rows, DENOMINATOR).slot(&poor()[0]);
    let mut false_row = case.clone();
    false_row.0.witness.before.slots[0].row = other.row;
    false_row.0.witness.before.slots[0].path = other.path;
    let failing = fails(&case, &false_row.circuit());
    assert!(failing.iter().any(|name| name.contains("M3 row")), "{failing:?}");
}

#[test]
fn rejects_lies_about_the_lot_taken_back() {
    let case = cured::<Fp>();
    let back = |lots: i64| position(0, PERP, lots, 0);
    // Two lots, none, another position, nothing.
    for false_back in
        [back(-1_402), back(-1_400), position(3, ODD, 778, 0), position(1, PERP, -1_401, 0)]
    {
        let case = case.clone().taking_back(&false_back);
        refused(&case, Violation::TakenBack, "taken back: used word");
    }
    rejects(&case, |a| a.loose.slots[2].padding = Fp::ONE, "M1 padding has no lots");
    rejects(&case, |a| a.loose.slots[2].cash += Fp::ONE, "taken back: used word");
    // That it falls short where it does not, or in a bucket that is another's.
    let much = deleverage::<Fp>(&poor(), &bought(101), "cures:maintenance:maintenance");
    for end in [1, 8] {
        rejects(&much, |a| a.ends[end].falls_short = Some(Fp::ONE), "T4 some bucket falls short");
        rejects(&much, |a| a.ends[end].falls_short = Some(-Fp::ONE), "T4 falls short is a bit");
    }
    rejects(&case, |a| a.ends[1].falls_short = Some(Fp::ZERO), "T4 some bucket falls short");
    rejects(&case, |a| a.ends[1].in_breach = Some(Fp::ZERO), "T4 some bucket was in breach");
    // Flagged where no bucket ends, or where nothing is cured.
    rejects(&case, |a| a.ends[3].in_breach = Some(Fp::ONE), "T4 in breach where a bucket ends");
    rejects(&case, |a| a.ends[3].falls_short = Some(Fp::ONE), "T4 falls short where a bucket ends");
    let healthier: Deleveraging<Fp> = full("healthier:maintenance");
    rejects(
        &healthier,
        |a| a.ends[2].in_breach = Some(Fp::ONE),
        "T4 in breach where a bucket ends",
    );
}

/// A position that goes, or comes, with no entry: what it was charged for nothing is
/// not told.
#[test]
fn what_is_opened_or_left_out_has_an_entry() {
    let empty = position(2, PERP, 0, 0);
    let mut before = poor();
    before.insert(1, empty.clone());
    let left_out = deleverage::<Fp>(&before, &poor(), "healthier:maintenance");
    refused(&left_out, Violation::Unsaid(1), "T4 unchanged is held and kept");
    let mut after = poor();
    after.insert(1, empty);
    let opened = deleverage::<Fp>(&poor(), &after, "healthier:maintenance");
    refused(&opened, Violation::Unsaid(1), "T4 unchanged is held and kept");
}

/// StarkEx's transitions and the way back, by its rule and ours: a position that grows
/// or flips is no deleveraging, whatever the ratio, and nothing changed is no worse.
#[test]
fn starkex_cases_are_healthier_where_positions_shrink() {
    let grows = Err(Violation::Grows(0));
    // What is proved of each, and of the way back.
    let proved = [
        [grows, Ok(())],
        [grows; 2],
        // 133,000 of 73,700 is more than 115,000 of 64,700.
        [grows, Err(Violation::LessHealthy)],
        [Ok(()); 2],
        [Ok(()); 2],
    ];
    let market = starkex_market::<Fp>();
    for ((name, before, after), expected) in starkex_cases().into_iter().zip(proved) {
        for ((before, after), expected) in
            [(&before, &after), (&after, &before)].into_iter().zip(expected)
        {
            let case = in_market(&market, (before, after), "healthier:maintenance", 0);
            assert_eq!(agree(&case), expected, "{name}");
        }
    }
}

/// A change of nothing under the blinding that the account has: `NEXT` is the
/// commitment in the state root, so who knows a commitment can tell that the account
/// still has it, and that it meets a level.
#[test]
fn a_change_of_nothing_shows_the_commitment_of_the_account() {
    let mut case =
        crate::common::transition::standard::<Fp>(&healthy(), &healthy(), Level::Initial);
    case.witness.blinding = case.witness.before.blinding.clone();
    let (next, change) = (case.witness.next(), case.witness.change.digest());
    let (account, aim) = (*case.instance.account(), case.instance.aim());
    case.instance = TransitionInstance::new(account, aim, next, change).unwrap();
    assert_eq!(next, case.witness.before.commitment);
    let k = TransitionCircuit::<Fp, Figures<Fp>>::k(case.shape);
    assert_eq!(failures(k, &case.circuit(), case.public_rows()), BTreeSet::new());
    // No other account has that commitment and the digest of no entries.
    let mut before = healthy();
    before[1] = position(0, SPOT, 901, 0);
    let mut other = crate::common::transition::standard::<Fp>(&before, &healthy(), Level::Initial);
    other.instance = TransitionInstance::new(*other.instance.account(), aim, next, change).unwrap();
    assert_ne!(failures(k, &other.circuit(), other.public_rows()), BTreeSet::new());
}

#[test]
fn what_cannot_be_proved_is_refused_in_words() {
    let case = cured::<Fp>();
    let aim = case.instance().aim();
    let of = (case.instance(), case.witness());
    let refused = TransitionCircuit::<Fp, Figures<Fp>>::checked(Shape::Small, of.0, of.1);
    assert_eq!(refused.unwrap_err(), Unprovable::Aim(aim));
    let meets = crate::common::transition::standard_close::<Fp>();
    let refused = Circuit::<Fp>::checked(Shape::Small, &meets.instance, &meets.witness);
    assert_eq!(refused.unwrap_err(), Unprovable::Aim(Aim::Meets(Level::Initial)));
    assert!(Circuit::<Fp>::checked(Shape::Small, of.0, of.1).is_ok());
    // A family that is no sum has the circuit of *meets* alone.
    let mut case = crate::common::transition::scenario_trade::<Fp>();
    case.instance = TransitionInstance::new(
        *case.instance.account(),
        Aim::Healthier(Level::Maintenance),
        case.instance.next(),
        case.instance.change(),
    )
    .unwrap();
    let refused = TransitionCircuit::<Fp, ScenarioFigures<Fp>>::checked(
        case.shape,
        &case.instance,
        &case.witness,
    );
    assert!(refused.is_err());
}

/// Lots closed of at most two positions, by halves and to the last, at the mark and
/// beside it.
fn closed(before: &[Position], trades: &[(usize, u8, i128)]) -> Vec<Position> {
    let mut after = before.to_vec();
    for (index, part, cash) in trades {
        if after.is_empty() {
            continue;
        }
        let index = index % after.len();
        let Position { bucket, instrument, quantity, cash: held } = before[index].clone();
        let lots = quantity.get();
        let lots = match part {
            0 => lots,
            1 => lots / 2,
            2 => lots - lots.signum(),
            3 => 0,
            _ => -lots,
        };
        let lots = if instrument.get() == LOAN && lots >= 0 { -1 } else { lots };
        let lots = if instrument.get() == SPOT { lots.abs() } else { lots };
        let price = match instrument.get() {
            PERP => 1_000,
            SPOT => 777,
            LOAN => 99,
            _ => 123,
        };
        let gain = i128::from(quantity.get() - lots) * price + cash;
        after[index] = position(bucket.get(), instrument.get(), lots, held.get() + gain);
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(strategy::cases(24)))]

    #[test]
    fn on_generated_deleveragings(
        before in strategy::any_portfolio(),
        trades in prop::collection::vec((0_usize..8, 0_u8..5, prop_oneof![Just(0_i128), -3_000_i128..3_000]), 0..=2),
        aim in prop::sample::select(vec![
            "healthier:maintenance", "healthier:initial", "cures:margin-call:margin-call",
            "cures:maintenance:maintenance", "cures:maintenance:initial", "cures:initial:initial,multiplier:1.5",
        ]),
    ) {
        let after = closed(&before, &trades);
        let case = deleverage::<Fp>(&before, &after, aim);
        let (native, failing) = (case.check(), fails(&case, &case.circuit()));
        prop_assert_eq!(native.is_ok(), failing.is_empty(), "{:?} {:?}", native, failing);
    }
}
