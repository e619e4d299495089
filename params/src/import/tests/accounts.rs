//! Accounts of every venue: what is read, and what is refused in which words.

use super::*;
use crate::import::{binance, bybit, derive, dydx, okx};
use crate::leverage::ChosenLeverage;
use crate::scenario::Instrument;

const BINANCE: [&str; 2] = [
    include_str!("../../../fixtures/accounts/binance_account.json"),
    include_str!("../../../fixtures/accounts/binance_positions.json"),
];
const BINANCE_HEDGE: [&str; 2] = [
    include_str!("../../../fixtures/accounts/binance_hedge_account.json"),
    include_str!("../../../fixtures/accounts/binance_hedge_positions.json"),
];
const ORDERS: &str = include_str!("../../../fixtures/accounts/binance_open_orders.json");
const BYBIT: [&str; 2] = [
    include_str!("../../../fixtures/accounts/bybit_wallet.json"),
    include_str!("../../../fixtures/accounts/bybit_positions.json"),
];
const OKX: [&str; 3] = [
    include_str!("../../../fixtures/accounts/okx_balance.json"),
    include_str!("../../../fixtures/accounts/okx_positions.json"),
    include_str!("../../../fixtures/accounts/okx_instruments.json"),
];
const DERIVE: &str = include_str!("../../../fixtures/accounts/derive_subaccount.json");
const DYDX: &str = include_str!("../../../fixtures/accounts/dydx_subaccount.json");
const DYDX_MARKETS: &str = include_str!("../../../fixtures/accounts/dydx_markets.json");

/// Positions as one line each.
fn held(account: &VenueAccount) -> Vec<String> {
    let cost = |cost: &Cost| match cost {
        Cost::Nothing => String::new(),
        Cost::EntryPrice(price) => format!(" at {}", price.normalize()),
        Cost::Unrealised(profit) => format!(" earned {profit}"),
    };
    let line = |held: &Holding| {
        let at = held.leverage.map(|leverage| format!(", {leverage}x")).unwrap_or_default();
        format!("{} {}{}{at}", held.symbol, held.quantity, cost(&held.cost))
    };
    let isolated = account.isolated.iter().map(|isolated| {
        format!("[{}] {}", isolated.funds.amount().normalize(), line(&isolated.holding))
    });
    account.positions.iter().map(line).chain(isolated).collect()
}

/// The words of a refusal, once a text is put in place of another in the last of the
/// files that has it.
fn refused<const N: usize>(
    files: [&str; N],
    (from, to): (&str, &str),
    read: impl Fn([&str; N]) -> Result<VenueAccount, ImportError>,
) -> String {
    let place =
        files.iter().rposition(|file| file.contains(from)).unwrap_or_else(|| panic!("{from}"));
    let changed = files[place].replacen(from, to, 1);
    let mut files = files;
    files[place] = &changed;
    read(files).unwrap_err().to_string()
}

fn read_binance([account, positions]: [&str; 2]) -> Result<VenueAccount, ImportError> {
    binance::account(account, positions, None, &sym("USDT"))
}

#[test]
fn a_binance_account_is_read() {
    let read = read_binance(BINANCE).unwrap();
    assert_eq!(held(&read), ["ADAUSDT 30 at 0.385, 20x"]);
    assert_eq!(read.funds.amount().to_string(), "23.72469206");
    assert!(matches!(read.funds, Funds::Balance(_)));
    // The venue's own figure for open orders, and nothing else.
    assert_eq!(read.reserved.to_string(), "2");
    assert_eq!(read.notes, [AccountNote::Reserved("openOrderInitialMargin")]);
    assert_eq!(read.stated.maintenance.unwrap().to_string(), "0.0800428");
    assert_eq!(read.stated.initial.unwrap().to_string(), "2.61571385");
    assert!(matches!(read.snapshot(None), Err(ImportError::AskedWhen)));
    let marks = read.snapshot(Some(1_720_736_417)).unwrap().unwrap();
    assert_eq!(marks.prices()[&sym("ADAUSDT")].price.to_string(), "0.4104759");
    assert_eq!(format!("{read:?} {:?}", read.positions), "VenueAccount(..) [Holding(..)]");
    // An order for which the venue states nothing.
    let silent = BINANCE.map(|file| file.replace("2.00000000", "0.00000000"));
    let orders = |orders| binance::account(&silent[0], &silent[1], Some(orders), &sym("USDT"));
    assert_eq!(orders(ORDERS).unwrap().notes, [AccountNote::OrdersWithoutMargin]);
    for none in ["[]", &ORDERS.replace("\"reduceOnly\": false", "\"reduceOnly\": true")] {
        assert!(orders(none).unwrap().notes.is_empty(), "{none}");
    }
}

