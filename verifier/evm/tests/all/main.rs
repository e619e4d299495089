//! All tests on the in-memory EVM in one program: the EVM and the circuits, which are most
//! of what they share, are compiled once.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../../circuits/tests/common/mod.rs"]
mod fixtures;
#[path = "../../../tests/common/kzg_vectors.rs"]
mod kzg_vectors;
#[path = "../../../../circuits/tests/common/planted.rs"]
mod planter;

mod agreement;
mod attacks;
mod batch;
mod changes;
mod price_check;
mod protocols;
mod registry;
mod roles;
mod row_challenge;
mod stories;
mod submit_proofs;
mod vault;
mod vectors;
mod verifier;
