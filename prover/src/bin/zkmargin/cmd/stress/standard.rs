//! Stress of standard accounts: one factor on all prices, and each price alone.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_params::market::stress::{AtPrices, MovedPoint};
use zkmargin_params::market::{Market, MarketFile};
use zkmargin_params::scenario::{Crossing, Scan, Shock, StressPoint, Threshold};
use zkmargin_prover::standard_stress::{AccountThreshold, StandardScan, StandardStress};

use super::Args;
use crate::env::Env;
use crate::error::Error;
use crate::input::load_portfolio;
use crate::picture::{Subject, TOGETHER_AXIS};

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    model: String,
    quote: String,
    #[serde(flatten)]
    stress: StandardStress,
}

pub(super) fn run<F: MarginField>(
    args: &Args,
    file: &MarketFile,
    market: &Market<F>,
    env: Env,
) -> Result<(), Error> {
    for symbol in &args.hold {
        if market.listing(symbol.as_str()).is_none() {
            let (path, symbol) = (args.market.to_string(), symbol.to_string());
            return Err(Error::NotListed { path, symbol });
        }
    }
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    let scan = Scan { least: args.from, most: args.to, step: args.step, vol: 1.0 };
    let shocks = scan.shocks().map_err(|source| Error::ScenarioMarket {
        path: "--from, --to, --step".to_owned(),
        source: Box::new(source),
    })?;
    let scan = StandardScan {
        held_still: args.hold.clone(),
        factors: shocks.iter().filter_map(|shock| decimal(shock.spot)).collect(),
        shown: args.spot.iter().filter_map(|factor| decimal(*factor)).collect(),
    };
    let run = || StandardStress::new(market, &portfolio, &scan);
    let failed = |error| at_prices(args, error);
    let (stress, points) = env.progress.stage("stress test", run).map_err(failed)?;
    let report = Report {
        account,
        epoch: market.header().epoch,
        model: file.model().name().to_owned(),
        quote: file.snapshot().quote().to_string(),
        stress,
    };
    picture(args, &report, market, &points, env)?;
    env.out.result(&report, |report| {
        let mut lines = vec![
            format!("account       {}", report.account),
            format!("epoch         {}, model {}", report.epoch.get(), report.model),
        ];
        lines.extend(report.stress.lines(&report.quote));
        lines
    })
}

/// A refusal at other prices, as one of the portfolio.
fn at_prices(args: &Args, error: AtPrices) -> Error {
    match error {
        AtPrices::Market(error) => Error::market(&args.portfolio, error),
        other => Error::AtPrices { path: args.portfolio.to_string(), source: other },
    }
}

/// A factor to nine digits: that of a scan is not exact either.
fn decimal(factor: f64) -> Option<Decimal> {
    Decimal::try_from(factor).ok().map(|factor| factor.round_dp(9))
}

/// Prices of the curve are in percent of what they are now.
const NOW: f64 = 100.0;

fn picture<F: MarginField>(
    args: &Args,
    report: &Report,
    market: &Market<F>,
    points: &[MovedPoint],
    env: Env,
) -> Result<(), Error> {
    let number = |units: i128| market.format_amount(units).parse().unwrap_or(f64::NAN);
    let point = |point: &MovedPoint| {
        let factor = point.factor.to_f64().unwrap_or(1.0);
        let balance = |margin: u128| number(point.equity - margin.cast_signed());
        StressPoint {
            shock: Shock { spot: factor, vol: 1.0 },
            spot: NOW * factor,
            equity: number(point.equity),
            maintenance_margin: balance(point.maintenance),
            initial_margin: balance(point.initial),
            level: point.level,
        }
    };
    let points: Vec<StressPoint> = points.iter().map(point).collect();
    let thresholds: Vec<Threshold> = report.stress.thresholds.iter().map(threshold).collect();
    args.picture.draw(
        &Subject {
            account: report.account,
            epoch: report.epoch.get(),
            model: &report.model,
            at: "all prices moving together",
            axis: TOGETHER_AXIS,
            quote: &report.quote,
            upper: None,
            points: &points,
            thresholds: &thresholds,
        },
        env,
    )
}

fn threshold(found: &AccountThreshold) -> Threshold {
    let crossing = |factor: &Option<String>, is_above: bool| {
        let spot_factor: f64 = factor.as_ref()?.parse().ok()?;
        // Met at 1: lost beyond the crossing, away from 1.
        let met_above = found.met != is_above;
        Some(Crossing { spot_factor, spot: NOW * spot_factor, met_above })
    };
    let (down, up) = (crossing(&found.down, false), crossing(&found.up, true));
    Threshold {
        level: found.level,
        met: found.met,
        down,
        up,
        crossings: down.into_iter().chain(up).collect(),
    }
}
