//! SRSs on disk.
//!
//! One file for each size and each of the two sorts, secure and insecure: an
//! insecure SRS is never found by [`SrsStore::load`], only by
//! [`SrsStore::load_dev`].
//!
//! # Trust
//! The checksum finds damage, not malice: whoever can write the directory can
//! write another SRS, of which he knows the secret. Keep it writable by its
//! owner alone, and compare [`SrsInfo`]'s digest with the ceremony's.
//! [`Srs::verify`](crate::srs::Srs::verify) checks again what the import did.

mod error;
mod format;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

pub use error::{SrsDamage, StoreError};
pub use format::FORMAT_VERSION;
pub(crate) use format::{is_stored, read as decode};

use crate::srs::{MAX_K, MIN_K, Srs, SrsInfo};
use crate::storage::Directory;

/// Environment variable that names the store's directory.
pub const SRS_DIR_ENV: &str = "ZKMARGIN_SRS_DIR";

/// Whether another SRS may be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// No: that is an error.
    #[default]
    Refuse,
    /// Yes: keys made under it no longer fit.
    Replace,
}

/// A file of the store.
#[derive(Debug)]
#[non_exhaustive]
pub struct Stored {
    /// The size is two to this.
    pub k: u32,
    /// Where it is.
    pub path: PathBuf,
    /// What it holds, or why it cannot be used.
    pub content: Result<SrsInfo, SrsDamage>,
}

/// A directory of SRS files.
#[derive(Clone, Debug)]
pub struct SrsStore {
    dir: Directory,
}

impl SrsStore {
    /// The user's store: the directory that `ZKMARGIN_SRS_DIR` names, or
    /// `zkmargin/srs` in the platform's data directory. Unlike a cache's, its
    /// files cannot be made again.
    ///
    /// # Errors
    /// When the platform names no data directory, or it cannot be made.
    pub fn open_default() -> Result<Self, StoreError> {
        let named = std::env::var_os(SRS_DIR_ENV).filter(|dir| !dir.is_empty());
        match named {
            Some(dir) => Self::open(PathBuf::from(dir)),
            None => {
                let dirs = directories::ProjectDirs::from("", "", "zkmargin")
                    .ok_or(StoreError::NoDirectory)?;
                Self::open(dirs.data_dir().join("srs"))
            }
        }
    }

    /// A store in a directory, which is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, StoreError> {
        Ok(Self { dir: Directory::open(dir.as_ref(), SRS_DIR_ENV)? })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The file that holds the SRS of a size from a ceremony or another file.
    pub fn file(&self, k: u32) -> PathBuf {
        self.path(k, false)
    }

    /// The file that holds the insecure SRS of a size.
    pub fn dev_file(&self, k: u32) -> PathBuf {
        self.path(k, true)
    }

    /// Stores an SRS; gives the file. Storing the same again changes nothing,
    /// a damaged file is replaced.
    ///
    /// # Errors
    /// When another SRS is in its place and may not be replaced, or it cannot
    /// be written.
    pub fn put(&self, srs: &Srs, replace: Replace) -> Result<PathBuf, StoreError> {
        let insecure = srs.info().is_insecure();
        let path = self.path(srs.k(), insecure);
        let _lock = self.dir.lock("srs")?;
        if let Some(Ok(stored)) = self.read(&path, srs.k(), insecure)? {
            if stored.info() == srs.info() {
                return Ok(path);
            }
            if stored.info().id() != srs.info().id() && replace == Replace::Refuse {
                return Err(StoreError::Occupied { path });
            }
        }
        self.dir.write(&path, ".srs-", |file| write(srs, file))?;
        Ok(path)
    }

    /// The SRS of size `2^k` from a ceremony or another file. When only larger
    /// ones are there, the smallest of those, truncated: that takes the time to
    /// compute a Lagrange basis.
    ///
    /// # Errors
    /// When there is none, or its file is damaged or cannot be read.
    pub fn load(&self, k: u32) -> Result<Srs, StoreError> {
        self.find(k, false)
    }

    /// The **insecure** SRS of size `2^k`, for tests.
    ///
    /// # Errors
    /// As [`SrsStore::load`].
    pub fn load_dev(&self, k: u32) -> Result<Srs, StoreError> {
        self.find(k, true)
    }

    /// What is in the store, in the order of size, insecure ones last.
    ///
    /// # Errors
    /// When a file cannot be read; damage is no error here.
    pub fn list(&self) -> Result<Vec<Stored>, StoreError> {
        let mut found = Vec::new();
        for insecure in [false, true] {
            for k in MIN_K..=MAX_K {
                let path = self.path(k, insecure);
                if let Some(content) = self.read(&path, k, insecure)? {
                    let content = content.map(|srs| srs.info().clone());
                    found.push(Stored { k, path, content });
                }
            }
        }
        Ok(found)
    }

    fn path(&self, k: u32, insecure: bool) -> PathBuf {
        let sort = if insecure { "kzg-insecure-dev" } else { "kzg" };
        self.dir().join(format!("{sort}-k{k}-v{FORMAT_VERSION}.srs"))
    }

    fn find(&self, k: u32, insecure: bool) -> Result<Srs, StoreError> {
        if !(MIN_K..=MAX_K).contains(&k) {
            return Err(StoreError::UnsupportedSize { k });
        }
        for size in k..=MAX_K {
            let path = self.path(size, insecure);
            match self.read(&path, size, insecure)? {
                None => {}
                Some(Ok(srs)) if size == k => return Ok(srs),
                Some(Ok(srs)) => return srs.truncated(k).map_err(StoreError::Srs),
                Some(Err(damage)) => return Err(StoreError::Damaged { path, damage }),
            }
        }
        Err(StoreError::NotFound { k, dir: self.dir().to_path_buf() })
    }

    /// Reads a file if there is one; the inner error says why it is not usable.
    fn read(
        &self,
        path: &Path,
        k: u32,
        insecure: bool,
    ) -> Result<Option<Result<Srs, SrsDamage>>, StoreError> {
        let failed = |error| self.dir.failed("read", path, error);
        let Some(file) = self.dir.read(path)? else { return Ok(None) };
        let content = format::read(BufReader::new(file), k).map_err(failed)?;
        Ok(Some(content.and_then(|srs| match srs.info().is_insecure() == insecure {
            true => Ok(srs),
            false => Err(SrsDamage::Kind),
        })))
    }
}

/// Writes a file's content.
fn write(srs: &Srs, file: &mut File) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    let digest = format::write(srs, &mut writer)?;
    writer.seek(SeekFrom::Start(format::DIGEST_AT))?;
    writer.write_all(&digest)?;
    writer.flush()
}
