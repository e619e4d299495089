//! Margin by simulation for the account's owner: exact, as it would be proved.

use std::fmt;

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::{Portfolio, Position};
use zkmargin_margin::simulation::{SimulationMargin, WEIGHT_ONE};
use zkmargin_params::market::simulation::Market;
use zkmargin_params::market::{MarketError, MarketKind as _, SimulationKind, SimulationMarketFile};

use crate::figures::Table;
use crate::human;

/// Worst scenarios that are shown.
const WORST: usize = 10;

/// An account's margin under a simulation model, in decimals of the quote currency.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SimulationReport {
    /// The account's level.
    pub level: Level,
    /// What the account is worth.
    pub equity: String,
    /// What initial margin asks for.
    pub initial: String,
    /// What maintenance asks for.
    pub maintenance: String,
    /// Cash that lifts the account to maintenance margin; `"0"` when it is there.
    pub cash_needed_for_maintenance: String,
    /// The same of initial margin.
    pub cash_needed_for_initial: String,
    /// Mean loss of the tail, rounded up.
    pub expected_shortfall: String,
    /// The least loss of the tail.
    pub value_at_risk: String,
    /// The largest loss under stress.
    pub stress_loss: String,
    /// Charges beside the risk, for maintenance margin.
    pub charges: String,
    /// The worst scenarios, the worst first.
    pub worst: Vec<ScenarioLoss>,
    /// The positions, in the order of their identifiers.
    pub positions: Vec<PositionLine>,
}

/// A scenario and what it does to the account.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ScenarioLoss {
    /// The day or the draw.
    pub scenario: String,
    /// Profit, or loss below zero.
    pub profit: String,
}

/// A position's figures.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PositionLine {
    /// The instrument.
    pub instrument: String,
    /// The quantity, signed.
    pub quantity: String,
    /// What it is worth; nothing of perpetuals and futures.
    pub value: String,
}

/// The figures are secret.
macro_rules! redacted {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
redacted!(SimulationReport, ScenarioLoss, PositionLine);

impl SimulationReport {
    /// Assesses a portfolio in a market.
    ///
    /// # Errors
    /// When a position does not fit the market.
    pub fn new<F: MarginField>(
        market: &Market<F>,
        portfolio: &Portfolio,
    ) -> Result<Self, MarketError> {
        let margin = market.margin(portfolio)?;
        let amount = |units: i128| market.format_amount(units);
        let needed = |level| amount(margin.shortfall(level).cast_signed());
        // Up, as a requirement is.
        let one = i128::from(WEIGHT_ONE);
        let requirement = |level| {
            let scaled = margin.requirement(level).unwrap_or(0);
            amount(scaled.div_euclid(one) + i128::from(scaled.rem_euclid(one) > 0))
        };
        // A tail is at most a row's scenarios.
        let tail = market.terms().tail() as i128;
        Ok(Self {
            level: margin.level(),
            equity: amount(margin.equity()),
            initial: requirement(Level::Initial),
            maintenance: requirement(Level::Maintenance),
            cash_needed_for_maintenance: needed(Level::Maintenance),
            cash_needed_for_initial: needed(Level::Initial),
            expected_shortfall: amount((margin.tail_loss + tail - 1) / tail),
            value_at_risk: amount(margin.var.into()),
            stress_loss: amount(margin.stress_loss.into()),
            charges: amount(margin.maintenance_charges),
            worst: worst(market, &margin),
            positions: portfolio.positions().iter().map(|p| line(market, p)).collect(),
        })
    }

    /// The figures for people.
    pub fn lines(&self, quote: &str) -> Vec<String> {
        let mut lines = vec![
            format!("level         {}", human::level(self.level)),
            format!("equity        {} {quote}", self.equity),
            format!("initial       {} {quote}", self.initial),
            format!("maintenance   {} {quote}", self.maintenance),
        ];
        for (name, needed) in [
            ("maintenance margin", &self.cash_needed_for_maintenance),
            ("initial margin", &self.cash_needed_for_initial),
        ] {
            if needed != "0" {
                lines.push(format!("cash needed   {needed} {quote} for {name}"));
            }
        }
        lines.extend([
            String::new(),
            format!("expected shortfall  {} {quote}", self.expected_shortfall),
            format!("value at risk       {} {quote}", self.value_at_risk),
            format!("stress loss         {} {quote}", self.stress_loss),
            format!("charges             {} {quote}", self.charges),
            String::new(),
        ]);
        let mut table = Table::new(1, ["the worst scenarios", "profit"]);
        for loss in &self.worst {
            table.row([loss.scenario.clone(), loss.profit.clone()]);
        }
        lines.extend(table.lines());
        lines.push(String::new());
        let mut table = Table::new(1, ["instrument", "quantity", "value"]);
        for line in &self.positions {
            table.row([line.instrument.clone(), line.quantity.clone(), line.value.clone()]);
        }
        lines.extend(table.lines());
        lines
    }
}

fn worst<F: MarginField>(market: &Market<F>, margin: &SimulationMargin) -> Vec<ScenarioLoss> {
    let stress = (1..=margin.stress_pnl.len()).map(|number| format!("stress {number}"));
    let names = market.table().set.scenarios().iter().map(|scenario| scenario.name.clone());
    let profits = margin.pnl.iter().chain(&margin.stress_pnl);
    let mut all: Vec<(String, i64)> = names.chain(stress).zip(profits.copied()).collect();
    all.sort_by_key(|(_, profit)| *profit);
    let loss = |(scenario, profit): (String, i64)| ScenarioLoss {
        scenario,
        profit: market.format_amount(profit.into()),
    };
    all.into_iter().take(WORST).map(loss).collect()
}

fn line<F: MarginField>(market: &Market<F>, position: &Position) -> PositionLine {
    // What was assessed is listed.
    let listing = market.listing_by_id(position.instrument);
    let mark = listing.and_then(|listing| market.rows().get(listing.row()));
    let mark = mark.and_then(|row| row.columns().last()).copied().unwrap_or(0);
    let value = i128::from(mark) * i128::from(position.quantity.get());
    PositionLine {
        instrument: listing.map(|l| l.symbol().to_string()).unwrap_or_default(),
        quantity: listing.map(|l| l.format_lots(position.quantity)).unwrap_or_default(),
        value: market.format_amount(value),
    }
}

/// An account after a move of the market.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Stressed {
    /// The level it would be at.
    #[serde(skip)]
    pub level: Level,
    /// What it would be worth, with what perpetuals and futures earned.
    pub equity: String,
    /// What initial margin would ask for.
    pub initial: String,
    /// What maintenance would ask for.
    pub maintenance: String,
}
redacted!(Stressed);

