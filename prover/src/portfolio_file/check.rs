//! What can be said of a document without a market.

use std::collections::BTreeMap;

use zkmargin_margin::shape::Shape;
use zkmargin_params::leverage::ChosenLeverage;
use zkmargin_params::symbol::Symbol;

use super::{Decimal, PortfolioDocument, PortfolioFileError, PositionEntry, SecretText};

/// Positions of the largest circuit of any family: of standard margin, and of portfolio
/// margin over one underlying.
pub const MAX_POSITIONS: usize = Shape::Large.standard_positions();
/// The same of portfolio margin over two underlyings, and of markets that simulate: what
/// every family has a circuit for.
pub const MAX_SCENARIO_POSITIONS: usize = Shape::Large.scenario_positions();

/// Of a name that a market gives what is held at a leverage.
const AT_LEVERAGE: &str = "a leverage is no part of the name: give the instrument alone, and beside \
                           it \"leverage\": \"10\"";

/// What a bucket is paid in with.
#[derive(Clone, Copy)]
pub(super) enum Funds<'a> {
    /// Cash as the market's family counts it; none is 0.
    Cash(Option<&'a SecretText>),
    /// A balance, beside which positions say what they cost or earned.
    Balance(&'a SecretText),
}

/// A bucket of either kind, with its name in the document: empty, or
/// `isolated[3].`.
pub(super) struct Bucket<'a> {
    pub(super) prefix: String,
    pub(super) funds: Funds<'a>,
    pub(super) positions: &'a [PositionEntry],
}

impl PortfolioDocument {
    /// Checks all that needs no market: numbers, names, and that it is not too
    /// large for every circuit.
    ///
    /// # Errors
    /// The first field that no market allows.
    pub fn check(&self) -> Result<(), PortfolioFileError> {
        if self.isolated.len() > MAX_POSITIONS {
            return Err(PortfolioFileError::TooManyBuckets { found: self.isolated.len() });
        }
        if let Some(reserved) = &self.reserved {
            let field = "reserved".to_owned();
            if number(&field, reserved)?.is_negative() {
                return Err(PortfolioFileError::OutOfRange { field, allowed: "0 and above" });
            }
        }
        let mut found = 0;
        for bucket in self.buckets()? {
            found += bucket.check()?;
        }
        match found > MAX_POSITIONS {
            true => Err(PortfolioFileError::TooManyPositions { found, allowed: MAX_POSITIONS }),
            false => Ok(()),
        }
    }

    /// The buckets in order, the cross-margin one first.
    pub(super) fn buckets(&self) -> Result<Vec<Bucket<'_>>, PortfolioFileError> {
        let cross = Bucket::new(String::new(), &self.cash, &self.balance, &self.positions)?;
        let mut buckets = vec![cross];
        for (index, bucket) in self.isolated.iter().enumerate() {
            let prefix = format!("isolated[{index}].");
            buckets.push(Bucket::new(prefix, &bucket.cash, &bucket.balance, &bucket.positions)?);
        }
        Ok(buckets)
    }
}

impl<'a> Bucket<'a> {
    fn new(
        prefix: String,
        cash: &'a Option<SecretText>,
        balance: &'a Option<SecretText>,
        positions: &'a [PositionEntry],
    ) -> Result<Self, PortfolioFileError> {
        let funds = match (cash, balance) {
            (Some(_), Some(_)) => {
                return Err(PortfolioFileError::CashAndBalance(format!("{prefix}balance")));
            }
            (_, Some(balance)) => Funds::Balance(balance),
            (cash, None) => Funds::Cash(cash.as_ref()),
        };
        Ok(Self { prefix, funds, positions })
    }

    /// The name of a position's field.
    pub(super) fn field(&self, index: usize, name: &str) -> String {
        format!("{}positions[{index}].{name}", self.prefix)
    }

    /// Checks it; the positions that it takes in a circuit, as far as that hangs
    /// on no market.
    fn check(&self) -> Result<usize, PortfolioFileError> {
        let funded = match self.funds {
            Funds::Cash(None) => false,
            Funds::Cash(Some(cash)) => !number(&format!("{}cash", self.prefix), cash)?.is_zero(),
            Funds::Balance(balance) => {
                !number(&format!("{}balance", self.prefix), balance)?.is_zero()
            }
        };
        let mut seen = BTreeMap::new();
        for (index, entry) in self.positions.iter().enumerate() {
            let symbol = entry.instrument.expose();
            let field = self.field(index, "instrument");
            if let Err(problem) = Symbol::new(symbol) {
                return Err(match Symbol::of_listing(symbol) {
                    Ok(_) => PortfolioFileError::Misplaced { field, rule: AT_LEVERAGE },
                    Err(_) => PortfolioFileError::Symbol { field, problem },
                });
            }
            self.leverage(index, entry)?;
            if let Some(first) = seen.insert(symbol, field.clone()) {
                return Err(PortfolioFileError::Duplicate { first, second: field });
            }
            number(&self.field(index, "quantity"), &entry.quantity)?;
            self.check_cost(index, entry)?;
        }
        // Cash alone is carried by a position of its own.
        Ok(self.positions.len().max(usize::from(funded)))
    }

    /// The leverage that a position says.
    pub(super) fn leverage(
        &self,
        index: usize,
        entry: &PositionEntry,
    ) -> Result<Option<ChosenLeverage>, PortfolioFileError> {
        let Some(text) = &entry.leverage else { return Ok(None) };
        let allowed = "a whole number from 1 to 1000";
        let field = || self.field(index, "leverage");
        let leverage = text.expose().parse();
        leverage.map(Some).map_err(|_| PortfolioFileError::OutOfRange { field: field(), allowed })
    }

