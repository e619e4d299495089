use proptest::prelude::*;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::standard::{Direction, TierRow};
use zkmargin_margin::units::{Lots, Notional, Price, Rate};

use super::*;
use crate::fraction::Fraction;
use crate::market::tier_row;
use crate::presets;

const SMALL: &str = r#"{
  "name": "small", "quote": "USDC", "denominator": 1200,
  "instruments": {
    "BTC": {
      "kind": "perpetual", "lot_size": "0.00001",
      "margin": {
        "initial": [{ "up_to": "150000000", "rate": "1/40" }, { "rate": "1/20" }],
        "maintenance": [{ "up_to": "150000000", "rate": "1/80" }, { "rate": "1/40" }]
      }
    }
  }
}"#;

fn edited(from: &str, to: &str) -> String {
    assert!(SMALL.contains(from), "{from}");
    let error = StandardModel::from_json(&SMALL.replacen(from, to, 1)).unwrap_err();
    error.to_string()
}

/// A perpetual's rows at one quote unit per lot.
fn rows(rule: &InstrumentRule, quotation: Quotation) -> Vec<TierRow> {
    let price = Price::new(1, 1).unwrap();
    let specs = rule.rows("test", quotation, None).unwrap();
    specs.iter().map(|spec| tier_row(InstrumentId::new(1), price, spec)).collect()
}

fn perpetual(initial: Vec<Tier>, maintenance: Vec<Tier>, basis: Basis) -> InstrumentRule {
    InstrumentRule {
        kind: Kind::Perpetual,
        lot_size: Decimal::ONE,
        margin: Some(ChargeRule {
            initial_basis: basis,
            initial,
            maintenance_basis: basis,
            maintenance,
            maintenance_fraction: Fraction::ONE,
        }),
        collateral: None,
        liability: None,
        open_interest_caps: None,
        calibrated: None,
        leverages: Vec::new(),
    }
}

#[test]
fn errors_name_the_field_and_what_is_allowed() {
    let cases = [
        ("\"1/40\"", "\"1/7\"", "instruments.BTC.margin.initial[0].rate: 1/7 is not a whole"),
        ("\"1/40\"", "\"3/2\"", "instruments.BTC.margin.initial[0].rate: 1.5 is above 1"),
        ("\"1/40\"", "\"-1\"", "not a margin model: not a rate"),
        ("150000000", "0", "instruments.BTC.margin.initial[0].up_to: a bound is positive"),
        ("150000000", "1.000000001", "instruments.BTC.margin.initial[0].up_to: a bound is"),
        ("\"0.00001\"", "\"0\"", "instruments.BTC.lot_size: allowed are more than 0"),
        ("\"0.00001\"", "0.00001", "invalid type: floating point"),
        ("\"kind\": \"perpetual\"", "\"kind\": \"option\"", "unknown variant `option`"),
        ("\"kind\": \"perpetual\"", "\"kind\": \"spot\"", "instruments.BTC.margin: not allowed"),
        ("\"denominator\": 1200", "\"denominator\": 0", "denominator: allowed are 1 to"),
        ("\"quote\": \"USDC\"", "\"quote\": \"USDC\", \"quote_decimals\": 13", "quote_decimals: "),
        ("\"name\": \"small\"", "\"name\": \"\"", "name: a name is 1 to 64"),
        ("{ \"rate\": \"1/20\" }", "{ \"rates\": \"1/20\" }", "unknown field `rates`"),
        ("{ \"rate\": \"1/20\" }", "{ \"up_to\": \"1\", \"rate\": \"1/20\" }", "bounds must rise"),
        (", { \"rate\": \"1/20\" }", "", "margin.maintenance: initial and maintenance tiers must"),
        ("\"up_to\": \"150000000\", ", "", "only the last tier may be without bound"),
        (
            "\"1/40\" }, { \"rate\": \"1/20\"",
            "\"1/100\" }, { \"rate\": \"1/20\"",
            "maintenance exceeds",
        ),
    ];
    for (from, to, expected) in cases {
        let message = edited(from, to);
        assert!(message.contains(expected), "{to}: {message}");
    }
    let twice = SMALL.replacen("\"instruments\": {", "\"instruments\": { \"BTC\": null,", 1);
    assert!(StandardModel::from_json(&twice).is_err());
    let message = edited("\"margin\": {", "\"margin\": null, \"collateral\": {");
    assert!(message.contains("line 7") || message.contains("line 8"), "{message}");
}

