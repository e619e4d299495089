//! Rules that make scenario sets. A rule is part of a model; prices and seed
//! are the epoch's.

use serde::{Deserialize, Serialize};

use crate::simulation::beacon::Beacon;
use crate::simulation::day::Day;
use crate::simulation::error::{SimulationError, within};

/// Most scenarios of a set.
pub const MAX_SCENARIOS: usize = 10_000;
/// Longest horizon, in days.
pub const MAX_HORIZON: usize = 30;

/// A rule that makes a scenario set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SetRule {
    /// The price changes of the last days, each as likely as any other.
    Historical {
        /// How many.
        scenarios: usize,
        /// Over so many days each; changes of neighbouring days overlap.
        horizon: usize,
    },
    /// Price changes of a longer past, the recent ones more often: the `i`-th of
    /// `N` scenarios is the one at which the weights `lambda^age`, cumulated from
    /// the newest, pass `(i + 1/2) / N`.
    AgeWeighted {
        /// How many.
        scenarios: usize,
        /// Over so many days each.
        horizon: usize,
        /// How many past changes they are taken from.
        lookback: usize,
        /// Weight of a change relative to the one a day later.
        lambda: f64,
    },
    /// The price changes of the last days, each scaled by today's volatility over
    /// that of its day.
    Filtered {
        /// How many.
        scenarios: usize,
        /// Over so many days each.
        horizon: usize,
        /// Weight of the volatility so far against the last change.
        lambda: f64,
    },
    /// Days named one by one.
    Dates {
        /// The days.
        days: Vec<Day>,
        /// The change over so many days up to each.
        horizon: usize,
    },
    /// Draws from a normal or a Student t distribution, with a seed that was fixed
    /// before the epoch.
    MonteCarlo {
        /// How many.
        scenarios: usize,
        /// Over so many days each.
        horizon: usize,
        /// Lower triangle of the Cholesky factor of the covariance of daily log
        /// returns, a row for each underlying, in the order of `symbols`.
        cholesky: Vec<Vec<f64>>,
        /// Degrees of freedom of Student's t; absent, the draws are normal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        degrees: Option<u32>,
        /// The beacon whose rounds the seeds are; absent, the seed is the publisher's word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        beacon: Option<Beacon>,
    },
}

impl SetRule {
    /// Checks the numbers of a rule.
    ///
    /// # Errors
    /// With the first that is out of range.
    pub fn check(&self) -> Result<(), SimulationError> {
        counted("scenarios", self.scenarios(), 1, MAX_SCENARIOS)?;
        counted("horizon", self.horizon(), 1, MAX_HORIZON)?;
        match self {
            Self::Historical { .. } | Self::Dates { .. } => Ok(()),
            Self::AgeWeighted { lookback, lambda, .. } => {
                counted("lookback", *lookback, 1, MAX_SCENARIOS)?;
                within("lambda", *lambda, 0.5..=0.9999)
            }
            Self::Filtered { lambda, .. } => within("lambda", *lambda, 0.5..=0.9999),
            Self::MonteCarlo { cholesky, degrees, beacon, .. } => {
                check_cholesky(cholesky)?;
                beacon.as_ref().map_or(Ok(()), Beacon::check)?;
                degrees.map_or(Ok(()), |n| within("degrees", f64::from(n), 3.0..=100.0))
            }
        }
    }

    /// How many scenarios it makes.
    pub fn scenarios(&self) -> usize {
        match self {
            Self::Historical { scenarios, .. }
            | Self::AgeWeighted { scenarios, .. }
            | Self::Filtered { scenarios, .. }
            | Self::MonteCarlo { scenarios, .. } => *scenarios,
            Self::Dates { days, .. } => days.len(),
        }
    }

    /// The days that a scenario spans.
    pub fn horizon(&self) -> usize {
        match self {
            Self::Historical { horizon, .. }
            | Self::AgeWeighted { horizon, .. }
            | Self::Filtered { horizon, .. }
            | Self::Dates { horizon, .. }
            | Self::MonteCarlo { horizon, .. } => *horizon,
        }
    }

    /// Days of closes that it reads, the newest last; `None` where it names days.
    pub fn days(&self) -> Option<usize> {
        match self {
            Self::Historical { scenarios, horizon } | Self::Filtered { scenarios, horizon, .. } => {
                Some(scenarios + horizon)
            }
            Self::AgeWeighted { lookback, horizon, .. } => Some(lookback + horizon),
            Self::MonteCarlo { .. } => Some(0),
            Self::Dates { .. } => None,
        }
    }

    /// The beacon whose rounds its seeds are.
    pub fn beacon(&self) -> Option<&Beacon> {
        match self {
            Self::MonteCarlo { beacon, .. } => beacon.as_ref(),
            _ => None,
        }
    }

    /// Whether it draws from a seed.
    pub fn needs_seed(&self) -> bool {
        matches!(self, Self::MonteCarlo { .. })
    }
}

fn counted(
    field: &'static str,
    count: usize,
    least: usize,
    most: usize,
) -> Result<(), SimulationError> {
    // Exact below 2^53, and larger counts are out of range all the same.
    within(field, count as f64, least as f64..=most as f64)
}

fn check_cholesky(rows: &[Vec<f64>]) -> Result<(), SimulationError> {
    for (row, numbers) in rows.iter().enumerate() {
        let is_daily = numbers.iter().all(|number| number.abs() <= 1.0);
        let is_positive = numbers.last().is_some_and(|last| *last > 0.0);
        if numbers.len() != row + 1 || !is_daily || !is_positive {
            return Err(SimulationError::Cholesky { row });
        }
    }
    match rows.is_empty() {
        true => Err(SimulationError::Cholesky { row: 0 }),
        false => Ok(()),
    }
}
