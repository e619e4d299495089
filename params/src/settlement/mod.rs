//! Margin of the settlement family: options charged one by one, but no expiry for more
//! than it can lose when it settles.
//!
//! | module | holds |
//! |---|---|
//! | [`model`], [`rule`], [`presets`] | what a venue charges, by underlying; the shipped models |
//! | [`snapshot`] | a market of several underlyings, with its time and its currency |
//! | [`market::settlement::stress`](crate::market::settlement::stress) | accounts under moves of it |
//! | [`error`] | why either is refused |
//!
//! Derive's standard margin is of this family: [`option_margin`](crate::option_margin) is
//! its rule in floating point, which also says what is charged for what. Here it becomes
//! rows ([`SettlementRow`](zkmargin_margin::settlement::SettlementRow)) that are summed
//! up and proved in integers.
//!
//! # Rounding
//! Parameters are decimals, and a snapshot's prices are the decimals that it writes. An
//! option's mark is Black's formula in floating point, to the same bits on every
//! platform, and counts as the decimal that reads back as it. Of these numbers
//! everything is exact, in 256 bits, up to the row: there charges per lot are rounded
//! up, marks to the nearest unit, and what collateral counts for is rounded down. Strikes
//! per lot must be whole quote units. So **no balance is above the one in floating
//! point**, but for the noise of floating point itself; a *margin-call* level, which
//! counts marks alone, may be off by half a unit per lot either way. Nor is one of
//! maintenance or initial margin below it by more than two units per lot (a test holds
//! both), as long as the stable coin is worth at most one over what collateral counts for,
//! 1.25 say: beyond, collateral counts for its mark and no more. So close to the line an
//! account that the venue would spare can be proved *below*.
//!
//! ```
//! use pasta_curves::Fp;
//! use zkmargin_margin::claim::Level;
//! use zkmargin_margin::ids::{BucketId, Epoch};
//! use zkmargin_margin::portfolio::Position;
//! use zkmargin_margin::units::Amount;
//! use zkmargin_params::market::settlement::Market;
//! use zkmargin_params::settlement::presets;
//! use zkmargin_params::settlement::snapshot::SettlementSnapshot;
//!
//! let model = presets::by_name("derive-standard").unwrap().model()?;
//! let snapshot = SettlementSnapshot::from_json(r#"{
//!   "timestamp": 1764921600, "quote": "USDC",
//!   "markets": [{
//!     "underlying": "ETH", "spot": 3000,
//!     "feeds": [{ "expiry_seconds": 2592000, "forward": 3010 }],
//!     "instruments": {
//!       "ETH-3000-C": { "kind": "option", "expiry_seconds": 2592000, "strike": 3000,
//!                       "option_type": "call", "mark_vol": 0.6 },
//!       "ETH-3200-C": { "kind": "option", "expiry_seconds": 2592000, "strike": 3200,
//!                       "option_type": "call", "mark_vol": 0.6 }
//!     }
//!   }]
//! }"#)?;
//! let market = Market::<Fp>::build(&model, &snapshot, Epoch::new(1))?;
//! let mut spread = Vec::new();
//! for (symbol, quantity) in [("ETH-3000-C", "-1"), ("ETH-3200-C", "1")] {
//!     let listing = market.listing(symbol).unwrap();
//!     let quantity = listing.lots_from_decimal(quantity)?;
//!     let (bucket, instrument, cash) = (BucketId::CROSS, listing.id(), Amount::ZERO);
//!     spread.push(Position { bucket, instrument, quantity, cash });
//! }
//! // What the spread can lose at most: 200 for each coin.
//! let needed = market.margin(&spread)?.requirement(Level::Initial);
//! assert_eq!(market.format_amount(needed.unwrap().cast_signed()), "200");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod error;
pub(crate) mod exact;
pub(crate) mod ids;
pub mod model;
pub mod presets;
pub(crate) mod rows;
pub mod rule;
pub mod snapshot;

pub use error::SettlementError;

#[cfg(test)]
mod tests;
