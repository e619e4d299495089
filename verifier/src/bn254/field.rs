//! Scalars and points as bytes: big-endian, canonical, as the EVM reads them.

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ff::{BigInt, FftField as _, Field as _, PrimeField};

/// Bytes of a scalar or a coordinate.
pub const SCALAR_BYTES: usize = 32;
/// Bytes of a point.
pub const POINT_BYTES: usize = 64;

/// The generator of the scalar field's units that the proving library builds
/// its domains from; arkworks' own is another.
const GENERATOR: u64 = 7;

/// Reads a field element; `None` when it is not below the modulus.
fn element<F: PrimeField<BigInt = BigInt<4>>>(bytes: &[u8; SCALAR_BYTES]) -> Option<F> {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    }
    F::from_bigint(BigInt(limbs))
}

fn element_bytes<F: PrimeField<BigInt = BigInt<4>>>(element: &F) -> [u8; SCALAR_BYTES] {
    let BigInt(limbs) = element.into_bigint();
    let mut bytes = [0; SCALAR_BYTES];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

/// Reads a scalar.
pub(super) fn scalar(bytes: &[u8; SCALAR_BYTES]) -> Option<Fr> {
    element(bytes)
}

/// Writes a scalar.
pub fn scalar_bytes(scalar: &Fr) -> [u8; SCALAR_BYTES] {
    element_bytes(scalar)
}

/// A hash as a scalar, reduced.
pub(super) fn reduce(hash: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(hash)
}

/// Reads two coordinates that are a point of the curve. The identity has no
/// coordinates: zeros are no point.
pub(super) fn point(bytes: &[u8; POINT_BYTES]) -> Option<G1Affine> {
    let (x, y) = bytes.split_at(SCALAR_BYTES);
    let point = G1Affine::new_unchecked(element(x.try_into().ok()?)?, element(y.try_into().ok()?)?);
    // The group is the whole curve: its cofactor is one.
    point.is_on_curve().then_some(point)
}

/// Reads a point, or zeros for the identity: the commitment of a column of
/// zeros.
pub(super) fn point_or_identity(bytes: &[u8; POINT_BYTES]) -> Option<G1Affine> {
    match bytes.iter().all(|byte| *byte == 0) {
        true => Some(G1Affine::identity()),
        false => point(bytes),
    }
}

/// Writes a point; the identity is zeros.
pub fn point_bytes(point: &G1Affine) -> [u8; POINT_BYTES] {
    let mut bytes = [0; POINT_BYTES];
    if let Some((x, y)) = point.xy() {
        bytes[..SCALAR_BYTES].copy_from_slice(&element_bytes(&x));
        bytes[SCALAR_BYTES..].copy_from_slice(&element_bytes(&y));
    }
    bytes
}

/// Reads a point of the second group other than the identity, its coordinates
/// in the order of EIP-197: imaginary part first.
pub(super) fn second_point(bytes: &[u8; 2 * POINT_BYTES]) -> Option<G2Affine> {
    let mut parts = [Fq::from(0); 4];
    for (part, chunk) in parts.iter_mut().zip(bytes.chunks_exact(SCALAR_BYTES)) {
        *part = element(chunk.try_into().ok()?)?;
    }
    let [x1, x0, y1, y0] = parts;
    let point = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    let sound = point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve();
    sound.then_some(point)
}

/// Writes a point of the second group.
pub fn second_point_bytes(point: &G2Affine) -> [u8; 2 * POINT_BYTES] {
    let mut bytes = [0; 2 * POINT_BYTES];
    if let Some((x, y)) = point.xy() {
        let parts = [x.c1, x.c0, y.c1, y.c0];
        for (chunk, part) in bytes.chunks_exact_mut(SCALAR_BYTES).zip(&parts) {
            chunk.copy_from_slice(&element_bytes(part));
        }
    }
    bytes
}

/// The root of unity of order `2^k`, `k` at most 28.
pub fn root_of_unity(k: u32) -> Fr {
    let root = Fr::from(GENERATOR).pow(Fr::TRACE);
    (k..Fr::TWO_ADICITY).fold(root, |root, _| root.square())
}

/// What tells the columns of the permutation argument apart: a generator of
/// the subgroup of odd order.
pub fn delta() -> Fr {
    (0..Fr::TWO_ADICITY).fold(Fr::from(GENERATOR), |power, _| power.square())
}
