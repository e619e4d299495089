//! Portfolio documents: what a trader writes down, and how it becomes the
//! committed portfolio.
//!
//! A document is JSON. Every number is a decimal in quotes, exact as written;
//! unknown fields are refused.
//!
//! ```json
//! {
//!   "version": 1,
//!   "account": "0x00000000000000000000000000000000000000a1",
//!   "blinding": "0x<62 hexadecimal digits; drawn by `encrypt` when absent>",
//!   "balance": "1000",
//!   "positions": [
//!     { "instrument": "BTC", "quantity": "-0.00785", "entry_price": "26961.2" }
//!   ],
//!   "isolated": [
//!     { "cash": "10", "positions": [{ "instrument": "ETH", "quantity": "0.1" }] }
//!   ]
//! }
//! ```
//!
//! `cash` or `balance`, and `positions`, are the cross-margin bucket, number 0;
//! the isolated buckets are 1, 2 and so on. A bucket's cash is carried by its
//! first position in canonical order; a bucket with cash alone becomes a position
//! of zero lots of the market's first instrument by name.
//!
//! What `cash` carries depends on the market's family. Of a standard market it has
//! the cost basis and settled funding: equity is `sum of quantity * price +
//! cash`. Of a scenario market it has what perpetuals and futures have earned so
//! far, as they are worth nothing beside: equity is `options and collateral at
//! their marks + cash`. There the instruments are options, perpetuals, futures
//! and collateral, each by its symbol, and there are no isolated buckets.
//!
//! `balance` means the same everywhere: what was paid in and is realised, as the
//! venue's wallet shows it, premiums of options paid. Cash is computed from it: in
//! a standard market less `quantity * entry_price` of perpetuals and futures,
//! rounded down; in a scenario market with their `unrealised` profit added.
//!
//! `leverage` of a perpetual or future is the one that the account chose: its initial margin
//! is then at least notional over leverage, and the market must list it. Without it that is
//! the largest that the market allows. An instrument has one leverage in a bucket.
//!
//! `reserved` is margin that the venue has reserved for open orders, in either
//! form. It counts against the initial margin of bucket 0 and nothing else.
//!
//! [`SCHEMA`] is the form as a JSON Schema.

mod check;
mod convert;
mod cut;
mod decimal;
mod document;
mod funds;
#[cfg(test)]
mod leverage_tests;

pub use check::{MAX_POSITIONS, MAX_SCENARIO_POSITIONS};
pub use convert::{Listings, LotSize};
pub use decimal::{Decimal, DecimalError};
pub use document::{
    IsolatedBucket, NoRandomness, PortfolioDocument, PositionEntry, SecretText, VERSION,
};
pub use funds::CASH_NOTE;

use zkmargin_params::leverage::ChosenLeverage;
use zkmargin_params::symbol::ParseSymbolError;

use crate::json::JsonError;

/// The JSON Schema of a portfolio document. It says what a document looks like;
/// [`PortfolioDocument::check`] and the market say the rest.
pub const SCHEMA: &str = include_str!("../../schemas/portfolio.schema.json");
/// Which markets hold no more.
fn family(allowed: &usize) -> &'static str {
    if *allowed < MAX_POSITIONS { " over two underlyings or scenarios of a simulation" } else { "" }
}

