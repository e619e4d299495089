//! Reports as the oracles publish them.

pub mod chainlink;
pub mod lazer;
pub mod pyth;
mod reader;
pub mod redstone;
pub mod stork;

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::recover::Signer;
use crate::sources::Oracle;

/// What a report says of one feed, and who signed exactly that.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The feed, as the oracle names it.
    pub feed: String,
    /// The price.
    pub price: Decimal,
    /// When it was, in milliseconds since 1970.
    pub time: u64,
    /// Who signed it; whether they count is for [`crate::Sources`] to say.
    pub signers: BTreeSet<Signer>,
}

/// Why a report cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// It ends before its own lengths say so.
    #[error("the report ends within {0}")]
    Short(&'static str),
    /// It goes on after its end.
    #[error("the report has {0} bytes after its end")]
    Trailing(usize),
    /// A part that is not as the format has it.
    #[error("{part} is not as {oracle} writes it")]
    Malformed {
        /// The part.
        part: &'static str,
        /// The oracle.
        oracle: Oracle,
    },
    /// A price that is not above zero, or that no decimal holds.
    #[error("the price of {feed} is not a decimal above 0 of at most 28 digits")]
    Price {
        /// The feed.
        feed: String,
    },
    /// A signature that is none.
    #[error("a signature of the report is none")]
    Signature,
    /// A message that the signed root does not hold.
    #[error("a price of the report is not under the root that was signed")]
    Root,
    /// A property of a feed whose length is unknown, so that nothing after it
    /// can be read.
    #[error("property {0} of a feed is not known here")]
    Property(u8),
    /// Of no format that is known.
    #[error(
        "the report is of no known format: known are RedStone payloads, Chainlink reports and \
         Pyth Lazer updates in hexadecimal, answers of Stork and of Pyth's Hermes in JSON"
    )]
    Unknown,
}

/// Reads a report of any oracle: hexadecimal, or the JSON of an API's answer.
///
/// # Errors
/// [`FormatError`]: what is not whole, or of no known format.
pub fn read(text: &str) -> Result<(Oracle, Vec<Observation>), FormatError> {
    let text = text.trim();
    if text.starts_with(['{', '[']) {
        return if text.contains("stork_signed_price") {
            Ok((Oracle::Stork, stork::read(text)?))
        } else {
            Ok((Oracle::Pyth, pyth::read(text)?))
        };
    }
    let bytes =
        hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| FormatError::Unknown)?;
    if bytes.starts_with(&lazer::ENVELOPE) {
        Ok((Oracle::PythLazer, lazer::read(&bytes)?))
    } else if bytes.ends_with(&redstone::MARKER) {
        Ok((Oracle::Redstone, redstone::read(&bytes)?))
    } else if bytes.len() > chainlink::LEAST_BYTES {
        Ok((Oracle::Chainlink, chainlink::read(&bytes)?))
    } else {
        Err(FormatError::Unknown)
    }
}

/// `mantissa * 10^-decimals`, above zero.
fn price(feed: &str, mantissa: i128, decimals: u32) -> Result<Decimal, FormatError> {
    let price = Decimal::try_from_i128_with_scale(mantissa, decimals);
    price
        .ok()
        .filter(|price| *price > Decimal::ZERO)
        .map(|price| price.normalize())
        .ok_or_else(|| FormatError::Price { feed: feed.to_owned() })
}

/// A signed big-endian word of 32 bytes, where it fits 128 bits.
fn signed_word(word: &[u8; 32]) -> Option<i128> {
    let (high, low) = word.split_at(16);
    let value = i128::from_be_bytes(low.try_into().ok()?);
    let sign = if value < 0 { 0xff } else { 0 };
    high.iter().all(|byte| *byte == sign).then_some(value)
}