/// Version 3 says the leverage by a margin alone, where that has one meaning.
#[test]
fn a_leverage_is_read_or_said_to_be_unknown() {
    let with = |from: &str, to: &str| {
        assert!(BINANCE[1].contains(from), "{from}");
        read_binance([BINANCE[0], &BINANCE[1].replacen(from, to, 1)])
    };
    let leverage = |read: Result<VenueAccount, ImportError>| {
        let read = read.unwrap();
        let is_unknown = read.notes.contains(&AccountNote::LeverageUnknown);
        (read.positions[0].leverage.map(ChosenLeverage::get), is_unknown)
    };
    let margin = "\"positionInitialMargin\": \"0.61571385\"";
    let of =
        |stated: &str| leverage(with(margin, &format!("\"positionInitialMargin\": \"{stated}\"")));
    // 12.314277 over 7 and 3, rounded by the venue one way or the other.
    assert_eq!(of("1.75918243"), (Some(7), false));
    assert_eq!((of("4.10475900"), of("4.10475901")), ((Some(3), false), (Some(3), false)));
    // No whole number, nothing, and so little that neighbours have it too.
    assert_eq!((of("4.1"), of("0")), ((None, true), (None, true)));
    let dust =
        BINANCE[1].replace("\"12.31427700\"", "\"0.00000010\"").replace("0.61571385", "0.00000001");
    assert_eq!(leverage(read_binance([BINANCE[0], &dust])), (None, true));
    // Version 2 says it outright.
    assert_eq!(leverage(with(margin, "\"leverage\": \"15\"")), (Some(15), false));
    let refused = with(margin, "\"leverage\": \"0\"").unwrap_err();
    assert_eq!(refused.discreet(), Some("a position's leverage is out of range"));

    // Between two whole numbers the lower one asks for more.
    let okx = |lever: &str| {
        let positions = OKX[1].replacen("\"lever\": \"50\"", &format!("\"lever\": \"{lever}\""), 1);
        read_okx([OKX[0], &positions, OKX[2]])
    };
    let read = okx("2.99").unwrap();
    assert_eq!(held(&read)[1], "BTC-USDT-SWAP 0.6 at 93000, 2x");
    assert!(read.notes.contains(&AccountNote::LeverageBetween));
    for refused in ["0.5", "-3", "1001"] {
        let error = okx(refused).unwrap_err().to_string();
        assert_eq!(
            error,
            "BTC-USDT-SWAP: the position's leverage is refused: allowed are 1 to 1000"
        );
    }
    // In portfolio margin there may be none, and left out none has one.
    assert!(okx("").unwrap().notes.contains(&AccountNote::LeverageUnknown));
    let left_out = read.at_largest_leverage();
    assert!(left_out.leverages().is_empty());
    assert_eq!(left_out.notes.last(), Some(&AccountNote::LeverageLeftOut));
    assert!(!left_out.notes.contains(&AccountNote::LeverageBetween));
}

