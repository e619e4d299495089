//! Accounts over two underlyings.

use super::*;

/// Two underlyings: each has its own sums and terms, and what is asked for is the sum.
#[test]
fn underlyings_are_apart() {
    let moved = |row: &ScenarioRow| ScenarioRow { underlying: Underlying::SECOND, ..*row };
    let second =
        ScenarioTerms { initial_factor: LossFactor::new(2_000_000_000).unwrap(), ..terms() };
    let both = MarketTerms { first: terms(), second: Some(second) };
    let rows = rows();
    let of = |id: u64| rows.iter().find(|row| row.instrument.get() == id).copied().unwrap();
    let held = |first: i64, other: i64| {
        let (call, perp) = (position(CALL, first, 50), position(PERP, other, -7));
        let (call_row, perp_row) = (of(CALL), moved(&of(PERP)));
        let slots = [(&call, &call_row), (&perp, &perp_row)];
        AccountMargin::assess(slots, &Reserved::NONE, &both).unwrap()
    };
    let (margin, calls, perps) = (held(-3, 5), held(-3, 0), held(0, 5));
    assert_eq!(margin.parts()[0].worst, calls.parts()[0].worst);
    assert_eq!(margin.parts()[1].worst, perps.parts()[1].worst);
    assert_eq!((margin.parts()[0].naked, margin.parts()[1].naked), (3, 0));
    for level in [Level::Maintenance, Level::Initial] {
        let parts = margin.parts().iter().filter_map(|part| part.requirement(level));
        assert_eq!(margin.requirement(level), Some(parts.sum()));
        assert_eq!(margin.requirement(level), {
            let apart = [&calls, &perps].map(|one| one.requirement(level).unwrap());
            Some(apart[0] + apart[1])
        });
    }
    assert_eq!(margin.mark_to_market(), -3 * i128::from(of(CALL).mark().get()) + 43);
    assert_eq!(format!("{margin:?}"), "AccountMargin(..)");
    // A row of an underlying that the terms do not have, and a strike of both.
    let call = position(CALL, 1, 0);
    let row = moved(&of(CALL));
    let alone = ScenarioMargin::assess([(&call, &row)], &Reserved::NONE, &terms());
    assert_eq!(alone.err(), Some(Violation::Underlying(0)));
    let put = position(PUT, 1, 0);
    let (first, other) = (of(CALL), moved(&of(PUT)));
    let slots = [(&call, &first), (&put, &other)];
    let split = AccountMargin::assess(slots, &Reserved::NONE, &both).err();
    assert!(matches!(split, Some(Violation::Underlying(1) | Violation::Expiry(1))), "{split:?}");
    // The order of the terms counts, and one's digest is not that of two.
    let swapped = MarketTerms { first: second, second: Some(terms()) };
    let digests = [both, swapped, terms().into(), second.into()].map(|terms| terms.digest::<Fp>());
    let distinct = std::collections::BTreeSet::from(digests.map(|digest| format!("{digest:?}")));
    assert_eq!(distinct.len(), 4);
    assert_eq!(digests[2], terms().digest());
    assert_eq!((both.underlyings(), both.iter().count()), (2, 2));
    assert!(Underlying::new(2).is_err() && Underlying::new(1).unwrap().get() == 1);
}
