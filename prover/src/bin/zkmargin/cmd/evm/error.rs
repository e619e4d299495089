//! What goes wrong on a chain, and what to do next.

use std::io;

use alloy_provider::PendingTransactionError;
use alloy_provider::transport::{RpcError, TransportErrorKind};
use alloy_sol_types::SolInterface as _;
use alloy_sol_types::private::{Address, B256};
use reqwest::Url;
use zkmargin_evm::artifact::ArtifactError;
use zkmargin_evm::contracts::MarginBonds::MarginBondsErrors as BondsError;
use zkmargin_evm::contracts::MarginCallRegistry::MarginCallRegistryErrors as RegistryError;
use zkmargin_evm::contracts::MarginChanges::MarginChangesErrors as ChangesError;
use zkmargin_evm::contracts::MarginEscrows::MarginEscrowsErrors as EscrowsError;
use zkmargin_evm::contracts::MarginMarkets::MarginMarketsErrors as MarketError;
use zkmargin_evm::contracts::MarginOperators::MarginOperatorsErrors as OperatorError;
use zkmargin_evm::contracts::MarginPaths::MarginPathsErrors as PathsError;
use zkmargin_evm::contracts::MarginPriceCheck::MarginPriceCheckErrors as PricesError;
use zkmargin_evm::contracts::MarginProofGate::MarginProofGateErrors as GateError;
use zkmargin_evm::contracts::MarginRoles::MarginRolesErrors as RoleError;
use zkmargin_evm::contracts::MarginVenueBatches::MarginVenueBatchesErrors as BatchesError;
use zkmargin_evm::dev::DevVerifierError;
use zkmargin_evm::engine;
use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_margin::srs::SrsMark;
use zkmargin_prover::crypt::RecipientError;
use zkmargin_prover::human;
use zkmargin_prover::json::JsonError;
use zkmargin_verifier::engine::Refusal;

use super::circuits::Statement;
use super::deployment::CircuitName;
use crate::cmd::call::refusal_hint;

