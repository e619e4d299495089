//! Accounts with margins that the venue states, made again from the models here.

use pasta_curves::Fp;
use zkmargin_margin::ids::{BucketId, Epoch};
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position, Reserved};
use zkmargin_margin::standard::AccountMargin;

use super::*;
use crate::import::{binance, bybit, dydx, okx};
use crate::market::Market;
use crate::model::StandardModel;

/// Equity, initial and maintenance margin of an account under a model at its own marks,
/// all buckets together, as texts: at the leverages that it has, which the model lists.
fn margin(account: &VenueAccount, model: &StandardModel) -> [String; 3] {
    let marks = account.snapshot(Some(1)).unwrap().unwrap();
    let model = model.offering(&account.leverages()).unwrap();
    let market = Market::<Fp>::build(&model, &marks, Epoch::new(1)).unwrap();
    let mut positions = Vec::new();
    positions.extend(bucket(&market, 0, account.funds, &account.positions));
    for (number, isolated) in (1..).zip(&account.isolated) {
        let holding = std::slice::from_ref(&isolated.holding);
        positions.extend(bucket(&market, number, isolated.funds, holding));
    }
    let reserved = market.amount_from_decimal(&account.reserved.to_string()).unwrap().get();
    let reserved = Reserved::new(reserved.unsigned_abs()).unwrap();
    let portfolio = Portfolio::new(positions, Blinding::new([7; 31])).unwrap();
    let margin: AccountMargin = market.margin(&portfolio.with_reserved(reserved)).unwrap();
    let initial: u128 = margin.buckets.iter().map(|bucket| bucket.initial).sum();
    let maintenance: u128 = margin.buckets.iter().map(|bucket| bucket.maintenance).sum();
    let units = [margin.equity(), initial.cast_signed(), maintenance.cast_signed()];
    units.map(|units| market.format_amount(units))
}

/// The positions of a bucket, the first with its cash: a balance less what they cost.
fn bucket(market: &Market<Fp>, number: u16, funds: Funds, held: &[Holding]) -> Vec<Position> {
    let cost = |held: &Holding| match held.cost {
        Cost::EntryPrice(price) => held.quantity * price,
        Cost::Nothing => Decimal::ZERO,
        Cost::Unrealised(_) => panic!("of a market of options"),
    };
    let cash = funds.amount() - held.iter().map(cost).sum::<Decimal>();
    let mut cash = market.amount_from_decimal(&cash.to_string()).unwrap();
    let position = |held: &Holding| {
        let plain = market.listing(held.symbol.as_str()).unwrap();
        let at = held.leverage.map(|leverage| held.symbol.at_leverage(leverage));
        let listing = at.and_then(|symbol| market.listing(symbol.as_str())).unwrap_or(plain);
        Position {
            bucket: BucketId::new(number),
            instrument: listing.id(),
            quantity: listing.lots_from_decimal(&held.quantity.to_string()).unwrap(),
            cash: std::mem::take(&mut cash),
        }
    };
    let mut positions: Vec<_> = held.iter().map(position).collect();
    positions.sort_by_key(Position::key);
    positions
}

/// One tier of a symbol, in the form of the venue's brackets.
fn brackets(symbol: &str, leverage: u64, maintenance: &str) -> String {
    format!(
        r#"{{"symbol":"{symbol}","brackets":[{{"bracket":1,"initialLeverage":{leverage},
        "notionalCap":1000000,"notionalFloor":0,"maintMarginRatio":{maintenance},"cum":0.0}}]}}"#
    )
}

fn model(quote: &str, tables: &[String], lot: &str) -> StandardModel {
    let rules = leverage_brackets(&format!("[{}]", tables.join(","))).unwrap().value;
    let lots = rules.keys().map(|symbol| (symbol.clone(), lot.parse().unwrap())).collect();
    brackets_model("m", &sym(quote), rules, &lots).unwrap().value
}

/// A measured account: 0.002 BTC at 5x, of which the venue stated an initial margin of
/// 25.9168 USDC and a maintenance margin of 1.6198.
#[test]
fn hyperliquids_own_margins_come_out() {
    let json = r#"{"assetPositions":[{"type":"oneWay","position":{"coin":"BTC","szi":"0.002",
        "positionValue":"129.584","maxLeverage":40,"leverage":{"type":"cross","value":5}}}],
      "marginSummary":{"accountValue":"25.9264","totalNtlPos":"129.584","totalRawUsd":"-103.6576",
      "totalMarginUsed":"25.9168"},"crossMaintenanceMarginUsed":"1.6198","time":1730000000000}"#;
    let read = account(json).unwrap().venue_account().unwrap();
    assert_eq!(read.notes, []);
    let preset = presets::by_name("hyperliquid").unwrap().model().unwrap();
    let [equity, initial, maintenance] = margin(&read, &preset);
    assert_eq!(maintenance, read.stated.maintenance.unwrap().to_string());
    assert_eq!(equity, read.stated.equity.unwrap().to_string());
    assert_eq!(initial, read.stated.initial.unwrap().to_string());
    assert_eq!(initial, "25.9168");
    let largest = read.at_largest_leverage();
    assert_eq!(largest.notes, [AccountNote::LeverageLeftOut]);
    // At 40x.
    let [again, initial, same] = margin(&largest, &preset);
    assert_eq!([again, initial, same], [equity, "3.2396".to_owned(), maintenance]);
}