#[test]
fn both_legs_of_hedge_mode_are_charged() {
    let read = read_binance(BINANCE_HEDGE).unwrap();
    assert_eq!(
        held(&read),
        [
            "BTCUSDT 0.5 at 93000, 125x",
            "BTCUSDT:SHORT -0.2 at 94500, 125x",
            "[900] ETHUSDT -4 at 3500, 125x"
        ]
    );
    assert_eq!(read.notes, [AccountNote::HedgeMode]);
    let marks = read.snapshot(Some(1)).unwrap().unwrap();
    let names: Vec<_> = marks.prices().keys().map(Symbol::as_str).collect();
    assert_eq!(names, ["BTCUSDT", "BTCUSDT:SHORT", "ETHUSDT"]);
    // The short leg first: the same.
    let mut rows: Vec<serde_json::Value> = serde_json::from_str(BINANCE_HEDGE[1]).unwrap();
    rows.swap(0, 1);
    let swapped = serde_json::to_string(&rows).unwrap();
    let again = read_binance([BINANCE_HEDGE[0], &swapped]).unwrap();
    assert_eq!(
        held(&again)[..2],
        ["BTCUSDT:SHORT -0.2 at 94500, 125x", "BTCUSDT 0.5 at 93000, 125x"]
    );
    // A leg alone keeps its name.
    let alone = BINANCE_HEDGE.map(|file| file.replace("\"0.500\"", "\"0\""));
    let alone = read_binance([&alone[0], &alone[1]]).unwrap();
    assert_eq!(held(&alone)[0], "BTCUSDT -0.2 at 94500, 125x");
    let both = both_sides([(sym("BTCUSDT"), 1)].into());
    assert_eq!(both.keys().map(Symbol::as_str).collect::<Vec<_>>(), ["BTCUSDT", "BTCUSDT:SHORT"]);
}

#[test]
fn binance_accounts_that_cannot_be_stated_are_refused() {
    let refused = |change| refused(BINANCE_HEDGE, change, read_binance);
    let multi = refused(("\"multiAssetsMargin\": false", "\"multiAssetsMargin\": true"));
    assert!(multi.starts_with("the account is in multi-assets mode"), "{multi}");
    // Version 3 does not say; its totals do.
    let totals = ("\"totalWalletBalance\": \"5000.25\"", "\"totalWalletBalance\": \"9000\"");
    assert!(refused(totals).starts_with("the account is in multi-assets mode"));
    let apart = refused(("\"positionAmt\": \"-0.200\"", "\"positionAmt\": \"-0.300\""));
    assert!(apart.contains("do not hold the same positions"), "{apart}");
    let side = refused(("\"positionSide\": \"LONG\"", "\"positionSide\": \"SHORT\""));
    assert!(side.contains("positionSide") && side.contains("is not supported"), "{side}");
    let missing = refused(("\"markPrice\"", "\"markPryce\""));
    assert_eq!(missing, "position 1: missing field `markPrice`");
    let crossed = refused(("\"crossWalletBalance\"", "\"other\""));
    assert_eq!(crossed, "USDT: missing field `crossWalletBalance`");
    let kind = refused(("\"marginType\": \"cross\"", "\"marginType\": \"odd\""));
    assert!(kind.contains("\"odd\" margin: allowed are cross and isolated"), "{kind}");
    let other = binance::account(BINANCE[0], BINANCE[1], None, &sym("EURI")).unwrap_err();
    assert!(other.to_string().contains("no figures of the quote currency"), "{other}");
    // Positions of another asset are no part of this one's margin.
    let usdc = binance::account(BINANCE[0], BINANCE[1], None, &sym("USDC")).unwrap();
    assert_eq!((usdc.positions.len(), usdc.notes), (0, vec![AccountNote::OtherAssets]));
}

#[test]
fn a_venues_error_is_no_flat_account() {
    let errors = [
        r#"{"code":-2015,"msg":"Invalid API-key"}"#,
        r#"{"code":"50111","msg":"Invalid OK-ACCESS-KEY","data":[]}"#,
        r#"{"retCode":10003,"retMsg":"API key is invalid.","result":{}}"#,
        r#"{"id":1,"error":{"code":14000,"message":"Account not found"}}"#,
        r#"{"errors":[{"msg":"No subaccount found"}]}"#,
    ];
    for error in errors {
        let reads = [
            read_binance([BINANCE[0], error]),
            read_binance([error, BINANCE[1]]),
            read_okx([OKX[0], error, OKX[2]]),
            read_okx([OKX[0], OKX[1], error]),
            read_bybit([BYBIT[0], error]),
            derive::account(error),
            dydx::account(error, None),
            dydx::account(DYDX, Some(error)),
        ];
        for read in reads {
            assert!(matches!(read, Err(ImportError::Refused { .. })), "{error}");
        }
    }
    for none in ["null", "{}", r#"{"result":null}"#, r#"{"code":"0","data":null}"#] {
        assert!(read_okx([OKX[0], none, OKX[2]]).is_err(), "{none}");
        assert!(read_bybit([BYBIT[0], none]).is_err(), "{none}");
        assert!(derive::account(none).is_err() && dydx::account(none, None).is_err(), "{none}");
    }
}

