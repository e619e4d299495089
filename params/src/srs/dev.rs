//! An SRS whose secret everybody can compute.

use std::iter;
use std::sync::LazyLock;

use blake2::{Blake2b512, Digest};
use halo2_axiom::halo2curves::bn256::{Fr, G1, G1Affine, G2Affine};
use halo2_axiom::halo2curves::ff::{Field, FromUniformBytes, PrimeField};
use halo2_axiom::halo2curves::group::prime::PrimeCurveAffine;
use halo2_axiom::halo2curves::group::{Curve, Group};
use rayon::prelude::*;

use crate::srs::{
    Invalid, Srs, SrsError, SrsInfo, SrsKind, SrsSource, check, check_k, lagrange, params,
};

/// Seeds below are recognised, should their SRS come back as a file.
const KNOWN_SEEDS: u64 = 256;

/// Makes an **insecure** SRS of size `2^k` for tests: its secret is the hash of
/// the seed, and whoever knows it can prove anything.
///
/// It is deterministic, and SRSs of one seed are of one secret: the smaller is
/// the larger one truncated. Its [`SrsKind`] stays with it, and
/// [`Srs::params`] gives it out only when asked for an insecure one.
///
/// # Errors
/// When `k` is not supported.
pub fn dev(k: u32, seed: u64) -> Result<Srs, SrsError> {
    check_k(k)?;
    let secret = secret(seed);
    let table = Table::new();
    // At most 2^24: `check_k`.
    let size = 1usize << k;
    let powers: Vec<_> =
        iter::successors(Some(Fr::ONE), |power| Some(power * secret)).take(size).collect();
    let g = table.multiples(&powers);
    let g_lagrange = table.multiples(&lagrange_values(secret, k).ok_or(Invalid::TrivialSecret)?);
    let g2 = [G2Affine::generator(), (G2Affine::generator() * secret).to_affine()];
    check::secret_is_not_a_root(&g_lagrange)?;
    let params = params(k, g, g_lagrange, g2)?;
    let source = SrsSource::Seed { seed };
    Ok(Srs::new(params, SrsInfo::new(k, SrsKind::InsecureDev, source, &g2[1])))
}

/// The first seeds' secrets in G1.
static KNOWN: LazyLock<Vec<G1Affine>> = LazyLock::new(|| {
    (0..KNOWN_SEEDS)
        .into_par_iter()
        .map(|seed| (G1::generator() * secret(seed)).to_affine())
        .collect()
});

/// Whether a secret is that of one of the first seeds.
pub(crate) fn is_known(tau_g1: &G1Affine) -> bool {
    KNOWN.contains(tau_g1)
}

fn secret(seed: u64) -> Fr {
    let mut hasher = Blake2b512::new();
    hasher.update(b"zkmargin insecure SRS for tests");
    hasher.update(seed.to_le_bytes());
    Fr::from_uniform_bytes(&hasher.finalize().into())
}

/// The Lagrange polynomials' values at the secret:
/// `L_i(s) = (s^n - 1) / n * w^i / (s - w^i)`.
fn lagrange_values(secret: Fr, k: u32) -> Option<Vec<Fr>> {
    let root = lagrange::root(k);
    let size = 1u64 << k;
    let inverse: Option<Fr> = Fr::from(size).invert().into();
    let factor = (secret.pow_vartime([size]) - Fr::ONE) * inverse?;
    (0..size)
        .into_par_iter()
        .map(|index| {
            let root = root.pow_vartime([index]);
            let inverse: Option<Fr> = (secret - root).invert().into();
            inverse.map(|inverse| factor * root * inverse)
        })
        .collect()
}

/// Multiples of the generator: `digit * 256^position`, for every byte of a
/// scalar.
struct Table(Vec<G1Affine>);

const DIGITS: usize = 256;
const POSITIONS: usize = 32;

impl Table {
    fn new() -> Self {
        let mut multiples = Vec::with_capacity(DIGITS * POSITIONS);
        let mut base = G1::generator();
        for _ in 0..POSITIONS {
            let mut multiple = G1::identity();
            for _ in 0..DIGITS {
                multiples.push(multiple);
                multiple += base;
            }
            base = multiple;
        }
        let mut points = vec![G1Affine::identity(); multiples.len()];
        G1::batch_normalize(&multiples, &mut points);
        Self(points)
    }

    /// The generator times each scalar.
    fn multiples(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        scalars
            .par_chunks(1024)
            .flat_map_iter(|scalars| {
                let sums: Vec<G1> = scalars.iter().map(|scalar| self.multiple(scalar)).collect();
                let mut points = vec![G1Affine::identity(); sums.len()];
                G1::batch_normalize(&sums, &mut points);
                points
            })
            .collect()
    }

    fn multiple(&self, scalar: &Fr) -> G1 {
        let repr = scalar.to_repr();
        let bytes: &[u8] = repr.as_ref();
        bytes
            .iter()
            .zip(self.0.chunks_exact(DIGITS))
            .fold(G1::identity(), |sum, (digit, multiples)| sum + multiples[usize::from(*digit)])
    }
}
