//! Proof files of venues: one for a subtree of the state tree.
//!
//! As a margin proof's, but for the format, `"zkmargin-venue"`; two fields before the
//! instance, `"leaves": 16`, the size of the subtree, and `"subtree": 0`, its number
//! from the left; the instance, where `flagged` and `subtree_root` stand for account
//! and state root, spelled as roots are, and `accounts` and `flagged_accounts` for
//! what is disclosed; and one field behind it: `"flagged"`, the flagged accounts in
//! the order of leaves, with a space between two. They must have the chain whose end
//! is in the instance: other accounts are refused when the file is read.
//!
//! The subtree's number is nobody's word but the file's: whoever verifies a venue
//! hashes the roots of all subtrees, each at its place, up to the state root
//! ([`Coverage`](crate::coverage::Coverage)).

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zkmargin_margin::STATEMENT_VERSION;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::venue::{Counts, SubtreeDepth, VenueInstance, flagged_chain};

use super::circuit::{CircuitId, has_srs};
use super::json::Object;
use super::read::{identifier, not_canonical, parse_head, parse_proof, parse_srs, root};
use super::{MAX_BYTES, VERSION};
use crate::error::MalformedProof;

/// The value of `format`.
pub(super) const FORMAT: &str = "zkmargin-venue";

/// Which subtree of a state tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtree {
    /// Levels of it.
    pub depth: SubtreeDepth,
    /// Its number among those of the depth, from the left.
    pub index: usize,
}

/// A proof of a venue about a subtree, with its public inputs and the flagged
/// accounts, which have their chain. Well-formed, and not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueFile<F> {
    circuit: CircuitId,
    srs: Option<SrsMark>,
    subtree: Subtree,
    instance: VenueInstance<F>,
    flagged: Vec<AccountId>,
    proof: Vec<u8>,
}

impl<F: MarginField> VenueFile<F> {
    /// A proof of the present statement version; `srs` for the proof systems that
    /// have powers of tau, and for no other.
    ///
    /// # Errors
    /// When the proof system is over another field or has powers of tau that are not
    /// given, or the reverse; when the accounts are not the flagged ones or the state
    /// tree has no such subtree; when the file would be larger than [`MAX_BYTES`].
    pub fn new(
        (circuit, srs): (CircuitId, Option<SrsMark>),
        subtree: Subtree,
        (instance, flagged): (VenueInstance<F>, Vec<AccountId>),
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
        let file = Self { circuit, srs, subtree, instance, flagged, proof }.check()?;
        let size = file.to_json().len();
        match size > MAX_BYTES {
            true => Err(MalformedProof::TooLarge { size, limit: MAX_BYTES }),
            false => Ok(file),
        }
    }

    /// The accounts must be the flagged ones, and the subtree one of the tree's.
    fn check(self) -> Result<Self, MalformedProof> {
        let Subtree { depth, index } = self.subtree;
        if index >= depth.subtrees() {
            return Err(not_canonical("subtree", "a number below that of the tree's subtrees"));
        }
        let Counts { accounts, flagged } = self.instance.counts;
        let is_count = |count: u32, many: usize| usize::try_from(count).is_ok_and(|c| c == many);
        let fits = usize::try_from(accounts).is_ok_and(|accounts| accounts <= depth.leaves());
        if !fits {
            return Err(not_canonical("accounts", "at most the leaves of the subtree"));
        }
        let is_chain = flagged_chain::<F>(&self.flagged) == self.instance.flagged;
        match is_chain && is_count(flagged, self.flagged.len()) {
            true => Ok(self),
            false => Err(not_canonical("flagged", FLAGGED_ALLOWED)),
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
    pub const fn instance(&self) -> &VenueInstance<F> {
        &self.instance
    }

    /// The flagged accounts, in the order of leaves.
    pub fn flagged(&self) -> &[AccountId] {
        &self.flagged
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
        let flagged = parse_flagged(file.text("flagged")?)?;
        let proof = parse_proof(file)?;
        Self { circuit, srs, subtree, instance, flagged, proof }.check()
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let Self { circuit, srs, subtree, instance, flagged, proof } = self;
        let srs = srs.map_or(String::new(), |srs| alloc::format!("\n  \"srs\": \"{srs}\","));
        let root = |root: &F| alloc::format!("0x{}", hex::encode(root.to_be_bytes()));
        let accounts: Vec<_> = flagged.iter().map(AccountId::to_string).collect();
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
    "flagged": "{chain}",
    "subtree_root": "{subtree_root}",
    "market_root": "{market_root}",
    "model": "{model}",
    "claim": "{claim}",
    "accounts": {count},
    "flagged_accounts": {flagged_count},
    "memo": "{memo}"
  }},
  "flagged": "{flagged}",
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
            chain = root(&instance.flagged),
            subtree_root = root(&instance.subtree_root),
            market_root = root(&instance.market_root),
            model = instance.model,
            claim = instance.claim,
            count = instance.counts.accounts,
            flagged_count = instance.counts.flagged,
            memo = instance.memo,
            flagged = accounts.join(" "),
            proof = STANDARD.encode(proof),
        )
    }
}

