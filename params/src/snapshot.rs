//! Market snapshots: what an oracle publishes for an epoch.
//!
//! ```json
//! {
//!   "timestamp": 1679940322,
//!   "source": "where the prices are from",
//!   "quote": "USDC",
//!   "prices": {
//!     "BTC": { "price": "26961.2", "confidence": "0.999", "open_interest": "1200.5" }
//!   }
//! }
//! ```
//!
//! Prices are decimal texts in the quote currency per coin; `confidence` (from 0
//! to 1) and `open_interest` (coins) may be absent. `reports` may keep what oracles
//! signed, so that the prices can be checked: texts that nothing here reads.
//! `calibration` is what rates of a calibrated model follow from:
//! [`calibration::inputs`](crate::calibration::inputs). `options` are those that a model may
//! have charges for ([`OptionPoint`]), by symbol:
//!
//! ```json
//! { "BTC-26DEC25-90000-C": { "underlying": "BTC", "option_type": "call",
//!                            "expiry": 1766736000, "strike": "90000", "mark": "5395.21" } }
//! ```

mod options;

use std::collections::BTreeMap;

pub use options::OptionPoint;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{ModelDigest, Timestamp};

use crate::calibration::CalibrationError;
use crate::calibration::inputs::Inputs;
use crate::decimal::{canonical, parse_decimal};
use crate::symbol::{Symbol, unique_map};

/// Largest accepted snapshot file, in bytes.
pub const MAX_SNAPSHOT_BYTES: usize = 4 << 20;
/// Most decimals of a price.
pub const MAX_PRICE_DECIMALS: u32 = 18;
/// Prices are at most `10^MAX_PRICE_DIGITS`.
pub const MAX_PRICE_DIGITS: u32 = 15;
/// Timestamps are below this: seconds reach it in the year 5138, milliseconds
/// did in 1973.
pub const TIMESTAMP_BOUND: u64 = 100_000_000_000;

/// A price and what is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricePoint {
    /// Quote currency per coin.
    pub price: Decimal,
    /// How sure the source is, from 0 to 1.
    pub confidence: Option<Decimal>,
    /// Open interest, in coins.
    pub open_interest: Option<Decimal>,
}

/// A checked snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SnapshotFile", into = "SnapshotFile")]
pub struct Snapshot {
    timestamp: Timestamp,
    source: String,
    quote: Symbol,
    prices: BTreeMap<Symbol, PricePoint>,
    reports: Vec<String>,
    calibration: Option<Inputs>,
    options: BTreeMap<Symbol, OptionPoint>,
}

/// Why a snapshot is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file is larger than [`MAX_SNAPSHOT_BYTES`].
    #[error("the snapshot has {bytes} bytes: allowed are {MAX_SNAPSHOT_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the format: the message names line and column.
    #[error("not a market snapshot: {0}")]
    Json(#[from] serde_json::Error),
    /// A time that cannot be one in seconds.
    #[error(
        "timestamp: {0} is refused: allowed are whole seconds since 1970, below 10^11; milliseconds \
         are a thousand times too large"
    )]
    Timestamp(u64),
    /// What rates are calibrated from is out of range.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// No price at all.
    #[error("prices: at least one price is needed")]
    Empty,
    /// A source that is too long or has control characters.
    #[error("source: allowed are up to 512 characters without control characters")]
    Source,
    /// A price out of range, not finite or too precise.
    #[error(
        "prices.{symbol}.price: {given:?} is refused: allowed are decimals above 0 and at most \
         10^{MAX_PRICE_DIGITS}, with at most {MAX_PRICE_DECIMALS} decimals"
    )]
    Price {
        /// The symbol.
        symbol: Symbol,
        /// What was given, cut to 40 characters.
        given: String,
    },
    /// A confidence outside 0 to 1.
    #[error("prices.{symbol}.confidence: {given:?} is refused: allowed are decimals from 0 to 1")]
    Confidence {
        /// The symbol.
        symbol: Symbol,
        /// What was given, cut to 40 characters.
        given: String,
    },
    /// A field of an option out of range.
    #[error(
        "options.{symbol}.{field}: {given:?} is refused: allowed are decimals, a strike above 0 and \
         a mark from 0 to 10^{MAX_PRICE_DIGITS}, with at most {MAX_PRICE_DECIMALS} decimals, and an \
         expiry in seconds"
    )]
    Option {
        /// The option.
        symbol: Symbol,
        /// The field.
        field: &'static str,
        /// What was given.
        given: String,
    },
    /// A symbol that is an option's and has a price.
    #[error("options.{0}: it is among the prices")]
    OptionPriced(Symbol),
    /// An option chain that makes no snapshot of a standard market.
    #[error("the option chain: {0}")]
    Chain(&'static str),
    /// A negative or too large open interest.
    #[error(
        "prices.{symbol}.open_interest: {given:?} is refused: allowed are decimals from 0 to \
         10^18, with at most {MAX_PRICE_DECIMALS} decimals"
    )]
    OpenInterest {
        /// The symbol.
        symbol: Symbol,
        /// What was given, cut to 40 characters.
        given: String,
    },
}

