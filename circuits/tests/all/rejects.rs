//! Lies, each with the constraint that catches it. Every test has a satisfied
//! control: the same account, told truly.

use std::collections::BTreeSet;

use crate::common::mock::failures;
use crate::common::*;
use ff::{Field, PrimeField};
use pasta_curves::Fp;
use zkmargin_circuits::standard::{Assignment, Division};
use zkmargin_margin::claim::{Level, Leverage};
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, InstrumentId, ModelDigest};
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::relation::{Clause, Violation};
use zkmargin_margin::standard::TierRow;
use zkmargin_margin::units::{Denominator, Price};

/// The healthy account, which a true prover can prove.
fn control() -> Case {
    let case = Market::new().case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case
}

/// Asserts that the circuit rejects a case in a region whose name holds `label`.
#[track_caller]
fn rejects(case: &Case, label: &str) {
    rejects_lie(case, |_| {}, label);
}

/// The same after a lie about the prover's choices.
#[track_caller]
fn rejects_lie(case: &Case, lie: impl FnOnce(&mut Assignment<Fp>), label: &str) {
    let failing = failures(k::<Fp>(case.shape), &case.lie(lie), case.public_rows());
    assert!(failing.iter().any(|name| name.contains(label)), "{label}: {failing:?}");
}

/// Asserts that the native check names the clause, and the circuit the label.
#[track_caller]
fn both_reject(case: &Case, violation: Violation, label: &str) {
    assert_eq!(case.check(), Err(violation));
    assert!(label.starts_with(&violation.clause().to_string()));
    rejects(case, label);
}

#[test]
fn control_is_satisfied() {
    let case = control();
    assert_eq!(failures(k::<Fp>(case.shape), &case.circuit(), case.public_rows()), BTreeSet::new());
}

#[test]
fn rejects_m1_another_blinding() {
    let mut case = control();
    case.witness.blinding = Blinding::new([1; 31]);
    both_reject(&case, Violation::Opening, "M1 opening");
}

#[test]
fn rejects_m1_another_position() {
    let mut case = control();
    case.witness.slots[1].position = position(0, SPOT, 901, 0);
    both_reject(&case, Violation::Opening, "M1 opening");
}

/// The debt of one bucket, told to be another's: both ends of the move open to
/// the commitment only as they were.
#[test]
fn rejects_m1_another_bucket() {
    let case = control();
    let moved = |a: &mut Assignment<Fp>| {
        a.slots[3].bucket = a.slots[2].bucket;
        a.slots[3].bucket_step_inverse = Fp::ZERO;
    };
    rejects_lie(&case, moved, "M1 opening");
    rejects_lie(&case, |a| a.slots[3].bucket += Fp::ONE, "M1 opening");
}

#[test]
fn rejects_m1_positions_left_out() {
    let case = control();
    // Natively: the debt is not shown. In the circuit: its slot is said to be
    // padding, honestly emptied or with its quantity still there.
    let mut without = case.clone();
    without.witness.slots.remove(2);
    both_reject(&without, Violation::Opening, "M1 opening");
    rejects_lie(&case, |a| a.slots[3].padding = Fp::ONE, "M1 padding has no lots");
    rejects_lie(&case, |a| a.slots[3] = a.slots[4].clone(), "M1 opening");
}

#[test]
fn rejects_m1_padding_with_contents() {
    let case = control();
    rejects_lie(&case, |a| a.slots[5].quantity_tail = Fp::ONE, "M1 padding has no lots");
    rejects_lie(&case, |a| a.slots[5].cash += Fp::ONE, "M1 padding has no cash");
    rejects_lie(&case, |a| a.slots[5].padding = Fp::ZERO, "M4 padding is last");
    rejects_lie(&case, |a| a.slots[7].padding = Fp::from(2), "M1 padding");
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
    let mut case = control();
    let mut dearer = rows();
    dearer[2].price = Price::new(7_770, 1).unwrap();
    let other = Market::from_rows(dearer, DENOMINATOR);
    case.witness.slots[1] = other.slot_with_row(&case.witness.slots[1].position, 3);
    assert_eq!(case.check(), Err(Violation::RowNotInMarket(1)));
    rejects(&case, "M3 row");
    // The better price under the true path.
    rejects_lie(&control(), |a| a.slots[1].mantissa += Fp::ONE, "M3 row");
}

