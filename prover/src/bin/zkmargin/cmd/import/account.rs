//! Accounts: secret, whatever the file they come in.

use std::path::PathBuf;

use clap::ArgGroup;
use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_params::import::hyperliquid::{self, ImportedAccount, ImportedPosition};
use zkmargin_params::import::{AccountProblem, ImportError};
use zkmargin_prover::crypt;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::{IsolatedBucket, PortfolioDocument, PositionEntry};

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{RecipientArgs, parse_source, refuse_existing, write_private, write_public};

/// What is said after the help.
const NOTE: &str = "\
The portfolio is written encrypted, or printed with --insecure-plaintext; never both. \
Isolated positions become buckets of their own. A blinding is drawn. The snapshot holds the marks of the account's own positions, so it \
tells which instruments those are: build public markets from prices of the whole venue.";

/// Said when the account chose less leverage than it may.
const LOWERED: &str = "\
positions have less leverage than their coins allow: the venue's initial margin is notional over \
the leverage chosen, and `initial` here, at the largest, is lower; maintenance is the same";

#[derive(Debug, clap::Args)]
#[command(
    after_help = NOTE,
    group(
        ArgGroup::new("results")
            .required(true)
            .multiple(true)
            .args(["output", "insecure_plaintext", "snapshot"])
    )
)]
pub(crate) struct Args {
    /// The account's state
    #[arg(value_parser = parse_source)]
    file: Source,
    /// The account's identifier, for the portfolio
    #[arg(short, long, value_name = "0x...")]
    account: Option<AccountId>,
    #[command(flatten)]
    recipients: RecipientArgs,
    /// Write text instead of bytes
    #[arg(long, requires = "output")]
    armor: bool,
    /// Where the encrypted portfolio goes
    #[arg(short, long, value_name = "FILE", requires = "account")]
    output: Option<PathBuf>,
    /// Print the portfolio on standard output, not encrypted
    #[arg(
        long,
        requires = "account",
        conflicts_with_all = ["output", "recipient", "recipients_file", "passphrase"]
    )]
    insecure_plaintext: bool,
    /// Where the marks go, as a snapshot
    #[arg(short, long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Replace existing output files
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    account: Option<AccountId>,
    output: Option<PathBuf>,
    recipients: Option<usize>,
    snapshot: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    check_outputs(args)?;
    let bytes = args.file.read_secret()?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::NotText(args.file.to_string()))?;
    let imported = hyperliquid::account(text).map_err(|error| Error::account(&args.file, error))?;
    let flat = || Error::account(&args.file, ImportError::Account(AccountProblem::Flat));
    let marks = match (&args.snapshot, &imported.snapshot) {
        (Some(path), Some(snapshot)) => Some((path, snapshot)),
        (Some(_), None) => return Err(flat()),
        (None, _) => None,
    };
    let portfolio = match args.account {
        Some(account) => {
            let mut document = document(account, &imported, imported.cash);
            document.ensure_blinding()?;
            Some(document)
        }
        None => None,
    };
    // Encryption asks for a passphrase: before anything is written.
    let encrypted = match (&portfolio, &args.output) {
        (Some(document), Some(output)) => {
            let recipients = args.recipients.recipients()?;
            let file = crypt::encrypt(&document.to_json(), &recipients, args.armor)
                .map_err(|error| Error::crypt(&args.file, error))?;
            Some((output, file, recipients.count()))
        }
        _ => None,
    };
    let mut stdout_taken = false;
    if let Some((path, snapshot)) = marks {
        let mut json = snapshot.to_json();
        json.push('\n');
        stdout_taken |= write_private(path, json.as_bytes(), args.force, env)?;
        env.out.note("the snapshot tells which instruments the account holds");
    }
    let mut recipients = None;
    if let Some((output, file, count)) = encrypted {
        stdout_taken |= write_public(output, &file, args.force, env)?;
        env.out.note("blinding drawn: the commitment depends on it");
        recipients = Some(count);
    }
    if let (Some(document), true) = (&portfolio, args.insecure_plaintext) {
        let mut json = document.to_json();
        // Its capacity has room for more than any document.
        json.push(b'\n');
        env.out.bytes(&json)?;
        env.out.note("blinding drawn: the commitment depends on it");
        stdout_taken = true;
    }
    if imported.lowered_leverage > 0 {
        env.out.note(LOWERED);
    }
    if !stdout_taken {
        let report = Report {
            account: args.account,
            output: args.output.clone(),
            recipients,
            snapshot: args.snapshot.clone(),
        };
        env.out.result(&report, lines)?;
    }
    Ok(Exit::Done)
}

/// Refuses outputs that cannot all be written, before any of them is.
fn check_outputs(args: &Args) -> Result<(), Error> {
    let is_stdout = |path: &PathBuf| path.as_os_str() == "-";
    let portfolio_on_stdout =
        args.insecure_plaintext || args.output.as_ref().is_some_and(is_stdout);
    if portfolio_on_stdout && args.snapshot.as_ref().is_some_and(is_stdout) {
        return Err(Error::Usage("portfolio and snapshot cannot both go to standard output"));
    }
    if args.output.is_some() && args.output == args.snapshot {
        return Err(Error::Usage("portfolio and snapshot need files of their own"));
    }
    if args.output.is_none() && args.recipients.given() {
        return Err(Error::Usage("an encrypted portfolio needs --output FILE"));
    }
    for path in args.output.iter().chain(&args.snapshot) {
        refuse_existing(path, args.force)?;
    }
    Ok(())
}

/// The portfolio of an account, with so much cash.
pub(crate) fn document(
    account: AccountId,
    imported: &ImportedAccount,
    cash: Decimal,
) -> PortfolioDocument {
    let entry = |held: &ImportedPosition| {
        PositionEntry::new(held.symbol.to_string(), held.size.to_string())
    };
    let positions = imported.positions.iter().map(entry).collect();
    let mut document = PortfolioDocument::new(account, cash.to_string(), positions);
    let isolated = imported
        .isolated
        .iter()
        .map(|bucket| IsolatedBucket::new(bucket.cash.to_string(), vec![entry(&bucket.position)]));
    document.isolated = isolated.collect();
    document
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(account), Some(output)) = (&report.account, &report.output) {
        lines.push(format!("encrypted {account} to {}", output.display()));
    }
    if let Some(snapshot) = &report.snapshot {
        lines.push(format!("marks in {}", snapshot.display()));
    }
    lines
}
