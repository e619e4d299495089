//! The settlement family.

use pasta_curves::Fp;
use zkmargin_circuits::settlement::SlotHints;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_testkit::equations::settlement::{statements, wires};

use super::{Both, fields, is_long, lies_about};
use crate::common::settlement::*;
use crate::common::{at_least, below};

type Lie<F> = Box<dyn Fn(&mut Choices<F>) + Sync>;
type Named<F> = super::Named<Choices<F>>;

/// Every field of a slot that the prover writes, of a path some.
fn of_slot<F>(slot: &mut SlotHints<F>) -> Vec<&mut F> {
    let mut fields = vec![
        &mut slot.padding,
        &mut slot.short,
        &mut slot.size_less_sign,
        &mut slot.cash,
        &mut slot.is_option,
        &mut slot.expiry,
        &mut slot.rank,
        &mut slot.is_long_only,
        &mut slot.is_call,
        &mut slot.mark,
        &mut slot.strike,
        &mut slot.extra,
        &mut slot.maintenance,
        &mut slot.initial,
        &mut slot.unpaired_maintenance,
        &mut slot.unpaired_initial,
        &mut slot.same_expiry,
    ];
    fields.extend(slot.path.iter_mut().step_by(6).flatten());
    fields
}

/// Every bit of a slot that is presumed, told.
fn of_signs<F: MarginField>(slot: &mut SlotHints<F>) -> [&mut Option<F>; 5] {
    [
        &mut slot.is_held,
        &mut slot.loses_at_zero,
        &mut slot.is_worse,
        &mut slot.is_naked,
        &mut slot.is_bounded,
    ]
}

fn lies_about_fields<F: MarginField>(case: &SettlementCase<F>, slots: &[usize]) -> Vec<Named<F>> {
    let mut circuit = case.circuit();
    let of = circuit.assignment_mut().unwrap();
    let mut lies: Vec<Named<F>> = Vec::new();
    for slot in slots.iter().copied() {
        let of_fields = fields(move |a: &mut Choices<F>| of_slot(&mut a.figures.slots[slot]));
        lies.extend(lies_about(&format!("slot {slot}"), of, |_| (), of_fields));
        for sign in 0..5 {
            for told in [F::ZERO, F::ONE, -F::ONE] {
                let lie: Lie<F> = Box::new(move |a| {
                    *of_signs(&mut a.figures.slots[slot])[sign] = Some(told);
                });
                lies.push((format!("slot {slot}: sign {sign} is {told:?}"), lie));
            }
        }
    }
    lies
}

/// Lies of more than one field, and of the account.
fn coupled_lies<F: MarginField>(shortfall: u128) -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((name.to_owned(), lie));
    add("nothing", Box::new(|_| ()));
    add("commitment", Box::new(|a| a.witness.commitment += F::ONE));
    add("below", Box::new(|a| a.claim.is_below = F::ONE - a.claim.is_below));
    add(
        "another level",
        Box::new(|a| std::mem::swap(&mut a.claim.is_maintenance, &mut a.claim.is_initial)),
    );
    let own = F::from_u128(shortfall);
    for (name, by) in [("one", F::ONE), ("minus one", -F::ONE), ("2^24", F::from(1 << 24))] {
        add(&format!("multiplier: {name}"), Box::new(move |a| a.claim.above_one += by));
        // Whoever has no notional has no bound on leverage either: nobody reads it.
        add(&format!("leverage: {name}"), Box::new(move |a| a.claim.leverage += by));
        add(&format!("reserved: {name}"), Box::new(move |a| a.reserved += by));
        add(&format!("slack: {name}"), Box::new(move |a| a.figures.slack = Some(by)));
        add(&format!("shortfall: {name}"), Box::new(move |a| a.figures.shortfall = Some(own + by)));
        add(
            &format!("shortfall with its slack: {name}"),
            Box::new(move |a| {
                a.figures.shortfall = Some(own + by);
                a.figures.slack = Some(by * F::from(10_000));
            }),
        );
    }
    for slot in 1..8 {
        add(
            &format!("slot {slot} begins an expiry, or continues one"),
            Box::new(move |a| {
                let same = &mut a.figures.slots[slot].same_expiry;
                *same = F::ONE - *same;
            }),
        );
        add(
            &format!("slot {slot} is no option, its bit in the expiry"),
            Box::new(move |a| {
                let slot = &mut a.figures.slots[slot];
                slot.expiry += F::from(1 << 39) * slot.is_option;
                slot.is_option = F::ZERO;
            }),
        );
        add(
            &format!("slot {slot}, its expiry in the rank"),
            Box::new(move |a| {
                a.figures.slots[slot].expiry -= F::ONE;
                a.figures.slots[slot].rank += F::from(1 << 24);
            }),
        );
    }
    add("a slot twice", Box::new(|a| a.figures.slots[1] = a.figures.slots[0].clone()));
    add("two slots swapped", Box::new(|a| a.figures.slots.swap(0, 1)));
    add("two options swapped", Box::new(|a| a.figures.slots.swap(3, 4)));
    add("the last slot emptied", Box::new(|a| a.figures.slots[7].padding = F::ONE));
    lies
}

