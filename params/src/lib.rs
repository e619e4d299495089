//! What both sides of a margin proof agree on.
//!
//! | module | holds |
//! |---|---|
//! | [`model`], [`presets`] | margin models of the standard family, and shipped ones |
//! | [`scenario`] | margin models of the scenario family: portfolio margin with options |
//! | [`calibration`] | rates of such models that follow from each epoch's snapshot |
//! | [`option_margin`] | position-based margin of options, natively |
//! | [`settlement`] | the same by expiry, in the integers that are proved |
//! | [`simulation`] | value at risk and expected shortfall over joint scenarios; backtests |
//! | [`snapshot`] | the prices an oracle publishes |
//! | [`market`] | the risk table made of the two, `MARKET_ROOT`, native margin |
//! | [`account_name`] | accounts of owners whose names are no addresses |
//! | [`import`] | venues' own formats |
//! | [`conformance`] | published cases, run through the same code |
//! | [`rules`] | which venues' rules are here, and what they are held to |
//! | [`span`] | SPAN's scanning loss over published risk arrays, natively |
//! | [`cache`] | proving parameters on disk |
//! | `srs` (feature `kzg`) | parameters from a ceremony, for proofs that contracts verify |
//! | [`decimal`], [`fraction`], [`symbol`], [`convert`] | the texts in the files |
//!
//! Everything here is public and deterministic: integers throughout, no
//! floating point on the way to a root but for the valuation of options and for
//! volatilities, which give the same bits on every platform.

pub mod account_name;
pub mod cache;
pub mod calibration;
pub mod conformance;
pub mod convert;
pub mod decimal;
pub mod fraction;
pub mod import;
pub mod leverage;
pub mod market;
pub mod model;
pub mod option_margin;
pub mod presets;
pub mod rules;
pub mod scenario;
pub mod settlement;
pub mod simulation;
pub mod snapshot;
pub mod span;
#[cfg(feature = "kzg")]
pub mod srs;
mod storage;
pub mod symbol;
mod toml_text;

pub use toml_text::TomlError;

/// Version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
