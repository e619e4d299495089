//! From a document to committed positions.

use std::collections::BTreeMap;

use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Portfolio, Position};
use zkmargin_margin::scenario::{MAX_LOTS, MIN_LOTS};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_params::market::{Market, scenario};
use zkmargin_params::symbol::Symbol;

use super::{Decimal, PortfolioDocument, PortfolioFileError, PositionEntry, SecretText};
use crate::human::scaled;

/// Positions of the largest circuit.
pub const MAX_POSITIONS: usize = Shape::Large.standard_positions();

/// The smallest step of a quantity: `step * 10^-decimals`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotSize {
    /// The step's digits, above zero.
    pub step: u64,
    /// The step's decimals.
    pub decimals: u32,
}

impl std::fmt::Display for LotSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&scaled(self.step.into(), self.decimals))
    }
}

/// What a document is read against: the market's instruments with their lots,
/// and the quote currency's decimals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listings {
    quote_decimals: u32,
    lots: BTreeMap<String, LotSize>,
    /// Portfolio margin: no isolated buckets, and fewer lots.
    one_bucket: bool,
}

impl<F: MarginField> From<&Market<F>> for Listings {
    fn from(market: &Market<F>) -> Self {
        let lots = market.listings().map(|listing| named(listing.symbol(), listing.lot_size()));
        Self::new(market.quote_decimals(), lots)
    }
}

impl<F: MarginField> From<&scenario::Market<F>> for Listings {
    fn from(market: &scenario::Market<F>) -> Self {
        let lots = market.listings().map(|listing| named(listing.symbol(), listing.lot_size()));
        Self { one_bucket: true, ..Self::new(market.quote_decimals(), lots) }
    }
}

/// A symbol and its lot, above zero by the market's rules.
fn named(symbol: &Symbol, lot: rust_decimal::Decimal) -> (String, LotSize) {
    let step = u64::try_from(lot.mantissa()).unwrap_or(0);
    (symbol.to_string(), LotSize { step, decimals: lot.scale() })
}

impl Listings {
    /// Listings by symbol.
    pub fn new(quote_decimals: u32, lots: impl IntoIterator<Item = (String, LotSize)>) -> Self {
        Self { quote_decimals, lots: lots.into_iter().collect(), one_bucket: false }
    }

    /// Decimals of the quote currency.
    pub fn quote_decimals(&self) -> u32 {
        self.quote_decimals
    }

    /// Symbols spelled much like one that is not listed, at most three.
    fn near(&self, symbol: &str) -> Vec<String> {
        let wanted = symbol.to_lowercase();
        let mut scored: Vec<_> = self
            .lots
            .keys()
            .map(|name| {
                let name_lower = name.to_lowercase();
                let contained = name_lower.contains(&wanted) || wanted.contains(&name_lower);
                (if contained { 0 } else { distance(&wanted, &name_lower) }, name)
            })
            .filter(|(score, _)| *score <= 2)
            .collect();
        scored.sort();
        scored.into_iter().take(3).map(|(_, name)| name.clone()).collect()
    }

    /// Reads a document against the market.
    ///
    /// # Errors
    /// The first field that the market or the units do not allow.
    pub fn portfolio(&self, document: &PortfolioDocument) -> Result<Portfolio, PortfolioFileError> {
        if self.one_bucket && !document.isolated.is_empty() {
            return Err(PortfolioFileError::OneBucket);
        }
        if document.isolated.len() > MAX_POSITIONS {
            return Err(PortfolioFileError::TooManyBuckets { found: document.isolated.len() });
        }
        let blinding = document.blinding.clone().ok_or(PortfolioFileError::NoBlinding)?;
        let mut positions =
            self.bucket(BucketId::CROSS, "", &document.cash, &document.positions)?;
        for (index, bucket) in document.isolated.iter().enumerate() {
            let id = u16::try_from(index + 1).map_err(|_| PortfolioFileError::TooManyBuckets {
                found: document.isolated.len(),
            })?;
            let prefix = format!("isolated[{index}].");
            positions.extend(self.bucket(
                BucketId::new(id),
                &prefix,
                &bucket.cash,
                &bucket.positions,
            )?);
        }
        if positions.len() > MAX_POSITIONS {
            return Err(PortfolioFileError::TooManyPositions { found: positions.len() });
        }
        Portfolio::new(positions, blinding).map_err(|_| PortfolioFileError::Duplicate {
            first: "positions".to_owned(),
            second: "positions".to_owned(),
        })
    }

    /// One bucket's positions in canonical order, the first with the cash.
    fn bucket(
        &self,
        bucket: BucketId,
        prefix: &str,
        cash: &SecretText,
        entries: &[PositionEntry],
    ) -> Result<Vec<Position>, PortfolioFileError> {
        let mut seen = BTreeMap::new();
        let mut positions = Vec::with_capacity(entries.len().max(1));
        for (index, entry) in entries.iter().enumerate() {
            let at = |name: &str| format!("{prefix}positions[{index}].{name}");
            let symbol = entry.instrument.expose();
            let lot =
                self.lots.get(symbol).ok_or_else(|| PortfolioFileError::UnknownInstrument {
                    field: at("instrument"),
                    symbol: symbol.chars().filter(|c| !c.is_control()).take(32).collect(),
                    near: self.near(symbol),
                })?;
            if let Some(first) = seen.insert(symbol, at("instrument")) {
                return Err(PortfolioFileError::Duplicate { first, second: at("instrument") });
            }
            positions.push(Position {
                bucket,
                instrument: InstrumentId::from_symbol(symbol),
                quantity: self.quantity(at("quantity"), &entry.quantity, *lot)?,
                cash: Amount::ZERO,
            });
        }
        positions.sort_by_key(Position::key);
        let cash = self.cash(format!("{prefix}cash"), cash)?;
        match positions.first_mut() {
            Some(first) => first.cash = cash,
            None if cash == Amount::ZERO => {}
            None => {
                let symbol = self.lots.keys().next().ok_or(PortfolioFileError::EmptyMarket)?;
                positions.push(Position {
                    bucket,
                    instrument: InstrumentId::from_symbol(symbol),
                    quantity: Lots::ZERO,
                    cash,
                });
            }
        }
        Ok(positions)
    }

