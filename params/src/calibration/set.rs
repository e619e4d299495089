//! The rule that the numbers of a scenario set follow from.
//!
//! In the file of a set ([`ParameterSpec`](crate::scenario::ParameterSpec)):
//!
//! ```toml
//! [calibration]
//! procyclicality = { tool = "stressed-observations", weight = 0.25 }
//!
//! [calibration.price_range]
//! unit = 0.15
//! scaled_up_to = 0.3
//! stress_return = 0.465
//! floor = "0.1"
//! cap = "0.45"
//! least_capacity = "1000000"
//! most_capacity = "200000000"
//!
//! [calibration.volatility_range]
//! closes = "BTC-VOL"
//! stress_return = 0.6
//! floor = "0.2"
//! cap = "0.9"
//!
//! [calibration.expiry_range]
//! closes = "BTC-FAR"
//! stress_return = 0.03
//! floor = "0.005"
//! cap = "0.05"
//! ```
//!
//! with `volatility`, `liquidity`, `steps` and `breakers` as in
//! [`rule`](crate::calibration::rule).
//!
//! - **Price.** The set says what its scenarios are at a range of `unit`. The range of an
//!   epoch is the rate of the first tier (volatility, tool, half the spread, step, floor,
//!   cap), and every scenario that moves spot by at most `scaled_up_to` moves it by
//!   `range / unit` times as much. Larger moves are extremes, which stand.
//! - **Thin markets.** Further tiers are charges on the account's net delta beyond a
//!   multiple of the capacity: the rate of more days less that of fewer.
//! - **Volatility.** The closes of a series, such as an index of implied volatility, are
//!   moved in the same way: up by `range`, down by `range / (1 + range)`, which is as many
//!   deviations.
//! - **Correlation.** How far expiries move against each other is how far the ratio of two
//!   series moves: with volatilities `s` and `t` and correlation `c` that is
//!   `sqrt(s^2 + t^2 - 2 c s t)`. It is the move of the charge that a set has for it.
//! - **Two underlyings.** Each set has its rule, or its own numbers, and reads its own closes
//!   and observations. An account is asked for the sum of both, so there is no correlation of
//!   two. A breaker of either has the whole market wait.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::scenario::DELTA_TIERS;

use crate::calibration::breakers::Breakers;
use crate::calibration::error::{CalibrationError, within};
use crate::calibration::rule::{
    CalibratedInstrument, Calibration, Implied, LiquidityRule, LiquidityTier, Steps, Tool,
    VolatilityRule,
};
use crate::decimal::text;
use crate::fraction::Fraction;
use crate::symbol::Symbol;

/// Tiers that a set has place for: its own scenarios, and the tiers of the net delta.
const MOST_TIERS: usize = 1 + DELTA_TIERS;
/// The largest part of a price that a scaled scenario takes.
const MOST_FALL: f64 = 0.95;

/// How the numbers of a scenario set follow from the snapshot of an epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetCalibration {
    /// What keeps margin from following the market all too closely.
    pub procyclicality: Tool,
    /// How volatile prices are.
    pub volatility: VolatilityRule,
    /// What positions cost to close: 1 to 3 tiers, the last without bound.
    pub liquidity: LiquidityRule,
    /// How far numbers move from one epoch to the next.
    pub steps: Steps,
    /// When epochs wait; absent, they never do. They watch spot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakers: Option<Breakers>,
    /// How far spot moves.
    pub price_range: PriceRange,
    /// How far volatilities move; absent, as the set says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volatility_range: Option<SeriesRange>,
    /// How far expiries move against each other; absent, as the set says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_range: Option<SeriesRange>,
}

/// How far spot moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRange {
    /// The range that the set's own scenarios are for: 0.15 is 15 %.
    pub unit: f64,
    /// The largest move of the set that follows the range.
    pub scaled_up_to: f64,
    /// Whose closes are read; absent, those of the underlying's symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<Symbol>,
    /// Absolute log return of its worst stressed day, for the tool that weighs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stress_return: Option<f64>,
    /// Least range, of every tier.
    pub floor: Fraction,
    /// Largest range, of every tier: at most 1.
    pub cap: Fraction,
    /// Least capacity, in whole units of the currency of prices.
    #[serde(with = "text")]
    pub least_capacity: Decimal,
    /// Largest capacity, in whole units of the currency of prices.
    #[serde(with = "text")]
    pub most_capacity: Decimal,
}

/// How far a series moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesRange {
    /// The series: of volatilities, or of the price of a far expiry.
    pub closes: Symbol,
    /// Absolute log return of its worst stressed day, for the tool that weighs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stress_return: Option<f64>,
    /// Least range.
    pub floor: Fraction,
    /// Largest range: at most 1.
    pub cap: Fraction,
}

