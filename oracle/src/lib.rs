//! Prices that nobody has to trust one source for.
//!
//! Oracles sign what they report. This crate reads the reports of five of them
//! as they are published, checks every signature natively, takes medians over
//! as many sources as were agreed on, and makes a market snapshot that keeps
//! the reports, so that whoever gets the snapshot can do the same again.
//!
//! | oracle | report | signed by | format |
//! |---|---|---|---|
//! | RedStone | packages of a payload | each package by one node, secp256k1 | [`format::redstone`] |
//! | Stork | an aggregated price | the aggregator, secp256k1 | [`format::stork`] |
//! | Chainlink Data Streams | report of schema v3 | f + 1 nodes, secp256k1 | [`format::chainlink`] |
//! | Pyth core | messages under a Merkle root | two thirds of Wormhole's guardians, secp256k1 | [`format::pyth`] |
//! | Pyth Lazer | feeds of a payload | its publisher, ed25519 | [`format::lazer`] |
//!
//! Which signers count, how many of them, which feed is which symbol, how many
//! oracles a price needs, how far they may be apart and how old they may be is
//! one file, [`Sources`]. What it does not name does not count: an unknown
//! signer, a feed of another symbol and a stale report are left out, and a
//! price that then has too few sources is refused by name.

pub mod format;
mod median;
mod recover;
mod sources;

pub use median::{PriceError, Priced, Reading, snapshot, verify};
pub use recover::Signer;
pub use sources::{Oracle, OracleSigners, Sources, SourcesError};
