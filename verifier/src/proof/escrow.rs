//! Proof files of an account's margin with an escrow.
//!
//! As a margin proof's, but for the format, `"zkmargin-escrow-proof"`, and `escrow`
//! behind the memo, spelled as roots are. Whoever reads margin proofs refuses it: its
//! key is another circuit's.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::escrow::EscrowInstance;

use super::ProofFile;
use super::circuit::CircuitId;
use super::envelope::{Envelope, check_size};
use super::read::{parse_head, parse_margin, root, root_text};
use crate::engine::VerifiedClaim;
use crate::error::MalformedProof;
use crate::root::Root;

/// The value of `format`.
pub(super) const FORMAT: &str = "zkmargin-escrow-proof";

/// A margin proof with an escrow, and its public inputs. Well-formed, and not yet
/// verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscrowFile<F> {
    /// All but the digest.
    margin: ProofFile<F>,
    escrow: F,
}

impl<F: MarginField> EscrowFile<F> {
    /// A proof of the present statement version; `srs` for the proof systems that
    /// have powers of tau, and for no other.
    ///
    /// # Errors
    /// When the proof system is over another field or has powers of tau that are
    /// not given, or the reverse, or the file would be larger than [`MAX_BYTES`](super::MAX_BYTES).
    pub fn new(
        circuit: CircuitId,
        srs: Option<SrsMark>,
        instance: EscrowInstance<F>,
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        let EscrowInstance { account, escrow } = instance;
        let file = Self { margin: ProofFile::make(circuit, srs, account, proof)?, escrow };
        check_size(&file.to_json())?;
        Ok(file)
    }

    /// What the proof was made with.
    pub const fn circuit(&self) -> CircuitId {
        self.margin.circuit()
    }

    /// The powers of tau it was made under; `None` in a transparent proof system.
    pub const fn srs(&self) -> Option<SrsMark> {
        self.margin.srs()
    }

    /// The public inputs.
    pub fn instance(&self) -> EscrowInstance<F> {
        EscrowInstance { account: self.margin.instance, escrow: self.escrow }
    }

    /// The proof's bytes.
    pub fn proof(&self) -> &[u8] {
        self.margin.proof()
    }

    /// Whether the proof is of the circuit and length of a verifying key, and made
    /// under its powers of tau.
    #[cfg(any(feature = "ipa", feature = "kzg"))]
    pub(crate) fn check_key(
        &self,
        key: (CircuitId, Option<SrsMark>),
        proof_size: usize,
    ) -> Result<(), crate::error::VerifyError> {
        self.margin.check_key(key, proof_size)
    }

    /// Reads a proof file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, as of a margin proof's file.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedProof> {
        let (envelope, (instance, escrow)) = Envelope::parse::<F, _>(bytes, FORMAT, |file| {
            let mut fields = file.object("instance")?;
            let instance: MarginInstance<F> = parse_margin(&mut fields)?;
            let escrow = root(&mut fields, "escrow")?;
            fields.finish()?;
            Ok((instance, escrow))
        })?;
        Ok(Self { margin: ProofFile { envelope, instance }, escrow })
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let more = alloc::format!(",\n    \"escrow\": \"{}\"", root_text(&self.escrow));
        self.margin.to_json_as(FORMAT, &more)
    }
}

/// Whether a file says that it is a margin proof with an escrow.
pub fn is_escrow(bytes: &[u8]) -> bool {
    parse_head(bytes, FORMAT).is_ok()
}

/// What such a file says it was made with.
///
/// # Errors
/// What is wrong with the file up to there.
pub fn circuit_of(bytes: &[u8]) -> Result<CircuitId, MalformedProof> {
    parse_head(bytes, FORMAT).map(|(circuit, _)| circuit)
}

/// Public inputs of a margin proof with an escrow that has been verified: only this
/// crate's verifiers make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VerifiedEscrow {
    claim: VerifiedClaim,
    escrow: Root,
}

impl VerifiedEscrow {
    #[cfg(any(feature = "ipa", feature = "kzg"))]
    pub(crate) fn of<F: MarginField>(file: &EscrowFile<F>) -> Self {
        let claim = VerifiedClaim::assume_verified_unchecked((&file.margin.instance).into());
        Self { claim, escrow: Root::from_field(&file.escrow) }
    }

    /// What it says of the account, as a margin proof does.
    pub const fn claim(&self) -> &VerifiedClaim {
        &self.claim
    }

    /// The digest of key and ciphertext. It says nothing to who does not compare it
    /// with that of a ciphertext that they have, under a key that they know.
    pub const fn escrow(&self) -> Root {
        self.escrow
    }
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;
    use zkmargin_margin::claim::{Claim, Level, Side};
    use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
    use zkmargin_margin::instance::Shortfall;
    use zkmargin_margin::shape::{Family, ProofSystem, Shape};

    use super::*;
    use crate::proof::TransitionFile;

    fn file() -> EscrowFile<Fp> {
        let account = MarginInstance {
            context: ContextId::derive("test", 0, [0; 20]),
            epoch: Epoch::new(7),
            account: AccountId::new([3; 20]),
            state_root: Fp::from(4),
            market_root: Fp::from(5),
            model: ModelDigest::of(b"model"),
            claim: Claim::new(Side::AtLeast, Level::Maintenance).unwrap(),
            disclosed: Shortfall::NONE,
            memo: Memo::NONE,
        };
        let instance = EscrowInstance { account, escrow: Fp::from(9) };
        let circuit = CircuitId::usual(Family::Standard, Shape::Small, ProofSystem::Ipa);
        EscrowFile::new(circuit, None, instance, alloc::vec![1, 2, 3]).unwrap()
    }

    #[test]
    fn a_file_is_read_as_what_it_is_alone() {
        let text = file().to_json();
        assert_eq!(EscrowFile::parse(text.as_bytes()), Ok(file()));
        assert!(is_escrow(text.as_bytes()));
        assert_eq!(ProofFile::<Fp>::parse(text.as_bytes()), Err(MalformedProof::OtherStatement));
        assert_eq!(
            TransitionFile::<Fp>::parse(text.as_bytes()),
            Err(MalformedProof::OtherStatement)
        );
        // A margin proof that says it has an escrow, and an escrow's without one.
        let margin = file().margin.to_json();
        assert!(!is_escrow(margin.as_bytes()));
        let renamed = margin.replace("zkmargin-proof", FORMAT);
        assert_eq!(
            EscrowFile::<Fp>::parse(renamed.as_bytes()),
            Err(MalformedProof::MissingField { field: "escrow" })
        );
        let renamed = text.replace(FORMAT, "zkmargin-proof");
        assert!(matches!(
            ProofFile::<Fp>::parse(renamed.as_bytes()),
            Err(MalformedProof::UnknownField { .. })
        ));
        let bent = text.replace("0000009\"", "0000009a\"");
        assert!(EscrowFile::<Fp>::parse(bent.as_bytes()).is_err());
    }
}
