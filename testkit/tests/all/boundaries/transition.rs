//! Boundaries of transitions: the first and the last of slots, entries and places,
//! of every shape filled; and the largest change of an amount.

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::{Assignment, TransitionCircuit};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::{Blinding, Position};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::{Change, TransitionInstance};
use zkmargin_margin::units::{Amount, Lots};

use super::{breaks_only, broken};
use crate::common::transition::{StandardTransition, standard};
use crate::common::{PERP, position};

type Circuit<F> = TransitionCircuit<F, StandardFigures<F>>;
type Choices<F> = Assignment<F, StandardFigures<F>>;

fn failing<F: MarginField>(
    case: &StandardTransition<F>,
    circuit: &Circuit<F>,
) -> std::collections::BTreeSet<String> {
    broken(Circuit::<F>::k(case.shape), circuit, &case.public_rows())
}

#[track_caller]
fn verdict<F: MarginField>(case: &StandardTransition<F>) -> Result<(), Violation> {
    let circuit = failing(case, &case.circuit());
    assert_eq!(case.check().is_ok(), circuit.is_empty(), "{:?}: {circuit:?}", case.check());
    case.check()
}

/// So many positions, each in a bucket of its own.
fn filled(slots: usize) -> Vec<Position> {
    let slots = u16::try_from(slots).unwrap();
    (0..slots).map(|bucket| position(bucket, PERP, 2_000, 1_600_000)).collect()
}

/// Which slots a trade of so many changes is about: the first, the last, and between.
fn places(slots: usize, changes: usize) -> Vec<usize> {
    (0..changes).map(|i| i * (slots - 1) / (changes - 1).max(1)).collect()
}

#[derive(Clone, Copy, Debug)]
enum Trade {
    Change,
    Close,
    Open,
}

/// Every slot of a shape in use, and as many changes as it holds.
fn full<F: MarginField>(shape: Shape, trade: Trade) -> StandardTransition<F> {
    let (slots, changes) = (shape.standard_positions(), shape.changes());
    let mut one = filled(slots);
    let mut other = one.clone();
    for place in places(slots, changes) {
        other[place].quantity = Lots::new(1_999);
        other[place].cash = Amount::new(1_600_001).unwrap();
    }
    match trade {
        Trade::Change => {}
        Trade::Close => {
            let gone = places(slots, changes);
            let kept = one.iter().enumerate().filter(|(i, _)| !gone.contains(i));
            other = kept.map(|(_, position)| position.clone()).collect();
        }
        Trade::Open => {
            let opened = places(slots, changes);
            other.clone_from(&one);
            let kept = one.iter().enumerate().filter(|(i, _)| !opened.contains(i));
            one = kept.map(|(_, position)| position.clone()).collect();
        }
    }
    let mut case = standard::<F>(&one, &other, Level::Initial);
    case.shape = shape;
    assert_eq!(case.witness.slots.len(), slots);
    assert_eq!(case.witness.change.entries().len(), changes);
    case
}

const TRADES: [Trade; 3] = [Trade::Change, Trade::Close, Trade::Open];

#[test]
fn every_shape_is_filled_with_as_many_changes_as_it_holds() {
    for trade in TRADES {
        for shape in [Shape::Small, Shape::Medium] {
            assert_eq!(verdict(&full::<Fp>(shape, trade)), Ok(()), "{shape} {trade:?}");
        }
        assert_eq!(verdict(&full::<Bn254Fr>(Shape::Small, trade)), Ok(()), "{trade:?}");
    }
    assert_eq!(verdict(&full::<Fp>(Shape::Large, Trade::Close)), Ok(()));
}

type Lie<F> = fn(&mut Choices<F>, usize);

/// The same lie about the first slot and the last, by each of which an entry is told.
fn lies<F: MarginField>() {
    let flip = |bit: &mut F| *bit = F::ONE - *bit;
    let lies: [(Lie<F>, &str); 9] = [
        (|a, i| a.slots[i].lots += F::ONE, "link"),
        (|a, i| a.slots[i].cash -= F::ONE, "link"),
        (|a, i| a.slots[i].held = F::ZERO, "T1 not held is nothing"),
        (|a, i| a.slots[i].changed = F::ZERO, "T3 unchanged is as before"),
        (|a, i| a.slots[i].changed = F::from(2), "T3 changed is a bit"),
        (|a, i| a.slots[i].before.fill(F::ZERO), "equality"),
        (|a, i| a.slots[i].next.fill(F::ZERO), "equality"),
        (|a, i| a.slots[i].entry.fill(F::ZERO), "equality"),
        (|a, i| a.slots[i].next[0] = F::from(2), "next is 0 is a bit"),
    ];
    let case = full::<F>(Shape::Small, Trade::Change);
    for slot in [0, 7] {
        for (lie, name) in lies {
            let circuit = case.lie(|a| lie(a, slot));
            let found = failing(&case, &circuit);
            let own = format!("slot {slot}: {name}");
            let caught = |b: &String| match name {
                "link" => b.starts_with("account: ") || b.starts_with("change: "),
                _ => b.starts_with(&own),
            };
            assert!(found.iter().any(caught), "{own}: {found:?}");
        }
    }
    // The entries in each other's places: the last is the first.
    let circuit = case.lie(|a| {
        for slot in [0, 7] {
            a.slots[slot].entry.iter_mut().for_each(flip);
        }
    });
    let found = failing(&case, &circuit);
    assert!(found.iter().any(|b| b.starts_with("slot 7: equality")), "{found:?}");
}

#[test]
fn lies_are_refused_in_the_first_and_the_last_entry() {
    lies::<Fp>();
    lies::<Bn254Fr>();
}

/// The least amount of cash becomes the most, and the reverse: no change is larger.
#[test]
fn the_largest_change_of_cash_fits_its_place() {
    let (least, most) = (-(1_i128 << 79), (1_i128 << 79) - 1);
    for (from, to, expected) in
        [(least, most, Ok(())), (most, least, Err(Violation::FalseClaim)), (most, most - 1, Ok(()))]
    {
        let [before, after] = [from, to].map(|cash| [position(0, PERP, 1, cash)]);
        let case = standard::<Fp>(&before, &after, Level::Initial);
        assert_eq!(verdict(&case), expected, "{from} {to}");
    }
}

/// Lots and cash of a slot that is not told to change are looked at as one number: no
/// lots are paid for by cash, wherever one ends and the other begins.
#[test]
fn nothing_makes_up_for_what_is_not_told_to_change() {
    let no_entries = || Change::new(vec![], Blinding::new([0x7c; 31])).unwrap();
    let before = [position(0, PERP, 10, 1 << 40)];
    let lots = [0, 1, 1 << 8, 1 << 40, 1 << 55, 1 << 56, 1 << 62];
    for (more, cash) in lots.into_iter().flat_map(|lots| [0, -1, 1].map(|cash| (lots, cash))) {
        let after = [position(0, PERP, 10 + more, (1 << 40) + cash)];
        let mut case = standard::<Fp>(&before, &after, Level::Initial);
        case.witness.change = no_entries();
        let (account, next) = (*case.instance.account(), case.instance.next());
        let change = case.witness.change.digest();
        case.instance =
            TransitionInstance::new(account, case.instance.aim(), next, change).unwrap();
        if (more, cash) == (0, 0) {
            assert_eq!(verdict(&case), Ok(()));
            continue;
        }
        assert!(verdict(&case).is_err(), "{more} lots, {cash}");
        let found = failing(&case, &case.circuit());
        breaks_only(&found, "slot 0: T3 unchanged is as before");
    }
}
