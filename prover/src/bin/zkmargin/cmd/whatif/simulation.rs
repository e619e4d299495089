//! Accounts of markets that simulate: all figures are exact.

use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::SimulationMarketFile;
use zkmargin_params::market::simulation::Market;
use zkmargin_params::scenario::Instrument;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::simulation::SimulationReport;

use super::{Args, Asked, Order, Side, Trade, WhatIfError, cost, market_error};
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

    fn order(&self, trade: &Trade, quantity: Decimal) -> Result<Order, Error> {
        let listing = self.market.listing(trade.symbol.as_str());
        let listing = listing.ok_or(Error::NotListed {
            path: "--trade".to_owned(),
            symbol: trade.symbol.to_string(),
        })?;
        let mark = self.mark(&trade.symbol).and_then(|mark| Decimal::try_from(mark).ok());
        let mark = mark.ok_or(WhatIfError::Amount)?;
        let price = trade.price.unwrap_or(mark);
        // Perpetuals and futures are worth nothing at their mark.
        let price = match listing.is_contract() {
            true => price.checked_sub(mark).ok_or(WhatIfError::Amount)?,
            false => price,
        };
        let lots = listing.lots_from_decimal(&quantity.to_string());
        Ok(Order {
            instrument: listing.id(),
            lots: lots.map_err(|_| WhatIfError::Quantity)?.get(),
            cost: cost(quantity, price, self.quote_decimals())?,
        })
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

impl<F: MarginField> Simulation<'_, F> {
    /// The price of a unit.
    fn mark(&self, symbol: &Symbol) -> Option<f64> {
        let markets = &self.file.snapshot().spec().markets;
        let (market, instrument) = markets
            .iter()
            .find_map(|market| Some((market, market.spec().instruments.get(symbol)?)))?;
        match *instrument {
            Instrument::Perpetual { price, .. } => Some(price),
            Instrument::Future { expiry_seconds } => {
                let feed = market.group_of(expiry_seconds)?;
                market.spec().feeds.get(feed).map(|feed| feed.forward)
            }
            Instrument::Option { .. } | Instrument::Collateral { .. } => {
                let row = self.market.listing(symbol.as_str())?.row();
                self.market.table().rows.get(row).map(|row| row.mark)
            }
        }
    }
}
