//! The `zkmargin` command.

mod amounts;
mod circuit;
mod cli;
mod cmd;
mod env;
mod error;
mod evm_key;
mod input;
mod keys;
mod output;
mod params;
mod picture;
mod profile;
mod progress;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic is a bug; its message could carry a value, so only its place is told.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        output::stderr_line(&format!("internal error at {place}: please report it"));
    }));
    cli::run()
}
