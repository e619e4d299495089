//! From a document to committed positions.

use std::collections::BTreeMap;

use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{BucketId, InstrumentId};
use zkmargin_margin::portfolio::{Portfolio, Position};
use zkmargin_margin::scenario::{MAX_LOTS, MIN_LOTS};
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_params::leverage::ChosenLeverage;
use zkmargin_params::market::{Market, scenario, settlement, simulation};
use zkmargin_params::model::Kind;
use zkmargin_params::scenario::RowKind;

use super::check::{Bucket, number};
use super::{
    Decimal, MAX_POSITIONS, MAX_SCENARIO_POSITIONS, PortfolioDocument, PortfolioFileError,
    PositionEntry, SecretText,
};
use crate::human::scaled;

/// Of a position in what has no leverage.
const NO_LEVERAGE: &str = "perpetuals and futures of a standard market have one, and nothing else: \
                           leave it out";

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
    listed: BTreeMap<String, Listed>,
    /// What is held at a leverage that an account chose, by instrument.
    chosen: BTreeMap<(String, ChosenLeverage), InstrumentId>,
    /// Portfolio margin: no isolated buckets, and fewer lots.
    pub(super) one_bucket: bool,
    /// Positions that the largest circuit holds.
    most: usize,
}

/// A listed instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its number in positions and rows.
    pub(super) id: InstrumentId,
    pub(super) lot: LotSize,
    /// A perpetual or future: a position in it is a contract, and is not owned.
    pub(super) contract: bool,
    /// Its price, where cash has what positions cost.
    pub(super) mark: Option<Decimal>,
    /// The least leverage that it is margined for without a listing of its own; none of what
    /// has no leverage.
    pub(super) largest: Option<u32>,
}

impl<F: MarginField> From<&Market<F>> for Listings {
    fn from(market: &Market<F>) -> Self {
        let plain = market.listings().filter(|listing| listing.leverage().is_none());
        let listed = plain.map(|listing| {
            let contract = !matches!(listing.kind(), Kind::Spot | Kind::Option);
            let mark = listing.mark();
            let mark = Some(Decimal::new(mark.mantissa(), mark.scale()));
            let lot = LotSize::of(listing.lot_size());
            let (id, largest) = (listing.id(), listing.largest_leverage());
            (listing.symbol().to_string(), Listed { id, lot, contract, mark, largest })
        });
        let chosen = market.listings().filter_map(|listing| {
            Some(((listing.instrument().to_string(), listing.leverage()?), listing.id()))
        });
        let chosen = chosen.collect();
        Self { chosen, ..Self::of(market.quote_decimals(), listed, false) }
    }
}

impl<F: MarginField> From<&scenario::Market<F>> for Listings {
    fn from(market: &scenario::Market<F>) -> Self {
        let listed = market.listings().map(|listing| {
            let kind = market.risk_row(listing.row()).map(|row| row.kind);
            let contract = matches!(kind, Some(RowKind::Perpetual { .. } | RowKind::Future { .. }));
            let lot = LotSize::of(listing.lot_size());
            (listing.symbol().to_string(), Listed::of_options(listing.id(), lot, contract))
        });
        let most = match market.only() {
            Ok(_) => MAX_POSITIONS,
            Err(_) => MAX_SCENARIO_POSITIONS,
        };
        Self { most, ..Self::of(market.quote_decimals(), listed, true) }
    }
}

impl<F: MarginField> From<&simulation::Market<F>> for Listings {
    fn from(market: &simulation::Market<F>) -> Self {
        let listed = market.listings().map(|listing| {
            let lot = LotSize::of(listing.lot_size());
            let contract = listing.is_contract();
            (listing.symbol().to_string(), Listed::of_options(listing.id(), lot, contract))
        });
        Self::of(market.quote_decimals(), listed, true)
    }
}

impl<F: MarginField> From<&settlement::Market<F>> for Listings {
    fn from(market: &settlement::Market<F>) -> Self {
        let listed = market.listings().map(|listing| {
            let lot = LotSize::of(listing.lot_size());
            let contract = listing.is_contract();
            (listing.symbol().to_string(), Listed::of_options(listing.id(), lot, contract))
        });
        Self { most: MAX_POSITIONS, ..Self::of(market.quote_decimals(), listed, true) }
    }
}

