//! The `.ptau` files of snarkjs and of the public ceremonies.
//!
//! Little-endian throughout: `ptau`, version, count of sections; then sections
//! of type (4 bytes), length (8 bytes), content.
//!
//! | section | content |
//! |---|---|
//! | 1 | bytes of a field element, the prime, power, power of the ceremony |
//! | 2 | `2^(power+1) - 1` powers of tau in G1 |
//! | 3 | `2^power` powers of tau in G2 |
//! | 12 | for each `p` up to `power + 1`: the Lagrange basis of `2^p` powers in G1 |
//! | others | not needed for KZG, skipped |
//!
//! Section 12 is only in files that are prepared for phase 2.
//! Points are affine, coordinates in Montgomery form. The header has to come
//! first; the others may stand in any order.

use std::io::Read;

use halo2_axiom::halo2curves::bn256::{G1Affine, G2Affine};

use crate::srs::check::{G1_BYTES, G2_BYTES};
use crate::srs::source::Source;
use crate::srs::{Element, Invalid, Malformed, Section, SrsError, lagrange};

/// How a file begins.
pub(crate) const MAGIC: [u8; 4] = *b"ptau";
const VERSION: u32 = 1;
/// Sections are numbered to 15: more are absurd.
const MAX_SECTIONS: u32 = 64;
const FIELD_BYTES: u32 = 32;
const HEADER_BYTES: u64 = 4 + FIELD_BYTES as u64 + 4 + 4;
/// Largest power: the scalar field has no larger domain.
pub(crate) const MAX_POWER: u32 = 28;
/// BN254's prime, little-endian.
const PRIME: [u8; 32] = [
    0x47, 0xfd, 0x7c, 0xd8, 0x16, 0x8c, 0x20, 0x3c, 0x8d, 0xca, 0x71, 0x68, 0x91, 0x6a, 0x81, 0x97,
    0x5d, 0x58, 0x81, 0x81, 0xb6, 0x45, 0x50, 0xb8, 0x29, 0xa0, 0x31, 0xe1, 0x72, 0x4e, 0x64, 0x30,
];

/// What is taken from a file.
pub(crate) struct Ptau {
    pub(crate) power: u32,
    pub(crate) g: Vec<G1Affine>,
    /// Of a file that is prepared for phase 2.
    pub(crate) g_lagrange: Option<Vec<G1Affine>>,
    pub(crate) g2: [G2Affine; 2],
}

/// Reads a file of which the magic is read already.
pub(crate) fn read<R: Read>(source: &mut Source<R>, k: u32) -> Result<Ptau, SrsError> {
    let version = source.u32()?;
    if version != VERSION {
        return Err(Malformed::Version(version).into());
    }
    let sections = source.u32()?;
    if sections > MAX_SECTIONS {
        return Err(Malformed::SectionCount(sections).into());
    }
    // The bases of smaller sizes come before.
    let lagrange_bytes = (1 << k) * G1_BYTES as u64;
    let lagrange_end = 2 * lagrange_bytes - G1_BYTES as u64;
    let mut power = None;
    let mut g = None;
    let mut g_lagrange = None;
    let mut g2 = None;
    for _ in 0..sections {
        let section = source.u32()?;
        let length = source.u64()?;
        match (section, power) {
            (1, None) => power = Some(header(source, length, k)?),
            (1, Some(_)) => return Err(Malformed::Duplicate(Section::Header).into()),
            (_, None) => return Err(Malformed::HeaderNotFirst(section).into()),
            (2, Some(_)) if g.is_some() => {
                return Err(Malformed::Duplicate(Section::TauG1).into());
            }
            (3, Some(_)) if g2.is_some() => {
                return Err(Malformed::Duplicate(Section::TauG2).into());
            }
            (2, Some(power)) => {
                let count = (1 << (power + 1)) - 1;
                check_length(Section::TauG1, length, count * G1_BYTES as u64)?;
                g = Some(source.g1(1 << k, Element::G1)?);
                source.skip((count - (1 << k)) * G1_BYTES as u64)?;
            }
            (3, Some(power)) => {
                let count = 1u64 << power;
                check_length(Section::TauG2, length, count * G2_BYTES as u64)?;
                g2 = Some(source.g2_pair()?);
                source.skip((count - 2) * G2_BYTES as u64)?;
            }
            (12, Some(_)) if g_lagrange.is_none() && length >= lagrange_end => {
                source.skip(lagrange_end - lagrange_bytes)?;
                let theirs = source.g1(1 << k, Element::Lagrange)?;
                let ours = lagrange::from_snarkjs(&theirs, k).ok_or(Invalid::Lagrange)?;
                g_lagrange = Some(ours);
                source.skip(length - lagrange_end)?;
            }
            (_, Some(_)) => source.skip(length)?,
        }
    }
    source.end()?;
    let power = power.ok_or(Malformed::Missing(Section::Header))?;
    let g = g.ok_or(Malformed::Missing(Section::TauG1))?;
    let g2 = g2.ok_or(Malformed::Missing(Section::TauG2))?;
    Ok(Ptau { power, g, g_lagrange, g2 })
}

/// Reads the header; gives the file's power, which is enough for `2^k`.
fn header<R: Read>(source: &mut Source<R>, length: u64, k: u32) -> Result<u32, SrsError> {
    // Before the length, which depends on it: a file for another curve is
    // told to be one.
    let width = source.u32()?;
    if width != FIELD_BYTES {
        return Err(Malformed::FieldWidth(width).into());
    }
    check_length(Section::Header, length, HEADER_BYTES)?;
    if source.array()? != PRIME {
        return Err(Malformed::Curve.into());
    }
    let power = source.u32()?;
    let ceremony = source.u32()?;
    if !(1..=MAX_POWER).contains(&power) || !(power..=MAX_POWER).contains(&ceremony) {
        return Err(Malformed::Power { power, ceremony }.into());
    }
    match k <= power {
        true => Ok(power),
        false => Err(SrsError::TooFewPowers { k, power }),
    }
}

fn check_length(section: Section, found: u64, expected: u64) -> Result<(), Malformed> {
    match found == expected {
        true => Ok(()),
        false => Err(Malformed::SectionLength { section, expected, found }),
    }
}
