//! All of the specification's tests in one program.
#![allow(clippy::unwrap_used, reason = "tests")]

mod haircut;
mod poseidon_matrix;
mod relation;
mod scenario;
mod settlement;
mod simulation;
mod standard;
mod transition;
mod venue;
