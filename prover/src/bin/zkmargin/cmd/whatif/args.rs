//! What is asked, and why it has no answer.

use rust_decimal::Decimal;
use zkmargin_margin::claim::Level;
use zkmargin_params::decimal::parse_decimal;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::files::Source;
use zkmargin_prover::whatif::Trade;

use crate::input::{KeyArgs, parse_source};

/// What is said after the help.
const NOTE: &str = "\
Nothing is traded and nothing is written. A trade is in the cross-margin bucket, at the mark \
where no price is given; its cost is rounded up. What is held at a leverage is traded at it, and \
SYMBOL@10x opens a position at 10x where the market lists it. Levels and cash are exact, as they \
would be proved; liquidation prices are exact in a standard market, to the cent where options are \
bounded by their expiry and floating point in a scenario market, and a market that simulates has \
none. --size-for and --size-to double the trade's size \
until the level is lost or reached and then close in: what comes back beyond is not looked for. \
A trade of the size of --size-to is what `prove-change --cures` proves. Fees and funding are \
not in it.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The portfolio
    #[arg(value_parser = parse_source)]
    pub(super) portfolio: Source,
    /// The market
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    pub(super) market: Source,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    /// Accept a portfolio that is not encrypted
    #[arg(long)]
    pub(super) insecure_plaintext: bool,
    /// A trade: a negative quantity sells; at the mark, or at a price
    #[arg(short, long, value_name = "SYMBOL=QUANTITY[@PRICE]", value_parser = parse_trade, allow_hyphen_values = true)]
    pub(super) trade: Option<Trade>,
    /// Cash paid in; negative is taken out
    #[arg(short, long, value_name = "AMOUNT", value_parser = parse_decimal, allow_hyphen_values = true)]
    pub(super) cash: Option<Decimal>,
    /// Also say the largest size of the trade that keeps a level: initial or
    /// maintenance
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, requires = "trade")]
    size_for: Option<Level>,
    /// Instead: the smallest size of the trade that reaches a level, so that a trade that
    /// closes a position closes no lot too many
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, requires = "trade", conflicts_with = "size_for")]
    size_to: Option<Level>,
    /// Also say the cash that puts the liquidation price at a price, after the
    /// trade: of a position, or of an underlying of a market of options
    #[arg(long, value_name = "SYMBOL=PRICE", value_parser = parse_price)]
    pub(super) liquidation_at: Option<(Symbol, Decimal)>,
}

/// Which size of a trade is asked for.
#[derive(Clone, Copy)]
pub(super) enum SizeFor {
    /// The largest that keeps a level.
    Keeps(Level),
    /// The smallest that reaches it.
    Reaches(Level),
}

impl Args {
    /// The size that is asked for, if any.
    pub(super) fn size(&self) -> Option<SizeFor> {
        let keeps = self.size_for.map(SizeFor::Keeps);
        keeps.or(self.size_to.map(SizeFor::Reaches))
    }
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
    let symbol = Symbol::of_listing(symbol).map_err(|error| error.to_string())?;
    Ok(Trade { symbol, quantity, price: price.map(number).transpose()? })
}

fn parse_price(text: &str) -> Result<(Symbol, Decimal), String> {
    let (symbol, price) = text.split_once('=').ok_or("allowed is SYMBOL=PRICE")?;
    let symbol = Symbol::of_listing(symbol).map_err(|error| error.to_string())?;
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
    /// A leverage beside the one that is held.
    #[error(
        "--trade: the account holds the instrument at another leverage: it has one for all of it"
    )]
    OtherLeverage,
    /// More positions than any circuit holds.
    #[error("--trade: the account would be larger than any circuit holds")]
    Positions,
    /// A position that is not there.
    #[error("--liquidation-at: the account holds no such position after the trade")]
    NotHeld,
    /// A position whose price does not matter.
    #[error("--liquidation-at: allowed are the underlyings of this market")]
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
