//! Reading and writing files: bounded, atomic, and private where it matters.

mod write;

pub use write::{Kind, refuse_target, write_atomic};

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
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
    /// A directory where a file belongs.
    #[error("{} is a directory", .0.display())]
    Directory(PathBuf),
    /// A disk, which is never written to.
    #[error("{} is a block device", .0.display())]
    BlockDevice(PathBuf),
    /// A secret to what others may read: a pipe, a terminal, a device.
    #[error("{} is no regular file, and a secret is written to a new file alone", .0.display())]
    SecretToSpecial(PathBuf),
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
    /// dropped. It is as large as the file, because zeroing costs by the byte.
    ///
    /// # Errors
    /// When it cannot be read or is larger than [`SECRET_LIMIT`].
    pub fn read_secret(&self) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let length = self.length().map_or(SECRET_LIMIT, |length| length.min(SECRET_LIMIT));
        match self.read_secret_of(length) {
            // It has grown since: that buffer was full, and never moved.
            Err(FileError::TooLarge { .. }) if length < SECRET_LIMIT => {
                self.read_secret_of(SECRET_LIMIT)
            }
            read => read,
        }
    }

    fn read_secret_of(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 64));
        self.read_into(&mut bytes, limit)?;
        Ok(bytes)
    }

    /// The bytes of a regular file, as the system says; files of `/proc` have none.
    fn length(&self) -> Option<usize> {
        let Self::Path(path) = self else { return None };
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        usize::try_from(metadata.len()).ok()
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

/// Creates a directory with its parents; one that is there is kept.
///
/// # Errors
/// When the disk refuses.
pub fn create_directory(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path)
        .map_err(|source| FileError::Write { path: path.display().to_string(), source })
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
    fn a_byte_order_mark_is_skipped_and_utf_16_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("text");
        let source = Source::Path(path.clone());
        fs::write(&path, b"\xef\xbb\xbf{}").unwrap();
        assert_eq!(source.read().unwrap(), b"{}");
        assert_eq!(source.read_secret().unwrap().as_slice(), b"{}");
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
        for length in [0, 1, 4096, SECRET_LIMIT] {
            fs::write(&path, vec![b'x'; length]).unwrap();
            let secret = source.read_secret().unwrap();
            assert_eq!((secret.len(), secret.capacity()), (length, length + 64));
        }
        // A file that says it has no bytes and has some.
        #[cfg(target_os = "linux")]
        assert!(!Source::from("/proc/self/status").read_secret().unwrap().is_empty());
    }
}
