//! `zkmargin whatif`: the account after a trade or a deposit, natively.

mod args;
mod moves;
mod report;
mod scenario;
mod settlement;
mod simulation;
mod standard;

use args::SizeFor;
pub(crate) use args::{Args, WhatIfError};

use rust_decimal::Decimal;
use zkmargin_margin::claim::Multiplier;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::{AnyMarketFile, MarketError};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::whatif::{self, LARGEST, Order, Trade, TradeError, turn, units};
use zkmargin_prover::with_backend;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{PublishedMarket, load_portfolio};
use report::{LiquidationLine, Report, Side, lines};

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

    /// The trade in what the account holds already: at the leverage that it has.
    fn as_held(&self, _before: &Portfolio, trade: &Trade) -> Result<Trade, TradeError> {
        Ok(trade.clone())
    }

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
        AnyMarketFile::Settlement(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            answer(args, &settlement::Settlement { market: &market, file }, quote, env)
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
    let failed = |error| trade_error("--trade", error);
    let trade = args.trade.as_ref().map(|trade| asked.as_held(&before, trade).map_err(failed));
    let trade = trade.transpose()?;
    let traded = trade.as_ref().map(|trade| (trade, trade.quantity));
    let after = changed(args, asked, &before, traded)?;
    asked
        .market()
        .fit(after.positions(), None)
        .map_err(|source| Error::Proving { path: args.portfolio.to_string(), source })?;
    let wanted = trade.as_ref().zip(args.size());
    let size = wanted.map(|wanted| size(args, asked, &before, wanted)).transpose()?;
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
        TradeError::OtherLeverage => WhatIfError::OtherLeverage.into(),
        _ => WhatIfError::Amount.into(),
    }
}

/// A size of the trade, in its direction: the largest that keeps a level, or the smallest
/// that reaches it.
fn size<F: MarginField, A: Asked<F>>(
    args: &Args,
    asked: &A,
    before: &Portfolio,
    (trade, wanted): (&Trade, SizeFor),
) -> Result<String, Error> {
    let lot = asked.lot(&trade.symbol).ok_or_else(|| not_listed(args, &trade.symbol))?;
    let size = |lots: u64| {
        let size = lot.checked_mul(Decimal::from(lots))?;
        Some(if trade.quantity.is_sign_negative() { -size } else { size })
    };
    // What no circuit or tier holds is nothing at all.
    let met = |lots: u64, level| {
        let after = changed(args, asked, before, Some((trade, size(lots)?))).ok()?;
        let standing = asked.market().standing(&after, level, Multiplier::ONE).ok()?;
        Some(standing.shortfall == 0)
    };
    let (lots, none) = match wanted {
        SizeFor::Keeps(level) => {
            let kept = turn(LARGEST, |lots| met(lots, level) == Some(true));
            (kept.map(|(last, _)| last), "no limit was found")
        }
        // It is there without a trade.
        SizeFor::Reaches(level) if met(0, level) == Some(true) => (Some(0), ""),
        SizeFor::Reaches(level) => {
            // What closes a position closes no more than all of it.
            let order = asked.order(trade).map_err(|error| trade_error("--trade", error))?;
            let most = order.closes(before).unwrap_or(LARGEST);
            let missed = turn(most, |lots| met(lots, level) == Some(false));
            let first = missed.map(|(_, first)| first).filter(|lots| met(*lots, level).is_some());
            (first, "no size was found")
        }
    };
    let told = lots.and_then(size).map(|size| size.normalize().to_string());
    Ok(told.unwrap_or_else(|| none.to_owned()))
}

fn not_listed(args: &Args, symbol: &Symbol) -> Error {
    Error::NotListed { path: args.market.to_string(), symbol: symbol.to_string() }
}

/// A refusal of the market, as one of the portfolio.
fn market_error(args: &Args) -> impl Fn(MarketError) -> Error + '_ {
    |error| Error::market(&args.portfolio, error)
}
