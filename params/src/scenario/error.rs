//! Why scenario parameters, markets and portfolios are refused.

use std::fmt;
use std::ops::RangeInclusive;

use crate::calibration::CalibrationError;
use crate::scenario::black76::OptionType;
use crate::symbol::Symbol;

/// Why an input of the scenario family is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file is larger than [`MAX_FILE_BYTES`](crate::scenario::MAX_FILE_BYTES).
    #[error("the {what} has {bytes} bytes: allowed are {}", crate::scenario::MAX_FILE_BYTES)]
    TooLarge {
        /// What the file should hold.
        what: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the format: the message names field, line and column.
    #[error("not a {what}: {path}: {source}")]
    Json {
        /// What the file should hold.
        what: &'static str,
        /// The field.
        path: String,
        /// The reader's message.
        source: serde_json::Error,
    },
    /// Not TOML, or not the format: the message names field, line and column.
    #[error("not a {what}: {source}")]
    Toml {
        /// What the file should hold.
        what: &'static str,
        /// Where, and what is wrong.
        source: crate::TomlError,
    },
    /// A field breaks a rule.
    #[error("{path}: {problem}")]
    Field {
        /// The field, such as `scenarios[3].spot_shock`.
        path: String,
        /// What is wrong and what is allowed.
        problem: Problem,
    },
    /// A rule that a set's numbers follow, or what it is applied to.
    #[error(transparent)]
    Calibration(Box<CalibrationError>),
    /// The same of a second underlying.
    #[error("second: {0}")]
    SecondCalibration(Box<CalibrationError>),
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
#[derive(thiserror::Error)]
pub enum Problem {
    /// A parameter set of another underlying.
    #[error("the parameter set is for {expected}, the market is of {found}")]
    OtherUnderlying {
        /// What the set is for.
        expected: Symbol,
        /// What the market is of.
        found: Symbol,
    },
    /// A number out of range, or not a number.
    #[error("{value} is out of range: allowed are {least} to {most}")]
    Range {
        /// The number.
        value: f64,
        /// The least allowed.
        least: f64,
        /// The most allowed.
        most: f64,
    },
    /// A name that is empty, too long or not ASCII.
    #[error("a name is 1 to 64 printable ASCII characters")]
    Name,
    /// Too few or too many entries.
    #[error("{count} entries: allowed are {least} to {most}")]
    Count {
        /// Entries given.
        count: usize,
        /// The least allowed.
        least: usize,
        /// The most allowed.
        most: usize,
    },
    /// A skew scenario that moves spot.
    #[error("a linear or abs skew scenario must have a spot shock of 1, not {0}")]
    SkewMovesSpot(f64),
    /// A second skew scenario of a kind.
    #[error("there is already a skew scenario of this kind: allowed is one")]
    SecondSkew,
    /// Skew scenarios without their parameters.
    #[error("missing: a linear or abs scenario needs it")]
    SkewMissing,
    /// An amount that the terms cannot hold.
    #[error(
        "{what} is {units} quote units: allowed are 0 to less than 2^{bits}; choose fewer quote_decimals"
    )]
    AmountRange {
        /// What it is.
        what: &'static str,
        /// Its quote units.
        units: f64,
        /// Bits it must fit.
        bits: u32,
    },
    /// A skew scenario with a relief.
    #[error("a linear or abs skew scenario has no relief")]
    SkewRelief,
    /// Margin in coins of contracts that are not settled in them.
    #[error("margin in coins is of inverse contracts: set inverse")]
    CoinsNeedInverse,
    /// Marks stated of a market in coins.
    #[error("of margin in coins nobody computes rows again on chain: leave it out")]
    CoinsStated,
    /// Two charges of which a market has place for one.
    #[error("a set has an expiry_roll or expiry_spread, or a basis_contingency: leave one out")]
    RollAndBasis,
    /// Tiers of no minimum charge.
    #[error("tiers are of a minimum_charge: the set has none")]
    TiersOfNothing,
    /// A tier that counts no more often than the one before.
    #[error("allowed are 2 to 15, each more than the tier before")]
    TierTimes,
    /// A tier that begins before another.
    #[error("allowed is more than 0 and than the tier before")]
    TierOrder,
    /// A relief in a set whose last scenarios are tiers.
    #[error("a set with minimum_tiers or a minimum_charge of_all has no relief")]
    ReliefAndTiers,
    /// Collateral with a delta that is in no expiry.
    #[error("with a charge on spreads no collateral is_risk_cancelling: it is in no expiry")]
    SpreadAndCollateral,
    /// Charges of a clearing house in a market of other instruments.
    #[error("only a set with imported_arrays takes them")]
    ArrayCharges,
    /// A contract that does not say what a charge of its market is on.
    #[error("array_charges charges what it is on: every contract of the market says it")]
    ChargedBlindly,
    /// A future that is worth something to who holds it.
    #[error("a future has no mark: what it gained is cash; allowed is 0, or is_option")]
    FutureMark,
    /// Collateral in a market whose margin is in coins.
    #[error("the parameter set has margin in coins, which are cash: leave collateral out")]
    CoinsAreCash,
    /// A market in coins under another currency.
    #[error("the parameter set has margin in coins: quote is {expected}, not {found}")]
    QuoteIsCoins {
        /// The underlying.
        expected: Symbol,
        /// What the snapshot says.
        found: Symbol,
    },
    /// Confidences in a market of which the perpetuals are an expiry.
    #[error(
        "with expiry_roll or expiry_spread a perpetual has no fee on options: set conf_threshold \
         to 0"
    )]
    RollAndConfidence,
    /// A hedged-delta rate that would make the charge fall as deltas grow.
    #[error("{0} is more than twice net_delta_percent: the charge would not be convex")]
    HedgedDelta(f64),
    /// Two entries for one key.
    #[error("stands twice: allowed is one")]
    Duplicate,
    /// An expiry without a feed.
    #[error("no feed has an expiry_seconds of {0}")]
    MissingFeed(u64),
    /// A collateral without a rule.
    #[error("the parameters have no rule for it in collaterals")]
    MissingRule,
    /// A position in what the market does not list.
    #[error("the market does not list it")]
    NotListed,
    /// An instrument of a set that values nothing, or an array of one that does.
    #[error("a set with imported_arrays takes instruments of kind array, and no other set does")]
    Arrays,
    /// A charge of a set whose values are imported.
    #[error(
        "a set with imported_arrays has 16 scenarios of weight 1, no discounts, and no charges but \
         the loss factors"
    )]
    ArraysAlone,
    /// Risk arrays at other prices.
    #[error("a risk array says nothing of other prices or volatilities")]
    ArraysStand,
    /// Collateral that is owed.
    #[error("{0} is negative: collateral cannot be owed")]
    NegativeCollateral(f64),
    /// A source that is too long or has control characters.
    #[error("allowed are up to 512 characters without control characters")]
    Source,
    /// Too many decimals.
    #[error("allowed are 0 to {}", crate::model::MAX_QUOTE_DECIMALS)]
    QuoteDecimals,
    /// A lot size that is not positive, too large or too precise.
    #[error("allowed are more than 0, at most 10^12, with at most 18 decimals")]
    LotSize,
    /// A lot of a single option.
    #[error("options net against each other and have one lot size: set lots.options")]
    OptionLot,
    /// An option whose symbol does not say its type.
    #[error("{}", match .0 {
        OptionType::Call => "a call's symbol must end in -C",
        OptionType::Put => "a put's symbol must end in -P",
    })]
    OptionSymbol(OptionType),
    /// A call and a put, or two options, of one strike under different names.
    #[error("another option of the strike is named {0}-C or {0}-P: they net, so name this one so")]
    StrikeSymbol(String),
    /// A symbol as options have it on something else.
    #[error("only an option's symbol may end in -C or -P")]
    NotAnOption,
    /// Two symbols with one identifier.
    #[error("its instrument id is that of {0} or next to it: rename one of them")]
    Collision(crate::symbol::Symbol),
    /// A value that a row of the integer table cannot hold.
    #[error(
        "{what} of one lot is {units:e} quote units, allowed are less than 2^{bits} either way: \
         choose a smaller lot size or fewer quote_decimals"
    )]
    LotRange {
        /// The value.
        what: &'static str,
        /// Quote units per lot.
        units: f64,
        /// Bits that it may have.
        bits: u32,
    },
    /// A factor that the integer table cannot hold.
    #[error("{value} is too large for a market that is proved: allowed are 0 to {most}")]
    FactorRange {
        /// The factor.
        value: f64,
        /// The largest.
        most: f64,
    },
    /// Initial margin that could be below maintenance margin, or maintenance
    /// margin below nothing.
    #[error(
        "{what} is {value}: in a market that is proved no initial requirement may be below the \
         maintenance requirement, and none below zero"
    )]
    LevelOrder {
        /// What.
        what: &'static str,
        /// Its value, in quote units per lot or as a factor.
        value: f64,
    },
    /// A rule in place of a set.
    #[error(
        "the set is a rule: its numbers follow from the snapshot of an epoch, so build a market"
    )]
    Uncalibrated,
    /// Two snapshots that both keep what a calibrated set reads.
    #[error(
        "what a calibrated set reads of both underlyings stands in one `calibration`: move it to \
         the first snapshot's"
    )]
    SecondObserved,
    /// A set of two underlyings with what only a set of one can have.
    #[error("a set of two underlyings cannot have it: leave it out")]
    NotWithSecond,
    /// A set of two underlyings that does not name them both.
    #[error("missing: each set of two underlyings names its own")]
    UnderlyingMissing,
    /// The same underlying twice.
    #[error("{0} is the first underlying already")]
    SameUnderlying(Symbol),
    /// A market of one underlying under a set of two.
    #[error("missing: the parameter set is of two underlyings, so is the market")]
    SecondMissing,
    /// A market of two underlyings under a set of one.
    #[error("the parameter set is of one underlying: choose one of two, or leave it out")]
    SecondUnknown,
    /// A second market that is not of the first one's time or currency.
    #[error(
        "it is not the first underlying's: times may be 60 seconds apart, the currency is the same"
    )]
    NotOfFirst,
    /// What the first underlying's market lists already.
    #[error("the first underlying's market lists it already")]
    ListedByFirst,
    /// A result that floating point cannot hold.
    #[error("the parameters and the market give a value that is not a finite number")]
    Overflow,
}

