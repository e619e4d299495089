//! Real proofs of scenario margin, under both proof systems.

use crate::common::scenario::*;
use crate::common::{at_least, below};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::plonk::{SingleVerifier, verify_proof};
use halo2_proofs::transcript::{Blake2bRead, Challenge255};
use pasta_curves::Fp;
use rand::rand_core::UnwrapErr;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::ipa::{self, IpaParams};
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::{Assignment, ScenarioCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::Shape;

/// A breach that discloses its shortfall.
fn breach<F: MarginField>() -> ScenarioCase<F> {
    let market = ScenarioMarket::over_field();
    let shortfall = market.margin(&poor()).shortfall(Level::Maintenance);
    market.case(&poor(), below(Level::Maintenance), shortfall)
}

#[test]
fn a_transparent_proof() {
    type Key = ipa::ProvingKey<ScenarioCircuit<Fp>>;
    let params = IpaParams::new(k::<Fp>(Shape::Small));
    let proving = Key::build(&params, Shape::Small).unwrap();
    let verifying = ipa::VerifyingKey::build::<ScenarioCircuit<Fp>>(&params, Shape::Small).unwrap();
    assert_eq!(proving.digest(), verifying.digest());

    let case = breach();
    let rng = UnwrapErr(rand::rngs::SysRng);
    let proof = ipa::prove(&params, &proving, &case.instance, &case.witness, rng).unwrap();
    assert_eq!(proof.len(), verifying.proof_size());
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
    type Key = kzg::ProvingKey<ScenarioCircuit<Bn254Fr>>;
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(k::<Bn254Fr>(Shape::Small), StdRng::seed_from_u64(7));
    let proving = Key::build(&params, Shape::Small).unwrap();
    let verifying =
        kzg::VerifyingKey::build::<ScenarioCircuit<Bn254Fr>>(&params, Shape::Small).unwrap();

    let case = breach();
    let proof = kzg::prove(&params, &proving, &case.instance, &case.witness).unwrap();
    assert_eq!(proof.len(), verifying.proof_size());
    verifying.verify(&params, &case.instance, &proof).unwrap();
    let mut other = case.instance;
    other.claim = at_least(Level::Initial);
    assert!(verifying.verify(&params, &other, &proof).is_err());

    type Lie = fn(&mut Assignment<Bn254Fr>);
    let lies: [Lie; 2] = [
        |a| a.underlyings[0].worst -= Bn254Fr::from(1),
        |a| a.slots[0].values[0] += Bn254Fr::from(1),
    ];
    for lie in lies {
        let lie = case.lie(lie);
        let Ok(proof) = kzg::prove_circuit(&params, &proving, &case.instance, &lie) else {
            continue;
        };
        assert!(verifying.verify(&params, &case.instance, &proof).is_err());
    }
}

/// A breach on both underlyings that discloses its shortfall.
fn breach_on_both<F: MarginField>() -> ScenarioCase<F> {
    let (market, positions) = (both_market(), poor_on_both());
    let shortfall = market.account(&positions).shortfall(Level::Maintenance);
    market.case(&positions, below(Level::Maintenance), shortfall)
}

/// A transparent proof of a case, and the CPU seconds that it took.
fn transparent(case: &ScenarioCase<Fp>) -> f64 {
    let params = IpaParams::new(k::<Fp>(case.shape));
    let proving = ipa::ProvingKey::<ScenarioCircuit<Fp>>::build(&params, case.shape).unwrap();
    let verifying = ipa::VerifyingKey::build::<ScenarioCircuit<Fp>>(&params, case.shape).unwrap();
    let (rng, before) = (UnwrapErr(rand::rngs::SysRng), std::time::Instant::now());
    let proof = ipa::prove(&params, &proving, &case.instance, &case.witness, rng).unwrap();
    let seconds = before.elapsed().as_secs_f64();
    let rows = case.instance.to_field_elements();
    let mut transcript = Blake2bRead::<_, _, Challenge255<_>>::init(proof.as_slice());
    let strategy = SingleVerifier::new(&params);
    verify_proof(&params, verifying.inner(), strategy, &[&[&rows]], &mut transcript).unwrap();
    seconds
}

/// Proofs over two underlyings in both proof systems. `ZKMARGIN_MEASURE` says how long
/// one takes beside the middle shape of one underlying.
#[test]
fn proofs_on_both_underlyings() {
    let both = breach_on_both();
    assert_eq!(both.shape, Shape::Multi);
    let seconds = transparent(&both);
    if std::env::var_os("ZKMARGIN_MEASURE").is_some() {
        let medium = ScenarioCase { shape: Shape::Medium, ..breach() };
        let runs = |case: &ScenarioCase<Fp>| (0..5).map(|_| transparent(case)).fold(99.0, f64::min);
        let (medium, multi) = (runs(&medium), runs(&both).min(seconds));
        println!("medium {medium:.2} s, multi {multi:.2} s: {:.2} times", multi / medium);
    }
    // Insecure: the test knows tau.
    type Circuit = ScenarioCircuit<Bn254Fr, Wide>;
    let both = breach_on_both();
    let params = ParamsKZG::setup(Circuit::k(both.shape), StdRng::seed_from_u64(7));
    let proving = kzg::ProvingKey::<Circuit>::build(&params, both.shape).unwrap();
    let verifying = kzg::VerifyingKey::build::<Circuit>(&params, both.shape).unwrap();
    let proof = kzg::prove(&params, &proving, &both.instance, &both.witness).unwrap();
    verifying.verify(&params, &both.instance, &proof).unwrap();
    let mut other = both.instance;
    other.claim = at_least(Level::Initial);
    assert!(verifying.verify(&params, &other, &proof).is_err());
}

/// An account of 128 options in twelve expiries, calls and puts of every strike, that
/// meets its initial margin.
fn huge() -> ScenarioCase<Fp> {
    let (market, positions) = (huge_market(), huge_book(1 << 20, 1));
    ScenarioCase { shape: Shape::Huge, ..market.case(&positions, at_least(Level::Initial), 0) }
}

/// A proof of the largest shape, in some seconds: the test of every run is its mock prover's.
#[test]
#[ignore = "seconds, and a GiB of memory"]
fn a_proof_of_128_positions() {
    let case = huge();
    assert_eq!(case.witness.account.slots.len(), Shape::Huge.scenario_positions());
    println!("huge {:.2} s", transparent(&case));
}
