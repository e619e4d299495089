//! Rows of either form, put together.

use std::collections::BTreeMap;

use zkmargin_margin::ids::Timestamp;

use super::{
    ChainExpiry, ChainOption, IndexSource, InstrumentName, OptionChain, QuoteSkip, SkippedQuote,
};
use crate::import::{ImportError, LeftOut, forms, median, symbol};
use crate::scenario::black76::OptionType;
use crate::symbol::Symbol;

/// A mark this far from the intrinsic value, in coins, is that value: the venue's
/// smallest step.
const TICK: f64 = 0.0001;

/// A row of either form.
pub(super) struct Row {
    pub(super) name: String,
    /// What the row itself says of its option: strike, type, expiry.
    pub(super) stated: Option<(f64, OptionType, u64)>,
    pub(super) seen_at: Option<f64>,
    pub(super) mark_iv: Option<f64>,
    pub(super) mark_price: Option<f64>,
    pub(super) underlying: Option<f64>,
    pub(super) index: Option<f64>,
    pub(super) bid: Option<f64>,
    pub(super) ask: Option<f64>,
    pub(super) open_interest: Option<f64>,
}

#[derive(Default)]
pub(super) struct Collected<'a> {
    /// The currency asked for.
    wanted: Option<&'a str>,
    currency: Option<&'static str>,
    oldest: Option<f64>,
    indices: Vec<f64>,
    perpetual: Option<f64>,
    futures: BTreeMap<u64, (Symbol, f64)>,
    options: BTreeMap<(u64, u64, OptionType), ChainOption>,
    skipped: Vec<SkippedQuote>,
}

impl<'a> Collected<'a> {
    pub(super) fn new(wanted: Option<&'a str>) -> Self {
        Self { wanted, ..Self::default() }
    }

    fn skip(&mut self, name: &str, reason: QuoteSkip) {
        self.skipped.push(SkippedQuote { name: forms::cut(name), reason });
    }

    /// Adds a row, or leaves it out.
    pub(super) fn add(&mut self, row: Result<Row, SkippedQuote>) -> Result<(), ImportError> {
        let row = match row {
            Ok(row) => row,
            Err(skipped) => {
                self.skipped.push(skipped);
                return Ok(());
            }
        };
        let Some(name) = InstrumentName::parse(&row.name) else {
            let linear = ["_USDC", "_USDT"].iter().any(|quote| row.name.contains(quote));
            let reason = if linear { QuoteSkip::Linear } else { QuoteSkip::OtherInstrument };
            self.skip(&row.name, reason);
            return Ok(());
        };
        if self.wanted.is_some_and(|wanted| wanted != name.currency()) {
            self.skip(&row.name, QuoteSkip::OtherCurrency);
            return Ok(());
        }
        let symbol = symbol(&row.name)?;
        if let Some(first) = self.currency.replace(name.currency())
            && first != name.currency()
        {
            return Err(ImportError::MixedCurrencies { first, other: name.currency() });
        }
        match self.place(&symbol, name, &row) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ImportError::Duplicate { symbol }),
            Err(reason) => {
                self.skip(&row.name, reason);
                Ok(())
            }
        }
    }

    /// Puts a row where it belongs; `false` when one is there already.
    fn place(
        &mut self,
        symbol: &Symbol,
        name: InstrumentName,
        row: &Row,
    ) -> Result<bool, QuoteSkip> {
        if let Some(index) = price("index price", row.index)? {
            self.indices.push(index);
        }
        let mark = within("mark price", row.mark_price, 1e12)?;
        let (expiry, strike, option_type) = match name {
            InstrumentName::Perpetual { .. } => {
                let mark = price("mark price", mark)?.ok_or(QuoteSkip::Number("mark price"))?;
                return Ok(self.perpetual.replace(mark).is_none());
            }
            InstrumentName::Future { expiry, .. } => {
                let mark = price("mark price", mark)?.ok_or(QuoteSkip::Number("mark price"))?;
                return Ok(self.futures.insert(expiry, (symbol.clone(), mark)).is_none());
            }
            InstrumentName::Option { expiry, strike, option_type, .. } => {
                (expiry, strike, option_type)
            }
        };
        if row.stated.is_some_and(|stated| stated != (strike, option_type, expiry)) {
            return Err(QuoteSkip::Name);
        }
        let seen_at = within("time", row.seen_at, 1e11)?.ok_or(QuoteSkip::NoTime)?;
        // Exact: unix times are below 2^53.
        if expiry as f64 <= seen_at {
            return Err(QuoteSkip::Expired);
        }
        let mark_price = mark.ok_or(QuoteSkip::Number("mark price"))?;
        let underlying = price("underlying price", row.underlying)?
            .ok_or(QuoteSkip::Number("underlying price"))?;
        let mark_iv = match within("volatility", row.mark_iv, 100.0)?.filter(|iv| *iv > 0.0) {
            Some(iv) => iv,
            None if is_intrinsic(mark_price, underlying, (strike, option_type)) => 0.0,
            None => return Err(QuoteSkip::NoVolatility),
        };
        let option = ChainOption {
            expiry,
            strike,
            option_type,
            mark_iv,
            mark_price,
            underlying,
            bid: within("bid", row.bid, 1e12)?,
            ask: within("ask", row.ask, 1e12)?,
            open_interest: within("open interest", row.open_interest, 1e15)?,
            seen_at,
            symbol: symbol.clone(),
        };
        self.oldest = Some(self.oldest.map_or(seen_at, |oldest| oldest.min(seen_at)));
        // The bits of positive numbers are in the numbers' order.
        Ok(self.options.insert((expiry, strike.to_bits(), option_type), option).is_none())
    }

    /// The chain.
    pub(super) fn chain(mut self) -> Result<OptionChain, ImportError> {
        // Without any volatility nothing says that a mark is an intrinsic value.
        let none = self.options.values().all(|option| option.mark_iv == 0.0);
        let (Some(currency), Some(oldest), false) = (self.currency, self.oldest, none) else {
            let rows = self.skipped.iter();
            let rows = rows.map(|row| (row.name.clone(), row.reason.to_string()));
            return Err(ImportError::NoOptions(LeftOut::of(rows)));
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
            currency: symbol(currency)?,
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

/// A number from 0 to a bound, if there is one.
fn within(field: &'static str, value: Option<f64>, most: f64) -> Result<Option<f64>, QuoteSkip> {
    match value {
        Some(value) if value.is_finite() && (0.0..=most).contains(&value) => Ok(Some(value)),
        Some(_) => Err(QuoteSkip::Number(field)),
        None => Ok(None),
    }
}

/// A price above 0, if there is one.
fn price(field: &'static str, value: Option<f64>) -> Result<Option<f64>, QuoteSkip> {
    Ok(within(field, value, 1e12)?.filter(|price| *price > 0.0))
}

/// Whether a mark in coins is the option's intrinsic value: it has no volatility
/// because none gives another value.
fn is_intrinsic(mark: f64, forward: f64, (strike, option_type): (f64, OptionType)) -> bool {
    let value = match option_type {
        OptionType::Call => forward - strike,
        OptionType::Put => strike - forward,
    };
    (mark - value.max(0.0) / forward).abs() <= TICK
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
