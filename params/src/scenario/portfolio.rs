//! Portfolios of the scenario family.
//!
//! ```json
//! {
//!   "cash": 1000,
//!   "positions": [
//!     { "instrument": "BTC-12DEC25-90000-C", "quantity": -1.5 },
//!     { "instrument": "BTC-PERPETUAL", "quantity": 1, "unrealised": -20.5 }
//!   ]
//! }
//! ```

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::scenario::error::{Problem, ScenarioError, counted, read_json, within};
use crate::scenario::table::{RiskTable, RowKind};
use crate::symbol::Symbol;

/// Most positions of a portfolio.
pub const MAX_POSITIONS: usize = 4096;

const QUANTITY: RangeInclusive<f64> = -1e15..=1e15;
const MONEY: RangeInclusive<f64> = -1e18..=1e18;

/// A position.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The instrument.
    pub instrument: Symbol,
    /// Units of the underlying or of the collateral, negative when short.
    pub quantity: f64,
    /// Profit, loss and funding of a perpetual or future that are not yet in
    /// cash, in quote currency.
    #[serde(default)]
    pub unrealised: f64,
}

/// A portfolio: positions and cash. Private; never shown by `Debug`.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioPortfolio {
    /// Cash in quote currency, negative when owed.
    #[serde(default)]
    pub cash: f64,
    /// The positions, at most one in an instrument.
    pub positions: Vec<Position>,
    /// Margin reserved for open orders, in quote currency: it counts against
    /// initial margin alone.
    #[serde(default)]
    pub reserved: f64,
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Position(..)")
    }
}

impl fmt::Debug for ScenarioPortfolio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScenarioPortfolio(..)")
    }
}

impl ScenarioPortfolio {
    /// Reads a portfolio; it is checked when it meets a table.
    ///
    /// # Errors
    /// When the text is too large or not the format.
    pub fn from_json(json: &str) -> Result<Self, ScenarioError> {
        read_json(json, "scenario portfolio")
    }

    /// The portfolio as quantities of a table's rows. Positions of quantity
    /// zero are not held, but what is unrealised in them counts.
    ///
    /// # Errors
    /// When a number is out of range, an instrument is not listed or stands
    /// twice, or collateral is owed.
    pub fn resolve(&self, table: &RiskTable) -> Result<Holdings, ScenarioError> {
        counted("positions", self.positions.len(), 0..=MAX_POSITIONS)?;
        within("cash", self.cash, MONEY)?;
        within("reserved", self.reserved, 0.0..=*MONEY.end())?;
        let mut unrealised = 0.0;
        let mut quantities = Vec::with_capacity(self.positions.len());
        for (index, position) in self.positions.iter().enumerate() {
            let path = |field: &str| format!("positions[{index}].{field}");
            within(path("quantity"), position.quantity, QUANTITY)?;
            within(path("unrealised"), position.unrealised, MONEY)?;
            let row = table
                .row_of(&position.instrument)
                .ok_or_else(|| ScenarioError::at(path("instrument"), Problem::NotListed))?;
            if table.rows[row].kind == RowKind::Collateral && position.quantity < 0.0 {
                let problem = Problem::NegativeCollateral(position.quantity);
                return Err(ScenarioError::at(path("quantity"), problem));
            }
            unrealised += position.unrealised;
            quantities.push((row, position.quantity, index));
        }
        // Sums are taken by row: the order of positions changes no bit.
        quantities.sort_unstable_by_key(|(row, _, index)| (*row, *index));
        if let Some(pair) = quantities.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let path = format!("positions[{}].instrument", pair[1].2);
            return Err(ScenarioError::at(path, Problem::Duplicate));
        }
        let held = quantities.into_iter().filter(|(_, quantity, _)| *quantity != 0.0);
        let quantities = held.map(|(row, quantity, _)| (row, quantity)).collect();
        Ok(Holdings { cash: self.cash, reserved: self.reserved, unrealised, quantities })
    }
}

/// A portfolio as quantities of a [`RiskTable`]'s rows.
#[derive(Clone, PartialEq)]
pub struct Holdings {
    pub(super) cash: f64,
    pub(super) reserved: f64,
    pub(super) unrealised: f64,
    /// Row and quantity, by row, no quantity zero.
    pub(super) quantities: Vec<(usize, f64)>,
}

impl Holdings {
    /// Cash in quote currency.
    pub fn cash(&self) -> f64 {
        self.cash
    }

    /// Margin reserved for open orders.
    pub fn reserved(&self) -> f64 {
        self.reserved
    }

    /// Unrealised profit, loss and funding.
    pub fn unrealised(&self) -> f64 {
        self.unrealised
    }

    /// Rows and quantities, by row; no quantity is zero.
    pub fn quantities(&self) -> &[(usize, f64)] {
        &self.quantities
    }
}

impl fmt::Debug for Holdings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holdings(..)")
    }
}
