//! Accounts of markets that simulate: all figures are exact.

use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::SimulationMarketFile;
use zkmargin_params::market::simulation::Market;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::simulation::SimulationReport;
use zkmargin_prover::whatif::{Order, Trade, TradeError, simulation_order};

use super::{Args, Asked, Side, WhatIfError, market_error};
use crate::error::Error;

/// A market that simulates.
pub(super) struct Simulation<'a, F> {
    pub(super) market: &'a Market<F>,
    pub(super) file: &'a SimulationMarketFile,
}

impl<F: MarginField> Asked<F> for Simulation<'_, F> {
    type Market = Market<F>;

    fn market(&self) -> &Market<F> {
        self.market
    }

    fn quote_decimals(&self) -> u32 {
        self.market.quote_decimals()
    }

    fn order(&self, trade: &Trade) -> Result<Order, TradeError> {
        simulation_order(self.market, &self.file.snapshot().spec().markets, trade)
    }

    fn lot(&self, symbol: &Symbol) -> Option<Decimal> {
        self.market.listing(symbol.as_str()).map(|listing| listing.lot_size())
    }

    fn any(&self) -> Option<InstrumentId> {
        self.market.listings().next().map(|listing| listing.id())
    }

    /// No liquidation prices: all prices move together here, and `stress` says how far.
    fn side(&self, args: &Args, portfolio: &Portfolio) -> Result<Side, Error> {
        let report = SimulationReport::new(self.market, portfolio).map_err(market_error(args))?;
        Ok(Side {
            level: report.level,
            equity: report.equity,
            initial_requirement: report.initial,
            maintenance_requirement: report.maintenance,
            cash_needed_for_maintenance: report.cash_needed_for_maintenance,
            cash_needed_for_initial: report.cash_needed_for_initial,
            liquidation: Vec::new(),
        })
    }

    fn cash_for(
        &self,
        _args: &Args,
        _portfolio: &Portfolio,
        _at: &(Symbol, Decimal),
    ) -> Result<String, Error> {
        Err(WhatIfError::Together.into())
    }
}
