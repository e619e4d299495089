//! What goes wrong with escrows.

use zkmargin_prover::escrow::{CommitteeError, EscrowError, EscrowFileError, OpenError, PartError};

/// Why nothing was escrowed, accepted or opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EscrowCommandError {
    #[error("{path}: {source}")]
    File { path: String, source: EscrowFileError },
    #[error(transparent)]
    Committee(#[from] CommitteeError),
    #[error(transparent)]
    Part(#[from] PartError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Prepare(#[from] EscrowError),
    /// A proof of something else where an escrow is demanded.
    #[error("{0}: the proof has no escrow, and one to this committee is demanded")]
    NoEscrow(String),
    #[error("{0}: the proof's escrow is of none of the ciphertexts given, to this committee")]
    NoCiphertext(String),
    #[error("{ciphertext} is not the ciphertext of {proof}")]
    OtherCiphertext { proof: String, ciphertext: String },
    #[error("{0} is to another key than the committee's")]
    OtherKey(String),
    #[error("{0} says another deployment, epoch or account than its proof")]
    OtherBinding(String),
}

impl EscrowCommandError {
    /// Whether something was checked and is not what it should be.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::NoEscrow(_)
            | Self::NoCiphertext(_)
            | Self::OtherCiphertext { .. }
            | Self::OtherKey(_)
            | Self::OtherBinding(_)
            | Self::Part(_)
            | Self::Open(_) => true,
            Self::Committee(error) => matches!(error, CommitteeError::OtherSecret(_)),
            Self::Prepare(EscrowError::Proving(error)) => error.is_false_statement(),
            Self::File { .. } | Self::Prepare(_) => false,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::File { .. } => {
                "`zkmargin committee new` writes committees and members, `prove --escrow` ciphertexts"
            }
            Self::Committee(CommitteeError::OtherSecret(_)) => {
                "ask the dealer for the secret and the committee's file again: one of them is wrong"
            }
            Self::Part(PartError::Dishonest(_)) => "ask that member for its part again",
            Self::Open(OpenError::TooFew { .. }) => {
                "get parts of more members: `zkmargin committee share` makes one"
            }
            Self::NoEscrow(_) => "ask for a proof made with `zkmargin prove --escrow`",
            Self::NoCiphertext(_) | Self::OtherCiphertext { .. } => {
                "ask the prover for the ciphertext that was written with the proof"
            }
            Self::OtherKey(_) => "give the committee's file that the ciphertext was made for",
            _ => return None,
        })
    }
}