fn read_bybit([wallet, positions]: [&str; 2]) -> Result<VenueAccount, ImportError> {
    bybit::account(wallet, &[positions], &sym("USDT"))
}

#[test]
fn a_bybit_account_is_read() {
    let read = read_bybit(BYBIT).unwrap();
    assert_eq!(held(&read), ["BTC 0.2", "BTCUSDT 0.5 at 93000, 10x", "ETHUSDT -2.5 at 3500, 10x"]);
    assert_eq!(read.funds.amount().to_string(), "10000.5");
    assert_eq!(read.reserved.to_string(), "120.75");
    let expected =
        [AccountNote::Coins, AccountNote::OtherAssets, AccountNote::Reserved("totalOrderIM")];
    assert_eq!(read.notes, expected);
    assert_eq!(read.stated.maintenance.unwrap().to_string(), "310.1375");
    assert_eq!(read.timestamp.unwrap().get(), 1_732_715_655);
    assert_eq!(read.snapshot(None).unwrap().unwrap().prices().len(), 2);
    let refused = |change| refused(BYBIT, change, read_bybit);
    // A page that is missing.
    let page = refused(("\"size\": \"2.5\"", "\"size\": \"0\""));
    assert!(page.contains("a page is missing"), "{page}");
    let inverse = refused(("\"category\": \"linear\"", "\"category\": \"inverse\""));
    assert!(inverse.contains("not linear is not supported"), "{inverse}");
    let isolated = refused(("\"tradeMode\": 0", "\"tradeMode\": 1"));
    assert!(isolated.contains("isolated (tradeMode 1)"), "{isolated}");
    let none = refused(("\"totalPositionMM\": \"310.137500\"", "\"totalPositionMM\": \"\""));
    assert!(none.starts_with("the account is not in cross margin"), "{none}");
    let settles = refused(("\"symbol\": \"ETHUSDT\"", "\"symbol\": \"ETHPERP\""));
    assert!(settles.contains("another currency than --quote"), "{settles}");
    // A coin of which it is not said counts as none.
    for field in ["marginCollateral", "collateralSwitch"] {
        let silent = BYBIT[0].replace(&format!("\"{field}\": true,"), "");
        let silent = read_bybit([&silent, BYBIT[1]]).unwrap();
        assert!(!held(&silent).contains(&"BTC 0.2".to_owned()), "{field}");
    }
    // What is owed counts, whether it is collateral or not.
    let owed = BYBIT[0].replace("\"walletBalance\": \"10\"", "\"walletBalance\": \"-10\"");
    assert!(held(&read_bybit([&owed, BYBIT[1]]).unwrap()).contains(&"MNT -10".to_owned()));
    // Hedge mode.
    let hedge = BYBIT[1].replace("ETHUSDT", "BTCUSDT");
    let hedge = held(&read_bybit([BYBIT[0], &hedge]).unwrap());
    assert!(hedge.contains(&"BTCUSDT:SHORT -2.5 at 3500, 10x".to_owned()), "{hedge:?}");
}

fn read_okx([balance, positions, sizes]: [&str; 3]) -> Result<VenueAccount, ImportError> {
    okx::account(balance, positions, &[sizes], &sym("USDT"))
}

