//! Attacks that need to know the challenges.

use std::string::String;
use std::vec::Vec;

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::Field as _;
use halo2_axiom::halo2curves::bn256::Bn256;
use halo2_axiom::poly::commitment::ParamsProver as _;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng as _;
use rand08::rngs::StdRng;

use super::field::{POINT_BYTES, point, point_bytes};
use super::layout::Layout;
use super::verifier::{Submission, Verifier};
use super::{ProofError, VerifyingKey, batch, reading};

#[path = "../../tests/common/kzg_vectors.rs"]
mod kzg_vectors;

use kzg_vectors::{Batch, Edit, Forged, Forgeries, Given, Hex};

/// The key of the stored proofs.
const KEY: &str = "small.vk";

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

/// The name of a file of vectors and a true proof of the forgeries' key.
type True = (String, Given);

/// Makes false proofs whose errors cancel, from true ones: of the last
/// commitment nothing is hashed, and who moves it by `d` moves the proof's
/// equation by `(tau - u) d`.
struct Forger {
    verifier: Verifier,
    proofs: Vec<True>,
    /// `tau - u` of each proof, in the first group.
    steps: Vec<G1Projective>,
}

impl Forger {
    /// Each true proof of the key twice.
    fn new() -> Self {
        let key = VerifyingKey::from_bytes(&kzg_vectors::file(KEY)).unwrap();
        let layout = Layout::new(key.system());
        let mut proofs: Vec<True> = kzg_vectors::stored()
            .into_iter()
            .map(|(file, vectors)| (file, vectors.given(&Edit::Nothing)))
            .filter(|(_, given)| given.key == KEY)
            .collect();
        proofs.extend(proofs.clone());
        assert_eq!(proofs.len(), 4);
        let step = |(_, given): &True| {
            let read = reading::read(&key, &layout, &given.public_inputs, &given.proof).unwrap();
            tau() - G1Affine::generator() * read.opening.u
        };
        let steps = proofs.iter().map(step).collect();
        Self { steps, proofs, verifier: Verifier::new(key) }
    }

    /// The proofs with last commitments moved.
    fn moved(&self, moves: &[(usize, G1Projective)]) -> Vec<True> {
        let mut proofs = self.proofs.clone();
        for (index, step) in moves {
            let proof = &mut proofs[*index].1.proof;
            let at = proof.len() - POINT_BYTES;
            let last = point(proof[at..].try_into().unwrap()).unwrap();
            proof[at..].copy_from_slice(&point_bytes(&(*step + last).into_affine()));
        }
        proofs
    }

    /// Two moves that cancel when the proofs have these factors.
    fn cancelling(
        &self,
        (a, of_a): (usize, Fr),
        (b, of_b): (usize, Fr),
    ) -> [(usize, G1Projective); 2] {
        [(a, self.steps[b] * of_b), (b, -self.steps[a] * of_a)]
    }

    fn factors(&self, proofs: &[True]) -> Vec<Fr> {
        batch::factors(self.verifier.key().digest(), &submissions(proofs))
    }

    /// Whether the sum of the proofs' equations holds under factors.
    fn holds(&self, proofs: &[True], factors: &[Fr]) -> bool {
        let equations: Vec<_> =
            submissions(proofs).iter().map(|one| self.verifier.equation(*one).unwrap()).collect();
        let sum: Vec<_> = equations.iter().zip(factors.iter().copied()).collect();
        batch::holds(&self.verifier, &sum)
    }

    /// A batch that cancels under these factors and must be refused.
    fn batch(&self, said: String, proofs: &[True], factors: &[Fr]) -> Batch {
        assert!(self.holds(proofs, factors), "{said}: the forgery itself is wrong");
        let changed = |index: &usize| proofs[*index].1.proof != self.proofs[*index].1.proof;
        let forged = |(file, given): &True| {
            let at = given.proof.len() - POINT_BYTES;
            Forged {
                of: file.clone(),
                edit: Edit::Replace { at, with: Hex(given.proof[at..].to_vec()) },
            }
        };
        Batch {
            factors: said,
            invalid: (0..proofs.len()).filter(changed).collect(),
            proofs: proofs.iter().map(forged).collect(),
        }
    }

