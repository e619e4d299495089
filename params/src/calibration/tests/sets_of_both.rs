//! Scenario sets of two underlyings whose ranges follow the market: each by its own rule.

use pasta_curves::Fp;
use serde_json::{Value, json};
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::market::snapshot_leaf;

use super::{NOON, both, named};
use crate::import::deribit::option_chain;
use crate::market::calibration::numbers_of;
use crate::market::scenario::Market;
use crate::market::scenario::calibration::{breakers, calibrate, model_of};
use crate::market::{MarketFileError, ScenarioMarketFile};
use crate::scenario::{ScenarioModel, ScenarioSnapshot, parameters};

/// The shipped rule, as that of a coin: of ETH with another window, cap and step.
fn rule_of(coin: &str) -> Value {
    let preset = parameters::by_name("span-dynamic").unwrap();
    let mut rule: Value =
        serde_json::from_str(&preset.json.replace("BTC-VOL", &format!("{coin}-VOL"))).unwrap();
    rule["underlying"] = coin.into();
    rule.as_object_mut().unwrap().remove("states_marks");
    if coin == "ETH" {
        let calibration = &mut rule["calibration"];
        calibration["volatility"]["window"] = 100.into();
        calibration["steps"]["rate_rise"] = "0.02".into();
        calibration["price_range"]["cap"] = "0.46".into();
        calibration["breakers"]["tiers"] = json!([{ "moved": "0.05", "pause_seconds": 600 }]);
    }
    rule
}

fn rule(edit: impl FnOnce(&mut Value)) -> Result<ScenarioModel, String> {
    let mut rule = rule_of("BTC");
    rule["second"] = rule_of("ETH");
    edit(&mut rule);
    ScenarioModel::from_json(&rule.to_string()).map_err(|error| error.to_string())
}

fn alone(coin: &str) -> ScenarioModel {
    ScenarioModel::from_json(&rule_of(coin).to_string()).unwrap()
}

/// A real chain as if it were of a coin, its time that of the closes.
fn chain(coin: &str) -> ScenarioSnapshot {
    let lot = |text: &str| text.parse().unwrap();
    let chain = option_chain(&zkmargin_examples::CHAIN_BTC.replace("BTC", coin)).unwrap();
    let chain = chain.snapshot(lot("0.1"), lot("0.0001")).unwrap();
    let mut value = serde_json::to_value(&chain).unwrap();
    value["timestamp"] = NOON.into();
    ScenarioSnapshot::from_json(&value.to_string()).unwrap()
}

/// Closes of both coins, and of volatilities that are each other's closes.
fn inputs() -> Value {
    let mut history = serde_json::to_value(both().last(251)).unwrap();
    history["symbols"] = json!(["BTC", "ETH", "BTC-VOL", "ETH-VOL"]);
    for row in history["closes"].as_array_mut().unwrap() {
        let (btc, eth) = (row[0].clone(), row[1].clone());
        row.as_array_mut().unwrap().extend([eth, btc]);
    }
    let seen = |volatility: &str, depth: &str| {
        json!({ "implied_volatility": volatility, "spread": "0.0004", "depth": depth,
                "daily_volume": "9000000000" })
    };
    let observations = json!({ "BTC": seen("0.6", "8000000"), "ETH": seen("0.7", "5000000") });
    json!({ "history": history, "observations": observations })
}

fn with_inputs(snapshot: &ScenarioSnapshot, edit: impl FnOnce(&mut Value)) -> ScenarioSnapshot {
    let mut value = serde_json::to_value(snapshot).unwrap();
    value["calibration"] = inputs();
    edit(&mut value);
    ScenarioSnapshot::from_json(&value.to_string()).unwrap()
}

fn snapshot(edit: impl FnOnce(&mut Value)) -> ScenarioSnapshot {
    with_inputs(&chain("BTC").with_second(chain("ETH")).unwrap(), edit)
}

