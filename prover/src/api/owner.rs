//! What an account's owner asks of a market, natively: secrets of the portfolio are
//! in every answer.

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::stress::moved;
use zkmargin_params::market::{AnyMarketFile, Listing, settlement};
use zkmargin_params::scenario::{Shock, StressPoint, Stressable};

use super::error::ApiError;
use super::market::{Families, Market, Typed, with_family};
use crate::family::{FamilyMarket, Health};
use crate::portfolio_file::{Listings, PortfolioDocument};
use crate::report::MarginReport;
use crate::scenario::{ScenarioReport, scenario_portfolio, specs, stress_test};
use crate::settlement::SettlementReport;
use crate::simulation::{SimulationReport, stressed};
use crate::whatif::{
    Order, Trade, as_held, changed, scenario_order, settlement_order, simulation_order,
    standard_order, units,
};

/// An account's native margin figures, of its market's family.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Margin {
    /// Of a standard market: exact.
    Standard(MarginReport),
    /// Of a market of options: the level and cash needed are exact, the breakdown is
    /// floating point.
    Scenario(Box<ScenarioReport>),
    /// Of a market that simulates: exact.
    Simulation(SimulationReport),
    /// Of a market that bounds options by their expiry: exact.
    Settlement(SettlementReport),
}

/// The figures are secret.
impl fmt::Debug for Margin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Margin(..)")
    }
}

impl Margin {
    /// The level, as it would be proved.
    pub fn level(&self) -> Level {
        match self {
            Self::Standard(report) => report.level,
            Self::Scenario(report) => report.level,
            Self::Simulation(report) => report.level,
            Self::Settlement(report) => report.level,
        }
    }
}

/// An account before and after a trade or a deposit.
#[derive(Debug, Serialize)]
pub struct WhatIf {
    /// As it is.
    pub before: Margin,
    /// As it would be.
    pub after: Margin,
}

/// An account with all prices moved by a factor, in decimals of the quote currency.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The factor: `0.9` is 10 % down.
    pub factor: String,
    /// The level it would be at.
    pub level: Level,
    /// What it would be worth.
    pub equity: String,
    /// What initial margin would ask for.
    pub initial_requirement: String,
    /// What maintenance would ask for.
    pub maintenance_requirement: String,
}

/// The figures are secret.
impl fmt::Debug for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Moved(..)")
    }
}

/// Runs code for a market's file and type, of whatever field.
macro_rules! with_field {
    ($market:expr, $families:ident => $body:expr) => {
        match &$market.typed {
            Typed::Ipa($families) => $body,
            Typed::Kzg($families) => $body,
        }
    };
}

impl Market {
    /// Native margin figures of a portfolio: a missing blinding hides nothing here,
    /// and is no error.
    ///
    /// # Errors
    /// When the portfolio does not fit the market.
    pub fn margin(&self, document: &PortfolioDocument) -> Result<Margin, ApiError> {
        with_field!(self, families => margin(families, &portfolio(families, document)?))
    }

    /// The level of a portfolio, and the cash in quote units that would lift it to
    /// maintenance and to initial.
    ///
    /// # Errors
    /// When the portfolio does not fit the market.
    pub fn health(&self, document: &PortfolioDocument) -> Result<Health, ApiError> {
        with_field!(self, families => {
            let portfolio = portfolio(families, document)?;
            Ok(with_family!(families, market => market.health(&portfolio))?)
        })
    }

    /// The account after a trade, a deposit (negative is taken out) or both. Fees and
    /// funding are not in it.
    ///
    /// # Errors
    /// When the portfolio does not fit the market, or the trade makes no account.
    pub fn what_if(
        &self,
        document: &PortfolioDocument,
        trade: Option<&Trade>,
        cash: Decimal,
    ) -> Result<WhatIf, ApiError> {
        with_field!(self, families => what_if(&self.file, families, document, trade, cash))
    }

    /// The account with all prices moved by each factor, volatilities standing still: exact
    /// but in markets of options by scenarios.
    ///
    /// # Errors
    /// When the portfolio does not fit the market, or a moved price leaves its range.
    pub fn stress(
        &self,
        document: &PortfolioDocument,
        factors: &[Decimal],
    ) -> Result<Vec<Moved>, ApiError> {
        with_field!(self, families => stress(&self.file, families, document, factors))
    }
}

/// The portfolio of a document with some blinding: figures do not depend on which.
fn portfolio<F: MarginField>(
    families: &Families<F>,
    document: &PortfolioDocument,
) -> Result<Portfolio, ApiError> {
    let mut document = document.clone();
    document.ensure_blinding()?;
    Ok(with_family!(families, market => Listings::from(&**market).portfolio(&document))?)
}

fn margin<F: MarginField>(
    families: &Families<F>,
    portfolio: &Portfolio,
) -> Result<Margin, ApiError> {
    Ok(match families {
        Families::Standard(market) => Margin::Standard(MarginReport::new(market, portfolio)?),
        Families::Scenario(market) => {
            Margin::Scenario(Box::new(ScenarioReport::new(market, portfolio)?))
        }
        Families::Simulation(market) => {
            Margin::Simulation(SimulationReport::new(market, portfolio)?)
        }
        Families::Settlement(market) => {
            Margin::Settlement(SettlementReport::new(market, portfolio)?)
        }
    })
}

