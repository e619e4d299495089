use super::{both, closes, named, rule};
use crate::calibration::inputs::Observation;
use crate::calibration::replay::{Plan, Replay, WINDOWS};
use crate::simulation::history::History;
use rust_decimal::Decimal;

fn run(symbol: &str, history: &History, window: usize) -> Result<Replay, String> {
    let model = rule(|_| {}).unwrap();
    let symbol = named(symbol);
    let plan = Plan {
        rule: model.calibration().unwrap(),
        denominator: model.denominator(),
        symbol: &symbol,
        instrument: model.instruments()[&symbol].calibrated.as_ref().unwrap(),
        seen: Observation {
            implied_volatility: None,
            spread: Decimal::ZERO,
            depth: Decimal::ONE,
            daily_volume: Decimal::ONE,
        },
        fixed: None,
    };
    let window = WINDOWS[window];
    plan.run(history, window.from.parse().unwrap(), window.to.parse().unwrap())
        .map_err(|error| error.to_string())
}

/// What a replay is held against.
struct Expected {
    days: usize,
    /// Lowest and highest rate, increases over 1, 5 and 30 days, in basis points.
    rule: [u32; 5],
    breaches: usize,
    bare_peak_to_trough: f64,
    bare_breaches: usize,
}

/// By `reference.py`.
#[test]
fn replays_are_those_of_other_code() {
    let first = both();
    let csv = include_str!("../../../fixtures/closes_btc_eth_2022.csv");
    let second = closes(csv, &["BTC=btc_close_usd", "ETH=eth_close_usd"]);
    let csv = include_str!("../../../fixtures/closes_btc_2025.csv");
    let third = closes(csv, &["BTC=btc_close_usd"]);
    let of = |days, rule, breaches, bare_peak_to_trough, bare_breaches| Expected {
        days,
        rule,
        breaches,
        bare_peak_to_trough,
        bare_breaches,
    };
    for (symbol, history, window, expected) in [
        ("BTC", &first, 0, of(91, [2065, 3688, 430, 1479, 1596], 1, 3.786674557070998, 2)),
        ("ETH", &first, 0, of(91, [2803, 4683, 598, 1674, 1863], 1, 3.0041161746061293, 2)),
        ("BTC", &first, 1, of(77, [2311, 2856, 175, 261, 530], 0, 1.654674215126785, 1)),
        ("ETH", &first, 1, of(77, [2942, 4170, 490, 712, 1209], 0, 2.1115656545745, 2)),
        ("BTC", &second, 2, of(78, [2004, 2498, 254, 478, 357], 0, 1.941037188867523, 2)),
        ("ETH", &second, 2, of(78, [2637, 3367, 271, 661, 569], 0, 1.9120325085117367, 2)),
        ("BTC", &third, 3, of(77, [1807, 2022, 97, 114, 141], 0, 1.656548113096854, 1)),
    ] {
        let replay = run(symbol, history, window).unwrap();
        let figures = &replay.rule;
        let rises = figures.increases.values().copied();
        let found: Vec<_> = [figures.least, figures.most].into_iter().chain(rises).collect();
        let expected_rates = expected.rule.map(|units| f64::from(units) / 10_000.0);
        for (found, expected) in found.iter().zip(expected_rates) {
            assert!((found - expected).abs() < 1e-12, "{symbol} {window}: {found} {expected}");
        }
        assert_eq!((replay.days.len(), figures.breaches), (expected.days, expected.breaches));
        let bare = &replay.bare;
        assert!((bare.peak_to_trough - expected.bare_peak_to_trough).abs() < 1e-9);
        assert_eq!(bare.breaches, expected.bare_breaches);
        assert!(figures.peak_to_trough < bare.peak_to_trough);
        assert_eq!((replay.fixed.peak_to_trough, replay.fixed_rate), (1.0, replay.days[0].rate));
    }
}

#[test]
fn days_that_closes_do_not_have_are_refused() {
    let error = run("BTC", &both(), 3).unwrap_err();
    assert_eq!(
        error,
        "BTC: the closes do not have all days from 2025-09-15 to 2025-11-30 and 251 before them"
    );
    let late = both().last(300);
    assert!(run("BTC", &late, 0).unwrap_err().contains("251 before"));
    let csv = include_str!("../../../fixtures/closes_btc_2025.csv");
    let error = run("ETH", &closes(csv, &["BTC=btc_close_usd"]), 3).unwrap_err();
    assert!(error.starts_with("ETH: there are no closes of ETH"), "{error}");
}
