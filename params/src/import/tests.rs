use super::*;
use rust_decimal::Decimal;

use crate::import::binance::{brackets_model, leverage_brackets, premium_index};
use crate::import::hyperliquid::{account, margin_tables};
use crate::presets;

const ACCOUNT: &str = zkmargin_examples::ACCOUNT;
const RAW_ACCOUNT: &str = include_str!("../../fixtures/hyperliquid_clearinghouse_state.json");
const META: &str = include_str!("../../fixtures/hyperliquid_meta.json");
const TABLES: &str = include_str!("../../fixtures/hyperliquid_margin_tables.json");
const BRACKETS: &str = include_str!("../../fixtures/binance_leverage_bracket.json");
const BRACKETS_IN_WORDS: &str = include_str!("../../fixtures/binance_brackets.json");
const PREMIUM: &str = include_str!("../../fixtures/binance_premium_index.json");
const PREMIUM_CSV: &str = include_str!("../../fixtures/binance_premium_index.csv");
const DERIVE_TICKERS: &str = include_str!("../../fixtures/derive_tickers.json");
const DERIVE_INSTRUMENTS: &str = include_str!("../../fixtures/derive_instruments.json");

fn sym(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

#[test]
fn accounts_are_read_in_both_forms() {
    let trimmed = account(ACCOUNT).unwrap();
    assert_eq!(trimmed.positions.len(), 12);
    assert_eq!(trimmed.timestamp.get(), 1_679_940_322);
    assert_eq!(
        trimmed.snapshot.as_ref().unwrap().prices()[&sym("BTC")].price.to_string(),
        "26961.2"
    );
    assert_eq!(trimmed.positions[0].size.to_string(), "-0.00785");
    assert_eq!(trimmed.cash.to_string(), "86.549602");
    let raw = account(RAW_ACCOUNT).unwrap();
    assert_eq!(raw.positions.len(), 2);
    assert_eq!(raw.timestamp.get(), 1_700_000_000);
    assert_eq!(raw.snapshot.as_ref().unwrap().prices()[&sym("ETH")].price.to_string(), "2050.5");
    assert_eq!(
        format!("{raw:?} {:?}", raw.positions),
        "ImportedAccount(..) [ImportedPosition(..), ImportedPosition(..)]"
    );
}

#[test]
fn bad_accounts_are_refused() {
    let refused = |json: &str, from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        account(&json.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let wrong = refused(ACCOUNT, "1182.312496", "1182.312499");
    assert_eq!(wrong, "the account value is stated as 1182.312499, the positions give 1182.312496");
    assert!(refused(ACCOUNT, "\"-0.00785\"", "\"0\"").starts_with("BTC: the position's value"));
    assert!(refused(ACCOUNT, "\"-0.00785\"", "\"1e5\"").contains("not a decimal"));
    assert!(refused(ACCOUNT, "\"ETH\"", "\"BTC\"").contains("BTC stands twice"));
    assert!(refused(ACCOUNT, "\"ETH\"", "\"E H\"").contains("not a symbol"));
    assert!(refused(ACCOUNT, "2023-03-27", "27-03-2023").contains("is not a time"));
    let isolated = refused(RAW_ACCOUNT, "\"cross\"", "\"isolated\"");
    assert_eq!(isolated, "BTC is in isolated margin and leverage.rawUsd, its cash, is missing");
    let other = refused(RAW_ACCOUNT, "\"cross\"", "\"strict\"");
    assert_eq!(other, "BTC is in \"strict\" margin: allowed are cross and isolated");
    assert!(refused(RAW_ACCOUNT, "\"time\"", "\"tyme\"").contains("does not say when"));
    assert!(account("{}").unwrap_err().to_string().contains("no rows"));
    let large = "[".repeat(MAX_IMPORT_BYTES + 1);
    assert!(matches!(account(&large), Err(ImportError::TooLarge { .. })));
    let deep = "[".repeat(100_000);
    assert!(matches!(account(&deep), Err(ImportError::Json { .. })));
}

#[test]
fn margin_tables_give_the_preset_rules() {
    let preset = presets::by_name("hyperliquid").unwrap().model().unwrap();
    for json in [META, TABLES] {
        let model = margin_tables(json, "hl", None).unwrap().strict().unwrap().value;
        assert_eq!(model.denominator().get(), 1200);
        for coin in ["BTC", "ETH", "SOL", "BNB", "ATOM"] {
            let coin = sym(coin);
            assert_eq!(model.instruments().get(&coin), preset.instruments().get(&coin));
        }
        assert_eq!(model.instruments().len(), 5);
    }
    let refused = |from: &str, to: &str| {
        assert!(META.contains(from), "{from}");
        let imported = margin_tables(&META.replacen(from, to, 1), "hl", None).unwrap();
        imported.strict().unwrap_err().to_string()
    };
    assert!(
        refused("\"marginTableId\": 56", "\"marginTableId\": 57").contains("no margin table 57")
    );
    assert!(refused("\"maxLeverage\": 20 }", "\"maxLeverage\": 0 }").contains("leverage of 0"));
    assert!(refused("\"szDecimals\": 5", "\"szDecimals\": 50").contains("50 decimals"));
    assert!(margin_tables("{}", "hl", None).is_err());
}

#[test]
fn brackets_are_read_and_their_cum_checked() {
    let raw = leverage_brackets(BRACKETS).unwrap().value;
    let preset = presets::by_name("binance-usdm").unwrap().model().unwrap();
    let symbol = sym("BTCUSDT");
    assert_eq!(Some(&raw[&symbol]), preset.instruments()[&symbol].margin.as_ref());
    let words = leverage_brackets(BRACKETS_IN_WORDS).unwrap().value;
    let doge = sym("DOGEUSDT");
    assert_eq!(Some(&words[&doge]), preset.instruments()[&doge].margin.as_ref());
    let lots = [(symbol, "0.001".parse().unwrap())].into();
    let model = brackets_model("b", &sym("USDT"), raw.clone(), &lots).unwrap().value;
    assert_eq!(model.instruments().len(), 1);
    let none = brackets_model("b", &sym("USDT"), raw, &Default::default()).unwrap_err();
    assert_eq!(none.to_string(), "BTCUSDT: no lot size is given");
    let refused = |from: &str, to: &str| {
        assert!(BRACKETS.contains(from), "{from}");
        leverage_brackets(&BRACKETS.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let cum = refused("950.0", "951.0");
    assert!(cum.ends_with("BTCUSDT: bracket 3 states cum 951, its tiers give 950"), "{cum}");
    let gap = refused("\"notionalFloor\": 50000,", "\"notionalFloor\": 50001,");
    assert!(gap.contains("bracket 2 does not begin"), "{gap}");
    assert!(refused("0.0065", "-0.0065").contains("bracket 3 has a maintenance ratio"));
    assert!(refused("\"initialLeverage\": 75", "\"initialLeverage\": 0").contains("leverage of 0"));
    assert!(refused("950.0", "1e400").contains("number out of range"));
}

#[test]
fn premium_indices_are_read_and_the_rest_is_reported() {
    for text in [PREMIUM, PREMIUM_CSV] {
        let index = premium_index(text, &sym("USDT")).unwrap();
        let symbols: Vec<_> = index.value.prices().keys().map(Symbol::as_str).collect();
        assert_eq!(symbols, ["BTCUSDT", "ETHUSDT"]);
        assert_eq!(index.value.prices()[&sym("BTCUSDT")].price.to_string(), "93951.8");
        assert_eq!(index.value.timestamp().get(), 1_732_715_655);
        let row = |row: &Skipped| format!("{}: {}", row.symbol, row.reason);
        let skipped: Vec<_> = index.skipped.iter().map(row).collect();
        assert_eq!(
            skipped,
            [
                "BTCUSDT_241227: not a perpetual: it has no next funding time",
                "1000BONKUSDC: quoted in another currency",
                "OLDUSDT: it has no price",
            ]
        );
        assert!(index.strict().is_ok(), "what is meant to be left out is not odd");
    }
    let negative = PREMIUM_CSV.replace("93951.8", "-93951.8");
    let negative = premium_index(&negative, &sym("USDT")).unwrap();
    assert!(negative.strict().unwrap_err().to_string().starts_with("prices.BTCUSDT.price"));
    let infinite = PREMIUM_CSV.replace("93951.80000000", "inf");
    let error = premium_index(&infinite, &sym("USDT")).unwrap_err().to_string();
    assert!(error.contains("line: 2"), "{error}");
    assert!(premium_index("", &sym("USDT")).is_err());
    let twice = PREMIUM_CSV.replace("ETHUSDT,", "BTCUSDT,");
    assert!(matches!(premium_index(&twice, &sym("USDT")), Err(ImportError::Duplicate { .. })));
}

mod accounts;
mod derive_markets;
mod field;
mod margins;

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]
    #[test]
    fn damaged_files_never_panic(at in 0usize..4000, byte in 0x20u8..0x7f, cut in 0usize..4000) {
        let damaged = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            let length = bytes.len();
            bytes[at % length] = byte;
            if cut % 4 == 0 {
                bytes.truncate(cut % length);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        };
        for text in [ACCOUNT, RAW_ACCOUNT] {
            let _ = account(&damaged(text));
        }
        for text in [META, TABLES] {
            let _ = margin_tables(&damaged(text), "x", None);
        }
        for text in [BRACKETS, BRACKETS_IN_WORDS] {
            let _ = leverage_brackets(&damaged(text));
        }
        for text in [PREMIUM, PREMIUM_CSV] {
            let _ = premium_index(&damaged(text), &sym("USDT"));
        }
        for text in [DERIVE_TICKERS, DERIVE_INSTRUMENTS] {
            let _ = crate::import::derive::markets([&*damaged(text), DERIVE_TICKERS], &[]);
        }
        for preset in presets::all() {
            let _ = crate::model::StandardModel::from_json(&damaged(preset.json));
        }
        let _ = crate::conformance::run_file(&damaged(
            include_str!("../../fixtures/dydx_v4_margin.json"),
        ), Default::default());
        let _ = crate::conformance::run_file(&damaged(
            include_str!("../../fixtures/haircut_tiers.json"),
        ), Default::default());
    }
}
