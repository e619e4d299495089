//! The netting circuit says what the native specification says, in every family; and
//! lies, each with the constraint that catches it.

use std::collections::BTreeSet;

use crate::common::mock::failures;
use crate::common::netting::{
    Book, NettingCase, StandardNetting, attest, book, dealt, four, hedge, scenario, simulation,
    standard,
};
use crate::common::*;
use ff::Field;
use pasta_curves::Fp;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::family::{FamilyCircuit, TooManyPositions, Unprovable, family_of};
use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::gadgets::layout::{Usual, Wide};
use zkmargin_circuits::kzg;
use zkmargin_circuits::scenario::{ScenarioCircuit, ScenarioFigures};
use zkmargin_circuits::simulation::{SCENARIOS, SimulationFigures};
use zkmargin_circuits::standard::{StandardCircuit, StandardFigures};
use zkmargin_circuits::statement::netting::{Assignment, NettingCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::portfolio::{Position, Reserved};
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::netting::NAMES;
use zkmargin_margin::units::{Amount, Lots};

type Standard = StandardFigures<Fp>;
const LEVEL: &str = "at-least:initial";

fn fails<G: FamilyFigures<Fp>>(
    case: &NettingCase<Fp, G>,
    circuit: &NettingCircuit<Fp, G>,
) -> BTreeSet<String> {
    failures(NettingCircuit::<Fp, G>::k(case.shape), circuit, case.public_rows())
}

/// Asserts that the circuit rejects a lie in a region whose name holds `label`.
#[track_caller]
fn rejects<G: FamilyFigures<Fp>>(
    case: &NettingCase<Fp, G>,
    lie: impl FnOnce(&mut Assignment<Fp, G>),
    label: &str,
) {
    let failing = fails(case, &case.lie(lie));
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

/// Asserts that a witness breaks a clause, and that the circuit rejects it in a region
/// whose name holds `label`.
#[track_caller]
fn is_refused<G: FamilyFigures<Fp>>(case: &NettingCase<Fp, G>, why: Violation, label: &str) {
    assert_eq!(case.check(), Err(why));
    rejects(case, |_| (), label);
}

#[test]
fn true_statements_are_satisfied() {
    fn satisfied<G: FamilyFigures<Fp>>(case: &NettingCase<Fp, G>) {
        assert_eq!(case.check(), Ok(()));
        assert_eq!(fails(case, &case.circuit()), BTreeSet::new());
    }
    satisfied(&standard::<Fp>(&four(), LEVEL, 0));
    // One venue is a margin statement; an account may hold nothing at one of two.
    satisfied(&standard::<Fp>(&[book(&healthy())], LEVEL, 0));
    satisfied(&standard::<Fp>(&[book(&healthy()), book(&[])], LEVEL, 0));
    satisfied(&scenario::<Fp>(&dealt(&crate::common::scenario::healthy(), 3), LEVEL));
    let books = dealt(&crate::common::simulation::healthy(), 2);
    satisfied(&simulation::<Fp>(&books, at_least(Level::Initial)));
}

/// What neither venue's book shows alone the totals do, and the shortfall is theirs.
#[test]
fn positions_cancel_over_venues() {
    let market = Market::<Fp>::new();
    let [one, other] = hedge();
    let alone = market.case(&one.0, claim(LEVEL), 0);
    assert_eq!(alone.check(), Err(Violation::FalseClaim));
    let both = standard::<Fp>(&[one.clone(), other], LEVEL, 0);
    assert_eq!(both.check(), Ok(()));
    assert_eq!(fails(&both, &both.circuit()), BTreeSet::new());
    // The lots have cancelled, the cash is left.
    let total = &both.witness.total.slots[0].position;
    assert_eq!((total.quantity.get(), total.cash.get()), (0, 4_000));

    // 200 lots are left, of 20,000 initial margin, and 4,000 of equity.
    let less = (vec![position(0, PERP, -300, 302_000)], 0);
    let short = standard::<Fp>(&[one.clone(), less.clone()], LEVEL, 0);
    is_refused(&short, Violation::FalseClaim, "M6 at least");
    let told = standard::<Fp>(&[one.clone(), less.clone()], "below:initial", 16_000);
    assert_eq!((told.check(), fails(&told, &told.circuit())), (Ok(()), BTreeSet::new()));
    let other = standard::<Fp>(&[one, less], "below:initial", 15_999);
    is_refused(&other, Violation::FalseDisclosure, "M7 disclosed");
}

#[test]
fn each_public_input_changed_alone_is_rejected() {
    let case = standard::<Fp>(&hedge(), LEVEL, 0);
    let k = NettingCircuit::<Fp, Standard>::k(case.shape);
    // The memo is free: the transcript of a proof binds it.
    for (row, name) in NAMES.iter().enumerate().filter(|(row, _)| *row != MEMO) {
        let mut rows = case.public_rows();
        rows[row] += Fp::ONE;
        assert_ne!(failures(k, &case.circuit(), rows), BTreeSet::new(), "{name}");
    }
}

/// N1: what a venue attested cannot be told otherwise.
#[test]
fn rejects_n1_lies_about_a_venue() {
    let case = standard::<Fp>(&four(), LEVEL, 0);
    // The first and the last venue, and slot.
    for (slot, venue, absent) in [(0, 0, 3), (7, 3, 0)] {
        // A lot more at one venue and one less at another: the totals stay.
        let lie = |a: &mut Assignment<Fp, Standard>| {
            a.slots[slot][venue].lots += Fp::ONE;
            a.slots[slot][absent].lots -= Fp::ONE;
        };
        rejects(&case, lie, "N1 not held is nothing");
        rejects(&case, |a| a.slots[slot][absent].cash += Fp::ONE, "N1 not held is nothing");
        rejects(&case, |a| a.slots[slot][absent].held = Fp::ONE, "N1 account");
        rejects(&case, |a| a.slots[slot][venue].held = Fp::from(2), "N1 held is a bit");
        rejects(&case, |a| a.venues[venue].blinding += Fp::ONE, "N1 account");
        rejects(&case, |a| a.venues[venue].path[0][0] += Fp::ONE, "N1 account");
        rejects(&case, |a| a.venues[venue].account += Fp::ONE, "N1 account");
    }
    // A position told to be held at no venue, and lots and cash that make up for each
    // other in its word.
    rejects(&case, |a| a.slots[0][0].held = Fp::ZERO, "N1 not held is nothing");
    let power = Fp::from(2).pow_vartime([64_u64]);
    let lie = |a: &mut Assignment<Fp, Standard>| {
        a.slots[0][0].lots += power;
        a.slots[0][0].cash -= Fp::ONE;
    };
    rejects(&case, lie, "M4 lots held");
}

/// N1, honestly told by the witness.
#[test]
fn rejects_n1_witnesses() {
    let case = standard::<Fp>(&hedge(), LEVEL, 0);
    let mut other = case.clone();
    other.witness.sides[1].venue.state_root += Fp::ONE;
    other.publish();
    is_refused(&other, Violation::NotAtVenue(1), "N3 venues");
    let mut other = case.clone();
    other.witness.sides[0].reserved = Reserved::new(1).unwrap();
    assert_eq!(other.check(), Err(Violation::VenueOpening(0)));
    rejects(&other, |_| (), "N1 account");
    // A venue that attests its book in another order.
    let mut other = case.clone();
    other.witness.sides[1].positions.reverse();
    attest(&mut other.witness.sides[1]);
    other.publish();
    assert_eq!(other.check(), Err(Violation::VenueOrder(1)));
    assert_ne!(fails(&other, &other.circuit()), BTreeSet::new());
}

/// N2: the totals are the sums, no less and no more.
#[test]
fn rejects_n2_other_totals() {
    let case = standard::<Fp>(&hedge(), LEVEL, 0);
    let mut more = case.clone();
    more.witness.total.slots[1].position.cash = Amount::new(1).unwrap();
    is_refused(&more, Violation::Total(1), "N2 cash");
    let mut more = case.clone();
    more.witness.total.slots[1].position.quantity = Lots::new(11);
    is_refused(&more, Violation::Total(1), "N2 lots");
    // A position that is left out, and one that nobody has.
    let mut less = case.clone();
    less.witness.total.slots.remove(0);
    assert_eq!(less.check(), Err(Violation::NotInTotal));
    rejects(&less, |_| (), "N1 account");
    let mut idle = case.clone();
    let slot = Market::<Fp>::new().slot(&position(1, ODD, 0, 0));
    idle.witness.total.slots.push(slot);
    is_refused(&idle, Violation::HeldNowhere(2), "N2 held nowhere");
    let mut reserved = case.clone();
    reserved.witness.total.reserved = Reserved::new(99).unwrap();
    assert_eq!(reserved.check(), Err(Violation::TotalReserved));
    // The circuit sums by itself: there is nothing to be told otherwise.
    assert_eq!(fails(&reserved, &reserved.circuit()), BTreeSet::new());
    rejects(&case, |a| a.venues[1].reserved -= Fp::ONE, "N1 account");
    rejects(&case, |a| a.venues[2].reserved += Fp::ONE, "N2 absent holds nothing");
}

/// Sums are held to the ranges of one account's, and nothing wraps.
#[test]
fn rejects_n2_sums_out_of_range() {
    let most = (1_i128 << 79) - 1;
    for (at_one, at_other) in [
        (position(0, ODD, i64::MAX, 0), position(0, ODD, 1, 0)),
        (position(0, ODD, i64::MIN, 0), position(0, ODD, -1, 0)),
    ] {
        // The lots would be those of the other sign, if sums wrapped at 64 bits.
        let case = standard::<Fp>(&[book(&[]), book(&[position(0, ODD, 0, 0)])], LEVEL, 0);
        let lie = |a: &mut Assignment<Fp, Standard>| {
            for (venue, own) in [at_one, at_other].into_iter().enumerate() {
                let lots = Fp::from_i128(i128::from(own.quantity.get()) + (1 << 63));
                a.slots[0][venue].held = Fp::ONE;
                a.slots[0][venue].lots = lots;
            }
        };
        rejects(&case, lie, "N2 lots");
    }
    let case = standard::<Fp>(&[book(&[position(0, ODD, 1, most)]), book(&[])], "below:initial", 0);
    let lie = |a: &mut Assignment<Fp, Standard>| {
        (a.slots[0][1].held, a.slots[0][1].cash) = (Fp::ONE, a.slots[0][1].cash + Fp::ONE);
        a.figures.slots[0].cash += Fp::ONE;
    };
    rejects(&case, lie, "M4 cash");
    let most = (1_u128 << 80) - 1;
    let case = standard::<Fp>(&[(vec![], most), book(&[])], "below:initial", 0);
    rejects(&case, |a| a.venues[1].reserved = Fp::ONE, "N2 reserved of all");
}

/// N3: *the* attack: a book that counts twice.
#[test]
fn rejects_n3_a_venue_that_counts_twice() {
    // Under its own name.
    let twice = |book: &Book| standard::<Fp>(&[book.clone(), book.clone()], LEVEL, 0);
    let rich = book(&[position(0, PERP, 1, 1_000)]);
    let mut case = twice(&rich);
    assert_eq!(case.check(), Ok(()), "two books that are as large");
    case.witness.sides[1] = case.witness.sides[0].clone();
    case.publish();
    is_refused(&case, Violation::VenueTwice(1), "N3 context differs");
    // Another account of the same venue, in the same root or in one of another epoch.
    let mut case = twice(&rich);
    case.witness.sides[1].venue.context = case.witness.sides[0].venue.context;
    attest(&mut case.witness.sides[1]);
    case.publish();
    is_refused(&case, Violation::VenueTwice(1), "N3 context differs");
    // The same opening attested by two: one book under two names.
    let mut case = twice(&rich);
    case.witness.sides[1].blinding = case.witness.sides[0].blinding.clone();
    attest(&mut case.witness.sides[1]);
    case.publish();
    is_refused(&case, Violation::VenueTwice(1), "N3 commitment differs");
    // One tree under two names: it has a leaf of each context.
    let mut case = twice(&rich);
    one_tree(&mut case);
    is_refused(&case, Violation::VenueTwice(1), "N3 state root differs");
    // No inverse makes up for a difference that is none; a venue told absent brings
    // nothing in.
    rejects(&case, |a| a.venues[1].present = Fp::ZERO, "N2 absent holds nothing");
}

/// Both venues' leaves in one tree.
fn one_tree(case: &mut StandardNetting<Fp>) {
    use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
    use zkmargin_margin::merkle::Tree;
    use zkmargin_margin::poseidon::Domain;

    let leaves = case
        .witness
        .sides
        .iter()
        .map(|side| state_leaf(side.venue.account, side.commitment, side.venue.context));
    let tree = Tree::build(Domain::StateNode, STATE_DEPTH, leaves.collect()).unwrap();
    for (index, side) in case.witness.sides.iter_mut().enumerate() {
        side.venue.state_root = tree.root();
        side.path = tree.path(index).unwrap();
    }
    case.publish();
}

/// N3: who is there and who is not.
#[test]
fn rejects_n3_lies_about_who_is_there() {
    let case = standard::<Fp>(&hedge(), LEVEL, 0);
    rejects(&case, |a| a.venues[1].present = Fp::ZERO, "N3 absent has no context");
    rejects(&case, |a| a.venues[1].present = Fp::ZERO, "N3 absent has no account");
    rejects(&case, |a| a.venues[1].present = Fp::ZERO, "N2 absent holds nothing");
    rejects(&case, |a| a.venues[3].present = Fp::ONE, "N3 present come first");
    rejects(&case, |a| a.venues[2].present = Fp::ONE, "N3 venues");
    rejects(&case, |a| a.venues[2].present = Fp::from(2), "N3 present is a bit");
    rejects(&case, |a| a.venues[3].context = Fp::ONE, "N3 absent has no context");
    // A third venue that brings in lots of its own.
    let lie = |a: &mut Assignment<Fp, Standard>| {
        a.slots[0][2].held = Fp::ONE;
        a.slots[0][2].cash += Fp::ONE;
        a.figures.slots[0].cash += Fp::ONE;
    };
    rejects(&case, lie, "N2 absent holds nothing");
    // Another list than is public.
    let mut other = case.clone();
    other.instance.venues += Fp::ONE;
    is_refused(&other, Violation::VenuesDigest, "N3 venues");
    let mut none = case.clone();
    none.witness.sides.clear();
    assert_eq!(none.check(), Err(Violation::Venues(0)));
}

/// N4: what a venue keeps apart is not netted with what another does.
#[test]
fn rejects_n4_isolated_buckets_of_two_venues() {
    let poor = position(3, PERP, 100, -99_000);
    let rich = position(3, PERP, 0, 50_000);
    let case =
        |one: &[Position], other: &[Position]| standard::<Fp>(&[book(one), book(other)], LEVEL, 0);
    let short = case(std::slice::from_ref(&poor), &[]);
    is_refused(&short, Violation::FalseClaim, "M6 at least");
    // One position of two, and two positions of the bucket.
    let one = case(std::slice::from_ref(&poor), &[rich]);
    is_refused(&one, Violation::SharedBucket(0), "N4 one venue of a position");
    let cash = position(3, SPOT, 0, 50_000);
    let two = case(std::slice::from_ref(&poor), std::slice::from_ref(&cash));
    is_refused(&two, Violation::SharedBucket(0), "N4 one venue of a bucket");
    // The same behind a position of the cross bucket; and in buckets of their own.
    let cross = position(0, PERP, 1, 1_000);
    let behind = case(&[cross.clone(), poor.clone()], &[cross, cash]);
    is_refused(&behind, Violation::SharedBucket(1), "N4 one venue of a bucket");
    let apart = case(&[poor], &[position(4, SPOT, 0, 50_000)]);
    is_refused(&apart, Violation::FalseClaim, "M6 at least");
}

/// The same lies where the family's slots are others.
#[test]
fn rejects_lies_in_other_families() {
    fn lies<G: FamilyFigures<Fp>>(case: &NettingCase<Fp, G>) {
        let total = G::Family::account(&case.witness.total);
        assert_eq!(total.slots[0].position.key(), case.witness.sides[0].positions[0].key());
        rejects(case, |a| a.slots[0][0].lots += Fp::ONE, "N2 lots");
        rejects(case, |a| a.slots[0][0].cash += Fp::ONE, "N2 cash");
        rejects(case, |a| a.slots[0][3].held = Fp::ONE, "N2 absent holds nothing");
        rejects(case, |a| a.venues[1].context = a.venues[0].context, "N3 context differs");
    }
    lies(&scenario::<Fp>(&dealt(&crate::common::scenario::healthy(), 2), LEVEL));
    let books = dealt(&crate::common::simulation::healthy(), 2);
    lies(&simulation::<Fp>(&books, at_least(Level::Initial)));
}

#[test]
fn what_cannot_be_proved_is_refused_in_words() {
    type Circuit = NettingCircuit<Fp, Standard>;
    let rows: Vec<_> = (0..9).map(|bucket| position(bucket, PERP, 1, 1_000)).collect();
    let case = NettingCase::<Fp, Standard>::new(&[book(&rows)], |positions, _| {
        let case = Market::<Fp>::new().case(positions, claim(LEVEL), 0);
        (case.instance, case.witness)
    });
    let refused = Circuit::checked(Shape::Small, &case.instance, &case.witness).unwrap_err();
    let expected = TooManyPositions { positions: 9, shape: Shape::Small, slots: 8 };
    assert_eq!(refused, Unprovable::TooManyPositions(expected));
    let case = standard::<Fp>(&vec![book(&[]); 5], LEVEL, 0);
    let refused = Circuit::checked(Shape::Small, &case.instance, &case.witness).unwrap_err();
    assert_eq!(refused, Unprovable::Violation(Violation::Venues(5)));
}

/// Rows against those of the margin circuit of the same shape, in percent.
#[test]
fn rows_are_at_most_so_many_times_the_margin_circuits() {
    let percent = |netting: Cost, margin: Cost| {
        // The rows that blind the columns, and some to spare.
        assert!(netting.rows + 10 <= 1 << netting.k, "{netting:?}");
        assert!(netting.rows + 10 > 1 << (netting.k - 1), "{netting:?}");
        assert_eq!(netting.advice_columns, margin.advice_columns);
        assert_eq!(netting.permutation_columns, margin.permutation_columns);
        netting.rows * 100 / margin.rows
    };
    let wide = |shape| {
        [
            percent(
                Cost::measure::<NettingCircuit<Fp, Standard>>(shape),
                Cost::measure::<StandardCircuit<Fp>>(shape),
            ),
            percent(
                Cost::measure::<NettingCircuit<Fp, ScenarioFigures<Fp>>>(shape),
                Cost::measure::<ScenarioCircuit<Fp>>(shape),
            ),
        ]
    };
    let tall = |shape| {
        [
            percent(
                kzg::cost::<NettingCircuit<Bn254Fr, StandardFigures<Bn254Fr>>>(shape).unwrap(),
                kzg::cost::<StandardCircuit<Bn254Fr>>(shape).unwrap(),
            ),
            percent(
                kzg::cost::<NettingCircuit<Bn254Fr, ScenarioFigures<Bn254Fr>>>(shape).unwrap(),
                kzg::cost::<ScenarioCircuit<Bn254Fr>>(shape).unwrap(),
            ),
        ]
    };
    assert_eq!(Shape::ALL.map(wide), [[191, 151], [156, 128], [146, 116]]);
    // The largest takes seconds to lower.
    assert_eq!([Shape::Small, Shape::Medium].map(tall), [[182, 137], [157, 128]]);
}

/// `k` of every shape in every layout, of the families that have keys.
#[test]
#[ignore = "a list for who changes a circuit"]
fn rows_and_k_of_every_shape() {
    fn of<C: FamilyCircuit<Bn254Fr>>(name: &str) {
        for shape in family_of::<Bn254Fr, C>().shapes().iter().copied() {
            let Cost { rows, k, .. } = kzg::cost::<C>(shape).unwrap();
            println!("{name} {shape} {}: {rows} rows, k {k}", C::layout());
            assert!(rows + 10 <= 1 << k && rows + 10 > 1 << (k - 1), "{name} {shape}");
        }
    }
    type Netting<G, L> = NettingCircuit<Bn254Fr, G, L>;
    of::<Netting<StandardFigures<Bn254Fr>, Usual>>("standard");
    of::<Netting<StandardFigures<Bn254Fr>, Wide>>("standard");
    of::<Netting<ScenarioFigures<Bn254Fr>, Usual>>("scenario");
    of::<Netting<ScenarioFigures<Bn254Fr>, Wide>>("scenario");
    of::<Netting<SimulationFigures<Bn254Fr, SCENARIOS>, Usual>>("simulation");
    of::<Netting<SimulationFigures<Bn254Fr, SCENARIOS>, Wide>>("simulation");
}
