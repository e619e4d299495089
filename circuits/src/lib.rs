//! The margin relation as Halo2 circuits, generic over the field.
//!
//! | module | holds |
//! |---|---|
//! | [`gadgets`] | Poseidon and Merkle membership, arithmetic, range checks |
//! | [`family`] | what a proof system asks of a family's circuit |
//! | [`statement`] | the clauses that are the same in every family |
//! | [`standard`] | the standard family: tiers, haircuts, buckets |
//! | [`scenario`] | the scenario family: portfolio margin with options |
//! | [`ipa`] | keys and proofs of the transparent proof system |
//! | [`lowering`], [`kzg`] | the same circuits under KZG over BN254 |
//! | [`mock`] | whether a circuit is satisfied, without a proof |
//! | [`cost`] | what a circuit takes: rows, columns, degree, proof size |

pub mod cost;
pub mod family;
pub mod gadgets;
pub mod ipa;
pub mod kzg;
pub mod lowering;
pub mod mock;
pub mod scenario;
pub mod standard;
pub mod statement;
