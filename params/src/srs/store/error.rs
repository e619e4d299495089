//! What can go wrong with the store.

use std::path::PathBuf;

use crate::srs::store::SRS_DIR_ENV;
use crate::srs::{MAX_K, MIN_K, SrsError};
use crate::storage::StorageError;

/// Why an SRS cannot be taken from, or put into, the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The platform names no data directory.
    #[error("no data directory is known: set {SRS_DIR_ENV} to a writable directory")]
    NoDirectory,
    /// A size that is not supported.
    #[error("an SRS of size 2^{k} is not supported: allowed are 2^{MIN_K} to 2^{MAX_K}")]
    UnsupportedSize {
        /// The power of two.
        k: u32,
    },
    /// No SRS of the size, or a larger one, was imported.
    #[error("there is no SRS of size 2^{k} or larger in {dir:?}")]
    NotFound {
        /// The power of two.
        k: u32,
        /// The store.
        dir: PathBuf,
    },
    /// A file is damaged.
    #[error("{path:?} is damaged: {damage}; remove it and import the SRS again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        damage: SrsDamage,
    },
    /// Another SRS of the size is in the store.
    #[error(
        "{path:?} holds an SRS of another origin: keys made under it would not fit; replace it \
         only when no key is in use"
    )]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// The SRS of a larger size cannot be truncated.
    #[error(transparent)]
    Srs(SrsError),
    /// The file system refuses.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a stored file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrsDamage {
    /// Not a file of the store.
    #[error("it is not an SRS file")]
    Magic,
    /// Of another version of the format.
    #[error("it has format version {0}")]
    Version(u32),
    /// Of another size than its name says.
    #[error("it holds an SRS of size 2^{0}")]
    Size(u32),
    /// Too short or too long.
    #[error("it has the wrong length")]
    Length,
    /// The checksum does not match.
    #[error("the checksum does not match")]
    Checksum,
    /// What says where the SRS came from.
    #[error("its origin does not decode")]
    Metadata,
    /// An insecure SRS in a secure one's place, or the reverse.
    #[error("it holds an SRS of another kind")]
    Kind,
    /// Points that are not on the curve.
    #[error("its points do not decode")]
    Points,
    /// Points that are not an SRS.
    #[error("its points are not an SRS")]
    NotAnSrs,
}
