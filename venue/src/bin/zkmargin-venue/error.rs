//! What went wrong, how a run ends, and what to do next.

use std::process::ExitCode;

use zkmargin_params::market::MarketFileError;
use zkmargin_prover::backend::SetupError;
use zkmargin_prover::bulk::BulkError;
use zkmargin_prover::crypt::CryptError;
use zkmargin_prover::files::FileError;
use zkmargin_prover::venue::VenueError;
use zkmargin_venue::deleverage::DeleverageError;
use zkmargin_venue::keys::KeyError;
use zkmargin_venue::portfolio::PortfolioError;
use zkmargin_venue::prove::ProveError;
use zkmargin_venue::serve::ServeError;
use zkmargin_venue::store::{PlaceError, StoreError};
use zkmargin_verifier::ledger::LedgerError;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Some of many were refused.
    Refused = 1,
    /// Usage or input.
    Usage = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a run did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("--store: {0}")]
    Place(#[from] PlaceError),
    #[error("--store: the URL has a password in it, and other users of this machine see arguments")]
    PasswordShown,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Bulk(#[from] BulkError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path}: {source}")]
    Market { path: String, source: MarketFileError },
    /// A market of the store or of a file whose name the caller adds.
    #[error("the market: {0}")]
    MarketFile(#[from] MarketFileError),
    #[error("{0} is not UTF-8 text")]
    NotText(String),
    #[error(transparent)]
    Venue(#[from] VenueError),
    #[error(transparent)]
    Crypt(#[from] CryptError),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{path}: {}", .source.told())]
    Portfolio { path: String, source: PortfolioError },
    #[error("{path}: {source}")]
    Deleverage { path: String, source: DeleverageError },
    #[error("{refused} of {total} {what} were refused")]
    Some { refused: u64, total: u64, what: &'static str },
    #[error("the venue has no epoch yet")]
    NoEpoch,
    #[error("the venue has no account yet")]
    NoAccount,
    #[error("{left} portfolios are still under other keys")]
    NotRekeyed { left: u64 },
    #[error("the tree of epoch {0} in the store does not have the root on record: do not use it")]
    Root(u64),
    #[error("{0}")]
    Usage(&'static str),
    #[error("the runtime cannot be started: {0}")]
    Runtime(std::io::Error),
    #[error("cannot write to standard output")]
    Output,
}

impl From<ProveError> for Error {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Store(error) => error.into(),
            ProveError::Setup(error) => error.into(),
        }
    }
}

impl Error {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Deleverage {
                source: DeleverageError::Share { .. } | DeleverageError::Sum,
                ..
            }
            | Self::Some { .. }
            | Self::NotRekeyed { .. }
            | Self::Root(_) => Exit::Refused,
            _ => Exit::Usage,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Store(StoreError::Missing(_)) => "make one with `zkmargin-venue init`",
            Self::Store(StoreError::Exists(_)) => "give another --store, or go on with this venue",
            Self::Store(StoreError::NotLater { .. }) => "build the market of the next epoch",
            Self::Store(error) if error.is_passing() => {
                "the database is away or busy: what was told is stored; start the same again"
            }
            Self::Store(StoreError::Damaged { .. }) | Self::Root(_) => {
                "take the database from its last backup"
            }
            Self::PasswordShown => {
                "set ZKMARGIN_VENUE_STORE, or keep the password in PGPASSWORD or ~/.pgpass"
            }
            Self::Key(KeyError::NoIdentity | KeyError::NotShared) => {
                "`zkmargin keygen -o venue.key` makes one"
            }
            Self::Key(KeyError::Locked { .. }) => "set ZKMARGIN_PASSPHRASE from a secret store",
            Self::Key(KeyError::NoRecipient) => {
                "`zkmargin keygen` prints the recipient of an identity"
            }
            Self::Bulk(_) => "give files, a directory, or --list FILE with one name a line",
            Self::Market { .. } | Self::MarketFile(_) => {
                "`zkmargin market build` writes such files"
            }
            Self::Deleverage { source: DeleverageError::Amount { .. }, .. } => {
                "write amounts as 1234.56; --decimals says how many digits are allowed behind the point"
            }
            Self::Deleverage {
                source: DeleverageError::Table { .. } | DeleverageError::Column(_),
                ..
            } => "`zkmargin-venue help deleverage` says which columns there are",
            Self::Some { .. } => "the others are done; start the same again when these are mended",
            Self::NoEpoch => "make one with `zkmargin-venue root`",
            Self::NoAccount => "commit to portfolios with `zkmargin-venue commit`",
            Self::NotRekeyed { .. } => {
                "give the identities that open them, with -i, and start again"
            }
            Self::Setup(_) => "`zkmargin srs import` brings powers of tau; proofs of ipa need none",
            Self::File(FileError::Exists(_)) => "give another name, or --force to replace it",
            _ => return None,
        })
    }

    /// The error and its cause on one line.
    pub(crate) fn message(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        text
    }
}
