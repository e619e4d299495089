//! What to do next, by error.

use zkmargin_params::calibration::CalibrationError;
use zkmargin_params::import::{AccountProblem, ImportError};
use zkmargin_params::market::{MarketError, MarketFileError};
use zkmargin_params::model::AnyModel;
use zkmargin_params::snapshot::SnapshotError;
use zkmargin_params::srs::SrsError;
use zkmargin_params::srs::store::StoreError;
use zkmargin_prover::backend::SetupError;
use zkmargin_prover::bulk::BulkError;
use zkmargin_prover::crypt::CryptError;
use zkmargin_prover::crypt::IdentityError;
use zkmargin_prover::crypt::RecipientError;
use zkmargin_prover::files::FileError;
use zkmargin_prover::freshness::NotFresh;
use zkmargin_prover::portfolio_file::PortfolioFileError;
use zkmargin_prover::venue::VenueError;
use zkmargin_verifier::MalformedProof;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::epoch::NotSigned;
use zkmargin_verifier::pins::{Figure, VenuesError};

use super::Error;
use crate::cmd::market::WAIT;

impl Error {
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
            Self::Fetch(_) => "check --from: epoch.json, market.json and state.json are below it",
            Self::Unexpected(_) => "run the command by itself to see what it says",
            Self::Profile(_) => "`zkmargin config --help` shows a file of profiles",
            Self::Serve(_) => "verify without --open, or serve `verifier/web` yourself",
            Self::WhichRecipients { .. } => "name all of them: -r age1..., -R FILE or --passphrase",
            Self::Edit(error) => return error.hint().map(str::to_owned),
            Self::Escrow(error) => return error.hint().map(str::to_owned),
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
            Self::Market {
                source: MarketError::Calibration(CalibrationError::Paused(_)), ..
            } => WAIT,
            Self::Market { source: MarketError::Calibration(_), .. } => {
                "`zkmargin market calibrate --help` says what a snapshot needs for it"
            }
            Self::Market { .. } | Self::NotListed { .. } => {
                "see what the market lists with `zkmargin market show`"
            }
            Self::Snapshot { source, .. } => snapshot_hint(source),
            Self::Simulation { .. } => {
                "see `zkmargin backtest --help` for the forms of closes and books"
            }
            Self::Settlement { .. } => {
                "give `markets` with the marks of each underlying, or an options market as `import` makes it; `--second` adds another"
            }
            Self::SnapshotTime { .. } => {
                "give `timestamp` in whole seconds since 1970: milliseconds are a thousand times too large"
            }
            Self::ConformanceSkipped { .. } => {
                "the report says of each why: what is beyond the circuits runs natively, without --mock and --prove"
            }
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
            Self::Announced { .. } => {
                "allowed are {\"announced\": [{\"instrument\": \"SUI\", \"not_before\": 1700000000, \"price\": \"1.35\", \"max_price_move_bps\": 5000}]}, each once"
            }
            Self::AccountName(_) => "see `zkmargin account --help`",
            Self::EvmKey(error) => error.hint(),
            Self::Calibrate(error) => error.hint(),
            Self::NotPinned(missing) => return Some(pinning_hint(missing)),
            Self::NoPath(_) => "give the account's --path FILE, or the venue's --state FILE",
            Self::Proving { source, .. } => return Some(source.hint().to_owned()),
            Self::Transition { source, .. } => source.hint(),
            Self::VenueProof { source, .. } => source.hint(),
            Self::Netting { source, .. } => source.hint(),
            Self::Venues { source: VenuesError::NotSigned(_), .. } => {
                "get the epoch file from the venue again, with the signatures of its own signers"
            }
            Self::Venues { source: VenuesError::Apart(..), .. } => {
                "get epochs of one time from all venues, and a proof under their state roots"
            }
            Self::Venues { .. } => "tell each venue once, by signers of its own",
            Self::NotCovered { .. } => {
                "give the proofs of all subtrees with accounts, of the state that was posted"
            }
            Self::NotOneHaircut(_) => {
                "give the proofs of all subtrees with accounts, all of one haircut"
            }
            Self::NotOneVenue { .. } => "give the proofs of one venue and epoch, each once",
            Self::Opening { .. } => {
                "get the opening that `prove-change --opening` wrote for this proof"
            }
            Self::Proof { source: VerifyError::Malformed(_), .. } => {
                "the file was damaged or made by other software: get it again"
            }
            Self::Proof { .. } | Self::ProofsInvalid { .. } => {
                "do not rely on it; ask for a new proof"
            }
            Self::PortfoliosRefused { .. } => {
                "the list holds the others: do not make a root of it unless that is meant"
            }
            Self::Bulk(BulkError::File(error)) => return file_hint(error),
            Self::Bulk(_) => "give files, a directory, or --list FILE with one name a line",
            Self::ProofsRefused { .. } => "--keep-going goes on after one that is refused",
            Self::TimeAhead { .. } => {
                "times are whole seconds since 1970, not milliseconds; a ledger takes none before its last"
            }
            Self::Sources { .. } => "`zkmargin market prices --help` shows such a file",
            Self::Prices { .. } => "get newer reports, or of more signers, and try again",
            Self::NotFromReports { .. } | Self::NoReports(_) => {
                "do not rely on these prices, or check them by other means"
            }
            Self::Mismatch { .. } => {
                "it may be sound and is about something else: do not rely on it here"
            }
            Self::LedgerContext { .. } => "a proof counts only in the deployment it was made for",
            Self::Ledger { source, .. } | Self::NoLedger(source) => {
                return crate::cmd::call::ledger_hint(source);
            }
            Self::Evm(error) => return error.hint(),
            #[cfg(feature = "chain")]
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
                    "powersOfTau28_hez_final_18.ptau is large enough for every circuit"
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
    let each = missing.iter().map(|figure| format!("{figure}: {}", options(*figure)));
    format!(
        "give --epoch FILE --signers FILE --at-least LEVEL --max-age PERIOD, or each alone: {}",
        each.collect::<Vec<_>>().join("; ")
    )
}

