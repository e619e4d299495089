//! Markets of the settlement family.
//!
//! Building is deterministic: rows stand by symbol; anyone with the model, the snapshot
//! and the epoch gets the same `MARKET_ROOT`. An option's number says its underlying, its
//! expiry and its strike, so that options of an expiry stand together by strike in every
//! portfolio; see [`zkmargin_margin::settlement::option_id`].

mod build;
pub mod stress;

use std::collections::BTreeMap;

use rayon::prelude::*;
use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{Epoch, InstrumentId};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Held, Portfolio, Position};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::settlement::{
    SettlementMargin, SettlementRow, SettlementSlot, SettlementWitness, terms,
};
use zkmargin_margin::units::{Amount, Denominator, Lots};
use zkmargin_margin::witness::AccountWitness;

use crate::convert::{self, ConversionError};
use crate::market::{MAX_ROWS, MarketError};
use crate::settlement::model::SettlementModel;
use crate::settlement::snapshot::SettlementSnapshot;
use crate::symbol::Symbol;

/// What headers of the family state: rows have no rates.
const DENOMINATOR: Denominator = match Denominator::new(1) {
    Ok(denominator) => denominator,
    Err(_) => panic!("not zero"),
};

/// The public market of an epoch.
#[derive(Clone, Debug)]
pub struct Market<F> {
    header: MarketHeader<F>,
    tree: Tree<F>,
    /// By symbol.
    rows: Vec<SettlementRow>,
    /// Of each row.
    listings: Vec<Listing>,
    by_id: BTreeMap<InstrumentId, usize>,
    padding: (SettlementRow, Path<F>),
    quote_decimals: u32,
}

/// An instrument of a market: what a position in it is counted in.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    symbol: Symbol,
    underlying: Symbol,
    id: InstrumentId,
    row: usize,
    lot_size: Decimal,
    is_contract: bool,
}

impl Listing {
    /// The symbol.
    pub fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// What it is on, or the coin itself.
    pub fn underlying(&self) -> &Symbol {
        &self.underlying
    }

    /// The identifier in positions and rows: not the symbol's own.
    pub fn id(&self) -> InstrumentId {
        self.id
    }

    /// Its row among the market's.
    pub fn row(&self) -> usize {
        self.row
    }

    /// Coins per lot.
    pub fn lot_size(&self) -> Decimal {
        self.lot_size
    }

    /// Whether it is a perpetual: a contract, whose profit is in the account.
    pub fn is_contract(&self) -> bool {
        self.is_contract
    }

    /// A quantity of coins in lots.
    ///
    /// # Errors
    /// When the text is not a decimal, or the quantity is not a whole number of lots.
    pub fn lots_from_decimal(&self, text: &str) -> Result<Lots, ConversionError> {
        convert::lots_from_decimal(text, self.lot_size)
    }

    /// The quantity of coins in so many lots.
    pub fn format_lots(&self, lots: Lots) -> String {
        convert::format_lots(lots, self.lot_size)
    }
}

impl<F: MarginField> Market<F> {
    /// Makes the risk table and its tree, on all cores.
    ///
    /// # Errors
    /// When model and snapshot are in two currencies, nothing is listed, an underlying has
    /// no rule, a strike or an expiry has no identifier, two instruments have one, a value
    /// does not fit a row, or the rows exceed [`MAX_ROWS`].
    pub fn build(
        model: &SettlementModel,
        snapshot: &SettlementSnapshot,
        epoch: Epoch,
    ) -> Result<Self, MarketError> {
        let (spec, taken) = (model.spec(), snapshot.spec());
        if spec.quote != taken.quote {
            let (model, snapshot) = (spec.quote.clone(), taken.quote.clone());
            return Err(MarketError::QuoteMismatch { model, snapshot });
        }
        let mut made = Vec::new();
        for market in &taken.markets {
            made.extend(build::rows(model, snapshot, market)?);
        }
        match made.len() {
            0 => return Err(MarketError::NothingListed),
            1..=MAX_ROWS => {}
            rows => return Err(MarketError::TooManyRows { rows }),
        }
        made.sort_by(|(one, _), (other, _)| one.symbol.cmp(&other.symbol));
        let (mut listings, rows): (Vec<Listing>, Vec<SettlementRow>) = made.into_iter().unzip();
        let by_id = build::number(&mut listings)?;
        let leaves: Vec<F> = rows.par_iter().map(SettlementRow::leaf).collect();
        let tree = Tree::build_with(Domain::MarketNode, MARKET_DEPTH, leaves, |groups| {
            groups.par_iter().map(|group| hash(Domain::MarketNode, *group)).collect()
        })
        .map_err(|_| MarketError::TooManyRows { rows: rows.len() })?;
        let path = tree.path(0).map_err(|_| MarketError::NoSuchRow(0))?;
        let header = MarketHeader {
            tree_root: tree.root(),
            model: model.digest(),
            epoch,
            timestamp: taken.timestamp,
            denominator: DENOMINATOR,
            terms: terms(),
        };
        let (padding, quote_decimals) = ((rows[0], path), spec.quote_decimals);
        Ok(Self { header, tree, rows, listings, by_id, padding, quote_decimals })
    }

