//! The fields the statement can be stated over.

pub mod bn254;

use ff::{FromUniformBytes, PrimeField};
use once_cell::race::OnceBox;
use pasta_curves::Fp;

use crate::escrow::Curve;
use crate::poseidon::Constants;

/// A prime field that commitments, trees and circuits live in.
///
/// Its elements must hold 250 bits, so that packed rows and 31-byte digests
/// embed without wrapping, and its canonical encoding must be 32 little-endian
/// bytes.
pub trait MarginField: PrimeField + FromUniformBytes<64> + Ord {
    /// Name of the field, for messages and digests.
    const NAME: &'static str;

    /// The Poseidon parameters over this field, generated once per process.
    fn poseidon() -> &'static Constants<Self>;

    /// The curve whose coordinates are in the field, generated once per process.
    fn curve() -> &'static Curve<Self>;

    /// The canonical 32-byte little-endian encoding.
    fn to_le_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.to_repr().as_ref());
        bytes
    }

    /// Decodes 32 canonical little-endian bytes; `None` when the value is not
    /// below the modulus.
    fn from_le_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let mut repr = Self::Repr::default();
        repr.as_mut().copy_from_slice(bytes);
        Self::from_repr(repr).into_option()
    }

    /// The 32-byte big-endian encoding, as the EVM writes a `uint256`.
    fn to_be_bytes(&self) -> [u8; 32] {
        let mut bytes = self.to_le_bytes();
        bytes.reverse();
        bytes
    }

    /// Decodes 32 canonical big-endian bytes.
    fn from_be_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let mut le = *bytes;
        le.reverse();
        Self::from_le_bytes(&le)
    }

    /// Embeds a digest of at most 31 bytes, read as a big-endian integer.
    /// Always canonical: 248 bits fit every supported field.
    fn from_be_digest(bytes: &[u8]) -> Self {
        bytes
            .iter()
            .take(31)
            .fold(Self::ZERO, |acc, byte| acc * Self::from(256) + Self::from(u64::from(*byte)))
    }

    /// Embeds a signed integer: negative numbers become `p - |x|`.
    fn from_i128(x: i128) -> Self {
        let magnitude = Self::from_u128(x.unsigned_abs());
        if x < 0 { -magnitude } else { magnitude }
    }
}

/// The scalar field of Vesta: the field of the transparent proof system.
impl MarginField for Fp {
    const NAME: &'static str = "pasta-fp";

    fn poseidon() -> &'static Constants<Self> {
        static CONSTANTS: OnceBox<Constants<Fp>> = OnceBox::new();
        CONSTANTS.get_or_init(|| alloc::boxed::Box::new(Constants::generate()))
    }

    /// Pallas, with the generator of its library: `(-1, 2)`.
    fn curve() -> &'static Curve<Self> {
        static CURVE: OnceBox<Curve<Fp>> = OnceBox::new();
        let generate = || Curve::generate(Fp::from(5), -Fp::from(1), Fp::from(2));
        CURVE.get_or_init(|| alloc::boxed::Box::new(generate()))
    }
}
