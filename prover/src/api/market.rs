//! Markets of every family and proof system.

use std::sync::Arc;

use pasta_curves::Fp;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{Epoch, ModelDigest, Timestamp};
use zkmargin_margin::shape::{Family, ProofSystem};
use zkmargin_params::market::{AnyMarketFile, MarketFileError, scenario, settlement, simulation};
use zkmargin_verifier::engine::Root;

use super::error::ApiError;
use crate::family::FamilyMarket;
use crate::portfolio_file::{Listings, PortfolioDocument};
use crate::venue::FieldHex;

/// A published market whose root was recomputed: what its file says is so.
#[derive(Clone, Debug)]
pub struct Market {
    pub(super) typed: Typed,
    pub(super) file: Arc<AnyMarketFile>,
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
    Settlement(Box<settlement::Market<F>>),
}

/// Runs code for a market of a field, of whatever family.
macro_rules! with_family {
    ($families:expr, $market:ident => $body:expr) => {
        match $families {
            $crate::api::market::Families::Standard($market) => $body,
            $crate::api::market::Families::Scenario($market) => $body,
            $crate::api::market::Families::Simulation($market) => $body,
            $crate::api::market::Families::Settlement($market) => $body,
        }
    };
}
pub(super) use with_family;

impl Market {
    /// Reads a market file and recomputes its root: at most a fifth of a second for a
    /// thousand instruments.
    ///
    /// # Errors
    /// When it is not the format, cannot be built, or has another root than it says.
    pub fn from_json(json: &str) -> Result<Self, MarketFileError> {
        let file = Arc::new(AnyMarketFile::from_json(json)?);
        match proof_system(&file)? {
            ProofSystem::Ipa => Self::open(file, Typed::Ipa),
            ProofSystem::Kzg => Self::open(file, Typed::Kzg),
        }
    }

    fn open<F: MarginField>(
        file: Arc<AnyMarketFile>,
        typed: impl FnOnce(Families<F>) -> Typed,
    ) -> Result<Self, MarketFileError> {
        let (families, quote) = match &*file {
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
            AnyMarketFile::Settlement(file) => {
                let quote = file.snapshot().spec().quote.to_string();
                (Families::Settlement(Box::new(file.market()?)), quote)
            }
        };
        let (root, model, epoch, timestamp) = with_family!(&families, market => {
            let (root, header) = (FamilyMarket::root(&**market), FamilyMarket::header(&**market));
            (Root::from_field(&root), header.model, header.epoch, header.timestamp)
        });
        Ok(Self { typed: typed(families), file, root, model, epoch, timestamp, quote })
    }

    /// The family of its margin model.
    pub fn family(&self) -> Family {
        fn of<F: MarginField>(families: &Families<F>) -> Family {
            match families {
                Families::Standard(_) => Family::Standard,
                Families::Scenario(_) => Family::Scenario,
                Families::Simulation(_) => Family::Simulation,
                Families::Settlement(_) => Family::Settlement,
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
                with_family!(families, market => Listings::from(&**market).portfolio(document))?;
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
        AnyMarketFile::Settlement(file) => file.proof_system(),
    }
}
