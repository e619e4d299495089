//! What can go wrong with the cache.

use std::io;
use std::path::{Path, PathBuf};

use crate::cache::{CACHE_DIR_ENV, MAX_K, MIN_K};

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
    /// The disk is full.
    #[error(
        "cannot write {path:?}: the disk is full; free space, or set {CACHE_DIR_ENV} to a directory \
         on another disk"
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// No permission, or a read-only file system.
    #[error(
        "may not {action} {path:?}: make the directory writable, or set {CACHE_DIR_ENV} to one \
         that is"
    )]
    NotWritable {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Any other error of the file system.
    #[error("cannot {action} {path:?}: {source}; set {CACHE_DIR_ENV} to use another directory")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl CacheError {
    /// Sorts an error of the file system by what the user can do about it.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { action, path, source }
            }
            _ => Self::Io { action, path, source },
        }
    }
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