impl From<CalibrationError> for ScenarioError {
    fn from(error: CalibrationError) -> Self {
        Self::Calibration(Box::new(error))
    }
}

impl ScenarioError {
    /// The same of a field, or of a rule, of what is under a name: `second`.
    pub(crate) fn within(self, name: &str) -> Self {
        match self {
            Self::Field { path, problem } => Self::at(format!("{name}.{path}"), problem),
            Self::Calibration(error) => Self::SecondCalibration(error),
            other => other,
        }
    }

    /// A problem with a field.
    pub(crate) fn at(path: impl Into<String>, problem: Problem) -> Self {
        Self::Field { path: path.into(), problem }
    }
}

/// Refuses a number out of range; NaN is in no range.
pub(crate) fn within(
    path: impl fmt::Display,
    value: f64,
    range: RangeInclusive<f64>,
) -> Result<(), ScenarioError> {
    match range.contains(&value) {
        true => Ok(()),
        false => {
            let (least, most) = range.into_inner();
            Err(ScenarioError::at(path.to_string(), Problem::Range { value, least, most }))
        }
    }
}

/// Refuses too few or too many entries.
pub(crate) fn counted(
    path: &str,
    count: usize,
    range: RangeInclusive<usize>,
) -> Result<(), ScenarioError> {
    match range.contains(&count) {
        true => Ok(()),
        false => {
            let (least, most) = range.into_inner();
            Err(ScenarioError::at(path, Problem::Count { count, least, most }))
        }
    }
}

/// Reads TOML of a bounded size; errors name the field.
pub(super) fn read_toml<T: serde::de::DeserializeOwned>(
    text: &str,
    what: &'static str,
) -> Result<T, ScenarioError> {
    if text.len() > crate::scenario::MAX_FILE_BYTES {
        return Err(ScenarioError::TooLarge { what, bytes: text.len() });
    }
    crate::toml_text::read(text).map_err(|source| ScenarioError::Toml { what, source })
}

/// Reads JSON of a bounded size; errors name the field.
pub(super) fn read_json<'a, T: serde::Deserialize<'a>>(
    json: &'a str,
    what: &'static str,
) -> Result<T, ScenarioError> {
    if json.len() > crate::scenario::MAX_FILE_BYTES {
        return Err(ScenarioError::TooLarge { what, bytes: json.len() });
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        ScenarioError::Json { what, path, source: error.into_inner() }
    })?;
    let end = |source| ScenarioError::Json { what, path: "end of file".to_owned(), source };
    reader.end().map_err(end)?;
    Ok(value)
}
