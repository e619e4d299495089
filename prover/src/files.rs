//! Reading and writing files: bounded, atomic, and private where it matters.
//!
//! A write goes to a temporary file in the same directory, is flushed to disk
//! and then takes its place in one step, so a reader sees the old file or the
//! new one and never half of it. A secret is readable by its owner alone and is
//! never overwritten.

use std::fmt;
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Largest secret file that is read: a portfolio of 128 positions is a few
/// tens of kilobytes.
pub const SECRET_LIMIT: usize = 1 << 20;
/// Largest public file that is read: a state file of a million accounts.
pub const PUBLIC_LIMIT: usize = 1 << 29;

/// Why a file was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}")]
    Read {
        /// The file, or `-`.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be created, written or put in its place.
    #[error("cannot write {path}")]
    Write {
        /// The file, or `-`.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is there already and may not be replaced.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// A secret is there already: it is never replaced.
    #[error("{} is there already, and a secret is never overwritten", .0.display())]
    SecretExists(PathBuf),
    /// A text in UTF-16.
    #[error("{path} is text in UTF-16")]
    Utf16 {
        /// The file, or `-`.
        path: String,
    },
    /// More bytes than any such file has.
    #[error("{path} is larger than {limit} bytes")]
    TooLarge {
        /// The file, or `-`.
        path: String,
        /// The bytes allowed.
        limit: usize,
    },
}

/// Where input comes from: a file, or standard input for `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    Path(PathBuf),
}

impl From<&str> for Source {
    fn from(text: &str) -> Self {
        if text == "-" { Self::Stdin } else { Self::Path(text.into()) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Whether a name looks like an age identity or a private key.
fn is_key(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let digits = text.strip_prefix("0x").unwrap_or(&text);
    let is_private_key = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_private_key || text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-")
}

impl Source {
    /// Reads a file that holds nothing secret.
    ///
    /// # Errors
    /// When it cannot be read or is larger than [`PUBLIC_LIMIT`].
    pub fn read(&self) -> Result<Vec<u8>, FileError> {
        self.read_at_most(PUBLIC_LIMIT)
    }

    /// Reads a file of a kind that is never larger than this.
    ///
    /// # Errors
    /// When it cannot be read or is larger.
    pub fn read_at_most(&self, limit: usize) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        self.read_into(&mut bytes, limit)?;
        Ok(bytes)
    }

    /// Reads a secret into a buffer that is never moved and is zeroed when
    /// dropped.
    ///
    /// # Errors
    /// When it cannot be read or is larger than [`SECRET_LIMIT`].
    pub fn read_secret(&self) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SECRET_LIMIT + 64));
        self.read_into(&mut bytes, SECRET_LIMIT)?;
        Ok(bytes)
    }

    /// The name of what could not be read: but not a key that was given in its
    /// place.
    fn unread(&self) -> String {
        match self {
            Self::Path(path) if is_key(path) => "(a key, not the name of a file)".to_owned(),
            other => other.to_string(),
        }
    }

    fn read_into(&self, bytes: &mut Vec<u8>, limit: usize) -> Result<(), FileError> {
        let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        match self {
            Self::Stdin => io::stdin().lock().take(bound).read_to_end(bytes),
            Self::Path(path) => {
                File::open(path).and_then(|file| file.take(bound).read_to_end(bytes))
            }
        }
        .map_err(|source| FileError::Read { path: self.unread(), source })?;
        if bytes.len() > limit {
            return Err(FileError::TooLarge { path: self.to_string(), limit });
        }
        if UTF_16.iter().any(|mark| bytes.starts_with(mark)) {
            return Err(FileError::Utf16 { path: self.to_string() });
        }
        if bytes.starts_with(BYTE_ORDER_MARK) {
            // In place: a secret is not copied.
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(())
    }
}

/// What some editors put before UTF-8; no file of ours begins so.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How a text in UTF-16 begins, in either byte order.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// What a written file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Public; an existing file is refused.
    New,
    /// Public; an existing file is replaced.
    Replace,
    /// Secret: owner-only, and an existing file is refused whatever was asked.
    Secret,
    /// For the owner's eyes, and easily made again: owner-only, and an existing
    /// file is refused.
    Private,
    /// The same, and an existing file is replaced.
    PrivateReplace,
}

