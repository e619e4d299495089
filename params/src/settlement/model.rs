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

use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::ModelDigest;

use crate::decimal::text;
use crate::model::MAX_QUOTE_DECIMALS;
use crate::option_margin;
use crate::scenario::MAX_FILE_BYTES;
use crate::settlement::error::SettlementError;
use crate::settlement::ids::underlying_code;
use crate::settlement::snapshot::MAX_UNDERLYINGS;
use crate::symbol::{Symbol, unique_map};
use crate::toml_text;

/// What is read, in errors.
const WHAT: &str = "settlement model";
/// Most decimals of a parameter.
const MAX_PARAMETER_DECIMALS: u32 = 9;
/// Most decimals of a lot size.
const MAX_LOT_DECIMALS: u32 = 18;
/// Largest lot size.
const MAX_LOT: u64 = 1_000_000_000_000;

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

/// What is charged on one underlying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnderlyingRule {
    /// What a lot is.
    pub lots: LotSizes,
    /// Of options.
    pub options: OptionCharges,
    /// Of perpetuals.
    pub perpetual: PerpetualCharges,
    /// Of coins.
    pub collateral: CollateralWeights,
    /// Of oracles that are not sure.
    pub contingency: Contingency,
    /// Of a stable coin off its peg.
    pub depeg: Depeg,
}

/// Coins in a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LotSizes {
    /// Of every option.
    #[serde(with = "text")]
    pub options: Decimal,
    /// Of perpetuals.
    #[serde(with = "text")]
    pub perpetuals: Decimal,
    /// Of coins held as collateral.
    #[serde(with = "text")]
    pub collateral: Decimal,
}

/// Charges on short options: fractions of spot but where it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionCharges {
    /// Initial margin at or in the money; it falls by how far out the strike is.
    #[serde(with = "text")]
    pub itm: Decimal,
    /// Below this it does not fall.
    #[serde(with = "text")]
    pub least: Decimal,
    /// Maintenance margin of calls.
    #[serde(with = "text")]
    pub maintenance_call: Decimal,
    /// Maintenance margin of puts.
    #[serde(with = "text")]
    pub maintenance_put: Decimal,
    /// The same as a fraction of the mark: the larger of the two.
    #[serde(with = "text")]
    pub maintenance_put_mark: Decimal,
    /// A put's initial margin is at least this multiple of its maintenance margin.
    #[serde(with = "text")]
    pub put_offset: Decimal,
    /// Maintenance margin of a short call that no call covers, of the forward.
    #[serde(with = "text")]
    pub unpaired_maintenance: Decimal,
    /// Initial margin of the same.
    #[serde(with = "text")]
    pub unpaired_initial: Decimal,
}

/// Charges on perpetuals: fractions of notional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerpetualCharges {
    /// Maintenance margin.
    #[serde(with = "text")]
    pub maintenance: Decimal,
    /// Initial margin.
    #[serde(with = "text")]
    pub initial: Decimal,
}

/// What coins count for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralWeights {
    /// A coin's part of its value.
    #[serde(with = "text")]
    pub counts: Decimal,
    /// What of that counts for initial margin.
    #[serde(with = "text")]
    pub initial: Decimal,
}

/// Below a threshold of confidence, `(1 - confidence) factor S` is charged on each coin,
/// for initial margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contingency {
    /// Threshold for perpetuals.
    #[serde(with = "text")]
    pub perpetual: Decimal,
    /// Threshold for short options.
    #[serde(with = "text")]
    pub option: Decimal,
    /// Threshold for collateral.
    #[serde(with = "text")]
    pub collateral: Decimal,
    /// The factor.
    #[serde(with = "text")]
    pub factor: Decimal,
}

/// Below the threshold, `(threshold - price) factor S` is charged on each coin of
/// perpetuals and short options, for initial margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Depeg {
    /// Of the stable coin's price.
    #[serde(with = "text")]
    pub threshold: Decimal,
    /// The factor.
    #[serde(with = "text")]
    pub factor: Decimal,
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

/// A parameter: its name, its value, and the least and the most that are allowed.
type Parameter = (&'static str, Decimal, [&'static str; 2]);

