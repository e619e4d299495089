//! Proof files: one self-describing JSON text per proof.
//!
//! ```json
//! {
//!   "format": "zkmargin-proof",
//!   "version": 1,
//!   "statement": 2,
//!   "family": "standard",
//!   "shape": "small",
//!   "proof_system": "ipa",
//!   "field": "pasta-fp",
//!   "instance": {
//!     "context": "0x… (62 digits)",
//!     "epoch": 7,
//!     "account": "0x… (40 digits)",
//!     "state_root": "0x… (64 digits)",
//!     "market_root": "0x… (64 digits)",
//!     "model": "0x… (62 digits)",
//!     "claim": "at-least:maintenance",
//!     "disclosed": "0",
//!     "memo": "0x… (62 digits)"
//!   },
//!   "proof": "… (base64)"
//! }
//! ```
//!
//! Proofs made under powers of tau (`"proof_system": "kzg"`,
//! `"field": "bn254-fr"`) name them after the field: `"srs": "0x… (64 digits)"`,
//! and `"srs": "insecure-dev:0x…"` when everybody can compute the secret.
//!
//! Proofs of another layout of columns than the usual one of their proof system
//! name it after the proof system: `"layout": "wide"`, of `kzg` alone. A file
//! without the field is of the usual one, and a file that names the usual one is
//! refused.
//!
//! Every value has one spelling: hexadecimal digits are lowercase, roots are
//! below the field's modulus, decimals have no leading zero, base64 is padded
//! and without stray bits, texts have no escapes. Unknown, missing and repeated
//! fields are refused. White space and the order of fields are free.
//!
//! Proofs of a transition, of a venue's accounts, of a haircut of them, of an account's
//! margin with an escrow, and of what it holds at several venues, are other formats:
//! [`TransitionFile`], [`VenueFile`], [`HaircutFile`], [`EscrowFile`], [`NettingFile`].

mod circuit;
mod envelope;
pub mod escrow;
pub mod haircut;
mod json;
pub mod netting;
mod read;
mod subtree;
pub mod transition;
pub mod venue;

pub use circuit::CircuitId;
pub use escrow::{EscrowFile, VerifiedEscrow};
pub use haircut::{HaircutFile, VerifiedCuts};
pub use netting::{NettingData, NettingFile, VenueData, VerifiedNetting};
pub use subtree::Subtree;
pub use transition::{TransitionData, TransitionFile, VerifiedTransition};
pub use venue::{VenueFile, VerifiedSubtree};

use alloc::string::String;
use alloc::vec::Vec;

use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::MarginInstance;
pub use zkmargin_margin::shape::Family;
use zkmargin_margin::srs::SrsMark;

use crate::error::MalformedProof;
#[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
use crate::error::VerifyError;
use envelope::{Envelope, check_size};
use json::Object;
use read::{parse_head, parse_instance, root_text};

/// The largest proof file that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// The value of `format`.
pub const FORMAT: &str = "zkmargin-proof";
/// The version of the file format.
pub const VERSION: u64 = 1;

/// A proof with its public inputs and what it was made with. Well-formed, and
/// not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile<F> {
    envelope: Envelope,
    instance: MarginInstance<F>,
}

impl<F: MarginField> ProofFile<F> {
    /// A proof of the present statement version, of a transparent proof system.
    ///
    /// # Errors
    /// When the proof system is over another field or needs powers of tau, or
    /// the file would be larger than [`MAX_BYTES`].
    pub fn new(
        circuit: CircuitId,
        instance: MarginInstance<F>,
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        Self::make(circuit, None, instance, proof)
    }

    /// A proof of the present statement version, made under powers of tau.
    ///
    /// # Errors
    /// When the proof system is over another field or has no powers of tau, or
    /// the file would be larger than [`MAX_BYTES`].
    pub fn under_srs(
        circuit: CircuitId,
        srs: SrsMark,
        instance: MarginInstance<F>,
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        Self::make(circuit, Some(srs), instance, proof)
    }

    fn make(
        circuit: CircuitId,
        srs: Option<SrsMark>,
        instance: MarginInstance<F>,
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        let envelope = Envelope::new::<F>(circuit, srs, proof)?;
        let file = Self { envelope, instance };
        check_size(&file.to_json())?;
        Ok(file)
    }

    /// What the proof was made with.
    pub const fn circuit(&self) -> CircuitId {
        self.envelope.circuit
    }

    /// The powers of tau it was made under; `None` in a transparent proof
    /// system.
    pub const fn srs(&self) -> Option<SrsMark> {
        self.envelope.srs
    }

    /// Whether the proof is of the circuit and length of a verifying key, and made
    /// under its powers of tau.
    #[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
    pub(crate) fn check_key(
        &self,
        key: (CircuitId, Option<SrsMark>),
        proof_size: usize,
    ) -> Result<(), VerifyError> {
        self.envelope.check_key(key, proof_size)
    }

    /// The public inputs.
    pub const fn instance(&self) -> &MarginInstance<F> {
        &self.instance
    }

    /// The proof's bytes.
    pub fn proof(&self) -> &[u8] {
        &self.envelope.proof
    }

    /// Reads a proof file.
    ///
    /// # Errors
    /// The first thing that is wrong with it: its size first, then its form,
    /// its versions, its fields in their order, and fields left over.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedProof> {
        let read = |file: &mut Object<'_>| parse_instance(file.object("instance")?);
        let (envelope, instance) = Envelope::parse::<F, _>(bytes, FORMAT, read)?;
        Ok(Self { envelope, instance })
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        self.to_json_as(FORMAT, "")
    }

    /// The text under a format's name, with what stands behind the memo.
    fn to_json_as(&self, format: &str, more: &str) -> String {
        let Self { envelope, instance } = self;
        let statement = alloc::format!(
            r#"  "instance": {{
    "context": "{context}",
    "epoch": {epoch},
    "account": "{account}",
    "state_root": "{state_root}",
    "market_root": "{market_root}",
    "model": "{model}",
    "claim": "{claim}",
    "disclosed": "{disclosed}",
    "memo": "{memo}"{more}
  }},"#,
            context = instance.context,
            epoch = instance.epoch.get(),
            account = instance.account,
            state_root = root_text(&instance.state_root),
            market_root = root_text(&instance.market_root),
            model = instance.model,
            claim = instance.claim,
            disclosed = instance.disclosed.get(),
            memo = instance.memo,
        );
        envelope.to_json::<F>(format, &statement)
    }
}

/// What a proof file says it was made with: who reads files of any proof system
/// needs it to choose the field.
///
/// # Errors
/// What is wrong with the file up to there.
pub fn circuit_of(bytes: &[u8]) -> Result<CircuitId, MalformedProof> {
    parse_head(bytes, FORMAT).map(|(circuit, _)| circuit)
}
