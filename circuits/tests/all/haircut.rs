//! The haircut circuit says what the native specification says, in every family; and
//! lies, each with the constraint that catches it.

use std::collections::BTreeSet;

use crate::common::haircut::*;
use crate::common::mock::failures;
use crate::common::simulation::{N, SimulationMarket};
use crate::common::venue::of_equity;
use crate::common::*;
use ff::Field;
use pasta_curves::Fp;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::{FamilyCircuit, TooManyPositions, Unprovable};
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::ScenarioFigures;
use zkmargin_circuits::simulation::SimulationFigures;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::haircut::{Assignment, HaircutCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::Timestamp;
use zkmargin_margin::merkle::Path;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::haircut::{
    HaircutInstance, NAMES, RATIO, RATIO_EQUITY, SUMS, Sums,
};
use zkmargin_margin::units::Amount;

type Choices = Assignment<Fp, StandardFigures<Fp>>;

fn fails<G: FamilyFigures<Fp>>(
    case: &HaircutCase<Fp, G>,
    circuit: &HaircutCircuit<Fp, G, 1>,
) -> BTreeSet<String> {
    failures(HaircutCircuit::<Fp, G, 1>::k(case.shape), circuit, case.public_rows())
}

/// Asserts that the circuit rejects lies in regions whose names hold the labels, each of
/// them: one run for lies about several leaves.
#[track_caller]
fn rejects<G: FamilyFigures<Fp>>(
    case: &HaircutCase<Fp, G>,
    lies: impl FnOnce(&mut Assignment<Fp, G>),
    labels: &[&str],
) {
    let failing = fails(case, &case.lie(lies));
    for label in labels {
        assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
    }
}

/// Asserts that the native check and the circuit refuse a cut that a liar has computed and
/// published whole: the circuit in a region whose name holds `label`, and in none of other
/// leaves. What is far beyond one side is in range of neither.
#[track_caller]
fn refused_whole<G: FamilyFigures<Fp>>(case: &HaircutCase<Fp, G>, leaf: usize, label: &str) {
    assert_eq!(case.check(), Err(Violation::Share(leaf)));
    let failing = fails(case, &case.circuit());
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
    // A failed lookup is told of whatever region has the row.
    let of_leaf = format!("leaf {leaf} ");
    assert!(failing.iter().all(|name| name.starts_with(&of_leaf)), "{label}: {failing:?}");
}

/// Asserts that the circuit rejects public inputs of a row.
#[track_caller]
fn rejects_row<G: FamilyFigures<Fp>>(case: &HaircutCase<Fp, G>, row: usize, value: Fp) {
    let mut rows = case.public_rows();
    assert_ne!(rows[row], value, "{}", NAMES[row]);
    rows[row] = value;
    let failing = failures(HaircutCircuit::<Fp, G, 1>::k(case.shape), &case.circuit(), rows);
    assert_ne!(failing, BTreeSet::new(), "{}", NAMES[row]);
}

#[track_caller]
fn satisfied<G: FamilyFigures<Fp>>(case: &HaircutCase<Fp, G>, winners: u32) {
    assert_eq!(case.check(), Ok(()));
    assert_eq!(case.instance.sums.winners, winners);
    assert_eq!(case.instance.sums.cuts, case.instance.ratio.haircut().loss());
    assert_eq!(fails(case, &case.circuit()), BTreeSet::new());
}

fn cut_of<G: FamilyFigures<Fp>>(case: &HaircutCase<Fp, G>, leaf: usize) -> u128 {
    case.witness.leaves[leaf].as_ref().unwrap().cut
}

#[test]
fn true_statements_are_satisfied() {
    satisfied(&standard_mix::<Fp>(), 2);
    satisfied(&scenario_mix::<Fp>(), 2);
    // Nothing lost, and all of it: the least and the most that winners can bear.
    let winners = [Some(of_equity(1)), Some(of_equity(7)), Some(of_equity(0)), Some(Vec::new())];
    satisfied(&standard::<Fp, 1>(0, &winners), 2);
    satisfied(&standard::<Fp, 1>(8, &winners), 2);
    // Of a venue that has more, which others bear with it; the other rounding will do.
    let case = standard_mix::<Fp>();
    let haircut = case.instance.ratio.haircut();
    let larger = ratio(haircut.loss() * 3, haircut.equity() * 3);
    assert_eq!(
        HaircutCase::<_, StandardFigures<_>, 1>::of(larger, case.witness.clone()).check(),
        Ok(())
    );
    let others = case.forged(|leaves| {
        let [first, _, _, last] = leaves else { return };
        first.as_mut().unwrap().cut += 1;
        last.as_mut().unwrap().cut -= 1;
    });
    satisfied(&others, 2);
}

/// An account with a bucket below zero is a winner by the equity of all of them.
#[test]
fn equity_is_of_all_buckets() {
    let buckets = |rest: i128| {
        let below = position(0, PERP, 100, -100_000 - 9_000);
        Some(vec![below, position(1, PERP, 100, -100_000 + 9_000 + rest)])
    };
    let case = standard::<Fp, 1>(300, &[buckets(1_000), buckets(0), buckets(-1), buckets(500)]);
    satisfied(&case, 2);
    assert_eq!((cut_of(&case, 0), cut_of(&case, 3)), (200, 100));
    rejects(&case, |a| a.leaves[0].below_zero = Fp::ZERO, &["leaf 0 outcome: M6 at least"]);
    rejects(&standard_mix(), |a| a.leaves[0].below_zero = Fp::ONE, &["leaf 0 outcome: M6 below"]);
    rejects(&case, |a| a.leaves[0].below_zero = Fp::from(2), &["F1 below zero is a bit"]);
}

/// The simulation family, over few scenarios.
#[test]
fn a_simulation_venue_cuts_its_winners() {
    type Figures = SimulationFigures<Fp, N>;
    let market = SimulationMarket::new();
    let witness = |positions: &[_]| market.case(positions, at_least(Level::Initial), 0).witness;
    let (rich, poor) = (simulation::healthy(), simulation::poor());
    let leaves = vec![Some(witness(&rich)), Some(witness(&poor)), None, Some(witness(&rich))];
    let case = HaircutCase::<Fp, Figures>::new(1_001, witness(&[]), leaves);
    satisfied(&case, 2);
    rejects(&case, |a| a.leaves[0].cash_after += Fp::from(2), &["leaf 0 share: F3 no less"]);
    rejects(&case, |a| a.leaves[1].winner = Fp::ONE, &["leaf 1 share: F3 winner has equity"]);
}

/// Each cut is the share to one unit: what is beyond it, on either side, is refused, and
/// by the constraint of that side alone.
#[test]
fn no_winner_is_cut_by_another_share() {
    let case = standard_mix::<Fp>();
    let cut = |leaf: usize, by: i128| {
        case.forged(|leaves| {
            let cut = &mut leaves[leaf].as_mut().unwrap().cut;
            *cut = cut.checked_add_signed(by).unwrap();
        })
    };
    refused_whole(&cut(0, -2), 0, "F3 no less");
    refused_whole(&cut(0, 2), 0, "F3 no more");
    refused_whole(&cut(3, -2), 3, "F3 no less");
    refused_whole(&cut(3, 2), 3, "F3 no more");
    refused_whole(&cut(2, 1), 2, "F3 no more");
    // An exact share is not rounded: one unit off is another.
    let exact =
        standard::<Fp, 1>(600, &[Some(of_equity(1_000)), None, None, Some(of_equity(2_000))]);
    satisfied(&exact, 2);
    for (by, label) in [(-1, "F3 no less"), (1, "F3 no more")] {
        let off = exact.forged(|leaves| {
            let cut = &mut leaves[0].as_mut().unwrap().cut;
            *cut = cut.checked_add_signed(by).unwrap();
        });
        refused_whole(&off, 0, label);
    }
    let scenario = scenario_mix::<Fp>();
    let spared = scenario.forged(|leaves| leaves[3].as_mut().unwrap().cut = 0);
    refused_whole(&spared, 3, "F3 no less");
    // A cut below zero, of a loser: a gift.
    rejects(&case, |a| a.leaves[2].cash_after += Fp::ONE, &["leaf 2 share: F3 no less"]);
}

/// Who is a winner is not the venue's to say, in either direction; and of no equity at
/// all the bit is the same for everybody.
#[test]
fn winners_are_those_with_equity() {
    let accounts = [Some(of_equity(1)), Some(of_equity(0)), Some(of_equity(-1)), None];
    let case = standard::<Fp, 1>(0, &accounts);
    satisfied(&case, 1);
    let labels: Vec<_> =
        (0..3).map(|leaf| format!("leaf {leaf} share: F3 winner has equity")).collect();
    let mut labels: Vec<_> = labels.iter().map(String::as_str).collect();
    labels.push("leaf 3 share: F3 winner is present");
    let inverted = |a: &mut Choices| {
        a.leaves.iter_mut().for_each(|leaf| leaf.winner = Fp::ONE - leaf.winner);
    };
    rejects(&case, inverted, &labels);
    rejects(&case, |a| a.leaves[0].winner = Fp::from(2), &["leaf 0 share: F3 winner is a bit"]);
}

/// An empty leaf is empty in both trees, and neither has equity nor is cut.
#[test]
fn an_empty_leaf_stays_empty() {
    let case = standard_mix::<Fp>();
    rejects(&case, |a| a.leaves[1].cash_after -= Fp::ONE, &["leaf 1 share: F3 no more"]);
    rejects(&case, |a| a.leaves[1].present = Fp::ONE, &["F1 node", "F4 node"]);
    rejects(&case, |a| a.leaves[2].present = Fp::ZERO, &["F1 node", "F4 node"]);
    let other = |a: &mut Choices| {
        (a.leaves[0].present, a.leaves[3].present) = (Fp::ZERO, Fp::from(2));
    };
    let labels = ["leaf 0 share: F3 winner is present", "leaf 3 flag: F1 present is a bit"];
    rejects(&case, other, &labels);
    // Filled with a winner: it is asked to be none.
    let rich = |a: &mut Choices| {
        a.leaves[1] = a.leaves[3].clone();
        let leaf = &mut a.leaves[1];
        leaf.cash_after = leaf.figures.slots[0].cash;
        (leaf.present, leaf.account, leaf.winner) = (Fp::ZERO, Fp::ZERO, Fp::ZERO);
    };
    rejects(&case, rich, &["leaf 1 share: F3 winner has equity"]);
}

/// Afterwards an account is what it was, but for the cut in its first position.
#[test]
fn leaves_afterwards_are_those_before_but_for_the_cut() {
    let case = standard_mix::<Fp>();
    rejects(&case, |a| a.leaves[0].blinding += Fp::ONE, &["F1 node"]);
    rejects(&case, |a| a.leaves[3].blinding_after += Fp::ONE, &["F4 node"]);
    rejects(&case, |a| a.leaves[0].account += Fp::ONE, &["F1 node", "F4 node"]);
    rejects(&case, |a| a.leaves[3].reserved += Fp::ONE, &["F1 node", "F4 node"]);
    // More equity before than it has, which the leaf before does not open to.
    let richer = |a: &mut Choices| a.leaves[3].figures.slots[0].cash += Fp::ONE;
    rejects(&case, richer, &["F1 node"]);
    // The cut taken off another position.
    let mut elsewhere = case.clone();
    let other = case.forged(|leaves| {
        let leaf = leaves[0].as_mut().unwrap();
        let cut = i128::try_from(leaf.cut).unwrap();
        let position = &mut leaf.witness.slots[1].position;
        position.cash = Amount::new(position.cash.get() - cut).unwrap();
        leaf.cut = 0;
    });
    elsewhere.instance.subtree_after = other.instance.subtree_after;
    assert_eq!(elsewhere.check(), Err(Violation::SubtreeAfter));
    assert!(fails(&elsewhere, &elsewhere.circuit()).iter().any(|name| name.contains("F4 node")));
}

/// Cash is cut down to the least that an amount can be, and not one unit further.
#[test]
fn cash_stays_in_range() {
    let least = -(1_i128 << 79);
    // The second bucket makes up for what the first is below.
    let far = vec![position(0, PERP, 100, least + 5), position(1, SPOT, 1, -(least + 1))];
    let case = standard::<Fp, 1>(5, &[Some(far), None, None, None]);
    satisfied(&case, 1);
    let haircut = case.instance.ratio.haircut();
    let mut further = case.witness.clone();
    further.leaves[0].as_mut().unwrap().cut = 6;
    let HaircutInstance { context, memo, .. } = case.instance;
    let made = HaircutInstance::new(context, ratio(6, haircut.equity()), memo, &further);
    assert_eq!(made, Err(Violation::CashAfter(0)));
    let told = |a: &mut Choices| {
        a.loss = Fp::from(6);
        a.leaves[0].cash_after = -Fp::ONE;
    };
    rejects(&case, told, &["leaf 0 cash: F4 cash after"]);
}

/// The public inputs that a venue would like; `testkit` has each row.
#[test]
fn public_inputs_are_what_the_accounts_make_them() {
    let case = standard_mix::<Fp>();
    let Sums { equity, cuts, winners } = case.instance.sums;
    for sums in [
        Sums { equity: equity + 1, cuts, winners },
        Sums { equity, cuts: cuts - 1, winners },
        Sums { equity, cuts, winners: winners + 1 },
    ] {
        rejects_row(&case, SUMS, sums.to_field());
    }
    let haircut = case.instance.ratio.haircut();
    rejects_row(&case, RATIO, ratio(haircut.loss() + 1, haircut.equity()).to_field());
    rejects_row(&case, RATIO, ratio(haircut.loss(), haircut.equity() * 2).to_field());
}

/// A loss that all equity does not cover, and no equity at all: told in the ratio, and in
/// all that follows from it.
#[test]
fn a_loss_is_covered() {
    let case = standard_mix::<Fp>();
    let bit = Fp::from(2).pow_vartime([u64::from(RATIO_EQUITY)]);
    let told = |loss: u64, equity: u64, label: &str| {
        let mut rows = case.public_rows();
        rows[RATIO] = Fp::from(loss) + bit * Fp::from(equity);
        let circuit = case.lie(|a| (a.loss, a.equity) = (Fp::from(loss), Fp::from(equity)));
        let k = HaircutCircuit::<Fp, StandardFigures<Fp>, 1>::k(case.shape);
        let failing = failures(k, &circuit, rows);
        assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
    };
    told(10, 9, "ratio: F2 loss is covered");
    told(0, 0, "F3 no less than the share");
    // Nobody there: with no equity nothing is proved of empty leaves either.
    let nobody = || {
        let mut case = case.clone();
        case.witness.leaves.fill(None);
        StandardHaircut::of(ratio(0, 1), case.witness)
    };
    satisfied(&nobody(), 0);
    let mut rows = nobody().public_rows();
    rows[RATIO] = Fp::ZERO;
    let circuit = nobody().lie(|a| a.equity = Fp::ZERO);
    let k = HaircutCircuit::<Fp, StandardFigures<Fp>, 1>::k(case.shape);
    assert!(failures(k, &circuit, rows).iter().any(|name| name.contains("F3 no less")));
    // Parts that run into each other.
    rejects(
        &case,
        |a| (a.loss, a.equity) = (a.loss + bit, a.equity - Fp::ONE),
        &["ratio: F2 loss"],
    );
    rejects(&case, |a| a.equity += bit, &["ratio: F2 equity"]);
}

/// Every leaf is of the market whose root is public: rows, header and terms.
#[test]
fn every_account_is_of_one_market() {
    let case = standard_mix::<Fp>();
    rejects(&case, |a| a.header.timestamp = Timestamp::new(1), &["market"]);
    rejects(&case, |a| a.leaves[3].figures.slots[7].mantissa += Fp::ONE, &["M3 row"]);
    let other = |a: &mut Choices| a.leaves[3].figures.slots[7].path[6][3] += Fp::ONE;
    rejects(&case, other, &["market"]);
    let scenario = scenario_mix::<Fp>();
    rejects(&scenario, |a| a.leaves[0].figures.underlyings[0].terms.net += Fp::ONE, &["market"]);
}

#[test]
fn what_cannot_be_proved_is_refused_in_words() {
    type Circuit = HaircutCircuit<Fp, StandardFigures<Fp>, 1>;
    let case = standard_mix::<Fp>();
    let refused = |case: &StandardHaircut<Fp>| {
        Circuit::checked(case.shape, &case.instance, &case.witness).map(|_| ()).unwrap_err()
    };
    let spared = case.forged(|leaves| leaves[3].as_mut().unwrap().cut = 0);
    assert_eq!(refused(&spared), Violation::Share(3).into());
    let nine: Vec<_> = (0..9).map(|bucket| position(bucket, SPOT, 1, 0)).collect();
    let many = standard::<Fp, 1>(1, &[Some(nine), None, None, None]);
    let expected = TooManyPositions { positions: 9, shape: Shape::Small, slots: 8 };
    assert_eq!(refused(&many), expected.into());
    let mut few = case.clone();
    few.witness.leaves.pop();
    assert_eq!(refused(&few), Violation::HaircutLeaves(3).into());
    let sixteen = HaircutCircuit::<Fp, StandardFigures<Fp>, 2>::new(
        case.shape,
        &case.instance,
        &case.witness,
    );
    assert_eq!(sixteen.unwrap_err(), Violation::HaircutLeaves(4).into());
    let mut unpadded = case;
    unpadded.witness.empty.padding.1 = Path::from_parts(Domain::MarketNode, Vec::new());
    assert_eq!(refused(&unpadded), Unprovable::Padding);
    // An account without an unused slot needs no row for it.
    let eight: Vec<_> = (0..8).map(|bucket| position(bucket, SPOT, 1, 0)).collect();
    let mut full = standard::<Fp, 1>(1, &[Some(eight), None, None, None]);
    let held = &mut full.witness.leaves[0].as_mut().unwrap().witness;
    held.padding.1 = Path::from_parts(Domain::MarketNode, Vec::new());
    assert!(Circuit::checked(full.shape, &full.instance, &full.witness).is_ok());
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
        type Wide<G> = HaircutCircuit<Fp, G, 1>;
        type Tall<G> = HaircutCircuit<Bn254Fr, G, 1>;
        let is_long = std::env::var_os("ZKMARGIN_VENUE_ROWS").is_some();
        let both = |shape| {
            let wide = fit(&format!("{name} wide"), Ok(Cost::measure::<Wide<G>>(shape)));
            wide + &fit(&format!("{name} tall"), kzg::cost::<Tall<T>>(shape))
        };
        if is_long {
            print!("{}{}", both(Shape::Medium), both(Shape::Large));
            let larger = Cost::measure::<HaircutCircuit<Fp, G, 2>>(Shape::Small);
            print!("{}", fit(&format!("{name} wide, 16 leaves"), Ok(larger)));
            let larger = kzg::cost::<HaircutCircuit<Bn254Fr, T, 2>>(Shape::Small);
            print!("{}", fit(&format!("{name} tall, 16 leaves"), larger));
        }
        both(Shape::Small)
    }
    let text = of::<StandardFigures<Fp>, StandardFigures<Bn254Fr>>("standard")
        + &of::<ScenarioFigures<Fp>, ScenarioFigures<Bn254Fr>>("scenario")
        + &of::<SimulationFigures<Fp, 250>, SimulationFigures<Bn254Fr, 250>>("simulation");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/haircut.txt");
    golden::assert_golden(path, &text);
}
