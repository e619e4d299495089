//! Roots of the account tree and of the market.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use zkmargin_margin::field::MarginField;

use crate::encoding::{parse_hex, text};

/// A state or market root as its 32 canonical big-endian bytes, so that the
/// engine need not know the field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Root([u8; 32]);

/// A text that is no root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a root must be 0x and 64 lowercase hexadecimal digits")]
pub struct InvalidRoot;

impl Root {
    /// A root by its bytes. Whether they are a canonical field element does not
    /// matter here: a root that is not equals no root of a verified proof.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The root that a field element is.
    pub fn from_field<F: MarginField>(root: &F) -> Self {
        Self(root.to_be_bytes())
    }

    /// The bytes, most significant first.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({self})")
    }
}

impl FromStr for Root {
    type Err = InvalidRoot;

    fn from_str(text: &str) -> Result<Self, InvalidRoot> {
        parse_hex(text).map(Self).ok_or(InvalidRoot)
    }
}

impl Serialize for Root {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Root {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}
