use super::*;

const CSV: &str = zkmargin_examples::CHAIN_BTC;
const ETH_CSV: &str = zkmargin_examples::CHAIN_ETH;
const JSON: &str = include_str!("../../../fixtures/deribit_book_summary.json");

/// Largest distance of a mark of the fixture from Black's formula, in coins.
const RESIDUAL: f64 = 2.4e-5;

#[test]
fn a_real_chain_is_read_and_marked_again() {
    let chain = option_chain(CSV).unwrap();
    assert_eq!(chain.currency.as_str(), "BTC");
    assert_eq!(chain.timestamp.get(), 1_764_897_052);
    assert_eq!((chain.expiries.len(), chain.options().count()), (3, 120));
    assert_eq!((chain.index, chain.index_source), (92_579.83, IndexSource::NearestForward));
    assert!(chain.skipped.is_empty() && chain.perpetual.is_none());
    let mut residuals: Vec<_> = chain.options().map(|o| o.mark_residual().abs()).collect();
    residuals.sort_by(f64::total_cmp);
    println!("mark residuals: median {:e}, largest {:e}", residuals[60], residuals[119]);
    assert!(residuals[119] < RESIDUAL && residuals[60] < 2e-6);
    let market = chain.market().unwrap();
    assert_eq!(market.spec().instruments.len(), 121);
    assert_eq!(market.spec().feeds[0].expiry_seconds, 1_765_526_400 - 1_764_897_052);
}

#[test]
fn a_real_chain_on_eth_is_read() {
    let chain = option_chain(ETH_CSV).unwrap();
    assert_eq!((chain.currency.as_str(), chain.timestamp.get()), ("ETH", 1_704_712_781));
    assert_eq!((chain.expiries.len(), chain.options().count()), (3, 120));
    assert_eq!((chain.index, chain.index_source), (2222.19, IndexSource::Index));
    assert!(chain.skipped.is_empty());
    // The volatilities were made from the marks, and have four decimals.
    assert!(chain.options().all(|option| option.mark_residual().abs() < 5e-5));
    let lot = |text: &str| text.parse().unwrap();
    assert_eq!(chain.snapshot(lot("0.1"), lot("0.0001")).unwrap().spec().quote_decimals, 9);
    let market = chain.market().unwrap();
    assert_eq!(market.spec().underlying.as_str(), "ETH");
    assert_eq!(market.spec().instruments.len(), 121);
}

#[test]
fn a_book_summary_is_read() {
    let chain = option_chain(JSON).unwrap();
    assert_eq!((chain.options().count(), chain.index), (2, 92_500.5));
    assert_eq!((chain.perpetual, chain.index_source), (Some(92_510.25), IndexSource::Index));
    let option = chain.options().next().unwrap();
    assert_eq!((option.mark_iv, option.bid, option.ask), (0.4445, Some(0.058), None));
    assert_eq!(chain.expiries[0].future.as_ref().unwrap().as_str(), "BTC-26DEC25");
    let skipped: Vec<_> = chain.skipped.iter().map(|s| (s.name.as_str(), s.reason)).collect();
    let expected = [
        ("BTC-5DEC25-92000-C", QuoteSkip::NoVolatility),
        ("BTC-FS-26DEC25_PERP", QuoteSkip::OtherInstrument),
    ];
    assert_eq!(skipped, expected);
    let market = chain.market().unwrap();
    let names: Vec<_> = market.spec().instruments.keys().map(Symbol::as_str).collect();
    let options = ["BTC-26DEC25-90000-C", "BTC-26DEC25-90000-P"];
    assert_eq!(names, ["BTC", "BTC-26DEC25", options[0], options[1], "BTC-PERPETUAL"]);
    // The result alone, without the envelope.
    let answer: serde_json::Value = serde_json::from_str(JSON).unwrap();
    assert_eq!(option_chain(&answer["result"].to_string()).unwrap(), chain);
}

