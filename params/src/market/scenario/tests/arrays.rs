//! Markets of published risk arrays.

use zkmargin_margin::scenario::{FACTOR_ONE, FINE_ONE, I256};

use super::*;
use crate::scenario::{Scan, ScenarioPortfolio, StressTest, Stressable};

/// The arrays of a future and a call, of the published example, with a premium of the call.
fn arrays(premium: &str) -> String {
    let file = include_str!("../../../../fixtures/span_arrays.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let contract = |name: &str, mark: &str| {
        let values: Vec<f64> = file["risk_arrays"][name]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_str().unwrap().parse().unwrap())
            .collect();
        format!(r#""{name}": {{ "kind": "array", "mark": {mark}, "values": {values:?} }}"#)
    };
    format!(
        r#"{{ "timestamp": 1764921600, "quote": "USD", "quote_decimals": 2,
              "lots": {{ "options": "1", "others": "1" }},
              "market": {{ "underlying": "SP500", "spot": 417.5, "instruments": {{ {}, {} }} }} }}"#,
        contract("future", "0"),
        contract("call", premium),
    )
}

fn set() -> ScenarioModel {
    parameters::by_name("span-arrays").unwrap().model().unwrap()
}

fn built(json: &str) -> Market<Fp> {
    let snapshot = ScenarioSnapshot::from_json(json).unwrap();
    Market::build(&set(), &snapshot, Epoch::new(1)).unwrap()
}

fn refused(model: &ScenarioModel, json: &str) -> String {
    let snapshot = ScenarioSnapshot::from_json(json).unwrap();
    Market::<Fp>::build(model, &snapshot, Epoch::new(1)).unwrap_err().to_string()
}

fn held(market: &Market<Fp>, contracts: &[(&str, &str)], cash: &str) -> Vec<Position> {
    let mut positions: Vec<Position> = contracts
        .iter()
        .map(|(name, quantity)| {
            let listing = market.listing(name).unwrap();
            Position {
                bucket: BucketId::CROSS,
                instrument: listing.id(),
                quantity: listing.lots_from_decimal(quantity).unwrap(),
                cash: Amount::ZERO,
            }
        })
        .collect();
    positions[0].cash = market.amount_from_decimal(cash).unwrap();
    positions
}

/// To the cent, and each sum of the covered write.
#[test]
fn the_published_scanning_losses_come_out_exactly() {
    let market = built(&arrays("0"));
    let one = I256::from(FINE_ONE) * I256::from(FACTOR_ONE);
    for (contracts, loss) in [
        (&[("future", "1")][..], 10_000),
        (&[("call", "1")], 3_990),
        (&[("future", "1"), ("call", "-1")], 6_620),
        (&[("future", "-3")], 30_000),
        (&[("future", "1"), ("call", "-7")], 46_420),
    ] {
        let margin = market.margin(&held(&market, contracts, "0")).unwrap();
        for level in [Level::Maintenance, Level::Initial] {
            let cents = I256::from(100 * loss);
            assert_eq!(margin.requirement(level), Some(cents * one), "{contracts:?}");
            assert_eq!(margin.shortfall(level), 100 * u128::try_from(loss).unwrap());
        }
    }
    let margin = market.margin(&held(&market, &[("future", "1"), ("call", "-1")], "0")).unwrap();
    let sums = [
        -460, 610, 690, 1_600, -2_060, -990, 1_460, 2_130, -4_130, -3_240, 1_940, 2_360, -6_620,
        -6_010, 3_870, -5_500,
    ];
    for (sum, pnl) in sums.into_iter().zip(&margin.parts()[0].scenario_pnl) {
        assert_eq!(*pnl, I256::from(100 * sum) * I256::from(FINE_ONE));
    }
}

