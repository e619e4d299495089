//! What a proof claims.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

mod dials;

pub use dials::{
    CLAIM_LEVERAGE, CLAIM_MULTIPLIER, DIAL_BITS, LEVERAGE_ONE, Leverage, MULTIPLIER_ONE, Multiplier,
};

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
///
/// Two dials make it stricter. With a multiplier `m` the requirement of the
/// level counts `m` times, rounded up to a quote unit; the requirement of
/// [`Level::MarginCall`] is zero and stays zero. A bound on leverage, of *at
/// least* claims alone, says that the notional of all positions is at most so
/// many times the account's equity.
///
/// ```
/// use zkmargin_margin::claim::Claim;
///
/// let claim: Claim = "at-least:maintenance,multiplier:1.25,leverage:10".parse()?;
/// assert_eq!(claim.multiplier().get(), 12_500);
/// assert_eq!(claim.code(), 2 | 2_500 << 8 | 1_000 << 40);
/// # Ok::<(), zkmargin_margin::claim::InvalidClaim>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    level: Level,
    side: Side,
    multiplier: Multiplier,
    leverage: Option<Leverage>,
}

/// A claim that says nothing, or a text or number that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidClaim {
    /// No side, no level, or something else behind them.
    #[error(
        "a claim is at-least:LEVEL or below:LEVEL with LEVEL one of margin-call, maintenance, initial; behind it ,multiplier:M and ,leverage:L may stand in this order"
    )]
    Form,
    /// A multiplier out of range.
    #[error("a multiplier is a decimal from 1 to 1678.7215 with at most 4 decimals")]
    Multiplier,
    /// A bound on leverage out of range.
    #[error("a bound on leverage is a decimal from 0.01 to 167772.15 with at most 2 decimals")]
    Leverage,
    /// A bound on leverage in a claim of a breach.
    #[error("only a claim of at least a level bounds leverage, none below it")]
    LeverageBelow,
}

impl Claim {
    /// A claim about a level, with no dial set.
    ///
    /// # Errors
    /// For [`Level::Bankrupt`].
    pub const fn new(side: Side, level: Level) -> Result<Self, InvalidClaim> {
        match level {
            Level::Bankrupt => Err(InvalidClaim::Form),
            _ => Ok(Self { level, side, multiplier: Multiplier::ONE, leverage: None }),
        }
    }

    /// The same claim of so many times the requirement.
    #[must_use]
    pub const fn with_multiplier(self, multiplier: Multiplier) -> Self {
        Self { multiplier, ..self }
    }

    /// The same claim with a bound on leverage.
    ///
    /// # Errors
    /// For a claim below a level.
    pub const fn with_leverage(self, leverage: Leverage) -> Result<Self, InvalidClaim> {
        match self.side {
            Side::AtLeast => Ok(Self { leverage: Some(leverage), ..self }),
            Side::Below => Err(InvalidClaim::LeverageBelow),
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

    /// How many times the requirement counts.
    pub const fn multiplier(self) -> Multiplier {
        self.multiplier
    }

    /// The bound on leverage.
    pub const fn leverage(self) -> Option<Leverage> {
        self.leverage
    }

    /// Whether an account of which this is true is at least at a level, with so
    /// many times its requirement and at most this leverage. A higher level has
    /// a higher requirement: models in which it has not are refused.
    pub fn is_at_least(self, level: Level, times: Multiplier, leverage: Option<Leverage>) -> bool {
        let bounded =
            leverage.is_none_or(|allowed| self.leverage.is_some_and(|proved| proved <= allowed));
        self.side == Side::AtLeast && self.level >= level && self.multiplier >= times && bounded
    }

    /// The public input: the level, 4 for *below*, what the multiplier has above
    /// one from bit [`CLAIM_MULTIPLIER`] on, the bound on leverage from bit
    /// [`CLAIM_LEVERAGE`] on.
    pub const fn code(self) -> u64 {
        let side = match self.side {
            Side::AtLeast => 0,
            Side::Below => 4,
        };
        let leverage = match self.leverage {
            Some(leverage) => leverage.get(),
            None => 0,
        };
        self.level as u64
            | side
            | (self.multiplier.above_one() as u64) << CLAIM_MULTIPLIER
            | (leverage as u64) << CLAIM_LEVERAGE
    }

    /// Reads the public input; `None` when no claim has this code.
    pub fn from_code(code: u64) -> Option<Self> {
        let dial = |offset: u32| u32::try_from((code >> offset) & ((1 << DIAL_BITS) - 1)).ok();
        let side = if code & 4 == 0 { Side::AtLeast } else { Side::Below };
        let level = Level::from_u8(u8::try_from(code & 3).ok()?)?;
        let multiplier = Multiplier::new(MULTIPLIER_ONE + dial(CLAIM_MULTIPLIER)?).ok()?;
        let plain = Self::new(side, level).ok()?.with_multiplier(multiplier);
        let claim = match dial(CLAIM_LEVERAGE)? {
            0 => plain,
            hundredths => plain.with_leverage(Leverage::new(hundredths).ok()?).ok()?,
        };
        // What lies between the parts is zero.
        Some(claim).filter(|claim| claim.code() == code)
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::AtLeast => "at-least",
            Side::Below => "below",
        };
        write!(f, "{side}:{}", self.level)?;
        if self.multiplier != Multiplier::ONE {
            write!(f, ",multiplier:{}", self.multiplier)?;
        }
        match self.leverage {
            Some(leverage) => write!(f, ",leverage:{leverage}"),
            None => Ok(()),
        }
    }
}

/// Reads the one spelling that [`Display`](fmt::Display) writes.
impl FromStr for Claim {
    type Err = InvalidClaim;

