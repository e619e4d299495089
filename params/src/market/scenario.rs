//! Markets of the scenario family.
//!
//! Building is deterministic: rows stand by symbol; anyone with the parameter
//! set, the snapshot and the epoch gets the same `MARKET_ROOT`. Of a set that is
//! calibrated the header binds the rule, ranges follow from the snapshot
//! ([`calibration`]), and one leaf after the rows is the snapshot's digest. Of a set that
//! `states_marks` the leaf after each row is what it is made of ([`marks`]).

pub mod calibration;
pub mod marks;

use std::collections::BTreeMap;

use rayon::prelude::*;
use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, InstrumentId};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, snapshot_leaf};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Held, Portfolio, Position};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::scenario::{
    FACTOR_ONE, ScenarioMargin, ScenarioRow, ScenarioSlot, ScenarioTerms, ScenarioWitness,
};
use zkmargin_margin::units::{Amount, Denominator, Lots};
use zkmargin_margin::witness::AccountWitness;

use crate::convert::{self, ConversionError};
use crate::market::scenario::marks::Marks;
use crate::market::{MAX_ROWS, MarketError};
use crate::scenario::error::{Problem, ScenarioError, counted};
use crate::scenario::integer::check_ids;
use crate::scenario::table::{RiskRow, RowKind};
use crate::scenario::{IntegerTable, RiskTable, ScenarioModel, ScenarioSnapshot};
use crate::symbol::Symbol;

/// What headers of the family state.
const DENOMINATOR: Denominator = match Denominator::new(FACTOR_ONE) {
    Ok(denominator) => denominator,
    Err(_) => panic!("not zero"),
};

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
    table: RiskTable,
    integers: IntegerTable,
    listings: BTreeMap<InstrumentId, Listing>,
    padding: (ScenarioRow, Path<F>),
    quote_decimals: u32,
    model: ScenarioModel,
    /// What each row is made of, where the set states it.
    marks: Vec<Marks>,
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

    /// Its row in the tables.
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

/// A market whose margin is in coins is quoted in them.
fn check_currency(model: &ScenarioModel, snapshot: &ScenarioSnapshot) -> Result<(), ScenarioError> {
    let spec = snapshot.spec();
    let (expected, found) = (&spec.market.spec().underlying, &spec.quote);
    if !model.spec().in_coins || expected == found {
        return Ok(());
    }
    let problem = Problem::QuoteIsCoins { expected: expected.clone(), found: found.clone() };
    Err(ScenarioError::at("quote", problem))
}

impl<F: MarginField> Market<F> {
    /// Makes the risk table in integers and its tree, on all cores.
    ///
    /// # Errors
    /// When nothing is listed, a collateral has no rule, a symbol breaks the
    /// rules of [`check_ids`], a value does not fit a row, levels could cross
    /// ([`IntegerTable::check_levels`]), or the rows exceed [`MAX_ROWS`].
    pub fn build(
        model: &ScenarioModel,
        snapshot: &ScenarioSnapshot,
        epoch: Epoch,
    ) -> Result<Self, MarketError> {
        let spec = snapshot.spec();
        check_ids(&spec.market)?;
        check_currency(model, snapshot)?;
        let numbered = calibration::model_of(model, snapshot, epoch)?;
        let table = RiskTable::new(&numbered, &spec.market)?;
        let bound: Option<F> = snapshot.digest().map(snapshot_leaf);
        let rows = table.rows.len();
        let per_row = if model.spec().states_marks { 2 } else { 1 };
        let most = (MAX_ROWS - usize::from(bound.is_some())) / per_row;
        counted("market.instruments", rows, 1..=most)?;
        let lot_size = |row: &RiskRow| match row.kind {
            RowKind::Option { .. } => spec.lots.options,
            _ => snapshot.linear_lot(&row.symbol),
        };
        let lot = |row: &RiskRow| number(lot_size(row));
        let option_lot = number(spec.lots.options);
        let integers = IntegerTable::new(&table, spec.quote_decimals, option_lot, lot)?;
        integers.check_levels(&table)?;
        let mut leaves: Vec<F> = integers.rows.par_iter().map(ScenarioRow::leaf).collect();
        let marks = match model.spec().states_marks {
            true => marks((model, &numbered), snapshot, &table, lot)?,
            false => Vec::new(),
        };
        if !marks.is_empty() {
            let stated: Vec<F> = marks.par_iter().map(Marks::leaf).collect();
            leaves = leaves.into_iter().zip(stated).flat_map(|(row, marks)| [row, marks]).collect();
        }
        leaves.extend(bound);
        let tree = Tree::build_with(Domain::MarketNode, MARKET_DEPTH, leaves, |groups| {
            groups.par_iter().map(|group| hash(Domain::MarketNode, *group)).collect()
        })
        .map_err(|_| MarketError::TooManyRows { rows })?;
        let path = tree.path(0).map_err(|_| MarketError::NoSuchRow(0))?;
        let header = MarketHeader {
            tree_root: tree.root(),
            model: model.digest(),
            epoch,
            timestamp: spec.timestamp,
            denominator: DENOMINATOR,
            terms: integers.terms.digest(),
        };
        let listings = table.rows.iter().enumerate().map(|(row, named)| {
            let lot_size = lot_size(named);
            let listing = Listing { symbol: named.symbol.clone(), row, lot_size };
            (listing.id(), listing)
        });
        let listings = listings.collect();
        let padding = (integers.rows[0], path);
        let quote_decimals = spec.quote_decimals;
        let model = numbered.into_owned();
        Ok(Self { header, tree, table, integers, listings, padding, quote_decimals, model, marks })
    }

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

