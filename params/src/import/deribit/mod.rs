//! Deribit: option chains.
//!
//! [`option_chain`] reads the answer of `public/get_book_summary_by_currency`
//! (BTC or ETH, kind `option` or `any`), and CSV with a header and these columns:
//!
//! | column | meaning |
//! |---|---|
//! | `instrument_name`, `option_type`, `strike`, `expiry_unix_s` | the option; all must agree |
//! | one of `as_of_unix_s`, `timestamp_ms`, `creation_timestamp_ms`, `timestamp_utc` | its time |
//! | `mark_iv` or `mark_iv_derived` | volatility of the mark, a fraction |
//! | `mark_price_coin` | the mark, in coins |
//! | `bid_price_coin`, `ask_price_coin` | in coins; may be absent |
//! | `underlying_price_usd` | forward of the expiry |
//! | `index_price_usd` or `estimated_delivery_price_usd` | index; may be absent |
//! | `open_interest` | may be absent |
//!
//! Other columns and fields are ignored. Marks agree with Black's formula
//! without discount over the forward, `mark = Black76(F, K, iv, T) / F`, to a few
//! 1e-5 coins: [`ChainOption::mark_residual`].

mod name;
mod rows;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::ids::Timestamp;

pub use name::InstrumentName;

use crate::import::ImportError;
use crate::scenario::black76::{Black76, OptionType, YEAR_SECONDS};
use crate::scenario::market::{ExpiryFeed, Instrument, MarketSpec};
use crate::scenario::{
    LotSizes, Problem, ScenarioError, ScenarioMarket, ScenarioSnapshot, SnapshotSpec,
};
use crate::symbol::Symbol;

/// Most rows of a chain.
pub const MAX_CHAIN_ROWS: usize = 20_000;

/// The options of a currency at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OptionChain {
    /// The currency: `BTC` or `ETH`.
    pub currency: Symbol,
    /// The time of the oldest row.
    pub timestamp: Timestamp,
    /// Where it is from, in words.
    pub source: String,
    /// The index price in USD.
    pub index: f64,
    /// What the index price is.
    pub index_source: IndexSource,
    /// Mark of the perpetual, where the answer has it.
    pub perpetual: Option<f64>,
    /// The expiries, by time.
    pub expiries: Vec<ChainExpiry>,
    /// The rows left out.
    pub skipped: Vec<SkippedQuote>,
}

/// What the index price of a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexSource {
    /// The median of the rows' index prices: they are seen one after the other.
    Index,
    /// The forward of the nearest expiry: the rows have no index.
    NearestForward,
}

/// The options of an expiry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChainExpiry {
    /// Unix time of expiry, in seconds.
    pub expiry: u64,
    /// The forward in USD: the median of the rows'.
    pub forward: f64,
    /// Whether a future on the same expiry is in the answer.
    pub future: Option<Symbol>,
    /// The options, by strike, calls first.
    pub options: Vec<ChainOption>,
}

/// An option of a chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChainOption {
    /// The venue's name.
    pub symbol: Symbol,
    /// Unix time of expiry, in seconds.
    pub expiry: u64,
    /// The strike in USD.
    pub strike: f64,
    /// Call or put.
    pub option_type: OptionType,
    /// Volatility of the mark, a fraction per year.
    pub mark_iv: f64,
    /// The mark, in coins.
    pub mark_price: f64,
    /// Forward in USD when the row was seen.
    pub underlying: f64,
    /// Best bid, in coins.
    pub bid: Option<f64>,
    /// Best ask, in coins.
    pub ask: Option<f64>,
    /// Open interest, in coins.
    pub open_interest: Option<f64>,
    /// Unix time at which the row was seen, in seconds.
    pub seen_at: f64,
}

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedQuote {
    /// Its name, cut to 40 characters.
    pub name: String,
    /// Why.
    pub reason: QuoteSkip,
}

/// Why a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuoteSkip {
    /// It is no inverse option, future or perpetual of BTC or ETH.
    #[error("not an option, future or perpetual that settles in BTC or ETH")]
    OtherInstrument,
    /// It has no volatility.
    #[error("it has no volatility")]
    NoVolatility,
    /// It has expired.
    #[error("it has expired")]
    Expired,
}

impl ChainOption {
    /// The mark less Black's value over the forward, in coins.
    pub fn mark_residual(&self) -> f64 {
        // Exact: unix times are below 2^53.
        let seconds = (self.expiry as f64 - self.seen_at).max(0.0);
        let value = Black76 {
            option_type: self.option_type,
            forward: self.underlying,
            strike: self.strike,
            vol: self.mark_iv,
            years: seconds / YEAR_SECONDS,
            discount: 1.0,
        };
        self.mark_price - value.value() / self.underlying
    }
}

impl OptionChain {
    /// All options, by expiry and strike.
    pub fn options(&self) -> impl Iterator<Item = &ChainOption> {
        self.expiries.iter().flat_map(|expiry| &expiry.options)
    }

