//! Venues' own formats, as their interfaces answer.
//!
//! | venue | what | to |
//! |---|---|---|
//! | [`hyperliquid`] | `clearinghouseState` | a snapshot, positions and cash |
//! | [`hyperliquid`] | `meta` with margin tables | a model |
//! | [`binance`] | `leverageBracket` | charge rules, `cum` checked |
//! | [`binance`] | `premiumIndex` | a snapshot |
//! | [`deribit`] | `get_book_summary_by_currency` | an option chain |
//!
//! Unknown fields are ignored here: venues add them. Numbers are read exactly,
//! whether they stand as texts or as JSON numbers of at most 15 digits (which
//! binary floating point carries without loss).

pub mod binance;
pub mod deribit;
pub mod hyperliquid;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

use crate::decimal::parse_decimal;
use crate::fraction::Fraction;
use crate::model::ModelError;
use crate::snapshot::SnapshotError;
use crate::symbol::{ParseSymbolError, Symbol};

/// Largest accepted file, in bytes.
pub const MAX_IMPORT_BYTES: usize = 8 << 20;

/// Why a venue's file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file is larger than [`MAX_IMPORT_BYTES`].
    #[error("the file has {bytes} bytes: allowed are {MAX_IMPORT_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the format: the message names line and column.
    #[error("not {what}: {source}")]
    Json {
        /// The format that was expected.
        what: &'static str,
        /// The reader's message.
        source: serde_json::Error,
    },
    /// Not CSV, or not the format: the message names the line.
    #[error("not {what}: {source}")]
    Csv {
        /// The format that was expected.
        what: &'static str,
        /// The reader's message.
        source: csv::Error,
    },
    /// A name that cannot be a symbol.
    #[error("{name:?}: {source}")]
    Symbol {
        /// The name, cut to 40 characters.
        name: String,
        /// What is allowed.
        source: ParseSymbolError,
    },
    /// A symbol that stands twice.
    #[error("{symbol} stands twice")]
    Duplicate {
        /// The symbol.
        symbol: Symbol,
    },
    /// A time that is not `YYYY-MM-DDThh:mm:ssZ`.
    #[error("{0:?} is not a time: allowed is YYYY-MM-DDThh:mm:ssZ from 1970 on")]
    Time(String),
    /// No time in the file.
    #[error("the file does not say when it was taken: add `time` in milliseconds")]
    NoTime,
    /// A position in isolated margin.
    #[error("{symbol} is in isolated margin: only cross-margin accounts can be read")]
    Isolated {
        /// The symbol.
        symbol: Symbol,
    },
    /// A position of size zero, or whose value is not its size times a price.
    #[error("{symbol}: the position's value is not its size times a price")]
    Mark {
        /// The symbol.
        symbol: Symbol,
    },
    /// A total that is not the sum of its parts.
    #[error("{field} is stated as {stated}, the positions give {computed}")]
    Inconsistent {
        /// The total.
        field: &'static str,
        /// The file's value.
        stated: Decimal,
        /// The sum.
        computed: Decimal,
    },
    /// A margin table that does not exist.
    #[error("{symbol}: there is no margin table {id}")]
    MarginTable {
        /// The symbol.
        symbol: Symbol,
        /// The table's number.
        id: u64,
    },
    /// A leverage of zero or above 1000.
    #[error("{symbol}: a leverage of {leverage} is refused: allowed are 1 to 1000")]
    Leverage {
        /// The symbol.
        symbol: Symbol,
        /// The leverage.
        leverage: u64,
    },
    /// Sizes with too many decimals.
    #[error("{symbol}: {decimals} decimals of size: allowed are 0 to 18")]
    SizeDecimals {
        /// The symbol.
        symbol: Symbol,
        /// Decimals given.
        decimals: u32,
    },
    /// Brackets that do not follow on each other.
    #[error("{symbol}: bracket {bracket} does not begin where the one before ends")]
    BracketGap {
        /// The symbol.
        symbol: Symbol,
        /// The bracket.
        bracket: u64,
    },
    /// A rate that is negative or has too many digits.
    #[error("{symbol}: bracket {bracket} has a maintenance ratio that is not a rate")]
    BracketRate {
        /// The symbol.
        symbol: Symbol,
        /// The bracket.
        bracket: u64,
    },
    /// A `cum` that is not the tiers' deduction.
    #[error("{symbol}: bracket {bracket} states cum {stated}, its tiers give {computed}")]
    Cum {
        /// The symbol.
        symbol: Symbol,
        /// The bracket.
        bracket: u64,
        /// The venue's deduction.
        stated: Decimal,
        /// Ours.
        computed: Decimal,
    },
    /// Rates without a common denominator of 32 bits.
    #[error("the rates have no common denominator below 2^32")]
    Denominator,
    /// No instrument has a lot size.
    #[error("{symbol}: no lot size is given")]
    NoLotSize {
        /// The symbol.
        symbol: Symbol,
    },
    /// More rows than are read.
    #[error("the file has {count} rows: allowed are {most}")]
    TooManyRows {
        /// Rows given.
        count: usize,
        /// The most allowed.
        most: usize,
    },
    /// A number of an option that is missing or out of range.
    #[error("{symbol}: the {field} is missing or out of range")]
    Quote {
        /// The instrument.
        symbol: Symbol,
        /// The number.
        field: &'static str,
    },
    /// Instruments of two currencies.
    #[error("the file mixes {first} and {other}: allowed is one currency")]
    MixedCurrencies {
        /// The first.
        first: &'static str,
        /// The other.
        other: &'static str,
    },
    /// No option in the file.
    #[error("the file has no option that has a volatility and has not expired")]
    NoOptions,
    /// The rules make no model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The prices make no snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl ImportError {
    /// What may be told of an account where others read along, if the message
    /// names an instrument of it.
    pub const fn discreet(&self) -> Option<&'static str> {
        match self {
            Self::Isolated { .. } => {
                Some("a position is in isolated margin: only cross-margin accounts can be read")
            }
            Self::Mark { .. } => Some("a position's value is not its size times a price"),
            Self::Duplicate { .. } => Some("an instrument stands twice"),
            Self::Symbol { .. } | Self::Snapshot(_) => {
                Some("the name or the price of an instrument cannot be read")
            }
            _ => None,
        }
    }
}

