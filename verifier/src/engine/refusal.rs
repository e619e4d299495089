//! Why the engine refuses an action.

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{Epoch, Timestamp};

use super::clock::ClockTime;
use super::escrow::CommitteeId;

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
    /// An epoch's number is not the one after the latest.
    #[error("the epoch is not the next one, {expected}", expected = expected.get())]
    EpochNotNext {
        /// The epoch that must be posted next.
        expected: Epoch,
    },
    /// A root that no proof could have: not below the field's modulus.
    #[error("the state or market root is not an element of the proof system's field")]
    RootNotCanonical,
    /// A snapshot from the future, or of a time that cannot be added to.
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
    /// The epoch does not follow the latest one.
    #[error("the epoch names another previous epoch than the latest posted")]
    WrongPrevious,
    /// The price move is measured against another epoch.
    #[error("the price move must be measured against epoch {confirmed}, the last confirmed", confirmed = confirmed.get())]
    WrongReference {
        /// The last confirmed epoch, zero when there is none.
        confirmed: Epoch,
    },
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
    #[error("the engine is halted: no proof counts and no call is made")]
    Halted,
    /// The engine is paused for as long already.
    #[error("the engine is paused for as long already")]
    AlreadyHalted,
    /// A pause that has ended before it began, or that is too long.
    #[error("a pause must end later than now and within {max} seconds")]
    PauseTooLong {
        /// How long a pause may be, in seconds.
        max: u64,
    },
    /// The engine is not halted.
    #[error("the engine is not halted")]
    NotHalted,
    /// A halt is ended with another epoch than the latest.
    #[error("what is confirmed is not the latest epoch, {latest}, with its market root", latest = latest.get())]
    WrongConfirmation {
        /// The latest epoch, zero when there is none.
        latest: Epoch,
    },
    /// No proof can be verified.
    #[error("no circuit can verify proofs now")]
    CircuitsFrozen,
    /// The clock ran not long ago.
    #[error(
        "the clock ran at {since}: an account can escape only when it has stood still for long"
    )]
    NotStuck {
        /// When the clock last ran, in real time.
        since: u64,
    },
    /// As many accounts became liquidatable as the policy allows in a window.
    #[error("as many accounts became liquidatable as may in this window: the next is from {from}")]
    LiquidationLimit {
        /// When the next window begins, in real time.
        from: u64,
    },
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
    #[error("the epoch is quarantined: prices jumped and were not confirmed")]
    EpochQuarantined,
    /// The guardian rejected the epoch.
    #[error("the epoch was rejected")]
    EpochRejected,
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
    /// The account waits for a path, or asked for one in this epoch already.
    #[error("the account asked for its path in epoch {epoch} already: once an epoch, and not while it waits", epoch = epoch.get())]
    PathRequested {
        /// The epoch asked for.
        epoch: Epoch,
    },
    /// The account waits for no path.
    #[error("the account waits for no path")]
    PathNotRequested,
    /// The policy takes no changes.
    #[error("no changes are taken here: change_epochs of the policy is 0")]
    ChangesNotTaken,
    /// A change that starts from an earlier epoch.
    #[error("a change starts from the latest epoch, {latest}: prove it against that one", latest = latest.get())]
    ChangeNotLatest {
        /// The latest epoch.
        latest: Epoch,
    },
    /// A proof of a commitment that may not be the one that a change on record said.
    #[error("the account said in epoch {epoch} what it becomes: until a change of nothing shows that a later epoch holds it, or it has expired on record, proofs of other commitments do not count", epoch = epoch.get())]
    ChangeOpen {
        /// The epoch that the change starts from.
        epoch: Epoch,
    },
    /// Nothing to show.
    #[error("the account has no change on record: submit a margin proof")]
    NoChangeOpen,
    /// There are epochs left to show it in.
    #[error("the change can be shown until an epoch after {last} was posted: it expires then", last = last.get())]
    ChangeNotExpired {
        /// The last epoch before.
        last: Epoch,
    },
    /// Not a change of nothing, or of another commitment.
    #[error("the proof does not show the commitment that the change of epoch {epoch} said: it must be a change of nothing under a salt of zeros, of that portfolio and blinding", epoch = epoch.get())]
    WrongNext {
        /// The epoch that the change on record starts from.
        epoch: Epoch,
    },
    /// An *at-least* proof without the escrow that the policy demands.
    #[error(
        "the policy demands an escrow to committee {committee} with every at-least proof, and this one has none"
    )]
    EscrowDemanded {
        /// The committee.
        committee: CommitteeId,
    },
    /// An escrow to another committee.
    #[error("the escrow is to another committee's key: the policy demands committee {committee}")]
    WrongCommittee {
        /// The committee that is demanded.
        committee: CommitteeId,
    },
    /// The policy demands no escrow.
    #[error("no escrow is demanded here: a proof without one is taken")]
    EscrowNotDemanded,
}

