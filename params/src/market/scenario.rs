//! Markets of the scenario family.
//!
//! Building is deterministic: rows stand by symbol; anyone with the parameter
//! set, the snapshot and the epoch gets the same `MARKET_ROOT`. Of a set that is
//! calibrated the header binds the rule, ranges follow from the snapshot
//! ([`calibration`]), and one leaf after the rows is the snapshot's digest. Of a set that
//! `states_marks` the leaf after each row is what it is made of ([`marks`]).
//!
//! A set of two underlyings makes a market of both: the second's rows stand behind the
//! first's, under expiries of their own, and the header binds the terms of both.

mod build;
pub mod calibration;
pub mod marks;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::market::MarketHeader;
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Held, Portfolio, Position};
use zkmargin_margin::scenario::{
    AccountMargin, MarketTerms, ScenarioRow, ScenarioSlot, ScenarioWitness,
};
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_margin::witness::AccountWitness;

use crate::convert::{self, ConversionError};
use crate::market::MarketError;
use crate::market::scenario::marks::Marks;
use crate::scenario::table::RiskRow;
use crate::scenario::{RiskTable, ScenarioModel};
use crate::symbol::Symbol;

/// The public market of an epoch.
///
/// ```
/// use pasta_curves::Fp;
/// use zkmargin_margin::ids::Epoch;
/// use zkmargin_params::market::scenario::Market;
/// use zkmargin_params::scenario::{ScenarioSnapshot, parameters};
///
/// let model = parameters::by_name("derive-test").unwrap().model()?;
/// let snapshot = ScenarioSnapshot::from_json(r#"{
///   "timestamp": 1764921600, "quote": "USD",
///   "lots": { "options": "0.1", "others": "0.001" },
///   "market": {
///     "underlying": "BTC", "spot": 100000,
///     "feeds": [{ "expiry_seconds": 2592000, "forward": 100500 }],
///     "instruments": {
///       "BTC-90000-P": { "kind": "option", "expiry_seconds": 2592000, "strike": 90000,
///                        "option_type": "put", "mark_vol": 0.5 }
///     }
///   }
/// }"#)?;
/// let market = Market::<Fp>::build(&model, &snapshot, Epoch::new(1))?;
/// let put = market.listing("BTC-90000-P").unwrap();
/// assert_eq!(put.lots_from_decimal("-1.5")?.get(), -15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Market<F> {
    header: MarketHeader<F>,
    tree: Tree<F>,
    /// By underlying.
    parts: Vec<Part>,
    terms: MarketTerms,
    /// Of all parts.
    rows: Vec<ScenarioRow>,
    listings: BTreeMap<InstrumentId, Listing>,
    padding: (ScenarioRow, Path<F>),
    quote_decimals: u32,
    /// What each row is made of, where the set states it.
    marks: Vec<Marks>,
}

/// A market's part that is of one underlying.
#[derive(Clone, Debug)]
pub struct Part {
    underlying: Symbol,
    model: ScenarioModel,
    table: RiskTable,
    /// Rows of the market before it.
    rows_before: usize,
}

impl Part {
    /// The underlying.
    pub fn underlying(&self) -> &Symbol {
        &self.underlying
    }

    /// The set that the table is made with: of a rule the numbers of this epoch.
    pub fn model(&self) -> &ScenarioModel {
        &self.model
    }

    /// The table in floating point.
    pub fn table(&self) -> &RiskTable {
        &self.table
    }
}

/// An instrument of a market: what a position in it is counted in.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    symbol: Symbol,
    row: usize,
    lot_size: Decimal,
}

impl Listing {
    /// The symbol.
    pub fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// The identifier in positions and rows.
    pub fn id(&self) -> InstrumentId {
        self.symbol.instrument_id()
    }

    /// Its row among the market's.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Units of the underlying, or of the collateral, per lot.
    pub fn lot_size(&self) -> Decimal {
        self.lot_size
    }

    /// A quantity in lots.
    ///
    /// # Errors
    /// When the text is not a decimal, or the quantity is not a whole number of
    /// lots.
    pub fn lots_from_decimal(&self, text: &str) -> Result<Lots, ConversionError> {
        convert::lots_from_decimal(text, self.lot_size)
    }

    /// The quantity in so many lots.
    pub fn format_lots(&self, lots: Lots) -> String {
        convert::format_lots(lots, self.lot_size)
    }
}

impl<F: MarginField> Market<F> {
    /// The header: epoch, time, model and terms over the tree.
    pub fn header(&self) -> &MarketHeader<F> {
        &self.header
    }

    /// `MARKET_ROOT`.
    pub fn root(&self) -> F {
        self.header.root()
    }

    /// The root of the tree below the header.
    pub fn tree_root(&self) -> F {
        self.header.tree_root
    }

    /// Decimals of a quote unit.
    pub fn quote_decimals(&self) -> u32 {
        self.quote_decimals
    }

