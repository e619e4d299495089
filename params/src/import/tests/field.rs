//! Inputs of the forms that public reports show: each is read right, or refused
//! with a true reason.

use super::*;
use crate::import::deribit::{option_chain, option_chain_of};
use crate::import::hyperliquid::prices;
use crate::leverage::ChosenLeverage;

/// Totals summed up in binary floating point and printed with ten decimals.
#[test]
fn totals_are_compared_to_a_unit_of_money() {
    let json = r#"{"marginSummary":{"accountValue":"3155203.7660619998","totalNtlPos":"4345291.8850560002",
        "totalRawUsd":"3182148.2545679999"},
      "crossMarginSummary":{"accountValue":"3155203.7660619998","totalNtlPos":"4345291.8850560002",
        "totalRawUsd":"3182148.2545679999"},
      "assetPositions":[
       {"position":{"coin":"SAGA","szi":"-103774.5","leverage":{"type":"cross","value":20},"positionValue":"2527.94682"}},
       {"position":{"coin":"BTC","szi":"1","leverage":{"type":"cross","value":20},"positionValue":"2159173.698275"}},
       {"position":{"coin":"ETH","szi":"-1","leverage":{"type":"cross","value":20},"positionValue":"2183590.239961"}}],
      "time":1791279140401}"#;
    let read = account(json).unwrap();
    // The venue's money has six decimals.
    assert_eq!(read.cash.to_string(), "3182148.254568");
    let wrong = account(&json.replace("3155203.7660619998", "3155203.7660639998")).unwrap_err();
    assert!(matches!(wrong, ImportError::Inconsistent { .. }));
}

const ISOLATED: &str = r#"{"assetPositions":[{"position":{"coin":"ETH","leverage":{"rawUsd":"-95.059824",
    "type":"isolated","value":20},"liquidationPx":"2866.26936529","maxLeverage":50,"positionValue":"100.02765",
    "szi":"0.0335"},"type":"oneWay"}],
  "crossMarginSummary":{"accountValue":"13104.514502","totalNtlPos":"0.0","totalRawUsd":"13104.514502"},
  "marginSummary":{"accountValue":"13109.482328","totalNtlPos":"100.02765","totalRawUsd":"13009.454678"},
  "time":1708622398623}"#;

#[test]
fn an_isolated_position_is_a_bucket_with_its_own_cash() {
    let read = account(ISOLATED).unwrap();
    assert_eq!((read.cash.to_string().as_str(), read.positions.len()), ("13104.514502", 0));
    let bucket = &read.isolated[0];
    assert_eq!(bucket.cash.to_string(), "-95.059824");
    assert_eq!(bucket.position.size.to_string(), "0.0335");
    assert_eq!(bucket.position.leverage.map(ChosenLeverage::get), Some(20));
    let no_cash = account(&ISOLATED.replace("\"rawUsd\":\"-95.059824\",", "")).unwrap_err();
    assert!(matches!(no_cash, ImportError::NoIsolatedCash { .. }));
    // Cash of a bucket that the totals do not have.
    let more = account(&ISOLATED.replace("-95.059824", "-85.059824")).unwrap_err().to_string();
    assert!(more.starts_with("the cash of all buckets"), "{more}");
    let no_cross = account(&ISOLATED.replace("crossMarginSummary", "other")).unwrap_err();
    assert!(no_cross.to_string().starts_with("crossMarginSummary is missing"));
}

#[test]
fn a_flat_account_and_answers_in_envelopes_are_read() {
    let flat = r#"{"marginSummary":{"accountValue":"5.5","totalNtlPos":"0.0","totalRawUsd":"5.5"},
        "assetPositions":[],"time":"1708622398623"}"#;
    for text in [flat.to_owned(), format!("{{\"data\":{{\"clearinghouseState\":{flat}}}}}")] {
        let read = account(&text).unwrap();
        assert!(read.snapshot.is_none() && read.positions.is_empty());
        assert_eq!((read.cash.to_string().as_str(), read.timestamp.get()), ("5.5", 1_708_622_398));
    }
    let seconds = account(&flat.replace("1708622398623", "1708622398")).unwrap_err().to_string();
    assert!(seconds.contains("allowed are milliseconds"), "{seconds}");
}