/// Why something was not done on a chain. No message shows the endpoint: it may
/// hold an access token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvmError {
    #[error("the RPC endpoint is not an http or https URL")]
    Url,
    #[error("nothing can be sent to a chain that is only looked at")]
    NoTerms,
    #[error("the node does not tell its latest block")]
    NoBlock,
    #[error("the connection cannot be prepared: {0}")]
    Client(reqwest::Error),
    #[error("the connection cannot be prepared: {0}")]
    Runtime(io::Error),
    #[error("the node was asked for {what}: {problem}")]
    Rpc { what: &'static str, problem: String },
    #[error("the contracts refuse: {0}")]
    Refused(Refusal),
    #[error("the contracts refuse: {0}")]
    Rejected(Rejection),
    #[error("transaction {0} was not mined in three minutes")]
    NotMined(B256),
    #[error("transaction {hash} was sent, and the node does not say what came of it: {problem}")]
    Lost { hash: B256, problem: String },
    #[error("transaction {0} failed")]
    Failed(B256),
    #[error("the node does not say where the contract is")]
    NotCreated,
    #[error("what is at {0} is not the contract of the deployment")]
    NotOurs(Address),
    #[error("{0} is of a deployment that was not finished")]
    Incomplete(String),
    #[error("{path} is of version {found}: this program knows 2")]
    Version { path: String, found: u16 },
    #[error("{path} is of another deployment: its {what} is {found}, not {expected}")]
    OtherDeployment { path: String, what: &'static str, expected: String, found: String },
    #[error("the market has other rules than those asked for")]
    OtherRules,
    #[error("the epoch file is for {found}, the deployment for {expected}")]
    EpochContext { expected: ContextId, found: ContextId },
    #[error("the node is of chain {found}, the deployment of {expected}")]
    WrongChain { expected: u64, found: u64 },
    #[error("the node is of chain {found}, --chain asks for {expected}")]
    WrongNode { expected: u64, found: u64 },
    #[error("the node asks {found} wei for a unit of gas, --max-fee allows {limit}")]
    Fee { found: u128, limit: u128 },
    #[error("the markets derive the context {found}, the deployment file says {expected}")]
    WrongContext { expected: ContextId, found: String },
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
    #[error("{path}: the deployment has no verifier of {family}-{shape} in any layout")]
    NotVerified { path: String, family: Family, shape: Shape },
    #[error("{0} carries no mark of its powers of tau")]
    NoMark(String),
    #[error("the registry at {0} says what no engine says")]
    Unreadable(Address),
    #[error("{path}: {source}")]
    Approval { path: String, source: JsonError },
    #[error("the public key: {0}")]
    Recipient(RecipientError),
    #[error("no contract keeps demands for paths: nobody can demand one")]
    NoPaths,
    #[error("the registry has a contract that keeps demands for paths")]
    PathsAreSet,
    #[error("no contract keeps changes: nobody can say what an account becomes")]
    NoChanges,
    #[error("the gate has a contract that keeps changes")]
    ChangesAreSet,
    #[error("no contract keeps escrows: the market demands none")]
    NoEscrows,
    #[error("epoch {0} is not on record")]
    NoEpoch(u64),
    #[error("no contract takes proofs of venues: nobody is called by one")]
    NoBatches,
    #[error("the gate has a contract that takes proofs of venues")]
    BatchesAreSet,
    #[error("of the account {0} no escrow is on record, or none of that epoch")]
    NoEscrow(AccountId),
    #[error(
        "transaction {0} is no message of somebody's to the contract of escrows, so its proof is not found there"
    )]
    NotSentDirectly(B256),
    #[error("the deployment has {0} verifiers, and of which circuit the proof is is not said")]
    NotOneVerifier(usize),
    #[error("the deployment's file names no powers of tau, which a proof's file does")]
    UnknownPowers,
    #[error("the market has {found} active circuits of {of:?}, and which one is meant is not said")]
    NotOneCircuit { of: Statement, found: usize },
    #[error(
        "the market takes no proofs of {circuit} over {leaves} accounts, as that of subtree {subtree} is: none of its {found} circuits of venues over so many is {digest}"
    )]
    NoSuchCircuit {
        circuit: CircuitName,
        subtree: usize,
        leaves: usize,
        digest: B256,
        found: usize,
    },
    #[error("of the account {0} no such demand, or no answer to it, is on record")]
    NoDemand(AccountId),
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
    #[error("the proofs of circuit {0} are of another statement")]
    WrongStatement(B256),
    #[error(
        "a committee is named once, before the market's first circuit is active, where there is a contract of escrows"
    )]
    TooLateForEscrow,
    #[error("the account {0} is not the owner's")]
    WrongAccount(Address),
    #[error("the ciphertext is not that of the proof, or to another key")]
    OtherCiphertext,
    #[error("the circuit {0} is frozen")]
    CircuitFrozen(B256),
    #[error("the circuit is accepted from {0} on, once it is activated")]
    CircuitNotYet(String),
    #[error("the circuit was accepted until {0}")]
    CircuitEnded(String),
    #[error("the verifier's code is not what was accepted")]
    WrongCode,
    #[error("the circuit {0} is under insecure powers of tau, and this is no test deployment")]
    InsecureSrs(B256),
    #[error("{account} does not have the role {role}")]
    Unauthorized { account: Address, role: B256 },
    #[error("the sender is neither {0} nor its operator")]
    NotTheOwner(Address),
    #[error("the sender is not subscribed to the account")]
    NotSubscribed,
    #[error("a protocol is subscribed to the account")]
    StillSubscribed,
    #[error("too few valid signatures of the epoch, or one that is of nobody who signs")]
    InvalidSignatures,
    #[error("the model, or the signers, must be announced first and count from {0} on")]
    NoticeNotGiven(String),
    #[error("a guardian must wait until {0} to pause again: the governor can")]
    GuardianMustWait(String),
    #[error("the hand-over cannot be accepted before {0}")]
    HandoverWaits(String),
    #[error("a withdrawal must be announced first, and is possible from {0} on")]
    WithdrawalWaits(String),
    #[error("the account is called, liquidatable or late: its bond stays")]
    AtStake,
    #[error("the memo of the proof names no address to pay")]
    NobodyToPay,
    #[error("the account is not called for the breach that the proof shows")]
    NotThisBreach,
    #[error("nothing is owed to the sender")]
    NothingToCollect,
    #[error("the sender is not the market's venue")]
    NotTheVenue,
    #[error("nothing was demanded, or it is answered already")]
    NothingDemanded,
    #[error("bond and stake are settled, or the venue may still answer until {0}")]
    NotForfeited(String),
    #[error("the approval is not the owner's, was used or voided, or is too late")]
    InvalidApproval,
    #[error("no feed is named for the instrument")]
    UnknownReference,
    #[error("the epoch is not on record, or rejected already")]
    NothingToCheck,
    #[error("the market on record does not contain that price")]
    NotInMarket,
    #[error("the feed has no answer for the time of the snapshot in that round")]
    NoAnswer,
    #[error("the chain's sequencer is down, or was until just now")]
    SequencerDown,
    #[error("the rows of the epoch's model are not all named")]
    RowsNotNamed,
    #[error("the rows of the model are all named already")]
    RowsNamed,
    #[error("the subtree is on record: all its accounts were looked at")]
    AlreadyCovered,
    #[error("a part of the subtree is on record: its rest takes proofs of smaller subtrees")]
    PartlyCovered,
    #[error("the tree has no such subtree")]
    NotInTree,
    #[error("the flagged accounts are not those that the proof is about")]
    WrongList,
    #[error("the account is not on record as flagged and not called, in that epoch")]
    NotRefused,
    #[error("the gas is too little to verify a proof")]
    TooLittleGas,
    #[error("it reverted with {0}")]
    Other(String),
}

