//! What the engine announces.

use core::fmt;

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};
use zkmargin_margin::instance::Shortfall;

use super::account::{CallReason, CallWords, ShortfallWords};
use super::clock::ClockTime;
use super::meta::HaltReason;
use crate::encoding::optional_shortfall;
use crate::root::Root;

/// What happened. A transition that announces nothing has changed nothing. Due
/// times and deadlines are those on record, without grace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A model is accepted from now on.
    ModelAccepted {
        /// The model.
        model: ModelDigest,
    },
    /// A model is no longer accepted.
    ModelRevoked {
        /// The model.
        model: ModelDigest,
    },
    /// Proofs can be verified until another time from now on.
    CircuitsChanged {
        /// Until when, inclusive, in real time; 0 when there is no circuit.
        until: u64,
        /// Whether the circuits are frozen.
        frozen: bool,
    },
    /// An epoch was posted.
    EpochPosted {
        /// The epoch.
        epoch: Epoch,
        /// Whether proofs against it wait for a [`Action::Resume`](super::Action::Resume).
        quarantined: bool,
    },
    /// An epoch was rejected: what rests on it is unproven.
    EpochRejected {
        /// The epoch.
        epoch: Epoch,
    },
    /// An account was registered, for the first time or again.
    Registered {
        /// The account.
        account: AccountId,
        /// When its first proof is due.
        due: ClockTime,
    },
    /// An *at-least* proof was accepted.
    ProofAccepted {
        /// The account.
        account: AccountId,
        /// The proof's epoch.
        epoch: Epoch,
        /// The level proved.
        level: Level,
        /// When the next proof is due.
        due: ClockTime,
    },
    /// A margin call.
    Called {
        /// The account.
        account: AccountId,
        /// Why.
        reason: CallReason,
        /// The level it was proved below; none when overdue.
        level: Option<Level>,
        /// The epoch: of the breach, or the latest when overdue.
        epoch: Epoch,
        /// Until when it can be cured.
        deadline: ClockTime,
        /// The shortfall of the breach level, if the breach disclosed it.
        #[serde(with = "optional_shortfall")]
        shortfall: Option<Shortfall>,
    },
    /// A breach made an open call more severe, or told more of it.
    CallRefined {
        /// The account.
        account: AccountId,
        /// The lowest level it was proved below.
        level: Level,
        /// The latest epoch of a breach.
        epoch: Epoch,
        /// Until when it can be cured: no later than before.
        deadline: ClockTime,
        /// The shortfall of the breach level, if a breach disclosed it.
        #[serde(with = "optional_shortfall")]
        shortfall: Option<Shortfall>,
    },
    /// A margin call was met.
    Cured {
        /// The account.
        account: AccountId,
        /// The proof's epoch.
        epoch: Epoch,
        /// The level proved.
        level: Level,
        /// When the next proof is due.
        due: ClockTime,
    },
    /// A margin call was not met.
    Liquidatable {
        /// The account.
        account: AccountId,
        /// The deadline that passed, grace included.
        since: ClockTime,
    },
    /// The protocol closed an account.
    Closed {
        /// The account.
        account: AccountId,
        /// Whether it was liquidatable.
        liquidated: bool,
    },
    /// The protocol reinstated a liquidatable account.
    Reinstated {
        /// The account.
        account: AccountId,
        /// When its next proof is due.
        due: ClockTime,
    },
    /// An account left an engine that had stood still for too long.
    Escaped {
        /// The account.
        account: AccountId,
    },
    /// An account asked for its path: its clock stands still.
    PathRequested {
        /// The account.
        account: AccountId,
        /// Of which epoch.
        epoch: Epoch,
    },
    /// The venue answered: the account's clock runs again.
    PathAnswered {
        /// The account.
        account: AccountId,
        /// The epoch that it had asked for.
        epoch: Epoch,
    },
    /// A change was accepted: until an epoch is shown to hold what it says, proofs of
    /// other commitments do not count.
    ChangeAccepted {
        /// The account.
        account: AccountId,
        /// The epoch it starts from.
        epoch: Epoch,
        /// The level met afterwards.
        level: Level,
        /// The commitment afterwards.
        next: Root,
    },
    /// An epoch was shown to hold what a change on record said.
    ChangeShown {
        /// The account.
        account: AccountId,
        /// The epoch.
        epoch: Epoch,
    },
    /// No epoch was shown in time to hold what a change on record said. Nothing says
    /// whether the venue left it out or the owner did not make it.
    ChangeExpired {
        /// The account.
        account: AccountId,
        /// The epoch the change started from.
        epoch: Epoch,
    },
    /// What was proved is in escrow: the committee of the policy can open it.
    Escrowed {
        /// The account.
        account: AccountId,
        /// The proof's epoch.
        epoch: Epoch,
        /// Digest of key and ciphertext, which is on record.
        escrow: Root,
    },
    /// The engine halted, or its pause was prolonged.
    Halted {
        /// Why.
        reason: HaltReason,
    },
    /// A halt ended.
    Resumed {
        /// The latest epoch, if it was quarantined and is no longer.
        confirmed: Option<Epoch>,
    },
}

impl Event {
    /// Every name, in the order of the variants.
    pub const NAMES: [&'static str; 22] = [
        "model-accepted",
        "model-revoked",
        "circuits-changed",
        "epoch-posted",
        "epoch-rejected",
        "registered",
        "proof-accepted",
        "called",
        "call-refined",
        "cured",
        "liquidatable",
        "closed",
        "reinstated",
        "escaped",
        "path-requested",
        "path-answered",
        "change-accepted",
        "change-shown",
        "change-expired",
        "escrowed",
        "halted",
        "resumed",
    ];

