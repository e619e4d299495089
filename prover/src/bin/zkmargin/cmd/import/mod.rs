//! `zkmargin import`: venues' own files.

mod account;
mod deribit;
mod lots;
mod public;

use clap::Subcommand;

pub(crate) use account::document;

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
}

#[derive(Debug, Subcommand)]
pub(crate) enum Hyperliquid {
    /// `clearinghouseState`, to an encrypted portfolio and a snapshot of marks
    Account(account::Args),
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
}

#[derive(Debug, Subcommand)]
pub(crate) enum Deribit {
    /// `get_book_summary_by_currency`, to a market of the scenario family
    Options(public::Options),
    /// `get_positions` and `get_account_summary`, to an encrypted portfolio
    Account(deribit::Args),
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Hyperliquid(Hyperliquid::Account(args)) => account::run(args, env),
        Command::Hyperliquid(Hyperliquid::MarginTables(args)) => public::margin_tables(args, env),
        Command::Binance(Binance::Brackets(args)) => public::brackets(args, env),
        Command::Binance(Binance::PremiumIndex(args)) => public::premium_index(args, env),
        Command::Hyperliquid(Hyperliquid::Prices(args)) => public::prices(args, env),
        Command::Deribit(Deribit::Options(args)) => public::options(args, env),
        Command::Deribit(Deribit::Account(args)) => deribit::run(args, env),
    }
}