fn refusal(model: &ScenarioModel, snapshot: &ScenarioSnapshot) -> String {
    Market::<Fp>::build(model, snapshot, Epoch::new(7)).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn each_half_has_the_numbers_that_it_has_alone() {
    let (model, snapshot) = (rule(|_| {}).unwrap(), snapshot(|_| {}));
    let found = calibrate(&model, &snapshot, Epoch::new(7)).unwrap();
    let names: Vec<_> = found.keys().map(|symbol| symbol.as_str()).collect();
    assert_eq!(names, ["BTC", "BTC-VOL", "ETH", "ETH-VOL"]);
    let numbered = model_of(&model, &snapshot, Epoch::new(7)).unwrap();
    for coin in ["BTC", "ETH"] {
        let (rule, one) = (alone(coin), with_inputs(&chain(coin), |_| {}));
        for (symbol, expected) in calibrate(&rule, &one, Epoch::new(7)).unwrap() {
            assert_eq!(found[&symbol], expected, "{symbol}");
        }
        let expected = model_of(&rule, &one, Epoch::new(7)).unwrap();
        let half = match coin {
            "BTC" => numbered.spec().clone(),
            _ => *numbered.spec().second.clone().unwrap(),
        };
        assert_eq!(half.scenarios, expected.spec().scenarios, "{coin}");
        assert_eq!(half.vol_shock, expected.spec().vol_shock, "{coin}");
        assert_eq!(half.delta_tiers, expected.spec().delta_tiers, "{coin}");
        assert!(half.calibration.is_none());
    }
    // Two rules: of one window, cap and market they would be one.
    assert_ne!(found[&named("BTC")].numbers, found[&named("ETH")].numbers);
    assert_eq!(found[&named("ETH")].numbers.rates[2].to_string(), "0.46");
}

#[test]
fn a_half_may_have_numbers_of_its_own() {
    let model = rule(|json| {
        let half = json.as_object_mut().unwrap();
        half.remove("calibration");
    });
    let (model, snapshot) = (model.unwrap(), snapshot(|_| {}));
    assert_eq!(model.rules().count(), 1);
    let found = calibrate(&model, &snapshot, Epoch::new(7)).unwrap();
    assert_eq!(found.len(), 2, "ETH and ETH-VOL");
    let numbered = model_of(&model, &snapshot, Epoch::new(7)).unwrap();
    assert_eq!(numbered.spec().scenarios, model.spec().scenarios);
    assert!(numbered.rules().next().is_none());
}

#[test]
fn a_root_is_of_both_rules_and_binds_what_they_are_applied_to() {
    let (model, first) = (rule(|_| {}).unwrap(), snapshot(|_| {}));
    let (file, market) = ScenarioMarketFile::build::<Fp>(&model, &first, Epoch::new(1)).unwrap();
    assert_eq!(market.header().model, model.digest());
    let numbered = model_of(&model, &first, Epoch::new(1)).unwrap();
    let fixed = Market::<Fp>::build(&numbered, &first, Epoch::new(1)).unwrap();
    assert_eq!((market.rows(), market.terms()), (fixed.rows(), fixed.terms()));
    assert_ne!(market.root(), fixed.root());
    let path = market.path(market.rows().len()).unwrap();
    assert_eq!(path.root(snapshot_leaf(first.digest().unwrap())), Some(market.tree_root()));

    let numbers = numbers_of(calibrate(&model, &first, Epoch::new(1)).unwrap());
    let second = snapshot(|json| {
        json["timestamp"] = (NOON + 3_600).into();
        for coin in ["BTC", "ETH"] {
            json["calibration"]["observations"][coin]["implied_volatility"] = "3".into();
        }
        json["calibration"]["previous"] = json!({
            "epoch": 1, "market_root": file.market_root(), "numbers": numbers,
            "breakers": breakers(&model, &first).unwrap(),
        });
    });
    let (next, stepped) = ScenarioMarketFile::build::<Fp>(&model, &second, Epoch::new(2)).unwrap();
    let found = calibrate(&model, &second, Epoch::new(2)).unwrap();
    // Each by its own step: 15 %, and 2 %.
    for (coin, percent) in [("BTC", 115), ("ETH", 102)] {
        let [before, after] = [&numbers[&named(coin)], &found[&named(coin)].numbers]
            .map(|numbers| numbers.rates[0].to_string().parse::<rust_decimal::Decimal>().unwrap());
        let risen = before * rust_decimal::Decimal::new(percent, 2);
        assert_eq!(
            after,
            risen.round_dp_with_strategy(6, rust_decimal::RoundingStrategy::AwayFromZero)
        );
    }
    let read = ScenarioMarketFile::from_json(&next.to_json()).unwrap();
    assert_eq!(read.market::<Fp>().unwrap().root(), stepped.root());
    // Of the second half too neither another rule, nor other numbers before, nor another
    // close or depth.
    let rate = numbers[&named("ETH")].rates[0].to_string();
    let other = format!("\"{rate}1\"");
    for (from, to) in [
        (format!("\"{rate}\""), other.as_str()),
        ("\"window\": 100".to_owned(), "\"window\": 101"),
        ("\"cap\": \"0.46\"".to_owned(), "\"cap\": \"0.45\""),
        ("2274.547607".to_owned(), "2274.547608"),
        ("\"5000000\"".to_owned(), "\"5000001\""),
    ] {
        let text = next.to_json();
        assert!(text.contains(&from), "{from}");
        let changed = ScenarioMarketFile::from_json(&text.replacen(&from, to, 1)).unwrap();
        let error = changed.market::<Fp>().unwrap_err();
        assert!(matches!(error, MarketFileError::RootMismatch { .. }), "{from}: {error}");
    }
}

#[test]
fn a_breaker_of_either_has_the_market_wait() {
    let (model, first) = (rule(|_| {}).unwrap(), snapshot(|_| {}));
    let remembered = breakers(&model, &first).unwrap().unwrap();
    let watched: Vec<_> = remembered.instruments.keys().map(|symbol| symbol.as_str()).collect();
    assert_eq!(watched, ["BTC", "ETH"]);
    let spot = first.spec().market.spec().spot;
    let after = |seconds: u64, [btc, eth]: [f64; 2]| {
        let later = snapshot(|json| {
            json["timestamp"] = (NOON + seconds).into();
            json["market"]["spot"] = (spot * btc).into();
            json["second"]["market"]["spot"] = (spot * eth).into();
            json["calibration"]["previous"] = json!({
                "epoch": 1, "market_root": format!("0x{}", "0".repeat(64)), "numbers": {},
                "breakers": remembered,
            });
        });
        calibrate(&model, &later, Epoch::new(2)).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(after(60, [0.91, 0.96]), Ok(()));
    assert!(after(599, [1.0, 0.94]).unwrap_err().starts_with("ETH"));
    assert_eq!(after(600, [1.0, 0.94]), Ok(()));
    assert!(after(899, [0.89, 1.0]).unwrap_err().starts_with("BTC"));
}

#[test]
fn what_a_half_lacks_is_refused_by_name() {
    let model = rule(|_| {}).unwrap();
    let closes = refusal(
        &model,
        &snapshot(|json| json["calibration"]["history"]["symbols"][1] = "SOL".into()),
    );
    assert_eq!(closes, "ETH: there are no closes of ETH: add its column to the history");
    let seen = refusal(
        &model,
        &snapshot(|json| {
            json["calibration"]["observations"].as_object_mut().unwrap().remove("ETH");
        }),
    );
    assert!(seen.starts_with("ETH: the snapshot has a price but no spread"), "{seen}");
    // Fewer closes than the first half's window, and enough for the second's.
    let short = refusal(
        &model,
        &snapshot(|json| {
            let history = json["calibration"]["history"].as_object_mut().unwrap();
            for field in ["days", "closes"] {
                history[field].as_array_mut().unwrap().drain(..100);
            }
        }),
    );
    assert!(short.starts_with("BTC") && short.contains("151"), "{short}");
    let one = with_inputs(&chain("BTC"), |_| {});
    let error = calibrate(&model, &one, Epoch::new(7)).unwrap_err().to_string();
    assert!(error.starts_with("ETH: the set is a rule for it"), "{error}");
    assert!(refusal(&model, &one).starts_with("second:"));
    let two = chain("BTC").with_second(with_inputs(&chain("ETH"), |_| {})).unwrap_err();
    assert!(two.to_string().contains("move it to the first snapshot's"), "{two}");
}

#[test]
fn halves_that_cannot_hold_are_refused_by_field() {
    type Case = (fn(&mut Value), &'static str);
    let cases: [Case; 4] = [
        (
            |json| json["second"]["calibration"]["price_range"]["unit"] = 0.into(),
            "second: calibration.price_range.unit: 0",
        ),
        (
            |json| json["second"]["calibration"]["price_range"]["cap"] = "0.48".into(),
            "second: calibration.price_range: at a cap of 0.48",
        ),
        (
            |json| json["second"]["calibration"]["volatility_range"]["closes"] = "BTC-VOL".into(),
            "BTC-VOL is the series of two ranges",
        ),
        (
            |json| json["second"]["calibration"]["volatility_range"]["closes"] = "BTC".into(),
            "BTC is the series of two ranges",
        ),
    ];
    for (edit, expected) in cases {
        let message = rule(edit).unwrap_err();
        assert!(message.contains(expected), "{expected}: {message}");
    }
}
