//! The rows of a market, by underlying.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rust_decimal::Decimal;
use zkmargin_margin::ids::InstrumentId;
use zkmargin_margin::settlement::SettlementRow;

use super::Listing;
use crate::scenario::black76::YEAR_SECONDS;
use crate::scenario::{Instrument, ScenarioMarket};
use crate::settlement::error::SettlementError;
use crate::settlement::ids::expiry_hours;
use crate::settlement::model::SettlementModel;
use crate::settlement::rows::{Maker, OptionQuote};
use crate::settlement::rule::UnderlyingRule;
use crate::settlement::snapshot::SettlementSnapshot;
use crate::symbol::Symbol;

/// The instruments of an underlying with their rows.
pub(super) fn rows(
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
        Ok::<_, SettlementError>((listing, row))
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
pub(super) fn number(
    listings: &mut [Listing],
) -> Result<BTreeMap<InstrumentId, usize>, SettlementError> {
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
