//! Derive: subaccounts, and markets of options, perpetuals and coins.

mod account;
mod markets;
mod marks;
mod name;

pub use account::account;
pub use markets::markets;
pub use marks::own_marks;
