//! Prices of the whole exchange.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use zkmargin_margin::ids::Timestamp;

use super::{QUOTE, markets};
use crate::import::number::{Number, number_option};
use crate::import::{ImportError, Imported, SkipReason, Skipped, forms, symbol};
use crate::snapshot::{PricePoint, Snapshot, check_point};
use crate::symbol::Symbol;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMarket {
    status: Option<String>,
    #[serde(default, deserialize_with = "number_option")]
    oracle_price: Option<Number>,
    #[serde(default, deserialize_with = "number_option")]
    open_interest: Option<Number>,
}

/// Reads `perpetualMarkets`: the oracle price and the open interest of every market
/// that is not in final settlement. The answer has no time: `seconds` is when it was
/// asked for.
///
/// # Errors
/// When the file is no such answer, or no price remains.
pub fn prices(json: &str, seconds: u64) -> Result<Imported<Snapshot>, ImportError> {
    let (mut prices, mut skipped) = (BTreeMap::new(), Vec::new());
    for (name, market) in &markets(json)? {
        match point(market, name) {
            Ok((symbol, point)) => {
                prices.insert(symbol, point);
            }
            Err(reason) => skipped.push(Skipped { symbol: forms::cut(name), reason }),
        }
    }
    if prices.is_empty() {
        return Err(ImportError::NothingLeft(skipped.as_slice().into()));
    }
    let source = "dYdX v4 perpetual markets: oracle prices";
    let value = Snapshot::new(Timestamp::new(seconds), source, symbol(QUOTE)?, prices)?;
    Ok(Imported { value, skipped })
}

fn point(market: &Value, name: &str) -> Result<(Symbol, PricePoint), SkipReason> {
    let odd = |error: ImportError| SkipReason::Odd(Box::new(error));
    let market: RawMarket = forms::row(market, name).map_err(odd)?;
    if market.status.as_deref() == Some("FINAL_SETTLEMENT") {
        return Err(SkipReason::Delisted);
    }
    let symbol = Symbol::new(name).map_err(|_| SkipReason::NotASymbol)?;
    let price = market.oracle_price.filter(|price| !price.0.is_zero());
    let price = price.ok_or(SkipReason::NoPrice)?.0;
    let open_interest = market.open_interest.map(|number| number.0);
    let point = PricePoint { price, confidence: None, open_interest };
    check_point(&symbol, &point).map_err(|error| odd(error.into()))?;
    Ok((symbol, point))
}