#[test]
fn an_okx_account_is_read_in_coins() {
    let read = read_okx(OKX).unwrap();
    assert_eq!(
        held(&read),
        [
            "BTC 0.3",
            "BTC-USDT-SWAP 0.6 at 93000, 50x",
            "ETH-USDT-SWAP -2.5 at 3500, 50x",
            "[300] SOL-USDT-SWAP 10 at 236, 8x"
        ]
    );
    // The margin of the isolated position is in the venue's cash, and taken out of it.
    assert_eq!(read.funds.amount().to_string(), "9700.435693622894");
    assert_eq!(read.reserved.to_string(), "75.5");
    assert_eq!(read.notes, [AccountNote::Coins, AccountNote::Reserved("ordFroz")]);
    let apart = OKX[0].replace("\"eq\": \"10330.435693622894\"", "\"eq\": \"10630.435693622894\"");
    let apart = read_okx([&apart, OKX[1], OKX[2]]).unwrap();
    assert_eq!(apart.funds.amount().to_string(), "10000.435693622894", "it is not in there");
    let refused = |change| refused(OKX, change, read_okx);
    let neither = refused(("\"eq\": \"10330.435693622894\"", "\"eq\": \"20330\""));
    assert!(neither.starts_with("equity is not what the positions give"), "{neither}");
    let size = okx::account(OKX[0], OKX[1], &[], &sym("USDT")).unwrap_err().to_string();
    assert_eq!(size, "BTC-USDT-SWAP: no contract size (ctVal) is given");
    let inverse = refused((
        "BTC-USDT-SWAP\",\n      \"instType\": \"SWAP\",\n      \"interest",
        "BTC-USD-SWAP\",\n      \"instType\": \"SWAP\",\n      \"interest",
    ));
    assert_eq!(inverse, "BTC-USD-SWAP: no contract size (ctVal) is given");
    let spot = refused((
        "\"instType\": \"SWAP\",\n      \"interest",
        "\"instType\": \"MARGIN\",\n      \"interest",
    ));
    assert!(spot.contains("neither SWAP nor FUTURES is not supported"), "{spot}");
    let coin = refused(("\"ccy\": \"USDT\",\n      \"cTime", "\"ccy\": \"BTC\",\n      \"cTime"));
    assert!(coin.contains("another currency than --quote"), "{coin}");
    let margin = refused(("\"margin\": \"300\"", "\"margin\": \"\""));
    assert_eq!(margin, "SOL-USDT-SWAP is in isolated margin and margin, its cash, is missing");
    // Long and short legs are both written without a sign.
    let legs = OKX[1].replacen("\"net\"", "\"long\"", 1).replacen("\"net\"", "\"short\"", 1);
    let legs = legs.replace("\"pos\": \"-25\"", "\"pos\": \"25\"");
    assert_eq!(held(&read_okx([OKX[0], &legs, OKX[2]]).unwrap())[..3], held(&read)[..3]);
    // Futures mode states figures by currency.
    let mut by_currency: serde_json::Value = serde_json::from_str(OKX[0]).unwrap();
    let totals = &mut by_currency["data"][0];
    for field in ["imr", "mmr", "ordFroz"] {
        totals[field] = "".into();
    }
    totals["details"][0]["mmr"] = "5".into();
    let by_currency = read_okx([&by_currency.to_string(), OKX[1], OKX[2]]).unwrap();
    assert_eq!(by_currency.stated.maintenance.unwrap().to_string(), "5");
    assert_eq!(by_currency.stated.initial, None);
    assert_eq!(by_currency.notes[1], AccountNote::Reserved("details.ordFrozen"));
    // And another currency is no margin of these positions, as one that is switched off.
    let off = OKX[0].replace("\"ccy\": \"BTC\"", "\"ccy\": \"BTC\", \"collateralEnabled\": false");
    for read in [by_currency, read_okx([&off, OKX[1], OKX[2]]).unwrap()] {
        assert_eq!(read.notes[0], AccountNote::OtherAssets);
        assert!(!held(&read).iter().any(|held| held.starts_with("BTC 0.3")));
    }
}

/// The account in standard margin, with a coin and credits.
fn derive_standard() -> serde_json::Value {
    let mut file: serde_json::Value = serde_json::from_str(DERIVE).unwrap();
    let answer = &mut file["result"];
    answer["margin_type"] = "SM".into();
    answer["mm_credits"] = "1.5".into();
    answer["subaccount_value"] = "645.894651148427".into();
    let coin = serde_json::json!({ "asset_name": "ETH", "amount": "0.24", "mark_value": "600" });
    answer["collaterals"].as_array_mut().unwrap().push(coin);
    file
}

