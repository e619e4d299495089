//! The checks that make group elements an SRS.
//!
//! | check | of |
//! |---|---|
//! | coordinates reduced, point on its curve, not the identity | every element that is used |
//! | in the group of prime order | the elements of G2 (in G1 the curve is the group) |
//! | standard generators | `tau^0` in both groups |
//! | `tau` is neither a small number (of either sign) nor a root of unity of the domain | `tau^1` in G1, Lagrange basis |
//! | `e(sum r_i tau^(i+1) G1, G2) = e(sum r_i tau^i G1, tau G2)` | all powers |
//! | `sum r_i L_i(tau) G1` is the commitment to the polynomial with the values `r_i` | Lagrange basis |
//!
//! The `r_i` are the powers of one challenge, which is hashed from a digest of
//! everything that was read. A set of elements that is not the powers of one
//! `tau` passes with a probability below `2^k / r`, less than `2^-229`, per
//! hash that its maker tries.

use std::iter;
use std::sync::LazyLock;

use blake2::{Blake2b512, Digest};
use halo2_axiom::arithmetic::best_multiexp;
use halo2_axiom::halo2curves::CurveAffine;
use halo2_axiom::halo2curves::bn256::{Bn256, Fq, Fq2, Fr, G1, G1Affine, G2Affine, G2Prepared};
use halo2_axiom::halo2curves::ff::{Field, FromUniformBytes};
use halo2_axiom::halo2curves::group::cofactor::CofactorGroup;
use halo2_axiom::halo2curves::group::prime::PrimeCurveAffine;
use halo2_axiom::halo2curves::group::{Curve, Group};
use halo2_axiom::halo2curves::pairing::{MillerLoopResult, MultiMillerLoop};
use halo2_axiom::halo2curves::serde::SerdeObject;
use halo2_axiom::poly::EvaluationDomain;

use crate::srs::{Element, Invalid, Malformed, SrsError};

/// Bytes of an element of G1: both coordinates, little-endian Montgomery limbs.
pub(crate) const G1_BYTES: usize = 64;
/// Bytes of an element of G2: as in G1, each coordinate as `c0`, `c1`.
pub(crate) const G2_BYTES: usize = 128;

/// Secrets up to this number, of either sign, are refused.
const SMALL_SECRETS: usize = 1 << 10;

/// Reads an element of G1: on the curve, which is the whole group, and not the
/// identity.
pub(crate) fn decode_g1(bytes: &[u8], element: Element) -> Result<G1Affine, SrsError> {
    let (x, y) = coordinates::<Fq>(bytes, G1_BYTES, element)?;
    point(x, y, element)
}

/// Reads an element of G2: on the curve, in the group and not the identity.
pub(crate) fn decode_g2(bytes: &[u8], element: Element) -> Result<G2Affine, SrsError> {
    let (x, y) = coordinates::<Fq2>(bytes, G2_BYTES, element)?;
    let point: G2Affine = point(x, y, element)?;
    match bool::from(point.to_curve().is_torsion_free()) {
        true => Ok(point),
        false => Err(Invalid::NotInSubgroup(element).into()),
    }
}

fn coordinates<F: SerdeObject>(
    bytes: &[u8],
    length: usize,
    element: Element,
) -> Result<(F, F), SrsError> {
    let (x, y) = bytes.split_at_checked(length / 2).unwrap_or_default();
    F::from_raw_bytes(x)
        .zip(F::from_raw_bytes(y))
        .ok_or_else(|| Malformed::NotCanonical(element).into())
}

fn point<C: CurveAffine>(x: C::Base, y: C::Base, element: Element) -> Result<C, SrsError> {
    // The identity is written as (0, 0), and counts as on the curve.
    if bool::from(x.is_zero() & y.is_zero()) {
        return Err(Invalid::Identity(element).into());
    }
    Option::from(C::from_xy(x, y)).ok_or_else(|| Invalid::NotOnCurve(element).into())
}

