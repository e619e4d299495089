//! The seeded fault outside of the circuit: a verifier that leaves the length
//! to `halo2_proofs`, which stops reading where it is satisfied.

use crate::common;
use halo2_proofs::plonk::{SingleVerifier, verify_proof};
use halo2_proofs::transcript::{Blake2bRead, Challenge255};
use pasta_curves::{Fp, vesta};
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::ipa::{IpaParams, VerifyingKey};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::shape::Shape;
use zkmargin_verifier::error::VerifyError;
use zkmargin_verifier::ipa::Verifier;
use zkmargin_verifier::proof::ProofFile;

#[test]
fn a_padded_proof_passes_a_verifier_without_the_length_check_and_ours_refuses_it() {
    // The stored proof is one of the circuit as it was, golden too.
    if common::golden::is_off() {
        return;
    }
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../verifier/golden/standard-small-ipa.proof.json");
    let stored = ProofFile::<Fp>::parse(&std::fs::read(path).unwrap()).unwrap();
    let padded = [stored.proof(), &[0; 3]].concat();

    let params = IpaParams::new(<StandardCircuit<Fp> as FamilyCircuit<Fp>>::k(Shape::Small));
    let key = VerifyingKey::build::<StandardCircuit<Fp>>(&params, Shape::Small).unwrap();
    let rows = stored.instance().to_field_elements();
    let faulty = |proof: &[u8]| {
        let mut transcript = Blake2bRead::<_, vesta::Affine, Challenge255<_>>::init(proof);
        let strategy = SingleVerifier::new(&params);
        verify_proof(&params, key.inner(), strategy, &[&[&rows]], &mut transcript).is_ok()
    };
    assert!(faulty(stored.proof()));
    assert!(faulty(&padded), "the library would check the length by itself");

    let verifier = Verifier::new::<StandardCircuit<Fp>>(params.clone(), Shape::Small).unwrap();
    assert!(verifier.verify(&stored).is_ok());
    let file = ProofFile::new(stored.circuit(), *stored.instance(), padded).unwrap();
    assert!(matches!(verifier.verify(&file), Err(VerifyError::Length { .. })));
}
