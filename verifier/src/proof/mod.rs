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
//! Proofs of a transition, and of an account's margin with an escrow, are other formats:
//! [`TransitionFile`], [`EscrowFile`].

pub mod escrow;
mod json;
pub mod transition;

pub use escrow::{EscrowFile, VerifiedEscrow};
pub use transition::{TransitionData, TransitionFile, VerifiedTransition};

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zkmargin_margin::STATEMENT_VERSION;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::layout::ColumnLayout;
pub use zkmargin_margin::shape::Family;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::srs::SrsMark;

use crate::encoding::{parse_hex, parse_shortfall};
use crate::error::MalformedProof;
#[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
use crate::error::VerifyError;
use json::Object;

/// The largest proof file that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// The value of `format`.
pub const FORMAT: &str = "zkmargin-proof";
/// The version of the file format.
pub const VERSION: u64 = 1;

/// The field that names a layout.
const LAYOUT: &str = "layout";

/// What a proof was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CircuitId {
    /// The family of margin models.
    pub family: Family,
    /// The size of the circuit.
    pub shape: Shape,
    /// The proof system.
    pub proof_system: ProofSystem,
    /// How its gates are laid out in columns.
    pub layout: ColumnLayout,
}

impl CircuitId {
    /// The circuit in the usual layout of its proof system.
    pub const fn usual(family: Family, shape: Shape, proof_system: ProofSystem) -> Self {
        Self { family, shape, proof_system, layout: proof_system.usual_layout() }
    }

    /// The layout, where it is not the usual one.
    fn unusual_layout(self) -> Option<ColumnLayout> {
        Some(self.layout).filter(|layout| *layout != self.proof_system.usual_layout())
    }

    /// Whether there is such a circuit.
    fn check(self) -> Result<Self, MalformedProof> {
        match self.proof_system.has_layout(self.layout) {
            true => Ok(self),
            false => Err(MalformedProof::UnknownField { name: LAYOUT.into() }),
        }
    }

    /// The field of a file that names the layout, on a line of its own.
    fn layout_line(self) -> String {
        let line = |layout| alloc::format!("\n  \"{LAYOUT}\": \"{layout}\",");
        self.unusual_layout().map_or(String::new(), line)
    }
}

/// The usual layout is not named: names of before there was a choice stay.
impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.family, self.shape, self.proof_system)?;
        self.unusual_layout().map_or(Ok(()), |layout| write!(f, "-{layout}"))
    }
}

/// A proof with its public inputs and what it was made with. Well-formed, and
/// not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile<F> {
    circuit: CircuitId,
    srs: Option<SrsMark>,
    instance: MarginInstance<F>,
    proof: Vec<u8>,
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
        if circuit.proof_system.field() != F::NAME {
            return Err(MalformedProof::OtherField { allowed: F::NAME });
        }
        match (has_srs(circuit.proof_system), srs) {
            (true, None) => return Err(MalformedProof::MissingField { field: "srs" }),
            (false, Some(_)) => return Err(MalformedProof::UnknownField { name: "srs".into() }),
            _ => {}
        }
        let circuit = circuit.check()?;
        let file = Self { circuit, srs, instance, proof };
        let size = file.to_json().len();
        match size > MAX_BYTES {
            true => Err(MalformedProof::TooLarge { size, limit: MAX_BYTES }),
            false => Ok(file),
        }
    }

    /// What the proof was made with.
    pub const fn circuit(&self) -> CircuitId {
        self.circuit
    }

    /// The powers of tau it was made under; `None` in a transparent proof
    /// system.
    pub const fn srs(&self) -> Option<SrsMark> {
        self.srs
    }

    /// Whether the proof is of the circuit and length of a verifying key.
    #[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
    pub(crate) fn check_circuit(
        &self,
        key: CircuitId,
        proof_size: usize,
    ) -> Result<(), VerifyError> {
        check_circuit(self.circuit, &self.proof, key, proof_size)
    }

    /// Whether the proof was made under these powers of tau.
    #[cfg(any(feature = "kzg", feature = "bn254"))]
    pub(crate) fn check_srs(&self, verifier: SrsMark) -> Result<(), VerifyError> {
        match self.srs {
            Some(srs) if srs == verifier => Ok(()),
            srs => Err(VerifyError::WrongSrs { verifier, proof: srs }),
        }
    }

    /// The public inputs.
    pub const fn instance(&self) -> &MarginInstance<F> {
        &self.instance
    }

    /// The proof's bytes.
    pub fn proof(&self) -> &[u8] {
        &self.proof
    }

    /// Reads a proof file.
    ///
    /// # Errors
    /// The first thing that is wrong with it: its size first, then its form,
    /// its versions, its fields in their order, and fields left over.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedProof> {
        let (circuit, mut file) = parse_head(bytes, FORMAT)?;
        let srs = parse_srs::<F>(circuit.proof_system, &mut file)?;
        let instance = parse_instance(file.object("instance")?)?;
        let proof = parse_proof(file)?;
        Ok(Self { circuit, srs, instance, proof })
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        self.to_json_as(FORMAT, "")
    }

    /// The text under a format's name, with what stands behind the memo.
    fn to_json_as(&self, format: &str, more: &str) -> String {
        let Self { circuit, srs, instance, proof } = self;
        let srs = srs.map_or(String::new(), |srs| alloc::format!("\n  \"srs\": \"{srs}\","));
        let root = |root: &F| alloc::format!("0x{}", hex::encode(root.to_be_bytes()));
        alloc::format!(
            r#"{{
  "format": "{format}",
  "version": {VERSION},
  "statement": {STATEMENT_VERSION},
  "family": "{family}",
  "shape": "{shape}",
  "proof_system": "{proof_system}",{layout}
  "field": "{field}",{srs}
  "instance": {{
    "context": "{context}",
    "epoch": {epoch},
    "account": "{account}",
    "state_root": "{state_root}",
    "market_root": "{market_root}",
    "model": "{model}",
    "claim": "{claim}",
    "disclosed": "{disclosed}",
    "memo": "{memo}"{more}
  }},
  "proof": "{proof}"
}}
"#,
            family = circuit.family,
            shape = circuit.shape,
            proof_system = circuit.proof_system,
            layout = circuit.layout_line(),
            field = F::NAME,
            context = instance.context,
            epoch = instance.epoch.get(),
            account = instance.account,
            state_root = root(&instance.state_root),
            market_root = root(&instance.market_root),
            model = instance.model,
            claim = instance.claim,
            disclosed = instance.disclosed.get(),
            memo = instance.memo,
            proof = STANDARD.encode(proof),
        )
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

