//! The engine's own state, and the one question whether proofs count now.

use core::fmt;

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::Epoch;

use super::breaker::MoveWindow;
use super::clock::{ClockTime, Grace};
use super::epoch_record::EpochState;
use crate::epoch::EpochDigest;

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

/// Why the clock stands still: why no proof could be accepted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Standstill {
    /// The guardian paused the engine.
    Paused,
    /// Prices jumped, and nobody has confirmed them.
    PriceMove,
    /// No epoch was posted yet.
    NoEpoch,
    /// No circuit is there to verify proofs, or they are frozen.
    Circuits,
    /// The model of the latest epoch was revoked.
    ModelRevoked,
    /// The latest epoch is quarantined.
    Quarantined,
    /// The latest epoch was rejected.
    Rejected,
    /// The latest snapshot is stale.
    Stale,
}

impl fmt::Display for Standstill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paused => "the guardian paused the engine",
            Self::PriceMove => "prices jumped and wait to be confirmed",
            Self::NoEpoch => "no epoch was posted yet",
            Self::Circuits => "no circuit can verify proofs now",
            Self::ModelRevoked => "the latest epoch's model was revoked",
            Self::Quarantined => "the latest epoch is quarantined",
            Self::Rejected => "the latest epoch was rejected",
            Self::Stale => "the latest market snapshot is stale",
        })
    }
}

/// The engine's own state. Times are real ones unless they are [`ClockTime`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// When the last transition was, or the start.
    pub last_time: u64,
    /// The engine's clock at `last_time`.
    pub clock: ClockTime,
    /// When the clock last ran; the start, if never.
    pub last_ran: u64,
    /// The latest epoch, zero when there is none.
    pub latest: Epoch,
    /// Its digest, which the next one names; zero when there is none.
    pub latest_digest: EpochDigest,
    /// What became of it.
    pub latest_state: EpochState,
    /// Until when its snapshot is fresh.
    pub fresh_until: u64,
    /// Whether its model has been revoked.
    pub model_revoked: bool,
    /// Until when, inclusive, the guardian paused the engine.
    pub paused_until: Option<u64>,
    /// Whether prices jumped and were not confirmed.
    pub breaker: bool,
    /// The epoch that the next one's price move is measured against; zero
    /// before the first.
    pub confirmed: Epoch,
    /// The moves of confirmed epochs.
    pub window: MoveWindow,
    /// Until when, inclusive, there is a circuit to verify proofs; 0 when there
    /// is none, the largest number when there is no end.
    pub circuits_until: u64,
    /// Whether a guardian froze them.
    pub circuits_frozen: bool,
    /// The grace after the clock last stood still.
    pub grace: Grace,
    /// The accounts that were marked last, where the policy limits them.
    #[serde(default, skip_serializing_if = "Liquidations::is_none")]
    pub liquidations: Liquidations,
}

/// Accounts that became liquidatable within a window of the policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Liquidations {
    /// The window: so many lengths since 1970.
    pub window: u64,
    /// How many in it.
    pub count: u16,
}

impl Liquidations {
    /// Whether there never was one.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    const fn is_none(&self) -> bool {
        self.count == 0
    }
}

impl Meta {
    /// The state of a new engine that verifies proofs without an end.
    pub fn start(now: u64) -> Self {
        Self {
            last_time: now,
            clock: ClockTime::new(now),
            last_ran: now,
            latest: Epoch::new(0),
            latest_digest: EpochDigest::NONE,
            latest_state: EpochState::Posted,
            fresh_until: 0,
            model_revoked: false,
            paused_until: None,
            breaker: false,
            confirmed: Epoch::new(0),
            window: MoveWindow::empty(now),
            circuits_until: u64::MAX,
            circuits_frozen: false,
            grace: Grace::default(),
            liquidations: Liquidations::default(),
        }
    }

    /// Whether the engine is halted at `now`, and why. A pause goes first.
    pub fn halted(&self, now: u64) -> Option<HaltReason> {
        match self.paused_until {
            Some(until) if now <= until => Some(HaltReason::Paused),
            _ => self.breaker.then_some(HaltReason::PriceMove),
        }
    }

    /// Why no proof could be accepted at `now`; `None` when one could.
    pub fn standstill(&self, now: u64) -> Option<Standstill> {
        if let Some(still) = self.stopped(now) {
            return Some(still);
        }
        if now > self.circuits_until {
            return Some(Standstill::Circuits);
        }
        (now > self.fresh_until).then_some(Standstill::Stale)
    }

    /// Whether a proof against the latest epoch could be accepted at `now`.
    /// Exactly then the clock runs.
    pub fn provable_now(&self, now: u64) -> bool {
        self.standstill(now).is_none()
    }

    /// What stops the clock whatever the time.
    fn stopped(&self, now: u64) -> Option<Standstill> {
        match self.halted(now) {
            Some(HaltReason::Paused) => return Some(Standstill::Paused),
            Some(HaltReason::PriceMove) => return Some(Standstill::PriceMove),
            None => {}
        }
        if self.latest.get() == 0 {
            Some(Standstill::NoEpoch)
        } else if self.circuits_frozen {
            Some(Standstill::Circuits)
        } else if self.model_revoked {
            Some(Standstill::ModelRevoked)
        } else {
            match self.latest_state {
                EpochState::Posted => None,
                EpochState::Quarantined => Some(Standstill::Quarantined),
                EpochState::Rejected => Some(Standstill::Rejected),
            }
        }
    }

    /// The state with the clock brought to `now`, which is not before
    /// `last_time`. A pause that ended in between is over.
    #[must_use]
    pub fn advanced(&self, now: u64, grace_period: u64) -> Self {
        let mut meta = *self;
        if let Some(end) = meta.paused_until.filter(|until| *until < now) {
            meta.run_to(end);
            meta.paused_until = None;
            // At `end` itself the engine was paused: the clock starts with the
            // second after it, if a proof counts then.
            if meta.provable_now(end + 1) {
                meta.restart(end, grace_period);
            }
        }
        meta.run_to(now);
        meta
    }

    /// Brings the clock to `to`; nothing but the ends of circuits and snapshot
    /// changes on the way.
    fn run_to(&mut self, to: u64) {
        let from = self.last_time;
        let end = to.min(self.fresh_until).min(self.circuits_until);
        if self.stopped(to).is_none() && end > from {
            self.clock = self.clock.after(end - from);
            self.last_ran = end;
        }
        self.last_time = self.last_time.max(to);
    }

    /// The clock starts again: nothing is due at once.
    pub(super) fn restart(&mut self, at: u64, grace_period: u64) {
        let stopped = at.saturating_sub(self.last_ran);
        self.grace = self.grace.renewed(self.clock, stopped.min(grace_period));
        self.last_ran = at;
    }
}
