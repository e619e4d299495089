//! Where an SRS came from.

use halo2_axiom::halo2curves::bn256::G2Affine;
use halo2_axiom::halo2curves::ff::PrimeField as _;
use serde::{Deserialize, Serialize};
use zkmargin_margin::srs::{SrsId, SrsMark};

use crate::srs::{CeremonyFile, known_ceremony};

/// Longest file name that is kept.
const MAX_NAME: usize = 200;

/// How far an SRS can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SrsKind {
    /// From a file whose digest a public ceremony publishes.
    Ceremony,
    /// From another file: as good as whoever made it.
    Imported,
    /// Of a secret that everybody can compute.
    InsecureDev,
}

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SrsFormat {
    /// snarkjs' powers of tau.
    Ptau,
    /// A bare halo2 SRS.
    Halo2,
}

/// What an SRS was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum SrsSource {
    /// A file.
    File {
        /// Its name, without the directory.
        name: String,
        /// BLAKE2b-512 of the whole file, as ceremonies publish it.
        #[serde(with = "hex_digest")]
        digest: [u8; 64],
        /// Its format.
        format: SrsFormat,
        /// It holds powers to two to this.
        power: u32,
    },
    /// A seed.
    Seed {
        /// The seed.
        seed: u64,
    },
}

/// Where an SRS came from: `srs info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrsInfo {
    k: u32,
    kind: SrsKind,
    source: SrsSource,
    id: SrsId,
}

impl SrsInfo {
    pub(crate) fn new(k: u32, kind: SrsKind, source: SrsSource, tau_g2: &G2Affine) -> Self {
        Self { k, kind, source, id: srs_id(tau_g2) }
    }

    pub(crate) fn with_k(self, k: u32) -> Self {
        Self { k, ..self }
    }

    /// The size is two to this.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// How far it can be trusted.
    pub fn kind(&self) -> SrsKind {
        self.kind
    }

    /// Whether everybody can compute the secret.
    pub fn is_insecure(&self) -> bool {
        self.kind == SrsKind::InsecureDev
    }

    /// What it was made of.
    pub fn source(&self) -> &SrsSource {
        &self.source
    }

    /// The ceremony's file, when it is a known one.
    pub fn ceremony(&self) -> Option<&'static CeremonyFile> {
        match &self.source {
            SrsSource::File { digest, .. } => known_ceremony(digest),
            SrsSource::Seed { .. } => None,
        }
    }

    /// Which secret it is of.
    pub fn id(&self) -> SrsId {
        self.id
    }

    /// What keys and proofs made under it carry.
    pub fn mark(&self) -> SrsMark {
        SrsMark { id: self.id, insecure: self.is_insecure() }
    }
}

/// The id of `tau` in G2.
fn srs_id(tau: &G2Affine) -> SrsId {
    let mut bytes = [0; 128];
    let parts = [tau.x.c1, tau.x.c0, tau.y.c1, tau.y.c0];
    for (chunk, part) in bytes.chunks_exact_mut(32).zip(&parts) {
        chunk.copy_from_slice(&part.to_repr());
        chunk.reverse();
    }
    SrsId::of_tau_g2(&bytes)
}

/// A file's name as it is kept: no directories, no control characters, not
/// too long.
pub(crate) fn clean_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = name.chars().filter(|symbol| !symbol.is_control());
    let mut kept = String::new();
    for symbol in clean {
        if kept.len() + symbol.len_utf8() > MAX_NAME {
            break;
        }
        kept.push(symbol);
    }
    kept
}

/// A digest as hexadecimal text.
mod hex_digest {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        digest: &[u8; 64],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(digest))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 64], D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut digest = [0; 64];
        hex::decode_to_slice(text, &mut digest).map_err(de::Error::custom)?;
        Ok(digest)
    }
}
