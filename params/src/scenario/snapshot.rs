//! What a publisher posts of a scenario market for an epoch.
//!
//! ```json
//! {
//!   "timestamp": 1764921600,
//!   "source": "where the marks are from",
//!   "quote": "USD",
//!   "quote_decimals": 8,
//!   "lots": { "options": "0.1", "others": "0.0001", "instruments": { "BTC": "0.00000001" } },
//!   "market": { "underlying": "BTC", "spot": 92500.5, "instruments": {} }
//! }
//! ```
//!
//! `second`, where the set is of two underlyings, holds `lots` and `market` of the other
//! one. `market` is a [`ScenarioMarket`], `calibration` what a calibrated set reads, by
//! symbol of both ([`Inputs`]). `lots` are in units of the underlying or of
//! the collateral: one size for all options, as they net against each other, one
//! for everything else, and others by symbol. Positions are whole lots, fewer
//! than 2^32.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{ModelDigest, Timestamp};

use crate::calibration::inputs::Inputs;
use crate::decimal::{canonical, text};
use crate::model::MAX_QUOTE_DECIMALS;
use crate::scenario::error::{Problem, ScenarioError, read_json};
use crate::scenario::market::{Instrument, ScenarioMarket};
use crate::symbol::{Symbol, unique_map};

/// Most decimals of a lot size.
const MAX_LOT_DECIMALS: u32 = 18;
/// Seconds that the markets of two underlyings may be apart.
pub const MAX_APART: u64 = 60;
/// Largest lot size.
const MAX_LOT: u64 = 1_000_000_000_000;

/// The fields of a snapshot's JSON, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotSpec {
    /// When the marks were taken.
    pub timestamp: Timestamp,
    /// Where they are from: up to 512 characters.
    #[serde(default)]
    pub source: String,
    /// The currency that prices and cash are in.
    pub quote: Symbol,
    /// Decimals of a quote unit: it is `10^-quote_decimals` of the currency.
    #[serde(default = "default_quote_decimals")]
    pub quote_decimals: u32,
    /// What a lot is.
    pub lots: LotSizes,
    /// The marks.
    pub market: ScenarioMarket,
    /// The market of a second underlying, for a set that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondMarket>,
    /// What the numbers of a calibrated set follow from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Inputs>,
}

/// The market of a second underlying: of the same time, in the same currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondMarket {
    /// What a lot is.
    pub lots: LotSizes,
    /// The marks.
    pub market: ScenarioMarket,
}

/// Units in a lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LotSizes {
    /// Of every option, and of every contract with a risk array.
    #[serde(with = "text")]
    pub options: Decimal,
    /// Of everything else.
    #[serde(with = "text")]
    pub others: Decimal,
    /// Of single instruments that are no options.
    #[serde(default, deserialize_with = "unique_map", skip_serializing_if = "BTreeMap::is_empty")]
    pub instruments: BTreeMap<Symbol, LotSize>,
}

/// Units in a lot of one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LotSize(#[serde(with = "text")] pub Decimal);

fn default_quote_decimals() -> u32 {
    8
}

/// A checked snapshot of the scenario family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SnapshotSpec", into = "SnapshotSpec")]
pub struct ScenarioSnapshot {
    spec: SnapshotSpec,
}

impl ScenarioSnapshot {
    /// Reads and checks a snapshot.
    ///
    /// # Errors
    /// When the text is too large or not the format, or a field breaks a rule.
    pub fn from_json(json: &str) -> Result<Self, ScenarioError> {
        Self::new(read_json(json, "scenario snapshot")?)
    }

    /// Checks a snapshot; its decimals become canonical.
    ///
    /// # Errors
    /// [`ScenarioError::Field`] with the first field that breaks a rule.
    pub fn new(mut spec: SnapshotSpec) -> Result<Self, ScenarioError> {
        if spec.source.chars().count() > 512 || spec.source.chars().any(char::is_control) {
            return Err(ScenarioError::at("source", Problem::Source));
        }
        if spec.quote_decimals > MAX_QUOTE_DECIMALS {
            return Err(ScenarioError::at("quote_decimals", Problem::QuoteDecimals));
        }
        check_lots(&mut spec.lots, &spec.market)?;
        if let Some(second) = &mut spec.second {
            check_lots(&mut second.lots, &second.market).map_err(|error| error.within("second"))?;
            let (first, second) = (spec.market.spec(), second.market.spec());
            if first.underlying == second.underlying {
                let problem = Problem::SameUnderlying(first.underlying.clone());
                return Err(ScenarioError::at("second.market.underlying", problem));
            }
            let twice = |symbol: &&Symbol| first.instruments.contains_key(*symbol);
            if let Some(symbol) = second.instruments.keys().find(twice) {
                let path = format!("second.market.instruments.{symbol}");
                return Err(ScenarioError::at(path, Problem::ListedByFirst));
            }
        }
        if let Some(inputs) = &spec.calibration {
            inputs.check()?;
        }
        Ok(Self { spec })
    }