#[test]
fn rejects_m3_a_row_of_another_instrument() {
    let market = Market::new();
    let mut case = control();
    case.witness.slots[1] = market.slot_with_row(&case.witness.slots[1].position, 5);
    assert_eq!(case.check(), Err(Violation::WrongInstrument(1)));
    rejects(&case, "M3 row");
}

#[test]
fn rejects_m3_another_header() {
    let mut case = control();
    case.instance.epoch = Epoch::new(8);
    both_reject(&case, Violation::Header, "M3 market root");

    let mut case = control();
    case.instance.model = ModelDigest::of(b"other");
    both_reject(&case, Violation::Header, "M3 market root");

    let mut case = control();
    case.witness.header.denominator = Denominator::new(2_000_000).unwrap();
    both_reject(&case, Violation::Header, "M3 market root");
}

/// Split positions would escape the higher tiers.
#[test]
fn rejects_m4_duplicates_and_disorder() {
    let market = Market::new();
    let twice = [position(0, PERP, 900, 0), position(0, PERP, 900, 900_000)];
    both_reject(
        &market.case(&twice, at_least(Level::MarginCall), 0),
        Violation::Order(1),
        "M4 order ascends",
    );
    let swapped = [position(0, SPOT, 900, 0), position(0, PERP, 900, 0)];
    both_reject(
        &market.case(&swapped, at_least(Level::MarginCall), 0),
        Violation::Order(1),
        "M4 order ascends",
    );
    let buckets = [position(1, PERP, 900, 0), position(0, PERP, 900, 0)];
    both_reject(
        &market.case(&buckets, at_least(Level::MarginCall), 0),
        Violation::Order(1),
        "M4 order ascends",
    );
}

/// A rich bucket must not be merged with a poor one, nor a bucket cut in two.
#[test]
fn rejects_m4_wrong_boundaries() {
    let case = control();
    let merged = |a: &mut Assignment<Fp>| a.slots[3].bucket_step_inverse = Fp::ZERO;
    rejects_lie(&case, merged, "M4 same bucket has no step");
    let cut = |a: &mut Assignment<Fp>| a.slots[1].bucket_step_inverse = Fp::ONE;
    rejects_lie(&case, cut, "M4 no step has no inverse");
    let other = |a: &mut Assignment<Fp>| a.slots[3].bucket_step_inverse = Fp::ONE;
    rejects_lie(&case, other, "M4 same bucket has no step");
    // The first bucket, told to be the cross bucket.
    let isolated = Market::new().case(&[position(2, PERP, 10, 0)], at_least(Level::Initial), 0);
    let cross = |a: &mut Assignment<Fp>| a.slots[0].bucket_step_inverse = Fp::ZERO;
    rejects_lie(&isolated, cross, "M4 same bucket has no step");
}

