//! `zkmargin import`: venues' own files.

mod account;
mod check;
mod deribit;
mod lots;
mod public;
mod write;

use clap::Subcommand;

pub(crate) use write::document;

use crate::env::Env;
use crate::error::{Error, Exit};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Hyperliquid's `info` answers
    #[command(subcommand)]
    Hyperliquid(Hyperliquid),
    /// Binance USD-margined futures
    #[command(subcommand)]
    Binance(Binance),
    /// Deribit options
    #[command(subcommand)]
    Deribit(Deribit),
    /// Bybit unified accounts
    #[command(subcommand)]
    Bybit(Bybit),
    /// OKX trading accounts
    #[command(subcommand)]
    Okx(Okx),
    /// Derive subaccounts and markets
    #[command(subcommand)]
    Derive(Derive),
    /// dYdX v4's indexer
    #[command(subcommand)]
    Dydx(Dydx),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Hyperliquid {
    /// `clearinghouseState`, to an encrypted portfolio and a snapshot of marks
    Account(account::Hyperliquid),
    /// `meta` with its margin tables, to a margin model
    MarginTables(public::MarginTables),
    /// `metaAndAssetCtxs`, to a snapshot of every coin's mark price
    Prices(public::Prices),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Binance {
    /// `leverageBracket`, to a margin model; every `cum` is checked
    Brackets(public::Brackets),
    /// `premiumIndex`, to a snapshot of mark prices
    PremiumIndex(public::PremiumIndex),
    /// `account` and `positionRisk`, to an encrypted portfolio and a snapshot of marks
    Account(account::Binance),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Deribit {
    /// `get_book_summary_by_currency`, to a market of the scenario family
    Options(public::Options),
    /// `get_positions` and `get_account_summary`, to an encrypted portfolio
    Account(deribit::Args),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bybit {
    /// `wallet-balance` and `position/list`, to an encrypted portfolio and a snapshot of
    /// marks
    Account(account::Bybit),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Okx {
    /// `balance` and `positions`, to an encrypted portfolio and a snapshot of marks
    Account(account::Okx),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Derive {
    /// `get_subaccount`, to an encrypted portfolio and a snapshot of marks
    Account(account::Derive),
    /// `get_tickers` or `get_ticker`, to a snapshot for a settlement market
    Markets(public::DeriveMarkets),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dydx {
    /// A subaccount, to an encrypted portfolio and a snapshot of oracle prices
    Account(account::Dydx),
    /// `perpetualMarkets`, to a snapshot of every market's oracle price and open interest
    Prices(public::MarketPrices),
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Hyperliquid(Hyperliquid::Account(args)) => account::hyperliquid(args, env),
        Command::Hyperliquid(Hyperliquid::MarginTables(args)) => public::margin_tables(args, env),
        Command::Hyperliquid(Hyperliquid::Prices(args)) => public::prices(args, env),
        Command::Binance(Binance::Brackets(args)) => public::brackets(args, env),
        Command::Binance(Binance::PremiumIndex(args)) => public::premium_index(args, env),
        Command::Binance(Binance::Account(args)) => account::binance(args, env),
        Command::Deribit(Deribit::Options(args)) => public::options(args, env),
        Command::Deribit(Deribit::Account(args)) => deribit::run(args, env),
        Command::Bybit(Bybit::Account(args)) => account::bybit(args, env),
        Command::Okx(Okx::Account(args)) => account::okx(args, env),
        Command::Derive(Derive::Account(args)) => account::derive(args, env),
        Command::Derive(Derive::Markets(args)) => public::derive_markets(args, env),
        Command::Dydx(Dydx::Account(args)) => account::dydx(args, env),
        Command::Dydx(Dydx::Prices(args)) => public::market_prices(args, env),
    }
}
