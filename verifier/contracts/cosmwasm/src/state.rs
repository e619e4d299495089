//! Storage, as the engine reads it. Keys and values are stable: [`LAYOUT`] names
//! them, and a migration must keep them or convert.

use cosmwasm_std::{Addr, Env, Order, StdError, StdResult, Storage};
use cw_storage_plus::{Item, Map};
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};
use zkmargin_verifier::engine::{
    Account, Action, Changes, EpochRecord, Event, Meta, Policy, StateView, TransitionError,
    transition,
};
use zkmargin_verifier::epoch::Signers;

use crate::msg::{Delays, Role};
use crate::windows::{self, Window};

/// What never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The protocol's name.
    pub name: String,
    /// The chain the registry was made on.
    pub chain: String,
    /// The policy, with the context.
    pub policy: Policy,
    /// How long changes are known before they count.
    pub delays: Delays,
    /// Whether the registry is for tests.
    pub for_tests: bool,
}

/// The number of the layout of all below. The engine's version 1 had none.
pub const LAYOUT_NUMBER: u32 = 2;
/// The layout.
pub const LAYOUT: Item<u32> = Item::new("layout");
/// What never changes.
pub const CONFIG: Item<Config> = Item::new("config");
/// The engine's own state.
pub const META: Item<Meta> = Item::new("meta");
/// Who attests epochs.
pub const SIGNERS: Item<Signers> = Item::new("signers");
/// Who will attest them, and from when on.
pub const NEXT_SIGNERS: Item<(Signers, u64)> = Item::new("next_signers");
/// Holders of roles, by the role's name.
pub const ROLES: Map<&str, Addr> = Map::new("roles");
/// Who was offered a role, by the role's name.
pub const NOMINEES: Map<&str, Addr> = Map::new("nominees");
/// From when on the guardian may pause again.
pub const GUARDIAN_WAITS: Item<u64> = Item::new("guardian_waits");
/// Accounts, by their bytes.
pub const ACCOUNTS: Map<&[u8], Account> = Map::new("accounts");
/// Who may take an account out, by its bytes.
pub const OWNERS: Map<&[u8], Addr> = Map::new("owners");
/// Epochs, by number.
pub const EPOCHS: Map<u64, EpochRecord> = Map::new("epochs");
/// Accepted models, by their bytes.
pub const MODELS: Map<&[u8], ()> = Map::new("models");
/// From when on announced models can be accepted, by their bytes.
pub const ANNOUNCED: Map<&[u8], u64> = Map::new("announced");
/// Verifying keys, by their digest's bytes.
pub const CIRCUITS: Map<&[u8], Vec<u8>> = Map::new("circuits");
/// When circuits are accepted, by the same.
pub const WINDOWS: Map<&[u8], Window> = Map::new("windows");

/// The key of a role in storage.
pub const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Governor => "governor",
        Role::Protocol => "protocol",
        Role::Guardian => "guardian",
    }
}

/// When and where a message is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The block's time, in seconds.
    pub now: u64,
    /// The chain's identifier.
    pub chain: String,
}

impl From<&Env> for Moment {
    fn from(env: &Env) -> Self {
        Self { now: env.block.time.seconds(), chain: env.block.chain_id.clone() }
    }
}

/// Storage as the engine's state at a moment.
pub struct Stored<'a> {
    storage: &'a dyn Storage,
    /// What never changes.
    pub config: Config,
    /// The engine's own state.
    pub meta: Meta,
    /// Circuits that began since the last transition, as the engine announces
    /// them.
    pub begun: Vec<Event>,
}

impl<'a> Stored<'a> {
    /// The state at a moment. A circuit whose time came when there was none counts
    /// from that time on, as if somebody had said so; on another chain, as one that
    /// split off is, there is none.
    pub fn at(storage: &'a dyn Storage, moment: &Moment) -> StdResult<Self> {
        let (config, meta) = (CONFIG.load(storage)?, META.load(storage)?);
        let mut stored = Self { storage, config, meta, begun: Vec::new() };
        if stored.is_elsewhere(moment) {
            stored.meta.circuits_until = 0;
        } else if stored.meta.circuits_until < moment.now {
            stored.begin_circuits(moment.now)?;
        }
        Ok(stored)
    }

    /// Whether this is not the chain that the registry was made on.
    pub fn is_elsewhere(&self, moment: &Moment) -> bool {
        moment.chain != self.config.chain
    }

    fn begin_circuits(&mut self, now: u64) -> StdResult<()> {
        let all = windows(self.storage)?;
        let escrows = self.config.policy.params().escrow.is_some();
        let mut ended = self.meta.circuits_until;
        while let Some(begin) = windows::next_begin(&all, ended, now, escrows) {
            let at = begin.max(self.meta.last_time);
            let until = windows::covered_until(&all, at, escrows);
            if at <= now && until != 0 {
                self.set_circuits(at, until)?;
            }
            ended = until.max(begin);
        }
        Ok(())
    }

    fn set_circuits(&mut self, at: u64, until: u64) -> StdResult<()> {
        let frozen = self.meta.circuits_frozen;
        let said =
            transition(&self.config.policy, &*self, at, &Action::SetCircuits { until, frozen });
        let said = said.map_err(|error| match error {
            TransitionError::Refused(refusal) => StdError::msg(refusal),
            TransitionError::Store(error) => error,
        })?;
        self.meta = said.changes.meta;
        self.begun.extend(said.events);
        Ok(())
    }
}

impl StateView for Stored<'_> {
    type Error = StdError;

    fn meta(&self) -> StdResult<Meta> {
        Ok(self.meta)
    }

    fn account(&self, account: AccountId) -> StdResult<Option<Account>> {
        ACCOUNTS.may_load(self.storage, account.as_bytes())
    }

    fn epoch(&self, epoch: Epoch) -> StdResult<Option<EpochRecord>> {
        EPOCHS.may_load(self.storage, epoch.get())
    }

    fn is_model_accepted(&self, model: ModelDigest) -> StdResult<bool> {
        Ok(MODELS.has(self.storage, model.as_bytes()))
    }
}

/// When the circuits are accepted. There are few.
pub fn windows(storage: &dyn Storage) -> StdResult<Vec<Window>> {
    WINDOWS.range(storage, None, None, Order::Ascending).map(|entry| Ok(entry?.1)).collect()
}

/// Writes what a transition changes.
pub fn write(storage: &mut dyn Storage, changes: &Changes) -> StdResult<()> {
    META.save(storage, &changes.meta)?;
    if let Some((id, account)) = &changes.account {
        ACCOUNTS.save(storage, id.as_bytes(), account)?;
    }
    if let Some((epoch, record)) = &changes.epoch {
        EPOCHS.save(storage, epoch.get(), record)?;
    }
    match &changes.model {
        Some((model, true)) => MODELS.save(storage, model.as_bytes(), &())?,
        Some((model, false)) => MODELS.remove(storage, model.as_bytes()),
        None => {}
    }
    Ok(())
}
