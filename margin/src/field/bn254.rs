//! The scalar field of BN254, the field of the on-chain proof system.
//!
//! Its arithmetic is derived by the `ff` crate; it serves commitments, trees
//! and witnesses. Proving converts to the proving library's own type by the
//! canonical bytes.

use ff::FromUniformBytes;
use once_cell::race::OnceBox;
use pasta_curves::arithmetic::VartimeField;

use super::MarginField;
use crate::escrow::Curve;
use crate::poseidon::Constants;

// The derived code is not ours to document.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::cast_possible_truncation)]
mod derived {
    use ff::PrimeField;

    // The derived `Debug` writes `Bn254Fr(0x...)`. Other fields write `0x...`,
    // and the mock prover panics on what does not when it prints a failing gate.
    macro_rules! write {
        ($f:expr, "{}({:?})", $name:expr, $repr:expr) => {
            core::write!($f, "{:?}", $repr)
        };
        ($($other:tt)*) => {
            core::write!($($other)*)
        };
    }

    /// An element of the scalar field of BN254.
    #[derive(PrimeField)]
    #[PrimeFieldModulus = "21888242871839275222246405745257275088548364400416034343698204186575808495617"]
    #[PrimeFieldGenerator = "7"]
    #[PrimeFieldReprEndianness = "little"]
    pub struct Bn254Fr([u64; 4]);
}
pub use derived::Bn254Fr;

impl VartimeField for Bn254Fr {}

/// `y` of Grumpkin's generator, little-endian words.
const GENERATOR_Y: [u64; 4] =
    [0x833f_c48d_823f_272c, 0x2d27_0d45_f118_1294, 0xcf13_5e75_06a4_5d63, 2];

/// An element by its words, the lowest first.
fn of_words(words: [u64; 4]) -> Bn254Fr {
    let two_64 = Bn254Fr::from(u64::MAX) + Bn254Fr::from(1);
    words.into_iter().rev().fold(Bn254Fr::from(0), |sum, word| sum * two_64 + Bn254Fr::from(word))
}

impl FromUniformBytes<64> for Bn254Fr {
    /// Reduces a 512-bit little-endian integer, by Horner's rule over 16-bit
    /// digits. Only the generator of the Poseidon matrix uses it.
    fn from_uniform_bytes(bytes: &[u8; 64]) -> Self {
        bytes.chunks(2).rev().fold(<Self as ff::Field>::ZERO, |sum, digit| {
            let digit = u16::from_le_bytes([digit[0], digit[1]]);
            sum * Self::from(1 << 16) + Self::from(u64::from(digit))
        })
    }
}

impl MarginField for Bn254Fr {
    const NAME: &'static str = "bn254-fr";

    fn poseidon() -> &'static Constants<Self> {
        static CONSTANTS: OnceBox<Constants<Bn254Fr>> = OnceBox::new();
        CONSTANTS.get_or_init(|| alloc::boxed::Box::new(Constants::generate()))
    }

    /// Grumpkin, with the generator that Aztec and halo2 have: `(1, sqrt(-16))`.
    fn curve() -> &'static Curve<Self> {
        static CURVE: OnceBox<Curve<Bn254Fr>> = OnceBox::new();
        let generate =
            || Curve::generate(-Bn254Fr::from(17), Bn254Fr::from(1), of_words(GENERATOR_Y));
        CURVE.get_or_init(|| alloc::boxed::Box::new(generate()))
    }
}

#[cfg(test)]
mod tests {
    use ff::{Field, PrimeField};
    use light_poseidon::{Poseidon, PoseidonHasher};

    use super::*;
    use crate::poseidon::permute;

    fn ark(x: &Bn254Fr) -> ark_bn254::Fr {
        use ark_ff::PrimeField as _;
        ark_bn254::Fr::from_le_bytes_mod_order(&x.to_le_bytes())
    }

    /// Circom's Poseidon of four inputs is this permutation with the capacity
    /// first and zero: constants and matrix agree with an independent,
    /// audited implementation.
    #[test]
    fn permutation_matches_circom() {
        let mut state = [0, 1, 2, 3, 4].map(Bn254Fr::from);
        state[4] = -Bn254Fr::from(5);
        let mut circom = Poseidon::<ark_bn254::Fr>::new_circom(4).unwrap();
        let expected = circom.hash(&state[1..].iter().map(ark).collect::<alloc::vec::Vec<_>>());
        assert_eq!(ark(&permute(state)[0]), expected.unwrap());
    }

    /// As the Pasta fields do, and as the mock prover takes for granted.
    #[test]
    fn debug_is_hexadecimal() {
        let digits = "0".repeat(62);
        assert_eq!(alloc::format!("{:?}", Bn254Fr::from(0xa7)), alloc::format!("0x{digits}a7"));
        let pasta = pasta_curves::Fp::from(0xa7);
        assert_eq!(alloc::format!("{:?}", Bn254Fr::from(0xa7)), alloc::format!("{pasta:?}"));
        assert_eq!(
            alloc::format!("{:?}", -Bn254Fr::ONE),
            "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000000"
        );
    }

    #[test]
    fn encodings_are_canonical() {
        let minus_one = -Bn254Fr::ONE;
        assert_eq!(Bn254Fr::from_le_bytes(&minus_one.to_le_bytes()), Some(minus_one));
        let mut modulus = minus_one.to_le_bytes();
        modulus[0] += 1;
        assert_eq!(Bn254Fr::from_le_bytes(&modulus), None);
        let mut wide = [0; 64];
        wide[..32].copy_from_slice(&modulus);
        wide[0] += 3;
        assert_eq!(Bn254Fr::from_uniform_bytes(&wide), Bn254Fr::from(3));
        let wide = core::array::from_fn(|i| u8::try_from(3 * i).unwrap());
        let horner = wide.iter().rev().fold(Bn254Fr::ZERO, |sum, byte| {
            sum * Bn254Fr::from(256) + Bn254Fr::from(u64::from(*byte))
        });
        assert_eq!(Bn254Fr::from_uniform_bytes(&wide), horner);
        assert_eq!(Bn254Fr::NUM_BITS, 254);
    }
}
