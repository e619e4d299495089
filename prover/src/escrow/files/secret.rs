//! Files that are for one person's eyes.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};
use zkmargin_margin::escrow::{Nonce, Words};
use zkmargin_margin::field::MarginField;

use super::parts::{File, Head, digits, element, heads, point, scalar, scalar_digits, wrong};
use super::{EscrowFileError, to_text};
use crate::escrow::committee::Member;
use crate::escrow::group::EscrowGroup;

/// A member's secret.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct MemberFile {
    format: String,
    version: u16,
    field: String,
    /// The committee's key.
    key: String,
    member: u8,
    secret: String,
}

/// What opens one ciphertext.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
pub struct ViewingKeyFile {
    format: String,
    version: u16,
    field: String,
    /// Digest of the ciphertext under its key.
    escrow: String,
    nonce: String,
}

/// A portfolio that was opened. Lots, cash and what is reserved, in quote units, are
/// whole numbers as texts.
#[derive(Clone, Serialize, Zeroize, ZeroizeOnDrop)]
pub struct OpenedFile {
    format: String,
    version: u16,
    field: String,
    commitment: String,
    reserved: String,
    blinding: String,
    positions: Vec<OpenedPosition>,
}

#[derive(Clone, Serialize, Zeroize, ZeroizeOnDrop)]
struct OpenedPosition {
    bucket: u16,
    instrument: String,
    lots: String,
    cash: String,
}

macro_rules! redacted {
    ($($name:ident),+) => {$(
        /// Secret: shows nothing.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
redacted!(MemberFile, ViewingKeyFile, OpenedFile);

impl MemberFile {
    /// The file of a member.
    pub fn of<F: EscrowGroup>(member: &Member<F>) -> Self {
        let Head { format, version, field } = Head::new::<F>(Self::FORMAT);
        let (key, secret) = (digits(&member.key().to_bytes()), scalar_digits(member.expose()));
        Self { format, version, field, key, member: member.number(), secret }
    }

    /// Reads a member.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse<F: EscrowGroup>(bytes: &[u8]) -> Result<Member<F>, EscrowFileError> {
        let file = Self::read::<F>(bytes)?;
        let (key, secret) = (point("key", &file.key)?, scalar("secret", &file.secret)?);
        Member::new(file.member, key, secret).ok_or_else(|| wrong("secret", 64))
    }

    /// The text.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        to_text(self)
    }
}

impl ViewingKeyFile {
    /// The file of a nonce and the digest of its ciphertext.
    pub fn of<F: MarginField>(escrow: &F, nonce: &Nonce) -> Self {
        let Head { format, version, field } = Head::new::<F>(Self::FORMAT);
        let (escrow, nonce) = (digits(&escrow.to_be_bytes()), scalar_digits(nonce.expose()));
        Self { format, version, field, escrow, nonce }
    }

    /// Reads a digest and the nonce of its ciphertext.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse<F: MarginField>(bytes: &[u8]) -> Result<(F, Nonce), EscrowFileError> {
        let file = Self::read::<F>(bytes)?;
        let nonce = Nonce::new(*scalar("nonce", &file.nonce)?).ok_or_else(|| wrong("nonce", 64))?;
        Ok((element("escrow", &file.escrow)?, nonce))
    }

    /// The text.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        to_text(self)
    }
}

impl OpenedFile {
    /// The portfolio that words are of.
    ///
    /// # Errors
    /// When they are none's: then the proof was not verified, or the key is another.
    pub fn of<F: MarginField>(words: &Words<F>) -> Result<Self, EscrowFileError> {
        let portfolio = words.portfolio()?;
        let Head { format, version, field } = Head::new::<F>("zkmargin-opened");
        let position = |position: &zkmargin_margin::portfolio::Position| OpenedPosition {
            bucket: position.bucket.get(),
            instrument: position.instrument.to_string(),
            lots: position.quantity.get().to_string(),
            cash: position.cash.get().to_string(),
        };
        Ok(Self {
            format,
            version,
            field,
            commitment: digits(&words.commitment().to_be_bytes()),
            reserved: portfolio.reserved.get().to_string(),
            blinding: digits(&words.blinding.to_be_bytes()),
            positions: portfolio.positions.iter().map(position).collect(),
        })
    }

    /// The commitment that it opens.
    pub fn commitment(&self) -> &str {
        &self.commitment
    }

    /// How many positions there are.
    pub fn positions(&self) -> usize {
        self.positions.len()
    }

    /// The text.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        to_text(self)
    }
}

heads! {
    MemberFile: "zkmargin-committee-member",
    ViewingKeyFile: "zkmargin-viewing-key"
}