#[test]
fn other_columns_of_the_venue_are_read() {
    let eth = "creation_timestamp_ms,instrument_name,option_type,strike,expiry_unix_s,\
        mark_price_coin,mark_iv_derived,underlying_price_usd,estimated_delivery_price_usd\n\
        1704712781423,ETH-9JAN24-1900-C,call,1900,1704787200,0.145445,1.2678,2223.1257,2222.19\n\
        1704712781422,ETH-9JAN24-1900-P,put,1900,1704787200,9.8e-05,,2223.1257,2222.19\n";
    let chain = option_chain(eth).unwrap();
    assert_eq!((chain.currency.as_str(), chain.index), ("ETH", 2222.19));
    // The put is marked below a tick, and has no volatility.
    assert_eq!((chain.options().count(), chain.skipped.len()), (2, 0));
    assert!(chain.options().next().unwrap().mark_residual().abs() < 1e-6);
    let utc = "timestamp_utc,instrument_name,option_type,strike,expiry_unix_s,mark_price_coin,\
        mark_iv,underlying_price_usd,index_price_usd,bid_price_coin,ask_price_coin\n\
        2026-01-03T09:14:26.617222+00:00,BTC-4JAN26-82000-C,call,82000.0,1767513600,0.08550747,\
        0.5568,89666.62182340887,89659.21,,0.121\n";
    let chain = option_chain(utc).unwrap();
    assert_eq!(chain.timestamp.get(), 1_767_431_666);
    assert_eq!(chain.options().next().unwrap().bid, None);
    let wrong = option_chain(&utc.replace("+00:00", "+01:00")).unwrap_err();
    assert!(matches!(wrong, ImportError::Time(_)), "{wrong}");
}

#[test]
fn odd_rows_are_left_out_and_bad_chains_refused() {
    let changed = |from: &str, to: &str| {
        assert!(CSV.contains(from), "{from}");
        option_chain(&CSV.replacen(from, to, 1))
    };
    let odd = |from: &str, to: &str| {
        let chain = changed(from, to).unwrap();
        assert_eq!(chain.options().count(), 119, "one row is left out");
        chain.strict().unwrap_err().to_string()
    };
    let refused = |from: &str, to: &str| changed(from, to).unwrap_err().to_string();
    let row = CSV.lines().nth(1).unwrap();
    assert!(refused(row, &format!("{row}\n{row}")).ends_with("stands twice"));
    assert!(odd(",call,", ",put,").ends_with("strike, type or expiry disagree with the name"));
    assert!(refused(",call,", ",straddle,").contains("unknown variant"));
    assert!(odd("1764897052", "NaN").ends_with("the time is missing or out of range"));
    assert!(odd("1764897052", "").contains("does not say when"));
    let mixed = refused("BTC-", "ETH-");
    assert!(mixed.contains("mixes ETH and BTC") && mixed.contains("--currency"), "{mixed}");
    let none = refused("mark_iv", "mark_vol");
    assert!(none.starts_with("the file has no option that can be used: left out BTC-"), "{none}");
    assert!(none.contains("it has no volatility") && none.ends_with(" more"), "{none}");
    assert!(refused("mark_price_coin", "mark").contains("missing field `mark_price_coin`"));
    let negative = JSON.replacen("0.0583", "-0.0583", 1);
    let error = option_chain(&negative).unwrap().strict().unwrap_err().to_string();
    assert_eq!(error, "BTC-26DEC25-90000-C: the mark price is missing or out of range");
    assert!(matches!(option_chain(""), Err(ImportError::NoOptions(_))));
    assert!(matches!(option_chain("[]"), Err(ImportError::NoOptions(_))));
    assert!(matches!(option_chain("{}"), Err(ImportError::NoRows { .. })));
    let late = CSV.replace("1764897052,", "1964897052,");
    assert!(matches!(option_chain(&late), Err(ImportError::NoOptions(_))));
    let large = " ".repeat(super::super::MAX_IMPORT_BYTES + 1);
    assert!(matches!(option_chain(&large), Err(ImportError::TooLarge { .. })));
}

