use pasta_curves::Fp;
use serde_json::{Value, json};
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::market::snapshot_leaf;
use zkmargin_margin::standard::TierRow;

use super::{NOON, named, rule, snapshot};
use crate::fraction::Fraction;
use crate::market::calibration::{calibrate, model_of, numbers_of};
use crate::market::numbers::NumberTerms;
use crate::market::{Market, MarketFile, MarketFileError, fixed_rows};
use crate::model::StandardModel;
use crate::presets;
use crate::snapshot::Snapshot;

fn build(snapshot: &Snapshot) -> Market<Fp> {
    Market::build(&rule(|_| {}).unwrap(), snapshot, Epoch::new(2)).unwrap()
}

fn refused(edit: impl FnOnce(&mut Value)) -> String {
    let model = rule(|_| {}).unwrap();
    Market::<Fp>::build(&model, &snapshot(edit), Epoch::new(2)).unwrap_err().to_string()
}

#[test]
fn the_root_is_of_the_rule_and_the_rows_are_those_of_its_rates() {
    let (model, snapshot) = (rule(|_| {}).unwrap(), snapshot(|_| {}));
    let market = build(&snapshot);
    assert_eq!(market.header().model, model.digest());
    let numbered = model_of(&model, &snapshot, Epoch::new(2)).unwrap();
    assert!(numbered.calibration().is_none());
    assert_ne!(numbered.digest(), model.digest());
    let fixed = Market::<Fp>::build(&numbered, &snapshot, Epoch::new(2)).unwrap();
    assert_eq!(market.rows(), fixed.rows());
    assert_ne!(market.root(), fixed.root());
    // 27.45 % up to 16 million, 41.73 % up to 64, 65.75 % up to 256; half for maintenance.
    let btc = market.listing("BTC").unwrap();
    let rows = &market.rows()[btc.rows()];
    let of = |row: &TierRow| (row.upper.get(), row.initial.rate.get(), row.maintenance.rate.get());
    let million = 1_000_000_000_000;
    assert_eq!(
        rows.iter().map(of).collect::<Vec<_>>(),
        [(16 * million, 2745, 2745), (64 * million, 4173, 4173), (256 * million, 6575, 6575),]
    );
    assert!(rows.iter().all(|row| row.maintenance_fraction.get() == 5_000));
    // A position of 20 million: 16 at the first rate and 4 at the second.
    let million = 1_000_000.0_f64;
    let initial = 16.0 * million * 0.2745 + 4.0 * million * 0.4173;
    let base = rows[1].initial.base.get() as f64 / 1e6;
    assert!((base + 4.0 * million * 0.4173 - initial).abs() < 1e-6);
}