/// The premium of an option is worth in equity and asks for nothing.
#[test]
fn premiums_are_equity() {
    let market = built(&arrays("1234.5"));
    let margin = market.margin(&held(&market, &[("call", "-2")], "10000")).unwrap();
    assert_eq!(margin.mark_to_market(), 1_000_000 - 2 * 123_450);
    let flat = built(&arrays("0"));
    let same = flat.margin(&held(&flat, &[("call", "-2")], "10000")).unwrap();
    assert_eq!(margin.requirement(Level::Initial), same.requirement(Level::Initial));
    assert_ne!(market.root(), flat.root());
}

/// What is no whole number of units a lot is rounded against the account, as everywhere.
#[test]
fn fractions_are_guarded() {
    let market = built(&arrays("0").replace("-10000.0", "-10000.004"));
    let margin = market.margin(&held(&market, &[("future", "1")], "0")).unwrap();
    let shortfall = margin.shortfall(Level::Initial);
    assert!((1_000_001..=1_000_003).contains(&shortfall), "{shortfall}");
}

#[test]
fn arrays_stand_alone() {
    let json = arrays("0");
    for name in ["span-16", "derive-test"] {
        let model = parameters::by_name(name).unwrap().model().unwrap();
        let text = refused(&model, &json);
        assert!(text.starts_with("instruments.call: a set with imported_arrays"), "{text}");
    }
    let priced = json.replace(
        r#""instruments": {"#,
        r#""instruments": { "PERP": { "kind": "perpetual", "price": 1 },"#,
    );
    assert!(refused(&set(), &priced).starts_with("instruments.PERP: a set with imported_arrays"));
    let text = parameters::by_name("span-arrays").unwrap().json;
    for (from, to) in [
        (r#""dampening_factor": 1 }"#, r#""dampening_factor": 0.35 }"#),
        (r#""mm_perp_percent": 0"#, r#""mm_perp_percent": 0.01"#),
        (r#""base_static_discount": 1"#, r#""base_static_discount": 0.95"#),
        (r#""imported_arrays": true,"#, r#""imported_arrays": true, "inverse": true,"#),
    ] {
        assert!(text.contains(from), "{from}");
        let error = ScenarioModel::from_json(&text.replacen(from, to, 1)).unwrap_err();
        assert!(error.to_string().starts_with("imported_arrays: "), "{error}");
    }
    let short = json.replacen("0.0, ", "", 1);
    assert!(ScenarioSnapshot::from_json(&short).is_err());
}

/// An array says nothing of other prices: a stress test says so.
#[test]
fn arrays_are_not_stressed() {
    let (set, snapshot) = (set(), ScenarioSnapshot::from_json(&arrays("0")).unwrap());
    let position = crate::scenario::Position {
        instrument: crate::symbol::Symbol::new("future").unwrap(),
        quantity: 1.0,
        unrealised: 0.0,
    };
    let book = ScenarioPortfolio { cash: 5.0, positions: vec![position], reserved: 0.0 };
    let test = StressTest::new(&set, &snapshot.spec().market, &book).unwrap();
    let error = test.thresholds(&Scan::default(), &[Level::Maintenance]).unwrap_err();
    assert!(error.to_string().contains("says nothing of other prices"), "{error}");
}

/// Spreads between months and short options, as a clearing house charges them: exact.
#[test]
fn charges_between_months_come_out_exactly() {
    let values =
        [0, 0, 100, 100, -100, -100, 200, 200, -200, -200, 300, 300, -300, -300, 210, -210];
    let contract = |name: &str, rest: &str| {
        format!(r#""{name}": {{ "kind": "array", "values": {values:?}, {rest} }}"#)
    };
    let json = |charges: &str| {
        format!(
            r#"{{ "timestamp": 1764921600, "quote": "USD", "quote_decimals": 2,
                  "lots": {{ "options": "1", "others": "1" }},
                  "market": {{ "underlying": "C", "spot": 417.3, {charges}
                    "feeds": [ {{ "expiry_seconds": 100, "forward": 417 }},
                               {{ "expiry_seconds": 200, "forward": 418 }},
                               {{ "expiry_seconds": 300, "forward": 419 }} ],
                    "instruments": {{ {}, {}, {}, {} }} }} }}"#,
            contract("MAR", r#""expiry_seconds": 100, "delta": 1, "is_option": false"#),
            contract("MAY", r#""expiry_seconds": 200, "delta": 1, "is_option": false"#),
            contract("JUL", r#""expiry_seconds": 300, "delta": 1, "is_option": false"#),
            contract("JULC", r#""expiry_seconds": 300, "delta": 0.5, "is_option": true"#),
        )
    };
    let charged = built(&json(r#""array_charges": { "spread": 70, "short_option": 450 },"#));
    let plain = built(&json(""));
    assert_ne!(charged.root(), plain.root());
    let one = I256::from(FINE_ONE) * I256::from(FACTOR_ONE);
    for (contracts, scanned, spreads, minimum) in [
        (&[("MAR", "2")][..], 600, 0, 0),
        (&[("MAR", "2"), ("MAY", "-2")], 0, 140, 0),
        (&[("MAR", "-5"), ("MAY", "2"), ("JUL", "1")], 600, 210, 0),
        (&[("MAR", "1"), ("JULC", "-4")], 900, 70, 1_800),
        (&[("MAR", "4"), ("JULC", "-4")], 0, 140, 1_800),
        (&[("MAR", "9"), ("JULC", "-2")], 2_100, 70, 900),
        (&[("JUL", "1"), ("JULC", "-2")], 300, 0, 900),
    ] {
        let asked = (scanned + spreads).max(minimum);
        let margin = charged.margin(&held(&charged, contracts, "0")).unwrap();
        for level in [Level::Maintenance, Level::Initial] {
            let cents = I256::from(100 * asked);
            assert_eq!(margin.requirement(level), Some(cents * one), "{contracts:?}");
        }
        let margin = plain.margin(&held(&plain, contracts, "0")).unwrap();
        assert_eq!(margin.requirement(Level::Initial), Some(I256::from(100 * scanned) * one));
    }
    let other = ScenarioSnapshot::from_json(&json(r#""array_charges": { "spread": 1 },"#)).unwrap();
    let priced = parameters::by_name("span-16").unwrap().model().unwrap();
    let error = Market::<Fp>::build(&priced, &other, Epoch::new(1)).unwrap_err().to_string();
    assert_eq!(error, "array_charges: only a set with imported_arrays takes them");
    let month = json("").replacen(
        "\"expiry_seconds\": 300, \"delta\"",
        "\"expiry_seconds\": 400, \"delta\"",
        1,
    );
    assert!(ScenarioSnapshot::from_json(&month).unwrap_err().to_string().contains("no feed"));

    // A charge on what a contract does not say is none.
    let charges = r#""array_charges": { "spread": 70, "short_option": 450 },"#;
    for (from, to, expected) in [
        (r#""expiry_seconds": 200, "delta""#, r#""delta""#, "MAY.expiry_seconds: array_charges"),
        (r#""delta": 0.5, "#, "", "instruments.JULC.delta: array_charges"),
        (r#", "is_option": true"#, "", "instruments.JULC.is_option: array_charges"),
        (r#""delta": 0.5"#, r#""delta": 0.5, "mark": 3"#, ""),
        (r#""delta": 1,"#, r#""delta": 1, "mark": 3,"#, ".mark: a future has no mark"),
    ] {
        let text = json(charges);
        assert!(text.contains(from), "{from}");
        let read = ScenarioSnapshot::from_json(&text.replacen(from, to, 1));
        let error = read.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expected) && error.is_empty() == expected.is_empty(), "{error}");
    }
    // Without charges nothing is asked.
    let bare = json("").replacen(r#""delta": 0.5, "is_option": true"#, r#""mark": 0"#, 1);
    assert!(ScenarioSnapshot::from_json(&bare).is_ok());
}
