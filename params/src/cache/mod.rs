//! Proving parameters and keys on disk.
//!
//! The IPA parameters of a size `2^k` are public and deterministic (hashed to
//! the curve), but take seconds to make. They are made once per size and kept
//! in a file with a checksum.
//!
//! Keys of the on-chain proof system are kept likewise, by a digest of all they
//! depend on: circuit and powers of tau.
//!
//! # Trust
//! The checksum finds damage, not malice: whoever can write the cache directory
//! can write a file with a matching checksum. The generators a file begins and
//! ends with are therefore recomputed when it is read, which also finds files
//! of other software; but only a file made by oneself is as good as computing.
//! Keep the directory writable by its owner alone. Proofs made with wrong
//! parameters are rejected by honest verifiers; a *verifier's* cache must be
//! the verifier's own. That holds for keys all the more: a key that is not the
//! circuit's may accept anything.

mod error;
mod format;
#[cfg(feature = "kzg")]
mod keys;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use halo2_proofs::poly::commitment::Params;
use pasta_curves::vesta;

use crate::storage::Directory;
pub use crate::storage::StorageError;
pub use error::{CacheError, Damage};
pub use format::{FORMAT_VERSION, decode as decode_ipa_params, encode as encode_ipa_params};
#[cfg(feature = "kzg")]
pub use keys::KEY_FORMAT_VERSION;

/// The parameters of the transparent proof system.
pub type IpaParams = Params<vesta::Affine>;

/// Environment variable that names the cache directory.
pub const CACHE_DIR_ENV: &str = "ZKMARGIN_CACHE_DIR";
/// Smallest supported size, as a power of two.
pub const MIN_K: u32 = 1;
/// Largest supported size, as a power of two.
pub const MAX_K: u32 = 24;

/// Where parameters came from.
#[derive(Debug)]
#[non_exhaustive]
pub enum Origin {
    /// Read from the cache.
    Loaded,
    /// Made, and stored for the next time.
    Created,
    /// Made and stored, because the stored file was damaged or outdated.
    Rebuilt(Damage),
    /// Made, but not stored: the cache does not work.
    Uncached(CacheError),
}

/// A directory of parameter files.
#[derive(Clone, Debug)]
pub struct ParamsCache {
    dir: Directory,
}

impl ParamsCache {
    /// The user's cache: the directory that `ZKMARGIN_CACHE_DIR` names, or
    /// `zkmargin` in the platform's cache directory.
    ///
    /// # Errors
    /// When the platform names no cache directory, or it cannot be made.
    pub fn open_default() -> Result<Self, CacheError> {
        let named = std::env::var_os(CACHE_DIR_ENV).filter(|dir| !dir.is_empty());
        match named {
            Some(dir) => Self::open(PathBuf::from(dir)),
            None => {
                let dirs = directories::ProjectDirs::from("", "", "zkmargin")
                    .ok_or(CacheError::NoDirectory)?;
                Self::open(dirs.cache_dir())
            }
        }
    }

    /// A cache in a directory, which is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, CacheError> {
        Ok(Self { dir: Directory::open(dir.as_ref(), CACHE_DIR_ENV)? })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The file that holds the parameters of a size.
    pub fn file(&self, k: u32) -> PathBuf {
        self.dir().join(format!("ipa-k{k}-v{FORMAT_VERSION}.bin"))
    }

    /// The parameters of size `2^k`, from the cache or made and stored.
    ///
    /// # Errors
    /// As [`ParamsCache::ipa_params_with_origin`].
    pub fn ipa_params(&self, k: u32) -> Result<IpaParams, CacheError> {
        self.ipa_params_with_origin(k).map(|(params, _)| params)
    }

    /// The parameters of size `2^k`, and where they came from.
    ///
    /// Safe to call from many threads and processes at once: one makes the
    /// file, the others wait and read it. A damaged file is replaced.
    ///
    /// # Errors
    /// When `k` is not supported, or the cache cannot be read, locked or
    /// written: [`ParamsCache::ipa_params_or_compute`] goes on without it.
    pub fn ipa_params_with_origin(&self, k: u32) -> Result<(IpaParams, Origin), CacheError> {
        check_k(k)?;
        let path = self.file(k);
        // Files are replaced whole, by renaming: no lock is needed to read one.
        if let Ok(params) = self.load(&path, k)? {
            return Ok((params, Origin::Loaded));
        }
        let _lock = self.dir.lock(&format!("ipa-k{k}"))?;
        let origin = match self.load(&path, k)? {
            Ok(params) => return Ok((params, Origin::Loaded)),
            Err(Damage::Missing) => Origin::Created,
            Err(damage) => Origin::Rebuilt(damage),
        };
        let params = IpaParams::new(k);
        let bytes =
            format::encode(&params, k).map_err(|error| self.dir.failed("write", &path, error))?;
        self.dir.write(&path, &format!(".ipa-k{k}-"), |file| file.write_all(&bytes))?;
        Ok((params, origin))
    }

    /// As [`ParamsCache::ipa_params_with_origin`], but a cache that does not
    /// work only costs the time to make the parameters:
    /// [`Origin::Uncached`] then says why.
    ///
    /// # Errors
    /// Only [`CacheError::UnsupportedSize`].
    pub fn ipa_params_or_compute(&self, k: u32) -> Result<(IpaParams, Origin), CacheError> {
        match self.ipa_params_with_origin(k) {
            Err(error @ CacheError::UnsupportedSize { .. }) => Err(error),
            Err(error) => Ok((compute_ipa_params(k)?, Origin::Uncached(error))),
            found => found,
        }
    }

    /// Reads a file; the inner error says why it is not usable.
    fn load(&self, path: &Path, k: u32) -> Result<Result<IpaParams, Damage>, CacheError> {
        let Some(file) = self.dir.read(path)? else { return Ok(Err(Damage::Missing)) };
        // One byte more than fits shows a file that is too long.
        let mut bytes = Vec::new();
        let limit = format::file_len(k) + 1;
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| self.dir.failed("read", path, error))?;
        Ok(format::decode(&bytes, k))
    }
}

/// Makes parameters without a cache.
///
/// # Errors
/// [`CacheError::UnsupportedSize`] when `k` is not from [`MIN_K`] to [`MAX_K`].
pub fn compute_ipa_params(k: u32) -> Result<IpaParams, CacheError> {
    check_k(k)?;
    Ok(IpaParams::new(k))
}

fn check_k(k: u32) -> Result<(), CacheError> {
    match (MIN_K..=MAX_K).contains(&k) {
        true => Ok(()),
        false => Err(CacheError::UnsupportedSize { k }),
    }
}

#[cfg(test)]
mod tests;
