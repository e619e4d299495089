//! All of the harness in one program: circuits, which are nearly everything, are compiled
//! once.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../../../circuits/tests/common/mod.rs"]
mod common;
#[path = "../../../circuits/tests/common/planted.rs"]
mod planter;

mod boundaries;
mod deleveraging;
mod escrow;
mod gadgets;
mod haircut;
mod harness;
mod mock_agreement;
mod netting;
mod padded_proof;
mod recorders;
mod scenario;
mod settlement;
mod simulation;
mod standard;
mod statement;
mod transitions;
mod venue;
