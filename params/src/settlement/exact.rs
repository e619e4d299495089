//! Decimals of up to 256 bits: what rows are computed in before they are rounded.

use rust_decimal::Decimal;
use zkmargin_margin::scenario::I256;

use crate::decimal::canonical;

/// Decimals that a number in floating point is read to: what is below is rounded.
const READ_DECIMALS: i32 = 36;

/// `mantissa * 10^-scale`. Operations are `None` beyond 255 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    mantissa: I256,
    scale: u32,
}

/// To which side a number is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Down,
    /// Halves up.
    Nearest,
    Up,
}

impl Exact {
    pub(crate) const ZERO: Self = Self { mantissa: I256::ZERO, scale: 0 };
    pub(crate) const ONE: Self = Self { mantissa: I256::ONE, scale: 0 };

    /// The decimal that reads back as a number, as a JSON file has it; beyond 36 decimals
    /// it is rounded. `None` when it is not finite.
    pub(crate) fn read(value: f64, rounding: Rounding) -> Option<Self> {
        // "-1.2345e-7": the fewest digits that are this number and no other.
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e')?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
        let scale = i32::try_from(fraction.len()).ok()? - exponent.parse::<i32>().ok()?;
        let read = |mantissa, scale| Self { mantissa, scale };
        let mantissa = I256::from(mantissa);
        match (u32::try_from(scale), u32::try_from(scale - READ_DECIMALS)) {
            (Ok(scale), Ok(0) | Err(_)) => Some(read(mantissa, scale)),
            (Ok(_), Ok(more)) => {
                // At most 17 digits: beyond that it is all rounded away.
                let divisor = pow10(more.min(20))?;
                let decimals = READ_DECIMALS.unsigned_abs();
                Some(read(divided(mantissa, divisor, rounding)?, decimals))
            }
            (Err(_), _) => Some(read(mantissa.checked_mul(pow10(scale.unsigned_abs())?)?, 0)),
        }
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Self { mantissa: a.checked_add(b)?, scale })
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Self { mantissa: a.checked_sub(b)?, scale })
    }

    pub(crate) fn times(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self { mantissa, scale: self.scale.checked_add(other.scale)? })
    }

    /// The larger of two numbers.
    pub(crate) fn at_least(self, other: Self) -> Option<Self> {
        Some(if self.is_below(other)? { other } else { self })
    }

    pub(crate) fn is_below(self, other: Self) -> Option<bool> {
        let (a, b, _) = self.aligned(other)?;
        Some(a < b)
    }

    /// The number over another, which is above zero, in units of `10^-decimals`.
    pub(crate) fn units_over(self, other: Self, decimals: u32, rounding: Rounding) -> Option<I256> {
        let numerator = self.mantissa.checked_mul(pow10(other.scale.checked_add(decimals)?)?)?;
        divided(numerator, other.mantissa.checked_mul(pow10(self.scale)?)?, rounding)
    }

    /// The number in units of `10^-decimals`.
    pub(crate) fn units(self, decimals: u32, rounding: Rounding) -> Option<I256> {
        match self.scale.checked_sub(decimals) {
            Some(fewer) => divided(self.mantissa, pow10(fewer)?, rounding),
            None => self.mantissa.checked_mul(pow10(decimals - self.scale)?),
        }
    }

    /// The same in units, when they are whole.
    pub(crate) fn whole_units(self, decimals: u32) -> Option<I256> {
        let down = self.units(decimals, Rounding::Down)?;
        (self.units(decimals, Rounding::Up)? == down).then_some(down)
    }

    /// Both mantissas over one scale.
    fn aligned(self, other: Self) -> Option<(I256, I256, u32)> {
        let scale = self.scale.max(other.scale);
        let at = |one: Self| one.mantissa.checked_mul(pow10(scale - one.scale)?);
        Some((at(self)?, at(other)?, scale))
    }

    /// Without trailing zeros: digits, and the power of ten of the last one.
    pub(crate) fn digits(self) -> (I256, i64) {
        let (mut digits, mut exponent) = (self.mantissa, -i64::from(self.scale));
        let ten = I256::from(10);
        while digits != I256::ZERO && digits % ten == I256::ZERO {
            digits /= ten;
            exponent += 1;
        }
        (digits, exponent)
    }
}

