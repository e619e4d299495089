//! Properties that hold for every input.

use proptest::prelude::*;

use super::*;
use crate::scenario::black76::discount_factor;
use crate::scenario::parameters::CollateralTerms;

/// Any option, extremes among them.
fn options() -> impl Strategy<Value = Black76> {
    let price = prop_oneof![Just(0.0), Just(1e-12), Just(1e15), 1.0..1e6f64];
    let strike = prop_oneof![Just(1e-12), Just(1e15), 1.0..1e6f64];
    let vol = prop_oneof![Just(0.0), Just(1e-300), Just(1e6), 0.0..5.0f64];
    let years = prop_oneof![Just(0.0), Just(1e-9), Just(50.0), 0.0..5.0f64];
    (price, strike, vol, years, -2.0..2.0f64).prop_map(|(forward, strike, vol, years, rate)| {
        let discount = discount_factor(rate, years);
        Black76 { option_type: OptionType::Call, forward, strike, vol, years, discount }
    })
}

/// Factors from nothing to the most that is allowed.
fn sizes() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1e-9), 0.0..2.0f64, Just(1e6)]
}

/// The same of either sign.
fn coefficients() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(-1e6), Just(1e6), -2.0..2.0f64]
}

fn tables() -> impl Strategy<Value = RiskTable> {
    (0usize..of_btc().count()).prop_map(|index| {
        let model = of_btc().nth(index).unwrap().model().unwrap();
        RiskTable::new(&model, &chain_market()).unwrap()
    })
}

/// The same without skew scenarios, which are not concave.
fn concave_tables() -> impl Strategy<Value = RiskTable> {
    (0usize..of_btc().count()).prop_map(|index| {
        let mut spec = of_btc().nth(index).unwrap().model().unwrap().spec().clone();
        spec.scenarios.retain(|scenario| !scenario.vol_shock_direction.is_skew());
        let model = ScenarioModel::new(spec).unwrap();
        let table = RiskTable::new(&model, &chain_market()).unwrap();
        assert!(table.is_concave());
        table
    })
}

/// Balances of a book.
fn margins(table: &RiskTable, book: &ScenarioPortfolio) -> [f64; 2] {
    let account = assess(table, &book.resolve(table).unwrap());
    [account.initial_margin, account.maintenance_margin]
}

