//! What went wrong, how a run ends, and what to do next.

use std::fmt::Write as _;
use std::process::ExitCode;

use zkmargin_margin::ids::{AccountId, ContextId};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::account_name::AccountNameError;
use zkmargin_params::import::ImportError;
use zkmargin_params::market::stress::AtPrices;
use zkmargin_params::market::{MarketError, MarketFileError};
use zkmargin_params::model::{AnyModel, AnyModelError};
use zkmargin_params::scenario::ScenarioError;
use zkmargin_params::snapshot::SnapshotError;
use zkmargin_params::srs::SrsError;
use zkmargin_params::srs::store::StoreError;
use zkmargin_prover::backend::SetupError;
use zkmargin_prover::crypt::{CryptError, IdentityError, RecipientError};
use zkmargin_prover::files::{FileError, Source};
use zkmargin_prover::freshness::NotFresh;
use zkmargin_prover::json::JsonError;
use zkmargin_prover::plot::PlotError;
use zkmargin_prover::portfolio_file::{NoRandomness, PortfolioFileError};
use zkmargin_prover::proving::ProvingError;
use zkmargin_prover::venue::VenueError;
use zkmargin_verifier::bn254::KeyError;
use zkmargin_verifier::bn254::export::ExportError;
use zkmargin_verifier::engine::InvalidPolicy;
use zkmargin_verifier::epoch::{MalformedEpoch, NotSigned};
use zkmargin_verifier::ledger::LedgerError;
use zkmargin_verifier::{MalformedProof, VerifyError};