impl Rejection {
    /// What a contract reverted with that the engine does not know.
    fn of(data: &[u8]) -> Self {
        Self::of_gate(data)
            .or_else(|| Self::of_registry(data))
            .or_else(|| Self::of_markets(data))
            .or_else(|| Self::of_roles(data))
            .or_else(|| Self::of_bonds(data))
            .or_else(|| Self::of_paths(data))
            .or_else(|| Self::of_prices(data))
            .or_else(|| Self::of_changes(data))
            .or_else(|| Self::of_batches(data))
            .unwrap_or_else(|| Self::Other(format!("0x{}", hex::encode(data))))
    }

    fn of_gate(data: &[u8]) -> Option<Self> {
        Some(match GateError::abi_decode(data).ok()? {
            GateError::InvalidProof(_) => Self::InvalidProof,
            GateError::UnknownCircuit(error) => Self::UnknownCircuit(error.circuit),
            GateError::ProofLength(error) => Self::ProofLength {
                expected: error.expected.to_string(),
                got: error.got.to_string(),
            },
            GateError::NotCanonical(error) => Self::NotCanonical(error.row.to_string()),
            GateError::CircuitAlreadyAdded(error) => Self::CircuitAlreadyAdded(error.circuit),
            GateError::CircuitFrozen(error) => Self::CircuitFrozen(error.circuit),
            GateError::CircuitNotYet(error) => Self::CircuitNotYet(at(error.validFrom.to())),
            GateError::CircuitEnded(error) => Self::CircuitEnded(at(error.validUntil.to())),
            GateError::WrongStatement(error) => Self::WrongStatement(error.circuit),
            GateError::TooLateForEscrow(_) => Self::TooLateForEscrow,
            GateError::WrongCode(_) => Self::WrongCode,
            GateError::InsecureSrs(error) => Self::InsecureSrs(error.circuit),
            GateError::TooLittleGas(_) => Self::TooLittleGas,
            _ => return None,
        })
    }

    fn of_registry(data: &[u8]) -> Option<Self> {
        match OperatorError::abi_decode(data) {
            Ok(OperatorError::NotTheOwner(error)) => return Some(Self::NotTheOwner(error.owner)),
            Ok(OperatorError::InvalidApproval(_)) => return Some(Self::InvalidApproval),
            _ => {}
        }
        Some(match RegistryError::abi_decode(data).ok()? {
            RegistryError::NotSubscribed(_) => Self::NotSubscribed,
            RegistryError::StillSubscribed(_) => Self::StillSubscribed,
            RegistryError::TooLittleGasForHook(_) | RegistryError::TooLittleGasForBatch(_) => {
                Self::TooLittleGas
            }
            _ => return None,
        })
    }

