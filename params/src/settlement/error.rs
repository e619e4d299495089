//! Why models, snapshots and markets of the settlement family are refused.

use crate::scenario::ScenarioError;
use crate::symbol::Symbol;

/// Why an input of the settlement family is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettlementError {
    /// A text that is larger than [`MAX_FILE_BYTES`](crate::scenario::MAX_FILE_BYTES).
    #[error("the {what} has {bytes} bytes: allowed are {}", crate::scenario::MAX_FILE_BYTES)]
    TooLarge {
        /// What the file should hold.
        what: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the format.
    #[error("not a {what}: {path}: {source}")]
    Json {
        /// What the file should hold.
        what: &'static str,
        /// The field.
        path: String,
        /// The reader's message.
        source: serde_json::Error,
    },
    /// Not TOML, or not the format.
    #[error("not a settlement model: {0}")]
    Toml(#[from] crate::TomlError),
    /// A name that is empty, too long or not ASCII.
    #[error("name: a name is 1 to 64 printable ASCII characters")]
    Name,
    /// A source that is too long or has control characters.
    #[error("source: allowed are up to 512 characters without control characters")]
    Source,
    /// A time that is no time in seconds.
    #[error("timestamp: {0} is too late: a time is in seconds since 1970, not in milliseconds")]
    Timestamp(u64),
    /// Too many decimals.
    #[error("quote_decimals: allowed are 0 to {}", crate::model::MAX_QUOTE_DECIMALS)]
    QuoteDecimals,
    /// Too few or too many entries.
    #[error("{field}: {found} entries: allowed are 1 to {most}")]
    Count {
        /// The field.
        field: &'static str,
        /// Entries given.
        found: usize,
        /// The most allowed.
        most: usize,
    },
    /// A parameter out of range.
    #[error("{field}: {value} is out of range: allowed are {least} to {most}, up to 9 decimals")]
    Parameter {
        /// The field.
        field: String,
        /// The number.
        value: String,
        /// The least allowed.
        least: &'static str,
        /// The most allowed.
        most: &'static str,
    },
    /// A requirement that could fall below a lower one.
    #[error(
        "underlyings.{underlying}: {larger} is below {lower}: a level would need less than a lower one"
    )]
    LevelOrder {
        /// The underlying.
        underlying: Symbol,
        /// What must not be below.
        larger: &'static str,
        /// The other.
        lower: &'static str,
    },
    /// A lot size that is not positive, too large or too precise.
    #[error("{field}: allowed are more than 0, at most 10^12, with at most 18 decimals")]
    LotSize {
        /// The field.
        field: String,
    },
    /// Two underlyings with one code.
    #[error("underlyings: {one} and {other} have one code of 19 bits: rename one of them")]
    UnderlyingCode {
        /// One.
        one: Symbol,
        /// The other.
        other: Symbol,
    },
    /// A market that is refused.
    #[error("markets[{index}]: {source}")]
    Market {
        /// Its place.
        index: usize,
        /// Why.
        source: Box<ScenarioError>,
    },
    /// Two markets of one underlying.
    #[error("markets: {0} stands twice: allowed is one market of each underlying")]
    Duplicate(Symbol),
    /// A symbol of two markets.
    #[error("markets: {0} is listed twice: a symbol names one instrument")]
    ListedTwice(Symbol),
    /// A stable coin of two prices.
    #[error(
        "markets[{index}].stable_price: {found} is not the first market's {first}: the coin has one price"
    )]
    StablePrice {
        /// The market.
        index: usize,
        /// Its price.
        found: f64,
        /// The first market's.
        first: f64,
    },
    /// Chains that are not of one time.
    #[error(
        "the chains were taken {apart} seconds apart: allowed are {}",
        crate::scenario::snapshot::MAX_APART
    )]
    Apart {
        /// How far.
        apart: u64,
    },
    /// Chains in two currencies.
    #[error("a chain is in {found}, the first in {first}: take both in one currency")]
    ChainQuote {
        /// Its currency.
        found: Symbol,
        /// The first chain's.
        first: Symbol,
    },
    /// A settlement average of an expiry that no feed has, or is of two.
    #[error(
        "settled[{index}]: {underlying} has no feed with an expiry_seconds of {seconds}, or an entry before"
    )]
    UnknownExpiry {
        /// Its place.
        index: usize,
        /// The underlying.
        underlying: Symbol,
        /// Seconds to the expiry.
        seconds: u64,
    },
    /// A settlement average before it is made, or a number out of range.
    #[error("settled[{index}]: {what}")]
    Settled {
        /// Its place.
        index: usize,
        /// What is wrong and what is allowed.
        what: &'static str,
    },
    /// The last half hour without what is settled.
    #[error(
        "settled: {underlying} expires in {seconds} seconds: within half an hour of expiry \
         options settle on an average in the making, so add its `fraction` and `average`"
    )]
    SettledMissing {
        /// The underlying.
        underlying: Symbol,
        /// Seconds to the expiry.
        seconds: u64,
    },
    /// An underlying without a rule.
    #[error("the model has no rule for {0}: leave its market out, or choose a model that has one")]
    NoRule(Symbol),
    /// A kind of instrument that the family does not know.
    #[error("{symbol}: {what}: the family has options, perpetuals and collateral; leave it out")]
    Unsupported {
        /// The instrument.
        symbol: Symbol,
        /// What it is.
        what: &'static str,
    },
    /// A strike of too many digits.
    #[error(
        "{symbol}: the strike {strike} has more than five significant digits: no identifier holds it"
    )]
    StrikeDigits {
        /// The option.
        symbol: Symbol,
        /// Its strike.
        strike: f64,
    },
    /// A strike that is no whole number of quote units per lot.
    #[error(
        "{symbol}: at the strike {strike} a lot of {lot_size} costs no whole number of quote \
         units: choose a larger lots.options or more quote_decimals"
    )]
    StrikeUnits {
        /// The option.
        symbol: Symbol,
        /// Its strike.
        strike: f64,
        /// Coins per lot.
        lot_size: rust_decimal::Decimal,
    },
    /// An expiry that no identifier holds.
    #[error(
        "{symbol}: it expires at {expiry} (seconds since 1970): allowed are whole hours up to 2089"
    )]
    ExpiryHour {
        /// The option.
        symbol: Symbol,
        /// When it expires.
        expiry: u64,
    },
    /// Two instruments with one identifier.
    #[error("{symbol} and {other} have one instrument number: list one of them, or rename it")]
    Collision {
        /// One.
        symbol: Symbol,
        /// The other.
        other: Symbol,
    },
    /// A number with more digits than exact arithmetic holds.
    #[error("{0}: prices, lot and parameters have too many digits together: round them")]
    Digits(Symbol),
    /// A value that a row cannot hold.
    #[error(
        "{symbol}: {what} of one lot is {units} quote units, allowed are less than 2^48: choose \
         a smaller lot size or fewer quote_decimals"
    )]
    LotRange {
        /// The instrument.
        symbol: Symbol,
        /// The value.
        what: &'static str,
        /// Quote units per lot.
        units: String,
    },
    /// A row that breaks the bounds of what is proved.
    #[error(transparent)]
    Row(#[from] zkmargin_margin::settlement::InvalidRow),
}
