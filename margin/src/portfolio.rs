//! Private portfolios and their commitment.
//!
//! The commitment does not depend on the circuit's shape: it is a chain over
//! the positions two at a time, from what is reserved for open orders, closed
//! with the blinding. Unused slots leave the chain as it is, so the number of
//! positions stays private and one commitment serves every shape that is large
//! enough. What is reserved is below `2^80`, so no chain can be cut at its head:
//! a digest that small is not found.

use alloc::vec::Vec;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::field::MarginField;
use crate::ids::{BucketId, InstrumentId};
use crate::poseidon::{Domain, hash};
use crate::units::{Amount, Lots, NOTIONAL_BITS, OutOfRange};

/// Positions absorbed by one link of the chain.
pub const POSITIONS_PER_LINK: usize = 2;

/// Bit offset of the bucket in a position's word.
pub const WORD_BUCKET: u32 = 64;
/// Bit offset of the quantity, plus 2^63, in a position's word.
pub const WORD_QUANTITY: u32 = 80;
/// Bit offset of the cash, plus 2^79, in a position's word.
pub const WORD_CASH: u32 = 144;
/// Bit that is set in every position's word, so that none is zero.
pub const WORD_PRESENT: u32 = 224;
/// Added to a quantity so that it is not negative.
pub const QUANTITY_OFFSET: u128 = 1 << 63;
/// Added to an amount of cash so that it is not negative.
pub const CASH_OFFSET: u128 = 1 << (NOTIONAL_BITS - 1);

/// One position: so many lots of an instrument, and cash, in a bucket.
///
/// Cash is signed and carries the cost basis and settled funding, so equity is
/// the sum of `quantity * price + cash`. A bucket that holds only cash is a
/// position of zero lots.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Position {
    /// The margin bucket.
    pub bucket: BucketId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Signed lots.
    pub quantity: Lots,
    /// Signed cash in quote units.
    pub cash: Amount,
}

impl Position {
    /// The order of positions in a portfolio: by bucket, then instrument.
    pub fn key(&self) -> (BucketId, InstrumentId) {
        (self.bucket, self.instrument)
    }

    /// The position packed into one field element of 225 bits:
    /// `instrument | bucket << 64 | (quantity + 2^63) << 80 | (cash + 2^79) << 144 | 1 << 224`.
    /// Never zero, which is a missing position's word, and injective.
    pub fn word<F: MarginField>(&self) -> F {
        let low = u128::from(self.instrument.get()) | u128::from(self.bucket.get()) << WORD_BUCKET;
        let quantity =
            F::from_i128(i128::from(self.quantity.get())) + F::from_u128(QUANTITY_OFFSET);
        let cash = F::from_i128(self.cash.get()) + F::from_u128(CASH_OFFSET);
        F::from_u128(low)
            + quantity * F::from_u128(1 << WORD_QUANTITY)
            + cash * F::from(2).pow_vartime([u64::from(WORD_CASH)])
            + F::from(2).pow_vartime([u64::from(WORD_PRESENT)])
    }

    /// The position that a word is of; `None` when it is no position's.
    pub fn of_word<F: MarginField>(word: &F) -> Option<Self> {
        let bytes = word.to_le_bytes();
        // All fields end at bytes: instrument, bucket, quantity, cash, presence.
        let part = |from: u32, bits: u32| {
            let (from, end) = (from as usize / 8, (from + bits) as usize / 8);
            bytes[from..end].iter().rev().fold(0, |sum, byte| sum << 8 | u128::from(*byte))
        };
        let presence = (WORD_PRESENT as usize) / 8;
        if bytes[presence] != 1 || bytes[presence + 1..].iter().any(|byte| *byte != 0) {
            return None;
        }
        let quantity = part(WORD_QUANTITY, 64).cast_signed() - QUANTITY_OFFSET.cast_signed();
        let cash = part(WORD_CASH, NOTIONAL_BITS).cast_signed() - CASH_OFFSET.cast_signed();
        Some(Self {
            bucket: BucketId::new(u16::try_from(part(WORD_BUCKET, 16)).ok()?),
            instrument: InstrumentId::new(u64::try_from(part(0, 64)).ok()?),
            quantity: Lots::new(i64::try_from(quantity).ok()?),
            cash: Amount::new(cash).ok()?,
        })
    }
}

