//! `zkmargin margin`.

mod scenario;
mod settlement;
mod simulation;
mod standard;

use zkmargin_params::market::AnyMarketFile;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, PublishedMarket, parse_source};
use crate::picture::PictureArgs;

/// What is said after the help.
const NOTE: &str = "\
In a scenario market the level and the cash needed are exact, as they would be proved; the \
breakdown beside them is floating point. Figures are for the account's owner.";

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
    #[command(flatten)]
    picture: PictureArgs,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    args.picture.check()?;
    let published = PublishedMarket::load(&args.market)?;
    with_backend!(published.proof_system(env)?, B => match published.file() {
        AnyMarketFile::Standard(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            standard::run(args, published.quote().as_str(), &market, env)
        }
        AnyMarketFile::Scenario(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            scenario::run(args, file, &market, env)
        }
        AnyMarketFile::Simulation(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            simulation::run(args, file, &market, env)
        }
        AnyMarketFile::Settlement(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            settlement::run(args, file, &market, env)
        }
    })
}
