//! Markets of the settlement family, of the venue's public answers: `public/get_tickers` and
//! `public/get_ticker`, and `public/get_instruments` for what tickers leave out. Fields as
//! documented in November 2026, by their names or by the letters of slim tickers:
//!
//! | field | letters | meaning |
//! |---|---|---|
//! | `timestamp` | `t` | milliseconds since 1970 |
//! | `index_price` | `I` | spot |
//! | `mark_price` | `M` | of a coin; of an option it must be what follows |
//! | `option_pricing.iv` | `i` | volatility of the mark, a fraction |
//! | `option_pricing.forward_price` | `f` | what the expiry is marked on |
//! | `option_pricing.discount_factor` | `df` | may be absent: 1 |
//! | `option_details.{expiry,strike,option_type}` | | may be absent: the name says them |
//! | `is_active` | | may be absent |
//!
//! A mark is Black's value on the forward times the discount factor. Models of the family
//! do not discount ([`crate::settlement`]), so volatilities are read and marks are made of
//! them again; a row whose mark is another is odd. Of spot, and of the forward of an
//! expiry, the median of all rows counts: they are seen one after the other. Tickers state
//! no confidences, which are then one, no price of the stable coin, and not what is settled
//! of an expiry in its last half hour: its options are left out.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use zkmargin_margin::ids::Timestamp;

use super::name::{Name, OptionName, option_type};
use crate::import::deribit::{MAX_CHAIN_ROWS, QuoteSkip};
use crate::import::number::lenient;
use crate::import::{
    ImportError, Imported, SkipReason, Skipped, answer, forms, median, seconds_of_millis, symbol,
};
use crate::scenario::black76::{Black76, YEAR_SECONDS};
use crate::scenario::snapshot::MAX_APART;
use crate::scenario::{ExpiryFeed, Instrument, MarketSpec, ScenarioMarket};
use crate::settlement::SettlementError;
use crate::settlement::snapshot::{AVERAGING_SECONDS, SettlementSnapshot, SnapshotSpec};
use crate::symbol::Symbol;

const WHAT: &str = "an answer of public/get_tickers, get_ticker or get_instruments";
const SOURCE: &str = "Derive tickers: marks, forwards and volatilities";
/// The currency that prices and profits are in.
const QUOTE: &str = "USDC";
/// What a mark may be off Black's value: a part of it, and of the forward. The venue rounds
/// prices to five digits, and forwards move from row to row.
const MARK_PART: f64 = 0.01;
const FORWARD_PART: f64 = 1e-4;

/// A row of any of the answers.
#[derive(Deserialize)]
struct RawRow {
    #[serde(default, alias = "t")]
    timestamp: Option<u64>,
    #[serde(default, alias = "I", deserialize_with = "lenient")]
    index_price: Option<f64>,
    #[serde(default, alias = "M", deserialize_with = "lenient")]
    mark_price: Option<f64>,
    #[serde(default)]
    option_pricing: Option<RawPricing>,
    #[serde(default)]
    option_details: Option<RawDetails>,
    #[serde(default)]
    is_active: Option<bool>,
}

#[derive(Deserialize)]
struct RawPricing {
    #[serde(default, alias = "i", deserialize_with = "lenient")]
    iv: Option<f64>,
    #[serde(default, alias = "f", deserialize_with = "lenient")]
    forward_price: Option<f64>,
    #[serde(default, alias = "df", deserialize_with = "lenient")]
    discount_factor: Option<f64>,
}

#[derive(Deserialize)]
struct RawDetails {
    expiry: u64,
    #[serde(deserialize_with = "lenient")]
    strike: Option<f64>,
    option_type: String,
}

/// What the answers say of an instrument.
#[derive(Default)]
struct Known {
    details: Option<RawDetails>,
    is_inactive: bool,
    ticker: Option<RawRow>,
}

/// A ticker that can be used.
struct Quote {
    symbol: Symbol,
    underlying: String,
    /// When it was seen, in milliseconds since 1970.
    seen_at: u64,
    index: f64,
    of: QuoteOf,
}

enum QuoteOf {
    Perpetual { mark: f64 },
    Option { name: OptionName, forward: f64, vol: f64 },
}

