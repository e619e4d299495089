//! Value at risk and expected shortfall over joint scenarios of a market.
//!
//! | module | holds |
//! |---|---|
//! | [`history`], [`day`] | closes of one or more underlyings, day by day |
//! | [`set`], [`rule`] | scenario sets, and the rules that make them |
//! | [`filter`] | volatilities by exponential weights |
//! | [`estimate`] | value at risk and expected shortfall of losses |
//! | [`draws`] | normal and Student t numbers from a seed |
//! | [`beacon`] | seeds that are rounds of a drand beacon |
//! | [`model`], [`presets`], [`snapshot`] | margin models, and what they are applied to |
//! | [`table`], [`integer`] | what instruments gain in every scenario; the same in the integers that are proved |
//! | [`backtest`] | what an estimate would have said of the past, and tests of it |
//!
//! A scenario moves *all* underlyings of a market together, as they moved on one
//! day of the past or in one draw, so that offsets between them need no
//! correlation parameter. A set is public: anyone who has the rule and the
//! prices, or the seed, makes it again, to the same digest.
//!
//! Floating point gives the same bits on every platform: elementary functions
//! are `libm`'s, sums are taken in a stated order, and nothing is fused.
//!
//! ```
//! use zkmargin_params::simulation::history::{Column, History};
//! use zkmargin_params::simulation::rule::SetRule;
//! use zkmargin_params::simulation::set::ScenarioSet;
//!
//! let csv = "date,btc\n2024-01-01,100\n2024-01-02,110\n2024-01-03,99\n";
//! let (history, odd) = History::from_csv(csv, &[Column::parse("BTC=btc")?])?;
//! assert!(odd.is_empty());
//! let rule = SetRule::Historical { scenarios: 2, horizon: 1 };
//! let set = ScenarioSet::from_history(&rule, &history)?;
//! assert_eq!(set.scenarios()[0].factors, [1.1]);
//! assert_eq!(set.scenarios()[1].name, "2024-01-03");
//! # Ok::<(), zkmargin_params::simulation::SimulationError>(())
//! ```

pub mod backtest;
pub mod beacon;
pub mod day;
pub mod draws;
mod error;
pub mod estimate;
pub mod filter;
pub mod history;
pub mod integer;
pub mod model;
pub mod presets;
pub mod rule;
pub mod set;
pub mod snapshot;
pub mod table;

pub use error::SimulationError;

#[cfg(test)]
mod tests;
