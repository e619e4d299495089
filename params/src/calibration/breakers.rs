//! Circuit breakers: a price far from its recent high or low delays the epoch.
//!
//! ```toml
//! [calibration.breakers]
//! window_seconds = 86400
//! tiers = [
//!     { moved = "0.07", pause_seconds = 900 },
//!     { moved = "0.13", pause_seconds = 900 },
//!     { moved = "0.2", pause_seconds = 86400 },
//! ]
//! ```
//!
//! These are the levels of the market-wide breakers of US equities (NYSE Rule 7.12:
//! 7 and 13 % for 15 minutes, 20 % for the rest of the day, each level once a day),
//! which CME follows in its equity futures.
//!
//! Of every calibrated instrument the highs and lows of the epochs in the window are
//! kept. Where a price is as far below the high, or above the low, as a tier says, and
//! no tier as high has tripped in the window, the tier trips: the market's snapshot must
//! then be at least `pause_seconds` after that of the epoch before, or there is no
//! market. So a pause is a time without an epoch, in which accounts stand as they stood,
//! and the engine's clock stops when the last snapshot is stale; it ends by itself; and
//! whoever recomputes the market sees that it was kept. A pause is from the snapshot
//! before: it takes hold where epochs come more often than pauses are long.
//!
//! The window is kept in spans of a twelfth, each with its high and low, and ends with
//! a span: a high counts for a window and up to a span more.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use zkmargin_margin::ids::Timestamp;

use crate::calibration::error::{CalibrationError, Paused};
use crate::decimal::{canonical, text};
use crate::symbol::{Symbol, unique_map};

/// Spans of a window.
const SPANS: u64 = 12;
/// Most tiers.
const MAX_TIERS: usize = 8;
/// Windows and pauses, in seconds.
const SECONDS: std::ops::RangeInclusive<u64> = 60..=2_592_000;

/// When epochs wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breakers {
    /// How long highs and lows count, in seconds: from a minute to 30 days.
    pub window_seconds: u64,
    /// What moves lead to what pauses, ascending: 1 to 8.
    pub tiers: Vec<BreakerTier>,
}

/// A move, and the pause that it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakerTier {
    /// The part of the high that a price is below it, or of the low that it is above it.
    #[serde(with = "text")]
    pub moved: Decimal,
    /// Least seconds from the snapshot of the epoch before to that of this one.
    pub pause_seconds: u64,
}

/// What breakers remember from one epoch to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// When the epoch's snapshot was taken.
    pub at: Timestamp,
    /// Of each instrument.
    #[serde(deserialize_with = "unique_map")]
    pub instruments: BTreeMap<Symbol, Watched>,
}

/// What breakers remember of an instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// The spans of the window, the newest last.
    pub spans: Vec<Span>,
    /// Tiers that tripped in the window, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trips: Vec<Trip>,
}

/// The high and the low of a part of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// When its first price was taken.
    pub from: Timestamp,
    /// Its highest price.
    #[serde(with = "text")]
    pub high: Decimal,
    /// Its lowest price.
    #[serde(with = "text")]
    pub low: Decimal,
}

/// A tier that tripped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// The tier, from zero.
    pub tier: usize,
    /// When the snapshot was taken that tripped it.
    pub at: Timestamp,
}

impl Breakers {
    /// Checks the rule.
    ///
    /// # Errors
    /// With the first field that is out of range.
    pub fn check(&self) -> Result<(), CalibrationError> {
        let range = |field, value: u64| match SECONDS.contains(&value) {
            true => Ok(()),
            false => Err(CalibrationError::Seconds {
                field,
                value,
                least: *SECONDS.start(),
                most: *SECONDS.end(),
            }),
        };
        range("calibration.breakers.window_seconds", self.window_seconds)?;
        if self.tiers.is_empty() || self.tiers.len() > MAX_TIERS {
            return Err(CalibrationError::BreakerTiers { tier: 0 });
        }
        let mut below = (Decimal::ZERO, 0);
        for (tier, BreakerTier { moved, pause_seconds }) in self.tiers.iter().enumerate() {
            range("calibration.breakers.tiers.pause_seconds", *pause_seconds)?;
            let is_precise = canonical(*moved).scale() <= 6 && *moved <= Decimal::TEN;
            if !is_precise || *moved <= below.0 || *pause_seconds < below.1 {
                return Err(CalibrationError::BreakerTiers { tier });
            }
            below = (*moved, *pause_seconds);
        }
        Ok(())
    }

