//! Value at risk and expected shortfall of a sample of losses.
//!
//! Losses are positive where money is lost. *Plain*: the value at risk is the
//! quantile between the two nearest losses (type 7 of Hyndman and Fan, the one
//! that statistics packages take by default), the expected shortfall the mean of
//! the losses above it. *Age-weighted*: a loss of `a` days ago weighs `lambda^a`;
//! the quantile is interpolated where the cumulated weight passes the
//! confidence, the shortfall is the weighted mean above it. These are the
//! formulas of the Bank of England's working paper 525.

use crate::scenario::math::pow;
use crate::simulation::error::{SimulationError, within};

/// Value at risk and expected shortfall, in the currency or unit of the losses.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Risk {
    /// Value at risk: the loss that a part of at least the confidence does not
    /// exceed.
    pub var: f64,
    /// Expected shortfall: the mean of the losses above it.
    pub es: f64,
}

/// How losses of a sample count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weights {
    /// All alike.
    Equal,
    /// Each by its age; the last of a sample is the newest. Above 0, below 1.
    Age(f64),
}

/// Value at risk and expected shortfall at a confidence from 0.5 to below 1.
///
/// # Errors
/// When there are no losses, one is not finite, or confidence or weight are out
/// of range.
///
/// ```
/// use zkmargin_params::simulation::estimate::{Weights, estimate};
/// let losses = [-1.0, 4.0, 0.0, 2.0, 1.0];
/// let risk = estimate(&losses, 0.75, Weights::Equal)?;
/// assert_eq!((risk.var, risk.es), (2.0, 4.0));
/// # Ok::<(), zkmargin_params::simulation::SimulationError>(())
/// ```
pub fn estimate(
    losses: &[f64],
    confidence: f64,
    weights: Weights,
) -> Result<Risk, SimulationError> {
    within("confidence", confidence, 0.5..=0.9999)?;
    if losses.is_empty() {
        return Err(SimulationError::NoLosses);
    }
    if !losses.iter().all(|loss| loss.is_finite()) {
        return Err(SimulationError::NotFinite);
    }
    match weights {
        Weights::Equal => Ok(plain(losses, confidence)),
        Weights::Age(lambda) => {
            within("lambda", lambda, 0.5..=0.9999)?;
            Ok(weighted(losses, confidence, lambda))
        }
    }
}

/// Finite numbers in ascending order.
fn sorted(losses: &[f64]) -> Vec<f64> {
    let mut sorted = losses.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn plain(losses: &[f64], confidence: f64) -> Risk {
    let sorted = sorted(losses);
    let var = quantile(&sorted, confidence);
    let above: Vec<f64> = sorted.into_iter().filter(|loss| *loss > var).collect();
    match above.len() {
        0 => Risk { var, es: var },
        count => Risk { var, es: above.iter().sum::<f64>() / number(count) },
    }
}

/// The quantile of sorted numbers, interpolated between neighbours.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the floor of a number from 0 to below the length"
)]
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = number(sorted.len() - 1) * part;
    let below = place.floor();
    let index = below as usize;
    let low = sorted[index];
    sorted.get(index + 1).map_or(low, |high| low + (place - below) * (high - low))
}

fn weighted(losses: &[f64], confidence: f64, lambda: f64) -> Risk {
    let count = losses.len();
    let whole = (1.0 - lambda) / (1.0 - pow(lambda, number(count)));
    let weight = |index: usize| pow(lambda, number(count - 1 - index)) * whole;
    let mut ordered: Vec<(f64, f64)> =
        losses.iter().enumerate().map(|(index, loss)| (*loss, weight(index))).collect();
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let var = passing(&ordered, confidence);
    let above = || ordered.iter().filter(|(loss, _)| *loss > var);
    let weights: f64 = above().map(|(_, weight)| weight).sum();
    match weights > 0.0 {
        true => Risk { var, es: above().map(|(loss, w)| loss * w).sum::<f64>() / weights },
        false => Risk { var, es: var },
    }
}

/// The loss at which the cumulated weight passes a confidence, interpolated; the
/// largest where it never does, for the last bits of the sum.
fn passing(ordered: &[(f64, f64)], confidence: f64) -> f64 {
    let mut sum = 0.0;
    let mut before: Option<f64> = None;
    for (loss, weight) in ordered {
        let next = sum + weight;
        if next >= confidence {
            return match before {
                Some(last) => last + (confidence - sum) / (next - sum) * (loss - last),
                None => *loss,
            };
        }
        (sum, before) = (next, Some(*loss));
    }
    before.unwrap_or(0.0)
}

/// Exact: lengths are far below `2^53`.
fn number(count: usize) -> f64 {
    count as f64
}
