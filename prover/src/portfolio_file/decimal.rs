//! Decimals as written: no floating point between the file and the lots.

/// A decimal number, `mantissa * 10^-scale`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// A quantity may be secret.
impl std::fmt::Debug for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decimal(..)")
    }
}

/// Why a text is not a decimal, or not a whole multiple of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// Not digits with an optional sign and point.
    #[error(
        "not a decimal number: allowed are digits with an optional minus sign and point, as in \"-0.5\""
    )]
    Malformed,
    /// More digits than any amount has.
    #[error("out of range: allowed are 30 digits, 18 of them after the point")]
    TooLong,
}

/// Digits that fit an `i128` with room for a change of scale.
const MAX_DIGITS: usize = 30;
/// Digits after the point.
const MAX_SCALE: usize = 18;

impl Decimal {
    /// `mantissa * 10^-scale`.
    pub(super) fn new(mantissa: i128, scale: u32) -> Self {
        Self { mantissa, scale }
    }

    /// Reads a decimal: `-?[0-9]+(\.[0-9]+)?`. No exponent, no sign but minus,
    /// no infinities.
    ///
    /// # Errors
    /// When the text is anything else or too long.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(DecimalError::Malformed),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(DecimalError::Malformed);
        }
        let fraction = fraction.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        if fraction.len() > MAX_SCALE || whole.len() + fraction.len() > MAX_DIGITS {
            return Err(DecimalError::TooLong);
        }
        let magnitude = whole
            .bytes()
            .chain(fraction.bytes())
            .fold(0_i128, |acc, byte| acc * 10 + i128::from(byte - b'0'));
        let scale = u32::try_from(fraction.len()).map_err(|_| DecimalError::TooLong)?;
        Ok(Self { mantissa: if negative { -magnitude } else { magnitude }, scale })
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// The product of two; `None` when it has too many digits.
    pub fn times(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self { mantissa, scale: self.scale.checked_add(other.scale)? })
    }

    /// The least number of units of `10^-decimals` that is not below it; `None`
    /// when it does not fit.
    pub fn units_above(self, decimals: u32) -> Option<i128> {
        let up = 10_i128.checked_pow(decimals.saturating_sub(self.scale))?;
        let down = 10_i128.checked_pow(self.scale.saturating_sub(decimals))?;
        let numerator = self.mantissa.checked_mul(up)?;
        // Division rounds towards zero: up already where it is negative.
        let rest = i128::from(numerator % down > 0);
        Some(numerator / down + rest)
    }

    /// The number of units of `step * 10^-decimals` in it; `None` when it is not
    /// whole or does not fit.
    pub fn units(self, step: u128, decimals: u32) -> Option<i128> {
        let step = i128::try_from(step).ok().filter(|step| *step > 0)?;
        // value / unit = mantissa * 10^decimals / (step * 10^scale)
        let up = 10_i128.checked_pow(decimals.saturating_sub(self.scale))?;
        let down = 10_i128.checked_pow(self.scale.saturating_sub(decimals))?;
        let (numerator, divisor) = (self.mantissa.checked_mul(up)?, step.checked_mul(down)?);
        (numerator % divisor == 0).then_some(numerator / divisor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_exactly_what_is_written() {
        let units =
            |text: &str, step, decimals| Decimal::parse(text).unwrap().units(step, decimals);
        assert_eq!(units("-0.00785", 1, 5), Some(-785));
        assert_eq!(units("-0.00785", 5, 5), Some(-157));
        assert_eq!(units("-0.00785", 1, 4), None);
        assert_eq!(units("007.500", 25, 1), Some(3));
        assert_eq!(units("300", 1, 0), Some(300));
        assert_eq!(units("-0", 1, 0), Some(0));
    }

    #[test]
    fn products_are_exact_and_round_up() {
        let product = |a: &str, b: &str, decimals| {
            let [a, b] = [a, b].map(|text| Decimal::parse(text).unwrap());
            a.times(b).and_then(|product| product.units_above(decimals))
        };
        assert_eq!(product("0.25", "1800.5", 2), Some(45_013));
        assert_eq!(product("-0.25", "1800.5", 2), Some(-45_012));
        assert_eq!(product("-0.25", "1800", 2), Some(-45_000));
        assert_eq!(product("0", "1800.123", 0), Some(0));
        let large = "1".repeat(30);
        assert_eq!(product(&large, &large, 2), None);
    }

    #[test]
    fn refuses_everything_else() {
        for text in
            ["", "-", "+1", "1.", ".5", "1e3", "NaN", "inf", "0x10", "1 ", "1_0", "--1", "٣"]
        {
            assert!(matches!(Decimal::parse(text), Err(DecimalError::Malformed)), "{text}");
        }
        let long = "1".repeat(31);
        assert!(matches!(Decimal::parse(&long), Err(DecimalError::TooLong)));
        assert!(matches!(Decimal::parse("0.1111111111111111111"), Err(DecimalError::TooLong)));
    }
}
