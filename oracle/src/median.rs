//! From reports to a snapshot: what counts, the median, and the bounds on it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use zkmargin_margin::ids::Timestamp;
use zkmargin_params::snapshot::{PricePoint, Snapshot, SnapshotError};
use zkmargin_params::symbol::Symbol;

use crate::format::{self, FormatError, Observation};
use crate::recover::Signer;
use crate::sources::{Oracle, OracleSigners, Sources};

/// What one oracle says of one price, by enough signers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The oracle.
    pub oracle: Oracle,
    /// Its price: the median over its signers where each signs its own.
    pub price: Decimal,
    /// When it was, in milliseconds since 1970: the oldest of those used.
    pub time: u64,
    /// Distinct signers that count.
    pub signers: usize,
}

/// A price and the readings that it is the median of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The symbol.
    pub symbol: Symbol,
    /// The median.
    pub price: Decimal,
    /// By oracle.
    pub readings: Vec<Reading>,
}

/// Why reports make no snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PriceError {
    /// A report that cannot be read.
    #[error("report {number}: {source}")]
    Report {
        /// Which, counted from 1.
        number: usize,
        /// Why.
        source: FormatError,
    },
    /// Too few oracles, by enough signers, for a price.
    #[error("{symbol}: {found} of the {least} oracles that a price needs: {missing}")]
    TooFew {
        /// The price.
        symbol: Symbol,
        /// Oracles found.
        found: usize,
        /// Oracles needed.
        least: usize,
        /// What the others lack.
        missing: String,
    },
    /// One signer signed two prices for one time.
    #[error("{symbol}: {signer} of {oracle} signed two prices for one time")]
    Equivocation {
        /// The price.
        symbol: Symbol,
        /// The oracle.
        oracle: Oracle,
        /// The signer.
        signer: Signer,
    },
    /// Oracles that are too far apart.
    #[error("{symbol}: the oracles lie {spread} apart, allowed is {allowed}")]
    Spread {
        /// The price.
        symbol: Symbol,
        /// `(largest - least) / least`, cut to six decimals.
        spread: Decimal,
        /// The most allowed.
        allowed: Decimal,
    },
    /// Reports that are too far apart in time.
    #[error(
        "{symbol}: its report is {behind} ms older than the newest one used, allowed are \
         {allowed} ms"
    )]
    Stale {
        /// The price.
        symbol: Symbol,
        /// How much older, in milliseconds.
        behind: u64,
        /// The most allowed, in milliseconds.
        allowed: u64,
    },
    /// A snapshot that keeps no reports.
    #[error("the snapshot keeps no reports: its prices are the publisher's word")]
    NoReports,
    /// A snapshot whose prices do not follow from its reports.
    #[error("{symbol}: the snapshot says {given}, its reports say {found}")]
    Differs {
        /// The price.
        symbol: Symbol,
        /// What stands in the snapshot.
        given: String,
        /// What the reports say.
        found: String,
    },
    /// Another time or currency than the reports'.
    #[error("{field}: the snapshot says {given}, its reports say {found}")]
    Head {
        /// The field.
        field: &'static str,
        /// What stands in the snapshot.
        given: String,
        /// What the reports say.
        found: String,
    },
    /// Prices that no snapshot takes.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

/// A snapshot of all prices of a file of sources, which keeps the reports. Its
/// time is that of the oldest report used: prices are never older than it says.
///
/// # Errors
/// [`PriceError`]: a report cannot be read; a price has too few oracles, or
/// they are too far apart in price or time.
pub fn snapshot(
    sources: &Sources,
    reports: &[String],
) -> Result<(Snapshot, Vec<Priced>), PriceError> {
    let mut observations: Vec<(Oracle, Observation)> = Vec::new();
    for (index, report) in reports.iter().enumerate() {
        let read = format::read(report);
        let (oracle, read) =
            read.map_err(|source| PriceError::Report { number: index + 1, source })?;
        observations.extend(read.into_iter().map(|observation| (oracle, observation)));
    }
    let mut priced = Vec::new();
    for (symbol, feeds) in sources.prices() {
        priced.push(price(sources, symbol, feeds, &observations)?);
    }
    let oldest = check_ages(sources, &priced)?;
    let point = |price: Decimal| PricePoint { price, confidence: None, open_interest: None };
    let prices = priced.iter().map(|p| (p.symbol.clone(), point(p.price))).collect();
    let source = format!("median of signed reports, sources 0x{}", hex::encode(sources.digest()));
    let time = Timestamp::new(oldest / 1000);
    let snapshot = Snapshot::new(time, &source, sources.quote().clone(), prices)?;
    Ok((snapshot.with_reports(reports.to_vec()), priced))
}

