//! Proof files of haircuts, fair deleveraging: one for a subtree of the state tree.
//!
//! As a margin proof's, but for the format, `"zkmargin-haircut"`; two fields before the
//! instance, `"leaves": 16`, the size of the subtree, and `"subtree": 0`, its number from
//! the left; and the instance, where `subtree_after` and `subtree_root` stand for account
//! and state root, spelled as roots are, `loss` and `equity` for the claim, and `winners`,
//! `winners_equity` and `cuts` for what is disclosed. Amounts are decimals in quote units,
//! as texts.
//!
//! The subtree's number is nobody's word but the file's: whoever verifies a haircut adds
//! up all subtrees, and hashes their roots, each at its place, up to both state roots
//! ([`VerifiedHaircut`](crate::haircut::VerifiedHaircut)).

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zkmargin_margin::STATEMENT_VERSION;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::haircut::Haircut;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::haircut::{HaircutInstance, Ratio, SUBTREE_BITS, Sums, TOTAL_BITS};
use zkmargin_margin::statement::venue::SubtreeDepth;

use super::circuit::{CircuitId, has_srs};
use super::json::Object;
use super::read::{identifier, not_canonical, parse_head, parse_proof, parse_srs, root};
use super::venue::{Subtree, parse_count, parse_subtree};
use super::{MAX_BYTES, VERSION};
use crate::error::MalformedProof;

/// The value of `format`.
pub(super) const FORMAT: &str = "zkmargin-haircut";

/// A proof of a haircut about a subtree, with its public inputs. Well-formed, and not yet
/// verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaircutFile<F> {
    circuit: CircuitId,
    srs: Option<SrsMark>,
    subtree: Subtree,
    instance: HaircutInstance<F>,
    proof: Vec<u8>,
}

impl<F: MarginField> HaircutFile<F> {
    /// A proof of the present statement version; `srs` for the proof systems that have
    /// powers of tau, and for no other.
    ///
    /// # Errors
    /// When the proof system is over another field or has powers of tau that are not
    /// given, or the reverse; when the state tree has no such subtree, or the sums are
    /// none of so many leaves; when the file would be larger than [`MAX_BYTES`].
    pub fn new(
        (circuit, srs): (CircuitId, Option<SrsMark>),
        subtree: Subtree,
        instance: HaircutInstance<F>,
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
        let file = Self { circuit, srs, subtree, instance, proof }.check()?;
        let size = file.to_json().len();
        match size > MAX_BYTES {
            true => Err(MalformedProof::TooLarge { size, limit: MAX_BYTES }),
            false => Ok(file),
        }
    }

    /// The subtree must be one of the tree's, and the sums those of so many leaves.
    fn check(self) -> Result<Self, MalformedProof> {
        let Subtree { depth, index } = self.subtree;
        if index >= depth.subtrees() {
            return Err(not_canonical("subtree", "a number below that of the tree's subtrees"));
        }
        let Sums { equity, cuts, winners } = self.instance.sums;
        if usize::try_from(winners).is_ok_and(|winners| winners > depth.leaves()) {
            return Err(not_canonical("winners", "at most the leaves of the subtree"));
        }
        match cuts > equity {
            true => Err(not_canonical("cuts", "at most the equity of the winners")),
            false => Ok(self),
        }
    }

    /// What the proof was made with.
    pub const fn circuit(&self) -> CircuitId {
        self.circuit
    }

    /// The powers of tau it was made under; `None` in a transparent proof system.
    pub const fn srs(&self) -> Option<SrsMark> {
        self.srs
    }

    /// Which subtree it is said to be about.
    pub const fn subtree(&self) -> Subtree {
        self.subtree
    }

    /// The public inputs.
    pub const fn instance(&self) -> &HaircutInstance<F> {
        &self.instance
    }

    /// The proof's bytes.
    pub fn proof(&self) -> &[u8] {
        &self.proof
    }

    /// Whether the proof is of the circuit and length of a verifying key, and made
    /// under its powers of tau.
    #[cfg(any(feature = "ipa", feature = "kzg"))]
    pub(crate) fn check_key(
        &self,
        (key, verifier): (CircuitId, Option<SrsMark>),
        proof_size: usize,
    ) -> Result<(), crate::error::VerifyError> {
        super::circuit::check_circuit(self.circuit, &self.proof, key, proof_size)?;
        match verifier {
            Some(verifier) if self.srs != Some(verifier) => {
                Err(crate::error::VerifyError::WrongSrs { verifier, proof: self.srs })
            }
            _ => Ok(()),
        }
    }

