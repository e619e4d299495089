//! Venues' own formats, as their interfaces answer.
//!
//! | venue | what | to |
//! |---|---|---|
//! | [`hyperliquid`] | `clearinghouseState` | portfolio buckets and a snapshot |
//! | [`hyperliquid`] | `meta` with margin tables | a model |
//! | [`hyperliquid`] | `metaAndAssetCtxs` | a snapshot of the whole exchange |
//! | [`binance`] | `leverageBracket` | charge rules, `cum` checked |
//! | [`binance`] | `premiumIndex` | a snapshot |
//! | [`deribit`] | `get_book_summary_by_currency` | an option chain |
//! | [`deribit`] | `get_positions`, `get_account_summary` | a portfolio |
//! | [`binance`] | `account`, `positionRisk`, `openOrders` | a [`VenueAccount`] |
//! | [`bybit`] | `wallet-balance`, `position/list` | a [`VenueAccount`] |
//! | [`okx`] | `balance`, `positions`, `instruments` | a [`VenueAccount`] |
//! | [`derive`](mod@derive) | `get_subaccount` | a [`VenueAccount`] |
//! | [`derive`](mod@derive) | `get_tickers`, `get_ticker`, `get_instruments` | a snapshot of the settlement family |
//! | [`dydx`] | subaccount, `perpetualMarkets` | a [`VenueAccount`], a snapshot |
//!
//! Unknown fields are ignored here: venues add them. Numbers are read exactly,
//! whether they stand as texts or as JSON numbers (whole, or of at most 15 digits,
//! which binary floating point carries without loss). An answer may be a list, a
//! single row, or either in an envelope. In a *public* file a row that cannot be
//! read is left out and named ([`Imported`]); an *account* is read whole or
//! refused, as a position left out would change its margin.

mod account;
mod answer;
pub mod binance;
pub mod bybit;
pub mod deribit;
pub mod derive;
pub mod dydx;
mod error;
mod forms;
pub mod hyperliquid;
mod number;
pub mod okx;
mod problem;
pub(crate) mod time;

use serde::Deserialize;

use crate::fraction::Fraction;
use crate::symbol::Symbol;
pub use account::{
    AccountNote, Cost, Funds, Holding, IsolatedHolding, SHORT_LEG, Stated, VenueAccount,
    both_sides, short_leg,
};
pub use error::{ImportError, Imported, LeftOut, SkipReason, Skipped};
pub use problem::AccountProblem;
use time::unix_seconds;

/// Largest accepted file, in bytes.
pub const MAX_IMPORT_BYTES: usize = 8 << 20;

/// Reads JSON of a bounded size.
fn read_json<'a, T: Deserialize<'a>>(json: &'a str, what: &'static str) -> Result<T, ImportError> {
    check_size(json)?;
    serde_json::from_str(json).map_err(|source| ImportError::Json { what, source })
}

fn check_size(text: &str) -> Result<(), ImportError> {
    match text.len() <= MAX_IMPORT_BYTES {
        true => Ok(()),
        false => Err(ImportError::TooLarge { bytes: text.len() }),
    }
}

fn symbol(name: &str) -> Result<Symbol, ImportError> {
    Symbol::new(name).map_err(|source| ImportError::Symbol { name: forms::cut(name), source })
}

/// The least common denominator of rates, when it has 32 bits.
fn common_denominator(rates: impl IntoIterator<Item = Fraction>) -> Result<u32, ImportError> {
    let denominator = rates.into_iter().try_fold(1u64, |common, rate| {
        // `common / d` in lowest terms is `a / b`: the least common multiple is `common * b`.
        let reduced = Fraction::new(common, rate.denominator())?;
        common.checked_mul(reduced.denominator()).filter(|common| *common <= u32::MAX.into())
    });
    denominator.and_then(|common| u32::try_from(common).ok()).ok_or(ImportError::Denominator)
}

/// The rate of a maximum leverage.
fn leverage_rate(symbol: &Symbol, leverage: u64) -> Result<Fraction, ImportError> {
    (1..=1000)
        .contains(&leverage)
        .then(|| Fraction::new(1, leverage))
        .flatten()
        .ok_or_else(|| ImportError::Leverage { symbol: symbol.clone(), leverage })
}

/// The middle value, the upper of two; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Seconds of a time in milliseconds: seconds and microseconds in its place are
/// refused.
fn seconds_of_millis(millis: u64) -> Result<u64, ImportError> {
    // 1973 to 2100.
    const MILLIS: std::ops::RangeInclusive<u64> = 100_000_000_000..=4_102_444_800_000;
    match MILLIS.contains(&millis) {
        true => Ok(millis / 1000),
        false => Err(ImportError::Milliseconds(millis)),
    }
}

#[cfg(test)]
mod tests;
