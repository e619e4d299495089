//! The scenario family's integer model, against figures worked out by hand and
//! against a second, naive computation.

mod encoding;
mod floors;
mod naive;
mod underlyings;

use ff::{Field, PrimeField};
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_margin::claim::{Level, MULTIPLIER_ONE, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Position, Reserved};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{
    AccountMargin, AccountUnits, ChargeSums, Charges, DELTA_TIERS, DeltaTier, ExpiryKey,
    FACTOR_ONE, FINE_ONE, Fine, GroupTerms, I256, LossFactor, LotCharge, LotFee, LotValue,
    MarketTerms, MinimumCharge, OF_ALL_AT, REGULAR_SCENARIOS, RELIEFS, RELIEVED_FROM, Rate,
    RowKind, SCENARIOS, ScenarioMargin, ScenarioRow, ScenarioTerms, TIMES_AT, Times, Underlying,
    pack_limbs,
};
use zkmargin_margin::units::{Amount, Lots};

const CALL: u64 = 100;
const PUT: u64 = 101;
const FAR_CALL: u64 = 200;
const FUTURE: u64 = 300;
const PERP: u64 = 400;
const CASH: u64 = 500;

fn value(value: i64) -> LotValue {
    LotValue::new(value).unwrap()
}

/// A number of hundredths, over `FINE_ONE`.
fn percent(percent: u64) -> Fine {
    Fine::new(FINE_ONE / 100 * percent).unwrap()
}

fn charges(maintenance: i64, initial: i64) -> Charges {
    let charge = |value| LotCharge::new(value).unwrap();
    Charges { maintenance: charge(maintenance), initial: charge(initial) }
}

fn group(key: u16) -> GroupTerms {
    GroupTerms {
        key: ExpiryKey::new(key).unwrap(),
        long_discount: percent(50),
        short_discount: percent(200),
        basis_weight: percent(100 * u64::from(key)),
        confidence_fee: LotFee::new(3).unwrap(),
    }
}

fn row(instrument: u64, kind: RowKind, scenarios: &[(usize, i64)]) -> ScenarioRow {
    let mut row = ScenarioRow {
        instrument: InstrumentId::new(instrument),
        underlying: Underlying::FIRST,
        kind,
        charges: Charges::default(),
        delta: LotValue::ZERO,
        scenarios: [LotValue::ZERO; SCENARIOS],
    };
    for (scenario, number) in scenarios {
        row.scenarios[*scenario] = value(*number);
    }
    row
}

fn rows() -> Vec<ScenarioRow> {
    let option = |key, mark, up, down| RowKind::Option {
        group: group(key),
        mark: value(mark),
        basis: [value(up), value(down)],
    };
    let with = |row: ScenarioRow, charge, delta| ScenarioRow {
        charges: charge,
        delta: value(delta),
        ..row
    };
    vec![
        with(
            row(CALL, option(1, 100, 10, -12), &[(0, 160), (1, 40), (40, 110)]),
            charges(1, 0),
            60,
        ),
        with(row(PUT, option(1, 80, -9, 11), &[(0, 20), (1, 150), (40, 70)]), charges(0, 2), -40),
        with(
            row(FAR_CALL, option(2, 300, 30, -30), &[(0, 400), (1, 200), (41, 310)]),
            charges(0, 0),
            70,
        ),
        with(
            row(
                FUTURE,
                RowKind::Future { group: group(1), basis: [value(50), value(-50)] },
                &[(0, 100), (1, -90)],
            ),
            charges(4, 3),
            101,
        ),
        with(
            row(
                PERP,
                RowKind::Perpetual { options_fee: LotFee::new(5).unwrap() },
                &[(0, 100), (1, -100)],
            ),
            charges(4, 3),
            100,
        ),
        with(
            row(CASH, RowKind::Collateral { mark: value(1_000) }, &[(0, 7), (1, -7)]),
            charges(20, -6),
            0,
        ),
    ]
}

