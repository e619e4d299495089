//! `zkmargin market`.

mod calibrate;
mod inputs;
mod model;
mod moves;
mod prices;
mod replay;
mod scenario;
mod settlement;
mod simulation;
mod standard;

pub(crate) use inputs::{CalibrateError, WAIT};

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, ModelDigest, Timestamp};
use zkmargin_margin::shape::{Family, ProofSystem};
use zkmargin_params::market::{
    AnyMarketFile, MarketKind, PublishedMarket as MarketFileOf, ScenarioKind, SettlementKind,
    SimulationKind, StandardKind,
};
use zkmargin_params::model::AnyModel;
use zkmargin_params::settlement::snapshot::SettlementSnapshot;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::FieldHex;
use zkmargin_prover::with_backend;

use inputs::InputArgs;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    PublishedMarket, load_text, now, parse_epoch, parse_source, refuse_existing, write_public,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a snapshot of the prices that oracles signed
    Prices(prices::Args),
    /// Show the rates of an epoch under a model that follows the market
    Calibrate(calibrate::Args),
    /// Replay the rates of such a model over days of the past
    Replay(replay::Args),
    /// Write a margin model that lists leverages which accounts may choose
    Model(model::Args),
    /// Make the market of an epoch from prices and a margin model
    Build(Build),
    /// Show what a market lists
    Show(Show),
    /// Recompute a market's root
    Verify(Verify),
    /// Show how far prices moved between two markets, as an epoch says it
    Moves(moves::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// Snapshot of prices, or of one or more options markets, in JSON
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    snapshot: Source,
    /// Snapshot of the options market of a second underlying, for a model of two: of the
    /// same minute, in the same currency
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    second: Option<Source>,
    /// Margin model: the name of a shipped one, or a file in JSON or TOML
    #[arg(short, long, value_name = "NAME|FILE")]
    model: String,
    /// Epoch of the market
    #[arg(short, long, value_name = "NUMBER", value_parser = parse_epoch)]
    epoch: Epoch,
    #[command(flatten)]
    inputs: InputArgs,
    /// Where the market goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The market file
    #[arg(value_parser = parse_source)]
    market: Source,
    /// Show one instrument alone, of a scenario market with its value under each
    /// scenario
    #[arg(short, long, value_name = "SYMBOL", value_parser = Symbol::of_listing)]
    instrument: Option<Symbol>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The market file
    #[arg(value_parser = parse_source)]
    market: Source,
    /// The root it must have
    #[arg(long, value_name = "0x...")]
    market_root: Option<FieldHex>,
    /// The model it must be made with: the name of a shipped one, or a file
    #[arg(short, long, value_name = "NAME|FILE")]
    model: Option<String>,
    /// The snapshot it must be made from
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    snapshot: Option<Source>,
    /// Check its prices against the signed reports that its snapshot keeps: the file
    /// says whose signatures count (`market prices`)
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    sources: Option<Source>,
    /// The epoch it must be of
    #[arg(short, long, value_name = "NUMBER")]
    epoch: Option<u64>,
    /// Of a calibrated model: the market that the steps of its rates must be from
    #[arg(long, value_name = "FILE", value_parser = parse_source, conflicts_with = "first")]
    previous: Option<Source>,
    /// Of a calibrated model: it is the first epoch of its rule, held to no steps
    #[arg(long)]
    first: bool,
}

/// What markets of both families have in common.
#[derive(Serialize)]
struct Summary {
    family: Family,
    proof_system: ProofSystem,
    market_root: FieldHex,
    epoch: Epoch,
    timestamp: Timestamp,
    source: String,
    quote: String,
    model_name: String,
    model: ModelDigest,
    instruments: usize,
    rows: usize,
    /// Of the standard family: instruments of the model without a price.
    #[serde(skip_serializing_if = "Option::is_none")]
    unpriced: Option<Vec<String>>,
}

/// A family's part in these commands.
trait Shown: MarketKind {
    /// The summary of a market.
    fn summary<F: MarginField>(file: &MarketFileOf<Self>, market: &Self::Market<F>) -> Summary;

    /// Reads a snapshot.
    fn snapshot(text: &str, source: &Source) -> Result<Self::Snapshot, Error>;

    /// The snapshot, where it is one that can keep signed reports.
    fn reported(_: &Self::Snapshot) -> Option<&Snapshot> {
        None
    }

