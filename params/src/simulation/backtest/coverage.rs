//! Tests of breaches: as many as the confidence says, and not one upon the
//! other.
//!
//! Kupiec (1995) compares the part of days that breach with the part that
//! should; Christoffersen (1998) whether a breach makes one on the next day more
//! likely, and both together. Each is a likelihood ratio, in the limit
//! chi-squared with one, one and two degrees of freedom.

use serde::Serialize;

use crate::scenario::math::{exp, ln, sqrt};

/// The part of a distribution below which a test rejects.
pub const SIGNIFICANCE: f64 = 0.05;

/// How often a day with or without a breach is followed by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Breaches {
    /// Days.
    pub days: usize,
    /// Breaches.
    pub breaches: usize,
    /// Pairs of neighbouring days: none, then none.
    pub calm_calm: usize,
    /// None, then a breach.
    pub calm_breach: usize,
    /// A breach, then none.
    pub breach_calm: usize,
    /// A breach, then another.
    pub breach_breach: usize,
}

/// A likelihood ratio and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Test {
    /// Minus twice the logarithm of the ratio.
    pub statistic: f64,
    /// How likely a value as large is if the estimate is right.
    pub p_value: f64,
    /// Whether that is below [`SIGNIFICANCE`].
    pub rejected: bool,
}

/// All tests of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// The part of days that should breach.
    pub expected: f64,
    /// The counts.
    pub counts: Breaches,
    /// Kupiec: as many as there should be.
    pub unconditional: Test,
    /// Christoffersen: independent of the day before.
    pub independence: Test,
    /// Both.
    pub conditional: Test,
}

impl Breaches {
    /// Counts a series.
    pub fn of(breaches: &[bool]) -> Self {
        let pairs = |before: bool, after: bool| {
            breaches.windows(2).filter(|pair| **pair == [before, after]).count()
        };
        Self {
            days: breaches.len(),
            breaches: breaches.iter().filter(|breach| **breach).count(),
            calm_calm: pairs(false, false),
            calm_breach: pairs(false, true),
            breach_calm: pairs(true, false),
            breach_breach: pairs(true, true),
        }
    }
}

impl Coverage {
    /// Tests counts against the part of days that should breach.
    pub fn new(counts: &Breaches, expected: f64) -> Self {
        let hits = counts.breaches;
        let observed = part(hits, counts.days);
        let unconditional = ratio(
            log_likelihood(counts.days - hits, hits, expected),
            log_likelihood(counts.days - hits, hits, observed),
        );
        let Breaches { calm_calm, calm_breach, breach_calm, breach_breach, .. } = *counts;
        let (calm, after) = (calm_calm + breach_calm, calm_breach + breach_breach);
        let alike = log_likelihood(calm, after, part(after, calm + after));
        let apart =
            log_likelihood(calm_calm, calm_breach, part(calm_breach, calm_calm + calm_breach))
                + log_likelihood(
                    breach_calm,
                    breach_breach,
                    part(breach_breach, breach_calm + breach_breach),
                );
        let independence = ratio(alike, apart);
        Self {
            expected,
            counts: *counts,
            unconditional: test(unconditional, one_degree),
            independence: test(independence, one_degree),
            conditional: test(unconditional + independence, two_degrees),
        }
    }
}

fn test(statistic: f64, tail: fn(f64) -> f64) -> Test {
    let p_value = tail(statistic);
    Test { statistic, p_value, rejected: p_value < SIGNIFICANCE }
}

/// Minus twice a logarithm of likelihoods; not below zero by rounding.
fn ratio(null: f64, free: f64) -> f64 {
    let statistic = -2.0 * (null - free);
    if statistic > 0.0 { statistic } else { 0.0 }
}

/// `misses ln(1 - p) + hits ln p`, where nothing times `ln 0` is nothing.
fn log_likelihood(misses: usize, hits: usize, p: f64) -> f64 {
    let term = |count: usize, p: f64| if count == 0 { 0.0 } else { count as f64 * ln(p) };
    term(misses, 1.0 - p) + term(hits, p)
}

fn part(some: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { some as f64 / all as f64 }
}

/// The upper tail of chi-squared with one degree of freedom.
fn one_degree(x: f64) -> f64 {
    libm::erfc(sqrt(0.5 * x))
}

/// The same with two.
fn two_degrees(x: f64) -> f64 {
    exp(-0.5 * x)
}
