//! dYdX v4: subaccounts, and prices with open interest.
//!
//! Fields of the indexer's answers as documented in November 2026. The chain holds no
//! margin for open orders, so nothing is reserved.

mod account;
mod prices;

pub use account::account;
pub use prices::prices;

use serde_json::{Map, Value};

use crate::import::ImportError;

const MARKETS: &str = "the answer of /v4/perpetualMarkets";
/// The model's quote currency: the chain takes a USDC for a dollar.
const QUOTE: &str = "USD";

/// The markets of an answer, by ticker.
fn markets(text: &str) -> Result<Map<String, Value>, ImportError> {
    let is_it = |object: &Map<String, Value>| object.contains_key("markets");
    let value = crate::import::answer::object(text, MARKETS, is_it, &[])?;
    match value.get("markets") {
        Some(Value::Object(markets)) => Ok(markets.clone()),
        _ => Err(ImportError::NoRows { what: MARKETS }),
    }
}