fn terms() -> ScenarioTerms {
    let mut dampening = [Fine::ZERO; SCENARIOS];
    for scenario in [0, 1, 40, 41] {
        dampening[scenario] = percent(100);
    }
    dampening[1] = percent(80);
    ScenarioTerms {
        dampening,
        maintenance_factor: LossFactor::new(1_000_000_000).unwrap(),
        initial_factor: LossFactor::new(1_250_000_000).unwrap(),
        minimum: MinimumCharge {
            net: percent(10),
            half_hedged: percent(1),
            short_fee: LotFee::new(2).unwrap(),
            is_of_all: false,
        },
        naked: charges(10, -4),
        basis_is_added: false,
        reliefs: Default::default(),
        minimum_times: Default::default(),
        delta_tiers: Default::default(),
    }
}

fn account_units(units: u64) -> AccountUnits {
    AccountUnits::new(units).unwrap()
}

/// With charges that are added to the worst loss, and a relief of every scenario that
/// can have one.
fn adding_terms() -> ScenarioTerms {
    let tier = |from, rate| DeltaTier { from: account_units(from), rate: rate_of(rate) };
    ScenarioTerms {
        basis_is_added: true,
        reliefs: std::array::from_fn(|i| account_units(10 * (i as u64 + 1))),
        delta_tiers: [tier(100, 3), tier(250, 50)],
        ..terms()
    }
}

/// With tiers of the minimum charge, which is of all, and one of the net delta that gives
/// back.
fn tiered_terms() -> ScenarioTerms {
    let tier = |rate| DeltaTier { from: account_units(0), rate: rate_of(rate) };
    let mut terms = ScenarioTerms {
        minimum: MinimumCharge { is_of_all: true, ..terms().minimum },
        delta_tiers: [tier(-50), DeltaTier::default()],
        reliefs: Default::default(),
        ..adding_terms()
    };
    for (place, (times, less)) in [(5, (2, 30)), (6, (4, 130)), (7, (15, 900))] {
        terms.minimum_times[place] = Times::new(times).unwrap();
        terms.reliefs[place] = account_units(less);
    }
    terms
}

/// So many hundredths.
fn rate_of(hundredths: i64) -> Rate {
    let magnitude = percent(hundredths.unsigned_abs()).get().cast_signed();
    Rate::new(hundredths.signum() * magnitude).unwrap()
}

fn position(instrument: u64, lots: i64, cash: i128) -> Position {
    Position {
        bucket: BucketId::CROSS,
        instrument: InstrumentId::new(instrument),
        quantity: Lots::new(lots),
        cash: Amount::new(cash).unwrap(),
    }
}

fn row_of(rows: &[ScenarioRow], position: &Position) -> ScenarioRow {
    *rows.iter().find(|row| row.instrument == position.instrument).unwrap()
}

fn try_assess(lots: &[(u64, i64)]) -> Result<ScenarioMargin, Violation> {
    try_assess_by(lots, &terms())
}

fn try_assess_by(lots: &[(u64, i64)], terms: &ScenarioTerms) -> Result<ScenarioMargin, Violation> {
    let rows = rows();
    let mut positions: Vec<_> = lots.iter().map(|(id, lots)| position(*id, *lots, 0)).collect();
    positions.sort_by_key(Position::key);
    let rows: Vec<_> = positions.iter().map(|position| row_of(&rows, position)).collect();
    ScenarioMargin::assess(positions.iter().zip(&rows), &Reserved::NONE, terms)
}

fn assess(lots: &[(u64, i64)]) -> ScenarioMargin {
    try_assess(lots).unwrap()
}

/// Quote units on the scale of profits and losses.
fn units(number: i128) -> I256 {
    I256::from(FINE_ONE) * I256::from(number)
}

/// [`percent`] of quote units on the same scale.
fn hundredths(number: i128) -> I256 {
    I256::from(FINE_ONE / 100) * I256::from(number)
}