#[test]
fn rejects_m4_values_out_of_range() {
    let case = control();
    let too_large = |bits: u32| Fp::from(2).pow_vartime([u64::from(bits)]);
    // A short position of "minus zero", and encodings of minus one.
    rejects_lie(
        &case,
        |a| {
            a.slots[3].short = Fp::ONE;
        },
        "M1 opening",
    );
    rejects_lie(
        &case,
        |a| {
            a.slots[4].short = Fp::ONE;
            a.slots[4].quantity_head = Fp::from(128);
        },
        "M4 quantity head below 128: range",
    );
    rejects_lie(&case, |a| a.slots[1].short = Fp::from(2), "M4 short");
    rejects_lie(
        &case,
        |a| {
            a.slots[1].short = Fp::ONE;
            a.slots[1].quantity_tail = Fp::from(900) + too_large(63);
        },
        "M4 quantity tail: range",
    );
    rejects_lie(&case, |a| a.slots[1].cash = -Fp::ONE, "M4 cash: range");
    rejects_lie(&case, |a| a.slots[1].cash = too_large(80), "M4 cash: range");
    rejects_lie(&case, |a| a.slots[1].bucket = too_large(16), "M4 bucket: range");
    rejects_lie(&case, |a| a.slots[1].instrument = too_large(64), "M4 instrument: range");
    rejects_lie(&case, |a| a.slots[1].quantity_tail = too_large(56), "M4 quantity tail: range");
    rejects_lie(&case, |a| a.slots[1].quantity_head = -Fp::ONE, "M4 quantity head: range");
    rejects_lie(&case, |a| a.slots[1].mantissa = -Fp::ONE, "M4 price: range");
    rejects_lie(&case, |a| a.slots[1].unit = too_large(64), "M4 price unit: range");
    rejects_lie(&case, |a| a.slots[1].lower = -Fp::ONE, "M4 lower: range");
    rejects_lie(&case, |a| a.slots[1].upper = too_large(80), "M4 upper: range");
    rejects_lie(&case, |a| a.slots[1].direction = Fp::from(3), "M5 direction");
    rejects_lie(&case, |a| a.slots[1].maintenance_base = -Fp::ONE, "M4 maintenance base: range");
    rejects_lie(&case, |a| a.slots[1].initial_base = -Fp::ONE, "M4 initial base: range");
}

/// The packed row with its fields cut at other bits: the same element, other
/// figures.
#[test]
fn rejects_m4_a_row_packed_otherwise() {
    let case = control();
    let shift = |bits: u32| Fp::from(2).pow_vartime([u64::from(bits)]);
    rejects_lie(
        &case,
        |a| {
            a.slots[1].mantissa += shift(64);
            a.slots[1].unit -= Fp::ONE;
        },
        "M4 price: range",
    );
    rejects_lie(
        &case,
        |a| {
            a.slots[1].lower -= shift(80);
            a.slots[1].upper += Fp::ONE;
        },
        "M4 lower: range",
    );
    // Half of one field in the other: a fractional field element.
    rejects_lie(
        &case,
        |a| {
            a.slots[1].maintenance_fraction += Fp::ONE;
            a.slots[1].initial_rate -= shift(32).invert().unwrap();
        },
        "M4 initial rate: range",
    );
}

#[test]
fn rejects_m4_notionals_out_of_range() {
    let price = Price::new(u64::MAX, 1).unwrap();
    let market = Market::from_rows(vec![TierRow { price, ..rows()[1] }], DENOMINATOR);
    let case = market.case(&[position(0, PERP, i64::MAX, 0)], at_least(Level::MarginCall), 0);
    assert_eq!(case.check(), Err(Violation::Range(0)));
    rejects(&case, "M5 below upper");
}