redacted_debug!(Position, Reserved, Blinding, Portfolio);

/// Shows nothing of its secret content.
impl core::fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Held(..)")
    }
}

/// Bits of what is reserved for open orders.
pub const RESERVED_BITS: u32 = NOTIONAL_BITS;

/// Margin that the venue has reserved for an account's open orders, in quote
/// units below `2^80`. It counts against the initial margin of the cross bucket
/// alone.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Reserved(u128);

impl Reserved {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// So many quote units.
    ///
    /// # Errors
    /// When it is `2^80` or more.
    pub const fn new(units: u128) -> Result<Self, OutOfRange> {
        match units >> RESERVED_BITS {
            0 => Ok(Self(units)),
            _ => Err(OutOfRange { what: "reserved margin", allowed: "0 to 2^80 - 1 quote units" }),
        }
    }

    /// The number of quote units.
    pub const fn get(&self) -> u128 {
        self.0
    }
}

/// Hides a portfolio in its commitment: 248 uniformly random bits.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Blinding([u8; 31]);

impl Blinding {
    /// A blinding by its bytes, which must be uniformly random and secret.
    pub const fn new(bytes: [u8; 31]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storage under encryption.
    pub const fn expose(&self) -> &[u8; 31] {
        &self.0
    }

    /// The field element.
    pub fn to_field<F: MarginField>(&self) -> F {
        F::from_be_digest(&self.0)
    }
}

/// Why positions are not a portfolio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortfolioError {
    /// Two positions of one instrument in one bucket: split positions would
    /// escape the higher tiers.
    #[error("the portfolio holds the same instrument twice in one bucket")]
    DuplicatePosition {
        /// The bucket.
        bucket: BucketId,
        /// The instrument.
        instrument: InstrumentId,
    },
}

/// A portfolio in canonical order, with its blinding.
#[derive(Clone, PartialEq, Eq)]
pub struct Portfolio {
    positions: Vec<Position>,
    reserved: Reserved,
    blinding: Blinding,
}

impl Portfolio {
    /// Brings positions into canonical order.
    ///
    /// # Errors
    /// [`PortfolioError::DuplicatePosition`] when an instrument stands twice in
    /// one bucket.
    pub fn new(mut positions: Vec<Position>, blinding: Blinding) -> Result<Self, PortfolioError> {
        positions.sort_by_key(Position::key);
        for pair in positions.windows(2) {
            if pair[0].key() == pair[1].key() {
                let (bucket, instrument) = pair[0].key();
                return Err(PortfolioError::DuplicatePosition { bucket, instrument });
            }
        }
        Ok(Self { positions, reserved: Reserved::NONE, blinding })
    }

    /// The same portfolio with margin reserved for open orders.
    #[must_use]
    pub fn with_reserved(self, reserved: Reserved) -> Self {
        Self { reserved, ..self }
    }

    /// What is reserved for open orders.
    pub const fn reserved(&self) -> &Reserved {
        &self.reserved
    }

    /// The positions, by bucket and instrument.
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// The blinding.
    pub fn blinding(&self) -> &Blinding {
        &self.blinding
    }

    /// The portfolio commitment that the venue attests.
    pub fn commitment<F: MarginField>(&self) -> F {
        commit(&self.positions, &self.reserved, &self.blinding)
    }
}

/// What an account holds: positions in any order, and what is reserved for its
/// open orders.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// The positions.
    pub positions: &'a [Position],
    /// What is reserved.
    pub reserved: &'a Reserved,
}

