//! Deribit's segregated portfolio margin (S:PM) by the venue's own rule, in coins,
//! written by itself: what the sets `deribit-btc` and `deribit-eth` agree with to the
//! last digits, and `deribit-btc-approx` and `deribit-eth-approx` are measured against.
//!
//! A linear position of `q` coins moves by `q (1 - 1 / (1 + m))` coins under a move
//! `m`; an option is worth `Black76(F, K) / F` coins. With the price range `R`:
//!
//! ```text
//! regular    PnL of m = -R .. R in quarters, volatility up, same and down
//! extended   loss * R / |m| * (1 + m) / (1 +- R), less (|m| / R - 1) D / ((1 +- R) S), at least 0
//! roll       sum over expiries of max(min_move, e^(a T) - 1) |net delta in coins|
//! initial    worst loss + roll       maintenance    0.8 initial
//! ```
//!
//! The charge on net deltas beyond 20 million USD is not here: [`DELTA_LIMIT`] says
//! from where on it is missing.

use crate::scenario::black76::{Black76, OptionType, YEAR_SECONDS};
use crate::scenario::math::{exp, max, pow};

/// Net delta in USD beyond which the venue charges more than this says.
pub const DELTA_LIMIT: f64 = 20_000_000.0;
/// Maintenance margin over initial margin.
const MAINTENANCE: f64 = 0.8;
/// Moves of the extended table, volatility up.
const EXTENDED: [f64; 8] = [-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0];

/// The venue's parameters of a currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// The largest regular move, a fraction.
    pub range: f64,
    /// Relative rise of volatilities, at 30 days.
    pub vol_up: f64,
    /// Relative fall of volatilities, at 30 days.
    pub vol_down: f64,
    /// Least volatility where it rises.
    pub min_vol: f64,
    /// What extended losses are dampened by, in USD.
    pub dampener: f64,
    /// The least move of the roll shock.
    pub minimum_move: f64,
    /// How the roll shock grows, per year.
    pub annual_rate: f64,
}

/// BTC, as of June 2024.
pub const BTC: Parameters = Parameters {
    range: 0.16,
    vol_up: 0.5,
    vol_down: 0.25,
    min_vol: 0.5,
    dampener: 100_000.0,
    minimum_move: 0.01,
    annual_rate: 0.075,
};

/// ETH, since 2026.
pub const ETH: Parameters = Parameters {
    range: 0.18,
    vol_up: 0.4,
    vol_down: 0.25,
    min_vol: 0.5,
    dampener: 200_000.0,
    minimum_move: 0.005,
    annual_rate: 0.05,
};

/// A position, in coins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum VenuePosition {
    /// A perpetual, or a future of so many seconds.
    Linear {
        /// Signed size.
        coins: f64,
        /// Seconds to expiry; `None` of the perpetual.
        expiry_seconds: Option<u64>,
    },
    /// An option.
    Option {
        /// Signed size.
        coins: f64,
        /// Seconds to expiry.
        expiry_seconds: u64,
        /// Forward of the expiry.
        forward: f64,
        /// The strike.
        strike: f64,
        /// Call or put.
        option_type: OptionType,
        /// Volatility of the mark.
        vol: f64,
    },
}

/// What the venue asks for, in coins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requirement {
    /// The worst loss, at least 0.
    pub worst: f64,
    /// The roll shock.
    pub roll: f64,
    /// Initial margin.
    pub initial: f64,
    /// Maintenance margin.
    pub maintenance: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum Vol {
    Up,
    Same,
    Down,
}

