//! The transition function: a pure function of policy, stored state, time and
//! action. It reads at most one account, two epochs and one model.
//!
//! Checks come in a fixed order, so that every implementation refuses for the
//! same reason: time, account, halt, side and level of the claim, a
//! change on record, the claim's evidence (context, epoch, roots, model, state of the
//! epoch, freshness), replay, the escrow.

use alloc::vec::Vec;

use zkmargin_margin::claim::Side;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};

use super::account::{Account, AccountStatus};
use super::action::Action;
use super::claim::ClaimData;
use super::clock::ClockTime;
use super::epoch_record::EpochRecord;
use super::escrow::CommitteeId;
use super::event::Event;
use super::meta::Meta;
use super::next::OpenChange;
use super::paths::{PathRequest, account_clock};
use super::policy::{Policy, PolicyParams};
use super::refusal::Refusal;
use super::view::{Changes, StateView};

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
    /// What happened. Nothing did when there is no event: a claim that is on
    /// record already was sent again, and nothing is to be written.
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
    let grace_period = policy.params().grace_period;
    let advanced = meta.advanced(now, grace_period);
    let mut step = Step::new(policy, view, now, advanced);
    step.decide(action)?;
    if step.events.is_empty() {
        return Ok(Transition { changes: unchanged(meta), events: step.events });
    }
    if !advanced.provable_now(now) && step.changes.meta.provable_now(now) {
        step.meta().restart(now, grace_period);
    }
    Ok(Transition { changes: step.changes, events: step.events })
}

/// Whether a claim would count now, of a registered account or not: the engine
/// is not halted, an account of an *at-least* claim has no change on record, the claim's
/// evidence is what the engine has on record, and no escrow is demanded. Its proof is for
/// the caller to verify.
///
/// # Errors
/// When it would not count, or the state cannot be read.
pub fn check_claim<V: StateView>(
    policy: &Policy,
    view: &V,
    now: u64,
    claim: &ClaimData,
) -> Result<EpochRecord, TransitionError<V::Error>> {
    let meta = view.meta().map_err(TransitionError::Store)?;
    if now < meta.last_time {
        return Err(Refusal::TimeBackwards { last: meta.last_time }.into());
    }
    let advanced = meta.advanced(now, policy.params().grace_period);
    let mut step = Step::new(policy, view, now, advanced);
    step.refuse_when_halted()?;
    if claim.claim.side() == Side::AtLeast {
        step.open_change = step.read_account(claim.account)?.and_then(|account| account.change);
        step.refuse_other_commitments()?;
    }
    let record = step.evidence(claim)?;
    if claim.claim.side() == Side::AtLeast {
        step.refuse_other_escrow()?;
    }
    Ok(record)
}

const fn unchanged(meta: Meta) -> Changes {
    Changes { meta, account: None, epoch: None, model: None }
}

/// A transition being decided.
pub(super) struct Step<'a, V> {
    pub(super) policy: &'a Policy,
    view: &'a V,
    pub(super) now: u64,
    pub(super) changes: Changes,
    /// The path that the account of the action last asked for, as it will be.
    pub(super) path: Option<PathRequest>,
    /// The change that the account has on record, as it will be.
    pub(super) open_change: Option<OpenChange>,
    /// Who can open the claim of the action.
    pub(super) committee: Option<CommitteeId>,
    pub(super) events: Vec<Event>,
}

pub(super) type Decision<V> = Result<(), TransitionError<<V as StateView>::Error>>;
pub(super) type Read<T, V> = Result<T, TransitionError<<V as StateView>::Error>>;

impl<'a, V: StateView> Step<'a, V> {
    const fn new(policy: &'a Policy, view: &'a V, now: u64, meta: Meta) -> Self {
        Self {
            policy,
            view,
            now,
            changes: unchanged(meta),
            path: None,
            open_change: None,
            committee: None,
            events: Vec::new(),
        }
    }

