//! The standard family's figures, against ones worked out by hand and against
//! the formulas once more.

use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_margin::claim::{Level, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Position, Reserved};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::standard::{
    AccountMargin, Assessment, BucketMargin, CeilDiv, Charge, Direction, RowError, TierRow,
};
use zkmargin_margin::units::{Amount, Denominator, Lots, Notional, Price, Rate};

const D: u32 = 1_000;

fn notional(units: u128) -> Notional {
    Notional::new(units).unwrap()
}

fn charge(base: u128, rate: u32) -> Charge {
    Charge { base: notional(base), rate: Rate::new(rate) }
}

/// A second tier, from 5,000 (excluded) to 9,000, at 100 quote units per lot.
fn tier() -> TierRow {
    TierRow {
        instrument: InstrumentId::new(1),
        direction: Direction::Both,
        lower_exclusive: true,
        price: Price::new(100, 1).unwrap(),
        lower: notional(5_000),
        upper: notional(9_000),
        initial: charge(500, 200),
        maintenance: charge(250, 90),
        maintenance_fraction: Rate::new(500),
    }
}

fn assess(row: TierRow, lots: i64) -> Result<Assessment, RowError> {
    row.assess(Lots::new(lots), Denominator::new(D).unwrap())
}

#[test]
fn a_tier_charges_its_base_and_what_is_above_its_bound() {
    let long = assess(tier(), 70).unwrap();
    assert_eq!((long.notional.get(), long.value, long.notional_remainder), (7_000, 7_000, 0));
    // 500 + 20% of 2,000; 250 + half of 9% of 2,000.
    assert_eq!((long.initial, long.maintenance), (900, 340));
    let short = assess(tier(), -70).unwrap();
    assert_eq!((short.value, short.initial, short.maintenance), (-7_000, 900, 340));
}

#[test]
fn a_notional_is_rounded_towards_zero() {
    let row = TierRow { price: Price::new(1_007, 10).unwrap(), ..tier() };
    for (lots, value) in [(71, 7_149), (-71, -7_149)] {
        let figures = assess(row, lots).unwrap();
        assert_eq!((figures.value, figures.notional_remainder), (value, 7));
    }
}

#[test]
fn charges_are_rounded_up_once_more_by_the_fraction() {
    // 1 unit above the bound: ceil(0.2) and ceil(0.5 * ceil(0.09)).
    let row = TierRow { price: Price::new(1, 1).unwrap(), ..tier() };
    let figures = assess(row, 5_001).unwrap();
    assert_eq!((figures.initial, figures.maintenance), (501, 251));
    assert_eq!(figures.initial_marginal, CeilDiv { quotient: 1, slack: 800 });
    assert_eq!(figures.maintenance_marginal, CeilDiv { quotient: 1, slack: 910 });
    assert_eq!(figures.maintenance_scaled, CeilDiv { quotient: 1, slack: 500 });
}

/// Exclusive below but for the first tier, inclusive above: a notional is in
/// one tier.
#[test]
fn tiers_meet_and_do_not_overlap() {
    let fits = |row: TierRow, lots| match assess(row, lots) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error, RowError::WrongTier);
            false
        }
    };
    let first = TierRow { lower_exclusive: false, ..tier() };
    for (lots, second, first_tier) in
        [(49, false, false), (50, false, true), (51, true, true), (90, true, true)]
    {
        assert_eq!((fits(tier(), lots), fits(first, lots)), (second, first_tier), "{lots}");
        assert_eq!((fits(tier(), -lots), fits(first, -lots)), (second, first_tier), "-{lots}");
    }
    assert!(!fits(tier(), 91) && !fits(tier(), -91));
}

#[test]
fn rows_are_for_their_direction() {
    let row =
        |direction| TierRow { direction, lower_exclusive: false, lower: notional(0), ..tier() };
    for (direction, [short, zero, long]) in [
        (Direction::Both, [true, true, true]),
        (Direction::Long, [false, true, true]),
        (Direction::Short, [true, false, false]),
    ] {
        for (lots, fits) in [(-1, short), (0, zero), (1, long)] {
            let error = assess(row(direction), lots).err();
            assert_eq!(error, (!fits).then_some(RowError::WrongDirection), "{direction:?} {lots}");
        }
    }
}

/// A notional and each charge must be below `2^80`; one unit less is allowed.
#[test]
fn figures_of_2_to_the_80_are_refused() {
    let wide = TierRow {
        lower_exclusive: false,
        lower: Notional::ZERO,
        upper: Notional::MAX,
        initial: charge(0, 0),
        maintenance: charge(0, 0),
        maintenance_fraction: Rate::new(D),
        price: Price::new(1 << 40, 1).unwrap(),
        ..tier()
    };
    assert_eq!(assess(wide, 1 << 40).err(), Some(RowError::Range));
    assert_eq!(assess(wide, (1 << 40) - 1).unwrap().notional.get(), (1 << 80) - (1 << 40));
    // With half of it, a rate of twice the denominator is too much.
    let half = 1 << 39;
    for (rate, fits) in [(2 * D - 1, true), (2 * D, false)] {
        let initial = TierRow { initial: charge(0, rate), ..wide };
        let maintenance = TierRow { maintenance: charge(0, rate), ..wide };
        let scaled =
            TierRow { maintenance: charge(0, D), maintenance_fraction: Rate::new(rate), ..wide };
        for row in [initial, maintenance, scaled] {
            assert_eq!(assess(row, half).err(), (!fits).then_some(RowError::Range), "{rate}");
        }
    }
}