/// `a * first + b * second`, position by position.
fn combine(
    a: f64,
    first: &ScenarioPortfolio,
    b: f64,
    second: &ScenarioPortfolio,
) -> ScenarioPortfolio {
    let mut sums = std::collections::BTreeMap::new();
    for (weight, book) in [(a, first), (b, second)] {
        for position in &book.positions {
            *sums.entry(position.instrument.clone()).or_insert(0.0) += weight * position.quantity;
        }
    }
    let position = |(instrument, quantity)| Position { instrument, quantity, unrealised: 0.0 };
    let positions = sums.into_iter().map(position).collect();
    ScenarioPortfolio { cash: a * first.cash + b * second.cash, positions, reserved: 0.0 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn options_are_valued_without_nan_and_in_bounds(call in options()) {
        let put = Black76 { option_type: OptionType::Put, ..call };
        let (c, p) = (call.value(), put.value());
        let scale = call.discount * (call.forward + call.strike);
        let slack = 1e-13 * scale;
        prop_assert!(c >= 0.0 && p >= 0.0);
        prop_assert!(c <= call.discount * call.forward + slack);
        prop_assert!(p <= call.discount * call.strike + slack);
        // Put-call parity: C - P = D (F - K).
        prop_assert!((c - p - call.discount * (call.forward - call.strike)).abs() <= slack);
        for option in [call, put] {
            let greeks = option.greeks(0.3);
            let all = [greeks.delta, greeks.vega, greeks.theta];
            prop_assert!(all.iter().all(|greek| greek.is_finite()), "{option:?} {greeks:?}");
            prop_assert!(!greeks.gamma.is_nan() && greeks.gamma >= 0.0);
        }
    }

    #[test]
    fn greeks_are_the_slopes_of_values(
        forward in 50.0..200.0f64, vol in 0.2..1.5f64, years in 0.05..2.0f64, call: bool,
    ) {
        let option_type = if call { OptionType::Call } else { OptionType::Put };
        let rate = 0.04;
        let at = |forward: f64, vol: f64, years: f64| {
            let discount = discount_factor(rate, years);
            Black76 { option_type, forward, strike: 100.0, vol, years, discount }.value()
        };
        let option = Black76 {
            option_type, forward, strike: 100.0, vol, years, discount: discount_factor(rate, years),
        };
        let greeks = option.greeks(rate);
        let h = 1e-4;
        let delta = (at(forward + h, vol, years) - at(forward - h, vol, years)) / (2.0 * h);
        let vega = (at(forward, vol + h, years) - at(forward, vol - h, years)) / (2.0 * h) / 100.0;
        let theta = (at(forward, vol, years - h) - at(forward, vol, years + h)) / (2.0 * h) / 365.0;
        let h = 1e-2;
        let sides = at(forward + h, vol, years) + at(forward - h, vol, years);
        let gamma = (sides - 2.0 * option.value()) / (h * h);
        prop_assert!((delta - greeks.delta).abs() < 1e-6, "{delta} {}", greeks.delta);
        prop_assert!((vega - greeks.vega).abs() < 1e-6, "{vega} {}", greeks.vega);
        prop_assert!((theta - greeks.theta).abs() < 1e-5, "{theta} {}", greeks.theta);
        prop_assert!((gamma - greeks.gamma).abs() < 1e-5, "{gamma} {}", greeks.gamma);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn margin_is_concave_and_homogeneous(
        table in concave_tables(),
        seed: u32,
        sizes in (1usize..40, 1usize..40),
        weight in 0.0..1.0f64,
    ) {
        // All confidences are one, so holding a perpetual makes no step.
        let mut books = Books(seed.into());
        let (first, second) = (books.book(&table, sizes.0), books.book(&table, sizes.1));
        let mixed = margins(&table, &combine(weight, &first, 1.0 - weight, &second));
        let (a, b) = (margins(&table, &first), margins(&table, &second));
        let scale = 1e8;
        for level in 0..2 {
            let line = weight * a[level] + (1.0 - weight) * b[level];
            prop_assert!(mixed[level] >= line - 1e-12 * scale, "{} < {line}", mixed[level]);
        }
        // The shipped sets ask for no less initially.
        prop_assert!(a[0] <= a[1] && b[0] <= b[1]);
        // Together is at least as good as apart: concave and homogeneous, but where a charge
        // is by size.
        if !table.terms.minimum_tiers.is_empty() {
            return Ok(());
        }
        let together = margins(&table, &combine(1.0, &first, 1.0, &second));
        let triple = margins(&table, &combine(3.0, &first, 0.0, &second));
        for level in 0..2 {
            prop_assert!(together[level] >= a[level] + b[level] - 1e-12 * scale);
            prop_assert!((triple[level] - 3.0 * a[level]).abs() <= 1e-12 * scale);
        }
    }

    #[test]
    fn the_order_of_positions_changes_no_bit(table in tables(), seed: u32, turn in 0usize..20) {
        let mut book = Books(seed.into()).book(&table, 20);
        let before = margins(&table, &book).map(f64::to_bits);
        book.positions.rotate_left(turn);
        book.positions.swap(0, 19 - turn / 2);
        prop_assert_eq!(margins(&table, &book).map(f64::to_bits), before);
    }

    #[test]
    fn extremes_give_errors_or_numbers(
        seed: u32,
        numbers in prop::collection::vec(sizes(), 24),
        signed in prop::collection::vec(coefficients(), 12),
        seconds in prop_oneof![Just(0u64), 0u64..1801, Just(1_576_800_000), 0u64..100_000_000],
        rate in prop_oneof![Just(-100.0), Just(100.0), -2.0..2.0f64],
    ) {
        let mut spec = preset("derive-test").spec().clone();
        let (mut n, mut s) = (numbers.iter().copied().cycle(), signed.iter().copied().cycle());
        let mut next = || n.next().unwrap();
        for scenario in &mut spec.scenarios {
            scenario.dampening_factor = next();
            if !scenario.vol_shock_direction.is_skew() {
                scenario.spot_shock = next();
            }
        }
        spec.vol_shock.vol_range_up = next();
        spec.vol_shock.vol_range_down = next();
        spec.vol_shock.dte_floor_days = next().min(36_500.0);
        spec.vol_shock.short_term_power = next().min(100.0);
        spec.margin.base_static_discount = next();
        spec.margin.base_static_discount_neg = next();
        spec.margin.short_rate_add_scale = next();
        let skew = spec.skew_shock.as_mut().unwrap();
        for field in [
            &mut skew.linear_scale_cap,
            &mut skew.linear_cbase,
            &mut skew.abs_scale_cap,
            &mut skew.abs_cbase,
            &mut skew.min_width_scale,
            &mut skew.vol_param_static,
            &mut skew.vol_param_scale,
        ] {
            *field = s.next().unwrap();
        }
        skew.min_k_star = next();
        let terms = CollateralTerms {
            is_risk_cancelling: true,
            mm_haircut: next(),
            im_haircut: -next(),
            confidence_factor: Some(next()),
        };
        spec.collaterals.insert(sym("COIN"), terms);
        let model = ScenarioModel::new(spec).unwrap();
        let feed = |expiry_seconds, forward| ExpiryFeed {
            expiry_seconds,
            forward,
            forward_confidence: 0.3,
            rate,
            rate_confidence: 1.0,
            vol_confidence: 0.0,
        };
        let mut instruments = std::collections::BTreeMap::new();
        for (index, strike) in [1e-12, 1.0, 100.0, 1e15].into_iter().enumerate() {
            for (kind, option_type) in [("C", OptionType::Call), ("P", OptionType::Put)] {
                let mark_vol = [0.0, 1e-12, 0.5, 1e6][(index + usize::from(kind == "P")) % 4];
                let expiry_seconds = seconds;
                let option = Instrument::Option { expiry_seconds, strike, option_type, mark_vol };
                instruments.insert(sym(&format!("{kind}{index}")), option);
            }
        }
        instruments.insert(sym("COIN"), Instrument::Collateral { price: 3.0, confidence: 0.0 });
        instruments.insert(sym("PERP"), Instrument::Perpetual { price: 0.0, confidence: 0.0 });
        let market = ScenarioMarket::new(MarketSpec {
            underlying: sym("COIN"), spot: 100.0, spot_confidence: 0.9, stable_price: 0.5,
            array_charges: None,
            feeds: vec![feed(seconds, 100.0)], instruments,
        }).unwrap();
        let Ok(table) = RiskTable::new(&model, &market) else { return Ok(()) };
        let book = Books(seed.into()).book(&table, 8);
        let report = report(&table, &book.resolve(&table).unwrap());
        prop_assert!(report.initial_margin.is_finite() && report.maintenance_margin.is_finite());
        prop_assert!(report.worst.pnl <= 0.0);
        for line in &report.scenarios {
            prop_assert!(line.pnl.is_finite());
            prop_assert!(!line.vol_shock_direction.is_skew() || line.pnl <= 0.0);
        }
    }
}
