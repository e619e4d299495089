//! What the engine is told about an account: verified public inputs.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, ModelDigest};
use zkmargin_margin::instance::{MarginInstance, Shortfall};

use crate::encoding::{parse_hex, shortfall, text};

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

/// The public inputs of a margin proof as plain data: what a history or a
/// vector stores. It says nothing about validity; see [`VerifiedClaim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimData {
    /// The deployment the proof is for.
    pub context: ContextId,
    /// The epoch of both roots.
    pub epoch: Epoch,
    /// The account.
    pub account: AccountId,
    /// Root of the account tree.
    pub state_root: Root,
    /// Root of the market.
    pub market_root: Root,
    /// The margin model.
    pub model: ModelDigest,
    /// What is claimed.
    #[serde(with = "text")]
    pub claim: Claim,
    /// The shortfall, or zero.
    #[serde(with = "shortfall")]
    pub disclosed: Shortfall,
}

impl<F: MarginField> From<&MarginInstance<F>> for ClaimData {
    fn from(instance: &MarginInstance<F>) -> Self {
        Self {
            context: instance.context,
            epoch: instance.epoch,
            account: instance.account,
            state_root: Root::from_field(&instance.state_root),
            market_root: Root::from_field(&instance.market_root),
            model: instance.model,
            claim: instance.claim,
            disclosed: instance.disclosed,
        }
    }
}

/// Public inputs whose proof has been verified. The engine takes no others.
///
/// Only this crate's verifiers make one, so it cannot be deserialized; the
/// exception says so in its name.
///
/// ```compile_fail
/// let forged: zkmargin_verifier::VerifiedClaim = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct VerifiedClaim(ClaimData);

impl VerifiedClaim {
    /// Takes public inputs for verified without a proof.
    ///
    /// # Soundness
    /// The engine believes every [`VerifiedClaim`]. The caller must have
    /// verified a proof of exactly these public inputs by other means (another
    /// verifier, an earlier run whose history this is), or be a test.
    pub const fn assume_verified_unchecked(data: ClaimData) -> Self {
        Self(data)
    }

    /// The public inputs.
    pub const fn data(&self) -> &ClaimData {
        &self.0
    }
}

impl From<VerifiedClaim> for ClaimData {
    fn from(claim: VerifiedClaim) -> Self {
        claim.0
    }
}
