//! Models, snapshots and markets that are refused, in words.

use std::collections::BTreeMap;

use pasta_curves::Fp;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{Epoch, InstrumentId};
use zkmargin_margin::units::Lots;

use super::{CALM, TAKEN, book, build, json, model, snapshot};
use crate::market::{AnyMarketFile, MarketFileError, ScenarioMarketFile, SettlementMarketFile};
use crate::scenario::ScenarioSnapshot;
use crate::settlement::SettlementError;
use crate::settlement::model::SettlementModel;
use crate::settlement::presets;
use crate::settlement::snapshot::SettlementSnapshot;
use crate::symbol::Symbol;

/// The snapshot with a text for another.
fn with(from: &str, to: &str) -> Result<SettlementSnapshot, SettlementError> {
    let json = json(CALM);
    assert!(json.contains(from), "{from}");
    SettlementSnapshot::from_json(&json.replacen(from, to, 1))
}

/// What a market of it is refused with.
fn refused(from: &str, to: &str) -> String {
    build(&with(from, to).unwrap()).unwrap_err().to_string()
}

/// What the shipped model is refused with, with a text for another.
fn model_refused(from: &str, to: &str) -> String {
    let json = presets::by_name("derive-standard").unwrap().json;
    assert!(json.contains(from), "{from}");
    SettlementModel::from_text(&json.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn markets_are_refused_with_words() {
    let strike = "\"strike\": 2950,";
    assert_eq!(
        refused(strike, "\"strike\": 2950.25,"),
        "ETH-900-2950-C: the strike 2950.25 has more than five significant digits: no identifier \
         holds it"
    );
    let tiny = refused(strike, "\"strike\": 0.000012345,");
    assert!(
        tiny.contains("no whole number of quote units: choose a larger lots.options"),
        "{tiny}"
    );
    let between =
        json(CALM).replace(&format!("\"timestamp\": {TAKEN}"), "\"timestamp\": 1764924301");
    let between = build(&SettlementSnapshot::from_json(&between).unwrap()).unwrap_err().to_string();
    assert!(between.contains("allowed are whole hours up to 2089"), "{between}");
    // Another option of the strike.
    let twice = refused("\"strike\": 3100,", "\"strike\": 2950,");
    assert!(twice.contains("have one instrument number"), "{twice}");
    let future = refused(
        "\"ETH\": { \"kind\": \"collateral\", \"price\": 3003.37 }",
        "\"ETH-F\": { \"kind\": \"future\", \"expiry_seconds\": 605700 }",
    );
    assert!(future.starts_with("ETH-F: a dated future: the family has options"), "{future}");
    let large = refused(
        "\"kind\": \"collateral\", \"price\": 91318.55",
        "\"kind\": \"collateral\", \"price\": 1e13",
    );
    assert!(large.contains("allowed are less than 2^48: choose a smaller lot"), "{large}");
}

#[test]
fn currencies_and_underlyings_must_be_the_models() {
    let quote = build(&with("\"quote\": \"USDC\"", "\"quote\": \"USD\"").unwrap()).unwrap_err();
    assert_eq!(quote.to_string(), "the model is quoted in USDC and the snapshot in USD");
    let none = json(CALM).replace("\"underlying\": \"ETH\"", "\"underlying\": \"SOL\"");
    let none = build(&SettlementSnapshot::from_json(&none).unwrap()).unwrap_err().to_string();
    assert!(none.starts_with("the model has no rule for SOL: leave its market out"), "{none}");
    let empty = r#"{ "timestamp": 1, "quote": "USDC",
                     "markets": [{ "underlying": "ETH", "spot": 1, "instruments": {} }] }"#;
    let empty = build(&SettlementSnapshot::from_json(empty).unwrap()).unwrap_err().to_string();
    assert_eq!(empty, "the snapshot prices none of the model's instruments");
}

#[test]
fn snapshots_are_refused_with_words() {
    let said = |from: &str, to: &str| with(from, to).unwrap_err().to_string();
    let taken = format!("\"timestamp\": {TAKEN}");
    let millis = said(&taken, &format!("\"timestamp\": {TAKEN}000"));
    assert!(millis.contains("a time is in seconds since 1970, not in milliseconds"), "{millis}");
    for nan in ["NaN", "1e999", "null", "\"3000\""] {
        assert!(with("\"spot\": 3003.37", &format!("\"spot\": {nan}")).is_err(), "{nan}");
    }
    let unknown = said("\"source\"", "\"sauce\"");
    assert!(unknown.contains("unknown field `sauce`"), "{unknown}");
    let missing =
        said("\"expiry_seconds\": 900, \"fraction\"", "\"expiry_seconds\": 605700, \"fraction\"");
    assert!(missing.starts_with("settled[0]: options settle on the forward alone"), "{missing}");
    let missing = json(CALM);
    let (before, _) = missing.split_once("\"settled\"").unwrap();
    let before = format!("{} }}", before.trim_end().trim_end_matches(','));
    let missing = SettlementSnapshot::from_json(&before).unwrap_err().to_string();
    assert!(
        missing.starts_with("settled: ETH expires in 900 seconds: within half an hour"),
        "{missing}"
    );
    let fraction = said("\"fraction\": 0.5", "\"fraction\": 1.5");
    assert_eq!(fraction, "settled[0]: fraction is out of range: allowed are 0 to 1");
    let other = said(
        "\"settled\": [\n             { \"underlying\": \"ETH\"",
        "\"settled\": [\n             { \"underlying\": \"BTC\"",
    );
    assert!(other.starts_with("settled[1]: BTC has no feed"), "{other}");
    let stable = said("\"stable_price\": 1,", "\"stable_price\": 0.99,");
    assert!(stable.contains("the coin has one price"), "{stable}");
    let twice = said("\"underlying\": \"BTC\", \"spot\"", "\"underlying\": \"ETH\", \"spot\"");
    assert_eq!(twice, "markets: ETH stands twice: allowed is one market of each underlying");
    let listed = said("\"BTC\": { \"kind\"", "\"ETH\": { \"kind\"");
    assert_eq!(listed, "markets: ETH is listed twice: a symbol names one instrument");
    assert_eq!(said("\"invented\"", "\"a\\nb\""), SettlementError::Source.to_string());
}

#[test]
fn models_are_refused_with_words() {
    let refused = model_refused;
    assert_eq!(
        refused("\"least\": \"0.13\"", "\"least\": \"0.08\""),
        "underlyings.BTC: options.least is below options.maintenance_call: a level would need \
         less than a lower one"
    );
    let range = refused("\"counts\": \"0.75\"", "\"counts\": \"1.75\"");
    assert!(
        range.starts_with("underlyings.BTC.collateral.counts: 1.75 is out of range"),
        "{range}"
    );
    let digits = refused("\"itm\": \"0.15\"", "\"itm\": \"0.1500000001\"");
    assert!(digits.ends_with("up to 9 decimals"), "{digits}");
    assert!(refused("\"itm\": \"0.15\"", "\"itm\": \"NaN\"").contains("not a decimal"));
    assert!(refused("\"itm\": \"0.15\"", "\"itm\": 0.15").contains("invalid type"));
    assert!(refused("\"put_offset\": \"1.05\"", "\"put_offset\": \"0.95\"").contains("1 to 100"));
    let lot = refused("\"perpetuals\": \"0.00001\"", "\"perpetuals\": \"0\"");
    assert!(lot.starts_with("underlyings.BTC.lots.perpetuals: allowed are more than 0"), "{lot}");
    assert!(refused("\"factor\"", "\"fraction\"").contains("unknown field `fraction`"));
    assert!(refused("\"quote_decimals\": 8", "\"quote_decimals\": 19").contains("quote_decimals"));
    assert!(refused("\"ETH\": {", "\"BTC\": {").contains("symbol BTC stands twice"));
    assert!(refused("derive-standard", "").contains("1 to 64 printable"));
}

/// Two names whose hashes end in the same 19 bits.
#[test]
fn underlyings_of_one_code_are_refused() {
    let mut seen = BTreeMap::new();
    let pair = (0..).find_map(|number: u32| {
        let symbol = Symbol::new(&format!("C{number}")).unwrap();
        let code = crate::settlement::ids::underlying_code(&symbol);
        seen.insert(code, symbol.clone()).map(|other| (other, symbol))
    });
    let (one, other) = pair.unwrap();
    let json = presets::by_name("derive-standard").unwrap().json;
    let json =
        json.replace("\"BTC\"", &format!("\"{one}\"")).replace("\"ETH\"", &format!("\"{other}\""));
    let error = SettlementModel::from_text(&json).unwrap_err();
    assert!(matches!(error, SettlementError::UnderlyingCode { .. }), "{error}");
}

#[test]
fn files_come_back_with_their_root() {
    let (model, snapshot) = (model(), snapshot(CALM));
    let (file, market) =
        SettlementMarketFile::build::<Fp>(&model, &snapshot, Epoch::new(3)).unwrap();
    let json = file.to_json();
    let Ok(AnyMarketFile::Settlement(read)) = AnyMarketFile::from_json(&json) else {
        panic!("not a settlement market")
    };
    assert_eq!(*read, file);
    assert_eq!(read.market::<Fp>().unwrap().root(), market.root());
    let later = json.replacen("\"epoch\": 3", "\"epoch\": 4", 1);
    let later = SettlementMarketFile::from_json(&later).unwrap().market::<Fp>();
    assert!(matches!(later, Err(MarketFileError::RootMismatch { .. })));
    let other = ScenarioMarketFile::from_json(&json).unwrap_err().to_string();
    assert_eq!(other, "family: \"settlement\" is not supported here, scenario is");
    let toml = toml::to_string(&serde_json::to_value(&model).unwrap()).unwrap();
    assert_eq!(SettlementModel::from_text(&toml).unwrap().digest(), model.digest());
}

/// Chains of two underlyings that were taken one after the other.
#[test]
fn chains_make_a_snapshot() {
    let chain = |coin: &str, spot: u32, taken: u64| {
        let seconds = 1_764_928_800 - taken + 86_400;
        let json = format!(
            r#"{{ "timestamp": {taken}, "quote": "USDC",
                 "lots": {{ "options": "0.1", "others": "0.1" }},
                 "market": {{ "underlying": "{coin}", "spot": {spot},
                   "feeds": [{{ "expiry_seconds": {seconds}, "forward": {spot} }}],
                   "instruments": {{ "{coin}-{spot}-P": {{ "kind": "option",
                     "expiry_seconds": {seconds}, "strike": {spot}, "option_type": "put",
                     "mark_vol": 0.5 }} }} }} }}"#
        );
        ScenarioSnapshot::from_json(&json).unwrap()
    };
    let chains = [chain("ETH", 3000, TAKEN + 40), chain("BTC", 90_000, TAKEN)];
    let snapshot = SettlementSnapshot::of_chains(&chains).unwrap();
    assert_eq!(snapshot.spec().timestamp.get(), TAKEN);
    let market = build(&snapshot).unwrap();
    assert_eq!(market.listings().count(), 2);
    let apart = [chain("ETH", 3000, TAKEN + 61), chain("BTC", 90_000, TAKEN)];
    let apart = SettlementSnapshot::of_chains(&apart).unwrap_err().to_string();
    assert_eq!(apart, "the chains were taken 61 seconds apart: allowed are 60");
    assert!(SettlementSnapshot::of_chains(&[]).is_err());
}

