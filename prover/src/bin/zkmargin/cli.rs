//! The command line: what can be said, and how a run ends.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use zkmargin_margin::shape::ProofSystem;

use crate::cmd;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::output::{Output, stderr_line};
use crate::profile::{self, Found};
use crate::progress::Progress;

/// Exit codes, and where secrets may come from.
const AFTER_HELP: &str = "\
Exit codes:
  0  done; the proof is valid; the account is not called
  1  the relation is false, or a proof is invalid or about something else
  2  usage or input error; nobody told what a proof must be about (`verify`)
  3  margin call (`call status`, `evm status`)
  4  a valid proof that an account is below a level (`verify`)

Environment:
  ZKMARGIN_IDENTITY    age identity (AGE-SECRET-KEY-1...), for CI secrets
  ZKMARGIN_PASSPHRASE  passphrase, where no terminal can ask for it
  ZKMARGIN_CONTEXT     deployment, as for --context
  ZKMARGIN_CACHE_DIR   where proving parameters and keys are kept
  ZKMARGIN_EVM_KEY     key that sends transactions (`evm`) or signs epochs (`epoch sign`)
  ZKMARGIN_EVM_PASSWORD  password of a keystore with that key
  ZKMARGIN_RPC_URL     RPC endpoint of a chain, as for --rpc-url
  ZKMARGIN_SRS_DIR     where powers of tau are kept (`zkmargin srs`)
  ZKMARGIN_CONFIG      file of profiles (`zkmargin config`)
  ZKMARGIN_PROFILE     profile in it, as for --profile
  VISUAL, EDITOR       editor of `zkmargin edit`

Secrets are never arguments: other users of a machine can see those.
A file named `-` is standard input or output.";

/// Zero-knowledge margin proofs: prove that a private portfolio meets its
/// margin requirement, and nothing else about it.
#[derive(Debug, Parser)]
#[command(name = "zkmargin", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    /// Write the result as one JSON document on standard output
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
    /// Say nothing but results and errors; errors then show no figures of the
    /// portfolio
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
    /// Say more about sizes, files and times; never about the portfolio
    #[arg(short, long, global = true, conflicts_with = "quiet", help_heading = "Output")]
    verbose: bool,
    /// Proof system: ipa (default, no set-up) or kzg (verified by contracts).
    /// Files say which one they are of; one that is of another is refused
    #[arg(long, global = true, value_name = "SYSTEM")]
    proof_system: Option<ProofSystem>,
    /// Profile that fills in what is not said (`zkmargin config`)
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the whole story on a real example, in a directory of its own
    Demo(cmd::demo::Args),
    /// Make an identity that portfolios are encrypted to
    Keygen(cmd::keygen::Args),
    /// Encrypt a portfolio
    Encrypt(cmd::encrypt::Args),
    /// Write the plain text of an encrypted portfolio
    Decrypt(cmd::decrypt::Args),
    /// Change an encrypted portfolio in an editor, leaving no plain text behind
    Edit(cmd::edit::Args),
    /// Encrypt a portfolio to other recipients
    Rekey(cmd::rekey::Args),
    /// Show what a portfolio file reveals: to everyone, or to its owner
    Inspect(cmd::inspect::Args),
    /// Turn a venue's own files into portfolios, models and prices
    #[command(subcommand)]
    Import(cmd::import::Command),
    /// Make and check public markets
    #[command(subcommand)]
    Market(cmd::market::Command),
    /// Epochs as publishers sign them: roots, model, time and move of prices
    #[command(subcommand)]
    Epoch(cmd::epoch::Command),
    /// Account trees of a venue
    #[command(subcommand)]
    Venue(cmd::venue::Command),
    /// Compute a portfolio's margin natively, with no proof
    Margin(cmd::margin::Args),
    /// Mark a portfolio under moves of prices and volatility, and say where its
    /// margin call would come
    Stress(cmd::stress::Args),
    /// What a trade or a deposit would do to margin, level and liquidation price
    Whatif(cmd::whatif::Args),
    /// Hold value at risk and expected shortfall of a book against the past
    Backtest(cmd::backtest::Args),
    /// Prove statements about encrypted portfolios
    Prove(cmd::prove::Args),
    /// Prove that a change of an account's portfolio keeps a level, telling nothing
    /// else of it
    ProveChange(cmd::prove_change::Args),
    /// Prove that what an account holds at several venues meets a level, taken together
    ProveNetted(cmd::prove_netted::Args),
    /// Verify proofs
    Verify(Box<cmd::verify::Args>),
    /// Prove in every new epoch, and submit the proofs
    Watch(cmd::watch::Args),
    /// Committees that can open the portfolio behind a proof, when enough members
    /// agree
    #[command(subcommand)]
    Committee(cmd::committee::Command),
    /// Open the portfolio of one proof by its owner's viewing key
    Disclose(cmd::committee::DiscloseArgs),
    /// Margin calls: a ledger of accounts, proofs, calls and cures
    #[command(subcommand)]
    Call(cmd::call::Command),
    /// Margin calls by contracts on an EVM chain
    #[command(subcommand)]
    Evm(cmd::evm::Command),
    /// Derive the account of an owner and a subaccount: an address, dydx1..., a
    /// Solana key
    Account(cmd::account::Args),
    /// Verifying keys for contracts and pages
    #[command(subcommand)]
    Key(cmd::key::Command),
    /// Powers of tau for --proof-system kzg
    #[command(subcommand)]
    Srs(cmd::srs::Command),
    /// Run published margin cases and compare
    Conformance(cmd::conformance::Args),
    /// Show what each size of the circuit costs
    Cost(cmd::cost::Args),
    /// Write the JSON Schema of a file
    Schema(cmd::schema::Args),
    /// Show the profile in use, and the form of its file
    Config(cmd::config::Args),
    /// Write completions for a shell
    Completions(cmd::completions::Args),
    /// Write the manual pages
    #[command(hide = true)]
    Man(cmd::man::Args),
}

