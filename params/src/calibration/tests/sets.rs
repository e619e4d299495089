//! Scenario sets whose ranges follow the market. The closes are real; those of ETH stand in
//! for a series of volatilities, and for a far expiry, as `reference.py` has it.

use pasta_curves::Fp;
use serde_json::{Value, json};
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::market::snapshot_leaf;

use super::{NOON, both, named};
use crate::calibration::numbers::Held;
use crate::calibration::rule::TEN_YEARS;
use crate::import::deribit::option_chain;
use crate::market::calibration::numbers_of;
use crate::market::scenario::Market;
use crate::market::scenario::calibration::{calibrate, model_of};
use crate::market::{MarketFileError, ScenarioMarketFile};
use crate::scenario::{RiskTable, ScenarioModel, ScenarioSnapshot, parameters};

fn rule(edit: impl FnOnce(&mut Value)) -> Result<ScenarioModel, String> {
    let preset = parameters::by_name("span-dynamic").unwrap();
    let mut value = serde_json::from_str(preset.json).unwrap();
    edit(&mut value);
    ScenarioModel::from_json(&value.to_string()).map_err(|error| error.to_string())
}

/// With a charge on expiries that follows a far one.
fn with_expiries(json: &mut Value) {
    json["expiry_roll"] = json!({ "minimum_move": 0.01, "annual_rate": 0.05 });
    json["calibration"]["expiry_range"] =
        json!({ "closes": "BTC-FAR", "stress_return": 0.03, "floor": "0.005", "cap": "0.15" });
}

/// A real chain, its time that of the closes.
fn snapshot(edit: impl FnOnce(&mut Value)) -> ScenarioSnapshot {
    let lot = |text: &str| text.parse().unwrap();
    let chain = option_chain(zkmargin_examples::CHAIN_BTC).unwrap();
    let chain = chain.snapshot(lot("0.1"), lot("0.0001")).unwrap();
    let mut value = serde_json::to_value(&chain).unwrap();
    value["timestamp"] = NOON.into();
    let mut history = serde_json::to_value(both().last(251)).unwrap();
    history["symbols"] = json!(["BTC", "BTC-VOL", "BTC-FAR"]);
    for row in history["closes"].as_array_mut().unwrap() {
        let far = row[1].clone();
        row.as_array_mut().unwrap().push(far);
    }
    value["calibration"] = json!({
        "history": history,
        "observations": { "BTC": {
            "implied_volatility": "0.6", "spread": "0.0004", "depth": "8000000",
            "daily_volume": "9000000000",
        } },
    });
    edit(&mut value);
    ScenarioSnapshot::from_json(&value.to_string()).unwrap()
}