impl<'a> From<&'a Portfolio> for Held<'a> {
    fn from(portfolio: &'a Portfolio) -> Self {
        Self { positions: &portfolio.positions, reserved: &portfolio.reserved }
    }
}

/// Positions of an account that has no open orders.
impl<'a> From<&'a [Position]> for Held<'a> {
    fn from(positions: &'a [Position]) -> Self {
        static NOTHING: Reserved = Reserved::NONE;
        Self { positions, reserved: &NOTHING }
    }
}

impl<'a> From<&'a Vec<Position>> for Held<'a> {
    fn from(positions: &'a Vec<Position>) -> Self {
        positions.as_slice().into()
    }
}

impl<'a, const N: usize> From<&'a [Position; N]> for Held<'a> {
    fn from(positions: &'a [Position; N]) -> Self {
        positions.as_slice().into()
    }
}

/// The commitment to positions in the order given, and to what is reserved for
/// open orders. With nothing reserved the chain starts from zero.
pub fn commit<F: MarginField>(
    positions: &[Position],
    reserved: &Reserved,
    blinding: &Blinding,
) -> F {
    let start = F::from_u128(reserved.get());
    let chain = positions.chunks(POSITIONS_PER_LINK).fold(start, |chain, pair| {
        let word = |i: usize| pair.get(i).map_or(F::ZERO, Position::word);
        hash(Domain::Positions, [chain, word(0), word(1), F::ZERO])
    });
    hash(Domain::Portfolio, [chain, blinding.to_field(), F::ZERO, F::ZERO])
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;
    use ff::{Field, PrimeField as _};
    use pasta_curves::Fp;
    use proptest::prelude::*;

    use super::*;

    fn position(bucket: u16, instrument: u64, quantity: i64, cash: i128) -> Position {
        Position {
            bucket: BucketId::new(bucket),
            instrument: InstrumentId::new(instrument),
            quantity: Lots::new(quantity),
            cash: Amount::new(cash).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn words_are_injective(
            a in any::<(u16, u64, i64, i64)>(),
            b in any::<(u16, u64, i64, i64)>(),
        ) {
            let word = |p: (u16, u64, i64, i64)| position(p.0, p.1, p.2, p.3.into()).word::<Fp>();
            prop_assert_eq!(a == b, word(a) == word(b));
        }

        /// As the documentation of a word lays them out; all ends are bytes.
        #[test]
        fn words_hold_every_field_at_its_place(
            (bucket, instrument, quantity) in any::<(u16, u64, i64)>(),
            cash in -Amount::BOUND..Amount::BOUND,
        ) {
            let word = position(bucket, instrument, quantity, cash).word::<Fp>().to_le_bytes();
            prop_assert_eq!(&word[..8], &instrument.to_le_bytes());
            prop_assert_eq!(&word[8..10], &bucket.to_le_bytes());
            prop_assert_eq!(&word[10..18], &(i128::from(quantity) + (1 << 63)).to_le_bytes()[..8]);
            prop_assert_eq!(&word[18..28], &(cash + (1 << 79)).to_le_bytes()[..10]);
            prop_assert_eq!((word[28], &word[29..]), (1, &[0; 3][..]));
            let read = Position::of_word(&Fp::from_le_bytes(&word).unwrap());
            prop_assert!(read == Some(position(bucket, instrument, quantity, cash)));
            // A bit more, or none to say that there is one, is no position.
            for bit in [WORD_PRESENT, WORD_PRESENT + 1, 253] {
                let mut other = word;
                other[bit as usize / 8] ^= 1 << (bit % 8);
                prop_assert!(Position::of_word(&Fp::from_le_bytes(&other).unwrap()).is_none());
            }
        }
    }

    #[test]
    fn order_is_canonical_and_duplicates_are_refused() {
        let blinding = Blinding::new([1; 31]);
        let (a, b) = (position(0, 1, 5, 0), position(0, 2, -5, 3));
        let sorted = Portfolio::new(vec![a.clone(), b.clone()], blinding.clone()).unwrap();
        let swapped = Portfolio::new(vec![b.clone(), a], blinding.clone()).unwrap();
        assert_eq!(sorted.commitment::<Fp>(), swapped.commitment());
        let error = Portfolio::new(vec![b.clone(), b], blinding).unwrap_err();
        assert!(matches!(error, PortfolioError::DuplicatePosition { .. }));
    }

    /// Links of two, the last one padded with zero, closed with the blinding.
    #[test]
    fn a_commitment_is_the_chain_closed_with_the_blinding() {
        let blinding = Blinding::new([1; 31]);
        let positions = vec![position(0, 1, 5, 0), position(0, 2, -5, 3), position(1, 1, 0, 9)];
        let words: Vec<Fp> = positions.iter().map(Position::word).collect();
        let link = |chain, a, b| hash(Domain::Positions, [chain, a, b, Fp::ZERO]);
        let chain = link(link(Fp::ZERO, words[0], words[1]), words[2], Fp::ZERO);
        let closed = hash(Domain::Portfolio, [chain, blinding.to_field(), Fp::ZERO, Fp::ZERO]);
        let portfolio = Portfolio::new(positions.clone(), blinding.clone()).unwrap();
        assert_eq!(portfolio.commitment::<Fp>(), closed);
        assert_eq!(portfolio.reserved().get(), 0);
        assert!(portfolio.positions() == positions && *portfolio.blinding() == blinding);
        let other = Portfolio::new(positions, Blinding::new([2; 31])).unwrap();
        assert_ne!(other.commitment::<Fp>(), closed);
        assert_eq!((blinding.expose(), blinding.to_field::<Fp>().to_le_bytes()[31]), (&[1; 31], 0));
    }

    /// What is reserved is where the chain starts, and nothing else of it.
    #[test]
    fn a_commitment_starts_from_what_is_reserved() {
        let blinding = Blinding::new([1; 31]);
        let reserved = Reserved::new((1 << 80) - 1).unwrap();
        assert!(Reserved::new(1 << 80).is_err());
        let positions = vec![position(0, 1, 5, 0), position(0, 2, -5, 3)];
        let words: Vec<Fp> = positions.iter().map(Position::word).collect();
        let start = Fp::from_u128(reserved.get());
        let close =
            |chain| hash(Domain::Portfolio, [chain, blinding.to_field(), Fp::ZERO, Fp::ZERO]);
        let portfolio = Portfolio::new(positions, blinding.clone()).unwrap();
        let plain = portfolio.commitment::<Fp>();
        let portfolio = portfolio.with_reserved(reserved.clone());
        let link = hash(Domain::Positions, [start, words[0], words[1], Fp::ZERO]);
        assert_eq!(portfolio.commitment::<Fp>(), close(link));
        assert_ne!(portfolio.commitment::<Fp>(), plain);
        assert_eq!(portfolio.with_reserved(Reserved::NONE).commitment::<Fp>(), plain);
        let empty = Portfolio::new(vec![], blinding.clone()).unwrap().with_reserved(reserved);
        assert_eq!(empty.commitment::<Fp>(), close(start));
    }

    #[test]
    fn a_position_is_wiped_whole() {
        let mut wiped = position(1, 2, -3, 4);
        wiped.zeroize();
        assert!(wiped == position(0, 0, 0, 0));
    }

    #[test]
    fn debug_shows_nothing() {
        let portfolio =
            Portfolio::new(vec![position(0, 1, 5, 77)], Blinding::new([9; 31])).unwrap();
        assert_eq!(format!("{portfolio:?}"), "Portfolio(..)");
        assert_eq!(format!("{:?}", portfolio.positions()), "[Position(..)]");
        assert_eq!(format!("{:?}", portfolio.blinding()), "Blinding(..)");
    }
}
