//! What a bucket's cash is: as it is written, or from its balance and what its
//! positions cost or earned.

use zkmargin_margin::portfolio::Reserved;
use zkmargin_margin::units::Amount;

use super::check::{Bucket, Funds, number};
use super::{Decimal, Listings, PortfolioDocument, PortfolioFileError, PositionEntry, SecretText};

/// Of a contract beside a balance, in a market of the standard family.
const ENTRY_PRICE: &str = "every perpetual and future needs the average price paid for a unit";
/// The same in a market of options.
const UNREALISED: &str = "every perpetual and future needs its profit that is not realised";

/// What can be reserved.
const RESERVED_RANGE: &str = "0 to 2^80 - 1 quote units";

/// What to say to an owner whose cash looks like a deposit.
pub const CASH_NOTE: &str = "\
cash is not what was paid in: in this market equity is cash plus all positions at their \
marks, so what they cost must be taken off it; write `balance` and each `entry_price` in \
place of `cash`, and it is done for you (`zkmargin encrypt --help`)";

impl Listings {
    /// A bucket's cash, in units of the quote currency.
    pub(super) fn cash_of(&self, bucket: &Bucket<'_>) -> Result<Amount, PortfolioFileError> {
        let balance = match bucket.funds {
            Funds::Cash(None) => return Ok(Amount::ZERO),
            Funds::Cash(Some(cash)) => {
                let field = format!("{}cash", bucket.prefix);
                return in_range(field.clone(), Some(self.units(field, cash)?));
            }
            Funds::Balance(balance) => balance,
        };
        let field = format!("{}balance", bucket.prefix);
        let mut cash = Some(self.units(field.clone(), balance)?);
        for (index, entry) in bucket.positions.iter().enumerate() {
            let part = match self.one_bucket {
                true => self.earned(bucket, index, entry)?,
                false => self.cost(bucket, index, entry)?.checked_neg(),
            };
            cash = cash.zip(part).and_then(|(cash, part)| cash.checked_add(part));
        }
        in_range(field, cash)
    }

    /// What is reserved for open orders, in units of the quote currency.
    pub(super) fn reserved_of(
        &self,
        document: &PortfolioDocument,
    ) -> Result<Reserved, PortfolioFileError> {
        let Some(text) = &document.reserved else { return Ok(Reserved::NONE) };
        let field = || "reserved".to_owned();
        let units = self.units(field(), text)?;
        u128::try_from(units)
            .ok()
            .and_then(|units| Reserved::new(units).ok())
            .ok_or(PortfolioFileError::OutOfRange { field: field(), allowed: RESERVED_RANGE })
    }

    /// What a position cost, rounded up: nothing of what is owned or owed itself.
    fn cost(
        &self,
        bucket: &Bucket<'_>,
        index: usize,
        entry: &PositionEntry,
    ) -> Result<i128, PortfolioFileError> {
        let listed = self.listed(&bucket.field(index, "instrument"), entry.instrument.expose())?;
        if entry.unrealised.is_some() {
            let rule = "hangs on the marks: in this market give `entry_price` of perpetuals and \
                        futures in its place";
            return Err(misplaced(bucket, index, "unrealised", rule));
        }
        match (&entry.entry_price, listed.contract) {
            (None, false) => Ok(0),
            (Some(_), false) => {
                let rule = "a coin that is held or owed counts in full, whatever it cost: leave \
                            it out";
                Err(misplaced(bucket, index, "entry_price", rule))
            }
            (None, true) => Err(missing(bucket, index, "entry_price", ENTRY_PRICE)),
            (Some(price), true) => {
                let field = bucket.field(index, "entry_price");
                let quantity = number(&bucket.field(index, "quantity"), &entry.quantity)?;
                let cost = quantity.times(number(&field, price)?);
                cost.and_then(|cost| cost.units_above(self.quote_decimals())).ok_or(
                    PortfolioFileError::OutOfRange {
                        field,
                        allowed: "fewer digits, 38 together with those of the quantity",
                    },
                )
            }
        }
    }

    /// What a contract has earned, in a market of options.
    fn earned(
        &self,
        bucket: &Bucket<'_>,
        index: usize,
        entry: &PositionEntry,
    ) -> Result<Option<i128>, PortfolioFileError> {
        let listed = self.listed(&bucket.field(index, "instrument"), entry.instrument.expose())?;
        if entry.entry_price.is_some() {
            let rule = "premiums are in the balance, and of perpetuals and futures `unrealised` \
                        is given in this market: leave it out";
            return Err(misplaced(bucket, index, "entry_price", rule));
        }
        match (&entry.unrealised, listed.contract) {
            (None, false) => Ok(Some(0)),
            (Some(_), false) => {
                let rule = "options and collateral count at their marks: leave it out";
                Err(misplaced(bucket, index, "unrealised", rule))
            }
            (None, true) => Err(missing(bucket, index, "unrealised", UNREALISED)),
            (Some(text), true) => self.units(bucket.field(index, "unrealised"), text).map(Some),
        }
    }

