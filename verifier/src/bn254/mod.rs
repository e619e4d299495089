//! The on-chain proof system on arkworks (feature `bn254`): KZG over BN254
//! with SHPLONK openings and a Keccak transcript, as contracts verify it.
//!
//! It needs no proving library, no powers of tau and no key generation, only a
//! [`VerifyingKey`]: some kilobytes that hold the constraint system as data.
//! So it runs where there is neither memory nor `std`, and it shares no code
//! with the prover's own verification: the two check each other.
//!
//! | module | holds |
//! |---|---|
//! | [`key`], [`system`] | the key: constraints, commitments, `tau` in the second group |
//! | [`error`] | why a key or proof is refused |
//! | `layout`, `transcript`, `reading` | a proof's bytes, its elements and challenges |
//! | `domain`, `identities` | what the opened values must satisfy |
//! | `opening`, `batch` | the pairing equation, of one proof or many |
//! | `export` (feature `export`) | keys from those of the proving library |
//! | `dev` (feature `dev-keys`) | stored keys under insecure powers of tau, for tests |
//!
//! # What is refused
//! Public inputs or scalars that are not below the modulus; points that are not
//! canonical, not on the curve, or the identity (zeros), which generated
//! contracts refuse too; any length but the one that all proofs of
//! the circuit have. So of a valid proof no other bytes are valid, but for
//! those a new proof has.

pub mod error;
pub mod key;
pub mod system;

mod batch;
mod codec;
#[cfg(feature = "dev-keys")]
pub mod dev;
mod domain;
#[cfg(feature = "export")]
pub mod export;
pub mod field;
mod identities;
pub mod layout;
pub mod opening;
mod reading;
#[cfg(test)]
mod tests;
mod transcript;
mod verifier;

pub use error::{KeyError, ProofError};
pub use key::{KeyDigest, KeyParts, VerifyingKey};
pub use verifier::{Submission, Verifier};