/// Marks a portfolio where all prices moved by a factor and all volatilities by
/// another: the table is made anew there, of the same scenarios.
///
/// # Errors
/// When a moved price leaves its range or a position does not fit the market.
pub fn stressed<F: MarginField>(
    file: &SimulationMarketFile,
    market: &Market<F>,
    portfolio: &Portfolio,
    (spot, vol): (f64, f64),
) -> Result<Stressed, MarketError> {
    let snapshot = file.snapshot().shocked(spot, vol)?;
    let moved = SimulationKind::build::<F>(file.model(), &snapshot, file.epoch())?;
    let mut margin = moved.margin(portfolio)?;
    margin.cash += earned(file, market, portfolio, spot);
    let one = i128::from(WEIGHT_ONE);
    let requirement = |level| {
        let scaled = margin.requirement(level).unwrap_or(0);
        market.format_amount(scaled.div_euclid(one) + i128::from(scaled.rem_euclid(one) > 0))
    };
    Ok(Stressed {
        level: margin.level(),
        equity: market.format_amount(margin.equity()),
        initial: requirement(Level::Initial),
        maintenance: requirement(Level::Maintenance),
    })
}

/// What perpetuals and futures earn when prices move by a factor, in quote units,
/// down.
#[expect(clippy::cast_possible_truncation, reason = "sums of an account are below 2^80")]
fn earned<F: MarginField>(
    file: &SimulationMarketFile,
    market: &Market<F>,
    portfolio: &Portfolio,
    spot: f64,
) -> i128 {
    let prices = file.snapshot().contract_prices();
    let unit = 10_f64.powi(i32::try_from(market.quote_decimals()).unwrap_or(i32::MAX));
    let each = portfolio.positions().iter().map(|position| {
        let listing = market.listing_by_id(position.instrument);
        let price = listing.and_then(|listing| prices.get(listing.symbol()).zip(Some(listing)));
        price.map_or(0.0, |(price, listing)| {
            let lot: f64 = listing.lot_size().to_string().parse().unwrap_or(0.0);
            // Exact: fewer than 2^53 lots.
            position.quantity.get() as f64 * lot * price * (spot - 1.0) * unit
        })
    });
    each.sum::<f64>().floor() as i128
}
