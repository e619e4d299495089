//! Deleveragings, of the standard family.

use zkmargin_circuits::standard::StandardFigures;
use zkmargin_circuits::statement::transition::deleveraging::Assignment;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::statement::transition::NAMES;
use zkmargin_testkit::equations::deleveraging::{statements, wires};

use super::{Both, fields, lies_about, standard, transition};
use crate::common::deleveraging::*;
use crate::common::{ODD, PERP, SPOT, position};

type Choices<F> = Assignment<F, StandardFigures<F>>;
type Lie<F> = Box<dyn Fn(&mut Choices<F>) + Sync>;
type Named<F> = super::Named<Choices<F>>;

/// What both say of a case.
fn both<F: MarginField>(case: &Deleveraging<F>) -> Both<F> {
    let shape = case.0.shape;
    let list = statements(shape.standard_positions(), shape.changes());
    Both { k: case.k(), rows: case.public_rows(), list }
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField>(case: &Deleveraging<F>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

/// The aim's bits, and the fields of the entries.
fn of_the_aim<F: MarginField>(a: &mut Choices<F>) -> Vec<&mut F> {
    let aim = &mut a.aim;
    let mut all =
        vec![&mut aim.is_cures, &mut aim.breach_is_maintenance, &mut aim.breach_is_initial];
    let last = a.entries.len() - 1;
    for (e, entry) in a.entries.iter_mut().enumerate() {
        all.extend([&mut entry.present, &mut entry.has_lots, &mut entry.lots, &mut entry.cash]);
        // Nothing goes on behind the last.
        all.extend((e < last).then_some(&mut entry.goes_on));
    }
    all
}

/// Lies about each field that a deleveraging has beside a transition, and some of the
/// transition's own.
fn lies<F: MarginField>(case: &Deleveraging<F>) -> Vec<Named<F>> {
    let mut circuit = case.circuit();
    let of = circuit.assignment_mut().unwrap();
    let mut lies = lies_about("aim and entries", of, |_| (), of_the_aim);
    for slot in 0..=of.entries.len() {
        let loose = fields(move |a: &mut Choices<F>| -> Vec<&mut F> {
            standard::fields(&mut a.loose.slots[slot]).into()
        });
        lies.extend(lies_about(&format!("by itself {slot}"), of, |_| (), loose));
    }
    for slot in [0, 1, 7] {
        let beside = fields(move |a: &mut Choices<F>| transition::beside(&mut a.slots[slot], slot));
        lies.extend(lies_about(&format!("beside slot {slot}"), of, |_| (), beside));
        let told = |a: &mut Choices<F>| transition::tell(&mut a.transition);
        lies.extend(lies_about(&format!("beside slot {slot}, told"), of, told, beside));
    }
    lies.extend(of_ends(of.ends.len()));
    lies.extend(of_the_whole());
    lies
}

/// Lies about which buckets were in breach and fall short.
fn of_ends<F: MarginField>(ends: usize) -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: String, lie: Lie<F>| lies.push((name, lie));
    for end in 0..ends {
        for (name, flag) in [("none", F::ZERO), ("one", F::ONE), ("minus one", -F::ONE)] {
            add(
                format!("end {end}: in breach, {name}"),
                Box::new(move |a| a.ends[end].in_breach = Some(flag)),
            );
            add(
                format!("end {end}: falls short, {name}"),
                Box::new(move |a| a.ends[end].falls_short = Some(flag)),
            );
        }
    }
    for (name, flag) in [("none", F::ZERO), ("one", F::ONE)] {
        add(
            format!("all ends: {name}"),
            Box::new(move |a| {
                for end in &mut a.ends {
                    (end.in_breach, end.falls_short) = (Some(flag), Some(flag));
                }
            }),
        );
    }
    lies
}

fn of_the_whole<F: MarginField>() -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((name.to_owned(), lie));
    add("nothing", Box::new(|_| ()));
    add("below", Box::new(|a| a.claim.is_below = F::ONE - a.claim.is_below));
    add(
        "another level",
        Box::new(|a| {
            let claim = &mut a.transition.claim;
            std::mem::swap(&mut claim.is_maintenance, &mut claim.is_initial);
        }),
    );
    add(
        "healthier for a cure, or the other way round",
        Box::new(|a| {
            a.aim.is_cures = F::ONE - a.aim.is_cures;
            (a.aim.breach_is_maintenance, a.aim.breach_is_initial) = (F::ZERO, F::ZERO);
        }),
    );
    for (name, by) in [("one", F::ONE), ("minus one", -F::ONE), ("2^24", F::from(1 << 24))] {
        add(&format!("multiplier: {name}"), Box::new(move |a| a.claim.above_one += by));
        // Neither aim has a bound on leverage: nobody reads it.
        add(&format!("leverage: {name}"), Box::new(move |a| a.claim.leverage += by));
        add(&format!("reserved: {name}"), Box::new(move |a| a.reserved += by));
        add(
            &format!("an entry's lots for its cash: {name}"),
            Box::new(move |a| {
                a.entries[0].lots += by * F::from(2).pow_vartime([72_u64]);
                a.entries[0].cash -= by;
            }),
        );
    }
    add("entries swapped", Box::new(|a| a.entries.swap(0, 1)));
    add("positions by themselves swapped", Box::new(|a| a.loose.slots.swap(0, 1)));
    add(
        "entries and their positions swapped",
        Box::new(|a| {
            a.entries.swap(0, 1);
            a.loose.slots.swap(0, 1);
        }),
    );
    add("taken back as it was", Box::new(|a| a.loose.slots[2] = a.loose.slots[0].clone()));
    add("nothing is taken back", Box::new(|a| a.loose.slots[2].padding = F::ONE));
    lies
}

