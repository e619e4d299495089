//! The transcript that a contract recomputes: Keccak-256 over what was said
//! since the last challenge, beginning with that challenge's hash.

use alloc::vec::Vec;

use ark_bn254::{Fr, G1Affine};
use sha3::{Digest as _, Keccak256};

use super::error::ProofError;
use super::field::{POINT_BYTES, SCALAR_BYTES, point, reduce, scalar};

/// Reads a proof and draws challenges from it.
pub(super) struct Transcript<'a> {
    said: Vec<u8>,
    proof: &'a [u8],
    offset: usize,
}

impl<'a> Transcript<'a> {
    /// A transcript over a proof, with nothing said.
    pub(super) fn new(proof: &'a [u8]) -> Self {
        Self { said: Vec::new(), proof, offset: 0 }
    }

    /// Says a scalar that both sides know.
    pub(super) fn say(&mut self, scalar: &[u8; SCALAR_BYTES]) {
        self.said.extend_from_slice(scalar);
    }

    /// A challenge. A hash with nothing after it is marked with a one, or the
    /// challenge after a challenge would be hashed like a lone scalar.
    pub(super) fn challenge(&mut self) -> Fr {
        if self.said.len() == SCALAR_BYTES {
            self.said.push(1);
        }
        let hash: [u8; 32] = Keccak256::digest(&self.said).into();
        self.said.clear();
        self.said.extend_from_slice(&hash);
        reduce(&hash)
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let bytes: &[u8; N] = self.proof.get(self.offset..self.offset + N)?.try_into().ok()?;
        self.offset += N;
        self.said.extend_from_slice(bytes);
        Some(bytes)
    }

    /// Reads a point.
    pub(super) fn point(&mut self) -> Result<G1Affine, ProofError> {
        let offset = self.offset;
        self.take::<POINT_BYTES>().and_then(point).ok_or(ProofError::Point { offset })
    }

    /// Reads points.
    pub(super) fn points(
        &mut self,
        count: usize,
        to: &mut Vec<G1Affine>,
    ) -> Result<(), ProofError> {
        for _ in 0..count {
            to.push(self.point()?);
        }
        Ok(())
    }

    /// Reads scalars.
    pub(super) fn scalars(&mut self, count: usize) -> Result<Vec<Fr>, ProofError> {
        let mut read = Vec::with_capacity(count);
        for _ in 0..count {
            let offset = self.offset;
            let value = self.take::<SCALAR_BYTES>().and_then(scalar);
            read.push(value.ok_or(ProofError::Scalar { offset })?);
        }
        Ok(read)
    }
}