    fn from_str(text: &str) -> Result<Self, InvalidClaim> {
        let mut parts = text.split(',');
        let (side, level) =
            parts.next().and_then(|part| part.split_once(':')).ok_or(InvalidClaim::Form)?;
        let side = match side {
            "at-least" => Side::AtLeast,
            "below" => Side::Below,
            _ => return Err(InvalidClaim::Form),
        };
        let level = (1..=3)
            .filter_map(Level::from_u8)
            .find(|candidate| alloc::string::ToString::to_string(candidate) == level)
            .ok_or(InvalidClaim::Form)?;
        let mut claim = Self::new(side, level)?;
        for part in parts {
            claim = match part.split_once(':') {
                Some(("multiplier", value)) => claim.with_multiplier(value.parse()?),
                Some(("leverage", value)) => claim.with_leverage(value.parse()?)?,
                _ => return Err(InvalidClaim::Form),
            };
        }
        match alloc::string::ToString::to_string(&claim) == text {
            true => Ok(claim),
            false => Err(InvalidClaim::Form),
        }
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
    fn dials_have_their_bits_and_one_spelling() {
        for (text, code) in [
            ("at-least:initial,multiplier:1.0001", 3 | 1 << 8),
            ("below:maintenance,multiplier:1678.7215", 6 | 0xff_ffff << 8),
            ("at-least:margin-call,leverage:0.01", 1 | 1 << 40),
            ("at-least:maintenance,multiplier:1.25,leverage:10", 2 | 2_500 << 8 | 1_000 << 40),
            ("at-least:initial,multiplier:2,leverage:167772.15", 3 | 10_000 << 8 | 0xff_ffff << 40),
        ] {
            let claim: Claim = text.parse().unwrap();
            assert_eq!((claim.code(), claim.to_string().as_str()), (code, text));
            assert_eq!(Claim::from_code(code), Some(claim));
        }
        for text in [
            "at-least:initial,multiplier:1",
            "at-least:initial,multiplier:1.50",
            "at-least:initial,multiplier:01.5",
            "at-least:initial,multiplier:0.5",
            "at-least:initial,multiplier:1678.7216",
            "at-least:initial,leverage:0",
            "at-least:initial,leverage:1.234",
            "at-least:initial,leverage:167772.16",
            "below:initial,leverage:5",
            "at-least:initial,leverage:5,multiplier:2",
            "at-least:initial,multiplier:2,multiplier:3",
            "at-least:initial,",
            "at-least:initial,other:2",
        ] {
            assert!(text.parse::<Claim>().is_err(), "{text}");
        }
    }

    /// Bits of nothing, a level of nothing, leverage below a level.
    #[test]
    fn other_codes_are_none() {
        for code in [0, 4, 8, 1 | 1 << 7, 1 | 1 << 32, 1 | 1 << 39, 5 | 1 << 40, u64::MAX] {
            assert_eq!(Claim::from_code(code), None, "{code:#x}");
        }
    }

    #[test]
    fn a_claim_is_at_least_what_it_is_not_less_than() {
        let claim: Claim = "at-least:maintenance,multiplier:1.25,leverage:10".parse().unwrap();
        let times = |m| Multiplier::new(m).unwrap();
        let most = |l| Some(Leverage::new(l).unwrap());
        let one = Multiplier::ONE;
        assert!(claim.is_at_least(Level::Maintenance, times(12_500), most(1_000)));
        assert!(claim.is_at_least(Level::MarginCall, one, None));
        assert!(!claim.is_at_least(Level::Initial, one, None));
        assert!(!claim.is_at_least(Level::Maintenance, times(12_501), None));
        assert!(!claim.is_at_least(Level::Maintenance, one, most(999)));
        let plain: Claim = "at-least:initial".parse().unwrap();
        assert!(plain.is_at_least(Level::Maintenance, one, None));
        assert!(!plain.is_at_least(Level::Maintenance, times(10_001), None));
        assert!(!plain.is_at_least(Level::Maintenance, one, most(0xff_ffff)));
        let below: Claim = "below:initial".parse().unwrap();
        assert!(!below.is_at_least(Level::MarginCall, one, None));
    }

    #[test]
    fn levels_are_numbered_from_the_worst() {
        let levels = [Level::Bankrupt, Level::MarginCall, Level::Maintenance, Level::Initial];
        assert_eq!([0, 1, 2, 3].map(Level::from_u8), levels.map(Some));
        assert_eq!(Level::from_u8(4), None);
        assert!(levels.is_sorted());
    }
}