/// Why a document is not a portfolio. Fields are paths into the document;
/// quantities and amounts are never shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortfolioFileError {
    /// Not the schema.
    #[error(transparent)]
    Json(Box<JsonError>),
    /// Written for another version of the schema.
    #[error("version: {0} is not supported, allowed is {VERSION}")]
    Version(u16),
    /// Not a number as the schema writes them.
    #[error("{field}: {problem}")]
    Number {
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: DecimalError,
    },
    /// A text that names no instrument of any market.
    #[error("{field}: {problem}")]
    Symbol {
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: ParseSymbolError,
    },
    /// A bucket with both its cash and its balance.
    #[error("{0}: beside `cash`: a bucket has one of them")]
    CashAndBalance(String),
    /// A field of a form that the bucket is not in, or that has no use for it.
    #[error("{field}: {rule}")]
    Misplaced {
        /// The field.
        field: String,
        /// Where it belongs.
        rule: &'static str,
    },
    /// A position that needs to say what it cost or earned.
    #[error("{field}: missing; beside a `balance` {rule}")]
    Missing {
        /// The field.
        field: String,
        /// Which positions need it.
        rule: &'static str,
    },
    /// An instrument that the market does not list.
    #[error("{field}: the market does not list `{symbol}`{}", near_names(.near))]
    UnknownInstrument {
        /// The field.
        field: String,
        /// The symbol given.
        symbol: String,
        /// Listed symbols that are spelled much like it.
        near: Vec<String>,
    },
    /// A leverage that the market does not list.
    #[error("{field}: the market does not list `{symbol}` at {leverage}x{}", others(.listed, .largest))]
    Unlisted {
        /// The field.
        field: String,
        /// The instrument.
        symbol: String,
        /// The leverage given.
        leverage: ChosenLeverage,
        /// Those that are listed.
        listed: Vec<ChosenLeverage>,
        /// From which on none needs to be.
        largest: u32,
    },
    /// An instrument twice in one bucket.
    #[error("{second}: the same instrument as {first}, in one bucket")]
    Duplicate {
        /// The first field.
        first: String,
        /// The second one.
        second: String,
    },
    /// A quantity between two lots.
    #[error("{field}: not a whole number of lots of {lot}")]
    NotWholeLots {
        /// The field.
        field: String,
        /// The lot size.
        lot: String,
    },
    /// More decimals than the quote currency has.
    #[error("{field}: more than {decimals} decimals, the smallest unit of the quote currency")]
    NotWholeUnits {
        /// The field.
        field: String,
        /// Decimals of the quote currency.
        decimals: u32,
    },
    /// A quantity or amount past its type.
    #[error("{field}: out of range, allowed is {allowed}")]
    OutOfRange {
        /// The field.
        field: String,
        /// The range.
        allowed: &'static str,
    },
    /// More positions than the largest circuit holds.
    #[error("{found} positions, allowed are {allowed} in all buckets together{}", family(.allowed))]
    TooManyPositions {
        /// Positions found.
        found: usize,
        /// What the largest circuit holds.
        allowed: usize,
    },
    /// More isolated buckets than there are numbers.
    #[error("{found} isolated buckets, allowed are {MAX_POSITIONS}")]
    TooManyBuckets {
        /// Buckets found.
        found: usize,
    },
    /// Isolated buckets where the model knows none.
    #[error("isolated: portfolio margin has one bucket")]
    OneBucket,
    /// No blinding, so no commitment.
    #[error("blinding: missing; without it there is no commitment")]
    NoBlinding,
    /// The market lists nothing that could carry cash.
    #[error("the market lists no instrument to carry the cash")]
    EmptyMarket,
    /// A document of another portfolio than the one that was cut.
    #[error("the document is not that of the portfolio that was cut")]
    OtherPortfolio,
}

impl PortfolioFileError {
    /// What may be told where others read along, if the message says more: not
    /// which instruments there are, nor how many positions.
    pub fn discreet(&self) -> Option<String> {
        let unnumbered = |field: &str| field.replace(|c: char| c.is_ascii_digit(), "");
        Some(match self {
            Self::UnknownInstrument { field, .. } => {
                format!("{}: the market does not list it", unnumbered(field))
            }
            Self::Unlisted { field, .. } => {
                format!("{}: the market does not list it", unnumbered(field))
            }
            Self::NotWholeLots { field, .. } => {
                format!("{}: not a whole number of lots", unnumbered(field))
            }
            Self::TooManyPositions { .. } => {
                format!("more than {MAX_POSITIONS} positions in all buckets together")
            }
            Self::TooManyBuckets { .. } => format!("more than {MAX_POSITIONS} isolated buckets"),
            Self::Number { field, problem } => format!("{}: {problem}", unnumbered(field)),
            Self::Symbol { field, problem } => format!("{}: {problem}", unnumbered(field)),
            Self::CashAndBalance(field) => {
                format!("{}: beside `cash`: a bucket has one of them", unnumbered(field))
            }
            Self::Misplaced { field, rule } => format!("{}: {rule}", unnumbered(field)),
            Self::Missing { field, .. } => format!("{}: missing", unnumbered(field)),
            Self::Duplicate { .. } => "an instrument twice in one bucket".to_owned(),
            Self::NotWholeUnits { field, decimals } => {
                format!("{}: more than {decimals} decimals", unnumbered(field))
            }
            Self::OutOfRange { field, allowed } => {
                format!("{}: out of range, allowed is {allowed}", unnumbered(field))
            }
            // A document that cannot be read, and where: no file of `encrypt`.
            Self::Json(_)
            | Self::Version(_)
            | Self::OneBucket
            | Self::NoBlinding
            | Self::EmptyMarket
            | Self::OtherPortfolio => return None,
        })
    }
}

/// The end of the sentence about a leverage that is not listed.
fn others(listed: &[ChosenLeverage], largest: &u32) -> String {
    let mut others: Vec<_> = listed.iter().map(|leverage| format!("{leverage}x")).collect();
    if *largest <= ChosenLeverage::MAX.into() {
        others.push(format!("{largest}x and above"));
    }
    match others.is_empty() {
        true => String::new(),
        false => format!(", but at {}", others.join(", ")),
    }
}

/// The end of the sentence about an unknown instrument.
fn near_names(near: &[String]) -> String {
    match near {
        [] => String::new(),
        names => format!(" (near: {})", names.join(", ")),
    }
}
