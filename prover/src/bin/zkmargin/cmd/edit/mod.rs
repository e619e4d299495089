//! `zkmargin edit`.

mod place;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::crypt::{self, CryptError};
use zkmargin_prover::files::{Kind, Source, write_atomic};
use zkmargin_prover::portfolio_file::PortfolioDocument;

use super::rekey::destination;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    KeyArgs, RecipientArgs, parse_source, refuse_existing, without_secrets, write_public,
};
use crate::keys::ask_line;
use crate::output::stderr_line;

use place::Place;

/// What is said after the help.
const NOTE: &str = "\
VISUAL or EDITOR names the editor. The plain text is in a directory in memory that is wiped \
when the editor ends, however it ends; the blinding is not shown, and kept. What an editor \
keeps elsewhere of the files it opens is the editor's affair: vim and nvim are told to keep \
nothing. Memory can be swapped to a disk, as that of every program.

A file with one recipient is encrypted to the same again; one with more needs all of them \
named, as an age file does not say who they are.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The encrypted portfolio; it is replaced unless --output is given
    #[arg(value_parser = parse_source)]
    portfolio: Source,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Where the portfolio goes, in place of the file that it came from
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing output file
    #[arg(long, requires = "output")]
    force: bool,
    /// Where no directory is in memory, edit the plain text on the disk: what is
    /// deleted there can often be read again
    #[arg(long)]
    allow_disk: bool,
}

/// Why nothing was edited.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    #[error("no editor: neither VISUAL nor EDITOR is set")]
    NoEditor,
    #[error("no place for the plain text: neither XDG_RUNTIME_DIR nor /dev/shm is in memory")]
    NoMemory,
    #[error("no directory for the plain text can be made: {0}")]
    Place(io::Error),
    #[error("the editor `{editor}` cannot be started: {source}")]
    Start { editor: String, source: io::Error },
    #[error("the editor `{0}` failed; nothing was changed")]
    Failed(String),
    #[error("the edit was interrupted; nothing was changed")]
    Interrupted,
    #[error("blinding: it is kept as it is")]
    Blinding,
    #[error("the plain text may be left in {}", .0.display())]
    Left(PathBuf),
}

impl EditError {
    /// What to do next.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoEditor => "set EDITOR, as in EDITOR=nano",
            Self::NoMemory => "--allow-disk edits it on the disk, where it can be read again later",
            Self::Blinding => "leave the field out; `zkmargin encrypt` draws a new one",
            Self::Left(_) => "remove it",
            Self::Start { .. } | Self::Failed(_) => "check VISUAL and EDITOR",
            Self::Place(_) | Self::Interrupted => return None,
        })
    }
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    output: PathBuf,
    changed: bool,
    recipients: usize,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let (output, force) = destination(&args.portfolio, args.output.as_ref(), args.force)?;
    refuse_existing(&output, force)?;
    let failed = |error| Error::crypt(&args.portfolio, error);
    let file = args.portfolio.read_secret()?;
    if !crypt::is_age(&file) {
        return Err(failed(CryptError::NotAge));
    }
    let keys = args.keys.keys_of(&args.portfolio, &file)?;
    let plain = crypt::decrypt(&file, &keys).map_err(failed)?;
    let before =
        PortfolioDocument::parse(&plain).map_err(|e| Error::portfolio(&args.portfolio, e))?;
    // Whom it goes to is known before the work is done.
    let recipients = args.recipients.again(&args.portfolio, &file, &keys, env)?;
    let after = edited(&before, args)?;
    let changed = after != before;
    let report = Report {
        account: after.account,
        output: output.clone(),
        changed,
        recipients: recipients.count(),
    };
    if !changed && args.output.is_none() && !args.recipients.given() {
        env.out.note("an editor with a window may need a flag to wait, as in `code --wait`");
        env.out.result(&report, |_| vec!["nothing was changed".to_owned()])?;
        return Ok(Exit::Done);
    }
    let armored = crypt::header(&file).map_err(failed)?.armored;
    let sealed = crypt::encrypt(&after.to_json(), &recipients, armored).map_err(failed)?;
    if write_public(&output, &sealed, force, env)? {
        return Ok(Exit::Done);
    }
    env.out.note("blinding kept; the venue must commit to the portfolio anew");
    env.out
        .result(&report, |r| vec![format!("encrypted {} to {}", r.account, r.output.display())])?;
    Ok(Exit::Done)
}

