//! What a scenario does to forwards and volatilities.

use crate::scenario::black76::{YEAR_SECONDS, discount_factor};
use crate::scenario::market::ExpiryFeed;
use crate::scenario::math::{exp, ln, max, min, pow, sqrt};
use crate::scenario::parameters::{MarginFactors, SkewShock, VolShock, VolShockDirection};

/// Forwards stop moving with spot over the last half hour, as the settlement
/// price becomes an average of what has been.
const SETTLEMENT_SECONDS: f64 = 1800.0;
const MONTH_SECONDS: f64 = 2_592_000.0;
const DAY_SECONDS: f64 = 86_400.0;

/// An expiry, as the scenarios see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expiry {
    /// Seconds to expiry.
    seconds: f64,
    /// The same in years.
    pub(crate) years: f64,
    /// Square root of the years.
    root: f64,
    /// The rate, not below 0 unless contracts are inverse.
    pub(crate) rate: f64,
    /// Discount factor of that rate.
    pub(crate) discount: f64,
    /// The forward.
    pub(crate) forward: f64,
    /// The part of the forward that moves with spot.
    pub(crate) variable: f64,
}

impl Expiry {
    /// An expiry. Of inverse contracts the rate is taken as it is: it says how far
    /// the forward is from the index, and not what money earns.
    pub(crate) fn new(feed: &ExpiryFeed, inverse: bool) -> Self {
        // Exact: a checked feed is within 50 years.
        let seconds = feed.expiry_seconds as f64;
        let rate = if inverse { feed.rate } else { max(0.0, feed.rate) };
        let years = seconds / YEAR_SECONDS;
        Self {
            seconds,
            years,
            root: sqrt(years),
            rate,
            discount: discount_factor(rate, years),
            forward: feed.forward,
            variable: feed.forward * min(seconds, SETTLEMENT_SECONDS) / SETTLEMENT_SECONDS,
        }
    }

    /// The forward when spot moves by a factor.
    pub(crate) fn shocked_forward(&self, factor: f64) -> f64 {
        self.variable * factor + (self.forward - self.variable)
    }

    /// Scale of volatility shocks: larger for shorter tenors.
    fn tenor_scale(&self, shock: &VolShock) -> f64 {
        let floored = max(self.seconds, shock.dte_floor_days * DAY_SECONDS);
        if floored <= 0.0 {
            // At expiry volatility has no effect.
            return 1.0;
        }
        let short = self.seconds <= MONTH_SECONDS;
        let power = if short { shock.short_term_power } else { shock.long_term_power };
        pow(MONTH_SECONDS / floored, power)
    }

    /// The move of the roll to and from this expiry.
    pub(crate) fn roll(&self, minimum_move: f64, annual_rate: f64) -> f64 {
        max(minimum_move, exp(annual_rate * self.years) - 1.0)
    }

    /// The factor on positive values of the expiry, and on negative ones.
    pub(crate) fn static_discounts(&self, margin: &MarginFactors) -> (f64, f64) {
        let long = self.rate * margin.long_rate_mult_scale + margin.long_rate_add_scale;
        let short = self.rate * margin.short_rate_mult_scale + margin.short_rate_add_scale;
        let positive = margin.base_static_discount * exp(-self.years * long);
        let negative = margin.base_static_discount_neg * exp(self.years * short);
        // A discount above 1 (a forward below the index) lowers no loss.
        (positive, min(1.0 / min(1.0, self.discount), negative))
    }

    /// How volatilities move in a direction.
    pub(crate) fn vol_shift(
        &self,
        direction: VolShockDirection,
        vol: &VolShock,
        skew: Option<&SkewShock>,
    ) -> VolShift {
        let linear = |skew: &SkewShock| (skew.linear_cbase, skew.linear_scale_cap);
        let abs = |skew: &SkewShock| (skew.abs_cbase, skew.abs_scale_cap);
        let skewed = |(cbase, scale_cap): (f64, f64), skew: &SkewShock, absolute| {
            let drift = skew.vol_param_static + self.root * skew.vol_param_scale;
            VolShift::Skew {
                cap: cbase * self.root + scale_cap,
                k_star: max(skew.min_k_star, self.root * skew.min_width_scale * drift),
                forward: self.forward,
                absolute,
            }
        };
        match (direction, skew) {
            (VolShockDirection::Up, _) => VolShift::Scale {
                factor: 1.0 + vol.vol_range_up * self.tenor_scale(vol),
                least: vol.min_vol_eval_shocked,
            },
            (VolShockDirection::Down, _) => VolShift::Scale {
                factor: max(0.0, 1.0 - vol.vol_range_down * self.tenor_scale(vol)),
                least: 0.0,
            },
            (VolShockDirection::Linear, Some(skew)) => skewed(linear(skew), skew, false),
            (VolShockDirection::Abs, Some(skew)) => skewed(abs(skew), skew, true),
            // A checked set has skew parameters where it has skew scenarios.
            (VolShockDirection::None, _) | (_, None) => VolShift::Scale { factor: 1.0, least: 0.0 },
        }
    }
}

/// How the volatilities of an expiry move.
#[derive(Clone, Copy, Debug)]
pub(crate) enum VolShift {
    Scale { factor: f64, least: f64 },
    Skew { cap: f64, k_star: f64, forward: f64, absolute: bool },
}

impl VolShift {
    /// A volatility after the shock.
    pub(crate) fn apply(&self, vol: f64, strike: f64) -> f64 {
        match *self {
            Self::Scale { factor, least } => max(least, vol * factor),
            Self::Skew { cap, k_star, forward, absolute } => {
                if vol == 0.0 {
                    return 0.0;
                }
                let signed = ln(strike / forward);
                let k = if absolute { signed.abs() } else { signed };
                vol * max(0.0, 1.0 + skew(k, cap, k_star))
            }
        }
    }
}

/// Relative skew shock at log-moneyness `k`: linear up to the cap.
fn skew(k: f64, cap: f64, k_star: f64) -> f64 {
    let rise = k * cap;
    let slope = match (rise == 0.0, k_star > 0.0) {
        (true, _) => 0.0,
        (false, true) => rise / k_star,
        (false, false) => rise.signum() * f64::INFINITY,
    };
    if k > 0.0 { min(slope, cap) } else { max(slope, -cap) }
}