    fn of_markets(data: &[u8]) -> Option<Self> {
        Some(match MarketError::abi_decode(data).ok()? {
            MarketError::InvalidSignatures(_) => Self::InvalidSignatures,
            MarketError::NoticeNotGiven(error) => Self::NoticeNotGiven(at(error.from.to())),
            MarketError::GuardianMustWait(error) => Self::GuardianMustWait(at(error.until.to())),
            _ => return None,
        })
    }

    fn of_bonds(data: &[u8]) -> Option<Self> {
        Some(match BondsError::abi_decode(data).ok()? {
            BondsError::NotAnnounced(error) => Self::WithdrawalWaits(at(error.from.to())),
            BondsError::AtStake(_) => Self::AtStake,
            BondsError::NobodyToPay(_) => Self::NobodyToPay,
            BondsError::NotThisBreach(_) => Self::NotThisBreach,
            BondsError::NothingToCollect(_) => Self::NothingToCollect,
            _ => return None,
        })
    }

    fn of_paths(data: &[u8]) -> Option<Self> {
        Some(match PathsError::abi_decode(data).ok()? {
            PathsError::NotTheVenue(_) => Self::NotTheVenue,
            PathsError::NothingDemanded(_) => Self::NothingDemanded,
            PathsError::NotForfeited(error) => Self::NotForfeited(at(error.answerBy.to())),
            _ => return None,
        })
    }

    fn of_prices(data: &[u8]) -> Option<Self> {
        Some(match PricesError::abi_decode(data).ok()? {
            PricesError::UnknownReference(_) => Self::UnknownReference,
            PricesError::NothingToCheck(_) => Self::NothingToCheck,
            PricesError::NotInMarket(_) => Self::NotInMarket,
            PricesError::NoAnswer(_) => Self::NoAnswer,
            PricesError::SequencerDown(_) => Self::SequencerDown,
            PricesError::NoTerms(_) => Self::RowsNotNamed,
            PricesError::TermsComplete(_) => Self::RowsNamed,
            _ => return None,
        })
    }

    fn of_changes(data: &[u8]) -> Option<Self> {
        if let Ok(ChangesError::WrongAccount(error)) = ChangesError::abi_decode(data) {
            return Some(Self::WrongAccount(error.account));
        }
        match EscrowsError::abi_decode(data).ok()? {
            EscrowsError::OtherCiphertext(_) => Some(Self::OtherCiphertext),
            _ => None,
        }
    }

    fn of_batches(data: &[u8]) -> Option<Self> {
        Some(match BatchesError::abi_decode(data).ok()? {
            BatchesError::AlreadyCovered(_) => Self::AlreadyCovered,
            BatchesError::PartlyCovered(_) => Self::PartlyCovered,
            BatchesError::NotInTree(_) => Self::NotInTree,
            BatchesError::WrongList(_) => Self::WrongList,
            BatchesError::NotRefused(_) => Self::NotRefused,
            BatchesError::TooLittleGasForBatch(_) => Self::TooLittleGas,
            _ => return None,
        })
    }

    fn of_roles(data: &[u8]) -> Option<Self> {
        Some(match RoleError::abi_decode(data).ok()? {
            RoleError::AccessControlUnauthorizedAccount(error) => {
                Self::Unauthorized { account: error.account, role: error.neededRole }
            }
            RoleError::AccessControlEnforcedDefaultAdminDelay(error) => {
                Self::HandoverWaits(at(error.schedule.to()))
            }
            _ => return None,
        })
    }
}

