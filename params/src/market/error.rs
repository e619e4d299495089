//! Why a market cannot be built or does not hold a position.

use rust_decimal::Decimal;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::standard::RowError;

use crate::market::MAX_ROWS;
use crate::model::ModelError;
use crate::symbol::Symbol;

/// Why a market cannot be built or does not hold a position. Messages never
/// carry a quantity or an amount of an account.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarketError {
    /// Model and snapshot are in different currencies.
    #[error("the model is quoted in {model} and the snapshot in {snapshot}")]
    QuoteMismatch {
        /// The model's currency.
        model: Symbol,
        /// The snapshot's.
        snapshot: Symbol,
    },
    /// No instrument of the model has a price.
    #[error("the snapshot prices none of the model's instruments")]
    NothingListed,
    /// No row accepts zero lots.
    #[error("no listed instrument may be held long: at least one is needed")]
    OnlyShort,
    /// More rows than the tree holds.
    #[error("the risk table has {rows} rows: allowed are {MAX_ROWS}")]
    TooManyRows {
        /// Rows of the table.
        rows: usize,
    },
    /// A price below the model's least confidence.
    #[error(
        "{symbol}: the price's confidence is {found}, at least {least} is needed",
        found = .found.map_or("not stated".to_owned(), |d| d.to_string())
    )]
    LowConfidence {
        /// The symbol.
        symbol: Symbol,
        /// Its confidence, if stated.
        found: Option<Decimal>,
        /// The model's minimum.
        least: Decimal,
    },
    /// A price that does not fit per lot.
    #[error(
        "{symbol}: the price of one lot ({lot_size}) must be below 2^64 quote units, with at most 19 \
         significant digits: round the price to 18 digits"
    )]
    PriceRange {
        /// The symbol.
        symbol: Symbol,
        /// Coins per lot.
        lot_size: Decimal,
    },
    /// Open-interest caps without an open interest.
    #[error("{symbol}: the model scales margin with open interest, which the snapshot lacks")]
    OpenInterestMissing {
        /// The symbol.
        symbol: Symbol,
    },
    /// Options on something without a price.
    #[error("{symbol}: the snapshot has no price of its underlying, {underlying}")]
    NoIndex {
        /// The option.
        symbol: Symbol,
        /// Its underlying.
        underlying: Symbol,
    },
    /// An option whose number is that of another instrument.
    #[error("{symbol} and {other} have the same instrument number: rename one")]
    SameInstrument {
        /// The option.
        symbol: Symbol,
        /// The other.
        other: Symbol,
    },
    /// Rows that are others in every epoch.
    #[error("{symbol}: its rows follow from the snapshot: they are no model's own")]
    NotFixed {
        /// The symbol.
        symbol: Symbol,
    },
    /// Something that a calibrated model reads is missing, stale or out of range.
    #[error(transparent)]
    Calibration(#[from] crate::calibration::CalibrationError),
    /// The model breaks a rule.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An instrument that is not listed.
    #[error("instrument {0} is not listed in this market")]
    UnknownInstrument(InstrumentId),
    /// A direction the rules do not offer.
    #[error("{symbol} cannot be held {direction} under this model")]
    DirectionNotOffered {
        /// The symbol.
        symbol: Symbol,
        /// `long` or `short`.
        direction: &'static str,
    },
    /// A position above the last tier.
    #[error("{symbol}: the position is larger than the last tier allows")]
    NotionalTooLarge {
        /// The symbol.
        symbol: Symbol,
    },
    /// An instrument twice in one bucket.
    #[error("instrument {0} stands twice in one bucket")]
    DuplicatePosition(InstrumentId),
    /// An instrument at two leverages in one bucket.
    #[error(
        "{symbol} stands at two leverages in one bucket: an account chooses one for all that it \
         holds of an instrument"
    )]
    TwoLeverages {
        /// The instrument.
        symbol: Symbol,
    },
    /// Parameters, market or lots that make no table of the scenario family.
    #[error(transparent)]
    Scenario(#[from] crate::scenario::ScenarioError),
    /// A model, marks or closes that make no table of the simulation family.
    #[error(transparent)]
    Simulation(#[from] crate::simulation::SimulationError),
    /// A model or marks that make no table of the settlement family.
    #[error(transparent)]
    Settlement(#[from] crate::settlement::SettlementError),
    /// What is asked of a market of one underlying, of one of two.
    #[error(
        "the market has two underlyings, and this is of one: `margin`, `stress`, `whatif` and proofs serve both"
    )]
    SeveralUnderlyings,
    /// A portfolio that portfolio margin does not take.
    #[error(transparent)]
    Statement(#[from] zkmargin_margin::relation::Violation),
    /// No row of this index.
    #[error("the risk table has no row {0}")]
    NoSuchRow(usize),
    /// A row that does not apply after all.
    #[error("instrument {instrument}: {error}")]
    Row {
        /// The instrument.
        instrument: InstrumentId,
        /// Why.
        error: RowError,
    },
}

impl MarketError {
    /// What may be told where others read along, if the message names an
    /// instrument of the account: of the errors that are about a position rather
    /// than the market.
    pub const fn discreet(&self) -> Option<&'static str> {
        match self {
            Self::UnknownInstrument(_)
            | Self::DirectionNotOffered { .. }
            | Self::NotionalTooLarge { .. }
            | Self::DuplicatePosition(_)
            | Self::TwoLeverages { .. }
            | Self::Statement(_)
            | Self::Row { .. } => Some("a position does not fit the market"),
            _ => None,
        }
    }
}
