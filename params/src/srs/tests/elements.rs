use halo2_axiom::halo2curves::CurveAffine as _;
use halo2_axiom::halo2curves::bn256::{Fq, Fq2};
use halo2_axiom::halo2curves::ff::PrimeField;
use halo2_axiom::halo2curves::group::cofactor::CofactorGroup as _;

use super::*;

/// Where an element's coordinate begins, in the section of its group.
const TAU_G1: usize = 64;
const TAU_G2: usize = 128;

#[test]
fn the_identity_is_refused() {
    for (index, k) in [(0, 1), (1, 1), (17, 5), (31, 5)] {
        let mut parts = Parts::of(POT5);
        parts.set_g1(index, &G1Affine::identity());
        let element = Element::G1(index as u64);
        assert_eq!(invalid(&parts.file(), k), Invalid::Identity(element));
    }
    for index in [0, 1] {
        let mut parts = Parts::of(POT5);
        parts.set_g2(index, &G2Affine::identity());
        assert_eq!(invalid(&parts.file(), 5), Invalid::Identity(Element::G2(index as u64)));
    }
}

#[test]
fn points_off_the_curve_are_refused() {
    let mut parts = Parts::of(POT5);
    let (x, y) = {
        let point = parts.g1(9);
        (point.x, point.y + Fq::ONE)
    };
    parts.set_g1(9, &G1Affine { x, y });
    assert_eq!(invalid(&parts.file(), 5), Invalid::NotOnCurve(Element::G1(9)));
    // Not used: not looked at.
    assert!(read(&parts.file(), 3).is_ok());

    let mut parts = Parts::of(POT5);
    let tau = G2Affine::from_raw_bytes(&parts.section(3)[TAU_G2..][..128]).unwrap();
    // The conjugate twist is another curve: c0 and c1 exchanged is not on this.
    let swap = |value: Fq2| Fq2 { c0: value.c1, c1: value.c0 };
    parts.set_g2(1, &G2Affine { x: swap(tau.x), y: swap(tau.y) });
    assert_eq!(invalid(&parts.file(), 5), Invalid::NotOnCurve(Element::G2(1)));
}

/// Points of the twist outside the group: almost all are.
fn outside() -> G2Affine {
    (1..)
        .find_map(|x| {
            let x = Fq2 { c0: Fq::from(x), c1: Fq::ONE };
            let y: Option<Fq2> = (x.square() * x + G2Affine::b()).sqrt().into();
            y.map(|y| G2Affine { x, y })
        })
        .unwrap()
}

#[test]
fn points_outside_the_group_are_refused() {
    let point = outside();
    assert!(bool::from(point.is_on_curve()));
    assert!(!bool::from(point.to_curve().is_torsion_free()));
    for index in [0, 1] {
        let mut parts = Parts::of(POT5);
        parts.set_g2(index, &point);
        let element = Element::G2(index as u64);
        assert_eq!(invalid(&parts.file(), 5), Invalid::NotInSubgroup(element));
    }
    // The right point plus one of the cofactor's order: pairings would not tell.
    let small = {
        let order = -Fr::ONE;
        point * order + point
    };
    assert!(!bool::from(small.is_identity()));
    let mut parts = Parts::of(POT5);
    let tau = G2Affine::from_raw_bytes(&parts.section(3)[TAU_G2..][..128]).unwrap();
    parts.set_g2(1, &(small + tau).to_affine());
    assert_eq!(invalid(&parts.file(), 5), Invalid::NotInSubgroup(Element::G2(1)));
}

