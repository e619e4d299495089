//! What models read beside prices: closes, and the epoch before.

use std::collections::BTreeMap;

use zkmargin_margin::ids::Timestamp;
use zkmargin_params::calibration::CalibrationError;
use zkmargin_params::calibration::breakers::Record;
use zkmargin_params::calibration::inputs::{Inputs, Previous};
use zkmargin_params::calibration::numbers::Calibrated;
use zkmargin_params::calibration::rule::Calibration;
use zkmargin_params::market::calibration::{breakers, calibrate, numbers_of};
use zkmargin_params::market::scenario::calibration as set;
use zkmargin_params::market::{AnyMarketFile, MarketKind, PublishedMarket as MarketFileOf};
use zkmargin_params::model::StandardModel;
use zkmargin_params::scenario::{ScenarioModel, ScenarioSnapshot};
use zkmargin_params::simulation::SimulationError;
use zkmargin_params::simulation::day::{DAY_SECONDS, Day};
use zkmargin_params::simulation::history::{Column, History};
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;

use super::Verify;
use crate::cmd::backtest::note_odd;
use crate::env::Env;
use crate::error::Error;
use crate::input::{PublishedMarket, load_text, parse_source};

/// Closes, and the epoch before.
#[derive(Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// Of a model that simulates the past or is calibrated: daily closes as
    /// comma-separated values, the day in the first column; they become part of the
    /// snapshot
    #[arg(long, value_name = "FILE", value_parser = parse_source)]
    pub(super) history: Option<Source>,
    /// An underlying and the column of its closes, as in BTC=btc_close_usd; may be
    /// repeated. Without, every column but the first is one
    #[arg(long = "column", value_name = "SYMBOL=NAME", value_parser = Column::parse,
        requires = "history")]
    pub(super) columns: Vec<Column>,
    /// Of a calibrated model: the market of the epoch before, which its rates move from
    /// by their largest step at most
    #[arg(long, value_name = "FILE", value_parser = parse_source, conflicts_with = "first")]
    previous: Option<Source>,
    /// Of a calibrated model: the first epoch of the rule, whose rates nothing holds
    /// back
    #[arg(long)]
    first: bool,
}

/// What to do where a breaker has an epoch wait.
pub(crate) const WAIT: &str =
    "wait, and take the snapshot anew: until then accounts stand as they stood";

/// Why rates cannot be calibrated, or not be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CalibrateError {
    #[error("{path}: {source}")]
    Rule { path: String, source: Box<CalibrationError> },
    #[error("{0}: its rates are fixed: there is nothing to calibrate")]
    NotCalibrated(String),
    #[error("{0}: --previous and --first are of calibrated models alone")]
    NoSteps(String),
    #[error("{0}: nothing says which epoch the rates move from")]
    WhichEpoch(String),
    #[error("{path}: its rates are held to steps from epoch {epoch}, which was not given")]
    StepsFrom { path: String, epoch: u64 },
    #[error("{0}: its rates are held to no epoch before, and nothing says that it is the first")]
    First(String),
}

impl CalibrateError {
    pub(super) fn rule(place: impl ToString, source: CalibrationError) -> Self {
        Self::Rule { path: place.to_string(), source: Box::new(source) }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Rule { source, .. }
                if matches!(**source, CalibrationError::NotCovered { .. }) =>
            {
                "give closes that reach further, or other days: --from and --to"
            }
            Self::Rule { source, .. } if matches!(**source, CalibrationError::Paused(_)) => WAIT,
            Self::Rule { .. } => {
                "`zkmargin market calibrate --help` says what a snapshot needs for it"
            }
            Self::NotCalibrated(_) | Self::NoSteps(_) => {
                "a calibrated model has a `calibration`: shipped are `dynamic` and `span-dynamic`"
            }
            Self::WhichEpoch(_) => {
                "give the market before with --previous FILE, or say --first for the first of a rule"
            }
            Self::StepsFrom { .. } => "give the market of that epoch: --previous FILE",
            Self::First(_) => "say --first if it is: otherwise steps were left out",
        }
    }
}

impl InputArgs {
    /// Whether an epoch before is told or waived.
    pub(super) fn has_steps(&self) -> bool {
        self.first || self.previous.is_some()
    }

    /// The closes of the file.
    pub(super) fn closes(&self, env: Env) -> Result<Option<(History, &Source)>, Error> {
        let Some(place) = &self.history else { return Ok(None) };
        let failed = |source: SimulationError| Error::Simulation {
            path: place.to_string(),
            source: Box::new(source),
        };
        let (history, odd) =
            History::from_csv(&load_text(place)?, &self.columns).map_err(failed)?;
        note_odd(place, &odd, env);
        Ok(Some((history, place)))
    }

    /// A snapshot with all that a calibrated model reads.
    pub(super) fn complete(
        &self,
        snapshot: Snapshot,
        model: &StandardModel,
        place: &Source,
        env: Env,
    ) -> Result<Snapshot, Error> {
        let reads = model.calibration().map(Calibration::returns);
        let at = snapshot.timestamp();
        match self.read(snapshot.calibration(), reads, (model.name(), place, at), env)? {
            Some(inputs) => snapshot
                .with_calibration(inputs)
                .map_err(|source| Error::Snapshot { path: place.to_string(), source }),
            None => Ok(snapshot),
        }
    }

