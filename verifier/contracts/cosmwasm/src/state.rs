//! Storage, as the engine reads it. Keys and values are stable: a migration
//! must keep them or convert.

use cosmwasm_std::{Addr, StdError, StdResult, Storage};
use cw_storage_plus::{Item, Map};
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};
use zkmargin_verifier::engine::{Account, Changes, EpochRecord, Meta, Policy, StateView};

use crate::msg::Role;

/// What never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The policy.
    pub policy: Policy,
    /// Whether keys may be insecure.
    pub insecure_srs_allowed: bool,
}

/// What never changes.
pub const CONFIG: Item<Config> = Item::new("config");
/// The engine's own state.
pub const META: Item<Meta> = Item::new("meta");
/// Holders of roles, by the role's name.
pub const ROLES: Map<&str, Addr> = Map::new("roles");
/// Accounts, by their bytes.
pub const ACCOUNTS: Map<&[u8], Account> = Map::new("accounts");
/// Epochs, by number.
pub const EPOCHS: Map<u64, EpochRecord> = Map::new("epochs");
/// Accepted models, by their bytes.
pub const MODELS: Map<&[u8], ()> = Map::new("models");
/// Verifying keys, by their digest's bytes.
pub const CIRCUITS: Map<&[u8], Vec<u8>> = Map::new("circuits");

/// The key of a role in storage.
pub const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Governor => "governor",
        Role::Publisher => "publisher",
        Role::Protocol => "protocol",
        Role::Guardian => "guardian",
    }
}

/// Storage as the engine's state.
pub struct Stored<'a>(pub &'a dyn Storage);

impl StateView for Stored<'_> {
    type Error = StdError;

    fn meta(&self) -> StdResult<Meta> {
        META.load(self.0)
    }

    fn account(&self, account: AccountId) -> StdResult<Option<Account>> {
        ACCOUNTS.may_load(self.0, account.as_bytes())
    }

    fn epoch(&self, epoch: Epoch) -> StdResult<Option<EpochRecord>> {
        EPOCHS.may_load(self.0, epoch.get())
    }

    fn is_model_accepted(&self, model: ModelDigest) -> StdResult<bool> {
        Ok(MODELS.has(self.0, model.as_bytes()))
    }
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
