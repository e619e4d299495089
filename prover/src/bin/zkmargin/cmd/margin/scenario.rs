//! Margin of the scenario family: figures and a picture.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::scenario::{Market, Part};
use zkmargin_params::market::{MarketError, ScenarioMarketFile};
use zkmargin_params::scenario::deribit::DELTA_LIMIT;
use zkmargin_params::scenario::{Scan, ScenarioError, StressTest, Stressable};
use zkmargin_prover::plot::Upper;
use zkmargin_prover::scenario::{
    BothReport, LEVELS, PositionLine, ScenarioReport, both_lines, margin_lines, scenario_portfolio,
};

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
    margin: ScenarioReport,
}

#[derive(Serialize)]
struct ReportOnBoth {
    account: AccountId,
    epoch: Epoch,
    model: String,
    quote: String,
    #[serde(flatten)]
    margin: BothReport,
}

pub(super) fn run<F: MarginField>(
    args: &Args,
    file: &ScenarioMarketFile,
    market: &Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    if market.only().is_err() {
        return on_both(args, file, market, (account, &portfolio), env);
    }
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
    if let Ok(part) = market.only()
        && beyond_delta_limit(part, &report.margin.positions)
    {
        env.out.note(BEYOND_DELTA_LIMIT);
    }
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

/// What is said of an account that an approximation of Deribit asks for too little.
const BEYOND_DELTA_LIMIT: &str = "warning: the net delta is beyond 20 million USD, where the \
    venue adds a charge that this model does not have: it asks for more than is said here";

/// The figures of an account in a market of two underlyings.
fn on_both<F: MarginField>(
    args: &Args,
    file: &ScenarioMarketFile,
    market: &Market<F>,
    (account, portfolio): (AccountId, &Portfolio),
    env: Env,
) -> Result<Exit, Error> {
    if args.picture.wanted() {
        return Err(Error::market(&args.market, MarketError::SeveralUnderlyings));
    }
    let margin = BothReport::new(market, portfolio)
        .map_err(|error| Error::market(&args.portfolio, error))?;
    let report = ReportOnBoth {
        account,
        epoch: file.epoch(),
        model: file.model().name().to_owned(),
        quote: file.snapshot().spec().quote.to_string(),
        margin,
    };
    let each = market.parts().iter().zip(&report.margin.underlyings);
    if each.into_iter().any(|(part, of)| beyond_delta_limit(part, &of.positions)) {
        env.out.note(BEYOND_DELTA_LIMIT);
    }
    env.out.result(&report, |report| {
        let mut lines = head(report.account, report.epoch, &report.model);
        lines.extend(both_lines(&report.margin, &report.quote));
        lines
    })?;
    Ok(Exit::Done)
}

/// Whether an approximation of Deribit is below the venue: its charge on large
/// deltas is missing.
fn beyond_delta_limit(part: &Part, positions: &[PositionLine]) -> bool {
    let coin = part.underlying().as_str();
    let deltas = positions.iter().filter(|line| line.instrument != coin);
    let net: f64 = deltas.map(|line| line.greeks.delta).sum();
    part.model().spec().inverse && (net * part.table().terms.spot).abs() > DELTA_LIMIT
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
    let only = market.only().map_err(|error| Error::market(&args.market, error))?;
    let test = StressTest::new(only.model(), spec, &portfolio).map_err(failed)?;
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
        upper: Some(Upper::Scenarios(&report.margin.breakdown)),
        points: &points,
        thresholds: &thresholds,
    };
    args.picture.draw(&subject, env)
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = head(report.account, report.epoch, &report.model);
    lines.extend(margin_lines(&report.margin, &report.quote));
    lines
}

fn head(account: AccountId, epoch: Epoch, model: &str) -> Vec<String> {
    vec![
        format!("account       {account}"),
        format!("epoch         {}, model {model}", epoch.get()),
    ]
}
