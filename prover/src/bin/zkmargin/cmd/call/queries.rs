//! What a ledger tells.

use zkmargin_margin::ids::AccountId;
use zkmargin_prover::human::{duration, time};
use zkmargin_verifier::engine::{Action, Event};
use zkmargin_verifier::ledger::{Grounds, HistoryEntry};

use super::{LedgerArgs, report};
use crate::amounts::{AmountArgs, Amounts};
use crate::env::Env;
use crate::error::{Error, Exit};

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
    #[command(flatten)]
    amounts: AmountArgs,
}

pub(super) fn overdue(args: &Overdue, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let now = args.ledger.now()?;
    let clock = ledger.clock(now).map_err(|error| args.ledger.failed(error))?;
    let mut overdue = ledger.overdue(now).map_err(|error| args.ledger.failed(error))?;
    overdue.retain(|entry| args.account.is_none_or(|account| account == entry.account));
    if !args.call {
        env.out.result(&overdue, |overdue| {
            overdue
                .iter()
                .map(|entry| {
                    let late = duration(clock.get().saturating_sub(entry.due.get()));
                    format!("{} was due at {}, {late} ago by the clock", entry.account, entry.due)
                })
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
        let action = Action::CallOverdue { account };
        entries.extend(args.ledger.apply(&ledger, &action, Grounds::default())?);
    }
    report(&entries, env)
}

pub(super) fn history(args: &History, env: Env) -> Result<Exit, Error> {
    let (ledger, amounts) = (args.ledger.open()?, args.amounts.load(env)?);
    let history = ledger.history(args.account).map_err(|error| args.ledger.failed(error))?;
    env.out.result(&history, |history| {
        history.iter().flat_map(|entry| lines_of(entry, amounts)).collect()
    })?;
    Ok(Exit::Done)
}

/// A transition, one line an event.
fn lines_of(entry: &HistoryEntry, amounts: Amounts) -> Vec<String> {
    let at = time(entry.time);
    let line = |event: &Event| {
        let event = amounts.told(event);
        format!("{:>4}  {}  {at}  {event}", entry.sequence, entry.time)
    };
    entry.events.iter().map(line).collect()
}
