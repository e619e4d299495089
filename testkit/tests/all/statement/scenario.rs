//! The scenario family.

use pasta_curves::Fp;
use zkmargin_circuits::scenario::{
    Assignment, ExpiryHints, Signed, SlotHints, TermsHints, TotalsHints, UnderlyingHints,
};
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MEMO;
use zkmargin_margin::scenario::{FACTOR_ONE, FINE_ONE};
use zkmargin_testkit::equations::scenario::{statements_on, wires};

use super::{Both, fields, is_long, lies_about};
use crate::common::scenario::*;
use crate::common::{at_least, below};

type Lie<F> = Box<dyn Fn(&mut Assignment<F>) + Sync>;
type Named<F> = super::Named<Assignment<F>>;

fn of_signed<F>(signed: &mut Signed<F>) -> [&mut F; 2] {
    [&mut signed.magnitude, &mut signed.negative]
}

/// Every kind of field of a slot that the prover writes.
pub(super) fn of_slot<F>(slot: &mut SlotHints<F>) -> Vec<&mut F> {
    let mut fields = vec![
        &mut slot.padding,
        &mut slot.short,
        &mut slot.size_less_sign,
        &mut slot.cash,
        &mut slot.strike_head,
        &mut slot.strike_tail,
        &mut slot.low,
        &mut slot.is_option,
        &mut slot.second,
        &mut slot.has_expiry,
        &mut slot.is_long_only,
        &mut slot.delta_is_negative,
        &mut slot.options_fee,
        &mut slot.delta,
        &mut slot.group,
        &mut slot.charges,
        &mut slot.same_strike,
        &mut slot.size_inverse,
        &mut slot.net_is_negative,
    ];
    fields.extend(slot.values.iter_mut().step_by(7));
    fields.extend(slot.members.iter_mut());
    fields.extend(slot.path.iter_mut().step_by(6).flatten());
    fields
}

/// The same of an expiry: the first and the last sum of each kind.
fn of_expiry<F>(expiry: &mut ExpiryHints<F>) -> Vec<&mut F> {
    let mut fields = vec![
        &mut expiry.key,
        &mut expiry.second,
        &mut expiry.long_discount,
        &mut expiry.short_discount,
        &mut expiry.basis_weight,
        &mut expiry.confidence_fee,
        &mut expiry.basis_loss,
        &mut expiry.fee,
    ];
    fields.extend(&mut expiry.skew_is_negative);
    let kinds = [0, 39, 40, 41, 42, 43, 44];
    let sums = expiry.sums.iter_mut().enumerate().filter(|(value, _)| kinds.contains(value));
    fields.extend(sums.flat_map(|(_, signed)| of_signed(signed)));
    fields
}

/// The same of the whole account.
fn of_totals<F>(totals: &mut TotalsHints<F>) -> Vec<&mut F> {
    let mut fields = vec![&mut totals.shortfall, &mut totals.slack];
    fields.extend(of_signed(&mut totals.collateral));
    fields.extend(totals.charges.iter_mut().flat_map(of_signed));
    fields
}

/// The same of an underlying.
fn of_underlying<F: MarginField>(of: &mut UnderlyingHints<F>) -> Vec<&mut F> {
    let mut fields = vec![&mut of.net_delta_is_negative, &mut of.options_fee, &mut of.worst];
    fields.extend(of.linear.iter_mut().step_by(41).flat_map(of_signed));
    fields.extend(of.tiers_left.iter_mut().flat_map(of_signed));
    fields
}

/// The terms.
fn of_terms<F>(terms: &mut TermsHints<F>) -> Vec<&mut F> {
    let mut fields = vec![
        &mut terms.maintenance_factor,
        &mut terms.initial_factor,
        &mut terms.net,
        &mut terms.half_hedged,
        &mut terms.short_fee,
        &mut terms.naked,
        &mut terms.basis_is_added,
        &mut terms.minimum_is_of_all,
    ];
    fields.extend(terms.minimum_times.iter_mut().step_by(5));
    fields.extend(terms.reliefs.iter_mut().step_by(7));
    fields.extend(terms.delta_tiers.iter_mut().flatten());
    fields.extend(terms.dampening.iter_mut().step_by(41));
    fields
}

