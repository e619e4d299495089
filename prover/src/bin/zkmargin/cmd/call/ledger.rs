//! Where a ledger is, and what time it is.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use zkmargin_verifier::engine::Action;
use zkmargin_verifier::ledger::{Grounds, HistoryEntry, Ledger, LedgerError};

use super::report;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::now;

/// How far ahead of this machine's clock a given time may lie, in seconds. A
/// ledger takes no time before its last one: an hour passes, and a time in
/// milliseconds would end it.
const MAX_AHEAD: u64 = 3_600;

/// How long another process is waited for, which has the ledger open for a
/// moment.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the ledger is, and what time it is.
#[derive(Debug, clap::Args)]
pub(crate) struct LedgerArgs {
    /// The ledger
    #[arg(short, long, value_name = "FILE", env = "ZKMARGIN_LEDGER", hide_env_values = true)]
    pub(super) ledger: PathBuf,
    /// Time of the action in seconds since 1970, instead of the system's clock; at
    /// most an hour ahead of it
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
}

impl LedgerArgs {
    pub(super) fn open(&self) -> Result<Ledger, Error> {
        let start = Instant::now();
        loop {
            match Ledger::open(&self.ledger) {
                Err(LedgerError::Locked) if start.elapsed() < PATIENCE => {
                    sleep(Duration::from_millis(20));
                }
                other => return other.map_err(|error| self.failed(error)),
            }
        }
    }

    pub(super) fn now(&self) -> Result<u64, Error> {
        let clock = now()?;
        match self.now {
            Some(given) if given > clock.saturating_add(MAX_AHEAD) => {
                Err(Error::TimeAhead { given, clock })
            }
            Some(given) => Ok(given),
            None => Ok(clock),
        }
    }

    pub(super) fn failed(&self, source: LedgerError) -> Error {
        if matches!(source, LedgerError::AlreadyExists { .. } | LedgerError::NotFound { .. }) {
            return Error::NoLedger(source);
        }
        Error::Ledger { path: self.ledger.display().to_string(), source }
    }

    pub(super) fn apply(
        &self,
        ledger: &Ledger,
        action: &Action,
        grounds: Grounds<'_>,
    ) -> Result<Option<HistoryEntry>, Error> {
        ledger.apply_with(self.now()?, action, grounds).map_err(|error| self.failed(error))
    }

    /// Applies an action that rests on whoever runs the command, and tells it.
    pub(super) fn act(&self, action: &Action, env: Env) -> Result<Exit, Error> {
        let entry = self.apply(&self.open()?, action, Grounds::default())?;
        report(entry.as_slice(), env)
    }
}
