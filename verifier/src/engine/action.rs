//! What can be asked of the engine, and what it announces.

use core::fmt;

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};
use zkmargin_margin::instance::Shortfall;

use super::claim::{ClaimData, VerifiedClaim};
use super::state::{CallReason, ClockTime, HaltReason};
use crate::encoding::optional_shortfall;
pub use crate::epoch::EpochPost;

/// A request to the engine. Who may make which is the caller's concern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "snake_case")]
pub enum Action<C = VerifiedClaim> {
    /// The governor accepts a margin model.
    AcceptModel {
        /// The model.
        model: ModelDigest,
    },
    /// The governor revokes one: proofs under it stop counting at once.
    RevokeModel {
        /// The model.
        model: ModelDigest,
    },
    /// The venue and publisher post an epoch.
    PostEpoch(EpochPost),
    /// The protocol registers an account, or a closed one anew.
    Register {
        /// The account.
        account: AccountId,
    },
    /// Anyone submits a verified *at-least* proof of an account not called.
    SubmitProof {
        /// The proof's public inputs.
        claim: C,
    },
    /// Anyone submits a verified *below* proof.
    SubmitBreach {
        /// The proof's public inputs.
        claim: C,
    },
    /// Anyone calls an account whose last proof is too old.
    CallOverdue {
        /// The account.
        account: AccountId,
    },
    /// Anyone cures a call by a verified *at-least* proof.
    Cure {
        /// The proof's public inputs.
        claim: C,
    },
    /// Anyone records that a call's deadline has passed.
    MarkLiquidatable {
        /// The account.
        account: AccountId,
    },
    /// The protocol reports an account liquidated, or lets one leave.
    Close {
        /// The account.
        account: AccountId,
    },
    /// The protocol reports a liquidatable account sound again; it must prove.
    Reinstate {
        /// The account.
        account: AccountId,
    },
    /// The guardian halts the engine.
    Pause,
    /// The guardian ends a halt and confirms the latest epoch.
    Resume,
}

/// An action as plain data: its proofs are not known to be verified.
pub type ActionRecord = Action<ClaimData>;

impl<C> Action<C> {
    /// Every name, in the order of the variants.
    pub const NAMES: [&'static str; 13] = [
        "accept-model",
        "revoke-model",
        "post-epoch",
        "register",
        "submit-proof",
        "submit-breach",
        "call-overdue",
        "cure",
        "mark-liquidatable",
        "close",
        "reinstate",
        "pause",
        "resume",
    ];

    /// The same action with its claim, if it has one, turned into another form.
    pub fn map_claim<D>(self, map: impl FnOnce(C) -> D) -> Action<D> {
        match self {
            Self::AcceptModel { model } => Action::AcceptModel { model },
            Self::RevokeModel { model } => Action::RevokeModel { model },
            Self::PostEpoch(post) => Action::PostEpoch(post),
            Self::Register { account } => Action::Register { account },
            Self::SubmitProof { claim } => Action::SubmitProof { claim: map(claim) },
            Self::SubmitBreach { claim } => Action::SubmitBreach { claim: map(claim) },
            Self::CallOverdue { account } => Action::CallOverdue { account },
            Self::Cure { claim } => Action::Cure { claim: map(claim) },
            Self::MarkLiquidatable { account } => Action::MarkLiquidatable { account },
            Self::Close { account } => Action::Close { account },
            Self::Reinstate { account } => Action::Reinstate { account },
            Self::Pause => Action::Pause,
            Self::Resume => Action::Resume,
        }
    }

    /// The name, as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AcceptModel { .. } => "accept-model",
            Self::RevokeModel { .. } => "revoke-model",
            Self::PostEpoch(_) => "post-epoch",
            Self::Register { .. } => "register",
            Self::SubmitProof { .. } => "submit-proof",
            Self::SubmitBreach { .. } => "submit-breach",
            Self::CallOverdue { .. } => "call-overdue",
            Self::Cure { .. } => "cure",
            Self::MarkLiquidatable { .. } => "mark-liquidatable",
            Self::Close { .. } => "close",
            Self::Reinstate { .. } => "reinstate",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }
}

