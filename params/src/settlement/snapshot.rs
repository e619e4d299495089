//! What a publisher posts of a settlement market for an epoch.
//!
//! ```json
//! {
//!   "timestamp": 1764921600,
//!   "source": "where the marks are from",
//!   "quote": "USDC",
//!   "markets": [
//!     { "underlying": "ETH", "spot": 3000.5, "spot_confidence": 1, "stable_price": 1,
//!       "feeds": [{ "expiry_seconds": 1200, "forward": 3001 }], "instruments": {} }
//!   ],
//!   "settled": [
//!     { "underlying": "ETH", "expiry_seconds": 1200, "fraction": 0.33, "average": 2999.5 }
//!   ]
//! }
//! ```
//!
//! `markets` are those of the scenario family ([`ScenarioMarket`]), one for each
//! underlying: confidences are read, rates are not, as marks are not discounted.
//! `settled` says what of the average is made that options settle on, in the last half
//! hour of an expiry and only then.

mod moved;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::Timestamp;

use crate::scenario::snapshot::MAX_APART;
use crate::scenario::{ExpiryFeed, Instrument, MarketSpec, ScenarioMarket, ScenarioSnapshot};
use crate::settlement::error::SettlementError;
use crate::settlement::model::read_json;
use crate::snapshot::TIMESTAMP_BOUND;
use crate::symbol::Symbol;

/// Most underlyings of a market.
pub const MAX_UNDERLYINGS: usize = 64;
/// In the last half hour what options settle on is an average in the making.
pub const AVERAGING_SECONDS: u64 = 1800;
/// Averages: as forwards.
const PRICE: std::ops::RangeInclusive<f64> = 1e-12..=1e15;

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
    /// The marks, an entry for each underlying.
    pub markets: Vec<ScenarioMarket>,
    /// What is settled already of expiries in their last half hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled: Vec<Settled>,
}

/// What is settled already of what options of an expiry settle on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// What the options are on.
    pub underlying: Symbol,
    /// Seconds to expiry.
    pub expiry_seconds: u64,
    /// The part of the average that is made, from 0 to 1.
    pub fraction: f64,
    /// The average so far.
    pub average: f64,
}

/// A checked snapshot of the settlement family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SnapshotSpec", into = "SnapshotSpec")]
pub struct SettlementSnapshot {
    spec: SnapshotSpec,
}

impl SettlementSnapshot {
    /// Reads and checks a snapshot.
    ///
    /// # Errors
    /// When the text is too large or not the format, or a field breaks a rule.
    pub fn from_json(json: &str) -> Result<Self, SettlementError> {
        Self::new(read_json(json, "settlement snapshot")?)
    }

    /// Checks a snapshot.
    ///
    /// # Errors
    /// With the first field that breaks a rule.
    pub fn new(spec: SnapshotSpec) -> Result<Self, SettlementError> {
        if spec.timestamp.get() >= TIMESTAMP_BOUND {
            return Err(SettlementError::Timestamp(spec.timestamp.get()));
        }
        if spec.source.chars().count() > 512 || spec.source.chars().any(char::is_control) {
            return Err(SettlementError::Source);
        }
        let (found, most) = (spec.markets.len(), MAX_UNDERLYINGS);
        if !(1..=most).contains(&found) {
            return Err(SettlementError::Count { field: "markets", found, most });
        }
        check_markets(&spec)?;
        check_settled(&spec)?;
        Ok(Self { spec })
    }

