//! Of calibrated markets: the market that the steps of rates are from, as it was seen.
//!
//! A market is kept once it was accepted, and is what the next one is held to. So a
//! publisher cannot start a rule anew, or step from a market that nobody saw.

use std::fs;
use std::path::{Path, PathBuf};

use zkmargin_margin::ids::Epoch;
use zkmargin_params::market::AnyMarketFile;
use zkmargin_prover::files::{FileError, Kind, Source, write_atomic};

use super::Args;
use crate::error::Error;
use crate::input::PublishedMarket;

/// Names of the markets that are kept.
const START: &str = "market-of-epoch-";
const END: &str = ".json";

/// A calibrated market, and where its steps are from.
pub(super) struct Calibrated {
    epoch: Epoch,
    previous: Option<Epoch>,
}

impl Calibrated {
    /// Reads a market; nothing where its rates are the model's own.
    pub(super) fn read(market: &str) -> Result<Option<Self>, Error> {
        let published = PublishedMarket::load(&Source::from(market))?;
        let (epoch, inputs) = match published.file() {
            AnyMarketFile::Standard(file) if file.model().calibration().is_some() => {
                (file.epoch(), file.snapshot().calibration())
            }
            AnyMarketFile::Scenario(file) if file.model().rules().next().is_some() => {
                (file.epoch(), file.snapshot().spec().calibration.as_ref())
            }
            _ => return Ok(None),
        };
        let previous = inputs.and_then(|inputs| inputs.previous.as_ref());
        let previous = previous.map(|previous| previous.epoch);
        Ok(Some(Self { epoch, previous }))
    }

    /// What `market verify` is told: the market before as it was kept, else what the
    /// command was told. Where it is told nothing it says what is missing.
    pub(super) fn options(&self, args: &Args) -> Result<Vec<String>, Error> {
        let seen = kept(&args.output)?;
        let before = self.previous.and_then(|epoch| seen.iter().find(|kept| kept.0 == epoch));
        Ok(match before {
            Some((_, path)) => previous(path),
            // A rule has one first epoch.
            None if args.first && seen.iter().any(|kept| kept.0 < self.epoch) => Vec::new(),
            None => told(args),
        })
    }

    /// Keeps a market that was accepted, with the one before: this epoch may be looked
    /// at again.
    pub(super) fn keep(&self, market: &str, args: &Args) -> Result<(), Error> {
        let bytes = Source::from(market).read()?;
        let path = args.output.join(format!("{START}{}{END}", self.epoch.get()));
        write_atomic(&path, &bytes, Kind::Replace)?;
        for (epoch, path) in kept(&args.output)? {
            if epoch != self.epoch && Some(epoch) != self.previous {
                fs::remove_file(&path).map_err(|source| unwritten(&path, source))?;
            }
        }
        Ok(())
    }
}

/// What the command was told.
pub(super) fn told(args: &Args) -> Vec<String> {
    match &args.previous {
        Some(path) => previous(path),
        None if args.first => vec!["--first".to_owned()],
        None => Vec::new(),
    }
}

fn previous(path: &Path) -> Vec<String> {
    vec!["--previous".to_owned(), path.display().to_string()]
}

fn unwritten(path: &Path, source: std::io::Error) -> FileError {
    FileError::Write { path: path.display().to_string(), source }
}

/// The markets that are kept.
fn kept(folder: &Path) -> Result<Vec<(Epoch, PathBuf)>, Error> {
    let failed = |source| FileError::Read { path: folder.display().to_string(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(START)?.strip_suffix(END));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            found.push((Epoch::new(number), entry.path()));
        }
    }
    Ok(found)
}
