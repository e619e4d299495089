//! Pyth Lazer: an update in the envelope for Solana, which alone is signed by
//! ed25519.
//!
//! ```text
//! envelope = b9011a82 signature(64) key(32) length(2) payload
//! payload  = 75d3c793 time(8, microseconds) channel(1) feeds(1) feed*
//! feed     = identifier(4) properties(1) (property(1) value)*
//! ```
//!
//! Numbers are little-endian.

use std::collections::BTreeSet;

use ed25519_dalek::{Signature, VerifyingKey};

use super::reader::Reader;
use super::{FormatError, Observation, price};
use crate::recover::Signer;
use crate::sources::Oracle;

/// First bytes of the envelope.
pub const ENVELOPE: [u8; 4] = [0xb9, 0x01, 0x1a, 0x82];
/// First bytes of the payload.
const PAYLOAD: [u8; 4] = [0x75, 0xd3, 0xc7, 0x93];

/// What of a feed's properties makes a price.
#[derive(Default)]
struct Properties {
    mantissa: Option<i64>,
    exponent: Option<i16>,
}

/// Reads an update: one observation a feed that has a price and an exponent.
///
/// # Errors
/// [`FormatError`]: not the format, a property that is not known, a signature
/// that is not the key's.
pub fn read(bytes: &[u8]) -> Result<Vec<Observation>, FormatError> {
    let mut rest = Reader(bytes);
    if rest.array("the envelope")? != ENVELOPE {
        return Err(malformed("the envelope"));
    }
    let signature = Signature::from_bytes(&rest.array("the signature")?);
    let key = rest.array("the key")?;
    let length = u16::from_le_bytes(rest.array("the payload's length")?);
    let payload = rest.take(length.into(), "the payload")?;
    rest.end()?;
    VerifyingKey::from_bytes(&key)
        .and_then(|key| key.verify_strict(payload, &signature))
        .map_err(|_| FormatError::Signature)?;
    read_payload(payload, &BTreeSet::from([Signer::Ed25519(key)]))
}

fn read_payload(
    payload: &[u8],
    signers: &BTreeSet<Signer>,
) -> Result<Vec<Observation>, FormatError> {
    let mut rest = Reader(payload);
    if rest.array("the payload's magic")? != PAYLOAD {
        return Err(malformed("the payload"));
    }
    let time = u64::from_le_bytes(rest.array("the time")?) / 1000;
    rest.byte("the channel")?;
    let mut observations = Vec::new();
    for _ in 0..rest.byte("the number of feeds")? {
        let feed = u32::from_le_bytes(rest.array("a feed")?).to_string();
        let mut found = Properties::default();
        for _ in 0..rest.byte("the number of properties")? {
            read_property(&mut rest, &mut found)?;
        }
        if let (Some(mantissa), Some(exponent)) = (found.mantissa, found.exponent) {
            let decimals = exponent.checked_neg().and_then(|decimals| u32::try_from(decimals).ok());
            let decimals = decimals.ok_or_else(|| malformed("an exponent"))?;
            let price = price(&feed, mantissa.into(), decimals)?;
            observations.push(Observation { feed, price, time, signers: signers.clone() });
        }
    }
    rest.end()?;
    Ok(observations)
}

/// Reads a property; a price of zero is none.
fn read_property(rest: &mut Reader<'_>, found: &mut Properties) -> Result<(), FormatError> {
    match rest.byte("a property")? {
        0 => {
            let mantissa = i64::from_le_bytes(rest.array("a price")?);
            found.mantissa = Some(mantissa).filter(|mantissa| *mantissa != 0);
        }
        4 => found.exponent = Some(i16::from_le_bytes(rest.array("an exponent")?)),
        // Bid, ask, confidence, and the averages of price and confidence.
        1 | 2 | 5 | 10 | 11 => drop(rest.take(8, "a property")?),
        // The number of publishers, and the market's session.
        3 | 9 => drop(rest.take(2, "a property")?),
        // Funding rate, its time and interval, and the feed's own time: when there.
        6..=8 | 12 => {
            if rest.byte("a flag")? != 0 {
                rest.take(8, "a property")?;
            }
        }
        other => return Err(FormatError::Property(other)),
    }
    Ok(())
}

fn malformed(part: &'static str) -> FormatError {
    FormatError::Malformed { part, oracle: Oracle::PythLazer }
}
