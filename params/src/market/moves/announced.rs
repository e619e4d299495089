//! Listings that were announced.
//!
//! ```json
//! {
//!   "announced": [
//!     { "instrument": "SUI", "not_before": 1700000000, "price": "1.35", "max_price_move_bps": 5000 }
//!   ]
//! }
//! ```
//!
//! A new instrument has nothing to compare its price with, so that it moves without
//! bound and the epoch waits for a guardian. One that was announced, with a price to
//! compare with, moves as far as it is from that price.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::marks::Mark;
use super::{MarkKind, ratio_bps};

/// Instruments whose listing was announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Listed")]
pub struct Announced {
    listings: Vec<Listing>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    /// Its symbol.
    instrument: String,
    /// From when on it may be new, in seconds since 1970.
    not_before: u64,
    /// The price that was announced with it, in the market's currency.
    #[serde(with = "rust_decimal::serde::str")]
    price: Decimal,
    /// How far its first price may be from that, in basis points: beyond it, the
    /// listing is as one that nobody announced.
    max_price_move_bps: u32,
}

/// The file's fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    announced: Vec<Listing>,
}

/// Why announced listings are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnnouncedError {
    /// A price of zero, or below it: nothing is far from it or near.
    #[error("{0}: the announced price must be above zero")]
    Price(String),
    /// An instrument that is announced twice.
    #[error("{0}: announced twice")]
    Twice(String),
}

impl Announced {
    /// The announced price of a new mark, where it counts: of an instrument's price,
    /// not before its time, and near what was announced.
    pub(super) fn price_of(&self, mark: &Mark, taken: u64) -> Option<Decimal> {
        if mark.kind != MarkKind::Price {
            return None;
        }
        let name = mark.name();
        let listing = self.listings.iter().find(|listing| listing.instrument == name)?;
        let near = ratio_bps(listing.price, mark.value)
            .is_some_and(|bps| bps <= listing.max_price_move_bps);
        (taken >= listing.not_before && near).then_some(listing.price)
    }
}

impl TryFrom<Listed> for Announced {
    type Error = AnnouncedError;

    fn try_from(listed: Listed) -> Result<Self, AnnouncedError> {
        let mut seen = BTreeSet::new();
        for listing in &listed.announced {
            if listing.price <= Decimal::ZERO {
                return Err(AnnouncedError::Price(listing.instrument.clone()));
            }
            if !seen.insert(&listing.instrument) {
                return Err(AnnouncedError::Twice(listing.instrument.clone()));
            }
        }
        Ok(Self { listings: listed.announced })
    }
}