/// Reads markets of all underlyings, or of those asked for. The venue answers for one expiry
/// at a time, so several answers together are one market; details may stand beside tickers
/// or in an answer of their own. A row that cannot be read is left out and named.
///
/// # Errors
/// When a text is no such answer, an instrument has two tickers, or nothing remains.
pub fn markets<'a>(
    answers: impl IntoIterator<Item = &'a str>,
    currencies: &[Symbol],
) -> Result<Imported<SettlementSnapshot>, ImportError> {
    let (mut known, mut skipped) = (BTreeMap::new(), Vec::new());
    for answer in answers {
        collect(answer, &mut known, &mut skipped)?;
    }
    let mut quotes = Vec::new();
    for (name, known) in known {
        match quote(&name, known, currencies) {
            Ok(quote) => quotes.push(quote),
            Err(reason) => skipped.push(skip(&name, reason)),
        }
    }
    let newest = quotes.iter().map(|quote| quote.seen_at).max().unwrap_or(0);
    let (fresh, stale): (Vec<_>, Vec<_>) = quotes
        .into_iter()
        .partition(|quote| quote.seen_at.saturating_add(MAX_APART * 1000) >= newest);
    skipped.extend(stale.iter().map(|quote| skip(quote.symbol.as_str(), QuoteSkip::Stale)));
    let oldest = fresh.iter().map(|quote| quote.seen_at).min().unwrap_or(0) / 1000;
    let mut made: BTreeMap<String, Made> = BTreeMap::new();
    for quote in fresh {
        match quote.seconds_left(oldest) {
            Some(left) if left < AVERAGING_SECONDS => {
                skipped.push(skip(quote.symbol.as_str(), QuoteSkip::Settling));
            }
            left => made.entry(quote.underlying.clone()).or_default().add(quote, left),
        }
    }
    if made.is_empty() {
        return Err(ImportError::NothingLeft(skipped.as_slice().into()));
    }
    let market = |(index, (underlying, made)): (usize, (String, Made))| {
        let market = ScenarioMarket::new(made.market(symbol(&underlying)?));
        let refused = |source| SettlementError::Market { index, source: Box::new(source) };
        Ok::<_, ImportError>(market.map_err(refused)?)
    };
    let value = SettlementSnapshot::new(SnapshotSpec {
        timestamp: Timestamp::new(oldest),
        source: SOURCE.to_owned(),
        quote: symbol(QUOTE)?,
        markets: made.into_iter().enumerate().map(market).collect::<Result<_, _>>()?,
        settled: Vec::new(),
    })?;
    Ok(Imported { value, skipped })
}

/// Adds what an answer says.
fn collect(
    text: &str,
    known: &mut BTreeMap<String, Known>,
    skipped: &mut Vec<Skipped>,
) -> Result<(), ImportError> {
    for (name, row) in rows(text)? {
        let mut raw: RawRow = match forms::row(&row, &name) {
            Ok(raw) => raw,
            Err(error) => {
                let reason = SkipReason::Odd(Box::new(error));
                skipped.push(Skipped { symbol: forms::cut(&name), reason });
                continue;
            }
        };
        let count = known.len();
        if count >= MAX_CHAIN_ROWS {
            return Err(ImportError::TooManyRows { count: count + 1, most: MAX_CHAIN_ROWS });
        }
        let entry = known.entry(name.clone()).or_default();
        entry.is_inactive |= raw.is_active == Some(false);
        entry.details = raw.option_details.take().or(entry.details.take());
        let is_ticker = raw.timestamp.is_some() || raw.mark_price.is_some();
        if is_ticker && entry.ticker.replace(raw).is_some() {
            return Err(ImportError::Duplicate { symbol: symbol(&name)? });
        }
    }
    Ok(())
}

/// The rows of an answer with their names: a list, one of them, or a map of tickers.
fn rows(text: &str) -> Result<Vec<(String, Value)>, ImportError> {
    let is_map = |object: &Map<String, Value>| object.get("tickers").is_some_and(Value::is_object);
    if let Ok(Value::Object(mut found)) = forms::object(text, WHAT, is_map, &[])
        && let Some(Value::Object(tickers)) = found.remove("tickers")
    {
        return Ok(tickers.into_iter().collect());
    }
    let rows = answer::rows(text, WHAT, |row| row.contains_key("instrument_name"))?;
    let named = |(index, row): (usize, Value)| (forms::name(&row, "instrument_name", index), row);
    Ok(rows.into_iter().enumerate().map(named).collect())
}

/// What is known of an instrument as a ticker, or why it cannot be used.
fn quote(name: &str, known: Known, currencies: &[Symbol]) -> Result<Quote, QuoteSkip> {
    let parsed = Name::parse(name).ok_or(QuoteSkip::OtherKind)?;
    let symbol = Symbol::new(name).map_err(|_| QuoteSkip::OtherKind)?;
    let wanted = |currency: &Symbol| currency.as_str() == parsed.underlying;
    if !currencies.is_empty() && !currencies.iter().any(wanted) {
        return Err(QuoteSkip::OtherCurrency);
    }
    if known.is_inactive {
        return Err(QuoteSkip::Inactive);
    }
    let ticker = known.ticker.ok_or(QuoteSkip::NoTicker)?;
    let missing = QuoteSkip::Number;
    let seen_at = ticker.timestamp.ok_or(missing("timestamp (t)"))?;
    seconds_of_millis(seen_at).map_err(|_| missing("timestamp (t)"))?;
    let index = price(ticker.index_price).ok_or(missing("index_price (I)"))?;
    let mark = ticker.mark_price.filter(|mark| (0.0..=MOST).contains(mark));
    let mark = mark.ok_or(missing("mark_price (M)"))?;
    let of = match parsed.option {
        None => QuoteOf::Perpetual { mark: price(Some(mark)).ok_or(missing("mark_price (M)"))? },
        Some(name) => {
            let name = detailed(name, known.details)?;
            let pricing = ticker.option_pricing.ok_or(missing("option_pricing"))?;
            let (forward, vol) = pricing.check(name, mark, seen_at)?;
            QuoteOf::Option { name, forward, vol }
        }
    };
    Ok(Quote { symbol, underlying: parsed.underlying.to_owned(), seen_at, index, of })
}

