//! The rules of one instrument.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::calibration::rule::CalibratedInstrument;
use crate::decimal::{text, text_option};
use crate::fraction::Fraction;
use crate::leverage::ChosenLeverage;

/// What an instrument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A perpetual: long or short, the same charges both ways.
    Perpetual,
    /// A dated future, margined like a perpetual.
    Future,
    /// A coin that is held as collateral, owed, or both.
    Spot,
    /// An option. No file says so of an instrument: those that a snapshot marks have the
    /// rule of their underlying ([`OptionRule`](super::OptionRule)).
    #[serde(skip)]
    Option,
}

/// Which part of the notional a tier's rate counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The part inside the tier: charges are continuous, as on Binance and
    /// Hyperliquid.
    #[default]
    Marginal,
    /// The whole notional: charges jump at the bounds.
    Flat,
}

impl Basis {
    fn is_marginal(&self) -> bool {
        *self == Self::Marginal
    }
}

/// The rules of one instrument.
///
/// A perpetual or future has `margin` and may have `open_interest_caps` and `leverages`; a
/// spot coin has `collateral` (it may be held), `liability` (it may be owed) or
/// both. Under a [calibration](crate::calibration) any of them may have `calibrated`
/// in place of `margin` or `collateral`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentRule {
    /// What the instrument is.
    pub kind: Kind,
    /// Units of the coin in one lot.
    #[serde(with = "text")]
    pub lot_size: Decimal,
    /// Charges of a perpetual or future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<ChargeRule>,
    /// What a held coin counts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collateral: Option<CollateralRule>,
    /// Charges on an owed coin, on top of its full value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liability: Option<ChargeRule>,
    /// Scaling of the initial rate with the market's open interest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_interest_caps: Option<OpenInterestCaps>,
    /// Rates that follow from the snapshot, in place of `margin` or `collateral`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibrated: Option<CalibratedInstrument>,
    /// Leverages of a perpetual or future that an account may choose below the largest,
    /// ascending: each is listed with rows of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leverages: Vec<ChosenLeverage>,
}

/// Tiered charges on the notional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeRule {
    /// What part of the notional an initial rate counts for.
    #[serde(default, skip_serializing_if = "Basis::is_marginal")]
    pub initial_basis: Basis,
    /// Tiers of the initial margin.
    pub initial: Vec<Tier>,
    /// What part of the notional a maintenance rate counts for.
    #[serde(default, skip_serializing_if = "Basis::is_marginal")]
    pub maintenance_basis: Basis,
    /// Tiers of the maintenance margin, before its fraction.
    pub maintenance: Vec<Tier>,
    /// Part of the maintenance charge that counts, rounded up once more: dYdX
    /// v4 takes it of the initial margin, which its `maintenance` tiers repeat.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub maintenance_fraction: Fraction,
}

fn one() -> Fraction {
    Fraction::ONE
}

fn is_one(fraction: &Fraction) -> bool {
    *fraction == Fraction::ONE
}

/// One tier of a [`ChargeRule`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Largest notional of the tier, inclusive, in the quote currency.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Decimal>,
    /// The rate, from 0 to 1.
    pub rate: Fraction,
}

/// What held coins count for; above a last bound nothing more counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollateralRule {
    /// Weights for the initial level (loan-to-value).
    pub initial: Vec<WeightTier>,
    /// Weights for the maintenance level (liquidation threshold).
    pub maintenance: Vec<WeightTier>,
}

/// One tier of a [`CollateralRule`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightTier {
    /// Largest value of the tier, inclusive, in the quote currency.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Decimal>,
    /// The part of the value in the tier that counts, from 0 to 1.
    pub weight: Fraction,
}

/// Open interest, in the quote currency, between which the initial rate rises
/// in a straight line from the tier's to one (dYdX v4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenInterestCaps {
    /// Up to here the tier's rate counts.
    #[serde(with = "text")]
    pub lower: Decimal,
    /// From here on the rate is one.
    #[serde(with = "text")]
    pub upper: Decimal,
}
