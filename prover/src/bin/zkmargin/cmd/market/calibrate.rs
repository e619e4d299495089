//! `zkmargin market calibrate`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::{Epoch, ModelDigest};
use zkmargin_params::calibration::breakers::Record;
use zkmargin_params::calibration::numbers::{Calibrated, Held};
use zkmargin_params::market::calibration::{breakers, calibrate, model_of};
use zkmargin_params::market::scenario::calibration as set;
use zkmargin_params::model::{AnyModel, ModelSpec, StandardModel};
use zkmargin_params::scenario::{ParameterSpec, ScenarioModel, ScenarioSnapshot};
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::figures::{Table, fixed, thousands};
use zkmargin_prover::files::Source;

use super::inputs::{CalibrateError, InputArgs};
use super::load_model;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{load_text, parse_epoch, parse_source, refuse_existing, write_public};

/// What is said after the help.
const NOTE: &str = "\
A calibrated model is a rule: rates follow from volatility by exponential weights or as \
implied, spread, depth and volume, a tool against procyclicality, floor, cap and a largest step \
from one epoch to the next. Its digest is accepted once; the rates of each epoch follow from the \
snapshot, and `market verify` makes them again. The snapshot needs, beside prices:

  \"calibration\": {\"observations\": {\"BTC\": {\"implied_volatility\": \"0.62\",
    \"spread\": \"0.0001\", \"depth\": \"40000000\", \"daily_volume\": \"9000000000\"}}}

in the quote currency; closes come from --history, and the numbers of the epoch before from \
--previous. Of a scenario set the ranges of spot and volatility are calibrated, how far expiries \
move against each other, and charges on large net deltas. `market build` takes the same options; --output keeps the completed snapshot.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The rule: the name of a shipped model that is calibrated, or a file in JSON or
    /// TOML
    #[arg(value_name = "NAME|FILE")]
    rule: String,
    /// Snapshot of prices, with what was observed
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    snapshot: Source,
    /// Epoch of the market
    #[arg(short, long, value_name = "NUMBER", value_parser = parse_epoch)]
    epoch: Epoch,
    #[command(flatten)]
    inputs: InputArgs,
    /// Where the snapshot goes, with the closes and the numbers of the epoch before
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing output file
    #[arg(long, requires = "output")]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    epoch: Epoch,
    rule_name: String,
    /// The digest of the rule: `MODEL` of every epoch.
    rule: ModelDigest,
    /// The epoch that steps are from.
    previous: Option<Epoch>,
    quote: String,
    instruments: Vec<Line>,
    /// What its breakers remember, where it has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    breakers: Option<Record>,
    /// The rates of this epoch as a model of their own.
    model: Numbered,
}

#[derive(Serialize)]
struct Line {
    symbol: String,
    #[serde(flatten)]
    calibrated: Calibrated,
}