    /// Reads a proof file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, as of a margin proof's file.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedProof> {
        let (circuit, mut file) = parse_head(bytes, FORMAT)?;
        let srs = parse_srs::<F>(circuit.proof_system, &mut file)?;
        let subtree = parse_subtree(&mut file)?;
        let instance = parse_instance(file.object("instance")?)?;
        let proof = parse_proof(file)?;
        Self { circuit, srs, subtree, instance, proof }.check()
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let Self { circuit, srs, subtree, instance, proof } = self;
        let srs = srs.map_or(String::new(), |srs| alloc::format!("\n  \"srs\": \"{srs}\","));
        let root = |root: &F| alloc::format!("0x{}", hex::encode(root.to_be_bytes()));
        let haircut = instance.ratio.haircut();
        alloc::format!(
            r#"{{
  "format": "{FORMAT}",
  "version": {VERSION},
  "statement": {STATEMENT_VERSION},
  "family": "{family}",
  "shape": "{shape}",
  "proof_system": "{proof_system}",{layout}
  "field": "{field}",{srs}
  "leaves": {leaves},
  "subtree": {index},
  "instance": {{
    "context": "{context}",
    "epoch": {epoch},
    "subtree_after": "{subtree_after}",
    "subtree_root": "{subtree_root}",
    "market_root": "{market_root}",
    "model": "{model}",
    "loss": "{loss}",
    "equity": "{equity}",
    "winners": {winners},
    "winners_equity": "{winners_equity}",
    "cuts": "{cuts}",
    "memo": "{memo}"
  }},
  "proof": "{proof}"
}}
"#,
            family = circuit.family,
            shape = circuit.shape,
            proof_system = circuit.proof_system,
            layout = circuit.layout_line(),
            field = F::NAME,
            leaves = subtree.depth.leaves(),
            index = subtree.index,
            context = instance.context,
            epoch = instance.epoch.get(),
            subtree_after = root(&instance.subtree_after),
            subtree_root = root(&instance.subtree_root),
            market_root = root(&instance.market_root),
            model = instance.model,
            loss = haircut.loss(),
            equity = haircut.equity(),
            winners = instance.sums.winners,
            winners_equity = instance.sums.equity,
            cuts = instance.sums.cuts,
            memo = instance.memo,
            proof = STANDARD.encode(proof),
        )
    }
}

/// Whether a file says that it is a haircut's; any other is read, and refused, as a margin
/// proof's.
pub fn is_haircut(bytes: &[u8]) -> bool {
    parse_head(bytes, FORMAT).is_ok()
}

/// What a haircut's file says it was made with, and the size of its subtree.
///
/// # Errors
/// What is wrong with the file up to there.
pub fn circuit_of(bytes: &[u8]) -> Result<(CircuitId, SubtreeDepth), MalformedProof> {
    let (circuit, mut file) = parse_head(bytes, FORMAT)?;
    Ok((circuit, super::venue::parse_depth(&mut file)?))
}

fn parse_instance<F: MarginField>(
    mut fields: Object<'_>,
) -> Result<HaircutInstance<F>, MalformedProof> {
    let context = identifier(fields.text("context")?)
        .ok_or(not_canonical("context", "0x and 62 lowercase hexadecimal digits"))?;
    let epoch = Epoch::new(fields.number("epoch")?);
    let subtree_after = root(&mut fields, "subtree_after")?;
    let subtree_root = root(&mut fields, "subtree_root")?;
    let market_root = root(&mut fields, "market_root")?;
    let model = identifier(fields.text("model")?)
        .ok_or(not_canonical("model", "0x and 62 lowercase hexadecimal digits"))?;
    let loss = amount(&mut fields, "loss", (TOTAL_BITS, TOTAL_ALLOWED))?;
    let equity = amount(&mut fields, "equity", (TOTAL_BITS, TOTAL_ALLOWED))?;
    let ratio = Haircut::new(loss, equity).and_then(Ratio::new);
    let ratio = ratio.map_err(|_| not_canonical("equity", "at least the loss, and not 0"))?;
    let winners = parse_count(&mut fields, "winners")?;
    let sum = (SUBTREE_BITS, SUM_ALLOWED);
    let equity = amount(&mut fields, "winners_equity", sum)?;
    let sums = Sums { equity, cuts: amount(&mut fields, "cuts", sum)?, winners };
    let memo = identifier(fields.text("memo")?)
        .ok_or(not_canonical("memo", "0x and 62 lowercase hexadecimal digits"))?;
    fields.finish()?;
    Ok(HaircutInstance {
        context,
        epoch,
        subtree_after,
        subtree_root,
        market_root,
        model,
        ratio,
        sums,
        memo,
    })
}

const TOTAL_ALLOWED: &str = "a decimal below 2^104 without leading zeros";
const SUM_ALLOWED: &str = "a decimal below 2^96 without leading zeros";

/// Quote units of so many bits.
fn amount(
    fields: &mut Object<'_>,
    field: &'static str,
    (bits, allowed): (u32, &'static str),
) -> Result<u128, MalformedProof> {
    let text = fields.text(field)?;
    let units: Option<u128> = text.parse().ok();
    let is_one = |units: &u128| units >> bits == 0 && units.to_string() == text;
    units.filter(is_one).ok_or(not_canonical(field, allowed))
}

/// A subtree whose proof of a haircut has been verified: only this crate's verifiers make
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCuts<F>(HaircutFile<F>);

impl<F: MarginField> VerifiedCuts<F> {
    #[cfg(any(feature = "ipa", feature = "kzg"))]
    pub(crate) fn of(file: &HaircutFile<F>) -> Self {
        Self(file.clone())
    }

    /// The file.
    pub const fn file(&self) -> &HaircutFile<F> {
        &self.0
    }
}
