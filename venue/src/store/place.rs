//! Where a store is.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a store is: a file, or a PostgreSQL database.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// An SQLite database in a file.
    File(PathBuf),
    /// A PostgreSQL database, by its URL.
    Postgres(String),
}

/// A text that names no store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// Another kind of database.
    #[error("allowed are the name of a file (sqlite:FILE) and postgres://USER@HOST/DATABASE")]
    Unsupported,
    /// The name of the present directory, or of none.
    #[error("a file's name is missing")]
    Empty,
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path = text.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
        let path = match path {
            Some(_) if text.starts_with("sqlite:///") => text.trim_start_matches("sqlite://"),
            Some(path) => path,
            None if text.contains("://") => return Err(PlaceError::Unsupported),
            None => text,
        };
        match path.is_empty() || path == ":memory:" {
            true => Err(PlaceError::Empty),
            false => Ok(Self::File(path.into())),
        }
    }
}

impl Place {
    /// Whether the URL holds a password: other users of a machine see arguments.
    pub fn has_password(&self) -> bool {
        let Self::Postgres(url) = self else { return false };
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.is_some_and(|user| user.contains(':')) || url.contains("password=")
    }

    /// The URL that `sqlx` takes.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Postgres(url) => url.clone(),
            Self::File(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let mut text = String::from("sqlite://");
                for c in path.to_string_lossy().chars() {
                    match c {
                        '%' => text.push_str("%25"),
                        '?' => text.push_str("%3F"),
                        '#' => text.push_str("%23"),
                        c => text.push(c),
                    }
                }
                text.push_str("?mode=rw");
                text
            }
        }
    }
}

/// Without user and password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", ""));
                let rest = rest.split('?').next().unwrap_or_default();
                write!(f, "{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

/// An empty file that its owner alone can read, where there is none.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_urls_are_told_apart() {
        let file = |text: &str| Place::File(text.into());
        assert_eq!("venue.db".parse(), Ok(file("venue.db")));
        assert_eq!("sqlite:venue.db".parse(), Ok(file("venue.db")));
        assert_eq!("sqlite://venue.db".parse(), Ok(file("venue.db")));
        assert_eq!("sqlite:///tmp/venue.db".parse(), Ok(file("/tmp/venue.db")));
        for text in ["", "sqlite:", "sqlite::memory:"] {
            assert_eq!(text.parse::<Place>(), Err(PlaceError::Empty), "{text}");
        }
        assert_eq!("mysql://host/db".parse::<Place>(), Err(PlaceError::Unsupported));
        assert_eq!(file("/tmp/a?b%.db").url(), "sqlite:///tmp/a%3Fb%25.db?mode=rw");
    }

    #[test]
    fn passwords_are_noticed_and_never_shown() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        for text in ["postgres://me:secret@db/venue", "postgres://db/venue?password=secret"] {
            let place = place(text);
            assert!(place.has_password());
            assert!(!format!("{place} {place:?}").contains("secret"));
        }
        assert!(!place("postgres://me@db:5432/venue").has_password());
        assert_eq!(place("postgres://me@db:5432/venue").to_string(), "postgres://db:5432/venue");
    }
}