    /// The header: epoch, time and model over the tree.
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

    /// The rows, by symbol.
    pub fn rows(&self) -> &[SettlementRow] {
        &self.rows
    }

    /// The listed instruments, by symbol.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        self.listings.iter()
    }

    /// The instrument of a symbol.
    pub fn listing(&self, symbol: &str) -> Option<&Listing> {
        let found = self.listings.binary_search_by(|one| one.symbol.as_str().cmp(symbol)).ok()?;
        self.listings.get(found)
    }

    /// The instrument with an identifier.
    pub fn listing_by_id(&self, id: InstrumentId) -> Option<&Listing> {
        self.listings.get(*self.by_id.get(&id)?)
    }

    /// The row of an instrument.
    ///
    /// # Errors
    /// When it is not listed.
    pub fn row_index(&self, id: InstrumentId) -> Result<usize, MarketError> {
        self.by_id.get(&id).copied().ok_or(MarketError::UnknownInstrument(id))
    }

    /// The membership path of a row.
    ///
    /// # Errors
    /// [`MarketError::NoSuchRow`] when there is no row of this index.
    pub fn path(&self, row_index: usize) -> Result<Path<F>, MarketError> {
        self.tree.path(row_index).map_err(|_| MarketError::NoSuchRow(row_index))
    }

    /// A row for a circuit's unused slots.
    pub fn padding(&self) -> (SettlementRow, Path<F>) {
        self.padding.clone()
    }

    /// The private inputs of a proof: each position with its row and path.
    ///
    /// # Errors
    /// When a position's instrument is not listed.
    pub fn settlement_witness(
        &self,
        portfolio: &Portfolio,
        commitment: F,
        account_path: Path<F>,
    ) -> Result<SettlementWitness<F>, MarketError> {
        let slot = |position: &Position| {
            let index = self.row_index(position.instrument)?;
            let (row, path) = (self.rows[index], self.path(index)?);
            Ok(SettlementSlot { position: position.clone(), row, path })
        };
        Ok(AccountWitness {
            slots: portfolio.positions().iter().map(slot).collect::<Result<_, MarketError>>()?,
            reserved: portfolio.reserved().clone(),
            blinding: portfolio.blinding().clone(),
            commitment,
            account_path,
            header: self.header,
            padding: self.padding(),
        })
    }

    /// The margin of positions, natively, whatever their order, and of what is
    /// reserved for open orders.
    ///
    /// # Errors
    /// When an instrument is not listed or stands twice, or the statement does not
    /// take the portfolio: see [`SettlementMargin::assess`].
    pub fn margin<'a>(&self, held: impl Into<Held<'a>>) -> Result<SettlementMargin, MarketError> {
        let Held { positions, reserved } = held.into();
        let mut ordered: Vec<&Position> = positions.iter().collect();
        ordered.sort_by_key(|position| position.key());
        if let Some(pair) = ordered.windows(2).find(|pair| pair[0].key() == pair[1].key()) {
            return Err(MarketError::DuplicatePosition(pair[0].instrument));
        }
        let row = |position: &&Position| self.row_index(position.instrument);
        let rows = ordered.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let slots = ordered.into_iter().zip(rows.iter().map(|row| &self.rows[*row]));
        Ok(SettlementMargin::assess(slots, reserved)?)
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
