//! Daily volatilities, and the moves that follow from them.

use serde::Serialize;

use crate::calibration::error::CalibrationError;
use crate::calibration::rule::{Calibration, Implied, Tool};
use crate::scenario::math::{exp, ln, max, min, sqrt};
use crate::simulation::filter::{latest, sample};
use crate::symbol::Symbol;

/// Days that implied volatilities are per.
const YEAR: f64 = 365.0;

/// Volatilities of an underlying, per square root of a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Volatilities {
    /// By exponential weights, over the window.
    pub weighted: f64,
    /// Implied, where it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implied: Option<f64>,
    /// The one that counts: the larger of them.
    pub current: f64,
    /// Of all days alike: of the window, or of the long run where the tool is a floor.
    pub level: f64,
}

impl Volatilities {
    /// Estimates them from closes, the newest last, and an implied volatility per
    /// year where the rule reads one.
    ///
    /// # Errors
    /// When there are too few closes, or they do not move.
    pub fn new(
        rule: &Calibration,
        symbol: &Symbol,
        closes: &[f64],
        implied: Option<f64>,
    ) -> Result<Self, CalibrationError> {
        let (needed, found) = (rule.returns() + 1, closes.len());
        if found < needed {
            return Err(CalibrationError::TooShort { symbol: symbol.clone(), needed, found });
        }
        let returns: Vec<f64> =
            closes[found - needed..].windows(2).map(|pair| ln(pair[1] / pair[0])).collect();
        let window = &returns[returns.len() - rule.volatility.window..];
        let weighted = latest(window, rule.volatility.lambda)?;
        let level = match rule.procyclicality {
            Tool::Floor { days } => sample(&returns[returns.len() - days..])?,
            Tool::Buffer { .. } | Tool::StressedObservations { .. } => sample(window)?,
        };
        let implied = implied.map(|volatility| volatility / sqrt(YEAR));
        let current = implied.map_or(weighted, |implied| max(weighted, implied));
        let is_found = |volatility: f64| volatility > 0.0 && volatility.is_finite();
        match is_found(weighted) && is_found(current) && is_found(level) {
            true => Ok(Self { weighted, implied, current, level }),
            false => Err(CalibrationError::Still(symbol.clone())),
        }
    }

    /// The move of a tier, before the tool against procyclicality.
    pub fn bare(&self, rule: &Calibration, days: f64) -> f64 {
        rise(rule.volatility.deviations * self.current, days)
    }

    /// The move of a tier, as the tool against procyclicality has it: never less than
    /// the bare one.
    pub fn held(&self, rule: &Calibration, stress_return: f64, days: f64) -> f64 {
        let bare = self.bare(rule, days);
        let level = rise(rule.volatility.deviations * self.level, days);
        let held = match rule.procyclicality {
            Tool::Buffer { part } => (1.0 + part) * min(bare, level),
            Tool::StressedObservations { weight } => {
                (1.0 - weight) * bare + weight * rise(stress_return, days)
            }
            Tool::Floor { .. } => level,
        };
        max(bare, held)
    }
}

/// How far a price rises by a log return of one day, over so many days.
fn rise(log_return: f64, days: f64) -> f64 {
    exp(log_return * sqrt(days)) - 1.0
}

impl Implied {
    /// Whether it is read.
    pub fn is_read(self) -> bool {
        self == Self::Larger
    }
}
