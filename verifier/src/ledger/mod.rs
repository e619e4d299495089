//! The margin-call engine on a database: accounts, epochs, models, the engine's
//! own state and the history of every transition.
//!
//! Every action is one write transaction, synced to disk before [`Ledger::apply`]
//! returns: after a crash at any point either the whole transition is there or
//! none of it. The history is append-only and complete: replaying it through
//! the engine in memory gives the stored state, which [`Ledger::audit`] checks.
//! Refused actions leave no trace.
//!
//! | table | key | value |
//! |---|---|---|
//! | `ledger` | `schema`, `policy`, `start`, `meta` | JSON |
//! | `accounts` | 20 bytes | JSON of [`Account`] |
//! | `epochs` | number | JSON of [`EpochRecord`] |
//! | `models` | 31 bytes | nothing: the model is accepted |
//! | `history` | sequence | JSON of [`HistoryEntry`] |
//! | `history_by_account` | 20 bytes, sequence | nothing |

mod error;
mod tables;

use std::path::Path;
use std::vec::Vec;

use redb::{Database, Durability, ReadableDatabase, ReadableTable};
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, ModelDigest};

use crate::engine::{
    Account, AccountStatus, Action, ActionRecord, ClockTime, Engine, EpochRecord, Event, Meta,
    Policy, TransitionError, transition,
};
pub use error::LedgerError;
use tables::{
    ACCOUNTS, BY_ACCOUNT, EPOCHS, HISTORY, LEDGER, MODELS, decode, read_account, read_epoch,
    read_setting,
};

/// Version of the tables and of what is in them.
pub const SCHEMA_VERSION: u64 = 1;

/// A transition on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryEntry {
    /// Its place in the history, from 0.
    pub sequence: u64,
    /// When it happened, in real time.
    pub time: u64,
    /// What was asked.
    pub action: ActionRecord,
    /// What happened.
    pub events: Vec<Event>,
}

/// An account whose proof is overdue and that is not called yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OverdueAccount {
    /// The account.
    pub account: AccountId,
    /// When its proof was due.
    pub due: ClockTime,
}

/// The engine on a database file. One process has it open at a time.
#[derive(Debug)]
pub struct Ledger {
    database: Database,
    policy: Policy,
    start: u64,
}

