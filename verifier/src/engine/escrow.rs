//! Escrows that a policy demands.
//!
//! A market may demand that a committee can open what is proved: then an *at-least*
//! proof counts only with an escrow to that committee, which is a proof of another
//! circuit (`zkmargin prove --escrow`) and one more public input. `ESCROW` is a digest
//! of key, nonce point and ciphertext, so by itself it does not say whose key it is:
//! whoever submits such a proof gives all of these, the digest is computed again, and
//! what the engine is told is the committee. The ciphertext stays on record with it, as
//! a committee could open nothing otherwise.
//!
//! The rules:
//! - *At-least proofs alone.* A breach takes no escrow: who proves it knows the portfolio,
//!   and need not be the account.
//! - *Of the epoch.* An escrow is a part of the proof: it is of the very portfolio, in the
//!   very epoch, that keeps the account current or cures it.
//! - *Changes.* Showing a change (`next.rs`) ends it and proves nothing under such a
//!   policy: an escrowed proof of the same epoch, or of a later one, must follow.
//! - *Last of all checks*, as that of the proof is: what is on record already can be sent
//!   again without one.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Keccak256};
use zkmargin_margin::escrow::{Ciphertext, Point};
use zkmargin_margin::field::MarginField;

use super::account::AccountStatus;
use super::claim::{ClaimData, VerifiedClaim};
use super::event::Event;
use super::refusal::Refusal;
use super::transition::{Decision, Step};
use super::view::StateView;
use crate::encoding::{parse_hex, text};
use crate::proof::VerifiedEscrow;
use crate::root::Root;

/// Whose key an escrow is to: Keccak-256 of both coordinates of the committee's key,
/// big-endian, so that the same 32 bytes name it in every implementation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitteeId([u8; 32]);

/// A text that names no committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a committee is 0x and 64 lowercase hexadecimal digits")]
pub struct InvalidCommittee;

impl CommitteeId {
    /// A committee by its bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The committee of a key.
    pub fn of<F: MarginField>(key: &Point<F>) -> Self {
        Self(Keccak256::digest(key.to_bytes()).into())
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CommitteeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for CommitteeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommitteeId({self})")
    }
}

impl FromStr for CommitteeId {
    type Err = InvalidCommittee;

    fn from_str(text: &str) -> Result<Self, InvalidCommittee> {
        parse_hex(text).map(Self).ok_or(InvalidCommittee)
    }
}

impl Serialize for CommitteeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for CommitteeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer)
    }
}

/// An *at-least* claim with its escrow.
///
/// As an action of the engine's its proof is verified and its ciphertext opened to the
/// committee: only [`EscrowedClaim::open`] makes one, or what says so in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscrowedClaim<C = VerifiedClaim> {
    pub(super) claim: C,
    escrow: Root,
    committee: CommitteeId,
}

/// The same as plain data: nothing of it is known to be verified.
pub type EscrowedData = EscrowedClaim<ClaimData>;

/// A ciphertext that a proof is not about, or another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof's escrow is not of this ciphertext under this key")]
pub struct OtherCiphertext;

impl EscrowedData {
    /// What is claimed, the digest of key and ciphertext, and the committee of the key.
    pub const fn new(claim: ClaimData, escrow: Root, committee: CommitteeId) -> Self {
        Self { claim, escrow, committee }
    }

    /// What is claimed.
    pub const fn claim(&self) -> &ClaimData {
        &self.claim
    }
}

impl<C> EscrowedClaim<C> {
    /// Digest of key and ciphertext.
    pub const fn escrow(&self) -> Root {
        self.escrow
    }

    /// Who can open it.
    pub const fn committee(&self) -> CommitteeId {
        self.committee
    }

    pub(super) fn map<D>(self, map: impl FnOnce(C) -> D) -> EscrowedClaim<D> {
        let Self { claim, escrow, committee } = self;
        EscrowedClaim { claim: map(claim), escrow, committee }
    }
}

impl EscrowedClaim {
    /// The public inputs, and the committee.
    pub fn data(&self) -> EscrowedData {
        self.map(ClaimData::from)
    }

    /// A verified proof with the ciphertext that it is about and the key it is to.
    ///
    /// # Errors
    /// When the proof's digest is not theirs.
    pub fn open<F: MarginField>(
        verified: &VerifiedEscrow,
        key: &Point<F>,
        ciphertext: &Ciphertext<F>,
    ) -> Result<Self, OtherCiphertext> {
        let escrow = Root::from_field(&ciphertext.digest(key));
        match escrow == verified.escrow() {
            true => {
                let committee = CommitteeId::of(key);
                Ok(Self { claim: *verified.claim(), escrow, committee })
            }
            false => Err(OtherCiphertext),
        }
    }
}

impl<V: StateView> Step<'_, V> {
    /// An *at-least* claim that its committee can open: it keeps the account current, or
    /// cures it.
    pub(super) fn submit_escrowed(&mut self, escrowed: &EscrowedData) -> Decision<V> {
        let claim = &escrowed.claim;
        let account = self.open_account(claim.account)?;
        if let AccountStatus::Liquidatable { since, .. } = account.status {
            return Err(Refusal::AccountLiquidatable { since }.into());
        }
        self.refuse_when_halted()?;
        self.committee = Some(escrowed.committee);
        match account.status {
            AccountStatus::Called { reason, epoch: call, .. } => self.meet(claim, reason, call),
            _ => self.prove(claim, account),
        }?;
        // Nothing happened when the claim was on record already.
        if !self.events.is_empty() {
            let (account, epoch, escrow) = (claim.account, claim.epoch, escrowed.escrow);
            self.events.push(Event::Escrowed { account, epoch, escrow });
        }
        Ok(())
    }

    /// Whether an *at-least* claim comes with the escrow that the policy demands.
    pub(super) fn refuse_other_escrow(&self) -> Result<(), Refusal> {
        match (self.params().escrow, self.committee) {
            (None, None) => Ok(()),
            (Some(demanded), Some(given)) if demanded == given => Ok(()),
            (Some(committee), None) => Err(Refusal::EscrowDemanded { committee }),
            (Some(committee), Some(_)) => Err(Refusal::WrongCommittee { committee }),
            (None, Some(_)) => Err(Refusal::EscrowNotDemanded),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use pasta_curves::Fp;
    use zkmargin_margin::escrow::Nonce;

    use super::*;

    #[test]
    fn a_committee_is_named_by_both_coordinates() {
        let key = Fp::curve().generator.times(&Nonce::from_random([3; 32]));
        let id = CommitteeId::of(&key);
        assert_ne!(id, CommitteeId::of(&key.negated()));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<CommitteeId>(), Err(InvalidCommittee));
        assert_eq!("0x00".parse::<CommitteeId>(), Err(InvalidCommittee));
    }
}
