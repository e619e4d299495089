//! What a transition is claimed to achieve.

use core::fmt;
use core::str::FromStr;

use crate::claim::{Claim, Level, Side};
use crate::statement::Statement;

/// Bit offset of the aim's number in `CLAIM`: above level and side.
pub const AIM_KIND: u32 = 3;
/// Bit offset of the level that the account was below.
pub const AIM_BREACH: u32 = 5;
/// Bits of `CLAIM` that are the aim's.
pub const AIM_MASK: u8 = 0b1111_1000;

/// What a transition is claimed to achieve (T4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aim {
    /// The account meets the level afterwards, whatever it did before: the check
    /// before a trade.
    Meets(Level),
    /// Every entry shrinks a position, settles the cash of one that does in its
    /// bucket, or adds cash, and equity over the requirement of the level falls in no
    /// bucket: an account below a level may do it itself. A change of nothing is no
    /// worse, and so is healthier.
    Healthier(Level),
    /// A partial liquidation: the account was below `breach`, every entry shrinks
    /// a position or settles the cash of one that does in its bucket, the account
    /// meets `target` afterwards, and with one lot of the last entry that has lots
    /// taken back it would not.
    Cures {
        /// The level the account was below.
        breach: Level,
        /// The level it meets afterwards.
        target: Level,
    },
}

/// An aim that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAim {
    /// Every account is at least bankrupt.
    #[error(
        "an aim is about margin-call, maintenance or initial: every account is at least bankrupt"
    )]
    Bankrupt,
    /// Nothing is required for it, so nothing can be divided by it.
    #[error("healthier is measured against maintenance or initial margin")]
    NoRequirement,
    /// A dial that the aim does not take.
    #[error(
        "a bound on leverage goes with meets:LEVEL alone, a multiplier with meets and cures: a ratio that does not fall has none"
    )]
    Dials,
    /// What is below the target need not be below the breach level.
    #[error("the level that is cured is at most the target")]
    TargetBelowBreach,
    /// A number that is no aim's.
    #[error("the claim's code is no transition's")]
    Code,
    /// A text that is no aim's.
    #[error(
        "an aim is meets:LEVEL, healthier:LEVEL or cures:LEVEL:LEVEL with LEVEL one of margin-call, maintenance, initial"
    )]
    Text,
}

impl Aim {
    /// The aim, when it says something.
    ///
    /// # Errors
    /// When it does not.
    pub fn checked(self) -> Result<Self, InvalidAim> {
        match self {
            Self::Meets(Level::Bankrupt)
            | Self::Cures { target: Level::Bankrupt, .. }
            | Self::Cures { breach: Level::Bankrupt, .. } => Err(InvalidAim::Bankrupt),
            Self::Healthier(Level::Bankrupt | Level::MarginCall) => Err(InvalidAim::NoRequirement),
            Self::Cures { breach, target } if breach > target => Err(InvalidAim::TargetBelowBreach),
            _ => Ok(self),
        }
    }

    /// The level afterwards, or that of the requirement.
    pub const fn level(self) -> Level {
        match self {
            Self::Meets(level) | Self::Healthier(level) | Self::Cures { target: level, .. } => {
                level
            }
        }
    }

    /// The claim about the account afterwards, without dials. An account that is
    /// healthier need not be at the level.
    ///
    /// # Errors
    /// As [`Aim::checked`].
    pub fn claim(self) -> Result<Claim, InvalidAim> {
        let level = self.checked()?.level();
        Claim::new(Side::AtLeast, level).map_err(|_| InvalidAim::Bankrupt)
    }

    /// The same with the dials of another claim: *meets* takes both, *cures* a
    /// multiplier of its target, *healthier* none.
    ///
    /// # Errors
    /// As [`Aim::checked`], or when an aim is given a dial that it does not take.
    pub fn claim_like(self, dials: Claim) -> Result<Claim, InvalidAim> {
        let plain = self.claim()?;
        let claim = plain.with_multiplier(dials.multiplier());
        let claim = match dials.leverage() {
            Some(most) => claim.with_leverage(most).map_err(|_| InvalidAim::Dials)?,
            None => claim,
        };
        let taken = match self {
            Self::Meets(_) => true,
            Self::Cures { .. } => claim.leverage().is_none(),
            Self::Healthier(_) => claim == plain,
        };
        if taken { Ok(claim) } else { Err(InvalidAim::Dials) }
    }

    /// The statement whose circuit proves it: that of the aims that shrink
    /// positions knows the account before too.
    pub const fn statement(self) -> Statement {
        match self {
            Self::Meets(_) => Statement::Transition,
            Self::Healthier(_) | Self::Cures { .. } => Statement::Deleveraging,
        }
    }

    /// The bits that the aim adds to the code of [`Aim::claim`] in `CLAIM`.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Meets(_) => 0,
            Self::Healthier(_) => 1 << AIM_KIND,
            Self::Cures { breach, .. } => 2 << AIM_KIND | (breach as u8) << AIM_BREACH,
        }
    }

    /// Reads [`Aim::bits`] beside the claim that is in the rest of `CLAIM`.
    ///
    /// # Errors
    /// When no aim has these.
    pub fn from_bits(bits: u8, claim: Claim) -> Result<Self, InvalidAim> {
        let level = claim.level();
        let breach = Level::from_u8(bits >> AIM_BREACH).ok_or(InvalidAim::Code)?;
        let aim = match bits >> AIM_KIND & 3 {
            0 => Self::Meets(level),
            1 => Self::Healthier(level),
            2 => Self::Cures { breach, target: level },
            _ => return Err(InvalidAim::Code),
        };
        match claim.side() == Side::AtLeast && aim.bits() == bits {
            true => aim.claim_like(claim).and_then(|_| aim.checked()),
            false => Err(InvalidAim::Code),
        }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meets(level) => write!(f, "meets:{level}"),
            Self::Healthier(level) => write!(f, "healthier:{level}"),
            Self::Cures { breach, target } => write!(f, "cures:{breach}:{target}"),
        }
    }
}

impl FromStr for Aim {
    type Err = InvalidAim;

    fn from_str(text: &str) -> Result<Self, InvalidAim> {
        let level = |name: &str| -> Result<Level, InvalidAim> {
            // As a claim spells it.
            alloc::format!("at-least:{name}")
                .parse::<Claim>()
                .map(Claim::level)
                .map_err(|_| InvalidAim::Text)
        };
        let (kind, rest) = text.split_once(':').ok_or(InvalidAim::Text)?;
        let aim = match (kind, rest.split_once(':')) {
            ("meets", None) => Self::Meets(level(rest)?),
            ("healthier", None) => Self::Healthier(level(rest)?),
            ("cures", Some((breach, target))) => {
                Self::Cures { breach: level(breach)?, target: level(target)? }
            }
            _ => return Err(InvalidAim::Text),
        };
        aim.checked()
    }
}
