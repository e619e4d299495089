//! The public market of the scenario family: feeds and listed instruments.
//!
//! ```json
//! {
//!   "underlying": "BTC",
//!   "spot": 92500.5,
//!   "spot_confidence": 1,
//!   "stable_price": 1,
//!   "feeds": [
//!     { "expiry_seconds": 604800, "forward": 92700, "rate": 0.05 }
//!   ],
//!   "instruments": {
//!     "BTC-12DEC25-90000-C": {
//!       "kind": "option", "expiry_seconds": 604800, "strike": 90000,
//!       "option_type": "call", "mark_vol": 0.45
//!     },
//!     "BTC-12DEC25": { "kind": "future", "expiry_seconds": 604800 },
//!     "BTC-PERPETUAL": { "kind": "perpetual", "price": 92510 },
//!     "BTC": { "kind": "collateral", "price": 92500.5 }
//!   }
//! }
//! ```
//!
//! Prices are in USD, rates and volatilities fractions per year, confidences
//! from 0 to 1 and 1 where absent. An option and a future need a feed of their
//! `expiry_seconds`.
//!
//! A set with `imported_arrays` takes risk arrays as a clearing house publishes them,
//! with losses negative, and nothing else:
//!
//! ```json
//! { "kind": "array", "mark": 12.5,
//!   "values": [0, 0, 3330, 3330, -3330, -3330, 6670, 6670,
//!              -6670, -6670, 10000, 10000, -10000, -10000, 7000, -7000],
//!   "expiry_seconds": 604800, "delta": 0.6, "is_option": true }
//! ```
//!
//! With such arrays stands what else the clearing house charges: `"array_charges": {
//! "spread": 200, "short_option": 50 }`. Where spreads are charged every contract says its
//! `delta` and its month, `expiry_seconds`, of which there is a feed; where short options
//! are, whether it is one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::scenario::black76::OptionType;
use crate::scenario::error::{Problem, ScenarioError, counted, read_json, within};
use crate::scenario::parameters::ScenarioModel;
use crate::scenario::shock::Expiry;
use crate::span::SCENARIOS;
use crate::symbol::{Symbol, unique_map};

/// Most instruments of a market.
pub const MAX_INSTRUMENTS: usize = 20_000;
/// Most feeds of a market.
pub const MAX_FEEDS: usize = 256;
/// Longest time to expiry: 50 years.
pub const MAX_EXPIRY_SECONDS: u64 = 50 * 31_536_000;

/// Prices, strikes and forwards.
const PRICE: std::ops::RangeInclusive<f64> = 1e-12..=1e15;
const CONFIDENCE: std::ops::RangeInclusive<f64> = 0.0..=1.0;

/// The fields of a market's JSON, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketSpec {
    /// What options and futures are on.
    pub underlying: Symbol,
    /// Price of the underlying.
    pub spot: f64,
    /// Confidence in spot.
    #[serde(default = "one")]
    pub spot_confidence: f64,
    /// Price of the stablecoin that cash and premiums are in.
    #[serde(default = "one")]
    pub stable_price: f64,
    /// What is charged beside the scanning loss of risk arrays; absent, nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub array_charges: Option<ArrayCharges>,
    /// One for each expiry.
    #[serde(default)]
    pub feeds: Vec<ExpiryFeed>,
    /// The instruments, by symbol.
    #[serde(deserialize_with = "unique_map")]
    pub instruments: BTreeMap<Symbol, Instrument>,
}

/// What a clearing house charges beside the scanning loss, as published with the arrays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayCharges {
    /// For a spread of one delta between two months, whichever they are: SPAN's charge of
    /// one tier of months. A spread is one long and one short.
    #[serde(default)]
    pub spread: f64,
    /// The least for an option that is short. What an account is asked for is at least
    /// this, or the scanning loss and the charge on spreads, whichever is more.
    #[serde(default)]
    pub short_option: f64,
}

/// What is known about an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiryFeed {
    /// Seconds to expiry.
    pub expiry_seconds: u64,
    /// Price of the underlying for delivery then.
    pub forward: f64,
    /// Confidence in the forward.
    #[serde(default = "one")]
    pub forward_confidence: f64,
    /// Continuous interest rate per year; may be negative, which values take
    /// as 0.
    #[serde(default)]
    pub rate: f64,
    /// Confidence in the rate.
    #[serde(default = "one")]
    pub rate_confidence: f64,
    /// Confidence in the volatilities.
    #[serde(default = "one")]
    pub vol_confidence: f64,
}

