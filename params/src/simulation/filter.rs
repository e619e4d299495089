//! Volatilities by exponential weights (RiskMetrics), and returns scaled by
//! them.

use crate::scenario::math::sqrt;
use crate::simulation::error::{SimulationError, within};

/// The volatility before each return: the first is that of the sample (`n - 1`),
/// then `s^2 = lambda s^2 + (1 - lambda) r^2` with the return before.
///
/// # Errors
/// When `lambda` is out of range or there are fewer than two returns.
pub fn volatilities(returns: &[f64], lambda: f64) -> Result<Vec<f64>, SimulationError> {
    within("lambda", lambda, 0.5..=0.9999)?;
    let mut variance = sample_variance(returns)?;
    let mut all = Vec::with_capacity(returns.len());
    all.push(sqrt(variance));
    for before in &returns[..returns.len() - 1] {
        variance = next(variance, *before, lambda);
        all.push(sqrt(variance));
    }
    Ok(all)
}

/// The volatility after the last return: that of the day to come.
///
/// # Errors
/// As [`volatilities`].
pub fn latest(returns: &[f64], lambda: f64) -> Result<f64, SimulationError> {
    within("lambda", lambda, 0.5..=0.9999)?;
    let first = sample_variance(returns)?;
    Ok(sqrt(returns.iter().fold(first, |variance, r| next(variance, *r, lambda))))
}

/// The volatility of a sample: the square root of its variance (`n - 1`).
///
/// # Errors
/// When there are fewer than two returns.
pub fn sample(returns: &[f64]) -> Result<f64, SimulationError> {
    sample_variance(returns).map(sqrt)
}

fn sample_variance(returns: &[f64]) -> Result<f64, SimulationError> {
    let count = returns.len();
    if count < 2 {
        return Err(SimulationError::TooShort { needed: 3, found: count + 1 });
    }
    let mean = returns.iter().sum::<f64>() / count as f64;
    let squares = returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>();
    Ok(squares / (count - 1) as f64)
}

/// The variance after a return.
pub fn next(variance: f64, after: f64, lambda: f64) -> f64 {
    lambda * variance + (1.0 - lambda) * after * after
}

/// Returns as they would be under the volatility of the last: each times
/// `s_last / s`. `None` where a volatility is zero.
///
/// # Errors
/// As [`volatilities`].
pub fn filtered(returns: &[f64], lambda: f64) -> Result<Option<Vec<f64>>, SimulationError> {
    let volatilities = volatilities(returns, lambda)?;
    let last = volatilities.last().copied().unwrap_or(0.0);
    let scaled = returns.iter().zip(&volatilities).map(|(r, s)| match *s > 0.0 {
        true => Some(r * last / s),
        false => None,
    });
    Ok(scaled.collect())
}