#[test]
fn symbols_stand_once() {
    let start = SMALL.find("\"BTC\"").unwrap();
    let end = SMALL.rfind("}\n  }\n}").unwrap() + 1;
    let entry = &SMALL[start..end];
    let json = SMALL.replacen(entry, &format!("{entry}, {entry}"), 1);
    let message = StandardModel::from_json(&json).unwrap_err().to_string();
    assert!(message.contains("symbol BTC stands twice"), "{message}");
}

#[test]
fn symbols_have_numbers_of_their_own() {
    // Of 64 bits no two that collide are found. A call is named by what it shares
    // with its put, which here is an instrument of its own.
    let first = (0..)
        .map(|i| Symbol::new(&format!("C{i}")).unwrap())
        .find(|symbol| symbol.instrument_id().get() & 1 == 0)
        .unwrap();
    let second = Symbol::new(&format!("{first}-C")).unwrap();
    let model = StandardModel::from_json(SMALL).unwrap();
    let rule = model.instruments()[&Symbol::new("BTC").unwrap()].clone();
    let mut spec = model.spec().clone();
    spec.instruments = [(first, rule.clone()), (second, rule)].into();
    let message = StandardModel::new(spec).unwrap_err().to_string();
    assert!(message.ends_with("both have the same instrument number: rename one"), "{message}");
}

#[test]
fn digests_ignore_how_a_file_is_written() {
    let model = StandardModel::from_json(SMALL).unwrap();
    let other = SMALL
        .replace("1/80", "0.01250")
        .replace("150000000", "150000000.00")
        .replace(
            "\"name\": \"small\", \"quote\": \"USDC\"",
            "\"quote\": \"USDC\", \"name\": \"small\"",
        )
        .replace(
            "\"margin\": {",
            "\"margin\": { \"initial_basis\": \"marginal\", \"maintenance_fraction\": \"3/3\",",
        );
    let other = StandardModel::from_json(&other).unwrap();
    assert_eq!(model.to_canonical_json(), other.to_canonical_json());
    assert_eq!(model.digest(), other.digest());
    let again = StandardModel::from_json(&model.to_canonical_json()).unwrap();
    assert_eq!(again, model);
    let changed = StandardModel::from_json(&SMALL.replace("1/80", "1/100")).unwrap();
    assert_ne!(changed.digest(), model.digest());
}

#[test]
fn presets_are_valid_and_pinned() {
    let digests: Vec<String> = presets::all()
        .iter()
        .map(|preset| {
            let model = preset.model().unwrap();
            assert_eq!(model.name(), preset.name);
            format!("{} {}\n", preset.name, model.digest())
        })
        .collect();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/preset-digests.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, digests.concat()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(golden).unwrap(), digests.concat());
    assert!(presets::by_name("hyperliquid").is_some() && presets::by_name("nasdaq").is_none());
}

/// The deduction of a venue: `lower * rate - base`, in whole quote currency.
fn deductions(model: &StandardModel, symbol: &str) -> Vec<u128> {
    let rule = &model.instruments()[&Symbol::new(symbol).unwrap()];
    let denominator = u128::from(model.denominator().get());
    let unit = 10u128.pow(model.quote_decimals());
    rows(rule, model.quotation())
        .iter()
        .map(|row| {
            let product = row.lower.get() * u128::from(row.maintenance.rate.get());
            assert_eq!(product % denominator, 0);
            let deduction = product / denominator - row.maintenance.base.get();
            assert_eq!(deduction % unit, 0);
            deduction / unit
        })
        .collect()
}

#[test]
fn hyperliquid_deductions_are_the_published_ones() {
    let model = presets::by_name("hyperliquid").unwrap().model().unwrap();
    assert_eq!(deductions(&model, "BTC"), [0, 1_875_000]);
    // 100 M * (1/30 - 1/50), 70 M * (1/20 - 1/40), 3 M * (1/10 - 1/20): the first
    // is no whole number of USDC.
    assert_eq!(deductions(&model, "SOL"), [0, 1_750_000]);
    assert_eq!(deductions(&model, "BNB"), [0, 150_000]);
}

