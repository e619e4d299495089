//! What venues publish: margin models and prices.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::ids::{ModelDigest, Timestamp};
use zkmargin_params::decimal::parse_decimal;
use zkmargin_params::import::{ImportError, binance, deribit, hyperliquid};
use zkmargin_params::model::StandardModel;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::files::Source;

use super::lots::LotArgs;
use crate::cli::Env;
use crate::error::{Error, Exit};
use crate::input::{load_text, parse_source, refuse_existing, write_public};

/// Where a public result goes.
#[derive(Debug, clap::Args)]
pub(crate) struct OutputArgs {
    /// Where the result goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

impl OutputArgs {
    fn refuse_existing(&self) -> Result<(), Error> {
        refuse_existing(&self.output, self.force)
    }

    /// Writes JSON; whether standard output is taken now.
    fn write(&self, mut json: String, env: Env) -> Result<bool, Error> {
        json.push('\n');
        write_public(&self.output, json.as_bytes(), self.force, env)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct MarginTables {
    /// The venue's answer
    #[arg(value_parser = parse_source)]
    file: Source,
    /// Name of the model; its digest depends on it
    #[arg(short, long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Brackets {
    /// The venue's answers; a symbol may stand in one of them
    #[arg(required = true, value_parser = parse_source)]
    file: Vec<Source>,
    #[command(flatten)]
    lots: LotArgs,
    /// Name of the model; its digest depends on it
    #[arg(short, long, value_name = "NAME")]
    name: String,
    /// The quote currency
    #[arg(long, value_name = "SYMBOL", default_value = "USDT")]
    quote: Symbol,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PremiumIndex {
    /// The venue's answer for all symbols, or CSV with the columns symbol,
    /// time_ms, mark_price and next_funding_time_ms
    #[arg(value_parser = parse_source)]
    file: Source,
    /// The quote currency: other symbols are left out
    #[arg(long, value_name = "SYMBOL", default_value = "USDT")]
    quote: Symbol,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The venue's answer for BTC or ETH, or CSV
    #[arg(value_parser = parse_source)]
    file: Source,
    /// Coins in a lot of every option; the venue trades tenths of a BTC, whole ETH
    #[arg(long, value_name = "SIZE", default_value = "0.1", value_parser = parse_decimal)]
    option_lot: Decimal,
    /// Coins in a lot of everything else
    #[arg(long, value_name = "SIZE", default_value = "0.0001", value_parser = parse_decimal)]
    other_lot: Decimal,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct ModelReport {
    model_name: String,
    model: ModelDigest,
    quote: String,
    instruments: usize,
    output: PathBuf,
}

#[derive(Serialize)]
struct PriceReport {
    timestamp: Timestamp,
    source: String,
    quote: String,
    prices: usize,
    skipped: Vec<SkippedLine>,
    output: PathBuf,
}

#[derive(Serialize)]
struct SkippedLine {
    symbol: String,
    reason: String,
}

pub(super) fn margin_tables(args: &MarginTables, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let model = hyperliquid::margin_tables(&load_text(&args.file)?, &args.name)
        .map_err(|error| Error::import(&args.file, error))?;
    write_model(&model, &args.output, env)
}

pub(super) fn brackets(args: &Brackets, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let lots = args.lots.load()?;
    let mut rules = BTreeMap::new();
    for source in &args.file {
        let failed = |error| Error::import(source, error);
        for (symbol, rule) in binance::leverage_brackets(&load_text(source)?).map_err(failed)? {
            if rules.insert(symbol.clone(), rule).is_some() {
                return Err(failed(ImportError::Duplicate { symbol }));
            }
        }
    }
    let model = binance::brackets_model(&args.name, &args.quote, rules, &lots)
        .map_err(|error| Error::import(names(&args.file), error))?;
    write_model(&model, &args.output, env)
}

/// Several files as the place of an error.
fn names(sources: &[Source]) -> String {
    sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write_model(model: &StandardModel, output: &OutputArgs, env: Env) -> Result<Exit, Error> {
    let json = serde_json::to_string_pretty(model.spec()).map_err(|_| Error::Output)?;
    if output.write(json, env)? {
        return Ok(Exit::Done);
    }
    let report = ModelReport {
        model_name: model.name().to_owned(),
        model: model.digest(),
        quote: model.quote().to_string(),
        instruments: model.instruments().len(),
        output: output.output.clone(),
    };
    env.out.result(&report, |report| {
        vec![
            format!("model         {} {}", report.model_name, report.model),
            format!("instruments   {}, in {}", report.instruments, report.quote),
        ]
    })?;
    Ok(Exit::Done)
}

pub(super) fn premium_index(args: &PremiumIndex, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let index = binance::premium_index(&load_text(&args.file)?, &args.quote)
        .map_err(|error| Error::import(&args.file, error))?;
    let skipped = index.skipped.iter().map(|row| (row.symbol.as_str(), row.reason.to_string()));
    let report = PriceReport {
        timestamp: index.snapshot.timestamp(),
        source: index.snapshot.source().to_owned(),
        quote: index.snapshot.quote().to_string(),
        prices: index.snapshot.prices().len(),
        skipped: skipped_lines(skipped),
        output: args.output.output.clone(),
    };
    write_prices(index.snapshot.to_json(), &report, &args.output, env)
}

pub(super) fn options(args: &Options, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let chain = deribit::option_chain(&load_text(&args.file)?)
        .map_err(|error| Error::import(&args.file, error))?;
    let snapshot = chain.snapshot(args.option_lot, args.other_lot);
    let snapshot = snapshot.map_err(|source| Error::ScenarioMarket {
        path: args.file.to_string(),
        source: Box::new(source),
    })?;
    let skipped = chain.skipped.iter().map(|row| (row.name.as_str(), row.reason.to_string()));
    let report = PriceReport {
        timestamp: chain.timestamp,
        source: chain.source.clone(),
        quote: "USD".to_owned(),
        prices: snapshot.spec().market.spec().instruments.len(),
        skipped: skipped_lines(skipped),
        output: args.output.output.clone(),
    };
    write_prices(snapshot.to_json(), &report, &args.output, env)
}

/// Names come from the file: what could move a terminal is escaped.
fn skipped_lines<'a>(rows: impl Iterator<Item = (&'a str, String)>) -> Vec<SkippedLine> {
    rows.map(|(symbol, reason)| SkippedLine { symbol: symbol.escape_debug().to_string(), reason })
        .collect()
}

fn write_prices(
    json: String,
    report: &PriceReport,
    output: &OutputArgs,
    env: Env,
) -> Result<Exit, Error> {
    let stdout_taken = output.write(json, env)?;
    for row in &report.skipped {
        env.out.note(format!("left out {}: {}", row.symbol, row.reason));
    }
    if stdout_taken {
        return Ok(Exit::Done);
    }
    env.out.result(report, |report| {
        let (prices, skipped) = (report.prices, report.skipped.len());
        vec![
            format!("timestamp     {}", report.timestamp.get()),
            format!("source        {}", report.source),
            format!("prices        {prices} in {}, {skipped} left out", report.quote),
        ]
    })?;
    Ok(Exit::Done)
}
