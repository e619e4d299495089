//! Circuit breakers: the rule alone, and the markets of a calibrated model under it.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use pasta_curves::Fp;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use zkmargin_margin::ids::{Epoch, Timestamp};
use zkmargin_params::calibration::CalibrationError;
use zkmargin_params::calibration::breakers::{BreakerTier, Breakers, Record};
use zkmargin_params::market::Market;
use zkmargin_params::market::calibration::{breakers, calibrate, numbers_of};
use zkmargin_params::model::{ModelError, StandardModel};
use zkmargin_params::presets;
use zkmargin_params::simulation::history::{Column, History};
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::symbol::Symbol;

const DAY: u64 = 86_400;
/// The day after the last close of the fixture, at noon.
const NOON: u64 = 1_625_140_800;

/// The shipped rule after an edit of its JSON.
fn rule(edit: impl FnOnce(&mut Value)) -> Result<StandardModel, ModelError> {
    let mut value = serde_json::from_str(presets::by_name("dynamic").unwrap().json).unwrap();
    edit(&mut value);
    StandardModel::from_json(&value.to_string())
}

/// A snapshot of BTC and ETH on 1 July 2021 after an edit of its JSON.
fn snapshot(edit: impl FnOnce(&mut Value)) -> Snapshot {
    let csv = include_str!("../fixtures/closes_btc_eth.csv");
    let columns = ["BTC=btc_close_usd", "ETH=eth_close_usd"];
    let columns = columns.map(|text| Column::parse(text).unwrap());
    let (history, _) = History::from_csv(csv, &columns).unwrap();
    let history = serde_json::to_value(history.last(251)).unwrap();
    let seen = json!({
        "implied_volatility": "0.6", "spread": "0.0004", "depth": "8000000",
        "daily_volume": "9000000000",
    });
    let mut value = json!({
        "timestamp": NOON, "source": "test", "quote": "USDC",
        "prices": { "BTC": { "price": "35040" }, "ETH": { "price": "2274.5" } },
        "calibration": { "history": history, "observations": { "BTC": seen, "ETH": seen } },
    });
    edit(&mut value);
    Snapshot::from_json(&value.to_string()).unwrap()
}

fn named(symbol: &str) -> Symbol {
    Symbol::new(symbol).unwrap()
}

/// The levels of NYSE Rule 7.12: 15 minutes, 15 minutes, the day.
fn nyse() -> Breakers {
    let tier = |moved, pause_seconds| BreakerTier { moved: Decimal::new(moved, 2), pause_seconds };
    Breakers { window_seconds: DAY, tiers: vec![tier(7, 900), tier(13, 900), tier(20, DAY)] }
}

/// Prices of BTC at times, epoch after epoch; the first that is refused.
fn run(rule: &Breakers, epochs: &[(u64, i64)]) -> Result<Record, CalibrationError> {
    let btc = named("BTC");
    let mut record = None;
    for (at, price) in epochs {
        let watched = [(&btc, Some(Decimal::from(*price)))];
        record = Some(rule.next(record.as_ref(), Timestamp::new(*at), watched)?);
    }
    Ok(record.unwrap())
}

fn tiers(record: &Record) -> Vec<usize> {
    record.instruments[&named("BTC")].trips.iter().map(|trip| trip.tier).collect()
}

