//! Symbols of instruments and currencies.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use zkmargin_margin::ids::InstrumentId;

/// The name of an instrument or a currency, as the venue writes it.
///
/// 1 to 32 ASCII letters, digits and `- _ . / :`; upper and lower case differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Symbol(String);

/// A text that is not a [`Symbol`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a symbol: allowed are 1 to 32 ASCII letters, digits and -_./:")]
pub struct ParseSymbolError;

impl Symbol {
    /// A symbol.
    ///
    /// # Errors
    /// When the text is empty, longer than 32 bytes or has other characters.
    pub fn new(text: &str) -> Result<Self, ParseSymbolError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_./:".contains(&b);
        match (1..=32).contains(&text.len()) && text.bytes().all(allowed) {
            true => Ok(Self(text.to_owned())),
            false => Err(ParseSymbolError),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The instrument's number in commitments and rows.
    pub fn instrument_id(&self) -> InstrumentId {
        InstrumentId::from_symbol(&self.0)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Symbol {
    type Err = ParseSymbolError;

    fn from_str(text: &str) -> Result<Self, ParseSymbolError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Symbol {
    type Error = ParseSymbolError;

    fn try_from(text: String) -> Result<Self, ParseSymbolError> {
        Self::new(&text)
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.0
    }
}

/// Reads a map by symbol and refuses a symbol that stands twice: which of the
/// two entries counts must not depend on the reader.
pub(crate) fn unique_map<'de, D, V>(deserializer: D) -> Result<BTreeMap<Symbol, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = BTreeMap<Symbol, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object keyed by symbol")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some(symbol) = access.next_key::<Symbol>()? {
                if map.contains_key(&symbol) {
                    return Err(A::Error::custom(format_args!("symbol {symbol} stands twice")));
                }
                map.insert(symbol, access.next_value()?);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_short_ascii() {
        assert!(Symbol::new("BTC-USD").is_ok());
        for text in ["", "BTC USD", "ВТС", "a\n", &"A".repeat(33)] {
            assert_eq!(Symbol::new(text), Err(ParseSymbolError));
        }
    }
}