#[test]
fn a_spot_coin_counts_for_what_its_rate_leaves() {
    let model = rule(|json| {
        json["instruments"]["BTC"]["kind"] = "spot".into();
        json["calibration"]["maintenance_fraction"] = "0.3".into();
    })
    .unwrap();
    let snapshot = snapshot(|_| {});
    let numbered = model_of(&model, &snapshot, Epoch::new(2)).unwrap();
    let weights = numbered.instruments()[&named("BTC")].collateral.clone().unwrap();
    let of = |tiers: &[crate::model::WeightTier]| {
        tiers.iter().map(|tier| tier.weight.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(&weights.initial), ["0.7255", "0.5827", "0.3425"]);
    // 30 % of 2,745, 4,173 and 6,575 basis points, rounded up: 824, 1,252 and 1,973.
    assert_eq!(of(&weights.maintenance), ["0.9176", "0.8748", "0.8027"]);
    Market::<Fp>::build(&model, &snapshot, Epoch::new(2)).unwrap();
}

#[test]
fn the_root_binds_all_that_the_snapshot_keeps() {
    let market = build(&snapshot(|_| {}));
    let edits: [fn(&mut Value); 4] = [
        |json| {
            let close = &mut json["calibration"]["history"]["closes"][0][0];
            *close = json!(close.as_f64().unwrap() + 1e-6);
        },
        |json| json["calibration"]["observations"]["BTC"]["daily_volume"] = "9000000001".into(),
        |json| json["reports"] = json!(["signed"]),
        |json| json["source"] = "another".into(),
    ];
    for edit in edits {
        let changed = build(&snapshot(edit));
        assert_eq!(changed.rows(), market.rows());
        assert_ne!(changed.root(), market.root());
    }
    // Reports are bound under a fixed model too; without them the tree is of rows alone.
    let model = presets::by_name("hyperliquid").unwrap().model().unwrap();
    let of = |reports: &[&str]| {
        let text = r#"{"timestamp": 1, "source": "t", "quote": "USDC",
            "prices": {"BTC": {"price": "100"}}}"#;
        let reports = reports.iter().map(ToString::to_string).collect();
        let snapshot = Snapshot::from_json(text).unwrap().with_reports(reports);
        (Market::<Fp>::build(&model, &snapshot, Epoch::new(1)).unwrap(), snapshot)
    };
    let ((plain, none), (one, _), (other, kept)) = (of(&[]), of(&["a"]), of(&["b"]));
    assert_eq!(none.digest(), None);
    assert_eq!((one.rows(), other.rows()), (plain.rows(), plain.rows()));
    assert!(plain.root() != one.root() && one.root() != other.root());
    // The leaf stands after the rows, and paths of rows lead to the same root.
    let path = other.path(other.rows().len()).unwrap();
    let leaf = snapshot_leaf::<Fp>(kept.digest().unwrap());
    assert_eq!(path.root(leaf), Some(other.tree_root()));
    for (index, row) in other.rows().iter().enumerate() {
        let path = other.path(index).unwrap();
        assert_eq!(path.root(row.leaf()), Some(other.tree_root()));
        assert_ne!(row.leaf::<Fp>(), leaf);
    }
}

#[test]
fn what_is_missing_or_stale_is_refused_by_name() {
    let remove = |json: &mut Value, pointer: &str, field: &str| {
        json.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(field);
    };
    let none = refused(|json| remove(json, "", "calibration"));
    assert!(none.contains("nothing to calibrate from: add closes"), "{none}");
    let history = refused(|json| remove(json, "/calibration", "history"));
    assert!(history.starts_with("calibration.history: the rule reads closes"), "{history}");
    let seen = refused(|json| remove(json, "/calibration/observations", "ETH"));
    assert!(seen.starts_with("ETH: the snapshot has a price but no spread"), "{seen}");
    let implied = refused(|json| {
        remove(json, "/calibration/observations/BTC", "implied_volatility");
    });
    assert!(implied.starts_with("BTC: the rule reads its implied volatility"), "{implied}");
    let cut = |json: &mut Value, place: usize| {
        for field in ["days", "closes"] {
            let rows = json["calibration"]["history"][field].as_array_mut().unwrap();
            rows.remove(place);
        }
    };
    let short = refused(|json| cut(json, 0));
    assert_eq!(short, "BTC: the rule reads 251 days of closes, there are 250");
    let gap = refused(|json| {
        for _ in 0..2 {
            cut(json, 100);
        }
    });
    assert!(gap.contains("closes may be 2 days apart"), "{gap}");
    let column = refused(|json| json["calibration"]["history"]["symbols"][1] = "SOL".into());
    assert_eq!(column, "ETH: there are no closes of ETH: add its column to the history");
    let stale = refused(|json| json["timestamp"] = (NOON + 2 * 86_400).into());
    assert!(stale.contains("2021-06-30, 3 days before"), "{stale}");
    let ahead = refused(|json| json["timestamp"] = (NOON - 86_400).into());
    assert!(ahead.contains("2021-06-30 was not over"), "{ahead}");
    let still = refused(|json| {
        let rows = json["calibration"]["history"]["closes"].as_array_mut().unwrap();
        rows.iter_mut().for_each(|row| row[0] = 5.into());
    });
    assert!(still.starts_with("BTC: its closes do not move"), "{still}");
    let previous = |epoch: u64, rates: Value| {
        refused(|json| {
            json["calibration"]["previous"] = json!({
                "epoch": epoch, "market_root": format!("0x{}", "a".repeat(64)),
                "numbers": { "BTC": { "capacity": "5", "rates": rates } },
            });
        })
    };
    assert!(previous(2, json!(["0.1", "0.2", "0.3"])).contains("2 is not before 2"));
    assert!(previous(1, json!(["0.1", "0.2"])).contains("in as many tiers"));
}

