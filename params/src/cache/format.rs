//! The layout of a parameter file.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `zkmgnipa` |
//! | 8..12 | format version, little-endian |
//! | 12..16 | `k`, little-endian |
//! | 16..80 | BLAKE2b-512 of the body |
//! | 80.. | the body, as `halo2_proofs` writes it: `k`, generators, `w`, `u` |

use std::io;

use blake2::{Blake2b512, Digest};
use halo2_proofs::arithmetic::CurveExt;
use pasta_curves::arithmetic::CurveAffine;
use pasta_curves::group::{Curve, GroupEncoding};
use pasta_curves::vesta;

use crate::cache::{Damage, IpaParams};

/// Version of the file's layout; also in the file's name.
pub const FORMAT_VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"zkmgnipa";
const HEADER: usize = 80;
/// Bytes of `k` and of a point.
const BODY_K: usize = 4;
const POINT: usize = 32;

/// Length of a file of size `2^k`.
pub(crate) fn file_len(k: u32) -> u64 {
    let points = 2 * (1u64 << k) + 2;
    (HEADER + BODY_K) as u64 + points * POINT as u64
}

/// The bytes of a parameter file, for whoever keeps them elsewhere than in a
/// [`ParamsCache`](super::ParamsCache).
///
/// # Errors
/// Never: nothing is written but to memory.
pub fn encode(params: &IpaParams, k: u32) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    params.write(&mut body)?;
    let mut file = Vec::with_capacity(HEADER + body.len());
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    file.extend_from_slice(&k.to_le_bytes());
    file.extend_from_slice(&Blake2b512::digest(&body));
    file.extend_from_slice(&body);
    Ok(file)
}

/// Reads the bytes of a parameter file of size `2^k`, under the trust that the
/// [module](super) describes.
///
/// # Errors
/// Why they are not used.
pub fn decode(file: &[u8], k: u32) -> Result<IpaParams, Damage> {
    let word = |at: usize| {
        file.get(at..at + 4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_le_bytes)
            .ok_or(Damage::Length)
    };
    if file.get(..8) != Some(MAGIC.as_slice()) {
        return Err(Damage::Magic);
    }
    let version = word(8)?;
    if version != FORMAT_VERSION {
        return Err(Damage::Version(version));
    }
    let stored_k = word(12)?;
    if stored_k != k {
        return Err(Damage::Size(stored_k));
    }
    if u64::try_from(file.len()) != Ok(file_len(k)) {
        return Err(Damage::Length);
    }
    let (header, body) = file.split_at(HEADER);
    if header[16..] != Blake2b512::digest(body)[..] {
        return Err(Damage::Checksum);
    }
    if word(HEADER)? != k {
        return Err(Damage::Size(word(HEADER)?));
    }
    check_generators(body, k)?;
    IpaParams::read(&mut &body[..]).map_err(|_| Damage::Encoding)
}

/// Compares the first, middle and last generators, `w` and `u` with the hash to
/// the curve they come from.
fn check_generators(body: &[u8], k: u32) -> Result<(), Damage> {
    let hasher = <vesta::Affine as CurveAffine>::CurveExt::hash_to_curve("Halo2-Parameters");
    let matches = |index: usize, message: &[u8]| {
        let start = BODY_K + index * POINT;
        let expected = hasher(message).to_affine().to_bytes();
        body.get(start..start + POINT) == Some(expected.as_ref())
    };
    let size = 1u32 << k;
    let generator = |index: u32| {
        let mut message = [0; 5];
        message[1..].copy_from_slice(&index.to_le_bytes());
        usize::try_from(index).is_ok_and(|at| matches(at, &message))
    };
    let last = 2 * usize::try_from(size).map_err(|_| Damage::Size(k))?;
    let expected = [0, size / 2, size - 1].into_iter().all(generator)
        && matches(last, &[1])
        && matches(last + 1, &[2]);
    if expected { Ok(()) } else { Err(Damage::Generators) }
}
