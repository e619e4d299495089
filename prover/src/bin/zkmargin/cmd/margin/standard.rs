//! Margin of the standard family, in figures.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_params::market::Market;
use zkmargin_prover::human;
use zkmargin_prover::report::MarginReport;

use super::Args;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::load_portfolio_noting;

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    quote: String,
    #[serde(flatten)]
    margin: MarginReport,
}

pub(super) fn run<F: MarginField>(
    args: &Args,
    quote: &str,
    market: &Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    if args.picture.wanted() {
        return Err(Error::Usage(
            "--plot: `zkmargin stress --plot` draws accounts of standard markets",
        ));
    }
    let (account, portfolio) =
        load_portfolio_noting(&args.portfolio, &args.keys, args.insecure_plaintext, market, env)?;
    let margin = MarginReport::new(market, &portfolio)
        .map_err(|error| Error::market(&args.portfolio, error))?;
    let report = Report { account, epoch: market.header().epoch, quote: quote.to_owned(), margin };
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
fn margin_lines(margin: &MarginReport, quote: &str) -> Vec<String> {
    let mut lines = vec![
        format!("level         {}", human::level(margin.level)),
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
