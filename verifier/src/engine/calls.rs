//! Margin calls: how they are made, refined and met.

use zkmargin_margin::claim::{Level, Multiplier, Side};
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::instance::Shortfall;

use super::account::{Account, AccountStatus, CallReason};
use super::claim::ClaimData;
use super::epoch_record::EpochRecord;
use super::event::Event;
use super::meta::Standstill;
use super::refusal::Refusal;
use super::transition::{Decision, Read, Step};
use super::view::StateView;

impl<V: StateView> Step<'_, V> {
    pub(super) fn submit_breach(&mut self, claim: &ClaimData) -> Decision<V> {
        let account = self.open_account(claim.account)?;
        if let AccountStatus::Liquidatable { since, .. } = account.status {
            return Err(Refusal::AccountLiquidatable { since }.into());
        }
        self.refuse_when_halted()?;
        let breach = self.params().breach_level;
        if claim.claim.side() != Side::Below {
            return Err(Refusal::WrongSide.into());
        }
        // Short of many times what a level requires is not below the level.
        if claim.claim.level() > breach || claim.claim.multiplier() != Multiplier::ONE {
            return Err(Refusal::NotABreach { breach }.into());
        }
        self.evidence(claim)?;
        if matches!(account.status, AccountStatus::Called { .. }) {
            return self.refine(claim, account);
        }
        // In the epoch of an at-least proof a breach cannot be true as well,
        // unless the venue put the account into the tree twice: the breach wins.
        let last = account.last_epoch;
        let tie = matches!(account.status, AccountStatus::Current { .. }) && claim.epoch == last;
        if claim.epoch <= last && !tie {
            return Err(Refusal::Replayed { last }.into());
        }
        self.call_breach(claim);
        Ok(())
    }

    fn call_breach(&mut self, claim: &ClaimData) {
        let (level, epoch, since) = (claim.claim.level(), claim.epoch, self.account_clock());
        let deadline = since.after(self.params().cure_periods.below(level));
        let (reason, level) = (CallReason::Breach, Some(level));
        let (account, shortfall) = (claim.account, self.shortfall_of(claim));
        let status = AccountStatus::Called { reason, level, epoch, since, deadline, shortfall };
        self.put(account, epoch, status);
        self.events.push(Event::Called { account, reason, level, epoch, deadline, shortfall });
    }

    /// The shortfall a claim puts on record. That of a lower level is smaller
    /// than that of the breach: it would be taken for it.
    fn shortfall_of(&self, claim: &ClaimData) -> Option<Shortfall> {
        let of_breach = claim.claim.level() == self.params().breach_level;
        Some(claim.disclosed).filter(|disclosed| disclosed.get() != 0 && of_breach)
    }

    /// A breach of a called account: it can make the call more severe, and never
    /// less. What tells nothing new changes nothing.
    fn refine(&mut self, claim: &ClaimData, account: Account) -> Decision<V> {
        let AccountStatus::Called { reason, level, epoch: call, since, deadline, shortfall } =
            account.status
        else {
            return Ok(());
        };
        let last = account.last_epoch;
        let in_time = match reason {
            CallReason::Overdue => claim.epoch > last,
            CallReason::Breach => claim.epoch >= call,
        };
        if !in_time {
            return Err(Refusal::Replayed { last: last.max(call) }.into());
        }
        let lowest = level.map_or(claim.claim.level(), |level| level.min(claim.claim.level()));
        let disclosed = self.shortfall_of(claim);
        let told = disclosed.filter(|_| shortfall.is_none() || claim.epoch > call).or(shortfall);
        let refined = AccountStatus::Called {
            reason: CallReason::Breach,
            level: Some(lowest),
            epoch: call.max(claim.epoch),
            since,
            deadline: deadline
                .min(self.account_clock().after(self.params().cure_periods.below(lowest))),
            shortfall: told,
        };
        if refined == account.status && claim.epoch == last {
            return Ok(());
        }
        self.put(claim.account, claim.epoch, refined);
        self.announce_refined(claim.account, lowest, refined);
        Ok(())
    }

    fn announce_refined(&mut self, account: AccountId, level: Level, status: AccountStatus) {
        if let AccountStatus::Called { epoch, deadline, shortfall, .. } = status {
            let event = Event::CallRefined { account, level, epoch, deadline, shortfall };
            self.events.push(event);
        }
    }

    pub(super) fn call_overdue(&mut self, id: AccountId) -> Decision<V> {
        let account = self.uncalled_account(id)?;
        self.refuse_when_halted()?;
        if let AccountStatus::Current { due, .. } | AccountStatus::Unproven { due, .. } =
            account.status
            && self.account_clock() <= self.effective(due)
        {
            return Err(Refusal::NotOverdue { due: self.effective(due) }.into());
        }
        self.refuse_when_unprovable()?;
        let (reason, since, epoch) =
            (CallReason::Overdue, self.account_clock(), self.changes.meta.latest);
        let deadline = since.after(self.params().cure_periods.overdue);
        let (level, shortfall) = (None, None);
        let status = AccountStatus::Called { reason, level, epoch, since, deadline, shortfall };
        self.put(id, account.last_epoch, status);
        self.events.push(Event::Called { account: id, reason, level, epoch, deadline, shortfall });
        Ok(())
    }

    /// A call for silence, and a request for a path, need an epoch that the account
    /// could prove itself in now.
    pub(super) fn refuse_when_unprovable(&self) -> Result<(), Refusal> {
        let meta = &self.changes.meta;
        Err(match meta.standstill(self.now) {
            None => return Ok(()),
            Some(Standstill::Paused | Standstill::PriceMove) => Refusal::Halted,
            Some(Standstill::NoEpoch) => Refusal::UnknownEpoch,
            Some(Standstill::Circuits) => Refusal::CircuitsFrozen,
            Some(Standstill::ModelRevoked) => Refusal::ModelNotAccepted,
            Some(Standstill::Quarantined) => Refusal::EpochQuarantined,
            Some(Standstill::Rejected) => Refusal::EpochRejected,
            Some(Standstill::Stale) => Refusal::SnapshotStale { fresh_until: meta.fresh_until },
        })
    }

    pub(super) fn cure(&mut self, claim: &ClaimData) -> Decision<V> {
        let account = self.open_account(claim.account)?;
        let (reason, call) = match account.status {
            AccountStatus::Called { reason, epoch, .. } => (reason, epoch),
            AccountStatus::Liquidatable { since, .. } => {
                return Err(Refusal::AccountLiquidatable { since }.into());
            }
            status if is_on_record(claim, status) => {
                self.refuse_when_halted()?;
                return self.evidence(claim).map(|_| ());
            }
            _ => return Err(Refusal::NotCalled.into()),
        };
        self.refuse_when_halted()?;
        self.meet(claim, reason, call)
    }

    /// The epoch that a claim rests on which meets a call, but for its escrow.
    pub(super) fn meets(
        &self,
        claim: &ClaimData,
        reason: CallReason,
        call: Epoch,
    ) -> Read<EpochRecord, V> {
        // Whoever was silent shows what everybody shows; who was in breach, more.
        let required = match reason {
            CallReason::Overdue => self.params().required_level,
            CallReason::Breach => self.params().cure_level,
        };
        let record = self.at_least(claim, required)?;
        // A breach is cured in a later epoch. Whoever was silent may answer in
        // the epoch that was the latest when the call was made.
        let in_time = match reason {
            CallReason::Breach => claim.epoch > call,
            CallReason::Overdue => claim.epoch >= call,
        };
        match in_time {
            true => Ok(record),
            false => Err(Refusal::TooOldToCure { call }.into()),
        }
    }

    /// An *at-least* claim of a called account.
    pub(super) fn meet(
        &mut self,
        claim: &ClaimData,
        reason: CallReason,
        call: Epoch,
    ) -> Decision<V> {
        let record = self.meets(claim, reason, call)?;
        self.refuse_other_escrow()?;
        let due = self.make_current(claim, &record);
        let (account, epoch, level) = (claim.account, claim.epoch, claim.claim.level());
        self.events.push(Event::Cured { account, epoch, level, due });
        Ok(())
    }
}

/// Whether an account is current by this claim or a higher one of its epoch, as
/// it is when a cure is sent twice.
fn is_on_record(claim: &ClaimData, status: AccountStatus) -> bool {
    matches!(status, AccountStatus::Current { epoch, level, .. }
        if claim.claim.side() == Side::AtLeast
            && claim.epoch == epoch
            && claim.claim.level() <= level)
}
