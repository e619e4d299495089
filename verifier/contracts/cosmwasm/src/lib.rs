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
//! | [`proofs`] | circuits and the verification of submissions |
//! | [`state`] | storage, as the engine reads it |

pub mod contract;
pub mod error;
pub mod msg;
pub mod proofs;
pub mod state;

#[cfg(test)]
mod tests;
