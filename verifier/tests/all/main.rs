//! All of the verifier's tests in one program: circuits, which are most of what they
//! share, are compiled once.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/kzg_vectors.rs"]
mod kzg_vectors;

mod bn254;
#[cfg(feature = "export")]
mod bn254_agreement;
#[cfg(feature = "export")]
mod bn254_circuits;
mod circuits;
mod crash;
mod differential;
mod engine;
mod epoch;
mod golden;
#[cfg(feature = "export")]
mod haircuts;
mod ipa;
mod kzg;
#[cfg(feature = "export")]
mod layouts;
mod ledger;
mod proof_file;
mod properties;
mod scenarios;
#[cfg(feature = "export")]
mod subtrees;
mod vectors;