impl Refusal {
    /// Every code, in the order of the variants.
    pub const CODES: [&'static str; 49] = [
        "time-backwards",
        "model-already-accepted",
        "model-not-accepted",
        "epoch-not-next",
        "root-not-canonical",
        "snapshot-in-future",
        "snapshot-older-than-last",
        "snapshot-stale",
        "wrong-previous",
        "wrong-reference",
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
        "pause-too-long",
        "not-halted",
        "wrong-confirmation",
        "circuits-frozen",
        "not-stuck",
        "wrong-side",
        "level-too-low",
        "not-a-breach",
        "wrong-context",
        "unknown-epoch",
        "wrong-state-root",
        "wrong-market-root",
        "wrong-model",
        "epoch-quarantined",
        "epoch-rejected",
        "replayed",
        "too-old-to-cure",
        "path-requested",
        "path-not-requested",
        "changes-not-taken",
        "change-not-latest",
        "change-open",
        "no-change-open",
        "change-not-expired",
        "wrong-next",
        "escrow-demanded",
        "wrong-committee",
        "escrow-not-demanded",
        "liquidation-limit",
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
            Self::EpochNotNext { .. } => 3,
            Self::RootNotCanonical => 4,
            Self::SnapshotInFuture => 5,
            Self::SnapshotOlderThanLast { .. } => 6,
            Self::SnapshotStale { .. } => 7,
            Self::WrongPrevious => 8,
            Self::WrongReference { .. } => 9,
            Self::AlreadyRegistered => 10,
            Self::NotRegistered => 11,
            Self::AccountClosed => 12,
            Self::CallOpen { .. } => 13,
            Self::NotCalled => 14,
            Self::AccountLiquidatable { .. } => 15,
            Self::NotLiquidatable => 16,
            Self::NotOverdue { .. } => 17,
            Self::Halted => 18,
            Self::AlreadyHalted => 19,
            Self::PauseTooLong { .. } => 20,
            Self::NotHalted => 21,
            Self::WrongConfirmation { .. } => 22,
            Self::CircuitsFrozen => 23,
            Self::NotStuck { .. } => 24,
            Self::WrongSide => 25,
            Self::LevelTooLow { .. } => 26,
            Self::NotABreach { .. } => 27,
            Self::WrongContext => 28,
            Self::UnknownEpoch => 29,
            Self::WrongStateRoot => 30,
            Self::WrongMarketRoot => 31,
            Self::WrongModel => 32,
            Self::EpochQuarantined => 33,
            Self::EpochRejected => 34,
            Self::Replayed { .. } => 35,
            Self::TooOldToCure { .. } => 36,
            Self::PathRequested { .. } => 37,
            Self::PathNotRequested => 38,
            Self::ChangesNotTaken => 39,
            Self::ChangeNotLatest { .. } => 40,
            Self::ChangeOpen { .. } => 41,
            Self::NoChangeOpen => 42,
            Self::ChangeNotExpired { .. } => 43,
            Self::WrongNext { .. } => 44,
            Self::EscrowDemanded { .. } => 45,
            Self::WrongCommittee { .. } => 46,
            Self::EscrowNotDemanded => 47,
            Self::LiquidationLimit { .. } => 48,
        }
    }
}
