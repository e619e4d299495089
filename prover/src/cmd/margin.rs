//! `zkmargin margin`.

use serde::Serialize;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::Listings;
use zkmargin_prover::report::MarginReport;
use zkmargin_prover::with_backend;

use crate::cli::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, PublishedMarket, load_document, parse_source};

#[derive(Debug, clap::Args)]
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
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    quote: String,
    #[serde(flatten)]
    margin: MarginReport,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let published = PublishedMarket::load(&args.market)?;
    with_backend!(published.proof_system(env)?, B => margin::<B>(args, &published, env))
}

fn margin<B: Backend>(args: &Args, published: &PublishedMarket, env: Env) -> Result<Exit, Error> {
    let (file, market) = (published.file(), published.market::<B::Field>()?);
    let document = load_document(&args.portfolio, &args.keys, args.insecure_plaintext)?;
    // A missing blinding hides nothing here.
    let mut document = document;
    document.ensure_blinding()?;
    let portfolio = Listings::from(&market)
        .portfolio(&document)
        .map_err(|error| Error::portfolio(&args.portfolio, error))?;
    let margin = MarginReport::new(&market, &portfolio)
        .map_err(|error| Error::market(&args.portfolio, error))?;
    let report = Report {
        account: document.account,
        epoch: file.epoch(),
        quote: file.snapshot().quote().to_string(),
        margin,
    };
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("account       {}", report.account),
        format!("epoch         {}", report.epoch.get()),
    ];
    lines.extend(margin_lines(&report.margin, &report.quote));
    lines
}

/// The figures as a table.
pub(crate) fn margin_lines(margin: &MarginReport, quote: &str) -> Vec<String> {
    let mut lines = vec![
        format!("level         {}", margin.level),
        format!("equity        {} {quote}", margin.equity),
        format!("initial       {} {quote}", margin.initial),
        format!("maintenance   {} {quote}", margin.maintenance),
    ];
    if margin.shortfall_to_maintenance != "0" {
        lines.push(format!("shortfall     {} {quote}", margin.shortfall_to_maintenance));
    }
    if margin.buckets.len() > 1 {
        lines.push(format!(
            "{:<8} {:<12} {:>18} {:>18} {:>18}",
            "bucket", "level", "equity", "initial", "maintenance"
        ));
        lines.extend(margin.buckets.iter().map(|bucket| {
            let level = bucket.level.to_string();
            format!(
                "{:<8} {level:<12} {:>18} {:>18} {:>18}",
                bucket.bucket, bucket.equity, bucket.initial, bucket.maintenance
            )
        }));
    }
    lines.push(format!(
        "{:<6} {:<10} {:>14} {:>14} {:>18} {:>14} {:>14}",
        "bucket", "instrument", "quantity", "mark", "value", "initial", "maintenance"
    ));
    lines.extend(margin.positions.iter().map(|p| {
        format!(
            "{:<6} {:<10} {:>14} {:>14} {:>18} {:>14} {:>14}",
            p.bucket, p.instrument, p.quantity, p.mark, p.value, p.initial, p.maintenance
        )
    }));
    lines
}