/// Whether a proof is of the circuit and length of a verifying key.
#[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
fn check_circuit(
    circuit: CircuitId,
    proof: &[u8],
    key: CircuitId,
    proof_size: usize,
) -> Result<(), VerifyError> {
    let CircuitId { family, shape, proof_system, layout } = circuit;
    if proof_system != key.proof_system {
        let verifier = key.proof_system;
        return Err(VerifyError::WrongProofSystem { verifier, proof: proof_system });
    }
    if family != key.family {
        return Err(VerifyError::WrongFamily { key: key.family, proof: family });
    }
    if shape != key.shape {
        return Err(VerifyError::WrongShape { key: key.shape, proof: shape });
    }
    if layout != key.layout {
        return Err(VerifyError::WrongLayout { key: key.layout, proof: layout });
    }
    match proof.len() {
        got if got == proof_size => Ok(()),
        got => Err(VerifyError::Length { expected: proof_size, got }),
    }
}

/// The field, and the powers of tau where there are some.
fn parse_srs<F: MarginField>(
    proof_system: ProofSystem,
    file: &mut Object<'_>,
) -> Result<Option<SrsMark>, MalformedProof> {
    let field = file.text("field")?;
    if field != F::NAME || proof_system.field() != F::NAME {
        return Err(MalformedProof::OtherField { allowed: F::NAME });
    }
    Ok(match has_srs(proof_system) {
        true => {
            let mark = file.text("srs")?.parse();
            Some(mark.map_err(|_| not_canonical("srs", SRS_SPELLING))?)
        }
        false => None,
    })
}

/// The proof's bytes, the last field.
fn parse_proof(mut file: Object<'_>) -> Result<Vec<u8>, MalformedProof> {
    let proof = STANDARD
        .decode(file.text("proof")?)
        .map_err(|_| not_canonical("proof", "base64 with padding"))?;
    file.finish()?;
    Ok(proof)
}

/// The fields up to the proof system, and the rest.
fn parse_head<'a>(
    bytes: &'a [u8],
    format: &str,
) -> Result<(CircuitId, Object<'a>), MalformedProof> {
    if bytes.len() > MAX_BYTES {
        return Err(MalformedProof::TooLarge { size: bytes.len(), limit: MAX_BYTES });
    }
    let mut file = Object::parse(bytes)?;
    match file.text("format")? {
        found if found == format => {}
        FORMAT | transition::FORMAT | escrow::FORMAT => return Err(MalformedProof::OtherStatement),
        _ => return Err(MalformedProof::Format),
    }
    match file.number("version")? {
        VERSION => {}
        got => return Err(MalformedProof::Version { got, allowed: VERSION }),
    }
    let allowed = u64::from(STATEMENT_VERSION);
    match file.number("statement")? {
        got if got != allowed => return Err(MalformedProof::Statement { got, allowed }),
        _ => {}
    }
    let family = file.text("family")?.parse();
    let family = family.map_err(|_| unknown_name("family", "standard, scenario"))?;
    let shape = file.text("shape")?.parse();
    let shape = shape.map_err(|_| unknown_name("shape", "small, medium, large"))?;
    let proof_system = file.text("proof_system")?.parse();
    let proof_system = proof_system.map_err(|_| unknown_name("proof_system", "ipa, kzg"))?;
    let layout = parse_layout(proof_system, &mut file)?;
    Ok((CircuitId { family, shape, proof_system, layout }, file))
}