#[test]
fn binance_deductions_are_the_published_cum() {
    let model = presets::by_name("binance-usdm").unwrap().model().unwrap();
    let btc = [
        0,
        50,
        950,
        11_450,
        131_450,
        481_450,
        2_981_450,
        14_481_450,
        26_481_450,
        41_481_450,
        121_481_450,
        421_481_450,
    ];
    assert_eq!(deductions(&model, "BTCUSDT"), btc);
    let doge = [0, 20, 170, 7_670, 11_670, 51_670, 451_670, 851_670, 3_351_670, 13_351_670];
    assert_eq!(deductions(&model, "DOGEUSDT"), doge);
}

#[test]
fn collateral_saturates_above_its_last_bound() {
    let json = r#"{ "name": "c", "quote": "USD", "quote_decimals": 0, "denominator": 100,
        "instruments": { "ETH": { "kind": "spot", "lot_size": "1", "collateral": {
            "initial": [{ "up_to": "100", "weight": "0.5" }],
            "maintenance": [{ "up_to": "200", "weight": "0.75" }] } } } }"#;
    let model = StandardModel::from_json(json).unwrap();
    let rule = &model.instruments()[&Symbol::new("ETH").unwrap()];
    let rows = rows(rule, model.quotation());
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.direction == Direction::Long));
    assert_eq!(rows[2].upper, Notional::MAX);
    let figures = rows[2].assess(Lots::new(1000), model.denominator()).unwrap();
    assert_eq!((figures.initial, figures.maintenance), (950, 850));
    let figures = rows[1].assess(Lots::new(200), model.denominator()).unwrap();
    assert_eq!((figures.initial, figures.maintenance), (150, 50));
}

#[test]
fn flat_tiers_jump_and_may_not_fall() {
    let tier = |up_to: Option<u32>, rate: &str| Tier {
        up_to: up_to.map(Decimal::from),
        rate: rate.parse().unwrap(),
    };
    let rising = vec![tier(Some(100), "0.1"), tier(None, "0.2")];
    let quotation = Quotation { decimals: 0, denominator: Denominator::new(100).unwrap() };
    let rows = rows(&perpetual(rising.clone(), rising, Basis::Flat), quotation);
    let initial = |row: usize, lots| {
        rows[row].assess(Lots::new(lots), quotation.denominator).unwrap().initial
    };
    assert_eq!((initial(0, 100), initial(1, 101), initial(1, 1000)), (10, 21, 200));
    let falling = vec![tier(Some(100), "0.2"), tier(None, "0.1")];
    let error = perpetual(falling.clone(), falling, Basis::Flat).rows("x", quotation, None);
    assert!(error.unwrap_err().to_string().contains("flat rates must not fall"));
}

#[test]
fn thirteen_tiers_are_too_many() {
    let tiers: Vec<Tier> =
        (1..=13).map(|i| Tier { up_to: Some(Decimal::from(i)), rate: Fraction::ZERO }).collect();
    let quotation = Quotation { decimals: 0, denominator: Denominator::new(1).unwrap() };
    let error = perpetual(tiers.clone(), tiers, Basis::Marginal).rows("x", quotation, None);
    assert_eq!(error.unwrap_err().to_string(), "x.margin.initial: 13 tiers: allowed are 12");
}

/// Rising bounds and rates over 1000.
fn tiers() -> impl Strategy<Value = Vec<(u64, u32)>> {
    prop::collection::vec((1u64..1_000_000_000, 0u32..=1000), 1..6)
}

/// Tiers over 60, narrow enough for roundings to matter.
fn narrow_tiers() -> impl Strategy<Value = Vec<Tier>> {
    prop::collection::vec((1u32..40, 0u64..=60), 1..4).prop_map(|tiers| {
        let (mut bound, last) = (0, tiers.len() - 1);
        let tier = |(i, (width, rate)): (usize, (u32, u64))| {
            bound += width;
            let up_to = (i < last).then(|| Decimal::from(bound));
            Tier { up_to, rate: Fraction::new(rate, 60).unwrap() }
        };
        tiers.into_iter().enumerate().map(tier).collect()
    })
}

