//! The EIP-712 digest of an epoch.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha3::{Digest as _, Keccak256};
use zkmargin_margin::ids::ContextId;

use super::post::EpochPost;
use crate::encoding::{parse_hex, text};

const DOMAIN_TYPE: &[u8] = b"EIP712Domain(string name,string version)";
const DOMAIN_NAME: &[u8] = b"zk-margin";
const DOMAIN_VERSION: &[u8] = b"1";
const EPOCH_TYPE: &[u8] = b"Epoch(bytes31 context,uint64 epoch,bytes32 stateRoot,\
bytes32 marketRoot,bytes31 model,uint64 marketTimestamp,uint32 priceMoveBps,\
uint64 reference,bytes32 previous)";

/// What publishers sign of an epoch: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochDigest([u8; 32]);

/// A text that is no digest of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an epoch's digest must be 0x and 64 lowercase hexadecimal digits")]
pub struct InvalidDigest;

impl EpochDigest {
    /// What the first epoch has for the digest of the one before.
    pub const NONE: Self = Self([0; 32]);

    /// A digest by its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for EpochDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for EpochDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochDigest({self})")
    }
}

impl FromStr for EpochDigest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        parse_hex(text).map(Self).ok_or(InvalidDigest)
    }
}

impl Serialize for EpochDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for EpochDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

pub(super) fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// Words of 32 bytes, hashed as they come.
struct Words(Keccak256);

impl Words {
    fn new() -> Self {
        Self(Keccak256::new())
    }

    fn word(mut self, word: &[u8; 32]) -> Self {
        self.0.update(word);
        self
    }

    /// An integer is right in its word.
    fn integer(self, value: u64) -> Self {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&value.to_be_bytes());
        self.word(&word)
    }

    /// Bytes of a fixed number are left in their word.
    fn bytes31(self, bytes: &[u8; 31]) -> Self {
        let mut word = [0; 32];
        word[..31].copy_from_slice(bytes);
        self.word(&word)
    }

    fn hash(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

fn domain_separator() -> [u8; 32] {
    Words::new()
        .word(&keccak(DOMAIN_TYPE))
        .word(&keccak(DOMAIN_NAME))
        .word(&keccak(DOMAIN_VERSION))
        .hash()
}

fn struct_hash(context: ContextId, post: &EpochPost) -> [u8; 32] {
    Words::new()
        .word(&keccak(EPOCH_TYPE))
        .bytes31(context.as_bytes())
        .integer(post.epoch.get())
        .word(post.state_root.as_bytes())
        .word(post.market_root.as_bytes())
        .bytes31(post.model.as_bytes())
        .integer(post.market_timestamp.get())
        .integer(post.price_move_bps.into())
        .integer(post.reference.get())
        .word(post.previous.as_bytes())
        .hash()
}

pub(super) fn digest(context: ContextId, post: &EpochPost) -> EpochDigest {
    let mut hasher = Keccak256::new();
    hasher.update([0x19, 0x01]);
    hasher.update(domain_separator());
    hasher.update(struct_hash(context, post));
    EpochDigest(hasher.finalize().into())
}
