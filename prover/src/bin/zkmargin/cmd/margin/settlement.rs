//! Margin of the settlement family: figures and a picture.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::SettlementMarketFile;
use zkmargin_params::market::settlement::Market;
use zkmargin_params::market::settlement::stress::StressTest;
use zkmargin_params::scenario::{Scan, Stressable};
use zkmargin_prover::scenario::LEVELS;
use zkmargin_prover::settlement::SettlementReport;

use super::Args;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::load_portfolio;
use crate::picture::{Subject, at_and_axis};

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    model: String,
    quote: String,
    #[serde(flatten)]
    margin: SettlementReport,
}

pub(super) fn run<F: MarginField>(
    args: &Args,
    file: &SettlementMarketFile,
    market: &Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    let margin = SettlementReport::new(market, &portfolio)
        .map_err(|error| Error::market(&args.portfolio, error))?;
    let report = Report {
        account,
        epoch: file.epoch(),
        model: file.model().name().to_owned(),
        quote: file.snapshot().spec().quote.to_string(),
        margin,
    };
    if args.picture.wanted() {
        picture(args, file, market, &portfolio, &report, env)?;
    }
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

/// Equity and margin against prices: of all underlyings that the account is on together.
fn picture<F: MarginField>(
    args: &Args,
    file: &SettlementMarketFile,
    market: &Market<F>,
    portfolio: &Portfolio,
    report: &Report,
    env: Env,
) -> Result<(), Error> {
    let failed = |error| Error::market(&args.portfolio, error);
    let of = (file.model(), file.snapshot());
    let test = StressTest::new(market, of, portfolio, None).map_err(failed)?;
    let scan = || test.thresholds(&Scan::default(), &LEVELS);
    let (thresholds, points) = env.progress.stage("stress test", scan).map_err(failed)?;
    let (at, axis) = at_and_axis(&test, None, &report.quote);
    let subject = Subject {
        account: report.account,
        epoch: report.epoch.get(),
        model: &report.model,
        at: &at,
        axis,
        quote: &report.quote,
        upper: None,
        points: &points,
        thresholds: &thresholds,
    };
    args.picture.draw(&subject, env)
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("account       {}", report.account),
        format!("epoch         {}, model {}", report.epoch.get(), report.model),
    ];
    lines.extend(report.margin.lines(&report.quote));
    lines
}
