//! Why the front door did not do what was asked.

use std::fmt;

use zkmargin_margin::ids::AccountId;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::market::stress::AtPrices;
use zkmargin_params::market::{MarketError, MarketFileError};
use zkmargin_params::scenario::ScenarioError;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::ClaimData;
use zkmargin_verifier::epoch::NotSigned;

use crate::backend::SetupError;
use crate::freshness::NotFresh;
use crate::portfolio_file::{NoRandomness, PortfolioFileError};
use crate::proving::ProvingError;
use crate::venue::VenueError;
use crate::whatif::TradeError;

/// What a proof is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Figure {
    /// The deployment.
    Context,
    /// The epoch's number.
    Epoch,
    /// The root of the account tree.
    StateRoot,
    /// The root of the market.
    MarketRoot,
    /// The margin model.
    Model,
    /// The account.
    Account,
    /// What else the proof says.
    Memo,
    /// What is claimed.
    Claim,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Context => "context",
            Self::Epoch => "epoch",
            Self::StateRoot => "state root",
            Self::MarketRoot => "market root",
            Self::Model => "model",
            Self::Account => "account",
            Self::Memo => "memo",
            Self::Claim => "claim",
        })
    }
}

/// Why something was not read, proved or accepted. Messages show no figure of a
/// portfolio but where the error within says so ([`ProvingError::figures`]).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The market file.
    #[error(transparent)]
    MarketFile(#[from] MarketFileError),
    /// A portfolio does not fit the market.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The portfolio document.
    #[error(transparent)]
    Portfolio(#[from] PortfolioFileError),
    /// The system has no randomness to give.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// A trade makes no account.
    #[error(transparent)]
    Trade(#[from] TradeError),
    /// A market that is not of the family of its file: it was put together by hand.
    #[error("the market is not of its file's family: read it again")]
    Family,
    /// An account at moved prices.
    #[error(transparent)]
    AtPrices(#[from] AtPrices),
    /// A market of options at moved prices.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A factor on prices that is no number.
    #[error("a factor on prices is out of range: allowed are decimals above 0, as in 0.9")]
    Factor,
    /// Commitments, states and paths.
    #[error(transparent)]
    Venue(#[from] VenueError),
    /// Files of two proof systems.
    #[error("{what} is of proof system {found}, the market of {expected}")]
    ProofSystem {
        /// Whose.
        what: &'static str,
        /// Its proof system.
        found: ProofSystem,
        /// The market's.
        expected: ProofSystem,
    },
    /// A layout that the market's proof system does not have.
    #[error("layout {layout}: proofs of {system} have the wide layout alone")]
    Layout {
        /// What was asked for.
        layout: ColumnLayout,
        /// The market's proof system.
        system: ProofSystem,
    },
    /// No proof was made.
    #[error(transparent)]
    Proving(#[from] ProvingError),
    /// Parameters or keys are not there.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The proof is malformed or false.
    #[error(transparent)]
    Proof(#[from] VerifyError),
    /// It was made under powers of tau whose secret everybody can compute.
    #[error("the proof was made under insecure powers of tau: everybody can forge such proofs")]
    InsecureSrs,
    /// Too few signed the epoch.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// The prices are too old, or of the future.
    #[error(transparent)]
    NotFresh(#[from] NotFresh),
    /// A true proof about something else.
    #[error("the proof's {figure} is {found}, expected {expected}")]
    Mismatch {
        /// What differs.
        figure: Figure,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A true proof, about what it should be, that the account is below a level.
    #[error("account {account} is proved to be {}", .claim.claim)]
    Below {
        /// The account.
        account: AccountId,
        /// The proof's public inputs.
        claim: Box<ClaimData>,
    },
}