/// When the epoch may come that the last of these is refused for.
fn until(epochs: &[(u64, i64)]) -> u64 {
    match run(&nyse(), epochs) {
        Err(CalibrationError::Paused(paused)) => paused.until,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_level_delays_the_epoch_once_a_day() {
    let calm = [(0, 10_000), (60, 9_900), (120, 9_301)];
    assert_eq!(tiers(&run(&nyse(), &calm).unwrap()), [0; 0]);
    // 7 % below the high of the window, to the last unit: 15 minutes after the epoch before.
    assert_eq!(until(&[(0, 10_000), (60, 9_900), (120, 9_300)]), 960);
    assert_eq!(until(&[(0, 10_000), (60, 9_900), (959, 9_300)]), 960);
    let first = [(0, 10_000), (60, 9_900), (960, 9_300)];
    assert_eq!(tiers(&run(&nyse(), &first).unwrap()), [0]);
    // The same level again delays nothing; the next one does.
    let again = [&first[..], &[(1_020, 9_200), (1_080, 9_400)]].concat();
    assert_eq!(tiers(&run(&nyse(), &again).unwrap()), [0]);
    assert_eq!(until(&[&again[..], &[(1_140, 8_700)]].concat()), 1_980);
    let second = [&again[..], &[(1_980, 8_700)]].concat();
    assert_eq!(tiers(&run(&nyse(), &second).unwrap()), [0, 1]);
    // The last level is for a day; a price that comes back by then waits for nothing.
    assert_eq!(until(&[&second[..], &[(2_040, 8_000)]].concat()), 1_980 + DAY);
    run(&nyse(), &[&second[..], &[(2_040, 8_001)]].concat()).unwrap();
    // A jump over levels is of the highest, and the lower ones do not follow.
    let jump = [(0, 10_000), (DAY, 7_900), (DAY + 60, 8_000)];
    assert_eq!(tiers(&run(&nyse(), &jump).unwrap()), [2]);
}

#[test]
fn a_rise_counts_as_a_fall_does() {
    assert_eq!(until(&[(0, 10_000), (60, 10_700)]), 900);
    run(&nyse(), &[(0, 10_000), (60, 10_699)]).unwrap();
    // From the low of the window, wherever it began.
    assert_eq!(until(&[(0, 10_000), (60, 9_500), (120, 10_165)]), 960);
}

#[test]
fn a_high_and_a_trip_are_forgotten_after_the_window() {
    let span = DAY / 12;
    // A span's high counts until the whole span is a window old.
    let last = DAY + span - 1;
    let slow = |at| [(0, 10_000), (last - 60, 9_400), (at, 9_300)];
    assert_eq!(until(&slow(last)), last - 60 + 900);
    let found = run(&nyse(), &slow(last + 1)).unwrap();
    assert_eq!(tiers(&found), [0; 0]);
    assert_eq!(found.instruments[&named("BTC")].spans.len(), 1);
    // The level trips again when its trip is as old.
    let tripped = [(0, 10_000), (900, 9_300), (80_000, 9_300)];
    let later = 900 + DAY + span;
    run(&nyse(), &[&tripped[..], &[(later - 1, 8_649)]].concat()).unwrap();
    assert_eq!(
        until(&[&tripped[..], &[(later - 60, 8_649), (later, 8_600)]].concat()),
        later + 840
    );
}

#[test]
fn time_goes_on_and_what_has_no_price_is_remembered() {
    let error = run(&nyse(), &[(60, 10_000), (60, 10_000)]).unwrap_err();
    assert!(matches!(error, CalibrationError::BreakerTime { before: 60, at: 60 }));
    let btc = named("BTC");
    let first = run(&nyse(), &[(0, 10_000)]).unwrap();
    let without = nyse().next(Some(&first), Timestamp::new(60), [(&btc, None)]).unwrap();
    assert_eq!(without.instruments[&btc].spans, first.instruments[&btc].spans);
    let cheap = [(&btc, Some(Decimal::from(9_000)))];
    assert!(nyse().next(Some(&without), Timestamp::new(120), cheap).is_err());
}

fn with_breakers() -> StandardModel {
    rule(|json| json["calibration"]["breakers"] = serde_json::to_value(nyse()).unwrap()).unwrap()
}

/// An epoch after another, with prices of BTC.
fn after(model: &StandardModel, first: &Snapshot, price: &str, at: u64) -> Snapshot {
    let numbers = numbers_of(calibrate(model, first, Epoch::new(1)).unwrap());
    let record = breakers(model, first).unwrap();
    snapshot(|json| {
        json["timestamp"] = at.into();
        json["prices"]["BTC"]["price"] = price.into();
        json["calibration"]["previous"] = json!({
            "epoch": 1, "market_root": format!("0x{}", "0".repeat(64)),
            "numbers": numbers, "breakers": record,
        });
    })
}

/// There is no market while a breaker pauses it, for whoever builds or verifies; and its
/// root binds what breakers remember.
#[test]
fn a_market_waits_for_its_breakers() {
    let model = with_breakers();
    assert_ne!(model.digest(), rule(|_| {}).unwrap().digest());
    let first = snapshot(|_| {});
    let build = |snapshot: &Snapshot| Market::<Fp>::build(&model, snapshot, Epoch::new(2));
    let early = build(&after(&model, &first, "32500", NOON + 60)).unwrap_err().to_string();
    assert_eq!(
        early,
        format!(
            "BTC: 32500 is 0.07 or more away from its high of 35040 or its low of 32500, and the \
             rule has epochs wait: build it from a snapshot of {} or later",
            NOON + 900
        )
    );
    let market = build(&after(&model, &first, "32500", NOON + 900)).unwrap();
    build(&after(&model, &first, "32600", NOON + 60)).unwrap();
    let mut json = serde_json::to_value(after(&model, &first, "32500", NOON + 900)).unwrap();
    let high = "/calibration/previous/breakers/instruments/BTC/spans/0/high";
    *json.pointer_mut(high).unwrap() = "35041".into();
    let other = Snapshot::from_json(&json.to_string()).unwrap();
    assert_ne!(build(&other).unwrap().root(), market.root());
}

#[test]
fn a_rule_and_a_record_are_checked() {
    let refused = |edit: fn(&mut Value)| {
        let model = rule(|json| {
            json["calibration"]["breakers"] = serde_json::to_value(nyse()).unwrap();
            edit(&mut json["calibration"]["breakers"]);
        });
        model.unwrap_err().to_string()
    };
    let window = refused(|rule| rule["window_seconds"] = 59.into());
    assert!(window.contains("window_seconds: 59 seconds are out of range"), "{window}");
    let edits: [fn(&mut Value); 4] = [
        |rule| rule["tiers"] = json!([]),
        |rule| rule["tiers"][1]["moved"] = "0.07".into(),
        |rule| rule["tiers"][1]["pause_seconds"] = 899.into(),
        |rule| rule["tiers"][2]["moved"] = "0.2000001".into(),
    ];
    for edit in edits {
        let tiers = refused(edit);
        assert!(tiers.contains("allowed are 1 to 8 tiers"), "{tiers}");
    }
    let model = with_breakers();
    let good = serde_json::to_value(after(&model, &snapshot(|_| {}), "35000", NOON + 60)).unwrap();
    let edits: [(&str, Value); 4] = [
        ("spans/0/low", "0".into()),
        ("spans/0/low", "35041".into()),
        ("spans/0/from", (NOON + 1).into()),
        ("trips", json!([{ "tier": 8, "at": NOON }])),
    ];
    for (field, value) in edits {
        let mut json = good.clone();
        let watched = &mut json["calibration"]["previous"]["breakers"]["instruments"]["BTC"];
        watched["trips"] = json!([]);
        let pointer = format!("/{field}");
        *watched.pointer_mut(&pointer).unwrap() = value;
        let error = Snapshot::from_json(&json.to_string()).unwrap_err().to_string();
        assert!(error.contains("breakers.instruments.BTC"), "{field}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What a rule lets through is never a tier away from any price of the last window
    /// without a trip of it, or a pause before it; the record stays small and is one.
    #[test]
    fn no_move_gets_around_the_tiers(
        steps in prop::collection::vec((60_u64..20_000, 850_i64..1_180), 1..40),
    ) {
        let (rule, btc): (Breakers, Symbol) = (nyse(), named("BTC"));
        let (mut record, mut prices): (Option<Record>, Vec<(u64, f64)>) = (None, Vec::new());
        let (mut at, mut price) = (0, 10_000_i64);
        for (seconds, factor) in steps {
            at += seconds;
            price = price * factor / 1_000;
            let next = [(&btc, Some(Decimal::from(price)))];
            let found = rule.next(record.as_ref(), Timestamp::new(at), next);
            let recent = prices.iter().filter(|(then, _)| then + DAY > at);
            let now = price as f64;
            let worst = recent.map(|(_, then)| (1.0 - now / then).max(now / then - 1.0));
            let worst = worst.fold(0.0, f64::max);
            match found {
                Ok(next) => {
                    next.check().unwrap();
                    let watched = &next.instruments[&btc];
                    prop_assert!(watched.spans.len() <= 14 && watched.trips.len() <= 3);
                    for (index, tier) in rule.tiers.iter().enumerate() {
                        let moved = f64::from(u32::try_from(tier.moved.mantissa()).unwrap()) / 100.0;
                        if worst >= moved + 1e-9 {
                            prop_assert!(watched.trips.iter().any(|trip| trip.tier >= index));
                        }
                    }
                    prices.push((at, now));
                    record = Some(next);
                }
                Err(CalibrationError::Paused(paused)) => {
                    let until = paused.until;
                    prop_assert!(until > at && until <= prices.last().unwrap().0 + DAY);
                    // The publisher waits, and the price with it.
                    at = until;
                    let next = [(&btc, Some(Decimal::from(price)))];
                    record = Some(rule.next(record.as_ref(), Timestamp::new(at), next).unwrap());
                    prices.push((at, now));
                }
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }
}
