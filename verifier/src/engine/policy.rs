//! What a deployment demands of its accounts. Fixed for its lifetime.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{ContextId, Epoch, ModelDigest};
use zkmargin_margin::shape::ProofSystem;

use super::escrow::CommitteeId;

/// The settings of a [`Policy`]. Periods are whole seconds, on the engine's
/// clock unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyParams {
    /// The market: a proof for another context does not count.
    pub context: ContextId,
    /// The proof system, whose field the roots of epochs must be of.
    pub proof_system: ProofSystem,
    /// Margin models accepted from the start; actions accept and revoke others.
    pub models: Vec<ModelDigest>,
    /// The number of the first epoch, at least one.
    pub first_epoch: Epoch,
    /// The level a proof must claim to keep an account current, and to cure a
    /// call for silence.
    pub required_level: Level,
    /// An account proved below this level is in breach.
    pub breach_level: Level,
    /// The level a proof must claim to cure a breach.
    pub cure_level: Level,
    /// How long a proof keeps an account current, counted from the posting of
    /// its epoch. Afterwards anyone may call the account as overdue.
    pub proof_window: u64,
    /// How long a called account has to cure.
    pub cure_periods: CurePeriods,
    /// How old (in real time) a snapshot may be for a proof against it to
    /// count. When the latest snapshot is older, the engine's clock stands still.
    pub max_snapshot_age: u64,
    /// How far (in real time) a snapshot's time may lie ahead of the engine's.
    pub max_clock_skew: u64,
    /// How long at most nothing is due after the clock stood still.
    pub grace_period: u64,
    /// How long (in real time) a pause may be before it must be renewed.
    pub max_pause: u64,
    /// How long (in real time) the clock must have stood still for an account
    /// to escape.
    pub escape_after: u64,
    /// A largest price move within the breaker's window, in basis points, above
    /// which an epoch is quarantined and the engine halts; `null` turns the
    /// breaker off.
    pub max_price_move_bps: Option<u32>,
    /// How long (in real time) a move counts for the breaker; between one and
    /// two such periods are in view. With 0 every epoch counts for itself.
    pub breaker_window: u64,
    /// How many epochs after a change's the venue has to show it, before proofs of
    /// other commitments count again; they should pass well within `proof_window`. 0,
    /// and where it is left out: changes are not taken.
    #[serde(default, skip_serializing_if = "takes_no_changes")]
    pub change_epochs: u16,
    /// The committee that every *at-least* proof must have an escrow to; none, and where
    /// it is left out, when no escrow is demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<CommitteeId>,
    /// How many accounts at most become liquidatable within a `breaker_window`, in real
    /// time from a multiple of it: those beyond stay called, can be cured, and are marked in
    /// a later one. An account is then liquidatable once it is marked. 0, and where it is
    /// left out: all are, as soon as their deadlines pass.
    #[serde(default, skip_serializing_if = "is_unlimited")]
    pub max_liquidations: u16,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_unlimited(most: &u16) -> bool {
    *most == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn takes_no_changes(epochs: &u16) -> bool {
    *epochs == 0
}

/// How long a called account has to cure, by what was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurePeriods {
    /// It gave no proof in time.
    pub overdue: u64,
    /// It was proved below initial margin.
    pub below_initial: u64,
    /// It was proved below maintenance margin.
    pub below_maintenance: u64,
    /// It was proved below the margin-call level: what it holds does not cover
    /// what it owes.
    pub below_margin_call: u64,
}

impl CurePeriods {
    /// The same time to cure whatever was shown.
    pub const fn uniform(seconds: u64) -> Self {
        Self {
            overdue: seconds,
            below_initial: seconds,
            below_maintenance: seconds,
            below_margin_call: seconds,
        }
    }

    /// The time for an account proved below a level. No claim is below
    /// bankrupt; it would be the most severe one.
    pub const fn below(&self, level: Level) -> u64 {
        match level {
            Level::Initial => self.below_initial,
            Level::Maintenance => self.below_maintenance,
            Level::MarginCall | Level::Bankrupt => self.below_margin_call,
        }
    }

