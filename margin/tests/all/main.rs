//! All of the specification's tests in one program.

mod haircut;
mod poseidon_matrix;
mod relation;
mod scenario;
mod settlement;
mod simulation;
mod standard;
mod transition;
mod venue;
