//! What becomes of an account: an encrypted portfolio, and a snapshot of its marks.

use std::path::PathBuf;

use clap::ArgGroup;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_params::import::{
    AccountProblem, Cost, Funds, Holding, ImportError, IsolatedHolding, VenueAccount,
};
use zkmargin_prover::crypt;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::{
    IsolatedBucket, PortfolioDocument, PositionEntry, SecretText,
};

use super::check::{Against, Checked, check};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{RecipientArgs, refuse_existing, write_private, write_public};

/// Where an account goes.
#[derive(Debug, clap::Args)]
#[command(group(
    ArgGroup::new("results")
        .required(true)
        .multiple(true)
        .args(["output", "insecure_plaintext", "snapshot"])
))]
pub(crate) struct PortfolioArgs {
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

/// What a venue's answer does not say, and a comparison with what it says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AskArgs {
    /// When the venue was asked, in seconds since 1970, for the snapshot: the answers do
    /// not say
    #[arg(short, long, value_name = "SECONDS")]
    pub(super) time: Option<u64>,
    /// Decimals of amounts, as the market's quote currency has: what is held is rounded
    /// down, what is owed or reserved up
    #[arg(long, value_name = "N", default_value_t = 8,
        value_parser = clap::value_parser!(u32).range(0..=12))]
    pub(super) quote_decimals: u32,
    /// A standard model, a shipped one or a file: compare its margin at the account's own
    /// marks with what the venue states. Of Derive's standard margin a settlement model
    #[arg(long, value_name = "MODEL")]
    pub(super) check: Option<String>,
    /// Marks in place of the account's own: of a venue whose answer lacks what its options are
    /// charged on
    #[arg(skip)]
    pub(super) marks: Option<Source>,
}

impl AskArgs {
    /// Of a venue whose answer says all.
    pub(super) const NONE: Self = Self { time: None, quote_decimals: 12, check: None, marks: None };
}

#[derive(Serialize)]
struct Report {
    account: Option<AccountId>,
    output: Option<PathBuf>,
    recipients: Option<usize>,
    snapshot: Option<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checked: Vec<Checked>,
}

/// Writes an account that was read from a file.
pub(super) fn write(
    args: &PortfolioArgs,
    ask: &AskArgs,
    (account, file): (&VenueAccount, &Source),
    answers: &'static str,
    env: Env,
) -> Result<Exit, Error> {
    let failed = |error| Error::account(file, error, answers);
    let marks = match &args.snapshot {
        Some(path) => {
            let snapshot = account.snapshot(ask.time).map_err(failed)?;
            let flat = || failed(ImportError::Account(AccountProblem::Flat));
            Some((path, snapshot.ok_or_else(flat)?))
        }
        None => None,
    };
    // A name that nobody sees, where no portfolio is written.
    let name = args.account.unwrap_or(AccountId::new([0; 20]));
    let mut document = document(name, account, ask.quote_decimals);
    document.ensure_blinding()?;
    let checked = match &ask.check {
        Some(model) => {
            let against = Against { model, marks: ask.marks.as_ref() };
            check(against, account, &document, file)?
        }
        None => Vec::new(),
    };
    // Encryption asks for a passphrase: before anything is written.
    let encrypted = match &args.output {
        Some(output) => {
            let recipients = args.recipients.recipients()?;
            let file = crypt::encrypt(&document.to_json(), &recipients, args.armor)
                .map_err(|error| Error::crypt(file, error))?;
            Some((output, file, recipients.count()))
        }
        None => None,
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
    if args.insecure_plaintext {
        let mut json = document.to_json();
        // Its capacity has room for more than any document.
        json.push(b'\n');
        env.out.bytes(&json)?;
        env.out.note("blinding drawn: the commitment depends on it");
        stdout_taken = true;
    }
    let notes: Vec<_> = account.notes.iter().map(ToString::to_string).collect();
    notes.iter().for_each(|note| env.out.note(note));
    if stdout_taken {
        checked.iter().for_each(|one| env.out.note(one));
    } else {
        let (account, output) = (args.account, args.output.clone());
        let snapshot = args.snapshot.clone();
        let report = Report { account, output, recipients, snapshot, notes, checked };
        env.out.result(&report, lines)?;
    }
    Ok(Exit::Done)
}

/// Refuses outputs that cannot all be written, before any of them is.
pub(super) fn check_outputs(args: &PortfolioArgs) -> Result<(), Error> {
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

/// The portfolio of an account, its amounts with so many decimals.
pub(crate) fn document(
    name: AccountId,
    account: &VenueAccount,
    decimals: u32,
) -> PortfolioDocument {
    let entries = |held: &[Holding]| held.iter().map(|held| entry(held, decimals)).collect();
    let cash = Decimal::ZERO.to_string();
    let mut document = PortfolioDocument::new(name, cash, entries(&account.positions));
    (document.cash, document.balance) = funds(account.funds, decimals);
    let bucket = |held: &IsolatedHolding| {
        let positions = entries(std::slice::from_ref(&held.holding));
        let mut bucket = IsolatedBucket::new(String::new(), positions);
        (bucket.cash, bucket.balance) = funds(held.funds, decimals);
        bucket
    };
    document.isolated = account.isolated.iter().map(bucket).collect();
    if !account.reserved.is_zero() {
        let up = rounded(account.reserved, decimals, RoundingStrategy::ToPositiveInfinity);
        document.reserved = Some(SecretText::new(up));
    }
    document
}

/// Cash and balance, of which one is given.
fn funds(funds: Funds, decimals: u32) -> (Option<SecretText>, Option<SecretText>) {
    let down = |amount| rounded(amount, decimals, RoundingStrategy::ToNegativeInfinity);
    let text = |amount| Some(SecretText::new(down(amount)));
    match funds {
        Funds::Cash(amount) => (text(amount), None),
        Funds::Balance(amount) => (None, text(amount)),
    }
}

fn entry(held: &Holding, decimals: u32) -> PositionEntry {
    let mut entry = PositionEntry::new(held.symbol.to_string(), held.quantity.to_string());
    match held.cost {
        Cost::Nothing => {}
        Cost::EntryPrice(price) => {
            entry.entry_price = Some(SecretText::new(price.normalize().to_string()));
        }
        Cost::Unrealised(profit) => {
            let down = rounded(profit, decimals, RoundingStrategy::ToNegativeInfinity);
            entry.unrealised = Some(SecretText::new(down));
        }
    }
    entry.leverage = held.leverage.map(|leverage| SecretText::new(leverage.to_string()));
    entry
}

fn rounded(amount: Decimal, decimals: u32, strategy: RoundingStrategy) -> String {
    amount.round_dp_with_strategy(decimals, strategy).normalize().to_string()
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(account), Some(output)) = (&report.account, &report.output) {
        lines.push(format!("encrypted {account} to {}", output.display()));
    }
    if let Some(snapshot) = &report.snapshot {
        lines.push(format!("marks in {}", snapshot.display()));
    }
    lines.extend(report.checked.iter().map(ToString::to_string));
    lines
}