    /// Every period by its name.
    const fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("cure_periods.overdue", self.overdue),
            ("cure_periods.below_initial", self.below_initial),
            ("cure_periods.below_maintenance", self.below_maintenance),
            ("cure_periods.below_margin_call", self.below_margin_call),
        ]
    }
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
    /// Epoch 0 stands for none.
    #[error("first_epoch is 0: epochs are numbered from 1 at least")]
    NoFirstEpoch,
    /// Level 0 says nothing.
    #[error("{0} is bankrupt: allowed are margin-call, maintenance, initial")]
    EmptyLevel(&'static str),
    /// One proof could show a breach while another keeps the account current.
    #[error("levels must be ordered: breach_level <= required_level <= cure_level")]
    LevelOrder,
    /// Zero seconds.
    #[error("max_snapshot_age is 0: no proof could ever be in time")]
    NoSnapshotAge,
    /// Zero seconds.
    #[error("max_pause is 0: the guardian could never pause")]
    NoPause,
    /// Too short for an account to react to a new epoch.
    #[error("{0} is shorter than twice max_snapshot_age: an account could have no time to prove")]
    TooShort(&'static str),
    /// Beyond what 64-bit clocks can add up.
    #[error("{0} is longer than a century")]
    TooLong(&'static str),
    /// Worse accounts would have more time.
    #[error(
        "cure_periods must be ordered: below_margin_call <= below_maintenance <= below_initial"
    )]
    PeriodOrder,
    /// A snapshot from so far ahead would not age in time.
    #[error("max_clock_skew must be shorter than max_snapshot_age")]
    SkewTooLong,
    /// A publisher who stops now and then could keep everything from being due.
    #[error("grace_period must not be longer than max_snapshot_age")]
    GraceTooLong,
    /// Nothing says how long a limit is for.
    #[error("max_liquidations is for each breaker_window, which is 0")]
    NoLiquidationWindow,
    /// A single pause would let accounts out.
    #[error("escape_after must not be shorter than max_pause")]
    EscapeTooEarly,
}

