//! An account after a trade or a deposit, natively.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Portfolio, Position};
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_params::convert::amount_from_decimal;
use zkmargin_params::market::{Market, scenario, settlement, simulation};
use zkmargin_params::scenario::{Instrument, ScenarioMarket};
use zkmargin_params::symbol::Symbol;

/// A hypothetical trade in the cross-margin bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The instrument.
    pub symbol: Symbol,
    /// In coins or contracts; negative sells.
    pub quantity: Decimal,
    /// Quote currency per unit; the mark when absent.
    pub price: Option<Decimal>,
}

/// Why a trade makes no account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TradeError {
    /// An instrument that the market does not list.
    #[error("the market does not list `{0}`")]
    NotListed(Symbol),
    /// A quantity that is no whole number of lots, or too large.
    #[error("the quantity is not a whole number of lots, or is too large")]
    Quantity,
    /// A price of a contract whose profit is in coins.
    #[error(
        "the market's margin is in coins: a perpetual or future is traded at its mark here, leave \
         the price out"
    )]
    PriceInCoins,
    /// An amount past its type.
    #[error("an amount is out of range, or has more decimals than a quote unit")]
    Amount,
    /// A leverage beside the one that is held.
    #[error("the account holds the instrument at another leverage")]
    OtherLeverage,
    /// More positions than any circuit holds.
    #[error("the account would be larger than any circuit holds")]
    Positions,
}

/// What a trade adds to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    instrument: InstrumentId,
    lots: i64,
    /// In quote units: positive is paid.
    cost: i128,
}

/// A trade in what an account of a standard market holds already: of an instrument that its
/// cross-margin bucket holds at a leverage, at that one, as it has one for all of it.
///
/// # Errors
/// When the trade names another leverage.
pub fn as_held<F: MarginField>(
    market: &Market<F>,
    before: &Portfolio,
    trade: &Trade,
) -> Result<Trade, TradeError> {
    let instrument = trade.symbol.instrument();
    let held = before.positions().iter().find_map(|held| {
        let is_held = held.bucket == BucketId::CROSS && held.quantity != Lots::ZERO;
        let listing = market.listing_by_id(held.instrument).filter(|_| is_held)?;
        (*listing.instrument() == instrument).then(|| listing.symbol().clone())
    });
    match held {
        Some(held) if trade.symbol.has_leverage() && held != trade.symbol => {
            Err(TradeError::OtherLeverage)
        }
        held => Ok(Trade { symbol: held.unwrap_or_else(|| trade.symbol.clone()), ..trade.clone() }),
    }
}

/// What a trade adds to an account of a standard market.
///
/// # Errors
/// When the instrument is not listed, or a figure past its type.
pub fn standard_order<F: MarginField>(
    market: &Market<F>,
    trade: &Trade,
) -> Result<Order, TradeError> {
    let listing = market.listing(trade.symbol.as_str());
    let listing = listing.ok_or_else(|| TradeError::NotListed(trade.symbol.clone()))?;
    let lots = listing.lots_from_decimal(&trade.quantity.to_string());
    let price = trade.price.unwrap_or_else(|| listing.mark());
    Ok(Order {
        instrument: listing.id(),
        lots: lots.map_err(|_| TradeError::Quantity)?.get(),
        cost: cost(trade.quantity, price, market.quote_decimals())?,
    })
}

/// What a trade adds to an account of a market of options, made from `spec`.
///
/// # Errors
/// As for [`standard_order`].
pub fn scenario_order<'s, F: MarginField>(
    market: &scenario::Market<F>,
    specs: impl IntoIterator<Item = &'s ScenarioMarket>,
    trade: &Trade,
) -> Result<Order, TradeError> {
    let unlisted = || TradeError::NotListed(trade.symbol.clone());
    let listing = market.listing(trade.symbol.as_str()).ok_or_else(unlisted)?;
    let (spec, instrument) = specs
        .into_iter()
        .find_map(|spec| Some((spec, *spec.spec().instruments.get(&trade.symbol)?)))
        .ok_or_else(unlisted)?;
    let lots = listing.lots_from_decimal(&trade.quantity.to_string());
    let row = market.risk_row(listing.row());
    let linear = matches!(instrument, Instrument::Perpetual { .. } | Instrument::Future { .. });
    let in_coins = market.parts().iter().any(|part| part.table().terms.in_coins);
    if in_coins && linear && trade.price.is_some() {
        return Err(TradeError::PriceInCoins);
    }
    let price = price_paid(spec, instrument, row.map(|row| row.mark), trade)?;
    Ok(Order {
        instrument: listing.id(),
        lots: lots.map_err(|_| TradeError::Quantity)?.get(),
        cost: cost(trade.quantity, price, market.quote_decimals())?,
    })
}

