//! A market: the risk table made of a model and a snapshot, and its root.
//!
//! Here are those of the standard family; [`scenario`] has those of the scenario
//! family, [`MarketKind`] what files of both have in common.
//!
//! Building is deterministic. Rows stand by symbol, options after all others, then by
//! leverage (that of no choice, the largest, first), then direction (long, short or both),
//! then tier; anyone with the model, the snapshot and the epoch gets the same `MARKET_ROOT`. Of a model that is calibrated the header binds
//! the rule, and rates follow from the snapshot ([`calibration`]).
//!
//! Where a snapshot keeps more than prices (signed reports, what rates are calibrated
//! from, or options), one leaf after the rows is its digest: so `MARKET_ROOT` binds all
//! of it, though rows show prices and rates alone. Of a rule that states numbers a leaf
//! beside each row says what it follows from ([`numbers`]).

pub mod calibration;
mod error;
mod file;
mod fixed;
mod listing;
pub mod moves;
pub mod numbers;
mod options;
pub mod scenario;
pub mod settlement;
pub mod simulation;
pub mod stress;

use std::collections::BTreeMap;

use rayon::prelude::*;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, InstrumentId};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, snapshot_leaf};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Held, Portfolio, Position};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::standard::{
    AccountMargin, Direction, RowError, Slot, StandardWitness, TierRow,
};
use zkmargin_margin::units::{Amount, Denominator, Lots};

pub use error::MarketError;
pub use file::{
    AnyMarketFile, MARKET_FILE_VERSION, MAX_MARKET_FILE_BYTES, MarketFile, MarketFileError,
    MarketKind, PublishedMarket, ScenarioKind, ScenarioMarketFile, SettlementKind,
    SettlementMarketFile, SimulationKind, SimulationMarketFile, StandardKind,
};
pub use fixed::fixed_rows;
pub use listing::Listing;
use listing::largest_leverage;

use crate::convert::{self, ConversionError, open_interest_units, price_per_lot};
use crate::market::numbers::{Stated, StatedNumbers};
use crate::model::{RowSpec, StandardModel};
use crate::snapshot::{PricePoint, Snapshot};
use crate::symbol::Symbol;

/// Rows that fit the market tree, `4^depth`.
pub const MAX_ROWS: usize = 1 << (2 * MARKET_DEPTH);

/// The public market of an epoch.
///
/// ```
/// use pasta_curves::Fp;
/// use zkmargin_margin::ids::Epoch;
/// use zkmargin_params::{market::Market, presets, snapshot::Snapshot};
///
/// let model = presets::by_name("hyperliquid").unwrap().model()?;
/// let snapshot = Snapshot::from_json(
///     r#"{"timestamp": 1, "source": "docs", "quote": "USDC",
///         "prices": {"BTC": {"price": "26961.2"}}}"#,
/// )?;
/// let market = Market::<Fp>::build(&model, &snapshot, Epoch::new(1))?;
/// let btc = market.listing("BTC").unwrap();
/// let lots = btc.lots_from_decimal("-0.00785")?;
/// assert!(market.row_index(btc.id(), lots).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Market<F> {
    header: MarketHeader<F>,
    tree: Tree<F>,
    rows: Vec<TierRow>,
    stated: Stated,
    listings: BTreeMap<InstrumentId, Listing>,
    by_symbol: BTreeMap<Symbol, InstrumentId>,
    unpriced: Vec<Symbol>,
    padding: (TierRow, Path<F>),
    quote_decimals: u32,
}

impl<F: MarginField> Market<F> {
    /// Makes the risk table and its tree, hashing in parallel.
    ///
    /// Instruments of the model that the snapshot has no price for are left out
    /// and named by [`Market::unpriced`]; prices without a rule are ignored.
    ///
    /// # Errors
    /// When the currencies differ, no instrument has a price, a price has too
    /// little confidence or is too large or too precise per lot, an open
    /// interest is missing where the rules need it, something that a calibrated
    /// model reads is missing or stale, or the rows exceed [`MAX_ROWS`].
    pub fn build(
        model: &StandardModel,
        snapshot: &Snapshot,
        epoch: Epoch,
    ) -> Result<Self, MarketError> {
        if model.quote() != snapshot.quote() {
            return Err(MarketError::QuoteMismatch {
                model: model.quote().clone(),
                snapshot: snapshot.quote().clone(),
            });
        }
        let found = calibration::calibrate(model, snapshot, epoch)?;
        let numbered = calibration::with_found(model, &found)?;
        let stated = Stated::new(model, snapshot, &found)?;
        let mut table = Table::default();
        for symbol in model.instruments().keys() {
            match snapshot.prices().get(symbol) {
                Some(point) => table.list(&numbered, symbol, point)?,
                None => table.unpriced.push(symbol.clone()),
            }
        }
        table.list_options(model, snapshot)?;
        let Table { rows, listings, by_symbol, unpriced } = table;
        if listings.is_empty() {
            return Err(MarketError::NothingListed);
        }
        let bound: Option<F> = snapshot.digest().map(snapshot_leaf);
        let leaves = stated.per_row() * rows.len() + usize::from(bound.is_some());
        if leaves > MAX_ROWS {
            return Err(MarketError::TooManyRows { rows: leaves });
        }
        let accepts_zero =
            |row: &TierRow| row.direction != Direction::Short && !row.lower_exclusive;
        let index = rows.iter().position(accepts_zero).ok_or(MarketError::OnlyShort)?;
        let mut leaves: Vec<F> = stated.leaves(&rows);
        leaves.extend(bound);
        let tree = Tree::build_with(Domain::MarketNode, MARKET_DEPTH, leaves, |groups| {
            groups.par_iter().map(|group| hash(Domain::MarketNode, *group)).collect()
        })
        .map_err(|_| MarketError::TooManyRows { rows: rows.len() })?;
        let path =
            tree.path(stated.per_row() * index).map_err(|_| MarketError::NoSuchRow(index))?;
        let padding = (rows[index], path);
        let header = MarketHeader {
            tree_root: tree.root(),
            model: model.digest(),
            epoch,
            timestamp: snapshot.timestamp(),
            denominator: model.denominator(),
            terms: F::ZERO,
        };
        Ok(Self {
            header,
            tree,
            rows,
            stated,
            listings,
            by_symbol,
            unpriced,
            padding,
            quote_decimals: model.quote_decimals(),
        })
    }