/// A validated policy.
///
/// `breach_level <= required_level` makes the two kinds of proof exclude each
/// other within an epoch. A `proof_window` and `cure_periods` of at least twice
/// `max_snapshot_age` guarantee, with a shorter `max_clock_skew`, that time
/// remains, once an epoch is posted that an account can use, before it is
/// overdue or its call expires: the clock stands still when no newer epoch
/// arrives.
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
        params.check_models()?;
        params.check_levels()?;
        params.check_periods()?;
        params.check_halts()?;
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
    /// cures, proofs hold for a day, calls for four hours and those of bankrupt
    /// accounts for half an hour, snapshots for a quarter of an hour, and a move
    /// of 20 % within an hour halts.
    pub fn standard(context: ContextId, proof_system: ProofSystem, model: ModelDigest) -> Self {
        Self {
            context,
            proof_system,
            models: Vec::from([model]),
            first_epoch: Epoch::new(1),
            required_level: Level::Maintenance,
            breach_level: Level::Maintenance,
            cure_level: Level::Initial,
            proof_window: 86_400,
            cure_periods: CurePeriods { below_margin_call: 1_800, ..CurePeriods::uniform(14_400) },
            max_snapshot_age: 900,
            max_clock_skew: 15,
            grace_period: 900,
            max_pause: 3 * 86_400,
            escape_after: 7 * 86_400,
            max_price_move_bps: Some(2_000),
            breaker_window: 3_600,
            change_epochs: 0,
            escrow: None,
            max_liquidations: 0,
        }
    }

    fn check_models(&self) -> Result<(), InvalidPolicy> {
        let models: BTreeSet<_> = self.models.iter().collect();
        if models.is_empty() {
            return Err(InvalidPolicy::NoModel);
        }
        if models.len() != self.models.len() {
            return Err(InvalidPolicy::DuplicateModel);
        }
        if self.first_epoch.get() == 0 {
            return Err(InvalidPolicy::NoFirstEpoch);
        }
        Ok(())
    }

    fn check_levels(&self) -> Result<(), InvalidPolicy> {
        for (name, level) in [
            ("breach_level", self.breach_level),
            ("required_level", self.required_level),
            ("cure_level", self.cure_level),
        ] {
            if level == Level::Bankrupt {
                return Err(InvalidPolicy::EmptyLevel(name));
            }
        }
        if self.breach_level > self.required_level || self.required_level > self.cure_level {
            return Err(InvalidPolicy::LevelOrder);
        }
        Ok(())
    }

    fn check_periods(&self) -> Result<(), InvalidPolicy> {
        if self.max_snapshot_age == 0 {
            return Err(InvalidPolicy::NoSnapshotAge);
        }
        let windows = [("proof_window", self.proof_window)].into_iter();
        let windows = windows.chain(self.cure_periods.named());
        let others = [
            ("max_snapshot_age", self.max_snapshot_age),
            ("max_clock_skew", self.max_clock_skew),
            ("grace_period", self.grace_period),
            ("max_pause", self.max_pause),
            ("escape_after", self.escape_after),
            ("breaker_window", self.breaker_window),
        ];
        for (name, seconds) in windows.clone().chain(others) {
            if seconds > CENTURY {
                return Err(InvalidPolicy::TooLong(name));
            }
        }
        for (name, seconds) in windows {
            if seconds < 2 * self.max_snapshot_age {
                return Err(InvalidPolicy::TooShort(name));
            }
        }
        let CurePeriods { below_initial, below_maintenance, below_margin_call, .. } =
            self.cure_periods;
        if below_margin_call > below_maintenance || below_maintenance > below_initial {
            return Err(InvalidPolicy::PeriodOrder);
        }
        Ok(())
    }

    const fn check_halts(&self) -> Result<(), InvalidPolicy> {
        if self.max_clock_skew >= self.max_snapshot_age {
            return Err(InvalidPolicy::SkewTooLong);
        }
        if self.grace_period > self.max_snapshot_age {
            return Err(InvalidPolicy::GraceTooLong);
        }
        if self.max_pause == 0 {
            return Err(InvalidPolicy::NoPause);
        }
        if self.escape_after < self.max_pause {
            return Err(InvalidPolicy::EscapeTooEarly);
        }
        if self.max_liquidations != 0 && self.breaker_window == 0 {
            return Err(InvalidPolicy::NoLiquidationWindow);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> PolicyParams {
        let context = ContextId::derive("test", 0, [0; 20]);
        PolicyParams::standard(context, ProofSystem::Kzg, ModelDigest::of(b"model"))
    }

    type Change = fn(&mut PolicyParams);

    fn expect(cases: &[(Change, InvalidPolicy)]) {
        assert!(Policy::new(params()).is_ok());
        for (change, expected) in cases {
            let mut params = params();
            change(&mut params);
            assert_eq!(Policy::new(params.clone()), Err(*expected));
            let json = serde_json::to_string(&params).unwrap();
            assert!(serde_json::from_str::<Policy>(&json).is_err(), "{json}");
        }
    }

    #[test]
    fn models_and_levels_are_checked() {
        expect(&[
            (|params| params.models.clear(), InvalidPolicy::NoModel),
            (|params| params.models.push(params.models[0]), InvalidPolicy::DuplicateModel),
            (|params| params.first_epoch = Epoch::new(0), InvalidPolicy::NoFirstEpoch),
            (
                |params| params.breach_level = Level::Bankrupt,
                InvalidPolicy::EmptyLevel("breach_level"),
            ),
            (|params| params.breach_level = Level::Initial, InvalidPolicy::LevelOrder),
            (|params| params.cure_level = Level::MarginCall, InvalidPolicy::LevelOrder),
        ]);
    }

    #[test]
    fn periods_are_checked() {
        expect(&[
            (|params| params.max_snapshot_age = 0, InvalidPolicy::NoSnapshotAge),
            (|params| params.proof_window = 1_799, InvalidPolicy::TooShort("proof_window")),
            (
                |params| params.cure_periods.overdue = 1_799,
                InvalidPolicy::TooShort("cure_periods.overdue"),
            ),
            (
                |params| params.cure_periods.below_margin_call = 1_799,
                InvalidPolicy::TooShort("cure_periods.below_margin_call"),
            ),
            (
                |params| params.cure_periods.below_maintenance = 1_799,
                InvalidPolicy::TooShort("cure_periods.below_maintenance"),
            ),
            (
                |params| params.cure_periods.below_initial = 1_799,
                InvalidPolicy::TooShort("cure_periods.below_initial"),
            ),
            (|params| params.cure_periods.below_margin_call = 14_401, InvalidPolicy::PeriodOrder),
            (|params| params.cure_periods.below_maintenance = 14_401, InvalidPolicy::PeriodOrder),
            (|params| params.proof_window = CENTURY + 1, InvalidPolicy::TooLong("proof_window")),
            (
                |params| params.max_snapshot_age = u64::MAX,
                InvalidPolicy::TooLong("max_snapshot_age"),
            ),
            (
                |params| params.breaker_window = CENTURY + 1,
                InvalidPolicy::TooLong("breaker_window"),
            ),
            (|params| params.max_clock_skew = 900, InvalidPolicy::SkewTooLong),
            (|params| params.grace_period = 901, InvalidPolicy::GraceTooLong),
            (|params| params.max_pause = 0, InvalidPolicy::NoPause),
            (|params| params.escape_after = 3 * 86_400 - 1, InvalidPolicy::EscapeTooEarly),
            (
                |params| (params.max_liquidations, params.breaker_window) = (1, 0),
                InvalidPolicy::NoLiquidationWindow,
            ),
        ]);
        assert_eq!(CENTURY, 3_162_240_000);
        let cure_periods = CurePeriods::uniform(CENTURY);
        let longest = PolicyParams { proof_window: CENTURY, cure_periods, ..params() };
        assert!(Policy::new(longest).is_ok());
        let cure_periods = CurePeriods::uniform(1_800);
        let shortest = PolicyParams { proof_window: 1_800, cure_periods, ..params() };
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
