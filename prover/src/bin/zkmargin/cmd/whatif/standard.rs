//! Accounts of standard markets: all exact.

use rust_decimal::Decimal;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Portfolio, Position};
use zkmargin_params::market::stress::{AtPrices, cash_for};
use zkmargin_params::market::{Listing, Market};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::report::MarginReport;
use zkmargin_prover::standard_stress::{Liquidation, liquidations};
use zkmargin_prover::whatif::{Order, Trade, TradeError, as_held, standard_order};

use super::{Args, Asked, LiquidationLine, Side, WhatIfError, market_error, not_listed};
use crate::error::Error;

/// A standard market.
pub(super) struct Standard<'a, F>(pub(super) &'a Market<F>);

impl<F: MarginField> Asked<F> for Standard<'_, F> {
    type Market = Market<F>;

    fn market(&self) -> &Market<F> {
        self.0
    }

    fn quote_decimals(&self) -> u32 {
        self.0.quote_decimals()
    }

    fn order(&self, trade: &Trade) -> Result<Order, TradeError> {
        standard_order(self.0, trade)
    }

    fn as_held(&self, before: &Portfolio, trade: &Trade) -> Result<Trade, TradeError> {
        as_held(self.0, before, trade)
    }

    fn lot(&self, symbol: &Symbol) -> Option<Decimal> {
        self.0.listing(symbol.as_str()).map(|listing| listing.lot_size())
    }

    fn any(&self) -> Option<InstrumentId> {
        self.0.listings().next().map(|listing| listing.id())
    }

    fn side(&self, args: &Args, portfolio: &Portfolio) -> Result<Side, Error> {
        let report = MarginReport::new(self.0, portfolio).map_err(market_error(args))?;
        let found = match liquidations(self.0, portfolio) {
            // Of options no price is told: marks at other prices are not known.
            Err(AtPrices::Options) => Ok(Vec::new()),
            found => found,
        };
        let line = |found: Liquidation| {
            let (price, is_long) = (found.liquidation_price, !found.quantity.starts_with('-'));
            // A long loses maintenance below, and meets it again above.
            let is_below = is_long == found.met_now;
            let (below, above) = if is_below { (price, None) } else { (None, price) };
            LiquidationLine { instrument: found.instrument, bucket: found.bucket, below, above }
        };
        Ok(Side {
            level: report.level,
            equity: report.equity,
            initial_requirement: report.initial,
            maintenance_requirement: report.maintenance,
            cash_needed_for_maintenance: report.shortfall_to_maintenance,
            cash_needed_for_initial: report.shortfall_to_initial,
            liquidation: found
                .map_err(|error| refused(args, error))?
                .into_iter()
                .map(line)
                .collect(),
        })
    }

    fn cash_for(
        &self,
        args: &Args,
        portfolio: &Portfolio,
        (symbol, price): &(Symbol, Decimal),
    ) -> Result<String, Error> {
        let listing = self.0.listing(symbol.as_str()).ok_or_else(|| not_listed(args, symbol))?;
        // At whatever leverage it is held, where none is named.
        let is_asked = |found: &Listing| match symbol.has_leverage() {
            true => found.symbol() == listing.symbol(),
            false => found.instrument() == listing.instrument(),
        };
        let is_held = |held: &&Position| {
            held.quantity.get() != 0 && self.0.listing_by_id(held.instrument).is_some_and(is_asked)
        };
        // In the cross-margin bucket, or in the first isolated one that has it.
        let held = portfolio.positions().iter();
        let held =
            held.filter(is_held).min_by_key(|held| (held.bucket != BucketId::CROSS, held.bucket));
        let held = held.ok_or(WhatIfError::NotHeld)?;
        let cash = cash_for(self.0, portfolio, (held, *price), Level::Maintenance);
        let cash = cash.map_err(|error| refused(args, error))?.ok_or(WhatIfError::Price)?;
        Ok(self.0.format_amount(cash))
    }
}

fn refused(args: &Args, error: AtPrices) -> Error {
    match error {
        AtPrices::Market(error) => Error::market(&args.portfolio, error),
        AtPrices::Options => {
            Error::AtPrices { path: args.portfolio.to_string(), source: AtPrices::Options }
        }
        _ => WhatIfError::Price.into(),
    }
}
