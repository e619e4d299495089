//! What a bucket's cash is: as it is written, or from its balance and what its
//! positions cost or earned.

use zkmargin_margin::units::Amount;

use super::check::{Bucket, Funds, number};
use super::{Decimal, Listings, PortfolioDocument, PortfolioFileError, PositionEntry, SecretText};

/// Of a contract beside a balance, in a market of the standard family.
const ENTRY_PRICE: &str = "every perpetual and future needs the average price paid for a unit";
/// The same in a market of options.
const UNREALISED: &str = "every perpetual and future needs its profit that is not realised";

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

    fn units(&self, field: String, text: &SecretText) -> Result<i128, PortfolioFileError> {
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