/// What both say of a case.
fn both<F: MarginField>(case: &SettlementCase<F>) -> Both<F> {
    let list = statements::<F>(Shape::Small.settlement_positions());
    Both { k: k::<F>(), rows: case.public_rows(), list }
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField>(case: &SettlementCase<F>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

fn on_lies<F: MarginField>() {
    let market = SettlementMarket::<F>::of(rows());
    let cases = [
        (healthy(), at_least(Level::Initial)),
        (every_slot(), at_least(Level::Maintenance)),
        (poor(), below(Level::Initial)),
        // Every sign is of nothing.
        (vec![], at_least(Level::Initial)),
    ];
    for (i, (positions, claim)) in cases.iter().enumerate() {
        let case = market.case(positions, *claim, 0);
        assert!(agree(&case), "{i}");
        // An option that ends an expiry, and padding; the last; by request all.
        let slots = [&[4, 7][..], &[3], &[2], &[]][i];
        let mut lies = coupled_lies(market.margin(positions).shortfall(claim.level()));
        match is_long() {
            true => lies.extend(lies_about_fields(&case, &[0, 1, 2, 3, 4, 5, 6, 7])),
            false => lies.extend(lies_about_fields(&case, slots)),
        }
        let both = both(&case);
        let (told, accepted) = both.agree_on_lies(
            &case.circuit(),
            &lies,
            |lie| case.lie(lie),
            |rows, circuit| wires(rows, circuit.assignment_mut().unwrap()),
        );
        println!("{}, account {i}: {told} lies, {accepted} that both accept", F::NAME);
        assert!(accepted < told / 2 || i == 3);
    }
}

#[test]
fn on_lies_over_bn254() {
    on_lies::<Bn254Fr>();
}

#[test]
fn on_lies_over_pasta() {
    if is_long() {
        on_lies::<Fp>();
    }
}

/// All claims of accounts, true and false: plain, with multipliers, and with a bound on
/// leverage, which no account has here.
#[test]
fn on_claims() {
    let market = SettlementMarket::<Bn254Fr>::of(rows());
    let dials = [0, 2_500 << 8, 0xff_ffff << 8, 1 << 40];
    let agrees = |positions: &[Position], claim: Claim, reserved: u128| {
        let margin = market.margin(positions);
        let shortfall = margin.shortfall_of(claim.level(), claim.multiplier());
        for disclosed in std::collections::BTreeSet::from([0, shortfall, shortfall + 1]) {
            agree(&market.case(positions, claim, disclosed).reserving(reserved));
        }
    };
    for (positions, dials) in
        [(healthy(), &dials[..]), (poor(), &dials[..2]), (vec![], &dials[..1])]
    {
        for code in (0..8).flat_map(|plain| dials.iter().map(move |dial| plain | dial)) {
            if let Some(claim) = Claim::from_code(code) {
                agrees(&positions, claim, 0);
            }
        }
    }
    // What is reserved counts in initial margin alone.
    for level in [Level::Maintenance, Level::Initial] {
        agrees(&healthy(), at_least(level), 1 << 40);
        agrees(&healthy(), below(level), 1);
    }
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let market = SettlementMarket::<Bn254Fr>::of(rows());
    let case = market.case(&healthy(), at_least(Level::Initial), 0);
    // The memo is free.
    for row in 0..MEMO {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::from(1);
        let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
        assert!(!both.agree(&circuit, wires));
    }
}
