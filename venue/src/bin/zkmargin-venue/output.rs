//! Results on standard output, what is said on the way on standard error.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::Error;

/// How results are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Output {
    /// A result: `value` with `--json`, else the lines.
    pub(crate) fn result<T: Serialize>(
        self,
        value: &T,
        lines: impl FnOnce(&T) -> Vec<String>,
    ) -> Result<(), Error> {
        let mut text = match self.json {
            true => serde_json::to_string(value).map_err(|_| Error::Output)?,
            false => lines(value).iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n"),
        };
        text.push('\n');
        self.bytes(text.as_bytes())
    }

    /// Bytes on standard output. A reader that went away is not an error.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Error> {
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

    /// One of many that was refused: told even where nothing else is.
    pub(crate) fn refused(self, which: impl Display, problem: impl Display) {
        stderr_line(&format!("{which}: {problem}"));
    }

    /// The progress of so many.
    pub(crate) fn progress(self, what: &'static str, total: Option<u64>) -> Progress {
        let now = Instant::now();
        Progress { out: self, what, total, done: 0, start: now, told: now }
    }
}

/// Says every few seconds how many are done.
#[derive(Debug)]
pub(crate) struct Progress {
    out: Output,
    what: &'static str,
    total: Option<u64>,
    done: u64,
    start: Instant,
    told: Instant,
}

/// How often progress is told.
const TELL: Duration = Duration::from_secs(5);

impl Progress {
    /// One more.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        if self.told.elapsed() >= TELL {
            self.told = Instant::now();
            self.tell();
        }
    }

    /// The end.
    pub(crate) fn end(self) {
        self.tell();
    }

    fn tell(&self) {
        let seconds = self.start.elapsed().as_secs_f64();
        let of = self.total.map_or(String::new(), |total| format!(" of {total}"));
        self.out.note(format!("  {}: {}{of} ({seconds:.1} s)", self.what, self.done));
    }
}

/// A line on standard error; nothing can be done when that fails.
pub(crate) fn stderr_line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", printable(text));
}

/// A line with what could command a terminal escaped: files of others are quoted.
fn printable(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        let direction = matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        match c.is_control() || direction {
            true => text.extend(c.escape_unicode()),
            false => text.push(c),
        }
    }
    text
}
