//! The least that an account loses, and what is added to the worst loss.

use super::*;

/// More of the minimum charge counts more often: the largest of its tiers is lost.
#[test]
fn tiers_of_the_minimum_charge_are_floors_too() {
    let terms = ScenarioTerms {
        minimum: MinimumCharge { is_of_all: false, ..tiered_terms().minimum },
        basis_is_added: false,
        delta_tiers: Default::default(),
        ..tiered_terms()
    };
    let calm = ScenarioRow { scenarios: [LotValue::ZERO; SCENARIOS], ..rows()[4] };
    let worst = |lots: i64| {
        let position = position(PERP, lots, 0);
        ScenarioMargin::assess([(&position, &calm)], &Reserved::NONE, &terms).unwrap().worst
    };
    // 10 a lot: twice beyond 30, four times beyond 50, 15 times beyond 70.
    for (lots, times, less) in
        [(1_i64, 1, 0), (2, 1, 0), (4, 2, 30), (-4, 2, 30), (6, 4, 130), (8, 15, 900)]
    {
        let charge = hundredths(i128::from(1_000 * times * lots.abs())) - units(less);
        assert_eq!(worst(lots), -charge, "{lots}");
    }
}

/// A minimum charge of all is a floor under the worst loss with what is added to it.
#[test]
fn a_minimum_charge_of_all_is_none_on_top_of_what_is_added() {
    let lost = |is_of_all, perpetuals: i64, loss: i64| {
        let minimum = MinimumCharge { is_of_all, ..terms().minimum };
        let terms = ScenarioTerms {
            minimum,
            delta_tiers: [
                DeltaTier { from: AccountUnits::ZERO, rate: rate_of(6) },
                DeltaTier::default(),
            ],
            ..terms()
        };
        let kind = RowKind::Perpetual { options_fee: LotFee::ZERO };
        let row = ScenarioRow { delta: value(100), ..row(PERP, kind, &[(0, -loss)]) };
        let position = position(PERP, perpetuals, 0);
        let margin = ScenarioMargin::assess([(&position, &row)], &Reserved::NONE, &terms).unwrap();
        margin.added - margin.worst
    };
    // 6 of each lot are added; the minimum charge is 10.
    let (added, minimum) = (hundredths(1_200), hundredths(2_000));
    for (loss, of_worst, of_all) in [
        (0, added + minimum, minimum),
        (3, added + minimum, minimum),
        (5, added + minimum, added + units(10)),
        (11, added + units(22), added + units(22)),
    ] {
        assert_eq!([lost(false, 2, loss), lost(true, 2, loss)], [of_worst, of_all], "{loss}");
    }
}

/// What the net deltas of expiries are charged, less what the account's is: the smaller
/// side, twice.
#[test]
fn a_rate_below_zero_leaves_what_stands_against_another_expiry() {
    let with = |instrument, key, delta: i64| {
        let kind = RowKind::Future { group: group(1), basis: [value(delta), value(-delta)] };
        let row = ScenarioRow { delta: value(delta), ..row(instrument, kind, &[]) };
        let kind = RowKind::Future {
            group: GroupTerms {
                key: ExpiryKey::new(key).unwrap(),
                basis_weight: percent(50),
                ..group(1)
            },
            basis: [value(delta), value(-delta)],
        };
        ScenarioRow { kind, ..row }
    };
    let rows = [with(FUTURE, 1, 100), with(FUTURE + 2, 2, 100), with(FUTURE + 4, 3, 100)];
    let terms = ScenarioTerms { minimum: MinimumCharge::default(), ..tiered_terms() };
    let added = |lots: [i64; 3]| {
        let positions: Vec<_> = rows
            .iter()
            .zip(lots)
            .map(|(row, lots)| position(row.instrument.get(), lots, 0))
            .collect();
        ScenarioMargin::assess(positions.iter().zip(&rows), &Reserved::NONE, &terms).unwrap().added
    };
    for (lots, spreads) in [
        ([3, 0, 0], 0),
        ([-3, -2, -1], 0),
        ([3, -3, 0], 3),
        ([5, -3, 1], 3),
        ([-5, 2, 1], 3),
        ([-5, 9, 1], 5),
    ] {
        assert_eq!(added(lots), hundredths(100 * 100 * spreads), "{lots:?}");
    }
}