#[test]
fn nothing_held_owes_nothing() {
    let margin = assess(&[]);
    assert_eq!((margin.worst, margin.mark_to_market()), (I256::ZERO, 0));
    assert_eq!(margin.level(), Level::Initial);
    assert_eq!(margin.balance(Level::Bankrupt), None);
    assert_eq!(margin.balance(Level::Initial), Some(I256::ZERO));
}

#[test]
fn a_strike_nets_its_call_and_put() {
    assert_eq!(assess(&[(CALL, -5)]).naked, 5);
    assert_eq!(assess(&[(CALL, -5), (PUT, 3)]).naked, 2);
    assert_eq!(assess(&[(CALL, 3), (PUT, -5)]).naked, 2);
    assert_eq!(assess(&[(CALL, 9), (PUT, -5)]).naked, 0);
    assert_eq!(assess(&[(CALL, -2), (PUT, -5)]).naked, 7);
    // Another strike does not help, and what is no option is not naked.
    assert_eq!(assess(&[(CALL, 9), (FAR_CALL, -5), (PERP, -7), (FUTURE, -7)]).naked, 5);
    let naked = assess(&[(CALL, -5), (PUT, 3)]);
    assert_eq!((naked.charges.maintenance, naked.charges.initial), (5 + 20, 6 - 8));
}

#[test]
fn the_sign_of_an_expirys_sum_selects_the_discount() {
    // Long: (160 * 50% - 100) * 2, and 80% of the mark in scenario 1.
    let long = assess(&[(CALL, 2)]);
    assert_eq!(long.scenario_pnl[0], hundredths(2 * (8_000 - 10_000)));
    assert_eq!(long.scenario_pnl[1], hundredths(2 * (2_000 - 8_000)));
    let short = assess(&[(CALL, -2)]);
    assert_eq!(short.scenario_pnl[0], hundredths(-2 * (32_000 - 10_000)));
    // The sum decides, not the position: 160 - 2 * 20 is long.
    let both = assess(&[(CALL, 1), (PUT, -2)]);
    assert_eq!(both.scenario_pnl[0], hundredths(12_000 / 2 - (10_000 - 16_000)));
    // And each expiry's alone.
    let two = assess(&[(CALL, 1), (FAR_CALL, -1)]);
    assert_eq!(two.scenario_pnl[0], hundredths(8_000 - 10_000 - (80_000 - 30_000)));
}

#[test]
fn a_skew_costs_either_way_and_in_each_expiry() {
    let margin = assess(&[(CALL, 1)]);
    assert_eq!(margin.scenario_pnl[REGULAR_SCENARIOS], hundredths(-(10_000 - 5_500)));
    let margin = assess(&[(CALL, -1), (PERP, 1)]);
    assert_eq!(margin.scenario_pnl[REGULAR_SCENARIOS], hundredths(-(22_000 - 10_000)));
    let margin = assess(&[(CALL, 1), (FAR_CALL, -1)]);
    let absolute = -(10_000 + (62_000 - 30_000));
    assert_eq!(margin.scenario_pnl[REGULAR_SCENARIOS + 1], hundredths(absolute));
}

#[test]
fn the_basis_loss_is_the_worse_way_by_expiry() {
    assert_eq!(assess(&[(CALL, 1)]).basis, hundredths(-1_200));
    assert_eq!(assess(&[(CALL, -1)]).basis, hundredths(-1_000));
    // A future hedges it in its own expiry only; the far expiry weighs double.
    assert_eq!(assess(&[(CALL, 5), (FUTURE, -1)]).basis, hundredths(-1_000));
    assert_eq!(assess(&[(FAR_CALL, 1), (FUTURE, -1)]).basis, hundredths(-5_000 - 6_000));
    assert_eq!(assess(&[(PERP, 1)]).basis, I256::ZERO);
}

#[test]
fn a_perpetual_raises_the_options_confidence_fee() {
    assert_eq!(assess(&[(CALL, -2), (PUT, 3)]).charges.confidence, 15);
    assert_eq!(assess(&[(CALL, -2), (PUT, 3), (PERP, -1)]).charges.confidence, 25);
    // Not held, no fee; and futures are no options.
    assert_eq!(assess(&[(CALL, -2), (PUT, 3), (PERP, 0)]).charges.confidence, 15);
    assert_eq!(assess(&[(FUTURE, 9), (PERP, 1)]).charges.confidence, 0);
}

