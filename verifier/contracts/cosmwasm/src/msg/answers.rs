//! Answers to questions.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint256;

use super::shared::{Epoch, Meta, Signers};
use super::start::{Delays, PathTerms, Roles, Terms};

/// The policy and what else never changes.
#[cw_serde]
pub struct PolicyAnswer {
    /// What proofs are for.
    pub context: String,
    /// The protocol's name.
    pub name: String,
    /// The chain that the context was derived on: on another no proof counts.
    pub chain: String,
    /// What accounts must do.
    pub terms: Terms,
    /// How long changes are known before they count.
    pub delays: Delays,
    /// Whether the registry is for tests.
    pub for_tests: bool,
}

/// Who may do what.
#[cw_serde]
pub struct RolesAnswer {
    /// Who holds the roles.
    pub holders: Roles,
    /// Who was offered the governor's.
    pub next_governor: Option<String>,
    /// Who was offered the protocol's.
    pub next_protocol: Option<String>,
    /// Who was offered the guardian's.
    pub next_guardian: Option<String>,
    /// From when on the guardian may pause again; zero: it has not paused.
    pub guardian_may_pause_from: u64,
}

/// The engine's state.
#[cw_serde]
pub struct StateAnswer {
    /// As stored, and the circuits that began since.
    pub meta: Meta,
    /// The engine's clock now.
    pub clock: u64,
    /// Whether the engine is halted now: `paused` or `price-move`.
    pub halted: Option<String>,
    /// Whether a proof against the latest epoch could be accepted now.
    pub provable_now: bool,
    /// Why not.
    pub standstill: Option<String>,
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
    /// The level proved, or the lowest that it was proved below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// When the next proof is due, grace included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
    /// Until when, inclusive, a call can be cured, grace included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u64>,
    /// The shortfall of the policy's breach level, if a breach disclosed it: a
    /// decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortfall: Option<String>,
}

/// An account on record.
#[cw_serde]
pub struct AccountAnswer {
    /// The account.
    pub account: String,
    /// Its status now: a passed deadline counts, recorded or not.
    pub status: Status,
    /// The last epoch that its state rests on: proofs must be newer.
    pub last_epoch: u64,
    /// Who may take it out.
    pub owner: Option<String>,
}

/// A page of accounts.
#[cw_serde]
pub struct AccountsAnswer {
    /// Ascending.
    pub accounts: Vec<AccountAnswer>,
}

/// Where an account stands, and on what that rests.
#[cw_serde]
pub struct StandingAnswer {
    /// The status now.
    pub status: Status,
    /// Whether its proof is overdue, called or not yet.
    pub overdue: bool,
    /// The account's clock now: the engine's, unless it waits for a path.
    pub clock: u64,
    /// The path that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<PathRequest>,
    /// The change on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<OpenChange>,
    /// The epoch the status rests on.
    pub epoch: Option<u64>,
    /// When that epoch's market snapshot was taken.
    pub market_timestamp: Option<u64>,
    /// How old that snapshot is, in real seconds; unknown when it lies further
    /// ahead than clocks may differ.
    pub market_age: Option<u64>,
    /// Whether that epoch still counts: posted, and its model accepted.
    pub epoch_counts: bool,
    /// Whether the engine is halted: `paused` or `price-move`.
    pub halted: Option<String>,
    /// Whether the latest snapshot is stale, or none was posted.
    pub stale: bool,
    /// Whether a proof against the latest epoch could be accepted.
    pub provable_now: bool,
    /// Why not.
    pub standstill: Option<String>,
}

/// A path that an account asked for.
#[cw_serde]
pub struct PathRequest {
    /// Of which epoch.
    pub epoch: u64,
    /// What the account's clock showed, at which it stands while `open`.
    pub since: u64,
    /// The real time.
    pub asked: u64,
    /// Whether it waits for an answer.
    pub open: bool,
}

/// A change on record that no epoch was shown to hold yet.
#[cw_serde]
pub struct OpenChange {
    /// The epoch it starts from.
    pub epoch: u64,
    /// The level met afterwards.
    pub level: String,
    /// The commitment afterwards.
    pub next: String,
}

/// What demands for paths cost, and what the venue has to lose.
#[cw_serde]
pub struct PathsAnswer {
    /// The terms; `null`: no account can demand its path.
    pub terms: Option<PathTerms>,
    /// What the venue has deposited that is in no demand's stake.
    pub free: Uint256,
    /// From when on it can withdraw that, if it announced it.
    pub leaves_from: Option<u64>,
}

/// A demand for a path.
#[cw_serde]
pub struct DemandAnswer {
    /// Whose its bond is.
    pub requester: String,
    /// Until when, inclusive, the venue may answer for nothing.
    pub answer_by: u64,
    /// Whether an answer is on record.
    pub answered: bool,
    /// Whether bond and stake have gone to somebody.
    pub settled: bool,
    /// What it cost.
    pub bond: Uint256,
    /// What the venue had to lose.
    pub stake: Uint256,
}

/// Announced signers.
#[cw_serde]
pub struct NextSigners {
    /// They.
    pub signers: Signers,
    /// From when on they can be activated.
    pub from: u64,
}

/// What a proof proves.
#[cw_serde]
pub struct ClaimAnswer {
    /// The deployment the proof is for: this one.
    pub context: String,
    /// The epoch of both roots.
    pub epoch: u64,
    /// The account.
    pub account: String,
    /// Root of the account tree.
    pub state_root: String,
    /// Root of the market.
    pub market_root: String,
    /// The margin model.
    pub model: String,
    /// `at-least:LEVEL` or `below:LEVEL`, with `,multiplier:M` and `,leverage:L`
    /// behind it where they are set.
    pub claim: String,
    /// The shortfall, or zero: a decimal.
    pub disclosed: String,
    /// What else the submitter says: `0x` and 62 digits; left out for nothing.
    pub memo: Option<String>,
}

/// An epoch on record.
#[cw_serde]
pub struct EpochAnswer {
    /// `null` when it was not posted.
    pub epoch: Option<Epoch>,
}

/// A model.
#[cw_serde]
pub struct ModelAnswer {
    /// Whether it is accepted.
    pub accepted: bool,
    /// From when on it can be accepted, if it was announced.
    pub acceptable_from: Option<u64>,
}

/// A page of accepted models.
#[cw_serde]
pub struct ModelsAnswer {
    /// Ascending.
    pub models: Vec<String>,
}

/// A page of circuits.
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
    /// From when on its proofs are accepted.
    pub valid_from: u64,
    /// Until when, inclusive; `null`: without an end.
    pub valid_until: Option<u64>,
    /// Since when it is frozen, if it is.
    pub frozen_since: Option<u64>,
    /// Whether its proofs are of changes.
    pub of_changes: bool,
    /// Whether its proofs have an escrow.
    pub of_escrows: bool,
}
