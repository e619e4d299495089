//! The standard family's boundaries.

use pasta_curves::Fp;
use zkmargin_circuits::standard::{Assignment, Division};
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::standard::TierRow;
use zkmargin_margin::units::{Notional, Price, Rate};

use super::{breaks_only, broken};
use crate::common::{
    Case, DENOMINATOR, Market, PERP, at_least, below, charge_of, k, position, rows,
};

/// What is wrong with a case, natively and in the circuit; nothing, or both.
#[track_caller]
fn verdict<F: MarginField>(case: &Case<F>) -> Result<(), Violation> {
    let circuit = broken(k::<F>(case.shape), &case.circuit(), &case.public_rows());
    assert_eq!(case.check().is_ok(), circuit.is_empty(), "{:?}: {circuit:?}", case.check());
    case.check()
}

/// Every slot in use, every division without a rest, in eight buckets; and a
/// maintenance fraction, so that its division has none either.
fn exact<F: MarginField>() -> Case<F> {
    let market = Market::<F>::from_rows(
        vec![TierRow { maintenance_fraction: Rate::new(500_000), ..rows()[1] }],
        DENOMINATOR,
    );
    let positions: Vec<_> = (0..8).map(|b| position(b, PERP, 2_000, -1_600_000)).collect();
    let case = market.case(&positions, at_least(Level::Initial), 0);
    assert_eq!(verdict(&case), Ok(()));
    assert_eq!(case.witness.slots.len(), case.shape.standard_positions());
    case
}

type Pick<F> = fn(&mut Assignment<F>, usize) -> &mut Division<F>;

/// A slack may be zero, but not its divisor: of every division of every slot.
fn slack_below_its_divisor<F: MarginField>() {
    let case = exact::<F>();
    let divisor = F::from(u64::from(DENOMINATOR));
    let divisions: [(Pick<F>, &str); 3] = [
        (|a, i| &mut a.slots[i].maintenance_marginal, "M5 maintenance slack"),
        (|a, i| &mut a.slots[i].maintenance_scaled, "M5 maintenance fraction slack"),
        (|a, i| &mut a.slots[i].initial_marginal, "M5 initial slack"),
    ];
    for slot in 0..8 {
        for (pick, name) in divisions {
            let mut circuit = case.circuit();
            let assignment = circuit.assignment_mut().unwrap();
            let division = pick(assignment, slot);
            assert_eq!(division.slack, F::ZERO);
            division.slack = divisor;
            division.quotient += F::ONE;
            if name == "M5 maintenance slack" {
                // The next division takes it up.
                let fraction = assignment.slots[slot].maintenance_fraction;
                let next = &mut assignment.slots[slot].maintenance_scaled;
                next.quotient += F::ONE;
                next.slack += divisor - fraction;
            }
            let broken = broken(k::<F>(case.shape), &circuit, &case.public_rows());
            breaks_only(&broken, &format!("slot {slot}: {name} below its divisor"));
        }
    }
}

/// A remainder of nothing, and one as large as the price unit.
fn remainder_below_the_unit<F: MarginField>() {
    let case = exact::<F>();
    for slot in 0..8 {
        let lie = case.lie(|a| {
            let slot = &mut a.slots[slot];
            assert_eq!(slot.notional_remainder, F::ZERO);
            slot.notional_remainder = slot.unit;
            slot.above -= F::ONE;
            slot.maintenance_marginal.slack = slot.maintenance_rate;
            slot.initial_marginal.slack = slot.initial_rate;
        });
        let broken = broken(k::<F>(case.shape), &lie, &case.public_rows());
        breaks_only(&broken, &format!("slot {slot}: M5 notional remainder below its divisor"));
    }
}

