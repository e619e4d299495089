//! Symbols of instruments and currencies.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use zkmargin_margin::ids::InstrumentId;

use crate::leverage::ChosenLeverage;

/// Between the name of an instrument and the leverage that it is listed at.
const AT: char = '@';
/// After the leverage.
const TIMES: char = 'x';

/// The name of an instrument or a currency, as the venue writes it.
///
/// 1 to 32 ASCII letters, digits and `- _ . / :`; upper and lower case differ. What a market
/// lists at a leverage that accounts may choose is `BTC@10x`: the name of the instrument, and
/// behind it what no venue's name can have. No file names an instrument so ([`Symbol::new`]
/// refuses it): a market makes such names ([`Symbol::at_leverage`]), and whoever asks for
/// what a market lists reads them ([`Symbol::of_listing`]).
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

    /// The instrument at a leverage: `BTC@10x`.
    ///
    /// ```
    /// use zkmargin_params::symbol::Symbol;
    /// let at = Symbol::new("BTC")?.at_leverage("10".parse().unwrap());
    /// assert_eq!(at.as_str(), "BTC@10x");
    /// assert!(Symbol::new(at.as_str()).is_err());
    /// assert_eq!(Symbol::of_listing("BTC@10x")?, at);
    /// assert_eq!(at.instrument(), Symbol::new("BTC")?);
    /// # Ok::<(), zkmargin_params::symbol::ParseSymbolError>(())
    /// ```
    #[must_use]
    pub fn at_leverage(&self, leverage: ChosenLeverage) -> Self {
        Self(format!("{}{AT}{leverage}{TIMES}", self.instrument()))
    }

    /// The name of what a market lists: an instrument's, or one's at a leverage.
    ///
    /// # Errors
    /// When the text is neither.
    pub fn of_listing(text: &str) -> Result<Self, ParseSymbolError> {
        let Some((name, leverage)) = text.split_once(AT) else { return Self::new(text) };
        let times = leverage.strip_suffix(TIMES).ok_or(ParseSymbolError)?;
        let leverage = times.parse().map_err(|_| ParseSymbolError)?;
        Ok(Self::new(name)?.at_leverage(leverage))
    }

    /// The instrument, whatever leverage it is listed at.
    #[must_use]
    pub fn instrument(&self) -> Self {
        let name = self.0.split(AT).next().unwrap_or_default();
        Self(name.to_owned())
    }

    /// Whether it is that of an instrument at a leverage.
    pub fn has_leverage(&self) -> bool {
        self.0.contains(AT)
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

    #[test]
    fn names_at_a_leverage_have_one_form() {
        let longest = format!("{}@1000x", "A".repeat(32));
        for text in ["BTC", "BTC-USD:SHORT@1x", &longest] {
            assert_eq!(Symbol::of_listing(text).unwrap().as_str(), text);
        }
        for text in ["BTC@", "BTC@x", "BTC@10", "BTC@0x", "BTC@1001x", "BTC@010x", "BTC@+1x", "@5x"]
        {
            assert_eq!(Symbol::of_listing(text), Err(ParseSymbolError), "{text}");
        }
        assert!(Symbol::of_listing("BTC@5x@5x").is_err() && Symbol::new("BTC@5x").is_err());
        // What a file says, no file says of a leverage.
        assert!(serde_json::from_str::<Symbol>("\"BTC@5x\"").is_err());
    }
}
