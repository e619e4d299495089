//! A snapshot where prices or volatilities are others.

use super::{SettlementError, SettlementSnapshot, SnapshotSpec, remade, settled_of};
use crate::scenario::shock::Expiry;
use crate::scenario::{Instrument, MarketSpec, ScenarioMarket};
use crate::symbol::Symbol;

impl SettlementSnapshot {
    /// The snapshot as it would be if all prices moved by a factor and all volatilities by
    /// another: forwards follow as far as they are not settled, collateral as its
    /// underlying.
    ///
    /// # Errors
    /// When a price or volatility leaves its range.
    pub fn shocked(&self, spot: f64, vol: f64) -> Result<Self, SettlementError> {
        self.moved(None, (spot, vol))
    }

    /// The same where one underlying moves alone, by its place among the markets; all of
    /// them where it is none.
    ///
    /// # Errors
    /// As for [`SettlementSnapshot::shocked`].
    pub fn moved(
        &self,
        underlying: Option<usize>,
        (spot, vol): (f64, f64),
    ) -> Result<Self, SettlementError> {
        let moved = |(index, market): (usize, &ScenarioMarket)| match underlying {
            Some(place) if place != index => Ok(market.clone()),
            _ => remade(self.market_at(market.spec(), (spot, vol)), index),
        };
        let markets = self.spec.markets.iter().enumerate().map(moved);
        let markets = markets.collect::<Result<_, _>>()?;
        Self::new(SnapshotSpec { markets, ..self.spec.clone() })
    }

    /// A market where its prices and volatilities moved by factors.
    fn market_at(&self, market: &MarketSpec, (spot, vol): (f64, f64)) -> MarketSpec {
        let mut spec = market.clone();
        spec.spot *= spot;
        for feed in &mut spec.feeds {
            // What is settled stands in `settled` and does not move.
            let moves = settled_of(&self.spec, &spec.underlying, feed.expiry_seconds).is_some();
            feed.forward = match moves {
                true => feed.forward * spot,
                false => Expiry::new(feed, false).shocked_forward(spot),
            };
        }
        for instrument in spec.instruments.values_mut() {
            match instrument {
                Instrument::Option { mark_vol, .. } => *mark_vol *= vol,
                Instrument::Perpetual { price, .. } | Instrument::Collateral { price, .. } => {
                    *price *= spot;
                }
                Instrument::Future { .. } | Instrument::Array { .. } => {}
            }
        }
        spec
    }

    /// Only some instruments, and the underlyings that have one of them or are named: of
    /// none the first underlying stays.
    ///
    /// # Errors
    /// Never: what is left of a checked snapshot is one.
    pub(crate) fn of_instruments(
        &self,
        wanted: impl Fn(&Symbol) -> bool,
        named: Option<&Symbol>,
    ) -> Result<Self, SettlementError> {
        let mut spec = self.spec.clone();
        let mut markets = Vec::new();
        for (index, market) in self.spec.markets.iter().enumerate() {
            let mut market = market.spec().clone();
            market.instruments.retain(|symbol, _| wanted(symbol));
            let is_named = named == Some(&market.underlying);
            markets.push((!market.instruments.is_empty() || is_named, remade(market, index)?));
        }
        if !markets.iter().any(|(stays, _)| *stays)
            && let Some((stays, _)) = markets.first_mut()
        {
            *stays = true;
        }
        spec.markets = markets.into_iter().filter(|(stays, _)| *stays).map(|(_, it)| it).collect();
        let markets = &spec.markets;
        spec.settled.retain(|part| {
            markets.iter().any(|market| market.spec().underlying == part.underlying)
        });
        Self::new(spec)
    }
}
