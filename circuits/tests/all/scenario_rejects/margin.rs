//! M5: signs, netting, the worst loss, fees and the basis.

use super::*;

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
            a.underlyings[0].net_delta_is_negative =
                Fp::ONE - a.underlyings[0].net_delta_is_negative;
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
        let SlotHints { strike_head, strike_tail, low, .. } = a.slots[CASH_SLOT].clone();
        a.slots[PADDING_SLOT].same_strike = Fp::ONE;
        let low = Fp::ONE - low;
        let padding = a.slots[PADDING_SLOT].clone();
        a.slots[PADDING_SLOT] = SlotHints { strike_head, strike_tail, low, ..padding };
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
            a.underlyings[0].worst += Fp::ONE;
            a.solve_claim();
        };
        rejects_lie(&case, better, "M5 worst is not beyond");
        let none: Lie = |a| {
            a.underlyings[0].worst = Fp::ZERO;
            a.solve_claim();
        };
        rejects_lie(&case, none, "M5 worst is not beyond");
        let worse: Lie = |a| {
            a.underlyings[0].worst -= Fp::ONE;
            a.solve_claim();
        };
        rejects_only(&case, worse, "M5 worst is one of them");
        let much_worse: Lie = |a| {
            a.underlyings[0].worst -= power(120);
            a.solve_claim();
        };
        rejects_lie(&case, much_worse, "M5 worst is one of them");
    }
    // Another candidate, which is not the worst: the basis loss, zero or more.
    let margin = ScenarioMarket::new().margin(&healthy());
    assert!(margin.basis > margin.worst);
    let basis: Fp = -Fp::from_u128(margin.basis.abs().as_u128());
    let lie = |a: &mut Assignment<Fp>| {
        a.underlyings[0].worst = basis;
        a.solve_claim();
    };
    rejects_only(&control(), lie, "M5 worst is not beyond");
}

/// The packed term that says how losses are added up, taken apart in other ways.
#[test]
fn rejects_m3_terms_that_are_unpacked_otherwise() {
    let market = tiered_market();
    let healthy = market.case(&healthy(), at_least(Level::Initial), 0);
    assert_eq!(healthy.check(), Ok(()));
    let poor = market.case(&poor(), below(Level::Initial), 0);
    assert_eq!(poor.check(), Ok(()));
    for case in [healthy, poor] {
        // All of it in the lowest bit, in the other, in a bit of a multiple.
        let lowest: Lie = |a| {
            let terms = &mut a.underlyings[0].terms;
            terms.basis_is_added += terms.minimum_is_of_all.double();
            terms.minimum_is_of_all = Fp::ZERO;
            a.solve();
        };
        rejects_lie(&case, lowest, "M3 basis is added is a bit");
        let half = Fp::from(2).invert().unwrap();
        let other = |a: &mut Assignment<Fp>| {
            let terms = &mut a.underlyings[0].terms;
            terms.minimum_is_of_all += half;
            terms.basis_is_added = Fp::ZERO;
            a.solve();
        };
        rejects_lie(&case, other, "M3 minimum is of all is a bit");
        let shifted: Lie = |a| {
            let bits = &mut a.underlyings[0].terms.minimum_times;
            let above = std::mem::take(&mut bits[25]);
            bits[24] += above.double();
            a.solve();
        };
        rejects_lie(&case, shifted, "M3 times of the minimum 6 bit 0 is a bit");
        let of_the_next: Lie = |a| {
            let bits = &mut a.underlyings[0].terms.minimum_times;
            let above = std::mem::take(&mut bits[28]);
            bits[27] += Fp::from(32) * above;
            a.solve();
        };
        rejects_lie(&case, of_the_next, "M3 times of the minimum 6 bit 3 is a bit");
    }
}

