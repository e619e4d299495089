//! `zkmargin whatif`: the account after a trade or a deposit, natively.

mod scenario;
mod simulation;
mod standard;

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::claim::{Level, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch, InstrumentId};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::decimal::parse_decimal;
use zkmargin_params::market::{AnyMarketFile, MarketError};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::figures::{Table, thousands};
use zkmargin_prover::files::Source;
use zkmargin_prover::whatif::{self, Order, Trade, TradeError, units};
use zkmargin_prover::with_backend;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, PublishedMarket, load_portfolio, parse_source};

/// What is said after the help.
const NOTE: &str = "\
Nothing is traded and nothing is written. A trade is in the cross-margin bucket, at the mark \
where no price is given; its cost is rounded up. Levels and cash are exact, as they would be \
proved; liquidation prices are exact in a standard market and floating point in a scenario \
market, and a market that simulates has none. --size-for doubles the trade's size until the level is lost and then closes in: a larger \
size at which it is met again is not looked for. Fees and funding are not in it.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The portfolio
    #[arg(value_parser = parse_source)]
    portfolio: Source,
    /// The market
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    #[command(flatten)]
    keys: KeyArgs,
    /// Accept a portfolio that is not encrypted
    #[arg(long)]
    insecure_plaintext: bool,
    /// A trade: a negative quantity sells; at the mark, or at a price
    #[arg(short, long, value_name = "SYMBOL=QUANTITY[@PRICE]", value_parser = parse_trade, allow_hyphen_values = true)]
    trade: Option<Trade>,
    /// Cash paid in; negative is taken out
    #[arg(short, long, value_name = "AMOUNT", value_parser = parse_decimal, allow_hyphen_values = true)]
    cash: Option<Decimal>,
    /// Also say the largest size of the trade that keeps a level: initial or
    /// maintenance
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, requires = "trade")]
    size_for: Option<Level>,
    /// Also say the cash that puts the liquidation price at a price, after the
    /// trade: of a position, or of the underlying of a scenario market
    #[arg(long, value_name = "SYMBOL=PRICE", value_parser = parse_price)]
    liquidation_at: Option<(Symbol, Decimal)>,
}

fn parse_trade(text: &str) -> Result<Trade, String> {
    let (symbol, rest) = text.split_once('=').ok_or("allowed is SYMBOL=QUANTITY[@PRICE]")?;
    let (quantity, price) = match rest.split_once('@') {
        Some((quantity, price)) => (quantity, Some(price)),
        None => (rest, None),
    };
    let number = |text: &str| parse_decimal(text).map_err(|error| error.to_string());
    let quantity = number(quantity)?;
    if quantity.is_zero() {
        return Err("a trade of nothing".to_owned());
    }
    let symbol = Symbol::new(symbol).map_err(|error| error.to_string())?;
    Ok(Trade { symbol, quantity, price: price.map(number).transpose()? })
}

fn parse_price(text: &str) -> Result<(Symbol, Decimal), String> {
    let (symbol, price) = text.split_once('=').ok_or("allowed is SYMBOL=PRICE")?;
    let symbol = Symbol::new(symbol).map_err(|error| error.to_string())?;
    let price = parse_decimal(price).map_err(|error| error.to_string())?;
    match price > Decimal::ZERO {
        true => Ok((symbol, price)),
        false => Err("a price is above 0".to_owned()),
    }
}

fn parse_level(text: &str) -> Result<Level, &'static str> {
    [Level::Maintenance, Level::Initial]
        .into_iter()
        .find(|level| level.to_string() == text)
        .ok_or("allowed are maintenance, initial")
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum WhatIfError {
    /// Nothing was asked.
    #[error("nothing to look at: give --trade, --cash or --liquidation-at")]
    Nothing,
    /// A quantity that is no whole number of lots, or too large.
    #[error("--trade: the quantity is not a whole number of lots, or is too large")]
    Quantity,
    /// An amount past its type.
    #[error("--trade, --cash: an amount is out of range, or has more decimals than a quote unit")]
    Amount,
    /// More positions than any circuit holds.
    #[error("--trade: the account would be larger than any circuit holds")]
    Positions,
    /// A position that is not there.
    #[error("--liquidation-at: the account holds no such position after the trade")]
    NotHeld,
    /// A position whose price does not matter.
    #[error("--liquidation-at: allowed is the underlying of this market")]
    Underlying,
    /// A market that has no price of one underlying alone.
    #[error(
        "--liquidation-at: in a market that simulates all prices move together; `zkmargin stress` \
         shows the account under such moves"
    )]
    Together,
    /// A price with no figures.
    #[error("--liquidation-at: the account has no figures at this price")]
    Price,
}

/// The account on one side of the question.
#[derive(Serialize)]
struct Side {
    level: Level,
    equity: String,
    initial_requirement: String,
    maintenance_requirement: String,
    /// Cash until maintenance is met, `"0"` when it is.
    cash_needed_for_maintenance: String,
    /// Cash until initial margin is met.
    cash_needed_for_initial: String,
    liquidation: Vec<LiquidationLine>,
}

