//! Margin rates that follow the market.
//!
//! | module | holds |
//! |---|---|
//! | [`rule`] | the rule: part of a model, so its digest is what governance accepts |
//! | [`inputs`] | what it is applied to: part of a snapshot, and bound by `MARKET_ROOT` |
//! | [`volatility`] | volatilities by exponential weights, implied, of the long run |
//! | [`numbers`] | an epoch's rates and capacities, and what held them back |
//! | [`breakers`] | pauses by rule, where a price is far from its recent high or low |
//! | [`set`] | the same of scenario sets: ranges of price, volatility and expiries |
//! | [`replay`] | the rates that a rule would have given, day by day |
//!
//! # Rates
//! A position of tier `i` takes `days_i` to close. With `z` deviations and the daily
//! volatility `s` (exponentially weighted, or implied where that is larger) its price
//! may rise by
//!
//! ```text
//! move_i = e^(z s sqrt(days_i)) - 1
//! ```
//!
//! meanwhile; a fall of as many deviations is the smaller change. Then comes one of
//! the tools against procyclicality of Art. 28(1) of EU 153/2013 ([`rule::Tool`]),
//! and the cost of crossing the spread:
//!
//! ```text
//! rate_i = tool(move_i) + spread_multiple * spread / 2
//! ```
//!
//! rounded up to the model's denominator, held to the largest step from the rate of
//! the epoch before, and then to floor and cap, which are stronger than the step.
//! That is the initial rate; a fixed part of it is the maintenance rate.
//!
//! # Tiers
//! What the market can take is its *capacity*: the smaller of a part of the average
//! daily volume and a multiple of the depth of the book, rounded down and held in
//! the same way. Tier `i` ends at a multiple of it, so that the same position pays
//! the rate of more days where volume dries up or the book is thin.
//!
//! A rule that `states_numbers` has them in leaves beside the rows, so that rows and steps
//! are computed again on chain ([`crate::market::numbers`]).
//!
//! All is recomputed from the snapshot: rates in floating point with the same bits
//! on every platform (`libm`, stated order), capacities in integers and decimals.

pub mod breakers;
mod error;
pub mod inputs;
pub mod numbers;
pub mod replay;
pub mod rule;
pub mod set;
pub mod volatility;

pub use error::{CalibrationError, Paused};

#[cfg(test)]
mod tests;