impl Snapshot {
    /// Reads and checks a snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`]: with line and column for what is not the format, with
    /// the symbol and the allowed values for a price that is refused.
    ///
    /// ```
    /// use zkmargin_params::snapshot::Snapshot;
    /// let json = r#"{"timestamp": 1, "source": "x", "quote": "USDC",
    ///                "prices": {"BTC": {"price": "-1"}}}"#;
    /// let error = Snapshot::from_json(json).unwrap_err().to_string();
    /// assert!(error.starts_with("prices.BTC.price: \"-1\" is refused: allowed are"));
    /// ```
    pub fn from_json(json: &str) -> Result<Self, SnapshotError> {
        if json.len() > MAX_SNAPSHOT_BYTES {
            return Err(SnapshotError::TooLarge { bytes: json.len() });
        }
        serde_json::from_str::<SnapshotFile>(json)?.try_into()
    }

    /// Checks a snapshot.
    ///
    /// # Errors
    /// As [`Snapshot::from_json`], the JSON's own errors excepted.
    pub fn new(
        timestamp: Timestamp,
        source: &str,
        quote: Symbol,
        prices: BTreeMap<Symbol, PricePoint>,
    ) -> Result<Self, SnapshotError> {
        let source = source.to_owned();
        let (reports, calibration, options) = (Vec::new(), None, BTreeMap::new());
        let mut snapshot = Self { timestamp, source, quote, prices, reports, calibration, options };
        snapshot.check()?;
        Ok(snapshot)
    }

    fn check(&mut self) -> Result<(), SnapshotError> {
        if self.source.chars().count() > 512 || self.source.chars().any(char::is_control) {
            return Err(SnapshotError::Source);
        }
        if self.prices.is_empty() {
            return Err(SnapshotError::Empty);
        }
        if self.timestamp.get() >= TIMESTAMP_BOUND {
            return Err(SnapshotError::Timestamp(self.timestamp.get()));
        }
        for (symbol, point) in &mut self.prices {
            *point = PricePoint {
                price: canonical(point.price),
                confidence: point.confidence.map(canonical),
                open_interest: point.open_interest.map(canonical),
            };
            check_point(symbol, point)?;
        }
        Ok(())
    }

    /// When the prices were taken.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Where the prices are from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The currency of the prices.
    pub fn quote(&self) -> &Symbol {
        &self.quote
    }

    /// The prices, by symbol.
    pub fn prices(&self) -> &BTreeMap<Symbol, PricePoint> {
        &self.prices
    }

    /// The signed reports that the prices are from, where they were kept.
    pub fn reports(&self) -> &[String] {
        &self.reports
    }

    /// Keeps the signed reports that the prices are from.
    #[must_use]
    pub fn with_reports(self, reports: Vec<String>) -> Self {
        Self { reports, ..self }
    }

    /// What rates are calibrated from, where it is kept.
    pub fn calibration(&self) -> Option<&Inputs> {
        self.calibration.as_ref()
    }

    /// Keeps what rates are calibrated from.
    ///
    /// # Errors
    /// When a field of it is out of range.
    pub fn with_calibration(self, inputs: Inputs) -> Result<Self, SnapshotError> {
        inputs.check()?;
        Ok(Self { calibration: Some(inputs), ..self })
    }

    /// The options, by symbol.
    pub fn options(&self) -> &BTreeMap<Symbol, OptionPoint> {
        &self.options
    }

