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

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

pub use error::{SrsDamage, StoreError};
pub use format::FORMAT_VERSION;

use crate::srs::{MAX_K, MIN_K, Srs, SrsInfo};

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
    /// Where it is.
    pub path: PathBuf,
    /// What it holds, or why it cannot be used.
    pub content: Result<SrsInfo, SrsDamage>,
}

/// A directory of SRS files.
#[derive(Clone, Debug)]
pub struct SrsStore {
    dir: PathBuf,
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
        let dir = dir.as_ref().to_path_buf();
        fs::create_dir_all(&dir).map_err(|error| StoreError::io("create", &dir, error))?;
        Ok(Self { dir })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
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
        let _lock = self.lock()?;
        if let Some(Ok(stored)) = self.read(&path, srs.k(), insecure)? {
            if stored.info() == srs.info() {
                return Ok(path);
            }
            if stored.info().id() != srs.info().id() && replace == Replace::Refuse {
                return Err(StoreError::Occupied { path });
            }
        }
        self.write(&path, srs).map_err(|error| StoreError::io("write", &path, error))?;
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
                    found.push(Stored { path, content });
                }
            }
        }
        Ok(found)
    }

    fn path(&self, k: u32, insecure: bool) -> PathBuf {
        let sort = if insecure { "kzg-insecure-dev" } else { "kzg" };
        self.dir.join(format!("{sort}-k{k}-v{FORMAT_VERSION}.srs"))
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
        Err(StoreError::NotFound { k, dir: self.dir.clone() })
    }

    /// Reads a file if there is one; the inner error says why it is not usable.
    fn read(
        &self,
        path: &Path,
        k: u32,
        insecure: bool,
    ) -> Result<Option<Result<Srs, SrsDamage>>, StoreError> {
        let failed = |error| StoreError::io("read", path, error);
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let content = format::read(BufReader::new(file), k).map_err(failed)?;
        Ok(Some(content.and_then(|srs| match srs.info().is_insecure() == insecure {
            true => Ok(srs),
            false => Err(SrsDamage::Kind),
        })))
    }

    /// Takes the store's lock; it is released when the file is dropped.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.dir.join("srs.lock");
        let failed = |error| StoreError::io("lock", &path, error);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    /// Writes a file beside its place, makes it durable and moves it there.
    /// Only under the lock: what a killed process left behind is removed.
    fn write(&self, path: &Path, srs: &Srs) -> io::Result<()> {
        const PREFIX: &str = ".srs-";
        for entry in fs::read_dir(&self.dir)?.flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
                let _ = fs::remove_file(entry.path());
            }
        }
        let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(&self.dir)?;
        let mut writer = BufWriter::new(file.as_file_mut());
        let digest = format::write(srs, &mut writer)?;
        writer.seek(SeekFrom::Start(format::DIGEST_AT))?;
        writer.write_all(&digest)?;
        writer.flush()?;
        drop(writer);
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The rename is durable once the directory is; not every platform can.
        if let Ok(dir) = File::open(&self.dir) {
            let _ = dir.sync_all();
        }
        Ok(())
    }
}