/// Reads JSON of a bounded size.
fn read_json<'a, T: Deserialize<'a>>(json: &'a str, what: &'static str) -> Result<T, ImportError> {
    check_size(json)?;
    serde_json::from_str(json).map_err(|source| ImportError::Json { what, source })
}

fn check_size(text: &str) -> Result<(), ImportError> {
    match text.len() <= MAX_IMPORT_BYTES {
        true => Ok(()),
        false => Err(ImportError::TooLarge { bytes: text.len() }),
    }
}

fn symbol(name: &str) -> Result<Symbol, ImportError> {
    Symbol::new(name)
        .map_err(|source| ImportError::Symbol { name: name.chars().take(40).collect(), source })
}

/// A decimal that stands as a text or as a number.
#[derive(Clone, Copy, Debug)]
struct Number(Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Number(serde_json::Number),
        }
        let (text, most_digits) = match Either::deserialize(deserializer) {
            Ok(Either::Text(text)) => (text, usize::MAX),
            Ok(Either::Number(number)) => (number.to_string(), 17),
            Err(_) => return Err(serde::de::Error::custom("not a decimal")),
        };
        // A point and a trailing zero may come on top of 15 digits.
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        match parse_decimal(&text) {
            Ok(decimal) if digits <= most_digits => Ok(Self(decimal)),
            Ok(_) => Err(serde::de::Error::custom("a number of more than 15 digits: use a text")),
            Err(error) => Err(serde::de::Error::custom(error)),
        }
    }
}

/// The least common denominator of rates, when it has 32 bits.
fn common_denominator(rates: impl IntoIterator<Item = Fraction>) -> Result<u32, ImportError> {
    let denominator = rates.into_iter().try_fold(1u64, |common, rate| {
        // `common / d` in lowest terms is `a / b`: the least common multiple is `common * b`.
        let reduced = Fraction::new(common, rate.denominator())?;
        common.checked_mul(reduced.denominator()).filter(|common| *common <= u32::MAX.into())
    });
    denominator.and_then(|common| u32::try_from(common).ok()).ok_or(ImportError::Denominator)
}

/// The rate of a maximum leverage.
fn leverage_rate(symbol: &Symbol, leverage: u64) -> Result<Fraction, ImportError> {
    (1..=1000)
        .contains(&leverage)
        .then(|| Fraction::new(1, leverage))
        .flatten()
        .ok_or_else(|| ImportError::Leverage { symbol: symbol.clone(), leverage })
}

/// Seconds since the epoch of a `YYYY-MM-DDThh:mm:ssZ`.
fn unix_seconds(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
    if bytes.len() != 20 || separators.iter().any(|(at, byte)| bytes[*at] != *byte) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<u64> {
        bytes[from..to].iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let february = if leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    let in_month = (1..=*lengths.get(index)?).contains(&day);
    if year < 1970 || !in_month || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let days = years + lengths[..index].iter().sum::<u64>() + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests;