    /// The same with what a calibrated set reads.
    ///
    /// # Errors
    /// When a field of it is out of range.
    pub fn with_calibration(self, inputs: Inputs) -> Result<Self, ScenarioError> {
        Self::new(SnapshotSpec { calibration: Some(inputs), ..self.spec })
    }

    /// The digest that `MARKET_ROOT` binds of a snapshot that keeps what a calibrated set
    /// reads; none of another. It is of the JSON without white space, after a line that
    /// says so.
    pub fn digest(&self) -> Option<ModelDigest> {
        self.spec.calibration.as_ref()?;
        // Maps with text keys, texts and finite numbers: nothing here can fail.
        let json = serde_json::to_string(self).unwrap_or_default();
        Some(ModelDigest::of(format!("zkmargin scenario snapshot 1\n{json}").as_bytes()))
    }

    /// The market of the second underlying alone, where there is one.
    pub fn second(&self) -> Option<Self> {
        let SecondMarket { lots, market } = self.spec.second.clone()?;
        let spec = SnapshotSpec {
            timestamp: self.spec.timestamp,
            source: self.spec.source.clone(),
            quote: self.spec.quote.clone(),
            quote_decimals: self.spec.quote_decimals,
            lots,
            market,
            second: None,
            calibration: None,
        };
        Some(Self { spec })
    }

    /// The same with the market of another snapshot as that of a second underlying.
    ///
    /// # Errors
    /// When that one is more than [`MAX_APART`] seconds from it, of another currency, has
    /// two itself or keeps what a calibrated set reads; and when both markets list one
    /// symbol. The time of both is the older one, their quote unit the coarser one: what
    /// fits a row in a finer unit fits in it.
    pub fn with_second(self, second: Self) -> Result<Self, ScenarioError> {
        let SnapshotSpec { timestamp, quote, quote_decimals, lots, market, .. } = second.spec;
        let (one, other) = (timestamp.get(), self.spec.timestamp.get());
        for (path, same) in [
            ("second.timestamp", one.abs_diff(other) <= MAX_APART),
            ("second.quote", quote == self.spec.quote),
        ] {
            if !same {
                return Err(ScenarioError::at(path, Problem::NotOfFirst));
            }
        }
        if second.spec.second.is_some() || self.spec.second.is_some() {
            return Err(ScenarioError::at("second.second", Problem::NotWithSecond));
        }
        if second.spec.calibration.is_some() {
            return Err(ScenarioError::at("second.calibration", Problem::SecondObserved));
        }
        let second = Some(SecondMarket { lots, market });
        let timestamp = timestamp.min(self.spec.timestamp);
        let quote_decimals = quote_decimals.min(self.spec.quote_decimals);
        Self::new(SnapshotSpec { timestamp, quote_decimals, second, ..self.spec })
    }

    /// The fields.
    pub fn spec(&self) -> &SnapshotSpec {
        &self.spec
    }

    /// The snapshot as indented JSON.
    pub fn to_json(&self) -> String {
        // Maps with text keys, texts and finite numbers: nothing here can fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Units in a lot of an instrument that is no option.
    pub fn linear_lot(&self, symbol: &Symbol) -> Decimal {
        let lots = &self.spec.lots;
        lots.instruments.get(symbol).map_or(lots.others, |LotSize(lot)| *lot)
    }

    /// The same with another market: a shocked one.
    ///
    /// # Errors
    /// When a lot is of an instrument that it does not list.
    pub fn with_market(&self, market: ScenarioMarket) -> Result<Self, ScenarioError> {
        Self::new(SnapshotSpec { market, ..self.spec.clone() })
    }
}

/// Checks lot sizes, which become canonical.
fn check_lots(lots: &mut LotSizes, market: &ScenarioMarket) -> Result<(), ScenarioError> {
    let LotSizes { options, others, instruments } = lots;
    for (path, lot) in [("lots.options", options), ("lots.others", others)] {
        *lot = checked(path, *lot)?;
    }
    for (symbol, LotSize(lot)) in instruments {
        let path = format!("lots.instruments.{symbol}");
        *lot = checked(&path, *lot)?;
        let problem = match market.spec().instruments.get(symbol) {
            None => Problem::NotListed,
            Some(Instrument::Option { .. } | Instrument::Array { .. }) => Problem::OptionLot,
            Some(_) => continue,
        };
        return Err(ScenarioError::at(path, problem));
    }
    Ok(())
}

fn checked(path: &str, lot: Decimal) -> Result<Decimal, ScenarioError> {
    let lot = canonical(lot);
    let fits = lot > Decimal::ZERO && lot <= Decimal::from(MAX_LOT);
    match fits && lot.scale() <= MAX_LOT_DECIMALS {
        true => Ok(lot),
        false => Err(ScenarioError::at(path, Problem::LotSize)),
    }
}

impl TryFrom<SnapshotSpec> for ScenarioSnapshot {
    type Error = ScenarioError;

    fn try_from(spec: SnapshotSpec) -> Result<Self, ScenarioError> {
        Self::new(spec)
    }
}

impl From<ScenarioSnapshot> for SnapshotSpec {
    fn from(snapshot: ScenarioSnapshot) -> Self {
        snapshot.spec
    }
}
