//! What goes to standard output and what to standard error.
//!
//! Results go to standard output: lines for people, or one JSON document with
//! `--json`. Everything said on the way (stages, notes, errors) goes to
//! standard error, and notes are dropped with `--quiet`.

use std::fmt::Display;
use std::io::{self, Write as _};

use serde::Serialize;

use crate::error::Error;

/// How results are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    verbose: bool,
    muted: bool,
    /// Most lines of a result that are shown.
    most: Option<usize>,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool, verbose: bool) -> Self {
        Self { json, quiet, verbose, muted: false, most: None }
    }

    /// An output that says nothing at all, for commands run by other commands.
    pub(crate) fn muted() -> Self {
        Self { json: false, quiet: true, verbose: false, muted: true, most: None }
    }

    /// The same, of whose results the first lines are shown alone.
    pub(crate) fn brief(self, most: usize) -> Self {
        Self { most: Some(most), ..self }
    }

    pub(crate) fn is_verbose(self) -> bool {
        self.verbose
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// A result: `value` with `--json`, else the lines that `lines` makes.
    pub(crate) fn result<T: Serialize>(
        self,
        value: &T,
        lines: impl FnOnce(&T) -> Vec<String>,
    ) -> Result<(), Error> {
        if self.json {
            let mut bytes = serde_json::to_vec(value).map_err(|_| Error::Output)?;
            bytes.push(b'\n');
            return self.bytes(&bytes);
        }
        let mut lines: Vec<_> = lines(value).iter().map(|line| printable(line)).collect();
        // A line in place of one line would shorten nothing.
        if let Some(most) = self.most.filter(|most| lines.len() > most + 1) {
            let left_out = lines.len() - most;
            lines.truncate(most);
            lines.push(format!("... and {left_out} more lines"));
        }
        let mut text = lines.join("\n");
        if text.is_empty() {
            return Ok(());
        }
        text.push('\n');
        self.bytes(text.as_bytes())
    }

    /// Bytes on standard output, as they are. A reader that went away is not an
    /// error.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Error> {
        if self.muted {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output),
            _ => Ok(()),
        }
    }

    /// Something said on the way.
    pub(crate) fn note(self, text: impl Display) {
        if !self.quiet {
            stderr_line(&text.to_string());
        }
    }

    /// A detail for `--verbose`.
    pub(crate) fn detail(self, text: impl Display) {
        if self.verbose && !self.quiet {
            stderr_line(&text.to_string());
        }
    }
}

/// A line on standard error; nothing can be done when that fails.
pub(crate) fn stderr_line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// A line with what could command a terminal or a log's reader escaped: a file of
/// somebody else's may be quoted in it.
pub(crate) fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        match c.is_control() || is_direction(c) {
            true => text.extend(c.escape_unicode()),
            false => text.push(c),
        }
    }
    text
}

/// Whether a character changes the direction or order of those around it.
const fn is_direction(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_command_nothing() {
        assert_eq!(printable("Σ of ö: 1.5 ≥ 1"), "Σ of ö: 1.5 ≥ 1");
        let hostile = "a\u{1b}[2K\n::add-mask::\u{202e}b\u{9b}";
        assert_eq!(printable(hostile), "a\\u{1b}[2K\\u{a}::add-mask::\\u{202e}b\\u{9b}");
    }
}
