//! What can go wrong with the cache.

use crate::cache::{CACHE_DIR_ENV, MAX_K, MIN_K};
use crate::storage::StorageError;

/// Why parameters cannot be taken from, or put into, the cache.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The platform names no cache directory.
    #[error("no cache directory is known: set {CACHE_DIR_ENV} to a writable directory")]
    NoDirectory,
    /// A size that is not supported.
    #[error("parameters of size 2^{k} are not supported: allowed are 2^{MIN_K} to 2^{MAX_K}")]
    UnsupportedSize {
        /// The power of two.
        k: u32,
    },
    /// The file system refuses.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a stored file is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// There is none.
    #[error("there is no file")]
    Missing,
    /// Not a parameter file.
    #[error("the file is not a parameter file")]
    Magic,
    /// Of another version of the format.
    #[error("the file has format version {0}")]
    Version(u32),
    /// Of another size.
    #[error("the file holds parameters of size 2^{0}")]
    Size(u32),
    /// A key of another circuit, or under other powers of tau.
    #[error("the file holds another key")]
    OtherKey,
    /// Too short or too long.
    #[error("the file has the wrong length")]
    Length,
    /// The checksum does not match.
    #[error("the checksum does not match")]
    Checksum,
    /// Points that are not on the curve.
    #[error("the file does not decode")]
    Encoding,
    /// Other generators than the hash to the curve gives.
    #[error("the generators are not the expected ones")]
    Generators,
}
