//! The Lagrange basis: computed from the powers, or taken from a file.

use std::iter;

use halo2_axiom::arithmetic::g_to_lagrange;
use halo2_axiom::halo2curves::bn256::{Fr, G1Affine};
use halo2_axiom::halo2curves::ff::{Field, PrimeField};
use halo2_axiom::halo2curves::group::prime::PrimeCurveAffine;

/// What snarkjs takes roots of unity of: the smallest number without a square
/// root. halo2 takes another.
const SNARKJS_BASE: u64 = 5;

/// The Lagrange basis of `2^k` powers: an FFT over the group, `k 2^(k-1)`
/// multiplications.
pub(crate) fn basis(g: &[G1Affine], k: u32) -> Vec<G1Affine> {
    g_to_lagrange(g.iter().map(PrimeCurveAffine::to_curve).collect(), k)
}

/// halo2's root of unity of order `2^k`.
pub(crate) fn root(k: u32) -> Fr {
    (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square())
}

/// snarkjs' root of unity of order `2^k`.
fn snarkjs_root(k: u32) -> Fr {
    // (r - 1) / 2^28, by long division of the bytes.
    let mut exponent = (-Fr::ONE).to_repr();
    let mut rest = 0;
    for byte in exponent.as_mut().iter_mut().rev() {
        rest = rest << 8 | u64::from(*byte);
        *byte = (rest >> Fr::S).to_le_bytes()[0];
        rest &= (1 << Fr::S) - 1;
    }
    let mut limbs = [0u64; 4];
    for (limb, bytes) in limbs.iter_mut().zip(exponent.as_ref().chunks_exact(8)) {
        *limb = bytes.iter().rev().fold(0, |limb, byte| limb << 8 | u64::from(*byte));
    }
    let largest = Fr::from(SNARKJS_BASE).pow_vartime(limbs);
    (k..Fr::S).fold(largest, |root, _| root.square())
}

/// Puts a basis of `2^k` elements in snarkjs' order into halo2's: the domain is
/// the same, but it is walked in steps of another root of unity.
pub(crate) fn from_snarkjs(theirs: &[G1Affine], k: u32) -> Option<Vec<G1Affine>> {
    let (our_root, their_root) = (root(k), snarkjs_root(k));
    let step = iter::successors(Some(Fr::ONE), |power| Some(power * their_root))
        .take(theirs.len())
        .position(|power| power == our_root)?;
    let indices = iter::successors(Some(0), |index| Some((index + step) % theirs.len()));
    indices.take(theirs.len()).map(|index| theirs.get(index).copied()).collect()
}