    /// What is remembered after an epoch, of the instruments that are watched, by their
    /// price where they have one.
    ///
    /// # Errors
    /// When the snapshot is not after the one before, or a breaker trips and it is not
    /// long enough after.
    pub fn next<'a>(
        &self,
        before: Option<&Record>,
        at: Timestamp,
        watched: impl IntoIterator<Item = (&'a Symbol, Option<Decimal>)>,
    ) -> Result<Record, CalibrationError> {
        if let Some(before) = before.filter(|before| before.at >= at) {
            let (before, at) = (before.at.get(), at.get());
            return Err(CalibrationError::BreakerTime { before, at });
        }
        let mut instruments = BTreeMap::new();
        for (symbol, price) in watched {
            let known = before.and_then(|before| before.instruments.get(symbol));
            let mut watched = self.recent(known, at);
            if let Some(price) = price {
                watched.see(price, at, self.span());
                if let Some(tier) = self.tripped(&watched, price) {
                    self.require_pause(symbol, (tier, price), &watched, (before, at))?;
                    watched.trips.push(Trip { tier, at });
                }
            }
            instruments.insert(symbol.clone(), watched);
        }
        Ok(Record { at, instruments })
    }

    /// Seconds of a span.
    fn span(&self) -> u64 {
        self.window_seconds.div_ceil(SPANS)
    }

    /// What still counts of an instrument.
    fn recent(&self, known: Option<&Watched>, at: Timestamp) -> Watched {
        let (span, mut watched) = (self.span(), known.cloned().unwrap_or_default());
        let counts = |from: Timestamp| {
            from.get().saturating_add(self.window_seconds).saturating_add(span) > at.get()
        };
        watched.spans.retain(|span| counts(span.from));
        watched.trips.retain(|trip| counts(trip.at));
        watched
    }

    /// The highest tier that a price reaches, where it is above all that tripped.
    fn tripped(&self, watched: &Watched, price: Decimal) -> Option<usize> {
        let (low, high) = watched.range()?;
        // A product that no decimal holds is of a move that no price makes: it is far.
        let reaches = |tier: &BreakerTier| {
            let is_as_far = |part: Decimal, of: Decimal| {
                tier.moved.checked_mul(of).is_none_or(|far| part >= far)
            };
            is_as_far(high - price, high) || is_as_far(price - low, low)
        };
        let tier = self.tiers.iter().rposition(reaches)?;
        watched.trips.iter().all(|trip| trip.tier < tier).then_some(tier)
    }

    /// A breaker that trips in the first epoch has nothing to wait for.
    fn require_pause(
        &self,
        symbol: &Symbol,
        (tier, price): (usize, Decimal),
        watched: &Watched,
        (before, at): (Option<&Record>, Timestamp),
    ) -> Result<(), CalibrationError> {
        let Some(before) = before else { return Ok(()) };
        let BreakerTier { moved, pause_seconds } = self.tiers[tier];
        let until = before.at.get().saturating_add(pause_seconds);
        if at.get() >= until {
            return Ok(());
        }
        let (low, high) = watched.range().unwrap_or((price, price));
        let paused = Paused { symbol: symbol.clone(), price, low, high, moved, until };
        Err(Box::new(paused).into())
    }
}

impl Watched {
    /// The lowest and the highest price; nothing where none was seen in the window.
    pub fn range(&self) -> Option<(Decimal, Decimal)> {
        let low = self.spans.iter().map(|span| span.low).min()?;
        Some((low, self.spans.iter().map(|span| span.high).max()?))
    }

    /// Adds a price to the newest span, or begins one.
    fn see(&mut self, price: Decimal, at: Timestamp, seconds: u64) {
        let newest = self.spans.last_mut();
        match newest.filter(|span| span.from.get().saturating_add(seconds) > at.get()) {
            Some(span) => (span.low, span.high) = (span.low.min(price), span.high.max(price)),
            None => self.spans.push(Span { from: at, high: price, low: price }),
        }
    }
}

impl Record {
    /// Checks a record that somebody wrote.
    ///
    /// # Errors
    /// With the first instrument whose record no epochs lead to.
    pub fn check(&self) -> Result<(), CalibrationError> {
        for (symbol, Watched { spans, trips }) in &self.instruments {
            let is_span = |span: &Span| Decimal::ZERO < span.low && span.low <= span.high;
            let times = spans.iter().map(|span| span.from).chain(trips.iter().map(|trip| trip.at));
            let is_record = spans.windows(2).all(|pair| pair[0].from < pair[1].from)
                && trips.windows(2).all(|pair| pair[0].tier < pair[1].tier)
                && trips.iter().all(|trip| trip.tier < MAX_TIERS)
                && spans.iter().all(is_span)
                && times.into_iter().all(|time| time <= self.at);
            if !is_record {
                return Err(CalibrationError::BreakerRecord(symbol.clone()));
            }
        }
        Ok(())
    }
}
