//! Derive: subaccounts, and markets of options, perpetuals and coins.

mod account;
mod markets;
mod name;

pub use account::account;
pub use markets::markets;
