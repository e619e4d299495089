//! The rule that an epoch's rates follow from.
//!
//! In the file of a model of the standard family:
//!
//! ```toml
//! [calibration]
//! maintenance_fraction = "0.5"
//! procyclicality = { tool = "stressed-observations", weight = 0.25 }
//!
//! [calibration.volatility]
//! window = 250
//! lambda = 0.97
//! deviations = 3
//! implied = "larger"
//! most_gap_days = 2
//! most_age_days = 2
//!
//! [calibration.liquidity]
//! spread_multiple = 1
//! volume_part = "0.02"
//! depth_multiple = "2"
//! tiers = [{ up_to = "1", days = 1 }, { up_to = "5", days = 3 }, { days = 10 }]
//!
//! [calibration.steps]
//! rate_rise = "0.1"
//! rate_fall = "0.05"
//! capacity_rise = "0.1"
//! capacity_fall = "0.2"
//!
//! [calibration.breakers]
//! window_seconds = 86400
//! tiers = [{ moved = "0.07", pause_seconds = 900 }]
//!
//! [instruments.BTC]
//! kind = "perpetual"
//! lot_size = "0.00001"
//! calibrated = { stress_return = 0.465, floor = "0.02", cap = "0.5", least_capacity = "1000000", most_capacity = "200000000" }
//! ```

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::calibration::breakers::Breakers;
use crate::calibration::error::{CalibrationError, within};
use crate::decimal::{canonical, text, text_option};
use crate::fraction::Fraction;
use crate::symbol::Symbol;

/// Longest window of returns, in days.
pub const MAX_WINDOW: usize = 5_000;
/// The least part of Art. 28(1)(a) and (b) of EU 153/2013.
const LEAST_PART: f64 = 0.25;
/// Ten years of daily returns, of Art. 28(1)(c): on 365 days a year.
pub const TEN_YEARS: usize = 3_650;
/// Largest capacity, in the quote currency.
pub const MAX_CAPACITY: u64 = 1_000_000_000_000_000;

/// How the rates of a model's calibrated instruments are found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The part of an initial rate that is the maintenance rate's.
    pub maintenance_fraction: Fraction,
    /// What keeps margin from following the market all too closely.
    pub procyclicality: Tool,
    /// How volatile prices are.
    pub volatility: VolatilityRule,
    /// What positions cost to close.
    pub liquidity: LiquidityRule,
    /// How far numbers move from one epoch to the next.
    pub steps: Steps,
    /// When epochs wait; absent, they never do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakers: Option<Breakers>,
    /// Whether a market states the numbers of each row in a leaf beside it, so that a row
    /// that does not follow from them can be shown on chain. Of standard models alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub states_numbers: bool,
}

/// The tool against procyclicality of Art. 28(1) of EU 153/2013 that a rule uses.
/// None of them lowers a rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tool", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Tool {
    /// (a) A buffer on calm rates that is used up when rates rise: the larger of
    /// `move` and `(1 + part) min(move, calm)`, where `calm` is the move under the
    /// volatility of the whole window, all days alike.
    Buffer {
        /// At least 0.25.
        part: f64,
    },
    /// (b) A weight on stressed observations: the larger of `move` and
    /// `(1 - weight) move + weight stress`, where `stress` is the move of
    /// `stress_return sqrt(days)`.
    StressedObservations {
        /// At least 0.25.
        weight: f64,
    },
    /// (c) A floor from the long run: the larger of `move` and the move under the
    /// volatility of so many days, all alike.
    Floor {
        /// Returns read: at least 3,650.
        days: usize,
    },
}

/// How volatile prices are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolatilityRule {
    /// Daily returns read.
    pub window: usize,
    /// Weight of the variance so far against the newest return.
    pub lambda: f64,
    /// Deviations that a move is counted with.
    pub deviations: f64,
    /// What is made of implied volatility.
    pub implied: Implied,
    /// Most days from one close to the next.
    pub most_gap_days: u32,
    /// Most days from the newest close to the day of the snapshot.
    pub most_age_days: u32,
}

/// What is made of implied volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Implied {
    /// Nothing.
    Ignored,
    /// The larger of it, over the square root of 365, and the estimate from closes
    /// counts; where it is missing no rate is made.
    Larger,
}