impl Listed {
    /// In a market of options, where nobody chooses a leverage.
    fn of_options(id: InstrumentId, lot: LotSize, contract: bool) -> Self {
        Self { id, lot, contract, mark: None, largest: None }
    }
}

impl LotSize {
    /// The lot of a market, above zero by its rules.
    fn of(lot: rust_decimal::Decimal) -> Self {
        let step = u64::try_from(lot.mantissa()).unwrap_or(0);
        Self { step, decimals: lot.scale() }
    }
}

impl Listings {
    /// Perpetuals by symbol.
    pub fn new(quote_decimals: u32, lots: impl IntoIterator<Item = (String, LotSize)>) -> Self {
        let perpetual = |(name, lot): (String, LotSize)| {
            let id = InstrumentId::from_symbol(&name);
            (name, Listed { id, lot, contract: true, mark: None, largest: None })
        };
        Self::of(quote_decimals, lots.into_iter().map(perpetual), false)
    }

    pub(super) fn of(
        quote_decimals: u32,
        listed: impl IntoIterator<Item = (String, Listed)>,
        one_bucket: bool,
    ) -> Self {
        let most = if one_bucket { MAX_SCENARIO_POSITIONS } else { MAX_POSITIONS };
        let (listed, chosen) = (listed.into_iter().collect(), BTreeMap::new());
        Self { quote_decimals, listed, chosen, one_bucket, most }
    }

    /// What commitments depend on, in one line of text each: the family, the quote unit, the
    /// lots, the numbers that are not the symbols' own, and from which leverage on one needs
    /// no listing of its own. Under two markets that agree in it a document has the same
    /// commitment; prices are no part of it.
    pub fn lots(&self) -> impl Iterator<Item = String> {
        let head = format!("{} {}", self.one_bucket, self.quote_decimals);
        let line = |(symbol, listed): (&String, &Listed)| {
            let Listed { id, lot, contract, largest, .. } = listed;
            let own =
                (*id != InstrumentId::from_symbol(symbol)).then(|| format!(" {:x}", id.get()));
            let own = own.unwrap_or_default();
            let largest = largest.map(|largest| format!(" {largest}x")).unwrap_or_default();
            format!("{symbol} {} {} {contract}{own}{largest}", lot.step, lot.decimals)
        };
        let chosen = self.chosen.keys().map(|(symbol, leverage)| format!("{symbol} at {leverage}"));
        std::iter::once(head).chain(self.listed.iter().map(line)).chain(chosen)
    }

    /// Decimals of the quote currency.
    pub fn quote_decimals(&self) -> u32 {
        self.quote_decimals
    }

    /// Symbols spelled much like one that is not listed, at most three.
    fn near(&self, symbol: &str) -> Vec<String> {
        let wanted = symbol.to_lowercase();
        let mut scored: Vec<_> = self
            .listed
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
        document.check()?;
        let blinding = document.blinding.clone().ok_or(PortfolioFileError::NoBlinding)?;
        let buckets = document.buckets()?;
        let mut positions = Vec::new();
        for (index, bucket) in buckets.iter().enumerate() {
            let id = u16::try_from(index)
                .map_err(|_| PortfolioFileError::TooManyBuckets { found: buckets.len() - 1 })?;
            positions.extend(self.bucket(BucketId::new(id), bucket)?);
        }
        let (found, allowed) = (positions.len(), self.most);
        if found > allowed {
            return Err(PortfolioFileError::TooManyPositions { found, allowed });
        }
        let reserved = self.reserved_of(document)?;
        let portfolio =
            Portfolio::new(positions, blinding).map_err(|_| PortfolioFileError::Duplicate {
                first: "positions".to_owned(),
                second: "positions".to_owned(),
            })?;
        Ok(portfolio.with_reserved(reserved))
    }

