//! Accounts of markets that bound options by their expiry: all figures are exact,
//! liquidation prices to the cent.

use rust_decimal::Decimal;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::settlement::Market;
use zkmargin_params::market::settlement::stress::StressTest;
use zkmargin_params::market::{MarketError, SettlementMarketFile};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::settlement::SettlementReport;
use zkmargin_prover::whatif::{Order, Trade, TradeError, settlement_order};

use super::moves::{liquidation, moved_to};
use super::{Args, Asked, Side, market_error};
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

    fn side(&self, args: &Args, portfolio: &Portfolio) -> Result<Side, Error> {
        let failed = market_error(args);
        let report = SettlementReport::new(self.market, portfolio).map_err(&failed)?;
        let test = self.test(portfolio, None).map_err(&failed)?;
        Ok(Side {
            level: report.level,
            equity: report.equity,
            initial_requirement: report.initial,
            maintenance_requirement: report.maintenance,
            cash_needed_for_maintenance: report.cash_needed_for_maintenance,
            cash_needed_for_initial: report.cash_needed_for_initial,
            liquidation: liquidation(&test).map_err(&failed)?,
        })
    }

    /// Cash does not move with prices: what is missing there, to the unit.
    fn cash_for(
        &self,
        args: &Args,
        portfolio: &Portfolio,
        (symbol, price): &(Symbol, Decimal),
    ) -> Result<String, Error> {
        let failed = market_error(args);
        let test = self.test(portfolio, Some(symbol)).map_err(&failed)?;
        let (test, shock) = moved_to(&test, symbol, *price)?;
        let margin = test.margin_at(shock).map_err(&failed)?;
        let required = margin.requirement(Level::Maintenance).unwrap_or(0).cast_signed();
        Ok(self.market.format_amount(required - margin.counts(Level::Maintenance)))
    }
}

impl<F: MarginField> Settlement<'_, F> {
    fn test(
        &self,
        portfolio: &Portfolio,
        named: Option<&Symbol>,
    ) -> Result<StressTest<'_>, MarketError> {
        let of = (self.file.model(), self.file.snapshot());
        StressTest::new(self.market, of, portfolio, named)
    }
}
