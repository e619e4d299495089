//! Why a venue's file is refused, or a row of it left out.

use std::fmt;

use rust_decimal::Decimal;

use crate::import::deribit::QuoteSkip;
use crate::import::{AccountProblem, MAX_IMPORT_BYTES};
use crate::model::ModelError;
use crate::settlement::SettlementError;
use crate::snapshot::SnapshotError;
use crate::symbol::{ParseSymbolError, Symbol};

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
    /// An answer in which the venue refused.
    #[error("not {what}: the venue answered with an error: {message}")]
    Refused {
        /// The format that was expected.
        what: &'static str,
        /// The venue's words, cut short.
        message: String,
    },
    /// An answer without rows.
    #[error("not {what}: no rows, as a list or under `result` or `data`")]
    NoRows {
        /// The format that was expected.
        what: &'static str,
    },
    /// A row that is not the format.
    #[error("{name}: {field}{source}")]
    Row {
        /// What the row calls itself, cut to 40 characters.
        name: String,
        /// The field's path with a colon, or nothing.
        field: String,
        /// The reader's message.
        source: serde_json::Error,
    },
    /// Every row was left out.
    #[error("nothing in the file can be used{0}")]
    NothingLeft(LeftOut),
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
    /// No time in the answer, which never has one.
    #[error("the answer does not say when the venue was asked")]
    AskedWhen,
    /// Times that are not of one moment, or not in the unit they should be in.
    #[error("the time {0} is refused: allowed are milliseconds since 1970, up to the year 2100")]
    Milliseconds(u64),
    /// A kind of margin that is not read.
    #[error("{symbol} is in {kind:?} margin: allowed are cross and isolated")]
    MarginKind {
        /// The symbol.
        symbol: Symbol,
        /// The kind, cut to 40 characters.
        kind: String,
    },
    /// An isolated position without the cash of its bucket.
    #[error("{symbol} is in isolated margin and {field}, its cash, is missing")]
    NoIsolatedCash {
        /// The symbol.
        symbol: Symbol,
        /// The field that should say it.
        field: &'static str,
    },
    /// A collateral that is not USDC.
    #[error(
        "collateralToken is {0}: the money of this exchange is not USDC (token 0); name it with \
         --quote"
    )]
    CollateralToken(u64),
    /// A contract whose size nothing tells.
    #[error("{symbol}: no contract size (ctVal) is given")]
    Contract {
        /// The symbol.
        symbol: Symbol,
    },
    /// Something that a venue has and this does not read.
    #[error("{name}: {what} is not supported")]
    Unsupported {
        /// What the row calls itself, cut to 40 characters.
        name: String,
        /// What is not supported.
        what: &'static str,
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
    /// A position's leverage below 1 or above 1000.
    #[error("{symbol}: the position's leverage is refused: allowed are 1 to 1000")]
    ChosenLeverage {
        /// The symbol.
        symbol: Symbol,
    },
    /// Sizes with too many decimals.
    #[error("{symbol}: {decimals} decimals of size: allowed are 0 to 18")]
    SizeDecimals {
        /// The symbol.
        symbol: Symbol,
        /// Decimals given.
        decimals: u64,
    },
    /// Neither a margin table nor a leverage.
    #[error("{symbol}: field `marginTableId` is missing, and so is `maxLeverage`")]
    NoMarginTable {
        /// The symbol.
        symbol: Symbol,
    },
    /// Lists that should have an entry for each other's.
    #[error("{what} has {count} entries: expected are {expected}")]
    Lengths {
        /// The list.
        what: &'static str,
        /// Its entries.
        count: usize,
        /// As many as these.
        expected: usize,
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
    /// A row of an option chain that is not as the venue writes rows.
    #[error("{name}: {reason}")]
    OddRow {
        /// What the row calls itself, cut to 40 characters.
        name: String,
        /// What is wrong with it.
        reason: QuoteSkip,
    },
    /// Instruments of two currencies.
    #[error(
        "the file mixes {first} and {other}: a market has one underlying, choose it with \
         --currency; an account that is margined on both together cannot be stated"
    )]
    MixedCurrencies {
        /// The first.
        first: &'static str,
        /// The other.
        other: &'static str,
    },
    /// No option in the file.
    #[error("the file has no option that can be used{0}")]
    NoOptions(LeftOut),
    /// Numbers of an account that do not agree with each other.
    #[error("{0}")]
    Account(AccountProblem),
    /// The rules make no model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The prices make no snapshot.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The marks make no snapshot of the settlement family.
    #[error(transparent)]
    Settlement(#[from] SettlementError),
}