#[test]
fn rounding_does_not_lift_maintenance_above_initial() {
    let rule = |initial: u64, maintenance: u64, fraction: (u64, u64)| {
        let tiers = |rate| vec![Tier { up_to: None, rate: Fraction::new(rate, 60).unwrap() }];
        let mut rule = perpetual(tiers(initial), tiers(maintenance), Basis::Marginal);
        rule.margin.as_mut().unwrap().maintenance_fraction =
            Fraction::new(fraction.0, fraction.1).unwrap();
        rule
    };
    let quotation = Quotation { decimals: 0, denominator: Denominator::new(60).unwrap() };
    // A tenth and two thirds of 0.15: at 7 units 1 and 2.
    let error = rule(6, 9, (2, 3)).rows("x", quotation, None).unwrap_err().to_string();
    assert!(error.starts_with("x.margin.maintenance: the maintenance rate, before"), "{error}");
    assert!(rule(6, 6, (2, 3)).rows("x", quotation, None).is_ok());
}

proptest! {
    #[test]
    fn maintenance_is_never_above_initial(
        initial in narrow_tiers(),
        maintenance in narrow_tiers(),
        third in 1u64..=3,
        flat in any::<bool>(),
    ) {
        let basis = if flat { Basis::Flat } else { Basis::Marginal };
        let mut rule = perpetual(initial, maintenance, basis);
        rule.margin.as_mut().unwrap().maintenance_fraction = Fraction::new(third, 3).unwrap();
        let denominator = Denominator::new(60).unwrap();
        let quotation = Quotation { decimals: 0, denominator };
        let Ok(specs) = rule.rows("test", quotation, None) else { return Ok(()) };
        let price = Price::new(1, 1).unwrap();
        for row in specs.iter().map(|spec| tier_row(InstrumentId::new(1), price, spec)) {
            for lots in 0..200 {
                if let Ok(margin) = row.assess(Lots::new(lots), denominator) {
                    prop_assert!(margin.maintenance <= margin.initial, "at {lots} in {row:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn charges_are_continuous(initial in tiers(), maintenance in tiers()) {
        let build = |tiers: &[(u64, u32)], scale: u64| -> Vec<Tier> {
            let mut bound = 0;
            let last = tiers.len() - 1;
            tiers.iter().enumerate().map(|(i, (width, rate))| {
                bound += width;
                Tier {
                    up_to: (i < last).then(|| Decimal::from(bound)),
                    rate: Fraction::new(u64::from(*rate) / scale, 1000).unwrap(),
                }
            }).collect()
        };
        // Maintenance at rate zero where it would exceed: keep the grid, not the size.
        let rule = perpetual(
            build(&initial.iter().map(|(w, r)| (*w, (*r).max(500))).collect::<Vec<_>>(), 1),
            build(&maintenance, 2),
            Basis::Marginal,
        );
        let denominator = Denominator::new(1000).unwrap();
        let quotation = Quotation { decimals: 0, denominator };
        let rows = rows(&rule, quotation);
        prop_assert!(rows[0].lower == Notional::ZERO && !rows[0].lower_exclusive);
        for pair in rows.windows(2) {
            prop_assert_eq!(pair[0].upper, pair[1].lower);
            let at = i64::try_from(pair[0].upper.get()).unwrap();
            let end = pair[0].assess(Lots::new(at), denominator).unwrap();
            prop_assert_eq!(end.initial, pair[1].initial.base.get());
            prop_assert_eq!(end.maintenance, pair[1].maintenance.base.get());
            // A notional on a bound is in the lower tier only.
            prop_assert!(pair[1].assess(Lots::new(at), denominator).is_err());
            let next = pair[1].assess(Lots::new(at + 1), denominator).unwrap();
            prop_assert!(next.initial >= end.initial && next.initial <= end.initial + 1);
            prop_assert!(next.maintenance <= next.initial);
        }
        prop_assert_eq!(rows.last().unwrap().upper, Notional::MAX);
        let all_rates_fit = rows.iter().all(|row| row.initial.rate <= Rate::new(1000));
        prop_assert!(all_rates_fit);
    }
}
