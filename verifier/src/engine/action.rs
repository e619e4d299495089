//! What can be asked of the engine.

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{AccountId, Epoch, ModelDigest};

use super::claim::{ClaimData, VerifiedClaim};
use super::escrow::EscrowedClaim;
use super::next::ChangeClaim;
use crate::epoch::EpochPost;
use crate::root::Root;

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
    /// The contract's own role layer, or the operator of a ledger, says until
    /// when proofs can be verified.
    SetCircuits {
        /// Until when, inclusive, in real time; 0 when there is no circuit, the
        /// largest number when there is no end.
        until: u64,
        /// Whether the circuits are frozen.
        frozen: bool,
    },
    /// Anyone posts an epoch that the signers attested.
    PostEpoch(EpochPost),
    /// The guardian rejects an epoch: what rests on it is unproven.
    RejectEpoch {
        /// The epoch.
        epoch: Epoch,
        /// Its market root, so that no other one is meant.
        market_root: Root,
    },
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
    /// Anyone submits a verified *below* proof; of a called account it can make
    /// the call more severe.
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
    /// The owner submits a verified change that meets a level: what the account's
    /// portfolio becomes.
    SubmitChange {
        /// The proof's public inputs.
        change: ChangeClaim<C>,
    },
    /// Anyone shows by a verified change of nothing that a later epoch holds what a
    /// change on record said: it counts as a proof, or cures.
    ShowChange {
        /// The proof's public inputs.
        change: ChangeClaim<C>,
    },
    /// Anyone records that no epoch was shown in time to hold what the account's change
    /// said.
    ExpireChange {
        /// The account.
        account: AccountId,
    },
    /// Anyone submits a verified *at-least* proof with the escrow that the policy
    /// demands: it counts as a proof, or cures.
    SubmitEscrowed {
        /// The proof's public inputs, and the committee of its escrow.
        escrowed: EscrowedClaim<C>,
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
    /// The owner takes an account out of an engine that has stood still for too
    /// long.
    Escape {
        /// The account.
        account: AccountId,
    },
    /// The owner asks on record for the account's path in the latest epoch: its
    /// clock stands still until it is answered.
    RequestPath {
        /// The account.
        account: AccountId,
    },
    /// The venue has answered on record.
    AnswerPath {
        /// The account.
        account: AccountId,
    },
    /// The guardian halts the engine, or prolongs its pause.
    Pause {
        /// Until when, inclusive, in real time.
        until: u64,
    },
    /// The guardian ends a halt and confirms the latest epoch.
    Resume {
        /// The latest epoch; zero when there is none.
        epoch: Epoch,
        /// Its market root; zero when there is none.
        market_root: Root,
    },
}

/// An action as plain data: its proofs are not known to be verified.
pub type ActionRecord = Action<ClaimData>;

impl<C> Action<C> {
    /// Every name, in the order of the variants.
    pub const NAMES: [&'static str; 22] = [
        "accept-model",
        "revoke-model",
        "set-circuits",
        "post-epoch",
        "reject-epoch",
        "register",
        "submit-proof",
        "submit-breach",
        "call-overdue",
        "cure",
        "submit-change",
        "show-change",
        "expire-change",
        "submit-escrowed",
        "mark-liquidatable",
        "close",
        "reinstate",
        "escape",
        "request-path",
        "answer-path",
        "pause",
        "resume",
    ];

    /// The same action with its claim, if it has one, turned into another form.
    pub fn map_claim<D>(self, map: impl FnOnce(C) -> D) -> Action<D> {
        match self {
            Self::AcceptModel { model } => Action::AcceptModel { model },
            Self::RevokeModel { model } => Action::RevokeModel { model },
            Self::SetCircuits { until, frozen } => Action::SetCircuits { until, frozen },
            Self::PostEpoch(post) => Action::PostEpoch(post),
            Self::RejectEpoch { epoch, market_root } => Action::RejectEpoch { epoch, market_root },
            Self::Register { account } => Action::Register { account },
            Self::SubmitProof { claim } => Action::SubmitProof { claim: map(claim) },
            Self::SubmitBreach { claim } => Action::SubmitBreach { claim: map(claim) },
            Self::CallOverdue { account } => Action::CallOverdue { account },
            Self::Cure { claim } => Action::Cure { claim: map(claim) },
            Self::SubmitChange { change } => Action::SubmitChange { change: change.map(map) },
            Self::ShowChange { change } => Action::ShowChange { change: change.map(map) },
            Self::ExpireChange { account } => Action::ExpireChange { account },
            Self::SubmitEscrowed { escrowed } => {
                Action::SubmitEscrowed { escrowed: escrowed.map(map) }
            }
            Self::MarkLiquidatable { account } => Action::MarkLiquidatable { account },
            Self::Close { account } => Action::Close { account },
            Self::Reinstate { account } => Action::Reinstate { account },
            Self::Escape { account } => Action::Escape { account },
            Self::RequestPath { account } => Action::RequestPath { account },
            Self::AnswerPath { account } => Action::AnswerPath { account },
            Self::Pause { until } => Action::Pause { until },
            Self::Resume { epoch, market_root } => Action::Resume { epoch, market_root },
        }
    }

    /// The name, as in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AcceptModel { .. } => "accept-model",
            Self::RevokeModel { .. } => "revoke-model",
            Self::SetCircuits { .. } => "set-circuits",
            Self::PostEpoch(_) => "post-epoch",
            Self::RejectEpoch { .. } => "reject-epoch",
            Self::Register { .. } => "register",
            Self::SubmitProof { .. } => "submit-proof",
            Self::SubmitBreach { .. } => "submit-breach",
            Self::CallOverdue { .. } => "call-overdue",
            Self::Cure { .. } => "cure",
            Self::SubmitChange { .. } => "submit-change",
            Self::ShowChange { .. } => "show-change",
            Self::ExpireChange { .. } => "expire-change",
            Self::SubmitEscrowed { .. } => "submit-escrowed",
            Self::MarkLiquidatable { .. } => "mark-liquidatable",
            Self::Close { .. } => "close",
            Self::Reinstate { .. } => "reinstate",
            Self::Escape { .. } => "escape",
            Self::RequestPath { .. } => "request-path",
            Self::AnswerPath { .. } => "answer-path",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
        }
    }
}

impl Action {
    /// The account concerned, if the action is about one.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Register { account }
            | Self::CallOverdue { account }
            | Self::ExpireChange { account }
            | Self::MarkLiquidatable { account }
            | Self::Close { account }
            | Self::Reinstate { account }
            | Self::Escape { account }
            | Self::RequestPath { account }
            | Self::AnswerPath { account } => Some(*account),
            Self::SubmitProof { claim } | Self::SubmitBreach { claim } | Self::Cure { claim } => {
                Some(claim.data().account)
            }
            Self::SubmitChange { change } | Self::ShowChange { change } => {
                Some(change.afterwards.data().account)
            }
            Self::SubmitEscrowed { escrowed } => Some(escrowed.claim.data().account),
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