/// A listed instrument.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Instrument {
    /// A European option, settled in cash.
    Option {
        /// Seconds to expiry.
        expiry_seconds: u64,
        /// The strike.
        strike: f64,
        /// Call or put.
        option_type: OptionType,
        /// Volatility of its mark.
        mark_vol: f64,
    },
    /// A perpetual future.
    Perpetual {
        /// Its mark price.
        price: f64,
        /// Confidence in it.
        #[serde(default = "one")]
        confidence: f64,
    },
    /// A dated future, marked at its expiry's forward.
    Future {
        /// Seconds to expiry.
        expiry_seconds: u64,
    },
    /// An asset that counts as collateral.
    Collateral {
        /// Its price in USD.
        price: f64,
        /// Confidence in it.
        #[serde(default = "one")]
        confidence: f64,
    },
    /// A contract by its published risk array.
    Array {
        /// Profit and loss of one long contract under each of the 16 scenarios.
        values: [f64; SCENARIOS],
        /// What one is worth to its holder: of an option its premium, 0 of a future.
        #[serde(default)]
        mark: f64,
        /// Seconds to its month; needed where spreads between months are charged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expiry_seconds: Option<u64>,
        /// Its composite delta, in futures; needed where spreads between months are charged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delta: Option<f64>,
        /// Whether a short one counts for the least charge on short options; needed where
        /// there is one. A contract with a mark is an option.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        is_option: Option<bool>,
    },
}

fn one() -> f64 {
    1.0
}

/// A checked market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "MarketSpec", into = "MarketSpec")]
pub struct ScenarioMarket {
    spec: MarketSpec,
}

impl ScenarioMarket {
    /// Reads and checks a market.
    ///
    /// # Errors
    /// When the text is too large or not the format, or a field breaks a rule.
    pub fn from_json(json: &str) -> Result<Self, ScenarioError> {
        Self::new(read_json(json, "scenario market")?)
    }

    /// Checks a market; its feeds are put in order of expiry.
    ///
    /// # Errors
    /// [`ScenarioError::Field`] with the first field that breaks a rule.
    pub fn new(mut spec: MarketSpec) -> Result<Self, ScenarioError> {
        within("spot", spec.spot, PRICE)?;
        within("spot_confidence", spec.spot_confidence, CONFIDENCE)?;
        within("stable_price", spec.stable_price, 1e-6..=1e6)?;
        if let Some(ArrayCharges { spread, short_option }) = spec.array_charges {
            within("array_charges.spread", spread, 0.0..=1e15)?;
            within("array_charges.short_option", short_option, 0.0..=1e15)?;
        }
        counted("feeds", spec.feeds.len(), 0..=MAX_FEEDS)?;
        counted("instruments", spec.instruments.len(), 0..=MAX_INSTRUMENTS)?;
        for (index, feed) in spec.feeds.iter().enumerate() {
            let path = |field| format!("feeds[{index}].{field}");
            expiry(path("expiry_seconds"), feed.expiry_seconds)?;
            within(path("forward"), feed.forward, PRICE)?;
            within(path("forward_confidence"), feed.forward_confidence, CONFIDENCE)?;
            within(path("rate"), feed.rate, -100.0..=100.0)?;
            within(path("rate_confidence"), feed.rate_confidence, CONFIDENCE)?;
            within(path("vol_confidence"), feed.vol_confidence, CONFIDENCE)?;
            if spec.feeds[..index].iter().any(|other| other.expiry_seconds == feed.expiry_seconds) {
                return Err(ScenarioError::at(path("expiry_seconds"), Problem::Duplicate));
            }
        }
        spec.feeds.sort_by_key(|feed| feed.expiry_seconds);
        let market = Self { spec };
        for (symbol, instrument) in &market.spec.instruments {
            market.check(&format!("instruments.{symbol}"), instrument)?;
        }
        Ok(market)
    }

