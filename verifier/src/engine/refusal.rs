//! Why the engine refuses an action.

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{Epoch, Timestamp};

use super::state::ClockTime;

/// Why an action was refused. A refusal changes nothing.
///
/// [`Refusal::code`] is the same in every implementation of the engine; the
/// data is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// The time given is before an earlier action's.
    #[error("time runs backwards: the last action was at {last}")]
    TimeBackwards {
        /// Time of the last action.
        last: u64,
    },
    /// The model is accepted already.
    #[error("the model is accepted already")]
    ModelAlreadyAccepted,
    /// The model is not, or no longer, accepted.
    #[error("the model is not accepted")]
    ModelNotAccepted,
    /// An epoch's number is not larger than the latest.
    #[error("the epoch is not newer than the latest, {latest}", latest = latest.get())]
    EpochNotNewer {
        /// The latest epoch, zero when there is none.
        latest: Epoch,
    },
    /// A snapshot from the future.
    #[error("the market snapshot's time is in the future")]
    SnapshotInFuture,
    /// A snapshot older than the last one.
    #[error("the market snapshot is older than the last one, of {last}", last = last.get())]
    SnapshotOlderThanLast {
        /// Time of the last snapshot.
        last: Timestamp,
    },
    /// The snapshot is too old to count.
    #[error("the market snapshot is stale since {fresh_until}: wait for a new epoch")]
    SnapshotStale {
        /// The last moment at which it counted.
        fresh_until: u64,
    },
    /// The price move is missing.
    #[error("the policy limits price moves: the epoch must say price_move_bps")]
    PriceMoveMissing,
    /// The account is registered.
    #[error("the account is registered already")]
    AlreadyRegistered,
    /// The account is not registered.
    #[error("the account is not registered")]
    NotRegistered,
    /// The account is closed.
    #[error("the account is closed")]
    AccountClosed,
    /// The account has an open call.
    #[error("the account has an open margin call, to be cured by {deadline}")]
    CallOpen {
        /// The call's deadline.
        deadline: ClockTime,
    },
    /// The account has no open call.
    #[error("the account has no open margin call")]
    NotCalled,
    /// The account is liquidatable: only the protocol can close or reinstate it.
    #[error("the account is liquidatable since {since}")]
    AccountLiquidatable {
        /// The deadline that passed.
        since: ClockTime,
    },
    /// The account is not liquidatable.
    #[error("the account is not liquidatable")]
    NotLiquidatable,
    /// The account's proof is not overdue.
    #[error("the account's next proof is due at {due}")]
    NotOverdue {
        /// When it is due.
        due: ClockTime,
    },
    /// The engine is halted.
    #[error("the engine is halted: no new margin calls")]
    Halted,
    /// The engine is halted already.
    #[error("the engine is halted already")]
    AlreadyHalted,
    /// The engine is not halted.
    #[error("the engine is not halted")]
    NotHalted,
    /// A claim of the wrong side.
    #[error(
        "the proof claims the other side: at-least proofs keep current and cure, below proofs call"
    )]
    WrongSide,
    /// An *at-least* claim below what is required.
    #[error("the proof claims too low a level: required is at least {required}")]
    LevelTooLow {
        /// The level required.
        required: Level,
    },
    /// A *below* claim that does not imply a breach.
    #[error("the proof does not show a breach: it must claim below {breach} or lower")]
    NotABreach {
        /// The level of a breach.
        breach: Level,
    },
    /// Made for another deployment.
    #[error("the proof is for another context")]
    WrongContext,
    /// No such epoch was posted.
    #[error("the proof's epoch was not posted")]
    UnknownEpoch,
    /// The state root is not the epoch's.
    #[error("the proof's state root is not the epoch's")]
    WrongStateRoot,
    /// The market root is not the epoch's.
    #[error("the proof's market root is not the epoch's")]
    WrongMarketRoot,
    /// The model is not the epoch's.
    #[error("the proof's model is not the epoch's")]
    WrongModel,
    /// The epoch tripped the breaker and was not confirmed.
    #[error("the epoch is quarantined: its prices jumped and were not confirmed")]
    EpochQuarantined,
    /// The epoch is not newer than what the account's state already rests on.
    #[error("a proof for epoch {last} or later was accepted before", last = last.get())]
    Replayed {
        /// The account's last epoch.
        last: Epoch,
    },
    /// The proof is for too early an epoch to cure the call.
    #[error("the proof is too old to cure a call of epoch {call}", call = call.get())]
    TooOldToCure {
        /// The call's epoch.
        call: Epoch,
    },
}

impl Refusal {
    /// Every code, in the order of the variants.
    pub const CODES: [&'static str; 30] = [
        "time-backwards",
        "model-already-accepted",
        "model-not-accepted",
        "epoch-not-newer",
        "snapshot-in-future",
        "snapshot-older-than-last",
        "snapshot-stale",
        "price-move-missing",
        "already-registered",
        "not-registered",
        "account-closed",
        "call-open",
        "not-called",
        "account-liquidatable",
        "not-liquidatable",
        "not-overdue",
        "halted",
        "already-halted",
        "not-halted",
        "wrong-side",
        "level-too-low",
        "not-a-breach",
        "wrong-context",
        "unknown-epoch",
        "wrong-state-root",
        "wrong-market-root",
        "wrong-model",
        "epoch-quarantined",
        "replayed",
        "too-old-to-cure",
    ];

    /// The name, as in JSON and in the vectors.
    pub const fn code(&self) -> &'static str {
        Self::CODES[self.index()]
    }

    const fn index(&self) -> usize {
        match self {
            Self::TimeBackwards { .. } => 0,
            Self::ModelAlreadyAccepted => 1,
            Self::ModelNotAccepted => 2,
            Self::EpochNotNewer { .. } => 3,
            Self::SnapshotInFuture => 4,
            Self::SnapshotOlderThanLast { .. } => 5,
            Self::SnapshotStale { .. } => 6,
            Self::PriceMoveMissing => 7,
            Self::AlreadyRegistered => 8,
            Self::NotRegistered => 9,
            Self::AccountClosed => 10,
            Self::CallOpen { .. } => 11,
            Self::NotCalled => 12,
            Self::AccountLiquidatable { .. } => 13,
            Self::NotLiquidatable => 14,
            Self::NotOverdue { .. } => 15,
            Self::Halted => 16,
            Self::AlreadyHalted => 17,
            Self::NotHalted => 18,
            Self::WrongSide => 19,
            Self::LevelTooLow { .. } => 20,
            Self::NotABreach { .. } => 21,
            Self::WrongContext => 22,
            Self::UnknownEpoch => 23,
            Self::WrongStateRoot => 24,
            Self::WrongMarketRoot => 25,
            Self::WrongModel => 26,
            Self::EpochQuarantined => 27,
            Self::Replayed { .. } => 28,
            Self::TooOldToCure { .. } => 29,
        }
    }
}