/// A model of fixed numbers.
#[derive(Serialize)]
#[serde(untagged)]
enum Numbered {
    Standard(Box<ModelSpec>),
    Scenario(Box<ParameterSpec>),
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    if let Some(output) = &args.output {
        refuse_existing(output, args.force)?;
    }
    let (text, report) = match load_model(&args.rule)? {
        AnyModel::Standard(model) if model.calibration().is_some() => standard(args, &model, env)?,
        AnyModel::Scenario(model) if model.rules().next().is_some() => scenario(args, &model, env)?,
        _ => return Err(CalibrateError::NotCalibrated(args.rule.clone()).into()),
    };
    if let Some(output) = &args.output
        && write_public(output, format!("{text}\n").as_bytes(), args.force, env)?
    {
        return Ok(Exit::Done);
    }
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

/// The completed snapshot, and the rates of a standard model.
fn standard(args: &Args, model: &StandardModel, env: Env) -> Result<(String, Report), Error> {
    let failed = |error| CalibrateError::rule(&args.snapshot, error);
    let snapshot = Snapshot::from_json(&load_text(&args.snapshot)?)
        .map_err(|source| Error::Snapshot { path: args.snapshot.to_string(), source })?;
    let snapshot = args.inputs.complete(snapshot, model, &args.snapshot, env)?;
    let found = calibrate(model, &snapshot, args.epoch).map_err(failed)?;
    let remembered = breakers(model, &snapshot).map_err(failed)?;
    let numbered = model_of(model, &snapshot, args.epoch)
        .map_err(|error| Error::market(&args.snapshot, error))?;
    let previous = snapshot.calibration().and_then(|inputs| inputs.previous.as_ref());
    let report = Report {
        epoch: args.epoch,
        rule_name: model.name().to_owned(),
        rule: model.digest(),
        previous: previous.map(|previous| previous.epoch),
        quote: model.quote().to_string(),
        instruments: named(found),
        breakers: remembered,
        model: Numbered::Standard(Box::new(numbered.spec().clone())),
    };
    Ok((snapshot.to_json(), report))
}

/// The completed snapshot, and the ranges of a scenario set.
fn scenario(args: &Args, model: &ScenarioModel, env: Env) -> Result<(String, Report), Error> {
    let wrong = |source| Error::ScenarioMarket {
        path: args.snapshot.to_string(),
        source: Box::new(source),
    };
    let failed = |error| CalibrateError::rule(&args.snapshot, error);
    let snapshot = ScenarioSnapshot::from_json(&load_text(&args.snapshot)?).map_err(wrong)?;
    let snapshot = args.inputs.complete_set(snapshot, model, &args.snapshot, env)?;
    let found = set::calibrate(model, &snapshot, args.epoch).map_err(failed)?;
    let remembered = set::breakers(model, &snapshot).map_err(failed)?;
    let numbered = set::model_of(model, &snapshot, args.epoch).map_err(wrong)?;
    let inputs = snapshot.spec().calibration.as_ref();
    let previous = inputs.and_then(|inputs| inputs.previous.as_ref());
    let report = Report {
        epoch: args.epoch,
        rule_name: model.name().to_owned(),
        rule: model.digest(),
        previous: previous.map(|previous| previous.epoch),
        quote: snapshot.spec().quote.to_string(),
        instruments: named(found),
        breakers: remembered,
        model: Numbered::Scenario(Box::new(numbered.spec().clone())),
    };
    Ok((snapshot.to_json(), report))
}

fn named(found: BTreeMap<Symbol, Calibrated>) -> Vec<Line> {
    let line = |(symbol, calibrated): (Symbol, _)| Line { symbol: symbol.to_string(), calibrated };
    found.into_iter().map(line).collect()
}

fn lines(report: &Report) -> Vec<String> {
    let steps = match report.previous {
        Some(epoch) => format!("steps from epoch {}", epoch.get()),
        None => "the first of its rule".to_owned(),
    };
    let mut lines = vec![
        format!("rule          {} {}", report.rule_name, report.rule),
        format!("epoch         {}, {steps}", report.epoch.get()),
        String::new(),
    ];
    let heads = ["instrument", "days", "volatility alone", "asked", "initial rate", "held by"];
    let mut table = Table::new(1, heads);
    for Line { symbol, calibrated } in &report.instruments {
        let Some(found) = &calibrated.found else {
            let rates = calibrated.numbers.rates.iter().map(ToString::to_string);
            let rates = rates.collect::<Vec<_>>().join(", ");
            table.row([symbol.clone(), String::new(), String::new(), "no price".to_owned(), rates]);
            continue;
        };
        for (index, tier) in found.tiers.iter().enumerate() {
            let name = if index == 0 { symbol.clone() } else { String::new() };
            let row = [percent(tier.bare), percent(tier.asked), percent(rate(tier.rate))];
            let days = [name, tier.days.to_string()];
            table.row(days.into_iter().chain(row).chain([held(tier.held).to_owned()]));
        }
    }
    lines.extend(table.lines());
    lines.push(String::new());
    // A series has none: nobody trades it.
    let traded = |line: &&Line| !calibrated_capacity(line).is_zero();
    for Line { symbol, calibrated } in report.instruments.iter().filter(traded) {
        let capacity = thousands(&calibrated.numbers.capacity.to_string());
        let seen = calibrated.found.as_ref().map_or_else(String::new, |found| {
            let volatility = percent(found.volatilities.current * 365_f64.sqrt());
            let seen = thousands(&found.seen_capacity.to_string());
            let by = held(found.capacity_held);
            let by = if by.is_empty() { String::new() } else { format!(", held by {by}") };
            format!("; volatility {volatility} a year; seen {seen}{by}")
        });
        lines.push(format!("{symbol:<13} capacity {capacity} {}{seen}", report.quote));
    }
    for (symbol, watched) in report.breakers.iter().flat_map(|record| &record.instruments) {
        let Some((low, high)) = watched.range() else { continue };
        let tripped = watched.trips.last().map_or_else(String::new, |trip| {
            format!("; tier {} tripped at {}", trip.tier + 1, trip.at.get())
        });
        let symbol = symbol.to_string();
        lines.push(format!("{symbol:<13} from {low} to {high} in the breakers' window{tripped}"));
    }
    lines
}

fn calibrated_capacity(line: &Line) -> rust_decimal::Decimal {
    line.calibrated.numbers.capacity
}

fn rate(rate: zkmargin_params::fraction::Fraction) -> f64 {
    // Both are below 2^32.
    rate.numerator() as f64 / rate.denominator() as f64
}

fn percent(part: f64) -> String {
    format!("{} %", fixed(100.0 * part, 2))
}

fn held(held: Held) -> &'static str {
    match held {
        Held::Free => "",
        Held::Rise => "largest rise",
        Held::Fall => "largest fall",
        Held::Floor => "floor",
        Held::Cap => "cap",
    }
}