fn bucket(equity: i128) -> BucketMargin {
    BucketMargin { bucket: BucketId::CROSS, equity, initial: 100, maintenance: 50 }
}

#[test]
fn a_level_is_reached_at_its_requirement() {
    for (equity, level) in [
        (-1, Level::Bankrupt),
        (0, Level::MarginCall),
        (49, Level::MarginCall),
        (50, Level::Maintenance),
        (99, Level::Maintenance),
        (100, Level::Initial),
    ] {
        assert_eq!(bucket(equity).level(), level, "{equity}");
    }
    let requirements = [None, Some(0), Some(50), Some(100)];
    for (level, requirement) in (0..4).filter_map(Level::from_u8).zip(requirements) {
        assert_eq!(bucket(0).requirement(level), requirement);
    }
    // A level is not reached over one that is not: here maintenance asks more.
    let odd = BucketMargin { initial: 10, ..bucket(20) };
    assert_eq!(odd.level(), Level::MarginCall);
}

#[test]
fn a_shortfall_is_the_cash_that_is_missing() {
    assert_eq!(bucket(-30).shortfall(Level::Bankrupt), 0);
    assert_eq!(bucket(-30).shortfall(Level::MarginCall), 30);
    assert_eq!(bucket(-30).shortfall(Level::Initial), 130);
    assert_eq!(bucket(70).shortfall(Level::Maintenance), 0);
    assert_eq!(bucket(70).shortfall(Level::Initial), 30);
}

fn position(bucket: u16, lots: i64, cash: i128) -> Position {
    Position {
        bucket: BucketId::new(bucket),
        instrument: InstrumentId::new(1),
        quantity: Lots::new(lots),
        cash: Amount::new(cash).unwrap(),
    }
}

fn account(positions: &[Position]) -> Result<AccountMargin, (usize, RowError)> {
    let row = TierRow { lower_exclusive: false, lower: Notional::ZERO, ..tier() };
    let slots = positions.iter().map(|position| (position, &row));
    AccountMargin::assess(slots, &Reserved::NONE, Denominator::new(D).unwrap())
}

/// Two positions of 1,000 in one bucket, one of 2,000 in another: charges of
/// 500 + 200 and 250 + 45 for each 1,000.
#[test]
fn buckets_sum_up_and_do_not_help_each_other() {
    let positions = [position(0, 10, 5), position(0, -10, 7), position(3, 20, -1_500)];
    let account = account(&positions).unwrap();
    let figures: Vec<_> = account
        .buckets
        .iter()
        .map(|margin| (margin.bucket.get(), margin.equity, margin.initial, margin.maintenance))
        .collect();
    assert_eq!(figures, [(0, 12, 1_400, 590), (3, 500, 900, 340)]);
    assert_eq!((account.equity(), account.initial(), account.maintenance()), (512, 2_300, 930));
    assert_eq!(account.positions.len(), 3);
    // The worst bucket's, and every bucket's shortfall.
    assert_eq!(account.level(), Level::MarginCall);
    assert_eq!(account.shortfall(Level::Maintenance), 578);
    assert_eq!(account.shortfall(Level::Initial), 1_388 + 400);
    assert_eq!(account.shortfall(Level::MarginCall), 0);
}

/// Of each bucket, rounded up once: 590 and 340 of maintenance.
#[test]
fn multipliers_are_of_each_buckets_requirement() {
    let positions = [position(0, 10, 5), position(0, -10, 7), position(3, 20, -1_500)];
    let account = account(&positions).unwrap();
    let times = |m| Multiplier::new(m).unwrap();
    assert_eq!(account.shortfall_of(Level::Maintenance, times(10_001)), 591 - 12);
    // 737.5 and 425; then 885 and 510; at last 897.095 and 516.97.
    assert_eq!(account.shortfall_of(Level::Maintenance, times(12_500)), 738 - 12);
    assert_eq!(account.shortfall_of(Level::Maintenance, times(15_000)), 885 - 12 + 10);
    assert_eq!(account.shortfall_of(Level::Maintenance, times(15_205)), 885 + 18);
    assert_eq!(account.shortfall_of(Level::MarginCall, times(15_000)), 0);
    assert_eq!(account.gross_notional(), 4_000);
}

