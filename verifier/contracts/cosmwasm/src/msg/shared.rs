//! What messages and answers share: the engine's types, with its JSON.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{StdError, StdResult};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The same JSON in another type.
///
/// # Errors
/// When the engine's type does not allow a value: the error says which.
pub fn convert<T: DeserializeOwned>(what: &'static str, value: &impl Serialize) -> StdResult<T> {
    let failed = |error: serde_json::Error| StdError::msg(format!("{what}: {error}"));
    serde_json::from_value(serde_json::to_value(value).map_err(failed)?).map_err(failed)
}

/// One of the roles.
#[cw_serde]
#[derive(Copy, Eq)]
#[allow(missing_docs)]
pub enum Role {
    Governor,
    Protocol,
    Guardian,
}

/// Who attests epochs, and how many of them must: the file of `zkmargin epoch`.
#[cw_serde]
pub struct Signers {
    /// How many must sign.
    pub threshold: u32,
    /// Addresses of the EVM, at most 32, strictly ascending.
    pub signers: Vec<String>,
}

/// An epoch as it is posted.
#[cw_serde]
pub struct EpochPost {
    /// Its number: one more than the last's.
    pub epoch: u64,
    /// Root of the account tree.
    pub state_root: String,
    /// Root of the market.
    pub market_root: String,
    /// The model that both are made under.
    pub model: String,
    /// When the market snapshot was taken.
    pub market_timestamp: u64,
    /// Largest move of a price since the epoch `reference`, in basis points.
    pub price_move_bps: u32,
    /// The last confirmed epoch; zero when there is none.
    pub reference: u64,
    /// Digest of the epoch posted before; zero in the first.
    pub previous: String,
}

/// An epoch on record.
#[cw_serde]
pub struct Epoch {
    /// Root of the account tree.
    pub state_root: String,
    /// Root of the market.
    pub market_root: String,
    /// The model both are made under.
    pub model: String,
    /// When the snapshot was taken.
    pub market_timestamp: u64,
    /// The engine's clock when it was posted, or when it was rejected.
    pub posted: u64,
    /// `posted`, `quarantined` or `rejected`.
    pub state: String,
}

/// The engine's own state. Times are real but for `clock` and `grace`.
#[cw_serde]
pub struct Meta {
    /// When the last transition was, or the start.
    pub last_time: u64,
    /// The engine's clock then.
    pub clock: u64,
    /// When the clock last ran; the start, if never.
    pub last_ran: u64,
    /// The latest epoch, zero when there is none.
    pub latest: u64,
    /// Its digest, which the next one names.
    pub latest_digest: String,
    /// `posted`, `quarantined` or `rejected`.
    pub latest_state: String,
    /// Until when its snapshot is fresh.
    pub fresh_until: u64,
    /// Whether its model has been revoked.
    pub model_revoked: bool,
    /// Until when, inclusive, the registry is paused.
    pub paused_until: Option<u64>,
    /// Whether prices jumped and were not confirmed.
    pub breaker: bool,
    /// The epoch that the next one's price move is measured against.
    pub confirmed: u64,
    /// The moves of confirmed epochs.
    pub window: MoveWindow,
    /// Until when, inclusive, there is a circuit; 0 when there is none, the
    /// largest 64-bit number when there is no end.
    pub circuits_until: u64,
    /// Whether one is frozen.
    pub circuits_frozen: bool,
    /// The grace after the clock last stood still.
    pub grace: Grace,
    /// The accounts that were marked last, where the policy limits them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liquidations: Option<Liquidations>,
}

/// Accounts that became liquidatable within a window of the policy.
#[cw_serde]
pub struct Liquidations {
    /// The window: so many lengths since 1970.
    pub window: u64,
    /// How many in it.
    pub count: u16,
}

/// The moves of a rolling window, in two buckets.
#[cw_serde]
pub struct MoveWindow {
    /// When the current bucket began.
    pub start: u64,
    /// The moves of the bucket before, in basis points.
    pub previous_bps: u32,
    /// The moves of the current bucket, in basis points.
    pub current_bps: u32,
}

/// What was not due at `from` is due at `until` at the earliest.
#[cw_serde]
pub struct Grace {
    /// On the engine's clock.
    pub from: u64,
    /// On the engine's clock.
    pub until: u64,
}