fn what_if<F: MarginField>(
    file: &AnyMarketFile,
    families: &Families<F>,
    document: &PortfolioDocument,
    trade: Option<&Trade>,
    cash: Decimal,
) -> Result<WhatIf, ApiError> {
    let before = portfolio(families, document)?;
    let order = trade.map(|trade| order(file, families, (&before, trade))).transpose()?;
    let (decimals, carrier) = with_family!(families, market => {
        (market.quote_decimals(), market.listings().next().map(|listing| listing.id()))
    });
    let after = changed(&before, order, units(cash, decimals)?, carrier)?;
    Ok(WhatIf { before: margin(families, &before)?, after: margin(families, &after)? })
}

/// What a trade adds to an account of a market and its file.
fn order<F: MarginField>(
    file: &AnyMarketFile,
    families: &Families<F>,
    (before, trade): (&Portfolio, &Trade),
) -> Result<Order, ApiError> {
    let order = match (families, file) {
        (Families::Standard(market), _) => standard_order(market, &as_held(market, before, trade)?),
        (Families::Scenario(market), AnyMarketFile::Scenario(file)) => {
            scenario_order(market, specs(file.snapshot()), trade)
        }
        (Families::Simulation(market), AnyMarketFile::Simulation(file)) => {
            simulation_order(market, &file.snapshot().spec().markets, trade)
        }
        (Families::Settlement(market), AnyMarketFile::Settlement(file)) => {
            settlement_order(market, &file.snapshot().spec().markets, trade)
        }
        // All others are made of their own file.
        _ => return Err(ApiError::Family),
    };
    Ok(order?)
}

fn stress<F: MarginField>(
    file: &AnyMarketFile,
    families: &Families<F>,
    document: &PortfolioDocument,
    factors: &[Decimal],
) -> Result<Vec<Moved>, ApiError> {
    let portfolio = portfolio(families, document)?;
    match (families, file) {
        (Families::Standard(market), _) => {
            let none = |_: &Listing| false;
            let amount = |units: u128| market.format_amount(units.cast_signed());
            let points = moved(market, &portfolio, &none, factors)?;
            Ok(points
                .iter()
                .map(|point| Moved {
                    factor: point.factor.normalize().to_string(),
                    level: point.level,
                    equity: market.format_amount(point.equity),
                    initial_requirement: amount(point.initial),
                    maintenance_requirement: amount(point.maintenance),
                })
                .collect())
        }
        (Families::Scenario(market), AnyMarketFile::Scenario(file)) => {
            let held = scenario_portfolio(market, &portfolio)?;
            let test = stress_test(market, file.snapshot(), &held)?;
            let at = |factor: &Decimal| {
                let point = test.at(Shock { spot: number(*factor)?, vol: 1.0 })?;
                Ok(of_options(*factor, &point))
            };
            factors.iter().map(at).collect()
        }
        (Families::Simulation(market), AnyMarketFile::Simulation(file)) => {
            let at = |factor: &Decimal| {
                let point = stressed(file, market, &portfolio, (number(*factor)?, 1.0))?;
                Ok(Moved {
                    factor: factor.normalize().to_string(),
                    level: point.level,
                    equity: point.equity,
                    initial_requirement: point.initial,
                    maintenance_requirement: point.maintenance,
                })
            };
            factors.iter().map(at).collect()
        }
        (Families::Settlement(market), AnyMarketFile::Settlement(file)) => {
            let of = (file.model(), file.snapshot());
            let test = settlement::stress::StressTest::new(market, of, &portfolio, None)?;
            let at = |factor: &Decimal| {
                let margin = test.margin_at(Shock { spot: number(*factor)?, vol: 1.0 })?;
                let required = |level| margin.requirement(level).unwrap_or(0).cast_signed();
                Ok(Moved {
                    factor: factor.normalize().to_string(),
                    level: margin.level(),
                    equity: market.format_amount(margin.equity()),
                    initial_requirement: market.format_amount(required(Level::Initial)),
                    maintenance_requirement: market.format_amount(required(Level::Maintenance)),
                })
            };
            factors.iter().map(at).collect()
        }
        // All others are made of their own file.
        _ => Err(ApiError::Family),
    }
}

/// Figures in floating point, to the cent.
fn of_options(factor: Decimal, point: &StressPoint) -> Moved {
    let text = |value: f64| format!("{value:.2}");
    Moved {
        factor: factor.normalize().to_string(),
        level: point.level,
        equity: text(point.equity),
        initial_requirement: text(point.equity - point.initial_margin),
        maintenance_requirement: text(point.equity - point.maintenance_margin),
    }
}

fn number(factor: Decimal) -> Result<f64, ApiError> {
    factor.to_f64().ok_or(ApiError::Factor)
}
