//! The layout of a stored SRS.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `zkmgnkzg` |
//! | 8..12 | format version, little-endian |
//! | 12..16 | `k`, little-endian |
//! | 16..80 | BLAKE2b-512 of what follows |
//! | 80..84 | length of the origin |
//! | then | the origin, in JSON |
//! | then | `k`, powers, Lagrange basis, generator and `tau` in G2, as halo2 writes them |

use std::io::{self, Read, Write};

use blake2::{Blake2b512, Digest};
use halo2_axiom::poly::commitment::Params as _;
use serde::{Deserialize, Serialize};

use crate::srs::source::Source;
use crate::srs::store::SrsDamage;
use crate::srs::{Element, Malformed, Srs, SrsError, SrsInfo, SrsKind, SrsSource, check, params};

/// Version of the file's layout; also in the file's name.
pub const FORMAT_VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"zkmgnkzg";
/// Longest origin.
const MAX_ORIGIN: u32 = 4096;

/// Where an SRS came from, as it is stored. Size and id are the points'.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Origin {
    kind: SrsKind,
    source: SrsSource,
}

/// Hands everything on, and hashes it.
struct Hashing<W> {
    inner: W,
    hasher: Blake2b512,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes a file; gives the digest, for which 64 bytes are left open at
/// [`DIGEST_AT`].
pub(crate) fn write(srs: &Srs, mut writer: impl Write) -> io::Result<[u8; 64]> {
    writer.write_all(MAGIC)?;
    writer.write_all(&FORMAT_VERSION.to_le_bytes())?;
    writer.write_all(&srs.k().to_le_bytes())?;
    writer.write_all(&[0; 64])?;
    let info = srs.info();
    let origin = serde_json::to_vec(&Origin { kind: info.kind(), source: info.source().clone() })?;
    let length = u32::try_from(origin.len()).ok().filter(|length| *length <= MAX_ORIGIN);
    let length = length.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut hashing = Hashing { inner: writer, hasher: Blake2b512::new() };
    hashing.write_all(&length.to_le_bytes())?;
    hashing.write_all(&origin)?;
    srs.raw().write(&mut hashing)?;
    hashing.flush()?;
    Ok(hashing.hasher.finalize().into())
}

/// Whether bytes begin as a file of the store does.
pub(crate) fn is_stored(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Where the digest stands.
pub(crate) const DIGEST_AT: u64 = 16;

/// Reads a file of size `2^k`; the inner error says why it is not usable.
///
/// The points are decoded (reduced, on the curve, not the identity), the
/// generators and `tau` compared in both groups; the other powers are what the
/// checksum says was imported.
pub(crate) fn read(reader: impl Read, k: u32) -> io::Result<Result<Srs, SrsDamage>> {
    match read_inner(reader, k) {
        Ok(srs) => Ok(Ok(srs)),
        Err(Failure::Damage(damage)) => Ok(Err(damage)),
        Err(Failure::Io(error)) => Err(error),
    }
}

enum Failure {
    Damage(SrsDamage),
    Io(io::Error),
}

impl From<SrsDamage> for Failure {
    fn from(damage: SrsDamage) -> Self {
        Self::Damage(damage)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<SrsError> for Failure {
    fn from(error: SrsError) -> Self {
        match error {
            SrsError::Io(error) => Self::Io(error),
            SrsError::Malformed(Malformed::Truncated { .. } | Malformed::Trailing { .. }) => {
                Self::Damage(SrsDamage::Length)
            }
            _ => Self::Damage(SrsDamage::Points),
        }
    }
}

fn read_inner(reader: impl Read, k: u32) -> Result<Srs, Failure> {
    let mut source = Source::new(reader);
    if source.array()? != *MAGIC {
        return Err(SrsDamage::Magic.into());
    }
    let version = source.u32()?;
    if version != FORMAT_VERSION {
        return Err(SrsDamage::Version(version).into());
    }
    let stored_k = source.u32()?;
    if stored_k != k {
        return Err(SrsDamage::Size(stored_k).into());
    }
    let digest = source.array::<64>()?;
    source.restart_digest();
    let length = source.u32()?;
    if length > MAX_ORIGIN {
        return Err(SrsDamage::Metadata.into());
    }
    let mut origin = vec![0; usize::try_from(length).map_err(|_| SrsDamage::Metadata)?];
    source.fill(&mut origin)?;
    let body_k = source.u32()?;
    if body_k != k {
        return Err(SrsDamage::Size(body_k).into());
    }
    let g = source.g1(1 << k, Element::G1)?;
    let g_lagrange = source.g1(1 << k, Element::Lagrange)?;
    let g2 = source.g2_pair()?;
    source.end()?;
    if source.digest() != digest {
        return Err(SrsDamage::Checksum.into());
    }
    let origin: Origin = serde_json::from_slice(&origin).map_err(|_| SrsDamage::Metadata)?;
    check::generators(&g, &g2[0]).map_err(|_| SrsDamage::NotAnSrs)?;
    match g.get(..2) {
        Some([one, tau]) if check::same_ratio(tau, one, &g2[1]) => {}
        _ => return Err(SrsDamage::NotAnSrs.into()),
    }
    let info = SrsInfo::new(k, origin.kind, origin.source, &g2[1]);
    // What the kind says has to follow from where it came from.
    let plausible = match info.kind() {
        SrsKind::Ceremony => info.ceremony().is_some(),
        SrsKind::Imported => info.ceremony().is_none(),
        SrsKind::InsecureDev => true,
    };
    let from_seed = matches!(info.source(), SrsSource::Seed { .. });
    if !plausible || (from_seed && !info.is_insecure()) {
        return Err(SrsDamage::Metadata.into());
    }
    Ok(Srs::new(params(k, g, g_lagrange, g2)?, info))
}
