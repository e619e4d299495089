//! Lies about scenario margin, each with the constraint that catches it. A lie
//! told before [`Assignment::solve`] is a whole false witness: everything that
//! follows from it is worked out, so that only the lie itself can be caught.

mod both;
mod claim;
mod margin;
mod rows;

use std::collections::BTreeSet;

use crate::common::mock::failures;
use crate::common::scenario::*;
use crate::common::{at_least, below, claim, position};
use ff::{Field, PrimeField};
use pasta_curves::Fp;
use zkmargin_circuits::scenario::{Assignment, Signed, SlotHints};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, ModelDigest};
use zkmargin_margin::portfolio::{Blinding, Position};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{
    BASIS, FACTOR_ONE, FINE_ONE, Fine, I256, LIMB_BITS, LossFactor, MARK, REGULAR_SCENARIOS,
    RowKind,
};
use zkmargin_margin::units::Denominator;

/// Slots of [`healthy`].
const CALL_SLOT: usize = 0;
const PUT_SLOT: usize = 1;
const FAR_SLOT: usize = 3;
const PERP_SLOT: usize = 5;
const CASH_SLOT: usize = 6;
const PADDING_SLOT: usize = 7;
/// Its expiries, the keys below and above being free.
const FREE: usize = 0;
const NEAR: usize = 1;
const FAR: usize = 2;

type Lie = fn(&mut Assignment<Fp>);

/// The healthy account, which a true prover can prove.
fn control() -> ScenarioCase {
    let case = ScenarioMarket::new().case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case
}