/// Where an instrument, or the underlying, would bring a margin call.
#[derive(Serialize)]
struct LiquidationLine {
    instrument: String,
    bucket: u16,
    /// Below the price now.
    below: Option<String>,
    /// Above it.
    above: Option<String>,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    quote: String,
    before: Side,
    after: Side,
    /// The largest size of the trade that keeps the level asked for; `"0"` when
    /// none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// Cash that puts the liquidation price where it was asked for, after the
    /// trade; negative can be taken out.
    #[serde(skip_serializing_if = "Option::is_none")]
    cash_for_liquidation: Option<String>,
}

/// A family's part of the answer.
trait Asked<F: MarginField> {
    /// Its market.
    type Market: FamilyMarket<F>;

    /// The market.
    fn market(&self) -> &Self::Market;

    /// The quote currency's decimals.
    fn quote_decimals(&self) -> u32;

    /// What a trade adds.
    fn order(&self, trade: &Trade) -> Result<Order, TradeError>;

    /// The smallest quantity of an instrument, if it is listed.
    fn lot(&self, symbol: &Symbol) -> Option<Decimal>;

    /// An instrument that can carry cash.
    fn any(&self) -> Option<InstrumentId>;

    /// The figures of an account.
    fn side(&self, args: &Args, portfolio: &Portfolio) -> Result<Side, Error>;

    /// Cash that puts a liquidation price at a price.
    fn cash_for(
        &self,
        args: &Args,
        portfolio: &Portfolio,
        at: &(Symbol, Decimal),
    ) -> Result<String, Error>;
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    if args.trade.is_none() && args.cash.is_none() && args.liquidation_at.is_none() {
        return Err(WhatIfError::Nothing.into());
    }
    let published = PublishedMarket::load(&args.market)?;
    let quote = published.quote().to_string();
    with_backend!(published.proof_system(env)?, B => match published.file() {
        AnyMarketFile::Standard(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            answer(args, &standard::Standard(&market), quote, env)
        }
        AnyMarketFile::Scenario(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            answer(args, &scenario::Scenario { market: &market, file }, quote, env)
        }
        AnyMarketFile::Simulation(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            answer(args, &simulation::Simulation { market: &market, file }, quote, env)
        }
    })
}

fn answer<F: MarginField, A: Asked<F>>(
    args: &Args,
    asked: &A,
    quote: String,
    env: Env,
) -> Result<Exit, Error> {
    let (account, before) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, asked.market())?;
    let traded = args.trade.as_ref().map(|trade| (trade, trade.quantity));
    let after = changed(args, asked, &before, traded)?;
    asked
        .market()
        .fit(after.positions(), None)
        .map_err(|source| Error::Proving { path: args.portfolio.to_string(), source })?;
    let size = match (&args.trade, args.size_for) {
        (Some(trade), Some(level)) => Some(largest(args, asked, &before, trade, level)?),
        _ => None,
    };
    let at = args.liquidation_at.as_ref();
    let report = Report {
        account,
        epoch: asked.market().header().epoch,
        quote,
        before: asked.side(args, &before)?,
        cash_for_liquidation: at.map(|at| asked.cash_for(args, &after, at)).transpose()?,
        after: asked.side(args, &after)?,
        size,
    };
    env.out.result(&report, |report| lines(args, report))?;
    Ok(Exit::Done)
}

/// The account after a trade and a deposit.
fn changed<F: MarginField, A: Asked<F>>(
    args: &Args,
    asked: &A,
    before: &Portfolio,
    trade: Option<(&Trade, Decimal)>,
) -> Result<Portfolio, Error> {
    let failed = |error| trade_error("--trade", error);
    let cash = units(args.cash.unwrap_or_default(), asked.quote_decimals()).map_err(failed)?;
    let order = trade
        .map(|(trade, quantity)| asked.order(&Trade { quantity, ..trade.clone() }).map_err(failed));
    whatif::changed(before, order.transpose()?, cash, asked.any()).map_err(failed)
}

/// An error of the library in the words of the command.
fn trade_error(place: &str, error: TradeError) -> Error {
    match error {
        TradeError::NotListed(symbol) => {
            Error::NotListed { path: place.to_owned(), symbol: symbol.to_string() }
        }
        TradeError::Quantity => WhatIfError::Quantity.into(),
        TradeError::Positions => WhatIfError::Positions.into(),
        _ => WhatIfError::Amount.into(),
    }
}

/// Doublings of a size before it is taken to have no limit.
const DOUBLINGS: u32 = 46;