#[test]
fn the_minimum_charge_is_of_net_and_hedged_delta_and_naked_shorts() {
    // Long 300 by the perpetual, short 120 by the call, 2 naked.
    let margin = assess(&[(CALL, -2), (PERP, 3)]);
    assert_eq!(margin.deltas, [300, 120]);
    assert_eq!(margin.minimum, hundredths(10 * 180 + 240) + units(4));
    // A short put has a long delta.
    assert_eq!(assess(&[(PUT, -1)]).deltas, [40, 0]);
}

/// The worst loss is never a profit, and each source of it can be the worst.
#[test]
fn the_worst_of_all_counts() {
    let collateral = assess(&[(CASH, 3)]);
    assert_eq!(collateral.worst, collateral.scenario_pnl[1]);
    let basis = assess(&[(FUTURE, 1), (PERP, -1)]);
    assert_eq!(basis.worst, basis.basis);
    let hedged = assess(&[(PERP, 1), (CALL, 0)]);
    assert_eq!(hedged.worst, units(-100));

    // The minimum charge is a loss where no scenario loses as much.
    let calm = ScenarioRow { scenarios: [LotValue::ZERO; SCENARIOS], ..rows()[4] };
    let margin =
        ScenarioMargin::assess([(&position(PERP, 3, 0), &calm)], &Reserved::NONE, &terms())
            .unwrap();
    assert_eq!((margin.minimum, margin.worst), (hundredths(3_000), hundredths(-3_000)));
}

/// A basis loss that is added is no candidate, and counts with the loss factor.
#[test]
fn the_basis_loss_is_added_where_the_terms_say_so() {
    let lots = [(FUTURE, 1), (PERP, -1)];
    let [apart, added] = [false, true].map(|basis_is_added| {
        try_assess_by(&lots, &ScenarioTerms { basis_is_added, ..terms() }).unwrap()
    });
    assert_eq!((apart.worst, apart.added), (apart.basis, I256::ZERO));
    assert_eq!((added.basis, added.added), (apart.basis, -apart.basis));
    // The minimum charge is the worst of what is left.
    assert!(added.worst > apart.worst);
    let more = added.requirement(Level::Initial).unwrap();
    let charges = more + (added.worst + added.basis) * I256::from(1_250_000_000_u64);
    let one = I256::from(FINE_ONE) * I256::from(FACTOR_ONE);
    let ChargeSums { maintenance, initial, .. } = added.charges;
    assert_eq!(charges, one * I256::from(maintenance + initial));
}

/// With moves of plus and minus a delta, an expiry loses its weight of its net delta.
#[test]
fn opposite_moves_charge_the_net_delta_of_an_expiry() {
    let with = |instrument, key, delta: i64| {
        let kind = RowKind::Future { group: group(key), basis: [value(delta), value(-delta)] };
        row(instrument, kind, &[])
    };
    let rows = [with(FUTURE, 1, 100), with(FUTURE + 1, 1, 90), with(FAR_CALL + 200, 2, 80)];
    let lots = [7, -9, -5];
    let positions: Vec<_> =
        rows.iter().zip(lots).map(|(row, lots)| position(row.instrument.get(), lots, 0)).collect();
    let margin =
        ScenarioMargin::assess(positions.iter().zip(&rows), &Reserved::NONE, &adding_terms());
    // 700 - 810 of the first expiry, 400 of the second, which weighs double.
    assert_eq!(margin.unwrap().added, hundredths(100 * (110 + 2 * 400)));
}