    /// The snapshot with that of a second underlying.
    fn with_second(
        _snapshot: Self::Snapshot,
        _second: Self::Snapshot,
        _source: &Source,
    ) -> Result<Self::Snapshot, Error> {
        Err(Error::Usage("--second: models that simulate read one snapshot of all underlyings"))
    }

    /// The snapshot with what else a model reads: closes, and the epoch before.
    fn with_inputs(
        snapshot: Self::Snapshot,
        _model: &Self::Model,
        args: &Build,
        _env: Env,
    ) -> Result<Self::Snapshot, Error> {
        match args.inputs.history {
            _ if args.inputs.has_steps() => Err(CalibrateError::NoSteps(args.model.clone()).into()),
            Some(_) => Err(Error::Usage(
                "--history: only models that simulate or are calibrated read closes",
            )),
            None => Ok(snapshot),
        }
    }

    /// Checks the epoch that the steps of calibrated rates are from.
    fn check_steps(_file: &MarketFileOf<Self>, args: &Verify, _env: Env) -> Result<(), Error> {
        match args.first || args.previous.is_some() {
            true => Err(CalibrateError::NoSteps(args.market.to_string()).into()),
            false => Ok(()),
        }
    }

    /// When the prices were taken.
    fn timestamp(snapshot: &Self::Snapshot) -> Timestamp;

    /// Shows what a market lists, or one instrument.
    fn show<F: MarginField>(
        file: &MarketFileOf<Self>,
        market: &Self::Market<F>,
        args: &Show,
        env: Env,
    ) -> Result<(), Error>;
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Build(args) => {
            refuse_existing(&args.output, args.force)?;
            let model = load_model(&args.model)?;
            with_backend!(env.new_proof_system(), B => match &model {
                AnyModel::Standard(model) => build::<B, StandardKind>(args, model, env),
                AnyModel::Scenario(model) => build::<B, ScenarioKind>(args, model, env),
                AnyModel::Simulation(model) => build::<B, SimulationKind>(args, model, env),
                AnyModel::Settlement(model) => build::<B, SettlementKind>(args, model, env),
            })
        }
        Command::Show(args) => {
            let published = PublishedMarket::load(&args.market)?;
            with_backend!(published.proof_system(env)?, B => match published.file() {
                AnyMarketFile::Standard(file) => show::<B, _>(args, &published, file, env),
                AnyMarketFile::Scenario(file) => show::<B, _>(args, &published, file, env),
                AnyMarketFile::Simulation(file) => show::<B, _>(args, &published, file, env),
                AnyMarketFile::Settlement(file) => show::<B, _>(args, &published, file, env),
            })
        }
        Command::Calibrate(args) => calibrate::run(args, env),
        Command::Model(args) => model::run(args, env),
        Command::Replay(args) => replay::run(args, env),
        Command::Moves(args) => moves::run(args, env),
        Command::Prices(args) => prices::run(args, env),
        Command::Verify(args) => {
            let published = PublishedMarket::load(&args.market)?;
            with_backend!(published.proof_system(env)?, B => match published.file() {
                AnyMarketFile::Standard(file) => verify::<B, _>(args, &published, file, env),
                AnyMarketFile::Scenario(file) => verify::<B, _>(args, &published, file, env),
                AnyMarketFile::Simulation(file) => verify::<B, _>(args, &published, file, env),
                AnyMarketFile::Settlement(file) => verify::<B, _>(args, &published, file, env),
            })
        }
    }
}

/// A snapshot of the settlement family.
pub(crate) fn settlement_snapshot(source: &Source) -> Result<SettlementSnapshot, Error> {
    SettlementKind::snapshot(&load_text(source)?, source)
}

/// A model by its shipped name or from a file.
pub(crate) fn load_model(name: &str) -> Result<AnyModel, Error> {
    let failed = |source| Error::Model { path: name.to_owned(), source: Box::new(source) };
    if let Some(model) = AnyModel::by_name(name) {
        return model.map_err(failed);
    }
    if name != "-" && !std::path::Path::new(name).exists() {
        return Err(Error::UnknownModel(name.to_owned()));
    }
    AnyModel::from_text(&load_text(&Source::from(name))?).map_err(failed)
}

