//! Stages with their elapsed time: a spinner on a terminal, plain lines
//! elsewhere, nothing with `--quiet`.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::stderr_line;

/// Shows what the command is at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    mode: Mode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Silent,
    Lines,
    Terminal,
    /// A spinner on a terminal, of which nothing stays.
    Passing,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let mode = match (quiet, io::stderr().is_terminal()) {
            (true, _) => Mode::Silent,
            (false, true) => Mode::Terminal,
            (false, false) => Mode::Lines,
        };
        Self { mode }
    }

    /// The same, but nothing of a stage stays once it is over.
    pub(crate) fn passing(self) -> Self {
        match self.mode {
            Mode::Terminal => Self { mode: Mode::Passing },
            _ => Self { mode: Mode::Silent },
        }
    }

    /// Runs a stage and tells how long it took.
    pub(crate) fn stage<T>(self, name: &str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let spins = matches!(self.mode, Mode::Terminal | Mode::Passing);
        let bar = spins.then(|| spinner(name));
        let result = work();
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        if matches!(self.mode, Mode::Lines | Mode::Terminal) {
            stderr_line(&format!("  {name} ({})", seconds(start.elapsed())));
        }
        result
    }
}

fn spinner(name: &str) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A duration for people.
pub(crate) fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
