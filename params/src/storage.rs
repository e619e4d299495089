//! Files that are replaced whole: written beside their place, made durable and
//! moved there, by one writer at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be read, locked or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The disk is full.
    #[error(
        "cannot write {path:?}: the disk is full; free space, or set {variable} to a directory on \
         another disk"
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// The environment variable that names another directory.
        variable: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// No permission, or a read-only file system.
    #[error(
        "may not {action} {path:?}: make the directory writable, or set {variable} to one that is"
    )]
    NotWritable {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The environment variable that names another directory.
        variable: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// Any other error of the file system.
    #[error("cannot {action} {path:?}: {source}; set {variable} to use another directory")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The environment variable that names another directory.
        variable: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

/// A directory of such files.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    variable: &'static str,
}

impl Directory {
    /// A directory, which is made when it is missing. Errors advise to set the
    /// environment variable.
    pub(crate) fn open(path: &Path, variable: &'static str) -> Result<Self, StorageError> {
        let directory = Self { path: path.to_path_buf(), variable };
        fs::create_dir_all(path).map_err(|error| directory.failed("create", path, error))?;
        Ok(directory)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file of the directory, if it is there.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<File>, StorageError> {
        match File::open(path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    /// Takes a lock; it is released when the file is dropped.
    pub(crate) fn lock(&self, name: &str) -> Result<File, StorageError> {
        let path = self.path.join(format!("{name}.lock"));
        let failed = |error| self.failed("lock", &path, error);
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    /// Writes a file beside its place, makes it durable and moves it there.
    /// Only under the lock that goes with the prefix: what a killed process
    /// left behind is removed.
    pub(crate) fn write(
        &self,
        path: &Path,
        prefix: &str,
        content: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), StorageError> {
        let failed = |error| self.failed("write", path, error);
        for entry in fs::read_dir(&self.path).into_iter().flatten().flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(prefix.as_bytes()) {
                // Failing to is no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
        let mut file =
            tempfile::Builder::new().prefix(prefix).tempfile_in(&self.path).map_err(failed)?;
        content(file.as_file_mut()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        // The rename is durable once the directory is; not every platform can.
        if let Ok(dir) = File::open(&self.path) {
            let _ = dir.sync_all();
        }
        Ok(())
    }

    /// Sorts an error of the file system by what the user can do about it.
    pub(crate) fn failed(
        &self,
        action: &'static str,
        path: &Path,
        source: io::Error,
    ) -> StorageError {
        let (path, variable) = (path.to_path_buf(), self.variable);
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StorageError::DiskFull { path, variable, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StorageError::NotWritable { action, path, variable, source }
            }
            _ => StorageError::Io { action, path, variable, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn errors_say_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Directory::open(dir.path(), "SOME_DIR").unwrap();
        let message = |kind: io::ErrorKind| {
            dir.failed("write", Path::new("/cache/ipa"), kind.into()).to_string()
        };
        assert_eq!(
            message(io::ErrorKind::StorageFull),
            "cannot write \"/cache/ipa\": the disk is full; free space, or set SOME_DIR to a \
             directory on another disk"
        );
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::ReadOnlyFilesystem] {
            assert!(message(kind).contains("make the directory writable"));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Directory::open(dir.path(), "SOME_DIR").unwrap();
        let path = dir.path().join("file");
        dir.write(&path, ".file-", |file| file.write_all(b"old")).unwrap();
        let full = |_: &mut File| {
            let mut full = OpenOptions::new().write(true).open("/dev/full")?;
            full.write_all(&[0; 100])
        };
        let error = dir.write(&path, ".file-", full).unwrap_err();
        assert!(matches!(error, StorageError::DiskFull { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
