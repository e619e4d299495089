//! Margin models of the settlement family.
//!
//! ```json
//! {
//!   "name": "one-coin",
//!   "quote": "USDC",
//!   "quote_decimals": 8,
//!   "underlyings": {
//!     "ETH": {
//!       "lots": { "options": "0.01", "perpetuals": "0.0001", "collateral": "0.00001" },
//!       "options": {
//!         "itm": "0.15", "least": "0.13", "maintenance_call": "0.09",
//!         "maintenance_put": "0.09", "maintenance_put_mark": "0.09", "put_offset": "1.05",
//!         "unpaired_maintenance": "1.1", "unpaired_initial": "1.2"
//!       },
//!       "perpetual": { "maintenance": "0.065", "initial": "0.1" },
//!       "collateral": { "counts": "0.8", "initial": "0.9375" },
//!       "contingency": { "perpetual": "0.55", "option": "0.55", "collateral": "0.55", "factor": "1" },
//!       "depeg": { "threshold": "0.99", "factor": "2" }
//!     }
//!   }
//! }
//! ```
//!
//! Formulas are those of [`option_margin`](crate::option_margin), where expiries are
//! bounded. Lots are coins; all options of an underlying have one lot, as they net.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::ModelDigest;

use crate::model::MAX_QUOTE_DECIMALS;
use crate::scenario::MAX_FILE_BYTES;
use crate::settlement::error::SettlementError;
use crate::settlement::ids::underlying_code;
use crate::settlement::rule::UnderlyingRule;
use crate::settlement::snapshot::MAX_UNDERLYINGS;
use crate::symbol::{Symbol, unique_map};
use crate::toml_text;

/// What is read, in errors.
const WHAT: &str = "settlement model";

/// The fields of a model's file, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Its name: 1 to 64 printable ASCII characters.
    pub name: String,
    /// Where it is from; not in the digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// What should be known; not in the digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The currency that prices and cash are in.
    pub quote: Symbol,
    /// Decimals of a quote unit: it is `10^-quote_decimals` of the currency.
    pub quote_decimals: u32,
    /// What is charged, by underlying.
    #[serde(deserialize_with = "unique_map")]
    pub underlyings: BTreeMap<Symbol, UnderlyingRule>,
}

/// A checked model of the settlement family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ModelSpec", into = "ModelSpec")]
pub struct SettlementModel {
    spec: ModelSpec,
}

impl SettlementModel {
    /// Reads and checks a model in JSON, when the text begins with a brace, or in TOML.
    ///
    /// # Errors
    /// When the text is too large or not the format, or a field breaks a rule.
    pub fn from_text(text: &str) -> Result<Self, SettlementError> {
        if text.len() > MAX_FILE_BYTES {
            return Err(SettlementError::TooLarge { what: WHAT, bytes: text.len() });
        }
        match toml_text::is_json(text) {
            true => Self::new(read_json(text, WHAT)?),
            false => Self::new(toml_text::read(text)?),
        }
    }

    /// Checks a model.
    ///
    /// # Errors
    /// With the first field that breaks a rule.
    pub fn new(spec: ModelSpec) -> Result<Self, SettlementError> {
        let named = (1..=64).contains(&spec.name.len());
        if !named || !spec.name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(SettlementError::Name);
        }
        if spec.quote_decimals > MAX_QUOTE_DECIMALS {
            return Err(SettlementError::QuoteDecimals);
        }
        let (found, most) = (spec.underlyings.len(), MAX_UNDERLYINGS);
        if !(1..=most).contains(&found) {
            return Err(SettlementError::Count { field: "underlyings", found, most });
        }
        let mut codes = BTreeMap::new();
        for (symbol, rule) in &spec.underlyings {
            rule.check(symbol)?;
            if let Some(other) = codes.insert(underlying_code(symbol), symbol) {
                let (one, other) = (other.clone(), symbol.clone());
                return Err(SettlementError::UnderlyingCode { one, other });
            }
        }
        Ok(Self { spec })
    }

    /// The fields.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// What is charged on an underlying.
    pub fn rule(&self, underlying: &Symbol) -> Option<&UnderlyingRule> {
        self.spec.underlyings.get(underlying)
    }

    /// The canonical JSON without `source` and `notes`.
    pub fn to_canonical_json(&self) -> String {
        let bare = ModelSpec { source: String::new(), notes: Vec::new(), ..self.spec.clone() };
        // Texts and whole numbers: nothing here can fail.
        serde_json::to_string(&bare).unwrap_or_default()
    }

    /// Digest of the name and all parameters, however the file is written.
    pub fn digest(&self) -> ModelDigest {
        ModelDigest::of(self.to_canonical_json().as_bytes())
    }
}

/// Reads JSON of a bounded size; errors name the field.
pub(super) fn read_json<T: DeserializeOwned>(
    json: &str,
    what: &'static str,
) -> Result<T, SettlementError> {
    if json.len() > MAX_FILE_BYTES {
        return Err(SettlementError::TooLarge { what, bytes: json.len() });
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let failed = |path, source| SettlementError::Json { what, path, source };
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        failed(path, error.into_inner())
    })?;
    reader.end().map_err(|source| failed("end of file".to_owned(), source))?;
    Ok(value)
}

impl TryFrom<ModelSpec> for SettlementModel {
    type Error = SettlementError;

    fn try_from(spec: ModelSpec) -> Result<Self, SettlementError> {
        Self::new(spec)
    }
}

impl From<SettlementModel> for ModelSpec {
    fn from(model: SettlementModel) -> Self {
        model.spec
    }
}
