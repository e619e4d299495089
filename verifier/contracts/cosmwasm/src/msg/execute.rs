//! What can be asked of the registry.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Binary;

use super::shared::{EpochPost, Role, Signers};

/// A proof with its public inputs.
#[cw_serde]
pub struct Submission {
    /// The digest of the circuit's verifying key.
    pub circuit: String,
    /// The public inputs: nine numbers of 32 bytes, big-endian, eleven of a change.
    pub public_inputs: Binary,
    /// The proof.
    pub proof: Binary,
}

/// A margin proof with an escrow, and the ciphertext that it is about.
#[cw_serde]
pub struct EscrowedSubmission {
    /// The digest of the circuit's verifying key.
    pub circuit: String,
    /// The public inputs: ten numbers of 32 bytes, big-endian.
    pub public_inputs: Binary,
    /// The proof.
    pub proof: Binary,
    /// The committee's key: both coordinates, 64 bytes.
    pub key: Binary,
    /// The ciphertext's nonce point: both coordinates, 64 bytes.
    pub nonce_point: Binary,
    /// Its elements, of 32 bytes each, big-endian. They stay in the transaction, where the
    /// committee finds them.
    pub elements: Binary,
}

/// The most proofs that one message may bring.
pub const MAX_BATCH: usize = 16;

/// Proofs of one circuit.
#[cw_serde]
pub struct ProofBatch {
    /// The digest of the circuit's verifying key.
    pub circuit: String,
    /// 1 to 16 of them.
    pub proofs: Vec<BatchedProof>,
}

/// One of a batch.
#[cw_serde]
pub struct BatchedProof {
    /// The public inputs: nine numbers of 32 bytes, big-endian.
    pub public_inputs: Binary,
    /// The proof.
    pub proof: Binary,
}

