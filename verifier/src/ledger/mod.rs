//! The margin-call engine on a database: accounts, epochs, models, the engine's
//! own state and the history of every transition.
//!
//! Every action is one write transaction, synced to disk before [`Ledger::apply`]
//! returns: after a crash at any point either the whole transition is there or
//! none of it. The history is append-only and complete: replaying it through
//! the engine in memory gives the stored state, which [`Ledger::audit`] checks.
//! What an entry rested on is kept with it: the proof of a claim and the
//! signatures of an epoch, so that an audit can verify them again. Actions that
//! are refused, or that change nothing, leave no trace.
//!
//! | table | key | value |
//! |---|---|---|
//! | `ledger` | `schema`, `policy`, `signers`, `start`, `meta` | JSON |
//! | `accounts` | 20 bytes | JSON of [`Account`](crate::engine::Account) |
//! | `epochs` | number | JSON of [`EpochRecord`](crate::engine::EpochRecord) |
//! | `models` | 31 bytes | nothing: the model is accepted |
//! | `history` | sequence | JSON of [`HistoryEntry`] |
//! | `history_by_account` | 20 bytes, sequence | nothing |
//! | `proofs` | sequence | the proof file of the entry's claim |
//! | `escrows` | sequence | the ciphertext of the entry's escrow, where there is one |

mod audit;
mod error;
mod history;
mod queries;
mod tables;

use std::path::Path;

use redb::{Database, Durability, ReadableDatabase};
use zkmargin_margin::ids::ContextId;

use crate::engine::{Action, Meta, Policy, TransitionError, transition};
use crate::epoch::{Signature, Signers};
pub use audit::{Proved, ProvedEntry};
pub use error::LedgerError;
pub use history::{Grounds, HistoryEntry};
pub use queries::OverdueAccount;
use tables::{ACCOUNTS, BY_ACCOUNT, EPOCHS, HISTORY, LEDGER, MODELS, PROOFS, read_setting};

/// Version of the tables and of what is in them.
pub const SCHEMA_VERSION: u64 = 2;

/// The engine on a database file. One process has it open at a time.
#[derive(Debug)]
pub struct Ledger {
    database: Database,
    policy: Policy,
    signers: Option<Signers>,
    start: u64,
}

impl Ledger {
    /// Creates a ledger that starts at `now`. With signers, an epoch is posted
    /// only when enough of them signed it; without, on the caller's word. The
    /// file appears complete or not at all.
    ///
    /// # Errors
    /// When there is a file already, or it cannot be written.
    pub fn create(
        path: &Path,
        policy: Policy,
        signers: Option<Signers>,
        now: u64,
    ) -> Result<Self, LedgerError> {
        if path.try_exists()? {
            return Err(LedgerError::AlreadyExists { path: path.to_path_buf() });
        }
        let absolute = std::path::absolute(path)?;
        let directory = absolute.parent().unwrap_or(&absolute);
        let file = tempfile::Builder::new().prefix(".ledger").tempfile_in(directory)?;
        let database = Database::builder().create_file(file.reopen()?)?;
        tables::initialise(&database, &policy, signers.as_ref(), now)?;
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
            let signers = read_setting(&settings, "signers")?;
            let start = read_setting(&settings, "start")?;
            let _: Meta = read_setting(&settings, "meta")?;
            // Tables that are missing are found now, not at the first use.
            read.open_table(ACCOUNTS)?;
            read.open_table(EPOCHS)?;
            read.open_table(MODELS)?;
            read.open_table(HISTORY)?;
            read.open_table(BY_ACCOUNT)?;
            read.open_table(PROOFS)?;
            drop((settings, read));
            Ok(Self { database, policy, signers, start })
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

    /// Who must sign epochs, if anybody.
    pub const fn signers(&self) -> Option<&Signers> {
        self.signers.as_ref()
    }

    /// When the ledger started, in real time.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// Applies an action that rests on nothing but the caller's word, at a time:
    /// on disk when this returns. `None` when it changes nothing.
    ///
    /// # Errors
    /// When the engine refuses it, when it posts an epoch that signers must have
    /// signed, or the database fails; nothing has changed then.
    pub fn apply(&self, now: u64, action: &Action) -> Result<Option<HistoryEntry>, LedgerError> {
        self.apply_with(now, action, Grounds::default())
    }

    /// Applies an action at a time, and keeps what it rests on.
    ///
    /// # Errors
    /// As for [`Self::apply`].
    pub fn apply_with(
        &self,
        now: u64,
        action: &Action,
        grounds: Grounds<'_>,
    ) -> Result<Option<HistoryEntry>, LedgerError> {
        self.check_signatures(action, grounds.signatures)?;
        guarded(|| {
            let mut write = self.database.begin_write()?;
            write.set_durability(Durability::Immediate)?;
            let entry = {
                let mut tables = tables::WriteTables::open(&write)?;
                let decided = transition(&self.policy, &tables, now, action).map_err(refused)?;
                if decided.events.is_empty() {
                    return Ok(None);
                }
                // A committee can open nothing that was not kept.
                if matches!(action, Action::SubmitEscrowed { .. }) && grounds.escrow.is_none() {
                    return Err(LedgerError::EscrowNotGiven);
                }
                let entry = HistoryEntry {
                    sequence: tables.next_sequence()?,
                    time: now,
                    action: action.clone().into(),
                    events: decided.events,
                    signatures: grounds.signatures.to_vec(),
                };
                tables.put(&decided.changes)?;
                tables.append(&entry, action.account(), grounds)?;
                entry
            };
            write.commit()?;
            Ok(Some(entry))
        })
    }

    /// Who must have signed an epoch, if anybody.
    fn check_signatures(
        &self,
        action: &Action,
        signatures: &[Signature],
    ) -> Result<(), LedgerError> {
        if let (Action::PostEpoch(post), Some(signers)) = (action, &self.signers) {
            let digest = post.digest(self.policy.params().context);
            signers.check(&digest, signatures)?;
        }
        Ok(())
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