/// Parses, runs, and turns the end into an exit code.
pub(crate) fn run() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let profile = profile::find(&words);
    // A profile that cannot be read is told once it is known how: help needs none.
    let filled = profile.as_ref().ok().and_then(Option::as_ref);
    let cli = match parse(&words, filled) {
        Ok(cli) => cli,
        Err(error) => {
            // What a profile would have filled in is missing for that reason.
            if let (true, Err(reason)) = (error.use_stderr(), profile) {
                let out = Output::new(asks_for_json(words.into_iter()), false, false);
                return report(&reason.into(), out);
            }
            // Help and version are results; everything else is a usage error.
            let _ = error.print();
            if !error.use_stderr() {
                return Exit::Done.into();
            }
            if asks_for_json(words.into_iter()) {
                usage_as_json(&error);
            }
            return Exit::Usage.into();
        }
    };
    let out = Output::new(cli.json, cli.quiet, cli.verbose);
    let env = Env { out, progress: Progress::new(cli.quiet), proof_system: cli.proof_system };
    let ended = match (profile, cli.command) {
        (Err(error), _) => Err(error.into()),
        (Ok(found), Command::Config(_)) => cmd::config::run(found, env),
        (Ok(_), command) => dispatch(command, env),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => report(&error, out),
    }
}

/// Reads a command line; a profile fills in what it does not say.
fn parse(words: &[OsString], profile: Option<&Found>) -> Result<Cli, clap::Error> {
    let command = match profile {
        Some(found) => found.profile.fill(Cli::command()),
        None => Cli::command(),
    };
    Cli::from_arg_matches(&command.try_get_matches_from(words)?)
}

/// Whether a command line that cannot be read asks for JSON all the same.
fn asks_for_json(words: impl Iterator<Item = OsString>) -> bool {
    words.skip(1).take_while(|word| word != "--").any(|word| word == "--json")
}

/// A usage error as the one document that `--json` promises.
fn usage_as_json(error: &clap::Error) {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let hint = "see --help";
    let document = serde_json::json!({
        "error": { "message": message, "hint": hint, "exit": Exit::Usage as u8 }
    });
    let _ = Output::new(true, false, false).result(&document, |_| Vec::new());
}

fn dispatch(command: Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Demo(args) => cmd::demo::run(&args, env, run_line),
        Command::Conformance(args) => cmd::conformance::run(&args, env),
        Command::Keygen(args) => cmd::keygen::run(&args, env),
        Command::Encrypt(args) => cmd::encrypt::run(&args, env),
        Command::Decrypt(args) => cmd::decrypt::run(&args, env),
        Command::Edit(args) => cmd::edit::run(&args, env),
        Command::Rekey(args) => cmd::rekey::run(&args, env),
        Command::Inspect(args) => cmd::inspect::run(&args, env),
        Command::Import(command) => cmd::import::run(&command, env),
        Command::Market(command) => cmd::market::run(&command, env),
        Command::Epoch(command) => cmd::epoch::run(&command, env),
        Command::Account(args) => cmd::account::run(&args, env),
        Command::Venue(command) => cmd::venue::run(&command, env),
        Command::Margin(args) => cmd::margin::run(&args, env),
        Command::Stress(args) => cmd::stress::run(&args, env),
        Command::Whatif(args) => cmd::whatif::run(&args, env),
        Command::Backtest(args) => cmd::backtest::run(&args, env),
        Command::Prove(args) => cmd::prove::run(&args, env),
        Command::ProveChange(args) => cmd::prove_change::run(&args, env),
        Command::ProveNetted(args) => cmd::prove_netted::run(&args, env),
        Command::Verify(args) => cmd::verify::run(&args, env),
        Command::Committee(command) => cmd::committee::run(&command, env),
        Command::Disclose(args) => cmd::committee::disclose(&args, env),
        Command::Call(command) => cmd::call::run(&command, env),
        Command::Evm(command) => cmd::evm::run(&command, env),
        Command::Key(command) => cmd::key::run(&command, env),
        Command::Srs(command) => cmd::srs::run(&command, env),
        Command::Cost(args) => cmd::cost::run(&args, env),
        Command::Watch(args) => cmd::watch::run(&args, env, run_line),
        Command::Schema(args) => cmd::schema::run(&args, env),
        // With the profile's file, where that is known.
        Command::Config(_) => cmd::config::run(None, env),
        Command::Completions(args) => cmd::completions::run(&args, Cli::command(), env),
        Command::Man(args) => cmd::man::run(&args, Cli::command(), env),
    }
}

/// Runs a command line inside this process, as `demo` does.
fn run_line(words: &[String], env: Env) -> Result<Exit, Error> {
    let words = std::iter::once("zkmargin").chain(words.iter().map(String::as_str));
    let cli =
        Cli::try_parse_from(words).map_err(|_| Error::Usage("a command that this one runs"))?;
    dispatch(cli.command, Env { proof_system: cli.proof_system, ..env })
}

/// Tells what went wrong and what to do next.
fn report(error: &Error, out: Output) -> ExitCode {
    let message = error.message(!out.is_quiet());
    let hint = error.hint();
    if out.is_json() {
        let _ = out.result(
            &serde_json::json!({
                "error": { "message": message, "hint": hint, "exit": error.exit() as u8 }
            }),
            |_| Vec::new(),
        );
    }
    stderr_line(&format!("error: {message}"));
    if let Some(hint) = hint {
        stderr_line(&format!("hint: {hint}"));
    }
    error.exit().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
