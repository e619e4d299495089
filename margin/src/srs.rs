//! Which powers of tau a key or proof is made under.
//!
//! Plain data, so that a verifier without the powers of tau can read it.

use core::fmt;
use core::str::FromStr;

use sha3::{Digest, Keccak256};

/// Which secret powers of tau are of: a hash of `tau` in G2. Powers of tau of
/// different size from one ceremony have the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SrsId([u8; 32]);

impl SrsId {
    /// Of the insecure powers of tau that `zkmargin srs dev` makes for tests,
    /// unless another seed is asked for: whoever sees it, knows the secret.
    pub const DEV: Self = Self([
        0x5e, 0xb2, 0xee, 0xdd, 0x4a, 0x95, 0x18, 0x07, 0x24, 0x96, 0x48, 0xa4, 0x54, 0x53, 0xc0,
        0xc0, 0x79, 0x70, 0xd1, 0xcf, 0xfe, 0xac, 0x5f, 0x82, 0xa3, 0x70, 0xda, 0x1f, 0xb2, 0x56,
        0xc3, 0xd3,
    ]);

    /// The identity of powers of tau: Keccak-256 of a label and `tau` in G2, as
    /// EIP-197 writes it (big-endian coordinates, imaginary parts first).
    pub fn of_tau_g2(tau: &[u8; 128]) -> Self {
        let mut hasher = Keccak256::new();
        hasher.update(b"zkmargin SRS id");
        hasher.update(tau);
        Self(hasher.finalize().into())
    }

    /// The hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// `0x` and 64 hexadecimal digits.
impl fmt::Display for SrsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SrsId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SrsId({self})")
    }
}

/// What keys and proofs carry of the powers of tau they are made under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SrsMark {
    /// Which secret.
    pub id: SrsId,
    /// Whether everybody can compute it: then a proof proves nothing.
    pub insecure: bool,
}

/// Before the id of an insecure one.
const INSECURE: &str = "insecure-dev:";

/// The id, after `insecure-dev:` where everybody can compute the secret.
impl fmt::Display for SrsMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.insecure { INSECURE } else { "" })?;
        self.id.fmt(f)
    }
}

/// A text that is no mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 0x and 64 lowercase hexadecimal digits, after insecure-dev: for an insecure one")]
pub struct ParseSrsMarkError;

impl FromStr for SrsMark {
    type Err = ParseSrsMarkError;

    fn from_str(text: &str) -> Result<Self, ParseSrsMarkError> {
        let (insecure, id) = match text.strip_prefix(INSECURE) {
            Some(id) => (true, id),
            None => (false, text),
        };
        let digits = id.strip_prefix("0x").ok_or(ParseSrsMarkError)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| ParseSrsMarkError)?;
        match digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Err(ParseSrsMarkError),
            false => Ok(Self { id: SrsId(bytes), insecure }),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn marks_have_one_spelling() {
        let id = SrsId::of_tau_g2(&[7; 128]);
        for insecure in [false, true] {
            let mark = SrsMark { id, insecure };
            let text = mark.to_string();
            assert_eq!(text.parse(), Ok(mark));
            assert_eq!(text.starts_with(INSECURE), insecure);
            for other in [text.to_uppercase(), text.replace("0x", "0X"), text.clone() + "0"] {
                assert_eq!(other.parse::<SrsMark>(), Err(ParseSrsMarkError));
            }
        }
        assert_ne!(id, SrsId::of_tau_g2(&[8; 128]));
        assert_eq!(id.to_string(), alloc::format!("0x{}", hex::encode(id.as_bytes())));
        assert_eq!(alloc::format!("{id:?}"), alloc::format!("SrsId({id})"));
    }
}