    fn check(&self, path: &str, instrument: &Instrument) -> Result<(), ScenarioError> {
        let has_feed = |seconds: u64| match self.group_of(seconds) {
            Some(_) => Ok(()),
            None => Err(ScenarioError::at(
                format!("{path}.expiry_seconds"),
                Problem::MissingFeed(seconds),
            )),
        };
        match *instrument {
            Instrument::Option { expiry_seconds, strike, mark_vol, .. } => {
                within(format_args!("{path}.strike"), strike, PRICE)?;
                within(format_args!("{path}.mark_vol"), mark_vol, 0.0..=1e6)?;
                has_feed(expiry_seconds)
            }
            Instrument::Future { expiry_seconds } => has_feed(expiry_seconds),
            Instrument::Perpetual { price, confidence }
            | Instrument::Collateral { price, confidence } => {
                within(format_args!("{path}.price"), price, 0.0..=1e15)?;
                within(format_args!("{path}.confidence"), confidence, CONFIDENCE)
            }
            Instrument::Array { values, mark, expiry_seconds, delta, is_option } => {
                for (index, value) in values.into_iter().enumerate() {
                    within(format_args!("{path}.values[{index}]"), value, -1e15..=1e15)?;
                }
                within(format_args!("{path}.mark"), mark, 0.0..=1e15)?;
                within(format_args!("{path}.delta"), delta.unwrap_or_default(), -1e6..=1e6)?;
                if is_option == Some(false) && mark != 0.0 {
                    return Err(ScenarioError::at(format!("{path}.mark"), Problem::FutureMark));
                }
                let charges = self.spec.array_charges.unwrap_or_default();
                for (field, stated, charge) in [
                    ("expiry_seconds", expiry_seconds.is_some(), charges.spread),
                    ("delta", delta.is_some(), charges.spread),
                    ("is_option", is_option.is_some(), charges.short_option),
                ] {
                    if charge != 0.0 && !stated {
                        let path = format!("{path}.{field}");
                        return Err(ScenarioError::at(path, Problem::ChargedBlindly));
                    }
                }
                expiry_seconds.map_or(Ok(()), has_feed)
            }
        }
    }

    /// The fields, feeds in order of expiry.
    pub fn spec(&self) -> &MarketSpec {
        &self.spec
    }

    /// The market as it would be if spot moved by a factor and volatilities by
    /// another: forwards follow as far as they are not yet settled, perpetuals and
    /// the collateral that is risk cancelling in the model follow in full.
    ///
    /// # Errors
    /// When a price or volatility leaves its range, or the market has risk arrays, which
    /// say nothing of other prices.
    pub fn shocked(
        &self,
        model: &ScenarioModel,
        spot_factor: f64,
        vol_factor: f64,
    ) -> Result<Self, ScenarioError> {
        let mut spec = self.spec.clone();
        spec.spot *= spot_factor;
        for feed in &mut spec.feeds {
            feed.forward = Expiry::new(feed, model.spec().inverse).shocked_forward(spot_factor);
        }
        let underlying = &self.spec.underlying;
        for (symbol, instrument) in &mut spec.instruments {
            match instrument {
                Instrument::Option { mark_vol, .. } => *mark_vol *= vol_factor,
                Instrument::Perpetual { price, .. } => *price *= spot_factor,
                Instrument::Collateral { price, .. } => {
                    let rule = model.collateral(symbol, underlying);
                    if rule.is_some_and(|rule| rule.is_risk_cancelling) {
                        *price *= spot_factor;
                    }
                }
                Instrument::Future { .. } => {}
                Instrument::Array { .. } => {
                    let path = format!("instruments.{symbol}");
                    return Err(ScenarioError::at(path, Problem::ArraysStand));
                }
            }
        }
        Self::new(spec)
    }

    /// The index of an expiry's feed.
    pub fn group_of(&self, expiry_seconds: u64) -> Option<usize> {
        self.spec.feeds.binary_search_by_key(&expiry_seconds, |feed| feed.expiry_seconds).ok()
    }
}

fn expiry(path: String, seconds: u64) -> Result<(), ScenarioError> {
    match seconds <= MAX_EXPIRY_SECONDS {
        true => Ok(()),
        // Exact below 2^53, and only shown.
        false => within(path, seconds as f64, 0.0..=MAX_EXPIRY_SECONDS as f64),
    }
}

impl TryFrom<MarketSpec> for ScenarioMarket {
    type Error = ScenarioError;

    fn try_from(spec: MarketSpec) -> Result<Self, ScenarioError> {
        Self::new(spec)
    }
}

impl From<ScenarioMarket> for MarketSpec {
    fn from(market: ScenarioMarket) -> Self {
        market.spec
    }
}
