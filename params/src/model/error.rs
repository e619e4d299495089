//! Why a model is refused.

use crate::fraction::Fraction;
use crate::leverage::ChosenLeverage;
use crate::model::{MAX_LEVERAGES, MAX_MODEL_BYTES, MAX_QUOTE_DECIMALS, MAX_TIERS};

/// Why a model is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file is larger than [`MAX_MODEL_BYTES`].
    #[error("the model has {bytes} bytes: allowed are {MAX_MODEL_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not the format: the message names line and column.
    #[error("not a margin model: {0}")]
    Json(#[from] serde_json::Error),
    /// Not TOML, or not the format: the message names field, line and column.
    #[error("not a margin model: {0}")]
    Toml(#[from] crate::TomlError),
    /// A calibration that breaks a rule.
    #[error(transparent)]
    Calibration(#[from] crate::calibration::CalibrationError),
    /// A field breaks a rule.
    #[error("{path}: {problem}")]
    Field {
        /// The field, such as `instruments.BTC.margin.initial[0].rate`.
        path: String,
        /// What is wrong and what is allowed.
        problem: FieldProblem,
    },
}

impl ModelError {
    /// A problem with a field.
    pub(crate) fn at(path: impl Into<String>, problem: FieldProblem) -> Self {
        Self::Field { path: path.into(), problem }
    }
}

/// What is wrong with a field of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// A name that is empty, too long or not ASCII.
    #[error("a name is 1 to 64 printable ASCII characters")]
    Name,
    /// Too many decimals.
    #[error("allowed are 0 to {MAX_QUOTE_DECIMALS}")]
    QuoteDecimals,
    /// A denominator of zero.
    #[error("allowed are 1 to 4294967295")]
    Denominator,
    /// A least price of short options that no row can have.
    #[error(
        "allowed are more than 0, at most the maintenance margins, of which rates are at most 2^32 \
         over the denominator: choose a larger one or a smaller denominator"
    )]
    LeastPrice,
    /// Outside 0 to 1.
    #[error("allowed are 0 to 1")]
    UnitInterval,
    /// Two symbols whose instrument numbers are equal.
    #[error("both have the same instrument number: rename one")]
    SameInstrument,
    /// An empty list.
    #[error("at least one entry is needed")]
    Empty,
    /// More than [`MAX_TIERS`] tiers.
    #[error("{count} tiers: allowed are {MAX_TIERS}")]
    TooManyTiers {
        /// Tiers given.
        count: usize,
    },
    /// A lot size that is not positive or too precise.
    #[error("allowed are more than 0, at most 10^12, with at most 18 decimals")]
    LotSize,
    /// A rate that the common denominator cannot express.
    #[error("{rate} is not a whole number of 1/{denominator}: choose a denominator that fits")]
    NotRepresentable {
        /// The rate.
        rate: Fraction,
        /// The model's denominator.
        denominator: u32,
    },
    /// A rate or weight above one.
    #[error("{0} is above 1")]
    AboveOne(Fraction),
    /// A bound that is not a positive whole number of quote units.
    #[error(
        "a bound is positive, below 2^80 quote units and has at most {decimals} decimals \
         (quote_decimals)"
    )]
    Bound {
        /// The model's `quote_decimals`.
        decimals: u32,
    },
    /// More than [`MAX_LEVERAGES`] leverages.
    #[error("{count} leverages: allowed are {MAX_LEVERAGES}")]
    TooManyLeverages {
        /// Leverages given.
        count: usize,
    },
    /// Leverages that do not rise, or stand twice.
    #[error("leverages must rise, each once")]
    LeveragesNotAscending,
    /// No denominator for the model's rates and one over a leverage.
    #[error("its rates and 1/{0} have no common denominator below 2^32: list fewer leverages")]
    NoDenominator(ChosenLeverage),
    /// Bounds that do not rise.
    #[error("bounds must rise from tier to tier")]
    NotAscending,
    /// A tier without a bound that is not the last.
    #[error("only the last tier may be without bound")]
    UnboundedNotLast,
    /// Initial and maintenance tiers that end at different notionals.
    #[error("initial and maintenance tiers must end at the same bound, or both without one")]
    EndsDiffer,
    /// Flat rates that fall.
    #[error("flat rates must not fall from tier to tier: a larger position would need less")]
    FlatDescending,
    /// Maintenance above initial.
    #[error("maintenance exceeds initial margin at a notional of {notional} quote units")]
    MaintenanceAboveInitial {
        /// Where, in quote units.
        notional: u128,
    },
    /// A maintenance rate, before its fraction, above the initial rate where
    /// both margins are near each other.
    #[error(
        "the maintenance rate, before its fraction, is above the initial rate, and from a notional \
         of {notional} quote units on rounding may put maintenance above initial margin: lower the \
         rate and raise the fraction"
    )]
    MaintenanceRateAboveInitial {
        /// Where the row begins, in quote units.
        notional: u128,
    },
    /// A part that this kind of instrument needs.
    #[error("missing: {0}")]
    Missing(&'static str),
    /// A part that this kind of instrument cannot have.
    #[error("not allowed here: {0}")]
    NotAllowed(&'static str),
    /// Caps that do not rise.
    #[error("lower must be at least 0 and below upper, with at most quote_decimals decimals")]
    Caps,
}
