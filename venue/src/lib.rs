//! A venue in a database: its accounts, epochs and proofs.
//!
//! | module | holds |
//! |---|---|
//! | [`store`] | SQLite or PostgreSQL: accounts, trees, epochs, proofs, jobs |
//! | [`keys`], [`portfolio`] | whom portfolios are encrypted to; one of them, opened |
//! | [`commit`], [`tree`], [`screen`], [`prove`] | bulk work on all accounts |
//! | [`deleverage`] | a loss shared over winners, from tables in the clear |
//! | [`serve`] | the service over HTTP |
//! | [`farm`] | proofs on many machines |
//! | [`statement`], [`provers`] | what a proof says; keys that are loaded once |
//!
//! The `zkmargin-venue` command is built on these. A trader needs none of it.

pub mod commit;
pub mod deleverage;
pub mod farm;
pub mod keys;
mod market;
pub mod portfolio;
pub mod prove;
pub mod provers;
pub mod screen;
pub mod serve;
pub mod statement;
pub mod store;
pub mod tree;