impl SetCalibration {
    /// Checks the rule by itself.
    ///
    /// # Errors
    /// With the first field that is out of range.
    pub fn check(&self) -> Result<(), CalibrationError> {
        let rule = self.of_price();
        rule.check()?;
        let range = &self.price_range;
        within("calibration.price_range.unit", range.unit, 0.001..=1.0)?;
        within("calibration.price_range.scaled_up_to", range.scaled_up_to, 0.001..=10.0)?;
        rule.check_range("calibration.price_range", &range.instrument())?;
        at_most_one("calibration.price_range.cap", range.cap)?;
        let tiers = &self.liquidity.tiers;
        if tiers.len() > MOST_TIERS || tiers.last().is_some_and(|tier| tier.up_to.is_some()) {
            return Err(CalibrationError::SetTiers { most: MOST_TIERS });
        }
        let mut seen: Vec<&Symbol> = range.closes.iter().collect();
        for (path, series) in self.series() {
            self.of_series().check_bounds(path, &series.instrument())?;
            at_most_one(path, series.cap)?;
            if seen.contains(&&series.closes) {
                return Err(CalibrationError::SeriesTwice(series.closes.clone()));
            }
            seen.push(&series.closes);
        }
        Ok(())
    }

    /// Checks that the largest scaled move leaves something of a price.
    ///
    /// # Errors
    /// When it does not, or there is no such move.
    pub fn check_moves(
        &self,
        moves: impl IntoIterator<Item = f64>,
    ) -> Result<(), CalibrationError> {
        let scaled = moves.into_iter().map(f64::abs).filter(|moved| self.scales(*moved));
        let largest = scaled.fold(0.0, f64::max);
        if largest == 0.0 {
            return Err(CalibrationError::NothingScales);
        }
        let cap = number(self.price_range.cap);
        let fall = largest * cap / self.price_range.unit;
        match fall <= MOST_FALL {
            true => Ok(()),
            false => Err(CalibrationError::Fall { cap, largest, fall }),
        }
    }

    /// Whether a move of the set follows the range.
    pub fn scales(&self, moved: f64) -> bool {
        // A shock of 1.3 is a move of 0.30000000000000004.
        moved.abs() <= self.price_range.scaled_up_to * (1.0 + 1e-12)
    }

    /// The ranges of series with their paths: of volatilities, of expiries.
    pub fn series(&self) -> impl Iterator<Item = (&'static str, &SeriesRange)> {
        let vol = self.volatility_range.iter().map(|range| ("calibration.volatility_range", range));
        vol.chain(self.expiry_range.iter().map(|range| ("calibration.expiry_range", range)))
    }

    /// The rule as the range of prices follows it.
    pub fn of_price(&self) -> Calibration {
        Calibration {
            maintenance_fraction: Fraction::ONE,
            procyclicality: self.procyclicality,
            volatility: self.volatility,
            liquidity: self.liquidity.clone(),
            steps: self.steps,
            breakers: self.breakers.clone(),
            states_numbers: false,
        }
    }

    /// The rule as a series follows it: nobody closes positions in it.
    pub fn of_series(&self) -> Calibration {
        let days = self.liquidity.tiers.first().map_or(1.0, |tier| tier.days);
        let liquidity = LiquidityRule {
            spread_multiple: 0.0,
            tiers: vec![LiquidityTier { up_to: None, days }],
            ..self.liquidity.clone()
        };
        let volatility = VolatilityRule { implied: Implied::Ignored, ..self.volatility };
        Calibration { volatility, liquidity, breakers: None, ..self.of_price() }
    }
}

impl PriceRange {
    /// The range as an instrument's rates.
    pub fn instrument(&self) -> CalibratedInstrument {
        CalibratedInstrument {
            underlying: None,
            implied: None,
            stress_return: self.stress_return,
            floor: self.floor,
            cap: self.cap,
            least_capacity: self.least_capacity,
            most_capacity: self.most_capacity,
        }
    }
}

impl SeriesRange {
    /// The range as an instrument's rates, without capacity.
    pub fn instrument(&self) -> CalibratedInstrument {
        CalibratedInstrument {
            underlying: None,
            implied: None,
            stress_return: self.stress_return,
            floor: self.floor,
            cap: self.cap,
            least_capacity: Decimal::ZERO,
            most_capacity: Decimal::ZERO,
        }
    }
}

fn at_most_one(path: &str, cap: Fraction) -> Result<(), CalibrationError> {
    match cap.is_at_most_one() && u32::try_from(cap.denominator()).is_ok() {
        true => Ok(()),
        false => Err(CalibrationError::Cap(path.to_owned())),
    }
}

/// A checked range in floating point.
pub fn number(range: Fraction) -> f64 {
    // Both are below 2^32.
    range.numerator() as f64 / range.denominator() as f64
}
