//! Real proofs of transitions, of the smallest shapes, under both proof systems.

use crate::common::deleveraging;
use crate::common::transition::{TransitionCase, scenario_trade, standard_close};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::plonk::{SingleVerifier, verify_proof};
use halo2_proofs::transcript::{Blake2bRead, Challenge255};
use pasta_curves::Fp;
use rand::rand_core::UnwrapErr;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::ipa::{self, IpaParams};
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::statement::transition::{LEN, TransitionInstance, TransitionWitness};

/// The instance, and one that differs in each of the rows that a proof is of.
fn others<F: MarginField>(instance: &TransitionInstance<F>) -> Vec<TransitionInstance<F>> {
    let with = |next: F, change: F| {
        TransitionInstance::new(*instance.account(), instance.aim(), next, change).unwrap()
    };
    let (next, change) = (instance.next(), instance.change());
    vec![with(next + F::ONE, change), with(next, change + F::ONE), with(change, next)]
}

fn transparent<C, G: FamilyFigures<Fp>>(case: &TransitionCase<Fp, G>)
where
    C: FamilyCircuit<
            Fp,
            Family = G::Family,
            Instance = TransitionInstance<Fp>,
            Witness = TransitionWitness<G::Family>,
        >,
{
    let params = IpaParams::new(C::k(case.shape));
    let proving = ipa::ProvingKey::<C>::build(&params, case.shape).unwrap();
    let verifying = ipa::VerifyingKey::build::<C>(&params, case.shape).unwrap();
    let rng = UnwrapErr(rand::rngs::SysRng);
    let proof = ipa::prove(&params, &proving, &case.instance, &case.witness, rng).unwrap();
    assert_eq!(proof.len(), verifying.proof_size());
    let verify = |instance: &TransitionInstance<Fp>| {
        let strategy = SingleVerifier::new(&params);
        let rows: [Fp; LEN] = instance.to_field_elements();
        let mut transcript = Blake2bRead::<_, _, Challenge255<_>>::init(proof.as_slice());
        verify_proof(&params, verifying.inner(), strategy, &[&[&rows]], &mut transcript)
    };
    verify(&case.instance).unwrap();
    assert!(others(&case.instance).iter().all(|other| verify(other).is_err()));
}

fn on_chain<G: FamilyFigures<Bn254Fr>>(case: &TransitionCase<Bn254Fr, G>) {
    type Circuit<G> = TransitionCircuit<Bn254Fr, G>;
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(Circuit::<G>::k(case.shape), StdRng::seed_from_u64(7));
    let proving = kzg::ProvingKey::<Circuit<G>>::build(&params, case.shape).unwrap();
    let verifying = kzg::VerifyingKey::build::<Circuit<G>>(&params, case.shape).unwrap();
    let proof = kzg::prove(&params, &proving, &case.instance, &case.witness).unwrap();
    assert_eq!(proof.len(), verifying.proof_size());
    verifying.verify(&params, &case.instance, &proof).unwrap();
    let refused = |other: &TransitionInstance<_>| verifying.verify(&params, other, &proof).is_err();
    assert!(others(&case.instance).iter().all(refused));
    // A change that is not told, a position before that was not held.
    for lie in 0..2 {
        let circuit = case.lie(|a| match lie {
            0 => a.slots[0].lots += Bn254Fr::from(1),
            _ => a.slots[1].changed = Bn254Fr::from(1) - a.slots[1].changed,
        });
        let Ok(proof) = kzg::prove_circuit(&params, &proving, &case.instance, &circuit) else {
            continue;
        };
        assert!(verifying.verify(&params, &case.instance, &proof).is_err(), "lie {lie}");
    }
}

/// *Cures* under both proof systems, and *healthier* by the same key.
#[test]
fn deleveraging() {
    let cured = deleveraging::cured::<Fp>();
    transparent::<deleveraging::Circuit<Fp>, _>(&cured.0);

    type Circuit = deleveraging::Circuit<Bn254Fr>;
    let cures = deleveraging::cured::<Bn254Fr>();
    let healthier = deleveraging::full::<Bn254Fr>("healthier:maintenance");
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(cures.k(), StdRng::seed_from_u64(7));
    let proving = kzg::ProvingKey::<Circuit>::build(&params, cures.0.shape).unwrap();
    let verifying = kzg::VerifyingKey::build::<Circuit>(&params, cures.0.shape).unwrap();
    for case in [&cures, &healthier] {
        let (instance, witness) = (case.instance(), case.witness());
        let proof = kzg::prove(&params, &proving, instance, witness).unwrap();
        verifying.verify(&params, instance, &proof).unwrap();
        for other in others(instance).iter().chain([cures.instance(), healthier.instance()]) {
            let verified = verifying.verify(&params, other, &proof).is_ok();
            assert_eq!(verified, other == instance);
        }
    }
    // StarkEx's transitions are healthier on the way back, where a position shrinks, and not
    // as they are, where it grows.
    let market = deleveraging::starkex_market::<Bn254Fr>();
    let [(_, less, more), ..] = deleveraging::starkex_cases();
    let stark = |before: &[Position], after: &[Position]| {
        deleveraging::in_market(&market, (before, after), "healthier:maintenance", 0)
    };
    let (shrinks, grows) = (stark(&more, &less), stark(&less, &more));
    let proof = kzg::prove(&params, &proving, shrinks.instance(), shrinks.witness()).unwrap();
    verifying.verify(&params, shrinks.instance(), &proof).unwrap();
    let proof = kzg::prove_circuit(&params, &proving, grows.instance(), &grows.circuit());
    let refused = |proof: Vec<u8>| verifying.verify(&params, grows.instance(), &proof).is_err();
    assert!(proof.map_or(true, refused));
    // A lot more than it takes, proved without the native check.
    let much = deleveraging::deleverage::<Bn254Fr>(
        &deleveraging::poor(),
        &deleveraging::bought(101),
        "cures:maintenance:maintenance",
    );
    let proof = kzg::prove_circuit(&params, &proving, much.instance(), &much.circuit());
    let refused = |proof: Vec<u8>| verifying.verify(&params, much.instance(), &proof).is_err();
    assert!(proof.map_or(true, refused));
}

#[test]
fn standard_margin() {
    transparent::<TransitionCircuit<Fp, StandardFigures<Fp>>, _>(&standard_close::<Fp>());
    on_chain(&standard_close::<Bn254Fr>());
}

#[test]
fn scenario_margin() {
    transparent::<TransitionCircuit<Fp, ScenarioFigures<Fp>>, _>(&scenario_trade::<Fp>());
    on_chain(&scenario_trade::<Bn254Fr>());
}
