//! A portfolio document after its account was cut.

use zkmargin_margin::portfolio::Portfolio;

use super::check::{Bucket, Funds};
use super::{Listings, PortfolioDocument, PortfolioFileError, PositionEntry, SecretText};
use crate::human::scaled;

impl Listings {
    /// The document with so many quote units less in the bucket of its first position,
    /// under the blinding that it has `after`, which it must then be read as.
    ///
    /// A bucket of cash alone names the instrument that carries it, with a quantity of
    /// zero: without any cash left there would be no position, and the account that was
    /// proved has one.
    ///
    /// # Errors
    /// When the document does not fit the market, or is of another portfolio.
    pub fn cut(
        &self,
        document: &PortfolioDocument,
        units: u128,
        after: &Portfolio,
    ) -> Result<PortfolioDocument, PortfolioFileError> {
        let mut document = document.clone();
        if let Some((first, funds, positions)) = self.first_bucket(&document, units)? {
            let (own, balance, cash) = match first.checked_sub(1) {
                None => (&mut document.positions, &mut document.balance, &mut document.cash),
                Some(index) => {
                    let bucket = &mut document.isolated[index];
                    (&mut bucket.positions, &mut bucket.balance, &mut bucket.cash)
                }
            };
            match (positions, balance.is_some()) {
                (None, true) => *balance = Some(funds),
                (None, false) => *cash = Some(funds),
                // Of a bucket without positions the balance is the cash.
                (carrier, _) => {
                    own.extend(carrier);
                    *balance = None;
                    *cash = Some(funds);
                }
            }
        }
        document.blinding = Some(after.blinding().clone());
        match self.portfolio(&document)? == *after {
            true => Ok(document),
            false => Err(PortfolioFileError::OtherPortfolio),
        }
    }

    /// The first bucket that has a position: its number, what it has afterwards, and the
    /// position that its cash is in where none is written; `None` where no bucket has.
    fn first_bucket(
        &self,
        document: &PortfolioDocument,
        units: u128,
    ) -> Result<Option<Afterwards>, PortfolioFileError> {
        for (index, bucket) in document.buckets()?.iter().enumerate() {
            let funds = self.funds_of(bucket)?;
            if bucket.positions.is_empty() && funds == 0 {
                continue;
            }
            let field = || format!("{}cash", bucket.prefix);
            let left = funds.checked_sub_unsigned(units).ok_or(PortfolioFileError::OutOfRange {
                field: field(),
                allowed: "-2^79 to 2^79 - 1 quote units",
            })?;
            let carrier = match bucket.positions {
                [] => Some(PositionEntry::new(self.carrier()?.to_owned(), "0".to_owned())),
                _ => None,
            };
            let funds = SecretText::new(scaled(left, self.quote_decimals()));
            return Ok(Some((index, funds, carrier)));
        }
        Ok(None)
    }

    /// What is written of a bucket's cash or balance, in quote units.
    fn funds_of(&self, bucket: &Bucket<'_>) -> Result<i128, PortfolioFileError> {
        match bucket.funds {
            Funds::Cash(None) => Ok(0),
            Funds::Cash(Some(text)) => self.units(format!("{}cash", bucket.prefix), text),
            Funds::Balance(text) => self.units(format!("{}balance", bucket.prefix), text),
        }
    }
}

/// A bucket's number, its funds as they are written afterwards, and a position to add.
type Afterwards = (usize, SecretText, Option<PositionEntry>);
