//! Why no transition is proved, and what to do next.

use zkmargin_circuits::family::Unprovable;
use zkmargin_margin::claim::{InvalidClaim, Side};
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::statement::transition::InvalidAim;

use crate::backend::BackendError;
use crate::proving::ProvingError;

/// Why no transition is proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// What goes wrong with any proof.
    #[error(transparent)]
    Proving(#[from] ProvingError),
    /// The portfolios are of two accounts.
    #[error("the portfolio afterwards is of account {after}, the one before of {before}")]
    OtherAccount {
        /// The account before.
        before: AccountId,
        /// The other one.
        after: AccountId,
    },
    /// Both commitments would have one blinding: whoever sees them could tell what
    /// they have in common.
    #[error("the portfolio afterwards has the blinding of the one before")]
    SameBlinding,
    /// A change of nothing with another aim than *meets*.
    #[error("a change of nothing says that the account meets a level")]
    Unchanged,
    /// What is reserved for open orders is no part of a change.
    #[error("the portfolio afterwards has another reserved margin than the one before")]
    OtherReserved,
    /// A claim that no account can make.
    #[error(transparent)]
    Claim(#[from] InvalidClaim),
    /// An aim that says nothing, or does not take the dials.
    #[error(transparent)]
    Aim(#[from] InvalidAim),
    /// The operating system gave no random bytes for the salt.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

impl TransitionError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Proving(error) => match error {
                ProvingError::Prove(BackendError::Unprovable(Unprovable::TooManyChanges(_))) => {
                    "give --shape auto; the large shape holds 8 changes: prove larger ones in steps"
                }
                ProvingError::Prove(BackendError::Unprovable(Unprovable::Aim(_))) => {
                    "prove that the account meets a level afterwards: --meets LEVEL"
                }
                ProvingError::False { violation, .. } => {
                    aim_hint(violation).unwrap_or(error.hint())
                }
                error => error.hint(),
            },
            Self::OtherAccount { .. } => "give both portfolios of one account",
            Self::SameBlinding => {
                "leave `blinding` out of the document of the portfolio afterwards: `zkmargin encrypt` draws one; `edit` and `rekey` keep the old one"
            }
            Self::Unchanged => "give --meets LEVEL with --unchanged",
            Self::OtherReserved => "give both portfolios the same `reserved`",
            Self::Claim(_) => "allowed are the levels margin-call, maintenance, initial",
            Self::Aim(_) => {
                "--healthier takes maintenance or initial and no dials; --cures BREACH:TARGET a breach at most the target, and --multiplier"
            }
            Self::NoRandomness => "try again",
        }
    }

    /// The error without instruments, directions and counts; `None` when it says
    /// nothing of these.
    pub fn discreet(&self) -> Option<String> {
        match self {
            Self::Proving(error) => error.discreet(),
            _ => None,
        }
    }

    /// Whether the statement is false of the portfolios.
    pub fn is_false_statement(&self) -> bool {
        matches!(self, Self::Proving(error) if error.is_false_statement())
    }
}

/// What to do about an aim that is not reached.
fn aim_hint(violation: &Violation) -> Option<&'static str> {
    Some(match violation {
        Violation::Grows(_) => {
            "let every entry close lots of its position; healthier also takes cash paid in without lots"
        }
        Violation::Unsaid(_) => "keep positions of no lots and no cash as they are",
        Violation::LessHealthy => {
            "close lots at better prices, or pay cash in: equity over the requirement must not fall in any bucket"
        }
        Violation::NotInBreach => "give the level that the account is below, or use --healthier",
        Violation::ClosesTooMuch => {
            "close fewer lots of the last entry, by bucket and instrument: one less must fall short"
        }
        _ => return None,
    })
}

pub(super) fn unprovable(error: Unprovable) -> TransitionError {
    ProvingError::Prove(BackendError::Unprovable(error)).into()
}

pub(super) fn failed(violation: Violation) -> TransitionError {
    ProvingError::False { violation, side: Side::AtLeast, gap: None }.into()
}
