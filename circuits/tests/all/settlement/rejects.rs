//! Lies, each with the constraint that catches it.

use ff::{Field, PrimeField as _};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{AccountId, Epoch, InstrumentId};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::market::MarketHeader;
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::settlement::{Charges, OptionType, RowKind, SettlementRow};
use zkmargin_margin::units::Denominator;

use super::*;
use crate::common::position;

type Lie = fn(&mut Choices<Fp>);

fn control() -> SettlementCase {
    SettlementMarket::new().case(&healthy(), at_least(Level::Initial), 0)
}

fn poor_control() -> SettlementCase {
    SettlementMarket::new().case(&poor(), below(Level::Initial), 0)
}

/// Asserts that the circuit rejects a lie in a region whose name holds `label`.
#[track_caller]
fn rejects_lie(case: &SettlementCase, lie: impl FnOnce(&mut Choices<Fp>), label: &str) {
    let failing = failures(k::<Fp>(), &case.lie(lie), case.public_rows());
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

/// Asserts that the lie is caught there and nowhere else: what follows from a lie is
/// worked out from it.
#[track_caller]
fn rejects_only(case: &SettlementCase, lie: impl FnOnce(&mut Choices<Fp>), label: &str) {
    let failing = failures(k::<Fp>(), &case.lie(lie), case.public_rows());
    let labelled = failing.iter().filter(|name| name.contains(label)).count();
    assert!(labelled > 0 && failing.len() <= 2 * labelled, "{label}: {failing:?}");
}

/// Asserts that the native check names the violation, and the circuit the label.
#[track_caller]
fn both_reject(case: &SettlementCase, violation: Violation, label: &str) {
    assert_eq!(case.check(), Err(violation));
    rejects_lie(case, |_| {}, label);
}

#[test]
fn rejects_m1_m2_another_account() {
    let mut case = control();
    case.witness.blinding = Blinding::new([1; 31]);
    both_reject(&case, Violation::Opening, "M1 opening");
    let mut case = control();
    case.witness.slots[1].position = position(0, CASH, 7, 0);
    both_reject(&case, Violation::Opening, "M1 opening");
    let mut case = control();
    case.instance.account = AccountId::new([9; 20]);
    both_reject(&case, Violation::AccountNotInState, "M2");
    rejects_lie(&control(), |a| a.slots[0].padding = Fp::ONE, "M1 padding has no lots");
    rejects_lie(&control(), |a| a.slots[0].padding = Fp::ONE, "M1 padding has no cash");
}

#[test]
fn rejects_m3_another_market() {
    let mut case = control();
    case.instance.epoch = Epoch::new(8);
    both_reject(&case, Violation::Header, "M3 market root");
    for header in [
        MarketHeader { denominator: Denominator::new(2).unwrap(), ..control().witness.header },
        MarketHeader { terms: Fp::ZERO, ..control().witness.header },
    ] {
        let mut case = control();
        case.witness.header = header;
        case.instance.market_root = header.root();
        assert!(matches!(case.check(), Err(Violation::Header | Violation::Terms)));
        assert_ne!(failing(&case), BTreeSet::new());
    }
}

#[test]
fn rejects_m3_another_row() {
    let mut case = control();
    case.witness.slots[2].row = option(PUT, 4);
    both_reject(&case, Violation::RowNotInMarket(2), "M3 row: hash");
    let mut case = control();
    case.witness.slots[2].row = SettlementMarket::new().rows[3];
    assert_eq!(case.check(), Err(Violation::WrongInstrument(2)));
    // Every field of a row, all else worked out.
    let lies: [Lie; 8] = [
        |a| a.slots[3].mark += Fp::ONE,
        |a| a.slots[3].strike -= Fp::ONE,
        |a| a.slots[3].extra = Fp::ZERO,
        |a| a.slots[3].maintenance -= Fp::ONE,
        |a| a.slots[3].initial -= Fp::ONE,
        |a| a.slots[5].unpaired_maintenance = Fp::ZERO,
        |a| a.slots[5].unpaired_initial = Fp::ZERO,
        |a| a.slots[3].is_call = Fp::ZERO,
    ];
    for lie in lies {
        rejects_lie(&control(), lie, "M3 row: hash");
    }
    rejects_lie(&control(), |a| a.slots[0].is_call = Fp::ONE, "M3 calls are options");
    rejects_lie(&control(), |a| a.slots[0].mark = -Fp::ONE, "M4 mark");
    rejects_lie(&control(), |a| a.slots[3].strike = -Fp::ONE, "M4 strike");
    rejects_lie(&control(), |a| a.slots[3].is_long_only = Fp::ONE, "M5 direction");
}

/// A market whose strikes do not ascend as the identifiers say.
#[test]
fn rejects_m3_strikes_out_of_order() {
    let mut rows = rows();
    let kind = RowKind::Option { option_type: OptionType::Call, strike: 80 };
    let of = (InstrumentId::new(CALL2), kind);
    let charges = Charges { maintenance: 9, initial: 11 };
    rows[5] = SettlementRow::new(of, 1, charges, (Charges::default(), 2)).unwrap();
    let case = SettlementMarket::of(rows).case(&healthy(), at_least(Level::Initial), 0);
    both_reject(&case, Violation::Strike(4), "M3 strike ascends");
}

#[test]
fn rejects_m4_order_and_ranges() {
    let mut case = control();
    case.witness.slots.swap(0, 1);
    assert_eq!(case.check(), Err(Violation::Opening));
    rejects_lie(&case, |_| {}, "M4 instrument ascends");
    let twice = [position(0, PERP, 1, 100_000), position(0, PERP, 1, 100_000)];
    let market = SettlementMarket::new();
    let case = market.case(&twice, at_least(Level::Initial), 0);
    both_reject(&case, Violation::Order(1), "M4 instrument ascends");
    rejects_lie(&control(), |a| a.slots.swap(5, 6), "M4 padding is last");
    let large = [position(0, PERP, 1 << 32, 1 << 70)];
    let case = market.case(&large, at_least(Level::Initial), 0);
    both_reject(&case, Violation::Quantity(0), "M4 size less sign");
    let bucket = [position(1, PERP, 1, 100_000)];
    let case = market.case(&bucket, at_least(Level::Initial), 0);
    both_reject(&case, Violation::Bucket(0), "M1 opening");
    let short = [position(0, CASH, -1, 100_000_000)];
    let case = market.case(&short, at_least(Level::Initial), 0);
    both_reject(&case, Violation::WrongDirection(0), "M5 direction");
}

/// An option told to be none, or another's expiry: the number would be another.
#[test]
fn rejects_m4_another_reading_of_an_instrument() {
    let top = Fp::from(1 << 39);
    let none: Lie = |a| a.slots[3].is_option = Fp::ZERO;
    rejects_lie(&control(), none, "M1 opening");
    let moved = move |a: &mut Choices<Fp>| {
        a.slots[3].is_option = Fp::ZERO;
        a.slots[3].expiry += top;
    };
    rejects_lie(&control(), moved, "M4 expiry without the option's bit");
    let carried: Lie = |a| {
        a.slots[3].expiry -= Fp::ONE;
        a.slots[3].rank += Fp::from(1 << 24);
    };
    rejects_lie(&control(), carried, "M4 rank");
}

/// Where an expiry ends: earlier, later, behind the positions.
#[test]
fn rejects_m4_another_end_of_an_expiry() {
    // The options of the near expiry are slots 2, 3 and 4.
    let split: Lie = |a| a.slots[4].same_expiry = Fp::ZERO;
    rejects_lie(&control(), split, "M4 expiry ascends");
    let split: Lie = |a| a.slots[3].same_expiry = Fp::ZERO;
    rejects_lie(&control(), split, "M4 expiry ascends");
    let joined: Lie = |a| a.slots[5].same_expiry = Fp::ONE;
    rejects_lie(&control(), joined, "M4 same expiry has no step");
    let joined: Lie = |a| a.slots[1].same_expiry = Fp::ONE;
    rejects_lie(&control(), joined, "M4 same expiry is of options");
    // Padding is a row of the far expiry.
    let joined: Lie = |a| a.slots[6].same_expiry = Fp::ONE;
    rejects_only(&control(), joined, "M4 same expiry is listed");
    let half: Lie = |a| a.slots[4].same_expiry = Fp::from(2).invert().unwrap();
    rejects_lie(&control(), half, "M4 same expiry is a bit");
}

/// Signs: what is lost told as nothing, and nothing as what is lost.
#[test]
fn rejects_m5_another_sign() {
    let lies: [(Lie, &str); 9] = [
        (|a| a.slots[3].is_held = Some(Fp::ZERO), "slot 3: size where held"),
        (|a| a.slots[3].is_held = Some(Fp::from(2)), "slot 3: size where held"),
        // Collateral is no option.
        (|a| a.slots[1].is_held = Some(Fp::ONE), "M5 what is held has lots"),
        // The short put loses at zero.
        (|a| a.slots[2].loses_at_zero = Some(Fp::ZERO), "M5 absolute loss at zero"),
        // The call spread loses most at its higher strike.
        (|a| a.slots[4].is_worse = Some(Fp::ZERO), "M5 absolute further loss"),
        (|a| a.slots[5].is_naked = Some(Fp::ZERO), "M5 absolute naked calls"),
        // Naked calls are charged one by one.
        (|a| a.slots[5].is_bounded = Some(Fp::ONE), "M5 absolute excess"),
        (|a| a.slots[3].is_naked = Some(Fp::from(2)), "M5 naked calls is positive is a bit"),
        (|a| a.slots[4].is_bounded = Some(-Fp::ONE), "M5 excess is positive is a bit"),
    ];
    let case = SettlementMarket::new().case(&covered(), at_least(Level::Initial), 0);
    assert_eq!((case.check(), failing(&case)), (Ok(()), BTreeSet::new()));
    for (lie, label) in lies {
        rejects_lie(&case, lie, label);
    }
}

/// Every sign counts: a put and a call spread that lose at both ends, and a naked call.
fn covered() -> Vec<zkmargin_margin::portfolio::Position> {
    let lots = [(PERP, -4), (CASH, 6), (CALL, -40), (CALL2, 40), (PUT, -5), (FAR_CALL, -3)];
    book(3_000, &lots)
}

#[test]
fn rejects_m6_m7_false_claims() {
    let market = SettlementMarket::new();
    let case = market.case(&poor(), at_least(Level::MarginCall), 0);
    both_reject(&case, Violation::FalseClaim, "M6 at least: balance");
    let case = market.case(&healthy(), below(Level::Initial), 0);
    both_reject(&case, Violation::FalseClaim, "M6 below: some shortfall");
    let case = market.case(&poor(), below(Level::Initial), 1);
    both_reject(&case, Violation::FalseDisclosure, "M7 disclosed");
    // One unit of shortfall more or less than there is.
    let shortfall = market.margin(&poor()).shortfall(Level::Initial);
    for (more, told) in [(Fp::ONE, shortfall + 1), (-Fp::ONE, shortfall - 1)] {
        let mut case = poor_control();
        case.instance.disclosed = Shortfall::new(told).unwrap();
        let lie = move |a: &mut Choices<Fp>| {
            a.figures.shortfall = Some(Fp::from_u128(shortfall) + more);
            a.figures.slack = Some(more * Fp::from(10_000));
        };
        rejects_only(&case, lie, "M6 slack");
    }
}

/// A multiplier scales what is required, exactly and both ways; a lie about it
/// opens another claim. There is no notional to bound.
#[test]
fn rejects_m6_another_multiplier() {
    let market = SettlementMarket::new();
    let text = |text: &str| text.parse().unwrap();
    let claim: Claim = text("below:initial,multiplier:1678.7215");
    let shortfall = market.margin(&healthy()).shortfall_of(Level::Initial, claim.multiplier());
    let exact = market.case(&healthy(), claim, shortfall);
    assert_eq!((exact.check(), failing(&exact)), (Ok(()), BTreeSet::new()));
    let wrong = market.case(&healthy(), claim, shortfall + 1);
    both_reject(&wrong, Violation::FalseDisclosure, "M7 disclosed");
    let lie: Lie = |a| {
        a.claim.above_one = Fp::ZERO;
        a.claim.is_below = Fp::ZERO;
    };
    rejects_only(&market.case(&healthy(), claim, 0), lie, "M6 code");
    let leveraged = market.case(&healthy(), text("at-least:initial,leverage:1"), 0);
    both_reject(&leveraged, Violation::NoNotional, "M6 code");
}

/// What is reserved is in the commitment, and counts against initial margin alone.
#[test]
fn rejects_m4_another_reserve() {
    let market = SettlementMarket::new();
    let case = market.case(&healthy(), at_least(Level::Initial), 0).reserving(1 << 79);
    both_reject(&case, Violation::FalseClaim, "M6 at least: balance");
    rejects_only(&case, |a| a.reserved = Fp::ZERO, "M1 opening");
    let maintenance = market.case(&healthy(), at_least(Level::Maintenance), 0).reserving(1 << 79);
    assert_eq!((maintenance.check(), failing(&maintenance)), (Ok(()), BTreeSet::new()));
}
