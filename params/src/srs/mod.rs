//! The SRS: parameters of the proof system that contracts verify.
//!
//! KZG over BN254 needs the powers of a secret `tau` that nobody knows: "powers
//! of tau", made in a ceremony of which one honest participant is enough.
//! Whoever knows `tau` can prove anything. There are three ways to an SRS:
//!
//! | from | by | kind |
//! |---|---|---|
//! | a public ceremony's `.ptau` file, or any other | [`import`], [`import_file`] | [`SrsKind::Ceremony`], [`SrsKind::Imported`] |
//! | a bare halo2 SRS | the same | [`SrsKind::Imported`] |
//! | a seed, for tests | [`dev`] | [`SrsKind::InsecureDev`] |
//!
//! An [`SrsStore`] keeps them on disk.
//!
//! # Trust
//! An import checks everything that can be checked (the table in the source of
//! `srs::check`): the elements are the powers of *one* secret. Nothing can show
//! that nobody *knows* the secret; that is the ceremony's transcript, which
//! snarkjs verifies (`powersoftau verify`), and the file's digest, which
//! [`known_ceremony`] compares with the published ones.
//!
//! An SRS carries its kind; [`Srs::params`] refuses an insecure one unless the
//! caller allows it in so many words. [`Srs::mark`] goes into the keys and
//! proofs made under it.

mod check;
mod dev;
mod error;
mod halo2;
mod info;
mod known;
mod lagrange;
mod ptau;
mod source;
pub mod store;

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use halo2_axiom::SerdeFormat;
use halo2_axiom::halo2curves::bn256::{Bn256, G1Affine, G2Affine};
use halo2_axiom::poly::commitment::{Params as _, ParamsProver as _};
use halo2_axiom::poly::kzg::commitment::ParamsKZG;

pub use dev::dev;
pub use error::{Element, Invalid, Malformed, Section, SrsError};
pub use info::{SrsFormat, SrsInfo, SrsKind, SrsSource};
pub use known::{CeremonyFile, known_ceremonies, known_ceremony};
pub use store::SrsStore;
pub use zkmargin_margin::srs::{SrsId, SrsMark};

use source::Source;

/// The parameters as the proof system takes them, of prover and verifier.
pub type KzgParams = ParamsKZG<Bn256>;

/// Smallest supported size, as a power of two.
pub const MIN_K: u32 = 1;
/// Largest supported size, as a power of two.
pub const MAX_K: u32 = 24;

/// Whether an SRS will do whose secret is known to everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevSrs {
    /// No.
    #[default]
    Refuse,
    /// Yes: for tests.
    AllowInsecure,
}

/// A checked SRS, and where it came from.
#[derive(Clone)]
pub struct Srs {
    params: KzgParams,
    info: SrsInfo,
}

impl Srs {
    pub(crate) fn new(params: KzgParams, info: SrsInfo) -> Self {
        Self { params, info }
    }

    /// The parameters.
    ///
    /// # Errors
    /// When the SRS is [`SrsKind::InsecureDev`] and those are refused.
    pub fn params(&self, dev: DevSrs) -> Result<&KzgParams, SrsError> {
        match (self.info.kind(), dev) {
            (SrsKind::InsecureDev, DevSrs::Refuse) => Err(SrsError::InsecureDev),
            _ => Ok(&self.params),
        }
    }

    /// The size is two to this.
    pub fn k(&self) -> u32 {
        self.info.k()
    }

    /// Where it came from.
    pub fn info(&self) -> &SrsInfo {
        &self.info
    }

    /// What keys and proofs made under it carry.
    pub fn mark(&self) -> SrsMark {
        self.info.mark()
    }

    /// The SRS of a smaller size, of the same secret and origin. The Lagrange
    /// basis is computed again.
    ///
    /// # Errors
    /// When the size is not supported, or larger.
    pub fn truncated(&self, k: u32) -> Result<Self, SrsError> {
        check_k(k)?;
        if k > self.k() {
            return Err(SrsError::TooFewPowers { k, power: self.k() });
        }
        if k == self.k() {
            return Ok(self.clone());
        }
        let g: Vec<_> = self.params.get_g().iter().take(1 << k).copied().collect();
        let g_lagrange = lagrange::basis(&g, k);
        check::secret_is_not_a_root(&g_lagrange)?;
        let params = params(k, g, g_lagrange, [self.params.g2(), self.params.s_g2()])?;
        Ok(Self { params, info: self.info.clone().with_k(k) })
    }

    /// Checks again everything that an import checks, Lagrange basis included.
    ///
    /// # Errors
    /// When the elements are not an SRS.
    pub fn verify(&self) -> Result<(), SrsError> {
        self.checked_again().map(|_| ())
    }

    /// The same elements, as an import takes them.
    fn checked_again(&self) -> Result<Self, SrsError> {
        let mut bytes = Vec::new();
        self.params.write(&mut bytes)?;
        import(bytes.as_slice(), self.k(), "")
    }