impl Ledger {
    /// Creates a ledger that starts at `now`. The file appears complete or not
    /// at all.
    ///
    /// # Errors
    /// When there is a file already, or it cannot be written.
    pub fn create(path: &Path, policy: Policy, now: u64) -> Result<Self, LedgerError> {
        if path.try_exists()? {
            return Err(LedgerError::AlreadyExists { path: path.to_path_buf() });
        }
        let absolute = std::path::absolute(path)?;
        let directory = absolute.parent().unwrap_or(&absolute);
        let file = tempfile::Builder::new().prefix(".ledger").tempfile_in(directory)?;
        let database = Database::builder().create_file(file.reopen()?)?;
        tables::initialise(&database, &policy, now)?;
        drop(database);
        file.persist_noclobber(path).map_err(|refused| match refused.error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                LedgerError::AlreadyExists { path: path.to_path_buf() }
            }
            _ => LedgerError::Io(refused.error),
        })?;
        std::fs::File::open(directory)?.sync_all()?;
        Self::open(path)
    }

    /// Opens a ledger.
    ///
    /// # Errors
    /// When there is none, another process has it open, or it is damaged or of
    /// another version.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        guarded(|| {
            if !path.try_exists()? {
                return Err(LedgerError::NotFound { path: path.to_path_buf() });
            }
            let database = tables::open(path)?;
            let read = database.begin_read()?;
            let settings = read.open_table(LEDGER)?;
            let got: u64 = read_setting(&settings, "schema")?;
            if got != SCHEMA_VERSION {
                return Err(LedgerError::SchemaVersion { got, allowed: SCHEMA_VERSION });
            }
            let policy = read_setting(&settings, "policy")?;
            let start = read_setting(&settings, "start")?;
            let _: Meta = read_setting(&settings, "meta")?;
            // Tables that are missing are found now, not at the first use.
            read.open_table(ACCOUNTS)?;
            read.open_table(EPOCHS)?;
            read.open_table(MODELS)?;
            read.open_table(HISTORY)?;
            read.open_table(BY_ACCOUNT)?;
            drop((settings, read));
            Ok(Self { database, policy, start })
        })
    }

    /// Opens the ledger of a deployment.
    ///
    /// # Errors
    /// As [`Self::open`], and when it is another deployment's.
    pub fn open_for(path: &Path, expected: ContextId) -> Result<Self, LedgerError> {
        let ledger = Self::open(path)?;
        let got = ledger.policy.params().context;
        if got != expected {
            return Err(LedgerError::WrongContext { expected, got });
        }
        Ok(ledger)
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// When the ledger started, in real time.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// Applies an action at a time: on disk when this returns.
    ///
    /// # Errors
    /// When the engine refuses it, or the database fails; nothing has changed then.
    pub fn apply(&self, now: u64, action: &Action) -> Result<HistoryEntry, LedgerError> {
        guarded(|| {
            let mut write = self.database.begin_write()?;
            write.set_durability(Durability::Immediate)?;
            let entry = {
                let mut tables = tables::WriteTables::open(&write)?;
                let decided = transition(&self.policy, &tables, now, action).map_err(refused)?;
                let sequence = tables.next_sequence()?;
                let (action_record, events) = (action.clone().into(), decided.events);
                let entry = HistoryEntry { sequence, time: now, action: action_record, events };
                tables.put(&decided.changes)?;
                tables.append(&entry, action.account())?;
                entry
            };
            write.commit()?;
            Ok(entry)
        })
    }

    /// The engine's own state.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn meta(&self) -> Result<Meta, LedgerError> {
        guarded(|| read_setting(&self.database.begin_read()?.open_table(LEDGER)?, "meta"))
    }

    /// The engine's clock at a time.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn clock(&self, now: u64) -> Result<ClockTime, LedgerError> {
        Ok(self.meta()?.clock_at(now))
    }

    /// An account's status at a time.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn status(&self, account: AccountId, now: u64) -> Result<AccountStatus, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            let meta: Meta = read_setting(&read.open_table(LEDGER)?, "meta")?;
            let stored = read_account(&read.open_table(ACCOUNTS)?, account)?;
            let clock = meta.clock_at(now);
            Ok(stored.map_or(AccountStatus::Unregistered, |stored| stored.status.at(clock)))
        })
    }

    /// Every account's status at a time, ascending.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn accounts(&self, now: u64) -> Result<Vec<(AccountId, AccountStatus)>, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            let meta: Meta = read_setting(&read.open_table(LEDGER)?, "meta")?;
            let clock = meta.clock_at(now);
            let mut accounts = Vec::new();
            for row in read.open_table(ACCOUNTS)?.iter()? {
                let (id, value) = row?;
                let id = AccountId::new(id.value());
                let account: Account = decode("account", id, value.value())?;
                accounts.push((id, account.status.at(clock)));
            }
            Ok(accounts)
        })
    }

    /// The accounts that [`Action::CallOverdue`] is for at a time, the longest
    /// overdue first.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn overdue(&self, now: u64) -> Result<Vec<OverdueAccount>, LedgerError> {
        let clock = self.clock(now)?;
        let mut overdue: Vec<_> = self
            .accounts(now)?
            .into_iter()
            .filter(|(_, status)| status.is_overdue(clock))
            .filter_map(|(account, status)| Some(OverdueAccount { account, due: status.due()? }))
            .collect();
        overdue.sort_by_key(|entry| (entry.due, entry.account));
        Ok(overdue)
    }

    /// An epoch on record.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn epoch(&self, epoch: Epoch) -> Result<Option<EpochRecord>, LedgerError> {
        guarded(|| read_epoch(&self.database.begin_read()?.open_table(EPOCHS)?, epoch))
    }

    /// Whether a model is accepted.
    ///
    /// # Errors
    /// When the database fails.
    pub fn is_model_accepted(&self, model: ModelDigest) -> Result<bool, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            Ok(read.open_table(MODELS)?.get(model.as_bytes())?.is_some())
        })
    }

    /// The history, oldest first: of one account, or all of it.
    ///
    /// # Errors
    /// When the database fails or is damaged.
    pub fn history(&self, account: Option<AccountId>) -> Result<Vec<HistoryEntry>, LedgerError> {
        guarded(|| {
            let read = self.database.begin_read()?;
            let history = read.open_table(HISTORY)?;
            let mut entries = Vec::new();
            let Some(account) = account else {
                for row in history.iter()? {
                    let (sequence, value) = row?;
                    entries.push(decode("history entry", sequence.value(), value.value())?);
                }
                return Ok(entries);
            };
            let id = *account.as_bytes();
            for row in read.open_table(BY_ACCOUNT)?.range((id, 0)..=(id, u64::MAX))? {
                let (_, sequence) = row?.0.value();
                let entry = history.get(sequence)?;
                let entry = entry.ok_or_else(|| tables::corrupted("history entry", sequence))?;
                entries.push(decode("history entry", sequence, entry.value())?);
            }
            Ok(entries)
        })
    }

    /// Replays the history through the engine in memory and compares every
    /// event and the whole state. Returns the engine.
    ///
    /// # Errors
    /// When they differ, or the database fails or is damaged.
    pub fn audit(&self) -> Result<Engine, LedgerError> {
        guarded(|| {
            let mut engine = Engine::new(self.policy.clone(), self.start);
            let history = self.history(None)?;
            let mismatch = |sequence| LedgerError::HistoryMismatch { sequence };
            for (expected, entry) in (0..).zip(&history) {
                // The entry was verified before it went on record.
                let action = entry.action.clone().assume_verified_unchecked();
                let events = engine.apply(entry.time, &action).map_err(|_| mismatch(expected))?;
                if entry.sequence != expected || events != entry.events {
                    return Err(mismatch(expected));
                }
            }
            match tables::equals(&self.database, &engine)? {
                true => Ok(engine),
                false => Err(mismatch(history.len() as u64)),
            }
        })
    }
}

/// Runs what touches the database. `redb` panics on some damaged pages that it
/// does not find when it opens the file: that is an error like any other here.
fn guarded<T>(work: impl FnOnce() -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    result.unwrap_or(Err(LedgerError::DamagedPage))
}

fn refused(error: TransitionError<LedgerError>) -> LedgerError {
    match error {
        TransitionError::Refused(refusal) => LedgerError::Refused(refusal),
        TransitionError::Store(error) => error,
    }
}