/// What positions cost to close.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidityRule {
    /// Half spreads added to a rate.
    pub spread_multiple: f64,
    /// The part of the average daily volume that the market takes in a day.
    #[serde(with = "text")]
    pub volume_part: Decimal,
    /// The multiple of the depth of the book that it takes.
    #[serde(with = "text")]
    pub depth_multiple: Decimal,
    /// Concentration tiers.
    pub tiers: Vec<LiquidityTier>,
}

/// A concentration tier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidityTier {
    /// Where it ends, as a multiple of the capacity; absent in a last tier without
    /// bound.
    #[serde(default, with = "text_option", skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Decimal>,
    /// Days that a position in it takes to close.
    pub days: f64,
}

/// How far numbers move from one epoch to the next, relative to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Most that a rate rises by.
    #[serde(with = "text")]
    pub rate_rise: Decimal,
    /// Most that it falls by.
    #[serde(with = "text")]
    pub rate_fall: Decimal,
    /// Most that a capacity rises by.
    #[serde(with = "text")]
    pub capacity_rise: Decimal,
    /// Most that it falls by.
    #[serde(with = "text")]
    pub capacity_fall: Decimal,
}

/// What a rule says of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedInstrument {
    /// Whose closes are read; absent, those of its own symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underlying: Option<Symbol>,
    /// What is made of implied volatility; absent, what the rule says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implied: Option<Implied>,
    /// Absolute log return of its worst stressed day, for the tool that weighs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stress_return: Option<f64>,
    /// Least initial rate of every tier.
    pub floor: Fraction,
    /// Largest initial rate of every tier, at most 1.
    pub cap: Fraction,
    /// Least capacity, in whole units of the quote currency.
    #[serde(with = "text")]
    pub least_capacity: Decimal,
    /// Largest capacity, in whole units of the quote currency.
    #[serde(with = "text")]
    pub most_capacity: Decimal,
}

impl Calibration {
    /// Checks the rule.
    ///
    /// # Errors
    /// With the first field that is out of range.
    pub fn check(&self) -> Result<(), CalibrationError> {
        let vol = &self.volatility;
        let most = MAX_WINDOW as f64;
        // Exact below 2^53, and larger ones are out of range all the same.
        within("calibration.volatility.window", vol.window as f64, 30.0..=most)?;
        within("calibration.volatility.lambda", vol.lambda, 0.5..=0.9999)?;
        within("calibration.volatility.deviations", vol.deviations, 0.5..=20.0)?;
        let days = 1.0..=30.0;
        within("calibration.volatility.most_gap_days", vol.most_gap_days.into(), days.clone())?;
        within("calibration.volatility.most_age_days", vol.most_age_days.into(), days)?;
        match self.procyclicality {
            Tool::Buffer { part } => {
                within("calibration.procyclicality.part", part, LEAST_PART..=10.0)?;
            }
            Tool::StressedObservations { weight } => {
                within("calibration.procyclicality.weight", weight, LEAST_PART..=0.9)?;
            }
            Tool::Floor { days } => {
                let least = TEN_YEARS as f64;
                within("calibration.procyclicality.days", days as f64, least..=most)?;
            }
        }
        within(
            "calibration.liquidity.spread_multiple",
            self.liquidity.spread_multiple,
            0.0..=100.0,
        )?;
        self.breakers.as_ref().map_or(Ok(()), Breakers::check)?;
        self.check_decimals()
    }

    fn check_decimals(&self) -> Result<(), CalibrationError> {
        let (liquidity, steps) = (&self.liquidity, &self.steps);
        let decimal = |field: &str, value: Decimal, most: u32| {
            let fits = value > Decimal::ZERO
                && value <= Decimal::from(most)
                && canonical(value).scale() <= 6;
            let allowed = match most {
                1 => "more than 0, at most 1, with at most 6 decimals",
                _ => "more than 0, at most 1000, with at most 6 decimals",
            };
            let field = format!("calibration.{field}");
            if fits { Ok(()) } else { Err(CalibrationError::Decimal { field, value, allowed }) }
        };
        decimal("liquidity.volume_part", liquidity.volume_part, 1)?;
        decimal("liquidity.depth_multiple", liquidity.depth_multiple, 1_000)?;
        decimal("steps.rate_rise", steps.rate_rise, 1_000)?;
        decimal("steps.rate_fall", steps.rate_fall, 1)?;
        decimal("steps.capacity_rise", steps.capacity_rise, 1_000)?;
        decimal("steps.capacity_fall", steps.capacity_fall, 1)?;
        for (index, tier) in liquidity.tiers.iter().enumerate() {
            within("calibration.liquidity.tiers.days", tier.days, 0.01..=60.0)?;
            if let Some(up_to) = tier.up_to {
                decimal(&format!("liquidity.tiers[{index}].up_to"), up_to, 1_000)?;
            }
        }
        Ok(())
    }