fn build<B: Backend, K: Shown>(args: &Build, model: &K::Model, env: Env) -> Result<Exit, Error> {
    let mut snapshot = K::snapshot(&load_text(&args.snapshot)?, &args.snapshot)?;
    if let Some(source) = &args.second {
        let second = K::snapshot(&load_text(source)?, source)?;
        snapshot = K::with_second(snapshot, second, source)?;
    }
    let snapshot = K::with_inputs(snapshot, model, args, env)?;
    check_time(&args.snapshot, K::timestamp(&snapshot), now()?)?;
    let make = || MarketFileOf::<K>::build::<B::Field>(model, &snapshot, args.epoch);
    let (file, market) = env
        .progress
        .stage("market tree", make)
        .map_err(|error| Error::market(&args.snapshot, error))?;
    let mut text = file.to_json();
    text.push('\n');
    if write_public(&args.output, text.as_bytes(), args.force, env)? {
        return Ok(Exit::Done);
    }
    let summary = K::summary(&file, &market);
    let unpriced = summary.unpriced.as_ref().map_or(0, Vec::len);
    if unpriced > 0 {
        env.out.note(format!("{unpriced} instruments of the model have no price"));
    }
    env.out.result(&summary, summary_lines)?;
    Ok(Exit::Done)
}

/// Seconds that clocks may differ by.
const CLOCK_SLACK: u64 = 300;
/// 9 September 2001: no market of ours is older.
const OLDEST: u64 = 1_000_000_000;

/// Refuses a time that no proof could be accepted under later: accounts would be
/// committed and proofs made for nothing.
fn check_time(place: &Source, timestamp: Timestamp, now: u64) -> Result<(), Error> {
    let found = timestamp.get();
    match (OLDEST..=now.saturating_add(CLOCK_SLACK)).contains(&found) {
        true => Ok(()),
        false => Err(Error::SnapshotTime { path: place.to_string(), found, now }),
    }
}

fn show<B: Backend, K: Shown>(
    args: &Show,
    published: &PublishedMarket,
    file: &MarketFileOf<K>,
    env: Env,
) -> Result<Exit, Error> {
    K::show(file, &published.open::<_, B::Field>(file)?, args, env)?;
    Ok(Exit::Done)
}

fn verify<B: Backend, K: Shown>(
    args: &Verify,
    published: &PublishedMarket,
    file: &MarketFileOf<K>,
    env: Env,
) -> Result<Exit, Error> {
    let market = published.open::<_, B::Field>(file)?;
    let place = args.market.to_string();
    let check = |what, expected: Option<String>, found: String| match expected {
        Some(expected) if expected != found => {
            Err(Error::Mismatch { place: place.clone(), what, expected, found })
        }
        _ => Ok(()),
    };
    let summary = K::summary(file, &market);
    let root = summary.market_root.to_string();
    check("market root", args.market_root.map(|root| root.to_string()), root)?;
    let model = args.model.as_deref().map(load_model).transpose()?;
    check("model", model.map(|model| model.digest().to_string()), summary.model.to_string())?;
    check("epoch", args.epoch.map(|e| e.to_string()), file.epoch().get().to_string())?;
    if let Some(source) = &args.snapshot
        && K::snapshot(&load_text(source)?, source)? != *file.snapshot()
    {
        return Err(Error::Mismatch {
            place,
            what: "snapshot",
            expected: source.to_string(),
            found: "another one".to_owned(),
        });
    }
    K::check_steps(file, args, env)?;
    if let Some(sources) = &args.sources {
        let snapshot = K::reported(file.snapshot()).ok_or(Error::NoReports(place.clone()))?;
        prices::check(snapshot, &args.market, sources)?;
        env.out.note("the prices are those of the signed reports in the file");
    }
    env.out.note("the root is that of the prices and the model in the file");
    env.out.result(&summary, summary_lines)?;
    Ok(Exit::Done)
}

/// The symbol asked for, when the market lists it.
fn listed<'a, T>(args: &Show, found: Option<&'a T>) -> Result<&'a T, Error> {
    found.ok_or_else(|| Error::NotListed {
        path: args.market.to_string(),
        symbol: args.instrument.as_ref().map(ToString::to_string).unwrap_or_default(),
    })
}

fn summary_lines(summary: &Summary) -> Vec<String> {
    vec![
        format!("market root   {} ({})", summary.market_root, summary.proof_system),
        format!("epoch         {}", summary.epoch.get()),
        format!("timestamp     {}", summary.timestamp.get()),
        format!("source        {}", summary.source),
        format!("model         {} {}", summary.model_name, summary.model),
        format!(
            "instruments   {} in {} rows, in {}",
            summary.instruments, summary.rows, summary.quote
        ),
    ]
}
