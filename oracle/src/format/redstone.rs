//! RedStone: a payload that is read from its end.
//!
//! ```text
//! payload  = package* count(2) metadata length(3) marker(9)
//! package  = point* time(6) size(4) points(3) signature(65)
//! point    = feed(32, padded with zeros) value(size)
//! ```
//!
//! All numbers are big-endian; a package is signed over its own bytes, hashed
//! by Keccak-256. Values have 8 decimals.

use std::collections::BTreeSet;

use super::reader::Reader;
use super::{FormatError, Observation, price};
use crate::recover::{keccak, recover};
use crate::sources::Oracle;

/// The last bytes of a payload.
pub const MARKER: [u8; 9] = [0, 0, 0x02, 0xed, 0x57, 0x01, 0x1e, 0, 0];
/// Decimals of a value.
const DECIMALS: u32 = 8;
/// Bytes of a feed's name.
const FEED: usize = 32;

/// Reads a payload: one observation a package and feed.
///
/// # Errors
/// [`FormatError`]: bytes are missing or left over, a signature is none.
pub fn read(payload: &[u8]) -> Result<Vec<Observation>, FormatError> {
    let mut rest = Reader(payload);
    if rest.take_back(MARKER.len(), "the marker")? != MARKER {
        return Err(malformed("the marker"));
    }
    let length = rest.number_back(3, "the metadata's length")?;
    rest.take_back(length_of(length)?, "the metadata")?;
    let packages = rest.number_back(2, "the number of packages")?;
    let mut observations = Vec::new();
    for _ in 0..packages {
        read_package(&mut rest, &mut observations)?;
    }
    rest.end()?;
    Ok(observations)
}

fn read_package(rest: &mut Reader<'_>, into: &mut Vec<Observation>) -> Result<(), FormatError> {
    let signature = rest.take_back(65, "a signature")?;
    let mut header = Reader(rest.0);
    let points = length_of(header.number_back(3, "the number of points")?)?;
    let size = length_of(header.number_back(4, "a value's size")?)?;
    let time = header.number_back(6, "a time")?;
    if points == 0 || !(1..=32).contains(&size) {
        return Err(malformed("a package's header"));
    }
    let length = points.checked_mul(FEED + size).and_then(|length| length.checked_add(13));
    let package = rest.take_back(length.ok_or(FormatError::Short("a package"))?, "a package")?;

    let odd = signature[64].checked_sub(27).ok_or(FormatError::Signature)?;
    let signer = recover(&keccak(&[package]), &signature[..32], &signature[32..64], odd);
    let signers = BTreeSet::from([signer.ok_or(FormatError::Signature)?]);
    let mut package = Reader(package);
    for _ in 0..points {
        let feed = package.take(FEED, "a feed")?;
        let feed = std::str::from_utf8(feed).map_err(|_| malformed("a feed's name"))?;
        let feed = feed.trim_end_matches('\0').to_owned();
        let value = package.take(size, "a value")?;
        let wide = |value: i128, byte: &u8| value.checked_mul(256)?.checked_add(i128::from(*byte));
        let value = value.iter().try_fold(0, wide);
        let value = value.ok_or_else(|| FormatError::Price { feed: feed.clone() })?;
        let price = price(&feed, value, DECIMALS)?;
        into.push(Observation { feed, price, time, signers: signers.clone() });
    }
    Ok(())
}

fn length_of(number: u64) -> Result<usize, FormatError> {
    usize::try_from(number).map_err(|_| FormatError::Short("a length"))
}

fn malformed(part: &'static str) -> FormatError {
    FormatError::Malformed { part, oracle: Oracle::Redstone }
}
