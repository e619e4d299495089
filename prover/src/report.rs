//! Native margin figures: what a proof would say, and everything it hides.
//! For the account's owner only.

use std::fmt;

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::standard::{AccountMargin, BucketMargin};
use zkmargin_params::market::{Market, MarketError};

/// An account's margin, in decimals of the quote currency.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct MarginReport {
    /// The account's level: its worst bucket's.
    pub level: Level,
    /// Equity of all buckets.
    pub equity: String,
    /// Initial margin of all buckets.
    #[serde(rename = "initial_requirement")]
    pub initial: String,
    /// Maintenance margin of all buckets.
    #[serde(rename = "maintenance_requirement")]
    pub maintenance: String,
    /// Cash that would lift every bucket to maintenance.
    pub shortfall_to_maintenance: String,
    /// Cash that would lift every bucket to initial.
    pub shortfall_to_initial: String,
    /// The buckets.
    pub buckets: Vec<BucketReport>,
    /// The positions, by bucket and symbol.
    pub positions: Vec<PositionReport>,
}

/// A bucket's figures.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct BucketReport {
    /// The bucket: 0 is cross margin.
    pub bucket: u16,
    /// Its level.
    pub level: Level,
    /// Its equity.
    pub equity: String,
    /// Its initial margin.
    #[serde(rename = "initial_requirement")]
    pub initial: String,
    /// Its maintenance margin.
    #[serde(rename = "maintenance_requirement")]
    pub maintenance: String,
}

/// A position's figures.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PositionReport {
    /// The bucket.
    pub bucket: u16,
    /// The instrument.
    pub instrument: String,
    /// The quantity, signed.
    pub quantity: String,
    /// The mark price.
    pub mark: String,
    /// The value, signed.
    pub value: String,
    /// The initial margin.
    #[serde(rename = "initial_requirement")]
    pub initial: String,
    /// The maintenance margin.
    #[serde(rename = "maintenance_requirement")]
    pub maintenance: String,
}

/// The figures are secret.
impl fmt::Debug for MarginReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MarginReport(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for BucketReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BucketReport(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for PositionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PositionReport(..)")
    }
}

impl MarginReport {
    /// Assesses a portfolio in a market.
    ///
    /// # Errors
    /// When a position does not fit the market.
    pub fn new<F: MarginField>(
        market: &Market<F>,
        portfolio: &Portfolio,
    ) -> Result<Self, MarketError> {
        let margin = market.margin(portfolio)?;
        let text = |units: i128| market.format_amount(units);
        // Sums of at most 128 figures below 2^82.
        let unsigned = |units: u128| market.format_amount(units.cast_signed());
        let bucket = |bucket: &BucketMargin| BucketReport {
            bucket: bucket.bucket.get(),
            level: bucket.level(),
            equity: text(bucket.equity),
            initial: unsigned(bucket.initial),
            maintenance: unsigned(bucket.maintenance),
        };
        let mut positions = portfolio
            .positions()
            .iter()
            .zip(&margin.positions)
            .map(|(position, figures)| {
                let listing = market
                    .listing_by_id(position.instrument)
                    .ok_or(MarketError::UnknownInstrument(position.instrument))?;
                Ok(PositionReport {
                    bucket: position.bucket.get(),
                    instrument: listing.symbol().to_string(),
                    quantity: listing.format_lots(position.quantity),
                    mark: listing.mark().to_string(),
                    value: text(figures.value),
                    initial: unsigned(figures.initial),
                    maintenance: unsigned(figures.maintenance),
                })
            })
            .collect::<Result<Vec<_>, MarketError>>()?;
        positions.sort_by(|a, b| (a.bucket, &a.instrument).cmp(&(b.bucket, &b.instrument)));
        let AccountMargin { buckets, .. } = &margin;
        Ok(Self {
            level: margin.level(),
            equity: text(margin.equity()),
            initial: unsigned(margin.initial()),
            maintenance: unsigned(margin.maintenance()),
            shortfall_to_maintenance: unsigned(margin.shortfall(Level::Maintenance)),
            shortfall_to_initial: unsigned(margin.shortfall(Level::Initial)),
            buckets: buckets.iter().map(bucket).collect(),
            positions,
        })
    }
}
