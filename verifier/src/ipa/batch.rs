//! Which proofs of a batch are false: found by halving, so that one false proof
//! costs a batch some more sums, not a full verification of every other proof.

use alloc::vec::Vec;

use halo2_proofs::arithmetic::Field as _;
use halo2_proofs::plonk::{BatchVerifier, Error, VerificationStrategy, verify_proof};
use halo2_proofs::poly::commitment::{Guard, MSM};
use halo2_proofs::transcript::{Blake2bRead, Challenge255, EncodedChallenge};
use pasta_curves::{Fp, vesta};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zkmargin_circuits::ipa::IpaParams;

use super::{Verifier, refused};
use crate::error::VerifyError;
use crate::proof::ProofFile;

/// Memory for the equations of proofs among which a false one is looked for; of
/// more proofs, halves are taken first.
const EQUATIONS_BYTES: usize = 64 << 20;
/// Bytes of a scalar.
const SCALAR_BYTES: usize = 32;

/// What a proof comes to: a sum of points that is zero when it is true, with a
/// factor for each generator.
type Equation<'a> = MSM<'a, vesta::Affine>;
/// A proof with its place in the batch.
type Placed<'a> = (usize, &'a ProofFile<Fp>);

/// Takes a proof's equation without evaluating it.
struct Unevaluated<'a>(&'a IpaParams);

impl<'a> VerificationStrategy<'a, vesta::Affine> for Unevaluated<'a> {
    type Output = Equation<'a>;

    fn process<E: EncodedChallenge<vesta::Affine>>(
        self,
        verify: impl FnOnce(Equation<'a>) -> Result<Guard<'a, vesta::Affine, E>, Error>,
    ) -> Result<Self::Output, Error> {
        Ok(verify(MSM::new(self.0))?.use_challenges())
    }
}

/// Whether all proofs are true, by one random combination of them.
pub(super) fn all_valid(verifier: &Verifier, files: &[Placed<'_>]) -> bool {
    let mut batch = BatchVerifier::<vesta::Affine>::new();
    for (_, file) in files {
        let rows = file.instance().to_field_elements().to_vec();
        batch.add_proof(alloc::vec![alloc::vec![rows]], file.proof().to_vec());
    }
    batch.finalize(&verifier.params, verifier.key.inner())
}

/// Finds the false ones of proofs that are not all true.
pub(super) fn find_invalid(
    verifier: &Verifier,
    files: &[Placed<'_>],
    invalid: &mut impl FnMut(usize, VerifyError),
) {
    let kept = (EQUATIONS_BYTES / SCALAR_BYTES) >> verifier.params.k();
    if files.len() > kept.max(1) {
        let (left, right) = files.split_at(files.len() / 2);
        for half in [left, right] {
            if !all_valid(verifier, half) {
                find_invalid(verifier, half, invalid);
            }
        }
        return;
    }
    let mut equations = Vec::with_capacity(files.len());
    for (index, file) in files {
        match equation(verifier, file) {
            // The factor is the same in every sum: what a half lacks is in the other.
            Ok(mut equation) => {
                equation.scale(Fp::random(&mut UnwrapErr(SysRng)));
                equations.push((*index, equation));
            }
            Err(error) => invalid(*index, refused(&error)),
        }
    }
    // Without those that come to no equation, the rest may be true.
    let wrong = equations.len() == files.len();
    halve(verifier, &equations, wrong, &mut |index| invalid(index, VerifyError::Invalid));
}

/// The equation of one proof.
fn equation<'a>(verifier: &'a Verifier, file: &ProofFile<Fp>) -> Result<Equation<'a>, Error> {
    let rows = file.instance().to_field_elements();
    let mut transcript = Blake2bRead::<_, vesta::Affine, Challenge255<_>>::init(file.proof());
    let strategy = Unevaluated(&verifier.params);
    verify_proof(&verifier.params, verifier.key.inner(), strategy, &[&[&rows]], &mut transcript)
}

/// Finds the equations that do not hold; whether there are any. `wrong` says
/// that it is known already that there are.
fn halve(
    verifier: &Verifier,
    equations: &[(usize, Equation<'_>)],
    wrong: bool,
    invalid: &mut impl FnMut(usize),
) -> bool {
    if equations.is_empty() || !wrong && holds(verifier, equations) {
        return false;
    }
    if let [(index, _)] = equations {
        invalid(*index);
        return true;
    }
    let (left, right) = equations.split_at(equations.len() / 2);
    let in_left = halve(verifier, left, false, invalid);
    halve(verifier, right, !in_left, invalid);
    true
}

/// Whether the sum of equations holds.
fn holds(verifier: &Verifier, equations: &[(usize, Equation<'_>)]) -> bool {
    let mut sum = MSM::new(&verifier.params);
    equations.iter().for_each(|(_, equation)| sum.add_msm(equation));
    sum.eval()
}
