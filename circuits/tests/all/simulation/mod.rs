//! Margin by simulation on the mock prover: true statements are taken, and lies
//! refused, each by the constraint that is there for it. A lie told before solving
//! is a whole false witness: everything that follows from it is worked out, so that
//! only the lie itself can be caught.

mod deep;
mod proofs;
mod rejects;

use std::collections::BTreeSet;

use crate::common::mock::failures;
use crate::common::scenario::book;
use crate::common::simulation::*;
use crate::common::{at_least, below};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use pasta_curves::Fp;
use proptest::prelude::*;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::lowering::{lower, usable_rows};
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit, SimulationFigures};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_circuits::statement::escrow::EscrowCircuit;
use zkmargin_circuits::statement::transition::TransitionCircuit;
use zkmargin_circuits::{ipa, kzg};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::{Family, Shape};

/// What fails of a case; nothing when it is satisfied.
fn failing(case: &SimulationCase) -> BTreeSet<String> {
    failures(k::<Fp>(), &case.circuit(), case.public_rows())
}

#[test]
fn true_statements_are_taken() {
    let market = SimulationMarket::new();
    for (book, claims) in [
        (healthy(), [at_least(Level::Initial), at_least(Level::MarginCall)]),
        (poor(), [below(Level::Initial), below(Level::MarginCall)]),
        (vec![], [at_least(Level::Maintenance), at_least(Level::Initial)]),
    ] {
        for claim in claims {
            let case = market.case(&book, claim, 0);
            assert_eq!(case.check(), Ok(()), "{claim}");
            assert_eq!(failing(&case), BTreeSet::new(), "{claim}");
        }
    }
    let shortfall = market.margin(&poor()).shortfall(Level::Maintenance);
    let case = market.case(&poor(), below(Level::Maintenance), shortfall);
    assert_eq!((case.check(), failing(&case)), (Ok(()), BTreeSet::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Native check and circuit agree on the level that an account just reaches and
    /// on the next one, to the last unit of cash.
    #[test]
    fn circuit_and_native_check_agree(
        lots in prop::collection::vec(-60_i64..60, 4),
        level in prop::sample::select(vec![Level::MarginCall, Level::Maintenance, Level::Initial]),
    ) {
        let market = SimulationMarket::new();
        let ids = [COIN, OTHER, PUT, CALL];
        let held: Vec<_> = ids.into_iter().zip(lots).chain([(CASH, 3)]).collect();
        let bare = market.margin(&book(0, &held));
        let balance = bare.balance(level).unwrap();
        // The least cash that lifts the account there, or takes it to the brink.
        let cash = (-balance).div_euclid(1 << 40) + i128::from((-balance).rem_euclid(1 << 40) > 0);
        for (more, claim) in [(0, at_least(level)), (-1, below(level))] {
            let case = market.case(&book(cash + more, &held), claim, 0);
            prop_assert_eq!(case.check(), Ok(()));
            prop_assert_eq!(failing(&case), BTreeSet::new());
        }
    }
}

/// Rows of the shapes of 250 and 500 scenarios, in both layouts: `cargo test -p
/// zkmargin-circuits --test all simulation::rows -- --nocapture`.
#[test]
fn every_shape_fits_its_rows() {
    fn row<C: FamilyCircuit<Fp>>(name: &str, shape: Shape) -> (u32, usize) {
        let cost = Cost::measure::<C>(shape);
        println!("{name} {shape}: k {}, rows {}", cost.k, cost.rows);
        (cost.k, cost.rows)
    }
    let small = row::<SimulationCircuit<Fp, 16>>("16", Shape::Small);
    assert!(small.0 == 12 && small.1 <= 1 << 12, "{small:?}");
    for (shape, k) in Shape::ALL.into_iter().zip([15, 16, 17]) {
        let tall = kzg::cost::<SimulationCircuit<Bn254Fr>>(shape).unwrap();
        println!("250 {shape}, tall: k {}, rows {}", tall.k, tall.rows);
        assert!(tall.k == k && tall.rows <= 1 << k && tall.rows > 1 << (k - 1), "{tall:?}");
    }
    for (shape, k) in Shape::ALL.into_iter().zip([13, 14, 16]) {
        let found = row::<SimulationCircuit<Fp>>("250", shape);
        assert!(found.0 == k && found.1 <= 1 << k && found.1 > 1 << (k - 1), "{found:?}");
    }
    let deep = row::<SimulationCircuit<Fp>>("500", Shape::Deep);
    assert!(deep.0 == 15 && deep.1 <= 1 << 15 && deep.1 > 1 << 14, "{deep:?}");
    let tall = kzg::cost::<SimulationCircuit<Bn254Fr>>(Shape::Deep).unwrap();
    println!("500 deep, tall: k {}, rows {}", tall.k, tall.rows);
    assert!(tall.k == 16 && tall.rows <= 1 << 16 && tall.rows > 1 << 15, "{tall:?}");
}

/// Rows of the other statements about an account, of the deep shape: each fits, and
/// would not fit half as many.
#[test]
fn deep_statements_fit_their_rows() {
    type Ipa = SimulationFigures<Fp, SCENARIOS>;
    type Kzg = SimulationFigures<Bn254Fr, SCENARIOS>;
    let costs = [
        Cost::measure::<TransitionCircuit<Fp, Ipa>>(Shape::Deep),
        kzg::cost::<TransitionCircuit<Bn254Fr, Kzg>>(Shape::Deep).unwrap(),
        Cost::measure::<EscrowCircuit<Fp, Ipa>>(Shape::Deep),
        kzg::cost::<EscrowCircuit<Bn254Fr, Kzg>>(Shape::Deep).unwrap(),
    ];
    for cost in costs {
        println!("{cost:?}");
        assert!(cost.rows <= usable_rows(cost.k, 5), "{cost:?}");
        assert!(cost.rows > usable_rows(cost.k - 1, 5), "{cost:?}");
    }
}

/// A deep circuit is over twice the scenarios of the others, and over no other number.
#[test]
fn a_deep_shape_has_twice_the_scenarios() {
    let market = SimulationMarket::<Fp>::of(deep_rows(), deep_terms());
    for (claim, cash) in [(at_least(Level::Initial), 400_000), (below(Level::Maintenance), 0)] {
        let positions = book(cash, &[(COIN, 20), (OTHER, -15), (PUT, -9), (CASH, 2)]);
        let case = market.case(&positions, claim, 0);
        assert_eq!(case.check(), Ok(()), "{claim}");
        let of = |shape| Circuit::<Fp>::new(shape, case.instance, case.witness.clone());
        let k = <Circuit<Fp> as FamilyCircuit<Fp>>::k(Shape::Deep);
        let circuit = of(Shape::Deep).unwrap();
        assert_eq!(failures(k, &circuit, case.public_rows()), BTreeSet::new(), "{claim}");
        for shape in Shape::ALL {
            assert_eq!(of(shape).err(), Some(Violation::Terms.into()), "{shape}");
        }
    }
    let few = SimulationMarket::new().case(&healthy(), at_least(Level::Initial), 0);
    let deep = Circuit::<Fp>::new(Shape::Deep, few.instance, few.witness);
    assert_eq!(deep.err(), Some(Violation::Terms.into()));
}

/// No family but this one has a deep shape.
#[test]
fn there_is_no_key_of_a_shape_that_a_family_has_not() {
    let params = ipa::IpaParams::new(1);
    let refused = ipa::ProvingKey::<StandardCircuit<Fp>>::build(&params, Shape::Deep);
    let error = refused.unwrap_err();
    assert!(error.to_string().contains("no deep shape: allowed are small, medium, large"));
    assert!(matches!(error, ipa::KeyError::NoShape { .. }));
    let setup = ParamsKZG::setup(1, StdRng::seed_from_u64(7));
    let refused = kzg::ProvingKey::<ScenarioCircuit<Bn254Fr>>::build(&setup, Shape::Deep);
    assert!(matches!(refused.unwrap_err(), kzg::KeyError::NoShape { .. }));
}

/// Cost and lowered circuit of every shape are golden: a change is a change of
/// circuit, made with `UPDATE_GOLDEN=1` and noted under **Circuit**.
#[test]
fn shapes_are_golden() {
    if crate::common::golden::is_off() {
        return;
    }
    let digest = |shape| {
        let k = <SimulationCircuit<Bn254Fr> as FamilyCircuit<Bn254Fr>>::k(shape);
        lower(k, &SimulationCircuit::<Bn254Fr>::blank(shape)).unwrap().digest()
    };
    let text = |shape: Shape| {
        let ipa = Cost::measure::<SimulationCircuit<Fp>>(shape);
        let kzg = kzg::cost::<SimulationCircuit<Bn254Fr>>(shape).unwrap();
        format!("{ipa:?}\n{kzg:?}\n{shape} {}\n", hex::encode(digest(shape)))
    };
    let texts: String = Family::Simulation.shapes().iter().copied().map(text).collect();
    let path = format!("{}/golden/simulation.txt", env!("CARGO_MANIFEST_DIR"));
    crate::common::golden::assert_golden(&path, &texts);
}
