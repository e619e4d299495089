//! Who signed a digest.

use std::fmt;
use std::str::FromStr;

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha3::{Digest as _, Keccak256};

/// A signer: the address of a secp256k1 key, or an ed25519 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signer {
    /// Last 20 bytes of the Keccak-256 of a secp256k1 key.
    Address([u8; 20]),
    /// An ed25519 key.
    Ed25519([u8; 32]),
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: &[u8] = match self {
            Self::Address(bytes) => bytes,
            Self::Ed25519(bytes) => bytes,
        };
        write!(f, "0x{}", hex::encode(bytes))
    }
}

/// Not 20 or 32 bytes in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signer is an address (20 bytes) or an ed25519 key (32 bytes), in hexadecimal")]
pub struct NotASigner;

impl FromStr for Signer {
    type Err = NotASigner;

    fn from_str(text: &str) -> Result<Self, NotASigner> {
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).map_err(|_| NotASigner)?;
        match bytes.len() {
            20 => bytes.try_into().map(Self::Address).map_err(|_| NotASigner),
            32 => bytes.try_into().map(Self::Ed25519).map_err(|_| NotASigner),
            _ => Err(NotASigner),
        }
    }
}

impl Serialize for Signer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Keccak-256.
pub(crate) fn keccak(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The address whose key made a signature, as `ecrecover` finds it: of the two
/// forms of a signature both count, for a report is not stored by its bytes.
pub(crate) fn recover(digest: &[u8; 32], r: &[u8], s: &[u8], y_odd: u8) -> Option<Signer> {
    let (r, s): ([u8; 32], [u8; 32]) = (r.try_into().ok()?, s.try_into().ok()?);
    let signature = Signature::from_scalars(r, s).ok()?;
    let id = RecoveryId::from_byte(y_odd).filter(|id| !id.is_x_reduced())?;
    let (signature, id) = match signature.normalize_s() {
        Some(low) => (low, RecoveryId::new(!id.is_y_odd(), false)),
        None => (signature, id),
    };
    let key = VerifyingKey::recover_from_prehash(digest, &signature, id).ok()?;
    Some(address(&key))
}

/// The address of a key.
pub(crate) fn address(key: &VerifyingKey) -> Signer {
    let point = key.to_encoded_point(false);
    let hash = keccak(&[&point.as_bytes()[1..]]);
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    Signer::Address(address)
}
