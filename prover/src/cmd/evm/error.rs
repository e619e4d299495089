//! What goes wrong on a chain, and what to do next.

use std::io;

use alloy_provider::PendingTransactionError;
use alloy_provider::transport::{RpcError, TransportErrorKind};
use alloy_sol_types::SolInterface as _;
use alloy_sol_types::private::{Address, B256};
use reqwest::Url;
use zkmargin_evm::artifact::ArtifactError;
use zkmargin_evm::contracts::MarginCallRegistry::MarginCallRegistryErrors as Reverted;
use zkmargin_evm::dev::DevVerifierError;
use zkmargin_evm::engine;
use zkmargin_margin::ids::ContextId;
use zkmargin_margin::srs::SrsMark;
use zkmargin_prover::json::JsonError;
use zkmargin_verifier::engine::Refusal;

use super::deployment::CircuitName;
use crate::cmd::call::refusal_hint;

/// Why something was not done on a chain. No message shows the endpoint: it may
/// hold an access token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvmError {
    #[error("the RPC endpoint is not an http or https URL")]
    Url,
    #[error("no key to send with")]
    NoKey,
    #[error("the connection cannot be prepared: {0}")]
    Client(reqwest::Error),
    #[error("the connection cannot be prepared: {0}")]
    Runtime(io::Error),
    #[error("the node was asked for {what}: {problem}")]
    Rpc { what: &'static str, problem: String },
    #[error("the registry refuses: {0}")]
    Refused(Refusal),
    #[error("the registry refuses: {0}")]
    Rejected(Rejection),
    #[error("transaction {0} was not mined in three minutes")]
    NotMined(B256),
    #[error("transaction {hash} was sent, and the node does not say what came of it: {problem}")]
    Lost { hash: B256, problem: String },
    #[error("transaction {0} failed")]
    Failed(B256),
    #[error("the node does not say where the contract is")]
    NotCreated,
    #[error("what is at {0} is not a margin-call registry")]
    NotARegistry(Address),
    #[error("the node is of chain {found}, the deployment of {expected}")]
    WrongChain { expected: u64, found: u64 },
    #[error("the node is of chain {found}, --chain asks for {expected}")]
    WrongNode { expected: u64, found: u64 },
    #[error("the node asks {found} wei for a unit of gas, --max-fee allows {limit}")]
    Fee { found: u128, limit: u128 },
    #[error("the registry derives the context {found}, the deployment file says {expected}")]
    WrongContext { expected: ContextId, found: ContextId },
    #[error("{path}: {source}")]
    Deployment { path: String, source: JsonError },
    #[error("{path}: {source}")]
    Artifact { path: String, source: ArtifactError },
    #[error("the stored verifier of {circuit} is damaged: {source}")]
    Stored { circuit: CircuitName, source: DevVerifierError },
    #[error("the verifier of {circuit} is for the key {found}, the circuit's key is {expected}")]
    WrongVerifier { circuit: CircuitName, expected: B256, found: B256 },
    #[error("the deployment has no verifier of {circuit} under the powers of tau {srs}")]
    NoVerifier { circuit: CircuitName, srs: SrsMark },
    #[error("{0} carries no mark of its powers of tau")]
    NoMark(String),
    #[error("the registry at {0} says what no engine says")]
    Unreadable(Address),
}

/// Why the registry refuses what the engine would not see.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("the proof does not prove its public inputs")]
    InvalidProof,
    #[error("it does not accept the circuit {0}")]
    UnknownCircuit(B256),
    #[error("the proof has {got} bytes: proofs of the circuit have {expected}")]
    ProofLength { expected: String, got: String },
    #[error("public input {0} is not canonical")]
    NotCanonical(String),
    #[error("the circuit {0} is accepted already")]
    CircuitAlreadyAdded(B256),
    #[error("the circuit {0} is under insecure powers of tau, and this is no test deployment")]
    InsecureSrs(B256),
    #[error("{account} does not have the role {role}")]
    Unauthorized { account: Address, role: B256 },
    #[error("the gas is too little to verify a proof")]
    TooLittleGas,
    #[error("it reverted with {0}")]
    Other(String),
}

impl Rejection {
    fn of(error: Reverted) -> Self {
        match error {
            Reverted::InvalidProof(_) => Self::InvalidProof,
            Reverted::UnknownCircuit(error) => Self::UnknownCircuit(error.circuit),
            Reverted::ProofLength(error) => Self::ProofLength {
                expected: error.expected.to_string(),
                got: error.got.to_string(),
            },
            Reverted::NotCanonical(error) => Self::NotCanonical(error.row.to_string()),
            Reverted::CircuitAlreadyAdded(error) => Self::CircuitAlreadyAdded(error.circuit),
            Reverted::InsecureSrs(error) => Self::InsecureSrs(error.circuit),
            Reverted::AccessControlUnauthorizedAccount(error) => {
                Self::Unauthorized { account: error.account, role: error.neededRole }
            }
            Reverted::TooLittleGas(_) => Self::TooLittleGas,
            other => Self::Other(format!("0x{}", hex::encode(other.selector()))),
        }
    }
}