/// Lies about each field of slots, expiries, totals and terms.
fn lies_about_fields<F: MarginField>(case: &ScenarioCase<F>, slots: &[usize]) -> Vec<Named<F>> {
    let mut circuit = case.circuit();
    let of = circuit.assignment_mut().unwrap();
    let mut lies = Vec::new();
    let solve: fn(&mut Assignment<F>) = |a| a.solve();
    let claim: fn(&mut Assignment<F>) = |a| a.solve_claim();
    for slot in slots.iter().copied() {
        let of_fields = fields(move |a: &mut Assignment<F>| of_slot(&mut a.slots[slot]));
        lies.extend(lies_about(&format!("slot {slot}"), of, |_| (), of_fields));
        lies.extend(lies_about(&format!("slot {slot}, solved"), of, solve, of_fields));
    }
    let last = case.shape.scenario_expiries() - 1;
    let expiries = if is_long() { (0..=last).collect() } else { vec![1, last] };
    for expiry in expiries {
        let of_fields = fields(move |a: &mut Assignment<F>| of_expiry(&mut a.expiries[expiry]));
        lies.extend(lies_about(&format!("expiry {expiry}"), of, |_| (), of_fields));
        lies.extend(lies_about(&format!("expiry {expiry}, claim solved"), of, claim, of_fields));
    }
    let totals = fields(|a: &mut Assignment<F>| of_totals(&mut a.totals));
    lies.extend(lies_about("totals", of, |_| (), totals));
    lies.extend(lies_about("totals, claim solved", of, claim, totals));
    for underlying in 0..of.underlyings.len() {
        let own =
            fields(move |a: &mut Assignment<F>| of_underlying(&mut a.underlyings[underlying]));
        lies.extend(lies_about(&format!("underlying {underlying}"), of, |_| (), own));
        lies.extend(lies_about(&format!("underlying {underlying}, claim solved"), of, claim, own));
        let terms =
            fields(move |a: &mut Assignment<F>| of_terms(&mut a.underlyings[underlying].terms));
        lies.extend(lies_about(&format!("terms {underlying}, solved"), of, solve, terms));
    }
    lies
}

/// Lies of more than one field: what one loses the other gains.
fn coupled_lies<F: MarginField>() -> Vec<Named<F>> {
    let mut lies: Vec<Named<F>> = Vec::new();
    let mut add = |name: &str, lie: Lie<F>| lies.push((name.to_owned(), lie));
    add("nothing", Box::new(|_| ()));
    add("nothing, solved", Box::new(|a| a.solve()));
    add("commitment", Box::new(|a| a.witness.account.commitment += F::ONE));
    add("below", Box::new(|a| a.claim.is_below = F::ONE - a.claim.is_below));
    add(
        "another level",
        Box::new(|a| {
            std::mem::swap(&mut a.claim.is_maintenance, &mut a.claim.is_initial);
            a.solve_claim();
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
                a.solve_claim();
            }),
        );
        add(
            &format!("shortfall with its slack: {name}"),
            Box::new(move |a| {
                let one = F::from(FINE_ONE) * F::from(u64::from(FACTOR_ONE)) * F::from(10_000);
                a.totals.shortfall += by;
                a.totals.slack += by * one;
            }),
        );
        add(
            &format!("worst: {name}"),
            Box::new(move |a| {
                a.underlyings[0].worst += by;
                a.solve_claim();
            }),
        );
        add(
            &format!("what one limb has more the next has less: {name}"),
            Box::new(move |a| {
                let apart = F::from(2).pow_vartime([84_u64]);
                let sums = &mut a.expiries[0].sums;
                let values = [sums[0].value() + by * apart, sums[1].value() - by];
                [sums[0], sums[1]] = values.map(|value| Signed::of(&value));
            }),
        );
    }
    add("a slot twice", Box::new(|a| a.slots[1] = a.slots[0].clone()));
    add("two slots swapped", Box::new(|a| a.slots.swap(0, 1)));
    add(
        "two slots swapped, solved",
        Box::new(|a| {
            a.slots.swap(3, 4);
            a.solve();
        }),
    );
    add("two expiries swapped", Box::new(|a| a.expiries.swap(1, 2)));
    add("the last slot emptied", Box::new(|a| a.slots[7].padding = F::ONE));
    for slot in 1..8 {
        add(
            &format!("slot {slot} of the strike before, or not"),
            Box::new(move |a| {
                a.slots[slot].same_strike = F::ONE - a.slots[slot].same_strike;
                a.solve();
            }),
        );
    }
    for skew in 0..2 {
        add(
            &format!("skew {skew} gains"),
            Box::new(move |a| {
                let sign = &mut a.expiries[1].skew_is_negative[skew];
                *sign = F::ONE - *sign;
                a.solve_claim();
            }),
        );
    }
    lies
}

/// What both say of a case.
fn both<F: MarginField>(case: &ScenarioCase<F>) -> Both<F> {
    let (slots, expiries) = (case.shape.scenario_positions(), case.shape.scenario_expiries());
    let list = statements_on::<F>(case.shape.scenario_underlyings(), slots, expiries);
    Both { k: k::<F>(case.shape), rows: case.public_rows(), list }
}

