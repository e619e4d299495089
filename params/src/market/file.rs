//! The file a publisher posts: everything that goes into `MARKET_ROOT`.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::shape::{Family, ProofSystem};

use crate::market::{Market, MarketError, scenario, settlement, simulation};
use crate::model::StandardModel;
use crate::scenario::{ScenarioModel, ScenarioSnapshot};
use crate::settlement::model::SettlementModel;
use crate::settlement::snapshot::SettlementSnapshot;
use crate::simulation::SimulationError;
use crate::simulation::model::{PROVED_SCENARIOS, SimulationModel};
use crate::simulation::snapshot::SimulationSnapshot;
use crate::snapshot::Snapshot;

/// Version of the file's format.
pub const MARKET_FILE_VERSION: u16 = 1;
/// Largest accepted market file, in bytes.
pub const MAX_MARKET_FILE_BYTES: usize = 8 << 20;

/// A family's part in a market file: what goes into the root, and how.
pub trait MarketKind: Clone + fmt::Debug + PartialEq {
    /// The family.
    const FAMILY: Family;
    /// Its margin models.
    type Model: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;
    /// What its publishers post.
    type Snapshot: Clone + fmt::Debug + PartialEq + Serialize + DeserializeOwned;
    /// Its markets.
    type Market<F: MarginField>;

    /// Makes the market.
    ///
    /// # Errors
    /// When model and snapshot do not make one.
    fn build<F: MarginField>(
        model: &Self::Model,
        snapshot: &Self::Snapshot,
        epoch: Epoch,
    ) -> Result<Self::Market<F>, MarketError>;

    /// `MARKET_ROOT`.
    fn root<F: MarginField>(market: &Self::Market<F>) -> F;
}

/// The standard family's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardKind {}

impl MarketKind for StandardKind {
    const FAMILY: Family = Family::Standard;
    type Model = StandardModel;
    type Snapshot = Snapshot;
    type Market<F: MarginField> = Market<F>;

    fn build<F: MarginField>(
        model: &StandardModel,
        snapshot: &Snapshot,
        epoch: Epoch,
    ) -> Result<Market<F>, MarketError> {
        Market::build(model, snapshot, epoch)
    }

    fn root<F: MarginField>(market: &Market<F>) -> F {
        market.root()
    }
}

/// The scenario family's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenarioKind {}

impl MarketKind for ScenarioKind {
    const FAMILY: Family = Family::Scenario;
    type Model = ScenarioModel;
    type Snapshot = ScenarioSnapshot;
    type Market<F: MarginField> = scenario::Market<F>;

    fn build<F: MarginField>(
        model: &ScenarioModel,
        snapshot: &ScenarioSnapshot,
        epoch: Epoch,
    ) -> Result<scenario::Market<F>, MarketError> {
        scenario::Market::build(model, snapshot, epoch)
    }

    fn root<F: MarginField>(market: &scenario::Market<F>) -> F {
        market.root()
    }
}

/// The simulation family's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulationKind {}

impl MarketKind for SimulationKind {
    const FAMILY: Family = Family::Simulation;
    type Model = SimulationModel;
    type Snapshot = SimulationSnapshot;
    type Market<F: MarginField> = simulation::Market<F>;

    fn build<F: MarginField>(
        model: &SimulationModel,
        snapshot: &SimulationSnapshot,
        epoch: Epoch,
    ) -> Result<simulation::Market<F>, MarketError> {
        let scenarios = model.spec().set.scenarios();
        if !PROVED_SCENARIOS.contains(&scenarios) {
            return Err(SimulationError::Unproved { scenarios }.into());
        }
        simulation::Market::build(model, snapshot, epoch)
    }

    fn root<F: MarginField>(market: &simulation::Market<F>) -> F {
        market.root()
    }
}

/// The settlement family's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettlementKind {}

impl MarketKind for SettlementKind {
    const FAMILY: Family = Family::Settlement;
    type Model = SettlementModel;
    type Snapshot = SettlementSnapshot;
    type Market<F: MarginField> = settlement::Market<F>;

