//! What a registry tells.

use std::collections::BTreeSet;

use serde::Serialize;
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::{AccountStatus, ClockTime, Event, HaltReason};

use super::deployment::{DeploymentArgs, Registry};
use super::error::EvmError;
use crate::cli::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// Only these accounts; without it, all that were ever registered
    #[arg(short, long, value_name = "0x...")]
    account: Vec<AccountId>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct History {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// Only this account
    #[arg(short, long, value_name = "0x...")]
    account: Option<AccountId>,
    /// First block to look at, instead of the deployment's: many endpoints limit
    /// how many they look through
    #[arg(long, value_name = "NUMBER")]
    from_block: Option<u64>,
}

#[derive(Serialize)]
struct StatusReport {
    clock: u64,
    epoch: u64,
    halted: Option<HaltReason>,
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

#[derive(Serialize)]
struct HistoryLine {
    block: Option<u64>,
    #[serde(flatten)]
    event: Event,
}

pub(super) fn status(args: &Status, env: Env) -> Result<Exit, Error> {
    let registry = args.deployment.view()?;
    let accounts = match args.account.as_slice() {
        [] => registered(&registry)?,
        some => some.iter().copied().collect(),
    };
    let clock = ClockTime::new(registry.read(&registry::clockCall {})?.to());
    let line = |account: AccountId| -> Result<StatusLine, EvmError> {
        let status = status_of(&registry, account)?;
        Ok(StatusLine { account, overdue: status.is_overdue(clock), status })
    };
    let accounts = accounts.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let called = |line: &StatusLine| {
        matches!(line.status, AccountStatus::Called { .. } | AccountStatus::Liquidatable { .. })
    };
    let meta = registry.read(&registry::metaCall {})?;
    let report = StatusReport {
        clock: clock.get(),
        epoch: meta.latest,
        halted: convert::halt(meta.halt),
        margin_call: accounts.iter().any(called),
        accounts,
    };
    env.out.result(&report, |report| report.accounts.iter().map(status_line).collect())?;
    Ok(if report.margin_call { Exit::MarginCall } else { Exit::Done })
}

fn status_line(line: &StatusLine) -> String {
    let overdue = if line.overdue { ", OVERDUE" } else { "" };
    format!("{} {}{overdue}", line.account, line.status)
}

fn status_of(registry: &Registry, account: AccountId) -> Result<AccountStatus, EvmError> {
    let call = registry::statusOfCall { account: convert::address(account) };
    let answer = registry.read(&call)?;
    convert::status(&answer.status, answer.shortfall)
        .ok_or(EvmError::Unreadable(registry.deployment.registry))
}

fn registered(registry: &Registry) -> Result<BTreeSet<AccountId>, EvmError> {
    let events = announced(registry, registry.deployment.block)?;
    let account = |line: HistoryLine| match line.event {
        Event::Registered { account, .. } => Some(account),
        _ => None,
    };
    Ok(events.into_iter().filter_map(account).collect())
}

fn announced(registry: &Registry, since: u64) -> Result<Vec<HistoryLine>, EvmError> {
    let logs = registry.chain.logs(registry.deployment.registry, since)?;
    let line = |log: alloy_rpc_types_eth::Log| {
        let event = convert::event(log.topics(), &log.data().data)?;
        Some(HistoryLine { block: log.block_number, event })
    };
    Ok(logs.into_iter().filter_map(line).collect())
}

pub(super) fn history(args: &History, env: Env) -> Result<Exit, Error> {
    let registry = args.deployment.view()?;
    let since = args.from_block.unwrap_or(registry.deployment.block);
    let mut events = announced(&registry, since)?;
    events.retain(|line| args.account.is_none_or(|account| line.event.account() == Some(account)));
    env.out.result(&events, |events| events.iter().map(history_line).collect())?;
    Ok(Exit::Done)
}

fn history_line(line: &HistoryLine) -> String {
    let block = line.block.map_or_else(|| "?".to_owned(), |block| block.to_string());
    format!("block {block:>4}  {}", line.event)
}
