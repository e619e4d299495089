//! What a proof claims.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// Health of an account; the account's level is its worst bucket's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Level {
    /// Equity is negative.
    Bankrupt = 0,
    /// Equity is below the maintenance margin.
    MarginCall = 1,
    /// Equity covers the maintenance margin.
    Maintenance = 2,
    /// Equity covers the initial margin.
    Initial = 3,
}

impl Level {
    /// The level with this number.
    pub const fn from_u8(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Bankrupt),
            1 => Some(Self::MarginCall),
            2 => Some(Self::Maintenance),
            3 => Some(Self::Initial),
            _ => None,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bankrupt => "bankrupt",
            Self::MarginCall => "margin-call",
            Self::Maintenance => "maintenance",
            Self::Initial => "initial",
        })
    }
}

/// Which side of the level the account is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The account is at the level or above: proof of health.
    AtLeast,
    /// The account is below the level: proof of a breach.
    Below,
}

/// A claim: *at least* a level or *below* it. Level [`Level::Bankrupt`] cannot
/// be claimed: every account is at least bankrupt and none is below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    level: Level,
    side: Side,
}

/// A claim that says nothing, or a text or number that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a claim is at-least:LEVEL or below:LEVEL with LEVEL one of margin-call, maintenance, initial"
)]
pub struct InvalidClaim;

impl Claim {
    /// A claim about a level.
    ///
    /// # Errors
    /// For [`Level::Bankrupt`].
    pub const fn new(side: Side, level: Level) -> Result<Self, InvalidClaim> {
        match level {
            Level::Bankrupt => Err(InvalidClaim),
            _ => Ok(Self { level, side }),
        }
    }

    /// The level.
    pub const fn level(self) -> Level {
        self.level
    }

    /// The side.
    pub const fn side(self) -> Side {
        self.side
    }

    /// The public input: the level, plus 4 for *below*.
    pub const fn code(self) -> u8 {
        self.level as u8
            + match self.side {
                Side::AtLeast => 0,
                Side::Below => 4,
            }
    }

    /// Reads the public input; `None` when no claim has this code.
    pub fn from_code(code: u8) -> Option<Self> {
        let side = match code / 4 {
            0 => Side::AtLeast,
            1 => Side::Below,
            _ => return None,
        };
        Self::new(side, Level::from_u8(code % 4)?).ok()
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::AtLeast => "at-least",
            Side::Below => "below",
        };
        write!(f, "{side}:{}", self.level)
    }
}

impl FromStr for Claim {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        let (side, level) = text.split_once(':').ok_or(InvalidClaim)?;
        let side = match side {
            "at-least" => Side::AtLeast,
            "below" => Side::Below,
            _ => return Err(InvalidClaim),
        };
        let level = (1..=3)
            .filter_map(Level::from_u8)
            .find(|candidate| alloc::string::ToString::to_string(candidate) == level)
            .ok_or(InvalidClaim)?;
        Self::new(side, level)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn claims_round_trip() {
        let mut codes = alloc::vec::Vec::new();
        for code in 0..=255 {
            let Some(claim) = Claim::from_code(code) else { continue };
            assert_eq!(claim.code(), code);
            assert_eq!(claim.to_string().parse(), Ok(claim));
            codes.push(code);
        }
        assert_eq!(codes, [1, 2, 3, 5, 6, 7]);
        assert_eq!("below:maintenance".parse().map(Claim::code), Ok(6));
        assert!("at-least:bankrupt".parse::<Claim>().is_err());
    }

    #[test]
    fn levels_are_numbered_from_the_worst() {
        let levels = [Level::Bankrupt, Level::MarginCall, Level::Maintenance, Level::Initial];
        assert_eq!([0, 1, 2, 3].map(Level::from_u8), levels.map(Some));
        assert_eq!(Level::from_u8(4), None);
        assert!(levels.is_sorted());
    }
}
