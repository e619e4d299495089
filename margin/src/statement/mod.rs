//! What is claimed: each statement once, for every family of margin models.
//!
//! A [family](crate::relation::MarginFamily) turns slots into figures; a statement
//! says what a proof shows of them.
//!
//! | statement | says | public inputs |
//! |---|---|---|
//! | [`margin`] | an account meets a level, or is below it | [`MarginInstance`](crate::instance::MarginInstance) |
//! | [`transition`] | one portfolio becomes another, and that meets a level, is healthier, or cures a breach | [`TransitionInstance`](transition::TransitionInstance) |
//! | [`venue`] | of all accounts of a subtree, those below a level are flagged and no others | [`VenueInstance`](venue::VenueInstance) |
//! | [`haircut`] | of all accounts of a subtree, each winner is cut by its share of a loss, and no other account | [`HaircutInstance`](haircut::HaircutInstance) |
//! | [`escrow`] | the margin statement, and that a key's holder can open the portfolio | [`EscrowInstance`](escrow::EscrowInstance) |
//! | [`netting`] | what an account holds at several venues, taken together, meets a level, or is below it | [`NettingInstance`](netting::NettingInstance) |

pub mod escrow;
pub mod haircut;
pub mod margin;
pub mod netting;
pub mod transition;
pub mod venue;

use core::fmt;

/// What a proof shows, by its name. Exhaustive, as
/// [`Family`](crate::shape::Family) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statement {
    /// An account meets a level, or is below it.
    Margin,
    /// One portfolio becomes another.
    Transition,
    /// One portfolio becomes another by closing parts of it: a transition with the
    /// aim *healthier* or *cures*, which has a circuit of its own.
    Deleveraging,
    /// Of all accounts of a subtree of this depth, those below a level are flagged.
    Venue(venue::SubtreeDepth),
    /// Of all accounts of a subtree of this depth, each winner is cut by its share of
    /// a loss: fair deleveraging. Nothing to do with [`Statement::Deleveraging`], by
    /// which one account closes parts of itself.
    Haircut(venue::SubtreeDepth),
    /// An account meets a level, or is below it, and a key's holder can open its
    /// portfolio.
    Escrow,
    /// What an account holds at several venues, taken together, meets a level, or is
    /// below it.
    Netting,
}

impl Statement {
    /// How many public inputs its proofs have.
    pub const fn public_inputs(self) -> usize {
        match self {
            Self::Margin => crate::instance::LEN,
            Self::Transition | Self::Deleveraging => transition::LEN,
            Self::Venue(_) => venue::LEN,
            Self::Haircut(_) => haircut::LEN,
            Self::Escrow => escrow::LEN,
            Self::Netting => netting::LEN,
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Margin => "margin",
            Self::Transition => "transition",
            Self::Deleveraging => "deleveraging",
            Self::Venue(depth) => return write!(f, "venue over {} leaves", depth.leaves()),
            Self::Haircut(depth) => return write!(f, "haircut over {} leaves", depth.leaves()),
            Self::Escrow => "escrow",
            Self::Netting => "netting",
        })
    }
}