/// A shocked market is a market again: prices rise, what is settled stands.
#[test]
fn markets_can_be_shocked() {
    let calm = snapshot(CALM);
    let shocked = calm.shocked(1.5, 2.0).unwrap();
    let markets = [&calm, &shocked].map(|snapshot| build(snapshot).unwrap());
    let mark = |place: usize, symbol: &str| {
        let market = &markets[place];
        market.rows()[market.listing(symbol).unwrap().row()].mark()
    };
    assert_eq!(mark(1, "ETH") as f64, 1.5 * mark(0, "ETH") as f64);
    assert!(mark(1, "ETH-900-2000-C") > mark(0, "ETH-900-2000-C"));
    let feed = |snapshot: &SettlementSnapshot| {
        let market = &snapshot.spec().markets[0].spec().clone();
        snapshot.settles_on(&market.underlying, &market.feeds[0])
    };
    let (before, after) = (feed(&calm), feed(&shocked));
    // Half of it is settled.
    assert!((after / before - 1.25).abs() < 0.001, "{before} {after}");
    assert!(calm.shocked(f64::NAN, 1.0).is_err() && calm.shocked(0.0, 1.0).is_err());
}

/// Positions that no margin is computed of.
#[test]
fn positions_are_refused() {
    let market = build(&snapshot(CALM)).unwrap();
    let held = book(&market, &[1; 52], 0);
    assert!(market.margin(&held).unwrap().requirement(Level::Initial).is_some());
    let mut twice = held.clone();
    twice.push(held[0].clone());
    let twice = market.margin(&twice).unwrap_err().to_string();
    assert!(twice.ends_with("stands twice in one bucket"), "{twice}");
    let mut other = held.clone();
    other[0].instrument = InstrumentId::new(7);
    assert!(market.margin(&other).unwrap_err().to_string().contains("is not listed"));
    let coin = market.listing("ETH").unwrap();
    let mut owed = held;
    let place = owed.iter().position(|position| position.instrument == coin.id()).unwrap();
    owed[place].quantity = Lots::new(-1);
    assert!(market.margin(&owed).is_err());
    assert_eq!(coin.lots_from_decimal("1.5").unwrap().get(), 150_000);
    assert!(coin.lots_from_decimal("0.000001").is_err());
    assert!(market.listing("eth").is_none() && market.listing_by_id(coin.id()) == Some(coin));
}