#[test]
fn a_value_in_usd_is_mark_times_index() {
    let chain = option_chain(JSON).unwrap();
    let model = crate::scenario::parameters::by_name("derive-test").unwrap().model().unwrap();
    let table = crate::scenario::RiskTable::new(&model, &chain.market().unwrap()).unwrap();
    let call = table.rows.iter().find(|row| row.symbol.as_str() == "BTC-26DEC25-90000-C").unwrap();
    let coins = Black76 {
        option_type: OptionType::Call,
        forward: 92_726.41,
        strike: 90_000.0,
        vol: 0.4445,
        years: chain.market().unwrap().spec().feeds[0].expiry_seconds as f64 / YEAR_SECONDS,
        discount: 1.0,
    };
    let expected = coins.value() / 92_726.41 * 92_500.5;
    assert!((call.mark / expected - 1.0).abs() < 1e-12, "{} {expected}", call.mark);
}

#[test]
fn an_option_marked_at_its_intrinsic_value_needs_no_volatility() {
    let row = |name: &str, mark: &str, iv: &str| {
        format!(
            r#"{{"instrument_name":"{name}","creation_timestamp":"1764897052127","mark_price":{mark},
                "mark_iv":{iv},"underlying_price":"92505.0","estimated_delivery_price":92500.5}}"#
        )
    };
    let rows = [
        row("BTC-26DEC25-90000-C", "0.0583", "44.45"),
        row("BTC-26DEC25-200000-C", "0.0", "0.0"),
        row("BTC-26DEC25-92000-C", "0.02", "null"),
    ];
    // In an envelope, and numbers as texts.
    let chain = option_chain(&format!("{{\"result\":[{}]}}", rows.join(","))).unwrap();
    let read: Vec<_> = chain.options().map(|o| (o.strike, o.mark_iv)).collect();
    assert_eq!(read, [(90_000.0, 0.4445), (200_000.0, 0.0)]);
    assert_eq!(chain.skipped[0].reason, QuoteSkip::NoVolatility);
    assert!(chain.market().is_ok());
}

#[test]
fn odd_names_are_other_instruments() {
    for name in [
        "",
        "BTC",
        "BTC-",
        "BTC-32DEC25",
        "BTC-0DEC25",
        "BTC-6dec25-1-C",
        "BTC-6DEC25-0-C",
        "BTC-6DEC25--C",
        "BTC-6DEC25-1d5-C",
        "BTC-6DEC25-80000-X",
        "BTC-6DEC25-80000-C-1",
        "XRP_USDC-6DEC25-80000-C",
        "BTC-6DÉC25-80000-C",
        "BTC-+6DEC25-1-C",
    ] {
        assert_eq!(InstrumentName::parse(name), None, "{name}");
    }
    let leap = InstrumentName::parse("ETH-29FEB24").unwrap();
    assert_eq!(leap, InstrumentName::Future { currency: "ETH", expiry: 1_709_193_600 });
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn damaged_chains_never_panic(at in 0usize..13_000, byte in 0x20u8..0x7f) {
        for text in [CSV, JSON] {
            let mut bytes = text.as_bytes().to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(chain) = option_chain(&String::from_utf8(bytes).unwrap()) {
                let _ = chain.market();
            }
        }
    }
}

