//! Markets of every family and proof system.

use std::fmt;

use pasta_curves::Fp;
use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{Epoch, ModelDigest, Timestamp};
use zkmargin_margin::shape::{Family, ProofSystem};
use zkmargin_params::market::{AnyMarketFile, MarketFileError, scenario, simulation};
use zkmargin_verifier::engine::Root;

use super::error::ApiError;
use crate::family::{FamilyMarket, Health};
use crate::portfolio_file::PortfolioDocument;
use crate::report::MarginReport;
use crate::scenario::ScenarioReport;
use crate::simulation::SimulationReport;
use crate::venue::FieldHex;

/// A published market whose root was recomputed: what its file says is so.
#[derive(Clone, Debug)]
pub struct Market {
    pub(super) typed: Typed,
    root: Root,
    model: ModelDigest,
    epoch: Epoch,
    timestamp: Timestamp,
    quote: String,
}

/// A market as a type of its proof system's field.
#[derive(Clone, Debug)]
pub(super) enum Typed {
    Ipa(Families<Fp>),
    Kzg(Families<Bn254Fr>),
}

/// A market as a type of its family.
#[derive(Clone, Debug)]
pub(super) enum Families<F: MarginField> {
    Standard(Box<zkmargin_params::market::Market<F>>),
    Scenario(Box<scenario::Market<F>>),
    Simulation(Box<simulation::Market<F>>),
}

/// Runs code for a market of a field, of whatever family.
macro_rules! with_family {
    ($families:expr, $market:ident => $body:expr) => {
        match $families {
            $crate::api::market::Families::Standard($market) => $body,
            $crate::api::market::Families::Scenario($market) => $body,
            $crate::api::market::Families::Simulation($market) => $body,
        }
    };
}
pub(super) use with_family;

/// An account's native margin figures, of its market's family; for its owner only.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Margin {
    /// Of a standard market: exact.
    Standard(MarginReport),
    /// Of a market of options: the level and cash needed are exact, the breakdown is
    /// floating point.
    Scenario(Box<ScenarioReport>),
    /// Of a market that simulates: exact.
    Simulation(SimulationReport),
}

/// The figures are secret.
impl fmt::Debug for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Margin(..)")
    }
}

impl Margin {
    /// The level, as it would be proved.
    pub fn level(&self) -> Level {
        match self {
            Self::Standard(report) => report.level,
            Self::Scenario(report) => report.level,
            Self::Simulation(report) => report.level,
        }
    }
}

impl Market {
    /// Reads a market file and recomputes its root: at most a fifth of a second for a
    /// thousand instruments.
    ///
    /// # Errors
    /// When it is not the format, cannot be built, or has another root than it says.
    pub fn from_json(json: &str) -> Result<Self, MarketFileError> {
        let file = AnyMarketFile::from_json(json)?;
        match proof_system(&file)? {
            ProofSystem::Ipa => Self::open(&file, Typed::Ipa),
            ProofSystem::Kzg => Self::open(&file, Typed::Kzg),
        }
    }

    fn open<F: MarginField>(
        file: &AnyMarketFile,
        typed: impl FnOnce(Families<F>) -> Typed,
    ) -> Result<Self, MarketFileError> {
        let (families, quote) = match file {
            AnyMarketFile::Standard(file) => {
                let quote = file.snapshot().quote().to_string();
                (Families::<F>::Standard(Box::new(file.market()?)), quote)
            }
            AnyMarketFile::Scenario(file) => {
                let quote = file.snapshot().spec().quote.to_string();
                (Families::Scenario(Box::new(file.market()?)), quote)
            }
            AnyMarketFile::Simulation(file) => {
                let quote = file.snapshot().spec().quote.to_string();
                (Families::Simulation(Box::new(file.market()?)), quote)
            }
        };
        let (root, model, epoch, timestamp) = with_family!(&families, market => {
            let (root, header) = (FamilyMarket::root(&**market), FamilyMarket::header(&**market));
            (Root::from_field(&root), header.model, header.epoch, header.timestamp)
        });
        Ok(Self { typed: typed(families), root, model, epoch, timestamp, quote })
    }

