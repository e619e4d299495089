//! What the readers of all formats share: fields in their one spelling.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zkmargin_margin::STATEMENT_VERSION;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, SHAPES, Shape};
use zkmargin_margin::srs::SrsMark;

use super::circuit::{CircuitId, LAYOUT, has_srs};
use super::json::Object;
use super::{FORMAT, MAX_BYTES, VERSION, escrow, haircut, netting, transition, venue};
use crate::encoding::{parse_hex, parse_shortfall};
use crate::error::MalformedProof;

/// The field, and the powers of tau where there are some.
pub(super) fn parse_srs<F: MarginField>(
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
pub(super) fn parse_proof(mut file: Object<'_>) -> Result<Vec<u8>, MalformedProof> {
    let proof = STANDARD
        .decode(file.text("proof")?)
        .map_err(|_| not_canonical("proof", "base64 with padding"))?;
    file.finish()?;
    Ok(proof)
}

/// The fields up to the proof system, and the rest.
pub(super) fn parse_head<'a>(
    bytes: &'a [u8],
    format: &str,
) -> Result<(CircuitId, Object<'a>), MalformedProof> {
    if bytes.len() > MAX_BYTES {
        return Err(MalformedProof::TooLarge { size: bytes.len(), limit: MAX_BYTES });
    }
    let mut file = Object::parse(bytes)?;
    match file.text("format")? {
        found if found == format => {}
        FORMAT
        | transition::FORMAT
        | venue::FORMAT
        | haircut::FORMAT
        | escrow::FORMAT
        | netting::FORMAT => {
            return Err(MalformedProof::OtherStatement);
        }
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
    let family =
        family.map_err(|_| unknown_name("family", "standard, scenario, simulation, settlement"))?;
    let shape = file.text("shape")?.parse();
    let shape = shape.map_err(|_| unknown_name("shape", SHAPES))?;
    check_shape(family, shape)?;
    let proof_system = file.text("proof_system")?.parse();
    let proof_system = proof_system.map_err(|_| unknown_name("proof_system", "ipa, kzg"))?;
    let layout = parse_layout(proof_system, &mut file)?;
    Ok((CircuitId { family, shape, proof_system, layout }, file))
}

/// Whether there is such a circuit.
pub(super) fn check_shape(family: Family, shape: Shape) -> Result<(), MalformedProof> {
    match family.has(shape) {
        true => Ok(()),
        false => Err(unknown_name("shape", "small, medium, large in this family")),
    }
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

/// The public inputs of a margin proof.
pub(super) fn parse_instance<F: MarginField>(
    mut fields: Object<'_>,
) -> Result<MarginInstance<F>, MalformedProof> {
    let instance = parse_margin(&mut fields)?;
    fields.finish()?;
    Ok(instance)
}

/// The public inputs of the margin statement.
pub(super) fn parse_margin<F: MarginField>(
    fields: &mut Object<'_>,
) -> Result<MarginInstance<F>, MalformedProof> {
    parse_account(fields, parse_claim)
}

/// The claim, and what is disclosed.
pub(super) fn parse_claim(fields: &mut Object<'_>) -> Result<(Claim, Shortfall), MalformedProof> {
    let claim = fields.text("claim")?.parse().map_err(|_| {
        let allowed = "at-least:LEVEL or below:LEVEL, of margin-call, maintenance, initial, with ,multiplier:M and ,leverage:L behind it where they are set";
        MalformedProof::UnknownName { field: "claim", allowed }
    })?;
    let disclosed = parse_shortfall(fields.text("disclosed")?)
        .ok_or(not_canonical("disclosed", "a decimal below 2^104 without leading zeros"))?;
    Ok((claim, disclosed))
}

/// The public inputs about an account, the claim and the disclosure as they are
/// read by `claim`.
pub(super) fn parse_account<'a, F: MarginField>(
    fields: &mut Object<'a>,
    claim: impl FnOnce(&mut Object<'a>) -> Result<(Claim, Shortfall), MalformedProof>,
) -> Result<MarginInstance<F>, MalformedProof> {
    parse_rows(fields, |fields| root(fields, "state_root"), claim)
}

/// The same with what stands for the state root as it is read by `state`.
pub(super) fn parse_rows<'a, F: MarginField>(
    fields: &mut Object<'a>,
    state: impl FnOnce(&mut Object<'a>) -> Result<F, MalformedProof>,
    claim: impl FnOnce(&mut Object<'a>) -> Result<(Claim, Shortfall), MalformedProof>,
) -> Result<MarginInstance<F>, MalformedProof> {
    let context = identifier(fields.text("context")?)
        .ok_or(not_canonical("context", "0x and 62 lowercase hexadecimal digits"))?;
    let epoch = Epoch::new(fields.number("epoch")?);
    let account = identifier(fields.text("account")?)
        .ok_or(not_canonical("account", "0x and 40 lowercase hexadecimal digits"))?;
    let state_root = state(fields)?;
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
pub(super) fn identifier<T: core::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| !text.bytes().any(|byte| byte.is_ascii_uppercase()))
}

/// A root in its one spelling.
pub(super) fn root<F: MarginField>(
    fields: &mut Object<'_>,
    field: &'static str,
) -> Result<F, MalformedProof> {
    parse_hex(fields.text(field)?).and_then(|bytes| F::from_be_bytes(&bytes)).ok_or(not_canonical(
        field,
        "0x and 64 lowercase hexadecimal digits of a number below the field's modulus",
    ))
}

/// The spelling.
pub(super) fn root_text<F: MarginField>(root: &F) -> String {
    alloc::format!("0x{}", hex::encode(root.to_be_bytes()))
}

pub(super) const fn not_canonical(field: &'static str, allowed: &'static str) -> MalformedProof {
    MalformedProof::NotCanonical { field, allowed }
}

const fn unknown_name(field: &'static str, allowed: &'static str) -> MalformedProof {
    MalformedProof::UnknownName { field, allowed }
}