    /// What is of each underlying, in the market's order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What is of the underlying, where there is one alone.
    ///
    /// # Errors
    /// [`MarketError::SeveralUnderlyings`] of a market of two: what moves the price of
    /// one underlying does not say what the other does.
    pub fn only(&self) -> Result<&Part, MarketError> {
        match self.parts.as_slice() {
            [part] => Ok(part),
            _ => Err(MarketError::SeveralUnderlyings),
        }
    }

    /// The row of an instrument in floating point.
    pub fn risk_row(&self, row_index: usize) -> Option<&RiskRow> {
        let part = self.parts.iter().rfind(|part| part.rows_before <= row_index)?;
        part.table.rows.get(row_index - part.rows_before)
    }

    /// What counts for a whole account.
    pub fn terms(&self) -> &MarketTerms {
        &self.terms
    }

    /// The rows: by symbol, the second underlying's behind the first's.
    pub fn rows(&self) -> &[ScenarioRow] {
        &self.rows
    }

    /// The listed instruments, in the order of the rows.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        let listing = |row: &RiskRow| self.listings.get(&row.symbol.instrument_id());
        self.parts.iter().flat_map(|part| &part.table.rows).filter_map(listing)
    }

    /// The instrument of a symbol.
    pub fn listing(&self, symbol: &str) -> Option<&Listing> {
        let symbol = Symbol::new(symbol).ok()?;
        self.listings.get(&symbol.instrument_id()).filter(|listing| listing.symbol == symbol)
    }

    /// The instrument with an identifier.
    pub fn listing_by_id(&self, id: InstrumentId) -> Option<&Listing> {
        self.listings.get(&id)
    }

    /// The row of an instrument.
    ///
    /// # Errors
    /// When it is not listed.
    pub fn row_index(&self, id: InstrumentId) -> Result<usize, MarketError> {
        let listing = self.listings.get(&id).ok_or(MarketError::UnknownInstrument(id))?;
        Ok(listing.row)
    }

    /// The membership path of a row.
    ///
    /// # Errors
    /// [`MarketError::NoSuchRow`] when there is no row of this index.
    pub fn path(&self, row_index: usize) -> Result<Path<F>, MarketError> {
        let leaf = if self.marks.is_empty() { row_index } else { 2 * row_index };
        self.tree.path(leaf).map_err(|_| MarketError::NoSuchRow(row_index))
    }

    /// What a row is made of, where the set states it.
    pub fn marks(&self, row_index: usize) -> Option<&Marks> {
        self.marks.get(row_index)
    }

    /// A row for a circuit's unused slots.
    pub fn padding(&self) -> (ScenarioRow, Path<F>) {
        self.padding.clone()
    }

    /// The private inputs of a proof: each position with its row and path.
    ///
    /// # Errors
    /// When a position's instrument is not listed.
    pub fn scenario_witness(
        &self,
        portfolio: &Portfolio,
        commitment: F,
        account_path: Path<F>,
    ) -> Result<ScenarioWitness<F>, MarketError> {
        let slot = |position: &Position| {
            let index = self.row_index(position.instrument)?;
            let (row, path) = (self.rows[index], self.path(index)?);
            Ok(ScenarioSlot { position: position.clone(), row, path })
        };
        let account = AccountWitness {
            slots: portfolio.positions().iter().map(slot).collect::<Result<_, MarketError>>()?,
            reserved: portfolio.reserved().clone(),
            blinding: portfolio.blinding().clone(),
            commitment,
            account_path,
            header: self.header,
            padding: self.padding(),
        };
        Ok(ScenarioWitness { account, terms: self.terms })
    }

    /// The margin of positions, natively, whatever their order, and of what is
    /// reserved for open orders.
    ///
    /// # Errors
    /// When an instrument is not listed or stands twice, or the statement does
    /// not take the portfolio: see [`AccountMargin::assess`].
    pub fn margin<'a>(&self, held: impl Into<Held<'a>>) -> Result<AccountMargin, MarketError> {
        let Held { positions, reserved } = held.into();
        let mut ordered: Vec<&Position> = positions.iter().collect();
        ordered.sort_by_key(|position| position.key());
        if let Some(pair) = ordered.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            return Err(MarketError::DuplicatePosition(pair[0].instrument));
        }
        let row = |position: &'_ Position| self.row_index(position.instrument);
        let rows = ordered.iter().map(|position| row(position));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let slots = ordered.into_iter().zip(rows.iter().map(|row| &self.rows[*row]));
        Ok(AccountMargin::assess(slots, reserved, &self.terms)?)
    }

    /// An amount of the quote currency in quote units.
    ///
    /// # Errors
    /// As [`convert::amount_from_decimal`].
    pub fn amount_from_decimal(&self, text: &str) -> Result<Amount, ConversionError> {
        convert::amount_from_decimal(text, self.quote_decimals)
    }

    /// Quote units as a decimal text of the quote currency.
    pub fn format_amount(&self, units: i128) -> String {
        convert::format_amount(units, self.quote_decimals)
    }
}

#[cfg(test)]
mod tests;
