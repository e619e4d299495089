//! Decimal texts: exact, strict, and with one canonical form.
//!
//! Files carry decimals as JSON strings, never as JSON numbers: a number would
//! pass through binary floating point in most readers.

use rust_decimal::Decimal;

/// Longest accepted decimal text, in bytes.
const MAX_LEN: usize = 40;

/// A text that is not a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a decimal: allowed are an optional minus sign, digits and a fraction, \
     at most 28 digits in all, no exponent, not NaN or infinite"
)]
pub struct ParseDecimalError;

/// Reads a decimal exactly.
///
/// # Errors
/// For anything but `-?digits(.digits)?` with at most 28 digits: no exponent,
/// no plus sign, no separators, no `NaN` and no infinity.
///
/// ```
/// use zkmargin_params::decimal::parse_decimal;
/// assert_eq!(parse_decimal("-0.00785").unwrap().to_string(), "-0.00785");
/// assert!(parse_decimal("1e400").is_err());
/// assert!(parse_decimal("NaN").is_err());
/// ```
pub fn parse_decimal(text: &str) -> Result<Decimal, ParseDecimalError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text.len() > MAX_LEN || !all_digits(whole) || !all_digits(fraction) {
        return Err(ParseDecimalError);
    }
    let decimal = Decimal::from_str_exact(text).map_err(|_| ParseDecimalError)?;
    Ok(canonical(decimal))
}

/// The same number without trailing zeros or a negative zero.
pub(crate) fn canonical(decimal: Decimal) -> Decimal {
    if decimal.is_zero() { Decimal::ZERO } else { decimal.normalize() }
}

/// `10^exponent`, when it fits.
pub(crate) fn pow10(exponent: u32) -> Option<u128> {
    10u128.checked_pow(exponent)
}

/// `decimal * 10^decimals`, when that is a whole number that fits.
pub(crate) fn to_units(decimal: Decimal, decimals: u32) -> Option<i128> {
    let decimal = canonical(decimal);
    let shift = decimals.checked_sub(decimal.scale())?;
    decimal.mantissa().checked_mul(i128::try_from(pow10(shift)?).ok()?)
}

/// `units / 10^decimals` as text, without trailing zeros.
pub(crate) fn format_units(units: i128, decimals: u32) -> String {
    let scale = pow10(decimals).unwrap_or(u128::MAX);
    let (whole, fraction) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{fraction:0width$}", width = usize::try_from(decimals).unwrap_or(0));
    let digits = digits.trim_end_matches('0');
    match digits.is_empty() {
        true => format!("{sign}{whole}"),
        false => format!("{sign}{whole}.{digits}"),
    }
}

/// Serde for a decimal text.
pub(crate) mod text {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(d: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&super::canonical(*d))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Decimal, D::Error> {
        let text = String::deserialize(d)?;
        super::parse_decimal(&text).map_err(serde::de::Error::custom)
    }
}

/// Serde for a decimal text that may be absent.
pub(crate) mod text_option {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        d: &Option<Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match d {
            Some(d) => super::text::serialize(d, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Decimal>, D::Error> {
        let text = Option::<String>::deserialize(d)?;
        text.map(|text| super::parse_decimal(&text).map_err(serde::de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_are_refused() {
        let long = "1".repeat(41);
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "+1",
            "1e5",
            "1E5",
            "NaN",
            "inf",
            "Infinity",
            "1_000",
            "0x1",
            "1 ",
            "--1",
            "1.2.3",
            "١",
            "99999999999999999999999999999",
            &long,
        ] {
            assert_eq!(parse_decimal(text), Err(ParseDecimalError), "{text}");
        }
    }

    #[test]
    fn decimals_are_canonical() {
        for (text, expected) in
            [("-0", "0"), ("1.500", "1.5"), ("007", "7"), ("100", "100"), ("-0.10", "-0.1")]
        {
            assert_eq!(parse_decimal(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn units_round_trip() {
        let amount = parse_decimal("-12.00000001").unwrap();
        assert_eq!(to_units(amount, 8), Some(-1_200_000_001));
        assert_eq!(to_units(amount, 7), None);
        assert_eq!(format_units(-1_200_000_001, 8), "-12.00000001");
        assert_eq!(format_units(1_200_000_000, 8), "12");
        assert_eq!(format_units(-5, 0), "-5");
        assert_eq!(format_units(0, 8), "0");
    }
}
