//! Why an SRS is not accepted.

use std::fmt;
use std::io;

use crate::srs::store::SrsDamage;
use crate::srs::{MAX_K, MIN_K};

/// Why an SRS cannot be imported, made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SrsError {
    /// The file cannot be read.
    #[error("cannot read the file: {0}")]
    Io(#[from] io::Error),
    /// A size that is not supported.
    #[error("an SRS of size 2^{k} is not supported: allowed are 2^{MIN_K} to 2^{MAX_K}")]
    UnsupportedSize {
        /// The power of two asked for.
        k: u32,
    },
    /// The file is of a smaller size than asked for.
    #[error("size 2^{k} is needed, but the file goes to 2^{power} only: take a larger file")]
    TooFewPowers {
        /// The power of two asked for.
        k: u32,
        /// The file's.
        power: u32,
    },
    /// Not the format.
    #[error("the file is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// The format, but not an SRS.
    #[error("the file holds no valid SRS: {0}")]
    Invalid(#[from] Invalid),
    /// A file of a store is damaged, of another size, or not what it says.
    #[error("the stored SRS is not used: {0}")]
    Stored(#[from] SrsDamage),
    /// An SRS whose secret is known to everybody is refused.
    #[error(
        "this SRS is an insecure one for tests: whoever knows its seed can prove anything under \
         it; import one from a ceremony, or allow it for a test"
    )]
    InsecureDev,
}

/// How a file departs from its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Neither of the formats.
    #[error("it is neither a powers-of-tau file (.ptau) nor a bare halo2 SRS")]
    Magic,
    /// Another version of the format.
    #[error("it has format version {0}, supported is version 1")]
    Version(u32),
    /// It claims more sections than the format has.
    #[error("it claims to have {0} sections")]
    SectionCount(u32),
    /// The header is not the first section.
    #[error("it begins with section {0}, not with its header")]
    HeaderNotFirst(u32),
    /// A section is there twice.
    #[error("it has {0} twice")]
    Duplicate(Section),
    /// A section is not there.
    #[error("it has no {0}")]
    Missing(Section),
    /// A section does not have the length that follows from the header.
    #[error("{section} has {found} bytes, expected are {expected}")]
    SectionLength {
        /// The section.
        section: Section,
        /// What it should have.
        expected: u64,
        /// What it claims.
        found: u64,
    },
    /// The coordinates are of another width than BN254's.
    #[error("its field elements have {0} bytes: it is not for the curve BN254")]
    FieldWidth(u32),
    /// The prime is another than BN254's.
    #[error("its prime is not that of the curve BN254")]
    Curve,
    /// A power that no file has, or a larger one than its ceremony's.
    #[error("it claims to go to 2^{power}, of a ceremony to 2^{ceremony}")]
    Power {
        /// The file's power.
        power: u32,
        /// The ceremony's.
        ceremony: u32,
    },
    /// It ends too early.
    #[error("it ends within the {wanted} bytes from byte {at}")]
    Truncated {
        /// Where the part starts that is cut.
        at: u64,
        /// The part's length.
        wanted: u64,
    },
    /// It goes on after its end.
    #[error("it goes on after its end, at byte {at}")]
    Trailing {
        /// Where it should end.
        at: u64,
    },
    /// A coordinate is not less than the prime.
    #[error("a coordinate of {0} is not reduced")]
    NotCanonical(Element),
}

/// Why well-formed elements are not an SRS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// A point that is not on the curve.
    #[error("{0} is not on the curve")]
    NotOnCurve(Element),
    /// A point of the curve outside the group.
    #[error("{0} is not in the group of prime order")]
    NotInSubgroup(Element),
    /// The identity.
    #[error("{0} is the identity")]
    Identity(Element),
    /// The first element is not the standard generator.
    #[error("{0} is not the standard generator")]
    NotGenerator(Element),
    /// The secret is small or a root of unity.
    #[error("its secret can be guessed: it is a small number or a root of unity")]
    TrivialSecret,
    /// The pairings do not agree: these are not the powers of one secret.
    #[error("its elements are not the powers of one secret")]
    Inconsistent,
    /// The Lagrange basis does not belong to the powers.
    #[error("its Lagrange basis does not belong to its powers")]
    Lagrange,
}

/// An element of an SRS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// A power of the secret in the first group.
    G1(u64),
    /// A power of the secret in the second group.
    G2(u64),
    /// A Lagrange polynomial at the secret, in the first group.
    Lagrange(u64),
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::G1(power) => write!(f, "tau^{power} in G1"),
            Self::G2(power) => write!(f, "tau^{power} in G2"),
            Self::Lagrange(index) => write!(f, "Lagrange element {index} in G1"),
        }
    }
}

/// A section of a `.ptau` file that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Section {
    /// Section 1: field and size.
    Header,
    /// Section 2: powers in the first group.
    TauG1,
    /// Section 3: powers in the second group.
    TauG2,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "section 1 (header)",
            Self::TauG1 => "section 2 (powers in G1)",
            Self::TauG2 => "section 3 (powers in G2)",
        })
    }
}
