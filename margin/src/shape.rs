//! Sizes of circuits, and the proof systems they are proved with.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that names no shape or proof system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}: allowed are {allowed}")]
pub struct UnknownName {
    what: &'static str,
    allowed: &'static str,
}

/// The size of a circuit. A portfolio can be proved under any shape that holds
/// it; the shape is public, the number of positions in it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Shape {
    /// The smallest shape of a family.
    Small = 0,
    /// The middle one.
    Medium = 1,
    /// The largest one.
    Large = 2,
}

impl Shape {
    /// All shapes, ascending.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// Positions the shape holds in the standard family.
    pub const fn standard_positions(self) -> usize {
        match self {
            Self::Small => 8,
            Self::Medium => 32,
            Self::Large => 128,
        }
    }

    /// The smallest shape of the standard family that holds so many positions.
    pub fn standard_for(positions: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| positions <= shape.standard_positions())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        })
    }
}

impl FromStr for Shape {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "small" => Ok(Self::Small),
            "medium" => Ok(Self::Medium),
            "large" => Ok(Self::Large),
            _ => Err(UnknownName { what: "shape", allowed: "small, medium, large" }),
        }
    }
}

/// How a proof is made and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProofSystem {
    /// Transparent: inner-product argument over Pasta, no set-up.
    Ipa,
}

impl fmt::Display for ProofSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ipa => "ipa",
        })
    }
}

impl FromStr for ProofSystem {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "ipa" => Ok(Self::Ipa),
            _ => Err(UnknownName { what: "proof system", allowed: "ipa" }),
        }
    }
}
