//! Proof files of transitions.
//!
//! As a margin proof's, but for the format, `"zkmargin-transition"`, and the
//! instance: `claim` is an aim (`"meets:initial"`), `disclosed` is missing, and
//! `next` and `change` follow, spelled as roots are. Whoever reads margin proofs
//! refuses it: what it says is true of the account *afterwards*.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::transition::{Aim, TransitionInstance};

use super::circuit::CircuitId;
use super::envelope::{Envelope, check_size};
use super::json::Object;
use super::read::{not_canonical, parse_account, parse_head, root, root_text};
use crate::encoding::text;
use crate::error::MalformedProof;
use crate::root::Root;

/// The value of `format`.
pub(super) const FORMAT: &str = "zkmargin-transition";

/// A proof of a transition with its public inputs. Well-formed, and not yet
/// verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionFile<F> {
    envelope: Envelope,
    instance: TransitionInstance<F>,
}

impl<F: MarginField> TransitionFile<F> {
    /// A proof of the present statement version; `srs` for the proof systems that
    /// have powers of tau, and for no other.
    ///
    /// # Errors
    /// When the proof system is over another field or has powers of tau that are
    /// not given, or the reverse, or the file would be larger than [`MAX_BYTES`](super::MAX_BYTES).
    pub fn new(
        circuit: CircuitId,
        srs: Option<SrsMark>,
        instance: TransitionInstance<F>,
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

    /// The powers of tau it was made under; `None` in a transparent proof system.
    pub const fn srs(&self) -> Option<SrsMark> {
        self.envelope.srs
    }

    /// The public inputs.
    pub const fn instance(&self) -> &TransitionInstance<F> {
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
        let read = |file: &mut Object<'_>| parse_instance(file.object("instance")?);
        let (envelope, instance) = Envelope::parse::<F, _>(bytes, FORMAT, read)?;
        Ok(Self { envelope, instance })
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let Self { envelope, instance } = self;
        let account = instance.account();
        let statement = alloc::format!(
            r#"  "instance": {{
    "context": "{context}",
    "epoch": {epoch},
    "account": "{id}",
    "state_root": "{state_root}",
    "market_root": "{market_root}",
    "model": "{model}",
    "claim": "{claim}",
    "memo": "{memo}",
    "next": "{next}",
    "change": "{change}"
  }},"#,
            context = account.context,
            epoch = account.epoch.get(),
            id = account.account,
            state_root = root_text(&account.state_root),
            market_root = root_text(&account.market_root),
            model = account.model,
            claim = instance.claim_text(),
            memo = account.memo,
            next = root_text(&instance.next()),
            change = root_text(&instance.change()),
        );
        envelope.to_json::<F>(FORMAT, &statement)
    }
}

/// Whether a file says that it is a transition's; any other is read, and refused,
/// as a margin proof's.
pub fn is_transition(bytes: &[u8]) -> bool {
    parse_head(bytes, FORMAT).is_ok()
}

/// What a transition's file says it was made with.
///
/// # Errors
/// What is wrong with the file up to there.
pub fn circuit_of(bytes: &[u8]) -> Result<CircuitId, MalformedProof> {
    parse_head(bytes, FORMAT).map(|(circuit, _)| circuit)
}

fn parse_instance<F: MarginField>(
    mut fields: Object<'_>,
) -> Result<TransitionInstance<F>, MalformedProof> {
    let mut aim = None;
    let account = parse_account(&mut fields, |fields| {
        let allowed = "meets:LEVEL, of margin-call, maintenance, initial, with ,multiplier:M and ,leverage:L behind it where they are set; healthier:LEVEL; or cures:LEVEL:LEVEL, with ,multiplier:M";
        let (read, claim) = TransitionInstance::<F>::parse_claim(fields.text("claim")?)
            .map_err(|_| MalformedProof::UnknownName { field: "claim", allowed })?;
        aim = Some(read);
        Ok((claim, Shortfall::NONE))
    })?;
    let (next, change) = (root(&mut fields, "next")?, root(&mut fields, "change")?);
    fields.finish()?;
    let aim = aim.ok_or(MalformedProof::MissingField { field: "claim" })?;
    TransitionInstance::new(account, aim, next, change)
        .map_err(|_| not_canonical("claim", "an aim that says something"))
}

/// The public inputs of a transition as plain data. It says nothing about validity;
/// see [`VerifiedTransition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TransitionData {
    /// The deployment the proof is for.
    pub context: ContextId,
    /// The epoch of both roots.
    pub epoch: Epoch,
    /// The account.
    pub account: AccountId,
    /// Root of the account tree with the portfolio before.
    pub state_root: Root,
    /// Root of the market.
    pub market_root: Root,
    /// The margin model.
    pub model: ModelDigest,
    /// What is achieved.
    #[serde(serialize_with = "text::serialize")]
    pub aim: Aim,
    /// The claim about the account afterwards, with its dials. Of *healthier* it
    /// names the level of the requirement, and nothing says that it is met.
    #[serde(serialize_with = "text::serialize")]
    pub afterwards: Claim,
    /// What the prover bound to the proof.
    pub memo: Memo,
    /// Commitment to the portfolio afterwards.
    pub next: Root,
    /// Digest of the change.
    pub change: Root,
}

impl TransitionData {
    /// The aim, and what is claimed of the account afterwards: nothing but the aim
    /// where it is *healthier*, which can be below every level.
    pub fn words(&self) -> String {
        match self.aim {
            Aim::Healthier(_) => alloc::format!("{}", self.aim),
            Aim::Meets(_) | Aim::Cures { .. } => {
                alloc::format!("{} ({} afterwards)", self.aim, self.afterwards)
            }
        }
    }
}

impl<F: MarginField> From<&TransitionInstance<F>> for TransitionData {
    fn from(instance: &TransitionInstance<F>) -> Self {
        let account = instance.account();
        Self {
            context: account.context,
            epoch: account.epoch,
            account: account.account,
            state_root: Root::from_field(&account.state_root),
            market_root: Root::from_field(&account.market_root),
            model: account.model,
            aim: instance.aim(),
            afterwards: account.claim,
            memo: account.memo,
            next: Root::from_field(&instance.next()),
            change: Root::from_field(&instance.change()),
        }
    }
}

/// Public inputs of a transition whose proof has been verified: only this crate's
/// verifiers make one. The engine takes none: it is about the account afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct VerifiedTransition(TransitionData);

impl VerifiedTransition {
    #[cfg(any(feature = "ipa", feature = "kzg"))]
    pub(crate) fn of<F: MarginField>(file: &TransitionFile<F>) -> Self {
        Self((&file.instance).into())
    }

    /// The public inputs.
    pub const fn data(&self) -> &TransitionData {
        &self.0
    }
}