/// Compares the verdicts on a statement, true or false; returns them.
#[track_caller]
fn agree<F: MarginField>(case: &ScenarioCase<F>) -> bool {
    let (mut circuit, both) = (case.circuit(), both(case));
    let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
    let accepted = both.agree(&circuit, wires);
    assert_eq!(case.check().is_ok(), accepted, "{:?}", case.check());
    accepted
}

fn on_lies<F: MarginField>() {
    let market = ScenarioMarket::<F>::over_field();
    let cases = [
        market.case(&healthy(), at_least(Level::Initial), 0),
        market.case(&every_slot(), at_least(Level::Maintenance), 0),
        market.case(&poor(), below(Level::Initial), 0),
    ];
    for (i, case) in cases.iter().enumerate() {
        assert!(agree(case), "{i}");
        // The second of one strike, and padding; the first slot; by request all.
        let slots = [&[1, 7][..], &[], &[0]][i];
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
        assert!(accepted < told / 2);
    }
}

/// Over two underlyings: the verdicts on true and false statements, and on lies about
/// which underlying is whose.
#[test]
fn on_lies_about_both_underlyings() {
    let market = both_market::<Bn254Fr>();
    let case = market.case(&every_slot_on_both(), at_least(Level::Initial), 0);
    let poor = market.case(&poor_on_both(), below(Level::Initial), 0);
    assert!(agree(&case) && agree(&poor));
    assert!(!agree(&market.case(&poor_on_both(), at_least(Level::Initial), 0)));
    let mut lies: Vec<Named<Bn254Fr>> = Vec::new();
    let mut add = |name: &str, lie: Lie<Bn254Fr>| lies.push((name.to_owned(), lie));
    let other = |bit: &mut Bn254Fr| *bit = Bn254Fr::from(1) - *bit;
    for slot in [0, 5, 15] {
        add(
            &format!("slot {slot} on the other"),
            Box::new(move |a| {
                other(&mut a.slots[slot].second);
                a.solve();
            }),
        );
    }
    for expiry in 0..case.shape.scenario_expiries() {
        add(
            &format!("expiry {expiry} of the other"),
            Box::new(move |a| {
                other(&mut a.expiries[expiry].second);
                a.solve();
            }),
        );
    }
    add(
        "terms swapped",
        Box::new(|a| {
            let [first, second] = [0, 1].map(|i| a.underlyings[i].terms.clone());
            (a.underlyings[0].terms, a.underlyings[1].terms) = (second, first);
            a.solve();
        }),
    );
    add(
        "losses swapped",
        Box::new(|a| {
            let [first, second] = [0, 1].map(|i| a.underlyings[i].worst);
            (a.underlyings[0].worst, a.underlyings[1].worst) = (second, first);
            a.solve_claim();
        }),
    );
    if is_long() {
        lies.extend(coupled_lies());
        lies.extend(lies_about_fields(&case, &[0, 1, 5, 9, 15]));
    }
    let (told, accepted) = both(&case).agree_on_lies(
        &case.circuit(),
        &lies,
        |lie| case.lie(lie),
        |rows, circuit| wires(rows, circuit.assignment_mut().unwrap()),
    );
    println!("both underlyings: {told} lies, {accepted} that both accept");
    assert!(accepted < told / 2);
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
    let (ipa, kzg) = (ScenarioMarket::<Fp>::over_field(), ScenarioMarket::<Bn254Fr>::over_field());
    let dials = [0, 2_500 << 8, 0xff_ffff << 8, 1 << 40];
    for (positions, dials) in
        [(healthy(), &dials[..]), (poor(), &dials[..2]), (vec![], &dials[..1])]
    {
        let margin = ipa.margin(&positions);
        for code in (0..8).flat_map(|plain| dials.iter().map(move |dial| plain | dial)) {
            let Some(claim) = Claim::from_code(code) else { continue };
            let shortfall = margin.shortfall_of(claim.level(), claim.multiplier());
            let disclosures = std::collections::BTreeSet::from([0, shortfall, shortfall + 1]);
            for disclosed in disclosures {
                let verdict = agree(&kzg.case(&positions, claim, disclosed));
                if disclosed == 0 && is_long() {
                    assert_eq!(verdict, agree(&ipa.case(&positions, claim, disclosed)));
                }
            }
        }
    }
}

/// A public input of another statement: both refuse.
#[test]
fn on_public_inputs() {
    let case =
        ScenarioMarket::<Bn254Fr>::over_field().case(&healthy(), at_least(Level::Initial), 0);
    // The memo is free.
    for row in 0..MEMO {
        let (mut circuit, mut both) = (case.circuit(), both(&case));
        both.rows[row] += Bn254Fr::from(1);
        let wires = wires(&both.rows, circuit.assignment_mut().unwrap());
        assert!(!both.agree(&circuit, wires));
    }
}
