//! Stork: aggregated prices in the JSON of its websocket.
//!
//! The aggregator signs, as an EIP-191 message, the Keccak-256 of its address,
//! the Keccak-256 of the asset's name, time in nanoseconds, price of 18
//! decimals (both as words of 32 bytes), root over the publishers' prices and
//! digest of the algorithm.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{FormatError, Observation, price};
use crate::recover::{Signer, keccak, recover};
use crate::sources::Oracle;

/// Decimals of a price.
const DECIMALS: u32 = 18;
/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

#[derive(Deserialize)]
#[serde(untagged)]
enum Messages {
    Many(Vec<Message>),
    One(Message),
}

#[derive(Deserialize)]
struct Message {
    data: BTreeMap<String, Asset>,
}

#[derive(Deserialize)]
struct Asset {
    stork_signed_price: Signed,
}

#[derive(Deserialize)]
struct Signed {
    public_key: String,
    encoded_asset_id: String,
    price: String,
    timestamped_signature: Timestamped,
    publisher_merkle_root: String,
    calculation_alg: Algorithm,
}

#[derive(Deserialize)]
struct Timestamped {
    signature: Parts,
    timestamp: u64,
}

#[derive(Deserialize)]
struct Parts {
    r: String,
    s: String,
    v: String,
}

#[derive(Deserialize)]
struct Algorithm {
    checksum: String,
}

/// Reads one message or a list: one observation an asset. The asset is the key
/// it stands under, which must hash to what was signed.
///
/// # Errors
/// [`FormatError`]: a field is missing or not as signed.
pub fn read(json: &str) -> Result<Vec<Observation>, FormatError> {
    let messages = serde_json::from_str(json).map_err(|_| malformed("the JSON"))?;
    let messages = match messages {
        Messages::Many(messages) => messages,
        Messages::One(message) => vec![message],
    };
    let assets = messages.into_iter().flat_map(|message| message.data);
    assets.map(|(name, asset)| observation(name, &asset.stork_signed_price)).collect()
}

fn observation(feed: String, signed: &Signed) -> Result<Observation, FormatError> {
    let identifier = bytes::<32>(&signed.encoded_asset_id, "encoded_asset_id")?;
    if keccak(&[feed.as_bytes()]) != identifier {
        return Err(malformed("encoded_asset_id"));
    }
    let key = bytes::<20>(&signed.public_key, "public_key")?;
    let value: i128 = signed.price.parse().map_err(|_| malformed("price"))?;
    let nanoseconds = signed.timestamped_signature.timestamp;
    let mut time = [0; 32];
    time[24..].copy_from_slice(&nanoseconds.to_be_bytes());
    let mut word = if value < 0 { [0xff; 32] } else { [0; 32] };
    word[16..].copy_from_slice(&value.to_be_bytes());
    let root = bytes::<32>(&signed.publisher_merkle_root, "publisher_merkle_root")?;
    let algorithm = bytes::<32>(&signed.calculation_alg.checksum, "calculation_alg.checksum")?;
    let message = keccak(&[&key, &identifier, &time, &word, &root, &algorithm]);
    let digest = keccak(&[b"\x19Ethereum Signed Message:\n32", &message]);

    let Parts { r, s, v } = &signed.timestamped_signature.signature;
    let (r, s) = (bytes::<32>(r, "signature.r")?, bytes::<32>(s, "signature.s")?);
    let odd = bytes::<1>(v, "signature.v")?[0].checked_sub(27).ok_or(FormatError::Signature)?;
    let signer = recover(&digest, &r, &s, odd).ok_or(FormatError::Signature)?;
    if signer != Signer::Address(key) {
        return Err(FormatError::Signature);
    }
    let price = price(&feed, value, DECIMALS)?;
    let signers = BTreeSet::from([signer]);
    Ok(Observation { feed, price, time: nanoseconds / MILLISECOND, signers })
}

fn bytes<const N: usize>(text: &str, part: &'static str) -> Result<[u8; N], FormatError> {
    let bytes =
        hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| malformed(part))?;
    bytes.try_into().map_err(|_| malformed(part))
}

fn malformed(part: &'static str) -> FormatError {
    FormatError::Malformed { part, oracle: Oracle::Stork }
}
