//! How a registry begins, and how its code changes.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Binary, Coin, Uint256};
use serde::{Deserialize as _, Deserializer};

use super::shared::Signers;

/// Starts a registry. Its context is derived from the chain's identifier, its own
/// address and its name: `ContextId::derive_cosmwasm` of `zkmargin-margin`.
#[cw_serde]
pub struct InstantiateMsg {
    /// The protocol's name, at most 64 bytes: a part of the context.
    pub name: String,
    /// What the deployment demands of its accounts; fixed for its lifetime.
    pub terms: Terms,
    /// Who attests epochs.
    pub signers: Signers,
    /// Who may do what.
    pub roles: Roles,
    /// The verifying keys of circuits accepted from the start and without an end,
    /// as `zkmargin key export` writes them.
    pub keys: Vec<Binary>,
    /// How long changes are known before they count; fixed for the lifetime.
    pub delays: Delays,
    /// What a path demanded on record costs and who answers; left out or `null`: no
    /// account can demand its path. Fixed for the lifetime.
    #[serde(default)]
    pub paths: Option<PathTerms>,
    /// Whether this is a deployment for tests, which may have no delays, and keys
    /// under powers of tau whose secret is public; fixed for the lifetime.
    pub for_tests: bool,
}

/// What a demand for a path costs, and what is at stake when it is not answered.
#[cw_serde]
pub struct PathTerms {
    /// Who answers: the venue.
    pub venue: String,
    /// What a demand costs; its denomination is the stake's too.
    pub demand_bond: Coin,
    /// What the venue loses for a demand that it does not answer, as far as it has
    /// deposited so much.
    pub stake: Uint256,
    /// How long it may take to answer, in seconds, at least one.
    pub answer_period: u64,
    /// How long before a withdrawal the venue announces it, in seconds; at least
    /// `answer_period`.
    pub notice: u64,
}

/// How long changes are known before they count. Zero is for tests alone.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct Delays {
    /// From the adding of a circuit to its first proof.
    pub circuits: u64,
    /// From the announcement of a model, or of signers, to its acceptance.
    pub models: u64,
}

/// Holders of the roles.
#[cw_serde]
pub struct Roles {
    /// Models, circuits, signers, roles; renews pauses; and all that the guardian
    /// may.
    pub governor: String,
    /// Registers, closes and reinstates accounts.
    pub protocol: String,
    /// Reduces what counts, at once: pauses, freezes circuits, revokes models,
    /// rejects epochs. And confirms epochs whose prices jumped.
    pub guardian: String,
}

/// What a deployment demands of its accounts: `PolicyParams` of the engine but
/// for the context and the proof system, which are the registry's. Levels are
/// `margin-call`, `maintenance` or `initial`; periods are on the engine's clock
/// unless said otherwise.
#[cw_serde]
#[schemaifier(mute_warnings)]
pub struct Terms {
    /// Margin models accepted from the start.
    pub models: Vec<String>,
    /// The number of the first epoch, at least one.
    pub first_epoch: u64,
    /// The level a proof must claim to keep an account current, and to cure a
    /// call for silence.
    pub required_level: String,
    /// An account proved below this level is in breach.
    pub breach_level: String,
    /// The level a proof must claim to cure a breach.
    pub cure_level: String,
    /// How long a proof keeps an account current.
    pub proof_window: u64,
    /// How long a called account has to cure.
    pub cure_periods: CurePeriods,
    /// How old (in real time) a snapshot may be for a proof against it to count.
    pub max_snapshot_age: u64,
    /// How far (in real time) a snapshot's time may lie ahead.
    pub max_clock_skew: u64,
    /// How long at most nothing is due after the clock stood still.
    pub grace_period: u64,
    /// How long (in real time) a pause may be before it must be renewed.
    pub max_pause: u64,
    /// How long (in real time) the clock must have stood still for an account to
    /// escape.
    pub escape_after: u64,
    /// A largest price move within the breaker's window, in basis points; `null`,
    /// which must be said, turns the breaker off.
    #[serde(deserialize_with = "said")]
    pub max_price_move_bps: Option<u32>,
    /// How long (in real time) a move counts for the breaker; 0: every epoch for
    /// itself.
    pub breaker_window: u64,
    /// How many epochs after a change's the venue has to show it; left out or 0: changes
    /// are not taken.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub change_epochs: u16,
    /// The committee that every *at-least* proof must have an escrow to: `0x` and 64 digits,
    /// Keccak-256 of both coordinates of its key; left out: none is demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<String>,
    /// How many accounts at most become liquidatable within a `breaker_window`; those beyond
    /// stay called. Left out or 0: as many as there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub max_liquidations: u16,
}

const fn is_zero(epochs: &u16) -> bool {
    *epochs == 0
}

/// An option that may not be left out: a missing limit is no limit.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Option::deserialize(deserializer)
}

/// How long a called account has to cure, by what was shown.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct CurePeriods {
    /// It gave no proof in time.
    pub overdue: u64,
    /// It was proved below initial margin.
    pub below_initial: u64,
    /// It was proved below maintenance margin.
    pub below_maintenance: u64,
    /// It was proved below the margin-call level.
    pub below_margin_call: u64,
}

/// Brings a registry to this version of the contract. State is kept; circuits
/// change with keys, by [`super::ExecuteMsg::AddCircuit`].
#[cw_serde]
pub struct MigrateMsg {}
