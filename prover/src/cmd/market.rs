//! `zkmargin market`.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, ModelDigest, Timestamp};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::market::{Market, MarketFile};
use zkmargin_params::model::StandardModel;
use zkmargin_params::presets;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::FieldHex;
use zkmargin_prover::with_backend;

use crate::cli::Env;
use crate::error::{Error, Exit};
use crate::input::{PublishedMarket, load_text, parse_source, refuse_existing, write_public};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the market of an epoch from prices and a margin model
    Build(Build),
    /// Show what a market lists
    Show(Show),
    /// Recompute a market's root
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    /// Price snapshot, in JSON
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    snapshot: Source,
    /// Margin model: the name of a shipped one, or a JSON file
    #[arg(short, long, value_name = "NAME|FILE")]
    model: String,
    /// Epoch of the market
    #[arg(short, long, value_name = "NUMBER")]
    epoch: u64,
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
    #[arg(long, value_name = "NAME|FILE")]
    model: Option<String>,
    /// The snapshot it must be made from
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    snapshot: Option<Source>,
    /// The epoch it must be of
    #[arg(long, value_name = "NUMBER")]
    epoch: Option<u64>,
}

#[derive(Serialize)]
struct Summary {
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
    unpriced: Vec<String>,
}

#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    summary: Summary,
    listings: Vec<ListingLine>,
}

#[derive(Serialize)]
struct ListingLine {
    instrument: String,
    id: u32,
    mark: String,
    lot: String,
    tiers: usize,
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Build(args) => {
            with_backend!(env.new_proof_system(), B => build::<B>(args, env))
        }
        Command::Show(args) => {
            let published = PublishedMarket::load(&args.market)?;
            with_backend!(published.proof_system(env)?, B => show::<B>(&published, env))
        }
        Command::Verify(args) => {
            let published = PublishedMarket::load(&args.market)?;
            with_backend!(published.proof_system(env)?, B => verify::<B>(args, &published, env))
        }
    }
}

/// A model by its shipped name or from a file.
pub(crate) fn load_model(name: &str) -> Result<StandardModel, Error> {
    let failed = |source| Error::Model { path: name.to_owned(), source };
    if let Some(preset) = presets::by_name(name) {
        return preset.model().map_err(failed);
    }
    if name != "-" && !std::path::Path::new(name).exists() {
        return Err(Error::UnknownModel(name.to_owned()));
    }
    StandardModel::from_json(&load_text(&Source::from(name))?).map_err(failed)
}

pub(crate) fn load_snapshot(source: &Source) -> Result<Snapshot, Error> {
    Snapshot::from_json(&load_text(source)?)
        .map_err(|error| Error::Snapshot { path: source.to_string(), source: error })
}

fn build<B: Backend>(args: &Build, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
    let model = load_model(&args.model)?;
    let snapshot = load_snapshot(&args.snapshot)?;
    let (file, market) = env
        .progress
        .stage("market tree", || {
            MarketFile::build::<B::Field>(&model, &snapshot, Epoch::new(args.epoch))
        })
        .map_err(|error| Error::market(&args.snapshot, error))?;
    let mut text = file.to_json();
    text.push('\n');
    if write_public(&args.output, text.as_bytes(), args.force, env)? {
        return Ok(Exit::Done);
    }
    if !market.unpriced().is_empty() {
        env.out.note(format!("{} instruments of the model have no price", market.unpriced().len()));
    }
    env.out.result(&summary(&file, &market), summary_lines)?;
    Ok(Exit::Done)
}

fn show<B: Backend>(published: &PublishedMarket, env: Env) -> Result<Exit, Error> {
    let market = published.market::<B::Field>()?;
    let listings = market
        .listings()
        .map(|listing| ListingLine {
            instrument: listing.symbol().to_string(),
            id: listing.id().get(),
            mark: listing.mark().to_string(),
            lot: listing.lot_size().to_string(),
            tiers: listing.rows().len(),
        })
        .collect();
    let details = Details { summary: summary(published.file(), &market), listings };
    env.out.result(&details, |details| {
        let mut lines = summary_lines(&details.summary);
        lines.push(format!("{:<12} {:>18} {:>12} {:>6}", "instrument", "mark", "lot", "tiers"));
        lines.extend(details.listings.iter().map(|line| {
            format!("{:<12} {:>18} {:>12} {:>6}", line.instrument, line.mark, line.lot, line.tiers)
        }));
        lines
    })?;
    Ok(Exit::Done)
}

fn verify<B: Backend>(args: &Verify, published: &PublishedMarket, env: Env) -> Result<Exit, Error> {
    let (file, market) = (published.file(), published.market::<B::Field>()?);
    let place = args.market.to_string();
    let check = |what, expected: Option<String>, found: String| match expected {
        Some(expected) if expected != found => {
            Err(Error::Mismatch { place: place.clone(), what, expected, found })
        }
        _ => Ok(()),
    };
    let root = FieldHex::of(&market.root()).to_string();
    check("market root", args.market_root.map(|root| root.to_string()), root)?;
    let model = args.model.as_deref().map(load_model).transpose()?;
    check(
        "model",
        model.map(|model| model.digest().to_string()),
        file.model().digest().to_string(),
    )?;
    check("epoch", args.epoch.map(|e| e.to_string()), file.epoch().get().to_string())?;
    if let Some(source) = &args.snapshot
        && load_snapshot(source)? != *file.snapshot()
    {
        return Err(Error::Mismatch {
            place,
            what: "snapshot",
            expected: source.to_string(),
            found: "another one".to_owned(),
        });
    }
    env.out.note("the root is that of the prices and the model in the file");
    env.out.result(&summary(file, &market), summary_lines)?;
    Ok(Exit::Done)
}

fn summary<F: MarginField>(file: &MarketFile, market: &Market<F>) -> Summary {
    Summary {
        proof_system: ProofSystem::of_field(F::NAME).unwrap_or(ProofSystem::Ipa),
        market_root: FieldHex::of(&market.root()),
        epoch: file.epoch(),
        timestamp: file.snapshot().timestamp(),
        source: file.snapshot().source().to_owned(),
        quote: file.snapshot().quote().to_string(),
        model_name: file.model().name().to_owned(),
        model: file.model().digest(),
        instruments: market.listings().count(),
        rows: market.rows().len(),
        unpriced: market.unpriced().iter().map(ToString::to_string).collect(),
    }
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
