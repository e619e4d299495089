//! Pyth core: an answer of Hermes, an accumulator update in base64.
//!
//! ```text
//! "PNAU" version(2) trailing(1+n) kind(1) length(2) VAA  count(1)
//! count * ( length(2) message  depth(1) node(20)* )
//! VAA  = 1 guardian set(4) count(1) count * (index(1) r(32) s(32) v(1)) body
//! body = 51 bytes of a header, "AUWV" 0 slot(8) ring size(4) root(20)
//! message = 0 feed(32) price(8) confidence(8) exponent(4) publish time(8) ...
//! ```
//!
//! Numbers are big-endian. Guardians sign `keccak(keccak(body))`; the root is
//! over messages by Keccak-256 cut to 20 bytes, leaves under 0, nodes under 1
//! with the smaller child first.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::reader::Reader;
use super::{FormatError, Observation, price};
use crate::recover::{Signer, keccak, recover};
use crate::sources::Oracle;

/// Where accumulator updates come from: Wormhole's identifier of Pythnet and
/// the emitter's address there.
const PYTHNET: (u16, [u8; 32]) = (26, *b"\xe1\x01\xfa\xed\xac\x58\x51\xe3\x2b\x9b\x23\xb5\xf9\x41\x1a\x8c\x2b\xac\x4a\xae\x3e\xd4\xdd\x7b\x81\x1d\xd1\xa7\x2e\xa4\xaa\x71");

#[derive(Deserialize)]
struct Answer {
    binary: Binary,
}

#[derive(Deserialize)]
struct Binary {
    encoding: String,
    data: Vec<String>,
}

/// Reads an answer: one observation a price message.
///
/// # Errors
/// [`FormatError`]: not the format, another chain's, a price that is not under
/// the signed root.
pub fn read(json: &str) -> Result<Vec<Observation>, FormatError> {
    let answer: Answer = serde_json::from_str(json).map_err(|_| FormatError::Unknown)?;
    let mut observations = Vec::new();
    for data in &answer.binary.data {
        let bytes = match answer.binary.encoding.as_str() {
            "base64" => STANDARD.decode(data).ok(),
            "hex" => hex::decode(data).ok(),
            _ => None,
        };
        let bytes = bytes.ok_or_else(|| malformed("binary.data"))?;
        read_update(&bytes, &mut observations)?;
    }
    Ok(observations)
}

fn read_update(bytes: &[u8], into: &mut Vec<Observation>) -> Result<(), FormatError> {
    let mut rest = Reader(bytes);
    if rest.take(4, "the magic")? != b"PNAU" || rest.byte("the version")? != 1 {
        return Err(malformed("the head of an update"));
    }
    rest.byte("the minor version")?;
    let trailing = rest.byte("the trailing header")?;
    rest.take(trailing.into(), "the trailing header")?;
    if rest.byte("the kind")? != 0 {
        return Err(malformed("the kind of proof"));
    }
    let length = u16::from_be_bytes(rest.array("the VAA's length")?);
    let (signers, root) = read_vaa(rest.take(length.into(), "the VAA")?)?;
    for _ in 0..rest.byte("the number of messages")? {
        let length = u16::from_be_bytes(rest.array("a message's length")?);
        let message = rest.take(length.into(), "a message")?;
        let depth = rest.byte("a path's depth")?;
        let mut node = cut(keccak(&[&[0], message]));
        for _ in 0..depth {
            let sibling = rest.array::<20>("a path")?;
            node = cut(keccak(&[&[1], &node.min(sibling), &node.max(sibling)]));
        }
        if node != root {
            return Err(FormatError::Root);
        }
        into.extend(read_message(message, &signers)?);
    }
    rest.end()
}

/// Who signed, and the root.
fn read_vaa(vaa: &[u8]) -> Result<(BTreeSet<Signer>, [u8; 20]), FormatError> {
    let mut rest = Reader(vaa);
    if rest.byte("the VAA's version")? != 1 {
        return Err(malformed("the VAA's version"));
    }
    rest.take(4, "the guardian set")?;
    let count = rest.byte("the number of signatures")?;
    let signatures = rest.take(usize::from(count) * 66, "the signatures")?;
    let body = rest.0;
    let digest = keccak(&[&keccak(&[body])]);
    let signers: Option<BTreeSet<_>> = signatures
        .chunks(66)
        .map(|signature| recover(&digest, &signature[1..33], &signature[33..65], signature[65]))
        .collect();
    let signers = signers.ok_or(FormatError::Signature)?;

    let mut body = Reader(body);
    body.take(8, "time and nonce")?;
    let chain = u16::from_be_bytes(body.array("the chain")?);
    let emitter = body.array::<32>("the emitter")?;
    if (chain, emitter) != PYTHNET {
        return Err(malformed("the chain or the emitter"));
    }
    body.take(9, "sequence and consistency")?;
    if body.take(5, "the payload")? != b"AUWV\0" {
        return Err(malformed("the payload"));
    }
    body.take(12, "slot and ring size")?;
    let root = body.array("the root")?;
    Ok((signers, root))
}

/// The price of a message; none when it is one of another kind.
fn read_message(
    message: &[u8],
    signers: &BTreeSet<Signer>,
) -> Result<Option<Observation>, FormatError> {
    let mut rest = Reader(message);
    if rest.byte("a message's kind")? != 0 {
        return Ok(None);
    }
    let feed = format!("0x{}", hex::encode(rest.take(32, "a feed")?));
    let mantissa = i64::from_be_bytes(rest.array("a price")?);
    rest.take(8, "a confidence")?;
    let exponent = i32::from_be_bytes(rest.array("an exponent")?);
    let seconds = u64::from_be_bytes(rest.array("a publish time")?);
    let decimals = exponent.checked_neg().and_then(|decimals| u32::try_from(decimals).ok());
    let decimals = decimals.ok_or_else(|| malformed("an exponent"))?;
    let price = price(&feed, mantissa.into(), decimals)?;
    let time = seconds.checked_mul(1000).ok_or_else(|| malformed("a publish time"))?;
    Ok(Some(Observation { feed, price, time, signers: signers.clone() }))
}

fn cut(hash: [u8; 32]) -> [u8; 20] {
    let mut cut = [0; 20];
    cut.copy_from_slice(&hash[..20]);
    cut
}

fn malformed(part: &'static str) -> FormatError {
    FormatError::Malformed { part, oracle: Oracle::Pyth }
}
