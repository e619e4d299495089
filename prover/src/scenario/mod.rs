//! Scenario margin for the account's owner: the breakdown, what would cure a
//! shortfall, and how the account stands stress.

mod account;
mod both;
mod lines;
mod stress;

use std::fmt;

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::scenario::AccountMargin;
use zkmargin_params::market::MarketError;
use zkmargin_params::market::scenario::Market;
use zkmargin_params::scenario::{
    Closing, Greeks, Holdings, MarginReport, RiskTable, assess, cure, report,
};

pub use account::{scenario_portfolio, specs, stress_test};
pub use both::{BothReport, OnUnderlying};
pub use lines::{both_lines, days, margin_lines, vol_name};
pub use stress::{Alone, LEVELS, StressReport};

/// An account's margin under a scenario model, in quote currency.
#[derive(Clone, PartialEq, Serialize)]
pub struct ScenarioReport {
    /// The account's level: exact, as it would be proved.
    pub level: Level,
    /// What lifts the account to each level: exact, as it would be disclosed.
    pub cash_needed: CashNeeded,
    /// What the account is worth.
    pub equity: f64,
    /// What maintenance asks for: equity less the balance.
    pub maintenance_requirement: f64,
    /// What initial margin asks for.
    pub initial_requirement: f64,
    /// Where the figures come from.
    #[serde(flatten)]
    pub breakdown: MarginReport,
    /// What closing each position alone does, the most helpful first.
    pub closings: Vec<Closing>,
    /// The positions, by symbol.
    pub positions: Vec<PositionLine>,
}

/// Cash that lifts an account to a level, in decimals of the quote currency;
/// `"0"` when it is there.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct CashNeeded {
    /// Until equity is not negative.
    pub solvency: String,
    /// Until maintenance margin is met.
    pub maintenance: String,
    /// Until initial margin is met.
    pub initial: String,
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
impl fmt::Debug for CashNeeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CashNeeded(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for PositionLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PositionLine(..)")
    }
}

impl ScenarioReport {
    /// Assesses a portfolio in a market of one underlying.
    ///
    /// # Errors
    /// When a position does not fit the market, or it has two underlyings:
    /// [`BothReport`].
    pub fn new<F: MarginField>(
        market: &Market<F>,
        portfolio: &Portfolio,
    ) -> Result<Self, MarketError> {
        // First, as its refusals show no figure.
        let exact = market.margin(portfolio)?;
        let table = market.only()?.table();
        let holdings = scenario_portfolio(market, portfolio)?.resolve(table)?;
        let account = assess(table, &holdings);
        let breakdown = report(table, &holdings);
        let equity = breakdown.mark_to_market.total;
        Ok(Self {
            level: exact.level(),
            cash_needed: CashNeeded::of(market, &exact),
            equity,
            maintenance_requirement: equity - breakdown.maintenance_margin,
            initial_requirement: equity - breakdown.initial_margin,
            closings: cure(table, &holdings, &account).closings,
            positions: position_lines(table, &holdings),
            breakdown,
        })
    }
}

impl CashNeeded {
    fn of<F: MarginField>(market: &Market<F>, exact: &AccountMargin) -> Self {
        // Below 2^97.
        let needed = |level| market.format_amount(exact.shortfall(level).cast_signed());
        Self {
            solvency: needed(Level::MarginCall),
            maintenance: needed(Level::Maintenance),
            initial: needed(Level::Initial),
        }
    }
}

fn position_lines(table: &RiskTable, holdings: &Holdings) -> Vec<PositionLine> {
    let line = |&(index, quantity): &(usize, f64)| {
        let row = &table.rows[index];
        let Greeks { delta, gamma, vega, theta } = row.greeks;
        PositionLine {
            instrument: row.symbol.to_string(),
            quantity,
            mark: row.mark,
            value: quantity * row.mark,
            greeks: Greeks {
                delta: quantity * delta,
                gamma: quantity * gamma,
                vega: quantity * vega,
                theta: quantity * theta,
            },
        }
    };
    holdings.quantities().iter().map(line).collect()
}
