//! Numbers as venues write them.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::decimal::{canonical, parse_decimal};

/// Digits that binary floating point carries without loss.
const MOST_DIGITS: usize = 15;

/// A decimal that stands as a text, as a whole number, or as a JSON number of at
/// most 15 digits. What is missing is reported as missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number(pub(super) Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a text that is one")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                parse_decimal(text).map(Number).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(canonical(Decimal::from(number))))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(canonical(Decimal::from(number))))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                // The shortest decimal that gives it back, without an exponent.
                let text = number.to_string();
                let digits = text.trim_start_matches(['-', '0', '.']).bytes();
                match digits.filter(u8::is_ascii_digit).count() <= MOST_DIGITS {
                    true => self.visit_str(&text),
                    false => Err(E::custom("a number of more than 15 digits: use a text")),
                }
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// A number that may be absent; `null` and an empty text are none.
pub(super) fn number_option<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Number>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Blank {
        Text(String),
        Other(serde_json::Value),
    }
    match Option::<Blank>::deserialize(deserializer)? {
        None | Some(Blank::Other(serde_json::Value::Null)) => Ok(None),
        Some(Blank::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(Blank::Text(text)) => {
            parse_decimal(&text).map(Number).map(Some).map_err(D::Error::custom)
        }
        Some(Blank::Other(value)) => {
            serde_json::from_value(value).map(Some).map_err(D::Error::custom)
        }
    }
}

/// A figure that is compared or rounded and never a quantity: it may have an exponent
/// and more digits than decimals hold, and is rounded to 18 decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figure(pub(super) Decimal);

/// Decimals of a figure.
const FIGURE_DECIMALS: u32 = 18;

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            other => {
                let found = if other.is_null() {
                    Unexpected::Unit
                } else {
                    Unexpected::Other("another value")
                };
                return Err(D::Error::invalid_type(found, &"a number, or a text that is one"));
            }
        };
        figure(&text).map(Self).ok_or_else(|| D::Error::custom("not a decimal"))
    }
}

/// A decimal with any number of digits, rounded.
fn figure(text: &str) -> Option<Decimal> {
    // Longer than any number that means something.
    if text.len() > 80 {
        return None;
    }
    let decimal = match text.contains(['e', 'E']) {
        true => Decimal::from_scientific(text).ok()?,
        // Digits beyond what decimals hold are rounded away.
        false => text.parse::<Decimal>().ok().filter(|_| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        })?,
    };
    Some(canonical(decimal.round_dp(FIGURE_DECIMALS)))
}

/// A number in floating point that may stand as a text; `null` and an empty
/// text are none.
pub(super) fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    struct FloatVisitor;
    impl<'de> Visitor<'de> for FloatVisitor {
        type Value = Option<f64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number, a text that is one, or null")
        }

        fn visit_none<E: Error>(self) -> Result<Option<f64>, E> {
            Ok(None)
        }

        fn visit_unit<E: Error>(self) -> Result<Option<f64>, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }

        #[expect(clippy::cast_precision_loss, reason = "prices and times are far below 2^53")]
        fn visit_u64<E: Error>(self, number: u64) -> Result<Option<f64>, E> {
            Ok(Some(number as f64))
        }

        #[expect(clippy::cast_precision_loss, reason = "prices and times are far below 2^53")]
        fn visit_i64<E: Error>(self, number: i64) -> Result<Option<f64>, E> {
            Ok(Some(number as f64))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Option<f64>, E> {
            Ok(Some(number))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Option<f64>, E> {
            match text.trim() {
                "" => Ok(None),
                text => text
                    .parse()
                    .map(Some)
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self)),
            }
        }
    }
    deserializer.deserialize_option(FloatVisitor)
}

/// A whole number that may stand as a text.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let Number(number) = Number::deserialize(deserializer)?;
    u64::try_from(number)
        .ok()
        .filter(|whole| Decimal::from(*whole) == number)
        .ok_or_else(|| D::Error::custom("not a whole number of at least 0"))
}

/// The same of what may be absent or null.
pub(super) fn whole_option<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    struct Whole(u64);
    impl<'de> Deserialize<'de> for Whole {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            whole(deserializer).map(Self)
        }
    }
    Ok(Option::<Whole>::deserialize(deserializer)?.map(|Whole(number)| number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Row {
        cum: Number,
    }

    fn read(json: &str) -> Result<String, String> {
        let row: Result<Row, _> = serde_json::from_str(json);
        row.map(|row| row.cum.0.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_exact_and_refusals_are_true() {
        for (json, expected) in [
            (r#"{"cum": "0.10"}"#, "0.1"),
            (r#"{"cum": 1e-6}"#, "0.000001"),
            (r#"{"cum": -0.5}"#, "-0.5"),
            (r#"{"cum": 9223372036854775807}"#, "9223372036854775807"),
        ] {
            assert_eq!(read(json).unwrap(), expected);
        }
        let refused = |json| read(json).unwrap_err();
        assert!(refused("{}").starts_with("missing field `cum`"), "{}", refused("{}"));
        assert!(refused(r#"{"cum": null}"#).contains("invalid type: null, expected a number"));
        assert!(refused(r#"{"cum": "1e5"}"#).starts_with("not a decimal"));
        assert!(refused(r#"{"cum": 0.1234567890123456}"#).contains("more than 15 digits"));
        assert!(refused(r#"{"cum": [1]}"#).contains("expected a number"));
    }

    #[test]
    fn figures_are_rounded_and_blanks_are_none() {
        let read = |text: &str| serde_json::from_str::<Figure>(text).map(|f| f.0.to_string());
        let long = r#""238.557024375000082727638073265552520751953125""#;
        assert_eq!(read(long).unwrap(), "238.557024375000082728");
        assert_eq!(read(r#""-1.25e-1""#).unwrap(), "-0.125");
        assert_eq!(read("0.1").unwrap(), "0.1");
        for text in ["null", r#""""#, r#""NaN""#, r#""1_0""#, r#""+1""#, r#""1e999""#, "[1]"] {
            assert!(read(text).is_err(), "{text}");
        }
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "number_option")]
            margin: Option<Number>,
        }
        let blank =
            |text: &str| serde_json::from_str::<Row>(text).map(|row| row.margin.map(|m| m.0));
        for text in ["{}", r#"{"margin": null}"#, r#"{"margin": ""}"#, r#"{"margin": " "}"#] {
            assert_eq!(blank(text).unwrap(), None, "{text}");
        }
        assert_eq!(blank(r#"{"margin": "-0.50"}"#).unwrap(), Some(Decimal::new(-5, 1)));
        assert_eq!(blank(r#"{"margin": 2}"#).unwrap(), Some(Decimal::TWO));
        assert!(blank(r#"{"margin": "x"}"#).is_err() && blank(r#"{"margin": []}"#).is_err());
    }
}