#[test]
fn inputs_out_of_range_are_refused_with_the_snapshot() {
    let refused = |edit: fn(&mut Value)| {
        let value = serde_json::from_str::<Value>(&snapshot(|_| {}).to_json());
        let mut value = value.unwrap();
        edit(&mut value);
        Snapshot::from_json(&value.to_string()).unwrap_err().to_string()
    };
    let spread =
        refused(|json| json["calibration"]["observations"]["BTC"]["spread"] = "1.1".into());
    assert!(spread.starts_with("calibration.observations.BTC.spread: 1.1 is refused"), "{spread}");
    let depth = refused(|json| json["calibration"]["observations"]["BTC"]["depth"] = "-1".into());
    assert!(depth.contains("BTC.depth: -1 is refused: allowed are decimals from 0"), "{depth}");
    let implied = refused(|json| {
        json["calibration"]["observations"]["BTC"]["implied_volatility"] = "62".into();
    });
    assert!(implied.contains("0.62 is 62 % a year"), "{implied}");
    let previous = |root: &str, rate: &str| {
        let value = serde_json::from_str::<Value>(&snapshot(|_| {}).to_json());
        let mut value = value.unwrap();
        value["calibration"]["previous"] = json!({ "epoch": 1, "market_root": root,
            "numbers": { "BTC": { "capacity": "5", "rates": [rate, "0.2", "0.3"] } } });
        Snapshot::from_json(&value.to_string()).map_err(|error| error.to_string())
    };
    let root = format!("0x{}", "a".repeat(64));
    assert!(previous("0x12", "0.1").unwrap_err().contains("64 hexadecimal digits"));
    for rate in ["0", "1.1", "1/4294967297"] {
        assert!(previous(&root, rate).unwrap_err().contains("numbers.BTC: allowed are"), "{rate}");
    }
    let read = previous(&root, "0.1").unwrap();
    assert_eq!(Snapshot::from_json(&read.to_json()).unwrap(), read);
}

/// An epoch after the other: the numbers of the one are what the next steps from.
#[test]
fn a_file_holds_what_its_rates_follow_from() {
    let model: StandardModel = rule(|_| {}).unwrap();
    let first = snapshot(|_| {});
    let (file, market) = MarketFile::build::<Fp>(&model, &first, Epoch::new(1)).unwrap();
    let numbers = numbers_of(calibrate(&model, &first, Epoch::new(1)).unwrap());
    let second = snapshot(|json| {
        json["calibration"]["observations"]["BTC"]["implied_volatility"] = "3".into();
        json["calibration"]["previous"] =
            json!({ "epoch": 1, "market_root": file.market_root(), "numbers": numbers });
    });
    let (next, stepped) = MarketFile::build::<Fp>(&model, &second, Epoch::new(2)).unwrap();
    let rate = |market: &Market<Fp>| market.rows()[0].initial.rate.get();
    // 0.2745 * 1.15 = 0.315675, where three times as much is asked for.
    assert_eq!((rate(&market), rate(&stepped)), (2_745, 3_157));
    let read = MarketFile::from_json(&next.to_json()).unwrap();
    assert_eq!(read.market::<Fp>().unwrap().root(), stepped.root());
    // Neither other rates before, nor another rule, nor another close.
    for (from, to) in [
        ("\"0.2745\"", "\"0.2746\""),
        ("\"deviations\": 3.0", "\"deviations\": 3.1"),
        ("35040.835938", "35040.835939"),
    ] {
        let text = next.to_json();
        assert!(text.contains(from), "{from}");
        let changed = MarketFile::from_json(&text.replacen(from, to, 1)).unwrap();
        let error = changed.market::<Fp>().unwrap_err();
        assert!(matches!(error, MarketFileError::RootMismatch { .. }), "{from}: {error}");
    }
}

