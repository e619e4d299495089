//! The venue circuit says what the native specification says, in every family; and
//! lies, each with the constraint that catches it.

use std::collections::BTreeSet;

use crate::common::mock::failures;
use crate::common::simulation::{N, SimulationMarket};
use crate::common::venue::*;
use crate::common::*;
use crate::strategy;
use ff::Field;
use pasta_curves::Fp;
use proptest::prelude::*;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::{FamilyCircuit, TooManyPositions, Unprovable};
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::simulation::SimulationFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::venue::{Assignment, VenueCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::Timestamp;
use zkmargin_margin::instance::{CLAIM, MEMO};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::{
    COUNTS, Counts, FLAGGED, NAMES, SUBTREE_ROOT, VenueInstance, flagged_chain,
};

fn fails<G: FamilyFigures<Fp>>(
    case: &VenueCase<Fp, G>,
    circuit: &VenueCircuit<Fp, G, 1>,
) -> BTreeSet<String> {
    failures(VenueCircuit::<Fp, G, 1>::k(case.shape), circuit, case.public_rows())
}

/// Asserts that the circuit rejects a lie in a region whose name holds `label`.
#[track_caller]
fn rejects<G: FamilyFigures<Fp>>(
    case: &VenueCase<Fp, G>,
    lie: impl FnOnce(&mut Assignment<Fp, G>),
    label: &str,
) {
    let failing = fails(case, &case.lie(lie));
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

/// Asserts that the circuit rejects public inputs of a row.
#[track_caller]
fn rejects_row<G: FamilyFigures<Fp>>(case: &VenueCase<Fp, G>, row: usize, value: Fp) {
    let mut rows = case.public_rows();
    assert_ne!(rows[row], value, "{}", NAMES[row]);
    rows[row] = value;
    let failing = failures(VenueCircuit::<Fp, G, 1>::k(case.shape), &case.circuit(), rows);
    assert_ne!(failing, BTreeSet::new(), "{}", NAMES[row]);
}

#[track_caller]
fn satisfied<G: FamilyFigures<Fp>>(case: &VenueCase<Fp, G>, counts: (u32, u32)) {
    assert_eq!(case.check(), Ok(()));
    assert_eq!(case.instance.counts, Counts { accounts: counts.0, flagged: counts.1 });
    assert_eq!(fails(case, &case.circuit()), BTreeSet::new());
}

#[test]
fn true_statements_are_satisfied() {
    satisfied(&standard_mix::<Fp>(), (3, 1));
    satisfied(&scenario_mix::<Fp>(), (3, 2));
    satisfied(&standard::<Fp, 1>("at-least:initial", &[None, None, None, None]), (0, 0));
    let poor = || Some(of_equity(-1));
    let all = [poor(), poor(), poor(), poor()];
    satisfied(&standard::<Fp, 1>("at-least:margin-call", &all), (4, 4));
}

/// The simulation family, over few scenarios.
#[test]
fn a_simulation_venue_flags_those_below() {
    type Figures = SimulationFigures<Fp, N>;
    let market = SimulationMarket::new();
    let text = "at-least:maintenance";
    let witness = |positions: &[_]| market.case(positions, claim(text), 0).witness;
    let (rich, poor) = (simulation::healthy(), simulation::poor());
    let leaves = vec![Some(witness(&rich)), Some(witness(&poor)), None, Some(witness(&rich))];
    let case = VenueCase::<Fp, Figures>::new(claim(text), witness(&[]), leaves);
    satisfied(&case, (3, 1));
    rejects(&case, |a| a.leaves[1].flagged = Fp::ZERO, "leaf 1 account: M6 at least");
    rejects(&case, |a| a.leaves[0].flagged = Fp::ONE, "leaf 0 account: M6 below");
}

/// Who is below is flagged, who is not is not: told in the bit alone, and in all that
/// follows from it too, chain and numbers included.
#[test]
fn nobody_is_spared_and_no_healthy_account_is_flagged() {
    let case = standard_mix::<Fp>();
    rejects(&case, |a| a.leaves[2].flagged = Fp::ZERO, "leaf 2 outcome: M6 at least");
    rejects(&case, |a| a.leaves[3].flagged = Fp::ONE, "leaf 3 outcome: M6 below");
    rejects(&case, |a| a.leaves[0].flagged = Fp::from(2), "leaf 0 flag: V2 flagged is a bit");
    let scenario = scenario_mix::<Fp>();
    rejects(&scenario, |a| a.leaves[0].flagged = Fp::ZERO, "leaf 0 outcome: M6 at least");
    rejects(&scenario, |a| a.leaves[2].flagged = Fp::ONE, "leaf 2 outcome: M6 below");
    // The venue's own instance of it.
    for (leaf, flagged, label) in [(2, false, "M6 at least"), (3, true, "M6 below")] {
        let mut case = standard_mix::<Fp>();
        case.witness.leaves[leaf].as_mut().unwrap().flagged = flagged;
        let claim = case.instance.claim;
        let (context, memo) = (case.instance.context, case.instance.memo);
        case.instance = VenueInstance::new(context, claim, memo, &case.witness).unwrap();
        assert!(matches!(case.check(), Err(Violation::Spared(2) | Violation::FlaggedHealthy(3))));
        let failing = fails(&case, &case.circuit());
        assert!(failing.iter().any(|name| name.contains(label)), "{failing:?}");
    }
}

/// An account told to be an empty leaf, an empty leaf told to be an account, another
/// account or portfolio: other leaves than the root's.
#[test]
fn leaves_are_those_of_the_root() {
    let case = standard_mix::<Fp>();
    let another = "V1 node";
    rejects(&case, |a| a.leaves[0].present = Fp::ZERO, another);
    rejects(&case, |a| a.leaves[1].present = Fp::ONE, another);
    rejects(&case, |a| a.leaves[0].present = Fp::from(2), "leaf 0 flag: V1 present is a bit");
    rejects(&case, |a| a.leaves[2].present = Fp::ZERO, "leaf 2 flag: V2 flagged is present");
    rejects(&case, |a| a.leaves[1].flagged = Fp::ONE, "leaf 1 flag: V2 flagged is present");
    rejects(&case, |a| a.leaves[0].account += Fp::ONE, another);
    rejects(&case, |a| a.leaves[2].account += Fp::ONE, another);
    rejects(&case, |a| a.leaves[0].blinding += Fp::ONE, another);
    rejects(&case, |a| a.leaves[0].reserved += Fp::ONE, another);
    rejects(&case, |a| a.leaves.swap(0, 3), another);
    // A richer portfolio.
    rejects(&case, |a| a.leaves[2].figures = a.leaves[3].figures.clone(), another);
    rejects(&case, |a| a.leaves[2].figures.slots[0].cash += Fp::ONE, another);
}

/// Each row of the public inputs, and the ones a venue would like.
#[test]
fn public_inputs_are_what_the_accounts_make_them() {
    let case = standard_mix::<Fp>();
    // The memo is free: the transcript of a proof binds it.
    for row in (0..NAMES.len()).filter(|row| *row != MEMO) {
        rejects_row(&case, row, case.public_rows()[row] + Fp::ONE);
    }
    // Nobody flagged; another one; fewer; the leaf of a single account.
    rejects_row(&case, FLAGGED, Fp::ZERO);
    rejects_row(&case, FLAGGED, flagged_chain(&[id(3)]));
    rejects_row(&case, COUNTS, Fp::from(Counts { accounts: 3, flagged: 0 }.code()));
    rejects_row(&case, COUNTS, Fp::from(Counts { accounts: 2, flagged: 1 }.code()));
    rejects_row(&case, SUBTREE_ROOT, Fp::ZERO);
    // Another multiplier, level, side, and a bound on leverage.
    for text in [
        "at-least:maintenance,multiplier:1.0001",
        "at-least:initial",
        "below:maintenance",
        "at-least:maintenance,leverage:5",
    ] {
        rejects_row(&case, CLAIM, Fp::from(claim(text).code()));
    }
    // The side told so.
    let mut rows = case.public_rows();
    rows[CLAIM] = Fp::from(claim("below:maintenance").code());
    let circuit = case.lie(|a| a.claim.is_below = Fp::ONE);
    let failing =
        failures(VenueCircuit::<Fp, StandardFigures<Fp>, 1>::k(case.shape), &circuit, rows);
    assert!(failing.iter().any(|name| name.contains("V2 at least")), "{failing:?}");
    // Two flagged accounts, in another order.
    let poor = || Some(of_equity(4_000));
    let case = standard::<Fp, 1>("at-least:maintenance", &[poor(), None, poor(), None]);
    satisfied(&case, (2, 2));
    rejects_row(&case, FLAGGED, flagged_chain(&[id(2), id(0)]));
    rejects_row(&case, FLAGGED, flagged_chain(&[id(0)]));
    rejects_row(&case, FLAGGED, flagged_chain(&[id(2)]));
}

/// Every leaf is of the market whose root is public: rows, header and terms.
#[test]
fn every_account_is_of_one_market() {
    let case = standard_mix::<Fp>();
    rejects(&case, |a| a.header.timestamp = Timestamp::new(1), "market");
    // A row that no market of this root has, in the last slot of the last leaf.
    rejects(&case, |a| a.leaves[3].figures.slots[7].mantissa += Fp::ONE, "M3 row");
    let cheap = |a: &mut Assignment<Fp, StandardFigures<Fp>>| {
        let slot = &mut a.leaves[3].figures.slots[7];
        slot.path[6][3] += Fp::ONE;
    };
    rejects(&case, cheap, "market");
    let scenario = scenario_mix::<Fp>();
    rejects(&scenario, |a| a.leaves[0].figures.underlyings[0].terms.net += Fp::ONE, "market");
}

#[test]
fn what_cannot_be_proved_is_refused_in_words() {
    type Circuit = VenueCircuit<Fp, StandardFigures<Fp>, 1>;
    let case = standard_mix::<Fp>();
    let refused = |case: &StandardVenue<Fp>| {
        Circuit::checked(case.shape, &case.instance, &case.witness).map(|_| ()).unwrap_err()
    };
    let mut spared = case.clone();
    spared.witness.leaves[2].as_mut().unwrap().flagged = false;
    assert_eq!(refused(&spared), Violation::Spared(2).into());
    let nine: Vec<_> = (0..9).map(|bucket| position(bucket, SPOT, 1, 0)).collect();
    let many = standard::<Fp, 1>("at-least:margin-call", &[Some(nine), None, None, None]);
    let expected = TooManyPositions { positions: 9, shape: Shape::Small, slots: 8 };
    assert_eq!(refused(&many), Unprovable::TooManyPositions(expected));
    let sixteen = standard::<Fp, 2>("at-least:margin-call", &vec![None; 16]);
    let other = Circuit::new(Shape::Small, &sixteen.instance, &sixteen.witness);
    assert_eq!(other.map(|_| ()).unwrap_err(), Violation::Leaves(16).into());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(strategy::cases(6)))]

    /// Native check and circuit agree on whatever is flagged.
    #[test]
    fn agree_on_generated_accounts(
        accounts in prop::collection::vec(prop::option::of(strategy::any_portfolio()), 4),
        level in 1_u8..4,
        lie in prop::option::of(0_usize..4),
    ) {
        let text = format!("at-least:{}", Level::from_u8(level).unwrap());
        let mut case = standard::<Fp, 1>(&text, &accounts);
        if let Some(leaf) = lie.and_then(|leaf| case.witness.leaves[leaf].as_mut()) {
            leaf.flagged = !leaf.flagged;
        }
        let native = case.check();
        if native != Err(Violation::WrongTier(0)) {
            let failing = fails(&case, &case.circuit());
            prop_assert_eq!(native.is_ok(), failing.is_empty(), "{:?} {:?}", native, failing);
        }
    }
}

