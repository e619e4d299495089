//! Verifying keys: all that a verifier needs, and nothing to compute.

use alloc::vec::Vec;
use core::fmt;

use ark_bn254::{Fr, G1Affine, G2Affine};
use sha3::{Digest as _, Keccak256};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_margin::srs::{SrsId, SrsMark};

use super::codec;
use super::error::KeyError;
use super::field::second_point_bytes;
use super::layout::Layout;
use super::system::System;
use crate::proof::CircuitId;

/// The largest key, in bytes.
pub const MAX_KEY_BYTES: usize = 1 << 19;
/// Begins what a key's digest is made of.
const DIGEST_DOMAIN: &[u8] = b"zkmargin verifying key";

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyParts {
    /// The family of margin models.
    pub family: Family,
    /// The size of the circuit.
    pub shape: Shape,
    /// How its gates are laid out in columns: a name, as family and shape are.
    /// What is verified is the constraint system.
    pub layout: ColumnLayout,
    /// Whether everybody can compute the secret of its powers of tau: then
    /// everybody can forge its proofs. The word of who made the key, as nothing
    /// shows that nobody knows a secret.
    pub insecure_srs: bool,
    /// The constraint system.
    pub system: System,
    /// What the proving library says of the key at the start of a transcript.
    pub transcript: Fr,
    /// Commitments of the fixed columns; the identity where all is zero.
    pub fixed: Vec<G1Affine>,
    /// Commitments of the permutation's columns.
    pub permutation: Vec<G1Affine>,
    /// `tau` in the second group.
    pub tau: G2Affine,
}

impl KeyParts {
    fn srs_id(&self) -> SrsId {
        SrsId::of_tau_g2(&second_point_bytes(&self.tau))
    }
}

/// Keccak-256 of a key: who names it, names the circuit, its constraints and
/// its powers of tau.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyDigest({self})")
    }
}

/// A verifying key. A proof is as good as its key: compare the digest with one
/// that you trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    parts: KeyParts,
    digest: KeyDigest,
}

impl VerifyingKey {
    /// A key of these parts. Their points are taken as they are: what somebody
    /// else sent is read by [`Self::from_bytes`], which checks them.
    ///
    /// # Errors
    /// When they do not fit together.
    pub fn new(parts: KeyParts) -> Result<Self, KeyError> {
        let KeyParts { system, fixed, permutation, .. } = &parts;
        system.check()?;
        let counts = [
            ("fixed", system.fixed_columns, fixed.len()),
            ("permutation", system.permutation.len(), permutation.len()),
        ];
        for (what, expected, got) in counts {
            if expected != got {
                return Err(KeyError::Commitments { what, expected, got });
            }
        }
        if !parts.insecure_srs && parts.srs_id() == SrsId::DEV {
            return Err(KeyError::Unmarked);
        }
        let bytes = codec::write(&parts);
        if bytes.len() > MAX_KEY_BYTES {
            return Err(KeyError::TooLarge { got: bytes.len(), limit: MAX_KEY_BYTES });
        }
        let mut hasher = Keccak256::new();
        hasher.update(DIGEST_DOMAIN);
        hasher.update(&bytes);
        Ok(Self { parts, digest: KeyDigest(hasher.finalize().into()) })
    }

    /// Reads a key. Every key has exactly one encoding.
    ///
    /// # Errors
    /// What is wrong with the bytes, and where.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(KeyError::TooLarge { got: bytes.len(), limit: MAX_KEY_BYTES });
        }
        Self::new(codec::read(bytes)?)
    }

    /// The bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::write(&self.parts)
    }

    /// Its digest.
    pub const fn digest(&self) -> KeyDigest {
        self.digest
    }

    /// What it is made of.
    pub const fn parts(&self) -> &KeyParts {
        &self.parts
    }

    /// The constraint system.
    pub const fn system(&self) -> &System {
        &self.parts.system
    }

    /// The family of margin models.
    pub const fn family(&self) -> Family {
        self.parts.family
    }

    /// The size of the circuit.
    pub const fn shape(&self) -> Shape {
        self.parts.shape
    }

    /// How its gates are laid out in columns.
    pub const fn layout(&self) -> ColumnLayout {
        self.parts.layout
    }

    /// What its proofs are made with.
    pub const fn circuit(&self) -> CircuitId {
        CircuitId {
            family: self.parts.family,
            shape: self.parts.shape,
            proof_system: ProofSystem::Kzg,
            layout: self.parts.layout,
        }
    }

    /// Whether everybody can forge its proofs.
    pub const fn is_insecure(&self) -> bool {
        self.parts.insecure_srs
    }

    /// The powers of tau it is under.
    pub fn srs(&self) -> SrsMark {
        SrsMark { id: self.parts.srs_id(), insecure: self.parts.insecure_srs }
    }

    /// The exact length of a proof, in bytes.
    pub fn proof_size(&self) -> usize {
        Layout::new(self.system()).proof_size()
    }

    pub(super) const fn transcript(&self) -> &Fr {
        &self.parts.transcript
    }

    /// Commitments of fixed columns, then of the permutation's.
    pub(super) fn commitments(&self) -> impl Iterator<Item = &G1Affine> {
        self.parts.fixed.iter().chain(&self.parts.permutation)
    }
}
