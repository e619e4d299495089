//! Where an account stands.

use core::fmt;

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::instance::Shortfall;

use super::clock::{ClockTime, Grace};
use super::epoch_record::{EpochRecord, EpochState};
use super::next::OpenChange;
use super::paths::{PathRequest, account_clock};
use super::policy::PolicyParams;
use crate::encoding::optional_shortfall;

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

/// An account on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The last epoch its state rests on: proofs must be newer.
    pub last_epoch: Epoch,
    /// Its status as stored: a passed deadline, or a rejected epoch, may not be
    /// recorded yet.
    pub status: AccountStatus,
    /// The last path that it asked for, if it ever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathRequest>,
    /// The change that it said it would make, until an epoch is shown to hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<OpenChange>,
}

impl Account {
    /// One that never asked for a path, and said no change.
    pub const fn new(last_epoch: Epoch, status: AccountStatus) -> Self {
        Self { last_epoch, status, path: None, change: None }
    }

    /// What its clock shows when the engine's shows `clock`: it stands still while
    /// the account waits for a path.
    pub fn clock(&self, clock: ClockTime) -> ClockTime {
        account_clock(self.path, clock)
    }
}

/// Where an account stands. Times are on the engine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum AccountStatus {
    /// Not known to the engine.
    Unregistered,
    /// Registered or reinstated, and not proved since, or what it proved was
    /// rejected.
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
        /// The lowest level it was proved below; none when overdue.
        level: Option<Level>,
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
        /// The lowest level it was proved below; none when overdue.
        level: Option<Level>,
        /// The call's epoch.
        epoch: Epoch,
        /// The deadline that passed.
        since: ClockTime,
        /// The shortfall of the breach level, if the breach disclosed it.
        #[serde(with = "optional_shortfall")]
        shortfall: Option<Shortfall>,
    },
    /// Closed by the protocol, or by its owner's escape; it can be registered
    /// again.
    Closed {
        /// Since when.
        since: ClockTime,
    },
}

impl AccountStatus {
    /// Every name, in the order of the variants.
    pub const NAMES: [&'static str; 6] =
        ["unregistered", "unproven", "current", "called", "liquidatable", "closed"];

    /// The epoch whose prices and holdings the status rests on.
    pub const fn rests_on(&self) -> Option<Epoch> {
        match self {
            Self::Current { epoch, .. }
            | Self::Called { epoch, .. }
            | Self::Liquidatable { epoch, .. } => Some(*epoch),
            _ => None,
        }
    }

    /// The stored status when the clock shows `clock`. What rests on a rejected
    /// epoch falls back to unproven, with a whole window from the rejection; a
    /// call whose deadline has passed is liquidatable, unless a limit has it wait to be
    /// marked. Times are as stored.
    #[must_use]
    pub fn at(
        self,
        clock: ClockTime,
        grace: Grace,
        rests_on: Option<&EpochRecord>,
        params: &PolicyParams,
    ) -> Self {
        if let Some(EpochRecord { state: EpochState::Rejected, posted, .. }) = rests_on {
            return Self::Unproven { since: *posted, due: posted.after(params.proof_window) };
        }
        match params.max_liquidations {
            0 => self.past_deadline(clock, grace),
            _ => self,
        }
    }

    /// The status once a call's deadline has passed: liquidatable.
    #[must_use]
    pub(super) fn past_deadline(self, clock: ClockTime, grace: Grace) -> Self {
        match self {
            Self::Called { reason, level, epoch, deadline, shortfall, .. }
                if clock > grace.effective(deadline) =>
            {
                let since = grace.effective(deadline);
                Self::Liquidatable { reason, level, epoch, since, shortfall }
            }
            other => other,
        }
    }

    /// The status with the times that count, as [`Grace::effective`] says.
    #[must_use]
    pub fn shown(self, grace: Grace) -> Self {
        match self {
            Self::Unproven { since, due } => Self::Unproven { since, due: grace.effective(due) },
            Self::Current { epoch, level, since, due } => {
                Self::Current { epoch, level, since, due: grace.effective(due) }
            }
            Self::Called { reason, level, epoch, since, deadline, shortfall } => {
                let deadline = grace.effective(deadline);
                Self::Called { reason, level, epoch, since, deadline, shortfall }
            }
            other => other,
        }
    }

    /// Whether its proof is overdue, called or not yet, where its times are
    /// those of [`Self::shown`].
    pub fn is_overdue(&self, clock: ClockTime) -> bool {
        self.due().is_some_and(|due| clock > due)
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

/// A call's reason in words: why, below which level, in which epoch.
pub(super) struct CallWords(pub(super) CallReason, pub(super) Option<Level>, pub(super) Epoch);

impl fmt::Display for CallWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(reason, level, epoch) = self;
        write!(f, "({reason}")?;
        if let Some(level) = level {
            write!(f, " below {level}")?;
        }
        write!(f, ", epoch {})", epoch.get())
    }
}

/// A shortfall in words, or nothing.
pub(super) struct ShortfallWords(pub(super) Option<Shortfall>);

impl fmt::Display for ShortfallWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(units) => write!(f, ", shortfall {} quote units", units.get()),
            None => Ok(()),
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
            Self::Called { reason, level, epoch, since, deadline, shortfall } => {
                let (call, shortfall) =
                    (CallWords(*reason, *level, *epoch), ShortfallWords(*shortfall));
                write!(f, "called {call} since {since}, to cure by {deadline}{shortfall}")
            }
            Self::Liquidatable { reason, level, epoch, since, shortfall } => {
                let (call, shortfall) =
                    (CallWords(*reason, *level, *epoch), ShortfallWords(*shortfall));
                write!(f, "liquidatable {call} since {since}{shortfall}")
            }
            Self::Closed { since } => write!(f, "closed since {since}"),
        }
    }
}
