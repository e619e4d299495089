//! A listed instrument.

use std::ops::Range;

use rust_decimal::Decimal;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::units::{Lots, Price};

use crate::convert::{self, ConversionError};
use crate::model::{InstrumentRule, Kind, OptionRule};
use crate::snapshot::PricePoint;
use crate::symbol::Symbol;

/// An instrument of a market: what a position in it is counted in.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    symbol: Symbol,
    id: InstrumentId,
    kind: Kind,
    lot_size: Decimal,
    mark: Decimal,
    price: Price,
    rows: Range<usize>,
}

impl Listing {
    pub(crate) fn new(
        symbol: &Symbol,
        rule: &InstrumentRule,
        point: &PricePoint,
        price: Price,
        rows: Range<usize>,
    ) -> Self {
        Self {
            symbol: symbol.clone(),
            id: symbol.instrument_id(),
            kind: rule.kind,
            lot_size: rule.lot_size.normalize(),
            mark: point.price,
            price,
            rows,
        }
    }

    /// An option, at the price of its long row.
    pub(crate) fn of_option(
        symbol: &Symbol,
        rule: &OptionRule,
        mark: Decimal,
        price: Price,
        rows: Range<usize>,
    ) -> Self {
        Self {
            symbol: symbol.clone(),
            id: symbol.instrument_id(),
            kind: Kind::Option,
            lot_size: rule.lot_size.normalize(),
            mark,
            price,
            rows,
        }
    }

    /// The symbol.
    pub fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// The identifier in positions and rows.
    pub fn id(&self) -> InstrumentId {
        self.id
    }

    /// What the instrument is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Coins per lot.
    pub fn lot_size(&self) -> Decimal {
        self.lot_size
    }

    /// The snapshot's price: quote currency per coin.
    pub fn mark(&self) -> Decimal {
        self.mark
    }

    /// The price in the table: quote units per lot, of an option that is held.
    pub fn price(&self) -> Price {
        self.price
    }

    /// The instrument's rows in the risk table.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// A quantity of coins in lots.
    ///
    /// # Errors
    /// When the text is not a decimal, the quantity is not a whole number of
    /// lots, or has 2^63 lots or more.
    pub fn lots_from_decimal(&self, text: &str) -> Result<Lots, ConversionError> {
        convert::lots_from_decimal(text, self.lot_size)
    }

    /// The quantity of coins in so many lots.
    pub fn format_lots(&self, lots: Lots) -> String {
        convert::format_lots(lots, self.lot_size)
    }
}
