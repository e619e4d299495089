//! The two forms of a chain: CSV and JSON.

use serde::Deserialize;
use serde_json::Value;

use super::collect::Row;
use super::{QuoteSkip, SkippedQuote};
use crate::import::number::lenient;
use crate::import::{ImportError, check_size, forms, unix_seconds};
use crate::scenario::black76::OptionType;

const WHAT: &str = "a Deribit option chain";

/// A row, or the name of one that is none.
type Read = Result<Row, SkippedQuote>;

/// Reads either form.
pub(super) fn read(text: &str) -> Result<Vec<Read>, ImportError> {
    check_size(text)?;
    match text.trim_start().bytes().next() {
        Some(b'{' | b'[') => json(text),
        _ => Ok(csv(text)?.into_iter().map(Ok).collect()),
    }
}

/// When an answer left, in microseconds.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default, rename = "usOut", deserialize_with = "lenient")]
    sent: Option<f64>,
}

#[derive(Deserialize)]
struct Summary {
    instrument_name: String,
    #[serde(default, deserialize_with = "lenient")]
    creation_timestamp: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    mark_iv: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    mark_price: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    underlying_price: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    estimated_delivery_price: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    bid_price: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    ask_price: Option<f64>,
    #[serde(default, deserialize_with = "lenient")]
    open_interest: Option<f64>,
}

fn json(text: &str) -> Result<Vec<Read>, ImportError> {
    let rows = forms::rows(text, WHAT, |row| row.contains_key("instrument_name"))?;
    let sent = serde_json::from_str::<Envelope>(text).ok().and_then(|envelope| envelope.sent);
    let sent = sent.map(|micros| micros / 1e6);
    Ok(rows.iter().enumerate().map(|(index, row)| summary(index, row, sent)).collect())
}

fn summary(index: usize, row: &Value, sent: Option<f64>) -> Read {
    let name = forms::name(row, "instrument_name", index);
    let summary: Summary = forms::row(row, &name)
        .map_err(|_| SkippedQuote { name: forms::cut(&name), reason: QuoteSkip::Form })?;
    Ok(Row {
        name: summary.instrument_name,
        stated: None,
        seen_at: summary.creation_timestamp.map(|millis| millis / 1e3).or(sent),
        mark_iv: summary.mark_iv.map(|percent| percent / 100.0),
        mark_price: summary.mark_price,
        underlying: summary.underlying_price,
        index: summary.estimated_delivery_price,
        bid: summary.bid_price,
        ask: summary.ask_price,
        open_interest: summary.open_interest,
    })
}

/// A record of any of the CSV forms.
#[derive(Deserialize)]
struct Record {
    instrument_name: String,
    option_type: OptionType,
    strike: f64,
    expiry_unix_s: u64,
    mark_price_coin: f64,
    #[serde(alias = "mark_iv_derived")]
    mark_iv: Option<f64>,
    underlying_price_usd: f64,
    #[serde(default, alias = "estimated_delivery_price_usd")]
    index_price_usd: Option<f64>,
    #[serde(default)]
    bid_price_coin: Option<f64>,
    #[serde(default)]
    ask_price_coin: Option<f64>,
    #[serde(default)]
    open_interest: Option<f64>,
    #[serde(default)]
    as_of_unix_s: Option<f64>,
    #[serde(default, alias = "creation_timestamp_ms")]
    timestamp_ms: Option<f64>,
    #[serde(default)]
    timestamp_utc: Option<String>,
}

fn csv(text: &str) -> Result<Vec<Row>, ImportError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.deserialize() {
        let record: Record = record.map_err(|source| ImportError::Csv { what: WHAT, source })?;
        rows.push(record.row()?);
    }
    Ok(rows)
}

impl Record {
    fn row(self) -> Result<Row, ImportError> {
        let utc = self.timestamp_utc.as_deref().map(time).transpose()?;
        let millis = self.timestamp_ms.map(|millis| millis / 1e3);
        Ok(Row {
            name: self.instrument_name,
            stated: Some((self.strike, self.option_type, self.expiry_unix_s)),
            seen_at: self.as_of_unix_s.or(millis).or(utc),
            mark_iv: self.mark_iv,
            mark_price: Some(self.mark_price_coin),
            underlying: Some(self.underlying_price_usd),
            index: self.index_price_usd,
            bid: self.bid_price_coin,
            ask: self.ask_price_coin,
            open_interest: self.open_interest,
        })
    }
}

/// A time such as `2026-01-03T09:14:26.617222+00:00`, in UTC, to the second.
fn time(text: &str) -> Result<f64, ImportError> {
    let bad = || ImportError::Time(text.chars().take(40).collect());
    let (seconds, rest) = text.split_at_checked(19).ok_or_else(bad)?;
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    if !matches!(zone, "Z" | "+00:00") {
        return Err(bad());
    }
    let seconds = unix_seconds(&format!("{seconds}Z")).ok_or_else(bad)?;
    // Exact: unix times are below 2^53.
    Ok(seconds as f64)
}