    /// The name, as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ModelAccepted { .. } => "model-accepted",
            Self::ModelRevoked { .. } => "model-revoked",
            Self::CircuitsChanged { .. } => "circuits-changed",
            Self::EpochPosted { .. } => "epoch-posted",
            Self::EpochRejected { .. } => "epoch-rejected",
            Self::Registered { .. } => "registered",
            Self::ProofAccepted { .. } => "proof-accepted",
            Self::Called { .. } => "called",
            Self::CallRefined { .. } => "call-refined",
            Self::Cured { .. } => "cured",
            Self::Liquidatable { .. } => "liquidatable",
            Self::Closed { .. } => "closed",
            Self::Reinstated { .. } => "reinstated",
            Self::Escaped { .. } => "escaped",
            Self::PathRequested { .. } => "path-requested",
            Self::PathAnswered { .. } => "path-answered",
            Self::ChangeAccepted { .. } => "change-accepted",
            Self::ChangeShown { .. } => "change-shown",
            Self::ChangeExpired { .. } => "change-expired",
            Self::Escrowed { .. } => "escrowed",
            Self::Halted { .. } => "halted",
            Self::Resumed { .. } => "resumed",
        }
    }

    /// The account concerned, if the event is about one.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Registered { account, .. }
            | Self::ProofAccepted { account, .. }
            | Self::Called { account, .. }
            | Self::CallRefined { account, .. }
            | Self::Cured { account, .. }
            | Self::Liquidatable { account, .. }
            | Self::Closed { account, .. }
            | Self::Reinstated { account, .. }
            | Self::Escaped { account }
            | Self::PathRequested { account, .. }
            | Self::PathAnswered { account, .. }
            | Self::ChangeAccepted { account, .. }
            | Self::ChangeShown { account, .. }
            | Self::ChangeExpired { account, .. }
            | Self::Escrowed { account, .. } => Some(*account),
            _ => None,
        }
    }
}

/// With a precision, as in `{:.8}`, amounts are in a quote currency of so many decimals.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModelAccepted { model } => write!(f, "model {model} accepted"),
            Self::ModelRevoked { model } => write!(f, "model {model} revoked"),
            Self::CircuitsChanged { frozen: true, .. } => f.write_str("circuits frozen"),
            Self::CircuitsChanged { until: 0, .. } => f.write_str("no circuit verifies proofs"),
            Self::CircuitsChanged { until: u64::MAX, .. } => {
                f.write_str("circuits verify proofs without an end")
            }
            Self::CircuitsChanged { until, .. } => {
                write!(f, "circuits verify proofs until {until}")
            }
            Self::EpochPosted { epoch, quarantined } => {
                let note = if *quarantined { ", quarantined" } else { "" };
                write!(f, "epoch {} posted{note}", epoch.get())
            }
            Self::EpochRejected { epoch } => write!(f, "epoch {} rejected", epoch.get()),
            Self::Registered { account, due } => {
                write!(f, "{account} registered, first proof due at {due}")
            }
            Self::ProofAccepted { account, epoch, level, due } => {
                let epoch = epoch.get();
                write!(f, "{account} proved {level} in epoch {epoch}, next proof due at {due}")
            }
            Self::Called { account, reason, level, epoch, deadline, shortfall } => {
                let (call, shortfall) =
                    (CallWords(*reason, *level, *epoch), ShortfallWords(*shortfall, f.precision()));
                write!(f, "{account} called {call}, to cure by {deadline}{shortfall}")
            }
            Self::CallRefined { account, level, epoch, deadline, shortfall } => {
                let call = CallWords(CallReason::Breach, Some(*level), *epoch);
                let shortfall = ShortfallWords(*shortfall, f.precision());
                write!(f, "{account} call now {call}, to cure by {deadline}{shortfall}")
            }
            Self::Cured { account, epoch, level, due } => {
                let epoch = epoch.get();
                write!(f, "{account} cured by {level} in epoch {epoch}, next proof due at {due}")
            }
            Self::Liquidatable { account, since } => {
                write!(f, "{account} liquidatable since {since}")
            }
            Self::Closed { account, liquidated: true } => write!(f, "{account} liquidated, closed"),
            Self::Closed { account, liquidated: false } => write!(f, "{account} closed"),
            Self::Reinstated { account, due } => {
                write!(f, "{account} reinstated, proof due at {due}")
            }
            Self::Escaped { account } => write!(f, "{account} escaped, closed"),
            Self::PathRequested { account, epoch } => {
                write!(f, "{account} asked for its path in epoch {}, its clock stands", epoch.get())
            }
            Self::PathAnswered { account, epoch } => {
                write!(f, "{account} was answered about epoch {}, its clock runs", epoch.get())
            }
            Self::ChangeAccepted { account, epoch, level, .. } => {
                write!(f, "{account} will have changed from epoch {}: {level}", epoch.get())
            }
            Self::ChangeShown { account, epoch } => {
                write!(f, "{account} has changed as it said, by epoch {}", epoch.get())
            }
            Self::ChangeExpired { account, epoch } => {
                write!(f, "{account} was not shown to change as it said in epoch {}", epoch.get())
            }
            Self::Escrowed { account, epoch, escrow } => {
                write!(f, "{account} escrowed in epoch {}: {escrow}", epoch.get())
            }
            Self::Halted { reason } => write!(f, "halted: {reason}"),
            Self::Resumed { confirmed: None } => f.write_str("resumed"),
            Self::Resumed { confirmed: Some(epoch) } => {
                write!(f, "resumed, epoch {} confirmed", epoch.get())
            }
        }
    }
}