    /// The set that the table is made with: of a rule the numbers of this epoch.
    pub fn model(&self) -> &ScenarioModel {
        &self.model
    }

    /// Decimals of a quote unit.
    pub fn quote_decimals(&self) -> u32 {
        self.quote_decimals
    }

    /// The table in floating point.
    pub fn table(&self) -> &RiskTable {
        &self.table
    }

    /// What counts for a whole account.
    pub fn terms(&self) -> &ScenarioTerms {
        &self.integers.terms
    }

    /// The rows, by symbol.
    pub fn rows(&self) -> &[ScenarioRow] {
        &self.integers.rows
    }

    /// The listed instruments, by symbol.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        let listing = |row: &RiskRow| self.listings.get(&row.symbol.instrument_id());
        self.table.rows.iter().filter_map(listing)
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
            let (row, path) = (self.integers.rows[index], self.path(index)?);
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
        Ok(ScenarioWitness { account, terms: self.integers.terms })
    }

    /// The margin of positions, natively, whatever their order, and of what is
    /// reserved for open orders.
    ///
    /// # Errors
    /// When an instrument is not listed or stands twice, or the statement does
    /// not take the portfolio: see [`ScenarioMargin::assess`].
    pub fn margin<'a>(&self, held: impl Into<Held<'a>>) -> Result<ScenarioMargin, MarketError> {
        let Held { positions, reserved } = held.into();
        let mut ordered: Vec<&Position> = positions.iter().collect();
        ordered.sort_by_key(|position| position.key());
        if let Some(pair) = ordered.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            return Err(MarketError::DuplicatePosition(pair[0].instrument));
        }
        let row = |position: &'_ Position| self.row_index(position.instrument);
        let rows = ordered.iter().map(|position| row(position));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let slots = ordered.into_iter().zip(rows.iter().map(|row| &self.integers.rows[*row]));
        Ok(ScenarioMargin::assess(slots, reserved, &self.integers.terms)?)
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

/// What rows are made of.
fn marks(
    models: (&ScenarioModel, &ScenarioModel),
    snapshot: &ScenarioSnapshot,
    table: &RiskTable,
    lot: impl Fn(&RiskRow) -> f64,
) -> Result<Vec<Marks>, MarketError> {
    let spec = snapshot.spec();
    // Exact up to 10^22, as the table has it.
    let unit = (0..spec.quote_decimals).fold(1.0, |unit, _| unit * 10.0);
    let of = |row: &RiskRow| {
        let missing = || ScenarioError::at(row.symbol.to_string(), Problem::NotListed);
        let marks = Marks::new(models, &spec.market, &row.symbol, lot(row) * unit);
        marks.ok_or_else(|| missing().into())
    };
    table.rows.iter().map(of).collect()
}

/// The nearest number in floating point: every decimal has one.
fn number(lot: Decimal) -> f64 {
    lot.to_string().parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
