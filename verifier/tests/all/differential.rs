//! Generated accounts under real proofs: what the specification calls true has
//! a proof that verifies, and of what it calls false the same prover, its check
//! left out, makes none that does.
//!
//! `ZKMARGIN_PROOFS=16 cargo test -p zkmargin-verifier --test all differential::`
//! tries that many accounts per family and proof system. The mock provers try
//! far more: `circuits/tests/agreement.rs`, `circuits/tests/scenario_agreement.rs`.

use crate::circuits::common::scenario::ScenarioMarket;
use crate::circuits::common::*;
use crate::circuits::strategy;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use halo2_proofs::plonk::create_proof;
use halo2_proofs::transcript::{Blake2bWrite, Challenge255};
use pasta_curves::{Fp, vesta};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::ipa::{self, IpaParams};
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_margin::srs::{SrsId, SrsMark};
use zkmargin_verifier::proof::{CircuitId, ProofFile};

const SHAPE: Shape = Shape::Small;

/// A statement, true or not, with what the specification says of it.
struct Statement<F: MarginField, C> {
    native: Result<(), Violation>,
    circuit: C,
    instance: MarginInstance<F>,
}

fn standard<F: MarginField>(
    positions: &[Position],
    claim: Claim,
) -> Statement<F, StandardCircuit<F>> {
    let case = Market::<F>::over_field().case(positions, claim, 0);
    Statement { native: case.check(), circuit: case.circuit(), instance: case.instance }
}

fn scenario<F: MarginField>(
    positions: &[Position],
    claim: Claim,
) -> Statement<F, ScenarioCircuit<F>> {
    let case = ScenarioMarket::<F>::over_field().case(positions, claim, 0);
    Statement { native: case.check(), circuit: case.circuit(), instance: case.instance }
}

/// Both sides of a level, on generated accounts: one of them is false. `proves`
/// says whether a proof of the statement verifies.
fn agree<F: MarginField, C>(
    accounts: impl Strategy<Value = Vec<Position>>,
    statement: fn(&[Position], Claim) -> Statement<F, C>,
    proves: impl Fn(Statement<F, C>) -> bool,
) {
    let cases = std::env::var("ZKMARGIN_PROOFS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let levels =
        prop_oneof![Just(Level::MarginCall), Just(Level::Maintenance), Just(Level::Initial)];
    let mut runner = TestRunner::new(Config { cases, ..Config::default() });
    let run = runner.run(&(accounts, levels), |(positions, level)| {
        let both = [at_least(level), below(level)].map(|claim| statement(&positions, claim));
        prop_assert!(both[0].native.is_ok() != both[1].native.is_ok());
        for statement in both {
            let native = statement.native;
            prop_assert_eq!(proves(statement), native.is_ok(), "native: {:?}", native);
        }
        Ok(())
    });
    run.unwrap();
}

fn transparent<C: FamilyCircuit<Fp, Instance = MarginInstance<Fp>>>(
    family: Family,
    accounts: impl Strategy<Value = Vec<Position>>,
    statement: fn(&[Position], Claim) -> Statement<Fp, C>,
) {
    let params = IpaParams::new(C::k(SHAPE));
    let key = ipa::ProvingKey::<C>::build(&params, SHAPE).unwrap();
    let verifier = zkmargin_verifier::ipa::Verifier::new::<C>(params.clone(), SHAPE).unwrap();
    let id = CircuitId::usual(family, SHAPE, ProofSystem::Ipa);
    agree(accounts, statement, |statement| {
        let rows = statement.instance.to_field_elements();
        let mut transcript = Blake2bWrite::<_, vesta::Affine, Challenge255<_>>::init(vec![]);
        let circuits = [statement.circuit];
        let rng = UnwrapErr(SysRng);
        create_proof(&params, key.inner(), &circuits, &[&[&rows]], rng, &mut transcript).is_ok_and(
            |()| {
                let file = ProofFile::new(id, statement.instance, transcript.finalize()).unwrap();
                verifier.verify(&file).is_ok()
            },
        )
    });
}

fn on_chain<C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>>>(
    family: Family,
    accounts: impl Strategy<Value = Vec<Position>>,
    statement: fn(&[Position], Claim) -> Statement<Bn254Fr, C>,
) {
    // Insecure: the test knows tau.
    let params = ParamsKZG::setup(C::k(SHAPE), StdRng::seed_from_u64(7));
    let mark = SrsMark { id: SrsId::of_tau_g2(&[1; 128]), insecure: true };
    let key = kzg::ProvingKey::<C>::build(&params, SHAPE).unwrap();
    let verifier = zkmargin_verifier::kzg::Verifier::new::<C>(params.clone(), mark, SHAPE).unwrap();
    let id = CircuitId::usual(family, SHAPE, ProofSystem::Kzg);
    agree(accounts, statement, |statement| {
        let Statement { circuit, instance, .. } = statement;
        kzg::prove_circuit(&params, &key, &instance, &circuit).is_ok_and(|proof| {
            let file = ProofFile::under_srs(id, mark, instance, proof).unwrap();
            verifier.verify(&file).is_ok()
        })
    });
}

#[test]
fn standard_margin_transparent() {
    transparent(Family::Standard, strategy::any_portfolio(), standard::<Fp>);
}

#[test]
fn standard_margin_on_chain() {
    on_chain(Family::Standard, strategy::any_portfolio(), standard::<Bn254Fr>);
}

#[test]
fn scenario_margin_transparent() {
    transparent(Family::Scenario, strategy::any_book(), scenario::<Fp>);
}

#[test]
fn scenario_margin_on_chain() {
    on_chain(Family::Scenario, strategy::any_book(), scenario::<Bn254Fr>);
}
