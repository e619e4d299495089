//! M6 and M7: the claim and what it discloses.

use super::*;

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
    let one = Fp::from(FINE_ONE) * Fp::from(u64::from(FACTOR_ONE)) * Fp::from(10_000);
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
        let slack = a.totals.slack;
        a.totals.shortfall -= slack * one.invert().unwrap();
        a.totals.slack = Fp::ZERO;
    };
    rejects_lie(&case, exact, "M6 below: some shortfall: range");
    // With a healthy account there is none.
    let some = |a: &mut Assignment<Fp>| {
        a.totals.shortfall = Fp::ONE;
        a.totals.slack = one;
    };
    rejects_only(&control(), some, "M6 slack");
}

/// The multiplier says how much must be there; a lie about it opens another claim.
#[test]
fn rejects_m6_another_multiplier() {
    let market = ScenarioMarket::new();
    let text = "below:initial,multiplier:1678.7215";
    let case = market.case(&healthy(), claim(text), 0);
    assert_eq!(case.check(), Ok(()));
    rejects_only(
        &ScenarioCase { shape: case.shape, ..case.clone() },
        |a| {
            a.claim.above_one = Fp::ZERO;
            a.claim.is_below = Fp::ZERO;
            a.solve();
        },
        "M6 code",
    );
    let plain = market.case(&healthy(), below(Level::Initial), 0);
    rejects_lie(
        &plain,
        |a| {
            a.claim.above_one = Fp::from(0xff_ffff);
            a.solve();
        },
        "M6 code",
    );
    // The code of leverage, as many multipliers.
    let leveraged = market.case(&healthy(), claim("at-least:initial,leverage:1"), 0);
    assert_eq!(leveraged.check(), Err(Violation::NoNotional));
    rejects_lie(&leveraged, |_| {}, "M6 code");
    rejects_lie(
        &leveraged,
        |a| {
            a.claim.above_one += Fp::from(100) * power(32);
            a.solve();
        },
        "M6 multiplier above one: range",
    );
}

/// What is reserved is in the commitment, and counts against initial margin.
#[test]
fn rejects_m4_another_reserve() {
    let market = ScenarioMarket::new();
    let case = market.case(&healthy(), at_least(Level::Initial), 0).reserving(1 << 79);
    assert_eq!(case.check(), Err(Violation::FalseClaim));
    rejects_lie(&case, |_| {}, "M6 at least: balance");
    let hidden = |a: &mut Assignment<Fp>| {
        a.reserved = Fp::ZERO;
        a.solve();
    };
    rejects_only(&case, hidden, "M1 opening");
    let negative = |a: &mut Assignment<Fp>| {
        a.reserved = -Fp::ONE;
        a.solve();
    };
    rejects_lie(&case, negative, "M4 reserved: range");
    let maintenance = market.case(&healthy(), at_least(Level::Maintenance), 0).reserving(1 << 79);
    assert_eq!(maintenance.check(), Ok(()));
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
