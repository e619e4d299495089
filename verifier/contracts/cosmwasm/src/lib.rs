//! The margin-call registry as a CosmWasm contract.
//!
//! It is the engine and the verifier of `zkmargin-verifier`, and storage: the
//! same actions, states, events, refusals and vectors as natively and on the
//! EVM. A transition is decided first, its proof verified second, and only then
//! anything written: what is refused is refused cheaply.
//!
//! | module | holds |
//! |---|---|
//! | [`contract`] | the entry points |
//! | [`msg`] | messages and answers |
//! | [`error`] | why a message is refused |
//! | [`state`] | storage, as the engine reads it |
//! | [`windows`] | when circuits are accepted, and until when there is one |
//! | `circuits`, `models`, `roles`, `epochs` | what surrounds the engine: verifying keys, notices, holders, signers |
//! | `paths` | paths that are demanded on record, with bonds |
//! | `proofs` | the verification of submissions, one or many |
//! | `apply`, `queries`, `start` | actions of the engine, answers, the registry's beginning |

mod apply;
mod circuits;
pub mod contract;
mod epochs;
pub mod error;
mod models;
pub mod msg;
mod paths;
mod proofs;
mod queries;
mod roles;
mod start;
pub mod state;
pub mod windows;

#[cfg(test)]
mod tests;
