//! Paths that the venue withholds.
//!
//! A proof needs the account's path in the state tree, which the venue alone
//! has. An account that does not get it asks for it on record, and from then on
//! *its* clock stands still: its due time and its deadline wait, and are later by
//! as much once the venue has answered on record (or the account has proved
//! itself, so that it has the path). What had passed before stays passed.
//!
//! What this can be abused for, and what is against it:
//! - *An account that asks to gain time.* Only for the latest epoch, once an
//!   epoch, and not where the path would be of no use (it proved itself in that
//!   epoch, or is liquidatable). It gains what the venue takes to answer, and it
//!   pays: asking costs a bond that the venue gets when it answers. Meanwhile it
//!   may not take more risk ([`Standing::may_increase_risk`]), can be proved to
//!   be in breach, and called if it was overdue when it asked.
//! - *A venue that never answers.* The hold has no end of its own: an account is
//!   not liquidated for the venue's silence, whatever that costs the venue, whose
//!   bond goes to the account when the time to answer has passed. After
//!   `escape_after` in real time the owner may leave.
//! - *A venue that plays with an account.* It can hold one open for ever. It
//!   needs no path for that: it makes the state tree, and could as well put a
//!   sound account into it. Protocols trust the venue for the tree.
//! - *An answer that is rubbish.* Nobody but the account can tell. It is on
//!   record, and the account asks again in the next epoch.
//!
//! Bonds, the time to answer and who may answer are for the contracts.
//!
//! [`Standing::may_increase_risk`]: super::Standing::may_increase_risk

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{AccountId, Epoch};

use super::account::AccountStatus;
use super::clock::{ClockTime, Grace};
use super::event::Event;
use super::refusal::Refusal;
use super::transition::{Decision, Step};
use super::view::StateView;

/// The last path that an account asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathRequest {
    /// Of which epoch.
    pub epoch: Epoch,
    /// What the account's clock showed, at which it stands while `open`.
    pub since: ClockTime,
    /// The real time.
    pub asked: u64,
    /// Whether it waits for an answer.
    pub open: bool,
}

impl PathRequest {
    /// The same, answered or no longer of interest.
    pub(super) const fn closed(self) -> Self {
        Self { open: false, ..self }
    }
}

/// What an account's clock shows when the engine's shows `clock`.
pub(super) fn account_clock(path: Option<PathRequest>, clock: ClockTime) -> ClockTime {
    match path {
        Some(PathRequest { open: true, since, .. }) => clock.min(since),
        _ => clock,
    }
}

impl AccountStatus {
    /// The status of an account whose clock stood still from `held` on and runs
    /// again now: what had not passed then is later by as much.
    fn released(self, grace: Grace, held: ClockTime, now: ClockTime) -> Self {
        // What began while it was held was counted from `held` on, but for what a
        // rejection began: that from itself on.
        let later = |since: ClockTime, time: ClockTime| {
            let counts = grace.effective(time);
            let stood = now.get().saturating_sub(held.max(since).get());
            if counts < held { time } else { counts.after(stood) }
        };
        match self {
            Self::Unproven { since, due } => Self::Unproven { since, due: later(since, due) },
            Self::Current { epoch, level, since, due } => {
                Self::Current { epoch, level, since, due: later(since, due) }
            }
            Self::Called { reason, level, epoch, since, deadline, shortfall } => {
                let deadline = later(since, deadline);
                Self::Called { reason, level, epoch, since, deadline, shortfall }
            }
            other => other,
        }
    }
}

impl<V: StateView> Step<'_, V> {
    /// The account's clock stands still until it is answered.
    pub(super) fn request_path(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        self.refuse_past_deadline(account.status)?;
        self.refuse_when_halted()?;
        // Where nobody can prove, every clock stands still.
        self.refuse_when_unprovable()?;
        let latest = self.changes.meta.latest;
        if let Some(path) = account.path
            && (path.open || path.epoch >= latest)
        {
            return Err(Refusal::PathRequested { epoch: path.epoch }.into());
        }
        if account.last_epoch >= latest {
            return Err(Refusal::Replayed { last: account.last_epoch }.into());
        }
        let (since, asked) = (self.clock(), self.now);
        self.path = Some(PathRequest { epoch: latest, since, asked, open: true });
        // The grace that counts now may be another one when it is answered.
        let status = account.status.shown(self.changes.meta.grace);
        self.put(id, account.last_epoch, status);
        self.events.push(Event::PathRequested { account: id, epoch: latest });
        Ok(())
    }

    /// The account's clock runs again.
    pub(super) fn answer_path(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        let Some(path) = account.path.filter(|path| path.open) else {
            return Err(Refusal::PathNotRequested.into());
        };
        let meta = &self.changes.meta;
        let status = account.status.released(meta.grace, path.since, meta.clock);
        self.path = Some(path.closed());
        self.put(id, account.last_epoch, status);
        self.events.push(Event::PathAnswered { account: id, epoch: path.epoch });
        Ok(())
    }
}