/// Writes a whole file in one step.
///
/// # Errors
/// When the file exists and may not be replaced, or the disk refuses.
pub fn write_atomic(path: &Path, bytes: &[u8], kind: Kind) -> Result<(), FileError> {
    let failed = |source| FileError::Write { path: path.display().to_string(), source };
    match kind {
        Kind::Replace | Kind::PrivateReplace => {}
        Kind::New | Kind::Private if path.exists() => return Err(FileError::Exists(path.into())),
        Kind::Secret if path.exists() => return Err(FileError::SecretExists(path.into())),
        Kind::New | Kind::Private | Kind::Secret => {}
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".zkmargin-");
    let permissions = permissions(kind);
    if let Some(permissions) = permissions {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(directory).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match kind {
        Kind::Replace | Kind::PrivateReplace => {
            file.persist(path).map_err(|error| failed(error.error))?
        }
        Kind::New | Kind::Private | Kind::Secret => {
            file.persist_noclobber(path).map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists if kind == Kind::Secret => {
                    FileError::SecretExists(path.into())
                }
                io::ErrorKind::AlreadyExists => FileError::Exists(path.into()),
                _ => failed(error.error),
            })?
        }
    };
    Ok(())
}

/// Creates a directory with its parents; one that is there is kept.
///
/// # Errors
/// When the disk refuses.
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path)
        .map_err(|source| FileError::Write { path: path.display().to_string(), source })
}

/// The mode a new file is opened with, before the process's mask.
#[cfg(unix)]
fn permissions(kind: Kind) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    let public = matches!(kind, Kind::New | Kind::Replace);
    Some(Permissions::from_mode(if public { 0o666 } else { 0o600 }))
}

/// Elsewhere temporary files are private to their owner already.
#[cfg(not(unix))]
fn permissions(_: Kind) -> Option<Permissions> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_place_of_a_name_is_not_shown() {
        let digits = "1f".repeat(32);
        let identity = "age-secret-key-1qqqq";
        for key in [digits.clone(), format!("0x{digits}"), identity.to_uppercase()] {
            let error = Source::from(key.as_str()).read().unwrap_err();
            assert!(!error.to_string().contains(&key), "{error}");
        }
        for name in ["trader.key", "0x1f", &digits[1..]] {
            assert_eq!(Source::from(name).to_string(), name);
        }
    }

    #[test]
    fn existing_files_are_kept_and_secrets_are_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write_atomic(&path, b"one", Kind::New).unwrap();
        assert!(matches!(write_atomic(&path, b"two", Kind::New), Err(FileError::Exists(_))));
        assert!(matches!(
            write_atomic(&path, b"two", Kind::Secret),
            Err(FileError::SecretExists(_))
        ));
        write_atomic(&path, b"two", Kind::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let secret = directory.path().join("secret");
        write_atomic(&secret, b"key", Kind::Secret).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&secret), 0o600);
            assert_ne!(mode(&path), 0o600, "public files follow the mask");
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2, "no temporary file stays");
    }

    #[test]
    fn a_byte_order_mark_is_skipped_and_utf_16_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("text");
        let source = Source::Path(path.clone());
        fs::write(&path, b"\xef\xbb\xbf{}").unwrap();
        assert_eq!(
            (source.read().unwrap(), source.read_secret().unwrap().as_slice()),
            (b"{}".to_vec(), &b"{}"[..])
        );
        for bytes in [b"\xff\xfe{\0}\0", b"\xfe\xff\0{\0}"] {
            fs::write(&path, bytes).unwrap();
            assert!(matches!(source.read(), Err(FileError::Utf16 { .. })));
        }
    }

    #[test]
    fn secrets_are_read_without_moving() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(&path, vec![b'x'; SECRET_LIMIT + 1]).unwrap();
        let source = Source::Path(path.clone());
        assert!(matches!(source.read_secret(), Err(FileError::TooLarge { .. })));
        fs::write(&path, vec![b'x'; SECRET_LIMIT]).unwrap();
        assert_eq!(source.read_secret().unwrap().capacity(), SECRET_LIMIT + 64);
    }
}