    fn forgeries(&self) -> Forgeries {
        let one = Fr::from(1);
        let ones = alloc::vec![one; self.proofs.len()];
        let known = self.factors(&self.proofs);
        let proofs = self.moved(&self.cancelling((0, one), (1, one)));
        let mut batches = alloc::vec![self.batch("all one".into(), &proofs, &ones)];
        // All pairs at once, and the factors that the true proofs had.
        let pair = |a: usize, b: usize| self.cancelling((a, known[a]), (b, known[b]));
        let proofs = self.moved(&[pair(0, 1), pair(2, 3)].concat());
        batches.push(self.batch("of the true proofs".into(), &proofs, &known));
        // The last point of one proof is moved after all factors are known.
        for late in 0..self.proofs.len() {
            let other = (late + 1) % self.proofs.len();
            let first = (other, -self.steps[late]);
            let known = self.factors(&self.moved(&[first]));
            let ratio = known[other] * known[late].inverse().unwrap();
            let proofs = self.moved(&[first, (late, self.steps[other] * ratio)]);
            let said = std::format!("of all but the last point of proof {late}");
            batches.push(self.batch(said, &proofs, &known));
        }
        let description = "False proofs whose errors cancel under factors that do not depend \
                           on every byte: no verifier of batches accepts them."
            .into();
        Forgeries { description, key: KEY.into(), batches }
    }
}

fn submissions(proofs: &[True]) -> Vec<Submission<'_>> {
    let mut submissions = Vec::new();
    for (_, Given { public_inputs, proof, .. }) in proofs {
        submissions.push(Submission { public_inputs, proof });
    }
    submissions
}

/// Whoever adds equations with factors that leave anything out accepts one of
/// these. `UPDATE_GOLDEN=1` writes them for the other verifiers.
#[test]
fn errors_of_a_batch_do_not_cancel() {
    let forger = Forger::new();
    let forgeries = forger.forgeries();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&forgeries).unwrap() + "\n";
        std::fs::write(kzg_vectors::directory().join(kzg_vectors::FORGERIES), text).unwrap();
    }
    assert_eq!(kzg_vectors::forgeries(), forgeries);
    for batch in &forgeries.batches {
        let proofs: Vec<True> =
            batch.given().into_iter().map(|given| (String::new(), given)).collect();
        let results = forger.verifier.verify_raw_batch(&submissions(&proofs));
        for (index, result) in results.into_iter().enumerate() {
            let expected =
                if batch.invalid.contains(&index) { Err(ProofError::Invalid) } else { Ok(()) };
            assert_eq!(result, expected, "{}: proof {index}", batch.factors);
        }
    }
}

/// Under all factors but one nothing is learned about a batch: whichever one is
/// not the one that was foreseen, the errors show.
#[test]
fn one_unforeseen_factor_is_enough() {
    let forger = Forger::new();
    let known = forger.factors(&forger.proofs);
    let pair = |a: usize, b: usize| forger.cancelling((a, known[a]), (b, known[b]));
    let proofs = forger.moved(&[pair(0, 1), pair(2, 3)].concat());
    assert!(forger.holds(&proofs, &known));
    for index in 0..known.len() {
        let mut factors = known.clone();
        factors[index] += Fr::from(1);
        assert!(!forger.holds(&proofs, &factors), "factor {index}");
        assert!(forger.holds(&forger.proofs, &factors), "true proofs need no factor");
    }
}

/// A factor depends on the key, every public input and every part of every proof.
#[test]
fn every_factor_depends_on_everything() {
    let forger = Forger::new();
    let known = forger.factors(&forger.proofs);
    let differ = |what: &str, factors: &[Fr]| {
        assert!(known.iter().zip(factors).all(|(a, b)| a != b), "{what}");
    };
    for index in 0..forger.proofs.len() {
        let proof = &forger.proofs[index].1;
        for at in (0..proof.proof.len()).step_by(32) {
            let mut proofs = forger.proofs.clone();
            proofs[index].1.proof[at + at / 32 % 32] ^= 1;
            differ(&std::format!("byte {at} of proof {index}"), &forger.factors(&proofs));
        }
        for row in 0..proof.public_inputs.len() {
            let mut proofs = forger.proofs.clone();
            proofs[index].1.public_inputs[row][31] ^= 1;
            differ(&std::format!("input {row} of proof {index}"), &forger.factors(&proofs));
        }
    }
    let other = VerifyingKey::from_bytes(&kzg_vectors::file("small-other-tau.vk")).unwrap();
    differ("key", &batch::factors(other.digest(), &submissions(&forger.proofs)));
    differ("a proof less", &forger.factors(&forger.proofs[1..]));
}
