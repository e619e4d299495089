//! A real proof with an escrow, of the smallest shape, under the on-chain proof system;
//! one of the transparent system is made by the command's tests.

use crate::common::escrow::{key, standard};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::{FamilyCircuit, Unprovable};
use zkmargin_circuits::kzg::{ProveError, ProvingKey, VerifyingKey, prove, prove_circuit};
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::escrow::EscrowCircuit;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::statement::escrow::EscrowInstance;

#[test]
fn a_proof_is_of_one_digest() {
    type Circuit = EscrowCircuit<Bn254Fr, StandardFigures<Bn254Fr>>;
    let case = standard::<Bn254Fr>();
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(Circuit::k(case.shape), StdRng::seed_from_u64(7));
    let proving = ProvingKey::<Circuit>::build(&params, case.shape).unwrap();
    let verifying = VerifyingKey::build::<Circuit>(&params, case.shape).unwrap();
    let proof = prove(&params, &proving, &case.instance, &case.witness).unwrap();
    assert_eq!(proof.len(), verifying.proof_size());
    verifying.verify(&params, &case.instance, &proof).unwrap();
    let other = EscrowInstance { escrow: case.instance.escrow + Bn254Fr::from(1), ..case.instance };
    assert!(verifying.verify(&params, &other, &proof).is_err());
    let error = prove(&params, &proving, &other, &case.witness).unwrap_err();
    let expected = Violation::EscrowDigest;
    assert!(matches!(error, ProveError::Unprovable(Unprovable::Violation(v)) if v == expected));
    // Another nonce, no sign, a key that is no point.
    let point = key::<Bn254Fr>();
    for lie in 0..3 {
        let circuit = case.lie(|a| match lie {
            0 => a.signs[17] = -a.signs[17],
            1 => a.signs[17] = Bn254Fr::from(0),
            _ => a.key = [point.x(), point.y() + Bn254Fr::from(1)],
        });
        let Ok(proof) = prove_circuit(&params, &proving, &case.instance, &circuit) else {
            continue;
        };
        assert!(verifying.verify(&params, &case.instance, &proof).is_err(), "lie {lie}");
    }
}