    fn build<F: MarginField>(
        model: &SettlementModel,
        snapshot: &SettlementSnapshot,
        epoch: Epoch,
    ) -> Result<settlement::Market<F>, MarketError> {
        settlement::Market::build(model, snapshot, epoch)
    }

    fn root<F: MarginField>(market: &settlement::Market<F>) -> F {
        market.root()
    }
}

/// A published market: the model, the snapshot, the epoch and the root they
/// have. The root is a claim until [`PublishedMarket::market`] has recomputed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct PublishedMarket<K: MarketKind> {
    version: u16,
    family: String,
    field: String,
    epoch: Epoch,
    market_root: String,
    snapshot: K::Snapshot,
    model: K::Model,
}

/// A published market of the standard family.
pub type MarketFile = PublishedMarket<StandardKind>;
/// A published market of the scenario family.
pub type ScenarioMarketFile = PublishedMarket<ScenarioKind>;

/// A published market of the simulation family.
pub type SimulationMarketFile = PublishedMarket<SimulationKind>;

/// A published market of the settlement family.
pub type SettlementMarketFile = PublishedMarket<SettlementKind>;

/// A published market of any family.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyMarketFile {
    /// Of the standard family.
    Standard(Box<MarketFile>),
    /// Of the scenario family.
    Scenario(Box<ScenarioMarketFile>),
    /// Of the simulation family.
    Simulation(Box<SimulationMarketFile>),
    /// Of the settlement family.
    Settlement(Box<SettlementMarketFile>),
}

impl AnyMarketFile {
    /// Reads a file of the family it names; its root is not checked yet.
    ///
    /// # Errors
    /// As [`PublishedMarket::from_json`].
    pub fn from_json(json: &str) -> Result<Self, MarketFileError> {
        #[derive(Deserialize)]
        struct Probe {
            family: String,
        }
        checked_size(json)?;
        let Probe { family } = read(json)?;
        match family.parse() {
            Ok(Family::Standard) => MarketFile::from_json(json).map(|f| Self::Standard(f.into())),
            Ok(Family::Scenario) => {
                ScenarioMarketFile::from_json(json).map(|f| Self::Scenario(f.into()))
            }
            Ok(Family::Simulation) => {
                SimulationMarketFile::from_json(json).map(|f| Self::Simulation(f.into()))
            }
            Ok(Family::Settlement) => {
                SettlementMarketFile::from_json(json).map(|f| Self::Settlement(f.into()))
            }
            Err(_) => Err(MarketFileError::Family {
                found: family,
                expected: "standard, scenario, simulation or settlement",
            }),
        }
    }
}

/// Why a market file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarketFileError {
    /// The file is larger than [`MAX_MARKET_FILE_BYTES`].
    #[error("the market file has {bytes} bytes: allowed are {MAX_MARKET_FILE_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the format: the message names line and column.
    #[error("not a market file: {path}: {source}")]
    Json {
        /// The field.
        path: String,
        /// The reader's message.
        source: serde_json::Error,
    },
    /// A version this software does not know.
    #[error("version: {0} is not supported, only {MARKET_FILE_VERSION} is")]
    Version(u16),
    /// Another family of margin models.
    #[error("family: {found:?} is not supported here, {expected} is")]
    Family {
        /// The file's family.
        found: String,
        /// What is needed.
        expected: &'static str,
    },
    /// A market over a field of no proof system.
    #[error("field: {0:?} is unknown, allowed are \"pasta-fp\" (ipa), \"bn254-fr\" (kzg)")]
    UnknownField(String),
    /// A market over another field.
    #[error("field: the market is over {found:?}, {expected:?} is needed")]
    Field {
        /// The file's field.
        found: String,
        /// The caller's.
        expected: &'static str,
    },
    /// The market cannot be built.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The file's root is not the root of its content.
    #[error("market_root: the file says {stated}, its content has {computed}: do not use it")]
    RootMismatch {
        /// The file's root.
        stated: String,
        /// The root of its content.
        computed: String,
    },
}

