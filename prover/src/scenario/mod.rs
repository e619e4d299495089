//! Scenario margin for the account's owner: the breakdown, what would cure a
//! shortfall, and how the account stands stress.

mod lines;
mod stress;

use std::fmt;

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_params::scenario::{
    Cure, Greeks, Holdings, MarginReport, RiskTable, assess, cure, report,
};

pub use lines::margin_lines;
pub use stress::{LEVELS, StressReport};

/// An account's margin under a scenario model, in quote currency.
#[derive(Clone, PartialEq, Serialize)]
pub struct ScenarioReport {
    /// The account's level.
    pub level: Level,
    /// What the account is worth.
    pub equity: f64,
    /// What maintenance asks for: equity less the balance.
    pub maintenance_requirement: f64,
    /// What initial margin asks for.
    pub initial_requirement: f64,
    /// Where the figures come from.
    #[serde(flatten)]
    pub breakdown: MarginReport,
    /// What would cure a shortfall.
    pub cure: Cure,
    /// The positions, by symbol.
    pub positions: Vec<PositionLine>,
}

/// A position's figures.
#[derive(Clone, PartialEq, Serialize)]
pub struct PositionLine {
    /// The instrument.
    pub instrument: String,
    /// The quantity, signed.
    pub quantity: f64,
    /// Value of a unit; 0 of perpetuals and futures.
    pub mark: f64,
    /// Value of the position.
    pub value: f64,
    /// Its sensitivities.
    pub greeks: Greeks,
}

/// The figures are secret.
impl fmt::Debug for ScenarioReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScenarioReport(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for PositionLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PositionLine(..)")
    }
}

impl ScenarioReport {
    /// Assesses an account.
    pub fn new(table: &RiskTable, holdings: &Holdings) -> Self {
        let account = assess(table, holdings);
        let breakdown = report(table, holdings);
        let position = |&(index, quantity): &(usize, f64)| {
            let row = &table.rows[index];
            let times = |unit: f64| quantity * unit;
            PositionLine {
                instrument: row.symbol.to_string(),
                quantity,
                mark: row.mark,
                value: times(row.mark),
                greeks: Greeks {
                    delta: times(row.greeks.delta),
                    gamma: times(row.greeks.gamma),
                    vega: times(row.greeks.vega),
                    theta: times(row.greeks.theta),
                },
            }
        };
        let equity = breakdown.mark_to_market.total;
        Self {
            level: account.level(),
            equity,
            maintenance_requirement: equity - breakdown.maintenance_margin,
            initial_requirement: equity - breakdown.initial_margin,
            cure: cure(table, holdings, &account),
            positions: holdings.quantities().iter().map(position).collect(),
            breakdown,
        }
    }
}
