//! The risk table in the integers that are proved, rounded against the account.
//!
//! A row's values are whole quote units *per lot*, so that a position is a whole
//! number times them. [`zkmargin_margin::scenario`] sums them up exactly, in
//! native code and in the circuit; the only roundings are here.
//!
//! # Rounding
//! Values `v`, marks and basis moves are rounded to the nearest unit: one row
//! serves longs and shorts, and no direction is against both. What that can
//! give an account is taken back by a *guard*, a charge per lot held or short,
//! so that **no balance is above the floating-point balance**, but for the noise
//! of floating point itself. With primes for integers, `h` for half a unit and
//! `|a|` lots:
//!
//! - A sum `M'` of values is within `h |a|` of the dampened sum it stands for.
//!   Discounting has a slope of at most the larger discount `d`: it is off by
//!   `d h |a|`. Marks add `rho h |a|`, and `|R' - rho| |mark'| |a|` where a dampening
//!   `rho` is no multiple of `2^-40`.
//! - The long discount is rounded down and the short one up: both lower a sum.
//!   That is against the account but in a skew scenario, whose profit is `-|..|`:
//!   there the guard has `|d' - d| |v'| |a|` more.
//! - Reliefs and the thresholds of tiers are rounded down, rates up.
//! - Perpetuals, futures and collateral are off by `h |a|` in a scenario.
//! - The basis loss is off by `h w' |a|`, its weight `w'` rounded up; the minimum
//!   charge by `h net |a|`, as deltas are off by `h` and `hedged` is at most twice
//!   `net`, and so often that as its last tier counts.
//! - The worst loss is the least of these candidates, so it is off by no more
//!   than the largest of their errors. What is added to it is off by the basis
//!   loss's `h w' |a|`, where that is added, and by `h r |a|` with `r` the sum of the
//!   tiers' rates, whatever their signs. All in all `g |a|`; factors are rounded up, on what is never above
//!   zero.
//! - Marks are in mark-to-market too: `h |a|` there.
//!
//! So the guard is `g mm_factor + h` for maintenance margin and `g im_factor + h`
//! for both, and charges are rounded up with it: about two units a lot. Where a
//! value is zero it is not off. `h` is taken a little above a half, for the last
//! bits of the products themselves.
//!
//! A *margin-call* level (mark-to-market alone) has no charges to put a guard in:
//! there the account may be off by half a unit per lot either way.

mod ids;
mod maker;
mod round;

pub(crate) use ids::check_all;
pub use ids::check_ids;
use rayon::prelude::*;
use zkmargin_margin::scenario::{REGULAR_SCENARIOS, ScenarioRow, ScenarioTerms, Underlying};

use crate::scenario::error::{Problem, ScenarioError};
use crate::scenario::parameters::{Scenario, VolShockDirection};
use crate::scenario::table::{RiskRow, RiskTable};

/// Largest `quote_decimals`.
pub const MAX_QUOTE_DECIMALS: u32 = 18;

/// A risk table in integers.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegerTable {
    /// What counts for a whole account.
    pub terms: ScenarioTerms,
    /// One row for each instrument, in the order of [`RiskTable::rows`].
    pub rows: Vec<ScenarioRow>,
}

/// Where a table stands among those of its market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The underlying's number.
    pub underlying: Underlying,
    /// Expiries of the tables before: no two of a market have one key.
    pub expiries_before: usize,
}

impl IntegerTable {
    /// Rounds a table of the only underlying of a market. `quote_decimals` are the decimals of a quote unit, `lot`
    /// gives the units in a lot of an instrument, and `option_lot` those in the
    /// lots that options are counted in, for what is charged by count: naked
    /// shorts and low confidence. In a market it is the lot of every option.
    ///
    /// # Errors
    /// When a value of one lot or a factor is too large, with its place and what
    /// would help.
    pub fn new(
        table: &RiskTable,
        quote_decimals: u32,
        option_lot: f64,
        lot: impl Fn(&RiskRow) -> f64 + Sync,
    ) -> Result<Self, ScenarioError> {
        Self::at(Place::default(), table, (quote_decimals, option_lot), lot)
    }

    /// Rounds a table of one of a market's underlyings.
    ///
    /// # Errors
    /// As [`IntegerTable::new`].
    pub fn at(
        place: Place,
        table: &RiskTable,
        (quote_decimals, option_lot): (u32, f64),
        lot: impl Fn(&RiskRow) -> f64 + Sync,
    ) -> Result<Self, ScenarioError> {
        let maker = maker::Maker::new(place, table, quote_decimals, option_lot)?;
        let row = |row: &RiskRow| maker.row(row, lot(row));
        let rows = table.rows.par_iter().map(row).collect::<Result<_, _>>()?;
        Ok(Self { terms: maker.terms(), rows })
    }

    /// Refuses a table in which an account could reach a level and miss a lower
    /// one: where initial margin could be below maintenance margin, or maintenance
    /// margin below zero. The engine of margin calls relies on the order of levels.
    ///
    /// # Errors
    /// [`Problem::LevelOrder`] with the first charge or factor that is too low.
    pub fn check_levels(&self, table: &RiskTable) -> Result<(), ScenarioError> {
        let low = |path: String, what, value: f64| {
            Err(ScenarioError::at(path, Problem::LevelOrder { what, value }))
        };
        let terms = &self.terms;
        if terms.initial_factor < terms.maintenance_factor {
            let path = "margin.im_loss_factor".to_owned();
            return low(path, "the initial loss factor", table.terms.im_loss_factor);
        }
        // Both are below 2^45 and shown only.
        if terms.naked.maintenance.get() < 0 || terms.naked.initial.get() < 0 {
            let path = "other_contingency.im_option_percent".to_owned();
            return low(path, "the charge on naked shorts", terms.naked.initial.get() as f64);
        }
        for (row, named) in self.rows.iter().zip(&table.rows) {
            let (maintenance, initial) = (row.charges.maintenance, row.charges.initial);
            let path = || format!("instruments.{}", named.symbol);
            if maintenance.get() < 0 {
                return low(path(), "the maintenance charge", maintenance.get() as f64);
            }
            if initial.get() < 0 {
                return low(path(), "the initial charge on top", initial.get() as f64);
            }
        }
        Ok(())
    }
}

/// Where each scenario of a model stands among a row's: the regular ones in
/// their order from 0, those with a relief up to the last regular one, then the
/// linear and the absolute skew.
pub fn slots(scenarios: &[Scenario]) -> Vec<usize> {
    let relieved = scenarios.iter().filter(|scenario| scenario.relief != 0.0).count();
    let (mut regular, mut last) = (0, REGULAR_SCENARIOS.saturating_sub(relieved));
    let slot = |scenario: &Scenario| match scenario.vol_shock_direction {
        VolShockDirection::Linear => REGULAR_SCENARIOS,
        VolShockDirection::Abs => REGULAR_SCENARIOS + 1,
        _ if scenario.relief != 0.0 => {
            last += 1;
            last - 1
        }
        _ => {
            regular += 1;
            regular - 1
        }
    };
    scenarios.iter().map(slot).collect()
}

#[cfg(test)]
mod tests;