/// Rows of the smallest subtree, per family and layout, as golden; with
/// `ZKMARGIN_VENUE_ROWS=1` larger ones are measured too, for minutes.
#[test]
fn subtrees_fit_their_rows_and_no_fewer() {
    fn fit(name: &str, cost: Result<Cost, kzg::KeyError>) -> String {
        let Cost { shape, k, rows, .. } = cost.unwrap();
        // The rows that blind the columns, and some to spare.
        assert!(rows + 10 <= 1 << k, "{name} {shape}: {rows} rows in {k}");
        assert!(rows + 10 > 1 << (k - 1), "{name} {shape}: {rows} rows in {k}");
        format!("{name}, {shape}: k {k}, {rows} rows\n")
    }
    fn of<G: FamilyFigures<Fp>, T: FamilyFigures<Bn254Fr>>(name: &str) -> String {
        type Wide<G> = VenueCircuit<Fp, G, 1>;
        type Tall<G> = VenueCircuit<Bn254Fr, G, 1>;
        let is_long = std::env::var_os("ZKMARGIN_VENUE_ROWS").is_some();
        let both = |shape| {
            let wide = fit(&format!("{name} wide"), Ok(Cost::measure::<Wide<G>>(shape)));
            wide + &fit(&format!("{name} tall"), kzg::cost::<Tall<T>>(shape))
        };
        if is_long {
            print!("{}{}", both(Shape::Medium), both(Shape::Large));
            let larger = Cost::measure::<VenueCircuit<Fp, G, 2>>(Shape::Small);
            print!("{}", fit(&format!("{name} wide, 16 leaves"), Ok(larger)));
            let larger = kzg::cost::<VenueCircuit<Bn254Fr, T, 2>>(Shape::Small);
            print!("{}", fit(&format!("{name} tall, 16 leaves"), larger));
        }
        both(Shape::Small)
    }
    let text = of::<StandardFigures<Fp>, StandardFigures<Bn254Fr>>("standard")
        + &of::<ScenarioFigures<Fp>, ScenarioFigures<Bn254Fr>>("scenario")
        + &of::<SimulationFigures<Fp, 250>, SimulationFigures<Bn254Fr, 250>>("simulation");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/venue.txt");
    golden::assert_golden(path, &text);
}
