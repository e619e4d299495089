//! RedStone payloads of nodes that the tests are.
#![allow(unreachable_pub)]

use k256::ecdsa::SigningKey;
use sha3::{Digest as _, Keccak256};
use zkmargin_oracle::Signer;

/// What one node says.
#[derive(Clone, Copy)]
pub struct Package {
    pub node: u8,
    pub feed: &'static str,
    /// With 8 decimals.
    pub value: u64,
    pub time: u64,
}

pub fn node(number: u8) -> (SigningKey, Signer) {
    let key = SigningKey::from_slice(&[number; 32]).unwrap();
    let point = key.verifying_key().to_encoded_point(false);
    let hash = Keccak256::digest(&point.as_bytes()[1..]);
    (key, Signer::Address(hash[12..].try_into().unwrap()))
}

pub fn payload(packages: &[Package]) -> String {
    let mut bytes = Vec::new();
    for Package { node: number, feed, value, time } in packages {
        let mut package = feed.as_bytes().to_vec();
        package.resize(32, 0);
        package.extend([0; 24]);
        package.extend(value.to_be_bytes());
        package.extend(&time.to_be_bytes()[2..]);
        package.extend([0, 0, 0, 32, 0, 0, 1]);
        let digest = Keccak256::digest(&package);
        let (signature, id) = node(*number).0.sign_prehash_recoverable(&digest).unwrap();
        bytes.extend(package);
        bytes.extend(signature.to_bytes());
        bytes.push(27 + id.to_byte());
    }
    bytes.extend(u16::try_from(packages.len()).unwrap().to_be_bytes());
    bytes.extend([0, 0, 0]);
    bytes.extend(zkmargin_oracle::format::redstone::MARKER);
    hex::encode(bytes)
}
