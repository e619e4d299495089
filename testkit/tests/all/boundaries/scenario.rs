//! The scenario family's boundaries.

use pasta_curves::Fp;
use zkmargin_circuits::scenario::Assignment;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{
    FINE_ONE, Fine, I256, LotFee, MinimumCharge, RowKind, SCENARIOS, ScenarioMargin, ScenarioRow,
    ScenarioTerms,
};

use super::{breaks_only, broken};
use crate::common::scenario::*;
use crate::common::{at_least, below};

const LEVELS: [Level; 3] = [Level::MarginCall, Level::Maintenance, Level::Initial];

#[track_caller]
fn verdict<F: MarginField>(case: &ScenarioCase<F>) -> Result<(), Violation> {
    let circuit = broken(k::<F>(case.shape), &case.circuit(), &case.public_rows());
    assert_eq!(case.check().is_ok(), circuit.is_empty(), "{:?}: {circuit:?}", case.check());
    case.check()
}

/// The account's exact shortfall is what the circuit says it is, at these
/// levels: what is disclosed has to be it to the unit.
#[track_caller]
fn exact<F: MarginField>(market: &ScenarioMarket<F>, positions: &[Position], levels: &[Level]) {
    let margin = market.margin(positions);
    for level in levels {
        let shortfall = margin.shortfall(*level);
        assert!(shortfall > 1, "nothing is disclosed of an account above the level");
        assert_eq!(verdict(&market.case(positions, below(*level), shortfall)), Ok(()));
    }
}

/// Rows without charges and without values but those that are given.
fn plain(change: impl Fn(&mut ScenarioRow)) -> Vec<ScenarioRow> {
    let mut rows = rows();
    for row in &mut rows {
        row.charges = charges(0, 0);
        row.scenarios = [value(0); SCENARIOS];
        change(row);
    }
    rows
}

fn no_minimum() -> ScenarioTerms {
    ScenarioTerms { minimum: MinimumCharge::default(), ..terms() }
}

fn minimum(net: u64, half_hedged: u64, short_fee: u64) -> ScenarioTerms {
    let part = |percent: u64| Fine::new(FINE_ONE / 100 * percent).unwrap();
    let short_fee = LotFee::new(short_fee).unwrap();
    let (net, half_hedged) = (part(net), part(half_hedged));
    let minimum = MinimumCharge { net, half_hedged, short_fee, is_of_all: false };
    ScenarioTerms { minimum, ..terms() }
}

/// Every scenario is the worst once, the last ones too: of options and of what
/// is none.
fn each_scenario<F: MarginField>() {
    for scenario in 0..SCENARIOS {
        let rows = plain(|row| {
            let is_option = row.is_option();
            row.scenarios = [value(if is_option { 5_000 } else { 10 }); SCENARIOS];
            row.scenarios[scenario] = value(if is_option { 100 } else { -700 });
            if scenario >= 40 && is_option {
                // A skew scenario is charged either way it moves.
                row.scenarios[scenario] = value(20_000);
            }
        });
        let market = ScenarioMarket::<F>::of(rows, no_minimum());
        for lots in [&[(CALL, 10)][..], &[(PERP, 10)]] {
            let positions = book(-1_000_000, lots);
            let margin = market.margin(&positions);
            assert_eq!(margin.worst, margin.scenario_pnl[scenario], "{scenario} {lots:?}");
            assert!(margin.worst < I256::ZERO);
            exact(&market, &positions, &[Level::Initial]);
        }
    }
}

#[test]
fn each_scenario_is_the_worst() {
    each_scenario::<Fp>();
    if std::env::var("ZKMARGIN_HARNESS").is_ok_and(|mode| mode == "long") {
        each_scenario::<Bn254Fr>();
    }
}

/// The minimum charge is the worst, and each of its parts all of it: of the net
/// delta, of what is hedged, of naked shorts; and all of them at once.
fn each_part_of_the_minimum<F: MarginField>() {
    let all: &[(u64, i64)] = &[(CALL, -7), (FUTURE, 30), (PERP, 100), (PERP2, -60)];
    let hedged: &[(u64, i64)] = &[(PERP, 100), (PERP2, -100)];
    let cases: [(ScenarioTerms, &[(u64, i64)]); 8] = [
        (minimum(5, 0, 0), &[(PERP, 100)]),
        (minimum(5, 0, 0), &[(PERP, -100)]),
        (minimum(0, 1, 0), hedged),
        (minimum(5, 1, 0), hedged),
        (minimum(1, 3, 0), all),
        (minimum(0, 0, 900), &[(CALL, -7), (PUT, 2)]),
        (minimum(5, 1, 25), all),
        (minimum(2, 1, 25), &[(CALL2, 11), (PUT2, -12), (PERP, -3)]),
    ];
    for (terms, lots) in cases {
        let rows = plain(|row| {
            if let RowKind::Option { mark, .. } = &mut row.kind {
                row.scenarios = [*mark; SCENARIOS];
            }
        });
        // Dampening of one: the values' moves are nothing but the discounts'.
        let market = ScenarioMarket::<F>::of(without_discounts(rows), even(terms));
        let positions = book(-1_000_000, lots);
        let margin = market.margin(&positions);
        assert_eq!(margin.worst, -margin.minimum, "{lots:?}");
        assert!(margin.minimum > I256::ZERO);
        exact(&market, &positions, &[Level::Maintenance, Level::Initial]);
    }
}