/// The minimum charge once where a tier of it is the worst; what is added on top of a
/// charge of all, or not on top of a scenario.
#[test]
fn rejects_m5_another_tier_of_the_minimum_charge() {
    let mut terms = tiered_terms();
    // So much on the net delta that no scenario loses as much.
    terms.minimum.net = Fine::new(3 * FINE_ONE).unwrap();
    let market = ScenarioMarket::of(rows(), terms);
    let margin = market.margin(&poor());
    let as_field = |number: I256| -Fp::from_u128((-number).as_u128());
    // A tier stands in the loss of its scenario: the last and the one before it.
    let last = REGULAR_SCENARIOS - 1;
    assert_eq!(margin.worst, margin.scenario_pnl[last]);
    let others = [margin.scenario_pnl[last - 1], margin.added - margin.minimum, -margin.minimum];
    let case = market.case(&poor(), below(Level::Initial), 0);
    assert_eq!(case.check(), Ok(()));
    for other in others {
        assert!(other > margin.worst);
        let lie = |a: &mut Assignment<Fp>| {
            a.underlyings[0].worst = as_field(other);
            a.solve_claim();
        };
        rejects_lie(&case, lie, "M5 worst is not beyond");
    }
    // Without what is beside it, the tier would be worse than it is.
    let on_top = |a: &mut Assignment<Fp>| {
        a.underlyings[0].worst = as_field(margin.worst - margin.added);
        a.solve_claim();
    };
    assert!(margin.added > I256::ZERO);
    rejects_lie(&case, on_top, "M5 worst is one of them");
}

/// Less, or more, beside the worst loss than the net delta and the expiries make.
#[test]
fn rejects_m5_another_charge_beside_the_worst() {
    let market = adding_market();
    let added = |positions: &[Position], claim| {
        let case = market.case(positions, claim, 0);
        assert_eq!(case.check(), Ok(()));
        case
    };
    let below = below(Level::Initial);
    for case in [
        control(),
        poor_control(),
        added(&healthy(), at_least(Level::Initial)),
        added(&poor(), below),
    ] {
        for tier in 0..2 {
            let label = format!("tier {tier} less net delta");
            let within = |a: &mut Assignment<Fp>| {
                flip(&mut a.underlyings[0].tiers_left[tier]);
                a.solve_claim();
            };
            rejects_lie(&case, within, &label);
            let less = |a: &mut Assignment<Fp>| {
                a.underlyings[0].tiers_left[tier].magnitude -= Fp::ONE;
                a.solve_claim();
            };
            rejects_lie(&case, less, &label);
            // The same value by another magnitude: nothing is beyond.
            let wraps = |a: &mut Assignment<Fp>| {
                let left = &mut a.underlyings[0].tiers_left[tier];
                left.magnitude = -left.magnitude;
                left.negative = Fp::ONE - left.negative;
                a.solve_claim();
            };
            rejects_lie(&case, wraps, &format!("M4 left in tier {tier}: range 72"));
            let half = |a: &mut Assignment<Fp>| {
                a.underlyings[0].tiers_left[tier].negative = Fp::from(2).invert().unwrap();
                a.solve_claim();
            };
            rejects_lie(&case, half, &format!("M5 left in tier {tier} is negative"));
        }
    }
    // The basis loss of another expiry than is held, where it is added.
    let invented: Lie = |a| {
        a.expiries[FREE].basis_weight = Fp::from(FINE_ONE);
        a.expiries[FREE].basis_loss = Fp::from(1_000_000_000);
        a.solve_claim();
    };
    rejects_only(&added(&poor(), below), invented, "M5 basis loss is one of them");
    let forgotten: Lie = |a| {
        a.expiries[NEAR].basis_loss = Fp::ZERO;
        a.solve_claim();
    };
    let healthy = added(&healthy(), at_least(Level::Initial));
    rejects_lie(&healthy, forgotten, "M5 basis loss is not beyond");
}

/// The fee on options that perpetuals raise, too small and too large.
#[test]
fn rejects_m5_another_fee_on_options() {
    let set = |fee: u64| {
        move |a: &mut Assignment<Fp>| {
            a.underlyings[0].options_fee = Fp::from(fee);
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
            a.underlyings[0].worst = -Fp::from(FINE_ONE) * Fp::from(1_000_000_000);
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