    /// Option chains, as importers make them, as one snapshot: of the time of the oldest.
    /// Their lots are left out, which a model says; in the last half hour of an expiry a
    /// chain does not say what is settled.
    ///
    /// # Errors
    /// When there is none, two are more than [`MAX_APART`] seconds apart or of two
    /// currencies, and as [`SettlementSnapshot::new`].
    pub fn of_chains(chains: &[ScenarioSnapshot]) -> Result<Self, SettlementError> {
        let (first, most) = (chains.first(), MAX_UNDERLYINGS);
        let first = first.ok_or(SettlementError::Count { field: "markets", found: 0, most })?;
        let quote = &first.spec().quote;
        let times = || chains.iter().map(|chain| chain.spec().timestamp.get());
        let (oldest, newest) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        if newest - oldest > MAX_APART {
            return Err(SettlementError::Apart { apart: newest - oldest });
        }
        let mut markets = Vec::new();
        for chain in chains {
            let spec = chain.spec();
            if spec.quote != *quote {
                let (found, first) = (spec.quote.clone(), quote.clone());
                return Err(SettlementError::ChainQuote { found, first });
            }
            let later = spec.timestamp.get() - oldest;
            let second = spec.second.as_ref().map(|second| &second.market);
            for market in std::iter::once(&spec.market).chain(second) {
                markets.push(earlier(market, later, markets.len())?);
            }
        }
        Self::new(SnapshotSpec {
            timestamp: Timestamp::new(oldest),
            source: first.spec().source.clone(),
            quote: quote.clone(),
            markets,
            settled: Vec::new(),
        })
    }

    /// The snapshot with the underlyings of another, of the time of the older one.
    ///
    /// # Errors
    /// As for [`SettlementSnapshot::of_chains`].
    pub fn with(&self, other: &Self) -> Result<Self, SettlementError> {
        let (of, spec) = (&self.spec, &other.spec);
        if spec.quote != of.quote {
            let (found, first) = (spec.quote.clone(), of.quote.clone());
            return Err(SettlementError::ChainQuote { found, first });
        }
        let (mine, theirs) = (of.timestamp.get(), spec.timestamp.get());
        if mine.abs_diff(theirs) > MAX_APART {
            return Err(SettlementError::Apart { apart: mine.abs_diff(theirs) });
        }
        let oldest = mine.min(theirs);
        let (mut markets, mut settled) = (Vec::new(), Vec::new());
        for SnapshotSpec { timestamp, markets: more, settled: parts, .. } in [of, spec] {
            let later = timestamp.get() - oldest;
            for market in more {
                markets.push(earlier(market, later, markets.len())?);
            }
            settled.extend(
                parts
                    .iter()
                    .cloned()
                    .map(|part| Settled { expiry_seconds: part.expiry_seconds + later, ..part }),
            );
        }
        let timestamp = Timestamp::new(oldest);
        Self::new(SnapshotSpec { timestamp, markets, settled, ..of.clone() })
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

    /// What options of an expiry settle on, as it stands: the forward, and in the last
    /// half hour what of the average is made already.
    pub fn settles_on(&self, underlying: &Symbol, feed: &ExpiryFeed) -> f64 {
        let settled = settled_of(&self.spec, underlying, feed.expiry_seconds);
        settled.map_or(feed.forward, |settled| {
            settled.fraction * settled.average + (1.0 - settled.fraction) * feed.forward
        })
    }

    /// The markets with what their options settle on in place of the forwards.
    pub(crate) fn settling(&self) -> Vec<ScenarioMarket> {
        let settling = |market: &ScenarioMarket| {
            let mut spec = market.spec().clone();
            for feed in &mut spec.feeds {
                feed.forward = self.settles_on(&spec.underlying, feed);
            }
            // Between two prices that are in range.
            ScenarioMarket::new(spec).unwrap_or_else(|_| market.clone())
        };
        self.spec.markets.iter().map(settling).collect()
    }
}

/// A market checked again.
fn remade(spec: MarketSpec, index: usize) -> Result<ScenarioMarket, SettlementError> {
    ScenarioMarket::new(spec)
        .map_err(|source| SettlementError::Market { index, source: Box::new(source) })
}

/// A market as it is seen so many seconds earlier.
fn earlier(
    market: &ScenarioMarket,
    seconds: u64,
    index: usize,
) -> Result<ScenarioMarket, SettlementError> {
    let mut spec = market.spec().clone();
    // Checked markets expire within 50 years.
    for feed in &mut spec.feeds {
        feed.expiry_seconds += seconds;
    }
    for instrument in spec.instruments.values_mut() {
        if let Instrument::Option { expiry_seconds, .. } | Instrument::Future { expiry_seconds } =
            instrument
        {
            *expiry_seconds += seconds;
        }
    }
    remade(spec, index)
}

/// What is settled of an expiry.
fn settled_of<'a>(
    spec: &'a SnapshotSpec,
    underlying: &Symbol,
    seconds: u64,
) -> Option<&'a Settled> {
    let is_it =
        |settled: &&Settled| settled.expiry_seconds == seconds && settled.underlying == *underlying;
    spec.settled.iter().find(is_it)
}