/// Requires that both groups begin with the standard generators.
pub(crate) fn generators(g: &[G1Affine], g2: &G2Affine) -> Result<(), Invalid> {
    if g.first() != Some(&G1Affine::generator()) {
        return Err(Invalid::NotGenerator(Element::G1(0)));
    }
    match *g2 == G2Affine::generator() {
        true => Ok(()),
        false => Err(Invalid::NotGenerator(Element::G2(0))),
    }
}

/// The small multiples of the generator.
static SMALL: LazyLock<Vec<G1Affine>> = LazyLock::new(|| {
    let next = |multiple: &G1| Some(multiple + G1Affine::generator());
    let multiples: Vec<_> =
        iter::successors(Some(G1::generator()), next).take(SMALL_SECRETS).collect();
    let mut points = vec![G1Affine::identity(); multiples.len()];
    G1::batch_normalize(&multiples, &mut points);
    points
});

/// Requires that the secret is not a small number, of either sign.
pub(crate) fn secret_is_not_small(tau_g1: &G1Affine) -> Result<(), Invalid> {
    match SMALL.iter().any(|point| point.x == tau_g1.x) {
        true => Err(Invalid::TrivialSecret),
        false => Ok(()),
    }
}

/// Requires that the secret is no root of unity of the domain: the Lagrange
/// basis would then be of generators and identities.
pub(crate) fn secret_is_not_a_root(g_lagrange: &[G1Affine]) -> Result<(), Invalid> {
    match g_lagrange.iter().any(|point| bool::from(point.is_identity())) {
        true => Err(Invalid::TrivialSecret),
        false => Ok(()),
    }
}

/// Requires that the elements are the powers of one secret.
pub(crate) fn powers(g: &[G1Affine], s_g2: &G2Affine, seed: &[u8; 64]) -> Result<(), Invalid> {
    let count = g.len().saturating_sub(1);
    let scalars = challenges(b"powers", seed, count);
    let low = best_multiexp(&scalars, &g[..count]);
    let high = best_multiexp(&scalars, &g[g.len() - count..]);
    match same_ratio(&high.to_affine(), &low.to_affine(), s_g2) {
        true => Ok(()),
        false => Err(Invalid::Inconsistent),
    }
}

/// Whether `high = tau low`, by pairings.
pub(crate) fn same_ratio(high: &G1Affine, low: &G1Affine, s_g2: &G2Affine) -> bool {
    let generator = G2Prepared::from(G2Affine::generator());
    let secret = G2Prepared::from(*s_g2);
    let terms = [(high, &generator), (&-*low, &secret)];
    bool::from(Bn256::multi_miller_loop(&terms).final_exponentiation().is_identity())
}

/// Requires that a Lagrange basis belongs to the powers.
pub(crate) fn lagrange(
    g: &[G1Affine],
    g_lagrange: &[G1Affine],
    k: u32,
    seed: &[u8; 64],
) -> Result<(), Invalid> {
    let values = challenges(b"lagrange", seed, g_lagrange.len());
    let expected = best_multiexp(&values, g_lagrange);
    let domain = EvaluationDomain::<Fr>::new(1, k);
    let coefficients = domain.lagrange_to_coeff(domain.lagrange_from_vec(values));
    match g.len() == g_lagrange.len() && best_multiexp(&coefficients, g) == expected {
        true => Ok(()),
        false => Err(Invalid::Lagrange),
    }
}

/// The powers of a challenge, from the first on.
fn challenges(label: &[u8], seed: &[u8; 64], count: usize) -> Vec<Fr> {
    let mut hasher = Blake2b512::new();
    hasher.update(b"zkmargin SRS challenge ");
    hasher.update(seed);
    hasher.update(label);
    let challenge = Fr::from_uniform_bytes(&hasher.finalize().into());
    iter::successors(Some(Fr::ONE), |power| Some(power * challenge)).take(count).collect()
}
