//! `zkmargin stress`.

mod simulation;
mod standard;

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_params::market::scenario::Market;
use zkmargin_params::market::{AnyMarketFile, ScenarioMarketFile};
use zkmargin_params::scenario::stress::FACTORS;
use zkmargin_params::scenario::{Scan, ScenarioError};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::plot::Upper;
use zkmargin_prover::scenario::{StressReport, scenario_portfolio, specs, stress_test};
use zkmargin_prover::with_backend;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, PublishedMarket, load_portfolio, parse_source};
use crate::picture::{PictureArgs, Subject, UNDERLYING_AXIS, place};

/// What is said after the help.
const NOTE: &str = "\
Options are marked by Black's formula at the moved forward and volatility; perpetuals, \
futures and risk-cancelling collateral gain what their prices move. Time stands still and \
nothing is traded. Margin need not be monotone in spot: the whole range is looked at, then \
each crossing is closed in on; two crossings within one step can be missed. Figures are \
floating point; a proof rounds against the account by about a unit per lot.

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
    /// In a market of options on two underlyings, the one that moves alone; otherwise both
    /// move together, and levels are also looked for with each moving alone
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

/// What is beneath a picture of prices that move together.
const TOGETHER_AXIS: &str = "prices in percent of what they are now";

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    model: String,
    quote: String,
    #[serde(flatten)]
    stress: StressReport,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    args.picture.check()?;
    let published = PublishedMarket::load(&args.market)?;
    with_backend!(published.proof_system(env)?, B => match published.file() {
        AnyMarketFile::Settlement(_) => Err(Error::Usage(
            "stress: not for markets that bound options by their expiry; build the market of moved prices",
        )),
        AnyMarketFile::Standard(_) | AnyMarketFile::Simulation(_) if args.moved.is_some() => {
            Err(Error::Usage("--move: only markets of options by scenarios have underlyings"))
        }
        AnyMarketFile::Standard(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            standard::run(args, file, &market, env)?;
            Ok(Exit::Done)
        }
        AnyMarketFile::Scenario(_) if !args.hold.is_empty() => {
            Err(Error::Usage("--hold: in a market of options by scenarios --move says what moves"))
        }
        AnyMarketFile::Scenario(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            stress(args, file, &market, env)
        }
        AnyMarketFile::Simulation(file) => {
            let market = published.open::<_, <B as Backend>::Field>(file)?;
            simulation::run(args, file, &market, env)
        }
    })
}

fn stress<F: MarginField>(
    args: &Args,
    file: &ScenarioMarketFile,
    market: &Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    let failed = |source: ScenarioError| Error::ScenarioMarket {
        path: args.market.to_string(),
        source: Box::new(source),
    };
    let wrong = |error| Error::market(&args.portfolio, error);
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    let portfolio = scenario_portfolio(market, &portfolio).map_err(wrong)?;
    let snapshot = file.snapshot();
    let test = stress_test(market, snapshot, &portfolio).map_err(failed)?;
    let moved = args.moved.as_ref().map(|symbol| {
        test.underlyings().position(|underlying| underlying == symbol).ok_or_else(|| {
            Error::NotListed { path: args.market.to_string(), symbol: symbol.to_string() }
        })
    });
    let moved = moved.transpose()?;
    let scan = Scan { least: args.from, most: args.to, step: args.step, vol: args.at_vol };
    scan.shocks().map_err(|source| Error::ScenarioMarket {
        path: "--from, --to, --step, --at-vol".to_owned(),
        source: Box::new(source),
    })?;
    let run = || StressReport::new(&test, moved, scan, (&args.spot, &args.vol));
    let (stress, points) = env.progress.stage("stress test", run).map_err(failed)?;
    let report = Report {
        account,
        epoch: file.epoch(),
        model: file.model().name().to_owned(),
        quote: snapshot.spec().quote.to_string(),
        stress,
    };
    let (at, axis) = match report.stress.moved.len() {
        0 | 1 => {
            let of = specs(snapshot).nth(moved.unwrap_or(0)).unwrap_or(&snapshot.spec().market);
            (place(of.spec(), &report.quote), UNDERLYING_AXIS)
        }
        _ => (format!("{} moving together", report.stress.moved.join(" and ")), TOGETHER_AXIS),
    };
    args.picture.draw(
        &Subject {
            account,
            epoch: report.epoch.get(),
            model: &report.model,
            at: &at,
            axis,
            quote: &report.quote,
            upper: Some(Upper::Stress(&report.stress.grid)),
            points: &points,
            thresholds: &report.stress.thresholds,
        },
        env,
    )?;
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("account       {}", report.account),
        format!("epoch         {}, model {}", report.epoch.get(), report.model),
    ];
    lines.extend(report.stress.lines(&report.quote));
    lines
}
