//! Options in a snapshot of a standard market, and option chains as such snapshots.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::Timestamp;

use super::{
    MAX_PRICE_DECIMALS, MAX_PRICE_DIGITS, PricePoint, Snapshot, SnapshotError, TIMESTAMP_BOUND,
};
use crate::decimal::{canonical, text};
use crate::scenario::ScenarioSnapshot;
use crate::scenario::black76::{Black76, OptionType, YEAR_SECONDS};
use crate::scenario::market::{ExpiryFeed, Instrument};
use crate::scenario::snapshot::MAX_APART;
use crate::symbol::Symbol;

/// Decimals that the prices of a chain are rounded to.
const CHAIN_DECIMALS: u32 = 6;

/// An option, marked by its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionPoint {
    /// What it is on: its price is among the prices.
    pub underlying: Symbol,
    /// Call or put.
    pub option_type: OptionType,
    /// When it expires.
    pub expiry: Timestamp,
    /// The strike, in the quote currency.
    #[serde(with = "text")]
    pub strike: Decimal,
    /// Quote currency per coin; may be 0.
    #[serde(with = "text")]
    pub mark: Decimal,
}

impl OptionPoint {
    /// Checks the point; its decimals become canonical.
    pub(super) fn check(&mut self, symbol: &Symbol) -> Result<(), SnapshotError> {
        self.strike = canonical(self.strike);
        self.mark = canonical(self.mark);
        let largest = 10i64.checked_pow(MAX_PRICE_DIGITS).map_or(Decimal::MAX, Decimal::from);
        let refused = |field, given: String| {
            Err(SnapshotError::Option { symbol: symbol.clone(), field, given })
        };
        for (field, price, least) in
            [("strike", self.strike, self.strike.is_zero()), ("mark", self.mark, false)]
        {
            let in_range = price >= Decimal::ZERO && price <= largest && !least;
            if !in_range || price.scale() > MAX_PRICE_DECIMALS {
                return refused(field, price.to_string());
            }
        }
        match self.expiry.get() >= TIMESTAMP_BOUND {
            true => refused("expiry", self.expiry.get().to_string()),
            false => Ok(()),
        }
    }
}

impl Snapshot {
    /// An option chain as a snapshot of a standard market: spot under the symbol of the
    /// underlying, perpetuals and futures at their prices, options at their values by Black's
    /// formula as the chain has them. Prices are rounded to six decimals.
    ///
    /// # Errors
    /// When a price is none that a snapshot takes, or the chain is of two underlyings.
    pub fn of_chain(chain: &ScenarioSnapshot) -> Result<Self, SnapshotError> {
        let spec = chain.spec();
        if spec.second.is_some() {
            return Err(SnapshotError::Chain("it has two underlyings: give each alone"));
        }
        let market = spec.market.spec();
        let mut prices = BTreeMap::new();
        let mut options = BTreeMap::new();
        let point = |symbol: &Symbol, price: f64| {
            let price = decimal(price, symbol)?;
            Ok::<_, SnapshotError>(PricePoint { price, confidence: None, open_interest: None })
        };
        for (symbol, instrument) in &market.instruments {
            let feed = |seconds| {
                let group = spec.market.group_of(seconds);
                let feed = group.and_then(|group| market.feeds.get(group));
                feed.ok_or(SnapshotError::Chain("an expiry has no forward"))
            };
            match *instrument {
                Instrument::Option { expiry_seconds, strike, option_type, mark_vol } => {
                    let mark = value(feed(expiry_seconds)?, (option_type, strike, mark_vol));
                    let expiry = spec.timestamp.get().saturating_add(expiry_seconds);
                    let option = OptionPoint {
                        underlying: market.underlying.clone(),
                        option_type,
                        expiry: Timestamp::new(expiry),
                        strike: decimal(strike, symbol)?,
                        mark: decimal(mark, symbol)?,
                    };
                    options.insert(symbol.clone(), option);
                }
                Instrument::Array { .. } => {
                    return Err(SnapshotError::Chain("it has risk arrays, and no option's terms"));
                }
                Instrument::Future { expiry_seconds } => {
                    let forward = feed(expiry_seconds)?.forward;
                    prices.insert(symbol.clone(), point(symbol, forward)?);
                }
                Instrument::Perpetual { price, .. } | Instrument::Collateral { price, .. } => {
                    prices.insert(symbol.clone(), point(symbol, price)?);
                }
            }
        }
        // Also where the chain lists it as collateral: what charges are fractions of.
        let underlying = &market.underlying;
        prices.insert(underlying.clone(), point(underlying, market.spot)?);
        let snapshot = Self::new(spec.timestamp, &spec.source, spec.quote.clone(), prices)?;
        snapshot.with_options(options)
    }

    /// The same with the prices and options of another: of options on a second underlying.
    ///
    /// # Errors
    /// When they are more than [`MAX_APART`] seconds apart, of two currencies, or one symbol
    /// is in both; when one keeps more than prices and options. The time is the older one.
    pub fn with_second(self, second: Self) -> Result<Self, SnapshotError> {
        let apart = self.timestamp.get().abs_diff(second.timestamp.get()) > MAX_APART;
        if apart || self.quote != second.quote {
            return Err(SnapshotError::Chain("both must be of the same minute and currency"));
        }
        let keeps = |one: &Self| !one.reports.is_empty() || one.calibration.is_some();
        if keeps(&self) || keeps(&second) {
            return Err(SnapshotError::Chain("one keeps more than prices and options"));
        }
        let listed = |one: &Self, symbol: &Symbol| {
            one.prices.contains_key(symbol) || one.options.contains_key(symbol)
        };
        if second.prices.keys().chain(second.options.keys()).any(|s| listed(&self, s)) {
            return Err(SnapshotError::Chain("one symbol is in both"));
        }
        let timestamp = self.timestamp.min(second.timestamp);
        let prices = self.prices.into_iter().chain(second.prices).collect();
        let options = self.options.into_iter().chain(second.options).collect();
        Self::new(timestamp, &self.source, self.quote, prices)?.with_options(options)
    }
}

/// An option's value as a chain marks it, per coin, at its rate whatever the sign: a venue
/// that marks in coins has the rate by which forward and spot differ.
fn value(feed: &ExpiryFeed, (option_type, strike, vol): (OptionType, f64, f64)) -> f64 {
    // Exact below 2^53.
    let years = feed.expiry_seconds as f64 / YEAR_SECONDS;
    let discount = (-feed.rate * years).exp();
    Black76 { option_type, forward: feed.forward, strike, vol, years, discount }.value()
}

fn decimal(price: f64, symbol: &Symbol) -> Result<Decimal, SnapshotError> {
    let refused = || SnapshotError::Price { symbol: symbol.clone(), given: price.to_string() };
    let price = Decimal::try_from(price).map_err(|_| refused())?;
    Ok(canonical(price.round_dp(CHAIN_DECIMALS)))
}