/// No underlying and no symbol stands twice, and the stable coin has one price.
fn check_markets(spec: &SnapshotSpec) -> Result<(), SettlementError> {
    let (mut underlyings, mut symbols) = (BTreeSet::new(), BTreeSet::new());
    let mut first = None;
    for (index, market) in spec.markets.iter().enumerate() {
        let market = market.spec();
        if !underlyings.insert(&market.underlying) {
            return Err(SettlementError::Duplicate(market.underlying.clone()));
        }
        if let Some(twice) = market.instruments.keys().find(|symbol| !symbols.insert(*symbol)) {
            return Err(SettlementError::ListedTwice(twice.clone()));
        }
        let (found, first) = (market.stable_price, *first.get_or_insert(market.stable_price));
        if found != first {
            return Err(SettlementError::StablePrice { index, found, first });
        }
    }
    Ok(())
}

/// Every expiry in its last half hour says what is settled, and no other does.
fn check_settled(spec: &SnapshotSpec) -> Result<(), SettlementError> {
    for (index, entry) in spec.settled.iter().enumerate() {
        let (underlying, seconds) = (&entry.underlying, entry.expiry_seconds);
        let mut markets = spec.markets.iter();
        let market = markets.find(|market| market.spec().underlying == *underlying);
        let known = market.is_some_and(|market| market.group_of(seconds).is_some());
        let before = spec.settled[..index].iter();
        let twice = before
            .filter(|other| other.expiry_seconds == seconds && other.underlying == *underlying)
            .count();
        if !known || twice != 0 {
            let underlying = underlying.clone();
            return Err(SettlementError::UnknownExpiry { index, underlying, seconds });
        }
        let wrong = if seconds >= AVERAGING_SECONDS {
            "options settle on the forward alone until half an hour before expiry: leave it out"
        } else if !(0.0..=1.0).contains(&entry.fraction) {
            "fraction is out of range: allowed are 0 to 1"
        } else if !PRICE.contains(&entry.average) {
            "average is out of range: allowed are 1e-12 to 1e15"
        } else {
            continue;
        };
        return Err(SettlementError::Settled { index, what: wrong });
    }
    for market in &spec.markets {
        let MarketSpec { underlying, feeds, .. } = market.spec();
        let missing = |feed: &&ExpiryFeed| {
            feed.expiry_seconds < AVERAGING_SECONDS
                && settled_of(spec, underlying, feed.expiry_seconds).is_none()
        };
        if let Some(feed) = feeds.iter().find(missing) {
            let (underlying, seconds) = (underlying.clone(), feed.expiry_seconds);
            return Err(SettlementError::SettledMissing { underlying, seconds });
        }
    }
    Ok(())
}

impl TryFrom<SnapshotSpec> for SettlementSnapshot {
    type Error = SettlementError;

    fn try_from(spec: SnapshotSpec) -> Result<Self, SettlementError> {
        Self::new(spec)
    }
}

impl From<SettlementSnapshot> for SnapshotSpec {
    fn from(snapshot: SettlementSnapshot) -> Self {
        snapshot.spec
    }
}
