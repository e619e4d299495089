//! `zkmargin call status`: halts, the clock, and where accounts stand.

use serde::Serialize;
use zkmargin_margin::ids::{AccountId, Epoch, Timestamp};
use zkmargin_prover::human::{duration, time};
use zkmargin_verifier::engine::{
    AccountStatus, ClockTime, EpochState, HaltReason, Meta, Root, Standing, Standstill,
};
use zkmargin_verifier::ledger::{Ledger, LedgerError};

use super::LedgerArgs;
use crate::env::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// Only this account
    #[arg(short, long, value_name = "0x...")]
    account: Option<AccountId>,
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
    epoch: Epoch,
    market_root: Option<Root>,
    epoch_state: Option<EpochState>,
    market_timestamp: Option<Timestamp>,
    confirmed: Epoch,
    margin_call: bool,
    accounts: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    account: AccountId,
    overdue: bool,
    market_timestamp: Option<Timestamp>,
    market_age: Option<u64>,
    /// Whether it waits for its path: its clock stands still.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    waits: bool,
    #[serde(skip)]
    clock: ClockTime,
    #[serde(flatten)]
    status: AccountStatus,
}

pub(super) fn run(args: &Status, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let now = args.ledger.now()?;
    let report =
        Report::of(&ledger, args.account, now).map_err(|error| args.ledger.failed(error))?;
    env.out.result(&report, Report::lines)?;
    Ok(if report.margin_call { Exit::MarginCall } else { Exit::Done })
}

impl Report {
    fn of(ledger: &Ledger, only: Option<AccountId>, now: u64) -> Result<Self, LedgerError> {
        let meta: Meta = ledger.meta_at(now)?;
        let record = ledger.epoch(meta.latest)?;
        let accounts = match only {
            Some(account) => vec![(account, ledger.standing(account, now)?)],
            None => ledger.accounts(now)?,
        };
        let called = |standing: &Standing| {
            matches!(
                standing.status,
                AccountStatus::Called { .. } | AccountStatus::Liquidatable { .. }
            )
        };
        Ok(Self {
            now,
            clock: meta.clock,
            last_ran: meta.last_ran,
            provable_now: meta.provable_now(now),
            standstill: meta.standstill(now),
            halted: meta.halted(now),
            paused_until: meta.paused_until,
            stale: meta.latest.get() == 0 || now > meta.fresh_until,
            epoch: meta.latest,
            market_root: record.map(|record| record.market_root),
            epoch_state: record.map(|record| record.state),
            market_timestamp: record.map(|record| record.market_timestamp),
            confirmed: meta.confirmed,
            margin_call: accounts.iter().any(|(_, standing)| called(standing)),
            accounts: accounts.into_iter().map(Line::new).collect(),
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.epoch_line()];
        lines.extend(self.market_root.map(|root| format!("market root   {root}")));
        if let Some(until) = self.paused_until {
            lines.push(format!("PAUSED        until {}", time(until)));
        }
        if self.halted == Some(HaltReason::PriceMove) {
            lines.push(format!(
                "HALTED        prices jumped since epoch {}: the guardian must confirm epoch {}, or reject it",
                self.confirmed.get(),
                self.epoch.get()
            ));
        }
        lines.push(self.clock_line());
        lines.extend(self.accounts.iter().map(|line| line.told()));
        lines
    }

    fn epoch_line(&self) -> String {
        let Some(taken) = self.market_timestamp else {
            return "epoch         none was posted yet".to_owned();
        };
        let age = match self.now.checked_sub(taken.get()) {
            Some(age) => format!("{} old", duration(age)),
            None => "ahead of now".to_owned(),
        };
        let state = match self.epoch_state {
            Some(EpochState::Quarantined) => ", QUARANTINED",
            Some(EpochState::Rejected) => ", REJECTED",
            _ => "",
        };
        let stale = if self.stale { ", STALE" } else { "" };
        format!("epoch         {}, prices {age}{stale}{state}", self.epoch.get())
    }

    fn clock_line(&self) -> String {
        match self.standstill {
            None => format!("clock         {}, it runs", self.clock),
            Some(why) => format!(
                "clock         {}, it stands still since {}: {why}",
                self.clock,
                time(self.last_ran)
            ),
        }
    }
}

impl Line {
    fn new((account, standing): (AccountId, Standing)) -> Self {
        let Standing { status, overdue, market_timestamp, market_age, clock, waits_for, .. } =
            standing;
        let waits = waits_for.is_some();
        Self { account, overdue, market_timestamp, market_age, waits, clock, status }
    }

    fn told(&self) -> String {
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
        format!("{} {}{time}{overdue}{waits}", self.account, self.status)
    }
}
