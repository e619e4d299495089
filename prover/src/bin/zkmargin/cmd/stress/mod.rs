//! `zkmargin stress`.

mod options;
mod simulation;
mod standard;

use zkmargin_params::market::AnyMarketFile;
use zkmargin_params::scenario::stress::FACTORS;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, PublishedMarket, parse_source};
use crate::picture::PictureArgs;

/// What is said after the help.
const NOTE: &str = "\
Options are marked by Black's formula at the moved forward and volatility; perpetuals, \
futures and risk-cancelling collateral gain what their prices move. Time stands still and \
nothing is traded. Margin need not be monotone in spot: the whole range is looked at, then \
each crossing is closed in on; two crossings within one step can be missed. Figures are \
floating point; a proof rounds against the account by about a unit per lot.

In a market that bounds options by their expiry the rows are made anew at each move, so levels \
are exact, in the integers that are proved; forwards move with their underlying, and confidences \
and the stable coin stand still.

In a standard market each liquidation price is exact, in the integers that are proved: where \
the position's bucket stops meeting maintenance, other prices standing still. --spot, --from \
and --to are then factors on all prices together, but for those that --hold names.";

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
    /// Factors on spot, the rows of the grid: 0.9 is 10 % down
    #[arg(long, value_name = "FACTORS", value_delimiter = ',', value_parser = parse_factor,
        default_value = "0.7,0.8,0.9,0.95,1,1.05,1.1,1.2,1.3")]
    spot: Vec<f64>,
    /// Factors on volatilities, the columns of the grid: 1.5 is half as much again
    #[arg(long, value_name = "FACTORS", value_delimiter = ',', value_parser = parse_factor,
        default_value = "0.75,1,1.5")]
    vol: Vec<f64>,
    /// Least factor on spot to look for a margin call at, at most 1
    #[arg(long, value_name = "FACTOR", value_parser = parse_factor, default_value = "0.1")]
    from: f64,
    /// Largest factor on spot to look for a margin call at, at least 1
    #[arg(long, value_name = "FACTOR", value_parser = parse_factor, default_value = "4")]
    to: f64,
    /// Relative step of that search: 0.005 is half a percent
    #[arg(long, value_name = "PART", default_value = "0.005")]
    step: f64,
    /// Factor on volatilities during that search
    #[arg(long, value_name = "FACTOR", value_parser = parse_factor, default_value = "1")]
    at_vol: f64,
    /// In a standard market, a price that stands still where all others move, as a
    /// stablecoin's; may be repeated
    #[arg(long, value_name = "SYMBOL")]
    hold: Vec<Symbol>,
    /// In a market of options on several underlyings, the one that moves alone; otherwise all
    /// that the account is on move together, and levels are also looked for with each moving
    /// alone
    #[arg(long = "move", value_name = "SYMBOL")]
    moved: Option<Symbol>,
    #[command(flatten)]
    picture: PictureArgs,
}

fn parse_factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor| FACTORS.contains(factor));
    let (least, most) = (FACTORS.start(), FACTORS.end());
    factor.ok_or_else(|| format!("allowed are factors from {least} to {most}, as in 0.9"))
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    args.picture.check()?;
    let published = PublishedMarket::load(&args.market)?;
    with_backend!(published.proof_system(env)?, B => match published.file() {
        AnyMarketFile::Standard(_) | AnyMarketFile::Simulation(_) if args.moved.is_some() => {
            Err(Error::Usage("--move: only markets of options have underlyings that move alone"))
        }
        AnyMarketFile::Scenario(_) | AnyMarketFile::Settlement(_) if !args.hold.is_empty() => {
            Err(Error::Usage("--hold: in a market of options --move says what moves"))
        }
        AnyMarketFile::Standard(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            standard::run(args, file, &market, env)?;
            Ok(Exit::Done)
        }
        AnyMarketFile::Scenario(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            options::scenario(args, file, &market, env)
        }
        AnyMarketFile::Settlement(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            options::settlement(args, file, &market, env)
        }
        AnyMarketFile::Simulation(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            simulation::run(args, file, &market, env)
        }
    })
}
