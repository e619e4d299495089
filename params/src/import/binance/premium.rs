//! The premium index: mark prices.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;
use zkmargin_margin::ids::Timestamp;

use crate::import::number::{Number, whole};
use crate::import::{
    ImportError, Imported, SkipReason, Skipped, check_size, forms, seconds_of_millis,
};
use crate::snapshot::{PricePoint, Snapshot, check_point};
use crate::symbol::Symbol;

const WHAT: &str = "a Binance premium index";

/// Reads `premiumIndex` of one symbol or of all, as JSON or as CSV with the
/// columns `symbol`, `time_ms`, `mark_price` and `next_funding_time_ms`: the
/// marks of the perpetuals whose symbols end with the quote currency. The
/// snapshot's time is that of the oldest.
///
/// # Errors
/// When the file is no such answer, a symbol stands twice, or no price remains.
pub fn premium_index(text: &str, quote: &Symbol) -> Result<Imported<Snapshot>, ImportError> {
    let (mut prices, mut skipped) = (BTreeMap::new(), Vec::new());
    let mut oldest = u64::MAX;
    for (name, row) in premium_rows(text)? {
        match row.and_then(|row| row.point(quote)) {
            Ok((symbol, time, point)) => {
                oldest = oldest.min(time);
                if prices.insert(symbol.clone(), point).is_some() {
                    return Err(ImportError::Duplicate { symbol });
                }
            }
            Err(reason) => skipped.push(Skipped { symbol: forms::cut(&name), reason }),
        }
    }
    if prices.is_empty() {
        return Err(ImportError::NothingLeft(skipped.as_slice().into()));
    }
    let source = "Binance USD-margined futures, premium index: mark prices";
    let value = Snapshot::new(Timestamp::new(oldest), source, quote.clone(), prices)?;
    Ok(Imported { value, skipped })
}

/// A row of the premium index, whichever its form.
#[derive(Deserialize)]
struct PremiumRow {
    symbol: String,
    #[serde(deserialize_with = "whole")]
    time: u64,
    #[serde(rename = "markPrice")]
    mark_price: Number,
    #[serde(rename = "nextFundingTime", deserialize_with = "whole")]
    next_funding_time: u64,
}

impl PremiumRow {
    /// Symbol, seconds and price, or why there are none.
    fn point(self, quote: &Symbol) -> Result<(Symbol, u64, PricePoint), SkipReason> {
        let symbol = Symbol::new(&self.symbol).map_err(|_| SkipReason::NotASymbol)?;
        if self.next_funding_time == 0 {
            return Err(SkipReason::NotPerpetual);
        }
        if !self.symbol.ends_with(quote.as_str()) {
            return Err(SkipReason::OtherQuote);
        }
        if self.mark_price.0.is_zero() {
            return Err(SkipReason::NoPrice);
        }
        let odd = |error: ImportError| SkipReason::Odd(Box::new(error));
        let point = PricePoint { price: self.mark_price.0, confidence: None, open_interest: None };
        check_point(&symbol, &point).map_err(|error| odd(error.into()))?;
        Ok((symbol, seconds_of_millis(self.time).map_err(odd)?, point))
    }
}

/// As CSV has it.
#[derive(Deserialize)]
struct PremiumRecord {
    symbol: String,
    time_ms: u64,
    #[serde(with = "crate::decimal::text")]
    mark_price: Decimal,
    next_funding_time_ms: u64,
}

type NamedRow = (String, Result<PremiumRow, SkipReason>);

fn premium_rows(text: &str) -> Result<Vec<NamedRow>, ImportError> {
    check_size(text)?;
    if text.trim_start().starts_with(['[', '{']) {
        let rows = forms::rows(text, WHAT, |row| row.contains_key("symbol"))?;
        return Ok(rows.iter().enumerate().map(|(index, row)| json_row(index, row)).collect());
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.deserialize() {
        let record: PremiumRecord =
            record.map_err(|source| ImportError::Csv { what: WHAT, source })?;
        let row = PremiumRow {
            symbol: record.symbol.clone(),
            time: record.time_ms,
            mark_price: Number(record.mark_price),
            next_funding_time: record.next_funding_time_ms,
        };
        rows.push((record.symbol, Ok(row)));
    }
    Ok(rows)
}

fn json_row(index: usize, row: &Value) -> NamedRow {
    let name = forms::name(row, "symbol", index);
    let read = forms::row(row, &name).map_err(|error| SkipReason::Odd(Box::new(error)));
    (name, read)
}
