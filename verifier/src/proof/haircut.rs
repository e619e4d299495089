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

use zkmargin_margin::field::MarginField;
use zkmargin_margin::haircut::Haircut;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::haircut::{HaircutInstance, Ratio, SUBTREE_BITS, Sums, TOTAL_BITS};
use zkmargin_margin::statement::venue::SubtreeDepth;

use super::circuit::CircuitId;
use super::envelope::{Envelope, check_size};
use super::json::Object;
use super::read::{identifier, not_canonical, parse_head, root, root_text};
use super::subtree::{self, Subtree, parse_count};
use crate::error::MalformedProof;

/// The value of `format`.
pub(super) const FORMAT: &str = "zkmargin-haircut";

/// A proof of a haircut about a subtree, with its public inputs. Well-formed, and not yet
/// verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HaircutFile<F> {
    envelope: Envelope,
    subtree: Subtree,
    instance: HaircutInstance<F>,
}

impl<F: MarginField> HaircutFile<F> {
    /// A proof of the present statement version; `srs` for the proof systems that have
    /// powers of tau, and for no other.
    ///
    /// # Errors
    /// When the proof system is over another field or has powers of tau that are not
    /// given, or the reverse; when the state tree has no such subtree, or the sums are
    /// none of so many leaves; when the file would be larger than [`MAX_BYTES`](super::MAX_BYTES).
    pub fn new(
        (circuit, srs): (CircuitId, Option<SrsMark>),
        subtree: Subtree,
        instance: HaircutInstance<F>,
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        let envelope = Envelope::new::<F>(circuit, srs, proof)?;
        let file = Self { envelope, subtree, instance }.check()?;
        check_size(&file.to_json())?;
        Ok(file)
    }

    /// The subtree must be one of the tree's, and the sums those of so many leaves.
    fn check(self) -> Result<Self, MalformedProof> {
        self.subtree.check()?;
        let Sums { equity, cuts, winners } = self.instance.sums;
        if usize::try_from(winners).is_ok_and(|winners| winners > self.subtree.depth.leaves()) {
            return Err(not_canonical("winners", "at most the leaves of the subtree"));
        }
        match cuts > equity {
            true => Err(not_canonical("cuts", "at most the equity of the winners")),
            false => Ok(self),
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
    pub const fn instance(&self) -> &HaircutInstance<F> {
        &self.instance
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
        let (envelope, (subtree, instance)) = Envelope::parse::<F, _>(bytes, FORMAT, |file| {
            Ok((Subtree::parse(file)?, parse_instance(file.object("instance")?)?))
        })?;
        Self { envelope, subtree, instance }.check()
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let Self { envelope, subtree, instance } = self;
        let haircut = instance.ratio.haircut();
        let statement = alloc::format!(
            r#"  "leaves": {leaves},
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
  }},"#,
            leaves = subtree.depth.leaves(),
            index = subtree.index,
            context = instance.context,
            epoch = instance.epoch.get(),
            subtree_after = root_text(&instance.subtree_after),
            subtree_root = root_text(&instance.subtree_root),
            market_root = root_text(&instance.market_root),
            model = instance.model,
            loss = haircut.loss(),
            equity = haircut.equity(),
            winners = instance.sums.winners,
            winners_equity = instance.sums.equity,
            cuts = instance.sums.cuts,
            memo = instance.memo,
        );
        envelope.to_json::<F>(FORMAT, &statement)
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
    subtree::circuit_of(bytes, FORMAT)
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
