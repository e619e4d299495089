use serde_json::json;
use zkmargin_margin::ids::Epoch;

use super::{named, rule, snapshot};
use crate::calibration::numbers::{Calibrated, Held};
use crate::market::calibration::calibrate;
use crate::model::StandardModel;

fn root() -> String {
    format!("0x{}", "0".repeat(64))
}

/// BTC's numbers after an epoch that had these.
fn after(model: &StandardModel, rates: [&str; 3], capacity: &str) -> Calibrated {
    let snapshot = snapshot(|json| {
        json["calibration"]["previous"] = json!({
            "epoch": 6, "market_root": root(),
            "numbers": { "BTC": { "capacity": capacity, "rates": rates } },
        });
    });
    calibrate(model, &snapshot, Epoch::new(7)).unwrap().remove(&named("BTC")).unwrap()
}

fn units(calibrated: &Calibrated) -> Vec<(String, Held)> {
    let tiers = &calibrated.found.as_ref().unwrap().tiers;
    tiers.iter().map(|tier| (tier.rate.to_string(), tier.held)).collect()
}

fn owned(expected: [(&str, Held); 3]) -> Vec<(String, Held)> {
    expected.map(|(rate, held)| (rate.to_owned(), held)).to_vec()
}

/// Asked are 27.45, 41.73 and 65.75 %; steps are 15 % up and 5 % down.
#[test]
fn rates_move_by_the_largest_step_at_most() {
    let model = rule(|json| json["calibration"]["volatility"]["implied"] = "ignored".into());
    let model = model.unwrap();
    // 0.2 * 1.15; 0.4 * 1.15 = 0.46 is not reached; 0.7 * 0.95 = 0.665 is above.
    let found = after(&model, ["0.2", "0.4", "0.7"], "16000000");
    let expected = [("0.23", Held::Rise), ("0.4173", Held::Free), ("0.665", Held::Fall)];
    assert_eq!(units(&found), owned(expected));
    // Steps are rounded up: 0.1111 * 1.15 = 0.127765; 1/3 * 1.15 = 0.38333...; 0.7001
    // * 0.95 = 0.665095.
    let found = after(&model, ["0.1111", "1/3", "0.7001"], "16000000");
    let expected = [("0.1278", Held::Rise), ("0.3834", Held::Rise), ("0.6651", Held::Fall)];
    assert_eq!(units(&found), owned(expected));
}

#[test]
fn floor_and_cap_are_stronger_than_the_step() {
    let model = rule(|json| {
        json["calibration"]["volatility"]["implied"] = "ignored".into();
        json["instruments"]["BTC"]["calibrated"]["floor"] = "0.25".into();
        json["instruments"]["BTC"]["calibrated"]["cap"] = "0.45".into();
    })
    .unwrap();
    let found = after(&model, ["0.1", "0.4", "0.9"], "16000000");
    let expected = [("0.25", Held::Floor), ("0.4173", Held::Free), ("0.45", Held::Cap)];
    assert_eq!(units(&found), owned(expected));
}

/// Seen are twice 8 million of depth, less than 1 % of 9 billion of volume.
#[test]
fn capacities_are_the_thinner_of_volume_and_depth_and_move_by_steps() {
    let model = rule(|_| {}).unwrap();
    let of = |capacity| {
        let found = after(&model, ["0.2", "0.4", "0.7"], capacity);
        let seen = found.found.unwrap();
        assert_eq!(seen.seen_capacity, 16_000_000);
        (found.numbers.capacity.to_string(), seen.capacity_held)
    };
    assert_eq!(of("16000000"), ("16000000".to_owned(), Held::Free));
    // 25 % down, 10 % up, both rounded down.
    assert_eq!(of("40000001"), ("30000000".to_owned(), Held::Fall));
    assert_eq!(of("10000009"), ("11000009".to_owned(), Held::Rise));
    assert_eq!(of("1"), ("1000000".to_owned(), Held::Floor));
    assert_eq!(of("500000000"), ("250000000".to_owned(), Held::Cap));
    // Volume counts where it is thinner.
    let snapshot = snapshot(|json| {
        json["calibration"]["observations"]["BTC"]["daily_volume"] = "1234567890.5".into();
    });
    let numbers = calibrate(&model, &snapshot, Epoch::new(1)).unwrap();
    assert_eq!(numbers[&named("BTC")].numbers.capacity.to_string(), "12345678");
}

#[test]
fn an_instrument_without_a_price_keeps_its_numbers() {
    let model = rule(|_| {}).unwrap();
    let snapshot = |with_numbers: bool| {
        snapshot(|json| {
            json["prices"].as_object_mut().unwrap().remove("ETH");
            let kept = json!({ "ETH": { "capacity": "7", "rates": ["0.2", "0.3", "0.4"] } });
            let numbers = if with_numbers { kept } else { json!({}) };
            json["calibration"]["previous"] =
                json!({ "epoch": 3, "market_root": root(), "numbers": numbers });
        })
    };
    let numbers = calibrate(&model, &snapshot(true), Epoch::new(4)).unwrap();
    let kept = &numbers[&named("ETH")];
    assert_eq!((kept.numbers.capacity.to_string().as_str(), &kept.found), ("7", &None));
    assert_eq!(
        kept.numbers.rates.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["0.2", "0.3", "0.4"]
    );
    let numbers = calibrate(&model, &snapshot(false), Epoch::new(4)).unwrap();
    assert!(!numbers.contains_key(&named("ETH")));
}
