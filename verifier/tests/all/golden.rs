//! One stored proof per family and proof system, at the smallest shape: the key
//! is the one it was made for, and the proof still verifies. So a proof of this
//! statement version made yesterday is good today.
//!
//! A change is a change of circuit: made with `UPDATE_GOLDEN=1`, and noted
//! under **Circuit** in the changelog.

use crate::circuits::common::scenario::{self, ScenarioMarket};
use crate::circuits::common::*;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use pasta_curves::Fp;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::ipa::{self, IpaParams};
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_margin::srs::{SrsId, SrsMark};
use zkmargin_verifier::proof::{CircuitId, ProofFile};

const SHAPE: Shape = Shape::Small;

fn id(family: Family, proof_system: ProofSystem) -> CircuitId {
    CircuitId::usual(family, SHAPE, proof_system)
}

/// Compares a file with the stored one, or stores it.
fn stored(circuit: CircuitId, kind: &str, fresh: impl FnOnce() -> String) -> String {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/golden");
    let path = format!("{directory}/{circuit}.{kind}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, fresh()).unwrap();
    }
    std::fs::read_to_string(&path).unwrap()
}

fn assert_key(circuit: CircuitId, digest: [u8; 32]) {
    let digest = hex::encode(digest);
    assert_eq!(stored(circuit, "key", || format!("{digest}\n")).trim(), digest);
}

/// Both levels of a true breach, with the shortfall disclosed.
fn standard<F: MarginField>() -> Case<F> {
    let market = Market::<F>::over_field();
    let poor = [position(0, PERP, 10, -9_400)];
    let shortfall = market.margin(&poor).shortfall(Level::Initial);
    market.case(&poor, below(Level::Initial), shortfall)
}

fn options<F: MarginField>() -> scenario::ScenarioCase<F> {
    let market = ScenarioMarket::<F>::over_field();
    let shortfall = market.margin(&scenario::poor()).shortfall(Level::Maintenance);
    market.case(&scenario::poor(), below(Level::Maintenance), shortfall)
}

fn transparent<C: FamilyCircuit<Fp, Instance = MarginInstance<Fp>>>(
    family: Family,
    instance: MarginInstance<Fp>,
    witness: &Witness<Fp, C>,
) {
    if golden::is_off() {
        return;
    }
    let circuit = id(family, ProofSystem::Ipa);
    let params = IpaParams::new(C::k(SHAPE));
    let verifier = zkmargin_verifier::ipa::Verifier::new::<C>(params.clone(), SHAPE).unwrap();
    assert_key(circuit, verifier.key().digest());
    let text = stored(circuit, "proof.json", || {
        let key = ipa::ProvingKey::<C>::build(&params, SHAPE).unwrap();
        let proof = ipa::prove(&params, &key, &instance, witness, UnwrapErr(SysRng)).unwrap();
        ProofFile::new(circuit, instance, proof).unwrap().to_json()
    });
    let file = ProofFile::<Fp>::parse(text.as_bytes()).unwrap();
    assert_eq!(file.proof().len(), verifier.key().proof_size());
    assert!(verifier.verify(&file).is_ok());
}

/// Under powers of tau that everybody knows.
fn on_chain<C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>>>(
    family: Family,
    instance: MarginInstance<Bn254Fr>,
    witness: &Witness<Bn254Fr, C>,
) {
    if golden::is_off() {
        return;
    }
    let circuit = CircuitId { layout: C::layout(), ..id(family, ProofSystem::Kzg) };
    let params = ParamsKZG::setup(C::k(SHAPE), StdRng::seed_from_u64(7));
    let mark = SrsMark { id: SrsId::of_tau_g2(&[1; 128]), insecure: true };
    let verifier = zkmargin_verifier::kzg::Verifier::new::<C>(params.clone(), mark, SHAPE).unwrap();
    assert_key(circuit, verifier.key().digest());
    let text = stored(circuit, "proof.json", || {
        let key = kzg::ProvingKey::<C>::build(&params, SHAPE).unwrap();
        let proof = kzg::prove(&params, &key, &instance, witness).unwrap();
        ProofFile::under_srs(circuit, mark, instance, proof).unwrap().to_json()
    });
    let file = ProofFile::<Bn254Fr>::parse(text.as_bytes()).unwrap();
    assert_eq!(file.proof().len(), verifier.key().proof_size());
    assert!(verifier.verify(&file).is_ok());
}

#[test]
fn standard_margin_transparent() {
    let case = standard();
    transparent::<StandardCircuit<Fp>>(Family::Standard, case.instance, &case.witness);
}

#[test]
fn standard_margin_on_chain() {
    let case = standard();
    on_chain::<StandardCircuit<Bn254Fr>>(Family::Standard, case.instance, &case.witness);
}

#[test]
fn standard_margin_on_chain_wide() {
    let case = standard();
    on_chain::<StandardCircuit<Bn254Fr, Wide>>(Family::Standard, case.instance, &case.witness);
}

#[test]
fn scenario_margin_transparent() {
    let case = options();
    transparent::<ScenarioCircuit<Fp>>(Family::Scenario, case.instance, &case.witness);
}

#[test]
fn scenario_margin_on_chain() {
    let case = options();
    on_chain::<ScenarioCircuit<Bn254Fr>>(Family::Scenario, case.instance, &case.witness);
}
