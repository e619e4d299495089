//! Why a rule or its inputs are refused.

use rust_decimal::Decimal;

use crate::simulation::SimulationError;
use crate::simulation::day::Day;
use crate::symbol::Symbol;

/// Why a rule or its inputs are refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationError {
    /// A number of the rule that is out of range.
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
    /// A decimal of rule or inputs that is out of range or too precise.
    #[error("{field}: {value} is refused: allowed are {allowed}")]
    Decimal {
        /// The field.
        field: String,
        /// The number.
        value: Decimal,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Tiers whose multiples do not rise, or whose days fall.
    #[error(
        "calibration.liquidity.tiers[{tier}]: up_to must rise by what makes a unit of the quote \
         currency at least_capacity (only the last may be without), and days must not fall"
    )]
    Tiers {
        /// The tier, from zero.
        tier: usize,
    },
    /// A floor above the cap.
    #[error("{0}: floor must be above 0 and at most cap")]
    FloorAboveCap(String),
    /// A cap of more than all.
    #[error("{0}: cap must be at most 1, over a denominator below 2^32")]
    Cap(String),
    /// A capacity whose least is above its most.
    #[error("{0}: least_capacity must be at most most_capacity")]
    CapacityOrder(String),
    /// The tool needs a stressed return.
    #[error(
        "{0}: the tool against procyclicality weighs stressed observations: \
         add stress_return, the largest absolute log return of a stressed day"
    )]
    NoStress(String),
    /// A stressed return that nothing reads.
    #[error("{0}.stress_return: the tool of this rule does not read it")]
    UnusedStress(String),
    /// Tiers that a scenario set has no place for.
    #[error(
        "calibration.liquidity.tiers: a scenario set takes 1 to {most}, the last of them without \
         up_to"
    )]
    SetTiers {
        /// The most.
        most: usize,
    },
    /// A range so large that a price would fall to nothing.
    #[error(
        "calibration.price_range: at a cap of {cap} the move of {largest} falls by {fall} of the \
         price: allowed is at most 0.95; lower cap or scaled_up_to"
    )]
    Fall {
        /// The cap.
        cap: f64,
        /// The set's move.
        largest: f64,
        /// What it becomes.
        fall: f64,
    },
    /// No scenario of a set moves with the range.
    #[error("calibration.price_range: no scenario of the set moves spot by up to scaled_up_to")]
    NothingScales,
    /// One series for two ranges.
    #[error("calibration: {0} is the series of two ranges: each has its own")]
    SeriesTwice(Symbol),
    /// A range of expiries without a charge that it sets.
    #[error(
        "calibration.expiry_range: the set has no expiry_roll, basis_contingency or roll_shock \
         whose move it could be"
    )]
    NothingRolls,
    /// Tiers of the net delta beside those that follow from liquidity.
    #[error("delta_tiers: they follow from calibration.liquidity: leave them out")]
    OwnTiers,
    /// No inputs at all.
    #[error(
        "the model's rates are calibrated, and the snapshot has nothing to calibrate from: add \
         closes (`--history`) and observations (`calibration.observations`)"
    )]
    NoInputs,
    /// No closes.
    #[error("calibration.history: the rule reads closes and the snapshot has none: add them")]
    NoHistory,
    /// No closes of one underlying.
    #[error("{symbol}: there are no closes of {underlying}: add its column to the history")]
    NoCloses {
        /// The instrument.
        symbol: Symbol,
        /// Its underlying.
        underlying: Symbol,
    },
    /// Too few days.
    #[error("{symbol}: the rule reads {needed} days of closes, there are {found}")]
    TooShort {
        /// The instrument.
        symbol: Symbol,
        /// Days needed.
        needed: usize,
        /// Days there are.
        found: usize,
    },
    /// A day without a close.
    #[error(
        "calibration.history: nothing between {before} and {after}: closes may be {allowed} days \
         apart"
    )]
    Gap {
        /// The day before.
        before: Day,
        /// The next one.
        after: Day,
        /// Most days between two.
        allowed: u32,
    },
    /// Closes that end too early.
    #[error(
        "calibration.history: the newest close is of {newest}, {age} days before the snapshot's \
         day: allowed are {allowed}"
    )]
    Stale {
        /// The newest day.
        newest: Day,
        /// Days between.
        age: u64,
        /// The most allowed.
        allowed: u32,
    },
    /// A close of a day that was not over.
    #[error(
        "calibration.history: {day} was not over when the snapshot was taken: leave its close out"
    )]
    Ahead {
        /// The day.
        day: Day,
    },
    /// A rule of an underlying without a market.
    #[error("{0}: the set is a rule for it, and the snapshot has no market of it: add `second`")]
    NoMarket(Symbol),
    /// No observation of an instrument.
    #[error(
        "{0}: the snapshot has a price but no spread, depth and volume of it: add \
         calibration.observations.{0}"
    )]
    NotObserved(Symbol),
    /// No implied volatility where the rule wants one.
    #[error(
        "{0}: the rule reads its implied volatility: add \
         calibration.observations.{0}.implied_volatility"
    )]
    NoImplied(Symbol),
    /// An estimate that is not finite or zero.
    #[error("{0}: its closes do not move, or by more than a number holds: there is no volatility")]
    Still(Symbol),
    /// Numbers of the epoch before that no epoch could have.
    #[error(
        "calibration.previous.numbers.{0}: allowed are rates above 0 and at most 1 over a \
         denominator below 2^32, in as many tiers as the rule has, and a whole capacity"
    )]
    Previous(Symbol),
    /// Numbers of the epoch before that cannot be stated.
    #[error(
        "calibration.previous.numbers.{0}: under states_numbers allowed are rates in whole units \
         of the model's denominator and a capacity of at least 1, of an epoch from 1 on"
    )]
    PreviousUnits(Symbol),
    /// The root of the epoch before is no root.
    #[error("calibration.previous.market_root: allowed are 0x and 64 hexadecimal digits")]
    PreviousRoot,
    /// An epoch before that is not before.
    #[error("calibration.previous.epoch: {previous} is not before {epoch}")]
    PreviousEpoch {
        /// The epoch named.
        previous: u64,
        /// That of the market.
        epoch: u64,
    },
    /// A time of the rule that is out of range.
    #[error("{field}: {value} seconds are out of range: allowed are {least} to {most}")]
    Seconds {
        /// The field.
        field: &'static str,
        /// The seconds.
        value: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
    /// Breakers that do not rise.
    #[error(
        "calibration.breakers.tiers[{tier}]: allowed are 1 to 8 tiers, whose moved rises from          above 0 to at most 10, with at most 6 decimals, and whose pause_seconds do not fall"
    )]
    BreakerTiers {
        /// The tier, from zero.
        tier: usize,
    },
    /// A record that no epochs lead to.
    #[error(
        "calibration.previous.breakers.instruments.{0}: allowed are spans and trips as \
         `market build` writes them: give --previous"
    )]
    BreakerRecord(Symbol),
    /// A snapshot that is not after the one before.
    #[error(
        "timestamp: {at} is not after {before}, that of the epoch before: breakers need prices          in the order of time"
    )]
    BreakerTime {
        /// The one before.
        before: u64,
        /// That of the snapshot.
        at: u64,
    },
    /// A breaker tripped, and the epoch does not wait.
    #[error(transparent)]
    Paused(#[from] Box<Paused>),
    /// Days of a replay that the closes do not have.
    #[error(
        "{symbol}: the closes do not have all days from {from} to {to} and {needed} before them"
    )]
    NotCovered {
        /// The instrument.
        symbol: Symbol,
        /// The first day.
        from: Day,
        /// The last day.
        to: Day,
        /// Closes needed before the first.
        needed: usize,
    },
    /// Closes that cannot be read.
    #[error(transparent)]
    Closes(#[from] SimulationError),
}

/// A breaker that tripped, and until when it has epochs wait.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "{symbol}: {price} is {moved} or more away from its high of {high} or its low of {low}, \
     and the rule has epochs wait: build it from a snapshot of {until} or later"
)]
pub struct Paused {
    /// The instrument.
    pub symbol: Symbol,
    /// Its price.
    pub price: Decimal,
    /// The lowest of the window.
    pub low: Decimal,
    /// The highest.
    pub high: Decimal,
    /// The tier's move, as a part of them.
    pub moved: Decimal,
    /// When the snapshot may be taken.
    pub until: u64,
}

/// Refuses a number out of range; NaN is in no range.
pub(super) fn within(
    field: &'static str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
) -> Result<(), CalibrationError> {
    let (least, most) = (*range.start(), *range.end());
    match range.contains(&value) {
        true => Ok(()),
        false => Err(CalibrationError::Range { field, value, least, most }),
    }
}
