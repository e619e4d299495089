//! All of the circuits' tests in one program: what they share, which is nearly
//! everything, is compiled once.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod agreement;
#[path = "../common/mod.rs"]
mod common;
mod deleveraging;
mod escrow;
mod escrow_proofs;
mod haircut;
mod header;
mod invalid;
mod kzg;
mod kzg_cost;
mod layouts;
mod lowering;
mod netting;
mod netting_proofs;
mod rejects;
mod scenario_agreement;
mod scenario_invalid;
mod scenario_proofs;
mod scenario_rejects;
mod settlement;
mod simulation;
#[path = "../common/strategy.rs"]
mod strategy;
mod transition;
mod transition_proofs;
mod venue;
mod venue_proofs;