/// Rows whose values count for themselves, and whose basis does not move.
fn without_discounts(mut rows: Vec<ScenarioRow>) -> Vec<ScenarioRow> {
    let one = Fine::new(FINE_ONE).unwrap();
    for row in &mut rows {
        if let RowKind::Option { group, basis, .. } | RowKind::Future { group, basis } =
            &mut row.kind
        {
            (group.long_discount, group.short_discount) = (one, one);
            *basis = [value(0); 2];
        }
    }
    rows
}

/// Terms that dampen nothing.
fn even(terms: ScenarioTerms) -> ScenarioTerms {
    ScenarioTerms { dampening: [Fine::new(FINE_ONE).unwrap(); SCENARIOS], ..terms }
}

#[test]
fn each_part_of_the_minimum_charge_is_the_worst() {
    each_part_of_the_minimum::<Fp>();
    each_part_of_the_minimum::<Bn254Fr>();
}

/// The basis loss is the worst, up and down, in the first expiry, the last, and
/// in all.
fn the_basis<F: MarginField>() {
    let [third, fourth, _] = OTHERS;
    for (up, down) in [(9_000, -100), (100, -9_000)] {
        let mut rows = without_discounts(plain(|row| {
            if let RowKind::Option { mark, .. } = &mut row.kind {
                row.scenarios = [*mark; SCENARIOS];
            }
        }));
        for row in &mut rows {
            if let RowKind::Option { basis, .. } | RowKind::Future { basis, .. } = &mut row.kind {
                *basis = [value(up), value(down)];
            }
        }
        let market = ScenarioMarket::<F>::of(rows, even(no_minimum()));
        for lots in [
            &[(CALL, 3)][..],
            &[(CALL, -3)],
            &[(fourth, 3)],
            &[(CALL, 3), (FAR_CALL, -4), (FUTURE, 5), (third, -6), (fourth, 7)],
        ] {
            let positions = book(-1_000_000, lots);
            let margin = market.margin(&positions);
            assert_eq!(margin.worst, margin.basis, "{lots:?}");
            assert!(margin.basis < I256::ZERO);
            exact(&market, &positions, &[Level::Initial]);
        }
    }
}

#[test]
fn the_basis_loss_is_the_worst() {
    the_basis::<Fp>();
    the_basis::<Bn254Fr>();
}

/// What is added to the worst loss: the basis of the first expiry, the last and all;
/// each tier at its threshold, one below and one beyond; all at once.
fn what_is_added<F: MarginField>() {
    let [third, fourth, _] = OTHERS;
    let tier = |from, rate| delta_tier((from, rate));
    let none = tier(0, 0);
    let rows = || plain(|row| row.delta = value(if row.is_option() { 500 } else { -1_000 }));
    let lots = [(CALL, 3), (FAR_CALL, -4), (FUTURE, 5), (third, -6), (fourth, 7), (PERP, -9)];
    // Long 1,500 and 3,500 and 9,000, short 2,000 and 5,000 and 3,000.
    let net = 4_000;
    for (basis_is_added, tiers, expected) in [
        (false, [none, none], 0),
        (false, [tier(net, 7), tier(net - 1, 11)], 11),
        (false, [tier(net - 2, 7), tier(net + 1, 11)], 2 * 7),
        (false, [tier(0, 1), tier(1_000, 2)], 4_000 + 6_000),
        (false, [tier(0, 3), tier(1_000, -2)], 12_000 - 6_000),
        (true, [none, none], 0),
        (true, [tier(0, 1), tier(3_999, 2)], 4_000 + 2),
        (true, [tier(0, -1), tier(3_999, 2)], -4_000 + 2),
    ] {
        let terms = ScenarioTerms { basis_is_added, delta_tiers: tiers, ..no_minimum() };
        let market = ScenarioMarket::<F>::of(rows(), terms);
        let positions = book(-1_000_000, &lots);
        let margin = market.margin(&positions);
        let basis = if basis_is_added { -margin.basis } else { I256::ZERO };
        let expected: i64 = expected;
        assert!(margin.basis < I256::ZERO);
        assert_eq!(margin.added - basis, I256::from(FINE_ONE / 100) * I256::from(expected));
        exact(&market, &positions, &[Level::Maintenance, Level::Initial]);
        let short: Vec<_> = lots.iter().map(|(id, lots)| (*id, -lots)).collect();
        exact(&market, &book(-1_000_000, &short), &[Level::Initial]);
    }
}

