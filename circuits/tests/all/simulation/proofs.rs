//! Real proofs, under both proof systems.

use std::time::Instant;

use halo2_proofs::plonk::{SingleVerifier, verify_proof};
use halo2_proofs::transcript::{Blake2bRead, Challenge255};
use rand::rand_core::UnwrapErr;
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::ipa::IpaParams;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::simulation::SimulationWitness;

use super::*;

#[test]
fn a_transparent_proof() {
    type Key = ipa::ProvingKey<Circuit<Fp>>;
    let params = IpaParams::new(k::<Fp>());
    let proving = Key::build(&params, Shape::Small).unwrap();
    let verifying = ipa::VerifyingKey::build::<Circuit<Fp>>(&params, Shape::Small).unwrap();
    let market = SimulationMarket::new();
    let shortfall = market.margin(&poor()).shortfall(Level::Maintenance);
    let case = market.case(&poor(), below(Level::Maintenance), shortfall);
    let rng = UnwrapErr(rand::rngs::SysRng);
    let proof = ipa::prove(&params, &proving, &case.instance, &case.witness, rng).unwrap();
    let verify = |instance: &MarginInstance<Fp>| {
        let strategy = SingleVerifier::new(&params);
        let rows = instance.to_field_elements();
        let mut transcript = Blake2bRead::<_, _, Challenge255<_>>::init(proof.as_slice());
        verify_proof(&params, verifying.inner(), strategy, &[&[&rows]], &mut transcript)
    };
    verify(&case.instance).unwrap();
    let mut other = case.instance;
    other.claim = below(Level::Initial);
    assert!(verify(&other).is_err());
}

#[test]
fn an_on_chain_proof() {
    type Key = kzg::ProvingKey<Circuit<Bn254Fr>>;
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(k::<Bn254Fr>(), StdRng::seed_from_u64(7));
    let proving = Key::build(&params, Shape::Small).unwrap();
    let verifying = kzg::VerifyingKey::build::<Circuit<Bn254Fr>>(&params, Shape::Small).unwrap();
    let market = SimulationMarket::<Bn254Fr>::of(rows(), terms());
    let case = market.case(&healthy(), at_least(Level::Initial), 0);
    let proof = kzg::prove(&params, &proving, &case.instance, &case.witness).unwrap();
    verifying.verify(&params, &case.instance, &proof).unwrap();
    let mut other = case.instance;
    other.claim = below(Level::Initial);
    assert!(verifying.verify(&params, &other, &proof).is_err());
}

/// Sixteen positions of 500 scenarios, in the circuit that has keys: minutes, and
/// asked for with `cargo test -p zkmargin-circuits --test all simulation::deep -- --ignored --nocapture`.
#[test]
#[ignore = "a proof of 2^15 and one of 2^16 rows"]
fn deep_proofs() {
    let market = SimulationMarket::<Fp>::of(whole_rows(Shape::Deep), whole_terms(Shape::Deep));
    let case = market.case(&whole_book(), at_least(Level::Initial), 0);
    type Ipa = SimulationCircuit<Fp>;
    let params = IpaParams::new(Ipa::k(Shape::Deep));
    let proving = ipa::ProvingKey::<Ipa>::build(&params, Shape::Deep).unwrap();
    let verifying = ipa::VerifyingKey::build::<Ipa>(&params, Shape::Deep).unwrap();
    let start = Instant::now();
    let rng = UnwrapErr(rand::rngs::SysRng);
    let proof = ipa::prove(&params, &proving, &case.instance, &case.witness, rng).unwrap();
    println!("ipa: k {}, {:.1?}, {} B", params.k(), start.elapsed(), proof.len());
    let strategy = SingleVerifier::new(&params);
    let rows = case.instance.to_field_elements();
    let mut transcript = Blake2bRead::<_, _, Challenge255<_>>::init(proof.as_slice());
    verify_proof(&params, verifying.inner(), strategy, &[&[&rows]], &mut transcript).unwrap();

    let market = SimulationMarket::<Bn254Fr>::of(whole_rows(Shape::Deep), whole_terms(Shape::Deep));
    let case = market.case(&whole_book(), at_least(Level::Initial), 0);
    println!("{}", on_chain::<SimulationCircuit<Bn254Fr>>(&case));
    println!("{}", on_chain::<SimulationCircuit<Bn254Fr, SCENARIOS, Wide>>(&case));
}

/// Proves and verifies; what it took.
fn on_chain<C>(case: &SimulationCase<Bn254Fr>) -> String
where
    C: FamilyCircuit<
            Bn254Fr,
            Instance = MarginInstance<Bn254Fr>,
            Witness = SimulationWitness<Bn254Fr>,
        >,
{
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(C::k(Shape::Deep), StdRng::seed_from_u64(7));
    let proving = kzg::ProvingKey::<C>::build(&params, Shape::Deep).unwrap();
    let verifying = kzg::VerifyingKey::build::<C>(&params, Shape::Deep).unwrap();
    let start = Instant::now();
    let proof = kzg::prove(&params, &proving, &case.instance, &case.witness).unwrap();
    let (k, layout) = (C::k(Shape::Deep), C::layout());
    let took = format!("kzg {layout}: k {k}, {:.1?}, {} B", start.elapsed(), proof.len());
    verifying.verify(&params, &case.instance, &proof).unwrap();
    let mut other = case.instance;
    other.claim = below(Level::Initial);
    assert!(verifying.verify(&params, &other, &proof).is_err());
    took
}