#[test]
fn leverage_that_an_account_chose_is_told() {
    let json = r#"{"assetPositions":[{"type":"oneWay","position":{"coin":"BTC","szi":"0.002",
        "positionValue":"129.584","maxLeverage":40,"leverage":{"type":"cross","value":5}}}],
      "marginSummary":{"accountValue":"25.9264","totalNtlPos":"129.584","totalRawUsd":"-103.6576"},
      "time":1730000000000}"#;
    let leverage = |json: &str| account(json).unwrap().positions[0].leverage;
    assert_eq!(leverage(json).map(ChosenLeverage::get), Some(5));
    let most = json.replace("\"value\":5", "\"value\":40");
    assert_eq!(leverage(&most).map(ChosenLeverage::get), Some(40));
    let none = account(&json.replace("\"value\":5", "\"value\":0")).unwrap_err().to_string();
    assert_eq!(none, "BTC: the position's leverage is refused: allowed are 1 to 1000");
    // The trimmed form does not say, and that is said.
    let trimmed = account(ACCOUNT).unwrap().venue_account().unwrap();
    assert_eq!(trimmed.notes, [AccountNote::LeverageUnknown]);
    let missing = account(&json.replace("\"szi\":\"0.002\",", "")).unwrap_err().to_string();
    assert!(missing.contains("missing field `szi`"), "{missing}");
}

#[test]
fn the_money_of_another_exchange_is_named() {
    let meta = r#"{"collateralToken":360,"marginTables":[[20,{"description":"","marginTiers":
        [{"lowerBound":"0.0","maxLeverage":20}]}]],
        "universe":[{"maxLeverage":20,"name":"km:US500","szDecimals":3,"marginTableId":20}]}"#;
    let refused = margin_tables(meta, "km", None).unwrap_err();
    assert!(matches!(refused, ImportError::CollateralToken(360)), "{refused}");
    let model = margin_tables(meta, "km", Some(&sym("USDH"))).unwrap().value;
    assert_eq!(model.quote().as_str(), "USDH");
    let own = margin_tables(&meta.replace("360", "0"), "km", None).unwrap().value;
    assert_eq!(own.quote().as_str(), "USDC");
}

#[test]
fn a_meta_from_before_margin_tables_has_one_tier_a_coin() {
    let meta = r#"{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":50},
        {"name":"ETH","szDecimals":"4","maxLeverage":"50"},
        {"name":"RLB","szDecimals":0,"maxLeverage":3,"onlyIsolated":true},
        {"name":"NONE","szDecimals":1},{"name":"OLD","szDecimals":1,"maxLeverage":3,"isDelisted":true}]}"#;
    let read = margin_tables(meta, "x", None).unwrap();
    assert_eq!(read.value.instruments().len(), 3);
    let rule = read.value.instruments()[&sym("BTC")].margin.clone().unwrap();
    assert_eq!((rule.initial.len(), rule.initial[0].rate.to_string().as_str()), (1, "0.02"));
    let skipped: Vec<_> = read.skipped.iter().map(|row| row.reason.to_string()).collect();
    let missing = "NONE: field `marginTableId` is missing, and so is `maxLeverage`";
    assert_eq!(skipped, [missing, "delisted"]);
}

#[test]
fn prices_of_the_whole_exchange_are_read() {
    let json = r#"[{"universe":[{"name":"BTC","szDecimals":5},{"name":"ETH","szDecimals":4},
        {"name":"OLD","szDecimals":0,"isDelisted":true},{"name":"NIL","szDecimals":0}]},
        [{"markPx":"64792.0","openInterest":"1200.5"},{"markPx":"3400.25","openInterest":"10"},
        {"markPx":"1"},{"markPx":null}]]"#;
    let read = prices(json, 1_730_000_000, None).unwrap();
    let price = |coin| read.value.prices()[&sym(coin)].price.to_string();
    assert_eq!((price("BTC"), price("ETH")), ("64792".to_owned(), "3400.25".to_owned()));
    let skipped: Vec<_> = read.skipped.iter().map(|row| row.reason.to_string()).collect();
    assert_eq!(skipped, ["delisted", "it has no price"]);
    let short = json.replace(",{\"markPx\":null}", "");
    assert!(matches!(prices(&short, 1, None), Err(ImportError::Lengths { .. })));
    // The same answer holds the margin tables.
    let tables = json.replace("\"szDecimals\":5", "\"szDecimals\":5,\"maxLeverage\":40");
    assert_eq!(margin_tables(&tables, "x", None).unwrap().value.instruments().len(), 1);
}

const BRACKET: &str = r#"{"symbol":"BTCUSDT","brackets":[{"bracket":1,"initialLeverage":125,
    "notionalCap":50000,"notionalFloor":0,"maintMarginRatio":0.004,"cum":0.0}]}"#;

#[test]
fn one_odd_symbol_does_not_refuse_the_file() {
    let odd = BRACKET.replace("BTCUSDT", "币安人生USDT");
    let read = leverage_brackets(&format!("[{BRACKET},{odd}]")).unwrap();
    assert_eq!(read.value.keys().map(Symbol::as_str).collect::<Vec<_>>(), ["BTCUSDT"]);
    assert_eq!(read.skipped[0].symbol, "币安人生USDT");
    let error = read.strict().unwrap_err().to_string();
    assert!(error.contains("币安人生USDT") && error.contains("not a symbol"), "{error}");
    // A single symbol, and the same in an envelope.
    for text in [BRACKET.to_owned(), format!("{{\"data\":[{BRACKET}]}}")] {
        assert_eq!(leverage_brackets(&text).unwrap().value.len(), 1);
    }
}

