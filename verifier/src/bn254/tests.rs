//! Attacks that need to know the challenges.

use std::vec::Vec;

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use halo2_axiom::halo2curves::bn256::Bn256;
use halo2_axiom::poly::commitment::ParamsProver as _;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng as _;
use rand08::rngs::StdRng;

use super::field::{point, point_bytes};
use super::verifier::{Submission, Verifier};
use super::{ProofError, VerifyingKey, batch, reading};

#[path = "../../tests/common/kzg_vectors.rs"]
mod kzg_vectors;

/// `tau` in the first group, which everybody knows: the stored key's powers of
/// tau are of this seed.
fn tau() -> G1Projective {
    let params = ParamsKZG::<Bn256>::setup(1, StdRng::seed_from_u64(7));
    let tau = params.get_g()[1];
    let mut bytes = [0; 64];
    for (coordinate, to) in [tau.x, tau.y].iter().zip(bytes.chunks_exact_mut(32)) {
        to.copy_from_slice(&coordinate.to_bytes());
        to.reverse();
    }
    point(&bytes).unwrap().into_group()
}

/// Two false proofs whose errors cancel: the last commitments moved by
/// `tau - u` of each other, up and down. Whoever adds equations without
/// factors that depend on every byte accepts them.
#[test]
fn errors_of_a_batch_do_not_cancel() {
    let vectors = kzg_vectors::stored();
    let mut given: Vec<_> = vectors
        .iter()
        .map(|(_, vectors)| vectors.given(&kzg_vectors::Edit::Nothing))
        .filter(|given| given.key == "small.vk")
        .take(2)
        .collect();
    let key = VerifyingKey::from_bytes(&kzg_vectors::file("small.vk")).unwrap();
    let verifier = Verifier::new(key);
    let challenges: Vec<Fr> = given
        .iter()
        .map(|given| {
            let read = reading::read(
                verifier.key(),
                &super::layout::Layout::new(verifier.key().system()),
                &given.public_inputs,
                &given.proof,
            );
            read.unwrap().opening.u
        })
        .collect();
    let (generator, tau) = (G1Affine::generator(), tau());
    let moves = [tau - generator * challenges[1], generator * challenges[0] - tau];
    for (given, step) in given.iter_mut().zip(moves) {
        let at = given.proof.len() - 64;
        let last = point(given.proof[at..].try_into().unwrap()).unwrap();
        given.proof[at..].copy_from_slice(&point_bytes(&(step + last).into_affine()));
    }
    let submissions: Vec<_> = given
        .iter()
        .map(|given| Submission { public_inputs: &given.public_inputs, proof: &given.proof })
        .collect();
    let equations: Vec<_> =
        submissions.iter().map(|one| verifier.equation(*one).unwrap()).collect();
    let one = Fr::from(1);
    assert!(batch::holds(&verifier, &[(&equations[0], one), (&equations[1], one)]));
    assert!(!batch::holds(&verifier, &[(&equations[0], one)]));
    assert_eq!(verifier.verify_raw_batch(&submissions), [Err(ProofError::Invalid); 2]);
}
