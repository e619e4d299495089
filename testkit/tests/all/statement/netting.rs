//! The netting statement, of every family: one account at up to four venues.

use crate::common;
use ff::Field as _;
use zkmargin_circuits::family::FamilyCircuit as _;
use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::netting::{Assignment, HeldHints, NettingCircuit, SideHints};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::statement::netting::{NAMES, VENUES};
use zkmargin_testkit::equations::netting::{statements, wires};

use super::transition::Family;
use super::{Both, fields, is_long, lies_about};
use crate::common::netting::{
    NettingCase, book, dealt, four, hedge, scenario, simulation, standard,
};
use crate::common::{PERP, SPOT, at_least, position};

type Lie<F, G> = Box<dyn Fn(&mut Assignment<F, G>) + Sync>;
type Named<F, G> = super::Named<Assignment<F, G>>;

const LEVEL: &str = "at-least:initial";
/// What a prover computes, and publishes.
const COMPUTED: [(usize, &str); 1] = [(VENUES, NAMES[VENUES])];

fn both<F: MarginField, G: Family<F>>(case: &NettingCase<F, G>) -> Both<F> {
    let list = statements(G::ACCOUNT, G::positions(case.shape));
    Both { k: NettingCircuit::<F, G>::k(case.shape), rows: case.public_rows(), list }
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField, G: Family<F>>(case: &NettingCase<F, G>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap(), G::set);
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

fn of_venue<F>(venue: &mut SideHints<F>) -> Vec<&mut F> {
    let SideHints { present, context, account, reserved, blinding, path } = venue;
    let mut all = vec![present, context, account, reserved, blinding];
    all.extend(path.first_mut().into_iter().flatten());
    all
}

fn of_held<F>(held: &mut HeldHints<F>) -> Vec<&mut F> {
    let HeldHints { held, lots, cash } = held;
    vec![held, lots, cash]
}

/// Lies about each venue, about slots at venues, and of more than one field.
fn lies<F: MarginField, G: Family<F>>(
    case: &NettingCase<F, G>,
    (venues, slots): (&[usize], &[usize]),
) -> Vec<Named<F, G>> {
    let mut circuit = case.circuit();
    let honest = circuit.assignment_mut().unwrap();
    let mut lies: Vec<Named<F, G>> = Vec::new();
    for venue in venues.iter().copied() {
        let of = fields(move |a: &mut Assignment<F, G>| of_venue(&mut a.venues[venue]));
        lies.extend(lies_about(&format!("venue {venue}"), honest, |_| (), of));
        for slot in slots.iter().copied() {
            let of = fields(move |a: &mut Assignment<F, G>| of_held(&mut a.slots[slot][venue]));
            lies.extend(lies_about(&format!("slot {slot} venue {venue}"), honest, |_| (), of));
            lies.extend(moved(slot, venue));
        }
    }
    lies.extend(of_the_whole());
    lies
}

/// Lies that keep the totals, or take them along.
fn moved<F: MarginField, G: Family<F>>(slot: usize, venue: usize) -> Vec<Named<F, G>> {
    let other = (venue + 1) % 4;
    let mut lies: Vec<Named<F, G>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F, G>| {
        lies.push((format!("slot {slot} venue {venue}: {name}"), lie));
    };
    let inverted = |bit: &mut F| *bit = F::ONE - *bit;
    add("held, or not", Box::new(move |a| inverted(&mut a.slots[slot][venue].held)));
    add("at the next venue", Box::new(move |a| a.slots[slot].swap(venue, other)));
    add("a lot of the next venue's", {
        Box::new(move |a| {
            a.slots[slot][venue].lots += F::ONE;
            a.slots[slot][other].lots -= F::ONE;
        })
    });
    add("more lots for less cash", {
        Box::new(move |a| {
            a.slots[slot][venue].lots += F::from(2).pow_vartime([64_u64]);
            a.slots[slot][venue].cash -= F::ONE;
        })
    });
    add("nothing of it", {
        Box::new(move |a| {
            a.slots[slot][venue] = HeldHints { held: F::ZERO, ..a.slots[slot][venue] };
        })
    });
    lies
}

/// Lies about what is of no slot.
fn of_the_whole<F: MarginField, G: Family<F>>() -> Vec<Named<F, G>> {
    let mut lies: Vec<Named<F, G>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F, G>| lies.push((name.to_owned(), lie));
    add("nothing", Box::new(|_| ()));
    add("below", Box::new(|a| a.claim.is_below = F::ONE - a.claim.is_below));
    for venue in 1..4 {
        let before = venue - 1;
        add(&format!("venue {venue} as the one before"), {
            Box::new(move |a| a.venues[venue] = a.venues[before].clone())
        });
        add(&format!("venue {venue} of the context before"), {
            Box::new(move |a| a.venues[venue].context = a.venues[before].context)
        });
        add(&format!("venue {venue} there, or not"), {
            Box::new(move |a| a.venues[venue].present = F::ONE - a.venues[venue].present)
        });
        add(&format!("venue {venue} not there at all"), {
            Box::new(move |a| {
                let [present, context, account] = [F::ZERO; 3];
                let venue = &mut a.venues[venue];
                (venue.present, venue.context, venue.account) = (present, context, account);
            })
        });
        add(&format!("venues {before} and {venue} swapped"), {
            Box::new(move |a| {
                a.venues.swap(before, venue);
                a.slots.iter_mut().for_each(|slot| slot.swap(before, venue));
            })
        });
    }
    lies
}

/// Of these venues and slots; with the list as the liar publishes it, and in the long run
/// as it was too.
fn on_lies<F: MarginField, G: Family<F>>(
    name: &str,
    case: &NettingCase<F, G>,
    places: (&[usize], &[usize]),
) where
    NettingCase<F, G>: Sync,
{
    assert!(agree(case), "{name}");
    let (both, lies) = (both(case), lies(case, places));
    let as_it_was: &[&[(usize, &str)]] = if is_long() { &[&[]] } else { &[] };
    for published in [&COMPUTED[..]].iter().chain(as_it_was) {
        let (told, accepted) = both.agree_on_published_lies(
            &case.circuit(),
            &lies,
            published,
            |lie| case.lie(lie),
            |rows, circuit| wires(rows, circuit.assignment_mut().unwrap(), G::set),
        );
        println!("{name} {}: {told} lies, {accepted} that both accept", F::NAME);
        assert!(accepted < told / 2);
    }
}

/// All four venues, and two of them; the first slot, and the last.
#[test]
fn on_lies_about_venues() {
    let all = [0, 1, 2, 3];
    on_lies("four", &standard::<Bn254Fr>(&four(), LEVEL, 0), (&all, &[0, 7]));
    on_lies("two", &standard::<Bn254Fr>(&hedge(), LEVEL, 0), (&[1, 2], &[1]));
}

#[test]
fn on_lies_in_other_families() {
    let options = dealt(&common::scenario::healthy(), 2);
    on_lies("options", &scenario::<Bn254Fr>(&options, LEVEL), (&[1], &[0]));
    let simulated = dealt(&common::simulation::healthy(), 3);
    let case = simulation::<Bn254Fr>(&simulated, at_least(Level::Initial));
    on_lies("simulation", &case, (&[0], &[0]));
}

/// True and false statements: native check, circuit and list have one verdict.
#[test]
fn on_statements() {
    let [one, other] = hedge();
    let isolated = |bucket| book(&[position(bucket, PERP, 1, 5_000)]);
    for (books, claim, verdict) in [
        (vec![one.clone(), other.clone()], LEVEL, true),
        (vec![one.clone(), other.clone()], "below:initial", false),
        (vec![one.clone()], LEVEL, false),
        (vec![one.clone()], "below:initial", true),
        (vec![book(&[]), book(&[]), book(&[])], LEVEL, true),
        (vec![isolated(3), isolated(3)], LEVEL, false),
        (vec![isolated(3), isolated(4)], LEVEL, true),
        (vec![isolated(3), book(&[position(3, SPOT, 1, 0)])], LEVEL, false),
        (vec![isolated(0), one, other], LEVEL, true),
    ] {
        assert_eq!(agree(&standard::<Bn254Fr>(&books, claim, 0)), verdict, "{claim}");
    }
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let case = standard::<Bn254Fr>(&hedge(), LEVEL, 0);
    // The memo is free.
    for (row, name) in NAMES.iter().enumerate().filter(|(row, _)| *row != MEMO) {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::ONE;
        let wires = wires(&both.rows, circuit.assignment_mut().unwrap(), StandardFigures::set);
        assert!(!both.agree(&circuit, wires), "{name}");
    }
}
