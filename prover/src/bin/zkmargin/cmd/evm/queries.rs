//! What a registry and its markets tell.

use std::collections::BTreeSet;

use serde::Serialize;
use zkmargin_evm::contracts::{MarginCallRegistry as registry, MarginMarkets as markets};
use zkmargin_evm::engine as convert;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::freshness::parse_period;
use zkmargin_prover::human::{duration, time};
use zkmargin_verifier::engine::{
    AccountStatus, ClockTime, EpochState, Event, HaltReason, Root, Standstill,
};

use super::actions::event;
use super::circuits::{self, active};
use super::deployment::{DeploymentArgs, Registry};
use super::error::EvmError;
use crate::amounts::{AmountArgs, Amounts};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::parse_level;

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// Only these accounts; without it, all that were ever registered
    #[arg(short, long, value_name = "0x...")]
    account: Vec<AccountId>,
    #[command(flatten)]
    amounts: AmountArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Standing {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
    /// Level that it must have proved: margin-call, maintenance, initial
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    at_least: Level,
    /// How old the market may be in which it proved that, in real time: 15m, 1h
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    max_age: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct History {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// Only this account
    #[arg(short, long, value_name = "0x...")]
    account: Option<AccountId>,
    /// First block to look at, instead of the deployment's
    #[arg(long, value_name = "NUMBER")]
    from_block: Option<u64>,
    #[command(flatten)]
    amounts: AmountArgs,
}

#[derive(Serialize)]
struct Report {
    now: u64,
    clock: ClockTime,
    /// When the clock last ran, in real time.
    last_ran: u64,
    provable_now: bool,
    standstill: Option<Standstill>,
    halted: Option<HaltReason>,
    paused_until: Option<u64>,
    stale: bool,
    epoch: u64,
    market_root: Option<Root>,
    epoch_state: Option<EpochState>,
    market_timestamp: Option<u64>,
    confirmed: u64,
    circuits: Vec<circuits::Line>,
    margin_call: bool,
    accounts: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    account: AccountId,
    overdue: bool,
    market_timestamp: Option<u64>,
    market_age: Option<u64>,
    /// Whether it waits for its path: its clock stands still.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    waits: bool,
    #[serde(skip)]
    clock: ClockTime,
    #[serde(flatten)]
    status: AccountStatus,
}

#[derive(Serialize)]
struct StandingReport {
    account: AccountId,
    may_increase_risk: bool,
    standstill: Option<Standstill>,
    #[serde(flatten)]
    line: Line,
}

#[derive(Serialize)]
struct HistoryLine {
    block: Option<u64>,
    #[serde(flatten)]
    event: Event,
}

pub(super) fn status(args: &Status, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let accounts = match args.account.as_slice() {
        [] => registered(&on)?,
        some => some.iter().copied().collect(),
    };
    let (report, amounts) = (Report::of(&on, accounts)?, args.amounts.load(env)?);
    env.out.result(&report, |report| report.lines(amounts))?;
    Ok(if report.margin_call { Exit::MarginCall } else { Exit::Done })
}

pub(super) fn standing(args: &Standing, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let call = registry::mayIncreaseRiskCall::from((
        on.context(),
        convert::address(args.account),
        args.at_least as u8,
        circuits::time(args.max_age)?,
    ));
    let may_increase_risk = on.read(&call)?;
    let (meta, now) = (meta(&on)?, on.chain.time()?);
    let line = Line::of(&on, args.account)?;
    let standstill = standstill(&meta, now);
    let report = StandingReport { account: args.account, may_increase_risk, standstill, line };
    env.out.result(&report, StandingReport::lines)?;
    Ok(if may_increase_risk { Exit::Done } else { Exit::False })
}

/// The market now.
pub(super) fn meta(on: &Registry) -> Result<markets::Meta, EvmError> {
    Ok(on.market(&markets::readCall { context: on.context(), epoch: 0 })?.meta)
}

/// Why the clock stands still, if it does; in the order of the engine's `Standstill`.
fn standstill(meta: &markets::Meta, now: u64) -> Option<Standstill> {
    let paused: u64 = meta.pausedUntil.to();
    let (circuits, fresh): (u64, u64) = (meta.circuitsUntil.to(), meta.freshUntil.to());
    if paused != 0 && now <= paused {
        Some(Standstill::Paused)
    } else if meta.breaker {
        Some(Standstill::PriceMove)
    } else if meta.latest == 0 {
        Some(Standstill::NoEpoch)
    } else if meta.circuitsFrozen || now > circuits {
        Some(Standstill::Circuits)
    } else if meta.modelRevoked {
        Some(Standstill::ModelRevoked)
    } else {
        match epoch_state(meta.latestState) {
            Some(EpochState::Posted) if now <= fresh => None,
            Some(EpochState::Posted) => Some(Standstill::Stale),
            Some(EpochState::Quarantined) => Some(Standstill::Quarantined),
            _ => Some(Standstill::Rejected),
        }
    }
}

fn epoch_state(number: u8) -> Option<EpochState> {
    match number {
        1 => Some(EpochState::Posted),
        2 => Some(EpochState::Quarantined),
        3 => Some(EpochState::Rejected),
        _ => None,
    }
}

impl Report {
    fn of(on: &Registry, accounts: BTreeSet<AccountId>) -> Result<Self, EvmError> {
        let context = on.context();
        let (meta, now) = (meta(on)?, on.chain.time()?);
        let moves = on.market(&markets::movesOfCall { context })?;
        let record = match meta.latest {
            0 => None,
            epoch => Some(on.market(&markets::epochOfCall { context, epoch })?),
        };
        let line = |account: AccountId| Line::of(on, account);
        let accounts = accounts.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
        let paused: u64 = meta.pausedUntil.to();
        let paused_until = (paused != 0 && now <= paused).then_some(paused);
        let halted = match (paused_until, meta.breaker) {
            (Some(_), _) => Some(HaltReason::Paused),
            (None, true) => Some(HaltReason::PriceMove),
            (None, false) => None,
        };
        Ok(Self {
            now,
            clock: ClockTime::new(meta.clock.to()),
            last_ran: meta.lastRan.to(),
            provable_now: on.market(&markets::provableNowCall { context })?,
            standstill: standstill(&meta, now),
            halted,
            paused_until,
            stale: meta.latest == 0 || now > meta.freshUntil.to::<u64>(),
            epoch: meta.latest,
            market_root: record.as_ref().map(|record| Root::new(record.marketRoot.0)),
            epoch_state: record.as_ref().and_then(|record| epoch_state(record.state)),
            market_timestamp: record.as_ref().map(|record| record.marketTimestamp.to()),
            confirmed: moves.confirmed,
            circuits: active(on)?,
            margin_call: accounts.iter().any(Line::is_called),
            accounts,
        })
    }

    fn lines(&self, amounts: Amounts) -> Vec<String> {
        let mut lines = vec![self.epoch_line()];
        lines.extend(self.market_root.map(|root| format!("market root   {root}")));
        if let Some(until) = self.paused_until {
            lines.push(format!("PAUSED        until {}", time(until)));
        }
        if self.halted == Some(HaltReason::PriceMove) {
            lines.push(format!(
                "HALTED        prices jumped since epoch {}: the guardian must confirm epoch {}, or reject it",
                self.confirmed, self.epoch
            ));
        }
        lines.push(match self.standstill {
            None => format!("clock         {}, it runs", self.clock),
            Some(why) => {
                let since = time(self.last_ran);
                format!("clock         {}, it stands still since {since}: {why}", self.clock)
            }
        });
        if self.circuits.is_empty() {
            lines.push("circuits      none: no proof can be accepted".to_owned());
        }
        lines.extend(self.circuits.iter().map(|line| format!("circuit       {}", line.told())));
        lines.extend(self.accounts.iter().map(|line| line.told(amounts)));
        lines
    }

    fn epoch_line(&self) -> String {
        let Some(taken) = self.market_timestamp else {
            return "epoch         none was posted yet".to_owned();
        };
        let age = match self.now.checked_sub(taken) {
            Some(age) => format!("{} old", duration(age)),
            None => "ahead of now".to_owned(),
        };
        let state = match self.epoch_state {
            Some(EpochState::Quarantined) => ", QUARANTINED",
            Some(EpochState::Rejected) => ", REJECTED",
            _ => "",
        };
        let stale = if self.stale { ", STALE" } else { "" };
        format!("epoch         {}, prices {age}{stale}{state}", self.epoch)
    }
}

impl Line {
    fn of(on: &Registry, account: AccountId) -> Result<Self, EvmError> {
        let named = (on.context(), convert::address(account));
        let answer = on.read(&registry::statusOfCall::from(named))?;
        let status = convert::status(&answer.status, answer.shortfall)
            .ok_or(EvmError::Unreadable(on.at.registry))?;
        let facts = on.read(&registry::standingCall::from(named))?;
        let clock = ClockTime::new(facts.clock.to());
        let rests = facts.epoch != 0;
        Ok(Self {
            account,
            overdue: status.is_overdue(clock),
            market_timestamp: rests.then(|| facts.marketTimestamp.to()),
            market_age: rests.then(|| facts.marketAge.to()),
            waits: facts.waits,
            clock,
            status,
        })
    }

    fn is_called(&self) -> bool {
        matches!(self.status, AccountStatus::Called { .. } | AccountStatus::Liquidatable { .. })
    }

    fn told(&self, amounts: Amounts) -> String {
        let clock = self.clock;
        let left = |end: ClockTime| match end.get().checked_sub(clock.get()) {
            Some(left) => format!(", {} left by the clock", duration(left)),
            None => format!(", {} ago by the clock", duration(clock.get() - end.get())),
        };
        let time = match self.status {
            AccountStatus::Unproven { due, .. } | AccountStatus::Current { due, .. } => left(due),
            AccountStatus::Called { deadline, .. } if clock > deadline => {
                format!("{}, waits to be MARKED", left(deadline))
            }
            AccountStatus::Called { deadline, .. } => left(deadline),
            AccountStatus::Liquidatable { since, .. } => left(since),
            _ => String::new(),
        };
        let overdue = if self.overdue { ", OVERDUE" } else { "" };
        let waits = if self.waits { ", WAITS for its path" } else { "" };
        let status = amounts.told(&self.status);
        format!("{} {status}{time}{overdue}{waits}", self.account)
    }
}

impl StandingReport {
    fn lines(&self) -> Vec<String> {
        let verdict = if self.may_increase_risk { "may" } else { "MAY NOT" };
        let mut lines = vec![
            format!("{} {verdict} take more risk", self.account),
            format!("status        {}", self.line.status),
        ];
        if self.line.overdue {
            lines.push("proof         OVERDUE".to_owned());
        }
        lines
            .extend(self.line.market_age.map(|age| format!("market        {} old", duration(age))));
        if self.line.waits {
            lines.push("path          WAITS for it: its clock stands still".to_owned());
        }
        lines.extend(self.standstill.map(|why| format!("engine        {why}")));
        lines
    }
}

fn registered(on: &Registry) -> Result<BTreeSet<AccountId>, EvmError> {
    let events = announced(on, on.at.block)?;
    let account = |line: HistoryLine| match line.event {
        Event::Registered { account, .. } => Some(account),
        _ => None,
    };
    Ok(events.into_iter().filter_map(account).collect())
}

fn announced(on: &Registry, since: u64) -> Result<Vec<HistoryLine>, EvmError> {
    let keepers = on.keepers();
    let logs = on.chain.logs(&keepers, since)?;
    let line = |log: alloy_rpc_types_eth::Log| {
        Some(HistoryLine { block: log.block_number, event: event(on, &keepers, &log)? })
    };
    Ok(logs.into_iter().filter_map(line).collect())
}

pub(super) fn history(args: &History, env: Env) -> Result<Exit, Error> {
    let on = args.deployment.view()?;
    let amounts = args.amounts.load(env)?;
    let mut events = announced(&on, args.from_block.unwrap_or(on.at.block))?;
    events.retain(|line| args.account.is_none_or(|account| line.event.account() == Some(account)));
    env.out.result(&events, |events| {
        events.iter().map(|line| history_line(line, amounts)).collect()
    })?;
    Ok(Exit::Done)
}

fn history_line(line: &HistoryLine, amounts: Amounts) -> String {
    let block = line.block.map_or_else(|| "?".to_owned(), |block| block.to_string());
    format!("block {block:>4}  {}", amounts.told(&line.event))
}

/// Accounts that a keeper can do something about now: who is overdue while a proof
/// could be accepted, and whose deadline has passed unrecorded, as many as the market lets.
pub(super) struct Due {
    pub(super) overdue: Vec<AccountId>,
    pub(super) liquidatable: Vec<AccountId>,
}

impl Due {
    pub(super) fn of(on: &Registry) -> Result<Self, EvmError> {
        let provable = on.market(&markets::provableNowCall { context: on.context() })?;
        let recorded: BTreeSet<AccountId> =
            announced(on, on.at.block)?.into_iter().fold(BTreeSet::new(), |mut recorded, line| {
                match line.event {
                    Event::Liquidatable { account, .. } => drop(recorded.insert(account)),
                    event => {
                        if let Some(account) = event.account() {
                            recorded.remove(&account);
                        }
                    }
                }
                recorded
            });
        let mut due = Self { overdue: Vec::new(), liquidatable: Vec::new() };
        for account in registered(on)? {
            let line = Line::of(on, account)?;
            match line.status {
                AccountStatus::Liquidatable { .. } if !recorded.contains(&account) => {
                    due.liquidatable.push(account);
                }
                // Where the market limits how many are, it is called until it is marked.
                AccountStatus::Called { deadline, .. } if line.clock > deadline => {
                    due.liquidatable.push(account);
                }
                _ if line.overdue && provable => due.overdue.push(account),
                _ => {}
            }
        }
        Ok(due)
    }
}