/// A notional at its tier's ends, and one beyond, of three tiers: of the first
/// slot and the last. The middle one has both bounds, and neither is zero.
fn tiers<F: MarginField>() {
    let bound = Notional::new(2_000_000).unwrap();
    let middle = TierRow { upper: bound, ..rows()[1] };
    let last = TierRow { lower: bound, ..rows()[1] };
    let market = Market::<F>::from_rows(vec![rows()[0], middle, last], DENOMINATOR);
    for slot in [0, 7] {
        let of = |lots: i64, row: usize| {
            let mut positions: Vec<_> =
                (0..8).map(|b| position(b, PERP, 10, 1_000_000)).collect::<Vec<Position>>();
            positions[slot] = position(u16::try_from(slot).unwrap(), PERP, lots, 5_000_000);
            let mut case = market.case(&positions, at_least(Level::Initial), 0);
            case.witness.slots[slot] = market.slot_with_row(&positions[slot], row);
            case
        };
        let (lower, upper) = (Some("M5 above lower"), Some("M5 below upper"));
        for (lots, row, outside) in [
            (0, 0, None),
            (1_000, 0, None),
            (1_001, 0, upper),
            (1_000, 1, lower),
            (1_001, 1, None),
            (2_000, 1, None),
            (2_001, 1, upper),
            (2_000, 2, lower),
            (2_001, 2, None),
        ] {
            let case = of(lots, row);
            let expected = outside.map_or(Ok(()), |_| Err(Violation::WrongTier(slot)));
            assert_eq!(verdict(&case), expected, "{lots} lots under row {row}");
            if let Some(name) = outside {
                // Charges follow from the excess, which is no number there.
                let circuit = broken(k::<F>(case.shape), &case.circuit(), &case.public_rows());
                let mark = format!("slot {slot}: {name}");
                assert!(circuit.iter().any(|broken| broken.starts_with(&mark)), "{circuit:?}");
            }
        }
    }
}

/// The largest notional there is, and one more.
fn largest_notional<F: MarginField>() {
    let price = |mantissa: u64| Price::new(mantissa, 1).unwrap();
    let row = |mantissa| TierRow {
        price: price(mantissa),
        lower: Notional::ZERO,
        lower_exclusive: false,
        upper: Notional::MAX,
        initial: charge_of(0, 0),
        maintenance: charge_of(0, 0),
        ..rows()[1]
    };
    for (lots, mantissa, fits) in
        [((1_i64 << 40) - 1, (1_u64 << 40) + 1, true), (1 << 40, 1 << 40, false)]
    {
        for lots in [lots, -lots] {
            let market = Market::<F>::from_rows(vec![row(mantissa)], DENOMINATOR);
            let case = market.case(&[position(0, PERP, lots, 0)], at_least(Level::MarginCall), 0);
            let is_long = lots > 0;
            assert_eq!(verdict(&case).is_ok(), fits && is_long, "{lots} at {mantissa}");
        }
    }
}

/// Every level at the last unit of cash that reaches it, and one unit less, in
/// the first bucket and in the last.
fn levels<F: MarginField>() {
    let market = Market::<F>::over_field();
    for bucket in [0, 7] {
        let of = |cash: i128| {
            let rich = |b| position(b, PERP, 2_000, if b == bucket { cash } else { 1_000_000 });
            (0..8).map(rich).collect::<Vec<Position>>()
        };
        let margin = market.margin(&of(0));
        let last = &margin.buckets[usize::from(bucket)];
        for level in [Level::MarginCall, Level::Maintenance, Level::Initial] {
            let needed = last.requirement(level).unwrap().cast_signed() - last.equity;
            assert_eq!(verdict(&market.case(&of(needed), at_least(level), 0)), Ok(()));
            assert!(verdict(&market.case(&of(needed), below(level), 0)).is_err());
            assert!(verdict(&market.case(&of(needed - 1), at_least(level), 0)).is_err());
            assert_eq!(verdict(&market.case(&of(needed - 1), below(level), 1)), Ok(()));
        }
    }
}

#[test]
fn a_slack_is_below_its_divisor() {
    slack_below_its_divisor::<Fp>();
    slack_below_its_divisor::<Bn254Fr>();
}

#[test]
fn a_remainder_is_below_the_price_unit() {
    remainder_below_the_unit::<Fp>();
    remainder_below_the_unit::<Bn254Fr>();
}

#[test]
fn a_notional_is_inside_its_tier() {
    tiers::<Fp>();
    tiers::<Bn254Fr>();
}

#[test]
fn a_notional_is_below_2_to_the_80() {
    largest_notional::<Fp>();
    largest_notional::<Bn254Fr>();
}

#[test]
fn levels_turn_at_one_unit_of_cash() {
    levels::<Fp>();
    levels::<Bn254Fr>();
}
