//! M4: order, ranges, and what is packed into an element.

use super::*;

#[test]
fn rejects_m4_duplicates_and_disorder() {
    let market = ScenarioMarket::new();
    let of = |ids: &[u64]| {
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
    let lies: [(Lie, &str); 17] = [
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
        (|a| a.slots[1].strike_head += power(56), "M4 strike head: range"),
        (|a| a.slots[1].strike_head = -Fp::ONE, "M4 strike head: range"),
        (|a| a.slots[1].strike_tail += power(7), "M4 lowest byte: range"),
        (|a| a.slots[1].strike_tail = -Fp::ONE, "M4 strike tail: range"),
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
        a.slots[1].strike_tail += Fp::from(2).invert().unwrap();
        a.slots[1].low = Fp::ZERO;
        a.slots[1].same_strike = Fp::ZERO;
        a.solve();
    };
    rejects_lie(&case, half, "M4 strike tail: range");
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
            let sums = &mut a.underlyings[0].linear;
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