    fn check_cost(&self, index: usize, entry: &PositionEntry) -> Result<(), PortfolioFileError> {
        let cost = [("entry_price", &entry.entry_price), ("unrealised", &entry.unrealised)];
        for (name, text) in cost {
            let Some(text) = text else { continue };
            let field = self.field(index, name);
            if matches!(self.funds, Funds::Cash(_)) {
                let rule = "belongs beside `balance`; `cash` has it already";
                return Err(PortfolioFileError::Misplaced { field, rule });
            }
            let value = number(&field, text)?;
            if name == "entry_price" && value.is_negative() {
                return Err(PortfolioFileError::OutOfRange { field, allowed: "0 and above" });
            }
        }
        if let (Some(_), Some(_)) = (&entry.entry_price, &entry.unrealised) {
            let field = self.field(index, "unrealised");
            let rule = "beside `entry_price`: a position has one of them";
            return Err(PortfolioFileError::Misplaced { field, rule });
        }
        Ok(())
    }
}

/// A number as the schema writes them.
pub(super) fn number(field: &str, text: &SecretText) -> Result<Decimal, PortfolioFileError> {
    Decimal::parse(text.expose())
        .map_err(|problem| PortfolioFileError::Number { field: field.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str) -> Result<(), PortfolioFileError> {
        let account = "0x00000000000000000000000000000000000000a1";
        let text = format!(r#"{{"version":1,"account":"{account}",{body}}}"#);
        PortfolioDocument::parse(text.as_bytes()).unwrap().check()
    }

    fn position(symbol: &str, rest: &str) -> String {
        format!(r#"{{"instrument":"{symbol}",{rest}}}"#)
    }

    #[test]
    fn what_no_market_allows_is_said_without_one() {
        let refusal = |body: String| check(&body).unwrap_err().to_string();
        for quantity in ["NaN", "1e400", "1,000", "", "+1"] {
            let one = position("BTC", &format!(r#""quantity":"{quantity}""#));
            assert!(
                refusal(format!(r#""positions":[{one}]"#))
                    .starts_with("positions[0].quantity: not a decimal number"),
            );
            assert!(
                refusal(format!(r#""cash":"{quantity}""#))
                    .starts_with("cash: not a decimal number")
            );
        }
        let btc = position("BTC", r#""quantity":"1""#);
        let error = refusal(format!(r#""isolated":[{{"positions":[{btc},{btc}]}}]"#));
        assert!(error.starts_with("isolated[0].positions[1].instrument: the same instrument"));
        let error = refusal(format!(r#""positions":[{}]"#, position("B C", r#""quantity":"1""#)));
        assert!(error.starts_with("positions[0].instrument: not a symbol"), "{error}");
        // One in each bucket is no duplicate.
        check(&format!(r#""positions":[{btc}],"isolated":[{{"positions":[{btc}]}}]"#)).unwrap();
    }

    #[test]
    fn what_fits_no_circuit_is_said_without_a_market() {
        let many = |count: usize| {
            let one = |index| position(&format!("S{index}"), r#""quantity":"1""#);
            (0..count).map(one).collect::<Vec<_>>().join(",")
        };
        let largest = format!(r#""cash":"5","positions":[{}]"#, many(MAX_POSITIONS));
        check(&largest).unwrap();
        // A further bucket with cash alone takes a position too; one with none does not.
        check(&format!(r#"{largest},"isolated":[{{"cash":"0"}}]"#)).unwrap();
        let more = [
            format!(r#"{largest},"isolated":[{{"cash":"1"}}]"#),
            format!(r#""positions":[{}]"#, many(MAX_POSITIONS + 1)),
        ];
        for more in more {
            assert_eq!(
                check(&more),
                Err(PortfolioFileError::TooManyPositions {
                    found: MAX_POSITIONS + 1,
                    allowed: MAX_POSITIONS
                })
            );
        }
        let buckets = vec!["{}"; 300].join(",");
        assert_eq!(
            check(&format!(r#""isolated":[{buckets}]"#)),
            Err(PortfolioFileError::TooManyBuckets { found: 300 })
        );
    }

    #[test]
    fn a_bucket_is_in_one_form() {
        let refusal = |body: &str| check(body).unwrap_err().to_string();
        assert_eq!(
            refusal(r#""cash":"1","balance":"1""#),
            "balance: beside `cash`: a bucket has one of them"
        );
        let costly = position("BTC", r#""quantity":"1","entry_price":"5""#);
        assert_eq!(
            refusal(&format!(r#""cash":"1","positions":[{costly}]"#)),
            "positions[0].entry_price: belongs beside `balance`; `cash` has it already"
        );
        check(&format!(r#""balance":"1","positions":[{costly}]"#)).unwrap();
        let both = position("BTC", r#""quantity":"1","entry_price":"5","unrealised":"1""#);
        assert!(
            refusal(&format!(r#""balance":"1","positions":[{both}]"#)).contains("has one of them")
        );
        let negative = position("BTC", r#""quantity":"1","entry_price":"-5""#);
        assert!(
            refusal(&format!(r#""balance":"1","positions":[{negative}]"#))
                .starts_with("positions[0].entry_price: out of range")
        );
    }
}