/// Makes a snapshot again from the reports that it keeps.
///
/// # Errors
/// [`PriceError`]: as [`snapshot`], or it is another one.
pub fn verify(sources: &Sources, snapshot: &Snapshot) -> Result<Vec<Priced>, PriceError> {
    if snapshot.reports().is_empty() {
        return Err(PriceError::NoReports);
    }
    let (again, priced) = self::snapshot(sources, snapshot.reports())?;
    let head = |field, given: String, found: String| {
        if given == found { Ok(()) } else { Err(PriceError::Head { field, given, found }) }
    };
    let time = |snapshot: &Snapshot| snapshot.timestamp().get().to_string();
    head("timestamp", time(snapshot), time(&again))?;
    head("quote", snapshot.quote().to_string(), again.quote().to_string())?;
    let said = |snapshot: &Snapshot, symbol: &Symbol| {
        snapshot.prices().get(symbol).map_or("nothing".to_owned(), |point| point.price.to_string())
    };
    for symbol in snapshot.prices().keys().chain(again.prices().keys()) {
        let (given, found) = (said(snapshot, symbol), said(&again, symbol));
        if given != found {
            return Err(PriceError::Differs { symbol: symbol.clone(), given, found });
        }
    }
    Ok(priced)
}

/// The median over oracles.
fn price(
    sources: &Sources,
    symbol: &Symbol,
    feeds: &BTreeMap<Oracle, String>,
    observations: &[(Oracle, Observation)],
) -> Result<Priced, PriceError> {
    let (mut readings, mut missing) = (Vec::new(), Vec::new());
    for (&oracle, feed) in feeds {
        let of_feed =
            observations.iter().filter(|(from, seen)| *from == oracle && seen.feed == *feed);
        let of_feed: Vec<_> = of_feed.map(|(_, seen)| seen).collect();
        let Some(allowed) = sources.signers(oracle) else { continue };
        match reading(symbol, oracle, allowed, &of_feed)? {
            Ok(reading) => readings.push(reading),
            Err(signers) => missing.push(format!(
                "{oracle} has {signers} of {} signers for {feed}",
                allowed.threshold
            )),
        }
    }
    let least = sources.least_oracles();
    if readings.len() < least {
        let (found, missing) = (readings.len(), missing.join(", "));
        return Err(PriceError::TooFew { symbol: symbol.clone(), found, least, missing });
    }
    let mut prices: Vec<_> = readings.iter().map(|reading| reading.price).collect();
    let price = median(&mut prices);
    // Sorted by now, and above zero; what is beyond a decimal is beyond every bound.
    let spread = (prices[prices.len() - 1] - prices[0]).checked_div(prices[0]);
    let spread = spread.unwrap_or(Decimal::MAX);
    if spread > sources.max_spread() {
        let (spread, allowed) = (spread.round_dp(6), sources.max_spread());
        return Err(PriceError::Spread { symbol: symbol.clone(), spread, allowed });
    }
    Ok(Priced { symbol: symbol.clone(), price, readings })
}

/// What an oracle says of a feed, or how many signers that count it has.
fn reading(
    symbol: &Symbol,
    oracle: Oracle,
    OracleSigners { threshold, signers: known }: &OracleSigners,
    observations: &[&Observation],
) -> Result<Result<Reading, usize>, PriceError> {
    let counted = |seen: &Observation| seen.signers.intersection(known).count();
    if oracle.signs_together() {
        let most = observations.iter().map(|seen| counted(seen)).max().unwrap_or_default();
        let enough = observations.iter().filter(|seen| counted(seen) >= *threshold);
        return Ok(enough.max_by_key(|seen| seen.time).map_or(Err(most), |seen| {
            let Observation { price, time, .. } = **seen;
            Ok(Reading { oracle, price, time, signers: counted(seen) })
        }));
    }
    let mut newest: BTreeMap<Signer, &Observation> = BTreeMap::new();
    for seen in observations {
        for &signer in seen.signers.intersection(known) {
            let other = newest.entry(signer).or_insert(seen);
            if other.time == seen.time && other.price != seen.price {
                return Err(PriceError::Equivocation { symbol: symbol.clone(), oracle, signer });
            }
            if other.time < seen.time {
                *other = seen;
            }
        }
    }
    let signers = newest.len();
    let oldest = newest.values().map(|seen| seen.time).min();
    let (Some(time), true) = (oldest, signers >= *threshold) else { return Ok(Err(signers)) };
    let mut prices: Vec<_> = newest.values().map(|seen| seen.price).collect();
    Ok(Ok(Reading { oracle, price: median(&mut prices), time, signers }))
}

/// The middle, or the mean of the two in the middle. Sorts; takes one at least.
fn median(prices: &mut [Decimal]) -> Decimal {
    prices.sort_unstable();
    let half = prices.len() / 2;
    if prices.len() % 2 == 1 {
        return prices[half];
    }
    // Not their sum, which can be beyond a decimal.
    (prices[half - 1] + (prices[half] - prices[half - 1]) / Decimal::TWO).normalize()
}

/// The time of the oldest report used; none may be too far behind the newest.
fn check_ages(sources: &Sources, priced: &[Priced]) -> Result<u64, PriceError> {
    let times = || priced.iter().flat_map(|p| p.readings.iter().map(move |r| (p, r.time)));
    let newest = times().map(|(_, time)| time).max().unwrap_or_default();
    let allowed = sources.max_age();
    let mut oldest = newest;
    for (priced, time) in times() {
        let behind = newest - time;
        if behind > allowed {
            return Err(PriceError::Stale { symbol: priced.symbol.clone(), behind, allowed });
        }
        oldest = oldest.min(time);
    }
    Ok(oldest)
}
