//! What went wrong, how a run ends, and what to do next.

mod hints;

use std::fmt::Write as _;
use std::process::ExitCode;

use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_oracle::{PriceError, SourcesError};
use zkmargin_params::account_name::AccountNameError;
use zkmargin_params::import::ImportError;
use zkmargin_params::market::stress::AtPrices;
use zkmargin_params::market::{MarketError, MarketFileError};
use zkmargin_params::model::AnyModelError;
use zkmargin_params::scenario::ScenarioError;
use zkmargin_params::settlement::SettlementError;
use zkmargin_params::simulation::SimulationError;
use zkmargin_params::snapshot::SnapshotError;
use zkmargin_params::srs::SrsError;
use zkmargin_params::srs::store::StoreError;
use zkmargin_prover::backend::SetupError;
use zkmargin_prover::bulk::BulkError;
use zkmargin_prover::crypt::{CryptError, IdentityError, RecipientError};
use zkmargin_prover::files::{FileError, Source};
use zkmargin_prover::freshness::NotFresh;
use zkmargin_prover::json::JsonError;
use zkmargin_prover::netting::NettingError;
use zkmargin_prover::plot::PlotError;
use zkmargin_prover::portfolio_file::{NoRandomness, PortfolioFileError};
use zkmargin_prover::proving::ProvingError;
use zkmargin_prover::transition::{OpeningError, TransitionError};
use zkmargin_prover::venue::VenueError;
use zkmargin_prover::venue_proof::VenueProofError;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::bn254::KeyError;
use zkmargin_verifier::bn254::export::ExportError;
use zkmargin_verifier::coverage::NotOneVenue;
use zkmargin_verifier::engine::InvalidPolicy;
use zkmargin_verifier::epoch::{MalformedEpoch, NotSigned};
use zkmargin_verifier::haircut::NotOneHaircut;
use zkmargin_verifier::ledger::LedgerError;
use zkmargin_verifier::pins::{Figure, VenuesError, list};