    pub(super) fn units(
        &self,
        field: String,
        text: &SecretText,
    ) -> Result<i128, PortfolioFileError> {
        let decimals = self.quote_decimals();
        let decimal: Decimal = number(&field, text)?;
        decimal.units(1, decimals).ok_or(PortfolioFileError::NotWholeUnits { field, decimals })
    }

    /// Whether a document's cash looks like what was paid in: cash above zero
    /// beside perpetuals and futures that are long altogether, which cost more than
    /// they brought in, in a market where cash has their cost. It can be so, of an
    /// account with more than it needs: a note says it, and nothing is changed.
    pub fn cash_looks_paid_in(&self, document: &PortfolioDocument) -> bool {
        let looks = |bucket: &Bucket<'_>| match bucket.funds {
            Funds::Cash(Some(cash)) => {
                let cash = number("", cash);
                cash.is_ok_and(|cash| !cash.is_zero() && !cash.is_negative())
                    && self.net_value(bucket.positions).is_some_and(|value| value > 0)
            }
            _ => false,
        };
        document.buckets().is_ok_and(|all| all.iter().any(looks))
    }

    /// What contracts are worth at their marks, longs less shorts, about.
    fn net_value(&self, positions: &[PositionEntry]) -> Option<i128> {
        positions.iter().try_fold(0_i128, |sum, entry| {
            let listed = self.listed("", entry.instrument.expose()).ok()?;
            let quantity = number("", &entry.quantity).ok()?;
            let value = match listed.contract {
                true => quantity.times(listed.mark?)?.units_above(self.quote_decimals())?,
                false => 0,
            };
            sum.checked_add(value)
        })
    }
}

fn in_range(field: String, units: Option<i128>) -> Result<Amount, PortfolioFileError> {
    let allowed = "-2^79 to 2^79 - 1 quote units";
    let Some(units) = units else {
        return Err(PortfolioFileError::OutOfRange { field, allowed });
    };
    Amount::new(units)
        .map_err(|error| PortfolioFileError::OutOfRange { field, allowed: error.allowed })
}

fn misplaced(
    bucket: &Bucket<'_>,
    index: usize,
    name: &str,
    rule: &'static str,
) -> PortfolioFileError {
    PortfolioFileError::Misplaced { field: bucket.field(index, name), rule }
}

fn missing(
    bucket: &Bucket<'_>,
    index: usize,
    name: &str,
    rule: &'static str,
) -> PortfolioFileError {
    PortfolioFileError::Missing { field: bucket.field(index, name), rule }
}

#[cfg(test)]
mod tests {
    use super::super::LotSize;
    use zkmargin_margin::ids::InstrumentId;

    use super::super::convert::Listed;
    use super::*;

    /// A perpetual at 20 and a coin, in lots of 0.01, in a market of each family.
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
        let text =
            format!(r#"{{"version":1,"account":"{account}","blinding":"0x{blinding}",{body}}}"#);
        PortfolioDocument::parse(text.as_bytes()).unwrap()
    }

    fn cash(one_bucket: bool, body: &str) -> Result<i128, String> {
        let portfolio = listings(one_bucket).portfolio(&document(body));
        let portfolio = portfolio.map_err(|error| error.to_string())?;
        Ok(portfolio.positions().iter().map(|position| position.cash.get()).sum())
    }