#[test]
fn marks_of_a_derive_account_are_a_snapshot() {
    let file = derive_standard();
    let read = derive::account(&file.to_string()).unwrap();
    assert!(read.notes.contains(&AccountNote::StandardMargin));
    // What is lent is none of the account's.
    let dec = |text: &str| text.parse::<Decimal>().unwrap();
    let over = dec("645.894651148427") - read.stated.maintenance.unwrap();
    assert_eq!(over, dec("11.088866092881") - dec("1.5"));
    let snapshot = derive::own_marks(&read).unwrap();
    let [market] = snapshot.spec().markets.as_slice() else { panic!("one underlying") };
    let prices: Vec<_> = market.spec().instruments.iter().collect();
    let coin = Instrument::Collateral { price: 2500.0, confidence: 1.0 };
    let perpetual = Instrument::Perpetual { price: 2568.706708413625, confidence: 1.0 };
    assert_eq!(prices, [(&sym("ETH"), &coin), (&sym("ETH-PERP"), &perpetual)]);

    let mut held = file.clone();
    held["result"]["positions"][0]["instrument_name"] = "ETH-20260612-1600-C".into();
    held["result"]["positions"][0]["instrument_type"] = "option".into();
    let options = derive::own_marks(&derive::account(&held.to_string()).unwrap());
    assert!(options.unwrap_err().to_string().contains("neither the forwards nor"));
    let mut flat = file;
    flat["result"]["positions"] = serde_json::json!([]);
    flat["result"]["collaterals"] = serde_json::json!([]);
    flat["result"]["subaccount_value"] = "0".into();
    let none = derive::own_marks(&derive::account(&flat.to_string()).unwrap());
    assert!(none.unwrap_err().to_string().contains("holds no position"));
}

#[test]
fn a_derive_subaccount_is_read() {
    let read = derive::account(DERIVE).unwrap();
    // What is settled is in the balance already: the profit is what is not.
    assert_eq!(held(&read), ["ETH-PERP 0.1 earned 0.000318767368"]);
    assert_eq!(read.funds.amount().to_string(), "45.894332381059");
    assert_eq!(read.reserved.to_string(), "0.25");
    assert_eq!(read.notes, [AccountNote::Reserved("open_orders_margin")]);
    assert_eq!(read.stated.equity.unwrap().to_string(), "45.894651148427");
    // Balances over margin become margin, the initial one with that of open orders.
    assert_eq!(read.stated.initial.unwrap().to_string(), "45.20198565961");
    assert_eq!(read.stated.maintenance.unwrap().to_string(), "34.805785055546");
    let refused = |change| refused([DERIVE], change, |[file]| derive::account(file));
    let fetch = refused(("\"failed_to_fetch\": false", "\"failed_to_fetch\": true"));
    assert!(fetch.contains("failed_to_fetch"), "{fetch}");
    let value = refused(("\"mark_value\": \"0.000318767368\"", "\"mark_value\": \"256.87\""));
    assert!(
        value.starts_with("the value of the subaccount (subaccount_value) is stated"),
        "{value}"
    );
    let kind = refused(("\"perp\"", "\"erc20\""));
    assert!(kind.contains("neither perp nor option"), "{kind}");
    let exact = refused(("\"amount\": \"0.1\"", "\"amount\": \"1e-1\""));
    assert!(exact.starts_with("position 1: amount: not a decimal"), "{exact}");
    let two = {
        let mut file: serde_json::Value = serde_json::from_str(DERIVE).unwrap();
        let mut other = file["result"]["positions"][0].clone();
        other["instrument_name"] = "BTC-PERP".into();
        other["mark_value"] = "0".into();
        file["result"]["positions"].as_array_mut().unwrap().push(other);
        derive::account(&file.to_string()).unwrap()
    };
    assert_eq!(held(&two).len(), 2);
    assert!(two.notes.contains(&AccountNote::SeveralUnderlyings));
    let standard = DERIVE.replace("PM2", "SM").replace("-0.25", "0");
    let notes = derive::account(&standard).unwrap().notes;
    assert_eq!(notes, [AccountNote::StandardMargin, AccountNote::OrdersWithoutMargin]);
}