/// The layout of columns: the usual one where none is named, and named nowhere else.
fn parse_layout(
    proof_system: ProofSystem,
    file: &mut Object<'_>,
) -> Result<ColumnLayout, MalformedProof> {
    let usual = proof_system.usual_layout();
    // Of a system with one layout it is a field left over.
    let has_choice = ColumnLayout::ALL.iter().all(|layout| proof_system.has_layout(*layout));
    if !has_choice || !file.has(LAYOUT) {
        return Ok(usual);
    }
    let allowed = "wide; a tall proof does not name its layout";
    match file.text(LAYOUT)?.parse() {
        Ok(layout) if layout != usual => Ok(layout),
        _ => Err(not_canonical(LAYOUT, allowed)),
    }
}

/// Spellings of a mark.
const SRS_SPELLING: &str =
    "0x and 64 lowercase hexadecimal digits, after insecure-dev: for an insecure one";

/// Whether proofs of a proof system are made under powers of tau.
const fn has_srs(system: ProofSystem) -> bool {
    match system {
        ProofSystem::Ipa => false,
        ProofSystem::Kzg => true,
    }
}

fn parse_instance<F: MarginField>(
    mut fields: Object<'_>,
) -> Result<MarginInstance<F>, MalformedProof> {
    let instance = parse_margin(&mut fields)?;
    fields.finish()?;
    Ok(instance)
}

/// The public inputs of the margin statement.
fn parse_margin<F: MarginField>(
    fields: &mut Object<'_>,
) -> Result<MarginInstance<F>, MalformedProof> {
    parse_account(fields, |fields| {
        let claim = fields.text("claim")?.parse().map_err(|_| {
            let allowed = "at-least:LEVEL or below:LEVEL, of margin-call, maintenance, initial, with ,multiplier:M and ,leverage:L behind it where they are set";
            MalformedProof::UnknownName { field: "claim", allowed }
        })?;
        let disclosed = parse_shortfall(fields.text("disclosed")?)
            .ok_or(not_canonical("disclosed", "a decimal below 2^104 without leading zeros"))?;
        Ok((claim, disclosed))
    })
}

/// The public inputs about an account, the claim and the disclosure as they are
/// read by `claim`.
fn parse_account<'a, F: MarginField>(
    fields: &mut Object<'a>,
    claim: impl FnOnce(&mut Object<'a>) -> Result<(Claim, Shortfall), MalformedProof>,
) -> Result<MarginInstance<F>, MalformedProof> {
    let context = identifier(fields.text("context")?)
        .ok_or(not_canonical("context", "0x and 62 lowercase hexadecimal digits"))?;
    let epoch = Epoch::new(fields.number("epoch")?);
    let account = identifier(fields.text("account")?)
        .ok_or(not_canonical("account", "0x and 40 lowercase hexadecimal digits"))?;
    let state_root = root(fields, "state_root")?;
    let market_root = root(fields, "market_root")?;
    let model = identifier(fields.text("model")?)
        .ok_or(not_canonical("model", "0x and 62 lowercase hexadecimal digits"))?;
    let (claim, disclosed) = claim(fields)?;
    let memo = identifier(fields.text("memo")?)
        .ok_or(not_canonical("memo", "0x and 62 lowercase hexadecimal digits"))?;
    Ok(MarginInstance {
        context,
        epoch,
        account,
        state_root,
        market_root,
        model,
        claim,
        disclosed,
        memo,
    })
}

/// An identifier in its one spelling: the parsers of `margin` also read
/// uppercase digits.
fn identifier<T: core::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| !text.bytes().any(|byte| byte.is_ascii_uppercase()))
}

fn root<F: MarginField>(fields: &mut Object<'_>, field: &'static str) -> Result<F, MalformedProof> {
    parse_hex(fields.text(field)?).and_then(|bytes| F::from_be_bytes(&bytes)).ok_or(not_canonical(
        field,
        "0x and 64 lowercase hexadecimal digits of a number below the field's modulus",
    ))
}

const fn not_canonical(field: &'static str, allowed: &'static str) -> MalformedProof {
    MalformedProof::NotCanonical { field, allowed }
}

const fn unknown_name(field: &'static str, allowed: &'static str) -> MalformedProof {
    MalformedProof::UnknownName { field, allowed }
}