    /// Checks what it says of an instrument.
    ///
    /// # Errors
    /// With the first field that is out of range.
    pub fn check_instrument(
        &self,
        symbol: &Symbol,
        rule: &CalibratedInstrument,
    ) -> Result<(), CalibrationError> {
        self.check_range(&format!("instruments.{symbol}.calibrated"), rule)
    }

    /// Checks what it says of an instrument, which stands at a path.
    pub(super) fn check_range(
        &self,
        path: &str,
        rule: &CalibratedInstrument,
    ) -> Result<(), CalibrationError> {
        self.check_bounds(path, rule)?;
        for (field, value) in
            [("least_capacity", rule.least_capacity), ("most_capacity", rule.most_capacity)]
        {
            if whole(value).is_none_or(|units| units == 0) {
                let field = format!("{path}.{field}");
                let allowed = "whole units of the quote currency, from 1 to 10^15";
                return Err(CalibrationError::Decimal { field, value, allowed });
            }
        }
        if rule.least_capacity > rule.most_capacity {
            return Err(CalibrationError::CapacityOrder(path.to_owned()));
        }
        self.check_tiers(rule.least_capacity)
    }

    /// Checks floor, cap and what the tool against procyclicality reads.
    pub(super) fn check_bounds(
        &self,
        path: &str,
        rule: &CalibratedInstrument,
    ) -> Result<(), CalibrationError> {
        let is_ordered = |a: Fraction, b: Fraction| {
            u128::from(a.numerator()) * u128::from(b.denominator())
                <= u128::from(b.numerator()) * u128::from(a.denominator())
        };
        if rule.floor == Fraction::ZERO || !is_ordered(rule.floor, rule.cap) {
            return Err(CalibrationError::FloorAboveCap(path.to_owned()));
        }
        match (self.procyclicality, rule.stress_return) {
            (Tool::StressedObservations { .. }, None) => {
                return Err(CalibrationError::NoStress(path.to_owned()));
            }
            (Tool::StressedObservations { .. }, Some(stress)) => {
                within("instruments.calibrated.stress_return", stress, 0.001..=5.0)?;
            }
            (_, Some(_)) => return Err(CalibrationError::UnusedStress(path.to_owned())),
            (_, None) => {}
        }
        Ok(())
    }

    /// Multiples rise so far that bounds in whole units of the quote currency rise
    /// at every capacity, and days do not fall.
    fn check_tiers(&self, least_capacity: Decimal) -> Result<(), CalibrationError> {
        let tiers = &self.liquidity.tiers;
        let (mut below, mut days) = (Decimal::ZERO, 0.0);
        for (index, tier) in tiers.iter().enumerate() {
            let is_last = index + 1 == tiers.len();
            let rises = match tier.up_to {
                Some(up_to) => (up_to - below)
                    .checked_mul(least_capacity)
                    .is_some_and(|wide| wide >= Decimal::ONE),
                None => is_last,
            };
            if !rises || tier.days < days {
                return Err(CalibrationError::Tiers { tier: index });
            }
            (below, days) = (tier.up_to.unwrap_or(below), tier.days);
        }
        match tiers.is_empty() {
            true => Err(CalibrationError::Tiers { tier: 0 }),
            false => Ok(()),
        }
    }

    /// Returns that it reads of each underlying: one less than closes.
    pub fn returns(&self) -> usize {
        match self.procyclicality {
            Tool::Floor { days } => days.max(self.volatility.window),
            _ => self.volatility.window,
        }
    }
}

impl CalibratedInstrument {
    /// Whose closes are read.
    pub fn underlying<'a>(&'a self, symbol: &'a Symbol) -> &'a Symbol {
        self.underlying.as_ref().unwrap_or(symbol)
    }
}

/// A whole number up to [`MAX_CAPACITY`].
pub(crate) fn whole(value: Decimal) -> Option<u64> {
    let value = canonical(value);
    let units = (value.scale() == 0).then(|| u64::try_from(value.mantissa()).ok()).flatten()?;
    (units <= MAX_CAPACITY).then_some(units)
}