/// Parts of a URL of fewer characters hold no token.
const SHORTEST_TOKEN: usize = 8;

/// Turns what the node says into errors that do not show where it is.
pub(super) struct Failures {
    /// The parts of its URL that may hold a token, the longest first.
    secrets: Vec<String>,
}

impl Failures {
    pub(super) fn of(url: &Url) -> Self {
        let userinfo = [url.username(), url.password().unwrap_or_default()];
        let segments = url.path_segments().into_iter().flatten();
        let pairs = url.query_pairs().flat_map(|(name, value)| [name, value]);
        let pairs: Vec<_> = pairs.map(std::borrow::Cow::into_owned).collect();
        let parts = segments.chain(userinfo).chain(pairs.iter().map(String::as_str));
        // Short ones, a version say, are no tokens, and are in any text.
        let parts = parts.filter(|part| part.len() >= SHORTEST_TOKEN).map(str::to_owned);
        let mut secrets: Vec<_> = parts.chain([url.to_string()]).collect();
        secrets.sort_unstable_by_key(|part| std::cmp::Reverse(part.len()));
        Self { secrets }
    }

    pub(super) fn rpc(&self, what: &'static str, error: RpcError<TransportErrorKind>) -> EvmError {
        let Some(answer) = error.as_error_resp() else {
            return EvmError::Rpc { what, problem: self.redacted(&error) };
        };
        let Some(data) = answer.as_revert_data() else {
            return EvmError::Rpc { what, problem: self.redacted(&answer.message) };
        };
        if let Some(refusal) = engine::refusal(&data) {
            return EvmError::Refused(refusal);
        }
        EvmError::Rejected(match Reverted::abi_decode(&data) {
            Ok(error) => Rejection::of(error),
            Err(_) => Rejection::Other(data.to_string()),
        })
    }

    pub(super) fn pending(&self, hash: B256, error: &PendingTransactionError) -> EvmError {
        EvmError::Lost { hash, problem: self.redacted(error) }
    }

    fn redacted(&self, text: &impl ToString) -> String {
        let hidden = |text: String, secret: &String| text.replace(secret, "the endpoint");
        self.secrets.iter().fold(text.to_string(), hidden)
    }
}

impl EvmError {
    /// Whether what was asked is false, and nothing is wrong with how.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Rejected(_))
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Refused(refusal) => {
                return refusal_hint(refusal)
                    .map(|hint| hint.replace("zkmargin call", "zkmargin evm"));
            }
            Self::Url => "as in http://127.0.0.1:8545",
            Self::NoKey => "set ZKMARGIN_EVM_KEY from a secret store, or give --key-file FILE",
            Self::Rpc { .. } => "check the endpoint and the account's balance, then try again",
            Self::NotMined(_) | Self::Lost { .. } => {
                "look it up before you send it again; `zkmargin evm history` shows what happened"
            }
            Self::WrongNode { .. } => "check the endpoint",
            Self::Fee { .. } => "wait, ask another node, or raise --max-fee",
            Self::NotARegistry(_) | Self::WrongChain { .. } | Self::WrongContext { .. } => {
                "check that --deployment and --rpc-url belong together"
            }
            Self::Deployment { .. } => "`zkmargin evm deploy` writes such files",
            Self::Artifact { .. } | Self::WrongVerifier { .. } => {
                "write the contract with `zkmargin evm export` and compile it with `node scripts/compile.mjs`, in verifier/contracts"
            }
            Self::NoVerifier { .. } => {
                "prove with a circuit that the deployment accepts, or deploy with --circuit or --verifier"
            }
            Self::NoMark(_) => "prove again with --proof-system kzg",
            Self::Rejected(Rejection::Unauthorized { .. }) => {
                "send with the key of an account that has the role"
            }
            Self::Rejected(Rejection::InvalidProof) => "do not rely on it; ask for a new proof",
            _ => return None,
        };
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_shows_a_token() {
        let url = "https://someuser:password1@node.example/v3/TOKEN12345?key=QUERY67890&BARE54321";
        let failures = Failures::of(&url.parse().unwrap());
        for said in
            [url, "cannot POST /v3/TOKEN12345", "key QUERY67890, BARE54321 of someuser: password1"]
        {
            let shown = failures.redacted(&said);
            for secret in ["someuser", "password1", "TOKEN12345", "QUERY67890", "BARE54321"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
        assert_eq!(failures.redacted(&"out of gas in v3"), "out of gas in v3");
    }
}
