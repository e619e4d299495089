//! How a circuit's gates are laid out in columns: what a verifier chooses.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::field::MarginField;
use crate::shape::{ProofSystem, UnknownName};

/// How gates are laid out in columns. The statement is the same, the keys and
/// proofs are not: a verifier takes the proofs of one layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnLayout {
    /// Many columns, few rows: less to prove.
    Wide,
    /// Few columns, many rows: less for a contract to verify.
    Tall,
}

impl ColumnLayout {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Wide, Self::Tall];

    /// The usual layout of circuits over a field: a field is of one proof system.
    pub fn of<F: MarginField>() -> Self {
        ProofSystem::of_field(F::NAME).map_or(Self::Wide, ProofSystem::usual_layout)
    }
}

impl ProofSystem {
    /// The layout of a proof system where nothing else is said: the wide one
    /// where rows cost the verifier time, the tall one where columns cost gas.
    pub const fn usual_layout(self) -> ColumnLayout {
        match self {
            Self::Ipa => ColumnLayout::Wide,
            Self::Kzg => ColumnLayout::Tall,
        }
    }

    /// Whether there are circuits of a layout in the proof system. The
    /// transparent one has the wide layout alone: rows cost its verifier time,
    /// and no contract verifies it.
    pub const fn has_layout(self, layout: ColumnLayout) -> bool {
        match self {
            Self::Ipa => matches!(layout, ColumnLayout::Wide),
            Self::Kzg => true,
        }
    }
}

impl fmt::Display for ColumnLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wide => "wide",
            Self::Tall => "tall",
        })
    }
}

impl FromStr for ColumnLayout {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "wide" => Ok(Self::Wide),
            "tall" => Ok(Self::Tall),
            _ => Err(UnknownName { what: "layout", allowed: "wide, tall" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;
    use crate::field::bn254::Bn254Fr;

    /// The names stand in proof files and on command lines.
    #[test]
    fn names_round_trip() {
        for (layout, name) in ColumnLayout::ALL.into_iter().zip(["wide", "tall"]) {
            assert_eq!((layout.to_string().as_str(), name.parse()), (name, Ok(layout)));
        }
        assert!("Tall".parse::<ColumnLayout>().is_err());
    }

    #[test]
    fn a_field_has_the_usual_layout_of_its_proof_system() {
        assert_eq!(ColumnLayout::of::<pasta_curves::Fp>(), ColumnLayout::Wide);
        assert_eq!(ColumnLayout::of::<Bn254Fr>(), ColumnLayout::Tall);
        for system in ProofSystem::ALL {
            assert!(system.has_layout(system.usual_layout()));
        }
        assert!(!ProofSystem::Ipa.has_layout(ColumnLayout::Tall));
    }
}
