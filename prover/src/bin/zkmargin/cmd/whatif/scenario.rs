//! Accounts of scenario markets: levels and cash are exact, prices floating
//! point.

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::ScenarioMarketFile;
use zkmargin_params::market::scenario::Market;
use zkmargin_params::scenario::{Crossing, Scan, ScenarioError, Shock, StressTest};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::scenario::{BothReport, scenario_portfolio, specs, stress_test};
use zkmargin_prover::whatif::{Order, Trade, TradeError, scenario_order};

use super::{Args, Asked, LiquidationLine, Side, WhatIfError, market_error};
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
        let price = |crossing: Option<Crossing>| crossing.map(|at| text(at.spot));
        let underlyings: Vec<String> = test.underlyings().map(ToString::to_string).collect();
        let mut liquidation = Vec::new();
        for (index, instrument) in underlyings.into_iter().enumerate() {
            // Each alone, the other standing still.
            let (thresholds, _) = test
                .moving(Some(index))
                .thresholds(&Scan::default(), &[Level::Maintenance])
                .map_err(|error| failed(args, error))?;
            liquidation.extend(thresholds.first().map(|found| LiquidationLine {
                instrument,
                bucket: 0,
                below: price(found.down),
                above: price(found.up),
            }));
        }
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
        let place = test.underlyings().position(|underlying| underlying == symbol);
        let test = test.moving(Some(place.ok_or(WhatIfError::Underlying)?));
        let price = price.to_f64().ok_or(WhatIfError::Price)?;
        let shock = Shock { spot: price / test.spot(), vol: 1.0 };
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

fn text(value: f64) -> String {
    format!("{value:.2}")
}
