//! The gadgets by themselves, against assignments that lie inside of them.
//!
//! `data/gates-*.txt` hold for every polynomial of every gate one row's cells
//! that break this polynomial and no other, and rows that break none. They are
//! made from the mathematical statement of Poseidon, not from the gates' code:
//! `ZKMARGIN_GATES=write` writes them anew.

mod circuit;
mod gates;

use std::collections::BTreeSet;

use circuit::{DOMAINS, Lone, WIDTHS};
use ff::PrimeField as _;
use pasta_curves::Fp;
use zkmargin_circuits::lowering::shape::CellRef;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::poseidon::{Domain, RATE, hash};
use zkmargin_testkit::check::{Changes, Checker, Constraint};
use zkmargin_testkit::record::Recording;
use zkmargin_testkit::{Plan, Subject};

fn lone<F: MarginField>() -> Recording<F> {
    let subject = Subject { k: 13, circuit: Lone, rows: Vec::new() };
    let recording = subject.record(&Plan::default());
    assert_eq!(Checker::new(&recording).check_all(), BTreeSet::new());
    recording
}

#[test]
fn every_polynomial_fails_alone() {
    gates::every_polynomial_fails_alone::<Fp>(&lone());
    gates::every_polynomial_fails_alone::<Bn254Fr>(&lone());
}

/// The running sums of a range check, the value first.
fn sums<F: MarginField>(recording: &Recording<F>, bits: u32) -> Vec<CellRef> {
    let region = format!("lone {bits}: value: range {bits}");
    let sums: Vec<_> = (0..=bits / 8)
        .map(|i| recording.cell(&region, &format!("z {i}")).unwrap_or_else(|| panic!("{i}")).at)
        .collect();
    assert_eq!(sums.len(), bits as usize / 8 + 1);
    sums
}

/// Exactly one constraint breaks: the lookup of this byte.
fn breaks_byte<F: MarginField>(checker: &Checker<'_, F>, changes: &Changes<F>, at: CellRef) {
    let broken: Vec<_> = checker.check(changes).into_iter().collect();
    assert_eq!(broken, [Constraint::Lookup { index: 0, row: at.row }], "{}", F::NAME);
}

/// Decompositions of values that lie about one byte alone: every byte of every
/// width is 256 and the next not carried to, minus one, and half of the field.
fn bytes_that_are_none<F: MarginField>() {
    let recording = lone::<F>();
    let checker = Checker::new(&recording);
    let base = F::from(256);
    for bits in WIDTHS {
        let sums = sums(&recording, bits);
        for byte in 0..sums.len() - 1 {
            // All bytes are 255: one more in one of them is 256.
            let half = F::from(2).invert().unwrap();
            for delta in [F::ONE, -F::from(256), half, base.pow_vartime([29])] {
                let changed = sums[..=byte].iter().rev().enumerate();
                let changes = changed.map(|(i, at)| {
                    (*at, recording.value(*at) + delta * base.pow_vartime([i as u64]))
                });
                breaks_byte(&checker, &changes.collect(), sums[byte]);
            }
        }
    }
}

#[test]
fn no_byte_of_any_width_is_none() {
    bytes_that_are_none::<Fp>();
    bytes_that_are_none::<Bn254Fr>();
}

/// All bytes are bytes and the value is what they sum to, but the last running
/// sum is not zero: values past the width, minus one, any element. Only its
/// copy from the constant zero breaks.
fn overflows<F: MarginField>() {
    let recording = lone::<F>();
    let checker = Checker::new(&recording);
    let base = F::from(256);
    for bits in WIDTHS {
        let sums = sums(&recording, bits);
        for value in
            [F::from(2).pow_vartime([u64::from(bits)]), -F::ONE, F::ONE.double().invert().unwrap()]
        {
            let mut sum = value;
            let mut changes = Changes::from([(sums[0], sum)]);
            for at in &sums[1..] {
                let byte = F::from(u64::from(sum.to_le_bytes()[0]));
                sum = (sum - byte) * base.invert().unwrap();
                changes.insert(*at, sum);
            }
            assert_ne!(sum, F::ZERO);
            let broken = checker.check(&changes);
            assert_eq!(broken.len(), 1, "{bits}: {broken:?}");
            let copy = broken.iter().next().unwrap();
            assert!(matches!(copy, Constraint::Copy(_)));
            assert!(checker.cells_of(copy).contains(sums.last().unwrap()));
        }
    }
}

#[test]
fn no_value_overflows_its_width() {
    overflows::<Fp>();
    overflows::<Bn254Fr>();
}

/// A cell inside a gadget is changed, and everything after it in the gadget
/// computed again from it: an auxiliary cell or a state of any step.
fn steps<F: MarginField>() {
    let recording = lone::<F>();
    let subject = Subject { k: 13, circuit: Lone, rows: Vec::new() };
    let checker = Checker::new(&recording);
    let region = "domain 1: digest: hash";
    let cells: Vec<_> = recording
        .cells
        .iter()
        .filter(|cell| recording.regions[cell.region] == region)
        .filter(|cell| cell.name.starts_with("state ") || cell.name.starts_with("aux "))
        .collect();
    assert!(cells.len() > 27 * 5);
    for cell in cells {
        let change = zkmargin_testkit::lie::add(F::ONE);
        let plan = Plan::default().changing(region, &cell.name, change);
        let Some(broken) = zkmargin_testkit::lie::broken(&subject, &checker, &plan) else {
            panic!("{} is in no trace", cell.name);
        };
        let gate = |c: &Constraint| matches!(c, Constraint::Gate { .. });
        assert!(broken.iter().any(gate), "{}: {broken:?}", cell.name);
    }
}

#[test]
fn no_step_of_the_hash_can_be_another() {
    steps::<Fp>();
    steps::<Bn254Fr>();
}

/// Each domain against each other: natively, and in the circuit, where the
/// digest of another domain is refused.
fn domains<F: MarginField>() {
    let message = [1, 2, 3, 4].map(F::from);
    let recording = lone::<F>();
    let checker = Checker::new(&recording);
    for (i, domain) in DOMAINS.into_iter().enumerate() {
        let cell =
            recording.cell(&format!("domain {}: digest: hash", domain as u8), "digest of block 0");
        let at = cell.unwrap().at;
        assert_eq!(recording.value(at), hash(domain, message), "{domain:?}");
        for (j, other) in DOMAINS.into_iter().enumerate() {
            if i == j {
                continue;
            }
            assert_ne!(domain.capacity::<F>(), other.capacity::<F>(), "{domain:?} {other:?}");
            assert_ne!(hash(domain, message), hash(other, message), "{domain:?} {other:?}");
            let broken = checker.check(&Changes::from([(at, hash(other, message))]));
            let gates: Vec<_> = broken.iter().map(|c| checker.name(c)).collect();
            assert!(gates.iter().any(|n| n.contains("hash: last: digest")), "{gates:?}");
        }
    }
}

#[test]
fn every_domain_is_apart_from_every_other() {
    domains::<Fp>();
    domains::<Bn254Fr>();
    // No number is taken twice, and none is left out of the list above.
    let numbers: BTreeSet<_> = DOMAINS.iter().map(|domain| *domain as u8).collect();
    assert_eq!(numbers, (1..=11).collect());
    let capacity = |domain: Domain| domain.capacity::<Fp>();
    for domain in DOMAINS {
        let expected = Fp::from_u128(((RATE as u128) << 64) + u128::from(domain as u8));
        assert_eq!(capacity(domain), expected);
    }
}
