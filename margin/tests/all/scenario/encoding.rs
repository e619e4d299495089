//! Rows and terms as field elements, and what their digests bind.

use super::*;

/// Every field of a row and of the terms is in its digest.
#[test]
fn digests_bind_every_field() {
    let rows = rows();
    let base = rows[0].leaf::<Fp>();
    let mut others = vec![rows[1].leaf(), rows[3].leaf(), rows[4].leaf(), rows[5].leaf()];
    for scenario in 0..SCENARIOS {
        let mut row = rows[0];
        row.scenarios[scenario] = value(row.scenarios[scenario].get() - 1);
        others.push(row.leaf());
    }
    others.push(ScenarioRow { charges: charges(1, 1), ..rows[0] }.leaf());
    others.push(ScenarioRow { delta: value(-60), ..rows[0] }.leaf());
    for (mark, up, down) in [(101, 10, -12), (100, 11, -12), (100, 10, -11)] {
        let kind =
            RowKind::Option { group: group(1), mark: value(mark), basis: [value(up), value(down)] };
        others.push(ScenarioRow { kind, ..rows[0] }.leaf());
    }
    others.push(base);
    others.sort();
    let count = others.len();
    others.dedup();
    assert_eq!(others.len(), count);

    let mut digests = vec![terms().digest::<Fp>()];
    for scenario in 0..SCENARIOS {
        let mut terms = terms();
        terms.dampening[scenario] = Fine::new(terms.dampening[scenario].get() + 1).unwrap();
        digests.push(terms.digest());
    }
    let minimum = terms().minimum;
    digests.push(ScenarioTerms { maintenance_factor: LossFactor::ZERO, ..terms() }.digest());
    digests.push(ScenarioTerms { initial_factor: LossFactor::ZERO, ..terms() }.digest());
    digests.push(ScenarioTerms { naked: charges(10, -5), ..terms() }.digest());
    for minimum in [
        MinimumCharge { net: Fine::ZERO, ..minimum },
        MinimumCharge { half_hedged: Fine::ZERO, ..minimum },
        MinimumCharge { short_fee: LotFee::ZERO, ..minimum },
        MinimumCharge { is_of_all: true, ..minimum },
    ] {
        digests.push(ScenarioTerms { minimum, ..terms() }.digest());
    }
    digests.push(ScenarioTerms { basis_is_added: true, ..terms() }.digest());
    for relief in 0..RELIEFS {
        let mut terms = terms();
        terms.reliefs[relief] = account_units(1);
        digests.push(terms.digest());
        terms.minimum_times[relief] = Times::new(1).unwrap();
        digests.push(terms.digest());
    }
    for tier in 0..DELTA_TIERS {
        let mut terms = terms();
        terms.delta_tiers[tier].from = account_units(1);
        digests.push(terms.digest());
        for hundredths in [1, -1] {
            terms.delta_tiers[tier].rate = rate_of(hundredths);
            digests.push(terms.digest());
        }
    }
    digests.sort();
    let count = digests.len();
    digests.dedup();
    assert_eq!(digests.len(), count);
    assert_ne!(digests[0], Fp::ZERO);
}

