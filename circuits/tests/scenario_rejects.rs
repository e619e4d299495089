//! Lies about scenario margin, each with the constraint that catches it. A lie
//! told before [`Assignment::solve`] is a whole false witness: everything that
//! follows from it is worked out, so that only the lie itself can be caught.

mod common;

use std::collections::BTreeSet;

use common::mock::failures;
use common::scenario::*;
use common::{at_least, below, position};
use ff::{Field, PrimeField};
use pasta_curves::Fp;
use zkmargin_circuits::scenario::{Assignment, Signed};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, ModelDigest};
use zkmargin_margin::portfolio::{Blinding, Position};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{
    BASIS, FACTOR_ONE, FINE_ONE, LIMB_BITS, LossFactor, MARK, REGULAR_SCENARIOS, RowKind,
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
    case.witness.terms.initial_factor = LossFactor::new(1_000_000_000).unwrap();
    both_reject(&case, Violation::Terms, "M3 market root");
    case.witness.account.header.terms = case.witness.terms.digest();
    both_reject(&case, Violation::Header, "M3 market root");
    let lies: [Lie; 7] = [
        |a| a.terms.dampening[41] -= Fp::ONE,
        |a| a.terms.maintenance_factor -= Fp::ONE,
        |a| a.terms.initial_factor -= Fp::ONE,
        |a| a.terms.net -= Fp::ONE,
        |a| a.terms.half_hedged -= Fp::ONE,
        |a| a.terms.short_fee -= Fp::ONE,
        |a| a.terms.naked -= power(LIMB_BITS),
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

#[test]
fn rejects_m4_duplicates_and_disorder() {
    let market = ScenarioMarket::new();
    let of = |ids: &[u32]| {
        let positions: Vec<_> = ids.iter().map(|id| position(0, *id, 5, 0)).collect();
        market.case(&positions, at_least(Level::MarginCall), 0)
    };
    for ids in [&[CALL, CALL][..], &[PUT, CALL], &[PUT, PUT]] {
        let case = of(ids);
        both_reject(&case, Violation::Order(1), "M4 call before put");
        let apart: Lie = |a| {
            a.slots[1].same_strike = Fp::ZERO;
            a.solve();
        };
        rejects_only(&case, apart, "M4 strike ascends");
    }
    both_reject(&of(&[FAR_CALL, CALL]), Violation::Order(1), "M4 strike ascends");
    // A pair with a position between them.
    both_reject(&of(&[CALL, FAR_CALL, PUT]), Violation::Order(2), "M4 strike ascends");
}

#[test]
fn rejects_m4_values_out_of_range() {
    let case = control();
    let lies: [(Lie, &str); 14] = [
        // "Minus zero", minus one, and one lot too many.
        (
            |a| (a.slots[6].short, a.slots[6].size_less_sign) = (Fp::ONE, -Fp::ONE),
            "M4 size less sign: range",
        ),
        (|a| a.slots[1].size_less_sign = -Fp::ONE, "M4 size less sign: range"),
        (|a| a.slots[1].size_less_sign = power(32), "M4 size less sign: range"),
        (|a| a.slots[1].short = Fp::from(2), "M4 short"),
        (|a| a.slots[1].cash = -Fp::ONE, "M4 cash: range"),
        (|a| a.slots[1].cash = power(80), "M4 cash: range"),
        (|a| a.slots[1].strike += power(31), "M4 instrument: range"),
        (|a| a.slots[1].low = Fp::from(3), "M4 put"),
        (|a| a.slots[1].is_option = Fp::from(256), "M4 is option"),
        (|a| a.slots[1].has_expiry = Fp::from(2), "M4 has expiry"),
        (|a| a.slots[1].delta_is_negative = Fp::from(2), "M4 delta is negative"),
        (|a| a.slots[1].is_long_only = -Fp::ONE, "M4 long only"),
        (|a| a.slots[1].options_fee = -Fp::ONE, "M4 options fee: range"),
        (|a| a.slots[1].delta = power(48), "M4 delta: range"),
    ];
    for (lie, label) in lies {
        let solved = |a: &mut Assignment<Fp>| {
            lie(a);
            a.solve();
        };
        rejects_lie(&case, solved, label);
    }
    // The instrument of a put as that of half a strike more, a call.
    let half: Lie = |a| {
        a.slots[1].strike += Fp::from(2).invert().unwrap();
        a.slots[1].low = Fp::ZERO;
        a.slots[1].same_strike = Fp::ZERO;
        a.solve();
    };
    rejects_lie(&case, half, "M4 strike: range");
}

/// The packed row cut at other bits: the same element, other figures.
#[test]
fn rejects_m4_a_row_packed_otherwise() {
    let case = control();
    let fee: Lie = |a| {
        a.slots[PERP_SLOT].options_fee += power(48);
        a.slots[PERP_SLOT].delta -= Fp::ONE;
        a.solve();
    };
    rejects_lie(&case, fee, "M4 options fee: range");
    let fraction: Lie = |a| {
        a.slots[PERP_SLOT].options_fee -= Fp::ONE;
        a.slots[PERP_SLOT].delta += power(48).invert().unwrap();
        a.solve();
    };
    rejects_lie(&case, fraction, "M4 delta: range");
}

/// Sums unpacked otherwise: a limb more and what balances it in the next.
#[test]
fn rejects_m4_sums_unpacked_otherwise() {
    for case in [control(), poor_control()] {
        for scenario in [0, 1, 30, MARK, BASIS[0]] {
            let carry = |a: &mut Assignment<Fp>| {
                let sums = &mut a.expiries[NEAR].sums;
                sums[scenario] = Signed::of(&(sums[scenario].value() + power(LIMB_BITS)));
                sums[scenario + 1] = Signed::of(&(sums[scenario + 1].value() - Fp::ONE));
            };
            if scenario % 3 != 2 {
                rejects_lie(&case, carry, &format!("limb {}: range 72", scenario % 3));
            }
        }
        // The highest limb around the field, and a fraction of the next.
        let wrap: Lie = |a| {
            let sums = &mut a.expiries[NEAR].sums;
            sums[0] = Signed::of(&(sums[0].value() + Fp::ONE));
            sums[1] = Signed::of(&(sums[1].value() - power(LIMB_BITS).invert().unwrap()));
        };
        rejects_lie(&case, wrap, "M4 sum 0 limb 1: range 72");
        let linear: Lie = |a| {
            let sums = &mut a.totals.linear;
            sums[3] = Signed::of(&(sums[3].value() + power(LIMB_BITS)));
            sums[4] = Signed::of(&(sums[4].value() - Fp::ONE));
        };
        rejects_lie(&case, linear, "M4 sum 1 limb 0: range 72");
        let charges: Lie = |a| {
            let [maintenance, initial] = &mut a.totals.charges;
            *maintenance = Signed::of(&(maintenance.value() - power(LIMB_BITS)));
            *initial = Signed::of(&(initial.value() + Fp::ONE));
        };
        rejects_lie(&case, charges, "M4 charges limb 0: range 72");
        let collateral: Lie = |a| a.totals.collateral.magnitude += Fp::ONE;
        rejects_lie(&case, collateral, "account: collateral");
        // A scenario exchanged for another.
        let exchanged: Lie = |a| a.expiries[NEAR].sums.swap(0, 1);
        rejects_lie(&case, exchanged, "M5 sum 0");
    }
}

#[test]
fn rejects_m4_sums_out_of_range() {
    let mut rows = rows();
    rows[0].scenarios[5] = value(1 << 40);
    rows[9].charges = charges(1 << 40, 0);
    let market = ScenarioMarket::of(rows, terms());
    for (id, lots, label) in
        [(CALL, 1_i64 << 32, "limb 2: range 72"), (CASH, 1 << 32, "M4 charges limb 0: range 72")]
    {
        let lots = if id == CALL { -lots } else { lots - 1 };
        let positions = book(0, &[(id, lots), (PERP, 1 << 10)]);
        let mut case = market.case(&positions, below(Level::Initial), 0);
        if id == CASH {
            // One lot less than 2^32 fits by 2^40: two thousand more charges do not.
            let more = book(0, &[(id, lots), (PERP, 1 << 31), (PERP2, 1 << 31)]);
            case = ScenarioMarket::of(
                {
                    let mut rows = market.rows.clone();
                    rows[7].charges = charges(1 << 12, 0);
                    rows
                },
                terms(),
            )
            .case(&more, below(Level::Initial), 0);
        }
        both_reject(&case, Violation::Sum, label);
    }
}

/// Signs of sums, told wrongly.
#[test]
fn rejects_m5_false_signs() {
    for case in [control(), poor_control()] {
        let sum: Lie = |a| {
            flip(&mut a.expiries[NEAR].sums[0]);
            a.solve_claim();
        };
        rejects_lie(&case, sum, "M5 sum 0");
        let not_a_bit: Lie = |a| a.expiries[NEAR].sums[4].negative = Fp::from(2);
        rejects_lie(&case, not_a_bit, "M5 sum 1 limb 1 is negative");
        // The same value by another magnitude.
        let magnitude: Lie = |a| {
            let sum = &mut a.expiries[NEAR].sums[0];
            sum.magnitude = -sum.magnitude;
            sum.negative = Fp::ONE - sum.negative;
        };
        rejects_lie(&case, magnitude, "M4 sum 0 limb 0: range 72");
        for skew in 0..2 {
            let lie = |a: &mut Assignment<Fp>| {
                let bit = &mut a.expiries[NEAR].skew_is_negative[skew];
                *bit = Fp::ONE - *bit;
                a.solve_claim();
            };
            let label = format!("M5 absolute skew {}", REGULAR_SCENARIOS + skew);
            rejects_lie(&case, lie, &label);
        }
        let delta: Lie = |a| {
            a.totals.net_delta_is_negative = Fp::ONE - a.totals.net_delta_is_negative;
            a.solve_claim();
        };
        rejects_lie(&case, delta, "M5 absolute net delta");
        let naked: Lie = |a| a.slots[CALL_SLOT].net_is_negative = Fp::ZERO;
        rejects_lie(&case, naked, "M5 absolute net lots");
        let covered: Lie = |a| a.slots[2].net_is_negative = Fp::ONE - a.slots[2].net_is_negative;
        rejects_lie(&case, covered, "M5 absolute net lots");
    }
}

/// A call that covers another strike's, a pair that does not net, and netting
/// with padding.
#[test]
fn rejects_m5_false_netting() {
    for (case, slot) in [(control(), 2), (control(), 4), (poor_control(), 1), (poor_control(), 3)] {
        let other = |a: &mut Assignment<Fp>| {
            a.slots[slot].same_strike = Fp::ONE;
            a.solve();
        };
        rejects_lie(&case, other, "M5 same strike has no step");
    }
    let apart: Lie = |a| {
        a.slots[PUT_SLOT].same_strike = Fp::ZERO;
        a.solve();
    };
    rejects_only(&control(), apart, "M4 strike ascends");
    let padding: Lie = |a| {
        let (strike, low) = (a.slots[CASH_SLOT].strike, a.slots[CASH_SLOT].low);
        a.slots[PADDING_SLOT].same_strike = Fp::ONE;
        (a.slots[PADDING_SLOT].strike, a.slots[PADDING_SLOT].low) = (strike, Fp::ONE - low);
        a.solve();
    };
    rejects_lie(&control(), padding, "M5 same strike is used");
    let third: Lie = |a| {
        a.slots[PUT_SLOT].same_strike = Fp::from(3);
        a.solve();
    };
    rejects_lie(&control(), third, "M5 same strike");
}

/// A worst loss that is not the least of all, either way.
#[test]
fn rejects_m5_another_worst_loss() {
    for case in [control(), poor_control()] {
        let better: Lie = |a| {
            a.totals.worst += Fp::ONE;
            a.solve_claim();
        };
        rejects_lie(&case, better, "M5 worst is not beyond");
        let none: Lie = |a| {
            a.totals.worst = Fp::ZERO;
            a.solve_claim();
        };
        rejects_lie(&case, none, "M5 worst is not beyond");
        let worse: Lie = |a| {
            a.totals.worst -= Fp::ONE;
            a.solve_claim();
        };
        rejects_only(&case, worse, "M5 worst is one of them");
        let much_worse: Lie = |a| {
            a.totals.worst -= power(120);
            a.solve_claim();
        };
        rejects_lie(&case, much_worse, "M5 worst is one of them");
    }
    // Another candidate, which is not the worst: the basis loss, zero or more.
    let margin = ScenarioMarket::new().margin(&healthy());
    assert!(margin.basis > margin.worst);
    let basis: Fp = -Fp::from_u128(margin.basis.abs().as_u128());
    let lie = |a: &mut Assignment<Fp>| {
        a.totals.worst = basis;
        a.solve_claim();
    };
    rejects_only(&control(), lie, "M5 worst is not beyond");
}

/// The fee on options that perpetuals raise, too small and too large.
#[test]
fn rejects_m5_another_fee_on_options() {
    let set = |fee: u64| {
        move |a: &mut Assignment<Fp>| {
            a.totals.options_fee = Fp::from(fee);
            for expiry in &mut a.expiries {
                expiry.fee = if expiry.confidence_fee > Fp::from(fee) {
                    expiry.confidence_fee
                } else {
                    Fp::from(fee)
                };
            }
            a.solve_claim();
        }
    };
    for case in [control(), poor_control()] {
        rejects_lie(&case, set(0), "M5 options fee is not beyond");
        rejects_lie(&case, set(149), "M5 options fee is not beyond");
        rejects_only(&case, set(151), "M5 options fee is one of them");
        rejects_lie(&case, set(90), "M5 options fee is not beyond");
        // The perpetual told not to be held.
        let not_held: Lie = |a| {
            let perpetual = a.slots.iter_mut().find(|slot| slot.options_fee != Fp::ZERO);
            perpetual.unwrap().size_inverse = Fp::ZERO;
        };
        rejects_lie(&case, not_held, "M5 held");
        for (change, label) in
            [(Fp::ONE, "M5 fee is one of them"), (-Fp::ONE, "M5 fee is not beyond")]
        {
            let lie = |a: &mut Assignment<Fp>| {
                a.expiries[NEAR].fee += change;
                a.solve_claim();
            };
            rejects_lie(&case, lie, label);
        }
    }
    // One that is not held cannot be told to be.
    let market = ScenarioMarket::new();
    let positions = book(-5_000_000, &[(CALL, -9), (PERP, 0)]);
    let case = market.case(&positions, below(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    let held = |a: &mut Assignment<Fp>| {
        set(150)(a);
        a.slots[1].size_inverse = Fp::from(77);
    };
    rejects_only(&case, held, "M5 options fee is one of them");
}

#[test]
fn rejects_m5_another_basis_loss() {
    for case in [control(), poor_control()] {
        for (change, label) in
            [(Fp::ONE, "M5 basis loss is one of them"), (-Fp::ONE, "M5 basis loss is not beyond")]
        {
            for expiry in [NEAR, FAR] {
                let lie = |a: &mut Assignment<Fp>| a.expiries[expiry].basis_loss += change;
                rejects_lie(&case, lie, label);
            }
        }
        // Out of nothing, in an expiry that no position is in: its weight is
        // the prover's.
        let invented: Lie = |a| {
            a.expiries[FREE].basis_weight = Fp::from(FINE_ONE);
            a.expiries[FREE].basis_loss = Fp::from(1_000_000_000);
            a.totals.worst = -Fp::from(FINE_ONE) * Fp::from(1_000_000_000);
            a.solve_claim();
        };
        rejects_lie(&case, invented, "M5 basis loss is one of them");
    }
}

/// Whatever terms the prover gives an expiry that no position is in, the
/// figures are the same.
#[test]
fn terms_of_an_empty_expiry_change_nothing() {
    for case in [control(), poor_control()] {
        let lie: Lie = |a| {
            let expiry = &mut a.expiries[3];
            expiry.key = Fp::from(65_535);
            let largest = power(48) - Fp::ONE;
            expiry.long_discount = Fp::ZERO;
            expiry.short_discount = largest;
            expiry.basis_weight = largest;
            expiry.confidence_fee = largest;
            // Zero has both signs.
            for sum in &mut expiry.sums {
                sum.negative = Fp::ONE;
            }
            expiry.skew_is_negative = [Fp::ONE; 2];
            expiry.fee = largest;
        };
        let failing = failures(k::<Fp>(case.shape), &case.lie(lie), case.public_rows());
        assert_eq!(failing, BTreeSet::new());
    }
}

#[test]
fn rejects_m5_collateral_that_is_owed() {
    let positions = book(1_000_000, &[(CASH, -1)]);
    let case = ScenarioMarket::new().case(&positions, at_least(Level::Initial), 0);
    both_reject(&case, Violation::WrongDirection(0), "M5 direction");
    rejects_lie(&case, |a| a.slots[0].is_long_only = Fp::ZERO, "M3 row: hash");
}

#[test]
fn rejects_m6_false_claims() {
    let market = ScenarioMarket::new();
    for level in [Level::MarginCall, Level::Maintenance, Level::Initial] {
        let case = market.case(&poor(), at_least(level), 0);
        assert_eq!(case.check(), Err(Violation::FalseClaim));
        rejects_only(&case, |_| {}, "M6 at least: balance");
        let case = market.case(&healthy(), below(level), 0);
        assert_eq!(case.check(), Err(Violation::FalseClaim));
        rejects_lie(&case, |_| {}, "M6 below: some shortfall");
        // A shortfall of one out of nothing.
        let one = |a: &mut Assignment<Fp>| a.totals.shortfall = Fp::ONE;
        rejects_only(&case, one, "M6 shortfall is the deficit");
    }
}

/// Another level or side than the public one.
#[test]
fn rejects_m6_another_claim_inside() {
    let case = ScenarioMarket::new().case(&poor(), at_least(Level::Initial), 0);
    let below: Lie = |a| {
        a.claim.is_below = Fp::ONE;
        a.solve();
    };
    rejects_only(&case, below, "M6 code");
    let easier: Lie = |a| {
        a.claim.is_initial = Fp::ZERO;
        a.solve();
    };
    rejects_lie(&case, easier, "M6 code");
    let no_bits: Lie = |a| {
        (a.claim.is_initial, a.claim.is_maintenance) = (Fp::ZERO, Fp::from(2));
        a.solve();
    };
    rejects_lie(&case, no_bits, "M6 maintenance");
    let both: Lie = |a| {
        a.claim.is_maintenance = Fp::ONE;
        a.claim.is_below = -Fp::from(4).invert().unwrap();
        a.solve();
    };
    rejects_lie(&case, both, "M6 one level");
}

/// The shortfall rounded otherwise, and the field's own quotient.
#[test]
fn rejects_m6_another_shortfall() {
    let case = poor_control();
    let one = Fp::from(FINE_ONE) * Fp::from(u64::from(FACTOR_ONE));
    let more = |a: &mut Assignment<Fp>| {
        a.totals.shortfall += Fp::ONE;
        a.totals.slack += one;
    };
    rejects_only(&case, more, "M6 slack");
    rejects_lie(&case, more, "M6 slack below its divisor");
    let less = |a: &mut Assignment<Fp>| {
        a.totals.shortfall -= Fp::ONE;
        a.totals.slack -= one;
    };
    rejects_lie(&case, less, "M6 slack: range");
    let exact = |a: &mut Assignment<Fp>| {
        a.totals.shortfall -= a.totals.slack * one.invert().unwrap();
        a.totals.slack = Fp::ZERO;
    };
    rejects_lie(&case, exact, "M6 shortfall: range");
    // With a healthy account there is none.
    let some = |a: &mut Assignment<Fp>| {
        a.totals.shortfall = Fp::ONE;
        a.totals.slack = one;
    };
    rejects_only(&control(), some, "M6 slack");
}

#[test]
fn rejects_m7_a_false_shortfall() {
    let market = ScenarioMarket::new();
    let shortfall = market.margin(&poor()).shortfall(Level::Initial);
    assert!(shortfall > 1);
    for disclosed in [1, shortfall - 1, shortfall + 1] {
        let case = market.case(&poor(), below(Level::Initial), disclosed);
        both_reject(&case, Violation::FalseDisclosure, "M7 disclosed");
    }
    let case = market.case(&healthy(), at_least(Level::Initial), 1);
    both_reject(&case, Violation::FalseDisclosure, "M7 disclosed");
    assert_eq!(signed(-5).value(), -Fp::from(5));
}
