//! Accounts of markets that bound options by their expiry: all figures are exact.

use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::SettlementMarketFile;
use zkmargin_params::market::settlement::Market;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::settlement::SettlementReport;
use zkmargin_prover::whatif::{Order, Trade, TradeError, settlement_order};

use super::{Args, Asked, Side, WhatIfError, market_error};
use crate::error::Error;

/// A market that bounds options by their expiry.
pub(super) struct Settlement<'a, F> {
    pub(super) market: &'a Market<F>,
    pub(super) file: &'a SettlementMarketFile,
}

impl<F: MarginField> Asked<F> for Settlement<'_, F> {
    type Market = Market<F>;

    fn market(&self) -> &Market<F> {
        self.market
    }

    fn quote_decimals(&self) -> u32 {
        self.market.quote_decimals()
    }

    fn order(&self, trade: &Trade) -> Result<Order, TradeError> {
        settlement_order(self.market, &self.file.snapshot().spec().markets, trade)
    }

    fn lot(&self, symbol: &Symbol) -> Option<Decimal> {
        self.market.listing(symbol.as_str()).map(|listing| listing.lot_size())
    }

    fn any(&self) -> Option<InstrumentId> {
        self.market.listings().next().map(|listing| listing.id())
    }

    /// No liquidation prices: charges of options do not move in a straight line.
    fn side(&self, args: &Args, portfolio: &Portfolio) -> Result<Side, Error> {
        let report = SettlementReport::new(self.market, portfolio).map_err(market_error(args))?;
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
        Err(WhatIfError::Options.into())
    }
}
