//! Margin models of the standard family: the format, in JSON or TOML, and its
//! checks.
//!
//! ```json
//! {
//!   "name": "two-coins",
//!   "quote": "USDC",
//!   "quote_decimals": 8,
//!   "denominator": 1200,
//!   "instruments": {
//!     "BTC": {
//!       "kind": "perpetual",
//!       "lot_size": "0.00001",
//!       "margin": {
//!         "initial": [{ "up_to": "150000000", "rate": "1/40" }, { "rate": "1/20" }],
//!         "maintenance": [{ "up_to": "150000000", "rate": "1/80" }, { "rate": "1/40" }]
//!       }
//!     },
//!     "ETH": {
//!       "kind": "spot",
//!       "lot_size": "0.0001",
//!       "collateral": { "initial": [{ "weight": "0.8" }], "maintenance": [{ "weight": "0.85" }] },
//!       "liability": { "initial": [{ "rate": "0" }], "maintenance": [{ "rate": "0" }] }
//!     }
//!   }
//! }
//! ```
//!
//! Amounts of money are decimal texts in the quote currency, `lot_size` is a
//! decimal text in units of the coin, rates and weights are decimals or ratios
//! that must be exact over `denominator`. Unknown fields and symbols that stand
//! twice are errors.
//!
//! # Bounds
//! A tier holds notionals above the bound before it and up to its own `up_to`,
//! inclusive. `up_to` is absent in a last tier without bound. Initial and
//! maintenance tiers may have different inner bounds; the risk table has a row
//! for each stretch between any two. In a `margin` or `liability` with a last
//! bound no larger position exists: an account that a price moves there can
//! prove neither side of a claim, and will be called as overdue. A `collateral`
//! with a last bound *saturates*: what lies above it counts for nothing.
//!
//! # Calibration
//! In a model with a [`calibration`](crate::calibration) the rates of instruments that
//! are `calibrated` follow from the snapshot of each epoch.
//!
//! # Options
//! `options` has the charges on short options by their underlying ([`OptionRule`]). Which
//! there are a snapshot says, with their marks; each has rows of its own in every epoch.
//!
//! # Leverages
//! `leverages` of a perpetual or future are those that an account may choose below the
//! largest: each has rows of its own, under the name `BTC@10x`, and initial rates of one over
//! it where the rule's are less. One over each must be exact over `denominator` too.
//!
//! # Rounding
//! Each row's charge is `base + ceil((notional - lower) * rate)`. With
//! [`Basis::Marginal`] the base is the charge at the end of the row before, so
//! charges are continuous. Venues write the same as `notional * rate - cum`:
//! their `cum` is `lower * rate - base`. With [`Basis::Flat`] the tier's rate
//! counts for the whole notional and the base is `ceil(lower * rate)`. Models
//! in which roundings could lift maintenance above initial margin are refused.

mod any;
mod calibrated;
mod error;
mod instrument;
mod leverages;
mod options;
mod rows;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::ModelDigest;
use zkmargin_margin::units::Denominator;

pub use any::{AnyModel, AnyModelError};
pub use error::{FieldProblem, ModelError};
pub use instrument::{
    Basis, ChargeRule, CollateralRule, InstrumentRule, Kind, OpenInterestCaps, Tier, WeightTier,
};
pub(crate) use leverages::ListedRule;
pub use leverages::MAX_LEVERAGES;
pub use options::OptionRule;
pub(crate) use options::PricedOption;
pub(crate) use rows::{Quotation, RowSpec};

use crate::calibration::rule::Calibration;
use crate::decimal::text_option;
use crate::symbol::{Symbol, unique_map};
use crate::toml_text;

/// Largest accepted model file, in bytes.
pub const MAX_MODEL_BYTES: usize = 4 << 20;
/// Most tiers in one list.
pub const MAX_TIERS: usize = 12;
/// Largest `quote_decimals`.
pub const MAX_QUOTE_DECIMALS: u32 = 12;

/// The fields of a model's JSON, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The model's name: 1 to 64 printable ASCII characters.
    pub name: String,
    /// The currency that prices, bounds and cash are in.
    pub quote: Symbol,
    /// Decimals of a quote unit: it is `10^-quote_decimals` of the currency.
    #[serde(default = "default_quote_decimals")]
    pub quote_decimals: u32,
    /// The common denominator of all rates.
    pub denominator: u32,
    /// Least confidence of a price, from 0 to 1: a market is not built from a
    /// price with less or with none stated.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub minimum_confidence: Option<Decimal>,
    /// How the rates of its `calibrated` instruments follow from the snapshot: such a
    /// model is a rule, and its digest does not change when the market does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// The rules, by instrument.
    #[serde(deserialize_with = "unique_map")]
    pub instruments: BTreeMap<Symbol, InstrumentRule>,
    /// The charges on options, by underlying.
    #[serde(default, deserialize_with = "unique_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<Symbol, OptionRule>,
}

fn default_quote_decimals() -> u32 {
    8
}

/// A checked margin model of the standard family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ModelSpec", into = "ModelSpec")]
pub struct StandardModel {
    spec: ModelSpec,
    denominator: Denominator,
}

impl StandardModel {
    /// Reads and checks a model.
    ///
    /// # Errors
    /// [`ModelError`]: with line and column for what is not the format, with
    /// the field's path for what breaks a rule.
    ///
    /// ```
    /// use zkmargin_params::model::StandardModel;
    /// let error = StandardModel::from_json(r#"{ "nme": "x" }"#).unwrap_err();
    /// assert!(error.to_string().contains("unknown field `nme`"));
    /// assert!(error.to_string().contains("line 1 column 7"));
    /// ```
    pub fn from_json(json: &str) -> Result<Self, ModelError> {
        if json.len() > MAX_MODEL_BYTES {
            return Err(ModelError::TooLarge { bytes: json.len() });
        }
        Self::new(serde_json::from_str(json)?)
    }

