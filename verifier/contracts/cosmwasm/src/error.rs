//! Why a message is refused.

use cosmwasm_std::StdError;
use zkmargin_margin::instance::InvalidInstance;
use zkmargin_margin::statement::escrow::InvalidEscrow;
use zkmargin_margin::statement::transition::InvalidTransition;
use zkmargin_verifier::bn254::{KeyError, ProofError};
use zkmargin_verifier::engine::{InvalidPolicy, NotTaken, Refusal, TransitionError};
use zkmargin_verifier::epoch::NotSigned;

use crate::msg::{MAX_BATCH, Role};
use crate::state::LAYOUT_NUMBER;
use crate::windows::MAX_CIRCUITS;

/// Why a message is refused. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// Storage, or a message that cannot be read.
    #[error(transparent)]
    Std(#[from] StdError),
    /// The engine's rules forbid it. The code is that of every implementation.
    #[error("{code}: {refusal}", code = .refusal.code())]
    Refused {
        /// Which rule.
        refusal: Refusal,
    },
    /// The sender does not hold the role.
    #[error("only the {role:?} may do this")]
    NotAllowed {
        /// The role it takes.
        role: Role,
    },
    /// The sender was not offered the role.
    #[error("the role of the {role:?} was not offered to the sender: the governor proposes it")]
    NotOffered {
        /// The role.
        role: Role,
    },
    /// The sender does not own the account.
    #[error(
        "only the owner that the account was registered with may take it out, or say what it becomes"
    )]
    NotOwner,
    /// The guardian paused lately.
    #[error("the guardian may pause again from {until} on: only the governor renews a pause")]
    GuardianMustWait {
        /// From when on.
        until: u64,
    },
    /// A name that cannot be a part of the context.
    #[error("name: {got} bytes, allowed are 1 to 64")]
    Name {
        /// Its length.
        got: usize,
    },
    /// A delay of zero outside tests, or one that nobody lives to see.
    #[error(
        "delays.{what} is {got} seconds: allowed are 1 to {max}, and 0 in deployments for tests (`for_tests`)"
    )]
    Delay {
        /// Which.
        what: &'static str,
        /// How long it is.
        got: u64,
        /// The longest.
        max: u64,
    },
    /// A time beyond all clocks.
    #[error("a time is too large to be added to")]
    Time,
    /// A policy that would be unfair or useless.
    #[error("policy: {0}")]
    Policy(#[from] InvalidPolicy),
    /// An epoch that is not signed as it must be.
    #[error("signatures: {0}")]
    NotSigned(#[from] NotSigned),
    /// A model that was not announced, or not long enough ago.
    #[error("the model must be announced first, and can be accepted {}", when(.from))]
    NoticeNotGiven {
        /// From when on it can be accepted, if it was announced.
        from: Option<u64>,
    },
    /// A key that cannot be used.
    #[error("verifying key: {0}")]
    Key(#[from] KeyError),
    /// A key whose proofs anybody can forge.
    #[error(
        "verifying key {circuit}: its powers of tau are for tests, which this registry refuses"
    )]
    InsecureSrs {
        /// Its digest.
        circuit: String,
    },
    /// A key of a circuit that is neither about margin nor about changes.
    #[error(
        "verifying key {circuit}: its circuit has {got} public inputs, {expected} are needed, or 11 of changes"
    )]
    CircuitInputs {
        /// Its digest.
        circuit: String,
        /// The circuit's.
        got: usize,
        /// Those of a claim.
        expected: usize,
    },
    /// A circuit of another statement.
    #[error(
        "circuit {circuit} is of another statement: changes and escrows have circuits of their own"
    )]
    OtherStatement {
        /// The digest of its key.
        circuit: String,
    },
    /// Public inputs of a proof with an escrow that no honest prover writes.
    #[error(transparent)]
    EscrowInputs(#[from] InvalidEscrow),
    /// A ciphertext that is none, or whose digest the proof does not show.
    #[error("the ciphertext is not that of the proof, or to another key: {what}")]
    Ciphertext {
        /// What is wrong.
        what: String,
    },
    /// A change with another aim.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// Public inputs of a change that nobody writes.
    #[error("public inputs: {0}")]
    ChangeInputs(#[from] InvalidTransition),
    /// A circuit that is there already.
    #[error("circuit {circuit} is accepted already, or waits to be: remove it first")]
    CircuitAlreadyAdded {
        /// The digest of its key.
        circuit: String,
    },
    /// As many circuits as there can be.
    #[error("there are {MAX_CIRCUITS} circuits already: remove one first")]
    TooManyCircuits,
    /// A circuit that would begin too early, or end before it begins.
    #[error(
        "valid_from must be {earliest} or later, when the delay is over, and before valid_until"
    )]
    CircuitTimes {
        /// The earliest beginning.
        earliest: u64,
    },
    /// A circuit that would not end earlier, or in the past.
    #[error("valid_until must be {from} or later and before {end}, when the circuit ends anyhow")]
    CircuitEnd {
        /// Now, or when it begins.
        from: u64,
        /// When it ends.
        end: u64,
    },
    /// A circuit that is not accepted.
    #[error("circuit {circuit} is not accepted: `circuits` tells which are")]
    UnknownCircuit {
        /// The digest given.
        circuit: String,
    },
    /// A circuit that is not accepted yet.
    #[error("circuit {circuit} is not accepted before {from}")]
    CircuitNotYet {
        /// The digest of its key.
        circuit: String,
        /// From when on it is.
        from: u64,
    },
    /// A circuit that is no longer accepted.
    #[error("circuit {circuit} is not accepted since {until}")]
    CircuitEnded {
        /// The digest of its key.
        circuit: String,
        /// Until when it was.
        until: u64,
    },
    /// A circuit whose proofs are not accepted for now.
    #[error("circuit {circuit} is frozen")]
    CircuitFrozen {
        /// The digest of its key.
        circuit: String,
    },
    /// A circuit whose proofs are accepted.
    #[error("circuit {circuit} is not frozen")]
    CircuitNotFrozen {
        /// The digest of its key.
        circuit: String,
    },
    /// A chain that split off, or was renamed.
    #[error("the registry was made on chain {chain}: no proof counts on another")]
    OtherChain {
        /// The registry's.
        chain: String,
    },
    /// Public inputs that are no margin statement.
    #[error("public inputs: {0}")]
    PublicInputs(#[from] InvalidInstance),
    /// A proof that is none, or false.
    #[error("proof: {0}")]
    Proof(#[from] ProofError),
    /// One of a batch that is none, or false.
    #[error("proof {place} of the batch: {source}")]
    BatchedProof {
        /// Its place, from 1.
        place: usize,
        /// What is wrong with it.
        source: ProofError,
    },
    /// Too few or many proofs.
    #[error("{got} proofs in a batch: allowed are 1 to {MAX_BATCH}")]
    BatchSize {
        /// How many.
        got: usize,
    },
    /// The state of another contract, or of a later version of this one.
    #[error(
        "cannot migrate from {contract} {version}: allowed are this contract's versions up to this one's"
    )]
    Migration {
        /// The contract on record.
        contract: String,
        /// Its version.
        version: String,
    },
    /// State that this version cannot read.
    #[error(
        "cannot migrate a state of layout {found}: this version has layout {LAYOUT_NUMBER}, whose deadlines, context and roles cannot be made from another; instantiate a new registry"
    )]
    Layout {
        /// The state's, 1 where none is on record.
        found: u32,
    },
    /// A key in storage that nobody writes.
    #[error("storage is damaged: {0} has a key of another length")]
    Damaged(&'static str),
    /// Signers that were not announced, or not long enough ago.
    #[error("signers must be announced first (`set_signers`), and can be activated {}", when(.from))]
    SignersNotAnnounced {
        /// From when on they can be activated, if they were announced.
        from: Option<u64>,
    },
    /// A registry that keeps no demands for paths.
    #[error("no account can demand its path: the registry was begun without `paths`")]
    NoPaths,
    /// The terms of demands make no sense.
    #[error(
        "paths: answer_period and notice must be 1 to {max} seconds, and the notice not shorter than answer_period"
    )]
    PathPeriods {
        /// The longest.
        max: u64,
    },
    /// The sender is not the venue.
    #[error("only the venue may do this")]
    NotTheVenue,
    /// Other coins than a demand costs.
    #[error("a demand costs {bond}: send exactly that")]
    DemandBond {
        /// What it costs.
        bond: String,
    },
    /// A key that nothing can be encrypted to.
    #[error("key: {got} bytes, needed are the 32 of an X25519 public key, not all zero")]
    PathKey {
        /// Its length.
        got: usize,
    },
    /// An answer without bytes.
    #[error("sealed_path is empty")]
    NoAnswer,
    /// Nothing was demanded, or it is answered.
    #[error("no such path was demanded, or it is answered already")]
    NothingDemanded,
    /// A stake that is settled, or not lost yet.
    #[error("bond and stake are settled, or the venue may still answer until {answer_by}")]
    NotForfeited {
        /// Until when, inclusive, the venue may answer for nothing.
        answer_by: u64,
    },
    /// A withdrawal that was not announced, or not long enough ago.
    #[error("a withdrawal must be announced first, and is possible {}", when(.from))]
    NotAnnounced {
        /// From when on, if it was announced.
        from: Option<u64>,
    },
    /// A deposit of nothing, or of other coins.
    #[error("a deposit is one coin of {denom}")]
    Deposit {
        /// Of which denomination.
        denom: String,
    },
    /// Coins, which are for demands and the venue's deposits alone.
    #[error("the registry takes no coins but with `path.demand` and `path.deposit`")]
    Coins,
}

fn when(from: &Option<u64>) -> String {
    from.map_or("after the notice".to_owned(), |from| format!("from {from} on"))
}

impl From<Refusal> for ContractError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal }
    }
}

impl From<TransitionError<StdError>> for ContractError {
    fn from(error: TransitionError<StdError>) -> Self {
        match error {
            TransitionError::Refused(refusal) => Self::Refused { refusal },
            TransitionError::Store(error) => Self::Std(error),
        }
    }
}