#[test]
fn tiers_charge_the_net_delta_beyond_their_thresholds() {
    let terms = ScenarioTerms { basis_is_added: false, ..adding_terms() };
    let added = |lots: &[(u64, i64)]| try_assess_by(lots, &terms).unwrap().added;
    for (perpetuals, expected) in
        [(0, 0), (1, 0), (2, 3 * 100), (-2, 3 * 100), (3, 3 * 200 + 50 * 50)]
    {
        assert_eq!(added(&[(PERP, perpetuals)]), hundredths(expected), "{perpetuals}");
    }
    // The short call takes 60 off.
    assert_eq!(added(&[(PERP, 3), (CALL, -1)]), hundredths(3 * 140));
}

/// A relief is taken off a loss, and leaves no profit in its place.
#[test]
fn reliefs_are_of_the_last_regular_scenarios() {
    let last = REGULAR_SCENARIOS - 1;
    let kind = || RowKind::Perpetual { options_fee: LotFee::ZERO };
    let terms = ScenarioTerms { minimum: MinimumCharge::default(), ..adding_terms() };
    let worst = |scenario: usize, loss: i64| {
        let row = row(PERP, kind(), &[(scenario, -loss)]);
        let position = position(PERP, 1, 0);
        ScenarioMargin::assess([(&position, &row)], &Reserved::NONE, &terms).unwrap().worst
    };
    assert_eq!(RELIEVED_FROM + RELIEFS, REGULAR_SCENARIOS);
    assert_eq!(worst(last, 200), units(-120));
    assert_eq!(worst(last, 79), I256::ZERO);
    assert_eq!(worst(RELIEVED_FROM, 200), units(-190));
    for scenario in [RELIEVED_FROM - 1, REGULAR_SCENARIOS, 0] {
        // No other scenario, and no skew.
        let margin = worst(scenario, 200);
        assert_eq!(margin, units(-200), "{scenario}");
    }
}

#[test]
fn balances_by_level() {
    // Scenario 1: the perpetual loses 400, collateral 14. Charges 16 and 40.
    let margin = assess(&[(PERP, 4), (CASH, 2)]);
    assert_eq!(margin.worst, units(-414));
    let one = I256::from(FINE_ONE) * I256::from(FACTOR_ONE);
    assert_eq!(margin.balance(Level::MarginCall), Some(one * 2_000));
    assert_eq!(margin.balance(Level::Maintenance).unwrap() / one, I256::from(2_000 - 414 - 56));
    let initial = margin.balance(Level::Initial).unwrap();
    // 517.5 of worst loss, and 12 - 12 on top of the charges.
    assert_eq!(initial / (one / 2), I256::from(2 * (2_000 - 56) - 1_035));
    assert_eq!(margin.level(), Level::Initial);

    let poor = assess(&[(PERP, 4)]);
    assert_eq!(poor.level(), Level::MarginCall);
    assert_eq!(poor.shortfall(Level::MarginCall), 0);
    assert_eq!(poor.shortfall(Level::Maintenance), 416);
    // 500 of worst loss and 28 of charges.
    assert_eq!(poor.shortfall(Level::Initial), 528);
    // Half a unit short is a unit short.
    let half = assess(&[(CALL, -1)]);
    let exact = half.balance(Level::Initial).unwrap();
    let shortfall = half.shortfall(Level::Initial);
    assert!(-exact <= one * I256::from(shortfall) && -exact > one * I256::from(shortfall - 1));
}

/// Initial margin alone, and in full.
#[test]
fn reserved_margin_counts_against_initial_margin() {
    let positions = [position(PERP, 4, 2_000)];
    let rows = [row_of(&rows(), &positions[0])];
    let with = |reserved: u128| {
        let reserved = Reserved::new(reserved).unwrap();
        ScenarioMargin::assess(positions.iter().zip(&rows), &reserved, &terms()).unwrap()
    };
    // 528 of requirement, so 1,472 are left.
    assert_eq!((with(1_472).level(), with(1_473).level()), (Level::Initial, Level::Maintenance));
    assert_eq!(with(1_500).shortfall(Level::Initial), 28);
    assert_eq!(with(1_500).shortfall(Level::Maintenance), 0);
    assert_eq!(with(1_500).balance(Level::Maintenance), with(0).balance(Level::Maintenance));
}

