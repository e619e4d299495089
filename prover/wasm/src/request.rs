//! What is to be proved, as JavaScript says it, and what can be wrong with it.

use serde::Deserialize;
use zkmargin_margin::claim::{Claim, Side};
use zkmargin_margin::ids::Memo;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_params::cache::Damage;
use zkmargin_params::market::MarketFileError;
use zkmargin_params::srs::{DevSrs, SrsError};
use zkmargin_prover::backend::SetupError;
use zkmargin_prover::portfolio_file::PortfolioFileError;
use zkmargin_prover::proving::{ProvingError, Statement};
use zkmargin_prover::venue::VenueError;

/// What is to be proved. Values are spelt as on the command line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `at-least:initial`, `below:maintenance`.
    pub claim: String,
    /// Whether a *below* claim tells the shortfall.
    #[serde(default)]
    pub disclose: bool,
    /// What else the proof says.
    #[serde(default)]
    pub memo: Memo,
    /// The shape: small unless told. The small one is what browsers have the
    /// memory and the patience for.
    #[serde(default)]
    pub shape: Option<String>,
    /// How the circuit is laid out: the usual one of the proof system unless told.
    #[serde(default)]
    pub layout: Option<String>,
    /// Whether powers of tau will do whose secret everybody knows: for tests.
    #[serde(default)]
    pub insecure_dev_srs: bool,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unprepared {
    /// A step before its time.
    #[error("a job is prepared, has parameters, a key and a proof, in this order")]
    Order,
    /// No request.
    #[error("the request cannot be read: {0}")]
    Request(#[from] serde_json::Error),
    /// A claim that is none.
    #[error(
        "claim: allowed are at-least:LEVEL and below:LEVEL, of margin-call, maintenance, initial"
    )]
    Claim,
    /// A shape that is none.
    #[error("shape: allowed are small, medium, large")]
    Shape,
    /// A layout that is none, or not one of the market's proof system.
    #[error("layout: allowed are wide and tall, of a market of ipa wide alone")]
    Layout,
    /// The portfolio.
    #[error("the portfolio: {0}")]
    Portfolio(PortfolioFileError),
    /// The market.
    #[error("the market: {0}")]
    Market(MarketFileError),
    /// A market of joint scenarios.
    #[error("the market: accounts in markets of joint scenarios are not proved in a browser")]
    Simulation,
    /// State or path.
    #[error("the state or path: {0}")]
    Venue(VenueError),
    /// The statement, or the proof system.
    #[error(transparent)]
    Proving(ProvingError),
    /// Parameters that were kept are damaged.
    #[error("the parameters that were kept: {0}")]
    Kept(Damage),
    /// A market that needs powers of tau, and none were given.
    #[error("the market is of proof system kzg, which needs powers of tau of size 2^{k}")]
    NoSrs {
        /// The size needed.
        k: u32,
    },
    /// Powers of tau that are not accepted.
    #[error("the powers of tau: {0}")]
    Srs(SrsError),
    /// Parameters or key.
    #[error(transparent)]
    Setup(SetupError),
}

impl Unprepared {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Order | Self::Setup(_) => "please report it",
            Self::Request(_) => {
                "allowed are claim, and disclose, memo, shape, layout and insecure_dev_srs where they are wanted"
            }
            Self::Claim => "say what is claimed, as at-least:maintenance",
            Self::Shape => "leave the shape out: the small one is what a browser proves",
            Self::Layout => "leave the layout out, or ask whoever verifies which one they take",
            Self::Portfolio(_) => "give the plain JSON of a portfolio (`zkmargin decrypt`)",
            Self::Market(_) => "give the market file of the epoch, as it was published",
            Self::Simulation => "prove with `zkmargin prove`",
            Self::Venue(_) => {
                "give the venue's state file of the epoch, or the account's path file"
            }
            Self::Kept(_) => "make them again",
            Self::NoSrs { .. } | Self::Srs(_) => {
                "give the ceremony's .ptau file, or the file of that very size that `zkmargin srs import` stored"
            }
            Self::Proving(error) => error.hint(),
        }
    }
}

impl Request {
    pub(crate) fn parse(json: &str) -> Result<Self, Unprepared> {
        Ok(serde_json::from_str(json)?)
    }

    pub(crate) fn statement(&self) -> Result<Statement, Unprepared> {
        let claim: Claim = self.claim.parse().map_err(|_| Unprepared::Claim)?;
        if self.disclose && claim.side() == Side::AtLeast {
            return Err(Unprepared::Proving(ProvingError::NothingToDisclose));
        }
        let shape = match &self.shape {
            None => Shape::Small,
            Some(name) => name.parse().map_err(|_| Unprepared::Shape)?,
        };
        Ok(Statement { claim, disclose: self.disclose, memo: self.memo, shape: Some(shape) })
    }

    /// The layout asked for, else the usual one.
    pub(crate) fn layout(&self, system: ProofSystem) -> Result<ColumnLayout, Unprepared> {
        let layout = match &self.layout {
            None => system.usual_layout(),
            Some(name) => name.parse().map_err(|_| Unprepared::Layout)?,
        };
        Some(layout).filter(|layout| system.has_layout(*layout)).ok_or(Unprepared::Layout)
    }

    pub(crate) fn dev(&self) -> DevSrs {
        match self.insecure_dev_srs {
            true => DevSrs::AllowInsecure,
            false => DevSrs::Refuse,
        }
    }
}
