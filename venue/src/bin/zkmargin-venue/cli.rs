//! The command line: what can be said, and how a run ends.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cmd;
use crate::error::{Error, Exit};
use crate::input::Env;
use crate::output::{Output, stderr_line};

/// Exit codes, and where secrets may come from.
const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  some of many were refused, or what is stored is not what it says
  2  usage or input error

Environment:
  ZKMARGIN_VENUE_STORE  the store, as for --store; a URL may have its password here
  ZKMARGIN_IDENTITY     age identity (AGE-SECRET-KEY-1...)
  ZKMARGIN_PASSPHRASE   passphrase of an encrypted identity file
  ZKMARGIN_CACHE_DIR    where proving parameters and keys are kept

Every command can be started again after it was killed: it goes on where it was.";

/// A venue of private portfolios in a database: bulk commitments, roots, screening and
/// proofs, a service for traders, a farm of provers.
#[derive(Debug, Parser)]
#[command(name = "zkmargin-venue", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    /// The venue's database: a file (SQLite), or postgres://USER@HOST/DATABASE
    /// [default: venue.db]
    #[arg(long, global = true, value_name = "FILE|URL")]
    store: Option<String>,
    /// Write the result as one JSON document on standard output
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a venue: a database of one deployment and one proof system
    Init(cmd::init::Args),
    /// The keys that portfolios are encrypted to, and their rotation
    #[command(subcommand)]
    Keys(cmd::keys::Command),
    /// Encrypt plain portfolios, one file each
    Encrypt(cmd::encrypt::Args),
    /// Commit to encrypted portfolios and store them
    Commit(cmd::commit::Args),
    /// Make the next epoch: the root over all accounts, and its market
    Root(cmd::root::Args),
    /// Write the membership paths of the last epoch, one file each
    Paths(cmd::paths::Args),
    /// Say which accounts are under which level
    Screen(cmd::screen::Args),
    /// Prove the same of every account
    Prove(cmd::prove::Args),
    /// The accounts and proofs on a ledger of margin calls
    #[command(subcommand)]
    Ledger(cmd::ledger::Command),
    /// Share a loss over winners in proportion to their equity
    #[command(subcommand)]
    Deleverage(cmd::deleverage::Command),
    /// Serve epochs, markets, paths and proofs over HTTP
    Serve(cmd::serve::Args),
    /// Prove on many machines
    #[command(subcommand)]
    Farm(cmd::farm::Command),
    /// Say what the store holds
    Status,
}

/// Parses, runs, and turns the end into an exit code.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let out = Output { json: cli.json, quiet: cli.quiet };
    let env = Env { out, store: cli.store };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .map_err(Error::Runtime)
        .and_then(|runtime| runtime.block_on(dispatch(cli.command, &env)));
    match result {
        Ok(exit) => exit.into(),
        Err(error) => report(&error, out),
    }
}

async fn dispatch(command: Command, env: &Env) -> Result<Exit, Error> {
    match command {
        Command::Init(args) => cmd::init::run(&args, env).await,
        Command::Keys(command) => cmd::keys::run(&command, env).await,
        Command::Encrypt(args) => cmd::encrypt::run(&args, env).await,
        Command::Commit(args) => cmd::commit::run(&args, env).await,
        Command::Root(args) => cmd::root::run(&args, env).await,
        Command::Paths(args) => cmd::paths::run(&args, env).await,
        Command::Screen(args) => cmd::screen::run(&args, env).await,
        Command::Prove(args) => cmd::prove::run(&args, env).await,
        Command::Ledger(command) => cmd::ledger::run(&command, env).await,
        Command::Deleverage(command) => cmd::deleverage::run(&command, env),
        Command::Serve(args) => cmd::serve::run(&args, env).await,
        Command::Farm(command) => cmd::farm::run(&command, env).await,
        Command::Status => cmd::status::run(env).await,
    }
}

/// Tells what went wrong and what to do next.
fn report(error: &Error, out: Output) -> ExitCode {
    let (message, hint) = (error.message(), error.hint());
    if out.json {
        let error = serde_json::json!({
            "error": { "message": message, "hint": hint, "exit": error.exit() as u8 }
        });
        let _ = out.result(&error, |_| Vec::new());
    }
    stderr_line(&format!("error: {message}"));
    if let Some(hint) = hint {
        stderr_line(&format!("hint: {hint}"));
    }
    error.exit().into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
