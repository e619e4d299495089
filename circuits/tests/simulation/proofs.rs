//! Real proofs, under both proof systems.

use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::plonk::{SingleVerifier, verify_proof};
use halo2_proofs::transcript::{Blake2bRead, Challenge255};
use rand::rand_core::UnwrapErr;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::ipa::{self, IpaParams};
use zkmargin_margin::instance::MarginInstance;

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
