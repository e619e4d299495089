//! From a committed portfolio to the floating-point account that is shown.

use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_params::market::MarketError;
use zkmargin_params::market::scenario::Market;
use zkmargin_params::scenario::{
    Position, ScenarioError, ScenarioMarket, ScenarioPortfolio, ScenarioSnapshot, StressTest,
};

/// The positions and cash of a committed portfolio as numbers: what is proved
/// is what is shown. Cash holds what perpetuals and futures have earned.
///
/// # Errors
/// When the market does not list an instrument.
pub fn scenario_portfolio<F: MarginField>(
    market: &Market<F>,
    portfolio: &Portfolio,
) -> Result<ScenarioPortfolio, MarketError> {
    let position = |held: &zkmargin_margin::portfolio::Position| {
        let listing = market
            .listing_by_id(held.instrument)
            .ok_or(MarketError::UnknownInstrument(held.instrument))?;
        Ok(Position {
            instrument: listing.symbol().clone(),
            quantity: number(&listing.format_lots(held.quantity)),
            unrealised: 0.0,
        })
    };
    let positions = portfolio.positions();
    // At most 128 amounts below 2^79.
    let cash: i128 = positions.iter().map(|held| held.cash.get()).sum();
    Ok(ScenarioPortfolio {
        cash: number(&market.format_amount(cash)),
        positions: positions.iter().map(position).collect::<Result<_, MarketError>>()?,
        // Below 2^80.
        reserved: number(&market.format_amount(portfolio.reserved().get().cast_signed())),
    })
}

/// A stress test of a portfolio in its market, whatever its underlyings: they move
/// together.
///
/// # Errors
/// When the portfolio does not fit the market, or the market the model.
pub fn stress_test<'a, F: MarginField>(
    market: &'a Market<F>,
    snapshot: &ScenarioSnapshot,
    portfolio: &ScenarioPortfolio,
) -> Result<StressTest<'a>, ScenarioError> {
    let models = market.parts().iter().map(|part| part.model());
    StressTest::over(models.zip(specs(snapshot)), portfolio)
}

/// The marks of a snapshot, one of each underlying.
pub fn specs(snapshot: &ScenarioSnapshot) -> impl Iterator<Item = &ScenarioMarket> {
    let spec = snapshot.spec();
    std::iter::once(&spec.market).chain(spec.second.as_ref().map(|second| &second.market))
}

/// The nearest number to a decimal, which every decimal has.
fn number(decimal: &str) -> f64 {
    decimal.parse().unwrap_or(f64::NAN)
}
