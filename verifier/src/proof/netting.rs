//! Proof files of what an account holds at several venues, taken together.
//!
//! As a margin proof's, but for the format, `"zkmargin-netting"`, and `venues` in place
//! of the state root:
//!
//! ```json
//! "venues": {
//!   "0": {"context": "0x…", "account": "0x…", "state_root": "0x…"},
//!   "1": {"context": "0x…", "account": "0x…", "state_root": "0x…"}
//! }
//! ```
//!
//! One to four, by ascending context, no context and no state root twice. The public
//! input `VENUES` is not in the file: who reads it computes the digest of the list.

mod data;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use zkmargin_margin::field::MarginField;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::netting::{MAX_VENUES, NettingInstance, VenueAccount, Venues};

pub use self::data::{NettingData, VenueData, VerifiedNetting};
use super::circuit::CircuitId;
use super::envelope::{Envelope, check_size};
use super::json::Object;
use super::read::{
    identifier, not_canonical, parse_claim, parse_head, parse_rows, root, root_text,
};
use crate::error::MalformedProof;

/// The value of `format`.
pub(super) const FORMAT: &str = "zkmargin-netting";

/// Names of the venues.
const KEYS: [&str; MAX_VENUES] = ["0", "1", "2", "3"];

/// A proof over several venues with its public inputs. Well-formed, and not yet
/// verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NettingFile<F> {
    envelope: Envelope,
    /// `VENUES` is the digest of the list.
    instance: NettingInstance<F>,
    venues: Venues<F>,
}

impl<F: MarginField> NettingFile<F> {
    /// A proof of the present statement version; `srs` for the proof systems that
    /// have powers of tau, and for no other.
    ///
    /// # Errors
    /// When the proof system is over another field or has powers of tau that are
    /// not given, or the reverse, the instance is not about these venues, or the file
    /// would be larger than [`MAX_BYTES`](super::MAX_BYTES).
    pub fn new(
        circuit: CircuitId,
        srs: Option<SrsMark>,
        (instance, venues): (NettingInstance<F>, Venues<F>),
        proof: Vec<u8>,
    ) -> Result<Self, MalformedProof> {
        if venues.digest((instance.context, instance.account)) != instance.venues {
            return Err(not_canonical("venues", VENUES_ALLOWED));
        }
        let envelope = Envelope::new::<F>(circuit, srs, proof)?;
        let file = Self { envelope, instance, venues };
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

    /// The public inputs, which the list of venues is part of.
    pub const fn instance(&self) -> &NettingInstance<F> {
        &self.instance
    }

    /// The venues.
    pub const fn venues(&self) -> &Venues<F> {
        &self.venues
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
        let (envelope, (instance, venues)) = Envelope::parse::<F, _>(bytes, FORMAT, read)?;
        Ok(Self { envelope, instance, venues })
    }

    /// The text, indented by two spaces, with a line feed at its end.
    pub fn to_json(&self) -> String {
        let Self { envelope, instance, venues } = self;
        let statement = alloc::format!(
            r#"  "instance": {{
    "context": "{context}",
    "epoch": {epoch},
    "account": "{account}",
    "venues": {{{venues}
    }},
    "market_root": "{market_root}",
    "model": "{model}",
    "claim": "{claim}",
    "disclosed": "{disclosed}",
    "memo": "{memo}"
  }},"#,
            context = instance.context,
            epoch = instance.epoch.get(),
            account = instance.account,
            venues = venues_json(venues),
            market_root = root_text(&instance.market_root),
            model = instance.model,
            claim = instance.claim,
            disclosed = instance.disclosed.get(),
            memo = instance.memo,
        );
        envelope.to_json::<F>(FORMAT, &statement)
    }
}

/// What `venues` must be.
const VENUES_ALLOWED: &str =
    "1 to 4 venues by ascending context, with no context and no state root twice";

fn venues_json<F: MarginField>(venues: &Venues<F>) -> String {
    let mut text = String::new();
    for (key, venue) in KEYS.iter().zip(venues.as_slice()) {
        let comma = if text.is_empty() { "" } else { "," };
        let VenueAccount { context, account, state_root } = venue;
        let root = root_text(state_root);
        // Writing to a text does not fail.
        _ = write!(
            text,
            "{comma}\n      \"{key}\": {{\"context\": \"{context}\", \"account\": \"{account}\", \"state_root\": \"{root}\"}}"
        );
    }
    text
}

/// The public inputs, and the list that one of them is the digest of.
fn parse_instance<F: MarginField>(
    mut fields: Object<'_>,
) -> Result<(NettingInstance<F>, Venues<F>), MalformedProof> {
    let mut venues = None;
    let read = |fields: &mut Object<'_>| {
        venues = Some(parse_venues(fields.object("venues")?)?);
        // Its row is the list's digest, below.
        Ok(F::ZERO)
    };
    let rows = parse_rows(&mut fields, read, parse_claim)?;
    fields.finish()?;
    let venues = venues.ok_or(MalformedProof::MissingField { field: "venues" })?;
    let digest = venues.digest((rows.context, rows.account));
    let instance = NettingInstance { venues: digest, ..NettingInstance::of_margin(rows) };
    Ok((instance, venues))
}

