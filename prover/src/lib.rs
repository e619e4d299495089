//! Encrypted portfolios in, margin proofs out.
//!
//! | module | holds |
//! |---|---|
//! | [`portfolio_file`] | what a trader writes down, and how it becomes a portfolio |
//! | [`crypt`] | age files, opened in memory only |
//! | [`venue`] | account trees: commitments, state roots, membership paths |
//! | [`report`] | native margin figures, for the owner |
//! | [`scenario`], [`plot`] | the same for options portfolios: breakdown, cures, pictures |
//! | [`whatif`] | an account after a trade or a deposit |
//! | [`freshness`] | how old prices may be |
//! | [`figures`], [`human`] | numbers, tables, times and amounts for people |
//! | [`proving`] | from a portfolio, a market and a path to a proof |
//! | [`transition`] | from two portfolios to the proof that one becomes the other |
//! | [`venue_proof`] | from a state and all its portfolios to the proofs that nobody is spared |
//! | [`haircut_proof`] | the same, and a loss, to the accounts afterwards and the proofs that it is shared fairly |
//! | [`conformance`] | published cases as statements, for the circuit |
//! | [`api`] | the front door: load, commit, prove, verify, of whatever family |
//! | [`setup`] | provers and verifiers with their parameters and keys |
//! | [`schema`] | JSON Schemas of the files |
//! | [`backend`] | the proof systems behind one interface |
//! | [`family`] | the families of margin models behind one interface |
//! | [`bulk`] | many files at once |
//! | [`netting`] | from portfolios at several venues to the proof that they meet a level together |
//! | [`escrow`] | a committee: keys, shares of a decryption, what they open |
//! | [`files`], [`json`] | bounded, atomic files; strict JSON whose errors show no value |
//!
//! The `zkmargin` command is built on these. [`crypt`] and [`plot`] need the
//! features of their names, which are on unless turned off.

pub mod api;
pub mod backend;
pub mod bulk;
pub mod conformance;
#[cfg(feature = "crypt")]
pub mod crypt;
pub mod escrow;
pub mod family;
pub mod figures;
pub mod files;
pub mod freshness {
    //! How old prices may be for what is decided from them.

    pub use zkmargin_verifier::pins::{Freshness, NotFresh, parse_period};
}
pub mod haircut_proof;
pub mod human;
pub mod json;
pub mod netting;
#[cfg(feature = "plot")]
pub mod plot;
pub mod portfolio_file;
pub mod proving;
pub mod report;
pub mod scenario;
pub mod schema;
pub mod settlement;
pub mod setup;
pub mod simulation;
pub mod standard_stress;
pub mod transition;
pub mod venue;
pub mod venue_proof;
pub mod whatif;
mod whole;

pub use api::{Expected, Market, Policy, Prover, Venue, Verifier};
pub use setup::Setup;