#[test]
fn rejects_m5_another_tier() {
    let market = Market::new();
    let positions = [position(0, PERP, 1_500, 0)];
    let mut case = market.case(&positions, at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case.witness.slots[0] = market.slot_with_row(&positions[0], 0);
    both_reject(&case, Violation::WrongTier(0), "M5 below upper");

    // A notional on a bound is in the lower tier only.
    let positions = [position(0, PERP, 1_000, 0)];
    let mut case = market.case(&positions, at_least(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    case.witness.slots[0] = market.slot_with_row(&positions[0], 1);
    both_reject(&case, Violation::WrongTier(0), "M5 above lower");
    rejects_lie(&case, |a| a.slots[0].lower_exclusive = Fp::ZERO, "M3 row");
    rejects_lie(&case, |a| a.slots[0].lower_exclusive = -Fp::ONE, "M5 lower exclusive");
}

/// Collateral cannot be short, a loan cannot be long.
#[test]
fn rejects_m5_the_other_direction() {
    let market = Market::new();
    for (instrument, quantity) in [(SPOT, -1), (LOAN, 1), (LOAN, 0)] {
        let positions = [position(0, instrument, quantity, 1_000_000)];
        let case = market.case(&positions, at_least(Level::Initial), 0);
        both_reject(&case, Violation::WrongDirection(0), "M5 direction");
    }
}

#[test]
fn rejects_m5_a_notional_rounded_otherwise() {
    let case = control();
    let unit = Fp::from(1_000);
    // The next notional below, its remainder out of range; and above.
    rejects_lie(
        &case,
        |a| {
            a.slots[3].above -= Fp::ONE;
            a.slots[3].notional_remainder += unit;
        },
        "M5 notional remainder below its divisor",
    );
    rejects_lie(
        &case,
        |a| {
            a.slots[3].above += Fp::ONE;
            a.slots[3].notional_remainder -= unit;
        },
        "M5 notional remainder: range",
    );
    // The quotient in the field, with no remainder at all.
    rejects_lie(
        &case,
        |a| {
            let product = Fp::from(777 * 123_457);
            a.slots[3].above = product * unit.invert().unwrap();
            a.slots[3].notional_remainder = Fp::ZERO;
        },
        "M5 above lower",
    );
}

/// A division told wrongly: one less with the slack to match, or the field's
/// own quotient.
#[test]
fn rejects_m5_false_charges() {
    let case = control();
    let denominator = Fp::from(u64::from(DENOMINATOR));
    type Pick = fn(&mut Assignment<Fp>) -> &mut Division<Fp>;
    let divisions: [(Pick, &str); 3] = [
        (|a| &mut a.slots[3].maintenance_marginal, "M5 maintenance slack"),
        (|a| &mut a.slots[3].maintenance_scaled, "M5 maintenance fraction slack"),
        (|a| &mut a.slots[3].initial_marginal, "M5 initial slack"),
    ];
    for (pick, label) in divisions {
        let less = |a: &mut Assignment<Fp>| {
            pick(a).quotient -= Fp::ONE;
            pick(a).slack -= denominator;
        };
        rejects_lie(&case, less, &format!("{label}: range"));
        let more = |a: &mut Assignment<Fp>| {
            pick(a).quotient += Fp::ONE;
            pick(a).slack += denominator;
        };
        rejects_lie(&case, more, &format!("{label} below its divisor"));
        let exact = |a: &mut Assignment<Fp>| {
            let division = pick(a);
            division.quotient -= division.slack * denominator.invert().unwrap();
            division.slack = Fp::ZERO;
        };
        rejects_lie(&case, exact, "quotient: range");
    }
}

/// Padding under a row that charges at zero lots (a minimum margin) is charged
/// nothing: it can neither fake a deficit nor make a healthy account fail.
#[test]
fn rejects_m5_charges_of_padding() {
    let minimum = TierRow {
        instrument: InstrumentId::new(99),
        maintenance: charge_of(5_000_000, 0),
        initial: charge_of((1 << 80) - 1, 0),
        ..rows()[0]
    };
    let mut with_minimum = rows();
    with_minimum.push(minimum);
    let market = Market::from_rows(with_minimum, DENOMINATOR);
    for positions in [vec![], healthy()] {
        for level in [Level::Maintenance, Level::Initial] {
            let mut case = market.case(&positions, below(level), 0);
            case.witness.padding = (minimum, market.tree.path(6).unwrap());
            both_reject(&case, Violation::FalseClaim, "M6 below: some shortfall");
            case.instance.claim = at_least(level);
            assert_eq!(case.check(), Ok(()));
            let failing = failures(k::<Fp>(case.shape), &case.circuit(), case.public_rows());
            assert_eq!(failing, BTreeSet::new());
        }
    }
}

/// A bucket in deficit told to be in surplus, and the other way round.
#[test]
fn rejects_m5_false_signs() {
    let poor = Market::new().case(&[position(0, PERP, 10, -20_000)], below(Level::Initial), 0);
    assert_eq!(poor.check(), Ok(()));
    let deny = |a: &mut Assignment<Fp>| a.slots[0].deficit_is_positive = Some(Fp::ZERO);
    rejects_lie(&poor, deny, "M5 absolute deficit");
    let exaggerate = |a: &mut Assignment<Fp>| a.slots[7].deficit_is_positive = Some(Fp::from(2));
    rejects_lie(&poor, exaggerate, "M5 deficit is positive");
    let invent = |a: &mut Assignment<Fp>| a.slots[7].deficit_is_positive = Some(Fp::ONE);
    rejects_lie(&control(), invent, "M5 absolute deficit");
}

#[test]
fn rejects_m6_false_claims() {
    let market = Market::new();
    let poor = market.case(&[position(0, PERP, 10, -20_000)], at_least(Level::MarginCall), 0);
    both_reject(&poor, Violation::FalseClaim, "M6 at least: no shortfall");
    let rich = market.case(&healthy(), below(Level::Initial), 0);
    both_reject(&rich, Violation::FalseClaim, "M6 below: some shortfall");
}

/// Another level or side than the public one.
#[test]
fn rejects_m6_another_claim_inside() {
    let between = position(0, PERP, 100, -93_000);
    let case = Market::new().case(&[between], at_least(Level::Initial), 0);
    assert_eq!(case.check().map_err(|v| v.clause()), Err(Clause::M6));
    let easier = |a: &mut Assignment<Fp>| {
        a.claim.is_initial = Fp::ZERO;
        a.claim.is_maintenance = Fp::ONE;
    };
    rejects_lie(&case, easier, "M6 code");
    let below = |a: &mut Assignment<Fp>| a.claim.is_below = Fp::ONE;
    rejects_lie(&case, below, "M6 code");
    // The code of level 3, by bits that are none.
    let no_bits = |a: &mut Assignment<Fp>| {
        a.claim.is_initial = Fp::ZERO;
        a.claim.is_maintenance = Fp::from(2);
    };
    rejects_lie(&case, no_bits, "M6 maintenance");
    let both = |a: &mut Assignment<Fp>| {
        a.claim.is_maintenance = Fp::ONE;
        a.claim.is_below = -Fp::from(4).invert().unwrap();
    };
    rejects_lie(&case, both, "M6 one level");
}

/// A multiplier is of the claim, and rounds up; a lie about it opens another claim.
#[test]
fn rejects_m6_another_multiplier() {
    let market = Market::new();
    let positions = [position(0, PERP, 2_000, -1_700_000)];
    let text = "below:initial,multiplier:1.2345";
    let shortfall =
        market.margin(&positions).shortfall_of(Level::Initial, claim(text).multiplier());
    let case = market.case(&positions, claim(text), shortfall);
    assert_eq!(case.check(), Ok(()));
    for disclosed in [shortfall - 1, shortfall + 1] {
        both_reject(
            &market.case(&positions, claim(text), disclosed),
            Violation::FalseDisclosure,
            "M7 disclosed",
        );
    }
    rejects_lie(&case, |a| a.claim.above_one = Fp::ZERO, "M6 code");
    rejects_lie(&case, |a| a.claim.above_one -= Fp::ONE, "M6 code");
    let least = claim("at-least:initial,multiplier:1.0001");
    let margin = market.margin(&positions);
    let cash = margin.initial().cast_signed() - margin.equity() - 1_700_000;
    let even = [position(0, PERP, 2_000, cash)];
    both_reject(&market.case(&even, least, 0), Violation::FalseClaim, "M6 at least: no shortfall");
    // Bits of a dial that are another's, and more than a dial has.
    let plain = market.case(&even, at_least(Level::Initial), 0);
    assert_eq!(plain.check(), Ok(()));
    let carried = |a: &mut Assignment<Fp>| {
        a.claim.above_one = Fp::from(1 << 32);
        a.claim.leverage = -Fp::ONE;
    };
    rejects_lie(&plain, carried, "M6 multiplier above one: range");
    rejects_lie(&plain, carried, "M6 leverage: range");
}

/// The shortfall rounded otherwise, and the field's own quotient.
#[test]
fn rejects_m6_another_rounding() {
    let market = Market::new();
    let positions = [position(0, ODD, 777, -3_000_000)];
    let case = market.case(&positions, claim("below:initial,multiplier:1.2345"), 0);
    let told = |quotient: Fp, slack: Fp| {
        move |a: &mut Assignment<Fp>| a.shortfall = Some(Division { quotient, slack })
    };
    let times = claim("below:initial,multiplier:1.2345").multiplier();
    let exact = Fp::from_u128(market.margin(&positions).shortfall_of(Level::Initial, times));
    let one = Fp::from(10_000);
    let slack = {
        let margin = market.margin(&positions);
        let fine = margin.initial() * 12_345;
        exact * one - Fp::from_u128(fine) + Fp::from_i128(margin.equity()) * one
    };
    assert_ne!(slack, Fp::ZERO);
    rejects_lie(&case, told(exact + Fp::ONE, slack + one), "M5 shortfall slack below its divisor");
    rejects_lie(&case, told(exact - Fp::ONE, slack - one), "M5 shortfall slack: range");
    let quotient = exact - slack * one.invert().unwrap();
    rejects_lie(&case, told(quotient, Fp::ZERO), "M6 below: some shortfall: range");
}

/// The notional of all positions over the equity of all buckets.
#[test]
fn rejects_m6_more_leverage() {
    let market = Market::new();
    let margin = market.margin(&healthy());
    let least = (margin.gross_notional() * 100).div_ceil(margin.equity().unsigned_abs());
    let of = |hundredths: u128| {
        let most = Leverage::new(u32::try_from(hundredths).unwrap()).unwrap();
        market.case(&healthy(), at_least(Level::Initial).with_leverage(most).unwrap(), 0)
    };
    let case = of(least);
    assert_eq!(case.check(), Ok(()));
    assert_eq!(failures(k::<Fp>(case.shape), &case.circuit(), case.public_rows()), BTreeSet::new());
    both_reject(&of(least - 1), Violation::Leverage, "M6 notional within the bound");
    rejects_lie(&of(least - 1), |a| a.claim.leverage = Fp::ZERO, "M6 code");
    rejects_lie(&of(least - 1), |a| a.claim.leverage += Fp::ONE, "M6 code");
    // Below a level nothing is said about leverage.
    let mut poor = market.case(&[position(0, PERP, 10, -20_000)], below(Level::Initial), 0);
    let bounded = |a: &mut Assignment<Fp>| a.claim.leverage = Fp::ONE;
    rejects_lie(&poor, bounded, "M6 leverage of at least alone");
    poor.instance.claim = at_least(Level::MarginCall);
    rejects(&poor, "M6 at least: no shortfall");
}

/// What is reserved is in the commitment, and is required of the cross bucket, in
/// which nothing has to be.
#[test]
fn rejects_m4_another_reserve() {
    let market = Market::new();
    for positions in [healthy(), vec![], vec![position(2, PERP, 10, 50_000)]] {
        let enough = market.case(&positions, at_least(Level::Initial), 0);
        assert_eq!(enough.check(), Ok(()));
        let spare = enough.clone().reserving(1);
        let cross = positions.first().is_some_and(|first| first.bucket.get() == 0);
        assert_eq!(spare.check().is_ok(), cross);
        let case = enough.reserving(1 << 79);
        both_reject(&case, Violation::FalseClaim, "M6 at least: no shortfall");
        rejects_lie(&case, |a| a.reserved = Fp::ZERO, "M1 opening");
        rejects_lie(&case, |a| a.reserved = -Fp::ONE, "M4 reserved: range");
        let told = market.case(&positions, below(Level::Initial), 0).reserving(1 << 79);
        assert_eq!(told.check(), Ok(()));
        let failing = failures(k::<Fp>(told.shape), &told.circuit(), told.public_rows());
        assert_eq!(failing, BTreeSet::new());
        let maintenance = market.case(&positions, at_least(Level::Maintenance), 0);
        assert_eq!(maintenance.reserving(1 << 79).check(), Ok(()));
    }
}

#[test]
fn rejects_m7_a_false_shortfall() {
    let market = Market::new();
    let positions = [position(0, PERP, 10, -20_000)];
    let shortfall = market.margin(&positions).shortfall(Level::Initial);
    for disclosed in [1, shortfall - 1, shortfall + 1] {
        let case = market.case(&positions, below(Level::Initial), disclosed);
        both_reject(&case, Violation::FalseDisclosure, "M7 disclosed");
    }
    let case = market.case(&healthy(), at_least(Level::Initial), 1);
    both_reject(&case, Violation::FalseDisclosure, "M7 disclosed");
    assert_eq!(Fp::from_u128(shortfall), Fp::from(11_000));
}
