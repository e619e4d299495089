//! The transition function: a pure function of policy, stored state, time and
//! action. It reads at most one account, two epochs and one model.
//!
//! Checks come in a fixed order, so that every implementation refuses for the
//! same reason: time, account, halt, side and level of the claim, its
//! evidence (context, epoch, roots, model, quarantine, freshness), replay.

use alloc::vec::Vec;

use zkmargin_margin::claim::Side;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest, Timestamp};
use zkmargin_margin::instance::Shortfall;

use super::action::{Action, Event};
use super::claim::{ClaimData, VerifiedClaim};
use super::policy::Policy;
use super::refusal::Refusal;
use super::state::{
    Account, AccountStatus, CallReason, Changes, ClockTime, EpochRecord, Meta, StateView,
};

/// Why a transition did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError<E> {
    /// The engine's rules forbid it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The state could not be read.
    #[error("the state could not be read")]
    Store(#[source] E),
}

/// What a transition does: what to write, and what to announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What to write.
    pub changes: Changes,
    /// What happened, at least one event.
    pub events: Vec<Event>,
}

/// Decides an action at a time. Nothing is written.
///
/// # Errors
/// When the action is refused, or the state cannot be read.
pub fn transition<V: StateView>(
    policy: &Policy,
    view: &V,
    now: u64,
    action: &Action,
) -> Result<Transition, TransitionError<V::Error>> {
    let meta = view.meta().map_err(TransitionError::Store)?;
    if now < meta.last_time {
        return Err(Refusal::TimeBackwards { last: meta.last_time }.into());
    }
    let changes = Changes { meta: meta.advanced(now), account: None, epoch: None, model: None };
    let mut step = Step { policy, view, now, changes, events: Vec::with_capacity(2) };
    match action {
        Action::AcceptModel { model } => step.accept_model(*model)?,
        Action::RevokeModel { model } => step.revoke_model(*model)?,
        Action::PostEpoch(post) => step.post_epoch(post)?,
        Action::Register { account } => step.register(*account)?,
        Action::SubmitProof { claim } => step.submit_proof(claim)?,
        Action::SubmitBreach { claim } => step.submit_breach(claim)?,
        Action::CallOverdue { account } => step.call_overdue(*account)?,
        Action::Cure { claim } => step.cure(claim)?,
        Action::MarkLiquidatable { account } => step.mark_liquidatable(*account)?,
        Action::Close { account } => step.close(*account)?,
        Action::Reinstate { account } => step.reinstate(*account)?,
        Action::Pause => step.pause()?,
        Action::Resume => step.resume()?,
    }
    Ok(Transition { changes: step.changes, events: step.events })
}

/// A transition being decided.
pub(super) struct Step<'a, V> {
    pub(super) policy: &'a Policy,
    view: &'a V,
    pub(super) now: u64,
    pub(super) changes: Changes,
    pub(super) events: Vec<Event>,
}

pub(super) type Decision<V> = Result<(), TransitionError<<V as StateView>::Error>>;
pub(super) type Read<T, V> = Result<T, TransitionError<<V as StateView>::Error>>;