fn parse_venues<F: MarginField>(mut list: Object<'_>) -> Result<Venues<F>, MalformedProof> {
    let mut venues = Vec::with_capacity(MAX_VENUES);
    for key in KEYS {
        if !list.has(key) {
            break;
        }
        let mut fields = list.object(key)?;
        let context = identifier(fields.text("context")?)
            .ok_or(not_canonical("context", "0x and 62 lowercase hexadecimal digits"))?;
        let account = identifier(fields.text("account")?)
            .ok_or(not_canonical("account", "0x and 40 lowercase hexadecimal digits"))?;
        let state_root = root(&mut fields, "state_root")?;
        fields.finish()?;
        venues.push(VenueAccount { context, state_root, account });
    }
    list.finish()?;
    Venues::of_sorted(venues).map_err(|_| not_canonical("venues", VENUES_ALLOWED))
}

/// Whether a file says that it is over several venues.
pub fn is_netting(bytes: &[u8]) -> bool {
    parse_head(bytes, FORMAT).is_ok()
}

/// What such a file says it was made with.
///
/// # Errors
/// What is wrong with the file up to there.
pub fn circuit_of(bytes: &[u8]) -> Result<CircuitId, MalformedProof> {
    parse_head(bytes, FORMAT).map(|(circuit, _)| circuit)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use pasta_curves::Fp;
    use zkmargin_margin::claim::{Claim, Level, Side};
    use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest};
    use zkmargin_margin::instance::Shortfall;
    use zkmargin_margin::shape::{Family, ProofSystem, Shape};

    use super::*;
    use crate::proof::{EscrowFile, ProofFile};

    fn venue(context: u8, root: u64) -> VenueAccount<Fp> {
        let bytes = core::array::from_fn(|i| if i == 1 { context } else { 0 });
        let context = ContextId::from_be_bytes(&bytes).unwrap();
        VenueAccount { context, state_root: Fp::from(root), account: AccountId::new([4; 20]) }
    }

    fn file() -> NettingFile<Fp> {
        let venues = Venues::new(alloc::vec![venue(2, 7), venue(1, 8)]).unwrap();
        let (context, account) = (ContextId::derive("house", 0, [0; 20]), AccountId::new([3; 20]));
        let instance = NettingInstance {
            context,
            epoch: Epoch::new(7),
            account,
            venues: venues.digest((context, account)),
            market_root: Fp::from(5),
            model: ModelDigest::of(b"model"),
            claim: Claim::new(Side::AtLeast, Level::Maintenance).unwrap(),
            disclosed: Shortfall::NONE,
            memo: Memo::NONE,
        };
        let circuit = CircuitId::usual(Family::Standard, Shape::Small, ProofSystem::Ipa);
        NettingFile::new(circuit, None, (instance, venues), alloc::vec![1, 2, 3]).unwrap()
    }

    #[test]
    fn a_file_is_read_as_what_it_is_alone() {
        let text = file().to_json();
        assert_eq!(NettingFile::parse(text.as_bytes()), Ok(file()));
        assert!(is_netting(text.as_bytes()));
        let other = MalformedProof::OtherStatement;
        assert_eq!(ProofFile::<Fp>::parse(text.as_bytes()), Err(other.clone()));
        assert_eq!(EscrowFile::<Fp>::parse(text.as_bytes()), Err(other));
        let renamed = text.replace(FORMAT, "zkmargin-proof");
        assert_eq!(
            ProofFile::<Fp>::parse(renamed.as_bytes()),
            Err(MalformedProof::MissingField { field: "state_root" })
        );
    }

    /// An instance is of the list beside it, and no other goes into a file.
    #[test]
    fn a_file_is_about_its_own_venues() {
        let NettingFile { envelope: Envelope { circuit, srs, proof }, instance, venues } = file();
        let make = |instance, venues| NettingFile::new(circuit, srs, (instance, venues), proof);
        let other = Venues::new(alloc::vec![venue(1, 8)]).unwrap();
        assert_ne!(other, venues);
        let refused = not_canonical("venues", VENUES_ALLOWED);
        assert_eq!(make(instance, other), Err(refused));
    }

    #[test]
    fn lists_have_one_order_and_no_venue_twice() {
        let text = file().to_json();
        let refused = |text: &str| NettingFile::<Fp>::parse(text.as_bytes()).unwrap_err();
        let allowed = not_canonical("venues", VENUES_ALLOWED);
        let swapped = text.replace("\"0\":", "\"x\":").replace("\"1\":", "\"0\":");
        assert_eq!(refused(&swapped.replace("\"x\":", "\"1\":")), allowed);
        let (one, other) = (venue(1, 8).context, venue(2, 7).context);
        assert_eq!(refused(&text.replace(&other.to_string(), &one.to_string())), allowed);
        let roots = [7, 8].map(|root| root_text(&Fp::from(root)));
        assert_eq!(refused(&text.replace(&roots[0], &roots[1])), allowed);
        // A gap, and a fifth.
        let unknown = |name: &str| MalformedProof::UnknownField { name: name.into() };
        assert_eq!(refused(&text.replace("\"1\":", "\"2\":")), unknown("2"));
        assert_eq!(refused(&text.replace("\"1\":", "\"4\":")), unknown("4"));
        let none = text.replace("\"0\":", "\"4\":").replace("\"1\":", "\"5\":");
        assert_eq!(refused(&none), unknown("4"));
    }
}