/// The venue's requirement at an index price.
pub fn requirement(parameters: &Parameters, index: f64, held: &[VenuePosition]) -> Requirement {
    let range = parameters.range;
    let pnl = |m: f64, vol: Vol| -> f64 {
        held.iter().map(|position| position.pnl(parameters, m, vol)).sum()
    };
    let mut worst = 0.0;
    for step in -4..=4 {
        for vol in [Vol::Up, Vol::Same, Vol::Down] {
            worst = max(worst, -pnl(range * f64::from(step) / 4.0, vol));
        }
    }
    for m in EXTENDED {
        let edge = 1.0 + m.signum() * range;
        let loss = -pnl(m, Vol::Up) * range / m.abs() * (1.0 + m) / edge;
        let dampener = (max(m.abs() / range, 1.0) - 1.0) * parameters.dampener / (edge * index);
        worst = max(worst, loss - dampener);
    }
    let mut expiries: Vec<(Option<u64>, f64)> = Vec::new();
    for position in held {
        let (expiry, delta) = position.delta();
        match expiries.iter_mut().find(|(other, _)| *other == expiry) {
            Some((_, sum)) => *sum += delta,
            None => expiries.push((expiry, delta)),
        }
    }
    let roll = expiries.iter().map(|(expiry, delta)| parameters.roll(*expiry) * delta.abs()).sum();
    let initial = worst + roll;
    Requirement { worst, roll, initial, maintenance: MAINTENANCE * initial }
}

impl Parameters {
    fn roll(&self, expiry: Option<u64>) -> f64 {
        max(self.minimum_move, exp(self.annual_rate * expiry.map_or(0.0, years)) - 1.0)
    }

    fn shocked(&self, sigma: f64, expiry: u64, vol: Vol) -> f64 {
        // Exact: below 50 years.
        let days = expiry as f64 / 86_400.0;
        let power = if days <= 30.0 { 0.3 } else { 0.13 };
        let scale = pow(30.0 / max(days, 1.0), power);
        match vol {
            Vol::Up => max(sigma * (1.0 + self.vol_up * scale), self.min_vol),
            Vol::Same => sigma,
            Vol::Down => max(sigma * (1.0 - self.vol_down * scale), 0.0),
        }
    }
}

/// Exact in the numerator: below 50 years.
fn years(seconds: u64) -> f64 {
    seconds as f64 / YEAR_SECONDS
}

impl VenuePosition {
    /// Profit and loss in coins.
    fn pnl(&self, parameters: &Parameters, m: f64, vol: Vol) -> f64 {
        match *self {
            Self::Linear { coins, .. } => coins * (1.0 - 1.0 / (1.0 + m)),
            Self::Option { coins, expiry_seconds, forward, strike, option_type, vol: sigma } => {
                let value = |forward: f64, vol: f64| {
                    let years = years(expiry_seconds);
                    let option =
                        Black76 { option_type, forward, strike, vol, years, discount: 1.0 };
                    option.value() / forward
                };
                let shocked = parameters.shocked(sigma, expiry_seconds, vol);
                coins * (value(forward * (1.0 + m), shocked) - value(forward, sigma))
            }
        }
    }

    /// The expiry, and the delta in coins.
    fn delta(&self) -> (Option<u64>, f64) {
        match *self {
            Self::Linear { coins, expiry_seconds } => (expiry_seconds, coins),
            Self::Option { coins, expiry_seconds, forward, strike, option_type, vol } => {
                let years = years(expiry_seconds);
                let option = Black76 { option_type, forward, strike, vol, years, discount: 1.0 };
                let delta = option.greeks(0.0).delta - option.value() / forward;
                (Some(expiry_seconds), coins * delta)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The venue's documentation of `private/pme/simulate`, June 2024.
    #[test]
    fn the_venues_own_example_comes_out() {
        let linear = |coins, expiry_seconds| VenuePosition::Linear { coins, expiry_seconds };
        let held = [linear(0.314538364, None), linear(-0.001187534, Some(11 * 86_400))];
        let got = requirement(&BTC, 65_666.19, &held);
        for (got, expected) in [
            (got.worst, 0.05968587238),
            (got.roll, 0.00315725898),
            (got.initial, 0.06284313098),
            (got.maintenance, 0.050274504784),
        ] {
            assert!((got - expected).abs() < 1e-8, "{got} {expected}");
        }
    }
}
