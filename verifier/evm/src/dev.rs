//! The compiled verifiers that come with the project: of every circuit of the standard
//! and the scenario family and of the small one of the simulation family, under the
//! **insecure** powers of tau of `zkmargin srs dev`. For tests and demos.

use zkmargin_contracts::dev as code;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_verifier::bn254::dev as keys;
use zkmargin_verifier::bn254::{KeyError, VerifyingKey};

use crate::artifact::{ArtifactError, creation_code};

/// Why a stored verifier cannot be used: it is damaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevVerifierError {
    /// Its key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A circuit whose verifier is made from its key alone.
    #[error(
        "no verifier of {family}-{shape} in the {layout} layout is stored: make one from its key"
    )]
    NotStored {
        /// The family.
        family: Family,
        /// The shape.
        shape: Shape,
        /// The layout.
        layout: ColumnLayout,
    },
    /// Its code.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

/// A circuit's verifying key and the creation code of its verifier.
///
/// # Errors
/// When what is stored is damaged.
pub fn verifier(
    (family, shape, layout): (Family, Shape, ColumnLayout),
) -> Result<(VerifyingKey, Vec<u8>), DevVerifierError> {
    use ColumnLayout::Tall;
    let (key, artifact) = match (family, shape, layout) {
        (Family::Standard, Shape::Small, Tall) => (keys::STANDARD_SMALL, code::STANDARD_SMALL),
        (Family::Standard, Shape::Medium, Tall) => (keys::STANDARD_MEDIUM, code::STANDARD_MEDIUM),
        (Family::Standard, Shape::Large, Tall) => (keys::STANDARD_LARGE, code::STANDARD_LARGE),
        (Family::Scenario, Shape::Small, Tall) => (keys::SCENARIO_SMALL, code::SCENARIO_SMALL),
        (Family::Scenario, Shape::Medium, Tall) => (keys::SCENARIO_MEDIUM, code::SCENARIO_MEDIUM),
        (Family::Scenario, Shape::Large, Tall) => (keys::SCENARIO_LARGE, code::SCENARIO_LARGE),
        (Family::Simulation, Shape::Small, Tall) => {
            (keys::SIMULATION_SMALL, code::SIMULATION_SMALL)
        }
        _ => return Err(DevVerifierError::NotStored { family, shape, layout }),
    };
    Ok((VerifyingKey::from_bytes(key)?, creation_code(artifact)?))
}
