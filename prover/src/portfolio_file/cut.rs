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

#[cfg(test)]
mod tests {
    use zkmargin_margin::portfolio::Blinding;
    use zkmargin_margin::statement::haircut::cut_portfolio;

    use super::super::LotSize;
    use zkmargin_margin::ids::InstrumentId;

    use super::super::convert::Listed;
    use super::super::decimal::Decimal;
    use super::*;

    /// A perpetual and a coin, in lots of 0.01, in a market of each family.
    fn listings(one_bucket: bool) -> Listings {
        let lot = LotSize { step: 1, decimals: 2 };
        let mark = (!one_bucket).then(|| Decimal::parse("20").unwrap());
        let listed = |name: &str, contract| {
            let id = InstrumentId::from_symbol(name);
            (name.to_owned(), Listed { id, lot, contract, mark, largest: None })
        };
        Listings::of(2, [listed("PERP", true), listed("COIN", false)], one_bucket)
    }

    fn document(body: &str) -> PortfolioDocument {
        let blinding = "07".repeat(31);
        let account = "0x00000000000000000000000000000000000000a1";
        let text = format!(
            r#"{{"version":1,"account":"{account}","blinding":"0x{blinding}","reserved":"3",{body}}}"#
        );
        PortfolioDocument::parse(text.as_bytes()).unwrap()
    }

    /// The document afterwards, which is read as what was committed to.
    #[track_caller]
    fn cut(one_bucket: bool, body: &str, units: u128) -> PortfolioDocument {
        let (listings, document) = (listings(one_bucket), document(body));
        let before = listings.portfolio(&document).unwrap();
        let after = cut_portfolio(&before, units, Blinding::new([9; 31])).unwrap();
        let written = listings.cut(&document, units, &after).unwrap();
        let read = PortfolioDocument::parse(&written.to_json()).unwrap();
        assert!(listings.portfolio(&read).unwrap() == after);
        written
    }

    fn cash(document: &PortfolioDocument) -> Option<&str> {
        document.cash.as_ref().map(SecretText::expose)
    }

    #[test]
    fn the_bucket_of_the_first_position_pays() {
        let perp = r#"{"instrument":"PERP","quantity":"1.5"}"#;
        let after = cut(false, &format!(r#""cash":"10","positions":[{perp}]"#), 1_001);
        assert_eq!(cash(&after), Some("-0.01"));
        // None said is zero; a balance stays one.
        assert_eq!(cash(&cut(false, &format!(r#""positions":[{perp}]"#), 5)), Some("-0.05"));
        let perp = r#"{"instrument":"PERP","quantity":"1.5","entry_price":"19"}"#;
        let after = cut(false, &format!(r#""balance":"10","positions":[{perp}]"#), 250);
        assert_eq!(after.balance.as_ref().map(SecretText::expose), Some("7.5"));
        assert_eq!(cash(&after), None);
        let perp = r#"{"instrument":"PERP","quantity":"1.5","unrealised":"2"}"#;
        let after = cut(true, &format!(r#""balance":"10","positions":[{perp}]"#), 250);
        assert_eq!(after.balance.as_ref().map(SecretText::expose), Some("7.5"));
    }

    /// Cash alone is a position, which is there still when nothing is left of it.
    #[test]
    fn an_account_of_cash_keeps_its_position() {
        for (body, units, left) in [
            (r#""cash":"10""#, 1_000, "0"),
            (r#""balance":"10""#, 1_000, "0"),
            (r#""balance":"10""#, 1, "9.99"),
        ] {
            for one_bucket in [false, true] {
                let after = cut(one_bucket, body, units);
                assert_eq!((cash(&after), after.positions.len()), (Some(left), 1), "{body}");
            }
        }
        // The first bucket with anything in it.
        let after = cut(false, r#""isolated":[{"cash":"0"},{"cash":"5"}]"#, 500);
        assert_eq!((after.positions.len(), after.isolated[1].positions.len()), (0, 1));
        assert_eq!(cut(false, r#""cash":"0""#, 0).positions, []);
    }

    #[test]
    fn another_portfolios_document_is_refused() {
        let listings = listings(false);
        let one = document(r#""cash":"10""#);
        let other = listings.portfolio(&document(r#""cash":"11""#)).unwrap();
        let after = cut_portfolio(&other, 5, Blinding::new([9; 31])).unwrap();
        let refused = listings.cut(&one, 5, &after);
        assert!(matches!(refused, Err(PortfolioFileError::OtherPortfolio)));
    }
}
