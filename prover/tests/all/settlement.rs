//! Accounts of markets that bound options by their expiry: after a trade and under moves,
//! as library and command tell them.

use std::path::Path;

use pasta_curves::Fp;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::Epoch;
use zkmargin_params::market::SettlementMarketFile;
use zkmargin_params::settlement::presets;
use zkmargin_params::settlement::snapshot::SettlementSnapshot;
use zkmargin_prover::Market;
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::whatif::Trade;

use crate::common;

fn fixture(name: &str) -> String {
    std::fs::read_to_string(common::static_fixtures().join(name)).unwrap()
}

fn snapshot() -> SettlementSnapshot {
    SettlementSnapshot::from_json(&fixture("settlement-snapshot.json")).unwrap()
}

/// The file of a snapshot's market.
fn file(snapshot: &SettlementSnapshot) -> String {
    let model = presets::by_name("derive-standard").unwrap().model().unwrap();
    let (file, _) = SettlementMarketFile::build::<Fp>(&model, snapshot, Epoch::new(1)).unwrap();
    file.to_json()
}

fn book() -> PortfolioDocument {
    PortfolioDocument::parse(fixture("settlement-book.json").as_bytes()).unwrap()
}

/// The book with other cash.
fn with_cash(cash: Decimal) -> PortfolioDocument {
    let mut book: Value = serde_json::from_str(&fixture("settlement-book.json")).unwrap();
    book["cash"] = cash.normalize().to_string().into();
    PortfolioDocument::parse(book.to_string().as_bytes()).unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn trade(symbol: &str, quantity: Decimal) -> Trade {
    Trade { symbol: symbol.parse().unwrap(), quantity, price: None }
}

#[test]
fn a_trade_is_the_margin_of_the_changed_account() {
    let market = Market::from_json(&file(&snapshot())).unwrap();
    let sold = trade("ETH-20251212-3400-C", decimal("-5"));
    let found = market.what_if(&book(), Some(&sold), Decimal::from(7)).unwrap();
    let found = serde_json::to_value(&found).unwrap();
    assert_eq!(found["before"], serde_json::to_value(market.margin(&book()).unwrap()).unwrap());
    // The long legs are worth 67.57821 and cover the short ones no more.
    let mut after: Value = serde_json::from_str(&fixture("settlement-book.json")).unwrap();
    after["cash"] = "974.57821".into();
    after["positions"].as_array_mut().unwrap().remove(1);
    let after = PortfolioDocument::parse(after.to_string().as_bytes()).unwrap();
    let margin = market.margin(&after).unwrap();
    assert_eq!(found["after"], serde_json::to_value(&margin).unwrap());
    assert_eq!(
        (market.margin(&book()).unwrap().level(), margin.level()),
        (Level::Initial, Level::Maintenance)
    );
    let unlisted = trade("ETH-20251212-3401-C", decimal("1"));
    assert!(market.what_if(&book(), Some(&unlisted), Decimal::ZERO).is_err());
}

#[test]
fn a_move_is_the_margin_in_the_market_that_is_made_there() {
    let (before, factors) = (snapshot(), ["0.7", "1", "1.25"]);
    let market = Market::from_json(&file(&before)).unwrap();
    let points = market.stress(&book(), &factors.map(decimal)).unwrap();
    for (point, factor) in points.iter().zip(factors) {
        let factor: f64 = factor.parse().unwrap();
        let after = before.shocked(factor, 1.0).unwrap();
        // Half a perpetual is short: what it gains is cash, rounded down.
        let price = decimal(&(3004.2 * factor).to_string());
        let gain = decimal("-0.5") * (price - decimal("3004.2"));
        let cash = Decimal::from(900) + gain;
        let cash = cash.round_dp_with_strategy(8, RoundingStrategy::ToNegativeInfinity);
        let moved = Market::from_json(&file(&after)).unwrap();
        let margin = serde_json::to_value(moved.margin(&with_cash(cash)).unwrap()).unwrap();
        assert_eq!(margin["equity"], point.equity, "{factor}");
        assert_eq!(margin["initial"], point.initial_requirement, "{factor}");
        assert_eq!(margin["maintenance"], point.maintenance_requirement, "{factor}");
        assert_eq!(margin["level"], point.level.to_string(), "{factor}");
    }
    assert!(market.stress(&book(), &[Decimal::ZERO]).is_err());
}

/// What the command says of the book.
fn whatif(dir: &Path, asked: &str) -> Value {
    let line = format!("whatif book.json -m market.json --insecure-plaintext -q --json {asked}");
    serde_json::from_str(&common::run(dir, &line)).unwrap()
}

/// A size that is told keeps or reaches its level, and the next lot does not.
#[test]
fn sizes_and_cash_are_what_is_computed_at_them() {
    let dir = tempfile::tempdir().unwrap();
    let market = file(&snapshot());
    std::fs::write(dir.path().join("market.json"), &market).unwrap();
    std::fs::write(dir.path().join("book.json"), fixture("settlement-book.json")).unwrap();
    let market = Market::from_json(&market).unwrap();
    let level = |symbol: &str, size: Decimal, cash: Decimal| {
        let trade = trade(symbol, size);
        market.what_if(&book(), Some(&trade), cash).unwrap().after.level()
    };
    let lot = decimal("0.01");
    for (symbol, sign, kept) in [
        ("ETH-20251230-2600-P", "-1", "maintenance"),
        // At first a short leg less, then long legs that cost what they are worth.
        ("ETH-20251212-3000-C", "1", "initial"),
        ("ETH-20251212-3400-C", "-1", "initial"),
    ] {
        let asked = format!("--trade {symbol}={sign} --size-for {kept}");
        let size = decimal(whatif(dir.path(), &asked)["size"].as_str().unwrap());
        let wanted = if kept == "initial" { Level::Initial } else { Level::Maintenance };
        assert!(size.abs() > lot, "{symbol} {size}");
        assert!(level(symbol, size, Decimal::ZERO) >= wanted, "{symbol} {size}");
        let next = size + lot * decimal(sign);
        assert!(level(symbol, next, Decimal::ZERO) < wanted, "{symbol} {next}");
    }
    // Without 1,000 of its cash it is short, and closing puts brings it back.
    let (symbol, cash) = ("ETH-20251230-2600-P", decimal("-1000"));
    let asked = format!("--trade {symbol}=1 --cash {cash} --size-to maintenance");
    let size = decimal(whatif(dir.path(), &asked)["size"].as_str().unwrap());
    assert!(size > Decimal::ZERO && level(symbol, size, cash) >= Level::Maintenance, "{size}");
    assert!(size == lot || level(symbol, size - lot, cash) < Level::Maintenance, "{size}");
    // Cash that puts the liquidation price at 3,600.
    let found = whatif(dir.path(), "--liquidation-at ETH=3600");
    let cash = decimal(found["cash_for_liquidation"].as_str().unwrap());
    let factor = Decimal::from(3600) / decimal("3003.37");
    let at = |cash: Decimal| {
        let book = with_cash(Decimal::from(900) + cash);
        market.stress(&book, &[factor]).unwrap().remove(0).level
    };
    let little = decimal("0.00001");
    assert!(at(cash + little) >= Level::Maintenance && at(cash - little) < Level::Maintenance);
}

/// Trades are taken in markets that simulate too.
#[test]
fn a_market_that_simulates_takes_a_trade() {
    let market = Market::from_json(common::simulated()).unwrap();
    let book = PortfolioDocument::parse(fixture("joint.json").as_bytes()).unwrap();
    let bought = trade("ETH-24SEP21-2500-C", decimal("1"));
    let found = market.what_if(&book, Some(&bought), Decimal::ZERO).unwrap();
    let found = serde_json::to_value(&found).unwrap();
    // At its mark, which rows round: equity stays, and what is asked for is another.
    let equity = |side: &str| decimal(found[side]["equity"].as_str().unwrap());
    assert!((equity("before") - equity("after")).abs() < decimal("0.001"), "{found}");
    assert_ne!(found["before"]["initial"], found["after"]["initial"]);
}
