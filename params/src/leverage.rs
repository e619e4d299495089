//! The leverage that an account chose for an instrument.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::fraction::Fraction;

/// A leverage that an account chose: a whole number from 1 to [`ChosenLeverage::MAX`].
///
/// Initial margin of what it holds is then at least notional over leverage; maintenance
/// margin does not know it. Its text is the number alone, without leading zeros.
///
/// ```
/// use zkmargin_params::leverage::ChosenLeverage;
/// let ten: ChosenLeverage = "10".parse()?;
/// assert_eq!((ten.get(), ten.rate().to_string()), (10, "0.1".to_owned()));
/// assert!("010".parse::<ChosenLeverage>().is_err() && "0".parse::<ChosenLeverage>().is_err());
/// # Ok::<(), zkmargin_params::leverage::InvalidLeverage>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct ChosenLeverage(u16);

/// A number that is not a [`ChosenLeverage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a leverage: allowed are whole numbers from 1 to {}", ChosenLeverage::MAX)]
pub struct InvalidLeverage;

impl ChosenLeverage {
    /// The largest.
    pub const MAX: u16 = 1000;

    /// A leverage.
    ///
    /// # Errors
    /// When the number is zero or above [`ChosenLeverage::MAX`].
    pub fn new(times: u64) -> Result<Self, InvalidLeverage> {
        match u16::try_from(times) {
            Ok(times @ 1..=Self::MAX) => Ok(Self(times)),
            _ => Err(InvalidLeverage),
        }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The part of the notional that initial margin is at least.
    pub fn rate(self) -> Fraction {
        // It is not zero.
        Fraction::new(1, self.0.into()).unwrap_or(Fraction::ONE)
    }
}

impl fmt::Display for ChosenLeverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for ChosenLeverage {
    type Err = InvalidLeverage;

    fn from_str(text: &str) -> Result<Self, InvalidLeverage> {
        let leverage = text.parse().map_err(|_| InvalidLeverage).and_then(Self::new)?;
        // `+5` and `05` are other texts of the same number: a name has one.
        match leverage.to_string() == text {
            true => Ok(leverage),
            false => Err(InvalidLeverage),
        }
    }
}

impl TryFrom<u64> for ChosenLeverage {
    type Error = InvalidLeverage;

    fn try_from(times: u64) -> Result<Self, InvalidLeverage> {
        Self::new(times)
    }
}

impl From<ChosenLeverage> for u64 {
    fn from(leverage: ChosenLeverage) -> Self {
        leverage.0.into()
    }
}
