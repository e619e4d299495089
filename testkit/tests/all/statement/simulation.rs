//! The simulation family, over sixteen scenarios.

use pasta_curves::Fp;
use zkmargin_circuits::simulation::{SlotHints, TotalsHints};
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::simulation::{LIMB_BITS, WEIGHT_ONE};
use zkmargin_testkit::equations::simulation::{statements, wires};

use super::{Both, fields, is_long, lies_about};
use crate::common::simulation::*;
use crate::common::{at_least, below};

type Lie<F> = Box<dyn Fn(&mut Choices<F>) + Sync>;
type Named<F> = super::Named<Choices<F>>;

/// Every field of a slot that the prover writes, of a path some.
pub(super) fn of_slot<F>(slot: &mut SlotHints<F>) -> Vec<&mut F> {
    let mut fields = vec![
        &mut slot.padding,
        &mut slot.short,
        &mut slot.size_less_sign,
        &mut slot.cash,
        &mut slot.instrument,
        &mut slot.is_long_only,
        &mut slot.maintenance,
        &mut slot.initial,
    ];
    fields.extend(slot.columns.iter_mut());
    fields.extend(slot.path.iter_mut().step_by(6).flatten());
    fields
}

/// Every field of the whole account.
fn of_totals<F>(totals: &mut TotalsHints<F>) -> Vec<&mut F> {
    let mut fields = vec![
        &mut totals.threshold,
        &mut totals.tail_is_profit,
        &mut totals.var_is_profit,
        &mut totals.stress_loss,
        &mut totals.shortfall,
        &mut totals.slack,
    ];
    fields.extend(&mut totals.sums);
    fields.extend(&mut totals.in_tail);
    fields
}

/// The terms.
fn of_terms<F: MarginField>(a: &mut Choices<F>) -> Vec<&mut F> {
    let terms = &mut a.figures.terms;
    let mut fields = vec![&mut terms.tail, &mut terms.set];
    fields.extend(&mut terms.maintenance);
    fields.extend(&mut terms.initial);
    fields
}

fn solve<F: MarginField>(a: &mut Choices<F>) {
    let (claim, reserved) = (a.claim, a.reserved);
    a.figures.solve((&claim, reserved));
}

/// The tail of the sums as they are told, and what follows.
fn solve_tail<F: MarginField>(a: &mut Choices<F>) {
    a.figures.solve_tail();
    solve_claim(a);
}

fn solve_claim<F: MarginField>(a: &mut Choices<F>) {
    let (claim, reserved) = (a.claim, a.reserved);
    a.figures.solve_claim((&claim, reserved));
}

fn lies_about_fields<F: MarginField>(case: &SimulationCase<F>, slots: &[usize]) -> Vec<Named<F>> {
    let mut circuit = case.circuit();
    let of = circuit.assignment_mut().unwrap();
    let mut lies = Vec::new();
    for slot in slots.iter().copied() {
        let of_fields = fields(move |a: &mut Choices<F>| of_slot(&mut a.figures.slots[slot]));
        lies.extend(lies_about(&format!("slot {slot}"), of, |_| (), of_fields));
        lies.extend(lies_about(&format!("slot {slot}, solved"), of, solve, of_fields));
    }
    let totals = fields(|a: &mut Choices<F>| of_totals(&mut a.figures.totals));
    lies.extend(lies_about("totals", of, |_| (), totals));
    lies.extend(lies_about("totals, claim solved", of, solve_claim, totals));
    lies.extend(lies_about("terms, solved", of, solve, of_terms));
    lies
}

