//! Hyperliquid: accounts, margin tables, prices.

mod account;
mod prices;
mod tables;

pub use account::{ImportedAccount, ImportedBucket, ImportedPosition, account};
pub use prices::prices;
pub use tables::margin_tables;

use serde_json::Value;

/// The quote currency of the venue's own exchange.
const QUOTE: &str = "USDC";
/// The venue's number of [`QUOTE`] among its tokens.
const USDC_TOKEN: u64 = 0;

/// Whether an object is a `meta`.
fn is_meta(object: &serde_json::Map<String, Value>) -> bool {
    object.contains_key("universe")
}
