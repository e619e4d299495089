//! The `zkmargin-venue` command.
// An error is made once in a run, at its end.
#![allow(clippy::result_large_err)]

mod cli;
mod cmd;
mod error;
mod input;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic is a bug; its message could carry a value, so only its place is told.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        output::stderr_line(&format!("internal error at {place}: please report it"));
    }));
    cli::run()
}