    pub(crate) fn raw(&self) -> &KzgParams {
        &self.params
    }
}

impl fmt::Debug for Srs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Srs").field("info", &self.info).finish_non_exhaustive()
    }
}

/// Imports an SRS of size `2^k` from a file: [`import`].
///
/// # Errors
/// As [`import`].
pub fn import_file(path: impl AsRef<Path>, k: u32) -> Result<Srs, SrsError> {
    let path = path.as_ref();
    check_k(k)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    import(BufReader::new(File::open(path)?), k, &name)
}

/// Imports an SRS of size `2^k` from a `.ptau` file or a bare halo2 SRS.
///
/// Checks every element that is used: reduced coordinates, on the curve, in the
/// group of prime order, not the identity; the standard generators; that all
/// are the powers of one secret, which is neither small nor a root of unity.
/// The rest of the file is read for its digest and structure only: memory is
/// that of `2^k` elements, whatever the file claims.
///
/// A `.ptau` file prepared for phase 2, as the ceremonies publish them, and a
/// bare SRS of the very size hold the Lagrange basis, which is checked, too.
/// From others it is computed, which takes a minute or more for `k = 15`.
///
/// `name` is the file's, for the record.
///
/// # Errors
/// When `k` is not supported or the file does not go so far, cannot be read,
/// is malformed, or holds something that is not an SRS.
pub fn import(reader: impl Read, k: u32, name: &str) -> Result<Srs, SrsError> {
    check_k(k)?;
    let mut source = Source::new(reader);
    let first = source.array::<4>()?;
    let (format, power, g, g_lagrange, g2) = if first == ptau::MAGIC {
        let file = ptau::read(&mut source, k)?;
        (SrsFormat::Ptau, file.power, file.g, file.g_lagrange, file.g2)
    } else {
        let file = halo2::read(&mut source, first, k)?;
        (SrsFormat::Halo2, file.power, file.g, file.g_lagrange, file.g2)
    };
    let digest = source.digest();
    check::generators(&g, &g2[0])?;
    let tau_g1 = g.get(1).ok_or(SrsError::UnsupportedSize { k })?;
    check::secret_is_not_small(tau_g1)?;
    check::powers(&g, &g2[1], &digest)?;
    if let Some(g_lagrange) = &g_lagrange {
        check::lagrange(&g, g_lagrange, k, &digest)?;
    }
    let kind = if dev::is_known(tau_g1) {
        SrsKind::InsecureDev
    } else if known_ceremony(&digest).is_some() {
        SrsKind::Ceremony
    } else {
        SrsKind::Imported
    };
    let g_lagrange = g_lagrange.unwrap_or_else(|| lagrange::basis(&g, k));
    check::secret_is_not_a_root(&g_lagrange)?;
    let params = params(k, g, g_lagrange, g2)?;
    let source = SrsSource::File { name: info::clean_name(name), digest, format, power };
    Ok(Srs::new(params, SrsInfo::new(k, kind, source, &g2[1])))
}

/// Takes an SRS of size `2^k` out of bytes that came from anywhere: a `.ptau` file, a
/// bare halo2 SRS, or a file of an [`SrsStore`] of that very size. The digest of a
/// stored file is checked, and it is trusted no more than the others: everything that
/// [`import`] checks is checked again.
///
/// # Errors
/// As [`import`]; [`SrsError::Stored`] when a stored file is damaged or of another size.
pub fn from_bytes(bytes: &[u8], k: u32, name: &str) -> Result<Srs, SrsError> {
    check_k(k)?;
    if !store::is_stored(bytes) {
        return import(bytes, k, name);
    }
    let srs = store::decode(bytes, k)??;
    // Its own word that it is secure counts for nothing.
    match srs.checked_again()?.info().is_insecure() && !srs.info().is_insecure() {
        true => Err(store::SrsDamage::Kind.into()),
        false => Ok(srs),
    }
}

pub(crate) fn check_k(k: u32) -> Result<(), SrsError> {
    match (MIN_K..=MAX_K).contains(&k) {
        true => Ok(()),
        false => Err(SrsError::UnsupportedSize { k }),
    }
}

/// The proof system's parameters of checked elements.
pub(crate) fn params(
    k: u32,
    g: Vec<G1Affine>,
    g_lagrange: Vec<G1Affine>,
    [g2, s_g2]: [G2Affine; 2],
) -> io::Result<KzgParams> {
    // The constructor is a method of an existing value: the empty one will do.
    let none = [0; 4 + 2 * check::G1_BYTES + 2 * check::G2_BYTES];
    let empty = KzgParams::read_custom(&mut none.as_slice(), SerdeFormat::RawBytesUnchecked)?;
    Ok(empty.from_parts(k, g, Some(g_lagrange), g2, s_g2))
}

#[cfg(test)]
mod tests;
