//! One file a command.

pub(crate) mod account;
pub(crate) mod backtest;
pub(crate) mod call;
pub(crate) mod committee;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod conformance;
pub(crate) mod cost;
pub(crate) mod decrypt;
pub(crate) mod demo;
pub(crate) mod edit;
pub(crate) mod encrypt;
pub(crate) mod epoch;
#[cfg_attr(not(feature = "chain"), path = "no_evm.rs")]
pub(crate) mod evm;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod keygen;
pub(crate) mod man;
pub(crate) mod margin;
pub(crate) mod market;
pub(crate) mod prove;
pub(crate) mod prove_change;
mod prove_escrow;
pub(crate) mod prove_netted;
pub(crate) mod rekey;
pub(crate) mod schema;
mod shapes;
pub(crate) mod srs;
pub(crate) mod stress;
pub(crate) mod venue;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod whatif;