impl From<Decimal> for Exact {
    fn from(decimal: Decimal) -> Self {
        let decimal = canonical(decimal);
        Self { mantissa: I256::from(decimal.mantissa()), scale: decimal.scale() }
    }
}

/// A quotient; the divisor is above zero.
fn divided(value: I256, divisor: I256, rounding: Rounding) -> Option<I256> {
    let up = |whole: I256| whole.checked_add(I256::ONE);
    let (whole, rest) = (value.checked_div_euclid(divisor)?, value.checked_rem_euclid(divisor)?);
    match rounding {
        Rounding::Up if rest != I256::ZERO => up(whole),
        Rounding::Nearest if rest >= divisor.checked_sub(rest)? => up(whole),
        _ => Some(whole),
    }
}

fn pow10(exponent: u32) -> Option<I256> {
    I256::from(10).checked_pow(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::parse_decimal;

    fn decimal(text: &str) -> Exact {
        Exact::from(parse_decimal(text).unwrap())
    }

    fn read(value: f64) -> Exact {
        Exact::read(value, Rounding::Up).unwrap()
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (value, text) in
            [(0.1, "0.1"), (1500.0, "1500"), (-0.25, "-0.25"), (1e15, "1000000000000000")]
        {
            let apart = read(value).minus(decimal(text)).unwrap();
            assert_eq!(apart.digits().0, I256::ZERO, "{text}");
        }
        assert_eq!(read(0.0).units(6, Rounding::Up), Some(I256::ZERO));
        assert!(Exact::read(f64::NAN, Rounding::Up).is_none());
        assert!(Exact::read(f64::INFINITY, Rounding::Up).is_none());
        assert!(Exact::read(1e300, Rounding::Up).is_none());
    }

    #[test]
    fn what_is_beyond_all_decimals_is_rounded() {
        let least =
            |value, rounding| Exact::read(value, rounding).unwrap().units(36, Rounding::Down);
        for value in [1e-40, 5e-324, 1.25e-37] {
            assert_eq!(least(value, Rounding::Up), Some(I256::ONE));
            assert_eq!(least(value, Rounding::Down), Some(I256::ZERO));
        }
        assert_eq!(least(1.25e-35, Rounding::Up), Some(I256::from(13)));
    }

    #[test]
    fn units_are_rounded_to_the_side_that_is_asked_for() {
        let units = |text, rounding| decimal(text).units(2, rounding).unwrap().as_i128();
        for (text, expected) in [
            ("1.234", [123, 123, 124]),
            ("1.235", [123, 124, 124]),
            ("-1.235", [-124, -123, -123]),
            ("1.23", [123; 3]),
            ("7", [700; 3]),
        ] {
            let sides = [Rounding::Down, Rounding::Nearest, Rounding::Up];
            assert_eq!(sides.map(|side| units(text, side)), expected, "{text}");
        }
        assert_eq!(decimal("1.234").whole_units(2), None);
        assert_eq!(decimal("1.2").whole_units(2), Some(I256::from(120)));
        let third = decimal("1").units_over(decimal("0.3"), 3, Rounding::Nearest);
        assert_eq!(third, Some(I256::from(3333)));
    }

    #[test]
    fn what_does_not_fit_is_nothing() {
        let large = decimal("79228162514264337593543950335");
        let square = large.times(large).unwrap();
        assert!(square.times(large).is_none());
        assert!(square.plus(decimal("0.0000000000000000000001")).is_none());
        assert_eq!(large.is_below(large.plus(Exact::ONE).unwrap()), Some(true));
    }
}
