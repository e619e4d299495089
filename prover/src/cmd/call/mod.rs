//! `zkmargin call`: margin calls on a ledger.

mod actions;
pub(crate) mod epoch;
mod init;
pub(crate) mod policy;
mod queries;

use std::path::PathBuf;

use clap::Subcommand;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::files::Source;
use zkmargin_verifier::engine::{Action, Event, Refusal};
use zkmargin_verifier::ledger::{HistoryEntry, Ledger, LedgerError};

use crate::cli::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, now, parse_source};

/// Where the ledger is, and what time it is.
#[derive(Debug, clap::Args)]
pub(crate) struct LedgerArgs {
    /// The ledger
    #[arg(short, long, value_name = "FILE", env = "ZKMARGIN_LEDGER", hide_env_values = true)]
    ledger: PathBuf,
    /// Time of the action in seconds since 1970, instead of the system's clock
    #[arg(long, value_name = "SECONDS")]
    now: Option<u64>,
}

impl LedgerArgs {
    fn open(&self) -> Result<Ledger, Error> {
        Ledger::open(&self.ledger).map_err(|error| self.failed(error))
    }

    fn now(&self) -> Result<u64, Error> {
        self.now.map_or_else(now, Ok)
    }

    fn failed(&self, source: LedgerError) -> Error {
        if matches!(source, LedgerError::AlreadyExists { .. } | LedgerError::NotFound { .. }) {
            return Error::NoLedger(source);
        }
        Error::Ledger { path: self.ledger.display().to_string(), source }
    }

    fn apply(&self, ledger: &Ledger, action: &Action) -> Result<HistoryEntry, Error> {
        ledger.apply(self.now()?, action).map_err(|error| self.failed(error))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a ledger with the rules of a deployment
    Init(init::Args),
    /// Post an epoch: its market and its state root
    Post(actions::Post),
    /// Register an account
    Register(AccountArgs),
    /// Verify proofs and apply them: at-least proofs keep an account current,
    /// below proofs call it
    Submit(ProofArgs),
    /// Show accounts; exits with 3 when one is called or liquidatable
    Status(queries::Status),
    /// List accounts whose proof is overdue, or call them
    Overdue(queries::Overdue),
    /// Verify a proof and cure a margin call by it
    Cure(ProofArgs),
    /// Record that the deadline of a call has passed
    Liquidate(AccountArgs),
    /// Close an account: it was liquidated, or it leaves
    Close(AccountArgs),
    /// Take a liquidatable account back; it must prove itself again
    Reinstate(AccountArgs),
    /// Accept a margin model
    Accept(actions::ModelArgs),
    /// Accept a margin model no longer
    Revoke(actions::ModelArgs),
    /// Halt: no new calls, and the clock of open ones stops
    Pause(LedgerArgs),
    /// End a halt and confirm the latest epoch
    Resume(LedgerArgs),
    /// Show what happened
    History(queries::History),
    /// Replay the history and compare it with the state
    Audit(LedgerArgs),
}

/// An account on a ledger.
#[derive(Debug, clap::Args)]
pub(crate) struct AccountArgs {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
}

/// Proofs for a ledger.
#[derive(Debug, clap::Args)]
pub(crate) struct ProofArgs {
    #[command(flatten)]
    ledger: LedgerArgs,
    #[command(flatten)]
    srs: SrsArgs,
    /// The proof files
    #[arg(required = true, value_parser = parse_source)]
    proof: Vec<Source>,
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    let account_action = |args: &AccountArgs, action: Action| -> Result<Exit, Error> {
        let entry = args.ledger.apply(&args.ledger.open()?, &action)?;
        report(&[entry], env)
    };
    let plain_action = |args: &LedgerArgs, action: Action| -> Result<Exit, Error> {
        let entry = args.apply(&args.open()?, &action)?;
        report(&[entry], env)
    };
    match command {
        Command::Init(args) => init::run(args, env),
        Command::Post(args) => actions::post(args, env),
        Command::Register(args) => account_action(args, Action::Register { account: args.account }),
        Command::Submit(args) => actions::submit(args, false, env),
        Command::Status(args) => queries::status(args, env),
        Command::Overdue(args) => queries::overdue(args, env),
        Command::Cure(args) => actions::submit(args, true, env),
        Command::Liquidate(args) => {
            account_action(args, Action::MarkLiquidatable { account: args.account })
        }
        Command::Close(args) => account_action(args, Action::Close { account: args.account }),
        Command::Reinstate(args) => {
            account_action(args, Action::Reinstate { account: args.account })
        }
        Command::Accept(args) => actions::model(args, true, env),
        Command::Revoke(args) => actions::model(args, false, env),
        Command::Pause(args) => plain_action(args, Action::Pause),
        Command::Resume(args) => plain_action(args, Action::Resume),
        Command::History(args) => queries::history(args, env),
        Command::Audit(args) => queries::audit(args, env),
    }
}

/// Tells what transitions announced.
fn report(entries: &[HistoryEntry], env: Env) -> Result<Exit, Error> {
    env.out.result(&entries, |entries| {
        entries.iter().flat_map(|entry| entry.events.iter().map(Event::to_string)).collect()
    })?;
    Ok(Exit::Done)
}

/// What to do about a refusal.
pub(crate) fn ledger_hint(error: &LedgerError) -> Option<String> {
    let text = match error {
        LedgerError::Refused(refusal) => return refusal_hint(refusal),
        LedgerError::AlreadyExists { .. } => "a ledger is never overwritten: give another name",
        LedgerError::NotFound { .. } => "make one with `zkmargin call init`",
        LedgerError::Locked => "wait until the other process is done",
        LedgerError::NotALedger | LedgerError::Corrupted { .. } => "restore it from a copy",
        LedgerError::Io(_) => "check that the directory exists, is writable and has room",
        _ => return None,
    };
    Some(text.to_owned())
}

pub(crate) fn refusal_hint(refusal: &Refusal) -> Option<String> {
    let text = match refusal {
        Refusal::NotRegistered => "register it with `zkmargin call register`",
        Refusal::Replayed { .. } => "prove a later epoch: a proof counts once",
        Refusal::SnapshotStale { .. } => "post a new epoch with fresh prices, and prove in it",
        Refusal::UnknownEpoch => "post the epoch first with `zkmargin call post`",
        Refusal::WrongContext
        | Refusal::WrongStateRoot
        | Refusal::WrongMarketRoot
        | Refusal::WrongModel => {
            "prove against the market and state that were posted for the epoch"
        }
        Refusal::CallOpen { .. } => "cure the call with `zkmargin call cure`",
        Refusal::ModelNotAccepted => "accept it with `zkmargin call accept`",
        Refusal::LevelTooLow { .. } => {
            "prove a higher level: `zkmargin prove --claim at-least:LEVEL`"
        }
        Refusal::WrongSide => "submit takes both sides; cure takes at-least proofs",
        Refusal::TooOldToCure { .. } => "prove an epoch after that of the call",
        Refusal::EpochQuarantined | Refusal::Halted => {
            "the guardian must `zkmargin call resume` first"
        }
        Refusal::PriceMoveMissing => "give --price-move-bps, or --previous FILE to compute it",
        Refusal::EpochNotNewer { .. } => "post the next epoch",
        _ => return None,
    };
    Some(text.to_owned())
}
