//! Signatures of secp256k1, as the EVM recovers them.

use core::fmt;
use core::str::FromStr;

use k256::ecdsa::{RecoveryId, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::digest::{EpochDigest, keccak};
use crate::encoding::{parse_hex, text};

/// Who signs: an address of the EVM, never zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signer([u8; 20]);

/// A signature: `r || s || v`, with `v` 27 or 28 and `s` in the lower half, so
/// that a signer has one per digest and key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 65]);

/// A text that is no signature or signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSignature {
    /// Not an address.
    #[error("a signer must be 0x and 40 hexadecimal digits, not all zero")]
    Signer,
    /// Not 65 bytes.
    #[error("a signature must be 0x and 130 lowercase hexadecimal digits: r, s and v")]
    Signature,
}

/// Why nobody is recovered from a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The recovery byte is another.
    #[error("v is {got}: allowed are 27 and 28")]
    Recovery {
        /// The signature's.
        got: u8,
    },
    /// `r` or `s` is zero or not below the group's order.
    #[error("r or s is out of range")]
    Range,
    /// `s` is in the upper half: the same signature has a second spelling.
    #[error("s is in the upper half of its range: only the lower one is allowed")]
    HighS,
    /// No key signs the digest so.
    #[error("no key makes it")]
    NoKey,
}

impl Signer {
    /// A signer by its address; `None` for zero, which failed recoveries give
    /// elsewhere.
    pub fn new(address: [u8; 20]) -> Option<Self> {
        (address != [0; 20]).then_some(Self(address))
    }

    /// The address of a public key, a point in uncompressed form (`0x04 || x ||
    /// y`): the last 20 bytes of the hash of its coordinates. `None` for other
    /// bytes.
    pub fn of_key(point: &[u8]) -> Option<Self> {
        let coordinates = point.strip_prefix(&[4]).filter(|rest| rest.len() == 64)?;
        let hash = keccak(coordinates);
        Self::new(core::array::from_fn(|i| hash[12 + i]))
    }

    /// The address.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({self})")
    }
}

impl FromStr for Signer {
    type Err = InvalidSignature;

    /// Wallets print addresses in both cases: both are read.
    fn from_str(text: &str) -> Result<Self, InvalidSignature> {
        let bytes = parse_hex(&text.to_ascii_lowercase()).ok_or(InvalidSignature::Signer)?;
        Self::new(bytes).ok_or(InvalidSignature::Signer)
    }
}

impl Serialize for Signer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Signer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

impl Signature {
    /// A signature by its bytes. Whether anybody made it, [`Self::signer`] says.
    pub const fn new(bytes: [u8; 65]) -> Self {
        Self(bytes)
    }

    /// The bytes: `r`, `s`, `v`.
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }

    /// Who made it of a digest. Every signature in range is somebody's: that the
    /// signer is one who counts is for [`super::Signers`] to say.
    ///
    /// # Errors
    /// When it is out of range or has another spelling than the one allowed.
    pub fn signer(&self, digest: &EpochDigest) -> Result<Signer, SignatureError> {
        let (signature, recovery) = self.checked()?;
        let key = VerifyingKey::recover_from_prehash(digest.as_bytes(), &signature, recovery)
            .map_err(|_| SignatureError::NoKey)?;
        let point = key.to_encoded_point(false);
        Signer::of_key(point.as_bytes()).ok_or(SignatureError::NoKey)
    }

    /// What a host's own recovery takes, which may be cheaper than
    /// [`Self::signer`] and less strict: `r || s`, and whether the point's `y` is
    /// odd.
    ///
    /// # Errors
    /// When it is out of range or has another spelling than the one allowed.
    pub fn parts(&self) -> Result<([u8; 64], bool), SignatureError> {
        let (_, recovery) = self.checked()?;
        Ok((core::array::from_fn(|i| self.0[i]), recovery.is_y_odd()))
    }

    /// The signature in its one spelling.
    fn checked(&self) -> Result<(k256::ecdsa::Signature, RecoveryId), SignatureError> {
        let [rs @ .., v] = &self.0;
        let recovery = match v {
            27 => RecoveryId::new(false, false),
            28 => RecoveryId::new(true, false),
            _ => return Err(SignatureError::Recovery { got: *v }),
        };
        let signature =
            k256::ecdsa::Signature::from_slice(rs).map_err(|_| SignatureError::Range)?;
        match signature.normalize_s() {
            Some(_) => Err(SignatureError::HighS),
            None => Ok((signature, recovery)),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = InvalidSignature;

    fn from_str(text: &str) -> Result<Self, InvalidSignature> {
        parse_hex(text).map(Self).ok_or(InvalidSignature::Signature)
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}
