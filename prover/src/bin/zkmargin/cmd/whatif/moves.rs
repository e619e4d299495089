//! Liquidation prices of accounts on options: each underlying moves alone.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use zkmargin_margin::claim::Level;
use zkmargin_params::scenario::{Crossing, Scan, Shock, Stressable};
use zkmargin_params::symbol::Symbol;

use super::{LiquidationLine, WhatIfError};

/// Where maintenance margin is lost or met again, a line for each underlying, the others
/// standing still.
pub(super) fn liquidation<T: Stressable>(test: &T) -> Result<Vec<LiquidationLine>, T::Error> {
    let price = |crossing: Option<Crossing>| crossing.map(|at| text(at.spot));
    let line = |(index, underlying): (usize, &Symbol)| {
        let test = test.moving(Some(index));
        let (found, _) = test.thresholds(&Scan::default(), &[Level::Maintenance])?;
        let found = found.first();
        Ok(LiquidationLine {
            instrument: underlying.to_string(),
            bucket: 0,
            below: found.and_then(|found| price(found.down)),
            above: found.and_then(|found| price(found.up)),
        })
    };
    test.underlyings().enumerate().map(line).collect()
}

/// The account where one underlying moves, and the move that brings it to a price.
pub(super) fn moved_to<T: Stressable>(
    test: &T,
    symbol: &Symbol,
    price: Decimal,
) -> Result<(T, Shock), WhatIfError> {
    let place = test.underlyings().position(|underlying| underlying == symbol);
    let test = test.moving(Some(place.ok_or(WhatIfError::Underlying)?));
    let price = price.to_f64().ok_or(WhatIfError::Price)?;
    let shock = Shock { spot: price / test.spot(), vol: 1.0 };
    Ok((test, shock))
}

/// A price in floating point, to the cent.
pub(super) fn text(value: f64) -> String {
    format!("{value:.2}")
}
