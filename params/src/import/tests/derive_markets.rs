//! Derive's markets, of the venue's own rows.

use serde_json::{Value, json};

use super::*;
use crate::import::derive::markets;
use crate::market::settlement::Market;
use crate::scenario::{Instrument, MarketSpec, OptionType, ScenarioMarket};
use crate::settlement::presets as settlement;
use crate::settlement::snapshot::SettlementSnapshot;
use pasta_curves::Fp;
use zkmargin_margin::ids::Epoch;

const TICKERS: &str = DERIVE_TICKERS;
const PERPETUALS: &str = include_str!("../../../fixtures/derive_tickers_perp.json");
const INSTRUMENTS: &str = DERIVE_INSTRUMENTS;
/// When the venue sent the first of them.
const TAKEN: u64 = 1_779_953_796;
/// 08:00 UTC on 12 June 2026.
const EXPIRY: u64 = 1_781_251_200;

fn read(answers: &[&str]) -> Imported<SettlementSnapshot> {
    markets(answers.iter().copied(), &[sym("ETH")]).unwrap()
}

fn skipped<T>(read: &Imported<T>) -> Vec<(&str, String)> {
    read.skipped.iter().map(|row| (row.symbol.as_str(), row.reason.to_string())).collect()
}

fn only(read: &Imported<SettlementSnapshot>) -> &MarketSpec {
    let [market] = read.value.spec().markets.as_slice() else { panic!("one market") };
    market.spec()
}

/// A changed answer of tickers.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut file: Value = serde_json::from_str(TICKERS).unwrap();
    change(&mut file["result"]["tickers"]);
    file.to_string()
}

#[test]
fn tickers_are_a_market_that_is_built() {
    let read = read(&[TICKERS, PERPETUALS]);
    let odd = "the option_pricing.iv (i) is missing or out of range";
    let expected = [
        ("BTC-PERP", "of another currency than the one asked for"),
        ("ETH-20260612-2400-P", odd),
        ("ETH-USDC", "neither an option nor a perpetual"),
    ];
    assert_eq!(skipped(&read), expected.map(|(name, reason)| (name, reason.to_owned())));
    let (spec, market) = (read.value.spec(), only(&read));
    assert_eq!((spec.timestamp.get(), spec.quote.as_str()), (TAKEN, "USDC"));
    // Medians, the upper of two.
    assert_eq!((market.underlying.as_str(), market.spot), ("ETH", 1991.79));
    assert_eq!(market.feeds.len(), 1);
    assert_eq!((market.feeds[0].expiry_seconds, market.feeds[0].forward), (EXPIRY - TAKEN, 1992.6));
    let of = |name: &str| market.instruments[&sym(name)];
    let put = Instrument::Option {
        expiry_seconds: EXPIRY - TAKEN,
        strike: 1900.0,
        option_type: OptionType::Put,
        mark_vol: 0.51012,
    };
    assert_eq!(of("ETH-20260612-1900-P"), put);
    assert_eq!(of("ETH-PERP"), Instrument::Perpetual { price: 1992.49, confidence: 1.0 });
    assert_eq!(of("ETH"), Instrument::Collateral { price: 1991.79, confidence: 1.0 });
    let again = SettlementSnapshot::from_json(&read.value.to_json()).unwrap();
    assert_eq!(again, read.value);
    let model = settlement::by_name("derive-standard").unwrap().model().unwrap();
    let built = Market::<Fp>::build(&model, &again, Epoch::new(1)).unwrap();
    assert_eq!(built.rows().len(), 6);
    // The venue's mark of the put is 42.3, discounted by 0.999, and rounded to a tenth.
    let put = built.listing("ETH-20260612-1900-P").unwrap();
    let mark = built.rows()[put.row()].mark() as f64 / 1e8 / 0.01;
    assert!((mark * 0.999 - 42.3).abs() < 0.05, "{mark}");
    let error = read.strict().unwrap_err().to_string();
    assert_eq!(error, format!("ETH-20260612-2400-P: {odd}"));
    // All that the answers have: another underlying, of which only the perpetual is known.
    let all = markets([TICKERS, PERPETUALS], &[]).unwrap();
    let of = |market: &ScenarioMarket| (market.spec().underlying.to_string(), market.spec().spot);
    let found: Vec<_> = all.value.spec().markets.iter().map(of).collect();
    assert_eq!(found, [("BTC".to_owned(), 73_512.4), ("ETH".to_owned(), 1991.79)]);
}

#[test]
fn details_say_what_is_traded_and_when_it_expires() {
    let read = read(&[INSTRUMENTS, TICKERS]);
    let expected = [
        ("ETH-20260612-2400-C", "the venue does not trade it now"),
        ("ETH-20260612-2400-P", "the option_pricing.iv (i) is missing or out of range"),
        ("ETH-20260626-2000-C", "no ticker of it is given"),
    ];
    assert_eq!(skipped(&read), expected.map(|(name, reason)| (name, reason.to_owned())));
    // Another hour of the day, as some markets have it: the feed is another.
    let later = INSTRUMENTS.replace("1781251200", "1781294400");
    let mut seconds: Vec<_> = only(&self::read(&[&later, TICKERS]))
        .feeds
        .iter()
        .map(|feed| feed.expiry_seconds)
        .collect();
    seconds.sort_unstable();
    assert_eq!(seconds, [EXPIRY - TAKEN, EXPIRY + 43_200 - TAKEN]);
    let wrong = INSTRUMENTS.replace("\"strike\": \"1600\"", "\"strike\": \"1601\"");
    let reason = "strike, type or expiry disagree with the name".to_owned();
    assert!(skipped(&self::read(&[&wrong, TICKERS])).contains(&("ETH-20260612-1600-C", reason)));
}

