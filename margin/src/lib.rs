//! The zk-margin statements in plain Rust.
//!
//! This crate is the specification: what a portfolio, a market and a margin
//! requirement are, how they are committed to, and what a margin proof says
//! about them. It knows no proof system; the circuits are tested against it.
//!
//! | module | holds |
//! |---|---|
//! | [`units`] | lots, prices, quote amounts, rates: integers with ranges |
//! | [`ids`] | accounts, epochs, instruments, digests, memos |
//! | [`field`], [`poseidon`], [`merkle`] | the field, the hash, the 4-ary tree |
//! | [`portfolio`] | private positions and their commitment |
//! | [`market`] | the market header behind `MARKET_ROOT` |
//! | [`claim`], [`instance`] | what is claimed, and the public inputs |
//! | [`shape`], [`srs`] | families, sizes of circuits, proof systems; marks of powers of tau |
//! | [`witness`] | what the prover of either family knows of an account |
//! | [`standard`] | position-based margin: tiers, haircuts, buckets |
//! | [`scenario`] | portfolio margin: options, scenarios, contingencies |
//! | [`settlement`] | options charged one by one, bounded by what an expiry can lose |
//! | [`simulation`] | value at risk and expected shortfall over joint scenarios |
//! | [`escrow`] | a portfolio's opening encrypted to a committee's key |
//! | [`haircut`] | a loss shared over the winners' equity, in the clear |
//! | [`relation`] | what a family is, the clauses, and [`relation::Violation`] |
//! | [`statement`] | what is claimed, generic over the family: the native checks |
#![no_std]

extern crate alloc;

/// Implements [`core::fmt::Debug`] for types that hold secrets: the name alone.
macro_rules! redacted_debug {
    ($($name:ident $(<$generic:ident>)?),+ $(,)?) => {
        $(
            /// Shows the type's name and nothing of its secret content.
            impl$(<$generic>)? core::fmt::Debug for $name$(<$generic>)? {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    f.write_str(concat!(stringify!($name), "(..)"))
                }
            }
        )+
    };
}

pub mod claim;
pub mod escrow;
pub mod field;
pub mod haircut;
pub mod ids;
pub mod instance;
pub mod layout;
pub mod market;
pub mod merkle;
pub mod portfolio;
pub mod poseidon;
pub mod relation;
pub mod scenario;
pub mod settlement;
pub mod shape;
pub mod simulation;
pub mod srs;
pub mod standard;
pub mod statement;
pub mod units;
pub mod witness;

/// Version of the statement: what the public inputs mean, how the commitments
/// are formed and which clauses hold. Proofs and keys carry it; a change to
/// any of these is a new version.
pub const STATEMENT_VERSION: u16 = 2;
