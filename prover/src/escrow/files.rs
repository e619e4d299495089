//! The files of a committee and of what it opens, all JSON with the format, its
//! version and the field of the proof system first.
//!
//! | file | `format` | who may see it |
//! |---|---|---|
//! | [`CommitteeFile`] | `zkmargin-committee` | everybody: its key is what portfolios are encrypted to |
//! | [`MemberFile`] | `zkmargin-committee-member` | the member alone |
//! | [`CiphertextFile`] | `zkmargin-escrow` | everybody |
//! | [`PartFile`] | `zkmargin-escrow-part` | who may open: enough of them do |
//! | [`ViewingKeyFile`] | `zkmargin-viewing-key` | the account's owner, and whom they show it to |
//! | [`OpenedFile`] | `zkmargin-opened` | who opened it |
//!
//! Points are 0x and 128 digits, both coordinates big-endian; elements and scalars 0x
//! and 64 digits.

mod parts;
mod public;
mod secret;

pub use public::{CiphertextFile, CommitteeFile, PartFile};
pub use secret::{MemberFile, OpenedFile, ViewingKeyFile};

use zeroize::Zeroizing;
use zkmargin_margin::escrow::{CiphertextError, NotAPoint, WordsError};
use zkmargin_margin::shape::ProofSystem;

use super::committee::CommitteeError;
use crate::json::JsonError;

/// Version of all of these formats.
const VERSION: u16 = 1;

/// Why a file is not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EscrowFileError {
    /// Not its schema.
    #[error(transparent)]
    Json(Box<JsonError>),
    /// Another file.
    #[error("format: allowed is {0}")]
    Format(&'static str),
    /// A version that this program does not know.
    #[error("version {0} of the format is unknown: allowed is 1")]
    Version(u16),
    /// Of the other proof system.
    #[error("field: the file is of another proof system: allowed is {0}")]
    OtherField(&'static str),
    /// Of no proof system.
    #[error("field: allowed are pasta-fp and bn254-fr")]
    UnknownField,
    /// Digits that are missing, too many, or too large.
    #[error("{field}: must be 0x and {digits} hexadecimal digits, of a number in range")]
    Digits {
        /// The field.
        field: String,
        /// Digits that it has.
        digits: usize,
    },
    /// No point.
    #[error("{field}: {source}")]
    Point {
        /// The field.
        field: String,
        /// Why not.
        source: NotAPoint,
    },
    /// No committee.
    #[error(transparent)]
    Committee(#[from] CommitteeError),
    /// No ciphertext.
    #[error("elements: {0}")]
    Ciphertext(#[from] CiphertextError),
    /// What was opened is no portfolio.
    #[error(transparent)]
    Words(#[from] WordsError),
}

/// The proof system that a file of these is of.
///
/// # Errors
/// When it is none of these files, or of no proof system.
pub fn escrow_field(bytes: &[u8]) -> Result<ProofSystem, EscrowFileError> {
    parts::system_of(bytes)
}

/// A text with a line feed at its end, wiped when dropped.
fn to_text(file: &impl serde::Serialize) -> Zeroizing<Vec<u8>> {
    // Texts and numbers alone: cannot fail.
    let mut text = Zeroizing::new(serde_json::to_vec_pretty(file).unwrap_or_default());
    text.push(b'\n');
    text
}