    fn entry(symbol: &str, quantity: &str, rest: &str) -> String {
        format!(r#""positions":[{{"instrument":"{symbol}","quantity":"{quantity}"{rest}}}]"#)
    }

    #[test]
    fn what_a_position_cost_is_taken_off_a_balance() {
        let of = |symbol, quantity, rest| {
            cash(false, &format!(r#""balance":"100",{}"#, entry(symbol, quantity, rest)))
        };
        // 100 - 2.5 * 20.
        assert_eq!(of("PERP", "2.5", r#","entry_price":"20""#), Ok(5_000));
        assert_eq!(of("PERP", "-2.5", r#","entry_price":"20""#), Ok(15_000));
        // A third of a unit goes against the account, long or short.
        assert_eq!(of("PERP", "1", r#","entry_price":"20.003""#), Ok(7_999));
        assert_eq!(of("PERP", "-1", r#","entry_price":"20.003""#), Ok(12_000));
        assert_eq!(of("COIN", "3", ""), Ok(10_000), "a coin is owned");
        let missing = of("PERP", "1", "").unwrap_err();
        assert!(missing.starts_with("positions[0].entry_price: missing"), "{missing}");
        let coin = of("COIN", "1", r#","entry_price":"20""#).unwrap_err();
        assert!(coin.starts_with("positions[0].entry_price: a coin"), "{coin}");
        let marks = of("PERP", "1", r#","unrealised":"20""#).unwrap_err();
        assert!(marks.starts_with("positions[0].unrealised: hangs on the marks"), "{marks}");
        let isolated = format!(
            r#""isolated":[{{"balance":"10",{}}}]"#,
            entry("PERP", "1", r#","entry_price":"4""#)
        );
        assert_eq!(cash(false, &isolated), Ok(600));
    }

    #[test]
    fn what_a_position_earned_is_added_to_a_balance_of_options() {
        let of =
            |symbol, rest| cash(true, &format!(r#""balance":"100",{}"#, entry(symbol, "1", rest)));
        assert_eq!(of("PERP", r#","unrealised":"-12.5""#), Ok(8_750));
        assert_eq!(of("COIN", ""), Ok(10_000));
        assert!(of("PERP", "").unwrap_err().starts_with("positions[0].unrealised: missing"));
        assert!(of("COIN", r#","unrealised":"1""#).unwrap_err().contains("at their marks"));
        assert!(of("PERP", r#","entry_price":"1""#).unwrap_err().contains("premiums"));
        let more = of("PERP", r#","unrealised":"1.005""#).unwrap_err();
        assert!(more.starts_with("positions[0].unrealised: more than 2 decimals"), "{more}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let large = "9".repeat(30);
        let of = |balance: &str, quantity: &str, price: &str| {
            let rest = format!(r#","entry_price":"{price}""#);
            let positions = entry("PERP", quantity, &rest);
            cash(false, &format!(r#""balance":"{balance}",{positions}"#)).unwrap_err()
        };
        assert!(of("0", "90000000000", &large).starts_with("positions[0].entry_price: out of"));
        assert!(of(&large, "1", "1").starts_with("balance: out of range"));
    }

    #[test]
    fn a_deposit_in_place_of_cash_is_noticed() {
        let looks =
            |one_bucket, body: &str| listings(one_bucket).cash_looks_paid_in(&document(body));
        let bought = |cash: &str| format!(r#""cash":"{cash}",{}"#, entry("PERP", "2", ""));
        assert!(looks(false, &bought("100")));
        assert!(!looks(false, &bought("-30")), "a cost is in it");
        assert!(!looks(true, &bought("100")), "cash has no cost there");
        let sold = format!(r#""cash":"100",{}"#, entry("PERP", "-2", ""));
        assert!(!looks(false, &sold), "what was sold brought it in");
        let coins = format!(r#""cash":"100",{}"#, entry("COIN", "2", ""));
        assert!(!looks(false, &coins));
        let balance =
            format!(r#""balance":"100",{}"#, entry("PERP", "2", r#","entry_price":"20""#));
        assert!(!looks(false, &balance));
    }

    /// The schema names the fields that are read, and no others.
    #[test]
    fn the_schema_names_every_field() {
        let schema: serde_json::Value = serde_json::from_str(super::super::SCHEMA).unwrap();
        let named = |pointer: &str| {
            let object = schema.pointer(pointer).unwrap().as_object().unwrap();
            object.keys().cloned().collect::<Vec<_>>().join(", ")
        };
        let unknown = |body: &str| {
            let account = "0x00000000000000000000000000000000000000a1";
            let text = format!(r#"{{"version":1,"account":"{account}",{body}}}"#);
            let error = PortfolioDocument::parse(text.as_bytes()).unwrap_err().to_string();
            let mut names: Vec<_> =
                error.split('`').skip(3).step_by(2).map(str::to_owned).collect();
            names.sort();
            names.join(", ")
        };
        let sorted = |pointer: &str| {
            let mut names: Vec<_> = named(pointer).split(", ").map(str::to_owned).collect();
            names.sort();
            names.join(", ")
        };
        assert_eq!(sorted("/properties"), unknown(r#""no_such":1"#));
        assert_eq!(
            sorted("/$defs/positions/items/properties"),
            unknown(r#""positions":[{"no_such":1}]"#)
        );
        assert_eq!(
            sorted("/properties/isolated/items/properties"),
            unknown(r#""isolated":[{"no_such":1}]"#)
        );
    }
}