#[test]
fn what_is_added_counts_to_the_unit() {
    what_is_added::<Fp>();
    what_is_added::<Bn254Fr>();
}

/// A relief of every scenario that can have one: a part of the loss, all of it, more
/// than all of it.
#[test]
fn reliefs_are_of_losses_alone() {
    for scenario in [32, 33, 39] {
        let rows = plain(|row| row.scenarios[scenario] = value(-700));
        for relief in [1, 6_999, 7_000, 7_001] {
            let mut terms = no_minimum();
            terms.reliefs = Default::default();
            terms.reliefs[scenario - 32] = account_units(relief);
            let market = ScenarioMarket::<Bn254Fr>::of(rows.clone(), terms);
            let positions = book(-1_000_000, &[(PERP, 10)]);
            let left = i128::from(7_000_u64.saturating_sub(relief));
            let margin = market.margin(&positions);
            assert_eq!(margin.worst, -I256::from(FINE_ONE) * I256::from(left));
            exact(&market, &positions, &[Level::Initial]);
        }
    }
}

/// Tiers of the minimum charge: at the threshold of each, one lot below and beyond; as a
/// floor under the worst loss and under all.
fn tiers_of_the_minimum<F: MarginField>() {
    let rows = || plain(|row| row.delta = value(100 * i64::from(row.instrument.get() == PERP)));
    let lost = |is_of_all, lots: i64, loss: i64| {
        let mut terms = minimum(10, 0, 0);
        terms.minimum.is_of_all = is_of_all;
        terms.minimum_times = times([2, 7, 15]);
        terms.reliefs = Default::default();
        for (relief, less) in terms.reliefs.iter_mut().rev().zip([1_320, 520, 70]) {
            *relief = account_units(less);
        }
        terms.delta_tiers = [(0, 4), (0, 0)].map(delta_tier);
        let mut rows = rows();
        let perpetual = rows.iter_mut().find(|row| row.instrument.get() == PERP).unwrap();
        perpetual.scenarios[3] = value(-loss);
        let market = ScenarioMarket::<F>::of(rows, terms);
        let positions = book(-1_000_000, &[(PERP, lots)]);
        exact(&market, &positions, &[Level::Maintenance, Level::Initial]);
        let margin = market.margin(&positions);
        margin.added - margin.worst
    };
    let hundredths = |number: i128| I256::from(FINE_ONE / 100) * I256::from(number);
    let units = |number: i128| I256::from(FINE_ONE) * I256::from(number);
    // 10 a lot once: twice beyond 70, seven times beyond 90, 15 times beyond 100. A hundredth
    // is a little less, so a threshold itself is in the tier before.
    let tiers = [(1, 0), (2, 70), (7, 520), (15, 1_320)];
    for (lots, tier) in [(6, 0), (7, 0), (8, 1), (9, 1), (10, 2), (11, 3), (40, 3)] {
        let once = hundredths(100 * 10 * i128::from(lots));
        let of = |(times, less): (u64, i128)| I256::from(times) * once - units(less);
        let charge = of(tiers[tier]);
        assert!(tiers.into_iter().all(|tier| of(tier) <= charge), "{lots}");
        let added = hundredths(100 * 4 * i128::from(lots));
        assert_eq!(lost(false, lots, 0), charge + added, "{lots}");
        assert_eq!(lost(true, lots, 0), charge, "{lots}");
        // A loss that with what is added is just above the charge of all.
        let loss = (charge / units(1)).as_i64() / lots + 1;
        let all = units(i128::from(loss * lots)) + added;
        assert_eq!(lost(true, lots, loss), all.max(charge), "{lots}");
    }
}

#[test]
fn tiers_of_the_minimum_charge_turn_at_their_thresholds() {
    tiers_of_the_minimum::<Fp>();
    tiers_of_the_minimum::<Bn254Fr>();
}