/// It counts against initial margin of the cross bucket, whether or not a
/// position is in it.
#[test]
fn reserved_margin_is_of_the_cross_bucket() {
    let row = TierRow { lower_exclusive: false, lower: Notional::ZERO, ..tier() };
    let assess = |positions: &[Position], reserved: u128| {
        let slots = positions.iter().map(|position| (position, &row));
        let reserved = Reserved::new(reserved).unwrap();
        AccountMargin::assess(slots, &reserved, Denominator::new(D).unwrap()).unwrap()
    };
    // 700 of initial margin.
    let cross = [position(0, 10, 0)];
    assert_eq!(assess(&cross, 300).level(), Level::Initial);
    assert_eq!(assess(&cross, 301).shortfall(Level::Initial), 1);
    assert_eq!(assess(&cross, 301).level(), Level::Maintenance);
    assert_eq!(assess(&cross, 301).maintenance(), assess(&cross, 0).maintenance());
    let isolated = assess(&[position(1, 10, 0)], 5);
    let buckets: Vec<_> = isolated.buckets.iter().map(|b| (b.bucket.get(), b.initial)).collect();
    assert_eq!(buckets, [(0, 5), (1, 700)]);
    assert_eq!((isolated.level(), isolated.shortfall(Level::Initial)), (Level::Maintenance, 5));
    assert_eq!(assess(&[], 5).shortfall(Level::Initial), 5);
}

#[test]
fn an_empty_account_meets_every_requirement() {
    let account = account(&[]).unwrap();
    assert_eq!((account.level(), account.shortfall(Level::Initial)), (Level::Initial, 0));
}

#[test]
fn a_position_that_its_row_does_not_fit_is_named() {
    let error = account(&[position(0, 1, 0), position(1, 91, 0)]).err();
    assert_eq!(error, Some((1, RowError::WrongTier)));
}

/// Each field of a row stands at its place in the elements that are hashed.
#[test]
fn elements_hold_every_field_at_its_place() {
    let row = TierRow {
        instrument: InstrumentId::new(0xf123_4567_89ab_cdef),
        direction: Direction::Both,
        lower_exclusive: true,
        price: Price::new(0x8111_2222_3333_4444, 0x9555_6666_7777_8888).unwrap(),
        lower: notional(0x8001_0000_0000_0000_0002),
        upper: notional(0x9003_0000_0000_0000_0004),
        initial: charge(0xa005, 0xb006_0007),
        maintenance: charge(0xc008, 0xd009_000a),
        maintenance_fraction: Rate::new(0xe00b_000c),
    };
    assert_eq!(row.leaf::<Fp>(), hash(Domain::MarketRow, row.elements()));
    let hex = row.elements::<Fp>().map(|element| hex::encode(element.to_be_bytes()));
    assert_eq!(
        hex.map(|element| element.trim_start_matches('0').to_owned()),
        [
            // Maintenance rate, price unit and mantissa, exclusive, direction, instrument.
            "d009000a9555666677778888811122223333444401".to_owned() + "02f123456789abcdef",
            // Initial rate, fraction, upper and lower bound.
            "b0060007e00b000c".to_owned() + "90030000000000000004" + "80010000000000000002",
            "c008".to_owned(),
            "a005".to_owned(),
        ]
    );
}

#[test]
fn debug_shows_no_figures() {
    let account = account(&[position(0, 1, 0)]).unwrap();
    let figures = account.positions[0];
    assert_eq!(
        format!("{account:?}{:?}{figures:?}{:?}", account.buckets[0], figures.initial_marginal),
        "AccountMargin(..)BucketMargin(..)Assessment(..)CeilDiv(..)"
    );
}

proptest! {
    /// The formulas of the documentation, by their definition: the notional is
    /// the largest integer below, a charge the least integer above.
    #[test]
    fn agrees_with_the_definition(
        lots in -(1_i64 << 40)..1 << 40,
        (mantissa, unit) in (0_u64..1 << 30, 1_u64..1_000),
        (lower, bases) in (0_u128..1_000, (0_u128..1 << 60, 0_u128..1 << 60)),
        rates in (0_u32..2_000, 0_u32..2_000, 0_u32..2_000),
    ) {
        let row = TierRow {
            price: Price::new(mantissa, unit).unwrap(),
            lower: notional(lower),
            upper: Notional::MAX,
            initial: charge(bases.0, rates.0),
            maintenance: charge(bases.1, rates.1),
            maintenance_fraction: Rate::new(rates.2),
            ..tier()
        };
        let product = u128::from(lots.unsigned_abs()) * u128::from(mantissa);
        let Ok(figures) = assess(row, lots) else {
            return Err(TestCaseError::reject("below the tier"));
        };
        let units = figures.notional.get();
        prop_assert!(units * u128::from(unit) <= product);
        prop_assert!((units + 1) * u128::from(unit) > product);
        prop_assert_eq!(u128::from(figures.notional_remainder), product - units * u128::from(unit));
        prop_assert_eq!(figures.value, if lots < 0 { -1 } else { 1 } * units.cast_signed());
        let least = |x: u128, rate: u32| {
            let product = x * u128::from(rate);
            let floor = product / u128::from(D);
            if floor * u128::from(D) == product { floor } else { floor + 1 }
        };
        let excess = units - lower;
        prop_assert_eq!(figures.initial, bases.0 + least(excess, rates.0));
        let maintenance = least(least(excess, rates.1), rates.2);
        prop_assert_eq!(figures.maintenance, bases.1 + maintenance);
    }
}
