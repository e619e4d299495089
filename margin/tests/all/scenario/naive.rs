//! A second, naive computation of the same figures.

use std::collections::BTreeMap;

use super::*;

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
    let naked = strikes.values().fold(I256::ZERO, |sum, net| sum + (-*net).max(I256::ZERO));
    let deltas = || all().map(|(row, a)| a * num(row.delta.get()));
    let long = deltas().fold(I256::ZERO, |sum, delta| sum + delta.max(I256::ZERO));
    let short = deltas().fold(I256::ZERO, |sum, delta| sum + (-delta).max(I256::ZERO));
    let minimum = &terms.minimum;
    let once = (long - short).abs() * I256::from(minimum.net.get())
        + long.min(short) * 2 * I256::from(minimum.half_hedged.get())
        + naked * I256::from(minimum.short_fee.get()) * fine;
    let mut basis = I256::ZERO;
    for (key, group) in &expiries {
        let up = of(*key, false, &|row| row.basis()[0].get());
        let down = of(*key, false, &|row| row.basis()[1].get());
        basis += up.min(down).min(I256::ZERO) * I256::from(group.basis_weight.get());
    }
    let mut added = if terms.basis_is_added { -basis } else { I256::ZERO };
    for tier in &terms.delta_tiers {
        let beyond = (long - short).abs() - I256::from(tier.from.get());
        added += beyond.max(I256::ZERO) * I256::from(tier.rate.get());
    }
    // What is lost in all, by each of the candidates.
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
        let mut beside = added;
        if (32..40).contains(&s) {
            pnl += fine * I256::from(terms.reliefs[s - 32].get());
            pnl -= once * I256::from(terms.minimum_times[s - 32].get());
            if minimum.is_of_all {
                beside = I256::ZERO;
            }
        }
        losses.push(pnl - beside);
    }
    losses.push(if terms.basis_is_added { -added } else { basis - added });
    losses.push(if minimum.is_of_all { -once } else { -once - added });
    let worst = losses.into_iter().min().unwrap();
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
        for terms in [terms(), adding_terms(), tiered_terms()] {
            let slots = positions.iter().zip(&rows);
            let margin = ScenarioMargin::assess(slots, &Reserved::NONE, &terms).unwrap();
            for level in [Level::MarginCall, Level::Maintenance, Level::Initial] {
                prop_assert_eq!(margin.balance(level), Some(naive(&account, &terms, level)));
                let short = margin.balance(level).unwrap() < I256::ZERO;
                prop_assert_eq!(margin.shortfall(level) > 0, short);
            }
            prop_assert!(margin.worst <= I256::ZERO);
        }
    }
}
