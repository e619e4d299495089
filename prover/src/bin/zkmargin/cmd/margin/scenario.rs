//! Margin of the scenario family: figures and a picture.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::ScenarioMarketFile;
use zkmargin_params::market::scenario::Market;
use zkmargin_params::scenario::deribit::DELTA_LIMIT;
use zkmargin_params::scenario::{Scan, ScenarioError, StressTest};
use zkmargin_prover::plot::Upper;
use zkmargin_prover::scenario::{LEVELS, ScenarioReport, margin_lines, scenario_portfolio};

use super::Args;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::load_portfolio;
use crate::picture::{Subject, UNDERLYING_AXIS, place};

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    model: String,
    quote: String,
    #[serde(flatten)]
    margin: ScenarioReport,
}

pub(super) fn run<F: MarginField>(
    args: &Args,
    file: &ScenarioMarketFile,
    market: &Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    let margin = ScenarioReport::new(market, &portfolio)
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
    if beyond_delta_limit(file, &report.margin) {
        env.out.note(
            "warning: the net delta is beyond 20 million USD, where the venue adds a charge that \
             this model does not have: it asks for more than is said here",
        );
    }
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

/// Whether an approximation of Deribit is below the venue: its charge on large
/// deltas is missing.
fn beyond_delta_limit(file: &ScenarioMarketFile, margin: &ScenarioReport) -> bool {
    let market = file.snapshot().spec().market.spec();
    let coin = market.underlying.as_str();
    let deltas = margin.positions.iter().filter(|line| line.instrument != coin);
    let net: f64 = deltas.map(|line| line.greeks.delta).sum();
    file.model().spec().inverse && (net * market.spot).abs() > DELTA_LIMIT
}

fn picture<F: MarginField>(
    args: &Args,
    file: &ScenarioMarketFile,
    market: &Market<F>,
    portfolio: &Portfolio,
    report: &Report,
    env: Env,
) -> Result<(), Error> {
    let failed = |source: ScenarioError| Error::ScenarioMarket {
        path: args.market.to_string(),
        source: Box::new(source),
    };
    let spec = &file.snapshot().spec().market;
    let portfolio = scenario_portfolio(market, portfolio)
        .map_err(|error| Error::market(&args.portfolio, error))?;
    let test = StressTest::new(market.model(), spec, &portfolio).map_err(failed)?;
    let scan = || test.thresholds(&Scan::default(), &LEVELS);
    let (thresholds, points) = env.progress.stage("stress test", scan).map_err(failed)?;
    let subject = Subject {
        account: report.account,
        epoch: report.epoch.get(),
        model: &report.model,
        at: &place(spec.spec(), &report.quote),
        axis: UNDERLYING_AXIS,
        quote: &report.quote,
        upper: Some(Upper::Scenarios(&report.margin.breakdown)),
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
    lines.extend(margin_lines(&report.margin, &report.quote));
    lines
}
