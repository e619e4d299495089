//! The figures of an account over two underlyings.

use std::fmt;

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::MarketError;
use zkmargin_params::market::scenario::{Market, Part};
use zkmargin_params::scenario::{MarginReport, ScenarioPortfolio, report};

use super::{CashNeeded, PositionLine, position_lines, scenario_portfolio};

/// An account's margin in a market of two underlyings, in quote currency: what is asked
/// for is the sum of what is asked for on each.
#[derive(Clone, PartialEq, Serialize)]
pub struct BothReport {
    /// The account's level: exact, as it would be proved.
    pub level: Level,
    /// What lifts the account to each level: exact, as it would be disclosed.
    pub cash_needed: CashNeeded,
    /// What the account is worth.
    pub equity: f64,
    /// What maintenance asks for: equity less the balance.
    pub maintenance_requirement: f64,
    /// What initial margin asks for, with what is reserved for open orders.
    pub initial_requirement: f64,
    /// Each underlying, in the market's order.
    pub underlyings: Vec<OnUnderlying>,
}

/// What of an account is on one underlying.
#[derive(Clone, PartialEq, Serialize)]
pub struct OnUnderlying {
    /// The underlying.
    pub underlying: String,
    /// What its positions are worth; cash is the account's.
    pub equity: f64,
    /// What maintenance asks for on it.
    pub maintenance_requirement: f64,
    /// What initial margin asks for on it.
    pub initial_requirement: f64,
    /// Where the figures come from, without the account's cash.
    #[serde(flatten)]
    pub breakdown: MarginReport,
    /// The positions on it, by symbol.
    pub positions: Vec<PositionLine>,
}

/// The figures are secret.
impl fmt::Debug for BothReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BothReport(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for OnUnderlying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnUnderlying(..)")
    }
}

impl BothReport {
    /// Assesses a portfolio in a market of whatever underlyings.
    ///
    /// # Errors
    /// When a position does not fit the market.
    pub fn new<F: MarginField>(
        market: &Market<F>,
        portfolio: &Portfolio,
    ) -> Result<Self, MarketError> {
        // First, as its refusals show no figure.
        let exact = market.margin(portfolio)?;
        let all = scenario_portfolio(market, portfolio)?;
        let on = |part: &Part| OnUnderlying::new(part, &all);
        let underlyings = market.parts().iter().map(on).collect::<Result<Vec<_>, _>>()?;
        let sum = |of: fn(&OnUnderlying) -> f64| underlyings.iter().map(of).sum::<f64>();
        Ok(Self {
            level: exact.level(),
            cash_needed: CashNeeded::of(market, &exact),
            equity: sum(|on| on.equity) + all.cash,
            maintenance_requirement: sum(|on| on.maintenance_requirement),
            initial_requirement: sum(|on| on.initial_requirement) + all.reserved,
            underlyings,
        })
    }
}

impl OnUnderlying {
    fn new(part: &Part, all: &ScenarioPortfolio) -> Result<Self, MarketError> {
        let table = part.table();
        let own = all.positions.iter().filter(|held| table.row_of(&held.instrument).is_some());
        let own = ScenarioPortfolio { positions: own.cloned().collect(), ..Default::default() };
        let holdings = own.resolve(table)?;
        let breakdown = report(table, &holdings);
        let equity = breakdown.mark_to_market.total;
        Ok(Self {
            underlying: part.underlying().to_string(),
            equity,
            maintenance_requirement: equity - breakdown.maintenance_margin,
            initial_requirement: equity - breakdown.initial_margin,
            positions: position_lines(table, &holdings),
            breakdown,
        })
    }
}
