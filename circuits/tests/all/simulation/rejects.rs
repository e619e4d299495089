//! Lies, each with the constraint that catches it.

use ff::Field;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::simulation::{LIMB_BITS, SimulationTerms, Weights};
use zkmargin_margin::units::Denominator;

use super::*;
use crate::common::position;

type Lie = fn(&mut Choices<Fp>);

fn control() -> SimulationCase {
    SimulationMarket::new().case(&healthy(), at_least(Level::Initial), 0)
}

fn poor_control() -> SimulationCase {
    SimulationMarket::new().case(&poor(), below(Level::Initial), 0)
}

/// Asserts that the circuit rejects a lie in a region whose name holds `label`.
#[track_caller]
fn rejects_lie(case: &SimulationCase, lie: impl FnOnce(&mut Choices<Fp>), label: &str) {
    let failing = failures(k::<Fp>(), &case.lie(lie), case.public_rows());
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

/// Asserts that the lie is caught there and nowhere else, all else being solved.
#[track_caller]
fn rejects_only(case: &SimulationCase, lie: impl FnOnce(&mut Choices<Fp>), label: &str) {
    let failing = failures(k::<Fp>(), &case.lie(lie), case.public_rows());
    let labelled = failing.iter().filter(|name| name.contains(label)).count();
    assert!(labelled > 0 && failing.len() <= 2 * labelled, "{label}: {failing:?}");
}

/// Asserts that the native check names the violation, and the circuit the label.
#[track_caller]
fn both_reject(case: &SimulationCase, violation: Violation, label: &str) {
    assert_eq!(case.check(), Err(violation));
    rejects_lie(case, |_| {}, label);
}

#[test]
fn rejects_m1_m2_another_account() {
    let mut case = control();
    case.witness.account.blinding = Blinding::new([1; 31]);
    both_reject(&case, Violation::Opening, "M1 opening");
    let mut case = control();
    case.witness.account.slots[1].position = position(0, OTHER, -14, 0);
    both_reject(&case, Violation::Opening, "M1 opening");
    let mut case = control();
    case.instance.account = AccountId::new([9; 20]);
    both_reject(&case, Violation::AccountNotInState, "M2");
    rejects_lie(&control(), |a| a.slots[0].padding = Fp::ONE, "M1 padding has no lots");
}

#[test]
fn rejects_m3_another_market() {
    let mut case = control();
    case.instance.epoch = Epoch::new(8);
    both_reject(&case, Violation::Header, "M3 market root");
    let mut case = control();
    case.instance.model = ModelDigest::of(b"another");
    both_reject(&case, Violation::Header, "M3 market root");
    let mut case = control();
    case.witness.account.header.denominator = Denominator::new(2).unwrap();
    case.instance.market_root = case.witness.account.header.root();
    both_reject(&case, Violation::Header, "M4 denominator");
    let mut case = control();
    let terms = case.witness.terms;
    let weights = Weights { shortfall: 0, ..terms.maintenance() };
    let set = ModelDigest::of(b"another set");
    case.witness.terms =
        SimulationTerms::new((N, terms.tail()), weights, terms.initial(), terms.set()).unwrap();
    both_reject(&case, Violation::Terms, "M3 market root");
    case.witness.terms =
        SimulationTerms::new((N, terms.tail()), terms.maintenance(), terms.initial(), set).unwrap();
    both_reject(&case, Violation::Terms, "M3 market root");
    // A shorter tail, all else solved.
    case.witness.terms =
        SimulationTerms::new((N, 2), terms.maintenance(), terms.initial(), terms.set()).unwrap();
    both_reject(&case, Violation::Terms, "M3 market root");
}

#[test]
fn rejects_m3_another_row() {
    let mut case = control();
    case.witness.account.slots[2].row = row(PUT, false, vec![0; 20]);
    both_reject(&case, Violation::RowNotInMarket(2), "M3 row: hash");
    let mut case = control();
    case.witness.account.slots[2].row = SimulationMarket::new().rows[3].clone();
    assert_eq!(case.check(), Err(Violation::WrongInstrument(2)));
    // One gain more, all else solved.
    let lie: Lie = |a| {
        a.slots[0].columns[1] += Fp::ONE;
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve((&claim, reserved));
    };
    rejects_only(&control(), lie, "M3 row: hash");
    let lie: Lie = |a| {
        a.slots[1].maintenance = Fp::ZERO;
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve((&claim, reserved));
    };
    rejects_only(&control(), lie, "M3 row: hash");
    rejects_lie(&control(), |a| a.slots[0].initial = -Fp::ONE, "M4 initial charge");
}

#[test]
fn rejects_m4_order_and_ranges() {
    let mut case = control();
    case.witness.account.slots.swap(0, 1);
    assert_eq!(case.check(), Err(Violation::Opening));
    rejects_lie(&case, |_| {}, "M4 instrument ascends");
    let twice = [position(0, COIN, 1, 100_000), position(0, COIN, 1, 100_000)];
    let case = SimulationMarket::new().case(&twice, at_least(Level::Initial), 0);
    both_reject(&case, Violation::Order(1), "M4 instrument ascends");
    let lie: Lie = |a| a.slots.swap(4, 5);
    rejects_lie(&control(), lie, "M4 padding is last");
    let large = [position(0, COIN, 1 << 24, 1 << 70)];
    let market = SimulationMarket::new();
    let case = market.case(&large, at_least(Level::Initial), 0);
    both_reject(&case, Violation::Lots(0), "M4 size less sign");
    let bucket = [position(1, COIN, 1, 100_000)];
    let case = market.case(&bucket, at_least(Level::Initial), 0);
    both_reject(&case, Violation::Bucket(0), "M1 opening");
    let short = [position(0, CASH, -1, 100_000_000)];
    let case = market.case(&short, at_least(Level::Initial), 0);
    both_reject(&case, Violation::WrongDirection(0), "M5 direction");
    // Sums in another form: what one limb has more, the next has less.
    let lie: Lie = |a| {
        a.totals.sums[0] += Fp::from(1 << LIMB_BITS);
        a.totals.sums[1] -= Fp::ONE;
        a.totals.in_tail[0] = Fp::ZERO;
    };
    rejects_lie(&control(), lie, "M4 sum 0");
    let gains = |gain: i64| vec![gain; 20];
    let market = SimulationMarket::of(vec![row(COIN, false, gains((1 << 32) - 1))], terms());
    let huge = [position(0, COIN, (1 << 23) + 2, 0)];
    let case = market.case(&huge, at_least(Level::Initial), 0);
    both_reject(&case, Violation::Sum, "M4 sum");
}

/// A sum that is not that of the slots.
#[test]
fn rejects_m5_another_sum() {
    let lie: Lie = |a| {
        a.totals.sums[3] += Fp::from(500);
        a.figures.solve_tail();
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve_claim((&claim, reserved));
    };
    rejects_only(&control(), lie, "M5 sums 0");
    rejects_only(&poor_control(), lie, "M5 sums 0");
}

/// The tail: another choice of it, fewer, more, another threshold.
#[test]
fn rejects_m5_another_tail() {
    fn marked(a: &Choices<Fp>, bit: Fp) -> usize {
        a.totals.in_tail.iter().position(|of| *of == bit).unwrap()
    }
    fn resolve(a: &mut Choices<Fp>) {
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve_claim((&claim, reserved));
    }
    // A milder scenario in place of a worse one, and the threshold where either.
    let swap: Lie = |a| {
        let (worse, milder) = (marked(a, Fp::ONE), marked(a, Fp::ZERO));
        a.totals.in_tail.swap(worse, milder);
        resolve(a);
    };
    for case in [control(), poor_control()] {
        rejects_lie(&case, swap, "M5 side of the threshold");
    }
    let fewer: Lie = |a| {
        let worse = marked(a, Fp::ONE);
        a.totals.in_tail[worse] = Fp::ZERO;
        resolve(a);
    };
    rejects_lie(&control(), fewer, "M5 tail count");
    let half: Lie = |a| {
        let worse = marked(a, Fp::ONE);
        a.totals.in_tail[worse] = Fp::from(2).invert().unwrap();
        resolve(a);
    };
    rejects_lie(&control(), half, "M5 in tail");
    // Between the tail and the rest, where no loss is.
    let between: Lie = |a| {
        a.totals.threshold += Fp::ONE;
        resolve(a);
    };
    rejects_only(&control(), between, "M5 threshold is in the tail");
    rejects_only(&poor_control(), between, "M5 threshold is in the tail");
    let lower: Lie = |a| {
        a.totals.threshold -= Fp::ONE;
        resolve(a);
    };
    rejects_lie(&control(), lower, "M5 side of the threshold");
}

#[test]
fn rejects_m5_other_signs_and_stress() {
    let profit: Lie = |a| {
        a.totals.tail_is_profit = Fp::ONE;
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve_claim((&claim, reserved));
    };
    rejects_only(&control(), profit, "M5 tail loss magnitude");
    let profit: Lie = |a| {
        a.totals.var_is_profit = Fp::ONE;
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve_claim((&claim, reserved));
    };
    rejects_only(&control(), profit, "M5 var magnitude");
    let less: Lie = |a| {
        a.totals.stress_loss -= Fp::ONE;
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve_claim((&claim, reserved));
    };
    rejects_lie(&control(), less, "M5 stress loss is not beyond");
    let more: Lie = |a| {
        a.totals.stress_loss += Fp::ONE;
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve_claim((&claim, reserved));
    };
    rejects_only(&poor_control(), more, "M5 stress loss is one of them");
}

#[test]
fn rejects_m6_m7_false_claims() {
    let market = SimulationMarket::new();
    let case = market.case(&poor(), at_least(Level::MarginCall), 0);
    both_reject(&case, Violation::FalseClaim, "M6 at least: balance");
    let case = market.case(&healthy(), below(Level::Initial), 0);
    both_reject(&case, Violation::FalseClaim, "M6 below: some shortfall");
    let case = market.case(&poor(), below(Level::Initial), 1);
    both_reject(&case, Violation::FalseDisclosure, "M7 disclosed");
    // One unit of shortfall more or less than there is.
    for more in [Fp::ONE, -Fp::ONE] {
        let shortfall = market.margin(&poor()).shortfall(Level::Initial);
        let mut case = poor_control();
        case.instance.disclosed =
            Shortfall::new(if more == Fp::ONE { shortfall + 1 } else { shortfall - 1 }).unwrap();
        let one = Fp::from((1 << 40) * 10_000);
        let lie = move |a: &mut Choices<Fp>| {
            a.totals.shortfall += more;
            a.totals.slack += more * one;
        };
        rejects_only(&case, lie, "M6 slack");
    }
}

/// A multiplier scales what is required, exactly and both ways; a lie about it
/// opens another claim. There is no notional to bound.
#[test]
fn rejects_m6_another_multiplier() {
    let market = SimulationMarket::new();
    let text = |text: &str| text.parse().unwrap();
    let margin = market.margin(&healthy());
    for claim in ["at-least:initial,multiplier:1.25", "below:initial,multiplier:1678.7215"] {
        let case = market.case(&healthy(), text(claim), 0);
        assert_eq!((case.check(), failing(&case)), (Ok(()), BTreeSet::new()), "{claim}");
    }
    let claim: Claim = text("below:initial,multiplier:1678.7215");
    let shortfall = margin.shortfall_of(Level::Initial, claim.multiplier());
    let exact = market.case(&healthy(), claim, shortfall);
    assert_eq!((exact.check(), failing(&exact)), (Ok(()), BTreeSet::new()));
    let wrong = market.case(&healthy(), claim, shortfall + 1);
    both_reject(&wrong, Violation::FalseDisclosure, "M7 disclosed");
    let lie: Lie = |a| {
        a.claim.above_one = Fp::ZERO;
        a.claim.is_below = Fp::ZERO;
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve((&claim, reserved));
    };
    rejects_only(&market.case(&healthy(), claim, 0), lie, "M6 code");
    let leveraged = market.case(&healthy(), text("at-least:initial,leverage:1"), 0);
    both_reject(&leveraged, Violation::NoNotional, "M6 code");
}

/// What is reserved is in the commitment, and counts against initial margin alone.
#[test]
fn rejects_m4_another_reserve() {
    let market = SimulationMarket::new();
    let case = market.case(&healthy(), at_least(Level::Initial), 0).reserving(1 << 79);
    both_reject(&case, Violation::FalseClaim, "M6 at least: balance");
    let hidden: Lie = |a| {
        a.reserved = Fp::ZERO;
        let (claim, reserved) = (a.claim, a.reserved);
        a.figures.solve((&claim, reserved));
    };
    rejects_only(&case, hidden, "M1 opening");
    let maintenance = market.case(&healthy(), at_least(Level::Maintenance), 0).reserving(1 << 79);
    assert_eq!((maintenance.check(), failing(&maintenance)), (Ok(()), BTreeSet::new()));
}
