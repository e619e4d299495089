//! What the engine is told about an account: verified public inputs.

use serde::{Deserialize, Serialize};
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
use zkmargin_margin::instance::{MarginInstance, Shortfall};

use crate::encoding::{shortfall, text};
use crate::root::Root;

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
    /// What else the submitter says; nothing where it is left out. The engine
    /// does not look at it.
    #[serde(default, skip_serializing_if = "Memo::is_none")]
    pub memo: Memo,
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
            memo: instance.memo,
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
