//! Writing files: in one step, and through what is no regular file.
//!
//! A write goes to a temporary file in the same directory, is flushed to disk
//! and then takes its place in one step, so a reader sees the old file or the
//! new one and never half of it. A secret is readable by its owner alone and is
//! never overwritten. Symbolic links are followed, and stay. Pipes, terminals and
//! character devices are written to as they are; a disk never is.

use std::fs::{self, FileType, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::FileError;

/// Links that are followed to a file that is not there yet, as many as Linux
/// follows.
const MAX_LINKS: usize = 40;

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

impl Kind {
    const fn replaces(self) -> bool {
        matches!(self, Self::Replace | Self::PrivateReplace)
    }

    /// The error where a file is there that may not be replaced.
    fn exists(self, path: &Path) -> FileError {
        match self {
            Self::Secret => FileError::SecretExists(path.into()),
            _ => FileError::Exists(path.into()),
        }
    }
}

/// Where bytes go.
enum Target {
    /// A file at the end of all links, replaced or made in one step.
    File(PathBuf),
    /// A pipe, a terminal or a character device: nothing of it is replaced.
    Special,
}

/// Refuses early what [`write_atomic`] would refuse to write to, before the work
/// that makes the bytes.
///
/// # Errors
/// When a file is there that may not be replaced, or is no place for one.
pub fn refuse_target(path: &Path, kind: Kind) -> Result<(), FileError> {
    target(path, kind).map(|_| ())
}

/// Writes a whole file in one step, or to the pipe or device that is there.
///
/// # Errors
/// When the file exists and may not be replaced, is a directory or a disk, or
/// the system refuses.
pub fn write_atomic(path: &Path, bytes: &[u8], kind: Kind) -> Result<(), FileError> {
    let failed = |source| failed(path, source);
    let target = match target(path, kind)? {
        Target::File(target) => target,
        Target::Special => {
            // It is there already: nothing is created, and nothing cut off.
            let open = OpenOptions::new().write(true).open(path);
            return open.and_then(|mut file| file.write_all(bytes)).map_err(failed);
        }
    };
    let directory = match target.parent() {
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
    if kind.replaces() {
        file.persist(&target).map_err(|error| failed(error.error))?;
        return Ok(());
    }
    file.persist_noclobber(&target).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => kind.exists(path),
        _ => failed(error.error),
    })?;
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> FileError {
    FileError::Write { path: path.display().to_string(), source }
}

fn target(path: &Path, kind: Kind) -> Result<Target, FileError> {
    let found = match fs::metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Target::File(end_of_links(path).map_err(|e| failed(path, e))?));
        }
        Err(error) => return Err(failed(path, error)),
    };
    if found.is_dir() {
        return Err(FileError::Directory(path.into()));
    }
    if !found.is_file() {
        return match (is_block_device(found), kind) {
            (true, _) => Err(FileError::BlockDevice(path.into())),
            (false, Kind::Secret) => Err(FileError::SecretToSpecial(path.into())),
            (false, _) => Ok(Target::Special),
        };
    }
    match kind.replaces() {
        true => Ok(Target::File(fs::canonicalize(path).map_err(|e| failed(path, e))?)),
        false => Err(kind.exists(path)),
    }
}

/// Where a path leads that names no file yet: itself, or what a link points to.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut end = path.to_path_buf();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&end) {
            Ok(metadata) if metadata.is_symlink() => {
                let next = fs::read_link(&end)?;
                end = end.parent().map_or(next.clone(), |parent| parent.join(&next));
            }
            _ => return Ok(end),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

#[cfg(unix)]
fn is_block_device(found: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    found.is_block_device()
}

#[cfg(not(unix))]
fn is_block_device(_: FileType) -> bool {
    false
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
    fn directories_are_no_files() {
        let directory = tempfile::tempdir().unwrap();
        for kind in [Kind::New, Kind::Replace, Kind::Secret, Kind::Private, Kind::PrivateReplace] {
            for refused in
                [refuse_target(directory.path(), kind), write_atomic(directory.path(), b"x", kind)]
            {
                assert!(matches!(refused, Err(FileError::Directory(_))), "{refused:?}");
            }
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_stay() {
        use std::os::unix::fs::symlink;
        let directory = tempfile::tempdir().unwrap();
        let name = |name: &str| directory.path().join(name);
        fs::create_dir(name("elsewhere")).unwrap();
        // One to a file that is not there yet, by way of another link.
        symlink("elsewhere/file", name("inner")).unwrap();
        symlink("inner", name("link")).unwrap();
        write_atomic(&name("link"), b"one", Kind::New).unwrap();
        assert!(matches!(
            write_atomic(&name("link"), b"two", Kind::New),
            Err(FileError::Exists(_))
        ));
        write_atomic(&name("link"), b"two", Kind::Replace).unwrap();
        assert_eq!(fs::read(name("elsewhere/file")).unwrap(), b"two");
        assert!(fs::symlink_metadata(name("link")).unwrap().is_symlink());
        assert_eq!(fs::read_dir(name("elsewhere")).unwrap().count(), 1, "no temporary file stays");
        let secret = write_atomic(&name("link"), b"key", Kind::Secret);
        assert!(matches!(secret, Err(FileError::SecretExists(_))));
        symlink("circle", name("circle")).unwrap();
        assert!(matches!(
            write_atomic(&name("circle"), b"x", Kind::Replace),
            Err(FileError::Write { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn pipes_are_written_to_and_stay() {
        use std::os::unix::fs::FileTypeExt as _;
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for kind in [Kind::New, Kind::Replace, Kind::Private] {
            let reader = std::thread::spawn({
                let fifo = fifo.clone();
                move || fs::read(fifo).unwrap()
            });
            write_atomic(&fifo, b"through", kind).unwrap();
            assert_eq!(reader.join().unwrap(), b"through");
        }
        let secret = write_atomic(&fifo, b"key", Kind::Secret);
        assert!(matches!(secret, Err(FileError::SecretToSpecial(_))));
        assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
    }

    /// As `/dev/stdout` and `/dev/fd/63` of a shell are: a path to something open
    /// that has no name, in a file system where nothing can be created.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_has_no_name_is_written_to() {
        use std::io::Read as _;
        use std::os::fd::AsRawFd as _;
        let (mut reader, writer) = io::pipe().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let device = directory.path().join("device");
        let open = format!("/proc/self/fd/{}", writer.as_raw_fd());
        std::os::unix::fs::symlink(&open, &device).unwrap();
        write_atomic(Path::new(&open), b"one", Kind::New).unwrap();
        write_atomic(&device, b"two", Kind::Replace).unwrap();
        drop(writer);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert_eq!(read, b"onetwo");
        assert!(fs::symlink_metadata(&device).unwrap().is_symlink());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
