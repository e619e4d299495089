//! Everything that is nearly a true proof is refused: every byte of the
//! calldata is flipped.

use crate::common::verifier::{Answer, Verifier, calldata, load};
use crate::kzg_vectors::{Edit, stored};
use revm::primitives::U256;
use zkmargin_verifier::bn254::layout::Layout;

/// Selector, eight inputs, offset and length of the proof.
const HEAD: usize = 4 + 10 * 32;
const INPUTS: usize = 4;

struct Fixture {
    verifier: Verifier,
    /// Calldata that is accepted.
    data: Vec<u8>,
    layout: Layout,
}

impl Fixture {
    fn new() -> Self {
        let (_, vectors) = stored().into_iter().find(|(name, _)| name.contains("breach")).unwrap();
        let given = vectors.given(&Edit::Nothing);
        let verifier = Verifier::new(&given.key);
        let data = calldata(&given.public_inputs, &given.proof);
        let layout = Layout::new(load(&given.key).system());
        let fixture = Self { verifier, data, layout };
        assert!(matches!(fixture.verifier.verify(&fixture.data), Answer::Yes { .. }));
        fixture
    }

    fn refuses(&self, what: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut data = self.data.clone();
        edit(&mut data);
        assert_ne!(data, self.data, "{what}");
        assert_eq!(self.verifier.verify(&data), Answer::No, "{what}");
    }

    fn word(&self, at: usize) -> U256 {
        U256::from_be_slice(&self.data[at..at + 32])
    }

    fn refuses_word(&self, what: &str, at: usize, value: U256) {
        self.refuses(what, |data| {
            data[at..at + 32].copy_from_slice(&value.to_be_bytes::<32>());
        });
    }

    fn points(&self) -> Vec<usize> {
        let before = HEAD..HEAD + 64 * self.layout.quotient.end;
        let end = self.data.len();
        before.chain(end - 128..end).step_by(64).collect()
    }

    fn scalars(&self) -> impl Iterator<Item = usize> {
        let start = HEAD + 64 * self.layout.quotient.end;
        (start..start + 32 * self.layout.scalars).step_by(32)
    }
}

fn modulus(text: &str) -> U256 {
    text.parse().unwrap()
}

fn scalars_modulus() -> U256 {
    modulus("0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001")
}

fn coordinates_modulus() -> U256 {
    modulus("0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47")
}

#[test]
fn flipped_bytes() {
    let fixture = Fixture::new();
    for at in 0..fixture.data.len() {
        for bit in [0x01, 0x80] {
            fixture.refuses(&format!("byte {at}"), |data| data[at] ^= bit);
        }
    }
}

#[test]
fn public_inputs_plus_the_modulus() {
    let fixture = Fixture::new();
    for row in 0..8 {
        let at = INPUTS + 32 * row;
        for times in 1..=4u64 {
            let value = fixture.word(at) + scalars_modulus() * U256::from(times);
            fixture.refuses_word(&format!("input {row}"), at, value);
        }
    }
}

#[test]
fn scalars_plus_the_modulus() {
    let fixture = Fixture::new();
    for at in fixture.scalars() {
        let value = fixture.word(at) + scalars_modulus();
        fixture.refuses_word(&format!("scalar at {at}"), at, value);
    }
}

#[test]
fn points_that_are_none() {
    let fixture = Fixture::new();
    for at in fixture.points() {
        let (x, y) = (fixture.word(at), fixture.word(at + 32));
        let prime = coordinates_modulus();
        fixture.refuses_word(&format!("x of {at} plus p"), at, x + prime);
        fixture.refuses_word(&format!("y of {at} plus p"), at + 32, y + prime);
        fixture.refuses_word(&format!("y of {at} negated"), at + 32, prime - y);
        fixture.refuses(&format!("infinity at {at}"), |data| data[at..at + 64].fill(0));
        // Two times the generator would be on the curve; this is not.
        fixture.refuses(&format!("off the curve at {at}"), |data| {
            data[at..at + 64].fill(0);
            data[at + 31] = 1;
            data[at + 63] = 3;
        });
    }
}

#[test]
fn trailing_and_missing_bytes() {
    let fixture = Fixture::new();
    for count in [1, 31, 32, 64] {
        fixture.refuses(&format!("{count} more"), |data| data.extend(vec![0; count]));
        fixture.refuses(&format!("{count} fewer"), |data| data.truncate(data.len() - count));
    }
    fixture.refuses("no proof", |data| data.truncate(HEAD));
    fixture.refuses("only the selector", |data| data.truncate(4));
    fixture.refuses("nothing", Vec::clear);
    // As the ABI allows: the proof elsewhere, or said to be longer or shorter.
    for (what, at, change) in [("offset", 4 + 8 * 32, 32u64), ("length", 4 + 9 * 32, 32)] {
        let value = fixture.word(at);
        let change = U256::from(change);
        fixture.refuses_word(&format!("{what} more"), at, value + change);
        fixture.refuses_word(&format!("{what} less"), at, value - change);
        fixture.refuses_word(&format!("{what} wrapped"), at, value + (U256::ONE << 255));
    }
    let moved = fixture.word(4 + 8 * 32) + U256::from(32);
    fixture.refuses("the proof behind a gap", |data| {
        data[4 + 8 * 32..4 + 9 * 32].copy_from_slice(&moved.to_be_bytes::<32>());
        data.splice(4 + 9 * 32..4 + 9 * 32, [0; 32]);
    });
}

#[test]
fn too_little_gas_is_no_acceptance() {
    let fixture = Fixture::new();
    let Answer::Yes { gas } = fixture.verifier.verify(&fixture.data) else { panic!() };
    // Below what EIP-7623 asks for calldata there is no transaction at all.
    let floor = 21_000 + 40 * fixture.data.len() as u64;
    for percent in [0, 20, 50, 80, 95, 99] {
        let limit = floor.max(gas * percent / 100);
        let result =
            fixture.verifier.chain.try_raw(fixture.verifier.address, fixture.data.clone(), limit);
        let accepted = result.is_ok_and(|receipt| receipt.output.ends_with(&[1]));
        assert!(!accepted, "{percent} %");
    }
}
