//! A bare SRS as halo2 writes `ParamsKZG` (raw bytes).
//!
//! `k` (4 bytes, little-endian), `2^k` powers in G1, `2^k` Lagrange elements in
//! G1, the generator and `tau` in G2; points as in a `.ptau` file.

use std::io::Read;

use halo2_axiom::halo2curves::bn256::{G1Affine, G2Affine};

use crate::srs::check::G1_BYTES;
use crate::srs::ptau::MAX_POWER;
use crate::srs::source::Source;
use crate::srs::{Element, Malformed, SrsError};

/// What is taken from a file.
pub(crate) struct Bare {
    pub(crate) power: u32,
    pub(crate) g: Vec<G1Affine>,
    /// Only of a file of the same size: a smaller one's is another basis.
    pub(crate) g_lagrange: Option<Vec<G1Affine>>,
    pub(crate) g2: [G2Affine; 2],
}

/// Reads a file of which the first four bytes are read already.
pub(crate) fn read<R: Read>(
    source: &mut Source<R>,
    first: [u8; 4],
    k: u32,
) -> Result<Bare, SrsError> {
    let power = u32::from_le_bytes(first);
    if !(1..=MAX_POWER).contains(&power) {
        return Err(Malformed::Magic.into());
    }
    if k > power {
        return Err(SrsError::TooFewPowers { k, power });
    }
    let count = 1u64 << power;
    let g = source.g1(1 << k, Element::G1)?;
    source.skip((count - (1 << k)) * G1_BYTES as u64)?;
    let g_lagrange = if k == power {
        Some(source.g1(count, Element::Lagrange)?)
    } else {
        source.skip(count * G1_BYTES as u64)?;
        None
    };
    let g2 = source.g2_pair()?;
    source.end()?;
    Ok(Bare { power, g, g_lagrange, g2 })
}