    /// The chain as a market of the scenario family: options, futures and the
    /// perpetual where they are known, the coin as collateral. Rates are zero and
    /// confidences one: the venue publishes neither.
    ///
    /// # Errors
    /// When the chain is too large for a market.
    pub fn market(&self) -> Result<ScenarioMarket, ScenarioError> {
        let now = self.timestamp.get();
        let mut instruments = BTreeMap::new();
        let mut feeds = Vec::with_capacity(self.expiries.len());
        for expiry in &self.expiries {
            let expiry_seconds = expiry.expiry.saturating_sub(now);
            feeds.push(ExpiryFeed {
                expiry_seconds,
                forward: expiry.forward,
                forward_confidence: 1.0,
                rate: 0.0,
                rate_confidence: 1.0,
                vol_confidence: 1.0,
            });
            if let Some(future) = &expiry.future {
                instruments.insert(future.clone(), Instrument::Future { expiry_seconds });
            }
            for option in &expiry.options {
                let terms = Instrument::Option {
                    expiry_seconds,
                    strike: option.strike,
                    option_type: option.option_type,
                    mark_vol: option.mark_iv,
                };
                instruments.insert(option.symbol.clone(), terms);
            }
        }
        if let (Some(price), Ok(symbol)) =
            (self.perpetual, Symbol::new(&format!("{}-PERPETUAL", self.currency)))
        {
            instruments.insert(symbol, Instrument::Perpetual { price, confidence: 1.0 });
        }
        let coin = Instrument::Collateral { price: self.index, confidence: 1.0 };
        instruments.insert(self.currency.clone(), coin);
        ScenarioMarket::new(MarketSpec {
            underlying: self.currency.clone(),
            spot: self.index,
            spot_confidence: 1.0,
            stable_price: 1.0,
            feeds,
            instruments,
        })
    }
}

impl OptionChain {
    /// Rows cost an account up to two quote units a lot: a coin of a twentieth of
    /// the price needs a decimal more for the same precision.
    fn quote_decimals(&self) -> u32 {
        if self.currency.as_str() == "ETH" { 9 } else { 8 }
    }

    /// The chain as a snapshot that a market is built from, with lots of
    /// `option_lot` coins for options and `other_lot` for everything else. The
    /// venue trades options in tenths of a BTC and in whole ETH.
    ///
    /// # Errors
    /// When the chain is too large for a market, or a lot is no lot size.
    pub fn snapshot(
        &self,
        option_lot: Decimal,
        other_lot: Decimal,
    ) -> Result<ScenarioSnapshot, ScenarioError> {
        let quote = Symbol::new("USD").map_err(|_| ScenarioError::at("quote", Problem::Name))?;
        let instruments = BTreeMap::new();
        ScenarioSnapshot::new(SnapshotSpec {
            timestamp: self.timestamp,
            source: self.source.clone(),
            quote,
            quote_decimals: self.quote_decimals(),
            lots: LotSizes { options: option_lot, others: other_lot, instruments },
            market: self.market()?,
        })
    }
}

/// Reads an option chain, as JSON or as CSV.
///
/// # Errors
/// When the text is too large or neither, a name stands twice or disagrees with
/// its row, a number is out of range, two currencies are mixed, or no option
/// remains.
pub fn option_chain(text: &str) -> Result<OptionChain, ImportError> {
    let rows = rows::read(text)?;
    if rows.len() > MAX_CHAIN_ROWS {
        return Err(ImportError::TooManyRows { count: rows.len(), most: MAX_CHAIN_ROWS });
    }
    let mut collected = Collected::default();
    for row in rows {
        collected.add(row)?;
    }
    collected.chain()
}

/// A row of either form.
struct Row {
    name: String,
    /// What the row itself says of its option: strike, type, expiry.
    stated: Option<(f64, OptionType, u64)>,
    seen_at: Option<f64>,
    mark_iv: Option<f64>,
    mark_price: Option<f64>,
    underlying: Option<f64>,
    index: Option<f64>,
    bid: Option<f64>,
    ask: Option<f64>,
    open_interest: Option<f64>,
}

#[derive(Default)]
struct Collected {
    currency: Option<&'static str>,
    oldest: Option<f64>,
    indices: Vec<f64>,
    perpetual: Option<f64>,
    futures: BTreeMap<u64, (Symbol, f64)>,
    options: BTreeMap<(u64, u64, OptionType), ChainOption>,
    skipped: Vec<SkippedQuote>,
}

impl Collected {
    fn skip(&mut self, name: &str, reason: QuoteSkip) {
        self.skipped.push(SkippedQuote { name: name.chars().take(40).collect(), reason });
    }