/// Each field of a row and of the terms stands at its place in the elements
/// that are hashed.
#[test]
fn elements_hold_every_field_at_its_place() {
    let hex = |element: &Fp| {
        let digits = hex::encode(element.to_be_bytes());
        digits.trim_start_matches('0').to_owned()
    };
    let group = GroupTerms {
        key: ExpiryKey::new(0x8001).unwrap(),
        long_discount: Fine::new(0x8002_0000_0003).unwrap(),
        short_discount: Fine::new(0x8004_0000_0005).unwrap(),
        basis_weight: Fine::new(0x8006_0000_0007).unwrap(),
        confidence_fee: LotFee::new(0x1008_0000_0009).unwrap(),
    };
    let kinds = [
        RowKind::Option { group, mark: value(1), basis: [value(2), value(3)] },
        RowKind::Future { group, basis: [value(2), value(3)] },
        RowKind::Perpetual { options_fee: LotFee::new(0x1000_0000_000a).unwrap() },
        RowKind::Collateral { mark: value(1) },
    ];
    // From the top: delta, fee on options, delta below zero, long only, has an
    // expiry, is an option, instrument.
    let heads = [
        "b00000000000001000101000000008123456a",
        "b00000000000001000100000000008123456a",
        "b10000000000a01000000000000008123456a",
        "b00000000000001010000000000008123456a",
    ];
    let expiry = "10080000000980060000000780040000000580020000000380".to_owned() + "01";
    for (kind, head) in kinds.into_iter().zip(heads) {
        let row = ScenarioRow { delta: value(-11), ..row(0x8123_456a, kind, &[(41, 4)]) };
        let row = ScenarioRow { charges: charges(5, 6), ..row };
        let elements = row.elements::<Fp>();
        assert_eq!(hex(&elements[0]), head);
        assert_eq!(hex(&elements[1]), if row.group().is_some() { expiry.as_str() } else { "" });
        assert_eq!(elements[2], pack_limbs(&[5, 6]));
        let (mark, basis) = (row.mark().get(), row.basis().map(LotValue::get));
        assert_eq!(elements[16], pack_limbs(&[0, 0, 4]));
        assert_eq!(elements[17], pack_limbs(&[mark, basis[0], basis[1]]));
    }
    for (delta, head) in [(0, "8123456a"), (11, "b00000000000000000000")] {
        let kind = RowKind::Perpetual { options_fee: LotFee::ZERO };
        let row = ScenarioRow { delta: value(delta), ..row(0x8123_456a, kind, &[]) };
        assert!(hex(&row.elements::<Fp>()[0]).starts_with(head));
    }

    let terms = adding_terms();
    let elements = terms.elements::<Fp>();
    assert_eq!(elements.len(), 61);
    for (element, dampening) in elements.iter().zip(terms.dampening) {
        assert_eq!(*element, Fp::from(dampening.get()));
    }
    let MinimumCharge { net, half_hedged, short_fee, .. } = terms.minimum;
    let rest = [1_000_000_000, 1_250_000_000, net.get(), half_hedged.get(), short_fee.get()];
    assert_eq!(elements[42..47], rest.map(Fp::from));
    assert_eq!(elements[47], pack_limbs(&[10, -4]));
    assert_eq!(elements[48], Fp::ONE);
    assert_eq!(elements[49..57], [10, 20, 30, 40, 50, 60, 70, 80].map(Fp::from));
    let [three, half] = [3, 50].map(|rate| percent(rate).get());
    assert_eq!(elements[57..], [100, three, 250, half].map(Fp::from));

    let elements = tiered_terms().elements::<Fp>();
    assert_eq!((OF_ALL_AT, TIMES_AT), (1, 8));
    assert_eq!(elements[48], Fp::from_u128(0x0f_04_02_00_00_00_00_00_03));
    assert_eq!(elements[49..57], [0, 0, 0, 0, 0, 30, 130, 900].map(Fp::from));
    assert_eq!(elements[57..59], [Fp::ZERO, -Fp::from(half)]);
}

/// The bounds that keep the sums of an account from running into each other.
#[test]
fn numbers_of_rows_are_in_range() {
    let limit = 1_i64 << 45;
    assert!(LotValue::new(limit - 1).is_ok() && LotValue::new(1 - limit).is_ok());
    assert!(LotValue::new(limit).is_err() && LotValue::new(-limit).is_err());
    let limit = 1_i64 << 44;
    assert!(LotCharge::new(limit - 1).is_ok() && LotCharge::new(1 - limit).is_ok());
    assert!(LotCharge::new(limit).is_err() && LotCharge::new(-limit).is_err());
    assert!(LotFee::new((1 << 45) - 1).is_ok() && LotFee::new(1 << 45).is_err());
    assert!(Fine::new((1 << 48) - 1).is_ok() && Fine::new(1 << 48).is_err());
    assert!(LossFactor::new((1 << 40) - 1).is_ok() && LossFactor::new(1 << 40).is_err());
    assert!(AccountUnits::new((1 << 60) - 1).is_ok() && AccountUnits::new(1 << 60).is_err());
    assert!(ExpiryKey::new(0).is_err());
    assert_eq!(ExpiryKey::new(u16::MAX).map(ExpiryKey::get), Ok(u16::MAX));
}

/// Limbs are signed and do not run into each other.
#[test]
fn elements_hold_signed_limbs() {
    let element: Fp = pack_limbs(&[-1, 2, -3]);
    let limb = |power: u64| Fp::from(2).pow_vartime([power]);
    assert_eq!(element, limb(84) * Fp::from(2) - limb(168) * Fp::from(3) - Fp::ONE);
    assert_eq!(Fp::from_i128(-7), pack_limbs(&[-7]));
}
