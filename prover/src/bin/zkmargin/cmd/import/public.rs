//! What venues publish: margin models and prices.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::ids::{ModelDigest, Timestamp};
use zkmargin_params::decimal::parse_decimal;
use zkmargin_params::import::{
    ImportError, Imported, Skipped, binance, both_sides, deribit, derive, dydx, hyperliquid,
};
use zkmargin_params::model::StandardModel;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::files::Source;

use super::lots::LotArgs;
use crate::env::Env;
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
    /// The money of an exchange whose collateralToken is not USDC
    #[arg(long, value_name = "SYMBOL")]
    quote: Option<Symbol>,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Prices of a whole exchange of Hyperliquid.
#[derive(Debug, clap::Args)]
pub(crate) struct Prices {
    /// The venue's answer
    #[arg(value_parser = parse_source)]
    file: Source,
    /// When it was asked for, in seconds since 1970: the answer does not say
    #[arg(short, long, value_name = "SECONDS")]
    time: u64,
    /// The money of an exchange whose collateralToken is not USDC
    #[arg(long, value_name = "SYMBOL")]
    quote: Option<Symbol>,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Prices of the whole exchange of dYdX v4.
#[derive(Debug, clap::Args)]
pub(crate) struct MarketPrices {
    /// The answer of /v4/perpetualMarkets
    #[arg(value_parser = parse_source)]
    file: Source,
    /// When it was asked for, in seconds since 1970: the answer does not say
    #[arg(short, long, value_name = "SECONDS")]
    time: u64,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What to do with rows that are not as the venue writes rows.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct StrictArgs {
    /// Refuse a file with a row that cannot be read, instead of leaving it out
    #[arg(long)]
    strict: bool,
}

impl StrictArgs {
    /// Refuses odd rows, if that was asked for.
    fn check<T>(self, imported: Imported<T>) -> Result<Imported<T>, ImportError> {
        if self.strict { imported.strict() } else { Ok(imported) }
    }
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
    sides: SideArgs,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Whether legs of hedge mode are listed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct SideArgs {
    /// List every SYMBOL a second time as SYMBOL:SHORT, for accounts in hedge mode: both
    /// legs are then charged, as the venue does
    #[arg(long)]
    both_sides: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PremiumIndex {
    /// The venue's answer for one symbol or all, or CSV with the columns symbol,
    /// time_ms, mark_price and next_funding_time_ms
    #[arg(value_parser = parse_source)]
    file: Source,
    /// The quote currency: other symbols are left out
    #[arg(long, value_name = "SYMBOL", default_value = "USDT")]
    quote: Symbol,
    #[command(flatten)]
    sides: SideArgs,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What is said after the help.
const OPTIONS_NOTE: &str = "\
The perpetual and the futures are inverse: the venue sizes them in USD, and they earn coins. A \
quantity in a portfolio is in coins, size over mark, and so of one moment; \
`zkmargin import deribit account` reads it from the venue's answer. What settles in USDC or USDT \
is left out: it is not supported.";

#[derive(Debug, clap::Args)]
#[command(after_help = OPTIONS_NOTE)]
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
    /// The currency, where the answer has several
    #[arg(long, value_name = "BTC|ETH")]
    currency: Option<Symbol>,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What a market of Derive's tickers lacks, said with every one.
const DERIVE_CONFIDENCES: &str = "\
tickers state no confidences of oracles and no price of the stable coin: they count as one, and what \
the venue adds in doubt is not in this snapshot";

/// What is said after the help.
const DERIVE_NOTE: &str = "\
The venue answers for one expiry at a time (get_tickers with instrument_type option, currency and \
expiry_date), and for perpetuals apart: give all answers together. get_instruments is needed only \
where options expire at another time than 08:00 UTC. Volatilities and forwards are read; a row \
whose mark is not what they give is odd. Confidences are not in tickers, and count as one; \
collateral is the coin itself, at the index.";

#[derive(Debug, clap::Args)]
#[command(after_help = DERIVE_NOTE)]
pub(crate) struct DeriveMarkets {
    /// The venue's answers of one moment: get_tickers, get_ticker, get_instruments
    #[arg(required = true, value_parser = parse_source)]
    file: Vec<Source>,
    /// An underlying to read, where the answers have others; may be repeated
    #[arg(long, value_name = "SYMBOL")]
    currency: Vec<Symbol>,
    #[command(flatten)]
    strict: StrictArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct ModelReport {
    model_name: String,
    model: ModelDigest,
    quote: String,
    instruments: usize,
    skipped: Vec<SkippedLine>,
    output: PathBuf,
}

#[derive(Serialize)]
struct PriceReport {
    timestamp: Timestamp,
    source: String,
    quote: String,
    prices: usize,
    skipped: Vec<SkippedLine>,
    /// What the answers do not say, and what counts in its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<&'static str>,
    output: PathBuf,
}

#[derive(Serialize)]
struct SkippedLine {
    symbol: String,
    reason: String,
}

pub(super) fn margin_tables(args: &MarginTables, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let model =
        hyperliquid::margin_tables(&load_text(&args.file)?, &args.name, args.quote.as_ref())
            .and_then(|model| args.strict.check(model))
            .map_err(|error| Error::import(&args.file, error))?;
    write_model(&model, &args.output, env)
}

pub(super) fn prices(args: &Prices, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let prices = hyperliquid::prices(&load_text(&args.file)?, args.time, args.quote.as_ref())
        .and_then(|prices| args.strict.check(prices))
        .map_err(|error| Error::import(&args.file, error))?;
    write_snapshot(&prices, &args.output, env)
}

pub(super) fn market_prices(args: &MarketPrices, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let prices = dydx::prices(&load_text(&args.file)?, args.time)
        .and_then(|prices| args.strict.check(prices))
        .map_err(|error| Error::import(&args.file, error))?;
    write_snapshot(&prices, &args.output, env)
}

pub(super) fn brackets(args: &Brackets, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let mut lots = args.lots.load()?;
    let (mut rules, mut skipped) = (BTreeMap::new(), Vec::new());
    for source in &args.file {
        let failed = |error| Error::import(source, error);
        let read = binance::leverage_brackets(&load_text(source)?)
            .and_then(|read| args.strict.check(read))
            .map_err(failed)?;
        skipped.extend(read.skipped);
        for (symbol, rule) in read.value {
            if rules.insert(symbol.clone(), rule).is_some() {
                return Err(failed(ImportError::Duplicate { symbol }));
            }
        }
    }
    if args.sides.both_sides {
        (rules, lots) = (both_sides(rules), both_sides(lots));
    }
    let mut model = binance::brackets_model(&args.name, &args.quote, rules, &lots)
        .map_err(|error| Error::import(names(&args.file), error))?;
    model.skipped.splice(..0, skipped);
    write_model(&model, &args.output, env)
}

/// Several files as the place of an error.
fn names(sources: &[Source]) -> String {
    sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write_model(
    model: &Imported<StandardModel>,
    output: &OutputArgs,
    env: Env,
) -> Result<Exit, Error> {
    let skipped = skipped_lines(model.skipped.iter().map(shown));
    let model = &model.value;
    let json = serde_json::to_string_pretty(model.spec()).map_err(|_| Error::Output)?;
    let stdout_taken = output.write(json, env)?;
    tell(&skipped, env);
    if stdout_taken {
        return Ok(Exit::Done);
    }
    let report = ModelReport {
        model_name: model.name().to_owned(),
        model: model.digest(),
        quote: model.quote().to_string(),
        instruments: model.instruments().len(),
        skipped,
        output: output.output.clone(),
    };
    env.out.result(&report, |report| {
        let left_out = match report.skipped.len() {
            0 => String::new(),
            rows => format!(", {rows} left out"),
        };
        vec![
            format!("model         {} {}", report.model_name, report.model),
            format!("instruments   {}, in {}{left_out}", report.instruments, report.quote),
        ]
    })?;
    Ok(Exit::Done)
}

pub(super) fn premium_index(args: &PremiumIndex, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let failed = |error| Error::import(&args.file, error);
    let mut index = binance::premium_index(&load_text(&args.file)?, &args.quote)
        .and_then(|index| args.strict.check(index))
        .map_err(failed)?;
    if args.sides.both_sides {
        let one = &index.value;
        let prices = both_sides(one.prices().clone());
        index.value = Snapshot::new(one.timestamp(), one.source(), one.quote().clone(), prices)
            .map_err(|error| failed(error.into()))?;
    }
    write_snapshot(&index, &args.output, env)
}

fn write_snapshot(
    imported: &Imported<Snapshot>,
    output: &OutputArgs,
    env: Env,
) -> Result<Exit, Error> {
    let snapshot = &imported.value;
    let report = PriceReport {
        timestamp: snapshot.timestamp(),
        source: snapshot.source().to_owned(),
        quote: snapshot.quote().to_string(),
        prices: snapshot.prices().len(),
        skipped: skipped_lines(imported.skipped.iter().map(shown)),
        notes: Vec::new(),
        output: output.output.clone(),
    };
    write_prices(snapshot.to_json(), &report, output, env)
}

/// A row left out, by its name and the reason.
fn shown(row: &Skipped) -> (&str, String) {
    (row.symbol.as_str(), row.reason.to_string())
}

pub(super) fn options(args: &Options, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let currency = args.currency.as_ref().map(Symbol::as_str);
    let chain = deribit::option_chain_of(&load_text(&args.file)?, currency)
        .and_then(|chain| if args.strict.strict { chain.strict() } else { Ok(chain) })
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
        notes: Vec::new(),
        output: args.output.output.clone(),
    };
    write_prices(snapshot.to_json(), &report, &args.output, env)
}

pub(super) fn derive_markets(args: &DeriveMarkets, env: Env) -> Result<Exit, Error> {
    args.output.refuse_existing()?;
    let texts = args.file.iter().map(load_text).collect::<Result<Vec<_>, _>>()?;
    let read = derive::markets(texts.iter().map(String::as_str), &args.currency)
        .and_then(|read| args.strict.check(read))
        .map_err(|error| Error::import(names(&args.file), error))?;
    let spec = read.value.spec();
    let report = PriceReport {
        timestamp: spec.timestamp,
        source: spec.source.clone(),
        quote: spec.quote.to_string(),
        prices: spec.markets.iter().map(|market| market.spec().instruments.len()).sum(),
        skipped: skipped_lines(read.skipped.iter().map(shown)),
        notes: vec![DERIVE_CONFIDENCES],
        output: args.output.output.clone(),
    };
    write_prices(read.value.to_json(), &report, &args.output, env)
}

/// Names come from the file: what could move a terminal is escaped.
fn skipped_lines<'a>(rows: impl Iterator<Item = (&'a str, String)>) -> Vec<SkippedLine> {
    let plain = |text: String| text.chars().filter(|c| !c.is_control()).collect();
    let line = |(symbol, reason): (&str, String)| SkippedLine {
        symbol: symbol.escape_debug().to_string(),
        reason: plain(reason),
    };
    rows.map(line).collect()
}

/// Names the rows left out.
fn tell(skipped: &[SkippedLine], env: Env) {
    for SkippedLine { symbol, reason } in skipped {
        match reason.starts_with(symbol.as_str()) {
            true => env.out.note(format!("left out {reason}")),
            false => env.out.note(format!("left out {symbol}: {reason}")),
        }
    }
}

fn write_prices(
    json: String,
    report: &PriceReport,
    output: &OutputArgs,
    env: Env,
) -> Result<Exit, Error> {
    let stdout_taken = output.write(json, env)?;
    tell(&report.skipped, env);
    report.notes.iter().for_each(|note| env.out.note(note));
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
