//! What the engine stores.

use core::fmt;

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest, Timestamp};
use zkmargin_margin::instance::Shortfall;

use crate::encoding::optional_shortfall;
use crate::root::Root;

/// A time on the engine's clock, in seconds: the time of the engine's start
/// plus the seconds in which the clock ran. It never runs ahead of real time.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ClockTime(u64);

impl ClockTime {
    /// A time by its seconds.
    pub const fn new(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The seconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The time so many seconds later; the last one there is, if beyond it.
    pub const fn after(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why the engine halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HaltReason {
    /// The guardian paused it.
    Paused,
    /// An epoch's prices moved by more than the policy's limit.
    PriceMove,
}

impl fmt::Display for HaltReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paused => "paused",
            Self::PriceMove => "prices jumped",
        })
    }
}

/// Why an account was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallReason {
    /// A proof showed it below the breach level.
    Breach,
    /// It gave no proof in time.
    Overdue,
}

impl fmt::Display for CallReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Breach => "breach",
            Self::Overdue => "overdue",
        })
    }
}

/// The engine's own state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Real time of the last transition, or of the start.
    pub last_time: u64,
    /// The engine's clock at `last_time`.
    pub clock: ClockTime,
    /// The latest epoch, zero when there is none.
    pub latest: Epoch,
    /// Until when the latest snapshot is fresh, in real time.
    pub fresh_until: u64,
    /// Whether the latest epoch's model has been revoked.
    pub model_revoked: bool,
    /// Whether the engine is halted, and why.
    pub halt: Option<HaltReason>,
}

impl Meta {
    /// The state of a new engine.
    pub const fn start(now: u64) -> Self {
        Self {
            last_time: now,
            clock: ClockTime::new(now),
            latest: Epoch::new(0),
            fresh_until: 0,
            model_revoked: false,
            halt: None,
        }
    }

    /// The engine's clock at `now`. It runs exactly while a proof against the
    /// latest epoch could be accepted.
    pub fn clock_at(&self, now: u64) -> ClockTime {
        let stopped = self.halt.is_some() || self.model_revoked || self.latest.get() == 0;
        let until = if stopped { self.last_time } else { now.min(self.fresh_until) };
        self.clock.after(until.saturating_sub(self.last_time))
    }

    /// The state with the clock brought to `now`.
    #[must_use]
    pub fn advanced(&self, now: u64) -> Self {
        Self { last_time: now, clock: self.clock_at(now), ..*self }
    }
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
    /// The engine's clock when it was posted.
    pub posted: ClockTime,
    /// Whether its prices jumped and were not confirmed.
    pub quarantined: bool,
}

/// An account on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The last epoch its state rests on: proofs must be newer.
    pub last_epoch: Epoch,
    /// Its status as stored: a passed deadline may not be recorded yet.
    pub status: AccountStatus,
}

/// Where an account stands. Times are on the engine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum AccountStatus {
    /// Not known to the engine.
    Unregistered,
    /// Registered or reinstated, and not proved since.
    Unproven {
        /// Since when.
        since: ClockTime,
        /// When its proof is due.
        due: ClockTime,
    },
    /// Proved.
    Current {
        /// The epoch of the proof.
        epoch: Epoch,
        /// The level proved.
        level: Level,
        /// When it was accepted.
        since: ClockTime,
        /// When the next proof is due.
        due: ClockTime,
    },
    /// Under a margin call.
    Called {
        /// Why.
        reason: CallReason,
        /// The epoch of the breach, or the latest when overdue.
        epoch: Epoch,
        /// Since when.
        since: ClockTime,
        /// Until when, inclusive, it can be cured.
        deadline: ClockTime,
        /// The shortfall of the breach level, if the breach disclosed it.
        #[serde(with = "optional_shortfall")]
        shortfall: Option<Shortfall>,
    },
    /// A margin call was not met in time.
    Liquidatable {
        /// Why it had been called.
        reason: CallReason,
        /// The call's epoch.
        epoch: Epoch,
        /// The deadline that passed.
        since: ClockTime,
    },
    /// Closed by the protocol; it can be registered again.
    Closed {
        /// Since when.
        since: ClockTime,
    },
}