#[test]
fn on_lies_over_bn254() {
    for (name, case) in [
        ("cured", cured::<Bn254Fr>()),
        ("cured of two", full("cures:maintenance:maintenance")),
        ("healthier", full("healthier:maintenance")),
    ] {
        assert!(agree(&case), "{name}");
        let (both, lies) = (both(&case), lies(&case));
        let (told, accepted) = both.agree_on_lies(
            &case.circuit(),
            &lies,
            |lie| case.lie(lie),
            |rows, circuit| wires(rows, circuit.assignment_mut().unwrap()),
        );
        println!("{name}: {told} lies, {accepted} that both accept");
        assert!(accepted < told / 3);
    }
}

/// True and false statements around every bound: native check, circuit and list have one
/// verdict.
#[test]
fn on_statements() {
    let cures = "cures:maintenance:maintenance";
    let times = "cures:maintenance:maintenance,multiplier:1.25";
    for (lots, aim, verdict) in [
        (99, cures, false),
        (100, cures, true),
        (101, cures, false),
        (599, "cures:maintenance:initial", false),
        (600, "cures:maintenance:initial", true),
        (601, "cures:maintenance:initial", false),
        (279, times, false),
        (280, times, true),
        (281, times, false),
        (0, cures, false),
        (0, "healthier:maintenance", true),
        (1, "healthier:initial", true),
    ] {
        let case: Deleveraging<Bn254Fr> = deleverage(&poor(), &bought(lots), aim);
        assert_eq!(agree(&case), verdict, "{lots} {aim}");
    }
    // A ratio that is what it was, and less by a unit of equity, above zero and below.
    for cash in [0, -1] {
        let after = [position(0, PERP, -1_400, 1_481_000 + cash), position(3, ODD, 777, 5_000)];
        assert_eq!(agree(&healthier(&poor(), &after, 0)), cash == 0);
        let before = [position(0, PERP, 100, -101_000)];
        let after = [position(0, PERP, 99, -99_990 + cash)];
        assert_eq!(agree(&healthier(&before, &after, 0)), cash == 0);
    }
}

fn healthier(before: &[Position], after: &[Position], reserved: u128) -> Deleveraging<Bn254Fr> {
    reserving(before, after, "healthier:maintenance", reserved)
}

/// What no deleveraging does, and what one may do with cash.
#[test]
fn on_entries() {
    let rich = [position(0, PERP, -100, 1_000_000), position(3, ODD, 777, 500_000)];
    let changed = |index: usize, lots: i64, cash: i128| {
        let mut after = rich.to_vec();
        let Position { bucket, instrument, .. } = rich[index];
        let lots = rich[index].quantity.get() + lots;
        let cash = rich[index].cash.get() + cash;
        after[index] = position(bucket.get(), instrument.get(), lots, cash);
        agree(&healthier(&rich, &after, 0))
    };
    assert!(!changed(0, -1, 0) && !changed(1, 1, 0), "grows");
    assert!(!changed(0, 101, 0) && !changed(0, 200, 0) && !changed(1, -778, 0), "flips");
    assert!(changed(0, 100, 0) && changed(1, 0, 1) && !changed(1, 0, -1));
    // Cash of the bucket in which lots are closed, and of another.
    let poor =
        [position(0, PERP, 5, -119_457), position(0, ODD, 1_000, 0), position(3, PERP, 5, 0)];
    let [first, second, third] = poor.clone();
    let settled = [position(0, PERP, 1, -119_457), position(0, ODD, 1_000, 4_000), third.clone()];
    let other = [position(0, PERP, 5, -119_458), second.clone(), position(3, PERP, 4, 1_001)];
    assert!(agree(&healthier(&poor, &settled, 0)) && !agree(&healthier(&poor, &other, 0)));
    // What is reserved is required before and afterwards.
    for reserved in [1, 1 << 60] {
        agree(&healthier(&poor, &settled, reserved));
        agree(&reserving::<Bn254Fr>(&poor, &settled, "healthier:initial", reserved));
    }
    // A position of nothing comes and goes with an entry alone.
    let empty = position(2, SPOT, 0, 0);
    let with_empty = [first, second, empty, third];
    agree(&healthier(&poor, &with_empty, 0));
    agree(&healthier(&with_empty, &poor, 0));
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let case = cured::<Bn254Fr>();
    // The memo is free.
    for (row, name) in NAMES.iter().enumerate().filter(|(row, _)| *row != MEMO) {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::from(1);
        let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
        assert!(!both.agree(&circuit, wires), "{name}");
    }
}
