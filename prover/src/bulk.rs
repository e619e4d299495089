//! Many files at once: which ones are meant, and work on all of them with all
//! cores, where one that fails need not stop the others.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::files::{FileError, Source};

/// What a directory is searched for.
pub const EXTENSIONS: [&str; 2] = ["age", "json"];

/// Why nothing says which files are meant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BulkError {
    /// A list or directory that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A directory without such files.
    #[error("{} holds no file that ends in .age or .json", .0.display())]
    EmptyDirectory(PathBuf),
    /// A list that names no file.
    #[error("{0} names no file: give one name a line")]
    EmptyList(String),
    /// A list that is no text.
    #[error("{0} is no list of files: it is not UTF-8 text")]
    NotText(String),
    /// Neither files nor lists.
    #[error("no file is named")]
    Nothing,
}

/// The files that arguments name: a file is itself, a directory is the `.age` and
/// `.json` files in it by name, and a list names one file a line.
///
/// # Errors
/// When a list or directory cannot be read or names nothing, or nothing is named.
pub fn expand(named: &[Source], lists: &[Source]) -> Result<Vec<Source>, BulkError> {
    let mut sources = Vec::new();
    for source in named {
        match source {
            Source::Path(path) if path.is_dir() => sources.extend(directory(path)?),
            other => sources.push(other.clone()),
        }
    }
    for list in lists {
        sources.extend(listed(list)?);
    }
    match sources.is_empty() {
        true => Err(BulkError::Nothing),
        false => Ok(sources),
    }
}

/// The portfolios in a directory, by name; hidden files are left out.
fn directory(path: &Path) -> Result<Vec<Source>, BulkError> {
    let failed =
        |source| BulkError::File(FileError::Read { path: path.display().to_string(), source });
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let wanted = file.extension().is_some_and(|end| EXTENSIONS.iter().any(|e| end == *e));
        if wanted && !hidden && !file.is_dir() {
            found.push(file);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(BulkError::EmptyDirectory(path.to_path_buf())),
        false => Ok(found.into_iter().map(Source::Path).collect()),
    }
}

/// The files that a list names; empty lines say nothing.
fn listed(list: &Source) -> Result<Vec<Source>, BulkError> {
    let bytes = list.read()?;
    let text = std::str::from_utf8(&bytes).map_err(|_| BulkError::NotText(list.to_string()))?;
    let names = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let sources: Vec<_> = names.map(|name| Source::Path(name.into())).collect();
    match sources.is_empty() {
        true => Err(BulkError::EmptyList(list.to_string())),
        false => Ok(sources),
    }
}

/// What became of one of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<R, E> {
    /// It was done.
    Done(R),
    /// It failed.
    Failed(E),
    /// One that failed before it stopped everything.
    NotTried,
}

impl<R, E> Outcome<R, E> {
    /// The error.
    pub fn error(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// Works on many with all cores; one outcome for each, in their order. With
/// `keep_going` one that fails stops no other; without, those that are not begun
/// yet are not tried. `make` makes what a thread needs to work, such as keys that
/// cannot be shared.
pub fn for_each<T, S, R, E>(
    items: &[T],
    keep_going: bool,
    make: impl Fn() -> S + Sync + Send,
    work: impl Fn(&mut S, &T) -> Result<R, E> + Sync + Send,
) -> Vec<Outcome<R, E>>
where
    T: Sync,
    R: Send,
    E: Send,
{
    let stopped = AtomicBool::new(false);
    let one = |state: &mut S, item: &T| {
        if stopped.load(Ordering::Relaxed) {
            return Outcome::NotTried;
        }
        match work(state, item) {
            Ok(result) => Outcome::Done(result),
            Err(error) => {
                stopped.fetch_or(!keep_going, Ordering::Relaxed);
                Outcome::Failed(error)
            }
        }
    };
    items.par_iter().map_init(make, one).collect()
}

/// Works on many one after the other, where somebody may have to be asked; else as
/// [`for_each`].
pub fn in_order<T, R, E>(
    items: &[T],
    keep_going: bool,
    mut work: impl FnMut(&T) -> Result<R, E>,
) -> Vec<Outcome<R, E>> {
    let mut stopped = false;
    let one = |item| {
        if stopped {
            return Outcome::NotTried;
        }
        match work(item) {
            Ok(result) => Outcome::Done(result),
            Err(error) => {
                stopped = !keep_going;
                Outcome::Failed(error)
            }
        }
    };
    items.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_directories_and_lists_name_files() {
        let directory = tempfile::tempdir().unwrap();
        let name = |name: &str| directory.path().join(name);
        let source = |name: &str| Source::Path(directory.path().join(name));
        assert!(matches!(
            expand(&[Source::Path(directory.path().into())], &[]),
            Err(BulkError::EmptyDirectory(_))
        ));
        for file in ["b.age", "a.json", "notes.txt", ".hidden.age"] {
            fs::write(name(file), "x").unwrap();
        }
        fs::create_dir(name("sub.age")).unwrap();
        fs::write(name("list"), "one.age\n\ntwo with space.age\n").unwrap();
        let files = expand(
            &[Source::Path(directory.path().into()), Source::from("single")],
            &[source("list")],
        )
        .unwrap();
        let expected = [
            source("a.json"),
            source("b.age"),
            Source::from("single"),
            Source::from("one.age"),
            Source::from("two with space.age"),
        ];
        assert_eq!(files, expected);
        assert!(matches!(expand(&[], &[]), Err(BulkError::Nothing)));
        fs::write(name("empty"), "\n").unwrap();
        assert!(matches!(expand(&[], &[source("empty")]), Err(BulkError::EmptyList(_))));
        fs::write(name("binary"), b"\xc3\x28\xa0").unwrap();
        assert!(matches!(expand(&[], &[source("binary")]), Err(BulkError::NotText(_))));
    }

    #[test]
    fn one_that_fails_stops_the_others_only_when_asked_to() {
        let items: Vec<u32> = (0..100).collect();
        let odd = |_: &mut (), item: &u32| if item % 7 == 3 { Err(*item) } else { Ok(item * 2) };
        let all = for_each(&items, true, || (), odd);
        assert_eq!(all.iter().filter_map(Outcome::error).count(), 14);
        assert_eq!((&all[3], &all[4]), (&Outcome::Failed(3), &Outcome::Done(8)));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let stopped = pool.install(|| for_each(&items, false, || (), odd));
        assert_eq!(stopped.iter().filter_map(Outcome::error).count(), 1);
        assert!(stopped.contains(&Outcome::NotTried));
        assert_eq!(in_order(&items, true, |item| odd(&mut (), item)), all);
        let first = in_order(&items, false, |item| odd(&mut (), item));
        assert_eq!(first[2..5], [Outcome::Done(4), Outcome::Failed(3), Outcome::NotTried]);
    }
}
