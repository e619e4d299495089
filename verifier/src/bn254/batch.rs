//! Pairing equations, one or many.

use alloc::vec::Vec;

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective};
use ark_ec::pairing::Pairing as _;
use ark_ec::{AffineRepr as _, CurveGroup as _, VariableBaseMSM as _};
use ark_ff::Zero as _;
use sha3::{Digest as _, Keccak256};

use super::field::reduce;
use super::key::KeyDigest;
use super::opening::Equation;
use super::verifier::{Submission, Verifier};

/// Begins what the factors of a batch are made of.
const FACTORS_DOMAIN: &[u8] = b"zkmargin batch";

/// Random factors of a batch, from the key and every byte of every proof and
/// public input: whoever changes one of them changes all factors.
pub(super) fn factors(key: KeyDigest, submissions: &[Submission<'_>]) -> Vec<Fr> {
    let mut hasher = Keccak256::new();
    hasher.update(FACTORS_DOMAIN);
    hasher.update(key.as_bytes());
    for Submission { public_inputs, proof } in submissions {
        hasher.update((public_inputs.len() as u64).to_be_bytes());
        public_inputs.iter().for_each(|row| hasher.update(row));
        hasher.update((proof.len() as u64).to_be_bytes());
        hasher.update(proof);
    }
    let seed: [u8; 32] = hasher.finalize().into();
    let factor = |index: usize| {
        let hash = Keccak256::new().chain_update(seed).chain_update((index as u64).to_be_bytes());
        reduce(&hash.finalize().into())
    };
    (0..submissions.len()).map(factor).collect()
}

/// Whether the sum of equations holds, each times its factor: two sums of
/// points and one pairing, however many there are.
pub(super) fn holds(verifier: &Verifier, equations: &[(&Equation, Fr)]) -> bool {
    let mut bases = verifier.bases.clone();
    let mut scalars = alloc::vec![Fr::zero(); bases.len()];
    let (mut lefts, mut factors) = (Vec::new(), Vec::new());
    for (equation, factor) in equations {
        for (sum, scalar) in scalars.iter_mut().zip(&equation.key) {
            *sum += *scalar * factor;
        }
        if let Some(generator) = scalars.get_mut(verifier.bases.len() - 1) {
            *generator += equation.generator * factor;
        }
        for (point, scalar) in &equation.own {
            bases.push(*point);
            scalars.push(*scalar * factor);
        }
        lefts.push(equation.left);
        factors.push(*factor);
    }
    let right = G1Projective::msm_unchecked(&bases, &scalars);
    let left = match (lefts.as_slice(), equations) {
        ([left], [(_, factor)]) if *factor == Fr::from(1) => left.into_group(),
        _ => G1Projective::msm_unchecked(&lefts, &factors),
    };
    let sides: [G1Affine; 2] = [left.into_affine(), (-right).into_affine()];
    let second = [verifier.tau.clone(), verifier.generator.clone()];
    Bn254::multi_pairing(sides, second).is_zero()
}

/// Finds the equations that do not hold, by halving.
pub(super) fn find_invalid(
    verifier: &Verifier,
    equations: &[(usize, &Equation, Fr)],
    invalid: &mut impl FnMut(usize),
) {
    let sum: Vec<_> = equations.iter().map(|(_, equation, factor)| (*equation, *factor)).collect();
    if equations.is_empty() || holds(verifier, &sum) {
        return;
    }
    if let [(index, ..)] = equations {
        return invalid(*index);
    }
    let (left, right) = equations.split_at(equations.len() / 2);
    find_invalid(verifier, left, invalid);
    find_invalid(verifier, right, invalid);
}
