//! The clauses of the statement and how a witness can fail them.

use core::fmt;

use crate::shape::Family;

/// A clause of the statement. Its name stands in the [`Violation`], in the
/// circuit's constraint labels and in the names of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// The positions, cash and blinding open the portfolio commitment.
    M1,
    /// The account leaf is in `STATE_ROOT`.
    M2,
    /// Every row is in `MARKET_ROOT`; the header binds `EPOCH`, `MODEL` and the time.
    M3,
    /// Quantities, prices and sums are in range; positions are in canonical order.
    M4,
    /// Equity and requirements are computed exactly as the model says.
    M5,
    /// `CLAIM` is true of them.
    M6,
    /// `DISCLOSED` is zero or exactly the shortfall.
    M7,
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// Why a witness does not satisfy the margin relation. Indices count the
/// positions from zero; no private value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// The commitment does not open to these positions.
    #[error("M1: the commitment does not open to these positions")]
    Opening,
    /// The account's leaf is not in the state root.
    #[error("M2: the account and commitment are not in the state root")]
    AccountNotInState,
    /// A row is not in the market root.
    #[error("M3: the row of position {0} is not in the market root")]
    RowNotInMarket(usize),
    /// The header does not hash to the market root, or is of another epoch or model.
    #[error("M3: the market header is not the one of this root, epoch and model")]
    Header,
    /// A row is another instrument's.
    #[error("M3: the row of position {0} belongs to another instrument")]
    WrongInstrument(usize),
    /// The market's terms are not the ones its header commits to.
    #[error("M3: the terms are not the ones of this market")]
    Terms,
    /// Two rows of one expiry do not agree on it: the market is malformed.
    #[error("M3: the row of position {0} gives its expiry other terms than an earlier one does")]
    Expiry(usize),
    /// Positions are not strictly in order of bucket and instrument.
    #[error("M4: position {0} is out of order or a duplicate")]
    Order(usize),
    /// A notional or charge of 2^80 quote units or more.
    #[error("M4: position {0} is too large: its notional or margin is 2^80 quote units or more")]
    Range(usize),
    /// Portfolio margin has one bucket.
    #[error("M4: position {0} is not in bucket 0: portfolio margin has one bucket")]
    Bucket(usize),
    /// More lots than portfolio margin can count.
    #[error("M4: position {0} is too large: allowed are -2^32 to 2^32 - 1 lots")]
    Quantity(usize),
    /// A sum of the account of 2^72 quote units or more, or a shortfall of a
    /// multiplied requirement of 2^104.
    #[error(
        "M4: the portfolio is too large: one of its sums is 2^72 quote units or more, or its shortfall 2^104"
    )]
    Sum,
    /// The row is for the other direction.
    #[error("M5: the row of position {0} is for the other direction (long or short)")]
    WrongDirection(usize),
    /// The notional is outside the row's tier.
    #[error("M5: the notional of position {0} is outside the row's tier")]
    WrongTier(usize),
    /// The claim is false.
    #[error("M6: the claim is not true of this account")]
    FalseClaim,
    /// The account is leveraged more than the claim allows.
    #[error("M6: the notional of the positions is more times the equity than is claimed")]
    Leverage,
    /// A bound on leverage in a family that has no notional.
    #[error("M6: portfolio margin has no notional, so nothing can be claimed about leverage")]
    NoNotional,
    /// The disclosed shortfall is neither zero nor the shortfall.
    #[error("M7: the disclosed shortfall is not the account's")]
    FalseDisclosure,
}

impl Violation {
    /// The clause that is violated.
    pub const fn clause(&self) -> Clause {
        match self {
            Self::Opening => Clause::M1,
            Self::AccountNotInState => Clause::M2,
            Self::RowNotInMarket(_)
            | Self::Header
            | Self::WrongInstrument(_)
            | Self::Terms
            | Self::Expiry(_) => Clause::M3,
            Self::Order(_) | Self::Range(_) | Self::Bucket(_) | Self::Quantity(_) | Self::Sum => {
                Clause::M4
            }
            Self::WrongDirection(_) | Self::WrongTier(_) => Clause::M5,
            Self::FalseClaim | Self::Leverage | Self::NoNotional => Clause::M6,
            Self::FalseDisclosure => Clause::M7,
        }
    }
}

/// A family of margin models: what a witness is, and the native check that
/// specifies its circuit.
pub trait MarginFamily {
    /// Which one it is, in proof files and keys.
    const FAMILY: Family;
    /// Public inputs.
    type Instance;
    /// Private inputs.
    type Witness;

    /// Whether the witness satisfies the relation for this instance.
    ///
    /// # Errors
    /// The first clause that fails.
    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation>;
}
