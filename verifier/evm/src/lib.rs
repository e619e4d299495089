//! The on-chain form of the verifier.
//!
//! The contracts are in `verifier/contracts`; their compiled form is committed
//! there, so that this crate builds and tests without a Solidity compiler.

pub mod artifact;
#[cfg(feature = "dev")]
pub mod dev;
pub mod engine;
pub mod generate;
pub mod price;

pub use zkmargin_contracts as contracts;