#[test]
fn symbols_without_lots_are_left_out_of_a_model() {
    let other = BRACKET.replace("BTCUSDT", "ETHUSDT");
    let rules = leverage_brackets(&format!("[{BRACKET},{other}]")).unwrap().value;
    let lots = [(sym("ETHUSDT"), Decimal::new(1, 3))].into();
    let model = brackets_model("x", &sym("USDT"), rules, &lots).unwrap();
    assert_eq!(model.value.instruments().len(), 1);
    assert_eq!(model.skipped[0].symbol, "BTCUSDT");
    assert!(model.strict().is_ok());
}

#[test]
fn brackets_in_contracts_and_missing_numbers_are_named() {
    let coins = BRACKET.replace("notionalCap", "qtyCap").replace("notionalFloor", "qtyFloor");
    let error = leverage_brackets(&coins).unwrap_err().to_string();
    assert!(error.contains("coin-margined futures) is not supported"), "{error}");
    let missing = BRACKET.replace(",\"cum\":0.0", "");
    let error = leverage_brackets(&missing).unwrap_err().to_string();
    assert!(error.ends_with("BTCUSDT: brackets[0]: missing field `cum`"), "{error}");
}

#[test]
fn the_last_cap_of_the_largest_number_is_no_bound() {
    let brackets = |cap: &str| {
        format!(
            r#"[{{"symbol":"BTCSTUSDT","brackets":[
            {{"bracket":1,"initialLeverage":25,"notionalCap":5000,"notionalFloor":0,"maintMarginRatio":0.01,"cum":0.0}},
            {{"bracket":2,"initialLeverage":1,"notionalCap":{cap},"notionalFloor":5000,"maintMarginRatio":0.5,"cum":2450.0}}]}}]"#
        )
    };
    // As the venue writes it, as clients do that pass it through floating point.
    for cap in ["9223372036854775807", "9223372036854776000", "\"9223372036854775807\""] {
        let read = leverage_brackets(&brackets(cap)).unwrap();
        let rule = &read.value[&sym("BTCSTUSDT")];
        assert!(rule.initial[0].up_to.is_some() && rule.initial[1].up_to.is_none());
    }
    let bounded = leverage_brackets(&brackets("1000000")).unwrap();
    assert!(bounded.value[&sym("BTCSTUSDT")].initial[1].up_to.is_some());
}

#[test]
fn a_premium_index_of_one_symbol_is_one_object() {
    let json = r#"{"symbol":"BTCUSDT","markPrice":"26780.82240476","indexPrice":"26798.25197802",
        "lastFundingRate":"0.00001226","nextFundingTime":1687248000000,"time":1687244112000}"#;
    let read = premium_index(json, &sym("USDT")).unwrap();
    assert_eq!(read.value.prices()[&sym("BTCUSDT")].price.to_string(), "26780.82240476");
    assert_eq!(read.value.timestamp().get(), 1_687_244_112);
    let coins = json.replace("BTCUSDT", "BTCUSD_PERP");
    let error = premium_index(&coins, &sym("USDT")).unwrap_err().to_string();
    let expected =
        "nothing in the file can be used: left out BTCUSD_PERP: quoted in another currency";
    assert_eq!(error, expected);
}

#[test]
fn linear_options_and_two_currencies_are_said() {
    let option = |name: &str, price: &str| {
        format!(
            r#"{{"instrument_name":"{name}","mark_price":0.05,"mark_iv":60.0,"underlying_price":{price},
            "estimated_delivery_price":{price},"creation_timestamp":1764897052123}}"#
        )
    };
    let answer = |rows: &[String]| format!("{{\"result\":[{}]}}", rows.join(","));
    let linear = answer(&[option("SOL_USDC-26JUN26-90-P", "74.5")]);
    let error = option_chain(&linear).unwrap_err().to_string();
    assert!(error.contains("SOL_USDC-26JUN26-90-P: it settles in USDC"), "{error}");
    let both =
        answer(&[option("BTC-26JUN26-110000-C", "104100"), option("ETH-26JUN26-4000-C", "4100")]);
    let error = option_chain(&both).unwrap_err().to_string();
    assert!(error.contains("cannot be stated") && error.contains("--currency"), "{error}");
    for currency in ["BTC", "ETH"] {
        let chain = option_chain_of(&both, Some(currency)).unwrap();
        assert_eq!((chain.currency.as_str(), chain.options().count()), (currency, 1));
    }
}
