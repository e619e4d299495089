//! Messages and answers. Identifiers and roots are `0x` and lowercase
//! hexadecimal digits, as everywhere in zk-margin; times are whole seconds.
//!
//! Where a type is the engine's, it has the engine's JSON, and [`convert`]
//! turns one into the other: the engine's own parsers check it.

use cosmwasm_schema::{QueryResponses, cw_serde};
use cosmwasm_std::{Binary, StdError, StdResult};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The same JSON in another type.
///
/// # Errors
/// When the engine's type does not allow a value: the error says which.
pub fn convert<T: DeserializeOwned>(what: &'static str, value: &impl Serialize) -> StdResult<T> {
    let failed = |error: serde_json::Error| StdError::msg(format!("{what}: {error}"));
    serde_json::from_value(serde_json::to_value(value).map_err(failed)?).map_err(failed)
}

/// Starts a registry.
#[cw_serde]
pub struct InstantiateMsg {
    /// What the deployment demands of its accounts; fixed for its lifetime.
    pub policy: Policy,
    /// Who may do what.
    pub roles: Roles,
    /// The verifying keys of circuits accepted from the start, as
    /// `zkmargin key export` writes them.
    pub keys: Vec<Binary>,
    /// Whether keys may be under powers of tau whose secret is public: for
    /// tests alone, and fixed for the registry's lifetime.
    pub insecure_srs_allowed: bool,
}

/// Holders of the roles.
#[cw_serde]
pub struct Roles {
    /// Accepts and revokes models, adds and removes circuits, hands over roles.
    pub governor: String,
    /// Posts epochs.
    pub publisher: String,
    /// Registers, closes and reinstates accounts.
    pub protocol: String,
    /// Pauses and resumes.
    pub guardian: String,
}

/// One of the [`Roles`].
#[cw_serde]
#[derive(Copy, Eq)]
#[allow(missing_docs)]
pub enum Role {
    Governor,
    Publisher,
    Protocol,
    Guardian,
}

/// A proof with its public inputs.
#[cw_serde]
pub struct Submission {
    /// The digest of the circuit's verifying key.
    pub circuit: String,
    /// The public inputs: eight numbers of 32 bytes, big-endian.
    pub public_inputs: Binary,
    /// The proof.
    pub proof: Binary,
}

/// What can be asked of the registry: the engine's actions, and those of the
/// governor on circuits and roles.
#[cw_serde]
pub enum ExecuteMsg {
    /// The governor accepts a margin model.
    AcceptModel {
        /// The model.
        model: String,
    },
    /// The governor revokes one: proofs under it stop counting at once.
    RevokeModel {
        /// The model.
        model: String,
    },
    /// The publisher posts an epoch.
    PostEpoch(EpochPost),
    /// The protocol registers an account, or a closed one anew.
    Register {
        /// The account.
        account: String,
    },
    /// Anyone submits an *at-least* proof of an account not called.
    SubmitProof(Submission),
    /// Anyone submits a *below* proof.
    SubmitBreach(Submission),
    /// Anyone calls an account whose last proof is too old.
    CallOverdue {
        /// The account.
        account: String,
    },
    /// Anyone cures a call by an *at-least* proof.
    Cure(Submission),
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
    /// The guardian halts the registry.
    Pause {},
    /// The guardian ends a halt and confirms the latest epoch.
    Resume {},
    /// The governor accepts a circuit.
    AddCircuit {
        /// Its verifying key.
        key: Binary,
    },
    /// The governor accepts no more proofs of a circuit.
    RemoveCircuit {
        /// The digest of its verifying key.
        circuit: String,
    },
    /// The governor hands over a role.
    SetRole {
        /// The role.
        role: Role,
        /// Its new holder.
        holder: String,
    },
}

/// What can be asked about.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// The policy.
    #[returns(PolicyAnswer)]
    Policy {},
    /// Who may do what.
    #[returns(Roles)]
    Roles {},
    /// The engine's state and its clock now.
    #[returns(StateAnswer)]
    State {},
    /// Where an account stands now.
    #[returns(AccountAnswer)]
    Account {
        /// The account.
        account: String,
    },
    /// An epoch on record.
    #[returns(EpochAnswer)]
    Epoch {
        /// Its number.
        epoch: u64,
    },
    /// Whether a model is accepted.
    #[returns(bool)]
    ModelAccepted {
        /// The model.
        model: String,
    },
    /// The circuits whose proofs are accepted.
    #[returns(CircuitsAnswer)]
    Circuits {},
    /// Whether a proof proves its public inputs, whatever the registry's state.
    #[returns(bool)]
    Verify(Submission),
}

