use zkmargin_margin::ids::Epoch;

use super::{named, rule, snapshot};
use crate::calibration::numbers::Held;
use crate::market::calibration::calibrate;

/// Tool, instrument, implied volatility, the rates asked for, and in basis points.
type Case = (&'static str, &'static str, Option<&'static str>, [f64; 3], [u32; 3]);

/// By `reference.py`.
const CASES: [Case; 8] = [
    (
        "stressed-observations",
        "BTC",
        None,
        [0.27444604302610676, 0.4172841951154556, 0.6574607559172978],
        [2745, 4173, 6575],
    ),
    (
        "stressed-observations",
        "BTC",
        Some("1.25"),
        [0.31073847360296614, 0.4724945696565261, 0.7440310836798436],
        [3108, 4725, 7441],
    ),
    (
        "buffer",
        "BTC",
        None,
        [0.18253402035130242, 0.26563925920450737, 0.3914645966845804],
        [1826, 2657, 3915],
    ),
    (
        "buffer",
        "BTC",
        Some("1.25"),
        [0.2170724127159849, 0.3201415480323029, 0.48097846882922224],
        [2171, 3202, 4810],
    ),
    (
        "stressed-observations",
        "ETH",
        None,
        [0.36419017962542355, 0.5621642911639385, 0.9064201657028916],
        [3642, 5622, 9000],
    ),
    // Above its implied volatility.
    (
        "stressed-observations",
        "ETH",
        Some("1.25"),
        [0.36419017962542355, 0.5621642911639385, 0.9064201657028916],
        [3642, 5622, 9000],
    ),
    (
        "buffer",
        "ETH",
        None,
        [0.2533832025993319, 0.37272429276100366, 0.5578477924614276],
        [2534, 3728, 5579],
    ),
    (
        "buffer",
        "ETH",
        Some("1.25"),
        [0.2533832025993319, 0.37272429276100366, 0.5578477924614276],
        [2534, 3728, 5579],
    ),
];

#[test]
fn rates_are_those_of_other_code() {
    for (tool, symbol, implied, asked, units) in CASES {
        let model = rule(|json| {
            if tool == "buffer" {
                json["calibration"]["procyclicality"] =
                    serde_json::json!({ "tool": "buffer", "part": 0.25 });
                for symbol in ["BTC", "ETH"] {
                    let instrument = &mut json["instruments"][symbol]["calibrated"];
                    instrument.as_object_mut().unwrap().remove("stress_return");
                }
            }
            if implied.is_none() {
                json["calibration"]["volatility"]["implied"] = "ignored".into();
            }
        })
        .unwrap();
        let snapshot = snapshot(|json| {
            let seen = &mut json["calibration"]["observations"][symbol];
            seen["implied_volatility"] = implied.unwrap_or("20").into();
        });
        let numbers = calibrate(&model, &snapshot, Epoch::new(1)).unwrap();
        let instrument = &numbers[&named(symbol)];
        let tiers = &instrument.found.as_ref().unwrap().tiers;
        for ((tier, asked), units) in tiers.iter().zip(asked).zip(units) {
            assert!((tier.asked - asked).abs() < 1e-12, "{tool} {symbol} {tier:?} {asked}");
            assert_eq!(tier.rate.over(model.denominator()).unwrap().get(), units);
            let is_capped = units == 9000;
            assert_eq!(tier.held, if is_capped { Held::Cap } else { Held::Free });
        }
        assert_eq!(tiers.len(), 3);
    }
}

#[test]
fn a_floor_of_ten_years_reads_ten_years() {
    let model = rule(|json| {
        json["calibration"]["procyclicality"] =
            serde_json::json!({ "tool": "floor", "days": 3650 });
        for symbol in ["BTC", "ETH"] {
            let instrument = &mut json["instruments"][symbol]["calibrated"];
            instrument.as_object_mut().unwrap().remove("stress_return");
        }
    })
    .unwrap();
    let error = calibrate(&model, &snapshot(|_| {}), Epoch::new(1)).unwrap_err().to_string();
    assert_eq!(error, "BTC: the rule reads 3651 days of closes, there are 251");
    // Ten years that alternate by 1 %, but for the last year, which does so by 0.1 %: the
    // floor is the volatility of ten years.
    let first = 18_808 - 3_650;
    let days: Vec<u32> = (first..first + 3_651).collect();
    let close = |day: &u32| {
        let size = if *day < 18_809 - 365 { 0.01 } else { 0.001 };
        if day.is_multiple_of(2) { 1000.0 } else { 1000.0 * (1.0 + size) }
    };
    let rows: Vec<_> = days.iter().map(|day| vec![close(day), close(day)]).collect();
    let names: Vec<_> = days.iter().map(ToString::to_string).collect();
    let history = serde_json::json!({ "symbols": ["BTC", "ETH"], "days": names, "closes": rows });
    let snapshot = snapshot(|json| {
        json["calibration"]["history"] = history;
        json["calibration"]["observations"]["BTC"]["implied_volatility"] = "0.01".into();
        json["calibration"]["observations"]["BTC"]["spread"] = "0".into();
        json["calibration"]["observations"]["ETH"]["spread"] = "0".into();
    });
    let numbers = calibrate(&model, &snapshot, Epoch::new(1)).unwrap();
    let found = numbers[&named("BTC")].found.as_ref().unwrap();
    // sqrt((3285 ln(1.01)^2 + 365 ln(1.001)^2) / 3649), but for a mean of nearly zero
    // and the return between the two sizes.
    let squares = 3_285.0 * 1.01_f64.ln().powi(2) + 365.0 * 1.001_f64.ln().powi(2);
    let expected = (squares / 3_649.0).sqrt();
    assert!((found.volatilities.level / expected - 1.0).abs() < 1e-3);
    assert!((found.volatilities.weighted - 1.001_f64.ln()).abs() < 1e-5);
    let asked = (3.0 * found.volatilities.level).exp() - 1.0;
    assert!((found.tiers[0].asked - asked).abs() < 1e-12);
    assert!(found.tiers[0].bare < 0.0035 && found.tiers[0].held == Held::Floor);
}
