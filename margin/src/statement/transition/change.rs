//! What changes between two portfolios: lots and cash, entry by entry.

use alloc::vec::Vec;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::field::MarginField;
use crate::ids::{BucketId, InstrumentId};
use crate::portfolio::{Blinding, WORD_BUCKET, WORD_QUANTITY};
use crate::poseidon::{Domain, hash};
use crate::units::OutOfRange;

/// Entries absorbed by one link of the chain.
pub const ENTRIES_PER_LINK: usize = 2;

/// Bit offset of the bucket in an entry's word.
pub const ENTRY_BUCKET: u32 = WORD_BUCKET;
/// Bit offset of the lots, plus `2^64`, in an entry's word.
pub const ENTRY_LOTS: u32 = WORD_QUANTITY;
/// Bit offset of the cash, plus `2^80`, in an entry's word.
pub const ENTRY_CASH: u32 = ENTRY_LOTS + 72;
/// Bit that is set in every entry's word, so that none is zero.
pub const ENTRY_PRESENT: u32 = ENTRY_CASH + 88;
/// Added to a difference of quantities so that it is not negative.
pub const LOTS_OFFSET: u128 = 1 << 64;
/// Added to a difference of cash so that it is not negative.
pub const CASH_CHANGE_OFFSET: u128 = 1 << 80;

// A word is below every supported modulus.
const _: () = assert!(ENTRY_PRESENT < 252);

/// What is added to one position. Lots and cash are signed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Entry {
    bucket: BucketId,
    instrument: InstrumentId,
    lots: i128,
    cash: i128,
}

impl Entry {
    /// Lots and cash, in quote units, that are added to a position.
    ///
    /// # Errors
    /// Beyond what two positions can differ by: `2^64` lots or `2^80` quote units,
    /// both excluded.
    pub const fn new(
        (bucket, instrument): (BucketId, InstrumentId),
        lots: i128,
        cash: i128,
    ) -> Result<Self, OutOfRange> {
        if lots.unsigned_abs() >= LOTS_OFFSET {
            return Err(OutOfRange {
                what: "lots of a change",
                allowed: "-2^64 to 2^64, both excluded",
            });
        }
        if cash.unsigned_abs() >= CASH_CHANGE_OFFSET {
            return Err(OutOfRange {
                what: "cash of a change",
                allowed: "-2^80 to 2^80 quote units, both excluded",
            });
        }
        Ok(Self { bucket, instrument, lots, cash })
    }

    /// Which position it is about.
    pub const fn key(&self) -> (BucketId, InstrumentId) {
        (self.bucket, self.instrument)
    }

    /// Signed lots.
    pub const fn lots(&self) -> i128 {
        self.lots
    }

    /// Signed cash in quote units.
    pub const fn cash(&self) -> i128 {
        self.cash
    }

    /// The entry packed into one field element, never zero:
    /// `instrument | bucket | lots + 2^64 (72 bits) | cash + 2^80 (88) | 1`.
    pub fn word<F: MarginField>(&self) -> F {
        let part = |value: F, bits: u32| value * F::from(2).pow_vartime([u64::from(bits)]);
        F::from(self.instrument.get())
            + part(F::from(u64::from(self.bucket.get())), ENTRY_BUCKET)
            + part(F::from_i128(self.lots) + F::from_u128(LOTS_OFFSET), ENTRY_LOTS)
            + part(F::from_i128(self.cash) + F::from_u128(CASH_CHANGE_OFFSET), ENTRY_CASH)
            + part(F::ONE, ENTRY_PRESENT)
    }
}

/// Why entries are not a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// Two entries of one position.
    #[error("the change has two entries for one instrument in one bucket")]
    Duplicate,
}

/// Entries by bucket and instrument, with the salt of their digest: whoever is
/// shown entries and salt can tell that they are the change of a proof, nobody
/// else can guess it.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    entries: Vec<Entry>,
    salt: Blinding,
}

redacted_debug!(Entry, Change);

impl Change {
    /// Brings entries into canonical order.
    ///
    /// # Errors
    /// [`ChangeError::Duplicate`] when two are about one position.
    pub fn new(mut entries: Vec<Entry>, salt: Blinding) -> Result<Self, ChangeError> {
        entries.sort_by_key(Entry::key);
        match entries.windows(2).any(|pair| pair[0].key() == pair[1].key()) {
            true => Err(ChangeError::Duplicate),
            false => Ok(Self { entries, salt }),
        }
    }

    /// The entries, by bucket and instrument.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The salt.
    pub const fn salt(&self) -> &Blinding {
        &self.salt
    }

    /// What is added to a position: nothing where no entry is about it.
    pub(super) fn of(&self, key: (BucketId, InstrumentId)) -> (i128, i128) {
        let found = self.entries.binary_search_by_key(&key, Entry::key);
        found.map_or((0, 0), |index| (self.entries[index].lots, self.entries[index].cash))
    }

    /// `CHANGE`: a chain over the entries two at a time from the constant zero,
    /// closed with the salt. As with a portfolio, it does not depend on the shape.
    pub fn digest<F: MarginField>(&self) -> F {
        let chain = self.entries.chunks(ENTRIES_PER_LINK).fold(F::ZERO, |chain, pair| {
            let word = |i: usize| pair.get(i).map_or(F::ZERO, Entry::word);
            hash(Domain::ChangeEntries, [chain, word(0), word(1), F::ZERO])
        });
        hash(Domain::Change, [chain, self.salt.to_field(), F::ZERO, F::ZERO])
    }
}