/// The policy and what else never changes.
#[cw_serde]
pub struct PolicyAnswer {
    /// The policy.
    pub policy: Policy,
    /// Whether keys may be insecure.
    pub insecure_srs_allowed: bool,
}

/// The engine's state.
#[cw_serde]
pub struct StateAnswer {
    /// As stored.
    pub meta: Meta,
    /// The engine's clock now.
    pub clock: u64,
}

/// Where an account stands.
#[cw_serde]
pub struct AccountAnswer {
    /// Its status now: a passed deadline counts, recorded or not.
    pub status: Status,
    /// Whether it has proved what is required and is not late.
    pub in_good_standing: bool,
    /// Whether its proof is overdue, called or not yet.
    pub overdue: bool,
    /// The engine's clock now.
    pub clock: u64,
}

/// An epoch on record.
#[cw_serde]
pub struct EpochAnswer {
    /// `null` when it was not posted.
    pub epoch: Option<Epoch>,
}

/// The circuits whose proofs are accepted.
#[cw_serde]
pub struct CircuitsAnswer {
    /// Ascending by digest.
    pub circuits: Vec<CircuitAnswer>,
}

/// A circuit.
#[cw_serde]
pub struct CircuitAnswer {
    /// The digest of its verifying key.
    pub circuit: String,
    /// Family and shape.
    pub name: String,
    /// Exact bytes of a proof.
    pub proof_bytes: u32,
    /// Whether anybody can forge its proofs.
    pub insecure: bool,
}

/// Brings a registry to this version of the contract. State is kept; circuits
/// change with keys, by [`ExecuteMsg::AddCircuit`].
#[cw_serde]
pub struct MigrateMsg {}

/// What a deployment demands of its accounts: `PolicyParams` of the engine.
/// Levels are `margin-call`, `maintenance` or `initial`.
#[cw_serde]
pub struct Policy {
    /// The deployment: a proof for another context does not count. It must be
    /// of this registry alone (unlike on the EVM it is not derived here): what
    /// two share, proofs for one do at the other.
    pub context: String,
    /// Margin models accepted from the start.
    pub models: Vec<String>,
    /// The level a proof must claim to keep an account current.
    pub required_level: String,
    /// An account proved below this level is in breach.
    pub breach_level: String,
    /// The level a proof must claim to cure a call.
    pub cure_level: String,
    /// How long a proof keeps an account current.
    pub proof_window: u64,
    /// How long a called account has to cure.
    pub cure_period: u64,
    /// How old a snapshot may be for a proof against it to count.
    pub max_snapshot_age: u64,
    /// A largest price move, in basis points; `null` turns the breaker off.
    pub max_price_move_bps: Option<u32>,
}

/// An epoch as it is posted.
#[cw_serde]
pub struct EpochPost {
    /// Its number, larger than any before.
    pub epoch: u64,
    /// Root of the account tree.
    pub state_root: String,
    /// Root of the market.
    pub market_root: String,
    /// The model that both are made under.
    pub model: String,
    /// When the market snapshot was taken.
    pub market_timestamp: u64,
    /// Largest move of a price since the last snapshot, in basis points.
    pub price_move_bps: Option<u32>,
}

/// An epoch on record.
#[cw_serde]
pub struct Epoch {
    /// Root of the account tree.
    pub state_root: String,
    /// Root of the market.
    pub market_root: String,
    /// The model both are made under.
    pub model: String,
    /// When the snapshot was taken.
    pub market_timestamp: u64,
    /// The engine's clock when it was posted.
    pub posted: u64,
    /// Whether its prices jumped and were not confirmed.
    pub quarantined: bool,
}

/// The engine's own state.
#[cw_serde]
pub struct Meta {
    /// Real time of the last transition, or of the start.
    pub last_time: u64,
    /// The engine's clock then.
    pub clock: u64,
    /// The latest epoch, zero when there is none.
    pub latest: u64,
    /// Until when the latest snapshot is fresh, in real time.
    pub fresh_until: u64,
    /// Whether the latest epoch's model has been revoked.
    pub model_revoked: bool,
    /// Whether the engine is halted, and why: `paused` or `price-move`.
    pub halt: Option<String>,
}

/// Where an account stands: a state, and what it has of the rest.
#[cw_serde]
pub struct Status {
    /// `unregistered`, `unproven`, `current`, `called`, `liquidatable` or
    /// `closed`.
    pub state: String,
    /// Why it was called: `breach` or `overdue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The epoch of the proof, or of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The level proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// When the next proof is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
    /// Until when, inclusive, a call can be cured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
    /// The shortfall of the policy's breach level, if a breach disclosed it: a
    /// decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortfall: Option<String>,
}
