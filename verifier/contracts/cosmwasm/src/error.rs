//! Why a message is refused.

use cosmwasm_std::StdError;
use zkmargin_margin::instance::InvalidInstance;
use zkmargin_verifier::bn254::{KeyError, ProofError};
use zkmargin_verifier::engine::{InvalidPolicy, Refusal, TransitionError};

use crate::msg::Role;

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
    /// A policy that would be unfair or useless.
    #[error("policy: {0}")]
    Policy(#[from] InvalidPolicy),
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
    /// A key of a circuit that is not about margin.
    #[error("verifying key {circuit}: its circuit has {got} public inputs, {expected} are needed")]
    CircuitInputs {
        /// Its digest.
        circuit: String,
        /// The circuit's.
        got: usize,
        /// Those of a claim.
        expected: usize,
    },
    /// A circuit that is accepted already.
    #[error("circuit {circuit} is accepted already")]
    CircuitAlreadyAdded {
        /// The digest of its key.
        circuit: String,
    },
    /// A circuit that is not accepted.
    #[error("circuit {circuit} is not accepted: `circuits` tells which are")]
    UnknownCircuit {
        /// The digest given.
        circuit: String,
    },
    /// Public inputs that are no margin statement.
    #[error("public inputs: {0}")]
    PublicInputs(#[from] InvalidInstance),
    /// A proof that is none, or false.
    #[error("proof: {0}")]
    Proof(#[from] ProofError),
    /// The state of another contract, or of a later version of this one.
    #[error("cannot migrate from {contract} {version}")]
    Migration {
        /// The contract on record.
        contract: String,
        /// Its version.
        version: String,
    },
    /// Coins, which the registry has no use for.
    #[error("the registry takes no coins")]
    Coins,
}

impl From<TransitionError<StdError>> for ContractError {
    fn from(error: TransitionError<StdError>) -> Self {
        match error {
            TransitionError::Refused(refusal) => Self::Refused { refusal },
            TransitionError::Store(error) => Self::Std(error),
        }
    }
}
