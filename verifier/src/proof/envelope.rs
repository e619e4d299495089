//! What every proof file has around its statement: what the proof was made with, and the
//! proof itself.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zkmargin_margin::STATEMENT_VERSION;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::srs::SrsMark;

use super::circuit::{CircuitId, has_srs};
use super::json::Object;
use super::read::{parse_head, parse_proof, parse_srs};
use super::{MAX_BYTES, VERSION};
use crate::error::MalformedProof;
#[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
use crate::error::VerifyError;

/// A proof and what it was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) circuit: CircuitId,
    pub(super) srs: Option<SrsMark>,
    pub(super) proof: Vec<u8>,
}

impl Envelope {
    /// # Errors
    /// When there is no such circuit over this field, or it has powers of tau that are not
    /// given, or the reverse.
    pub(super) fn new<F: MarginField>(
        circuit: CircuitId,
        srs: Option<SrsMark>,
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        if circuit.proof_system.field() != F::NAME {
            return Err(MalformedProof::OtherField { allowed: F::NAME });
        }
        match (has_srs(circuit.proof_system), srs) {
            (true, None) => return Err(MalformedProof::MissingField { field: "srs" }),
            (false, Some(_)) => return Err(MalformedProof::UnknownField { name: "srs".into() }),
            _ => {}
        }
        Ok(Self { circuit: circuit.check()?, srs, proof })
    }

    /// Reads a file of a format: its size first, then its form, its versions, its fields in
    /// their order, those of the statement as `statement` reads them, and fields left over.
    pub(super) fn parse<'a, F: MarginField, S>(
        bytes: &'a [u8],
        format: &str,
        statement: impl FnOnce(&mut Object<'a>) -> Result<S, MalformedProof>,
    ) -> Result<(Self, S), MalformedProof> {
        let (circuit, mut file) = parse_head(bytes, format)?;
        let srs = parse_srs::<F>(circuit.proof_system, &mut file)?;
        let statement = statement(&mut file)?;
        Ok((Self { circuit, srs, proof: parse_proof(file)? }, statement))
    }

    /// The text of a file, indented by two spaces, with a line feed at its end. The
    /// statement's fields are lines that end with a comma.
    pub(super) fn to_json<F: MarginField>(&self, format: &str, statement: &str) -> String {
        let Self { circuit, srs, proof } = self;
        let srs = srs.map_or(String::new(), |srs| alloc::format!("\n  \"srs\": \"{srs}\","));
        alloc::format!(
            r#"{{
  "format": "{format}",
  "version": {VERSION},
  "statement": {STATEMENT_VERSION},
  "family": "{family}",
  "shape": "{shape}",
  "proof_system": "{proof_system}",{layout}
  "field": "{field}",{srs}
{statement}
  "proof": "{proof}"
}}
"#,
            family = circuit.family,
            shape = circuit.shape,
            proof_system = circuit.proof_system,
            layout = circuit.layout_line(),
            field = F::NAME,
            proof = STANDARD.encode(proof),
        )
    }

    /// Whether the proof is of the circuit and length of a verifying key, and made under the
    /// verifier's powers of tau where its proof system has some.
    #[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
    pub(super) fn check_key(
        &self,
        (key, verifier): (CircuitId, Option<SrsMark>),
        proof_size: usize,
    ) -> Result<(), VerifyError> {
        super::circuit::check_circuit(self.circuit, &self.proof, key, proof_size)?;
        match verifier {
            Some(verifier) if self.srs != Some(verifier) => {
                Err(VerifyError::WrongSrs { verifier, proof: self.srs })
            }
            _ => Ok(()),
        }
    }
}

/// Whether a file of this text would be read.
pub(super) fn check_size(text: &str) -> Result<(), MalformedProof> {
    match text.len() {
        size if size > MAX_BYTES => Err(MalformedProof::TooLarge { size, limit: MAX_BYTES }),
        _ => Ok(()),
    }
}
