//! The schema of a portfolio document.

use std::fmt;

use rand::TryRng as _;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::portfolio::Blinding;

use super::{MAX_POSITIONS, MAX_SCENARIO_POSITIONS, PortfolioFileError};
use crate::json;

/// Version of the schema.
pub const VERSION: u16 = 1;

/// A text that is zeroed when dropped and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// A secret text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl Visitor<'_> for TextVisitor {
            type Value = SecretText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes; numbers too, as in \"-0.5\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText::new(text.to_owned()))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// A portfolio as its owner writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortfolioDocument {
    /// [`VERSION`].
    pub version: u16,
    /// The account that holds it.
    pub account: AccountId,
    /// The commitment's blinding.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "blinding_hex")]
    pub blinding: Option<Blinding>,
    /// Cash of the cross-margin bucket.
    #[serde(default = "no_cash")]
    pub cash: SecretText,
    /// Positions of the cross-margin bucket.
    #[serde(default)]
    pub positions: Vec<PositionEntry>,
    /// The isolated buckets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolated: Vec<IsolatedBucket>,
}

/// A position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionEntry {
    /// The instrument's symbol.
    pub instrument: SecretText,
    /// Signed quantity in coins or contracts: negative is short or borrowed.
    pub quantity: SecretText,
}

/// A bucket with collateral of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsolatedBucket {
    /// Its cash.
    #[serde(default = "no_cash")]
    pub cash: SecretText,
    /// Its positions.
    #[serde(default)]
    pub positions: Vec<PositionEntry>,
}

fn no_cash() -> SecretText {
    SecretText::new("0".to_owned())
}

impl PortfolioDocument {
    /// Reads a document and its version.
    ///
    /// # Errors
    /// When it is not the schema.
    pub fn parse(bytes: &[u8]) -> Result<Self, PortfolioFileError> {
        let document: Self =
            json::parse(bytes).map_err(|error| PortfolioFileError::Json(Box::new(error)))?;
        if document.version != VERSION {
            return Err(PortfolioFileError::Version(document.version));
        }
        Ok(document)
    }

    /// Draws a blinding from the system when the document has none; whether it
    /// did.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn ensure_blinding(&mut self) -> Result<bool, NoRandomness> {
        if self.blinding.is_some() {
            return Ok(false);
        }
        let mut bytes = Zeroizing::new([0; 31]);
        rand::rngs::SysRng.try_fill_bytes(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
        self.blinding = Some(Blinding::new(*bytes));
        Ok(true)
    }

    /// The document as JSON, for encryption.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        // Large enough for the largest document, so that no copy is left behind
        // by a growing buffer.
        let mut bytes = Zeroizing::new(Vec::with_capacity(crate::files::SECRET_LIMIT));
        // Only strings, lists and integers: cannot fail.
        if serde_json::to_writer(&mut *bytes, self).is_err() {
            bytes.clear();
        }
        bytes
    }

    /// Whether some family of margin models has a circuit for so many positions,
    /// and whether every one has.
    ///
    /// # Errors
    /// When none has.
    pub fn fits_every_family(&self) -> Result<bool, PortfolioFileError> {
        let found = self.positions_len();
        match found > MAX_POSITIONS {
            true => Err(PortfolioFileError::TooManyPositions { found, allowed: MAX_POSITIONS }),
            false => Ok(found <= MAX_SCENARIO_POSITIONS),
        }
    }

    /// Positions as written, in all buckets.
    pub fn positions_len(&self) -> usize {
        self.positions.len() + self.isolated.iter().map(|b| b.positions.len()).sum::<usize>()
    }
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// `0x` and 62 hexadecimal digits.
mod blinding_hex {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        blinding: &Option<Blinding>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match blinding {
            Some(blinding) => {
                let digits = Zeroizing::new(hex::encode(blinding.expose()));
                let text = Zeroizing::new(format!("0x{}", digits.as_str()));
                serializer.serialize_str(&text)
            }
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Blinding>, D::Error> {
        struct BlindingVisitor;
        impl Visitor<'_> for BlindingVisitor {
            type Value = Option<Blinding>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("0x and 62 hexadecimal digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let mut bytes = Zeroizing::new([0; 31]);
                text.strip_prefix("0x")
                    .and_then(|digits| hex::decode_to_slice(digits, bytes.as_mut_slice()).ok())
                    .map(|()| Some(Blinding::new(*bytes)))
                    .ok_or_else(|| E::custom("a blinding is 0x and 62 hexadecimal digits"))
            }
        }
        deserializer.deserialize_str(BlindingVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"version":1,"account":"0x00000000000000000000000000000000000000a1",
        "cash":"86.5","positions":[{"instrument":"BTC","quantity":"-0.00785"}],
        "isolated":[{"cash":"10"}]}"#;

    #[test]
    fn documents_round_trip_and_draw_a_blinding_once() {
        let mut document = PortfolioDocument::parse(TEXT.as_bytes()).unwrap();
        assert!(document.ensure_blinding().unwrap());
        assert!(!document.ensure_blinding().unwrap());
        assert_eq!(PortfolioDocument::parse(&document.to_json()).unwrap(), document);
        assert_eq!(document.positions_len(), 1);
    }

    #[test]
    fn debug_and_errors_show_no_figures() {
        let document = PortfolioDocument::parse(TEXT.as_bytes()).unwrap();
        let debug = format!("{document:?}");
        assert!(!debug.contains("00785") && !debug.contains("86.5") && !debug.contains("BTC"));
        let wrong = TEXT.replace("\"86.5\"", "86.5");
        let error = PortfolioDocument::parse(wrong.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("cash: ") && !error.contains("86.5"), "{error}");
    }

    #[test]
    fn other_versions_are_refused() {
        let other = TEXT.replace("\"version\":1", "\"version\":2");
        assert_eq!(PortfolioDocument::parse(other.as_bytes()), Err(PortfolioFileError::Version(2)));
    }
}
