//! The public inputs of a transition: those of the margin statement, then the
//! commitment afterwards and the digest of the change.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use super::aim::{AIM_MASK, Aim, InvalidAim};
use crate::claim::Claim;
use crate::field::MarginField;
use crate::instance::{self, InvalidInstance, MarginInstance, PublicInputs, Shortfall};

/// Row of [`TransitionInstance::next`].
pub const NEXT: usize = instance::LEN;
/// Row of [`TransitionInstance::change`].
pub const CHANGE: usize = instance::LEN + 1;
/// Number of public inputs.
pub const LEN: usize = instance::LEN + 2;
/// Length of the byte encoding.
pub const BYTES: usize = 32 * LEN;

/// Names of the rows, in order.
pub const NAMES: [&str; LEN] = {
    let mut names = ["next"; LEN];
    let mut row = 0;
    while row < instance::LEN {
        names[row] = instance::NAMES[row];
        row += 1;
    }
    names[CHANGE] = "change";
    names
};

/// What everyone sees of a transition's proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransitionInstance<F> {
    account: MarginInstance<F>,
    aim: Aim,
    next: F,
    change: F,
}

/// Public inputs that no honest prover writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTransition {
    /// Not [`BYTES`] bytes.
    #[error("public inputs of a transition are {BYTES} bytes, not {0}")]
    Length(usize),
    /// A row of the margin statement is not canonical.
    #[error(transparent)]
    Instance(#[from] InvalidInstance),
    /// One of the two rows behind them is not canonical.
    #[error("public input {name} is not canonical", name = NAMES[*.0])]
    NotCanonical(usize),
    /// `CLAIM` is no transition's.
    #[error(transparent)]
    Aim(#[from] InvalidAim),
    /// A transition discloses no shortfall.
    #[error("a transition discloses no shortfall: public input disclosed must be zero")]
    Disclosed,
}

impl<F: MarginField> TransitionInstance<F> {
    /// The public inputs of a transition of an account; side and level of its claim,
    /// and the disclosure, are those of the aim, whatever they were.
    ///
    /// # Errors
    /// When the aim says nothing, or the claim has dials that it does not take.
    pub fn new(
        account: MarginInstance<F>,
        aim: Aim,
        next: F,
        change: F,
    ) -> Result<Self, InvalidAim> {
        let account = MarginInstance {
            claim: aim.claim_like(account.claim)?,
            disclosed: Shortfall::NONE,
            ..account
        };
        Ok(Self { account, aim, next, change })
    }

    /// The rows that the margin statement has too: account, roots, and the claim
    /// about the account afterwards.
    pub const fn account(&self) -> &MarginInstance<F> {
        &self.account
    }

    /// What is achieved.
    pub const fn aim(&self) -> Aim {
        self.aim
    }

    /// The claim as text: the aim's, and the dials that it takes behind it.
    pub fn claim_text(&self) -> String {
        let claim = self.account.claim.to_string();
        let dials = claim.find(',').map_or("", |at| &claim[at..]);
        alloc::format!("{}{dials}", self.aim)
    }

    /// Reads [`TransitionInstance::claim_text`]: the aim, and the claim of it.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse_claim(text: &str) -> Result<(Aim, Claim), InvalidAim> {
        let (aim, dials) = text.split_at(text.find(',').unwrap_or(text.len()));
        let aim: Aim = aim.parse()?;
        let claim = alloc::format!("{}{dials}", aim.claim()?);
        let claim: Claim = claim.parse().map_err(|_| InvalidAim::Text)?;
        Ok((aim, aim.claim_like(claim)?))
    }

    /// Commitment to the portfolio afterwards.
    pub const fn next(&self) -> F {
        self.next
    }

    /// Digest of the change.
    pub const fn change(&self) -> F {
        self.change
    }

    /// The field elements, by row.
    pub fn to_field_elements(&self) -> [F; LEN] {
        let account = self.account.to_field_elements();
        core::array::from_fn(|row| match row {
            NEXT => self.next,
            CHANGE => self.change,
            instance::CLAIM => account[row] + F::from(u64::from(self.aim.bits())),
            row => account[row],
        })
    }

    /// The rows as 32 big-endian bytes each, as the EVM reads them.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        for (chunk, row) in bytes.chunks_exact_mut(32).zip(self.to_field_elements()) {
            chunk.copy_from_slice(&row.to_be_bytes());
        }
        bytes
    }

    /// Reads the byte encoding.
    ///
    /// # Errors
    /// When the length is wrong or a row is not canonical: every instance has
    /// exactly one encoding.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidTransition> {
        if bytes.len() != BYTES {
            return Err(InvalidTransition::Length(bytes.len()));
        }
        let (account, rest) = bytes.split_at(instance::BYTES);
        let mut account = account.to_vec();
        let code = &mut account[32 * instance::CLAIM + 31];
        let bits = *code & AIM_MASK;
        *code -= bits;
        let account = MarginInstance::from_bytes(&account)?;
        if account.disclosed != Shortfall::NONE {
            return Err(InvalidTransition::Disclosed);
        }
        let aim = Aim::from_bits(bits, account.claim)?;
        let element = |row: usize| {
            let bytes = core::array::from_fn(|i| rest[32 * (row - NEXT) + i]);
            F::from_be_bytes(&bytes).ok_or(InvalidTransition::NotCanonical(row))
        };
        Ok(Self { account, aim, next: element(NEXT)?, change: element(CHANGE)? })
    }
}

impl<F: MarginField> PublicInputs<F> for TransitionInstance<F> {
    fn to_rows(&self) -> Vec<F> {
        self.to_field_elements().to_vec()
    }
}
