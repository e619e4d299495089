//! What a ledger tells.

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::{AccountStatus, Action, Event};
use zkmargin_verifier::ledger::HistoryEntry;

use super::{LedgerArgs, report};
use crate::cli::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// Only this account
    #[arg(short, long, value_name = "0x...")]
    account: Option<AccountId>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Overdue {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// Call every overdue account
    #[arg(long)]
    call: bool,
    /// Only this account
    #[arg(short, long, value_name = "0x...")]
    account: Option<AccountId>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct History {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// Only this account
    #[arg(short, long, value_name = "0x...")]
    account: Option<AccountId>,
}

#[derive(Serialize)]
struct StatusReport {
    clock: u64,
    epoch: u64,
    margin_call: bool,
    accounts: Vec<StatusLine>,
}

#[derive(Serialize)]
struct StatusLine {
    account: AccountId,
    overdue: bool,
    #[serde(flatten)]
    status: AccountStatus,
}

pub(super) fn status(args: &Status, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let now = args.ledger.now()?;
    let failed = |error| args.ledger.failed(error);
    let clock = ledger.clock(now).map_err(failed)?;
    let accounts = match args.account {
        Some(account) => vec![(account, ledger.status(account, now).map_err(failed)?)],
        None => ledger.accounts(now).map_err(failed)?,
    };
    let called = |status: &AccountStatus| {
        matches!(status, AccountStatus::Called { .. } | AccountStatus::Liquidatable { .. })
    };
    let report = StatusReport {
        clock: clock.get(),
        epoch: ledger.meta().map_err(failed)?.latest.get(),
        margin_call: accounts.iter().any(|(_, status)| called(status)),
        accounts: accounts
            .into_iter()
            .map(|(account, status)| StatusLine {
                account,
                overdue: status.is_overdue(clock),
                status,
            })
            .collect(),
    };
    env.out.result(&report, |report| {
        let line = |line: &StatusLine| {
            let overdue = if line.overdue { ", OVERDUE" } else { "" };
            format!("{} {}{overdue}", line.account, line.status)
        };
        report.accounts.iter().map(line).collect()
    })?;
    Ok(if report.margin_call { Exit::MarginCall } else { Exit::Done })
}

pub(super) fn overdue(args: &Overdue, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let mut overdue =
        ledger.overdue(args.ledger.now()?).map_err(|error| args.ledger.failed(error))?;
    overdue.retain(|entry| args.account.is_none_or(|account| account == entry.account));
    if !args.call {
        env.out.result(&overdue, |overdue| {
            overdue
                .iter()
                .map(|entry| format!("{} was due at {}", entry.account, entry.due))
                .collect()
        })?;
        return Ok(Exit::Done);
    }
    // An account that is not overdue is refused by the engine, with its reason.
    let accounts = match args.account {
        Some(account) => vec![account],
        None => overdue.iter().map(|entry| entry.account).collect(),
    };
    let mut entries = Vec::new();
    for account in accounts {
        entries.push(args.ledger.apply(&ledger, &Action::CallOverdue { account })?);
    }
    report(&entries, env)
}

pub(super) fn history(args: &History, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let history = ledger.history(args.account).map_err(|error| args.ledger.failed(error))?;
    env.out.result(&history, |history| history.iter().flat_map(lines_of).collect())?;
    Ok(Exit::Done)
}

/// A transition, one line an event.
pub(crate) fn lines_of(entry: &HistoryEntry) -> Vec<String> {
    let line = |event: &Event| format!("{:>4}  {}  {event}", entry.sequence, entry.time);
    entry.events.iter().map(line).collect()
}

#[derive(Serialize)]
struct AuditReport {
    entries: usize,
    consistent: bool,
}

pub(super) fn audit(args: &LedgerArgs, env: Env) -> Result<Exit, Error> {
    let ledger = args.open()?;
    ledger.audit().map_err(|error| args.failed(error))?;
    let entries = ledger.history(None).map_err(|error| args.failed(error))?.len();
    env.out.result(&AuditReport { entries, consistent: true }, |report| {
        vec![format!("{} entries lead to the state on record", report.entries)]
    })?;
    Ok(Exit::Done)
}