/// The older form has fields' names in full, and details beside the prices.
#[test]
fn a_ticker_in_words_is_read_as_one_in_letters() {
    let words = json!({ "result": {
        "instrument_name": "ETH-20260612-1900-P", "instrument_type": "option", "is_active": true,
        "timestamp": 1_779_953_797_040_u64, "index_price": "1991.7", "mark_price": "42.3",
        "option_details": {
            "index": "ETH-USD", "expiry": EXPIRY, "strike": "1900", "option_type": "P",
            "settlement_price": null
        },
        "option_pricing": { "iv": "0.51012", "forward_price": "1992.6", "mark_price": "42.3" },
        "perp_details": null
    } });
    let words = words.to_string();
    let letters = changed(|tickers| {
        let all = tickers.as_object_mut().unwrap();
        all.retain(|name, _| name == "ETH-20260612-1900-P");
    });
    assert_eq!(read(&[&words]).value, read(&[&letters]).value);
    let twice = markets([words.as_str(), letters.as_str()], &[]).unwrap_err().to_string();
    assert_eq!(twice, "ETH-20260612-1900-P stands twice");
}

#[test]
fn odd_rows_are_left_out_by_name_and_refused_by_strict() {
    const CALL: &str = "ETH-20260612-1600-C";
    let missing = |field: &str| format!("the {field} is missing or out of range");
    let mark = "its mark is not what its volatility and its forward give";
    for (path, value, reason) in [
        ("t", Value::Null, missing("timestamp (t)")),
        ("t", json!(1_779_953_796), missing("timestamp (t)")),
        ("I", Value::Null, missing("index_price (I)")),
        ("I", json!("0"), missing("index_price (I)")),
        ("M", Value::Null, missing("mark_price (M)")),
        ("M", json!("-1"), missing("mark_price (M)")),
        ("option_pricing", Value::Null, missing("option_pricing")),
        ("option_pricing.f", json!("-2"), missing("option_pricing.forward_price (f)")),
        ("option_pricing.i", json!("nan"), missing("option_pricing.iv (i)")),
        ("option_pricing.df", json!("7"), missing("option_pricing.discount_factor (df)")),
        // In percent; of another option; without a volatility that gives its mark.
        ("option_pricing.i", json!("67.698"), mark.to_owned()),
        ("M", json!("41"), mark.to_owned()),
        (
            "t",
            json!(1_779_953_736_000_u64),
            "it was seen more than a minute before the newest".to_owned(),
        ),
    ] {
        let file = changed(|tickers| match path.split_once('.') {
            Some((outer, inner)) => tickers[CALL][outer][inner] = value.clone(),
            None => tickers[CALL][path] = value.clone(),
        });
        let read = read(&[&file]);
        let (_, found) = skipped(&read).into_iter().find(|(name, _)| *name == CALL).unwrap();
        let odd = found == reason || found.contains("option_pricing");
        assert!(odd, "{path} {value}: {found}");
        assert!(read.strict().is_err(), "{path} {value}");
    }
    let read = read(&[&changed(|tickers| tickers[CALL]["t"] = json!("soon"))]);
    let (name, reason) = skipped(&read)[0].clone();
    assert!(name == CALL && reason.starts_with("ETH-20260612-1600-C: t: "), "{reason}");
}

#[test]
fn what_expires_within_half_an_hour_is_left_out() {
    let at = |seconds: u64| {
        changed(|tickers| {
            let all = tickers.as_object_mut().unwrap();
            all.retain(|name, _| name.ends_with("1900-P") || name.ends_with("1600-C"));
            for (name, row) in all {
                row["t"] = json!((EXPIRY - seconds) * 1000);
                let put = name.ends_with('P');
                row["M"] = if put { json!("0") } else { json!("392.6") };
                row["option_pricing"]["df"] = json!("1");
            }
        })
    };
    assert_eq!(only(&read(&[&at(1800)])).instruments.len(), 3);
    let refused = markets([at(1799).as_str()], &[]).unwrap_err().to_string();
    assert!(refused.contains("it expires within half an hour"), "{refused}");
    let refused = markets([at(0).as_str()], &[]).unwrap_err().to_string();
    assert!(refused.contains("it has expired"), "{refused}");
}

#[test]
fn other_answers_are_refused() {
    let refused = |text: &str| markets([text], &[]).unwrap_err().to_string();
    let wrong = r#"{"id":1,"error":{"code":-32602,"message":"Expiry date is required"}}"#;
    assert!(refused(wrong).contains("the venue answered with an error"), "{}", refused(wrong));
    assert!(refused("[]").starts_with("nothing in the file can be used"));
    assert!(refused("{}").contains("no rows"));
    assert!(refused("").starts_with("not an answer of public/get_tickers"));
    assert!(refused(INSTRUMENTS).contains("no ticker of it is given"));
    assert!(matches!(markets([], &[]).unwrap_err(), ImportError::NothingLeft(_)));
}