    fn add(&mut self, row: Row) -> Result<(), ImportError> {
        let Some(name) = InstrumentName::parse(&row.name) else {
            self.skip(&row.name, QuoteSkip::OtherInstrument);
            return Ok(());
        };
        let symbol = super::symbol(&row.name)?;
        if let Some(first) = self.currency.replace(name.currency())
            && first != name.currency()
        {
            return Err(ImportError::MixedCurrencies { first, other: name.currency() });
        }
        let bad = |field| ImportError::Quote { symbol: symbol.clone(), field };
        let within = |field, value: Option<f64>, most: f64| match value {
            Some(value) if value.is_finite() && (0.0..=most).contains(&value) => Ok(Some(value)),
            Some(_) => Err(bad(field)),
            None => Ok(None),
        };
        let price = |field, value| {
            Ok::<_, ImportError>(within(field, value, 1e12)?.filter(|price| *price > 0.0))
        };
        if let Some(index) = price("index price", row.index)? {
            self.indices.push(index);
        }
        let mark = within("mark price", row.mark_price, 1e12)?;
        let underlying = price("underlying price", row.underlying)?;
        let duplicate = || ImportError::Duplicate { symbol: symbol.clone() };
        let (expiry, strike, option_type) = match name {
            InstrumentName::Perpetual { .. } => {
                let twice = self.perpetual.replace(mark.ok_or_else(|| bad("mark price"))?);
                return twice.map_or(Ok(()), |_| Err(duplicate()));
            }
            InstrumentName::Future { expiry, .. } => {
                let mark = mark.filter(|mark| *mark > 0.0).ok_or_else(|| bad("mark price"))?;
                let twice = self.futures.insert(expiry, (symbol.clone(), mark));
                return twice.map_or(Ok(()), |_| Err(duplicate()));
            }
            InstrumentName::Option { expiry, strike, option_type, .. } => {
                (expiry, strike, option_type)
            }
        };
        if row.stated.is_some_and(|stated| stated != (strike, option_type, expiry)) {
            return Err(bad("strike, type or expiry, disagreeing with the name,"));
        }
        let seen_at = within("time", row.seen_at, 1e11)?.ok_or(ImportError::NoTime)?;
        let Some(mark_iv) = within("volatility", row.mark_iv, 100.0)?.filter(|iv| *iv > 0.0) else {
            self.skip(&row.name, QuoteSkip::NoVolatility);
            return Ok(());
        };
        // Exact: unix times are below 2^53.
        if expiry as f64 <= seen_at {
            self.skip(&row.name, QuoteSkip::Expired);
            return Ok(());
        }
        self.oldest = Some(self.oldest.map_or(seen_at, |oldest| oldest.min(seen_at)));
        let option = ChainOption {
            expiry,
            strike,
            option_type,
            mark_iv,
            mark_price: mark.ok_or_else(|| bad("mark price"))?,
            underlying: underlying.ok_or_else(|| bad("underlying price"))?,
            bid: within("bid", row.bid, 1e12)?,
            ask: within("ask", row.ask, 1e12)?,
            open_interest: within("open interest", row.open_interest, 1e15)?,
            seen_at,
            symbol: symbol.clone(),
        };
        // The bits of positive numbers are in the numbers' order.
        match self.options.insert((expiry, strike.to_bits(), option_type), option) {
            Some(_) => Err(duplicate()),
            None => Ok(()),
        }
    }

    fn chain(mut self) -> Result<OptionChain, ImportError> {
        let (Some(currency), Some(oldest)) = (self.currency, self.oldest) else {
            return Err(ImportError::NoOptions);
        };
        let mut expiries: Vec<ChainExpiry> = Vec::new();
        for option in self.options.into_values() {
            match expiries.last_mut() {
                Some(last) if last.expiry == option.expiry => last.options.push(option),
                _ => expiries.push(ChainExpiry {
                    expiry: option.expiry,
                    forward: 0.0,
                    future: None,
                    options: vec![option],
                }),
            }
        }
        for expiry in &mut expiries {
            let future = self.futures.remove(&expiry.expiry);
            expiry.future = future.map(|(symbol, _)| symbol);
            expiry.forward = median(expiry.options.iter().map(|o| o.underlying).collect());
        }
        let nearest = expiries.first().map_or(0.0, |expiry| expiry.forward);
        let (index, index_source) = match self.indices.is_empty() {
            true => (nearest, IndexSource::NearestForward),
            false => (median(self.indices), IndexSource::Index),
        };
        Ok(OptionChain {
            currency: super::symbol(currency)?,
            timestamp: Timestamp::new(whole_seconds(oldest)),
            source: format!("Deribit {currency} options: marks of the book summary"),
            index,
            index_source,
            perpetual: self.perpetual,
            expiries,
            skipped: self.skipped,
        })
    }
}

/// The middle value, the upper of two; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A checked time in whole seconds, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a checked time is from 0 to 1e11"
)]
fn whole_seconds(time: f64) -> u64 {
    time as u64
}

#[cfg(test)]
mod tests;