/// The poor one, proved to be below.
fn poor_control() -> ScenarioCase {
    let case = ScenarioMarket::new().case(&poor(), below(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case
}

/// Asserts that the circuit rejects a lie in a region whose name holds `label`.
#[track_caller]
fn rejects_lie(case: &ScenarioCase, lie: impl FnOnce(&mut Assignment<Fp>), label: &str) {
    let failing = failures(k::<Fp>(case.shape), &case.lie(lie), case.public_rows());
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

/// Asserts that the lie is caught there and nowhere else, all else being
/// solved: every broken equality fails at its two ends, of which one holds the
/// label.
#[track_caller]
fn rejects_only(case: &ScenarioCase, lie: impl FnOnce(&mut Assignment<Fp>), label: &str) {
    let failing = failures(k::<Fp>(case.shape), &case.lie(lie), case.public_rows());
    let labelled = failing.iter().filter(|name| name.contains(label)).count();
    assert!(labelled > 0 && failing.len() <= 2 * labelled, "{label}: {failing:?}");
}

/// Asserts that the native check names the violation, and the circuit the label.
#[track_caller]
fn both_reject(case: &ScenarioCase, violation: Violation, label: &str) {
    assert_eq!(case.check(), Err(violation));
    rejects_lie(case, |_| {}, label);
}

fn power(bits: u32) -> Fp {
    Fp::from(2).pow_vartime([u64::from(bits)])
}

fn signed(value: i128) -> Signed<Fp> {
    Signed::of(&Fp::from_i128(value))
}

fn flip(sum: &mut Signed<Fp>) {
    sum.negative = Fp::ONE - sum.negative;
}

#[test]
fn controls_are_satisfied() {
    for case in [control(), poor_control()] {
        let failing = failures(k::<Fp>(case.shape), &case.circuit(), case.public_rows());
        assert_eq!(failing, BTreeSet::new());
        // And solving changes nothing.
        let failing =
            failures(k::<Fp>(case.shape), &case.lie(Assignment::solve), case.public_rows());
        assert_eq!(failing, BTreeSet::new());
    }
}

#[test]
fn rejects_m1_another_opening() {
    let mut case = control();
    case.witness.account.blinding = Blinding::new([1; 31]);
    both_reject(&case, Violation::Opening, "M1 opening");
    let mut case = control();
    case.witness.account.slots[PUT_SLOT].position = position(0, PUT, 21, 0);
    both_reject(&case, Violation::Opening, "M1 opening");
}

/// A loss left out: not shown, called padding, or replaced by padding.
#[test]
fn rejects_m1_positions_left_out() {
    let case = control();
    let mut without = case.clone();
    without.witness.account.slots.remove(FAR_SLOT);
    both_reject(&without, Violation::Opening, "M1 opening");
    let padding: Lie = |a| {
        a.slots[CASH_SLOT].padding = Fp::ONE;
        a.solve();
    };
    rejects_lie(&case, padding, "M1 padding has no lots");
    let replaced: Lie = |a| {
        a.slots[CASH_SLOT] = a.slots[PADDING_SLOT].clone();
        a.solve();
    };
    rejects_only(&case, replaced, "M1 opening");
}

#[test]
fn rejects_m1_padding_with_contents() {
    let case = control();
    let lots: Lie = |a| {
        a.slots[PADDING_SLOT].size_less_sign = Fp::from(5);
        a.solve();
    };
    rejects_only(&case, lots, "M1 padding has no lots");
    let cash: Lie = |a| {
        a.slots[PADDING_SLOT].cash += Fp::from(1_000_000);
        a.solve();
    };
    rejects_only(&case, cash, "M1 padding has no cash");
    let between: Lie = |a| {
        a.slots.swap(CASH_SLOT, PADDING_SLOT);
        a.solve();
    };
    rejects_lie(&case, between, "M4 padding is last");
    rejects_lie(&case, |a| a.slots[PADDING_SLOT].padding = Fp::from(2), "M1 padding");
    // In an expiry it has no lots to add.
    let member: Lie = |a| {
        a.slots[PADDING_SLOT].members[FREE] = Fp::ONE;
        a.solve();
    };
    rejects_only(&case, member, "M3");
}

/// A position in a bucket that the word does not say.
#[test]
fn rejects_m1_another_bucket() {
    let positions =
        [Position { bucket: zkmargin_margin::ids::BucketId::new(1), ..position(0, CASH, 5, 0) }];
    let case = ScenarioMarket::new().case(&positions, at_least(Level::MarginCall), 0);
    assert_eq!(case.check(), Err(Violation::Bucket(0)));
    rejects_only(&case, |_| {}, "M1 opening");
}

#[test]
fn rejects_m2_another_account() {
    let mut case = control();
    case.instance.account = AccountId::new([0x33; 20]);
    both_reject(&case, Violation::AccountNotInState, "M2 account");
    let mut case = control();
    case.instance.context = ContextId::derive("other", 0, [0; 20]);
    both_reject(&case, Violation::AccountNotInState, "M2 account");
    let mut case = control();
    case.instance.state_root += Fp::ONE;
    both_reject(&case, Violation::AccountNotInState, "M2 account");
}

#[test]
fn rejects_m3_a_row_of_another_market() {
    let mut better = rows();
    better[0].scenarios[0] = value(1);
    let other = ScenarioMarket::of(better, terms());
    let mut case = control();
    let position = case.witness.account.slots[CALL_SLOT].position.clone();
    case.witness.account.slots[CALL_SLOT] = other.slot(&position);
    both_reject(&case, Violation::RowNotInMarket(CALL_SLOT), "M3 row");
    // A better value, charge, flag under the true path.
    let lies: [Lie; 7] = [
        |a| a.slots[CALL_SLOT].values[0] += Fp::ONE,
        |a| a.slots[CALL_SLOT].values[14] += power(LIMB_BITS),
        |a| a.slots[CALL_SLOT].charges -= Fp::ONE,
        |a| a.slots[CALL_SLOT].delta -= Fp::ONE,
        |a| a.slots[CALL_SLOT].delta_is_negative = Fp::ONE,
        |a| a.slots[PERP_SLOT].options_fee -= Fp::ONE,
        |a| a.slots[CASH_SLOT].is_long_only = Fp::ZERO,
    ];
    for lie in lies {
        let solved = |a: &mut Assignment<Fp>| {
            lie(a);
            a.solve();
        };
        rejects_lie(&control(), solved, "M3 row: hash");
    }
}

#[test]
fn rejects_m3_a_row_of_another_instrument() {
    let mut case = control();
    let position = case.witness.account.slots[CALL_SLOT].position.clone();
    case.witness.account.slots[CALL_SLOT] = ScenarioMarket::new().slot_with_row(&position, 2);
    both_reject(&case, Violation::WrongInstrument(CALL_SLOT), "M3 row: hash");
}

#[test]
fn rejects_m3_another_header() {
    let mut case = control();
    case.instance.epoch = Epoch::new(8);
    both_reject(&case, Violation::Header, "M3 market root");
    let mut case = control();
    case.instance.model = ModelDigest::of(b"other");
    both_reject(&case, Violation::Header, "M3 market root");
    // A denominator other than the loss factors', even if the root has it.
    let mut case = control();
    case.witness.account.header.denominator = Denominator::new(FACTOR_ONE + 1).unwrap();
    case.instance.market_root = case.witness.account.header.root();
    both_reject(&case, Violation::Header, "M3 denominator");
}

#[test]
fn rejects_m3_terms_of_another_market() {
    let mut case = control();
    case.witness.terms.first.initial_factor = LossFactor::new(1_000_000_000).unwrap();
    both_reject(&case, Violation::Terms, "M3 market root");
    case.witness.account.header.terms = case.witness.terms.digest();
    both_reject(&case, Violation::Header, "M3 market root");
    let lies: [Lie; 15] = [
        |a| a.underlyings[0].terms.dampening[41] -= Fp::ONE,
        |a| a.underlyings[0].terms.maintenance_factor -= Fp::ONE,
        |a| a.underlyings[0].terms.initial_factor -= Fp::ONE,
        |a| a.underlyings[0].terms.net -= Fp::ONE,
        |a| a.underlyings[0].terms.half_hedged -= Fp::ONE,
        |a| a.underlyings[0].terms.short_fee -= Fp::ONE,
        |a| a.underlyings[0].terms.naked -= power(LIMB_BITS),
        |a| a.underlyings[0].terms.basis_is_added += Fp::ONE,
        |a| a.underlyings[0].terms.minimum_is_of_all += Fp::ONE,
        |a| a.underlyings[0].terms.minimum_times[0] += Fp::ONE,
        |a| a.underlyings[0].terms.minimum_times[31] += Fp::ONE,
        |a| a.underlyings[0].terms.reliefs[0] += Fp::ONE,
        |a| a.underlyings[0].terms.reliefs[7] += Fp::ONE,
        |a| a.underlyings[0].terms.delta_tiers[0][0] += Fp::ONE,
        |a| a.underlyings[0].terms.delta_tiers[1][1] -= Fp::ONE,
    ];
    for lie in lies {
        for case in [control(), poor_control()] {
            let solved = |a: &mut Assignment<Fp>| {
                lie(a);
                a.solve();
            };
            rejects_only(&case, solved, "M3 market root");
        }
    }
}

/// An option in no expiry, in another, in two, in fractions of two.
#[test]
fn rejects_m3_a_wrong_expiry() {
    for case in [control(), poor_control()] {
        let none: Lie = |a| {
            a.slots[CALL_SLOT].members = vec![Fp::ZERO; 4];
            a.solve();
        };
        rejects_only(&case, none, "M3");
        rejects_lie(&case, none, "M3 in one expiry");
        let other: Lie = |a| {
            a.slots[CALL_SLOT].members.swap(NEAR, FAR);
            a.solve();
        };
        rejects_only(&case, other, "M3 terms of the expiry");
        let free: Lie = |a| {
            a.slots[CALL_SLOT].members.swap(NEAR, FREE);
            a.solve();
        };
        rejects_only(&case, free, "M3 terms of the expiry");
        let two: Lie = |a| {
            a.slots[CALL_SLOT].members[FREE] = Fp::ONE;
            a.solve();
        };
        rejects_lie(&case, two, "M3 in one expiry");
        let parts: Lie = |a| {
            a.slots[CALL_SLOT].members[NEAR] = Fp::from(2);
            a.slots[CALL_SLOT].members[FREE] = -Fp::ONE;
            a.solve();
        };
        rejects_lie(&case, parts, "M3 member of expiry");
        // A perpetual in an expiry.
        let perpetual: Lie = |a| {
            a.slots[PERP_SLOT].members[NEAR] = Fp::ONE;
            a.solve();
        };
        rejects_lie(&case, perpetual, "M3 in one expiry");
    }
}

/// An expiry split in two hides what its options do not share: the halves are
/// discounted apart.
#[test]
fn rejects_m3_a_split_expiry() {
    for case in [control(), poor_control()] {
        for twin in [FREE, 3] {
            let split = |a: &mut Assignment<Fp>| {
                a.expiries[twin] = a.expiries[NEAR].clone();
                a.slots[PUT_SLOT].members.swap(NEAR, twin);
                a.solve();
            };
            rejects_only(&case, split, "M3 expiries ascend");
        }
        // A twin under another key does not hold the row's terms.
        let other_key: Lie = |a| {
            let key = a.expiries[FREE].key;
            a.expiries[FREE] = a.expiries[NEAR].clone();
            a.expiries[FREE].key = key;
            a.slots[PUT_SLOT].members.swap(NEAR, FREE);
            a.solve();
        };
        rejects_only(&case, other_key, "M3 terms of the expiry");
        // Nor one whose fields are cut elsewhere.
        let recut: Lie = |a| {
            a.expiries[FREE] = a.expiries[NEAR].clone();
            a.expiries[FREE].key = Fp::ZERO;
            a.expiries[FREE].long_discount += power(16).invert().unwrap();
            a.slots[PUT_SLOT].members.swap(NEAR, FREE);
            a.solve();
        };
        rejects_lie(&case, recut, "M4 long discount: range");
    }
}

#[test]
fn rejects_m3_other_terms_of_an_expiry() {
    let lies: [Lie; 4] = [
        |a| a.expiries[NEAR].long_discount += Fp::ONE,
        |a| a.expiries[NEAR].short_discount -= Fp::ONE,
        |a| a.expiries[NEAR].basis_weight -= Fp::ONE,
        |a| a.expiries[NEAR].confidence_fee += Fp::ONE,
    ];
    for lie in lies {
        for case in [control(), poor_control()] {
            let solved = |a: &mut Assignment<Fp>| {
                lie(a);
                a.solve();
            };
            rejects_only(&case, solved, "M3 terms of the expiry");
        }
    }
    // Natively: two rows that do not agree.
    let mut rows = rows();
    let RowKind::Option { group, .. } = &mut rows[1].kind else { panic!() };
    group.basis_weight = Default::default();
    let market = ScenarioMarket::of(rows, terms());
    let case = market.case(&healthy(), at_least(Level::Initial), 0);
    both_reject(&case, Violation::Expiry(PUT_SLOT), "M3 terms of the expiry");
}
