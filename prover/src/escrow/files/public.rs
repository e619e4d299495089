//! Files without a secret.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;
use zkmargin_margin::escrow::{Binding, Ciphertext, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};

use super::parts::{File, Head, digits, element, heads, point, scalar, scalar_digits};
use super::{EscrowFileError, to_text};
use crate::escrow::committee::Committee;
use crate::escrow::group::EscrowGroup;
use crate::escrow::share::Part;

/// A committee: its size, and the commitments to its polynomial, the key first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommitteeFile {
    format: String,
    version: u16,
    field: String,
    members: u8,
    commitments: Vec<String>,
}

/// A ciphertext with what its stream is bound to, and the key it is to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CiphertextFile {
    format: String,
    version: u16,
    field: String,
    context: ContextId,
    epoch: u64,
    account: AccountId,
    key: String,
    nonce_point: String,
    elements: Vec<String>,
}

/// A member's part of a decryption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartFile {
    format: String,
    version: u16,
    field: String,
    escrow: String,
    member: u8,
    point: String,
    challenge: String,
    response: String,
}

impl CommitteeFile {
    /// The file of a committee.
    pub fn of<F: EscrowGroup>(committee: &Committee<F>) -> Self {
        let Head { format, version, field } = Head::new::<F>(Self::FORMAT);
        let commitments = committee.commitments();
        let commitments = commitments.iter().map(|point| digits(&point.to_bytes())).collect();
        Self { format, version, field, members: committee.members(), commitments }
    }

    /// Reads a committee of a field.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse<F: EscrowGroup>(bytes: &[u8]) -> Result<Committee<F>, EscrowFileError> {
        let file = Self::read::<F>(bytes)?;
        let commitments = file.commitments.iter().enumerate();
        let commitments = commitments
            .map(|(i, text)| point(&format!("commitments[{i}]"), text))
            .collect::<Result<_, _>>()?;
        Ok(Committee::new(commitments, file.members)?)
    }

    /// The text.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        to_text(self)
    }
}

impl CiphertextFile {
    /// The file of a ciphertext.
    pub fn of<F: MarginField>(
        key: &Point<F>,
        binding: &Binding,
        ciphertext: &Ciphertext<F>,
    ) -> Self {
        let Head { format, version, field } = Head::new::<F>(Self::FORMAT);
        let elements = ciphertext.elements().iter().map(|e| digits(&e.to_be_bytes())).collect();
        Self {
            format,
            version,
            field,
            context: binding.context,
            epoch: binding.epoch.get(),
            account: binding.account,
            key: digits(&key.to_bytes()),
            nonce_point: digits(&ciphertext.nonce_point().to_bytes()),
            elements,
        }
    }

    /// Reads the key, what the stream is bound to, and the ciphertext.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse<F: MarginField>(
        bytes: &[u8],
    ) -> Result<(Point<F>, Binding, Ciphertext<F>), EscrowFileError> {
        let file = Self::read::<F>(bytes)?;
        let elements = file.elements.iter().enumerate();
        let elements = elements
            .map(|(i, text)| element(&format!("elements[{i}]"), text))
            .collect::<Result<Vec<F>, _>>()?;
        let nonce_point = point("nonce_point", &file.nonce_point)?;
        let (context, epoch) = (file.context, Epoch::new(file.epoch));
        let binding = Binding { context, epoch, account: file.account };
        Ok((point("key", &file.key)?, binding, Ciphertext::new(nonce_point, elements)?))
    }

    /// The text.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        to_text(self)
    }
}

impl PartFile {
    /// The file of a part.
    pub fn of<F: EscrowGroup>(part: &Part<F>) -> Self {
        let Head { format, version, field } = Head::new::<F>(Self::FORMAT);
        Self {
            format,
            version,
            field,
            escrow: digits(&part.escrow.to_be_bytes()),
            member: part.member,
            point: digits(&part.point.to_bytes()),
            challenge: scalar_digits(&part.challenge),
            response: scalar_digits(&part.response),
        }
    }

    /// Reads a part, which is not checked yet.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse<F: EscrowGroup>(bytes: &[u8]) -> Result<Part<F>, EscrowFileError> {
        let file = Self::read::<F>(bytes)?;
        Ok(Part {
            member: file.member,
            escrow: element("escrow", &file.escrow)?,
            point: point("point", &file.point)?,
            challenge: *scalar("challenge", &file.challenge)?,
            response: *scalar("response", &file.response)?,
        })
    }

    /// The text.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        to_text(self)
    }
}

heads! {
    CommitteeFile: "zkmargin-committee",
    CiphertextFile: "zkmargin-escrow",
    PartFile: "zkmargin-escrow-part"
}