#[test]
fn coordinates_are_reduced() {
    // The prime added: the same number.
    let prime = Parts::of(POT5).section(1)[4..36].to_vec();
    let add = |bytes: &mut [u8]| {
        let mut carry = 0;
        for (byte, prime) in bytes.iter_mut().zip(&prime) {
            let sum = u16::from(*byte) + u16::from(*prime) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
    };
    for offset in [0, 32] {
        let mut parts = Parts::of(POT5);
        add(&mut parts.section(2)[TAU_G1 + offset..][..32]);
        assert_eq!(malformed(&parts.file(), 5), Malformed::NotCanonical(Element::G1(1)));
    }
    for offset in [0, 32, 64, 96] {
        let mut parts = Parts::of(POT5);
        add(&mut parts.section(3)[TAU_G2 + offset..][..32]);
        assert_eq!(malformed(&parts.file(), 5), Malformed::NotCanonical(Element::G2(1)));
    }
}

#[test]
fn other_generators_are_refused() {
    let mut parts = Parts::of(POT5);
    let tau = parts.g1(1);
    parts.set_g1(0, &tau);
    assert_eq!(invalid(&parts.file(), 5), Invalid::NotGenerator(Element::G1(0)));
    let mut parts = Parts::of(POT5);
    parts.set_g2(0, &G2::generator().double().to_affine());
    assert_eq!(invalid(&parts.file(), 5), Invalid::NotGenerator(Element::G2(0)));
}

#[test]
fn one_wrong_power_is_found() {
    for index in 1..8 {
        let mut parts = Parts::of(POT5);
        let wrong = (parts.g1(index) * Fr::from(5)).to_affine();
        parts.set_g1(index, &wrong);
        assert_eq!(invalid(&parts.file(), 3), Invalid::Inconsistent, "tau^{index}");
    }
    // Of the file's own elements: two exchanged, one twice.
    let mut parts = Parts::of(POT5);
    let (five, six) = (parts.g1(5), parts.g1(6));
    parts.set_g1(5, &six);
    assert_eq!(invalid(&parts.file(), 5), Invalid::Inconsistent);
    parts.set_g1(6, &five);
    assert_eq!(invalid(&parts.file(), 5), Invalid::Inconsistent);
    // Two errors that cancel in a plain sum.
    let mut parts = Parts::of(POT5);
    let (more, less) = (parts.g1(5) + G1Affine::generator(), parts.g1(6) - G1Affine::generator());
    parts.set_g1(5, &more.to_affine());
    parts.set_g1(6, &less.to_affine());
    assert_eq!(invalid(&parts.file(), 5), Invalid::Inconsistent);
}

#[test]
fn another_secret_in_the_second_group_is_found() {
    let mut parts = Parts::of(POT5);
    let mut other = Parts::forged(Fr::from(123_456_789), 2);
    let tau = G2Affine::from_raw_bytes(&other.section(3)[TAU_G2..][..128]).unwrap();
    parts.set_g2(1, &tau);
    assert_eq!(invalid(&parts.file(), 5), Invalid::Inconsistent);
    parts.set_g2(1, &G2Affine::generator());
    assert_eq!(invalid(&parts.file(), 1), Invalid::Inconsistent);
}

#[test]
fn secrets_that_can_be_guessed_are_refused() {
    // A control: the forger's files are files.
    read(&Parts::forged(Fr::from(123_456_789), 3).file(), 3).unwrap();
    for small in [1, 2, 3, 1024] {
        for secret in [Fr::from(small), -Fr::from(small)] {
            let file = Parts::forged(secret, 2).file();
            assert_eq!(invalid(&file, 2), Invalid::TrivialSecret, "{small}");
        }
    }
    // Roots of unity, of the domain and of smaller ones.
    let mut root = Fr::ROOT_OF_UNITY;
    for _ in 3..Fr::S {
        root = root.square();
    }
    for secret in [root, root.square(), root.invert().unwrap()] {
        let file = Parts::forged(secret, 3).file();
        assert_eq!(invalid(&file, 3), Invalid::TrivialSecret);
    }
    // Zero: its powers are identities.
    let file = Parts::forged(Fr::ZERO, 2).file();
    assert_eq!(invalid(&file, 2), Invalid::Identity(Element::G1(1)));
}

#[test]
fn a_lagrange_basis_belongs_to_its_powers() {
    let file = bare(&read(POT5, 3).unwrap());
    let lagrange = 4 + 8 * 64;
    let mut swapped = file.clone();
    swapped.copy_within(lagrange..lagrange + 64, lagrange + 64);
    assert_eq!(invalid(&swapped, 3), Invalid::Lagrange);
    let mut identity = file.clone();
    identity[lagrange..lagrange + 64].fill(0);
    assert_eq!(invalid(&identity, 3), Invalid::Identity(Element::Lagrange(0)));
    // In a prepared file: two elements exchanged; a whole basis of another size.
    let mut parts = Parts::of(POT5_FINAL);
    let (one, other) = parts.section(12)[7 * 64..][..128].split_at_mut(64);
    one.swap_with_slice(other);
    assert_eq!(invalid(&parts.file(), 3), Invalid::Lagrange);
    assert!(read(&parts.file(), 4).is_ok());
    parts.section(12).drain(..64);
    assert_eq!(invalid(&parts.file(), 4), Invalid::Lagrange);
    // One that is cut short is not used.
    parts.section(12).truncate(100);
    assert_eq!(bare(&read(&parts.file(), 3).unwrap()), bare(&read(POT5, 3).unwrap()));
    // Of a larger file it is not used.
    assert_eq!(bare(&read(&swapped, 2).unwrap()), bare(&read(POT5, 2).unwrap()));
}