/// Stated numbers are those of the calibration, rows are what they are without, and every
/// path leads to the root.
#[test]
fn numbers_stand_beside_the_rows_that_follow_from_them() {
    let stating = |json: &mut Value| {
        json["calibration"]["states_numbers"] = true.into();
        json["instruments"]["ETH"]["kind"] = "spot".into();
    };
    let (model, snapshot) = (rule(stating).unwrap(), snapshot(|_| {}));
    let silent = rule(|json| json["instruments"]["ETH"]["kind"] = "spot".into()).unwrap();
    assert_ne!(model.digest(), silent.digest());
    let market = Market::<Fp>::build(&model, &snapshot, Epoch::new(2)).unwrap();
    let without = Market::<Fp>::build(&silent, &snapshot, Epoch::new(2)).unwrap();
    assert_eq!(market.rows(), without.rows());
    assert!((0..without.rows().len()).all(|index| without.numbers(index).is_none()));
    let found = calibrate(&model, &snapshot, Epoch::new(2)).unwrap();
    for (index, row) in market.rows().iter().enumerate() {
        let path = market.path(index).unwrap();
        assert_eq!(path.root(row.leaf()), Some(market.tree_root()));
        let stated = market.numbers(index).unwrap();
        let of = ["BTC", "ETH"].map(named).into_iter();
        let symbol = of.clone().find(|symbol| symbol.instrument_id() == row.instrument).unwrap();
        assert_eq!(path.children()[0][2 * (index % 2) + 1], stated.leaf());
        let numbers = &found[&symbol].numbers;
        assert_eq!(numbers.capacity, rust_decimal::Decimal::from(stated.capacity));
        let rates = stated.rates.iter().map(|tier| Fraction::new(tier.rate.into(), 10_000));
        assert_eq!(rates.collect::<Option<Vec<_>>>().unwrap(), numbers.rates);
        assert_eq!((stated.previous, stated.before), (0, 0));
        assert_eq!(stated.to_bytes().len(), 8 * (5 + 9));
    }
    let (padding, path) = market.padding();
    assert_eq!(path.root(padding.leaf()), Some(market.tree_root()));
    // The rows that are the model's own: of the third instrument, which has no price here.
    assert_eq!(fixed_rows(&model).unwrap().len(), 1);
    assert!(fixed_rows(&silent).unwrap_err().to_string().contains("follow from the snapshot"));
    let terms = NumberTerms::of(&model);
    assert_eq!((terms.len(), NumberTerms::of(&silent).len()), (2, 0));
    assert_eq!(terms[0].steps, [(19, 20), (23, 20), (3, 4), (11, 10)]);
    assert_eq!(terms[0].tiers, [1_000_000, 4_000_000, 16_000_000]);
    let caps = rule(|json| {
        stating(json);
        json["instruments"]["BTC"]["open_interest_caps"] = json!({ "lower": "1", "upper": "2" });
    });
    let error = caps.unwrap_err().to_string();
    assert!(error.contains("open_interest_caps") && error.contains("states_numbers"), "{error}");
}

/// Numbers of the epoch before that are in no units of the model's denominator, or no
/// capacity, cannot be stated.
#[test]
fn numbers_before_are_stated_exactly_or_refused() {
    let model = rule(|json| json["calibration"]["states_numbers"] = true.into()).unwrap();
    let build = |capacity: &str, rate: &str| {
        let snapshot = snapshot(|json| {
            json["calibration"]["previous"] = json!({
                "epoch": 1, "market_root": format!("0x{}", "a".repeat(64)),
                "numbers": { "BTC": { "capacity": capacity, "rates": [rate, "0.4", "0.6"] } },
            });
        });
        Market::<Fp>::build(&model, &snapshot, Epoch::new(2))
    };
    let market = build("80000000", "0.25").unwrap();
    let stated = market.numbers(0).unwrap();
    assert_eq!((stated.previous, stated.before, stated.rates[0].before), (1, 80_000_000, 2_500));
    for (capacity, rate) in [("0", "0.25"), ("80000000", "0.25001"), ("80000000", "1/3")] {
        let error = build(capacity, rate).unwrap_err().to_string();
        assert!(error.contains("numbers.BTC"), "{error}");
    }
}
