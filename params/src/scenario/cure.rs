//! What would lift an account to a level: cash, or closing a position.

use std::fmt;

use serde::Serialize;

use crate::scenario::account::{Assessment, assess};
use crate::scenario::portfolio::Holdings;
use crate::scenario::table::RiskTable;
use crate::symbol::Symbol;

/// What would cure an account's shortfall, in quote currency. Private; never
/// shown by `Debug`.
#[derive(Clone, PartialEq, Serialize)]
pub struct Cure {
    /// Cash that lifts equity to zero.
    pub to_solvency: f64,
    /// Cash that lifts the account to maintenance margin.
    pub to_maintenance: f64,
    /// Cash that lifts the account to initial margin.
    pub to_initial: f64,
    /// What closing each position alone does, the most helpful first.
    pub closings: Vec<Closing>,
}

/// What closing one position at its mark does, all else held.
#[derive(Clone, PartialEq, Serialize)]
pub struct Closing {
    /// The instrument.
    pub instrument: Symbol,
    /// By how much the maintenance margin balance rises.
    pub maintenance_relief: f64,
    /// By how much the initial margin balance rises.
    pub initial_relief: f64,
    /// Whether the maintenance margin is met afterwards.
    pub meets_maintenance: bool,
    /// Whether the initial margin is met afterwards.
    pub meets_initial: bool,
}

impl fmt::Debug for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cure(..)")
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closing(..)")
    }
}

/// What would cure an account, its assessment being known.
///
/// A position is closed at its mark: its value turns into cash, and what a
/// perpetual or future has earned stays.
pub fn cure(table: &RiskTable, holdings: &Holdings, account: &Assessment) -> Cure {
    let needed = |balance: f64| if balance < 0.0 { -balance } else { 0.0 };
    let closing = |place: usize| {
        let mut rest = holdings.clone();
        let (row, quantity) = rest.quantities.remove(place);
        let row = &table.rows[row];
        rest.cash += quantity * row.mark;
        let after = assess(table, &rest);
        Closing {
            instrument: row.symbol.clone(),
            maintenance_relief: after.maintenance_margin - account.maintenance_margin,
            initial_relief: after.initial_margin - account.initial_margin,
            meets_maintenance: after.maintenance_margin >= 0.0,
            meets_initial: after.initial_margin >= 0.0,
        }
    };
    let mut closings: Vec<_> = (0..holdings.quantities.len()).map(closing).collect();
    closings.sort_by(|a, b| b.maintenance_relief.total_cmp(&a.maintenance_relief));
    Cure {
        to_solvency: needed(account.mark_to_market.total),
        to_maintenance: needed(account.maintenance_margin),
        to_initial: needed(account.initial_margin),
        closings,
    }
}