use crate::cmd::demo::NodeError;
use crate::cmd::edit::EditError;
use crate::cmd::evm::EvmError;
use crate::cmd::verify::{Figure, list};
use crate::evm_key::EvmKeyError;

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
    #[error("{refused} of {total} proofs were not applied")]
    ProofsRefused { refused: usize, total: usize },
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
    #[error(transparent)]
    Plot(#[from] PlotError),
    #[error(transparent)]
    Evm(Box<EvmError>),
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
    /// A question that no trade or price answers.
    #[error("{0}")]
    WhatIf(#[from] crate::cmd::whatif::WhatIfError),
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
    pub(crate) fn account(path: &Source, error: ImportError) -> Self {
        let hint = match &error {
            ImportError::Json { .. }
            | ImportError::Row { .. }
            | ImportError::NoRows { .. }
            | ImportError::Milliseconds(_)
            | ImportError::NoTime
            | ImportError::Time(_)
            | ImportError::Mark { .. }
            | ImportError::Inconsistent { .. } => {
                Some("give the answer of `clearinghouseState` with its time, as the venue sent it")
            }
            _ => None,
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
            Self::MarketFile { source: MarketFileError::RootMismatch { .. }, .. } => Exit::False,
            // Malformed is not invalid: nothing could be checked.
            Self::Proof { source: VerifyError::Malformed(_), .. } => Exit::Usage,
            Self::Proof { .. }
            | Self::ProofsInvalid { .. }
            | Self::ProofsRefused { .. }
            | Self::Mismatch { .. }
            | Self::NotSigned { .. }
            | Self::NotFresh { .. }
            | Self::ConformanceMissed { .. }
            | Self::InsecureSrs(_)
            | Self::LedgerContext { .. } => Exit::False,
            Self::Ledger {
                source: LedgerError::Refused(_) | LedgerError::NotSigned(_), ..
            } => Exit::False,
            Self::Evm(error) if error.is_refusal() => Exit::False,
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
            Self::Market { path, source } => (path, source.discreet()?.to_owned()),
            Self::Account { path, discreet, .. } => (path, (*discreet)?.to_owned()),
            _ => return None,
        };
        Some(format!("{path}: {text}"))
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        let text = match self {
            Self::File(error) => return file_hint(error),
            Self::Portfolio { source, .. } => return portfolio_hint(source),
            Self::Crypt { source, .. } => return crypt_hint(source),
            Self::Identity { source: IdentityError::MissingPlugin { .. }, .. }
            | Self::Recipient { source: RecipientError::MissingPlugin(_), .. } => {
                "install the plugin of age, or take another key"
            }
            Self::Identity { source: IdentityError::Encrypted, .. } => {
                "an identity file may be encrypted with a passphrase alone"
            }
            Self::Identity { .. } => "make one with `zkmargin keygen -o FILE`",
            Self::Recipient { source: RecipientError::Secret, .. } => {
                "the identity is known to other users of this machine now: make a new one with `zkmargin keygen`"
            }
            Self::Recipient { .. } => "`zkmargin keygen` prints the recipient of an identity",
            Self::Key { .. } => "`zkmargin key export` writes verifying keys",
            Self::Export(_) => "please report it",
            Self::Serve(_) => "verify without --open, or serve `verifier/web` yourself",
            Self::WhichRecipients { .. } => "name all of them: -r age1..., -R FILE or --passphrase",
            Self::Edit(error) => return error.hint().map(str::to_owned),
            Self::NoRecipients => "give -r age1..., -R FILE or --passphrase",
            Self::AlreadyEncrypted(_) => {
                "`zkmargin edit` changes it, `zkmargin rekey` gives it other recipients"
            }
            Self::PlaintextRefused(_) => {
                "encrypt it with `zkmargin encrypt`, or give --insecure-plaintext to go on"
            }
            Self::NoPassphrase => "set ZKMARGIN_PASSPHRASE from a secret store",
            Self::PassphraseMismatch => "type the same passphrase twice",
            Self::MarketFile { source: MarketFileError::RootMismatch { .. }, .. } => {
                "get the market file from its publisher again; `zkmargin market build` makes one"
            }
            Self::MarketFile { .. } => "`zkmargin market build` writes such files",
            Self::Market { .. } | Self::NotListed { .. } => {
                "see what the market lists with `zkmargin market show`"
            }
            Self::Snapshot { source, .. } => snapshot_hint(source),
            Self::SnapshotTime { .. } => {
                "give `timestamp` in whole seconds since 1970: milliseconds are a thousand times too large"
            }
            Self::ConformanceSkipped { .. } => "leave --mock and --prove out to run them natively",
            Self::Model { .. } | Self::UnknownModel(_) => {
                let names: Vec<_> = AnyModel::names().collect();
                return Some(format!("shipped models: {}", names.join(", ")));
            }
            Self::ProofSystem { .. }
            | Self::Venue { source: VenueError::OtherProofSystem { .. }, .. }
            | Self::Proof {
                source: VerifyError::Malformed(MalformedProof::OtherField { .. }),
                ..
            } => {
                "an account is registered under one proof system: make market, state and proof with the same --proof-system"
            }
            Self::Venue { source, .. } => return venue_hint(source),
            Self::EpochFile { .. } => "`zkmargin epoch make` writes such files",
            Self::Signers { .. } => {
                "allowed are {\"threshold\": 2, \"signers\": [\"0x...\", ...]}, addresses in ascending order"
            }
            Self::NotSigned { source: NotSigned::TooFew { .. }, .. } => {
                "get it with more signatures: `zkmargin epoch sign` adds one"
            }
            Self::NotSigned { .. } => {
                "get the epoch from its publisher again, and the signers from the deployment"
            }
            Self::NotFresh { source: NotFresh::Future { .. }, .. } => {
                "times are whole seconds since 1970; check this machine's clock and the publisher's"
            }
            Self::NotFresh { .. } => "ask for a proof in the present epoch",
            Self::Limits { .. } => {
                "allowed are {\"max_price_move_bps\": 2000, \"instruments\": {\"BTC\": 1000}}, in basis points"
            }
            Self::AccountName(_) => "see `zkmargin account --help`",
            Self::EvmKey(error) => error.hint(),
            Self::NotPinned(missing) => return Some(pinning_hint(missing)),
            Self::NoPath(_) => "give the account's --path FILE, or the venue's --state FILE",
            Self::Proving { source, .. } => return Some(source.hint().to_owned()),
            Self::Proof { source: VerifyError::Malformed(_), .. } => {
                "the file was damaged or made by other software: get it again"
            }
            Self::Proof { .. } | Self::ProofsInvalid { .. } => {
                "do not rely on it; ask for a new proof"
            }
            Self::ProofsRefused { .. } => "--keep-going goes on after one that is refused",
            Self::TimeAhead { .. } => {
                "times are whole seconds since 1970, not milliseconds; a ledger takes none before its last"
            }
            Self::Mismatch { .. } => {
                "it may be sound and is about something else: do not rely on it here"
            }
            Self::LedgerContext { .. } => "a proof counts only in the deployment it was made for",
            Self::Ledger { source, .. } | Self::NoLedger(source) => {
                return crate::cmd::call::ledger_hint(source);
            }
            Self::Evm(error) => return error.hint(),
            Self::Node(error) => error.hint(),
            Self::Policy(_) => "see `zkmargin call init --help` for what is allowed",
            Self::Conformance { .. } => "formats are described in `zkmargin conformance --help`",
            Self::Import { source, .. } => return import_hint(source),
            Self::Account { hint, .. } => return hint.map(str::to_owned),
            Self::Lots { .. } => "lot sizes are decimals in quotes, as in {\"BTCUSDT\": \"0.001\"}",
            Self::Example(_) | Self::Demo(_) => "please report it",
            Self::InsecureSrs(_) => {
                "ask for a proof under a ceremony's powers of tau; --insecure-dev-srs accepts it in tests"
            }
            Self::Setup(SetupError::Store(error)) | Self::SrsStore(error) => {
                return srs_store_hint(error);
            }
            Self::SrsFile { source, .. } => match **source {
                SrsError::Io(_) => "check the name and the permissions",
                SrsError::TooFewPowers { .. } => {
                    "powersOfTau28_hez_final_17.ptau is large enough for every circuit"
                }
                _ => "give a powers-of-tau file as snarkjs writes it (.ptau), or a bare halo2 SRS",
            },
            Self::NotText(_) => "give a JSON file",
            Self::Unverifiable { .. } => "verify it by itself to see what is missing",
            Self::Usage(_) => "see --help",
            Self::NoRandomness(_)
            | Self::Case { .. }
            | Self::Setup(_)
            | Self::ConformanceMissed { .. }
            | Self::WhatIf(_)
            | Self::AtPrices { .. }
            | Self::ScenarioMarket { .. }
            | Self::Plot(_)
            | Self::Clock
            | Self::Output => return None,
        };
        Some(text.to_owned())
    }
}

/// What says what a proof must be about; the rest is one epoch file's.
fn pinning_hint(missing: &[Figure]) -> String {
    let each = missing.iter().map(|figure| format!("{figure}: {}", figure.options()));
    format!(
        "give --epoch FILE --signers FILE --at-least LEVEL --max-age PERIOD, or each alone: {}",
        each.collect::<Vec<_>>().join("; ")
    )
}

fn file_hint(error: &FileError) -> Option<String> {
    let text = match error {
        FileError::Exists(_) => "give another name, or --force to replace it",
        FileError::SecretExists(_) => {
            "give another name; move the old file away if it is not needed"
        }
        FileError::Directory(_) | FileError::BlockDevice(_) => "give the name of a file",
        FileError::SecretToSpecial(_) => "give the name of a new file, or `-` for standard output",
        FileError::Read { .. } => "check the name and the permissions; `-` is standard input",
        FileError::Write { .. } => "check that the directory exists, is writable and has room",
        FileError::TooLarge { .. } => "check that it is the right file",
        FileError::Utf16 { .. } => "save it as UTF-8; in PowerShell: Out-File -Encoding utf8",
        _ => return None,
    };
    Some(text.to_owned())
}

fn import_hint(error: &ImportError) -> Option<String> {
    let text = match error {
        ImportError::NoLotSize { .. } => "give it with --lot SYMBOL=SIZE or --lots FILE",
        ImportError::Duplicate { .. } => "give every symbol once",
        ImportError::Json { .. } | ImportError::Csv { .. } => {
            "give the venue's answer as it was sent; `zkmargin import VENUE --help` names it"
        }
        ImportError::NothingLeft(_) => "check the file, and --quote where prices are read",
        ImportError::NoRows { .. } => {
            "give the venue's answer as it was sent; `zkmargin import VENUE --help` names it"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn snapshot_hint(error: &SnapshotError) -> &'static str {
    match error {
        SnapshotError::Json(_) | SnapshotError::Timestamp(_) => {
            "`timestamp` is whole seconds since 1970, prices are decimals in quotes, as in \"26961.2\""
        }
        _ => "prices are decimals in quotes, above zero, as in \"26961.2\"",
    }
}

fn portfolio_hint(error: &PortfolioFileError) -> Option<String> {
    let text = match error {
        PortfolioFileError::UnknownInstrument { .. } => {
            "`zkmargin market show FILE` lists the market"
        }
        PortfolioFileError::OneBucket => "move their positions and cash to `positions` and `cash`",
        PortfolioFileError::NoBlinding => "`zkmargin encrypt` draws one",
        PortfolioFileError::TooManyPositions { .. } => "split the account",
        PortfolioFileError::Duplicate { .. } => {
            "quantities of one direction may be added up; of a long and a short (hedge mode) the venue may charge both: give one of them an isolated bucket with cash of its own"
        }
        PortfolioFileError::NotWholeLots { .. } => {
            "of a balance with more decimals round what is held down and what is owed up: that is against the account"
        }
        _ => "the form of a portfolio is in `zkmargin encrypt --help`",
    };
    Some(text.to_owned())
}

fn crypt_hint(error: &CryptError) -> Option<String> {
    let text = match error {
        CryptError::WrongIdentity => {
            "give the identity (-i FILE) of one of its recipients; if it is the right one, the header is damaged"
        }
        CryptError::IdentityNeeded => "give -i FILE, or set ZKMARGIN_IDENTITY",
        CryptError::WrongPassphrase => "try again; passphrases cannot be recovered",
        CryptError::WrongKeyPassphrase => "try again with the passphrase of the SSH key",
        CryptError::Incompatible => {
            "encrypt to those of one kind, or with a key of each person of that kind"
        }
        CryptError::MissingPlugin(_) => "install the plugin of age, or take another key",
        CryptError::Plugin(_) => "see what the plugin needs: its documentation says more",
        CryptError::PassphraseNeeded => "run on a terminal, or set ZKMARGIN_PASSPHRASE",
        CryptError::NotAge => "`zkmargin encrypt` makes age files",
        CryptError::NoRecipients => "give -r age1..., -R FILE or --passphrase",
        _ => "restore the file from a copy, or encrypt the portfolio again",
    };
    Some(text.to_owned())
}

fn srs_store_hint(error: &StoreError) -> Option<String> {
    let text = match error {
        StoreError::NotFound { .. } => {
            "import a ceremony's file with `zkmargin srs import FILE`; for tests, make an insecure one with `zkmargin srs dev` and give --insecure-dev-srs"
        }
        StoreError::Occupied { .. } => "give --force to replace it",
        StoreError::Damaged { .. } => "`zkmargin srs info` shows the state of all files",
        _ => return None,
    };
    Some(text.to_owned())
}

fn venue_hint(error: &VenueError) -> Option<String> {
    let text = match error {
        VenueError::Damaged => "make it again with `zkmargin venue root` or `zkmargin venue path`",
        VenueError::Version(1) => {
            "version 1 did not say its epoch: make it again with `zkmargin venue root -m market.json` or `zkmargin venue path`"
        }
        VenueError::OtherEpoch { .. } => "give the market and the state of one epoch",
        VenueError::UnknownAccount(_) => "the venue must commit to the account first",
        VenueError::DuplicateAccount(_) => "list every account once",
        VenueError::Json { .. } => {
            "each entry is {\"account\":\"0x...\",\"commitment\":\"0x...\"}, one a line or in an array"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use zkmargin_margin::ids::InstrumentId;
    use zkmargin_margin::shape::Shape;
    use zkmargin_params::symbol::Symbol;

    use super::*;

    /// Errors that name an instrument, a direction or a number of positions.
    fn telling() -> Vec<Error> {
        let path = || "a.age".to_owned();
        let symbol = || "ZZCOIN".parse::<Symbol>().unwrap();
        let market = [
            || MarketError::UnknownInstrument(InstrumentId::new(77_777)),
            || MarketError::DuplicatePosition(InstrumentId::new(77_777)),
            || MarketError::DirectionNotOffered {
                symbol: "ZZCOIN".parse().unwrap(),
                direction: "short",
            },
            || MarketError::NotionalTooLarge { symbol: "ZZCOIN".parse().unwrap() },
        ];
        let field = || "positions[77777].instrument".to_owned();
        let documents = [
            PortfolioFileError::UnknownInstrument {
                field: field(),
                symbol: symbol().to_string(),
                near: vec![symbol().to_string()],
            },
            PortfolioFileError::Duplicate { first: field(), second: field() },
            PortfolioFileError::NotWholeLots { field: field(), lot: "0.77777".to_owned() },
            PortfolioFileError::NotWholeUnits { field: field(), decimals: 6 },
            PortfolioFileError::OutOfRange { field: field(), allowed: "few" },
            PortfolioFileError::TooManyPositions { found: 77_777, allowed: 128 },
            PortfolioFileError::TooManyBuckets { found: 77_777 },
        ];
        let proving = [
            ProvingError::TooManyPositions { found: 77_777, shape: Shape::Small, allowed: 8 },
            ProvingError::TooManyExpiries { found: 77_777, shape: Shape::Small, allowed: 4 },
        ];
        let of_market = market.map(|error| Error::Market { path: path(), source: error() });
        let in_proof = market.map(|error| ProvingError::Market(error()));
        let proving = proving.into_iter().chain(in_proof);
        let proving = proving.map(|source| Error::Proving { path: path(), source });
        let documents = documents.map(|source| Error::Portfolio { path: path(), source });
        let imported = [
            ImportError::NoIsolatedCash { symbol: symbol() },
            ImportError::Mark { symbol: symbol() },
            ImportError::Duplicate { symbol: symbol() },
        ];
        let imported = imported.map(|error| Error::account(&Source::from("a.age"), error));
        of_market.into_iter().chain(documents).chain(proving).chain(imported).collect()
    }

    #[test]
    fn a_quiet_run_does_not_tell_the_positions() {
        for error in telling() {
            let (owner, others) = (error.message(true), error.message(false));
            let tells = |text: &str| {
                ["ZZCOIN", "77777", "0x00012fd1", "short"].iter().any(|word| text.contains(word))
            };
            assert!(tells(&owner), "{owner}");
            assert!(!tells(&others), "{others}");
            assert!(others.starts_with("a.age: "), "{others}");
        }
    }
}