/// An option by its name, with the time of its expiry where details say it.
fn detailed(name: OptionName, details: Option<RawDetails>) -> Result<OptionName, QuoteSkip> {
    let Some(details) = details else { return Ok(name) };
    let stated = details.strike.zip(option_type(&details.option_type));
    let (strike, option_type) = stated.ok_or(QuoteSkip::Name)?;
    match name.is((details.expiry, strike, option_type)) {
        true => Ok(OptionName { expiry: details.expiry, ..name }),
        false => Err(QuoteSkip::Name),
    }
}

impl RawPricing {
    /// Forward and volatility, of which the mark must follow.
    fn check(&self, option: OptionName, mark: f64, seen_at: u64) -> Result<(f64, f64), QuoteSkip> {
        let missing = QuoteSkip::Number;
        let forward =
            price(self.forward_price).ok_or(missing("option_pricing.forward_price (f)"))?;
        let vol = self.iv.filter(|vol| (0.0..=100.0).contains(vol));
        let vol = vol.ok_or(missing("option_pricing.iv (i)"))?;
        let discount = self.discount_factor.unwrap_or(1.0);
        if !(0.0..=1.5).contains(&discount) {
            return Err(missing("option_pricing.discount_factor (df)"));
        }
        let left = option.expiry.saturating_mul(1000).saturating_sub(seen_at);
        if left == 0 {
            return Err(QuoteSkip::Expired);
        }
        let value = Black76 {
            option_type: option.option_type,
            forward,
            strike: option.strike,
            vol,
            // Exact: below 2^53.
            years: left as f64 / 1000.0 / YEAR_SECONDS,
            discount: 1.0,
        };
        let apart = (mark - discount * value.value()).abs();
        match apart <= MARK_PART * mark + FORWARD_PART * forward {
            true => Ok((forward, vol)),
            false if vol == 0.0 => Err(QuoteSkip::NoVolatility),
            false => Err(QuoteSkip::Mark),
        }
    }
}

impl Quote {
    /// Seconds from a time to the expiry of an option.
    fn seconds_left(&self, oldest: u64) -> Option<u64> {
        match self.of {
            QuoteOf::Perpetual { .. } => None,
            QuoteOf::Option { name, .. } => Some(name.expiry.saturating_sub(oldest)),
        }
    }
}

/// What is made of the tickers on an underlying.
#[derive(Default)]
struct Made {
    indices: Vec<f64>,
    /// By seconds to expiry.
    forwards: BTreeMap<u64, Vec<f64>>,
    instruments: BTreeMap<Symbol, Instrument>,
}

impl Made {
    fn add(&mut self, quote: Quote, left: Option<u64>) {
        self.indices.push(quote.index);
        let instrument = match quote.of {
            QuoteOf::Perpetual { mark } => Instrument::Perpetual { price: mark, confidence: 1.0 },
            QuoteOf::Option { name, forward, vol } => {
                let expiry_seconds = left.unwrap_or_default();
                self.forwards.entry(expiry_seconds).or_default().push(forward);
                let OptionName { strike, option_type, .. } = name;
                Instrument::Option { expiry_seconds, strike, option_type, mark_vol: vol }
            }
        };
        self.instruments.insert(quote.symbol, instrument);
    }

    /// The market, with the coin as collateral.
    fn market(mut self, underlying: Symbol) -> MarketSpec {
        let spot = median(self.indices);
        let feed = |(expiry_seconds, forwards)| ExpiryFeed {
            expiry_seconds,
            forward: median(forwards),
            forward_confidence: 1.0,
            rate: 0.0,
            rate_confidence: 1.0,
            vol_confidence: 1.0,
        };
        let coin = Instrument::Collateral { price: spot, confidence: 1.0 };
        self.instruments.insert(underlying.clone(), coin);
        MarketSpec {
            underlying,
            spot,
            spot_confidence: 1.0,
            stable_price: 1.0,
            array_charges: None,
            feeds: self.forwards.into_iter().map(feed).collect(),
            instruments: self.instruments,
        }
    }
}

/// Largest price that is read.
const MOST: f64 = 1e12;

/// A price above 0.
fn price(value: Option<f64>) -> Option<f64> {
    value.filter(|price| (f64::MIN_POSITIVE..=MOST).contains(price))
}

fn skip(name: &str, reason: QuoteSkip) -> Skipped {
    Skipped { symbol: forms::cut(name), reason: SkipReason::Quote(reason) }
}
