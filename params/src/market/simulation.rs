//! Markets of the simulation family.
//!
//! Building is deterministic: rows stand by symbol; anyone with the model, the
//! snapshot and the epoch gets the same `MARKET_ROOT`. The header's terms bind the
//! digest of the scenario set.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, InstrumentId};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Held, Portfolio, Position};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::simulation::{
    SimulationMargin, SimulationRow, SimulationSlot, SimulationTerms, SimulationWitness,
};
use zkmargin_margin::units::{Amount, Denominator, Lots};
use zkmargin_margin::witness::AccountWitness;

use crate::convert::{self, ConversionError};
use crate::market::{MAX_ROWS, MarketError};
use crate::scenario::Instrument;
use crate::simulation::SimulationError;
use crate::simulation::integer::IntegerTable;
use crate::simulation::model::SimulationModel;
use crate::simulation::snapshot::SimulationSnapshot;
use crate::simulation::table::{SimulationTable, TableRow};
use crate::symbol::Symbol;

/// What headers of the family state: weights have a scale of their own.
const DENOMINATOR: Denominator = match Denominator::new(1) {
    Ok(denominator) => denominator,
    Err(_) => panic!("not zero"),
};

/// The public market of an epoch.
#[derive(Clone, Debug)]
pub struct Market<F> {
    header: MarketHeader<F>,
    tree: Tree<F>,
    table: SimulationTable,
    integers: IntegerTable,
    listings: BTreeMap<InstrumentId, Listing>,
    padding: (SimulationRow, Path<F>),
    quote_decimals: u32,
}

/// An instrument of a market: what a position in it is counted in.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    symbol: Symbol,
    row: usize,
    lot_size: Decimal,
    is_contract: bool,
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

    /// Whether it is a perpetual or a future: a contract, whose profit is in the
    /// account.
    pub fn is_contract(&self) -> bool {
        self.is_contract
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
    /// Makes the risk table in integers and its tree, on all cores.
    ///
    /// # Errors
    /// When nothing is listed, the scenarios cannot be made, a collateral has no
    /// rule, two symbols have one identifier, a value does not fit a row, or the rows
    /// exceed [`MAX_ROWS`].
    pub fn build(
        model: &SimulationModel,
        snapshot: &SimulationSnapshot,
        epoch: Epoch,
    ) -> Result<Self, MarketError> {
        let table = SimulationTable::new(model, snapshot, epoch)?;
        let rows = table.rows.len();
        match rows {
            0 => return Err(MarketError::NothingListed),
            1..=MAX_ROWS => {}
            _ => return Err(MarketError::TooManyRows { rows }),
        }
        let listings = listings(&table, snapshot)?;
        let lot = |row: &TableRow| {
            let listing = listings.get(&row.symbol.instrument_id());
            listing.map_or(f64::NAN, |listing| number(listing.lot_size))
        };
        let quote_decimals = snapshot.spec().quote_decimals;
        let integers = IntegerTable::new(model, &table, quote_decimals, lot)?;
        let leaves: Vec<F> = integers.rows.par_iter().map(SimulationRow::leaf).collect();
        let tree = Tree::build_with(Domain::MarketNode, MARKET_DEPTH, leaves, |groups| {
            groups.par_iter().map(|group| hash(Domain::MarketNode, *group)).collect()
        })
        .map_err(|_| MarketError::TooManyRows { rows })?;
        let path = tree.path(0).map_err(|_| MarketError::NoSuchRow(0))?;
        let header = MarketHeader {
            tree_root: tree.root(),
            model: model.digest(),
            epoch,
            timestamp: snapshot.spec().timestamp,
            denominator: DENOMINATOR,
            terms: integers.terms.digest(),
        };
        let padding = (integers.rows[0].clone(), path);
        Ok(Self { header, tree, table, integers, listings, padding, quote_decimals })
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

    /// Decimals of a quote unit.
    pub fn quote_decimals(&self) -> u32 {
        self.quote_decimals
    }

    /// The table in floating point, with the scenarios.
    pub fn table(&self) -> &SimulationTable {
        &self.table
    }

    /// What counts for a whole account.
    pub fn terms(&self) -> &SimulationTerms {
        &self.integers.terms
    }

    /// The rows, by symbol.
    pub fn rows(&self) -> &[SimulationRow] {
        &self.integers.rows
    }

    /// The listed instruments, by symbol.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        let listing = |row: &TableRow| self.listings.get(&row.symbol.instrument_id());
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
        self.tree.path(row_index).map_err(|_| MarketError::NoSuchRow(row_index))
    }

    /// A row for a circuit's unused slots.
    pub fn padding(&self) -> (SimulationRow, Path<F>) {
        self.padding.clone()
    }

    /// The private inputs of a proof: each position with its row and path.
    ///
    /// # Errors
    /// When a position's instrument is not listed.
    pub fn simulation_witness(
        &self,
        portfolio: &Portfolio,
        commitment: F,
        account_path: Path<F>,
    ) -> Result<SimulationWitness<F>, MarketError> {
        let slot = |position: &Position| {
            let index = self.row_index(position.instrument)?;
            let (row, path) = (self.integers.rows[index].clone(), self.path(index)?);
            Ok(SimulationSlot { position: position.clone(), row, path })
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
        Ok(SimulationWitness { account, terms: self.integers.terms })
    }

    /// The margin of positions, natively, whatever their order, and of what is
    /// reserved for open orders.
    ///
    /// # Errors
    /// When an instrument is not listed or stands twice, or the statement does not
    /// take the portfolio: see [`SimulationMargin::assess`].
    pub fn margin<'a>(&self, held: impl Into<Held<'a>>) -> Result<SimulationMargin, MarketError> {
        let Held { positions, reserved } = held.into();
        let mut ordered: Vec<&Position> = positions.iter().collect();
        ordered.sort_by_key(|position| position.key());
        if let Some(pair) = ordered.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            return Err(MarketError::DuplicatePosition(pair[0].instrument));
        }
        let row = |position: &&Position| self.row_index(position.instrument);
        let rows = ordered.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let slots = ordered.into_iter().zip(rows.iter().map(|row| &self.integers.rows[*row]));
        Ok(SimulationMargin::assess(slots, reserved, &self.integers.terms)?)
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

/// Every instrument by its identifier: no two have the same.
fn listings(
    table: &SimulationTable,
    snapshot: &SimulationSnapshot,
) -> Result<BTreeMap<InstrumentId, Listing>, SimulationError> {
    let mut listings: BTreeMap<InstrumentId, Listing> = BTreeMap::new();
    for market in &snapshot.spec().markets {
        for (symbol, instrument) in &market.spec().instruments {
            let lot_size = snapshot.lot_size(symbol, instrument);
            let row =
                table.row_of(symbol).ok_or_else(|| SimulationError::Overflow(symbol.clone()))?;
            let is_contract =
                matches!(instrument, Instrument::Perpetual { .. } | Instrument::Future { .. });
            let listing = Listing { symbol: symbol.clone(), row, lot_size, is_contract };
            if let Some(other) = listings.insert(listing.id(), listing) {
                let (symbol, other) = (symbol.clone(), other.symbol);
                return Err(SimulationError::Collision { symbol, other });
            }
        }
    }
    Ok(listings)
}

/// The nearest number in floating point: every decimal has one.
fn number(lot: Decimal) -> f64 {
    lot.to_string().parse().unwrap_or(f64::NAN)
}