use crate::cmd::committee::EscrowCommandError;
#[cfg(feature = "chain")]
use crate::cmd::demo::NodeError;
use crate::cmd::edit::EditError;
use crate::cmd::evm::EvmError;
use crate::cmd::watch::FetchError;
use crate::evm_key::EvmKeyError;
use crate::profile::ProfileError;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done; valid; not called.
    Done = 0,
    /// The relation is false, or a proof invalid.
    False = 1,
    /// Usage or input.
    Usage = 2,
    /// A margin call.
    MarginCall = 3,
    /// A valid proof that an account is below a level.
    Below = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a run did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path}: {source}")]
    Portfolio { path: String, source: PortfolioFileError },
    #[error("{path}: {source}")]
    Crypt { path: String, source: CryptError },
    #[error("{place}: {source}")]
    Identity { place: String, source: IdentityError },
    #[error("{place}: {source}")]
    Recipient { place: String, source: RecipientError },
    #[error("nobody to encrypt to")]
    NoRecipients,
    #[error("{path} has {count} recipients, and an age file does not say who they are")]
    WhichRecipients { path: String, count: usize },
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("{0} is an age file already")]
    AlreadyEncrypted(String),
    #[error("{0} is not encrypted")]
    PlaintextRefused(String),
    #[error("no passphrase: there is no terminal to ask on and ZKMARGIN_PASSPHRASE is not set")]
    NoPassphrase,
    #[error("the passphrases differ, or are empty")]
    PassphraseMismatch,
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    #[error("{path}: {source}")]
    MarketFile { path: String, source: MarketFileError },
    #[error("{path}: {source}")]
    Market { path: String, source: MarketError },
    #[error("{path}: {source}")]
    Snapshot { path: String, source: SnapshotError },
    #[error("{path}: {source}")]
    Model { path: String, source: Box<AnyModelError> },
    #[error("no model is named `{0}`, and there is no such file")]
    UnknownModel(String),
    #[error("{path}: the market does not list `{symbol}`")]
    NotListed { path: String, symbol: String },
    #[error("{0} is not UTF-8 text")]
    NotText(String),
    #[error("{path}: {source}")]
    Venue { path: String, source: VenueError },
    #[error("no membership path for account {0}")]
    NoPath(AccountId),
    #[error("{path}: {source}")]
    Proving { path: String, source: ProvingError },
    #[error("{path}: {source}")]
    Transition { path: String, source: TransitionError },
    #[error("{path}: {source}")]
    Netting { path: String, source: Box<NettingError> },
    #[error("{path}: {source}")]
    Venues { path: String, source: VenuesError },
    #[error("{path}: {source}")]
    VenueProof { path: String, source: Box<VenueProofError> },
    #[error("{path}: {source}")]
    NotOneVenue { path: String, source: NotOneVenue },
    #[error(transparent)]
    NotOneHaircut(#[from] NotOneHaircut),
    #[error(
        "the {proofs} subtrees that are proved hash up to {found}, not to the state root {expected}: one is missing, or of another state{gaps}"
    )]
    NotCovered { proofs: usize, found: String, expected: String, gaps: String },
    #[error("{path}: {source}")]
    Opening { path: String, source: OpeningError },
    #[error("{path}: {source}")]
    Proof { path: String, source: VerifyError },
    #[error("{path}: {source}")]
    EpochFile { path: String, source: MalformedEpoch },
    #[error("{path}: {source}")]
    Signers { path: String, source: Box<JsonError> },
    #[error("{path}: {source}")]
    NotSigned { path: String, source: NotSigned },
    #[error("{path}: {source}")]
    NotFresh { path: String, source: NotFresh },
    #[error("{path}: {source}")]
    Limits { path: String, source: Box<JsonError> },
    #[error("{path}: {source}")]
    Announced { path: String, source: Box<JsonError> },
    #[error(transparent)]
    AccountName(AccountNameError),
    #[error(transparent)]
    EvmKey(#[from] EvmKeyError),
    /// What a proof is about was neither told nor waived.
    #[error("proved, but not accepted: nothing says what {} must be", list(.0.iter()))]
    NotPinned(Vec<Figure>),
    /// One of several proofs, of a circuit that this machine has no key for.
    #[error("{path}: cannot be verified here: {reason}")]
    Unverifiable { path: String, reason: String },
    #[error("{invalid} of {total} proofs are not what they should be")]
    ProofsInvalid { invalid: usize, total: usize },
    #[error("{refused} of {total} portfolios were refused")]
    PortfoliosRefused { refused: usize, total: usize },
    #[error(transparent)]
    Bulk(#[from] BulkError),
    #[error("{refused} of {total} proofs were not applied")]
    ProofsRefused { refused: usize, total: usize },
    #[error("{path}: {source}")]
    Sources { path: String, source: Box<SourcesError> },
    #[error("{path}: {source}")]
    Prices { path: String, source: Box<PriceError> },
    #[error("{path}: {source}")]
    NotFromReports { path: String, source: Box<PriceError> },
    #[error(
        "{0}: a market of options keeps no signed reports: its prices are the publisher's word"
    )]
    NoReports(String),
    #[error("{place}: {what} is {found}, expected {expected}")]
    Mismatch { place: String, what: &'static str, expected: String, found: String },
    #[error("{path} is of proof system {found}, {expected} is asked for")]
    ProofSystem { path: String, found: ProofSystem, expected: ProofSystem },
    #[error("{0} was made under insecure powers of tau: everybody can forge such proofs")]
    InsecureSrs(String),
    #[error("{path}: {source}")]
    Key { path: String, source: KeyError },
    #[error("the key cannot be exported: {0}")]
    Export(ExportError),
    #[error("the page cannot be served on this machine: {0}")]
    Serve(std::io::Error),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    SrsStore(#[from] StoreError),
    #[error("{path}: {source}")]
    SrsFile { path: String, source: Box<SrsError> },
    #[error("{path}: {source}")]
    Ledger { path: String, source: LedgerError },
    /// A ledger that is missing, or there already: the error names it.
    #[error(transparent)]
    NoLedger(LedgerError),
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    #[error("the ledger is of context {ledger}, the proof of {proof}")]
    LedgerContext { ledger: ContextId, proof: ContextId },
    #[error("{path}: {source}")]
    Conformance { path: String, source: Box<zkmargin_params::conformance::ConformanceError> },
    #[error("{path}: case {case:?}: {source}")]
    Case { path: String, case: String, source: Box<zkmargin_prover::conformance::CaseError> },
    #[error("{path}: {source}")]
    Import { path: String, source: Box<ImportError> },
    /// An account that is refused: told without the figures of the account.
    #[error("{path}: {problem}")]
    Account {
        path: String,
        problem: String,
        discreet: Option<&'static str>,
        figures: Option<String>,
        hint: Option<&'static str>,
    },
    #[error("{path}: {source}")]
    Lots { path: String, source: Box<JsonError> },
    #[error("{path}: {source}")]
    ScenarioMarket { path: String, source: Box<ScenarioError> },
    #[error("{path}: {source}")]
    Simulation { path: String, source: Box<SimulationError> },
    /// A snapshot of a settlement market.
    #[error("{path}: {source}")]
    Settlement { path: String, source: Box<SettlementError> },
    #[error(transparent)]
    Escrow(#[from] EscrowCommandError),
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error(transparent)]
    Evm(Box<EvmError>),
    #[cfg(feature = "chain")]
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error("the bundled example cannot be read: {0}")]
    Example(#[from] Box<ImportError>),
    #[error("the demo expected another outcome of `{0}`")]
    Demo(String),
    #[error("{missed} of {total} results differ from what is expected")]
    ConformanceMissed { missed: usize, total: usize },
    #[error("{skipped} of the cases were not run, so this is no pass")]
    ConformanceSkipped { skipped: usize },
    #[error("{path}: timestamp: {found} is refused: allowed are seconds from 2001 to now ({now})")]
    SnapshotTime { path: String, found: u64, now: u64 },
    #[error("{path}: {source}")]
    AtPrices { path: String, source: AtPrices },
    #[error(transparent)]
    Calibrate(#[from] crate::cmd::market::CalibrateError),
    /// A question that no trade or price answers.
    #[error("{0}")]
    WhatIf(#[from] crate::cmd::whatif::WhatIfError),
    #[error(transparent)]
    Fetch(Box<FetchError>),
    #[error("`{0}` did not end as it should")]
    Unexpected(String),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error("{0}")]
    Usage(&'static str),
    #[error("the system's clock is before 1970")]
    Clock,
    #[error("--now is {given}, more than an hour ahead of this machine's clock, {clock}")]
    TimeAhead { given: u64, clock: u64 },
    #[error("cannot write to standard output")]
    Output,
}

impl From<EvmError> for Error {
    fn from(error: EvmError) -> Self {
        Self::Evm(Box::new(error))
    }
}

impl From<FetchError> for Error {
    fn from(error: FetchError) -> Self {
        Self::Fetch(Box::new(error))
    }
}

impl Error {
    pub(crate) fn portfolio(path: &Source, source: PortfolioFileError) -> Self {
        Self::Portfolio { path: path.to_string(), source }
    }

    pub(crate) fn crypt(path: &Source, source: CryptError) -> Self {
        Self::Crypt { path: path.to_string(), source }
    }

    pub(crate) fn venue(path: &Source, source: VenueError) -> Self {
        Self::Venue { path: path.to_string(), source }
    }

    pub(crate) fn not_signed(path: &Source, source: NotSigned) -> Self {
        Self::NotSigned { path: path.to_string(), source }
    }

    pub(crate) fn market(path: &Source, source: MarketError) -> Self {
        Self::Market { path: path.to_string(), source }
    }

    pub(crate) fn import(path: impl ToString, source: ImportError) -> Self {
        Self::Import { path: path.to_string(), source: Box::new(source) }
    }

    /// A refused account: texts and sums in it are the owner's.
    /// `answers` is the hint to give the venue's answers as they should be.
    pub(crate) fn account(path: impl ToString, error: ImportError, answers: &'static str) -> Self {
        let hint = match &error {
            ImportError::Json { .. }
            | ImportError::Row { .. }
            | ImportError::NoRows { .. }
            | ImportError::Milliseconds(_)
            | ImportError::NoTime
            | ImportError::Time(_)
            | ImportError::Mark { .. }
            | ImportError::Inconsistent { .. } => Some(answers),
            other => hints::account_hint(other),
        };
        let discreet = error.discreet();
        let (problem, figures) = match error {
            ImportError::Json { what, source } => {
                (format!("not {what}: {}", JsonError::from(&source)), None)
            }
            // The field, and no value of it.
            ImportError::Row { name, field, source } => {
                (format!("{name}: {field}{}", JsonError::from(&source).problem), None)
            }
            ImportError::Inconsistent { field, stated, computed } => (
                format!("{field} is not what the positions give"),
                Some(format!("stated is {stated}, the positions give {computed}")),
            ),
            other => (other.to_string(), None),
        };
        Self::Account { path: path.to_string(), problem, discreet, figures, hint }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Proving { source, .. } if source.is_false_statement() => Exit::False,
            Self::Transition { source, .. } if source.is_false_statement() => Exit::False,
            Self::VenueProof { source, .. } if source.is_false_statement() => Exit::False,
            Self::Netting { source, .. } if source.is_false_statement() => Exit::False,
            Self::MarketFile { source: MarketFileError::RootMismatch { .. }, .. } => Exit::False,
            // Malformed is not invalid: nothing could be checked.
            Self::Proof { source: VerifyError::Malformed(_), .. } => Exit::Usage,
            Self::Proof { .. }
            | Self::ProofsInvalid { .. }
            | Self::ProofsRefused { .. }
            | Self::Mismatch { .. }
            | Self::NotOneVenue { .. }
            | Self::NotOneHaircut(_)
            | Self::NotCovered { .. }
            | Self::NotSigned { .. }
            | Self::Venues { .. }
            | Self::NotFromReports { .. }
            | Self::NoReports(_)
            | Self::NotFresh { .. }
            | Self::ConformanceMissed { .. }
            | Self::InsecureSrs(_)
            | Self::LedgerContext { .. } => Exit::False,
            Self::Ledger {
                source: LedgerError::Refused(_) | LedgerError::NotSigned(_), ..
            } => Exit::False,
            Self::Evm(error) if error.is_refusal() => Exit::False,
            Self::Escrow(error) if error.is_refusal() => Exit::False,
            _ => Exit::Usage,
        }
    }

    /// The error and its causes on one line, with what it tells of the portfolio
    /// only if the owner may see it here.
    pub(crate) fn message(&self, to_owner: bool) -> String {
        match (to_owner, self.discreet()) {
            (false, Some(text)) => text,
            (false, None) => self.with_causes(),
            (true, _) => match self.figures() {
                Some(figures) => format!("{}: {figures}", self.with_causes()),
                None => self.with_causes(),
            },
        }
    }

    fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                let _ = write!(text, ": {cause_text}");
            }
            source = cause.source();
        }
        text
    }

    /// How far the account is from what was claimed or stated.
    fn figures(&self) -> Option<String> {
        match self {
            Self::Proving { source, .. } => source.figures().map(ToString::to_string),
            Self::Account { figures, .. } => figures.clone(),
            _ => None,
        }
    }

    /// The message without instruments, directions and counts of the account;
    /// `None` when it says nothing of these.
    fn discreet(&self) -> Option<String> {
        let (path, text) = match self {
            Self::Portfolio { path, source } => (path, source.discreet()?),
            Self::Proving { path, source } => (path, source.discreet()?),
            Self::Transition { path, source } => (path, source.discreet()?),
            Self::VenueProof { path, source } => (path, source.discreet()?),
            Self::Netting { path, source } => (path, source.discreet()?),
            Self::Market { path, source } => (path, source.discreet()?.to_owned()),
            Self::Account { path, discreet, .. } => (path, (*discreet)?.to_owned()),
            _ => return None,
        };
        Some(format!("{path}: {text}"))
    }
}

#[cfg(test)]
mod tests;