    /// One bucket's positions in canonical order, the first with the cash.
    fn bucket(
        &self,
        id: BucketId,
        bucket: &Bucket<'_>,
    ) -> Result<Vec<Position>, PortfolioFileError> {
        let mut positions = Vec::with_capacity(bucket.positions.len().max(1));
        for (index, entry) in bucket.positions.iter().enumerate() {
            let listed = self.listed_of(bucket, index, entry)?;
            positions.push(Position {
                bucket: id,
                instrument: listed.id,
                quantity: self.quantity(
                    bucket.field(index, "quantity"),
                    &entry.quantity,
                    listed.lot,
                )?,
                cash: Amount::ZERO,
            });
        }
        positions.sort_by_key(Position::key);
        let cash = self.cash_of(bucket)?;
        match positions.first_mut() {
            Some(first) => first.cash = cash,
            None if cash == Amount::ZERO => {}
            None => {
                positions.push(Position {
                    bucket: id,
                    instrument: self.listed("cash", self.carrier()?)?.id,
                    quantity: Lots::ZERO,
                    cash,
                });
            }
        }
        Ok(positions)
    }

    /// The instrument that carries the cash of a bucket without positions.
    pub(super) fn carrier(&self) -> Result<&str, PortfolioFileError> {
        let first = self.listed.keys().next();
        first.map(String::as_str).ok_or(PortfolioFileError::EmptyMarket)
    }

    /// What a position is held in: its instrument, at the leverage that it says.
    fn listed_of(
        &self,
        bucket: &Bucket<'_>,
        index: usize,
        entry: &PositionEntry,
    ) -> Result<Listed, PortfolioFileError> {
        let symbol = entry.instrument.expose();
        let plain = self.listed(&bucket.field(index, "instrument"), symbol)?;
        let Some(leverage) = bucket.leverage(index, entry)? else { return Ok(plain) };
        let field = bucket.field(index, "leverage");
        let Some(largest) = plain.largest else {
            return Err(PortfolioFileError::Misplaced { field, rule: NO_LEVERAGE });
        };
        match self.chosen.get(&(symbol.to_owned(), leverage)) {
            Some(id) => Ok(Listed { id: *id, ..plain }),
            None if u32::from(leverage.get()) >= largest => Ok(plain),
            None => {
                let listed = self.chosen.keys().filter(|(name, _)| name == symbol);
                let listed = listed.map(|(_, leverage)| *leverage).collect();
                let symbol = symbol.to_owned();
                Err(PortfolioFileError::Unlisted { field, symbol, leverage, listed, largest })
            }
        }
    }

    /// What is known of a symbol.
    pub(super) fn listed(&self, field: &str, symbol: &str) -> Result<Listed, PortfolioFileError> {
        self.listed.get(symbol).copied().ok_or_else(|| PortfolioFileError::UnknownInstrument {
            field: field.to_owned(),
            symbol: symbol.chars().filter(|c| !c.is_control()).take(32).collect(),
            near: self.near(symbol),
        })
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
    fn what_is_reserved_is_committed_to() {
        let one = format!(r#""cash":"5","positions":[{}]"#, position("ETH", "0.1"));
        let plain = read(&one).unwrap();
        assert_eq!(plain.reserved().get(), 0);
        let with = |text: &str| read(&format!(r#"{one},"reserved":"{text}""#));
        assert_eq!(with("12.5").unwrap().reserved().get(), 1_250_000_000);
        assert_ne!(with("12.5").unwrap().commitment::<Fp>(), plain.commitment());
        assert_eq!(with("0").unwrap().commitment::<Fp>(), plain.commitment());
        let refusal = |text: &str| with(text).unwrap_err().to_string();
        let range = "reserved: out of range, allowed is 0 to 2^80 - 1 quote units";
        assert_eq!(refusal("-1"), "reserved: out of range, allowed is 0 and above");
        assert_eq!(refusal("99999999999999999"), range);
        assert!(refusal("0.000000001").starts_with("reserved: more than 8 decimals"));
        assert!(refusal("1e3").starts_with("reserved: not a decimal"));
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