fn rates(model: &ScenarioModel, snapshot: &ScenarioSnapshot, symbol: &str) -> Vec<(String, Held)> {
    let found = calibrate(model, snapshot, Epoch::new(7)).unwrap().remove(&named(symbol)).unwrap();
    let tiers = found.found.unwrap().tiers;
    tiers.iter().map(|tier| (tier.rate.to_string(), tier.held)).collect()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

fn owned(expected: &[(&str, Held)]) -> Vec<(String, Held)> {
    expected.iter().map(|(rate, held)| ((*rate).to_owned(), *held)).collect()
}

#[test]
fn ranges_are_those_of_other_code_and_move_the_scenarios() {
    let (model, snapshot) = (rule(with_expiries).unwrap(), snapshot(|_| {}));
    let price = [("0.274447", Held::Free), ("0.417285", Held::Free), ("0.45", Held::Cap)];
    assert_eq!(rates(&model, &snapshot, "BTC"), owned(&price));
    assert_eq!(rates(&model, &snapshot, "BTC-VOL"), owned(&[("0.385904", Held::Free)]));
    // sqrt(s^2 + t^2 - 2 c s t): the volatility of the ratio.
    assert_eq!(rates(&model, &snapshot, "BTC-FAR"), owned(&[("0.138829", Held::Free)]));
    let numbered = model_of(&model, &snapshot, Epoch::new(7)).unwrap();
    let spec = numbered.spec();
    assert!(spec.calibration.is_none());
    // Moves of 5, 10, 15 and 30 % at a range of 15 % are a third, two thirds, one and two.
    let shocks: Vec<f64> = spec.scenarios.iter().skip(2).step_by(2).map(|s| s.spot_shock).collect();
    let range = 0.274_447;
    let expected = [1.0, -1.0, 2.0, -2.0, 3.0, -3.0].map(|thirds| 1.0 + range * thirds / 3.0);
    assert!(shocks.iter().zip(expected).all(|(a, b)| near(*a, b)), "{shocks:?}");
    assert!(near(spec.scenarios[14].spot_shock, 1.0 + 2.0 * range));
    assert!(near(spec.scenarios[15].spot_shock, 1.0 - 2.0 * range));
    assert_eq!(spec.scenarios[0].spot_shock, 1.0);
    let vol = &spec.vol_shock;
    assert_eq!(vol.vol_range_up, 0.385_904);
    assert!(near(vol.vol_range_down, 0.385_904 / 1.385_904));
    assert_eq!(spec.expiry_roll.unwrap().minimum_move, 0.138_829);
    // Twice 8 million of depth; what two and four days cost more.
    let tiers: Vec<_> = spec.delta_tiers.iter().map(|tier| (tier.from, tier.rate)).collect();
    assert_eq!(tiers, [(16e6, 0.142_838), (64e6, 0.032_715)]);
}

#[test]
fn extremes_of_the_set_stand() {
    let model = rule(|json| json["calibration"]["price_range"]["scaled_up_to"] = 0.15.into());
    let numbered = model.unwrap();
    let numbered = model_of(&numbered, &snapshot(|_| {}), Epoch::new(1)).unwrap().into_owned();
    let spec = numbered.spec();
    assert_eq!((spec.scenarios[14].spot_shock, spec.scenarios[15].spot_shock), (1.3, 0.7));
    assert!(near(spec.scenarios[10].spot_shock, 1.274_447));
}

#[test]
fn ranges_and_capacities_move_by_steps_from_the_epoch_before() {
    let model = rule(|_| {}).unwrap();
    let snapshot = snapshot(|json| {
        json["calibration"]["previous"] = json!({
            "epoch": 6, "market_root": format!("0x{}", "0".repeat(64)),
            "numbers": {
                "BTC": { "capacity": "40000001", "rates": ["0.2", "0.3", "0.4"] },
                "BTC-VOL": { "capacity": "0", "rates": ["0.9"] },
            },
        });
    });
    let price = [("0.23", Held::Rise), ("0.345", Held::Rise), ("0.45", Held::Cap)];
    assert_eq!(rates(&model, &snapshot, "BTC"), owned(&price));
    // 0.9 * 0.95.
    assert_eq!(rates(&model, &snapshot, "BTC-VOL"), owned(&[("0.855", Held::Fall)]));
    let found = calibrate(&model, &snapshot, Epoch::new(7)).unwrap();
    assert_eq!(found[&named("BTC")].numbers.capacity.to_string(), "30000000");
    let error = calibrate(&model, &snapshot, Epoch::new(6)).unwrap_err().to_string();
    assert!(error.contains("6 is not before 6"), "{error}");
}

#[test]
fn a_root_is_of_the_rule_and_binds_what_its_ranges_follow_from() {
    let (model, first) = (rule(|_| {}).unwrap(), snapshot(|_| {}));
    let (file, market) = ScenarioMarketFile::build::<Fp>(&model, &first, Epoch::new(1)).unwrap();
    assert_eq!(market.header().model, model.digest());
    let numbered = model_of(&model, &first, Epoch::new(1)).unwrap();
    assert_eq!(
        (market.only().unwrap().model(), numbered.digest() != model.digest()),
        (&*numbered, true)
    );
    let fixed = Market::<Fp>::build(&numbered, &first, Epoch::new(1)).unwrap();
    assert_eq!((market.rows(), market.terms()), (fixed.rows(), fixed.terms()));
    assert_ne!(market.root(), fixed.root());
    // The leaf stands after the rows.
    let path = market.path(market.rows().len()).unwrap();
    assert_eq!(path.root(snapshot_leaf(first.digest().unwrap())), Some(market.tree_root()));
    // And what each row is made of beside it, under one path.
    for (index, row) in market.rows().iter().enumerate().step_by(37) {
        let path = market.path(index).unwrap();
        assert_eq!(path.root(row.leaf()), Some(market.tree_root()));
        assert_eq!(path.root(market.marks(index).unwrap().leaf()), Some(market.tree_root()));
        let place = path.children()[0].iter().position(|child| *child == row.leaf()).unwrap();
        assert_eq!(path.children()[0][place + 1], market.marks(index).unwrap().leaf());
        assert!(place.is_multiple_of(2));
    }
    let numbers = numbers_of(calibrate(&model, &first, Epoch::new(1)).unwrap());
    let second = snapshot(|json| {
        json["timestamp"] = (NOON + 3_600).into();
        json["calibration"]["observations"]["BTC"]["implied_volatility"] = "3".into();
        json["calibration"]["previous"] = json!({
            "epoch": 1, "market_root": file.market_root(), "numbers": numbers,
            "breakers": crate::market::scenario::calibration::breakers(&model, &first).unwrap(),
        });
    });
    let (next, stepped) = ScenarioMarketFile::build::<Fp>(&model, &second, Epoch::new(2)).unwrap();
    // 0.274447 * 1.15, where more is asked for; volatility shocks follow their own series.
    assert!(near(stepped.only().unwrap().model().spec().scenarios[10].spot_shock, 1.315_615));
    let read = ScenarioMarketFile::from_json(&next.to_json()).unwrap();
    assert_eq!(read.market::<Fp>().unwrap().root(), stepped.root());
    // Neither other ranges before, nor another rule, nor another close or depth.
    for (from, to) in [
        ("\"0.274447\"", "\"0.274448\""),
        ("\"deviations\": 3.0", "\"deviations\": 3.1"),
        ("\"cap\": \"0.45\"", "\"cap\": \"0.44\""),
        ("35040.835938", "35040.835939"),
        ("\"8000000\"", "\"8000001\""),
    ] {
        let text = next.to_json();
        assert!(text.contains(from), "{from}");
        let changed = ScenarioMarketFile::from_json(&text.replacen(from, to, 1)).unwrap();
        let error = changed.market::<Fp>().unwrap_err();
        assert!(matches!(error, MarketFileError::RootMismatch { .. }), "{from}: {error}");
    }
}

#[test]
fn breakers_watch_spot() {
    let model = rule(|_| {}).unwrap();
    let first = snapshot(|_| {});
    let spot = first.spec().market.spec().spot;
    let after = |seconds: u64, factor: f64| {
        let later = snapshot(|json| {
            json["timestamp"] = (NOON + seconds).into();
            json["market"]["spot"] = (spot * factor).into();
            json["calibration"]["previous"] = json!({
                "epoch": 1, "market_root": format!("0x{}", "0".repeat(64)), "numbers": {},
                "breakers": crate::market::scenario::calibration::breakers(&model, &first).unwrap(),
            });
        });
        calibrate(&model, &later, Epoch::new(2)).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(after(60, 0.91), Ok(()));
    assert!(after(899, 0.89).unwrap_err().contains("has epochs wait"));
    assert_eq!(after(900, 0.89), Ok(()));
    assert!(after(3_599, 1.21).unwrap_err().contains("0.2 or more away"));
}

#[test]
fn a_rule_is_no_set_and_what_is_missing_is_refused_by_name() {
    let model = rule(|_| {}).unwrap();
    let table = RiskTable::new(&model, &snapshot(|_| {}).spec().market).unwrap_err();
    assert!(table.to_string().starts_with("calibration: the set is a rule"), "{table}");
    let refused = |edit: &dyn Fn(&mut Value)| {
        Market::<Fp>::build(&model, &snapshot(edit), Epoch::new(1)).unwrap_err().to_string()
    };
    let none = refused(&|json| {
        json.as_object_mut().unwrap().remove("calibration");
    });
    assert!(none.contains("nothing to calibrate from"), "{none}");
    let series = refused(&|json| json["calibration"]["history"]["symbols"][1] = "DVOL".into());
    assert_eq!(series, "BTC-VOL: there are no closes of BTC-VOL: add its column to the history");
    let seen = refused(&|json| json["calibration"]["observations"] = json!({}));
    assert!(seen.starts_with("BTC: the snapshot has a price but no spread"), "{seen}");
    let stale = refused(&|json| json["timestamp"] = (NOON + 2 * 86_400).into());
    assert!(stale.contains("3 days before"), "{stale}");
}

#[test]
fn rules_that_cannot_hold_are_refused_by_field() {
    type Case = (fn(&mut Value), &'static str);
    let cases: [Case; 10] = [
        (|json| json["calibration"]["price_range"]["unit"] = 0.into(), "price_range.unit: 0"),
        (|json| json["calibration"]["price_range"]["cap"] = "0.48".into(), "falls by 0.96"),
        (|json| json["calibration"]["price_range"]["floor"] = "0.46".into(), "at most cap"),
        (|json| json["calibration"]["price_range"]["scaled_up_to"] = 0.04.into(), "no scenario"),
        (
            |json| json["calibration"]["liquidity"]["tiers"][2]["up_to"] = "9".into(),
            "the last of them without up_to",
        ),
        (
            |json| json["delta_tiers"] = json!([{ "from": 1, "rate": 0.1 }]),
            "delta_tiers: they follow",
        ),
        (
            |json| {
                with_expiries(json);
                json.as_object_mut().unwrap().remove("expiry_roll");
            },
            "no expiry_roll, basis_contingency or roll_shock",
        ),
        (
            |json| {
                with_expiries(json);
                json["calibration"]["expiry_range"]["closes"] = "BTC-VOL".into();
            },
            "BTC-VOL is the series of two ranges",
        ),
        (
            |json| json["calibration"]["volatility_range"]["cap"] = "1.1".into(),
            "volatility_range: cap must be at most 1",
        ),
        (
            |json| {
                json["calibration"]["procyclicality"] =
                    json!({ "tool": "floor", "days": TEN_YEARS - 1 });
            },
            "3650 to 5000",
        ),
    ];
    for (edit, expected) in cases {
        let message = rule(edit).unwrap_err();
        assert!(message.contains(expected), "{expected}: {message}");
    }
}
