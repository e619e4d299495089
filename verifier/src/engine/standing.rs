//! What a lender asks: all facts about an account, and the one question whether
//! it may take more risk.

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{AccountId, Epoch, Timestamp};

use super::account::{Account, AccountStatus};
use super::clock::ClockTime;
use super::epoch_record::{EpochRecord, EpochState};
use super::meta::{HaltReason, Meta, Standstill};
use super::next::OpenChange;
use super::paths::PathRequest;
use super::policy::Policy;
use super::view::StateView;

/// Where an account stands at a time, and on what that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The status, with the due time or deadline that counts.
    pub status: AccountStatus,
    /// Whether its proof is overdue, called or not yet.
    pub overdue: bool,
    /// The account's clock: the engine's, which stands still for the account while
    /// it waits for a path.
    pub clock: ClockTime,
    /// The path that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<PathRequest>,
    /// The change on record, until an epoch is shown to hold it or it has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<OpenChange>,
    /// The epoch the status rests on.
    pub epoch: Option<Epoch>,
    /// When that epoch's market snapshot was taken.
    pub market_timestamp: Option<Timestamp>,
    /// How old that snapshot is, in real seconds; unknown when it lies further
    /// ahead than clocks may differ.
    pub market_age: Option<u64>,
    /// Whether that epoch still counts: posted, and its model accepted.
    pub epoch_counts: bool,
    /// Whether the engine is halted, and why.
    pub halted: Option<HaltReason>,
    /// Whether the latest snapshot is stale, or none was posted.
    pub stale: bool,
    /// Whether a proof against the latest epoch could be accepted.
    pub provable_now: bool,
    /// Why not.
    pub standstill: Option<Standstill>,
}

impl Standing {
    /// Whether the account may take more risk: it has proved `min_level` or
    /// more, is not late, the market it proved in is at most `max_age` seconds
    /// old in real time, it waits for no path and has no change on record, and the engine sees: no halt, no
    /// stale feed, no revoked model. What is not known is a no.
    pub fn may_increase_risk(&self, min_level: Level, max_age: u64) -> bool {
        let proved =
            matches!(self.status, AccountStatus::Current { level, .. } if level >= min_level);
        proved
            && !self.overdue
            && self.waits_for.is_none()
            && self.change.is_none()
            && self.provable_now
            && self.epoch_counts
            && self.market_age.is_some_and(|age| age <= max_age)
    }
}

/// Where an account stands at `now`. A time before the last transition is not
/// known: nothing counts as provable then.
///
/// # Errors
/// When the state cannot be read.
pub fn standing<V: StateView>(
    policy: &Policy,
    view: &V,
    account: AccountId,
    now: u64,
) -> Result<Standing, V::Error> {
    let params = policy.params();
    let stored = view.meta()?;
    let meta = stored.advanced(now, params.grace_period);
    let never = Account::new(Epoch::new(0), AccountStatus::Unregistered);
    let account = view.account(account)?.unwrap_or(never);
    let (status, clock) = (account.status, account.clock(meta.clock));
    let rests_on = match status.rests_on() {
        Some(epoch) => view.epoch(epoch)?.map(|record| (epoch, record)),
        None => None,
    };
    let record = rests_on.as_ref().map(|(_, record)| record);
    let status = status.at(clock, meta.grace, record, params).shown(meta.grace);
    let epoch_counts = match record {
        Some(EpochRecord { state: EpochState::Posted, model, .. }) => {
            view.is_model_accepted(*model)?
        }
        _ => false,
    };
    let timestamp = record.map(|record| record.market_timestamp);
    let standstill = meta.standstill(now);
    Ok(Standing {
        status,
        overdue: status.is_overdue(clock),
        clock,
        waits_for: account.path.filter(|path| path.open),
        change: account.change,
        epoch: rests_on.map(|(epoch, _)| epoch),
        market_timestamp: timestamp,
        market_age: timestamp.and_then(|taken| age(taken, now, params.max_clock_skew)),
        epoch_counts,
        halted: meta.halted(now),
        stale: is_stale(&meta, now),
        provable_now: standstill.is_none() && now >= stored.last_time,
        standstill,
    })
}

fn is_stale(meta: &Meta, now: u64) -> bool {
    meta.latest.get() == 0 || now > meta.fresh_until
}

/// How old a snapshot is. One from ahead is new, within what clocks may differ.
fn age(taken: Timestamp, now: u64, max_clock_skew: u64) -> Option<u64> {
    let taken = taken.get();
    match now.checked_sub(taken) {
        Some(age) => Some(age),
        None => (taken - now <= max_clock_skew).then_some(0),
    }
}
