//! Epoch files: one JSON text per epoch, with its signatures.
//!
//! ```json
//! {
//!   "format": "zkmargin-epoch",
//!   "version": 1,
//!   "context": "0x… (62 digits)",
//!   "epoch": 7,
//!   "state_root": "0x… (64 digits)",
//!   "market_root": "0x… (64 digits)",
//!   "model": "0x… (62 digits)",
//!   "market_timestamp": 1700000000,
//!   "price_move_bps": 120,
//!   "reference": 6,
//!   "previous": "0x… (64 digits)",
//!   "signatures": ["0x… (130 digits)"]
//! }
//! ```
//!
//! Values are spelt as in proof files, in their one way; unknown, missing and
//! repeated fields are refused. Signatures are in ascending order of signers.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::{ContextId, Epoch, Timestamp};

use super::digest::EpochDigest;
use super::post::EpochPost;
use super::signature::{Signature, SignatureError, Signer};
use super::signers::{MAX_SIGNERS, NotSigned, Signers};
use crate::root::Root;

/// The largest epoch file that is read, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;
/// The value of `format`.
pub const FORMAT: &str = "zkmargin-epoch";
/// The version of the file format.
pub const VERSION: u64 = 1;

/// A text that is no epoch file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedEpoch {
    /// More bytes than any epoch file has.
    #[error("{size} bytes are too many: an epoch file has at most {MAX_BYTES}")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// Not the JSON of an epoch file.
    #[error("not the JSON of an epoch file: {problem}")]
    Json {
        /// What the parser says, with line and column.
        problem: String,
    },
    /// The format's name is another.
    #[error("format must be \"{FORMAT}\"")]
    Format,
    /// Another version of the file format.
    #[error("version {got} of the file format is unknown: allowed is {VERSION}")]
    Version {
        /// The file's.
        got: u64,
    },
    /// Uppercase digits: identifiers have one spelling.
    #[error("{field} is not canonical: hexadecimal digits are lowercase")]
    NotCanonical {
        /// The field's name.
        field: &'static str,
    },
    /// More signatures than there can be signers.
    #[error("{got} signatures are too many: allowed are {MAX_SIGNERS}")]
    TooManySignatures {
        /// How many there are.
        got: usize,
    },
}

/// An epoch in its context, with signatures that were not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedEpoch {
    /// The deployment it is for.
    pub context: ContextId,
    /// The epoch.
    pub post: EpochPost,
    /// Signatures of its digest.
    pub signatures: Vec<Signature>,
}

/// The file's fields, in their order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u64,
    context: String,
    epoch: Epoch,
    state_root: Root,
    market_root: Root,
    model: String,
    market_timestamp: Timestamp,
    price_move_bps: u32,
    reference: Epoch,
    previous: EpochDigest,
    signatures: Vec<Signature>,
}

/// What tells a file of another version from one that is damaged.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

impl SignedEpoch {
    /// Reads an epoch file. Its signatures are not checked: [`Self::check`] does.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedEpoch> {
        if bytes.len() > MAX_BYTES {
            return Err(MalformedEpoch::TooLarge { size: bytes.len() });
        }
        let head: Head = serde_json::from_slice(bytes).map_err(json)?;
        if head.format != FORMAT {
            return Err(MalformedEpoch::Format);
        }
        if head.version != VERSION {
            return Err(MalformedEpoch::Version { got: head.version });
        }
        let file: Document = serde_json::from_slice(bytes).map_err(json)?;
        if file.signatures.len() > MAX_SIGNERS {
            return Err(MalformedEpoch::TooManySignatures { got: file.signatures.len() });
        }
        let post = EpochPost {
            epoch: file.epoch,
            state_root: file.state_root,
            market_root: file.market_root,
            model: identifier("model", &file.model)?,
            market_timestamp: file.market_timestamp,
            price_move_bps: file.price_move_bps,
            reference: file.reference,
            previous: file.previous,
        };
        let context = identifier("context", &file.context)?;
        Ok(Self { context, post, signatures: file.signatures })
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let Self { context, post, signatures } = self;
        let document = Document {
            format: FORMAT.into(),
            version: VERSION,
            context: context.to_string(),
            epoch: post.epoch,
            state_root: post.state_root,
            market_root: post.market_root,
            model: post.model.to_string(),
            market_timestamp: post.market_timestamp,
            price_move_bps: post.price_move_bps,
            reference: post.reference,
            previous: post.previous,
            signatures: signatures.clone(),
        };
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }

    /// What is signed.
    pub fn digest(&self) -> EpochDigest {
        self.post.digest(self.context)
    }

    /// Who signed, in the file's order, whoever they are.
    ///
    /// # Errors
    /// The first signature that nobody made, with its place from 1.
    pub fn signed_by(&self) -> Result<Vec<Signer>, NotSigned> {
        let digest = self.digest();
        let signer = |(index, signature): (usize, &Signature)| {
            let failed = |source: SignatureError| NotSigned::Signature { place: index + 1, source };
            signature.signer(&digest).map_err(failed)
        };
        self.signatures.iter().enumerate().map(signer).collect()
    }

    /// Adds a signature where its signer belongs; one that is there stays one.
    ///
    /// # Errors
    /// When a signature, this one or one in the file, is nobody's. The place of
    /// this one is the last.
    pub fn add(&mut self, signature: Signature) -> Result<Signer, NotSigned> {
        let place = self.signatures.len() + 1;
        let signer = signature
            .signer(&self.digest())
            .map_err(|source| NotSigned::Signature { place, source })?;
        let mut signed: Vec<_> =
            self.signed_by()?.into_iter().zip(self.signatures.iter().copied()).collect();
        signed.retain(|(other, _)| *other != signer);
        signed.push((signer, signature));
        signed.sort_by_key(|(signer, _)| *signer);
        self.signatures = signed.into_iter().map(|(_, signature)| signature).collect();
        Ok(signer)
    }

    /// How many signers signed it: at least the threshold.
    ///
    /// # Errors
    /// As for [`Signers::check`].
    pub fn check(&self, signers: &Signers) -> Result<usize, NotSigned> {
        signers.check(&self.digest(), &self.signatures)
    }
}

fn json(error: serde_json::Error) -> MalformedEpoch {
    MalformedEpoch::Json { problem: error.to_string() }
}

/// An identifier in its one spelling: the parsers of `margin` also read
/// uppercase digits.
fn identifier<T: core::str::FromStr<Err: core::fmt::Display>>(
    field: &'static str,
    text: &str,
) -> Result<T, MalformedEpoch> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(MalformedEpoch::NotCanonical { field });
    }
    text.parse()
        .map_err(|error| MalformedEpoch::Json { problem: alloc::format!("{field}: {error}") })
}
