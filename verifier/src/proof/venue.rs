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

use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::venue::{Counts, SubtreeDepth, VenueInstance, flagged_chain};

use super::circuit::CircuitId;
use super::envelope::{Envelope, check_size};
use super::json::Object;
use super::read::{identifier, not_canonical, parse_head, root, root_text};
use super::subtree::{self, Subtree, parse_count};
use crate::error::MalformedProof;

/// The value of `format`.
pub(super) const FORMAT: &str = "zkmargin-venue";

/// A proof of a venue about a subtree, with its public inputs and the flagged
/// accounts, which have their chain. Well-formed, and not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueFile<F> {
    envelope: Envelope,
    subtree: Subtree,
    instance: VenueInstance<F>,
    flagged: Vec<AccountId>,
}

impl<F: MarginField> VenueFile<F> {
    /// A proof of the present statement version; `srs` for the proof systems that
    /// have powers of tau, and for no other.
    ///
    /// # Errors
    /// When the proof system is over another field or has powers of tau that are not
    /// given, or the reverse; when the accounts are not the flagged ones or the state
    /// tree has no such subtree; when the file would be larger than [`MAX_BYTES`](super::MAX_BYTES).
    pub fn new(
        (circuit, srs): (CircuitId, Option<SrsMark>),
        subtree: Subtree,
        (instance, flagged): (VenueInstance<F>, Vec<AccountId>),
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        let envelope = Envelope::new::<F>(circuit, srs, proof)?;
        let file = Self { envelope, subtree, instance, flagged }.check()?;
        check_size(&file.to_json())?;
        Ok(file)
    }

    /// The accounts must be the flagged ones, and the subtree one of the tree's.
    fn check(self) -> Result<Self, MalformedProof> {
        self.subtree.check()?;
        let Counts { accounts, flagged } = self.instance.counts;
        let is_count = |count: u32, many: usize| usize::try_from(count).is_ok_and(|c| c == many);
        let fits =
            usize::try_from(accounts).is_ok_and(|accounts| accounts <= self.subtree.depth.leaves());
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
        self.envelope.circuit
    }

    /// The powers of tau it was made under; `None` in a transparent proof system.
    pub const fn srs(&self) -> Option<SrsMark> {
        self.envelope.srs
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
        &self.envelope.proof
    }

    /// Whether the proof is of the circuit and length of a verifying key, and made
    /// under its powers of tau.
    #[cfg(any(feature = "ipa", feature = "kzg"))]
    pub(crate) fn check_key(
        &self,
        key: (CircuitId, Option<SrsMark>),
        proof_size: usize,
    ) -> Result<(), crate::error::VerifyError> {
        self.envelope.check_key(key, proof_size)
    }

    /// Reads a proof file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, as of a margin proof's file.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedProof> {
        let (envelope, (subtree, instance, flagged)) =
            Envelope::parse::<F, _>(bytes, FORMAT, |file| {
                let (subtree, instance) = (Subtree::parse(file)?, file.object("instance")?);
                Ok((subtree, parse_instance(instance)?, parse_flagged(file.text("flagged")?)?))
            })?;
        Self { envelope, subtree, instance, flagged }.check()
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let Self { envelope, subtree, instance, flagged } = self;
        let accounts: Vec<_> = flagged.iter().map(AccountId::to_string).collect();
        let statement = alloc::format!(
            r#"  "leaves": {leaves},
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
  "flagged": "{flagged}","#,
            leaves = subtree.depth.leaves(),
            index = subtree.index,
            context = instance.context,
            epoch = instance.epoch.get(),
            chain = root_text(&instance.flagged),
            subtree_root = root_text(&instance.subtree_root),
            market_root = root_text(&instance.market_root),
            model = instance.model,
            claim = instance.claim,
            count = instance.counts.accounts,
            flagged_count = instance.counts.flagged,
            memo = instance.memo,
            flagged = accounts.join(" "),
        );
        envelope.to_json::<F>(FORMAT, &statement)
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
    subtree::circuit_of(bytes, FORMAT)
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