/// Of losses and charges, rounded up once; a credit counts once.
#[test]
fn multipliers_are_of_the_requirement() {
    let times = |m| Multiplier::new(m).unwrap();
    // Requirements of 416 and 528, and nothing to meet them with.
    let poor = assess(&[(PERP, 4)]);
    assert_eq!(poor.shortfall_of(Level::Maintenance, times(12_500)), 520);
    assert_eq!(poor.shortfall_of(Level::Initial, times(10_001)), 529);
    assert_eq!(poor.shortfall_of(Level::MarginCall, times(50_000)), 0);
    // Charges of 20 a coin and a credit of 6 of initial margin; a loss of 7.
    let coins = assess(&[(CASH, 10)]);
    let more = |level, m| {
        let plain = coins.balance(level).unwrap() * I256::from(MULTIPLIER_ONE);
        (plain - coins.balance_of(level, times(m)).unwrap()) / (units(1) * I256::from(FACTOR_ONE))
    };
    assert_eq!(more(Level::Maintenance, 10_001), I256::from(70 + 200));
    assert_eq!(more(Level::Initial, 10_002), I256::from(2 * (70 * 5 / 4 + 200) + 1));
}

#[test]
fn positions_and_sums_are_in_range() {
    assert!(try_assess(&[(PERP, 1 << 32)]).is_err_and(|error| error == Violation::Quantity(0)));
    assert!(try_assess(&[(PERP, -(1 << 32))]).is_ok());
    assert!(try_assess(&[(CASH, -1)]).is_err_and(|error| error == Violation::WrongDirection(0)));
    assert!(try_assess(&[(CASH, 0)]).is_ok());

    let bucket = Position { bucket: BucketId::new(1), ..position(PERP, 1, 0) };
    let row = row_of(&rows(), &bucket);
    let error = ScenarioMargin::assess([(&bucket, &row)], &Reserved::NONE, &terms()).err();
    assert_eq!(error, Some(Violation::Bucket(0)));

    // Eight positions of 2^29 lots and nearly 2^40 stay below 2^72, nine do not.
    let mut row = rows()[0];
    row.scenarios[39] = value((1 << 40) - 1);
    assert_sums(&row, 8, 1 << 29);
    // The notionals of deltas are added up without their signs.
    assert_sums(&ScenarioRow { delta: value(1 - (1 << 40)), ..rows()[4] }, 8, 1 << 29);
    // All lots together are as many as 64 positions can have.
    assert_sums(&rows()[4], 64, -(1 << 32));
}

/// So many positions fit, one more does not.
fn assert_sums(row: &ScenarioRow, fitting: usize, lots: i64) {
    for (count, fits) in [(fitting, true), (fitting + 1, false)] {
        let positions: Vec<_> =
            (0..count).map(|_| position(row.instrument.get(), lots, 0)).collect();
        let rows = vec![*row; count];
        let error =
            ScenarioMargin::assess(positions.iter().zip(&rows), &Reserved::NONE, &terms()).err();
        assert_eq!(error, (!fits).then_some(Violation::Sum), "{count}");
    }
}

#[test]
fn rows_of_one_expiry_must_agree() {
    let mut rows = [rows()[0], rows()[1]];
    let RowKind::Option { group, .. } = &mut rows[1].kind else { panic!() };
    group.long_discount = percent(51);
    let positions = [position(CALL, 1, 0), position(PUT, 1, 0)];
    let error =
        ScenarioMargin::assess(positions.iter().zip(&rows), &Reserved::NONE, &terms()).err();
    assert_eq!(error, Some(Violation::Expiry(1)));
}

#[test]
fn debug_shows_nothing() {
    let margin = assess(&[(CALL, -5)]);
    assert_eq!(
        format!("{margin:?}{:?}{:?}", margin.charges, margin.expiries[0]),
        "ScenarioMargin(..)ChargeSums(..)ExpirySums(..)"
    );
}
