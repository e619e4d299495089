//! The file a publisher posts: everything that goes into `MARKET_ROOT`.

use serde::{Deserialize, Serialize};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::shape::ProofSystem;

use crate::market::{Market, MarketError};
use crate::model::StandardModel;
use crate::snapshot::Snapshot;

/// Version of the file's format.
pub const MARKET_FILE_VERSION: u16 = 1;
/// Largest accepted market file, in bytes.
pub const MAX_MARKET_FILE_BYTES: usize = 8 << 20;
/// The family of margin models.
const FAMILY: &str = "standard";

/// A published market: the model, the snapshot, the epoch and the root they
/// have. The root is a claim until [`MarketFile::market`] has recomputed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketFile {
    version: u16,
    family: String,
    field: String,
    epoch: Epoch,
    market_root: String,
    snapshot: Snapshot,
    model: StandardModel,
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
    #[error("not a market file: {0}")]
    Json(#[from] serde_json::Error),
    /// A version this software does not know.
    #[error("version: {0} is not supported, only {MARKET_FILE_VERSION} is")]
    Version(u16),
    /// Another family of margin models.
    #[error("family: {0:?} is not supported, only {FAMILY:?} is")]
    Family(String),
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

impl MarketFile {
    /// Builds a market and the file that publishes it.
    ///
    /// # Errors
    /// As [`Market::build`].
    pub fn build<F: MarginField>(
        model: &StandardModel,
        snapshot: &Snapshot,
        epoch: Epoch,
    ) -> Result<(Self, Market<F>), MarketError> {
        let market = Market::build(model, snapshot, epoch)?;
        let file = Self {
            version: MARKET_FILE_VERSION,
            family: FAMILY.to_owned(),
            field: F::NAME.to_owned(),
            epoch,
            market_root: root_text(&market),
            snapshot: snapshot.clone(),
            model: model.clone(),
        };
        Ok((file, market))
    }

    /// Reads a file; its root is not checked yet.
    ///
    /// # Errors
    /// When it is too large, not the format, or of an unknown version or
    /// family.
    pub fn from_json(json: &str) -> Result<Self, MarketFileError> {
        if json.len() > MAX_MARKET_FILE_BYTES {
            return Err(MarketFileError::TooLarge { bytes: json.len() });
        }
        let file: Self = serde_json::from_str(json)?;
        if file.version != MARKET_FILE_VERSION {
            return Err(MarketFileError::Version(file.version));
        }
        if file.family != FAMILY {
            return Err(MarketFileError::Family(file.family));
        }
        Ok(file)
    }

    /// The file as indented JSON.
    pub fn to_json(&self) -> String {
        // Maps with text keys, texts and integers: nothing here can fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Recomputes the market and checks the file's root against it.
    ///
    /// # Errors
    /// When the file is over another field, the market cannot be built, or the
    /// root differs.
    pub fn market<F: MarginField>(&self) -> Result<Market<F>, MarketFileError> {
        if self.field != F::NAME {
            let found = self.field.clone();
            return Err(MarketFileError::Field { found, expected: F::NAME });
        }
        let market = Market::build(&self.model, &self.snapshot, self.epoch)?;
        let computed = root_text(&market);
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
    pub fn model(&self) -> &StandardModel {
        &self.model
    }

    /// The snapshot.
    pub fn snapshot(&self) -> &Snapshot {
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

/// `0x` and the big-endian digits of a market's root.
fn root_text<F: MarginField>(market: &Market<F>) -> String {
    format!("0x{}", hex::encode(market.root().to_be_bytes()))
}