/// What a trade adds to an account of a market that simulates, made from `specs`,
/// one of each underlying.
///
/// # Errors
/// As for [`standard_order`].
pub fn simulation_order<'s, F: MarginField>(
    market: &simulation::Market<F>,
    specs: impl IntoIterator<Item = &'s ScenarioMarket>,
    trade: &Trade,
) -> Result<Order, TradeError> {
    let unlisted = || TradeError::NotListed(trade.symbol.clone());
    let listing = market.listing(trade.symbol.as_str()).ok_or_else(unlisted)?;
    let (spec, instrument) = specs
        .into_iter()
        .find_map(|spec| Some((spec, *spec.spec().instruments.get(&trade.symbol)?)))
        .ok_or_else(unlisted)?;
    let lots = listing.lots_from_decimal(&trade.quantity.to_string());
    let row = market.table().rows.get(listing.row());
    let price = price_paid(spec, instrument, row.map(|row| row.mark), trade)?;
    Ok(Order {
        instrument: listing.id(),
        lots: lots.map_err(|_| TradeError::Quantity)?.get(),
        cost: cost(trade.quantity, price, market.quote_decimals())?,
    })
}

/// What a trade adds to an account of a market that bounds options by their expiry, made
/// from `specs`, one of each underlying.
///
/// # Errors
/// As for [`standard_order`].
pub fn settlement_order<'s, F: MarginField>(
    market: &settlement::Market<F>,
    specs: impl IntoIterator<Item = &'s ScenarioMarket>,
    trade: &Trade,
) -> Result<Order, TradeError> {
    let unlisted = || TradeError::NotListed(trade.symbol.clone());
    let listing = market.listing(trade.symbol.as_str()).ok_or_else(unlisted)?;
    let (spec, instrument) = specs
        .into_iter()
        .find_map(|spec| Some((spec, *spec.spec().instruments.get(&trade.symbol)?)))
        .ok_or_else(unlisted)?;
    let lots = listing.lots_from_decimal(&trade.quantity.to_string());
    // Of a lot, in quote units.
    let mark = market.rows().get(listing.row()).map(|row| row.mark());
    let one = Decimal::from(10_u64.pow(market.quote_decimals()));
    let mark = mark.map(|units| Decimal::from(units) / one);
    let mark = mark.and_then(|mark| (mark / listing.lot_size()).to_f64());
    let price = price_paid(spec, instrument, mark, trade)?;
    Ok(Order {
        instrument: listing.id(),
        lots: lots.map_err(|_| TradeError::Quantity)?.get(),
        cost: cost(trade.quantity, price, market.quote_decimals())?,
    })
}

/// What a unit costs: perpetuals and futures are worth nothing at their mark, and
/// the mark of other instruments is the table's.
fn price_paid(
    spec: &ScenarioMarket,
    instrument: Instrument,
    in_table: Option<f64>,
    trade: &Trade,
) -> Result<Decimal, TradeError> {
    let mark = match instrument {
        Instrument::Perpetual { price, .. } => Some(price),
        Instrument::Future { expiry_seconds } => spec
            .group_of(expiry_seconds)
            .and_then(|feed| spec.spec().feeds.get(feed))
            .map(|feed| feed.forward),
        Instrument::Option { .. } | Instrument::Collateral { .. } | Instrument::Array { .. } => {
            in_table
        }
    };
    let mark = mark.and_then(|mark| Decimal::try_from(mark).ok()).ok_or(TradeError::Amount)?;
    let price = trade.price.unwrap_or(mark);
    match instrument {
        Instrument::Perpetual { .. } | Instrument::Future { .. } => {
            price.checked_sub(mark).ok_or(TradeError::Amount)
        }
        Instrument::Option { .. } | Instrument::Collateral { .. } | Instrument::Array { .. } => {
            Ok(price)
        }
    }
}

