//! Integers with ranges. No amount, price or rate is a bare primitive in a
//! public interface: a value of these types is in range by construction.
//!
//! Money is counted in *quote units*: `10^-quote_decimals` of the quote
//! currency, where the model sets `quote_decimals` (8 unless a venue rounds to
//! something else; dYdX counts in 1e-6 USDC).

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Bits of a notional, a tier bound or a charge.
pub const NOTIONAL_BITS: u32 = 80;

/// A value outside a type's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is out of range: allowed are {allowed}")]
pub struct OutOfRange {
    /// The quantity concerned.
    pub what: &'static str,
    /// The allowed values, in words.
    pub allowed: &'static str,
}

/// A signed position size in whole lots: negative is short or owed.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Zeroize, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lots(i64);

redacted_debug!(Lots, Amount);

impl Lots {
    /// No position.
    pub const ZERO: Self = Self(0);

    /// Any 64-bit integer is a size.
    pub const fn new(lots: i64) -> Self {
        Self(lots)
    }

    /// The signed number of lots.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Lots without the sign.
    pub const fn magnitude(self) -> u64 {
        self.0.unsigned_abs()
    }

    /// Whether the position is short.
    pub const fn is_short(self) -> bool {
        self.0 < 0
    }
}

/// A signed amount in quote units, from `-2^79` to `2^79 - 1` (about 6e15 of the
/// currency either way at 8 decimals).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Zeroize)]
pub struct Amount(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The bound on the magnitude, inclusive below zero, exclusive above.
    pub const BOUND: i128 = 1 << (NOTIONAL_BITS - 1);

    /// An amount in quote units.
    ///
    /// # Errors
    /// Below `-2^79` or from `2^79` on.
    pub const fn new(units: i128) -> Result<Self, OutOfRange> {
        if units >= -Self::BOUND && units < Self::BOUND {
            Ok(Self(units))
        } else {
            Err(OutOfRange { what: "amount", allowed: "-2^79 to 2^79 - 1 quote units" })
        }
    }

    /// The signed number of quote units.
    pub const fn get(self) -> i128 {
        self.0
    }
}

/// An absolute value in quote units below `2^80`: a notional, a bound of a
/// tier, a margin charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notional(u128);

impl Notional {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// The largest notional: the upper bound of a last tier.
    pub const MAX: Self = Self((1 << NOTIONAL_BITS) - 1);

    /// A notional in quote units.
    ///
    /// # Errors
    /// When it is `2^80` or more.
    pub const fn new(units: u128) -> Result<Self, OutOfRange> {
        if units <= Self::MAX.0 {
            Ok(Self(units))
        } else {
            Err(OutOfRange { what: "notional", allowed: "0 to 2^80 - 1 quote units" })
        }
    }

    /// The number of quote units.
    pub const fn get(self) -> u128 {
        self.0
    }
}

/// A price: `mantissa / unit` quote units per lot.
///
/// `unit` is 1 when a lot's value is a whole number of quote units; it is a
/// power of ten where it is not, and the value of a *position* is then rounded
/// towards zero, as dYdX v4 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    mantissa: u64,
    unit: u64,
}

impl Price {
    /// A price of `mantissa / unit` quote units per lot.
    ///
    /// # Errors
    /// When `unit` is zero.
    pub const fn new(mantissa: u64, unit: u64) -> Result<Self, OutOfRange> {
        if unit == 0 {
            return Err(OutOfRange { what: "price unit", allowed: "1 to 2^64 - 1" });
        }
        Ok(Self { mantissa, unit })
    }

    /// Quote units per `unit` lots.
    pub const fn mantissa(self) -> u64 {
        self.mantissa
    }

    /// The divisor.
    pub const fn unit(self) -> u64 {
        self.unit
    }
}

/// A non-negative rate: this number over the model's [`Denominator`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

impl Rate {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// A rate, by its numerator.
    pub const fn new(numerator: u32) -> Self {
        Self(numerator)
    }

    /// The numerator.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The common denominator of a model's rates, 1 or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denominator(u32);

impl Denominator {
    /// A denominator.
    ///
    /// # Errors
    /// When it is zero.
    pub const fn new(denominator: u32) -> Result<Self, OutOfRange> {
        if denominator == 0 {
            Err(OutOfRange { what: "denominator", allowed: "1 to 2^32 - 1" })
        } else {
            Ok(Self(denominator))
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_of_80_bits_with_the_sign() {
        for units in [-(1 << 79), -1, 0, 1, (1 << 79) - 1] {
            assert_eq!(Amount::new(units).map(Amount::get), Ok(units));
        }
        for units in [i128::MIN, -(1 << 79) - 1, 1 << 79, i128::MAX] {
            assert!(Amount::new(units).is_err(), "{units}");
        }
    }

    #[test]
    fn notionals_are_of_80_bits() {
        for units in [0, 1, (1 << 80) - 1] {
            assert_eq!(Notional::new(units).map(Notional::get), Ok(units));
        }
        assert!(Notional::new(1 << 80).is_err() && Notional::new(u128::MAX).is_err());
        assert_eq!(Notional::MAX.get(), (1 << 80) - 1);
    }

    #[test]
    fn divisors_are_not_zero() {
        assert!(Price::new(5, 0).is_err() && Denominator::new(0).is_err());
        let price = Price::new(5, 2).unwrap();
        assert_eq!((price.mantissa(), price.unit()), (5, 2));
        assert_eq!(Denominator::new(7).map(Denominator::get), Ok(7));
        assert_eq!(Rate::new(9).get(), 9);
    }

    #[test]
    fn lots_have_a_sign_and_a_magnitude() {
        for (lots, magnitude, short) in
            [(i64::MIN, 1 << 63, true), (-3, 3, true), (0, 0, false), (3, 3, false)]
        {
            let lots = Lots::new(lots);
            assert_eq!((lots.magnitude(), lots.is_short()), (magnitude, short));
        }
        assert_eq!(Lots::new(-3).get(), -3);
    }
}
