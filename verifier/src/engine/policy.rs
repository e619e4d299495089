//! What a deployment demands of its accounts. Fixed for its lifetime.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{ContextId, ModelDigest};

/// The settings of a [`Policy`]. Periods are whole seconds, on the engine's
/// clock unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyParams {
    /// The deployment: a proof for another context does not count.
    pub context: ContextId,
    /// Margin models accepted from the start; actions accept and revoke others.
    pub models: Vec<ModelDigest>,
    /// The level a proof must claim to keep an account current.
    pub required_level: Level,
    /// An account proved below this level is in breach.
    pub breach_level: Level,
    /// The level a proof must claim to cure a call.
    pub cure_level: Level,
    /// How long a proof keeps an account current, counted from the posting of
    /// its epoch. Afterwards anyone may call the account as overdue.
    pub proof_window: u64,
    /// How long a called account has to cure.
    pub cure_period: u64,
    /// How old (in real time) a snapshot may be for a proof against it to
    /// count. When the latest snapshot is older, the engine's clock stands still.
    pub max_snapshot_age: u64,
    /// A largest price move, in basis points, above which an epoch is
    /// quarantined and the engine halts; `null` turns the breaker off.
    pub max_price_move_bps: Option<u32>,
}

/// Settings that would make a deployment unfair or useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPolicy {
    /// Without a model no epoch can be posted.
    #[error("models is empty: at least one margin model must be accepted")]
    NoModel,
    /// A model is listed twice.
    #[error("models lists a model twice")]
    DuplicateModel,
    /// Level 0 says nothing.
    #[error("{0} is bankrupt: allowed are margin-call, maintenance, initial")]
    EmptyLevel(&'static str),
    /// One proof could show a breach while another keeps the account current.
    #[error("levels must be ordered: breach_level <= required_level <= cure_level")]
    LevelOrder,
    /// Zero seconds.
    #[error("max_snapshot_age is 0: no proof could ever be in time")]
    NoSnapshotAge,
    /// Too short for an account to react to a new epoch.
    #[error("{0} is shorter than twice max_snapshot_age: an account could have no time to prove")]
    TooShort(&'static str),
    /// Beyond what 64-bit clocks can add up.
    #[error("{0} is longer than a century")]
    TooLong(&'static str),
}

/// A validated policy.
///
/// `breach_level <= required_level` makes the two kinds of proof exclude each
/// other within an epoch. `proof_window` and `cure_period` of at least twice
/// `max_snapshot_age` guarantee that, once an epoch is posted that an account
/// can use, at least `max_snapshot_age` seconds remain before it is overdue or
/// its call expires: the clock stands still when no newer epoch arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PolicyParams", into = "PolicyParams")]
pub struct Policy(PolicyParams);

/// Periods are at most this long: 100 years of 366 days.
const CENTURY: u64 = 100 * 366 * 86_400;

impl Policy {
    /// Validates settings.
    ///
    /// # Errors
    /// The first rule they break.
    pub fn new(params: PolicyParams) -> Result<Self, InvalidPolicy> {
        let models: BTreeSet<_> = params.models.iter().collect();
        if models.is_empty() {
            return Err(InvalidPolicy::NoModel);
        }
        if models.len() != params.models.len() {
            return Err(InvalidPolicy::DuplicateModel);
        }
        for (name, level) in [
            ("breach_level", params.breach_level),
            ("required_level", params.required_level),
            ("cure_level", params.cure_level),
        ] {
            if level == Level::Bankrupt {
                return Err(InvalidPolicy::EmptyLevel(name));
            }
        }
        if params.breach_level > params.required_level || params.required_level > params.cure_level
        {
            return Err(InvalidPolicy::LevelOrder);
        }
        let periods = [("proof_window", params.proof_window), ("cure_period", params.cure_period)];
        if params.max_snapshot_age == 0 {
            return Err(InvalidPolicy::NoSnapshotAge);
        }
        for (name, seconds) in
            periods.into_iter().chain([("max_snapshot_age", params.max_snapshot_age)])
        {
            if seconds > CENTURY {
                return Err(InvalidPolicy::TooLong(name));
            }
        }
        for (name, seconds) in periods {
            if seconds < 2 * params.max_snapshot_age {
                return Err(InvalidPolicy::TooShort(name));
            }
        }
        Ok(Self(params))
    }

    /// The settings.
    pub const fn params(&self) -> &PolicyParams {
        &self.0
    }
}

impl TryFrom<PolicyParams> for Policy {
    type Error = InvalidPolicy;

    fn try_from(params: PolicyParams) -> Result<Self, InvalidPolicy> {
        Self::new(params)
    }
}

impl From<Policy> for PolicyParams {
    fn from(policy: Policy) -> Self {
        policy.0
    }
}

impl PolicyParams {
    /// Common settings: maintenance keeps an account current, initial margin
    /// cures, proofs hold for a day, calls for four hours, snapshots for an
    /// hour, and a move of 20 % halts.
    pub fn standard(context: ContextId, model: ModelDigest) -> Self {
        Self {
            context,
            models: Vec::from([model]),
            required_level: Level::Maintenance,
            breach_level: Level::Maintenance,
            cure_level: Level::Initial,
            proof_window: 86_400,
            cure_period: 4 * 3_600,
            max_snapshot_age: 3_600,
            max_price_move_bps: Some(2_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> PolicyParams {
        PolicyParams::standard(ContextId::derive("test", 0, [0; 20]), ModelDigest::of(b"model"))
    }

    #[test]
    fn every_rule_is_checked() {
        type Change = fn(&mut PolicyParams);
        let cases: [(Change, InvalidPolicy); 10] = [
            (|params| params.models.clear(), InvalidPolicy::NoModel),
            (|params| params.models.push(params.models[0]), InvalidPolicy::DuplicateModel),
            (
                |params| params.breach_level = Level::Bankrupt,
                InvalidPolicy::EmptyLevel("breach_level"),
            ),
            (|params| params.breach_level = Level::Initial, InvalidPolicy::LevelOrder),
            (|params| params.cure_level = Level::MarginCall, InvalidPolicy::LevelOrder),
            (|params| params.max_snapshot_age = 0, InvalidPolicy::NoSnapshotAge),
            (|params| params.proof_window = 7_199, InvalidPolicy::TooShort("proof_window")),
            (|params| params.cure_period = 7_199, InvalidPolicy::TooShort("cure_period")),
            (|params| params.proof_window = CENTURY + 1, InvalidPolicy::TooLong("proof_window")),
            (
                |params| params.max_snapshot_age = u64::MAX,
                InvalidPolicy::TooLong("max_snapshot_age"),
            ),
        ];
        assert!(Policy::new(params()).is_ok());
        for (change, expected) in cases {
            let mut params = params();
            change(&mut params);
            assert_eq!(Policy::new(params.clone()), Err(expected));
            let json = serde_json::to_string(&params).unwrap();
            assert!(serde_json::from_str::<Policy>(&json).is_err(), "{json}");
        }
        assert_eq!(CENTURY, 3_162_240_000);
        let longest = PolicyParams { proof_window: CENTURY, cure_period: CENTURY, ..params() };
        assert!(Policy::new(longest).is_ok());
        let shortest = PolicyParams { proof_window: 7_200, cure_period: 7_200, ..params() };
        assert!(Policy::new(shortest).is_ok());
    }

    #[test]
    fn json_round_trips_and_refuses_unknown_fields() {
        let policy = Policy::new(params()).unwrap();
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
        let extra = json.replacen('{', "{\"cure_time\":1,", 1);
        assert!(serde_json::from_str::<Policy>(&extra).is_err());
    }
}
