//! Exact rates: `"0.025"` or `"1/80"`.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zkmargin_margin::units::{Denominator, Rate};

use crate::decimal::{canonical, parse_decimal, pow10};

/// A non-negative rational number in lowest terms.
///
/// Its text is a decimal where the number has a finite one, and
/// `numerator/denominator` where it has none; both are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    numerator: u64,
    denominator: u64,
}

/// A text that is not a [`Fraction`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rate: allowed are a non-negative decimal such as 0.025 or a ratio such as 1/80")]
pub struct ParseFractionError;

impl Fraction {
    /// Zero.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// One.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator / denominator` in lowest terms; `None` when the denominator
    /// is zero.
    pub fn new(numerator: u64, denominator: u64) -> Option<Self> {
        let divisor = gcd(numerator, denominator);
        (denominator != 0)
            .then(|| Self { numerator: numerator / divisor, denominator: denominator / divisor })
    }

    /// The same number as a decimal gives; `None` when it is negative or has
    /// more than 18 digits.
    pub fn from_decimal(decimal: Decimal) -> Option<Self> {
        let decimal = canonical(decimal);
        let numerator = u64::try_from(decimal.mantissa()).ok()?;
        Self::new(numerator, u64::try_from(pow10(decimal.scale())?).ok()?)
    }

    /// The numerator, in lowest terms.
    pub const fn numerator(self) -> u64 {
        self.numerator
    }

    /// The denominator, in lowest terms.
    pub const fn denominator(self) -> u64 {
        self.denominator
    }

    /// Whether the number is one or less.
    pub const fn is_at_most_one(self) -> bool {
        self.numerator <= self.denominator
    }

    /// Half of the number; `None` when its denominator has 64 bits already.
    pub fn half(self) -> Option<Self> {
        match self.numerator % 2 {
            0 => Self::new(self.numerator / 2, self.denominator),
            _ => Self::new(self.numerator, self.denominator.checked_mul(2)?),
        }
    }

    /// The rate over a common denominator; `None` when it is not exact or has
    /// more than 32 bits.
    pub fn over(self, denominator: Denominator) -> Option<Rate> {
        let scaled = u128::from(self.numerator) * u128::from(denominator.get());
        let divisor = u128::from(self.denominator);
        match scaled % divisor {
            0 => u32::try_from(scaled / divisor).ok().map(Rate::new),
            _ => None,
        }
    }
}

/// The greatest common divisor; that of a number and zero is the number.
fn gcd(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let finite = (0..=18).find_map(|scale| {
            let power = pow10(scale)?;
            let denominator = u128::from(self.denominator);
            if power % denominator != 0 {
                return None;
            }
            let mantissa = u128::from(self.numerator) * (power / denominator);
            Decimal::try_from_i128_with_scale(i128::try_from(mantissa).ok()?, scale).ok()
        });
        match finite {
            Some(decimal) => write!(f, "{}", canonical(decimal)),
            None => write!(f, "{}/{}", self.numerator, self.denominator),
        }
    }
}

impl FromStr for Fraction {
    type Err = ParseFractionError;

    fn from_str(text: &str) -> Result<Self, ParseFractionError> {
        let integer = |part: &str| -> Option<u64> {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse().ok()).flatten()
        };
        match text.split_once('/') {
            Some((numerator, denominator)) => integer(numerator)
                .zip(integer(denominator))
                .and_then(|(numerator, denominator)| Self::new(numerator, denominator)),
            None => parse_decimal(text).ok().and_then(Self::from_decimal),
        }
        .ok_or(ParseFractionError)
    }
}

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fraction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_canonical() {
        for (text, expected) in [
            ("0.0250", "0.025"),
            ("1/80", "0.0125"),
            ("2/6", "1/3"),
            ("0", "0"),
            ("0/7", "0"),
            ("4/4", "1"),
            ("1/15", "1/15"),
        ] {
            assert_eq!(text.parse::<Fraction>().unwrap().to_string(), expected);
        }
        for text in ["", "/", "1/0", "-1", "-1/2", "1/2/3", "1e-2", "+1/2", "1/ 2", "1.5/2"] {
            assert_eq!(text.parse::<Fraction>(), Err(ParseFractionError), "{text}");
        }
    }

    #[test]
    fn rates_are_exact_or_nothing() {
        let denominator = Denominator::new(1200).unwrap();
        let rate = |text: &str| text.parse::<Fraction>().unwrap().over(denominator);
        assert_eq!(rate("1/80"), Some(Rate::new(15)));
        assert_eq!(rate("1/7"), None);
        assert_eq!("1/15".parse::<Fraction>().unwrap().half(), Fraction::new(1, 30));
        assert_eq!("2/15".parse::<Fraction>().unwrap().half(), Fraction::new(1, 15));
    }
}
