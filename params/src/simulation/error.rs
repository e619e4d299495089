//! Why histories, rules and scenario sets are refused.

use crate::simulation::day::Day;
use crate::symbol::Symbol;

/// Why an input of a simulation is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The file is larger than [`MAX_CSV_BYTES`](super::history::MAX_CSV_BYTES).
    #[error("the closes have {bytes} bytes: allowed are {}", super::history::MAX_CSV_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not comma-separated values.
    #[error("not comma-separated values: {0}")]
    Csv(#[from] csv::Error),
    /// A column that is not there.
    #[error("no column is named {name:?}: there are {}", found.join(", "))]
    NoColumn {
        /// The name asked for.
        name: String,
        /// Those of the file.
        found: Vec<String>,
    },
    /// A column that is not written `SYMBOL=NAME`.
    #[error("{0:?} is not a column: write SYMBOL=NAME, as in BTC=btc_close_usd")]
    Column(String),
    /// Two columns of one symbol.
    #[error("{0} stands twice: allowed is one column of each underlying")]
    Duplicate(Symbol),
    /// No underlying at all.
    #[error("no underlying: name at least one column of closes")]
    NoUnderlying,
    /// Too few days for what is asked.
    #[error("{needed} days of closes are needed, there are {found}")]
    TooShort {
        /// The least.
        needed: usize,
        /// Those there are.
        found: usize,
    },
    /// Days that do not ascend.
    #[error("{later} stands after {earlier}: days must ascend")]
    Order {
        /// The day that stands first.
        earlier: Day,
        /// The one behind it.
        later: Day,
    },
    /// A close that is none.
    #[error("{day}: {value} is no close of {symbol}: allowed are {least:e} to {most:e}")]
    Close {
        /// The day.
        day: Day,
        /// Whose close.
        symbol: Symbol,
        /// The number.
        value: f64,
        /// The least allowed.
        least: f64,
        /// The most allowed.
        most: f64,
    },
    /// A row with another number of closes than there are underlyings.
    #[error("{day}: {found} closes, {expected} are needed: one of each underlying")]
    Width {
        /// The day.
        day: Day,
        /// Closes of the row.
        found: usize,
        /// Underlyings.
        expected: usize,
    },
    /// A day the history does not have.
    #[error("{0} is not in the closes, or too early in them for the horizon")]
    NoDay(Day),
    /// An underlying the set or history has no prices of.
    #[error("there are no closes of {0}: add its column")]
    NoCloses(Symbol),
    /// A number out of range.
    #[error("{field}: {value} is out of range: allowed are {least} to {most}")]
    Range {
        /// The field.
        field: &'static str,
        /// The number.
        value: f64,
        /// The least allowed.
        least: f64,
        /// The most allowed.
        most: f64,
    },
    /// A scenario that moves a price out of all proportion.
    #[error(
        "scenario {scenario}: {symbol} would move to {factor:e} times its price, allowed are {} to {}",
        super::set::LEAST_FACTOR,
        super::set::MOST_FACTOR
    )]
    Factor {
        /// The scenario.
        scenario: String,
        /// What moves.
        symbol: Symbol,
        /// How far.
        factor: f64,
    },
    /// A filter over returns that do not move.
    #[error("the closes of {0} do not move: their volatility is zero and nothing can be scaled")]
    Still(Symbol),
    /// A Cholesky factor that is not one.
    #[error(
        "cholesky[{row}]: row {row} needs {} numbers, the last above zero, and the rows as many \
         as underlyings",
        row + 1
    )]
    Cholesky {
        /// The row, from zero.
        row: usize,
    },
    /// A seed is needed and there is none.
    #[error("the rule draws from a seed: give one, fixed before the epoch")]
    NoSeed,
    /// A seed where the rule has those of a beacon.
    #[error("the rule draws from a beacon's rounds: leave out seed, which is the signature's hash")]
    SeedGiven,
    /// A signature of the beacon is needed and there is none.
    #[error("the rule draws from a beacon: add its signature of round {round} (`beacon`)")]
    NoBeacon {
        /// The round of the epoch.
        round: u64,
    },
    /// The beacon's key is no point of its group.
    #[error("set.beacon.public_key: allowed are compressed points of G2, but infinity")]
    BeaconKey,
    /// Rounds that do not rise.
    #[error("set.beacon: first_round and rounds_per_epoch must be at least 1")]
    BeaconRounds,
    /// An epoch that has no round.
    #[error("set.beacon: epoch {epoch} has no round: epochs are from 1, and rounds in 64 bits")]
    BeaconEpoch {
        /// The epoch.
        epoch: u64,
    },
    /// A signature that is another's, or of another round.
    #[error("beacon: the signature is not the beacon's of round {round}, which the epoch has")]
    BeaconSignature {
        /// The round of the epoch.
        round: u64,
    },
    /// Closes are needed and there are none.
    #[error("the rule looks at the past: add the closes of all underlyings (`history`)")]
    NoHistory,
    /// A name that is empty, too long or not ASCII.
    #[error("name: a name is 1 to 64 printable ASCII characters")]
    Name,
    /// A source that is too long or has control characters.
    #[error("source: allowed are up to 512 characters without control characters")]
    Source,
    /// Too many decimals.
    #[error("quote_decimals: allowed are 0 to {}", crate::model::MAX_QUOTE_DECIMALS)]
    QuoteDecimals,
    /// Too many underlyings, or none.
    #[error("markets: {found} underlyings: allowed are 1 to {}", super::snapshot::MAX_UNDERLYINGS)]
    Underlyings {
        /// How many.
        found: usize,
    },
    /// An instrument of two underlyings.
    #[error("markets: {0} is listed twice: a symbol names one instrument")]
    ListedTwice(Symbol),
    /// A lot size that is not positive, too large or too precise.
    #[error("lots: {0}: allowed are more than 0, at most 10^12, with at most 18 decimals")]
    LotSize(rust_decimal::Decimal),
    /// Weights that are all zero.
    #[error("weights: one of shortfall, var and stress must be above zero")]
    NoWeight,
    /// Initial margin that could be below maintenance margin.
    #[error("initial_factor: {initial} is below maintenance_factor, {maintenance}")]
    LevelOrder {
        /// The factor of initial margin.
        initial: f64,
        /// That of maintenance margin.
        maintenance: f64,
    },
    /// Too many stress scenarios, or a weight on none.
    #[error("stress: {found} scenarios: allowed are up to {most}, and one at least if they weigh")]
    StressCount {
        /// How many.
        found: usize,
        /// Columns that a row has for them.
        most: usize,
    },
    /// A tool against procyclicality that the weights do not bear out.
    #[error(
        "procyclicality: the stress loss has {part} of the weight: stressed observations need a \
         quarter, a floor some of it and a stress scenario"
    )]
    StressWeight {
        /// Its part of all weights.
        part: f64,
    },
    /// A stress scenario that says nothing of an underlying.
    #[error("stress: {stress} has no factor for {symbol}: every underlying needs one")]
    StressLeavesOut {
        /// The scenario.
        stress: String,
        /// The underlying.
        symbol: Symbol,
    },
    /// A collateral without a rule.
    #[error("collaterals: the model has no rule for {0}")]
    NoRule(Symbol),
    /// A number of scenarios that no circuit has.
    #[error(
        "set: {scenarios} scenarios: a market that is proved has {} or {}",
        super::model::PROVED_SCENARIOS[0],
        super::model::PROVED_SCENARIOS[1]
    )]
    Unproved {
        /// Those of the model.
        scenarios: usize,
    },
    /// Two symbols with one identifier.
    #[error("{symbol}: its instrument id is that of {other}: rename one of them")]
    Collision {
        /// One.
        symbol: Symbol,
        /// The other.
        other: Symbol,
    },
    /// An expiry without a feed.
    #[error("{symbol}: no feed has an expiry_seconds of {seconds}")]
    NoFeed {
        /// The instrument.
        symbol: Symbol,
        /// Its expiry.
        seconds: u64,
    },
    /// A value that floating point cannot hold.
    #[error("{0}: the model and the marks give a value that is not a finite number")]
    Overflow(Symbol),
    /// A weight that the integer table cannot hold.
    #[error("a factor times a weight is {0}: allowed are 0 to below 256")]
    Weight(f64),
    /// A value that a row of the integer table cannot hold.
    #[error(
        "{symbol}: {what} is {units:e} quote units, allowed are less than 2^32 either way: choose \
         a smaller lot size or fewer quote_decimals"
    )]
    LotRange {
        /// The instrument.
        symbol: Symbol,
        /// The value.
        what: &'static str,
        /// Quote units per lot.
        units: f64,
    },
    /// A row that breaks the bounds of what is proved.
    #[error(transparent)]
    Row(#[from] zkmargin_margin::simulation::GainOutOfRange),
    /// Terms that break the bounds of what is proved.
    #[error(transparent)]
    Terms(#[from] zkmargin_margin::simulation::InvalidTerms),
    /// Not TOML, or not the format.
    #[error("not a simulation model: {0}")]
    Toml(#[from] crate::TomlError),
    /// No losses to estimate from.
    #[error("there are no losses to estimate from")]
    NoLosses,
    /// A loss that is not a number.
    #[error("a loss is not a finite number")]
    NotFinite,
    /// A book that has nothing in it.
    #[error("positions: the book is empty")]
    EmptyBook,
    /// Not JSON, or not the format of a book.
    #[error("not a {what}: {path}: {source}")]
    Json {
        /// What the file should hold.
        what: &'static str,
        /// The field.
        path: String,
        /// The reader's message.
        source: serde_json::Error,
    },
}

/// Refuses a number out of range; NaN is in no range.
pub(super) fn within(
    field: &'static str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
) -> Result<(), SimulationError> {
    let (least, most) = (*range.start(), *range.end());
    match range.contains(&value) {
        true => Ok(()),
        false => Err(SimulationError::Range { field, value, least, most }),
    }
}