/// The account after a trade and a deposit in quote units; `carrier` carries cash
/// where the cross-margin bucket has no position that could.
///
/// # Errors
/// When a figure is past its type, or there would be too many positions.
pub fn changed(
    before: &Portfolio,
    order: Option<Order>,
    cash: i128,
    carrier: Option<InstrumentId>,
) -> Result<Portfolio, TradeError> {
    let mut positions = before.positions().to_vec();
    let mut cash = cash;
    if let Some(order) = order {
        cash = cash.checked_sub(order.cost).ok_or(TradeError::Amount)?;
        let held = hold(&mut positions, order.instrument);
        let lots = held.quantity.get().checked_add(order.lots).ok_or(TradeError::Quantity)?;
        held.quantity = Lots::new(lots);
    }
    if cash != 0 {
        let carrier = carrier.ok_or(TradeError::Positions)?;
        let first = positions.iter_mut().position(|held| held.bucket == BucketId::CROSS);
        let held = match first {
            Some(place) => &mut positions[place],
            None => hold(&mut positions, carrier),
        };
        let sum = held.cash.get().checked_add(cash).ok_or(TradeError::Amount)?;
        held.cash = Amount::new(sum).map_err(|_| TradeError::Amount)?;
    }
    positions.retain(|held| held.quantity != Lots::ZERO || held.cash != Amount::ZERO);
    positions.sort_by_key(Position::key);
    let after = Portfolio::new(positions, before.blinding().clone());
    let after = after.map_err(|_| TradeError::Positions)?;
    Ok(after.with_reserved(before.reserved().clone()))
}

/// The largest size that is looked at, in lots: past it there is taken to be no limit.
pub const LARGEST: u64 = 1 << 46;

/// Where a level is lost or met as a trade grows: the last size in lots at which `same` holds
/// and the next one, at which it does not. Sizes are doubled up to `most` until it does not
/// hold and then closed in on, so what comes back beyond is not looked for.
///
/// `None` when it holds at every size that is tried; `(0, 1)` when it does not at one lot.
pub fn turn(most: u64, same: impl Fn(u64) -> bool) -> Option<(u64, u64)> {
    let (mut low, mut high) = (0, 1);
    while same(high) {
        if high >= most {
            return None;
        }
        (low, high) = (high, high.saturating_mul(2).min(most));
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if same(middle) { low = middle } else { high = middle }
    }
    Some((low, high))
}

impl Order {
    /// Lots of an account's position that orders of this instrument and direction can
    /// close, if they close any.
    pub fn closes(&self, before: &Portfolio) -> Option<u64> {
        let of =
            |held: &&Position| (held.bucket, held.instrument) == (BucketId::CROSS, self.instrument);
        let held = before.positions().iter().find(of)?.quantity.get();
        (held.signum() * self.lots.signum() < 0).then(|| held.unsigned_abs())
    }
}

/// The cross-margin position in an instrument.
fn hold(positions: &mut Vec<Position>, instrument: InstrumentId) -> &mut Position {
    let bucket = BucketId::CROSS;
    let found =
        positions.iter().position(|held| (held.bucket, held.instrument) == (bucket, instrument));
    let place = found.unwrap_or_else(|| {
        positions.push(Position { bucket, instrument, quantity: Lots::ZERO, cash: Amount::ZERO });
        positions.len() - 1
    });
    &mut positions[place]
}

/// An amount in quote units, exact.
///
/// # Errors
/// When it has more decimals, or is past its type.
pub fn units(amount: Decimal, decimals: u32) -> Result<i128, TradeError> {
    amount_from_decimal(&amount.to_string(), decimals)
        .map(Amount::get)
        .map_err(|_| TradeError::Amount)
}

/// What a quantity costs at a price, in quote units and rounded up.
fn cost(quantity: Decimal, price: Decimal, decimals: u32) -> Result<i128, TradeError> {
    let cost = quantity.checked_mul(price).ok_or(TradeError::Amount)?;
    units(cost.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity), decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_found_to_the_lot() {
        for last in [0, 1, 2, 3, 1_000, 1 << 40] {
            assert_eq!(turn(LARGEST, |lots| lots <= last), Some((last, last + 1)));
            assert_eq!(turn(last + 1, |lots| lots <= last), Some((last, last + 1)));
        }
        assert_eq!(turn(LARGEST, |_| true), None);
        assert_eq!(turn(7, |lots| lots <= 7), None);
    }

    #[test]
    fn costs_are_rounded_up_whichever_side_is_paid() {
        let third: Decimal = "0.333".parse().unwrap();
        assert_eq!(cost(third, third, 2), Ok(12));
        assert_eq!(cost(-third, third, 2), Ok(-11));
        assert_eq!(units(third, 2), Err(TradeError::Amount));
    }
}
