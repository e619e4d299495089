//! Accounts of scenario markets: levels and cash are exact, prices floating
//! point.

use rust_decimal::{Decimal, RoundingStrategy};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::ScenarioMarketFile;
use zkmargin_params::market::scenario::Market;
use zkmargin_params::scenario::{ScenarioError, StressTest, Stressable};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::scenario::{BothReport, scenario_portfolio, specs, stress_test};
use zkmargin_prover::whatif::{Order, Trade, TradeError, scenario_order};

use super::moves::{liquidation, moved_to, text};
use super::{Args, Asked, Side, WhatIfError, market_error};
use crate::error::Error;

/// Decimals of figures in floating point.
const DECIMALS: u32 = 2;

/// A scenario market.
pub(super) struct Scenario<'a, F> {
    pub(super) market: &'a Market<F>,
    pub(super) file: &'a ScenarioMarketFile,
}

impl<F: MarginField> Asked<F> for Scenario<'_, F> {
    type Market = Market<F>;

    fn market(&self) -> &Market<F> {
        self.market
    }

    fn quote_decimals(&self) -> u32 {
        self.market.quote_decimals()
    }

    fn order(&self, trade: &Trade) -> Result<Order, TradeError> {
        scenario_order(self.market, specs(self.file.snapshot()), trade)
    }

    fn lot(&self, symbol: &Symbol) -> Option<Decimal> {
        self.market.listing(symbol.as_str()).map(|listing| listing.lot_size())
    }

    fn any(&self) -> Option<InstrumentId> {
        self.market.listings().next().map(|listing| listing.id())
    }

    fn side(&self, args: &Args, portfolio: &Portfolio) -> Result<Side, Error> {
        let report = BothReport::new(self.market, portfolio).map_err(market_error(args))?;
        let test = self.test(args, portfolio)?;
        let liquidation = liquidation(&test).map_err(|error| failed(args, error))?;
        Ok(Side {
            level: report.level,
            equity: text(report.equity),
            initial_requirement: text(report.initial_requirement),
            maintenance_requirement: text(report.maintenance_requirement),
            cash_needed_for_maintenance: report.cash_needed.maintenance,
            cash_needed_for_initial: report.cash_needed.initial,
            liquidation,
        })
    }

    fn cash_for(
        &self,
        args: &Args,
        portfolio: &Portfolio,
        (symbol, price): &(Symbol, Decimal),
    ) -> Result<String, Error> {
        let test = self.test(args, portfolio)?;
        let (test, shock) = moved_to(&test, symbol, *price)?;
        let point = test.at(shock).map_err(|error| failed(args, error))?;
        // Cash does not move with spot: the balance there is what is missing.
        let cash = number(-point.maintenance_margin)?;
        let up = RoundingStrategy::ToPositiveInfinity;
        Ok(cash.round_dp_with_strategy(DECIMALS, up).normalize().to_string())
    }
}

impl<F: MarginField> Scenario<'_, F> {
    fn test(&self, args: &Args, portfolio: &Portfolio) -> Result<StressTest<'_>, Error> {
        let portfolio = scenario_portfolio(self.market, portfolio).map_err(market_error(args))?;
        stress_test(self.market, self.file.snapshot(), &portfolio)
            .map_err(|error| failed(args, error))
    }
}

fn failed(args: &Args, source: ScenarioError) -> Error {
    Error::ScenarioMarket { path: args.market.to_string(), source: Box::new(source) }
}

/// The nearest decimal.
fn number(value: f64) -> Result<Decimal, WhatIfError> {
    Decimal::try_from(value).map_err(|_| WhatIfError::Amount)
}
