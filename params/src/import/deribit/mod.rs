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
//! Other columns and fields are ignored. Futures and the perpetual are *inverse*: the
//! venue sizes them in USD, and what they earn is in coins. A quantity here is in
//! coins, size over price, and so is of one moment. Marks agree with Black's formula
//! without discount over the forward, `mark = Black76(F, K, iv, T) / F`, to a few
//! 1e-5 coins: [`ChainOption::mark_residual`].

mod account;
mod collect;
mod name;
mod rows;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::ids::Timestamp;

pub use account::{CrossAccount, DeribitAccount, account, cross_account};
pub use name::InstrumentName;

use collect::Collected;

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
    /// Volatility of the mark, a fraction per year; 0 of an option that the venue
    /// marks at its intrinsic value.
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

/// Why a row of an option chain was left out, of whatever venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuoteSkip {
    /// It is no inverse option, future or perpetual of BTC or ETH.
    #[error("not an option, future or perpetual that settles in BTC or ETH")]
    OtherInstrument,
    /// It settles in USDC or USDT.
    #[error("it settles in USDC or USDT: linear instruments are not supported")]
    Linear,
    /// It is of another currency than the one asked for.
    #[error("of another currency than the one asked for")]
    OtherCurrency,
    /// A number that is missing or not a number.
    #[error("the {0} is missing or out of range")]
    Number(&'static str),
    /// What the row says of its option is not what its name says.
    #[error("strike, type or expiry disagree with the name")]
    Name,
    /// It has no time.
    #[error("the row does not say when it was seen")]
    NoTime,
    /// Its form is not that of a row.
    #[error("it is not a row of a book summary")]
    Form,
    /// It has no volatility, and a mark above its intrinsic value.
    #[error("it has no volatility, and its mark is not its intrinsic value")]
    NoVolatility,
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// It is neither an option nor a perpetual.
    #[error("neither an option nor a perpetual")]
    OtherKind,
    /// The venue says that it is not active.
    #[error("the venue does not trade it now")]
    Inactive,
    /// An instrument alone.
    #[error("no ticker of it is given")]
    NoTicker,
    /// It settles on an average in the making.
    #[error("it expires within half an hour, and a ticker does not say what is settled")]
    Settling,
    /// It is of another moment than the others.
    #[error("it was seen more than a minute before the newest")]
    Stale,
    /// Its mark does not follow from its volatility.
    #[error("its mark is not what its volatility and its forward give")]
    Mark,
}

impl QuoteSkip {
    /// Whether the row is not as the venue writes rows: what `--strict` refuses.
    pub const fn is_odd(self) -> bool {
        matches!(
            self,
            Self::Number(_) | Self::Name | Self::NoTime | Self::Form | Self::Stale | Self::Mark
        )
    }
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
    /// perpetual where they are known, the coin as collateral. Confidences are one:
    /// the venue publishes none.
    ///
    /// The venue quotes an option in coins, so its value in USD is mark times
    /// *index*: Black's value over the forward, times the index. The rate
    /// `ln(forward / index) / years` says so. It is negative where the forward is
    /// below the index; models of coin-settled contracts take it as it is, others as
    /// 0.
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
                rate: self.rate(expiry.forward, expiry_seconds),
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
            array_charges: None,
            feeds,
            instruments,
        })
    }
}

impl OptionChain {
    /// The rate that takes the forward to the index, per year.
    fn rate(&self, forward: f64, expiry_seconds: u64) -> f64 {
        // Exact: below 50 years.
        let years = expiry_seconds as f64 / YEAR_SECONDS;
        let rate = crate::scenario::math::ln(forward / self.index) / years;
        if rate.is_finite() { rate.clamp(-100.0, 100.0) } else { 0.0 }
    }

    /// The first row that `--strict` refuses.
    ///
    /// # Errors
    /// [`ImportError::OddRow`] with its name and what is wrong with it.
    pub fn strict(self) -> Result<Self, ImportError> {
        match self.skipped.iter().find(|row| row.reason.is_odd()) {
            Some(row) => Err(ImportError::OddRow { name: row.name.clone(), reason: row.reason }),
            None => Ok(self),
        }
    }

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
            second: None,
            timestamp: self.timestamp,
            source: self.source.clone(),
            quote,
            quote_decimals: self.quote_decimals(),
            lots: LotSizes { options: option_lot, others: other_lot, instruments },
            market: self.market()?,
            calibration: None,
        })
    }
}

/// Reads an option chain of one currency, as JSON or as CSV. A row that cannot be
/// read is left out and named.
///
/// # Errors
/// When the text is too large or neither, a name stands twice, two currencies are
/// mixed, or no option remains.
pub fn option_chain(text: &str) -> Result<OptionChain, ImportError> {
    option_chain_of(text, None)
}

/// The same of the currency asked for; the rows of others are left out.
///
/// # Errors
/// As [`option_chain`], but that currencies may be mixed.
pub fn option_chain_of(text: &str, currency: Option<&str>) -> Result<OptionChain, ImportError> {
    let rows = rows::read(text)?;
    if rows.len() > MAX_CHAIN_ROWS {
        return Err(ImportError::TooManyRows { count: rows.len(), most: MAX_CHAIN_ROWS });
    }
    let mut collected = Collected::new(currency);
    for row in rows {
        collected.add(row)?;
    }
    collected.chain()
}

#[cfg(test)]
mod tests;