impl AccountStatus {
    /// Every name, in the order of the variants.
    pub const NAMES: [&'static str; 6] =
        ["unregistered", "unproven", "current", "called", "liquidatable", "closed"];

    /// The status when the clock shows `clock`: a call whose deadline has
    /// passed is liquidatable, recorded or not.
    #[must_use]
    pub fn at(self, clock: ClockTime) -> Self {
        match self {
            Self::Called { reason, epoch, deadline, .. } if clock > deadline => {
                Self::Liquidatable { reason, epoch, since: deadline }
            }
            other => other,
        }
    }

    /// Whether the account has proved what is required and is not late.
    pub fn in_good_standing(&self, clock: ClockTime) -> bool {
        matches!(self, Self::Current { due, .. } if clock <= *due)
    }

    /// Whether its proof is overdue, called or not yet.
    pub fn is_overdue(&self, clock: ClockTime) -> bool {
        matches!(self, Self::Current { due, .. } | Self::Unproven { due, .. } if clock > *due)
    }

    /// When the account's proof is due, if it is under no call.
    pub const fn due(&self) -> Option<ClockTime> {
        match self {
            Self::Current { due, .. } | Self::Unproven { due, .. } => Some(*due),
            _ => None,
        }
    }

    /// The name of the state, as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unregistered => "unregistered",
            Self::Unproven { .. } => "unproven",
            Self::Current { .. } => "current",
            Self::Called { .. } => "called",
            Self::Liquidatable { .. } => "liquidatable",
            Self::Closed { .. } => "closed",
        }
    }
}

impl fmt::Display for AccountStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unregistered => f.write_str("unregistered"),
            Self::Unproven { since, due } => {
                write!(f, "unproven since {since}, first proof due at {due}")
            }
            Self::Current { epoch, level, due, .. } => {
                write!(f, "current: {level} in epoch {}, next proof due at {due}", epoch.get())
            }
            Self::Called { reason, epoch, since, deadline, shortfall } => {
                let epoch = epoch.get();
                write!(f, "called ({reason}, epoch {epoch}) since {since}, to cure by {deadline}")?;
                match shortfall {
                    Some(units) => write!(f, ", shortfall {} quote units", units.get()),
                    None => Ok(()),
                }
            }
            Self::Liquidatable { reason, epoch, since } => {
                let epoch = epoch.get();
                write!(f, "liquidatable ({reason}, epoch {epoch}) since {since}")
            }
            Self::Closed { since } => write!(f, "closed since {since}"),
        }
    }
}

/// Read access to stored state: memory, a database, a contract's storage.
pub trait StateView {
    /// Why reading failed.
    type Error;

    /// The engine's own state.
    ///
    /// # Errors
    /// When it cannot be read.
    fn meta(&self) -> Result<Meta, Self::Error>;

    /// An account, if registered once.
    ///
    /// # Errors
    /// When it cannot be read.
    fn account(&self, account: AccountId) -> Result<Option<Account>, Self::Error>;

    /// An epoch, if posted.
    ///
    /// # Errors
    /// When it cannot be read.
    fn epoch(&self, epoch: Epoch) -> Result<Option<EpochRecord>, Self::Error>;

    /// Whether a model is accepted.
    ///
    /// # Errors
    /// When it cannot be read.
    fn is_model_accepted(&self, model: ModelDigest) -> Result<bool, Self::Error>;
}

/// What a transition writes: the engine's state, and at most one account,
/// epoch and model. The whole of it is stored, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The engine's new state.
    pub meta: Meta,
    /// The account that changed.
    pub account: Option<(AccountId, Account)>,
    /// The epoch that changed.
    pub epoch: Option<(Epoch, EpochRecord)>,
    /// The model whose acceptance changed.
    pub model: Option<(ModelDigest, bool)>,
}