/// The options that say what it must be, and the one that waives it.
const fn options(figure: Figure) -> &'static str {
    match figure {
        Figure::Signers => "--signers, or --any-signers",
        Figure::Context => "--epoch, --context, or --any-context",
        Figure::StateRoot => "--epoch, --state-root, or --any-state-root",
        Figure::MarketRoot => "--epoch, --market, --market-root, or --any-market-root",
        Figure::Model => "--epoch, --market, --model, or --any-model",
        Figure::Claim => "--at-least, --claim, --meets, --healthier, --cures, or --any-claim",
        Figure::Age => "--max-age with --epoch or --market, or --any-age",
        Figure::Epoch => "--epoch, --market or --epoch-number",
        Figure::Account => "--account",
        Figure::Memo => "--memo",
        Figure::StateAfter => "--state-after, or --any-state-after",
        Figure::Next => "--next",
        Figure::Change => "--change, --opening",
        Figure::Venues => "--at, once for each venue",
    }
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

/// What to do about an account that is refused.
pub(super) fn account_hint(error: &ImportError) -> Option<&'static str> {
    Some(match error {
        ImportError::AskedWhen => "say when with --time SECONDS",
        ImportError::Contract { .. } => {
            "give the answer of /api/v5/public/instruments with --instruments FILE"
        }
        ImportError::Refused { .. } => "ask the venue again: this is its error, and no account",
        ImportError::Account(
            AccountProblem::Apart | AccountProblem::Incomplete | AccountProblem::Equity,
        ) => "ask for all answers at once, and give every page",
        _ => return None,
    })
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
        PortfolioFileError::Unlisted { symbol, leverage, .. } => {
            return Some(format!(
                "list it: `zkmargin market model MODEL --leverage {symbol}={leverage} -n NAME -o FILE`, and build the market with that model; a lower one that is listed asks for more"
            ));
        }
        PortfolioFileError::OneBucket => "move their positions and cash to `positions` and `cash`",
        PortfolioFileError::NoBlinding => "`zkmargin encrypt` draws one",
        PortfolioFileError::TooManyPositions { .. } => "split the account",
        PortfolioFileError::Duplicate { .. } => {
            "quantities of one direction may be added up; of a long and a short (hedge mode) the venue may charge both: name the short one SYMBOL:SHORT, as a market lists it with --both-sides on `zkmargin import binance brackets`"
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
