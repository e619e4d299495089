//! The engine in memory.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::convert::Infallible;

use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};

use super::account::{Account, AccountStatus};
use super::action::Action;
use super::clock::ClockTime;
use super::epoch_record::EpochRecord;
use super::event::Event;
use super::meta::Meta;
use super::policy::Policy;
use super::refusal::Refusal;
use super::standing::{Standing, standing};
use super::transition::{TransitionError, transition};
use super::view::{Changes, StateView};

/// The engine with its state in memory.
///
/// ```
/// use zkmargin_margin::ids::{AccountId, ContextId, ModelDigest};
/// use zkmargin_margin::shape::ProofSystem;
/// use zkmargin_verifier::engine::{Action, Engine, Policy, PolicyParams};
///
/// let context = ContextId::derive("example", 0, [0; 20]);
/// let policy = Policy::new(PolicyParams::standard(
///     context,
///     ProofSystem::Kzg,
///     ModelDigest::of(b"model"),
/// ))?;
/// let mut engine = Engine::new(policy, 1_000);
/// let account = AccountId::new([1; 20]);
/// let events = engine.apply(1_000, &Action::Register { account })?;
/// assert_eq!(events[0].name(), "registered");
/// assert_eq!(engine.status(account, 1_000).name(), "unproven");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    policy: Policy,
    meta: Meta,
    accounts: BTreeMap<AccountId, Account>,
    epochs: BTreeMap<Epoch, EpochRecord>,
    models: BTreeSet<ModelDigest>,
}

impl Engine {
    /// A new engine that starts at `now`.
    pub fn new(policy: Policy, now: u64) -> Self {
        let models = policy.params().models.iter().copied().collect();
        Self {
            policy,
            meta: Meta::start(now),
            accounts: BTreeMap::new(),
            epochs: BTreeMap::new(),
            models,
        }
    }

    /// Applies an action at a time. Without an event nothing has changed.
    ///
    /// # Errors
    /// When it is refused; nothing has changed then.
    pub fn apply(&mut self, now: u64, action: &Action) -> Result<Vec<Event>, Refusal> {
        match transition(&self.policy, self, now, action) {
            Ok(decided) => {
                self.write(decided.changes);
                Ok(decided.events)
            }
            Err(TransitionError::Refused(refusal)) => Err(refusal),
            Err(TransitionError::Store(never)) => match never {},
        }
    }

    fn write(&mut self, changes: Changes) {
        self.meta = changes.meta;
        if let Some((id, account)) = changes.account {
            self.accounts.insert(id, account);
        }
        if let Some((epoch, record)) = changes.epoch {
            self.epochs.insert(epoch, record);
        }
        match changes.model {
            Some((model, true)) => {
                self.models.insert(model);
            }
            Some((model, false)) => {
                self.models.remove(&model);
            }
            None => {}
        }
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The engine's own state.
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The engine's state at a time.
    pub fn meta_at(&self, now: u64) -> Meta {
        self.meta.advanced(now, self.policy.params().grace_period)
    }

    /// The engine's clock at a time.
    pub fn clock(&self, now: u64) -> ClockTime {
        self.meta_at(now).clock
    }

    /// Where an account stands at a time, and on what that rests.
    pub fn standing(&self, account: AccountId, now: u64) -> Standing {
        match standing(&self.policy, self, account, now) {
            Ok(standing) => standing,
            Err(never) => match never {},
        }
    }

    /// An account's status at a time.
    pub fn status(&self, account: AccountId, now: u64) -> AccountStatus {
        self.standing(account, now).status
    }

    /// Whether an account may be liquidated at a time.
    pub fn liquidatable(&self, account: AccountId, now: u64) -> bool {
        matches!(self.status(account, now), AccountStatus::Liquidatable { .. })
    }

    /// The accounts on record, ascending.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountId, &Account)> {
        self.accounts.iter()
    }

    /// The epochs on record, ascending.
    pub fn epochs(&self) -> impl Iterator<Item = (&Epoch, &EpochRecord)> {
        self.epochs.iter()
    }

    /// The accepted models, ascending.
    pub fn models(&self) -> impl Iterator<Item = &ModelDigest> {
        self.models.iter()
    }
}

impl StateView for Engine {
    type Error = Infallible;

    fn meta(&self) -> Result<Meta, Infallible> {
        Ok(self.meta)
    }

    fn account(&self, account: AccountId) -> Result<Option<Account>, Infallible> {
        Ok(self.accounts.get(&account).copied())
    }

    fn epoch(&self, epoch: Epoch) -> Result<Option<EpochRecord>, Infallible> {
        Ok(self.epochs.get(&epoch).copied())
    }

    fn is_model_accepted(&self, model: ModelDigest) -> Result<bool, Infallible> {
        Ok(self.models.contains(&model))
    }
}