#[test]
fn a_dydx_subaccount_is_read_and_its_equity_checked() {
    let read = dydx::account(DYDX, Some(DYDX_MARKETS)).unwrap();
    assert_eq!(held(&read), ["BTC-USD 10"]);
    assert!(matches!(read.funds, Funds::Cash(cash) if cash.to_string() == "9500"));
    // The figures of the chain's own test.
    assert_eq!(read.stated.equity.unwrap().to_string(), "159500");
    assert_eq!(read.stated.initial.unwrap().to_string(), "7500");
    assert!(read.notes.is_empty() && read.reserved.is_zero());
    let marks = read.snapshot(Some(1)).unwrap().unwrap();
    let point = marks.prices()[&sym("BTC-USD")];
    assert_eq!(point.price.to_string(), "15000");
    assert_eq!(point.open_interest.unwrap().to_string(), "1250.5");
    assert!(dydx::account(DYDX, None).unwrap().snapshot(Some(1)).unwrap().is_none());
    let refused =
        |change| refused([DYDX, DYDX_MARKETS], change, |[one, all]| dydx::account(one, Some(all)));
    let moved = refused(("\"oraclePrice\": \"15000\"", "\"oraclePrice\": \"14000\""));
    assert!(moved.starts_with("equity is not what the positions give"), "{moved}");
    let other = refused(("\"USDC\": {", "\"TDAI\": {"));
    assert!(other.contains("an asset that is not USDC is not supported"), "{other}");
    let side = refused(("\"side\": \"LONG\"", "\"side\": \"UP\""));
    assert!(side.starts_with("position 1: side: unknown variant"), "{side}");
    let unlisted =
        refused(("\"BTC-USD\": {\n      \"clobPairId\"", "\"X-USD\": {\n      \"clobPairId\""));
    assert!(unlisted.starts_with("the market of position 1: "), "{unlisted}");
    // Shorts are written with their sign, and are short without it.
    for size in ["-10", "10"] {
        let short = DYDX.replacen("\"LONG\"", "\"SHORT\"", 1);
        let short = short.replacen("\"size\": \"10\"", &format!("\"size\": \"{size}\""), 1);
        assert_eq!(held(&dydx::account(&short, None).unwrap()), ["BTC-USD -10"]);
    }
}

#[test]
fn dydx_prices_leave_odd_markets_out() {
    let read = dydx::prices(DYDX_MARKETS, 1_730_000_000).unwrap();
    let prices = read.value.prices();
    assert_eq!(prices.keys().map(Symbol::as_str).collect::<Vec<_>>(), ["BTC-USD", "ETH-USD"]);
    let named: Vec<_> = read.skipped.iter().map(|row| row.symbol.as_str()).collect();
    assert_eq!(named, ["NIL-USD", "ODD-USD", "OLD-USD"]);
    assert_eq!(read.skipped[2].reason.to_string(), "delisted");
    assert!(read.strict().unwrap_err().to_string().starts_with("prices.ODD-USD.price"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn damaged_accounts_never_panic(at in 0usize..4000, byte in 0x20u8..0x7f, cut in 0usize..4000) {
        let damaged = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            let length = bytes.len();
            bytes[at % length] = byte;
            if cut % 4 == 0 {
                bytes.truncate(cut % length);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        };
        for [account, positions] in [BINANCE, BINANCE_HEDGE] {
            let _ = read_binance([&damaged(account), positions]);
            let _ = read_binance([account, &damaged(positions)]);
        }
        let _ = read_bybit([&damaged(BYBIT[0]), BYBIT[1]]);
        let _ = read_bybit([BYBIT[0], &damaged(BYBIT[1])]);
        let _ = read_okx([&damaged(OKX[0]), OKX[1], OKX[2]]);
        let _ = read_okx([OKX[0], &damaged(OKX[1]), &damaged(OKX[2])]);
        let _ = derive::account(&damaged(DERIVE)).map(|read| read.snapshot(Some(1)).is_ok());
        let _ = dydx::account(&damaged(DYDX), Some(&damaged(DYDX_MARKETS)));
        let _ = dydx::prices(&damaged(DYDX_MARKETS), 1);
    }
}
