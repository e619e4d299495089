//! A listed instrument.

use std::ops::Range;

use rust_decimal::Decimal;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::units::{Denominator, Lots, Price};

use crate::convert::{self, ConversionError};
use crate::leverage::ChosenLeverage;
use crate::model::{InstrumentRule, Kind, ListedRule, OptionRule, RowSpec};
use crate::snapshot::PricePoint;
use crate::symbol::Symbol;

/// An instrument of a market: what a position in it is counted in.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    symbol: Symbol,
    instrument: Symbol,
    leverage: Option<ChosenLeverage>,
    largest: Option<u32>,
    id: InstrumentId,
    kind: Kind,
    lot_size: Decimal,
    mark: Decimal,
    price: Price,
    rows: Range<usize>,
}

impl Listing {
    /// An instrument, or it at a leverage, with its price per lot, its place in the table,
    /// and the [largest leverage](Listing::largest_leverage) there.
    pub(crate) fn new(
        listed: &ListedRule,
        rule: &InstrumentRule,
        point: &PricePoint,
        (price, rows, largest): (Price, Range<usize>, Option<u32>),
    ) -> Self {
        Self {
            symbol: listed.symbol.clone(),
            instrument: listed.symbol.instrument(),
            leverage: listed.leverage,
            largest,
            id: listed.symbol.instrument_id(),
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
            instrument: symbol.clone(),
            leverage: None,
            largest: None,
            id: symbol.instrument_id(),
            kind: Kind::Option,
            lot_size: rule.lot_size.normalize(),
            mark,
            price,
            rows,
        }
    }

    /// The symbol: of an instrument at a leverage `BTC@10x`.
    pub fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// The instrument's own symbol, whatever its leverage: what prices are of.
    pub fn instrument(&self) -> &Symbol {
        &self.instrument
    }

    /// The leverage that accounts chose who hold it; none of an instrument at its largest.
    pub fn leverage(&self) -> Option<ChosenLeverage> {
        self.leverage
    }

    /// The least leverage whose margin these rows ask for at every notional: an account that
    /// chose it, or more, needs no others. None of coins and options, which have none.
    pub fn largest_leverage(&self) -> Option<u32> {
        self.largest
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

/// The least leverage that no initial rate is below one over; what none covers is
/// [`u32::MAX`].
pub(super) fn largest_leverage(
    kind: Kind,
    rows: &[RowSpec],
    denominator: Denominator,
) -> Option<u32> {
    let is_contract = matches!(kind, Kind::Perpetual | Kind::Future);
    let least = rows.iter().map(|row| row.initial.rate.get()).min();
    let covered = |rate: u32| match rate {
        0 => u32::MAX,
        rate => denominator.get().div_ceil(rate),
    };
    least.filter(|_| is_contract).map(covered)
}
