//! Stress of accounts on options: their underlyings move, each alone or all together.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_params::market::{ScenarioMarketFile, SettlementMarketFile, scenario, settlement};
use zkmargin_params::scenario::{Scan, ScenarioError, Stressable};
use zkmargin_prover::plot::Upper;
use zkmargin_prover::scenario::{StressReport, scenario_portfolio, stress_test};

use super::Args;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::load_portfolio;
use crate::picture::{Subject, at_and_axis};

/// What is looked at.
#[derive(Serialize)]
struct Head {
    account: AccountId,
    epoch: Epoch,
    model: String,
    quote: String,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    head: Head,
    #[serde(flatten)]
    stress: StressReport,
}

/// An account under a model of scenarios.
pub(super) fn scenario<F: MarginField>(
    args: &Args,
    file: &ScenarioMarketFile,
    market: &scenario::Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    let failed = |source: ScenarioError| Error::ScenarioMarket {
        path: args.market.to_string(),
        source: Box::new(source),
    };
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    let portfolio = scenario_portfolio(market, &portfolio)
        .map_err(|error| Error::market(&args.portfolio, error))?;
    let test = stress_test(market, file.snapshot(), &portfolio).map_err(failed)?;
    let (epoch, model) = (file.epoch(), file.model().name().to_owned());
    let quote = file.snapshot().spec().quote.to_string();
    run(args, Head { account, epoch, model, quote }, &test, failed, env)
}

/// An account under a model that bounds options by their expiry.
pub(super) fn settlement<F: MarginField>(
    args: &Args,
    file: &SettlementMarketFile,
    market: &settlement::Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    let failed = |error| Error::market(&args.portfolio, error);
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    let of = (file.model(), file.snapshot());
    let test = settlement::stress::StressTest::new(market, of, &portfolio, args.moved.as_ref())
        .map_err(failed)?;
    let (epoch, model) = (file.epoch(), file.model().name().to_owned());
    let quote = file.snapshot().spec().quote.to_string();
    run(args, Head { account, epoch, model, quote }, &test, failed, env)
}

fn run<T: Stressable>(
    args: &Args,
    head: Head,
    test: &T,
    failed: impl Fn(T::Error) -> Error,
    env: Env,
) -> Result<Exit, Error> {
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
    let stress = || StressReport::new(test, moved, scan, (&args.spot, &args.vol));
    let (stress, points) = env.progress.stage("stress test", stress).map_err(failed)?;
    let report = Report { head, stress };
    let Report { head, stress } = &report;
    let (at, axis) = at_and_axis(test, moved, &head.quote);
    args.picture.draw(
        &Subject {
            account: head.account,
            epoch: head.epoch.get(),
            model: &head.model,
            at: &at,
            axis,
            quote: &head.quote,
            upper: Some(Upper::Stress(&stress.grid)),
            points: &points,
            thresholds: &stress.thresholds,
        },
        env,
    )?;
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

fn lines(Report { head, stress }: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("account       {}", head.account),
        format!("epoch         {}, model {}", head.epoch.get(), head.model),
    ];
    lines.extend(stress.lines(&head.quote));
    lines
}
