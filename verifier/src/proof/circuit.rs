//! What a proof was made with: the names that choose its verifying key.

use alloc::string::String;
use core::fmt;

use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};

use crate::error::MalformedProof;
#[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
use crate::error::VerifyError;

/// The field that names a layout.
pub(super) const LAYOUT: &str = "layout";

/// What a proof was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CircuitId {
    /// The family of margin models.
    pub family: Family,
    /// The size of the circuit.
    pub shape: Shape,
    /// The proof system.
    pub proof_system: ProofSystem,
    /// How its gates are laid out in columns.
    pub layout: ColumnLayout,
}

impl CircuitId {
    /// The circuit in the usual layout of its proof system.
    pub const fn usual(family: Family, shape: Shape, proof_system: ProofSystem) -> Self {
        Self { family, shape, proof_system, layout: proof_system.usual_layout() }
    }

    /// The layout, where it is not the usual one.
    fn unusual_layout(self) -> Option<ColumnLayout> {
        Some(self.layout).filter(|layout| *layout != self.proof_system.usual_layout())
    }

    /// Whether there is such a circuit.
    pub(super) fn check(self) -> Result<Self, MalformedProof> {
        super::read::check_shape(self.family, self.shape)?;
        match self.proof_system.has_layout(self.layout) {
            true => Ok(self),
            false => Err(MalformedProof::UnknownField { name: LAYOUT.into() }),
        }
    }

    /// The field of a file that names the layout, on a line of its own.
    pub(super) fn layout_line(self) -> String {
        let line = |layout| alloc::format!("\n  \"{LAYOUT}\": \"{layout}\",");
        self.unusual_layout().map_or(String::new(), line)
    }
}

/// The usual layout is not named: names of before there was a choice stay.
impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.family, self.shape, self.proof_system)?;
        self.unusual_layout().map_or(Ok(()), |layout| write!(f, "-{layout}"))
    }
}

/// Whether a proof is of the circuit and length of a verifying key.
#[cfg(any(feature = "ipa", feature = "kzg", feature = "bn254"))]
pub(super) fn check_circuit(
    circuit: CircuitId,
    proof: &[u8],
    key: CircuitId,
    proof_size: usize,
) -> Result<(), VerifyError> {
    let CircuitId { family, shape, proof_system, layout } = circuit;
    if proof_system != key.proof_system {
        let verifier = key.proof_system;
        return Err(VerifyError::WrongProofSystem { verifier, proof: proof_system });
    }
    if family != key.family {
        return Err(VerifyError::WrongFamily { key: key.family, proof: family });
    }
    if shape != key.shape {
        return Err(VerifyError::WrongShape { key: key.shape, proof: shape });
    }
    if layout != key.layout {
        return Err(VerifyError::WrongLayout { key: key.layout, proof: layout });
    }
    match proof.len() {
        got if got == proof_size => Ok(()),
        got => Err(VerifyError::Length { expected: proof_size, got }),
    }
}

/// Whether proofs of a proof system are made under powers of tau.
pub(super) const fn has_srs(system: ProofSystem) -> bool {
    match system {
        ProofSystem::Ipa => false,
        ProofSystem::Kzg => true,
    }
}
