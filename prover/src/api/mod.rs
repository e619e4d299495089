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
//! ```
//! # use zkmargin_margin::ids::Epoch;
//! # use zkmargin_params::{cache::ParamsCache, market::MarketFile, presets, snapshot::Snapshot};
//! # use zkmargin_prover::crypt::{NewIdentity, Recipients};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
//! # let snapshot = format!(r#"{{"timestamp": {now}, "source": "a test", "quote": "USDC",
//! #     "prices": {{"BTC": {{"price": "26961.2"}}, "ETH": {{"price": "1724.3"}}}}}}"#);
//! # let model = presets::by_name("hyperliquid").ok_or("no such model")?.model()?;
//! # let market = MarketFile::build::<pasta_curves::Fp>(
//! #     &model, &Snapshot::from_json(&snapshot)?, Epoch::new(1))?;
//! # let market_json = market.0.to_json();
//! # let plain = br#"{"version": 1, "account": "0x00000000000000000000000000000000000000a1",
//! #     "balance": "1000", "positions": [
//! #     {"instrument": "BTC", "quantity": "-0.005", "entry_price": "27100"}]}"#;
//! # let new = NewIdentity::generate();
//! # let recipients = Recipients::Keys(vec![Recipients::parse_key(&new.recipient())?]);
//! # let mut document = PortfolioDocument::parse(plain)?;
//! # document.ensure_blinding()?;
//! # let portfolio_age = crypt::encrypt(&document.to_json(), &recipients, false)?;
//! # let identity = new.file();
//! # let directory = tempfile::tempdir()?;
//! use std::sync::Arc;
//! use zkmargin_margin::claim::{Claim, Level};
//! use zkmargin_margin::ids::ContextId;
//! use zkmargin_prover::crypt::{self, Keys};
//! use zkmargin_prover::portfolio_file::PortfolioDocument;
//! use zkmargin_prover::{Expected, Market, Policy, Prover, Setup, Venue, Verifier};
//!
//! // What a publisher posted, and what a trader encrypted.
//! let market = Market::from_json(&market_json)?;
//! let plain = crypt::decrypt(&portfolio_age, &Keys::parse(&identity)?)?;
//! let portfolio = PortfolioDocument::parse(&plain)?;
//!
//! // The venue commits to it, and posts the root.
//! let mut venue = Venue::new(ContextId::derive("my-protocol", 0, [0; 20]), market.proof_system());
//! venue.commit(&market, &portfolio)?;
//! let state = venue.state(market.epoch())?;
//!
//! // The trader proves.
//! let setup = Arc::new(Setup::of_user());
//! # let setup = Arc::new(Setup::with_cache(ParamsCache::open(directory.path())?));
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