impl<V: StateView> Step<'_, V> {
    pub(super) fn meta(&mut self) -> &mut Meta {
        &mut self.changes.meta
    }

    pub(super) fn clock(&self) -> ClockTime {
        self.changes.meta.clock
    }

    fn read_account(&self, id: AccountId) -> Read<Option<Account>, V> {
        self.view.account(id).map_err(TransitionError::Store)
    }

    pub(super) fn read_epoch(&self, epoch: Epoch) -> Read<Option<EpochRecord>, V> {
        self.view.epoch(epoch).map_err(TransitionError::Store)
    }

    pub(super) fn is_accepted(&self, model: ModelDigest) -> Read<bool, V> {
        self.view.is_model_accepted(model).map_err(TransitionError::Store)
    }

    /// The account with its status at the present clock.
    fn open_account(&self, id: AccountId) -> Read<Account, V> {
        let account = self.read_account(id)?.ok_or(Refusal::NotRegistered)?;
        match account.status.at(self.clock()) {
            AccountStatus::Unregistered => Err(Refusal::NotRegistered.into()),
            AccountStatus::Closed { .. } => Err(Refusal::AccountClosed.into()),
            status => Ok(Account { status, ..account }),
        }
    }

    /// The account, which must be under no call.
    fn uncalled_account(&self, id: AccountId) -> Read<Account, V> {
        let account = self.open_account(id)?;
        match account.status {
            AccountStatus::Called { deadline, .. } => Err(Refusal::CallOpen { deadline }.into()),
            AccountStatus::Liquidatable { since, .. } => {
                Err(Refusal::AccountLiquidatable { since }.into())
            }
            _ => Ok(account),
        }
    }

    fn put(&mut self, id: AccountId, last_epoch: Epoch, status: AccountStatus) {
        self.changes.account = Some((id, Account { last_epoch, status }));
    }

    fn refuse_when_halted(&self) -> Result<(), Refusal> {
        match self.changes.meta.halt {
            Some(_) => Err(Refusal::Halted),
            None => Ok(()),
        }
    }

    pub(super) fn fresh_until(&self, timestamp: Timestamp) -> Result<u64, Refusal> {
        let fresh_until = timestamp.get().saturating_add(self.policy.params().max_snapshot_age);
        if self.now > fresh_until {
            return Err(Refusal::SnapshotStale { fresh_until });
        }
        Ok(fresh_until)
    }

    /// The epoch a claim rests on, if the claim counts.
    fn evidence(&self, claim: &ClaimData) -> Read<EpochRecord, V> {
        if claim.context != self.policy.params().context {
            return Err(Refusal::WrongContext.into());
        }
        let record = self.read_epoch(claim.epoch)?.ok_or(Refusal::UnknownEpoch)?;
        if claim.state_root != record.state_root {
            return Err(Refusal::WrongStateRoot.into());
        }
        if claim.market_root != record.market_root {
            return Err(Refusal::WrongMarketRoot.into());
        }
        if claim.model != record.model {
            return Err(Refusal::WrongModel.into());
        }
        if !self.is_accepted(record.model)? {
            return Err(Refusal::ModelNotAccepted.into());
        }
        if record.quarantined {
            return Err(Refusal::EpochQuarantined.into());
        }
        self.fresh_until(record.market_timestamp)?;
        Ok(record)
    }

    fn register(&mut self, id: AccountId) -> Decision<V> {
        // A new account may prove itself in an epoch that is posted already; the
        // epochs of a closed one's past life do not count.
        let last_epoch = match self.read_account(id)?.map(|account| account.status) {
            None | Some(AccountStatus::Unregistered) => Epoch::new(0),
            Some(AccountStatus::Closed { .. }) => self.changes.meta.latest,
            Some(_) => return Err(Refusal::AlreadyRegistered.into()),
        };
        let since = self.clock();
        let due = since.after(self.policy.params().proof_window);
        self.put(id, last_epoch, AccountStatus::Unproven { since, due });
        self.events.push(Event::Registered { account: id, due });
        Ok(())
    }

    fn submit_proof(&mut self, claim: &VerifiedClaim) -> Decision<V> {
        let claim = claim.data();
        let account = self.uncalled_account(claim.account)?;
        let required = self.policy.params().required_level;
        if claim.claim.side() != Side::AtLeast {
            return Err(Refusal::WrongSide.into());
        }
        if claim.claim.level() < required {
            return Err(Refusal::LevelTooLow { required }.into());
        }
        let record = self.evidence(claim)?;
        if claim.epoch <= account.last_epoch {
            return Err(Refusal::Replayed { last: account.last_epoch }.into());
        }
        let due = self.make_current(claim, &record);
        self.events.push(Event::ProofAccepted {
            account: claim.account,
            epoch: claim.epoch,
            level: claim.claim.level(),
            due,
        });
        Ok(())
    }

    /// The window counts from the posting of the epoch: holding a proof back
    /// gains nothing.
    fn make_current(&mut self, claim: &ClaimData, record: &EpochRecord) -> ClockTime {
        let due = record.posted.after(self.policy.params().proof_window);
        let (epoch, level, since) = (claim.epoch, claim.claim.level(), self.clock());
        self.put(claim.account, epoch, AccountStatus::Current { epoch, level, since, due });
        due
    }

    fn submit_breach(&mut self, claim: &VerifiedClaim) -> Decision<V> {
        let claim = claim.data();
        let account = self.uncalled_account(claim.account)?;
        self.refuse_when_halted()?;
        let breach = self.policy.params().breach_level;
        if claim.claim.side() != Side::Below {
            return Err(Refusal::WrongSide.into());
        }
        if claim.claim.level() > breach {
            return Err(Refusal::NotABreach { breach }.into());
        }
        self.evidence(claim)?;
        // In the epoch of an at-least proof a breach cannot be true as well,
        // unless the venue put the account into the tree twice: the breach wins.
        let last = account.last_epoch;
        let tie = matches!(account.status, AccountStatus::Current { .. }) && claim.epoch == last;
        if claim.epoch <= last && !tie {
            return Err(Refusal::Replayed { last }.into());
        }
        // A shortfall of a lower level is smaller than that of the breach: it
        // would be taken for it.
        let shortfall = Some(claim.disclosed)
            .filter(|disclosed| disclosed.get() != 0 && claim.claim.level() == breach);
        let status = self.called(CallReason::Breach, claim.epoch, shortfall, claim.account);
        self.put(claim.account, claim.epoch, status);
        Ok(())
    }

    fn called(
        &mut self,
        reason: CallReason,
        epoch: Epoch,
        shortfall: Option<Shortfall>,
        account: AccountId,
    ) -> AccountStatus {
        let since = self.clock();
        let deadline = since.after(self.policy.params().cure_period);
        self.events.push(Event::Called { account, reason, epoch, deadline, shortfall });
        AccountStatus::Called { reason, epoch, since, deadline, shortfall }
    }

    fn call_overdue(&mut self, id: AccountId) -> Decision<V> {
        let account = self.uncalled_account(id)?;
        self.refuse_when_halted()?;
        if let AccountStatus::Current { due, .. } | AccountStatus::Unproven { due, .. } =
            account.status
            && self.clock() <= due
        {
            return Err(Refusal::NotOverdue { due }.into());
        }
        // A call needs an epoch that the account could prove itself in now.
        let Meta { latest, model_revoked, fresh_until, .. } = self.changes.meta;
        if model_revoked {
            return Err(Refusal::ModelNotAccepted.into());
        }
        if self.now > fresh_until {
            return Err(Refusal::SnapshotStale { fresh_until }.into());
        }
        let status = self.called(CallReason::Overdue, latest, None, id);
        self.put(id, account.last_epoch, status);
        Ok(())
    }

    fn cure(&mut self, claim: &VerifiedClaim) -> Decision<V> {
        let claim = claim.data();
        let (reason, call) = match self.open_account(claim.account)?.status {
            AccountStatus::Called { reason, epoch, .. } => (reason, epoch),
            AccountStatus::Liquidatable { since, .. } => {
                return Err(Refusal::AccountLiquidatable { since }.into());
            }
            _ => return Err(Refusal::NotCalled.into()),
        };
        let required = self.policy.params().cure_level;
        if claim.claim.side() != Side::AtLeast {
            return Err(Refusal::WrongSide.into());
        }
        if claim.claim.level() < required {
            return Err(Refusal::LevelTooLow { required }.into());
        }
        let record = self.evidence(claim)?;
        // A breach is cured in a later epoch. Whoever was silent may answer in
        // the epoch that was the latest when the call was made.
        let in_time = match reason {
            CallReason::Breach => claim.epoch > call,
            CallReason::Overdue => claim.epoch >= call,
        };
        if !in_time {
            return Err(Refusal::TooOldToCure { call }.into());
        }
        let due = self.make_current(claim, &record);
        self.events.push(Event::Cured {
            account: claim.account,
            epoch: claim.epoch,
            level: claim.claim.level(),
            due,
        });
        Ok(())
    }

    /// Announces that the deadline passed, unless that is on record.
    fn materialise(&mut self, id: AccountId, since: ClockTime) -> Read<bool, V> {
        let recorded = self
            .read_account(id)?
            .is_some_and(|account| matches!(account.status, AccountStatus::Liquidatable { .. }));
        if !recorded {
            self.events.push(Event::Liquidatable { account: id, since });
        }
        Ok(!recorded)
    }

    fn mark_liquidatable(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        let AccountStatus::Liquidatable { since, .. } = account.status else {
            return Err(Refusal::NotLiquidatable.into());
        };
        if !self.materialise(id, since)? {
            return Err(Refusal::AccountLiquidatable { since }.into());
        }
        self.put(id, account.last_epoch, account.status);
        Ok(())
    }

    fn close(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        let liquidated = match account.status {
            AccountStatus::Called { deadline, .. } => {
                return Err(Refusal::CallOpen { deadline }.into());
            }
            AccountStatus::Liquidatable { since, .. } => {
                self.materialise(id, since)?;
                true
            }
            _ => false,
        };
        self.put(id, account.last_epoch, AccountStatus::Closed { since: self.clock() });
        self.events.push(Event::Closed { account: id, liquidated });
        Ok(())
    }

    /// The account counts as unproven, and has the cure period to prove.
    fn reinstate(&mut self, id: AccountId) -> Decision<V> {
        let account = self.open_account(id)?;
        let AccountStatus::Liquidatable { since: deadline, .. } = account.status else {
            return Err(Refusal::NotLiquidatable.into());
        };
        self.materialise(id, deadline)?;
        let since = self.clock();
        let due = since.after(self.policy.params().cure_period);
        self.put(id, self.changes.meta.latest, AccountStatus::Unproven { since, due });
        self.events.push(Event::Reinstated { account: id, due });
        Ok(())
    }
}