    /// The family of its margin model.
    pub fn family(&self) -> Family {
        fn of<F: MarginField>(families: &Families<F>) -> Family {
            match families {
                Families::Standard(_) => Family::Standard,
                Families::Scenario(_) => Family::Scenario,
                Families::Simulation(_) => Family::Simulation,
            }
        }
        match &self.typed {
            Typed::Ipa(families) => of(families),
            Typed::Kzg(families) => of(families),
        }
    }

    /// The proof system its root is of.
    pub fn proof_system(&self) -> ProofSystem {
        match &self.typed {
            Typed::Ipa(_) => ProofSystem::Ipa,
            Typed::Kzg(_) => ProofSystem::Kzg,
        }
    }

    /// `MARKET_ROOT`.
    pub fn root(&self) -> Root {
        self.root
    }

    /// The margin model's digest.
    pub fn model(&self) -> ModelDigest {
        self.model
    }

    /// The epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// When its prices were taken, in seconds since 1970.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// The quote currency, in which amounts are.
    pub fn quote(&self) -> &str {
        &self.quote
    }

    /// Native margin figures of a portfolio, for its owner: a missing blinding hides
    /// nothing there, and is no error.
    ///
    /// # Errors
    /// When the portfolio does not fit the market.
    pub fn margin(&self, document: &PortfolioDocument) -> Result<Margin, ApiError> {
        match &self.typed {
            Typed::Ipa(families) => margin(families, document),
            Typed::Kzg(families) => margin(families, document),
        }
    }

    /// The level of a portfolio, and the cash in quote units that would lift it to
    /// maintenance and to initial.
    ///
    /// # Errors
    /// When the portfolio does not fit the market.
    pub fn health(&self, document: &PortfolioDocument) -> Result<Health, ApiError> {
        let document = with_blinding(document)?;
        macro_rules! of {
            ($families:expr) => {
                with_family!($families, market => {
                    market.health(&market.listings().portfolio(&document)?)?
                })
            };
        }
        Ok(match &self.typed {
            Typed::Ipa(families) => of!(families),
            Typed::Kzg(families) => of!(families),
        })
    }

    /// The commitment to a portfolio.
    ///
    /// # Errors
    /// When the portfolio has no blinding or does not fit the market.
    pub fn commitment(&self, document: &PortfolioDocument) -> Result<FieldHex, ApiError> {
        fn of<F: MarginField>(
            families: &Families<F>,
            document: &PortfolioDocument,
        ) -> Result<FieldHex, ApiError> {
            let portfolio =
                with_family!(families, market => market.listings().portfolio(document))?;
            Ok(FieldHex::of(&portfolio.commitment::<F>()))
        }
        match &self.typed {
            Typed::Ipa(families) => of(families, document),
            Typed::Kzg(families) => of(families, document),
        }
    }
}

fn proof_system(file: &AnyMarketFile) -> Result<ProofSystem, MarketFileError> {
    match file {
        AnyMarketFile::Standard(file) => file.proof_system(),
        AnyMarketFile::Scenario(file) => file.proof_system(),
        AnyMarketFile::Simulation(file) => file.proof_system(),
    }
}

fn margin<F: MarginField>(
    families: &Families<F>,
    document: &PortfolioDocument,
) -> Result<Margin, ApiError> {
    let document = with_blinding(document)?;
    let portfolio = with_family!(families, market => market.listings().portfolio(&document))?;
    Ok(match families {
        Families::Standard(market) => Margin::Standard(MarginReport::new(market, &portfolio)?),
        Families::Scenario(market) => {
            Margin::Scenario(Box::new(ScenarioReport::new(market, &portfolio)?))
        }
        Families::Simulation(market) => {
            Margin::Simulation(SimulationReport::new(market, &portfolio)?)
        }
    })
}

/// The document with some blinding: its figures do not depend on which.
fn with_blinding(document: &PortfolioDocument) -> Result<PortfolioDocument, ApiError> {
    let mut document = document.clone();
    document.ensure_blinding()?;
    Ok(document)
}
