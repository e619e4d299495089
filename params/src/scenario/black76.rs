//! European options on a forward: Black's formula of 1976.
//!
//! ```text
//! d1 = ln(F / K) / (sigma sqrt T) + sigma sqrt T / 2      d2 = d1 - sigma sqrt T
//! call = D (F N(d1) - K N(d2))                            put = D (K N(-d2) - F N(-d1))
//! ```
//!
//! `F` is the forward and `K` the strike in quote currency, `sigma` the
//! volatility per square root of a year, `T` the time to expiry in years of 365
//! days, `D` the discount factor of the payment. Where `sigma sqrt T` or `F` is
//! zero the value is the discounted intrinsic value, so no input in range gives
//! a NaN.

use serde::{Deserialize, Serialize};

use crate::scenario::math::{exp, ln, max, normal_cdf, normal_pdf, sqrt};

/// Seconds in the models' year of 365 days.
pub const YEAR_SECONDS: f64 = 31_536_000.0;

/// Call or put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptionType {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

/// A European option as Black's formula sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Black76 {
    /// Call or put.
    pub option_type: OptionType,
    /// The forward, at least 0.
    pub forward: f64,
    /// The strike, above 0.
    pub strike: f64,
    /// Volatility per square root of a year, at least 0.
    pub vol: f64,
    /// Years to expiry, at least 0.
    pub years: f64,
    /// Discount factor of the payment, at least 0.
    pub discount: f64,
}

/// Sensitivities of a value to its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Greeks {
    /// Change per unit of the forward, in units of the underlying.
    pub delta: f64,
    /// Change of delta per unit of the forward.
    pub gamma: f64,
    /// Change per volatility point (0.01), in quote currency.
    pub vega: f64,
    /// Change as one day passes and nothing else moves, in quote currency.
    pub theta: f64,
}

impl Greeks {
    /// Adds `quantity` times `unit`.
    pub(crate) fn add(&mut self, quantity: f64, unit: &Self) {
        self.delta += quantity * unit.delta;
        self.gamma += quantity * unit.gamma;
        self.vega += quantity * unit.vega;
        self.theta += quantity * unit.theta;
    }
}

impl Black76 {
    /// The value, in quote currency.
    ///
    /// ```
    /// use zkmargin_params::scenario::{Black76, OptionType};
    /// let mut option = Black76 {
    ///     option_type: OptionType::Call,
    ///     forward: 100.0,
    ///     strike: 100.0,
    ///     vol: 0.2,
    ///     years: 1.0,
    ///     discount: 1.0,
    /// };
    /// assert!((option.value() - 7.965567455405804).abs() < 1e-12);
    /// (option.years, option.forward) = (0.0, 103.0);
    /// assert_eq!(option.value(), 3.0);
    /// ```
    pub fn value(&self) -> f64 {
        let undiscounted = match self.d1_d2() {
            None => self.intrinsic(),
            Some((d1, d2)) => match self.option_type {
                OptionType::Call => self.forward * normal_cdf(d1) - self.strike * normal_cdf(d2),
                OptionType::Put => self.strike * normal_cdf(-d2) - self.forward * normal_cdf(-d1),
            },
        };
        self.discount * max(0.0, undiscounted)
    }

    /// The sensitivities, given the continuous rate per year behind `discount`.
    ///
    /// At expiry or without volatility delta is that of the intrinsic value (a
    /// half at the strike) and the others are zero but for the rate's theta.
    pub fn greeks(&self, rate: f64) -> Greeks {
        let carry = rate * self.value();
        let Some((d1, _)) = self.d1_d2() else {
            let up = match self.forward.partial_cmp(&self.strike) {
                Some(core::cmp::Ordering::Greater) => 1.0,
                Some(core::cmp::Ordering::Equal) => 0.5,
                _ => 0.0,
            };
            let delta = self.discount * self.signed(up);
            return Greeks { delta, gamma: 0.0, vega: 0.0, theta: carry / 365.0 };
        };
        let (density, root) = (normal_pdf(d1), sqrt(self.years));
        let decay = self.discount * self.forward * density * self.vol / (2.0 * root);
        Greeks {
            delta: self.discount * self.signed(normal_cdf(d1)),
            gamma: self.discount * density / (self.forward * self.vol * root),
            vega: 0.01 * self.discount * self.forward * density * root,
            theta: (carry - decay) / 365.0,
        }
    }

    /// Value at expiry if the forward stays.
    fn intrinsic(&self) -> f64 {
        match self.option_type {
            OptionType::Call => self.forward - self.strike,
            OptionType::Put => self.strike - self.forward,
        }
    }

    /// A call's delta, for this option.
    fn signed(&self, call: f64) -> f64 {
        match self.option_type {
            OptionType::Call => call,
            OptionType::Put => call - 1.0,
        }
    }

    /// `None` when the outcome is certain.
    fn d1_d2(&self) -> Option<(f64, f64)> {
        let deviation = self.vol * sqrt(self.years);
        if !(deviation > 0.0 && self.forward > 0.0) {
            return None;
        }
        let moneyness = ln(self.forward / self.strike) / deviation;
        Some((moneyness + 0.5 * deviation, moneyness - 0.5 * deviation))
    }
}

/// The discount factor of a continuous rate per year.
pub fn discount_factor(rate: f64, years: f64) -> f64 {
    exp(-years * rate)
}