impl UnderlyingRule {
    /// The same in floating point, for the rule itself.
    pub fn parameters(&self) -> option_margin::Parameters {
        // The nearest number: every decimal has one.
        let number = |decimal: Decimal| decimal.to_string().parse().unwrap_or(f64::NAN);
        let (options, contingency) = (&self.options, &self.contingency);
        option_margin::Parameters {
            options: option_margin::OptionCharges {
                itm: number(options.itm),
                least: number(options.least),
                maintenance_call: number(options.maintenance_call),
                maintenance_put: number(options.maintenance_put),
                maintenance_put_mark: number(options.maintenance_put_mark),
                put_offset: number(options.put_offset),
                bounded: true,
                unpaired_maintenance: number(options.unpaired_maintenance),
                unpaired_initial: number(options.unpaired_initial),
            },
            perpetual: option_margin::PerpetualCharges {
                maintenance: number(self.perpetual.maintenance),
                initial: number(self.perpetual.initial),
            },
            collateral: number(self.collateral.counts),
            collateral_initial: number(self.collateral.initial),
            contingency: option_margin::Contingency {
                perpetual: number(contingency.perpetual),
                option: number(contingency.option),
                collateral: number(contingency.collateral),
                factor: number(contingency.factor),
            },
            depeg: option_margin::Depeg {
                threshold: number(self.depeg.threshold),
                factor: number(self.depeg.factor),
            },
        }
    }

    /// Every parameter with its range.
    fn all(&self) -> [Parameter; 18] {
        const PART: [&str; 2] = ["0", "1"];
        const RATE: [&str; 2] = ["0", "100"];
        let OptionCharges { itm, least, maintenance_call, maintenance_put, .. } = self.options;
        let options = &self.options;
        let contingency = &self.contingency;
        [
            ("options.itm", itm, RATE),
            ("options.least", least, RATE),
            ("options.maintenance_call", maintenance_call, RATE),
            ("options.maintenance_put", maintenance_put, RATE),
            ("options.maintenance_put_mark", options.maintenance_put_mark, RATE),
            ("options.put_offset", options.put_offset, ["1", "100"]),
            ("options.unpaired_maintenance", options.unpaired_maintenance, RATE),
            ("options.unpaired_initial", options.unpaired_initial, RATE),
            ("perpetual.maintenance", self.perpetual.maintenance, RATE),
            ("perpetual.initial", self.perpetual.initial, RATE),
            ("collateral.counts", self.collateral.counts, PART),
            ("collateral.initial", self.collateral.initial, PART),
            ("contingency.perpetual", contingency.perpetual, PART),
            ("contingency.option", contingency.option, PART),
            ("contingency.collateral", contingency.collateral, PART),
            ("contingency.factor", contingency.factor, RATE),
            ("depeg.threshold", self.depeg.threshold, RATE),
            ("depeg.factor", self.depeg.factor, RATE),
        ]
    }

    fn check(&self, symbol: &Symbol) -> Result<(), SettlementError> {
        for (name, value, [least, most]) in self.all() {
            let bound = |text| crate::decimal::parse_decimal(text).unwrap_or_default();
            let fits = (bound(least)..=bound(most)).contains(&value);
            if !fits || value.normalize().scale() > MAX_PARAMETER_DECIMALS {
                let (field, value) = (format!("underlyings.{symbol}.{name}"), value.to_string());
                return Err(SettlementError::Parameter { field, value, least, most });
            }
        }
        self.check_levels(symbol)?;
        let LotSizes { options, perpetuals, collateral } = self.lots;
        for (name, lot) in
            [("options", options), ("perpetuals", perpetuals), ("collateral", collateral)]
        {
            let fits = lot > Decimal::ZERO && lot <= Decimal::from(MAX_LOT);
            if !fits || lot.normalize().scale() > MAX_LOT_DECIMALS {
                let field = format!("underlyings.{symbol}.lots.{name}");
                return Err(SettlementError::LotSize { field });
            }
        }
        Ok(())
    }

    /// Whoever meets a level meets the lower ones: the engine of margin calls relies on it.
    fn check_levels(&self, symbol: &Symbol) -> Result<(), SettlementError> {
        let OptionCharges { itm, least, maintenance_call, .. } = self.options;
        let OptionCharges { unpaired_maintenance, unpaired_initial, .. } = self.options;
        let PerpetualCharges { maintenance, initial } = self.perpetual;
        let orders = [
            ("options.itm", itm, "options.least", least),
            ("options.least", least, "options.maintenance_call", maintenance_call),
            ("perpetual.initial", initial, "perpetual.maintenance", maintenance),
            (
                "options.unpaired_initial",
                unpaired_initial,
                "options.unpaired_maintenance",
                unpaired_maintenance,
            ),
        ];
        match orders.into_iter().find(|(_, larger, _, lower)| larger < lower) {
            Some((larger, _, lower, _)) => {
                Err(SettlementError::LevelOrder { underlying: symbol.clone(), larger, lower })
            }
            None => Ok(()),
        }
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
