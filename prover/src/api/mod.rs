//! The front door: load, commit, prove and verify, of whatever family and proof
//! system the files are.
//!
//! | type | is |
//! |---|---|
//! | [`Market`] | the public market of an epoch, its root recomputed; margin, what-if and stress for an account's owner |
//! | [`Venue`], [`State`], [`Path`] | commitments, the tree over them, an account's place in it |
//! | [`Prover`], [`Proof`] | makes proofs; keys are loaded once |
//! | [`Verifier`], [`Expected`], [`Policy`] | verifies them, and holds them to what they must be about |
//!
//! The modules below it are generic over a field and a family; these types read both
//! off the files, and refuse to mix them.
//!
//! Load, commit, prove and verify; `tests/front_door.rs` runs it:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::fs;
//! use std::sync::Arc;
//! use zkmargin_margin::claim::{Claim, Level};
//! use zkmargin_margin::ids::ContextId;
//! use zkmargin_prover::crypt::{self, Keys};
//! use zkmargin_prover::portfolio_file::PortfolioDocument;
//! use zkmargin_prover::{Expected, Market, Policy, Prover, Setup, Venue, Verifier};
//!
//! // What a publisher posted, and what a trader encrypted.
//! let market = Market::from_json(&fs::read_to_string("market.json")?)?;
//! let keys = Keys::parse(&fs::read("trader.key")?)?;
//! let plain = crypt::decrypt(&fs::read("portfolio.age")?, &keys)?;
//! let portfolio = PortfolioDocument::parse(&plain)?;
//!
//! // The venue commits to it, and posts the root.
//! let mut venue = Venue::new(ContextId::derive("my-protocol", 0, [0; 20]), market.proof_system());
//! venue.commit(&market, &portfolio)?;
//! let state = venue.state(market.epoch())?;
//!
//! // The trader proves. The first proof of a circuit makes or loads its keys.
//! let setup = Arc::new(Setup::of_user());
//! let claim: Claim = "at-least:initial".parse()?;
//! let path = state.path(portfolio.account)?;
//! let proof = Prover::new(Arc::clone(&setup)).prove(&market, &path, &portfolio, claim)?;
//!
//! // Who knows both roots verifies: prices at most 15 minutes old.
//! let expected = Expected::own(&market, &state)?;
//! let policy = Policy::new(Level::Maintenance, 15 * 60).of_account(portfolio.account);
//! let verdict = Verifier::new(setup).verify(&proof.json, &expected, &policy)?;
//! assert_eq!(verdict.claim.data(), &proof.claim);
//! # Ok(())
//! # }
//! ```
//!
//! Who trusts publishers takes their epoch file for both roots: [`Expected::signed`].

mod error;
mod market;
mod owner;
mod prover;
mod venue;
mod verifier;

pub use error::{ApiError, Figure};
pub use market::Market;
pub use owner::{Margin, Moved, WhatIf};
pub use prover::{Proof, Prover};
pub use venue::{Path, State, Venue};
pub use verifier::{Expected, Policy, Verdict, Verifier};