    fn quantity(
        &self,
        field: String,
        text: &SecretText,
        lot: LotSize,
    ) -> Result<Lots, PortfolioFileError> {
        let decimal = number(&field, text)?;
        let Some(lots) = decimal.units(lot.step.into(), lot.decimals) else {
            return Err(PortfolioFileError::NotWholeLots { field, lot: lot.to_string() });
        };
        let lots = i64::try_from(lots).ok();
        if self.one_bucket {
            let allowed = "-2^32 to 2^32 - 1 lots";
            let lots = lots.filter(|lots| (MIN_LOTS..=MAX_LOTS).contains(lots));
            return lots.map(Lots::new).ok_or(PortfolioFileError::OutOfRange { field, allowed });
        }
        let allowed = "a signed 64-bit number of lots";
        lots.map(Lots::new).ok_or(PortfolioFileError::OutOfRange { field, allowed })
    }

    fn cash(&self, field: String, text: &SecretText) -> Result<Amount, PortfolioFileError> {
        let decimals = self.quote_decimals;
        let decimal = number(&field, text)?;
        let units = match decimal.units(1, decimals) {
            Some(units) => units,
            None => return Err(PortfolioFileError::NotWholeUnits { field, decimals }),
        };
        Amount::new(units)
            .map_err(|error| PortfolioFileError::OutOfRange { field, allowed: error.allowed })
    }
}

fn number(field: &str, text: &SecretText) -> Result<Decimal, PortfolioFileError> {
    Decimal::parse(text.expose())
        .map_err(|problem| PortfolioFileError::Number { field: field.to_owned(), problem })
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use pasta_curves::Fp;

    use super::*;

    fn listings() -> Listings {
        let lot = |step, decimals| LotSize { step, decimals };
        Listings::new(
            8,
            [
                ("ETH".to_owned(), lot(1, 4)),
                ("BTC".to_owned(), lot(1, 5)),
                ("DOGE".to_owned(), lot(1, 0)),
            ],
        )
    }

    fn read(body: &str) -> Result<Portfolio, PortfolioFileError> {
        let blinding = format!("0x{}", "07".repeat(31));
        let text = format!(
            r#"{{"version":1,"account":"0x00000000000000000000000000000000000000a1","blinding":"{blinding}",{body}}}"#
        );
        listings().portfolio(&PortfolioDocument::parse(text.as_bytes()).unwrap())
    }

    fn position(symbol: &str, quantity: &str) -> String {
        format!(r#"{{"instrument":"{symbol}","quantity":"{quantity}"}}"#)
    }

    #[test]
    fn buckets_carry_their_cash_once() {
        let body = format!(
            r#""cash":"5.5","positions":[{},{}],"isolated":[{{"cash":"1"}},{{"cash":"2","positions":[{}]}},{{"cash":"0"}}]"#,
            position("ETH", "0.1"),
            position("BTC", "-1"),
            position("DOGE", "3"),
        );
        let portfolio = read(&body).unwrap();
        let positions = portfolio.positions();
        assert_eq!(positions.len(), 4);
        let cash: i128 = positions.iter().map(|p| p.cash.get()).sum();
        assert_eq!(cash, 850_000_000);
        assert_eq!(positions[0].cash.get(), 550_000_000);
        assert_eq!(positions[1].cash.get(), 0);
        assert_eq!(positions[2].instrument, InstrumentId::from_symbol("BTC"));
        assert_eq!(positions[2].quantity, Lots::ZERO);
        let _: Fp = portfolio.commitment();
    }

    #[test]
    fn every_refusal_names_its_field() {
        let refusal = |body: String| read(&body).unwrap_err().to_string();
        let one = |symbol, quantity| format!(r#""positions":[{}]"#, position(symbol, quantity));
        assert_eq!(
            refusal(one("BTCC", "1")),
            "positions[0].instrument: the market does not list `BTCC` (near: BTC)"
        );
        assert_eq!(
            refusal(one("BTC", "0.000001")),
            "positions[0].quantity: not a whole number of lots of 0.00001"
        );
        assert_eq!(
            refusal(one("DOGE", "9223372036854775808")),
            "positions[0].quantity: out of range, allowed is a signed 64-bit number of lots"
        );
        assert!(refusal(one("BTC", "NaN")).starts_with("positions[0].quantity: not a decimal"));
        assert_eq!(
            refusal(r#""isolated":[{"cash":"0.000000001"}]"#.to_owned()),
            "isolated[0].cash: more than 8 decimals, the smallest unit of the quote currency"
        );
        assert!(refusal(r#""cash":"9999999999999999""#.to_owned()).contains("cash: out of range"));
        assert_eq!(
            refusal(format!(r#""positions":[{0},{0}]"#, position("BTC", "1"))),
            "positions[1].instrument: the same instrument as positions[0].instrument, in one bucket"
        );
    }
}
