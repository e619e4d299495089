//! Proof files: one self-describing JSON text per proof.
//!
//! ```json
//! {
//!   "format": "zkmargin-proof",
//!   "version": 1,
//!   "statement": 1,
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
//!     "disclosed": "0"
//!   },
//!   "proof": "… (base64)"
//! }
//! ```
//!
//! Every value has one spelling: hexadecimal digits are lowercase, roots are
//! below the field's modulus, decimals have no leading zero, base64 is padded
//! and without stray bits, texts have no escapes. Unknown, missing and repeated
//! fields are refused. White space and the order of fields are free.

mod json;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zkmargin_margin::STATEMENT_VERSION;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::instance::MarginInstance;
pub use zkmargin_margin::shape::Family;
use zkmargin_margin::shape::{ProofSystem, Shape};

use crate::encoding::{parse_hex, parse_shortfall};
use crate::error::MalformedProof;
use json::Object;

/// The largest proof file that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// The value of `format`.
pub const FORMAT: &str = "zkmargin-proof";
/// The version of the file format.
pub const VERSION: u64 = 1;

/// What a proof was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CircuitId {
    /// The family of margin models.
    pub family: Family,
    /// The size of the circuit.
    pub shape: Shape,
    /// The proof system.
    pub proof_system: ProofSystem,
}

impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.family, self.shape, self.proof_system)
    }
}

/// A proof with its public inputs and what it was made with. Well-formed, and
/// not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile<F> {
    circuit: CircuitId,
    instance: MarginInstance<F>,
    proof: Vec<u8>,
}

impl<F: MarginField> ProofFile<F> {
    /// A proof of the present statement version.
    ///
    /// # Errors
    /// When the file would be larger than [`MAX_BYTES`].
    pub fn new(
        circuit: CircuitId,
        instance: MarginInstance<F>,
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        let file = Self { circuit, instance, proof };
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
        if bytes.len() > MAX_BYTES {
            return Err(MalformedProof::TooLarge { size: bytes.len(), limit: MAX_BYTES });
        }
        let mut file = Object::parse(bytes)?;
        if file.text("format")? != FORMAT {
            return Err(MalformedProof::Format);
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
        let family = family.map_err(|_| unknown_name("family", "standard"))?;
        let shape = file.text("shape")?.parse();
        let shape = shape.map_err(|_| unknown_name("shape", "small, medium, large"))?;
        let proof_system = file.text("proof_system")?.parse::<ProofSystem>();
        let proof_system = proof_system.map_err(|_| unknown_name("proof_system", "ipa, kzg"))?;
        let field = file.text("field")?;
        if field != F::NAME || proof_system.field() != F::NAME {
            return Err(MalformedProof::OtherField { allowed: F::NAME });
        }
        let instance = parse_instance(file.object("instance")?)?;
        let proof = STANDARD
            .decode(file.text("proof")?)
            .map_err(|_| not_canonical("proof", "base64 with padding"))?;
        file.finish()?;
        Ok(Self { circuit: CircuitId { family, shape, proof_system }, instance, proof })
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let Self { circuit, instance, proof } = self;
        let root = |root: &F| alloc::format!("0x{}", hex::encode(root.to_be_bytes()));
        alloc::format!(
            r#"{{
  "format": "{FORMAT}",
  "version": {VERSION},
  "statement": {STATEMENT_VERSION},
  "family": "{family}",
  "shape": "{shape}",
  "proof_system": "{proof_system}",
  "field": "{field}",
  "instance": {{
    "context": "{context}",
    "epoch": {epoch},
    "account": "{account}",
    "state_root": "{state_root}",
    "market_root": "{market_root}",
    "model": "{model}",
    "claim": "{claim}",
    "disclosed": "{disclosed}"
  }},
  "proof": "{proof}"
}}
"#,
            family = circuit.family,
            shape = circuit.shape,
            proof_system = circuit.proof_system,
            field = F::NAME,
            context = instance.context,
            epoch = instance.epoch.get(),
            account = instance.account,
            state_root = root(&instance.state_root),
            market_root = root(&instance.market_root),
            model = instance.model,
            claim = instance.claim,
            disclosed = instance.disclosed.get(),
            proof = STANDARD.encode(proof),
        )
    }
}

fn parse_instance<F: MarginField>(
    mut fields: Object<'_>,
) -> Result<MarginInstance<F>, MalformedProof> {
    let instance = MarginInstance {
        context: identifier(fields.text("context")?)
            .ok_or(not_canonical("context", "0x and 62 lowercase hexadecimal digits"))?,
        epoch: Epoch::new(fields.number("epoch")?),
        account: identifier(fields.text("account")?)
            .ok_or(not_canonical("account", "0x and 40 lowercase hexadecimal digits"))?,
        state_root: root(&mut fields, "state_root")?,
        market_root: root(&mut fields, "market_root")?,
        model: identifier(fields.text("model")?)
            .ok_or(not_canonical("model", "0x and 62 lowercase hexadecimal digits"))?,
        claim: fields.text("claim")?.parse().map_err(|_| {
            let allowed = "at-least:LEVEL or below:LEVEL, of margin-call, maintenance, initial";
            MalformedProof::UnknownName { field: "claim", allowed }
        })?,
        disclosed: parse_shortfall(fields.text("disclosed")?)
            .ok_or(not_canonical("disclosed", "a decimal below 2^104 without leading zeros"))?,
    };
    fields.finish()?;
    Ok(instance)
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
