use serde_json::{Value, json};

use super::rule;
use crate::model::StandardModel;
use crate::presets;

fn refused(edit: impl FnOnce(&mut Value)) -> String {
    rule(edit).unwrap_err().to_string()
}

#[test]
fn rules_that_cannot_hold_are_refused_by_field() {
    let numbers = [
        ("/calibration/volatility/window", json!(29), "30 to 5000"),
        ("/calibration/volatility/lambda", json!(1.0), "0.5 to 0.9999"),
        ("/calibration/volatility/deviations", json!(0.1), "0.5 to 20"),
        ("/calibration/volatility/most_gap_days", json!(0), "1 to 30"),
        ("/calibration/volatility/most_age_days", json!(31), "1 to 30"),
        ("/calibration/procyclicality/weight", json!(0.24), "0.25 to 0.9"),
        ("/calibration/liquidity/spread_multiple", json!(-1), "0 to 100"),
        ("/calibration/liquidity/volume_part", json!("1.1"), "at most 1"),
        ("/calibration/liquidity/depth_multiple", json!("0"), "more than 0"),
        ("/calibration/liquidity/tiers/0/days", json!(0), "0.01 to 60"),
        ("/calibration/liquidity/tiers/0/up_to", json!("0.0000001"), "at most 6 decimals"),
        ("/calibration/steps/rate_rise", json!("0"), "more than 0"),
        ("/calibration/steps/rate_fall", json!("1.01"), "at most 1"),
        ("/calibration/steps/capacity_rise", json!("1001"), "at most 1000"),
        ("/calibration/steps/capacity_fall", json!("-0.1"), "more than 0"),
        ("/instruments/BTC/calibrated/stress_return", json!(0), "0.001 to 5"),
        ("/instruments/BTC/calibrated/least_capacity", json!("0"), "from 1 to 10^15"),
        ("/instruments/BTC/calibrated/most_capacity", json!("1.5"), "whole units"),
        ("/instruments/BTC/calibrated/least_capacity", json!("250000001"), "at most most_capacity"),
        ("/instruments/BTC/calibrated/floor", json!("0"), "floor must be above 0"),
        ("/instruments/BTC/calibrated/floor", json!("0.91"), "at most cap"),
        ("/instruments/BTC/calibrated/cap", json!("1.1"), "above 1"),
        ("/instruments/BTC/calibrated/floor", json!("0.10005"), "whole number of 1/10000"),
        ("/calibration/maintenance_fraction", json!("1.5"), "above 1"),
    ];
    for (pointer, value, expected) in numbers {
        let message = refused(|json| *json.pointer_mut(pointer).unwrap() = value);
        assert!(message.contains(expected), "{pointer}: {message}");
        let field = pointer.rsplit('/').next().unwrap();
        assert!(message.contains(field), "{pointer}: {message}");
    }
}

#[test]
fn parts_of_a_rule_belong_together() {
    let tiers = |tiers: Value| refused(|json| json["calibration"]["liquidity"]["tiers"] = tiers);
    for wrong in [
        json!([]),
        json!([{ "up_to": "2", "days": 1 }, { "up_to": "1", "days": 2 }]),
        json!([{ "days": 1 }, { "up_to": "1", "days": 2 }]),
        json!([{ "up_to": "1", "days": 2 }, { "up_to": "2", "days": 1 }]),
    ] {
        assert!(tiers(wrong).contains("calibration.liquidity.tiers["));
    }
    let stress = refused(|json| {
        json["instruments"]["ETH"]["calibrated"].as_object_mut().unwrap().remove("stress_return");
    });
    assert!(stress.starts_with("instruments.ETH.calibrated: the tool"), "{stress}");
    let unused = refused(|json| {
        json["calibration"]["procyclicality"] = json!({ "tool": "buffer", "part": 0.25 });
    });
    assert!(unused.starts_with("instruments.BTC.calibrated.stress_return"), "{unused}");
    let none = refused(|json| {
        json.as_object_mut().unwrap().remove("calibration");
    });
    assert!(none.contains("the model has no calibration"), "{none}");
    let both = refused(|json| {
        let rates = json!([{ "rate": "0.1" }]);
        json["instruments"]["BTC"]["margin"] = json!({ "initial": rates, "maintenance": rates });
    });
    assert!(both.contains("instruments.BTC.margin: not allowed here"), "{both}");
    assert!(refused(|json| json["calibration"]["steps"]["x"] = json!(1)).contains("unknown field"));
}

#[test]
fn the_documented_rule_is_one() {
    let text = include_str!("../rule.rs");
    let lines = text.lines().skip_while(|line| !line.contains("```toml")).skip(1);
    let toml: String = lines
        .take_while(|line| !line.contains("```"))
        .map(|line| format!("{}\n", line.trim_start_matches("//!").trim_start()))
        .collect();
    let head = "name = \"documented\"\nquote = \"USDC\"\ndenominator = 10000\n";
    let model = StandardModel::from_text(&format!("{head}{toml}")).unwrap();
    assert_eq!(model.calibration().unwrap().liquidity.tiers[2].up_to, None);
    assert_ne!(model.digest(), presets::by_name("dynamic").unwrap().model().unwrap().digest());
}
