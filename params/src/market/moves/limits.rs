//! Limits of single instruments.
//!
//! ```json
//! {
//!   "max_price_move_bps": 2000,
//!   "instruments": { "USDC": 200, "DOGE": 5000, "volatility": 4000 }
//! }
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MarkKind, Move};

/// Moves at which single marks trip a breaker whose policy has one limit for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Listed", into = "Listed")]
pub struct Limits {
    policy: u32,
    own: BTreeMap<String, u32>,
}

/// The file's fields.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    /// The policy's limit.
    max_price_move_bps: u32,
    /// By symbol, or by what of an instrument it is: `spot`, `stable`, `forward`,
    /// `at-the-money`, `volatility`, `option`. Weighed moves are held to them.
    instruments: BTreeMap<String, u32>,
}

/// Why limits are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitsError {
    /// A limit of zero: every move would be one without bound.
    #[error("{0}: a limit must be above zero basis points")]
    Zero(String),
}

impl Limits {
    /// Limits beside a policy's, in basis points.
    ///
    /// # Errors
    /// When one is zero.
    pub fn new(policy: u32, own: BTreeMap<String, u32>) -> Result<Self, LimitsError> {
        if policy == 0 {
            return Err(LimitsError::Zero("max_price_move_bps".to_owned()));
        }
        match own.iter().find(|(_, limit)| **limit == 0) {
            Some((name, _)) => Err(LimitsError::Zero(name.clone())),
            None => Ok(Self { policy, own }),
        }
    }

    /// The policy's limit, in basis points.
    pub fn policy(&self) -> u32 {
        self.policy
    }

    /// The limit of a mark: of its instrument, else of its kind.
    pub(super) fn of(&self, moved: &Move) -> Option<u32> {
        let by_kind = match moved.kind {
            MarkKind::Price => None,
            kind => self.own.get(kind.name()),
        };
        self.own.get(&moved.name).or(by_kind).copied()
    }
}

impl TryFrom<Listed> for Limits {
    type Error = LimitsError;

    fn try_from(listed: Listed) -> Result<Self, LimitsError> {
        Self::new(listed.max_price_move_bps, listed.instruments)
    }
}

impl From<Limits> for Listed {
    fn from(limits: Limits) -> Self {
        Self { max_price_move_bps: limits.policy, instruments: limits.own }
    }
}
