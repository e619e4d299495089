//! The prover for browsers: a portfolio becomes a proof in the tab it is in.
//!
//! A `Job` goes in steps, so that JavaScript can say between them how far it
//! is: what is wrong with the inputs is told before anything is computed, then
//! parameters (which are the same for everyone), the key, the proof. A worker that
//! is ended in the middle has told nothing.
//!
//! Random bytes are the browser's (`crypto.getRandomValues`). Nothing is fetched and
//! nothing is stored here. Errors may speak of the portfolio: they are its owner's.
//!
//! For wasm alone: on other targets this crate is empty, so that nobody's build makes
//! the provers a second time.

#[cfg(target_family = "wasm")]
mod job;
#[cfg(target_family = "wasm")]
mod parameters;
#[cfg(target_family = "wasm")]
mod request;
#[cfg(target_family = "wasm")]
mod statement;

#[cfg(target_family = "wasm")]
pub use job::Job;
#[cfg(target_family = "wasm")]
pub use request::{Request, Unprepared};