/// The position of the venue's documentation, under the bracket that it was in; and both
/// legs of BTC beside an isolated short of ETH.
#[test]
fn binances_own_margins_come_out() {
    let files = [
        include_str!("../../../fixtures/accounts/binance_account.json"),
        include_str!("../../../fixtures/accounts/binance_positions.json"),
    ];
    let read = binance::account(files[0], files[1], None, &sym("USDT")).unwrap();
    let [equity, initial, maintenance] =
        margin(&read, &model("USDT", &[brackets("ADAUSDT", 20, "0.0065")], "1"));
    assert_eq!(equity, "24.48896906");
    // What the venue rounds to eight decimals is rounded up here.
    assert_eq!((initial.as_str(), maintenance.as_str()), ("2.61571385", "0.08004281"));
    assert_eq!(read.stated.initial.unwrap().to_string(), initial);
    assert_eq!(read.stated.maintenance.unwrap().to_string(), "0.0800428");
    // Under a bracket that allows more than the 20x that it chose, the same.
    let allows = model("USDT", &[brackets("ADAUSDT", 75, "0.0065")], "1");
    assert_eq!(margin(&read, &allows), [&equity, &initial, &maintenance].map(String::clone));
    // Left out, it is the margin of open orders and a 75th.
    let largest = margin(&read.at_largest_leverage(), &allows);
    assert_eq!(largest, [equity, "2.16419036".to_owned(), maintenance]);

    let files = [
        include_str!("../../../fixtures/accounts/binance_hedge_account.json"),
        include_str!("../../../fixtures/accounts/binance_hedge_positions.json"),
    ];
    let read = binance::account(files[0], files[1], None, &sym("USDT")).unwrap();
    let preset = presets::by_name("binance-usdm").unwrap().model().unwrap();
    let mut spec = preset.spec().clone();
    spec.instruments = both_sides(spec.instruments);
    let both = StandardModel::new(spec).unwrap();
    let got = margin(&read, &both);
    let stated = [read.stated.equity, read.stated.initial, read.stated.maintenance];
    assert_eq!(got, stated.map(|figure| figure.unwrap().normalize().to_string()));
}

/// By the venue's formula: the positions in cross margin over their leverage, and open
/// orders. Isolated ones are no part of it.
#[test]
fn okxs_margins_are_over_the_leverage_chosen() {
    let [balance, positions, sizes] = [
        include_str!("../../../fixtures/accounts/okx_balance.json"),
        include_str!("../../../fixtures/accounts/okx_positions.json"),
        include_str!("../../../fixtures/accounts/okx_instruments.json"),
    ];
    let mut read = okx::account(balance, positions, &[sizes], &sym("USDT")).unwrap();
    read.positions.retain(|held| held.cost != Cost::Nothing);
    read.isolated.clear();
    // Of a balance with more decimals than the market's.
    read.funds = Funds::Balance(read.funds.amount().trunc());
    let tables = ["BTC", "ETH"].map(|coin| brackets(&format!("{coin}-USDT-SWAP"), 100, "0.004"));
    let allows = model("USDT", &tables, "0.001");
    let [_, initial, maintenance] = margin(&read, &allows);
    assert_eq!(initial, read.stated.initial.unwrap().to_string());
    assert_eq!(maintenance, read.stated.maintenance.unwrap().to_string());
    let [_, initial, same] = margin(&read.at_largest_leverage(), &allows);
    // A hundredth, and what is reserved.
    assert_eq!((initial.as_str(), same), ("728.9", maintenance));
}

/// The chain's own test of its indexer: 10 BTC at 15,000 under 5 %.
#[test]
fn dydxs_own_free_collateral_comes_out() {
    let files = [
        include_str!("../../../fixtures/accounts/dydx_subaccount.json"),
        include_str!("../../../fixtures/accounts/dydx_markets.json"),
    ];
    let read = dydx::account(files[0], Some(files[1])).unwrap();
    let [equity, initial, _] =
        margin(&read, &model("USD", &[brackets("BTC-USD", 20, "0.03")], "0.0000000001"));
    assert_eq!((equity.as_str(), initial.as_str()), ("159500", "7500"));
}

/// By the venue's formula, the fee of closing at the entry price is in both margins: 0.5 %
/// of the position and a fee of 0.055 %.
#[test]
fn bybits_margin_has_a_fee_in_it() {
    let files = [
        include_str!("../../../fixtures/accounts/bybit_wallet.json"),
        include_str!("../../../fixtures/accounts/bybit_positions.json"),
    ];
    let mut read = bybit::account(files[0], &[files[1]], &sym("USDT")).unwrap();
    read.positions.retain(|held| held.cost != Cost::Nothing);
    let tables = [brackets("BTCUSDT", 100, "0.005"), brackets("ETHUSDT", 100, "0.005")];
    let [equity, _, maintenance] = margin(&read, &model("USDT", &tables, "0.001"));
    assert_eq!((equity.as_str(), maintenance.as_str()), ("10200.5", "279.75"));
    let fee = read.stated.maintenance.unwrap() - maintenance.parse::<Decimal>().unwrap();
    assert_eq!(fee.normalize().to_string(), "30.3875");
}
