//! What an account's margin comes from, to be shown.

use serde::Serialize;

use crate::scenario::account::{
    Assessment, Contingencies, ExpiryPart, MarkToMarket, Worst, assess,
};
use crate::scenario::black76::Greeks;
use crate::scenario::parameters::{LossGroup, Scenario, VolShockDirection};
use crate::scenario::portfolio::Holdings;
use crate::scenario::table::{RiskTable, RowKind};

/// The breakdown of an account's margin, in quote currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MarginReport {
    /// Initial margin balance: negative is short of margin.
    #[serde(rename = "initial_balance")]
    pub initial_margin: f64,
    /// Maintenance margin balance: negative is a margin call.
    #[serde(rename = "maintenance_balance")]
    pub maintenance_margin: f64,
    /// What the account is worth.
    pub mark_to_market: MarkToMarket,
    /// The worst loss.
    pub worst: Worst,
    /// What the worst loss costs maintenance margin, at least 0.
    pub maintenance_loss: f64,
    /// What the worst loss costs initial margin, a lost peg included.
    pub initial_loss: f64,
    /// Every scenario, in the model's order.
    pub scenarios: Vec<ScenarioLine>,
    /// The basis contingency, at most 0.
    pub basis_contingency: f64,
    /// The minimum charge, at least 0.
    pub minimum_charge: f64,
    /// What is added to the maintenance loss: the net deltas of expiries, and large net
    /// deltas of the account.
    #[serde(skip_serializing_if = "is_zero")]
    pub maintenance_added: f64,
    /// The same of the initial loss.
    #[serde(skip_serializing_if = "is_zero")]
    pub initial_added: f64,
    /// The charges beside the worst loss.
    pub contingencies: Contingencies,
    /// Every expiry with a position, by time.
    pub expiries: Vec<ExpiryLine>,
    /// Sensitivities of perpetuals and risk-cancelling collateral.
    pub linear_greeks: Greeks,
    /// Sensitivities of the whole account.
    pub greeks: Greeks,
}

/// A scenario of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScenarioLine {
    /// Its place in the model, from 0.
    pub index: usize,
    /// Its group.
    pub group: LossGroup,
    /// Factor on spot.
    pub spot_shock: f64,
    /// What volatilities do.
    pub vol_shock_direction: VolShockDirection,
    /// The fraction that counts.
    pub dampening_factor: f64,
    /// The account's profit and loss, dampened.
    pub pnl: f64,
    /// The part of perpetuals, futures and collateral.
    pub linear_pnl: f64,
    /// The part of each expiry's options, in the order of
    /// [`MarginReport::expiries`].
    pub expiry_pnl: Vec<f64>,
    /// Whether it is the worst.
    pub is_worst: bool,
}

/// An expiry of a report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpiryLine {
    /// Seconds to expiry.
    pub expiry_seconds: u64,
    /// The forward.
    pub forward: f64,
    /// Mark-to-market of its options.
    pub mark: f64,
    /// Sensitivities of its options and futures.
    pub greeks: Greeks,
    /// What it adds to the basis contingency.
    pub basis_contingency: f64,
    /// Its naked short options.
    pub naked_shorts: f64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the attribute's form")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

/// Assesses an account and says where the figures come from.
pub fn report(table: &RiskTable, holdings: &Holdings) -> MarginReport {
    let account = assess(table, holdings);
    let mut linear_greeks = Greeks::default();
    let mut expiries = expiry_lines(table, &account);
    for &(index, quantity) in holdings.quantities() {
        let row = &table.rows[index];
        let group = match row.kind {
            RowKind::Option { group, .. } | RowKind::Future { group } => Some(group),
            RowKind::Perpetual { group } => group,
            RowKind::Collateral => None,
        };
        let place = group.and_then(|group| account.expiries.iter().position(|e| e.group == group));
        match place.and_then(|place| expiries.get_mut(place)) {
            Some(line) => line.greeks.add(quantity, &row.greeks),
            None => linear_greeks.add(quantity, &row.greeks),
        }
    }
    let mut greeks = linear_greeks;
    for line in &expiries {
        greeks.add(1.0, &line.greeks);
    }
    MarginReport {
        initial_margin: account.initial_margin,
        maintenance_margin: account.maintenance_margin,
        mark_to_market: account.mark_to_market,
        worst: account.worst,
        maintenance_loss: -account.worst.pnl * table.terms.mm_loss_factor,
        initial_loss: -account.worst.pnl * table.terms.im_loss_factor,
        scenarios: scenario_lines(table, &account),
        basis_contingency: account.basis_contingency,
        minimum_charge: account.minimum_charge,
        maintenance_added: account.added * table.terms.mm_loss_factor,
        initial_added: account.added * table.terms.im_loss_factor,
        contingencies: account.contingencies,
        expiries,
        linear_greeks,
        greeks,
    }
}

fn expiry_lines(table: &RiskTable, account: &Assessment) -> Vec<ExpiryLine> {
    let line = |part: &ExpiryPart| ExpiryLine {
        expiry_seconds: part.expiry_seconds,
        forward: table.groups[part.group].forward,
        mark: part.mark,
        greeks: Greeks::default(),
        basis_contingency: part.basis_contingency,
        naked_shorts: part.naked_shorts,
    };
    account.expiries.iter().map(line).collect()
}

fn scenario_lines(table: &RiskTable, account: &Assessment) -> Vec<ScenarioLine> {
    let scenarios = table.terms.scenarios.iter().zip(&account.scenario_pnl).enumerate();
    let line = |(index, (scenario, pnl)): (usize, (&Scenario, &f64))| {
        let of_expiry = |part: &ExpiryPart| part.scenario_pnl[index];
        let expiry_pnl: Vec<f64> = account.expiries.iter().map(of_expiry).collect();
        ScenarioLine {
            index,
            group: scenario.group(),
            spot_shock: scenario.spot_shock,
            vol_shock_direction: scenario.vol_shock_direction,
            dampening_factor: scenario.dampening_factor,
            pnl: *pnl,
            linear_pnl: account.linear_pnl[index],
            expiry_pnl,
            is_worst: account.worst.scenario == Some(index),
        }
    };
    scenarios.map(line).collect()
}