/// Every level turns at one unit of cash, of a full account and of a small one.
fn levels<F: MarginField>() {
    let market = ScenarioMarket::<F>::over_field();
    for positions in [every_slot(), poor()] {
        let with = |cash: i128| {
            let mut positions = positions.clone();
            let own = positions[0].cash.get() + cash;
            positions[0].cash = zkmargin_margin::units::Amount::new(own).unwrap();
            positions
        };
        let missing = |margin: &ScenarioMargin, level| {
            let one = I256::from(FINE_ONE) * I256::from(zkmargin_margin::scenario::FACTOR_ONE);
            // The least cash at which the balance is not negative.
            let balance: I256 = margin.balance(level).unwrap();
            -balance.div_euclid(one).as_i128()
        };
        for level in LEVELS {
            let needed = missing(&market.margin(&positions), level);
            let check = |cash: i128, claim: Claim, disclosed: u128| {
                verdict(&market.case(&with(cash), claim, disclosed))
            };
            assert_eq!(check(needed, at_least(level), 0), Ok(()), "{level:?}");
            assert!(check(needed, below(level), 0).is_err());
            assert!(check(needed - 1, at_least(level), 0).is_err());
            assert_eq!(check(needed - 1, below(level), 1), Ok(()));
        }
    }
}

#[test]
fn levels_turn_at_one_unit_of_cash() {
    levels::<Fp>();
    if std::env::var("ZKMARGIN_HARNESS").is_ok_and(|mode| mode == "long") {
        levels::<Bn254Fr>();
    }
}

type Lie<F> = fn(&mut Assignment<F>, usize);

/// The same lie about every slot, the last too.
fn lies_of_slots<F: MarginField>() {
    let case = ScenarioMarket::<F>::over_field().case(&every_slot(), at_least(Level::Initial), 0);
    assert_eq!(verdict(&case), Ok(()));
    let lies: [(Lie<F>, &str); 6] = [
        (|a, i| a.slots[i].values[14] += F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].charges -= F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].delta += F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].group += F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].options_fee += F::ONE, "M3 row: hash"),
        (|a, i| a.slots[i].path[6][3] += F::ONE, "M3 row: hash"),
    ];
    for slot in [0, 3, 7] {
        for (lie, name) in lies {
            let circuit = case.lie(|a| {
                lie(a, slot);
                a.solve();
            });
            let broken = broken(k::<F>(case.shape), &circuit, &case.public_rows());
            let mark = format!("slot {slot}: {name}");
            assert!(
                broken.iter().any(|b| b.starts_with(&mark) || b.starts_with("market: equality")),
                "{mark}: {broken:?}"
            );
        }
    }
    // A shortfall's slack may be nothing, but not its divisor.
    let positions = book(-1_000_000, &[(CASH, 1)]);
    let market = ScenarioMarket::<F>::over_field();
    let case = market.case(&positions, below(Level::MarginCall), 0);
    assert_eq!(verdict(&case), Ok(()));
    let circuit = case.lie(|a| {
        assert_eq!(a.totals.slack, F::ZERO);
        a.totals.slack = F::from(FINE_ONE) * F::from(1_000_000_000) * F::from(10_000);
        a.totals.shortfall += F::ONE;
    });
    let broken = broken(k::<F>(case.shape), &circuit, &case.public_rows());
    breaks_only(&broken, "outcome: M6 slack below its divisor");
}

#[test]
fn lies_are_refused_in_the_first_and_the_last_slot() {
    lies_of_slots::<Fp>();
    lies_of_slots::<Bn254Fr>();
}

/// Each expiry's figures, the last one's too: one more or less in any sum, fee,
/// loss or sign is refused where it says.
fn lies_of_expiries<F: MarginField>() {
    let case = ScenarioMarket::<F>::over_field().case(&every_slot(), at_least(Level::Initial), 0);
    let lies: [(Lie<F>, &str); 6] = [
        (|a, i| a.expiries[i].basis_loss += F::ONE, "M5 basis loss"),
        (|a, i| a.expiries[i].basis_loss -= F::ONE, "M5 basis loss"),
        (|a, i| a.expiries[i].fee += F::ONE, "M5 fee"),
        (|a, i| a.expiries[i].fee -= F::ONE, "M5 fee"),
        (
            |a, i| a.expiries[i].skew_is_negative[1] = F::ONE - a.expiries[i].skew_is_negative[1],
            "M5 absolute skew",
        ),
        (|a, i| a.expiries[i].sums[44].magnitude += F::ONE, "equality"),
    ];
    for expiry in 0..case.shape.scenario_expiries() {
        for (lie, name) in lies {
            let circuit = case.lie(|a| {
                lie(a, expiry);
                a.solve_claim();
            });
            let broken = broken(k::<F>(case.shape), &circuit, &case.public_rows());
            let mark = format!("expiry {expiry} losses: {name}");
            assert!(broken.iter().any(|b| b.starts_with(&mark)), "{mark}: {broken:?}");
        }
    }
}

#[test]
fn lies_are_refused_in_the_first_and_the_last_expiry() {
    lies_of_expiries::<Fp>();
}
