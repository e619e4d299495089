//! What opens `CHANGE`: the entries of a change and their salt, as JSON.
//!
//! ```json
//! {
//!   "version": 1,
//!   "account": "0x… (40 digits)",
//!   "change": "0x… (64 digits)",
//!   "salt": "0x… (62 digits)",
//!   "entries": [{ "bucket": 0, "instrument": "0x… (16 digits)", "lots": "-3", "cash": "27000" }]
//! }
//! ```
//!
//! Lots and cash, in quote units, are whole numbers as texts. It is for the owner,
//! and for those whom the owner shows it to.

use pasta_curves::Fp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, BucketId, InstrumentId};
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::statement::transition::{Change, Entry};

use crate::json::{self, JsonError};
use crate::venue::FieldHex;

/// The version of the form.
const VERSION: u16 = 1;

/// Entries, salt and the digest that they open.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    version: u16,
    account: AccountId,
    change: FieldHex,
    salt: String,
    entries: Vec<OpenEntry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenEntry {
    bucket: u16,
    instrument: String,
    lots: String,
    cash: String,
}

/// Secret: shows nothing.
impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opening(..)")
    }
}

/// Why a file opens no change. No value of it is shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// Not the form.
    #[error(transparent)]
    Json(Box<JsonError>),
    /// Another version of the form.
    #[error("version: {0} is not supported, allowed is {VERSION}")]
    Version(u16),
    /// The salt is not spelled as it is written.
    #[error("salt: allowed are 0x and 62 hexadecimal digits")]
    Salt,
    /// An instrument that is not spelled as it is written.
    #[error("entries[{0}].instrument: allowed are 0x and 16 hexadecimal digits")]
    Instrument(usize),
    /// An entry that no change has.
    #[error(
        "entries[{0}]: lots and cash are whole numbers as texts, of less than 2^64 lots and 2^80 quote units"
    )]
    Entry(usize),
    /// Two entries of one position.
    #[error("entries: two are about one instrument in one bucket")]
    Duplicate,
    /// The digest is another change's.
    #[error("change: the entries and the salt have another digest")]
    OtherDigest,
}

impl Opening {
    /// The opening of a change with its digest.
    pub(super) fn new<F: MarginField>(account: AccountId, digest: &F, change: &Change) -> Self {
        let entry = |entry: &Entry| OpenEntry {
            bucket: entry.key().0.get(),
            instrument: entry.key().1.to_string(),
            lots: entry.lots().to_string(),
            cash: entry.cash().to_string(),
        };
        Self {
            version: VERSION,
            account,
            change: FieldHex::of(digest),
            salt: format!("0x{}", hex::encode(change.salt().expose())),
            entries: change.entries().iter().map(entry).collect(),
        }
    }

    /// Reads an opening, and checks that it opens the digest that it names, in the
    /// field of either proof system.
    ///
    /// # Errors
    /// When it is none, or opens another.
    pub fn parse(bytes: &[u8]) -> Result<Self, OpeningError> {
        let opening: Self =
            json::parse(bytes).map_err(|error| OpeningError::Json(Box::new(error)))?;
        if opening.version != VERSION {
            return Err(OpeningError::Version(opening.version));
        }
        let change = opening.read_change()?;
        let digests =
            [FieldHex::of(&change.digest::<Fp>()), FieldHex::of(&change.digest::<Bn254Fr>())];
        match digests.contains(&opening.change) {
            true => Ok(opening),
            false => Err(OpeningError::OtherDigest),
        }
    }

    fn read_change(&self) -> Result<Change, OpeningError> {
        let mut salt = Zeroizing::new([0; 31]);
        self.salt
            .strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, salt.as_mut_slice()).ok())
            .ok_or(OpeningError::Salt)?;
        let entry = |(index, entry): (usize, &OpenEntry)| {
            let number = |text: &str| text.parse().map_err(|_| OpeningError::Entry(index));
            let instrument =
                instrument(&entry.instrument).ok_or(OpeningError::Instrument(index))?;
            let key = (BucketId::new(entry.bucket), instrument);
            Entry::new(key, number(&entry.lots)?, number(&entry.cash)?)
                .map_err(|_| OpeningError::Entry(index))
        };
        let entries = self.entries.iter().enumerate().map(entry).collect::<Result<_, _>>()?;
        Change::new(entries, Blinding::new(*salt)).map_err(|_| OpeningError::Duplicate)
    }

    /// The account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The digest.
    pub fn change(&self) -> FieldHex {
        self.change
    }

    /// The text, with a line feed at its end.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        // Texts and numbers alone: cannot fail.
        let mut text = Zeroizing::new(serde_json::to_vec_pretty(self).unwrap_or_default());
        text.push(b'\n');
        text
    }
}

/// An instrument by its digits.
fn instrument(text: &str) -> Option<InstrumentId> {
    let mut bytes = [0; 8];
    let digits = text.strip_prefix("0x")?;
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(InstrumentId::new(u64::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opening() -> Opening {
        let key = (BucketId::new(1), InstrumentId::new(7));
        let entries = vec![Entry::new(key, -3, 27_000).unwrap()];
        let change = Change::new(entries, Blinding::new([9; 31])).unwrap();
        Opening::new(AccountId::new([1; 20]), &change.digest::<Bn254Fr>(), &change)
    }

    #[test]
    fn an_opening_opens_its_own_digest_alone() {
        let text = String::from_utf8(opening().to_json().to_vec()).unwrap();
        let read = Opening::parse(text.as_bytes()).unwrap();
        assert!(read.change() == opening().change() && read.account() == opening().account());
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from));
            Opening::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err()
        };
        assert_eq!(refused("\"-3\"", "\"-4\""), OpeningError::OtherDigest);
        assert_eq!(refused("\"27000\"", "\"27001\""), OpeningError::OtherDigest);
        assert_eq!(refused("0x0909", "0x0908"), OpeningError::OtherDigest);
        assert_eq!(refused("0x0909", "0x09"), OpeningError::Salt);
        assert_eq!(refused("\"-3\"", "\"-3.5\""), OpeningError::Entry(0));
        assert_eq!(refused("\"-3\"", "\"18446744073709551616\""), OpeningError::Entry(0));
        assert_eq!(refused("\"version\": 1", "\"version\": 2"), OpeningError::Version(2));
        assert!(matches!(refused("\"bucket\"", "\"basket\""), OpeningError::Json(_)));
        assert_eq!(format!("{:?}", opening()), "Opening(..)");
    }
}