    /// The header: epoch, time, model and denominator over the tree.
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

    /// The denominator of every rate in the table.
    pub fn denominator(&self) -> Denominator {
        self.header.denominator
    }

    /// Decimals of a quote unit.
    pub fn quote_decimals(&self) -> u32 {
        self.quote_decimals
    }

    /// The rows, by symbol, direction and tier.
    pub fn rows(&self) -> &[TierRow] {
        &self.rows
    }

    /// The listed instruments, by symbol.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        self.by_symbol.values().filter_map(|id| self.listings.get(id))
    }

    /// Instruments of the model that the snapshot has no price for.
    pub fn unpriced(&self) -> &[Symbol] {
        &self.unpriced
    }

    /// The instrument of a symbol, or it at a leverage: `BTC`, `BTC@10x`.
    pub fn listing(&self, symbol: &str) -> Option<&Listing> {
        let symbol = Symbol::of_listing(symbol).ok()?;
        self.listings.get(self.by_symbol.get(&symbol)?)
    }

    /// The instrument with an identifier.
    pub fn listing_by_id(&self, id: InstrumentId) -> Option<&Listing> {
        self.listings.get(&id)
    }

    /// The row for so many lots of an instrument.
    ///
    /// # Errors
    /// When the instrument is not listed, does not offer the direction (zero
    /// lots count as long), or its tiers end below the notional.
    pub fn row_index(&self, id: InstrumentId, lots: Lots) -> Result<usize, MarketError> {
        let listing = self.listings.get(&id).ok_or(MarketError::UnknownInstrument(id))?;
        let symbol = || listing.symbol().clone();
        let mut offered = false;
        for index in listing.rows() {
            match self.rows[index].assess(lots, self.denominator()) {
                Ok(_) => return Ok(index),
                Err(RowError::WrongDirection) => {}
                Err(_) => offered = true,
            }
        }
        match offered {
            true => Err(MarketError::NotionalTooLarge { symbol: symbol() }),
            false => {
                let direction = if lots.is_short() { "short" } else { "long" };
                Err(MarketError::DirectionNotOffered { symbol: symbol(), direction })
            }
        }
    }

    /// The membership path of a row.
    ///
    /// # Errors
    /// [`MarketError::NoSuchRow`] when there is no row of this index.
    pub fn path(&self, row_index: usize) -> Result<Path<F>, MarketError> {
        let leaf = self.stated.per_row().saturating_mul(row_index);
        self.tree.path(leaf).map_err(|_| MarketError::NoSuchRow(row_index))
    }

    /// The numbers that stand beside a row, where the rule has them stated and the row
    /// follows from them.
    pub fn numbers(&self, row_index: usize) -> Option<&StatedNumbers> {
        self.stated.of(self.rows.get(row_index)?)
    }

    /// A row that zero lots satisfy, for a circuit's unused slots.
    pub fn padding(&self) -> (TierRow, Path<F>) {
        self.padding.clone()
    }

    /// The private inputs of a proof: each position with its row and path.
    ///
    /// # Errors
    /// As [`Market::row_index`], for the first position that has no row; and when one bucket
    /// holds an instrument at two leverages.
    pub fn standard_witness(
        &self,
        portfolio: &Portfolio,
        commitment: F,
        account_path: Path<F>,
    ) -> Result<StandardWitness<F>, MarketError> {
        self.check_leverages(portfolio.positions())?;
        let slot = |position: &Position| {
            let index = self.row_index(position.instrument, position.quantity)?;
            let (row, path) = (self.rows[index], self.path(index)?);
            Ok(Slot { position: position.clone(), row, path })
        };
        Ok(StandardWitness {
            slots: portfolio.positions().iter().map(slot).collect::<Result<_, MarketError>>()?,
            reserved: portfolio.reserved().clone(),
            blinding: portfolio.blinding().clone(),
            commitment,
            account_path,
            header: self.header,
            padding: self.padding(),
        })
    }

    /// The margin of positions, natively, and of what is reserved for open orders;
    /// figures stand in canonical order (by bucket, then instrument), whatever the
    /// order given.
    ///
    /// # Errors
    /// As [`Market::row_index`], and when an instrument stands twice in one
    /// bucket, at one leverage or at two.
    pub fn margin<'a>(&self, held: impl Into<Held<'a>>) -> Result<AccountMargin, MarketError> {
        let Held { positions, reserved } = held.into();
        let mut ordered: Vec<&Position> = positions.iter().collect();
        ordered.sort_by_key(|position| position.key());
        if let Some(pair) = ordered.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            return Err(MarketError::DuplicatePosition(pair[0].instrument));
        }
        self.check_leverages(positions)?;
        let row = |position: &Position| -> Result<&TierRow, MarketError> {
            Ok(&self.rows[self.row_index(position.instrument, position.quantity)?])
        };
        let pairs: Vec<(&Position, &TierRow)> = ordered
            .into_iter()
            .map(|position| Ok((position, row(position)?)))
            .collect::<Result<_, MarketError>>()?;
        let ids: Vec<_> = pairs.iter().map(|(position, _)| position.instrument).collect();
        AccountMargin::assess(pairs, reserved, self.denominator())
            .map_err(|(index, error)| MarketError::Row { instrument: ids[index], error })
    }

    /// Refuses an instrument at two leverages in one bucket: an account chooses one for it,
    /// and tiers are of all that it holds. A bucket's cash may be carried by either.
    fn check_leverages(&self, positions: &[Position]) -> Result<(), MarketError> {
        let mut seen = BTreeMap::new();
        for position in positions.iter().filter(|position| position.quantity != Lots::ZERO) {
            let Some(listing) = self.listings.get(&position.instrument) else { continue };
            let key = (position.bucket, listing.instrument());
            let other = seen.insert(key, position.instrument);
            if other.is_some_and(|other| other != position.instrument) {
                let symbol = listing.instrument().clone();
                return Err(MarketError::TwoLeverages { symbol });
            }
        }
        Ok(())
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

/// The risk table while it is made.
#[derive(Default)]
struct Table {
    rows: Vec<TierRow>,
    listings: BTreeMap<InstrumentId, Listing>,
    by_symbol: BTreeMap<Symbol, InstrumentId>,
    unpriced: Vec<Symbol>,
}

impl Table {
    /// Adds an instrument's rows.
    fn list(
        &mut self,
        model: &StandardModel,
        symbol: &Symbol,
        point: &PricePoint,
    ) -> Result<(), MarketError> {
        model.check_confidence(symbol, point)?;
        let Some(rule) = model.instruments().get(symbol) else {
            return Ok(());
        };
        let price =
            price_per_lot(point.price, rule.lot_size, model.quote_decimals()).ok_or_else(|| {
                MarketError::PriceRange { symbol: symbol.clone(), lot_size: rule.lot_size }
            })?;
        let open_interest =
            point.open_interest.map(|coins| open_interest_units(coins, rule.lot_size, price));
        if rule.open_interest_caps.is_some() && open_interest.is_none() {
            return Err(MarketError::OpenInterestMissing { symbol: symbol.clone() });
        }
        let path = format!("instruments.{symbol}");
        for listed in rule.listed(symbol, &path, model.quotation(), open_interest)? {
            let id = listed.symbol.instrument_id();
            let start = self.rows.len();
            self.rows.extend(listed.rows.iter().map(|spec| tier_row(id, price, spec)));
            let rows = start..self.rows.len();
            let largest = largest_leverage(rule.kind, &listed.rows, model.denominator());
            let listing = Listing::new(&listed, rule, point, (price, rows, largest));
            self.listings.insert(id, listing);
            self.by_symbol.insert(listed.symbol, id);
        }
        Ok(())
    }
}

impl StandardModel {
    /// Refuses a price with less confidence than the model asks for.
    fn check_confidence(&self, symbol: &Symbol, point: &PricePoint) -> Result<(), MarketError> {
        match self.spec().minimum_confidence {
            Some(least) if point.confidence.is_none_or(|confidence| confidence < least) => {
                let (symbol, found) = (symbol.clone(), point.confidence);
                Err(MarketError::LowConfidence { symbol, found, least })
            }
            _ => Ok(()),
        }
    }
}

/// A row of the table.
pub(crate) fn tier_row(
    instrument: InstrumentId,
    price: zkmargin_margin::units::Price,
    spec: &RowSpec,
) -> TierRow {
    TierRow {
        instrument,
        direction: spec.direction,
        lower_exclusive: spec.lower.get() > 0,
        price,
        lower: spec.lower,
        upper: spec.upper,
        initial: spec.initial,
        maintenance: spec.maintenance,
        maintenance_fraction: spec.maintenance_fraction,
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod aave_tests;
