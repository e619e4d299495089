//! The statements as Halo2 circuits, generic over the field.
//!
//! | module | holds |
//! |---|---|
//! | [`gadgets`] | Poseidon and Merkle membership, arithmetic, range checks |
//! | [`family`] | what a proof system asks of a statement's circuit |
//! | [`figures`] | what a statement asks of a family |
//! | [`statement`] | the statements, generic over the family, and their common clauses |
//! | [`standard`] | figures of the standard family: tiers, haircuts, buckets |
//! | [`scenario`] | figures of the scenario family: portfolio margin with options |
//! | [`settlement`] | figures of the settlement family: options, bounded by expiry |
//! | [`simulation`] | figures of the simulation family: value at risk, expected shortfall |
//! | [`ipa`] | keys and proofs of the transparent proof system |
//! | [`lowering`], [`kzg`] | the same circuits under KZG over BN254 |
//! | [`mock`] | whether a circuit is satisfied, without a proof |
//! | [`cost`] | what a circuit takes: rows, columns, degree, proof size |

#[cfg(all(feature = "asm", not(target_arch = "x86_64")))]
compile_error!("the feature `asm` is of x86-64 alone: leave it out");

pub mod cost;
pub mod family;
pub mod figures;
pub mod gadgets;
pub mod ipa;
pub mod kzg;
pub mod lowering;
pub mod mock;
mod position;
pub mod scenario;
pub mod settlement;
mod side;
pub mod simulation;
pub mod standard;
pub mod statement;