#[test]
fn an_account_is_read_in_coins() {
    let positions = r#"{"result":[
        {"instrument_name":"BTC-PERPETUAL","size":50,"size_currency":0.006687487,"mark_price":7476.65},
        {"instrument_name":"BTC-26DEC25","size":-100,"mark_price":"50000"},
        {"instrument_name":"ETH-PERPETUAL","size":10,"size_currency":0.004},
        {"instrument_name":"BTC-26DEC25-100000-C","size":-0.5,"mark_price":0.0155}]}"#;
    let summary = r#"{"result":{"currency":"BTC","equity":1.23456789,"options_value":-0.00775,
        "margin_model":"segregated_pm"}}"#;
    let btc = Symbol::new("BTC").unwrap();
    let read = account(positions, summary, &btc).unwrap();
    assert_eq!(read.coins.to_string(), "1.24231789");
    let held: Vec<_> = read.positions.iter().map(|(s, q)| format!("{s} {q}")).collect();
    assert_eq!(
        held,
        ["BTC-PERPETUAL 0.006687487", "BTC-26DEC25 -0.002", "BTC-26DEC25-100000-C -0.5"]
    );
    assert_eq!(format!("{read:?}"), "DeribitAccount(..)");
    assert!(read.reserved.is_zero());
    // Margin of open orders, also where there is no position yet, in USD at the index.
    let orders = positions.replace(
        "\"size\":-0.5,",
        "\"size\":0,\"open_orders_margin\":-0.000165889,\"index_price\":47897.12,",
    );
    let with = account(&orders, summary, &btc).unwrap();
    assert_eq!((with.reserved.to_string().as_str(), with.positions.len()), ("7.94560533968", 2));
    let no_index = orders.replace("index_price", "index");
    let no_index = account(&no_index, summary, &btc).unwrap_err().to_string();
    assert!(no_index.contains("no row has an index_price"), "{no_index}");
    let refused = |from: &str, to: &str| {
        let (p, s) = (positions.replace(from, to), summary.replace(from, to));
        account(&p, &s, &btc).unwrap_err().to_string()
    };
    assert!(refused("segregated_pm", "cross_pm").contains("is read with --cross"));
    assert!(refused("BTC-PERPETUAL", "BTC_USDC-PERPETUAL").contains("is not supported"));
    assert!(refused("\"size\":-100", "\"siz\":-100").contains("missing field `size`"));
    assert!(refused("\"currency\":\"BTC\"", "\"currency\":\"ETH\"").contains("no figures"));
    // Several summaries.
    let several =
        r#"{"summaries":[{"currency":"ETH"},{"currency":"BTC","equity":"2","options_value":0}]}"#;
    assert_eq!(account("[]", several, &btc).unwrap().coins.to_string(), "2");
}

#[test]
fn a_cross_account_is_read_in_both_coins() {
    let positions = r#"[
        {"instrument_name":"BTC-PERPETUAL","size":50,"size_currency":0.0067,"mark_price":7476.65},
        {"instrument_name":"ETH-PERPETUAL","size":-10,"size_currency":0.004,
         "open_orders_margin":0.002,"index_price":3000},
        {"instrument_name":"ETH-26DEC25-4000-C","size":-3,"mark_price":0.0155}]"#;
    let summaries = r#"{"result":{"summaries":[
        {"currency":"ETH","equity":-2.5,"options_value":-0.0465,"margin_model":"cross_pm"},
        {"currency":"USDC","equity":100,"options_value":0,"margin_model":"cross_pm"},
        {"currency":"BTC","equity":1.25,"options_value":0,"margin_model":"cross_pm"}]}}"#;
    let read = cross_account(positions, summaries).unwrap();
    let [btc, eth] = &read.parts;
    assert_eq!([&btc.currency, &eth.currency].map(Symbol::as_str), ["BTC", "ETH"]);
    assert_eq!([&btc.coins, &eth.coins].map(ToString::to_string), ["1.25", "-2.4535"]);
    assert_eq!((btc.positions.len(), eth.positions.len()), (1, 2));
    assert_eq!([btc.reserved, eth.reserved].map(|r| r.normalize().to_string()), ["0", "6"]);
    assert!(read.has_others);
    assert_eq!(format!("{read:?}"), "CrossAccount(..)");
    let refused = |from: &str, to: &str| {
        let (p, s) = (positions.replace(from, to), summaries.replace(from, to));
        cross_account(&p, &s).unwrap_err().to_string()
    };
    assert!(refused("cross_pm", "segregated_pm").contains("margined apart"));
    assert!(refused("\"equity\":100", "\"equity\":-100").contains("owes a currency"));
    assert!(refused("\"BTC\",", "\"SOL\",").contains("no figures"));
    assert!(refused("ETH-PERPETUAL", "SOL_USDC-PERPETUAL").contains("is not supported"));
    let none = summaries
        .replace("{\"currency\":\"USDC\",\"equity\":100", "{\"currency\":\"USDC\",\"equity\":0");
    assert!(!cross_account(positions, &none).unwrap().has_others);
}
