//! All tests of the command in one program: the files that they start from, proofs among
//! them, are made once.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod action;
mod chain;
mod committee;
mod conformance;
mod corpus;
mod door;
mod edit;
mod escrow;
mod family;
mod flow;
mod freshness;
mod front_door;
mod open;
mod plot;
mod scenario_report;
mod settlement;
mod transcripts;
mod transition;
mod venue_proof;
mod venue_shapes;
mod verify;
mod whole;