    /// Reads and checks a model in JSON, when the text begins with a brace, or
    /// in TOML.
    ///
    /// # Errors
    /// As [`StandardModel::from_json`]; TOML with the field's path too.
    ///
    /// ```
    /// use zkmargin_params::{model::StandardModel, presets};
    /// let toml = r#"
    ///     name = "one-coin"
    ///     quote = "USDC"
    ///     denominator = 100
    ///     [instruments.BTC]
    ///     kind = "perpetual"
    ///     lot_size = "0.001"
    ///     margin = { initial = [{ rate = "1/20" }], maintenance = [{ rate = "1/50" }] }
    /// "#;
    /// assert_eq!(StandardModel::from_text(toml)?.name(), "one-coin");
    /// let error = StandardModel::from_text(&toml.replace("rate", "rat")).unwrap_err().to_string();
    /// assert!(error.contains("instruments.BTC.margin.initial[0].rat: unknown field"), "{error}");
    /// # Ok::<(), zkmargin_params::model::ModelError>(())
    /// ```
    pub fn from_text(text: &str) -> Result<Self, ModelError> {
        match toml_text::is_json(text) {
            true => Self::from_json(text),
            false if text.len() > MAX_MODEL_BYTES => {
                Err(ModelError::TooLarge { bytes: text.len() })
            }
            false => Self::new(toml_text::read(text)?),
        }
    }

    /// Checks a model.
    ///
    /// # Errors
    /// [`ModelError::Field`] with the first field that breaks a rule.
    pub fn new(spec: ModelSpec) -> Result<Self, ModelError> {
        let field = ModelError::at;
        let name_fits = (1..=64).contains(&spec.name.len());
        if !name_fits || !spec.name.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(field("name", FieldProblem::Name));
        }
        if spec.quote_decimals > MAX_QUOTE_DECIMALS {
            return Err(field("quote_decimals", FieldProblem::QuoteDecimals));
        }
        let denominator = Denominator::new(spec.denominator)
            .map_err(|_| field("denominator", FieldProblem::Denominator))?;
        let unit_interval = Decimal::ZERO..=Decimal::ONE;
        if spec.minimum_confidence.is_some_and(|least| !unit_interval.contains(&least)) {
            return Err(field("minimum_confidence", FieldProblem::UnitInterval));
        }
        if spec.instruments.is_empty() && spec.options.is_empty() {
            return Err(field("instruments", FieldProblem::Empty));
        }
        if let Some(calibration) = &spec.calibration {
            calibration.check()?;
        }
        let model = Self { spec, denominator };
        let mut numbers = BTreeMap::new();
        for (symbol, rule) in &model.spec.instruments {
            let path = format!("instruments.{symbol}");
            rule.check_leverages(&path)?;
            let chosen = rule.leverages.iter().map(|chosen| symbol.at_leverage(*chosen));
            for listed in std::iter::once(symbol.clone()).chain(chosen) {
                // Also of two that no market prices together: a position in the one
                // would be margined as the other.
                if let Some(other) = numbers.insert(listed.instrument_id(), listed.clone()) {
                    let both = format!("instruments.{other} and instruments.{listed}");
                    return Err(ModelError::at(both, FieldProblem::SameInstrument));
                }
            }
            model.check_rule(symbol, rule, &path)?;
        }
        for (underlying, rule) in &model.spec.options {
            let path = format!("options.{underlying}");
            if model.calibration().is_some() {
                let problem = FieldProblem::NotAllowed("the rates of a calibration are its own");
                return Err(ModelError::at(path, problem));
            }
            rule.check(&path, model.quotation())?;
        }
        Ok(model)
    }

    /// The canonical JSON: fixed order of fields, instruments by symbol,
    /// decimals and rates in their shortest form, no white space.
    pub fn to_canonical_json(&self) -> String {
        // Maps with text keys, texts and integers: nothing here can fail.
        serde_json::to_string(&self.spec).unwrap_or_default()
    }

    /// Digest of the model and all its parameters: equal models have equal
    /// digests however their files are written.
    pub fn digest(&self) -> ModelDigest {
        ModelDigest::of(self.to_canonical_json().as_bytes())
    }

    /// The model's fields.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The quote currency.
    pub fn quote(&self) -> &Symbol {
        &self.spec.quote
    }

    /// Decimals of a quote unit.
    pub fn quote_decimals(&self) -> u32 {
        self.spec.quote_decimals
    }

    /// The denominator of the model's rates.
    pub fn denominator(&self) -> Denominator {
        self.denominator
    }

    /// The rules, by instrument.
    pub fn instruments(&self) -> &BTreeMap<Symbol, InstrumentRule> {
        &self.spec.instruments
    }

    /// The charges on options, by underlying.
    pub fn options(&self) -> &BTreeMap<Symbol, OptionRule> {
        &self.spec.options
    }

    /// How rates follow from a snapshot, where they do.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.spec.calibration.as_ref()
    }

    /// How money and rates become integers.
    pub(crate) fn quotation(&self) -> Quotation {
        Quotation { decimals: self.spec.quote_decimals, denominator: self.denominator }
    }
}

impl TryFrom<ModelSpec> for StandardModel {
    type Error = ModelError;

    fn try_from(spec: ModelSpec) -> Result<Self, ModelError> {
        Self::new(spec)
    }
}

impl From<StandardModel> for ModelSpec {
    fn from(model: StandardModel) -> Self {
        model.spec
    }
}

#[cfg(test)]
mod tests;