/// The largest size of a trade, in its direction, that keeps a level.
fn largest<F: MarginField, A: Asked<F>>(
    args: &Args,
    asked: &A,
    before: &Portfolio,
    trade: &Trade,
    level: Level,
) -> Result<String, Error> {
    let lot = asked.lot(&trade.symbol).ok_or_else(|| not_listed(args, &trade.symbol))?;
    let size = |lots: u64| {
        let size = lot.checked_mul(Decimal::from(lots))?;
        Some(if trade.quantity.is_sign_negative() { -size } else { size })
    };
    let met = |lots: u64| {
        let Some(size) = size(lots) else { return false };
        // What no circuit or tier holds keeps no level.
        let after = changed(args, asked, before, Some((trade, size)));
        let standing = after
            .ok()
            .and_then(|after| asked.market().standing(&after, level, Multiplier::ONE).ok());
        standing.is_some_and(|standing| standing.shortfall == 0)
    };
    if !met(1) {
        return Ok("0".to_owned());
    }
    let Some(power) = (1..=DOUBLINGS).find(|power| !met(1 << power)) else {
        return Ok("no limit was found".to_owned());
    };
    let (mut low, mut high) = (1_u64 << (power - 1), 1_u64 << power);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if met(middle) { low = middle } else { high = middle }
    }
    Ok(size(low).map_or_else(String::new, |size| size.normalize().to_string()))
}

fn not_listed(args: &Args, symbol: &Symbol) -> Error {
    Error::NotListed { path: args.market.to_string(), symbol: symbol.to_string() }
}

/// A refusal of the market, as one of the portfolio.
fn market_error(args: &Args) -> impl Fn(MarketError) -> Error + '_ {
    |error| Error::market(&args.portfolio, error)
}

fn lines(args: &Args, report: &Report) -> Vec<String> {
    let Report { before, after, quote, .. } = report;
    let mut lines = vec![
        format!("account       {}", report.account),
        format!("epoch         {}", report.epoch.get()),
    ];
    let mut table = Table::new(1, ["", "before", "after"]);
    let mut row = |name: &str, before: &str, after: &str| {
        table.row([name.to_owned(), before.to_owned(), after.to_owned()]);
    };
    row("level", &before.level.to_string(), &after.level.to_string());
    for (name, figure) in [
        ("equity", (&before.equity, &after.equity)),
        ("initial", (&before.initial_requirement, &after.initial_requirement)),
        ("maintenance", (&before.maintenance_requirement, &after.maintenance_requirement)),
        (
            "cash needed for maintenance",
            (&before.cash_needed_for_maintenance, &after.cash_needed_for_maintenance),
        ),
        (
            "cash needed for initial margin",
            (&before.cash_needed_for_initial, &after.cash_needed_for_initial),
        ),
    ] {
        row(name, &thousands(figure.0), &thousands(figure.1));
    }
    lines.extend(table.lines());
    let mut table = Table::new(2, ["liquidation", "bucket", "before", "after"]);
    let key = |line: &LiquidationLine| (line.bucket, line.instrument.clone());
    let mut keys: Vec<_> = before.liquidation.iter().chain(&after.liquidation).map(key).collect();
    keys.sort();
    keys.dedup();
    let is_told = !keys.is_empty();
    for wanted in keys {
        let place = |side: &Side| {
            let found = side.liquidation.iter().find(|line| key(line) == wanted);
            found.map_or("none".to_owned(), LiquidationLine::text)
        };
        table.row([wanted.1.clone(), wanted.0.to_string(), place(before), place(after)]);
    }
    if is_told {
        lines.push(String::new());
        lines.extend(table.lines());
    }
    if let (Some(size), Some(trade), Some(level)) = (&report.size, &args.trade, args.size_for) {
        lines.push(format!("largest size  {} {} keeps {level}", thousands(size), trade.symbol));
    }
    if let (Some(cash), Some((symbol, price))) =
        (&report.cash_for_liquidation, &args.liquidation_at)
    {
        let price = thousands(&price.to_string());
        lines.push(format!(
            "cash          {} {quote} puts the liquidation price of {symbol} at {price}",
            thousands(cash)
        ));
    }
    lines
}

impl LiquidationLine {
    fn text(&self) -> String {
        let sides = [&self.below, &self.above].into_iter().flatten();
        let sides: Vec<String> = sides.map(|price| thousands(price)).collect();
        if sides.is_empty() { "none".to_owned() } else { sides.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trades_and_prices_are_read() {
        let trade = parse_trade("BTC-26DEC25-90000-C=-1.5@1200").unwrap();
        assert_eq!(trade.symbol.as_str(), "BTC-26DEC25-90000-C");
        assert_eq!(
            (trade.quantity, trade.price),
            ("-1.5".parse().unwrap(), Some(Decimal::from(1200)))
        );
        for text in ["BTC", "BTC=", "BTC=0", "BTC=x", "BTC=1@", "B C=1"] {
            assert!(parse_trade(text).is_err(), "{text}");
        }
        assert!(parse_price("BTC=0").is_err() && parse_price("BTC=1").is_ok());
        assert!(parse_level("bankrupt").is_err());
    }
}