    /// The same of a scenario set.
    pub(super) fn complete_set(
        &self,
        snapshot: ScenarioSnapshot,
        model: &ScenarioModel,
        place: &Source,
        env: Env,
    ) -> Result<ScenarioSnapshot, Error> {
        // One file of closes for all rules: as many as the one that reads most.
        let reads = model.rules().map(|rule| rule.of_price().returns()).max();
        let (kept, at) = (snapshot.spec().calibration.as_ref(), snapshot.spec().timestamp);
        match self.read(kept, reads, (model.name(), place, at), env)? {
            Some(inputs) => snapshot.with_calibration(inputs).map_err(|source| {
                Error::ScenarioMarket { path: place.to_string(), source: Box::new(source) }
            }),
            None => Ok(snapshot),
        }
    }

    /// What a rule that reads so many returns is applied to; nothing of a model that is
    /// none.
    fn read(
        &self,
        kept: Option<&Inputs>,
        returns: Option<usize>,
        (model, place, at): (&str, &Source, Timestamp),
        env: Env,
    ) -> Result<Option<Inputs>, Error> {
        let Some(returns) = returns else {
            return match (&self.history, self.has_steps()) {
                (Some(_), _) => Err(Error::Usage(
                    "--history: only models that simulate or are calibrated read closes",
                )),
                (None, true) => Err(CalibrateError::NoSteps(model.to_owned()).into()),
                (None, false) => Ok(None),
            };
        };
        let mut inputs = kept.cloned().unwrap_or_default();
        if let Some((history, _)) = self.closes(env)? {
            inputs.history = Some(over(&history, at.get()).last(returns + 1));
        }
        match &self.previous {
            Some(previous) => inputs.previous = Some(load_previous(previous, env)?),
            None if self.first => inputs.previous = None,
            None if inputs.previous.is_none() => {
                return Err(CalibrateError::WhichEpoch(place.to_string()).into());
            }
            None => {}
        }
        Ok(Some(inputs))
    }
}

/// The closes of the days that were over: a public file goes on.
fn over(history: &History, timestamp: u64) -> History {
    let today = timestamp / DAY_SECONDS;
    history.before(|day: &Day| u64::from(day.number()) < today)
}

/// The epoch of a market, and its numbers, its root recomputed.
fn load_previous(place: &Source, env: Env) -> Result<Previous, Error> {
    let published = PublishedMarket::load(place)?;
    let failed = |error| CalibrateError::rule(place, error);
    match published.file() {
        AnyMarketFile::Standard(file) if file.model().calibration().is_some() => {
            recomputed(&published, file, env)?;
            let (model, snapshot) = (file.model(), file.snapshot());
            let found = calibrate(model, snapshot, file.epoch()).map_err(failed)?;
            let remembered = breakers(model, snapshot).map_err(failed)?;
            Ok(previous_of(file, found, remembered))
        }
        AnyMarketFile::Scenario(file) if file.model().rules().next().is_some() => {
            recomputed(&published, file, env)?;
            let (model, snapshot) = (file.model(), file.snapshot());
            let found = set::calibrate(model, snapshot, file.epoch()).map_err(failed)?;
            let remembered = set::breakers(model, snapshot).map_err(failed)?;
            Ok(previous_of(file, found, remembered))
        }
        _ => Err(CalibrateError::NotCalibrated(place.to_string()).into()),
    }
}

fn recomputed<K: MarketKind>(
    published: &PublishedMarket,
    file: &MarketFileOf<K>,
    env: Env,
) -> Result<(), Error> {
    with_backend!(published.proof_system(env)?, B => {
        published.open::<_, <B as Backend>::Field>(file).map(drop)
    })
}

fn previous_of<K: MarketKind>(
    file: &MarketFileOf<K>,
    found: BTreeMap<Symbol, Calibrated>,
    breakers: Option<Record>,
) -> Previous {
    let (epoch, market_root) = (file.epoch(), file.market_root().to_owned());
    Previous { epoch, market_root, numbers: numbers_of(found), breakers }
}

/// Checks that the steps of a market are from the market that whoever verifies gives,
/// or that there are none and whoever verifies says so. The inputs are of a calibrated
/// model, and nothing of another.
pub(super) fn check_steps<K: MarketKind>(
    file: &MarketFileOf<K>,
    inputs: Option<Option<&Inputs>>,
    args: &Verify,
    env: Env,
) -> Result<(), Error> {
    let path = args.market.to_string();
    let told = (args.previous.as_ref(), args.first);
    let Some(inputs) = inputs else {
        return match told {
            (None, false) => Ok(()),
            _ => Err(CalibrateError::NoSteps(path).into()),
        };
    };
    let previous = inputs.and_then(|Inputs { previous, .. }| previous.as_ref());
    match (previous, told) {
        (None, (None, true)) => {
            env.out.note("the first epoch of its rule: rates are held to no steps");
            Ok(())
        }
        (None, (None, false)) => Err(CalibrateError::First(path).into()),
        (Some(previous), (None, false)) => {
            let epoch = previous.epoch.get();
            Err(CalibrateError::StepsFrom { path, epoch }.into())
        }
        (Some(previous), (Some(source), _)) if load_previous(source, env)? == *previous => {
            let skipped = file.epoch().get() - previous.epoch.get() - 1;
            if skipped > 0 {
                env.out
                    .note(format!("{skipped} epochs between it and the one before were left out"));
            }
            env.out.note("the rates are those of the rule, held to steps from the market given");
            Ok(())
        }
        (previous, (source, _)) => Err(Error::Mismatch {
            place: path,
            what: "epoch before",
            expected: source.map_or_else(|| "none".to_owned(), ToString::to_string),
            found: previous.map_or_else(
                || "none".to_owned(),
                |previous| format!("epoch {} {}", previous.epoch.get(), previous.market_root),
            ),
        }),
    }
}