/// A time of the contracts; zero is none.
fn at(seconds: u64) -> String {
    if seconds == 0 { "a time to be announced".to_owned() } else { human::time(seconds) }
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
        EvmError::reverted(&data)
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
    /// What contracts reverted with.
    pub(super) fn reverted(data: &[u8]) -> Self {
        match engine::refusal(data) {
            Some(refusal) => Self::Refused(refusal),
            None => Self::Rejected(Rejection::of(data)),
        }
    }

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
            Self::Rpc { .. } => "check the endpoint and the account's balance, then try again",
            Self::NotMined(_) | Self::Lost { .. } => {
                "look it up before you send it again; `zkmargin evm history` shows what happened"
            }
            Self::WrongNode { .. } => "check the endpoint",
            Self::Fee { .. } => "wait, ask another node, or raise --max-fee",
            Self::NotOurs(_) | Self::WrongChain { .. } | Self::WrongContext { .. } => {
                "check that --deployment and --rpc-url belong together"
            }
            Self::Deployment { .. } | Self::Version { .. } => {
                "`zkmargin evm deploy` writes such files"
            }
            Self::Incomplete(_) => {
                "run the same `zkmargin evm deploy` again: it goes on where it stopped"
            }
            Self::OtherDeployment { .. } => "give the arguments that it was begun with",
            Self::OtherRules => {
                "deploy under another --protocol, or go on with the arguments that it was begun with"
            }
            Self::EpochContext { .. } => "make the epoch for this deployment's context",
            Self::Artifact { .. } | Self::WrongVerifier { .. } => {
                "write the contract with `zkmargin evm export` and compile it with `node scripts/compile.mjs`, in verifier/contracts"
            }
            Self::NoVerifier { .. } | Self::NotVerified { .. } => {
                "prove with a shape and a --layout that the deployment accepts (`zkmargin evm circuits list`), or deploy with --circuit or --verifier"
            }
            Self::NoMark(_) => "prove again with --proof-system kzg",
            Self::Approval { .. } => "`zkmargin --json evm approval sign` prints one",
            Self::Recipient(_) => "give the key that `zkmargin keygen` tells: age1...",
            Self::NoPaths => "the administrator deploys one: `zkmargin evm paths deploy`",
            Self::PathsAreSet => "it is said once: `zkmargin evm paths show` tells which",
            Self::NoChanges => "the administrator deploys one: `zkmargin evm changes deploy`",
            Self::ChangesAreSet => "it is said once: `zkmargin evm changes status` tells which",
            Self::NoEpoch(_) => "post it: `zkmargin evm post`",
            Self::NoBatches => "the administrator deploys one: `zkmargin evm venue deploy`",
            Self::BatchesAreSet => "it is said once: `zkmargin evm venue status` asks it",
            Self::NotSentDirectly(_) => {
                "ask whoever made the proof, or who sent it, for its file: `committee share --proof`"
            }
            Self::NotOneVerifier(_) => "name it: --circuit standard-small",
            Self::UnknownPowers => "give the file that `zkmargin evm deploy` wrote",
            Self::NoEscrows => "send proofs without an escrow: `zkmargin evm submit`",
            Self::NotOneCircuit { .. } => {
                "name it with --circuit (`zkmargin evm circuits list`), or add one: `zkmargin evm circuits add --of`"
            }
            Self::NoSuchCircuit { .. } => {
                "have its verifier added (`zkmargin evm export --of venues --leaves NUMBER`, `zkmargin evm circuits add --of venues`), or prove all under a shape that the market takes: `zkmargin venue prove --shape`"
            }
            Self::NoDemand(_) => "look at `zkmargin evm paths show`",
            Self::Rejected(Rejection::Unauthorized { .. }) => {
                "send with the key of an account that has the role"
            }
            Self::Rejected(Rejection::NotTheOwner(_)) => {
                "send with the owner's key, or have the owner approve the sender: `zkmargin evm approve`"
            }
            Self::Rejected(Rejection::InvalidSignatures) => {
                "have more signers sign it: `zkmargin epoch sign`"
            }
            Self::Rejected(Rejection::UnknownReference) => {
                "the market's governor names one: `zkmargin evm prices refer`"
            }
            Self::Rejected(Rejection::RowsNotNamed) => {
                "the market's governor names them: `zkmargin evm prices rows`"
            }
            Self::Rejected(Rejection::NotInMarket) => {
                "give the market file of the epoch on record, and its proof system's"
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
