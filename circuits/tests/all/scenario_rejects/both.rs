//! Lies about which underlying a position, an expiry or a loss is of.

use super::*;

/// Slots of [`healthy_on_both`]: the perpetuals, and two options of the second underlying.
const FIRST_PERP: usize = 5;
const SECOND_CALL: usize = 7;
const SECOND_PUT: usize = 8;
const SECOND_PERP: usize = 11;
/// Its expiries, the first of each underlying; another is free.
const OF_FIRST: usize = 1;
const OF_SECOND: usize = 4;
const UNUSED: usize = 3;

fn healthy_case() -> ScenarioCase {
    let case = both_market().case(&healthy_on_both(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case
}

fn poor_case() -> ScenarioCase {
    let case = both_market().case(&poor_on_both(), below(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case
}

/// The lie with all that follows from it.
fn solved(lie: Lie) -> impl Fn(&mut Assignment<Fp>) {
    move |a| {
        lie(a);
        a.solve();
    }
}

#[test]
fn controls_on_both_are_satisfied() {
    for case in [healthy_case(), poor_case()] {
        for circuit in [case.circuit(), case.lie(Assignment::solve)] {
            let failing = failures(k::<Fp>(case.shape), &circuit, case.public_rows());
            assert_eq!(failing, BTreeSet::new());
        }
    }
}

/// A position cannot count on the underlying of the prover's choice: its row says which.
#[test]
fn rejects_m3_a_position_on_the_other_underlying() {
    let case = healthy_case();
    let lies: [Lie; 4] = [
        |a| a.slots[FIRST_PERP].second = Fp::ONE,
        |a| a.slots[SECOND_PERP].second = Fp::ZERO,
        // An option with its whole expiry.
        |a| {
            for slot in [SECOND_CALL, SECOND_PUT, SECOND_PERP - 1] {
                a.slots[slot].second = Fp::ZERO;
            }
            a.expiries[OF_SECOND].second = Fp::ZERO;
        },
        |a| a.slots.iter_mut().for_each(|slot| slot.second = Fp::ZERO),
    ];
    for lie in lies {
        rejects_lie(&case, solved(lie), "M3 row: hash");
    }
    let half: Lie = |a| a.slots[SECOND_PERP].second = Fp::from(2).invert().unwrap();
    rejects_lie(&case, solved(half), "M4 second underlying is a bit");
}

/// Nor can an expiry: every slot in it says which it is of.
#[test]
fn rejects_m3_an_expiry_of_the_other_underlying() {
    for case in [healthy_case(), poor_case()] {
        let lies: [Lie; 2] = [
            |a| a.expiries[OF_FIRST].second = Fp::ONE,
            |a| a.expiries[OF_SECOND].second = Fp::ZERO,
        ];
        for lie in lies {
            rejects_only(&case, solved(lie), "M3 underlying of expiry");
        }
        let half: Lie = |a| a.expiries[OF_SECOND].second = Fp::from(2).invert().unwrap();
        rejects_lie(&case, solved(half), "M4 second underlying is a bit");
    }
    // One that no position is in has nothing to give to either.
    let unused: Lie = |a| a.expiries[UNUSED].second = Fp::ONE;
    let case = healthy_case();
    let circuit = case.lie(solved(unused));
    assert_eq!(failures(k::<Fp>(case.shape), &circuit, case.public_rows()), BTreeSet::new());
}

/// The calls of an expiry in one block, its puts in another: the second would have its
/// key, or terms that no row has.
#[test]
fn rejects_m3_an_expiry_in_two_blocks() {
    let case = healthy_case();
    let twice: Lie = |a| {
        let mut split = a.expiries[OF_SECOND].clone();
        split.second = Fp::ZERO;
        a.expiries[UNUSED] = split;
        a.slots[SECOND_PUT].members[OF_SECOND] = Fp::ZERO;
        a.slots[SECOND_PUT].members[UNUSED] = Fp::ONE;
    };
    rejects_lie(&case, solved(twice), "M3 expiries ascend");
    rejects_lie(&case, solved(twice), "M3 underlying of expiry");
    let renamed: Lie = |a| {
        let mut split = a.expiries[OF_SECOND].clone();
        split.key -= Fp::ONE;
        a.expiries[UNUSED] = split;
        a.slots[SECOND_PUT].members[OF_SECOND] = Fp::ZERO;
        a.slots[SECOND_PUT].members[UNUSED] = Fp::ONE;
    };
    rejects_lie(&case, solved(renamed), "M3 terms of the expiry");
}

/// The worst loss is each underlying's own: not the other's, not their least, and no
/// profit of one pays for the other.
#[test]
fn rejects_m5_a_worst_loss_of_the_other_underlying() {
    for case in [healthy_case(), poor_case()] {
        let lies: [(Lie, &str); 4] = [
            (|a| a.underlyings[1].worst = a.underlyings[0].worst, "outcome 1: M5 worst"),
            (|a| a.underlyings[0].worst = a.underlyings[1].worst, "outcome: M5 worst"),
            (|a| a.underlyings[1].worst = Fp::ZERO, "outcome 1: M5 worst"),
            (
                |a| {
                    let [first, second] = [0, 1].map(|i| a.underlyings[i].worst);
                    a.underlyings[0].worst = first + second;
                    a.underlyings[1].worst = Fp::ZERO;
                },
                "outcome 1: M5 worst",
            ),
        ];
        for (lie, label) in lies {
            let claim = |a: &mut Assignment<Fp>| {
                lie(a);
                a.solve_claim();
            };
            rejects_lie(&case, claim, label);
        }
    }
}

/// Sums that are an underlying's own: a part moved to the other.
#[test]
fn rejects_m5_sums_of_the_other_underlying() {
    let case = healthy_case();
    let linear: Lie = |a| {
        let moved = a.underlyings[1].linear[3];
        a.underlyings[1].linear[3] = signed(0);
        let sum = a.underlyings[0].linear[3].value() + moved.value();
        a.underlyings[0].linear[3] = Signed::of(&sum);
    };
    rejects_lie(&case, linear, "account: M5 sum 1");
    rejects_lie(&case, linear, "account 1: M5 sum 1");
    // The larger fee of the other's perpetual, and the smaller.
    let fee: Lie = |a| {
        let [first, second] = [0, 1].map(|i| a.underlyings[i].options_fee);
        assert_ne!(first, second);
        (a.underlyings[0].options_fee, a.underlyings[1].options_fee) = (second, first);
    };
    rejects_lie(&case, fee, "M5 options fee");
    let own: Lie = |a| a.expiries[OF_SECOND].fee = a.underlyings[0].options_fee;
    rejects_lie(&case, own, "M5 fee");
    let sign: Lie = |a| {
        let of = &mut a.underlyings[1];
        of.net_delta_is_negative = Fp::ONE - of.net_delta_is_negative;
    };
    rejects_lie(&case, sign, "outcome 1: M5 absolute net delta");
}

/// The terms of both, each under its own number.
#[test]
fn rejects_m3_terms_of_the_other_underlying() {
    let case = healthy_case();
    let lies: [Lie; 4] = [
        |a| {
            let [first, second] = [0, 1].map(|i| a.underlyings[i].terms.clone());
            (a.underlyings[0].terms, a.underlyings[1].terms) = (second, first);
        },
        |a| a.underlyings[1].terms = a.underlyings[0].terms.clone(),
        |a| a.underlyings[1].terms.initial_factor -= Fp::ONE,
        |a| a.underlyings[1].terms.basis_is_added = Fp::ZERO,
    ];
    for lie in lies {
        rejects_only(&case, solved(lie), "M3 market root");
    }
    let mut swapped = healthy_case();
    let terms = both_terms();
    let (first, second) = (terms.second.unwrap(), Some(terms.first));
    swapped.witness.terms = zkmargin_margin::scenario::MarketTerms { first, second };
    both_reject(&swapped, Violation::Terms, "M3 market root");
}

/// A header of one underlying's terms is none of both's, and the other way round.
#[test]
fn rejects_m3_a_header_of_another_number_of_underlyings() {
    let mut case = healthy_case();
    case.witness.account.header.terms = terms().digest();
    case.instance.market_root = case.witness.account.header.root();
    both_reject(&case, Violation::Terms, "M3 market root");
    let mut case = control();
    case.witness.account.header.terms = both_terms().digest();
    case.instance.market_root = case.witness.account.header.root();
    both_reject(&case, Violation::Terms, "M3 market root");
}