impl Action {
    /// The account concerned, if the action is about one.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Register { account }
            | Self::CallOverdue { account }
            | Self::MarkLiquidatable { account }
            | Self::Close { account }
            | Self::Reinstate { account } => Some(*account),
            Self::SubmitProof { claim } | Self::SubmitBreach { claim } | Self::Cure { claim } => {
                Some(claim.data().account)
            }
            _ => None,
        }
    }
}

impl From<Action> for ActionRecord {
    fn from(action: Action) -> Self {
        action.map_claim(ClaimData::from)
    }
}

impl ActionRecord {
    /// Takes a recorded action's claim for verified.
    ///
    /// # Soundness
    /// As for [`VerifiedClaim::assume_verified_unchecked`].
    pub fn assume_verified_unchecked(self) -> Action {
        self.map_claim(VerifiedClaim::assume_verified_unchecked)
    }
}

/// What happened. Every transition announces at least one.
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
    /// An epoch was posted.
    EpochPosted {
        /// The epoch.
        epoch: Epoch,
        /// Whether proofs against it wait for a [`Action::Resume`].
        quarantined: bool,
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
        /// The epoch: of the breach, or the latest when overdue.
        epoch: Epoch,
        /// Until when it can be cured.
        deadline: ClockTime,
        /// The shortfall of the breach level, if the breach disclosed it.
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
        /// The deadline that passed.
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
    /// The engine halted.
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
    pub const NAMES: [&'static str; 12] = [
        "model-accepted",
        "model-revoked",
        "epoch-posted",
        "registered",
        "proof-accepted",
        "called",
        "cured",
        "liquidatable",
        "closed",
        "reinstated",
        "halted",
        "resumed",
    ];

    /// The name, as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ModelAccepted { .. } => "model-accepted",
            Self::ModelRevoked { .. } => "model-revoked",
            Self::EpochPosted { .. } => "epoch-posted",
            Self::Registered { .. } => "registered",
            Self::ProofAccepted { .. } => "proof-accepted",
            Self::Called { .. } => "called",
            Self::Cured { .. } => "cured",
            Self::Liquidatable { .. } => "liquidatable",
            Self::Closed { .. } => "closed",
            Self::Reinstated { .. } => "reinstated",
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
            | Self::Cured { account, .. }
            | Self::Liquidatable { account, .. }
            | Self::Closed { account, .. }
            | Self::Reinstated { account, .. } => Some(*account),
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ModelAccepted { model } => write!(f, "model {model} accepted"),
            Self::ModelRevoked { model } => write!(f, "model {model} revoked"),
            Self::EpochPosted { epoch, quarantined } => {
                let note = if *quarantined { ", quarantined" } else { "" };
                write!(f, "epoch {} posted{note}", epoch.get())
            }
            Self::Registered { account, due } => {
                write!(f, "{account} registered, first proof due at {due}")
            }
            Self::ProofAccepted { account, epoch, level, due } => {
                let epoch = epoch.get();
                write!(f, "{account} proved {level} in epoch {epoch}, next proof due at {due}")
            }
            Self::Called { account, reason, epoch, deadline, shortfall } => {
                let epoch = epoch.get();
                write!(f, "{account} called ({reason}, epoch {epoch}), to cure by {deadline}")?;
                match shortfall {
                    Some(units) => write!(f, ", shortfall {} quote units", units.get()),
                    None => Ok(()),
                }
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
            Self::Halted { reason } => write!(f, "halted: {reason}"),
            Self::Resumed { confirmed: None } => f.write_str("resumed"),
            Self::Resumed { confirmed: Some(epoch) } => {
                write!(f, "resumed, epoch {} confirmed", epoch.get())
            }
        }
    }
}
