//! A directory for plain text that never reaches a disk, and is wiped.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::EditError;

/// Environment variable with the user's own directory in memory.
const RUNTIME_ENV: &str = "XDG_RUNTIME_DIR";
/// Shared memory, where it is a file system.
const SHARED_MEMORY: &str = "/dev/shm";

/// A directory that its owner alone can look into. Dropping it overwrites and
/// removes every file in it.
pub(super) struct Place {
    dir: TempDir,
}

impl Place {
    /// Makes one in memory; on a disk only where that is allowed.
    pub(super) fn new(allow_disk: bool) -> Result<Self, EditError> {
        let named = std::env::var_os(RUNTIME_ENV).map(PathBuf::from);
        let candidates = named.into_iter().chain([SHARED_MEMORY.into()]);
        let mut in_memory = candidates.filter(|path| path.is_absolute() && is_in_memory(path));
        if let Some(dir) = in_memory.find_map(|path| private_dir(&path).ok()) {
            return Ok(Self { dir });
        }
        match allow_disk {
            true => {
                private_dir(&std::env::temp_dir()).map(|dir| Self { dir }).map_err(EditError::Place)
            }
            false => Err(EditError::NoMemory),
        }
    }

    /// Where the file is that the editor opens.
    pub(super) fn file(&self) -> PathBuf {
        self.dir.path().join("portfolio.json")
    }

    /// Wipes and removes everything, and says so when that is not done.
    pub(super) fn close(self) -> Result<(), EditError> {
        let path = self.dir.path().to_path_buf();
        let wiped = wipe(&path);
        drop(self);
        match wiped.is_ok() && !path.exists() {
            true => Ok(()),
            false => Err(EditError::Left(path)),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be wiped is still removed, with the directory.
        let _ = wipe(self.dir.path());
    }
}

fn private_dir(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("zkmargin-edit-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(parent)
}

/// Overwrites every file with zeros: also the editor's own copies beside it.
fn wipe(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            wipe(&entry.path())?;
        } else if kind.is_file() {
            let mut file = OpenOptions::new().write(true).open(entry.path())?;
            let mut left = file.metadata()?.len();
            let zeros = [0; 4096];
            while left > 0 {
                let part = usize::try_from(left).map_or(zeros.len(), |left| left.min(zeros.len()));
                file.write_all(&zeros[..part])?;
                left -= part as u64;
            }
            file.sync_all()?;
        }
    }
    Ok(())
}

/// Whether a directory is on a file system that has no disk.
#[cfg(target_os = "linux")]
fn is_in_memory(directory: &Path) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    const RAMFS: u64 = 0x8584_58f6;
    rustix::fs::statfs(directory).is_ok_and(|found| {
        // The width and sign of the field differ by platform; the numbers are 32 bits.
        let magic = u64::try_from(i128::from(found.f_type) & 0xffff_ffff).unwrap_or(0);
        matches!(magic, TMPFS | RAMFS)
    })
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left() {
        let place = Place::new(true).unwrap();
        let dir = place.dir.path().to_path_buf();
        fs::write(place.file(), b"secret").unwrap();
        let kept = dir.join(".portfolio.json.swp");
        fs::write(&kept, vec![b'x'; 5_000]).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
        }
        // A second name outlives the directory and shows what is left in the file.
        let outside = tempfile::tempdir_in(dir.parent().unwrap()).unwrap();
        let other = outside.path().join("other");
        fs::hard_link(&kept, &other).unwrap();
        place.close().unwrap();
        assert!(!dir.exists());
        assert_eq!(fs::read(other).unwrap(), vec![0; 5_000]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_is_no_memory() {
        assert!(!is_in_memory(Path::new("/proc")));
        assert!(!is_in_memory(Path::new("/nowhere")));
    }
}
