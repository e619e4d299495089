//! The schema of a portfolio document.

use std::{fmt, io};

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

/// A portfolio as its owner writes it. What an account has is said in one of two
/// ways in each bucket: its `cash`, as the market's family counts it, or its
/// `balance` and what the positions cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct PortfolioDocument {
    /// [`VERSION`].
    pub version: u16,
    /// The account that holds it.
    pub account: AccountId,
    /// The commitment's blinding.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "blinding_hex")]
    pub blinding: Option<Blinding>,
    /// Cash of the cross-margin bucket; none is 0.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub cash: Option<SecretText>,
    /// Balance of the cross-margin bucket, in place of `cash`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub balance: Option<SecretText>,
    /// Positions of the cross-margin bucket.
    #[serde(default)]
    pub positions: Vec<PositionEntry>,
    /// The isolated buckets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolated: Vec<IsolatedBucket>,
    /// Margin that the venue has reserved for open orders; none is 0. It counts
    /// against initial margin of the cross-margin bucket alone.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub reserved: Option<SecretText>,
}

/// A position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct PositionEntry {
    /// The instrument's symbol.
    pub instrument: SecretText,
    /// Signed quantity in coins or contracts: negative is short or borrowed.
    pub quantity: SecretText,
    /// Beside a `balance`, in a market of the standard family: the average price
    /// paid for a unit of a perpetual or future.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub entry_price: Option<SecretText>,
    /// Beside a `balance`, in a market of options: what a perpetual or future has
    /// earned and the balance does not show yet.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub unrealised: Option<SecretText>,
    /// The leverage that the account chose for a perpetual or future, a whole number: its
    /// initial margin is then at least notional over leverage. The largest that the market
    /// allows when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub leverage: Option<SecretText>,
}

/// A bucket with collateral of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub struct IsolatedBucket {
    /// Its cash; none is 0.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub cash: Option<SecretText>,
    /// Its balance, in place of `cash`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "given")]
    pub balance: Option<SecretText>,
    /// Its positions.
    #[serde(default)]
    pub positions: Vec<PositionEntry>,
}

json::objects_only!(PortfolioDocument, PositionEntry, IsolatedBucket);

impl PositionEntry {
    /// A position without what it cost: `cash` has that.
    pub fn new(instrument: String, quantity: String) -> Self {
        Self {
            instrument: SecretText::new(instrument),
            quantity: SecretText::new(quantity),
            entry_price: None,
            unrealised: None,
            leverage: None,
        }
    }
}

impl IsolatedBucket {
    /// A bucket with cash as its market's family counts it.
    pub fn new(cash: String, positions: Vec<PositionEntry>) -> Self {
        Self { cash: Some(SecretText::new(cash)), balance: None, positions }
    }
}

impl PortfolioDocument {
    /// A portfolio of one bucket with no blinding yet.
    pub fn new(account: AccountId, cash: String, positions: Vec<PositionEntry>) -> Self {
        Self {
            version: VERSION,
            account,
            blinding: None,
            cash: Some(SecretText::new(cash)),
            balance: None,
            positions,
            isolated: Vec::new(),
            reserved: None,
        }
    }

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
        in_place(|writer| serde_json::to_writer(writer, self))
    }

    /// The document as JSON for people, with all that it holds.
    pub fn to_text(&self) -> Zeroizing<Vec<u8>> {
        let mut text = in_place(|writer| serde_json::to_writer_pretty(writer, self));
        text.push(b'\n');
        text
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

/// What is written, in a buffer that was large enough from the start: a growing
/// one would leave copies of secrets behind. It is written twice, first to be
/// counted.
fn in_place(write: impl Fn(&mut dyn io::Write) -> serde_json::Result<()>) -> Zeroizing<Vec<u8>> {
    let mut length = Length(0);
    // Only strings, lists and integers: cannot fail.
    let counted = write(&mut length);
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0 + 1));
    if counted.and_then(|()| write(&mut *bytes)).is_err() {
        bytes.clear();
    }
    bytes
}

/// Counts bytes and keeps none.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A field that is left out or has a text: `null` is neither.
mod given {
    use super::*;

    pub(super) fn serialize<S: Serializer>(
        text: &Option<SecretText>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        text.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<SecretText>, D::Error> {
        SecretText::deserialize(deserializer).map(Some)
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
        let json = document.to_json();
        assert_eq!(PortfolioDocument::parse(&json).unwrap(), document);
        assert_eq!(json.capacity(), json.len() + 1, "one buffer, with room for a line end");
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
    fn a_list_is_no_document() {
        let account = "0x00000000000000000000000000000000000000a1";
        let lists = [
            format!(r#"[1,"{account}"]"#),
            format!(r#"{{"version":1,"account":"{account}","positions":[["BTC","1"]]}}"#),
            format!(r#"{{"version":1,"account":"{account}","isolated":[["1"]]}}"#),
        ];
        for list in lists {
            let error = PortfolioDocument::parse(list.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("expected a JSON object"), "{error}");
        }
        let null = TEXT.replace("\"86.5\"", "null");
        assert!(PortfolioDocument::parse(null.as_bytes()).is_err());
    }

    #[test]
    fn text_for_people_is_the_same_document() {
        let mut document = PortfolioDocument::parse(TEXT.as_bytes()).unwrap();
        document.ensure_blinding().unwrap();
        assert_eq!(PortfolioDocument::parse(&document.to_text()).unwrap(), document);
    }

    #[test]
    fn other_versions_are_refused() {
        let other = TEXT.replace("\"version\":1", "\"version\":2");
        assert_eq!(PortfolioDocument::parse(other.as_bytes()), Err(PortfolioFileError::Version(2)));
    }
}