impl ImportError {
    /// What may be told of an account where others read along, if the message
    /// names an instrument of it.
    pub const fn discreet(&self) -> Option<&'static str> {
        match self {
            Self::MarginKind { .. } => Some("a position is in another kind of margin"),
            Self::Contract { .. } => Some("a contract's size is not known"),
            Self::NoIsolatedCash { .. } => Some("an isolated position has no cash"),
            Self::Unsupported { .. } => Some("something in the account is not supported"),
            Self::Mark { .. } => Some("a position's value is not its size times a price"),
            Self::Duplicate { .. } => Some("an instrument stands twice"),
            Self::ChosenLeverage { .. } => Some("a position's leverage is out of range"),
            Self::Symbol { .. } | Self::Snapshot(_) => {
                Some("the name or the price of an instrument cannot be read")
            }
            _ => None,
        }
    }
}

/// A row that was left out.
#[derive(Debug)]
pub struct Skipped {
    /// What the row calls itself, cut to 40 characters.
    pub symbol: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a row was left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// It has no next funding time.
    #[error("not a perpetual: it has no next funding time")]
    NotPerpetual,
    /// It is quoted in another currency.
    #[error("quoted in another currency")]
    OtherQuote,
    /// It has no price.
    #[error("it has no price")]
    NoPrice,
    /// It is not traded any more.
    #[error("delisted")]
    Delisted,
    /// Its name is no symbol.
    #[error("its name is not a symbol")]
    NotASymbol,
    /// Nobody gave its lot size.
    #[error("no lot size is given")]
    NoLotSize,
    /// It is not what a row of an option chain should be.
    #[error(transparent)]
    Quote(QuoteSkip),
    /// It is not what a row should be.
    #[error(transparent)]
    Odd(Box<ImportError>),
}

impl SkipReason {
    /// Whether the row is not as the venue writes rows, or cannot be used: what
    /// `--strict` refuses.
    pub const fn is_odd(&self) -> bool {
        match self {
            Self::Odd(_) | Self::NotASymbol => true,
            Self::Quote(reason) => reason.is_odd(),
            _ => false,
        }
    }
}

/// What was read of a public file, and the rows left out of it.
#[derive(Debug)]
pub struct Imported<T> {
    /// What was read.
    pub value: T,
    /// The rows left out.
    pub skipped: Vec<Skipped>,
}

impl<T> Imported<T> {
    /// The same, unless a row is odd.
    ///
    /// # Errors
    /// That of the first odd row.
    pub fn strict(self) -> Result<Self, ImportError> {
        match first_odd(self.skipped) {
            Ok(skipped) => Ok(Self { value: self.value, skipped }),
            Err(error) => Err(error),
        }
    }
}

fn first_odd(mut skipped: Vec<Skipped>) -> Result<Vec<Skipped>, ImportError> {
    let Some(place) = skipped.iter().position(|row| row.reason.is_odd()) else {
        return Ok(skipped);
    };
    let Skipped { symbol: name, reason } = skipped.swap_remove(place);
    Err(match reason {
        SkipReason::Odd(error) => *error,
        SkipReason::Quote(reason) => ImportError::OddRow { name, reason },
        _ => ImportError::Symbol { name, source: ParseSymbolError },
    })
}

/// The rows that were left out, for a message: the first few of them.
#[derive(Debug)]
pub struct LeftOut(Vec<(String, String)>);

impl LeftOut {
    /// What a message says of rows: their names and reasons.
    pub(super) fn of(rows: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl From<&[Skipped]> for LeftOut {
    fn from(rows: &[Skipped]) -> Self {
        Self::of(rows.iter().map(|row| (row.symbol.clone(), row.reason.to_string())))
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 4;
        for (index, (name, reason)) in self.0.iter().take(SHOWN).enumerate() {
            let before = if index == 0 { ": left out " } else { "; " };
            // What could move a terminal is escaped.
            let name = name.escape_debug();
            match reason.starts_with(&name.to_string()) {
                true => write!(f, "{before}{reason}")?,
                false => write!(f, "{before}{name}: {reason}")?,
            }
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
