//! The scenario family's integer model, against figures worked out by hand and
//! against a second, naive computation.
#![allow(clippy::unwrap_used)] // Fixtures outside of test functions.

use std::collections::BTreeMap;

use ff::Field;
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
    MarketTerms, MinimumCharge, REGULAR_SCENARIOS, RELIEFS, RELIEVED_FROM, RowKind, SCENARIOS,
    ScenarioMargin, ScenarioRow, ScenarioTerms, Underlying, pack_limbs,
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
        },
        naked: charges(10, -4),
        basis_is_added: false,
        reliefs: Default::default(),
        delta_tiers: Default::default(),
    }
}

fn account_units(units: u64) -> AccountUnits {
    AccountUnits::new(units).unwrap()
}

/// With charges that are added to the worst loss, and a relief of every scenario that
/// can have one.
fn adding_terms() -> ScenarioTerms {
    let tier = |from, rate| DeltaTier { from: account_units(from), rate: percent(rate) };
    ScenarioTerms {
        basis_is_added: true,
        reliefs: std::array::from_fn(|i| account_units(10 * (i as u64 + 1))),
        delta_tiers: [tier(100, 3), tier(250, 50)],
        ..terms()
    }
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

/// Every field of a row and of the terms is in its digest.
#[test]
fn digests_bind_every_field() {
    let rows = rows();
    let base = rows[0].leaf::<Fp>();
    let mut others = vec![rows[1].leaf(), rows[3].leaf(), rows[4].leaf(), rows[5].leaf()];
    for scenario in 0..SCENARIOS {
        let mut row = rows[0];
        row.scenarios[scenario] = value(row.scenarios[scenario].get() - 1);
        others.push(row.leaf());
    }
    others.push(ScenarioRow { charges: charges(1, 1), ..rows[0] }.leaf());
    others.push(ScenarioRow { delta: value(-60), ..rows[0] }.leaf());
    for (mark, up, down) in [(101, 10, -12), (100, 11, -12), (100, 10, -11)] {
        let kind =
            RowKind::Option { group: group(1), mark: value(mark), basis: [value(up), value(down)] };
        others.push(ScenarioRow { kind, ..rows[0] }.leaf());
    }
    others.push(base);
    others.sort();
    let count = others.len();
    others.dedup();
    assert_eq!(others.len(), count);

    let mut digests = vec![terms().digest::<Fp>()];
    for scenario in 0..SCENARIOS {
        let mut terms = terms();
        terms.dampening[scenario] = Fine::new(terms.dampening[scenario].get() + 1).unwrap();
        digests.push(terms.digest());
    }
    let minimum = terms().minimum;
    digests.push(ScenarioTerms { maintenance_factor: LossFactor::ZERO, ..terms() }.digest());
    digests.push(ScenarioTerms { initial_factor: LossFactor::ZERO, ..terms() }.digest());
    digests.push(ScenarioTerms { naked: charges(10, -5), ..terms() }.digest());
    for minimum in [
        MinimumCharge { net: Fine::ZERO, ..minimum },
        MinimumCharge { half_hedged: Fine::ZERO, ..minimum },
        MinimumCharge { short_fee: LotFee::ZERO, ..minimum },
    ] {
        digests.push(ScenarioTerms { minimum, ..terms() }.digest());
    }
    digests.push(ScenarioTerms { basis_is_added: true, ..terms() }.digest());
    for relief in 0..RELIEFS {
        let mut terms = terms();
        terms.reliefs[relief] = account_units(1);
        digests.push(terms.digest());
    }
    for tier in 0..DELTA_TIERS {
        let mut terms = terms();
        terms.delta_tiers[tier].from = account_units(1);
        digests.push(terms.digest());
        terms.delta_tiers[tier].rate = percent(1);
        digests.push(terms.digest());
    }
    digests.sort();
    let count = digests.len();
    digests.dedup();
    assert_eq!(digests.len(), count);
    assert_ne!(digests[0], Fp::ZERO);
}

/// Each field of a row and of the terms stands at its place in the elements
/// that are hashed.
#[test]
fn elements_hold_every_field_at_its_place() {
    let hex = |element: &Fp| {
        let digits = hex::encode(element.to_be_bytes());
        digits.trim_start_matches('0').to_owned()
    };
    let group = GroupTerms {
        key: ExpiryKey::new(0x8001).unwrap(),
        long_discount: Fine::new(0x8002_0000_0003).unwrap(),
        short_discount: Fine::new(0x8004_0000_0005).unwrap(),
        basis_weight: Fine::new(0x8006_0000_0007).unwrap(),
        confidence_fee: LotFee::new(0x1008_0000_0009).unwrap(),
    };
    let kinds = [
        RowKind::Option { group, mark: value(1), basis: [value(2), value(3)] },
        RowKind::Future { group, basis: [value(2), value(3)] },
        RowKind::Perpetual { options_fee: LotFee::new(0x1000_0000_000a).unwrap() },
        RowKind::Collateral { mark: value(1) },
    ];
    // From the top: delta, fee on options, delta below zero, long only, has an
    // expiry, is an option, instrument.
    let heads = [
        "b00000000000001000101000000008123456a",
        "b00000000000001000100000000008123456a",
        "b10000000000a01000000000000008123456a",
        "b00000000000001010000000000008123456a",
    ];
    let expiry = "10080000000980060000000780040000000580020000000380".to_owned() + "01";
    for (kind, head) in kinds.into_iter().zip(heads) {
        let row = ScenarioRow { delta: value(-11), ..row(0x8123_456a, kind, &[(41, 4)]) };
        let row = ScenarioRow { charges: charges(5, 6), ..row };
        let elements = row.elements::<Fp>();
        assert_eq!(hex(&elements[0]), head);
        assert_eq!(hex(&elements[1]), if row.group().is_some() { expiry.as_str() } else { "" });
        assert_eq!(elements[2], pack_limbs(&[5, 6]));
        let (mark, basis) = (row.mark().get(), row.basis().map(LotValue::get));
        assert_eq!(elements[16], pack_limbs(&[0, 0, 4]));
        assert_eq!(elements[17], pack_limbs(&[mark, basis[0], basis[1]]));
    }
    for (delta, head) in [(0, "8123456a"), (11, "b00000000000000000000")] {
        let kind = RowKind::Perpetual { options_fee: LotFee::ZERO };
        let row = ScenarioRow { delta: value(delta), ..row(0x8123_456a, kind, &[]) };
        assert!(hex(&row.elements::<Fp>()[0]).starts_with(head));
    }

    let terms = adding_terms();
    let elements = terms.elements::<Fp>();
    assert_eq!(elements.len(), 61);
    for (element, dampening) in elements.iter().zip(terms.dampening) {
        assert_eq!(*element, Fp::from(dampening.get()));
    }
    let MinimumCharge { net, half_hedged, short_fee } = terms.minimum;
    let rest = [1_000_000_000, 1_250_000_000, net.get(), half_hedged.get(), short_fee.get()];
    assert_eq!(elements[42..47], rest.map(Fp::from));
    assert_eq!(elements[47], pack_limbs(&[10, -4]));
    assert_eq!(elements[48], Fp::ONE);
    assert_eq!(elements[49..57], [10, 20, 30, 40, 50, 60, 70, 80].map(Fp::from));
    let [three, half] = [3, 50].map(|rate| percent(rate).get());
    assert_eq!(elements[57..], [100, three, 250, half].map(Fp::from));
}

/// The bounds that keep the sums of an account from running into each other.
#[test]
fn numbers_of_rows_are_in_range() {
    let limit = 1_i64 << 45;
    assert!(LotValue::new(limit - 1).is_ok() && LotValue::new(1 - limit).is_ok());
    assert!(LotValue::new(limit).is_err() && LotValue::new(-limit).is_err());
    let limit = 1_i64 << 44;
    assert!(LotCharge::new(limit - 1).is_ok() && LotCharge::new(1 - limit).is_ok());
    assert!(LotCharge::new(limit).is_err() && LotCharge::new(-limit).is_err());
    assert!(LotFee::new((1 << 45) - 1).is_ok() && LotFee::new(1 << 45).is_err());
    assert!(Fine::new((1 << 48) - 1).is_ok() && Fine::new(1 << 48).is_err());
    assert!(LossFactor::new((1 << 40) - 1).is_ok() && LossFactor::new(1 << 40).is_err());
    assert!(AccountUnits::new((1 << 60) - 1).is_ok() && AccountUnits::new(1 << 60).is_err());
    assert!(ExpiryKey::new(0).is_err());
    assert_eq!(ExpiryKey::new(u16::MAX).map(ExpiryKey::get), Ok(u16::MAX));
}

/// Limbs are signed and do not run into each other.
#[test]
fn elements_hold_signed_limbs() {
    let element: Fp = pack_limbs(&[-1, 2, -3]);
    let limb = |power: u64| Fp::from(2).pow_vartime([power]);
    assert_eq!(element, limb(84) * Fp::from(2) - limb(168) * Fp::from(3) - Fp::ONE);
    assert_eq!(Fp::from_i128(-7), pack_limbs(&[-7]));
}

/// The definition once more, scenario by scenario and with maps in place of
/// running sums; balances in quote units times `FINE_ONE * FACTOR_ONE`.
fn naive(positions: &[(ScenarioRow, i64, i128)], terms: &ScenarioTerms, level: Level) -> I256 {
    let fine = I256::from(FINE_ONE);
    let num = |x: i64| I256::from(x);
    let all = || positions.iter().map(|(row, lots, _)| (row, num(*lots)));
    let mut expiries: BTreeMap<u16, GroupTerms> = BTreeMap::new();
    let mut strikes: BTreeMap<u64, I256> = BTreeMap::new();
    for (row, a) in all() {
        if let Some(group) = row.group() {
            expiries.insert(group.key.get(), *group);
        }
        if row.is_option() {
            *strikes.entry(row.instrument.get() / 2).or_insert(I256::ZERO) += a;
        }
    }
    let of = |key: u16, options: bool, value: &dyn Fn(&ScenarioRow) -> i64| -> I256 {
        all()
            .filter(|(row, _)| row.group().is_some_and(|group| group.key.get() == key))
            .filter(|(row, _)| row.is_option() || !options)
            .fold(I256::ZERO, |sum, (row, a)| sum + a * num(value(row)))
    };
    let mut losses = Vec::new();
    for s in 0..SCENARIOS {
        let mut pnl = I256::ZERO;
        for (row, a) in all().filter(|(row, _)| !row.is_option()) {
            pnl += fine * a * num(row.scenarios[s].get());
        }
        for (key, group) in &expiries {
            let sum = of(*key, true, &|row| row.scenarios[s].get());
            let discount =
                if sum >= I256::ZERO { group.long_discount } else { group.short_discount };
            let change = sum * I256::from(discount.get())
                - of(*key, true, &|row| row.mark().get()) * I256::from(terms.dampening[s].get());
            pnl += if s >= 40 { -change.abs() } else { change };
        }
        if (32..40).contains(&s) {
            pnl += fine * I256::from(terms.reliefs[s - 32].get());
        }
        losses.push(pnl);
    }
    let mut basis = I256::ZERO;
    for (key, group) in &expiries {
        let up = of(*key, false, &|row| row.basis()[0].get());
        let down = of(*key, false, &|row| row.basis()[1].get());
        basis += up.min(down).min(I256::ZERO) * I256::from(group.basis_weight.get());
    }
    losses.push(if terms.basis_is_added { I256::ZERO } else { basis });
    let naked = strikes.values().fold(I256::ZERO, |sum, net| sum + (-*net).max(I256::ZERO));
    let deltas = || all().map(|(row, a)| a * num(row.delta.get()));
    let long = deltas().fold(I256::ZERO, |sum, delta| sum + delta.max(I256::ZERO));
    let short = deltas().fold(I256::ZERO, |sum, delta| sum + (-delta).max(I256::ZERO));
    let minimum = &terms.minimum;
    losses.push(
        -((long - short).abs() * I256::from(minimum.net.get())
            + long.min(short) * 2 * I256::from(minimum.half_hedged.get())
            + naked * I256::from(minimum.short_fee.get()) * fine),
    );
    let mut worst = losses.into_iter().min().unwrap();
    if terms.basis_is_added {
        worst += basis;
    }
    for tier in &terms.delta_tiers {
        let beyond = (long - short).abs() - I256::from(tier.from.get());
        worst -= beyond.max(I256::ZERO) * I256::from(tier.rate.get());
    }
    let fee =
        all().filter(|(_, a)| *a != 0).map(|(row, _)| row.options_fee().get()).max().unwrap_or(0);
    let mut worth = positions.iter().fold(I256::ZERO, |sum, (_, _, cash)| sum + I256::from(*cash));
    let (mut mm, mut im) =
        (naked * num(terms.naked.maintenance.get()), naked * num(terms.naked.initial.get()));
    for (row, a) in all() {
        worth += a * num(row.mark().get());
        mm += a.abs() * num(row.charges.maintenance.get());
        im += a.abs() * num(row.charges.initial.get());
        if row.is_option() {
            let own = row.group().unwrap().confidence_fee.get();
            im += a.abs() * I256::from(own.max(fee));
        }
    }
    let (factor, charge) = match level {
        Level::Maintenance => (terms.maintenance_factor.get(), mm),
        Level::Initial => (terms.initial_factor.get(), mm + im),
        _ => (0, I256::ZERO),
    };
    worst * I256::from(factor) + fine * I256::from(FACTOR_ONE) * (worth - charge)
}

fn any_row(instrument: u64) -> impl Strategy<Value = ScenarioRow> {
    let v = || (-1_000_i64..1_000).prop_map(value);
    let kind = prop_oneof![
        4 => (1_u16..4, v(), v(), v()).prop_map(|(key, mark, up, down)| {
            RowKind::Option { group: group(key), mark, basis: [up, down] }
        }),
        1 => (1_u16..4, v(), v())
            .prop_map(|(key, up, down)| RowKind::Future { group: group(key), basis: [up, down] }),
        1 => (0_u64..9)
            .prop_map(|fee| RowKind::Perpetual { options_fee: LotFee::new(fee).unwrap() }),
        1 => v().prop_map(|mark| RowKind::Collateral { mark }),
    ];
    let scenarios = prop::collection::vec(v(), SCENARIOS);
    (kind, -50_i64..50, -50_i64..50, v(), scenarios).prop_map(
        move |(kind, mm, im, delta, scenarios)| ScenarioRow {
            instrument: InstrumentId::new(instrument),
            underlying: Underlying::FIRST,
            kind,
            charges: charges(mm, im),
            delta,
            scenarios: scenarios.try_into().unwrap(),
        },
    )
}

type Account = Vec<(ScenarioRow, i64, i128)>;

fn any_account() -> impl Strategy<Value = Account> {
    // Neighbouring numbers are a call and a put.
    prop::sample::subsequence((10_u64..30).collect::<Vec<_>>(), 0..12).prop_flat_map(|ids| {
        let slots: Vec<_> = ids
            .into_iter()
            .map(|id| {
                (any_row(id), -20_i64..20, -5_000_i128..5_000).prop_map(|(row, lots, cash)| {
                    (row, if row.is_long_only() { lots.abs() } else { lots }, cash)
                })
            })
            .collect();
        slots
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn agrees_with_the_naive_computation(account in any_account()) {
        let positions: Vec<_> = account
            .iter()
            .map(|(row, lots, cash)| position(row.instrument.get(), *lots, *cash))
            .collect();
        let rows: Vec<_> = account.iter().map(|(row, ..)| *row).collect();
        for terms in [terms(), adding_terms()] {
            let slots = positions.iter().zip(&rows);
            let margin = ScenarioMargin::assess(slots, &Reserved::NONE, &terms).unwrap();
            for level in [Level::MarginCall, Level::Maintenance, Level::Initial] {
                prop_assert_eq!(margin.balance(level), Some(naive(&account, &terms, level)));
                let short = margin.balance(level).unwrap() < I256::ZERO;
                prop_assert_eq!(margin.shortfall(level) > 0, short);
            }
            prop_assert!(margin.worst <= I256::ZERO && margin.added >= I256::ZERO);
        }
    }
}

/// Two underlyings: each has its own sums and terms, and what is asked for is the sum.
#[test]
fn underlyings_are_apart() {
    let moved = |row: &ScenarioRow| ScenarioRow { underlying: Underlying::SECOND, ..*row };
    let second =
        ScenarioTerms { initial_factor: LossFactor::new(2_000_000_000).unwrap(), ..terms() };
    let both = MarketTerms { first: terms(), second: Some(second) };
    let rows = rows();
    let of = |id: u64| rows.iter().find(|row| row.instrument.get() == id).copied().unwrap();
    let held = |first: i64, other: i64| {
        let (call, perp) = (position(CALL, first, 50), position(PERP, other, -7));
        let (call_row, perp_row) = (of(CALL), moved(&of(PERP)));
        let slots = [(&call, &call_row), (&perp, &perp_row)];
        AccountMargin::assess(slots, &Reserved::NONE, &both).unwrap()
    };
    let (margin, calls, perps) = (held(-3, 5), held(-3, 0), held(0, 5));
    assert_eq!(margin.parts()[0].worst, calls.parts()[0].worst);
    assert_eq!(margin.parts()[1].worst, perps.parts()[1].worst);
    assert_eq!((margin.parts()[0].naked, margin.parts()[1].naked), (3, 0));
    for level in [Level::Maintenance, Level::Initial] {
        let parts = margin.parts().iter().filter_map(|part| part.requirement(level));
        assert_eq!(margin.requirement(level), Some(parts.sum()));
        assert_eq!(margin.requirement(level), {
            let apart = [&calls, &perps].map(|one| one.requirement(level).unwrap());
            Some(apart[0] + apart[1])
        });
    }
    assert_eq!(margin.mark_to_market(), -3 * i128::from(of(CALL).mark().get()) + 43);
    assert_eq!(format!("{margin:?}"), "AccountMargin(..)");
    // A row of an underlying that the terms do not have, and a strike of both.
    let call = position(CALL, 1, 0);
    let row = moved(&of(CALL));
    let alone = ScenarioMargin::assess([(&call, &row)], &Reserved::NONE, &terms());
    assert_eq!(alone.err(), Some(Violation::Underlying(0)));
    let put = position(PUT, 1, 0);
    let (first, other) = (of(CALL), moved(&of(PUT)));
    let slots = [(&call, &first), (&put, &other)];
    let split = AccountMargin::assess(slots, &Reserved::NONE, &both).err();
    assert!(matches!(split, Some(Violation::Underlying(1) | Violation::Expiry(1))), "{split:?}");
    // The order of the terms counts, and one's digest is not that of two.
    let swapped = MarketTerms { first: second, second: Some(terms()) };
    let digests = [both, swapped, terms().into(), second.into()].map(|terms| terms.digest::<Fp>());
    let distinct = std::collections::BTreeSet::from(digests.map(|digest| format!("{digest:?}")));
    assert_eq!(distinct.len(), 4);
    assert_eq!(digests[2], terms().digest());
    assert_eq!((both.underlyings(), both.iter().count()), (2, 2));
    assert!(Underlying::new(2).is_err() && Underlying::new(1).unwrap().get() == 1);
}
