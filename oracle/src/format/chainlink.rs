//! Chainlink Data Streams: a report of schema v3, as its API gives it.
//!
//! ```text
//! (bytes32[3] context, bytes report, bytes32[] rs, bytes32[] ss, bytes32 vs)
//! report v3 = feed id, valid from, observed at, native fee, link fee,
//!             expires at, price, bid, ask
//! ```
//!
//! ABI-encoded; nodes sign `keccak(keccak(report) || context)`, a byte of `vs`
//! is the parity of one signature. Prices have 18 decimals, times are seconds.

use std::collections::BTreeSet;

use super::{FormatError, Observation, price, signed_word};
use crate::recover::{keccak, recover};
use crate::sources::Oracle;

/// A report is longer than its head.
pub const LEAST_BYTES: usize = 7 * WORD;
const WORD: usize = 32;
/// Words of a report of schema v3.
const REPORT_WORDS: usize = 9;
/// `vs` holds a byte for each signature.
const MAX_SIGNATURES: usize = 32;
/// Decimals of a price.
const DECIMALS: u32 = 18;

/// Reads a report: one observation, signed by all whose signatures it has.
///
/// # Errors
/// [`FormatError`]: not the encoding, another schema, a signature that is none.
pub fn read(bytes: &[u8]) -> Result<Vec<Observation>, FormatError> {
    let context = bytes.get(..3 * WORD).ok_or(FormatError::Short("the context"))?;
    let report = dynamic(bytes, 3, 1)?;
    let (rs, ss) = (dynamic(bytes, 4, WORD)?, dynamic(bytes, 5, WORD)?);
    let parities = word(bytes, 6)?;
    let count = rs.len() / WORD;
    if rs.len() != ss.len() || count > MAX_SIGNATURES {
        return Err(malformed("the list of signatures"));
    }
    let digest = keccak(&[&keccak(&[report]), context]);
    let signatures = rs.chunks(WORD).zip(ss.chunks(WORD)).zip(parities);
    let signers: Option<BTreeSet<_>> =
        signatures.map(|((r, s), odd)| recover(&digest, r, s, odd)).collect();
    let signers = signers.ok_or(FormatError::Signature)?;

    // The schema is the first two bytes of the feed's identifier.
    let identifier = word(report, 0)?;
    if report.len() != REPORT_WORDS * WORD || identifier[..2] != [0, 3] {
        return Err(malformed("the schema (read is v3)"));
    }
    let feed = format!("0x{}", hex::encode(identifier));
    let seconds = u64::try_from(number(report, 2)?).unwrap_or(u64::MAX);
    let time = seconds.checked_mul(1000).ok_or_else(|| malformed("the time"))?;
    let mantissa = signed_word(&word(report, 6)?);
    let mantissa = mantissa.ok_or_else(|| FormatError::Price { feed: feed.clone() })?;
    let price = price(&feed, mantissa, DECIMALS)?;
    Ok(vec![Observation { feed, price, time, signers }])
}

/// A word of an encoding.
fn word(bytes: &[u8], index: usize) -> Result<[u8; WORD], FormatError> {
    let end = (index + 1) * WORD;
    let word = bytes.get(index * WORD..end).ok_or(FormatError::Short("a word"))?;
    word.try_into().map_err(|_| FormatError::Short("a word"))
}

/// A word as a length or an offset.
fn number(bytes: &[u8], index: usize) -> Result<usize, FormatError> {
    let word = word(bytes, index)?;
    let (high, low) = word.split_at(WORD - 8);
    let low: [u8; 8] = low.try_into().map_err(|_| malformed("an offset"))?;
    let fits = high.iter().all(|byte| *byte == 0);
    usize::try_from(u64::from_be_bytes(low))
        .ok()
        .filter(|_| fits)
        .ok_or_else(|| malformed("an offset"))
}

/// The bytes of a list whose offset stands in a word.
fn dynamic(bytes: &[u8], index: usize, size: usize) -> Result<&[u8], FormatError> {
    let tail = bytes.get(number(bytes, index)?..).ok_or(FormatError::Short("a list"))?;
    let length = number(tail, 0)?.checked_mul(size).ok_or(FormatError::Short("a list"))?;
    let end = length.checked_add(WORD).ok_or(FormatError::Short("a list"))?;
    tail.get(WORD..end).ok_or(FormatError::Short("a list"))
}

fn malformed(part: &'static str) -> FormatError {
    FormatError::Malformed { part, oracle: Oracle::Chainlink }
}
