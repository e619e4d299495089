//! Markets of the settlement family.
//!
//! Building is deterministic: rows stand by symbol; anyone with the model, the snapshot
//! and the epoch gets the same `MARKET_ROOT`. An option's number says its underlying, its
//! expiry and its strike, so that options of an expiry stand together by strike in every
//! portfolio; see [`zkmargin_margin::settlement::option_id`].

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
use crate::scenario::black76::YEAR_SECONDS;
use crate::scenario::{Instrument, ScenarioMarket};
use crate::settlement::error::SettlementError;
use crate::settlement::ids::expiry_hours;
use crate::settlement::model::{SettlementModel, UnderlyingRule};
use crate::settlement::rows::{Maker, OptionQuote};
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
            made.extend(rows(model, snapshot, market)?);
        }
        match made.len() {
            0 => return Err(MarketError::NothingListed),
            1..=MAX_ROWS => {}
            rows => return Err(MarketError::TooManyRows { rows }),
        }
        made.sort_by(|(one, _), (other, _)| one.symbol.cmp(&other.symbol));
        let (mut listings, rows): (Vec<Listing>, Vec<SettlementRow>) = made.into_iter().unzip();
        let by_id = number(&mut listings)?;
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

/// The instruments of an underlying with their rows.
fn rows(
    model: &SettlementModel,
    snapshot: &SettlementSnapshot,
    market: &ScenarioMarket,
) -> Result<Vec<(Listing, SettlementRow)>, SettlementError> {
    let spec = market.spec();
    let underlying = &spec.underlying;
    let rule = model.rule(underlying).ok_or_else(|| SettlementError::NoRule(underlying.clone()))?;
    let maker = Maker::new(rule, spec, model.spec().quote_decimals)?;
    let listed = |(symbol, instrument): (&Symbol, &Instrument)| {
        let row = row(&maker, (snapshot, market), symbol, instrument)?;
        let listing = Listing {
            symbol: symbol.clone(),
            underlying: underlying.clone(),
            id: row.instrument(),
            row: 0,
            lot_size: lot_size(rule, instrument).normalize(),
            is_contract: matches!(instrument, Instrument::Perpetual { .. }),
        };
        Ok((listing, row))
    };
    spec.instruments.par_iter().map(listed).collect()
}

fn row(
    maker: &Maker<'_>,
    (snapshot, market): (&SettlementSnapshot, &ScenarioMarket),
    symbol: &Symbol,
    instrument: &Instrument,
) -> Result<SettlementRow, SettlementError> {
    let unsupported = |what| Err(SettlementError::Unsupported { symbol: symbol.clone(), what });
    match *instrument {
        Instrument::Option { expiry_seconds: seconds, strike, option_type, mark_vol: vol } => {
            let (spec, taken) = (market.spec(), snapshot.spec().timestamp);
            let feed = market.group_of(seconds).and_then(|group| spec.feeds.get(group));
            // A checked market has a feed for each expiry.
            let Some(feed) = feed else {
                return unsupported("an option of an expiry without a feed");
            };
            let hours = expiry_hours(taken, seconds).ok_or_else(|| {
                let expiry = taken.get().saturating_add(seconds);
                SettlementError::ExpiryHour { symbol: symbol.clone(), expiry }
            })?;
            let forward = snapshot.settles_on(&spec.underlying, feed);
            let confidence = feed.forward_confidence.min(feed.vol_confidence);
            // Exact: a checked market is within 50 years.
            let years = seconds as f64 / YEAR_SECONDS;
            let quote = OptionQuote { hours, years, forward, confidence, option_type, strike, vol };
            maker.option(symbol, &quote)
        }
        Instrument::Perpetual { price, confidence } => maker.perpetual(symbol, (price, confidence)),
        Instrument::Collateral { price, confidence } => {
            maker.collateral(symbol, (price, confidence))
        }
        Instrument::Future { .. } => unsupported("a dated future"),
        Instrument::Array { .. } => unsupported("a risk array"),
    }
}

fn lot_size(rule: &UnderlyingRule, instrument: &Instrument) -> Decimal {
    match instrument {
        Instrument::Option { .. } => rule.lots.options,
        Instrument::Collateral { .. } => rule.lots.collateral,
        _ => rule.lots.perpetuals,
    }
}

/// Numbers the listings as their rows stand; no two have one identifier.
fn number(listings: &mut [Listing]) -> Result<BTreeMap<InstrumentId, usize>, SettlementError> {
    let mut by_id: BTreeMap<InstrumentId, usize> = BTreeMap::new();
    for (row, listing) in listings.iter_mut().enumerate() {
        listing.row = row;
        by_id.entry(listing.id).or_insert(row);
    }
    let twice = |(row, listing): &(usize, &Listing)| by_id.get(&listing.id) != Some(row);
    match listings.iter().enumerate().find(twice) {
        None => Ok(by_id),
        Some((_, listing)) => {
            let other = by_id.get(&listing.id).and_then(|row| listings.get(*row));
            let other = other.map_or(&listing.symbol, |other| &other.symbol).clone();
            Err(SettlementError::Collision { symbol: listing.symbol.clone(), other })
        }
    }
}
