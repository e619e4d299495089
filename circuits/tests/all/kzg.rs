//! Real proofs of the on-chain proof system.

use std::sync::LazyLock;

use crate::common::*;
use halo2_axiom::poly::commitment::Params as _;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::Unprovable;
use zkmargin_circuits::kzg::{
    KeyError, KzgParams, ProveError, ProvingKey, Setup, VerifyingKey, prove, prove_circuit,
};
use zkmargin_circuits::standard::{Assignment, StandardCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;

type Key = ProvingKey<StandardCircuit<Bn254Fr>>;

struct Fixture {
    params: KzgParams,
    proving: Key,
    verifying: VerifyingKey,
    case: Case<Bn254Fr>,
    proof: Vec<u8>,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    // Insecure: the tests know tau.
    let params = ParamsKZG::setup(k::<Bn254Fr>(Shape::Small), StdRng::seed_from_u64(7));
    let proving = ProvingKey::build(&params, Shape::Small).unwrap();
    let verifying = VerifyingKey::build::<StandardCircuit<Bn254Fr>>(&params, Shape::Small).unwrap();
    let case = Market::over_field().case(&healthy(), at_least(Level::Initial), 0);
    let proof = prove(&params, &proving, &case.instance, &case.witness).unwrap();
    Fixture { params, proving, verifying, case, proof }
});

#[test]
fn accepts_a_true_proof_of_the_exact_length() {
    let Fixture { params, verifying, case, proof, .. } = &*FIXTURE;
    assert_eq!(proof.len(), verifying.proof_size());
    verifying.verify(params, &case.instance, proof).unwrap();
}

#[test]
fn rejects_other_instances_and_bytes() {
    let Fixture { params, verifying, case, proof, .. } = &*FIXTURE;
    let mut other = case.instance;
    other.claim = at_least(Level::Maintenance);
    assert!(verifying.verify(params, &other, proof).is_err());
    let mut other = case.instance;
    other.market_root += Bn254Fr::from(1);
    assert!(verifying.verify(params, &other, proof).is_err());
    for at in (0..proof.len()).step_by(29) {
        let mut bent = proof.clone();
        bent[at] ^= 1;
        assert!(verifying.verify(params, &case.instance, &bent).is_err(), "byte {at}");
    }
}

#[test]
fn rejects_lies() {
    let Fixture { params, proving, verifying, case, .. } = &*FIXTURE;
    type Lie = fn(&mut Assignment<Bn254Fr>);
    let lies: [Lie; 5] = [
        |a| a.slots[0].cash += Bn254Fr::from(1),
        |a| a.slots[1].mantissa += Bn254Fr::from(1),
        |a| a.slots[3].padding = Bn254Fr::from(1),
        |a| a.slots[3].maintenance_scaled.quotient -= Bn254Fr::from(1),
        |a| a.claim.is_initial = Bn254Fr::from(0),
    ];
    for lie in lies {
        let Ok(proof) = prove_circuit(params, proving, &case.instance, &case.lie(lie)) else {
            continue;
        };
        assert!(verifying.verify(params, &case.instance, &proof).is_err());
    }
}

#[test]
fn does_not_prove_what_is_false() {
    let Fixture { params, proving, .. } = &*FIXTURE;
    let case = Market::<Bn254Fr>::over_field().case(&healthy(), below(Level::Initial), 0);
    let error = prove(params, proving, &case.instance, &case.witness).unwrap_err();
    assert!(matches!(error, ProveError::Unprovable(Unprovable::Violation(Violation::FalseClaim))));
    let error = Key::build(params, Shape::Medium).unwrap_err();
    assert!(matches!(error, KeyError::ParamsSize { expected: 15, got: 13, .. }));
}

/// Stored keys are found by what they depend on, and read to their end.
#[test]
fn stored_keys_are_of_their_powers_of_tau_and_whole() {
    let Fixture { params, proving, verifying, .. } = &*FIXTURE;
    let setup = |params| Setup::<StandardCircuit<Bn254Fr>>::new(params, Shape::Small).unwrap();
    let other = ParamsKZG::setup(params.k(), StdRng::seed_from_u64(8));
    let (own, other) = (setup(params), setup(&other));
    assert_ne!(own.id(), other.id());

    let mut bytes = verifying.to_bytes();
    assert_eq!(own.read_verifying_key(&bytes).unwrap().digest(), verifying.digest());
    bytes.push(0);
    assert!(own.read_verifying_key(&bytes).is_none());
    let mut bytes = proving.to_bytes();
    assert_eq!(own.read_proving_key(&bytes).unwrap().digest(), proving.digest());
    bytes.push(0);
    assert!(own.read_proving_key(&bytes).is_none());
}