impl<K: MarketKind> PublishedMarket<K> {
    /// Builds a market and the file that publishes it.
    ///
    /// # Errors
    /// When model and snapshot do not make a market.
    pub fn build<F: MarginField>(
        model: &K::Model,
        snapshot: &K::Snapshot,
        epoch: Epoch,
    ) -> Result<(Self, K::Market<F>), MarketError> {
        let market = K::build(model, snapshot, epoch)?;
        let file = Self {
            version: MARKET_FILE_VERSION,
            family: K::FAMILY.to_string(),
            field: F::NAME.to_owned(),
            epoch,
            market_root: root_text(K::root::<F>(&market)),
            snapshot: snapshot.clone(),
            model: model.clone(),
        };
        Ok((file, market))
    }

    /// Reads a file; its root is not checked yet.
    ///
    /// # Errors
    /// When it is too large, not the format, or of an unknown version or
    /// another family.
    pub fn from_json(json: &str) -> Result<Self, MarketFileError> {
        #[derive(Deserialize)]
        struct Probe {
            version: u16,
            family: String,
        }
        checked_size(json)?;
        // First what the rest is to be read as: its errors would not help.
        let Probe { version, family: found } = read(json)?;
        if version != MARKET_FILE_VERSION {
            return Err(MarketFileError::Version(version));
        }
        match (K::FAMILY, found == K::FAMILY.to_string()) {
            (_, true) => read(json),
            (Family::Standard, _) => Err(MarketFileError::Family { found, expected: "standard" }),
            (Family::Scenario, _) => Err(MarketFileError::Family { found, expected: "scenario" }),
            (Family::Simulation, _) => {
                Err(MarketFileError::Family { found, expected: "simulation" })
            }
            (Family::Settlement, _) => {
                Err(MarketFileError::Family { found, expected: "settlement" })
            }
        }
    }

    /// The file as indented JSON.
    pub fn to_json(&self) -> String {
        // Maps with text keys, texts and finite numbers: nothing here can fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Recomputes the market and checks the file's root against it.
    ///
    /// # Errors
    /// When the file is over another field, the market cannot be built, or the
    /// root differs.
    pub fn market<F: MarginField>(&self) -> Result<K::Market<F>, MarketFileError> {
        if self.field != F::NAME {
            let found = self.field.clone();
            return Err(MarketFileError::Field { found, expected: F::NAME });
        }
        let market = K::build(&self.model, &self.snapshot, self.epoch)?;
        let computed = root_text(K::root::<F>(&market));
        match computed == self.market_root {
            true => Ok(market),
            false => {
                let stated = self.market_root.clone();
                Err(MarketFileError::RootMismatch { stated, computed })
            }
        }
    }

    /// The epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The model.
    pub fn model(&self) -> &K::Model {
        &self.model
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &K::Snapshot {
        &self.snapshot
    }

    /// The proof system its root is of.
    ///
    /// # Errors
    /// When the field is unknown.
    pub fn proof_system(&self) -> Result<ProofSystem, MarketFileError> {
        ProofSystem::of_field(&self.field)
            .ok_or_else(|| MarketFileError::UnknownField(self.field.chars().take(32).collect()))
    }

    /// Name of the field the root is in.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The stated root: `0x` and 64 hexadecimal digits, big-endian.
    pub fn market_root(&self) -> &str {
        &self.market_root
    }
}

/// `0x` and the big-endian digits of a root.
fn root_text<F: MarginField>(root: F) -> String {
    format!("0x{}", hex::encode(root.to_be_bytes()))
}

fn checked_size(json: &str) -> Result<(), MarketFileError> {
    match json.len() > MAX_MARKET_FILE_BYTES {
        true => Err(MarketFileError::TooLarge { bytes: json.len() }),
        false => Ok(()),
    }
}

/// Reads JSON; errors name the field.
fn read<T: DeserializeOwned>(json: &str) -> Result<T, MarketFileError> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        MarketFileError::Json { path, source: error.into_inner() }
    })?;
    let end = |source| MarketFileError::Json { path: "end of file".to_owned(), source };
    reader.end().map_err(end)?;
    Ok(value)
}
