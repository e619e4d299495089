//! Checks margin proofs and keeps margin calls.
//!
//! | module | holds |
//! |---|---|
//! | [`proof`] | proof files: one JSON text per proof, self-describing |
//! | [`error`] | [`MalformedProof`] (cannot be read) and [`VerifyError`] (does not verify) |
//! | [`engine`] | the margin-call engine: a deterministic state machine |
//! | [`coverage`] | proofs of all subtrees of a venue, put together |
//! | [`flagged`] | what such a proof says of each account it flags, for the engine |
//! | [`haircut`] | proofs that a loss is shared fairly, of all subtrees, put together |
//! | [`epoch`] | epochs as publishers sign them: digest, signers, file |
//! | `pins` | what a proof must be about, and verdicts in words (feature `pins`) |
//! | `ipa` | verification of the transparent proof system (feature `ipa`) |
//! | `kzg` | the on-chain proof system, by the library that proves it (feature `kzg`) |
//! | `bn254` | verification of the on-chain proof system, `no_std` (feature `bn254`) |
//! | `ledger` | the engine on a crash-safe database (feature `ledger`) |
//!
//! Without default features the crate is `no_std` + `alloc`: proof files and
//! the engine run in a contract as they do natively.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "bn254")]
pub mod bn254;
pub mod coverage;
mod encoding;
pub mod engine;
pub mod epoch;
pub mod error;
pub mod flagged;
pub mod haircut;
#[cfg(feature = "ipa")]
pub mod ipa;
#[cfg(feature = "kzg")]
pub mod kzg;
#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(feature = "pins")]
pub mod pins;
pub mod proof;
mod root;

pub use engine::{
    AccountStatus, Action, Engine, Event, Policy, PolicyParams, Refusal, VerifiedClaim,
};
pub use error::{MalformedProof, VerifyError};
#[cfg(feature = "ledger")]
pub use ledger::{Ledger, LedgerError};
pub use proof::ProofFile;