    /// Adds options.
    ///
    /// # Errors
    /// When a field of one is out of range, or one is among the prices.
    pub fn with_options(
        self,
        mut options: BTreeMap<Symbol, OptionPoint>,
    ) -> Result<Self, SnapshotError> {
        for (symbol, option) in &mut options {
            option.check(symbol)?;
            if self.prices.contains_key(symbol) {
                return Err(SnapshotError::OptionPriced(symbol.clone()));
            }
        }
        Ok(Self { options, ..self })
    }

    /// The digest that `MARKET_ROOT` binds of a snapshot that keeps more than prices,
    /// signed reports, what rates are calibrated from or options; none of another. It is
    /// of the canonical JSON without white space, after a line that says so.
    pub fn digest(&self) -> Option<ModelDigest> {
        if self.reports.is_empty() && self.calibration.is_none() && self.options.is_empty() {
            return None;
        }
        // Maps with text keys, texts and finite numbers: nothing here can fail.
        let json = serde_json::to_string(self).unwrap_or_default();
        Some(ModelDigest::of(format!("zkmargin snapshot 1\n{json}").as_bytes()))
    }

    /// The snapshot as indented JSON, decimals in their shortest form.
    pub fn to_json(&self) -> String {
        // Maps with text keys, texts and integers: nothing here can fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// Checks a price; its decimals are canonical.
pub(crate) fn check_point(symbol: &Symbol, point: &PricePoint) -> Result<(), SnapshotError> {
    let power = |digits: u32| 10i64.checked_pow(digits).map_or(Decimal::MAX, Decimal::from);
    let precise = |d: Decimal| canonical(d).scale() > MAX_PRICE_DECIMALS;
    let symbol = || symbol.clone();
    let price = point.price;
    if price <= Decimal::ZERO || price > power(MAX_PRICE_DIGITS) || precise(price) {
        return Err(SnapshotError::Price { symbol: symbol(), given: price.to_string() });
    }
    let outside = |d: &Decimal| !(Decimal::ZERO..=Decimal::ONE).contains(d);
    if let Some(confidence) = point.confidence.filter(outside) {
        let given = confidence.to_string();
        return Err(SnapshotError::Confidence { symbol: symbol(), given });
    }
    let outside = |d: &Decimal| !(Decimal::ZERO..=power(18)).contains(d) || precise(*d);
    if let Some(interest) = point.open_interest.filter(outside) {
        let given = interest.to_string();
        return Err(SnapshotError::OpenInterest { symbol: symbol(), given });
    }
    Ok(())
}

/// The JSON form.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnapshotFile {
    timestamp: Timestamp,
    source: String,
    quote: Symbol,
    #[serde(deserialize_with = "unique_map")]
    prices: BTreeMap<Symbol, PriceEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reports: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calibration: Option<Inputs>,
    #[serde(default, deserialize_with = "unique_map", skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<Symbol, OptionPoint>,
}

/// A price in the JSON form.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceEntry {
    price: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confidence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    open_interest: Option<String>,
}

impl TryFrom<SnapshotFile> for Snapshot {
    type Error = SnapshotError;

    fn try_from(file: SnapshotFile) -> Result<Self, SnapshotError> {
        let cut = |text: &str| text.chars().take(40).collect::<String>();
        let mut prices = BTreeMap::new();
        for (symbol, entry) in file.prices {
            let price = parse_decimal(&entry.price).map_err(|_| SnapshotError::Price {
                symbol: symbol.clone(),
                given: cut(&entry.price),
            })?;
            let optional = |text: &Option<String>| text.as_deref().map(parse_decimal).transpose();
            let confidence =
                optional(&entry.confidence).map_err(|_| SnapshotError::Confidence {
                    symbol: symbol.clone(),
                    given: cut(entry.confidence.as_deref().unwrap_or_default()),
                })?;
            let open_interest =
                optional(&entry.open_interest).map_err(|_| SnapshotError::OpenInterest {
                    symbol: symbol.clone(),
                    given: cut(entry.open_interest.as_deref().unwrap_or_default()),
                })?;
            prices.insert(symbol, PricePoint { price, confidence, open_interest });
        }
        let snapshot = Self::new(file.timestamp, &file.source, file.quote, prices)?;
        let snapshot = snapshot.with_reports(file.reports).with_options(file.options)?;
        match file.calibration {
            Some(inputs) => snapshot.with_calibration(inputs),
            None => Ok(snapshot),
        }
    }
}