/// What can be asked of the registry: the engine's actions, and those of the
/// governor on models, circuits, signers and roles. What the guardian may, the
/// governor may too.
#[cw_serde]
pub enum ExecuteMsg {
    // ------------------------------------------------------------------- epochs
    /// Anyone posts an epoch with its signatures.
    PostEpoch {
        /// The epoch.
        post: EpochPost,
        /// `0x` and 130 digits each (`r || s || v`), in ascending order of
        /// signers.
        signatures: Vec<String>,
    },
    /// The guardian rejects an epoch: what rests on it is unproven.
    RejectEpoch {
        /// The epoch.
        epoch: u64,
        /// Its market root, so that no other one is meant.
        market_root: String,
    },
    /// The governor announces who will attest epochs; in a deployment without a
    /// notice they do at once. What was announced before is forgotten.
    SetSigners {
        /// They.
        signers: Signers,
    },
    /// Anyone has announced signers attest from now on, when the notice is over.
    ActivateSigners {},
    /// The guardian withdraws announced signers.
    CancelSigners {},
    // -------------------------------------------------------------------- halts
    /// The guardian halts the registry. It cannot renew its pause, and pauses
    /// again when one of the longest has passed after it; the governor renews.
    Pause {
        /// Until when, inclusive: the pause ends by itself.
        until: u64,
    },
    /// The guardian ends a halt and confirms the latest epoch.
    Resume {
        /// The latest epoch; zero when there is none.
        epoch: u64,
        /// Its market root; zero when there is none.
        market_root: String,
    },
    // ----------------------------------------------------------------- accounts
    /// The protocol registers an account, or a closed one anew.
    Register {
        /// The account.
        account: String,
        /// Who may take the account out of a registry that has stood still for
        /// too long; `null`: nobody but the protocol, by closing it.
        owner: Option<String>,
    },
    /// Anyone submits an *at-least* proof of an account not called.
    SubmitProof(Submission),
    /// Anyone submits *at-least* proofs of many. All must verify; one that the
    /// engine refuses is announced as `proof-refused` and stops no other.
    SubmitProofs(ProofBatch),
    /// Anyone submits a *below* proof; of a called account it can make the call
    /// more severe.
    SubmitBreach(Submission),
    /// Anyone calls an account whose last proof is too old.
    CallOverdue {
        /// The account.
        account: String,
    },
    /// Anyone cures a call by an *at-least* proof.
    Cure(Submission),
    /// The account's owner submits a change that meets a level, or cures one that is called
    /// for a breach: what its portfolio becomes.
    SubmitChange(Submission),
    /// Anyone shows by a change of nothing that a later epoch holds what a change on
    /// record said: it counts as a proof, or cures, unless the terms demand escrows.
    ShowChange(Submission),
    /// Anyone submits an *at-least* proof with the escrow that the terms demand: it keeps
    /// the account current, or cures.
    SubmitEscrowed(EscrowedSubmission),
    /// Anyone has a change expire that was not shown in time.
    ExpireChange {
        /// The account.
        account: String,
    },
    /// Anyone records that a call's deadline has passed.
    MarkLiquidatable {
        /// The account.
        account: String,
    },
    /// The protocol reports an account liquidated, or lets one leave.
    Close {
        /// The account.
        account: String,
    },
    /// The protocol reports a liquidatable account sound again; it must prove.
    Reinstate {
        /// The account.
        account: String,
    },
    /// The owner takes an account out of a registry that has stood still for too
    /// long.
    Escape {
        /// The account.
        account: String,
    },
    // -------------------------------------------------------------------- paths
    /// Paths that the venue withholds.
    Path(PathMsg),
    // ------------------------------------------------------------------- models
    /// The governor announces a margin model.
    AnnounceModel {
        /// The model.
        model: String,
    },
    /// The governor accepts one that was announced in time.
    AcceptModel {
        /// The model.
        model: String,
    },
    /// The guardian revokes one, accepted or announced: proofs under it stop
    /// counting at once.
    RevokeModel {
        /// The model.
        model: String,
    },
    // ----------------------------------------------------------------- circuits
    /// The governor adds a circuit, after the delay.
    AddCircuit {
        /// Its verifying key.
        key: Binary,
        /// From when on its proofs are accepted; `null`: when the delay is over.
        valid_from: Option<u64>,
        /// Until when, inclusive; `null`: without an end.
        valid_until: Option<u64>,
    },
    /// The governor has a circuit end earlier.
    RetireCircuit {
        /// The digest of its verifying key.
        circuit: String,
        /// Until when, inclusive, its proofs are accepted.
        valid_until: u64,
    },
    /// The guardian accepts no proofs of a circuit for now, which stops the
    /// clock.
    FreezeCircuit {
        /// The digest of its verifying key.
        circuit: String,
    },
    /// The governor accepts proofs of a frozen circuit again.
    UnfreezeCircuit {
        /// The digest of its verifying key.
        circuit: String,
    },
    /// The governor accepts no more proofs of a circuit.
    RemoveCircuit {
        /// The digest of its verifying key.
        circuit: String,
    },
    // -------------------------------------------------------------------- roles
    /// The governor offers a role, or withdraws the offer.
    ProposeRole {
        /// The role.
        role: Role,
        /// Its next holder; `null` withdraws.
        holder: Option<String>,
    },
    /// Whoever was offered a role takes it.
    AcceptRole {
        /// The role.
        role: Role,
    },
}

/// What is asked about paths in the state tree, which the venue gives out.
#[cw_serde]
pub enum PathMsg {
    /// The account's owner demands its path in the latest epoch, with the bond that
    /// the terms ask for: its clock stands still until it is answered.
    Demand {
        /// The account.
        account: String,
        /// The X25519 public key of the age recipient to encrypt it to, 32 bytes.
        key: Binary,
    },
    /// The venue answers.
    Answer {
        /// The account.
        account: String,
        /// The epoch demanded.
        epoch: u64,
        /// The path, as an age file encrypted to the demand's key.
        sealed_path: Binary,
    },
    /// Anyone has the bond and the stake of a demand that was not answered in time
    /// paid to its requester. The account waits on.
    Forfeit {
        /// The account.
        account: String,
        /// The epoch demanded.
        epoch: u64,
    },
    /// Anyone adds the coins sent to the venue's bond.
    Deposit {},
    /// The venue announces a withdrawal.
    AnnounceWithdrawal {},
    /// The venue withdraws what is in no demand's stake.
    Withdraw {
        /// Where to.
        to: String,
    },
}
