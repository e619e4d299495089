//! Why the ledger cannot do something.

use std::path::PathBuf;
use std::string::String;

use zkmargin_margin::ids::ContextId;

use crate::engine::Refusal;
use crate::epoch::NotSigned;

/// Why an operation on a ledger failed. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The engine refused the action.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The epoch is not signed by whom the ledger's signers are.
    #[error("the epoch is not signed as the ledger demands")]
    NotSigned(#[from] NotSigned),
    /// The history has a claim whose proof was not kept.
    #[error("entry {sequence} of the history has no proof to verify again")]
    ProofMissing {
        /// The entry.
        sequence: u64,
    },
    /// The history has an escrow whose ciphertext was not kept.
    #[error("entry {sequence} of the history has no ciphertext that its committee could open")]
    EscrowMissing {
        /// The entry.
        sequence: u64,
    },
    /// An escrow without what it is of.
    #[error("an escrowed proof is put on record with its ciphertext alone")]
    EscrowNotGiven,
    /// There is a file already.
    #[error("{} exists already", path.display())]
    AlreadyExists {
        /// The path.
        path: PathBuf,
    },
    /// There is no file.
    #[error("there is no ledger at {}", path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// Another process has it open.
    #[error("the ledger is in use by another process")]
    Locked,
    /// The file is a database of something else, or none.
    #[error("the file is not a ledger")]
    NotALedger,
    /// Another version of the schema.
    #[error(
        "the ledger is of schema version {got}, and version {allowed} is read here: one of another version is not converted"
    )]
    SchemaVersion {
        /// The file's.
        got: u64,
        /// The one that is known.
        allowed: u64,
    },
    /// The ledger of another deployment.
    #[error("the ledger is of context {got}, not of {expected}")]
    WrongContext {
        /// The context asked for.
        expected: ContextId,
        /// The ledger's.
        got: ContextId,
    },
    /// A record cannot be read.
    #[error("the ledger is damaged: {table} {key} cannot be read")]
    Corrupted {
        /// The table.
        table: &'static str,
        /// The record's key.
        key: String,
    },
    /// The file's structure is broken.
    #[error("the ledger is damaged: the structure of its file is broken")]
    DamagedPage,
    /// The state is not what the history leads to.
    #[error(
        "the ledger is damaged: its state is not what its history leads to, at entry {sequence}"
    )]
    HistoryMismatch {
        /// The first entry that does not replay, or the number of entries.
        sequence: u64,
    },
    /// The file system failed.
    #[error("the ledger's file cannot be used")]
    Io(#[from] std::io::Error),
    /// The database failed.
    #[error("the ledger's database failed")]
    Database(#[source] redb::Error),
}

/// Every other failure of the database goes through [`redb::Error`].
macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for LedgerError {
            fn from(error: redb::$error) -> Self {
                match redb::Error::from(error) {
                    redb::Error::DatabaseAlreadyOpen => Self::Locked,
                    redb::Error::Io(error) => Self::Io(error),
                    redb::Error::TableDoesNotExist(_) => Self::NotALedger,
                    other => Self::Database(other),
                }
            }
        }
    )*};
}
from_redb!(CommitError, DatabaseError, StorageError, TableError, TransactionError);
from_redb!(SetDurabilityError);