/// The document as its owner leaves it, with the blinding that it had.
fn edited(before: &PortfolioDocument, args: &Args) -> Result<PortfolioDocument, Error> {
    let editor = editor().ok_or(EditError::NoEditor)?;
    let interrupted = Interrupts::caught();
    let place = Place::new(args.allow_disk)?;
    let shown = PortfolioDocument { blinding: None, ..before.clone() };
    write_atomic(&place.file(), &shown.to_text(), Kind::Secret)?;
    let result = loop {
        match open_editor(&editor, &place.file()) {
            Ok(()) if interrupted.any() => break Err(EditError::Interrupted.into()),
            Ok(()) => {}
            Err(error) => break Err(error.into()),
        }
        match read(&place.file(), before, args) {
            Ok(document) => break Ok(document),
            Err(error) => {
                stderr_line(&format!("error: {}", error.message(true)));
                if !again() {
                    break Err(error);
                }
            }
        }
    };
    place.close()?;
    result
}

fn read(path: &Path, before: &PortfolioDocument, args: &Args) -> Result<PortfolioDocument, Error> {
    let text = Source::Path(path.to_path_buf()).read_secret()?;
    let named = |error| Error::portfolio(&args.portfolio, error);
    let mut document = PortfolioDocument::parse(&text).map_err(named)?;
    document.check().map_err(named)?;
    if document.blinding.is_some() {
        return Err(EditError::Blinding.into());
    }
    document.blinding.clone_from(&before.blinding);
    document.ensure_blinding()?;
    Ok(document)
}

/// Whether the owner wants to mend it.
fn again() -> bool {
    let answer = ask_line("Edit it again? (y: yes, n: leave the portfolio as it was) ");
    answer.is_some_and(|answer| answer.to_lowercase().starts_with('y'))
}

/// The editor: a command line, as `git` takes it.
fn editor() -> Option<String> {
    let named = ["VISUAL", "EDITOR"].into_iter().filter_map(|name| std::env::var(name).ok());
    named.map(|text| text.trim().to_owned()).find(|text| !text.is_empty())
}

fn open_editor(editor: &str, file: &Path) -> Result<(), EditError> {
    let failed = |source| EditError::Start { editor: editor.to_owned(), source };
    let mut command = command(editor, file);
    let status = without_secrets(&mut command).status().map_err(failed)?;
    match status.success() {
        true => Ok(()),
        false => Err(EditError::Failed(editor.to_owned())),
    }
}

#[cfg(unix)]
fn command(editor: &str, file: &Path) -> Command {
    let mut command = Command::new("sh");
    let line = format!("{editor}{} \"$1\"", discreet_flags(editor));
    command.args(["-c", &line, "sh"]).arg(file);
    command
}

#[cfg(not(unix))]
fn command(editor: &str, file: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).arg(file);
    command
}

/// What keeps an editor from writing copies elsewhere: swap files, history,
/// backups.
#[cfg(unix)]
fn discreet_flags(editor: &str) -> &'static str {
    let program = editor.split_whitespace().next().unwrap_or_default();
    match Path::new(program).file_name().and_then(|name| name.to_str()) {
        Some("vim" | "nvim") => " -n -i NONE -c 'set noundofile nobackup nowritebackup'",
        _ => "",
    }
}

/// Signals that would end this program before the plain text is wiped: they are
/// noted while the editor runs, which gets them too.
struct Interrupts {
    #[cfg(unix)]
    caught: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Interrupts {
    #[cfg(unix)]
    fn caught() -> Self {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let caught = Self { caught: std::sync::Arc::default() };
        // An editor may use the keys for these two itself.
        let ignored = std::sync::Arc::default();
        for (signal, flag) in [
            (SIGTERM, &caught.caught),
            (SIGHUP, &caught.caught),
            (SIGINT, &ignored),
            (SIGQUIT, &ignored),
        ] {
            // One that cannot be caught leaves a file in memory behind, not on a disk.
            let _ = signal_hook::flag::register(signal, flag.clone());
        }
        caught
    }

    #[cfg(not(unix))]
    fn caught() -> Self {
        Self {}
    }

    #[cfg(unix)]
    fn any(&self) -> bool {
        self.caught.load(std::sync::atomic::Ordering::Relaxed)
    }

    #[cfg(not(unix))]
    fn any(&self) -> bool {
        false
    }
}
