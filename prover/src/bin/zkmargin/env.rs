//! What every command is given.

use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::files::Source;

use crate::error::Error;
use crate::output::Output;
use crate::progress::Progress;

/// What every command is given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Env {
    pub(crate) out: Output,
    pub(crate) progress: Progress,
    /// The proof system asked for.
    pub(crate) proof_system: Option<ProofSystem>,
}

impl Env {
    /// An environment in which nothing is said.
    pub(crate) fn muted(self) -> Self {
        Self { out: Output::muted(), progress: Progress::new(true), ..self }
    }

    /// The proof system for what no file decides.
    pub(crate) fn new_proof_system(self) -> ProofSystem {
        self.proof_system.unwrap_or(ProofSystem::Ipa)
    }

    /// The proof system a file is of, unless another is asked for.
    pub(crate) fn proof_system_of(
        self,
        place: &Source,
        found: ProofSystem,
    ) -> Result<ProofSystem, Error> {
        match self.proof_system {
            Some(expected) if expected != found => {
                Err(Error::ProofSystem { path: place.to_string(), expected, found })
            }
            _ => Ok(found),
        }
    }
}
