//! Text forms for serde: one spelling per value.

/// A value by its `Display` and `FromStr`, which must be inverse.
pub(crate) mod text {
    use alloc::string::String;
    use core::fmt::Display;
    use core::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A shortfall as a decimal string: it does not fit a JavaScript number.
pub(crate) mod shortfall {
    use alloc::string::String;

    use serde::{Deserialize, Deserializer, Serializer};
    use zkmargin_margin::instance::Shortfall;

    use super::parse_shortfall;

    pub(crate) fn serialize<S: Serializer>(
        value: &Shortfall,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value.get())
    }

    pub(crate) fn deserialize<'de, D>(deserializer: D) -> Result<Shortfall, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        parse_shortfall(&text).ok_or_else(|| {
            serde::de::Error::custom("a shortfall is a decimal string below 2^104, no leading zero")
        })
    }
}

/// A shortfall or nothing, as a decimal string or `null`.
pub(crate) mod optional_shortfall {
    use alloc::string::String;

    use serde::{Deserialize, Deserializer, Serializer};
    use zkmargin_margin::instance::Shortfall;

    use super::parse_shortfall;

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Shortfall>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(shortfall) => serializer.collect_str(&shortfall.get()),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D>(deserializer: D) -> Result<Option<Shortfall>, D::Error>
    where
        D: Deserializer<'de>,
    {
        match Option::<String>::deserialize(deserializer)? {
            None => Ok(None),
            Some(text) => parse_shortfall(&text).map(Some).ok_or_else(|| {
                serde::de::Error::custom(
                    "a shortfall is a decimal string below 2^104, no leading zero",
                )
            }),
        }
    }
}

use zkmargin_margin::instance::Shortfall;

/// Reads a shortfall in its one spelling: decimal, no sign, no leading zero.
pub(crate) fn parse_shortfall(text: &str) -> Option<Shortfall> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    Shortfall::new(text.parse().ok().filter(|_| plain)?)
}

/// Reads `0x` and lowercase hexadecimal digits, exactly filling the array.
pub(crate) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.strip_prefix("0x")?;
    let mut bytes = [0; N];
    let lowercase = !digits.bytes().any(|byte| byte.is_ascii_uppercase());
    hex::decode_to_slice(digits, &mut bytes).ok().filter(|()| lowercase)?;
    Some(bytes)
}