/// Lies of more than one field: what one loses the other gains.
fn coupled_lies<F: MarginField>() -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((name.to_owned(), lie));
    add("nothing", Box::new(|_| ()));
    add("nothing, solved", Box::new(solve));
    add("commitment", Box::new(|a| a.witness.account.commitment += F::ONE));
    add("below", Box::new(|a| a.claim.is_below = F::ONE - a.claim.is_below));
    add(
        "another level",
        Box::new(|a| {
            std::mem::swap(&mut a.claim.is_maintenance, &mut a.claim.is_initial);
            solve_claim(a);
        }),
    );
    for (name, by) in [("one", F::ONE), ("minus one", -F::ONE), ("2^24", F::from(1 << 24))] {
        add(&format!("multiplier: {name}"), Box::new(move |a| a.claim.above_one += by));
        // Whoever has no notional has no bound on leverage either: nobody reads it.
        add(&format!("leverage: {name}"), Box::new(move |a| a.claim.leverage += by));
        add(
            &format!("reserved: {name}"),
            Box::new(move |a| {
                a.reserved += by;
                solve_claim(a);
            }),
        );
        add(
            &format!("shortfall with its slack: {name}"),
            Box::new(move |a| {
                a.figures.totals.shortfall += by;
                a.figures.totals.slack += by * F::from(WEIGHT_ONE) * F::from(10_000);
            }),
        );
        add(
            &format!("what one limb has more the next has less: {name}"),
            Box::new(move |a| {
                let sums = &mut a.figures.totals.sums;
                sums[0] += by * F::from(1 << LIMB_BITS);
                sums[1] -= by;
                solve_tail(a);
            }),
        );
        add(
            &format!("a scenario loses so much: {name}"),
            Box::new(move |a| {
                a.figures.totals.sums[2] -= by;
                solve_tail(a);
            }),
        );
    }
    for scenario in 0..N {
        add(
            &format!("scenario {scenario} is in the tail in place of the next"),
            Box::new(move |a| {
                a.figures.totals.in_tail.swap(scenario, (scenario + 1) % N);
                solve_claim(a);
            }),
        );
        add(
            &format!("scenario {scenario} is the threshold"),
            Box::new(move |a| {
                a.figures.totals.threshold = a.figures.totals.sums[scenario];
                solve_claim(a);
            }),
        );
    }
    add("no tail", Box::new(|a| a.figures.totals.in_tail.fill(F::ZERO)));
    add(
        "all that is lost is a profit",
        Box::new(|a| {
            a.figures.totals.tail_is_profit = F::ONE;
            a.figures.totals.var_is_profit = F::ONE;
            solve_claim(a);
        }),
    );
    add("a slot twice", Box::new(|a| a.figures.slots[1] = a.figures.slots[0].clone()));
    add("two slots swapped", Box::new(|a| a.figures.slots.swap(0, 1)));
    add(
        "two slots swapped, solved",
        Box::new(|a| {
            a.figures.slots.swap(3, 4);
            solve(a);
        }),
    );
    add("the last slot emptied", Box::new(|a| a.figures.slots[7].padding = F::ONE));
    lies
}

/// What both say of a case.
fn both<F: MarginField>(case: &SimulationCase<F>) -> Both<F> {
    let list = statements::<F>(Shape::Small.simulation_positions(), N);
    Both { k: k::<F>(), rows: case.public_rows(), list }
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField>(case: &SimulationCase<F>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

fn on_lies<F: MarginField>() {
    let market = SimulationMarket::<F>::of(full_rows(), terms());
    let cases = [
        market.case(&healthy(), at_least(Level::Initial), 0),
        market.case(&every_slot(), at_least(Level::Maintenance), 0),
        market.case(&poor(), below(Level::Initial), 0),
        // All scenarios are alike, so that any of them are the worst.
        market.case(&[], at_least(Level::Initial), 0),
    ];
    for (i, case) in cases.iter().enumerate() {
        assert!(agree(case), "{i}");
        // The first slot, a short one and padding; the last; by request all.
        let slots = [&[1, 7][..], &[], &[0], &[]][i];
        let mut lies = coupled_lies();
        match is_long() {
            true => lies.extend(lies_about_fields(case, &[0, 1, 2, 3, 4, 5, 6, 7])),
            false if slots.is_empty() => {}
            false => lies.extend(lies_about_fields(case, slots)),
        }
        let both = both(case);
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

/// All claims of accounts, true and false: plain, with two multipliers, and with a bound
/// on leverage, which no account has here.
#[test]
fn on_claims() {
    let market = SimulationMarket::<Bn254Fr>::of(full_rows(), terms());
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
        // What is reserved counts in initial margin alone.
        for level in [Level::Maintenance, Level::Initial] {
            agrees(&positions, at_least(level), 1 << 40);
            agrees(&positions, below(level), 1);
        }
    }
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let case = SimulationMarket::<Bn254Fr>::of(full_rows(), terms()).case(
        &healthy(),
        at_least(Level::Initial),
        0,
    );
    // The memo is free.
    for row in 0..MEMO {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::from(1);
        let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
        assert!(!both.agree(&circuit, wires));
    }
}