impl From<Snapshot> for SnapshotFile {
    fn from(snapshot: Snapshot) -> Self {
        let entry = |point: PricePoint| PriceEntry {
            price: point.price.to_string(),
            confidence: point.confidence.map(|d| d.to_string()),
            open_interest: point.open_interest.map(|d| d.to_string()),
        };
        Self {
            timestamp: snapshot.timestamp,
            source: snapshot.source,
            quote: snapshot.quote,
            prices: snapshot.prices.into_iter().map(|(s, point)| (s, entry(point))).collect(),
            reports: snapshot.reports,
            calibration: snapshot.calibration,
            options: snapshot.options,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entry: &str) -> Result<Snapshot, SnapshotError> {
        let json = format!(
            r#"{{"timestamp": 1, "source": "x", "quote": "USDC", "prices": {{"BTC": {entry}}}}}"#
        );
        Snapshot::from_json(&json)
    }

    #[test]
    fn hostile_prices_are_refused_by_name() {
        let digits = "9".repeat(29);
        let fine = "0.0000000000000000001";
        for price in [
            "NaN",
            "Infinity",
            "-inf",
            "1e400",
            "1e5",
            "0",
            "-0",
            "0.000",
            "-1",
            "",
            " 1",
            "1,5",
            "1000000000000001",
            fine,
            &digits,
        ] {
            let error = read(&format!(r#"{{"price": "{price}"}}"#)).unwrap_err().to_string();
            assert!(error.starts_with("prices.BTC.price: "), "{price}: {error}");
            assert!(error.contains("allowed are decimals above 0"), "{price}: {error}");
        }
        for price in ["1000000000000000", "0.000000000000000001", "26961.200"] {
            assert!(read(&format!(r#"{{"price": "{price}"}}"#)).is_ok(), "{price}");
        }
        // Numbers are no texts, whatever their value.
        for number in ["1.5", "1e400", "-1", "null", "NaN"] {
            let error = read(&format!(r#"{{"price": {number}}}"#)).unwrap_err();
            assert!(matches!(error, SnapshotError::Json(_)), "{number}");
            assert!(error.to_string().contains("line 1 column"), "{error}");
        }
    }

    #[test]
    fn other_fields_are_checked_too() {
        let refused = |entry: &str| read(entry).unwrap_err().to_string();
        let message = refused(r#"{"price": "1", "confidence": "1.01"}"#);
        assert!(message.starts_with("prices.BTC.confidence: \"1.01\""), "{message}");
        let message = refused(r#"{"price": "1", "open_interest": "-1"}"#);
        assert!(message.starts_with("prices.BTC.open_interest: \"-1\""), "{message}");
        assert!(refused(r#"{"price": "1", "prize": "1"}"#).contains("unknown field `prize`"));
        assert!(refused(r#"{"price": "1"}, "BTC": {"price": "2"}"#).contains("BTC stands twice"));
        assert!(refused(r#"{"price": "1"}, "B C": {"price": "2"}"#).contains("not a symbol"));
        let large = " ".repeat(MAX_SNAPSHOT_BYTES + 1);
        assert!(matches!(Snapshot::from_json(&large), Err(SnapshotError::TooLarge { .. })));
        let empty = r#"{"timestamp": 1, "source": "x", "quote": "USDC", "prices": {}}"#;
        assert!(matches!(Snapshot::from_json(empty), Err(SnapshotError::Empty)));
        let source = r#"{"timestamp":1,"source":"\u001b[31m","quote":"USDC","prices":{}}"#;
        assert!(matches!(Snapshot::from_json(source), Err(SnapshotError::Source)));
    }

    #[test]
    fn snapshots_round_trip_in_canonical_form() {
        let entry = r#"{"price": "1.50", "confidence": "0.990", "open_interest": "10.0"}"#;
        let snapshot = read(entry).unwrap();
        let json = snapshot.to_json();
        assert!(json.contains(r#""price": "1.5""#) && json.contains(r#""confidence": "0.99""#));
        assert_eq!(Snapshot::from_json(&json).unwrap(), snapshot);
    }
}
