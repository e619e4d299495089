//! `zkmargin market prices`.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::Timestamp;
use zkmargin_oracle::{Priced, Sources, snapshot, verify};
use zkmargin_params::snapshot::Snapshot;
use zkmargin_prover::files::Source;
use zkmargin_prover::human;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{load_text, parse_source, refuse_existing, write_public};

/// What is said after the help.
const NOTE: &str = "\
Reports are what the oracles publish: payloads of RedStone, reports of Chainlink Data \
Streams (schema v3) and updates of Pyth Lazer in hexadecimal, answers of Stork and of \
Pyth's Hermes in JSON. The file of sources, in TOML, says whose signatures count:

  version = 1
  quote = \"USD\"
  least_oracles = 2        # that every price needs
  max_spread = \"0.005\"     # between oracles
  max_age_seconds = 60     # between the oldest and the newest report used

  [oracles.redstone]
  threshold = 3
  signers = [\"0x...\", \"0x...\", \"0x...\", \"0x...\"]

  [prices.BTC]
  redstone = \"BTC\"         # the feed, as the oracle names it
  pyth = \"0xe62df6c8...\"

The price is the median over oracles, of RedStone over its signers first. The snapshot \
keeps the reports: `market verify --sources` checks a market against them.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The reports
    #[arg(required = true, value_parser = parse_source)]
    report: Vec<Source>,
    /// Which oracles, signers and feeds count
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    sources: Source,
    /// Where the snapshot goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    timestamp: Timestamp,
    sources: String,
    prices: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    symbol: String,
    price: String,
    readings: Vec<ReadingLine>,
}

#[derive(Serialize)]
struct ReadingLine {
    oracle: String,
    price: String,
    /// Milliseconds since 1970.
    time: u64,
    signers: usize,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
    let sources = load(&args.sources)?;
    let reports = args.report.iter().map(load_text).collect::<Result<Vec<_>, _>>()?;
    let failed =
        |source| Error::Prices { path: args.sources.to_string(), source: Box::new(source) };
    let (snapshot, priced) = snapshot(&sources, &reports).map_err(failed)?;
    let mut text = snapshot.to_json();
    text.push('\n');
    if write_public(&args.output, text.as_bytes(), args.force, env)? {
        return Ok(Exit::Done);
    }
    let report = Report {
        timestamp: snapshot.timestamp(),
        sources: format!("0x{}", hex::encode(sources.digest())),
        prices: priced.iter().map(line).collect(),
    };
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

/// Checks that a snapshot's prices are what its reports say.
pub(super) fn check(snapshot: &Snapshot, place: &Source, sources: &Source) -> Result<(), Error> {
    let wrong =
        |source| Error::NotFromReports { path: place.to_string(), source: Box::new(source) };
    verify(&load(sources)?, snapshot).map(drop).map_err(wrong)
}

fn load(place: &Source) -> Result<Sources, Error> {
    let failed = |source| Error::Sources { path: place.to_string(), source: Box::new(source) };
    load_text(place)?.parse().map_err(failed)
}

fn line(priced: &Priced) -> Line {
    let reading = |reading: &zkmargin_oracle::Reading| ReadingLine {
        oracle: reading.oracle.to_string(),
        price: reading.price.to_string(),
        time: reading.time,
        signers: reading.signers,
    };
    Line {
        symbol: priced.symbol.to_string(),
        price: priced.price.to_string(),
        readings: priced.readings.iter().map(reading).collect(),
    }
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("time          {}", human::time(report.timestamp.get())),
        format!("sources       {}", report.sources),
    ];
    for Line { symbol, price, readings } in &report.prices {
        lines.push(format!("{symbol:<13} {price}"));
        for ReadingLine { oracle, price, signers, .. } in readings {
            let signers =
                if *signers == 1 { "1 signer".to_owned() } else { format!("{signers} signers") };
            lines.push(format!("              {price} by {oracle}, {signers}"));
        }
    }
    lines
}
