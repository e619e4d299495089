//! What the engine keeps of an epoch.

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{ModelDigest, Timestamp};

use super::clock::ClockTime;
use crate::root::Root;

/// What became of a posted epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EpochState {
    /// Proofs against it count.
    Posted,
    /// Its prices jumped, or those of an epoch before it, and were not confirmed.
    Quarantined,
    /// The guardian rejected it: nothing that rests on it counts any more.
    Rejected,
}

/// An epoch on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// Root of the account tree.
    pub state_root: Root,
    /// Root of the market.
    pub market_root: Root,
    /// The model both are made under.
    pub model: ModelDigest,
    /// When the snapshot was taken.
    pub market_timestamp: Timestamp,
    /// The engine's clock when it was posted, or when it was rejected.
    pub posted: ClockTime,
    /// What became of it.
    pub state: EpochState,
}
