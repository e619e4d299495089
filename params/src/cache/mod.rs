//! Proving parameters on disk.
//!
//! The IPA parameters of a size `2^k` are public and deterministic (hashed to
//! the curve), but take seconds to make. They are made once per size and kept
//! in a file with a checksum.
//!
//! # Trust
//! The checksum finds damage, not malice: whoever can write the cache directory
//! can write a file with a matching checksum. The generators a file begins and
//! ends with are therefore recomputed when it is read, which also finds files
//! of other software; but only a file made by oneself is as good as computing.
//! Keep the directory writable by its owner alone. Proofs made with wrong
//! parameters are rejected by honest verifiers; a *verifier's* cache must be
//! the verifier's own.

mod error;
mod format;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use halo2_proofs::poly::commitment::Params;
use pasta_curves::vesta;

pub use error::{CacheError, Damage};
pub use format::FORMAT_VERSION;

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
    dir: PathBuf,
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
        let dir = dir.as_ref().to_path_buf();
        fs::create_dir_all(&dir).map_err(|error| CacheError::io("create", &dir, error))?;
        Ok(Self { dir })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file that holds the parameters of a size.
    pub fn file(&self, k: u32) -> PathBuf {
        self.dir.join(format!("ipa-k{k}-v{FORMAT_VERSION}.bin"))
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
        let _lock = self.lock(k)?;
        let origin = match self.load(&path, k)? {
            Ok(params) => return Ok((params, Origin::Loaded)),
            Err(Damage::Missing) => Origin::Created,
            Err(damage) => Origin::Rebuilt(damage),
        };
        let params = IpaParams::new(k);
        self.store(&path, k, &params)?;
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
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Err(Damage::Missing));
            }
            Err(error) => return Err(CacheError::io("read", path, error)),
        };
        // One byte more than fits shows a file that is too long.
        let mut bytes = Vec::new();
        let limit = format::file_len(k) + 1;
        file.take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| CacheError::io("read", path, error))?;
        Ok(format::decode(&bytes, k))
    }

    /// Takes the lock of a size; it is released when the file is dropped.
    fn lock(&self, k: u32) -> Result<File, CacheError> {
        let path = self.dir.join(format!("ipa-k{k}.lock"));
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| CacheError::io("lock", &path, error))?;
        file.lock().map_err(|error| CacheError::io("lock", &path, error))?;
        Ok(file)
    }

    /// Removes what a killed process left behind. Only under the size's lock:
    /// nobody else is writing then. Failing to is no harm.
    fn remove_leftovers(&self, prefix: &str) {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for entry in entries {
            if entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Writes a file beside its place, makes it durable and moves it there.
    fn store(&self, path: &Path, k: u32, params: &IpaParams) -> Result<(), CacheError> {
        let failed = |error| CacheError::io("write", path, error);
        let bytes = format::encode(params, k).map_err(failed)?;
        let prefix = format!(".ipa-k{k}-");
        self.remove_leftovers(&prefix);
        let mut file =
            tempfile::Builder::new().prefix(&prefix).tempfile_in(&self.dir).map_err(failed)?;
        write_all(file.as_file_mut(), &bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        // The rename is durable once the directory is; not every platform can.
        if let Ok(dir) = File::open(&self.dir) {
            let _ = dir.sync_all();
        }
        Ok(())
    }
}

/// Writes everything, or fails: a seam for tests of full disks.
fn write_all(mut writer: impl Write, bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes)?;
    writer.flush()
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