/// What `flagged` must be.
const FLAGGED_ALLOWED: &str = "the accounts of the chain in the order of leaves, as proof files spell accounts, with a space between two";

/// Whether a file says that it is a venue's; any other is read, and refused, as a
/// margin proof's.
pub fn is_venue(bytes: &[u8]) -> bool {
    parse_head(bytes, FORMAT).is_ok()
}

/// What a venue's file says it was made with, and the size of its subtree.
///
/// # Errors
/// What is wrong with the file up to there.
pub fn circuit_of(bytes: &[u8]) -> Result<(CircuitId, SubtreeDepth), MalformedProof> {
    let (circuit, mut file) = parse_head(bytes, FORMAT)?;
    Ok((circuit, parse_depth(&mut file)?))
}

/// Which subtree a file says that it is about.
pub(super) fn parse_subtree(file: &mut Object<'_>) -> Result<Subtree, MalformedProof> {
    let depth = parse_depth(file)?;
    let index = usize::try_from(file.number("subtree")?);
    let index = index.map_err(|_| not_canonical("subtree", "a number of a subtree"))?;
    Ok(Subtree { depth, index })
}

pub(super) fn parse_depth(file: &mut Object<'_>) -> Result<SubtreeDepth, MalformedProof> {
    let leaves = file.number("leaves")?;
    leaves.to_string().parse().map_err(|_| not_canonical("leaves", "4, 16, 64 or 256"))
}

fn parse_instance<F: MarginField>(
    mut fields: Object<'_>,
) -> Result<VenueInstance<F>, MalformedProof> {
    let context = identifier(fields.text("context")?)
        .ok_or(not_canonical("context", "0x and 62 lowercase hexadecimal digits"))?;
    let epoch = Epoch::new(fields.number("epoch")?);
    let flagged = root(&mut fields, "flagged")?;
    let subtree_root = root(&mut fields, "subtree_root")?;
    let market_root = root(&mut fields, "market_root")?;
    let model = identifier(fields.text("model")?)
        .ok_or(not_canonical("model", "0x and 62 lowercase hexadecimal digits"))?;
    let claim: Option<Claim> = fields.text("claim")?.parse().ok();
    let allowed = "at-least:LEVEL, of margin-call, maintenance, initial, with ,multiplier:M behind it where that is set";
    let claim = claim.and_then(|claim| VenueInstance::<F>::check_claim(claim).ok());
    let claim = claim.ok_or(MalformedProof::UnknownName { field: "claim", allowed })?;
    let accounts = parse_count(&mut fields, "accounts")?;
    let counts = Counts { accounts, flagged: parse_count(&mut fields, "flagged_accounts")? };
    let counts = Counts::from_code(counts.code())
        .ok_or(not_canonical("flagged_accounts", "at most the accounts"))?;
    let memo = identifier(fields.text("memo")?)
        .ok_or(not_canonical("memo", "0x and 62 lowercase hexadecimal digits"))?;
    fields.finish()?;
    Ok(VenueInstance {
        context,
        epoch,
        flagged,
        subtree_root,
        market_root,
        model,
        claim,
        counts,
        memo,
    })
}

pub(super) fn parse_count(
    fields: &mut Object<'_>,
    field: &'static str,
) -> Result<u32, MalformedProof> {
    u32::try_from(fields.number(field)?).map_err(|_| not_canonical(field, "a number below 2^32"))
}

/// The accounts, each in its one spelling.
fn parse_flagged(text: &str) -> Result<Vec<AccountId>, MalformedProof> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let accounts: Option<Vec<_>> = text.split(' ').map(identifier).collect();
    accounts.ok_or(not_canonical("flagged", FLAGGED_ALLOWED))
}

/// A subtree whose proof has been verified: only this crate's verifiers make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSubtree<F>(VenueFile<F>);

impl<F: MarginField> VerifiedSubtree<F> {
    #[cfg(any(feature = "ipa", feature = "kzg"))]
    pub(crate) fn of(file: &VenueFile<F>) -> Self {
        Self(file.clone())
    }

    /// The file.
    pub const fn file(&self) -> &VenueFile<F> {
        &self.0
    }
}