    fn decide(&mut self, action: &Action) -> Decision<V> {
        match action {
            Action::AcceptModel { model } => self.accept_model(*model),
            Action::RevokeModel { model } => self.revoke_model(*model),
            Action::SetCircuits { until, frozen } => self.set_circuits(*until, *frozen),
            Action::PostEpoch(post) => self.post_epoch(post),
            Action::RejectEpoch { epoch, market_root } => self.reject_epoch(*epoch, *market_root),
            Action::Register { account } => self.register(*account),
            Action::SubmitProof { claim } => self.submit_proof(claim.data()),
            Action::SubmitBreach { claim } => self.submit_breach(claim.data()),
            Action::SubmitChange { change } => self.submit_change(&change.data()),
            Action::ShowChange { change } => self.show_change(&change.data()),
            Action::ExpireChange { account } => self.expire_change(*account),
            Action::SubmitEscrowed { escrowed } => self.submit_escrowed(&escrowed.data()),
            Action::CallOverdue { account } => self.call_overdue(*account),
            Action::Cure { claim } => self.cure(claim.data()),
            Action::MarkLiquidatable { account } => self.mark_liquidatable(*account),
            Action::Close { account } => self.close(*account),
            Action::Reinstate { account } => self.reinstate(*account),
            Action::Escape { account } => self.escape(*account),
            Action::RequestPath { account } => self.request_path(*account),
            Action::AnswerPath { account } => self.answer_path(*account),
            Action::Pause { until } => self.pause(*until),
            Action::Resume { epoch, market_root } => self.resume(*epoch, *market_root),
        }
    }

    pub(super) const fn params(&self) -> &PolicyParams {
        self.policy.params()
    }

    pub(super) fn meta(&mut self) -> &mut Meta {
        &mut self.changes.meta
    }

    pub(super) fn clock(&self) -> ClockTime {
        self.changes.meta.clock
    }

    /// What the clock of the action's account shows.
    pub(super) fn account_clock(&self) -> ClockTime {
        account_clock(self.path, self.clock())
    }

    /// The account waits for no path any more.
    pub(super) fn end_hold(&mut self) {
        self.path = self.path.map(PathRequest::closed);
    }

    pub(super) fn effective(&self, time: ClockTime) -> ClockTime {
        self.changes.meta.grace.effective(time)
    }

    pub(super) fn read_account(&self, id: AccountId) -> Read<Option<Account>, V> {
        self.view.account(id).map_err(TransitionError::Store)
    }

    pub(super) fn read_epoch(&self, epoch: Epoch) -> Read<Option<EpochRecord>, V> {
        self.view.epoch(epoch).map_err(TransitionError::Store)
    }

    pub(super) fn is_accepted(&self, model: ModelDigest) -> Read<bool, V> {
        self.view.is_model_accepted(model).map_err(TransitionError::Store)
    }

    /// A stored status at the present clock, its times as stored.
    fn status_now(&self, status: AccountStatus) -> Read<AccountStatus, V> {
        let record = match status.rests_on() {
            Some(epoch) => self.read_epoch(epoch)?,
            None => None,
        };
        let grace = self.changes.meta.grace;
        Ok(status.at(self.account_clock(), grace, record.as_ref(), self.params()))
    }

    /// The account with its status at the present clock.
    pub(super) fn open_account(&mut self, id: AccountId) -> Read<Account, V> {
        let account = self.read_account(id)?.ok_or(Refusal::NotRegistered)?;
        self.path = account.path;
        self.open_change = account.change;
        match self.status_now(account.status)? {
            AccountStatus::Unregistered => Err(Refusal::NotRegistered.into()),
            AccountStatus::Closed { .. } => Err(Refusal::AccountClosed.into()),
            status => Ok(Account { status, ..account }),
        }
    }

    /// The account, which must be under no call.
    pub(super) fn uncalled_account(&mut self, id: AccountId) -> Read<Account, V> {
        let account = self.open_account(id)?;
        match account.status {
            AccountStatus::Called { deadline, .. } => {
                Err(Refusal::CallOpen { deadline: self.effective(deadline) }.into())
            }
            AccountStatus::Liquidatable { since, .. } => {
                Err(Refusal::AccountLiquidatable { since }.into())
            }
            _ => Ok(account),
        }
    }

    pub(super) fn put(&mut self, id: AccountId, last_epoch: Epoch, status: AccountStatus) {
        self.changes.account =
            Some((id, Account { last_epoch, status, path: self.path, change: self.open_change }));
    }

    /// In a halt nothing rests on proofs: the clock stands still, and grace
    /// follows.
    pub(super) fn refuse_when_halted(&self) -> Result<(), Refusal> {
        match self.changes.meta.halted(self.now) {
            Some(_) => Err(Refusal::Halted),
            None => Ok(()),
        }
    }
}
