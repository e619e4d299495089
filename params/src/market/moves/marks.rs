//! What of a market moves.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::market::AnyMarketFile;
use crate::model::StandardModel;
use crate::scenario::market::{Instrument, MarketSpec, ScenarioMarket};
use crate::snapshot::Snapshot;
use crate::symbol::Symbol;

/// Two expiries are one when they are at most this far apart, in seconds: they
/// are told in seconds from a snapshot that took a while.
const SAME_EXPIRY: u64 = 600;

/// What of an instrument is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkKind {
    /// Its price.
    Price,
    /// Price of the underlying of options.
    Spot,
    /// Price of the currency that cash and premiums are in.
    Stable,
    /// Price of the underlying for delivery at an expiry.
    Forward,
    /// Volatility of the strikes nearest the forward of an expiry.
    AtTheMoney,
    /// Volatility of an option.
    Volatility,
    /// An option that is marked by its price, beside that of its underlying.
    Option,
}

impl MarkKind {
    /// What a move of it is divided by where it counts beside prices.
    pub(super) const fn divisor(self) -> u64 {
        match self {
            Self::AtTheMoney => 4,
            Self::Volatility => 8,
            _ => 1,
        }
    }

    /// The name, as in JSON and in limits.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Spot => "spot",
            Self::Stable => "stable",
            Self::Forward => "forward",
            Self::AtTheMoney => "at-the-money",
            Self::Volatility => "volatility",
            Self::Option => "option",
        }
    }
}

impl fmt::Display for MarkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A figure that moves.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) kind: MarkKind,
    /// The instrument; of a forward or the volatility at the money, its underlying.
    symbol: String,
    /// When it expires, in seconds since 1970.
    expiry: Option<u64>,
    pub(super) value: Decimal,
}

impl Mark {
    /// What it is called: forwards of one underlying differ by their expiry.
    pub(super) fn name(&self) -> String {
        match (self.kind, self.expiry) {
            (MarkKind::Forward | MarkKind::AtTheMoney, Some(expiry)) => {
                format!("{} {expiry}", self.symbol)
            }
            _ => self.symbol.clone(),
        }
    }
}

/// All that moves in a market, and when it was taken.
#[derive(Clone, Debug)]
pub struct Marks {
    taken: u64,
    marks: Vec<Mark>,
}

impl Marks {
    /// The marks of a market file. Of a standard market those of the instruments
    /// that its model lists.
    pub fn of(file: &AnyMarketFile) -> Self {
        match file {
            AnyMarketFile::Standard(file) => Self::of_standard(file.model(), file.snapshot()),
            AnyMarketFile::Scenario(file) => {
                let spec = file.snapshot().spec();
                Self::of_scenario(spec.timestamp.get(), spec.market.spec())
            }
            AnyMarketFile::Simulation(file) => {
                let spec = file.snapshot().spec();
                Self::of_underlyings(spec.timestamp.get(), &spec.markets)
            }
            AnyMarketFile::Settlement(file) => {
                let taken = file.snapshot().spec().timestamp;
                Self::of_underlyings(taken.get(), &file.snapshot().settling())
            }
        }
    }

    /// The marks of what a model lists. Charges on an option are fractions of its
    /// underlying's price, and so are its moves.
    fn of_standard(model: &StandardModel, snapshot: &Snapshot) -> Self {
        let of = |symbol: &Symbol, (kind, expiry), value| Mark {
            kind,
            symbol: symbol.to_string(),
            expiry,
            value,
        };
        let is_listed = |symbol: &Symbol| {
            model.instruments().contains_key(symbol) || model.options().contains_key(symbol)
        };
        let listed = snapshot.prices().iter().filter(|(symbol, _)| is_listed(symbol));
        let prices = listed.map(|(symbol, point)| of(symbol, (MarkKind::Price, None), point.price));
        let options = snapshot.options().iter().filter_map(|(symbol, option)| {
            model.options().get(&option.underlying)?;
            let index = snapshot.prices().get(&option.underlying)?.price;
            let value = index.checked_add(option.mark).unwrap_or(Decimal::ZERO);
            Some(of(symbol, (MarkKind::Option, Some(option.expiry.get())), value))
        });
        Self { taken: snapshot.timestamp().get(), marks: prices.chain(options).collect() }
    }

    /// The marks of several underlyings; the stablecoin's is one for each.
    fn of_underlyings(taken: u64, markets: &[ScenarioMarket]) -> Self {
        let each = markets.iter().flat_map(|market| {
            let stable = format!("stable of {}", market.spec().underlying);
            let marks = Self::of_scenario(taken, market.spec()).marks;
            marks.into_iter().map(move |mark| match mark.kind {
                MarkKind::Stable => Mark { symbol: stable.clone(), ..mark },
                _ => mark,
            })
        });
        Self { taken, marks: each.collect() }
    }

    /// The marks of an options market that was taken at a time.
    pub fn of_scenario(taken: u64, market: &MarketSpec) -> Self {
        let underlying = market.underlying.to_string();
        let mut marks = Vec::new();
        let mut mark = |kind, symbol: &str, seconds: Option<u64>, value: f64| {
            // Both fit: a market's expiries are within 50 years of its time. A time
            // that does not is no expiry that another could be.
            let expiry = seconds.and_then(|seconds| taken.checked_add(seconds));
            marks.push(Mark { kind, symbol: symbol.to_owned(), expiry, value: decimal(value) });
        };
        mark(MarkKind::Spot, &underlying, None, market.spot);
        mark(MarkKind::Stable, "stable", None, market.stable_price);
        for feed in &market.feeds {
            mark(MarkKind::Forward, &underlying, Some(feed.expiry_seconds), feed.forward);
        }
        for (seconds, volatility) in at_the_money(market) {
            mark(MarkKind::AtTheMoney, &underlying, Some(seconds), volatility);
        }
        for (symbol, instrument) in &market.instruments {
            match *instrument {
                Instrument::Option { expiry_seconds, mark_vol, .. } => {
                    mark(MarkKind::Volatility, symbol.as_str(), Some(expiry_seconds), mark_vol);
                }
                Instrument::Perpetual { price, .. } | Instrument::Collateral { price, .. } => {
                    mark(MarkKind::Price, symbol.as_str(), None, price);
                }
                // What it moves is in its array: of two expiries apart, a change of what it
                // would lose or be charged at most counts beside the price of its underlying.
                Instrument::Array { values, mark: worth, delta, is_option, .. } => {
                    let lost = values.into_iter().fold(0.0, f64::min);
                    let charges = market.array_charges.unwrap_or_default();
                    let spread = delta.unwrap_or_default().abs() * charges.spread;
                    let short = if is_option == Some(true) { charges.short_option } else { 0.0 };
                    let value = market.spot + worth - lost + spread + short;
                    mark(MarkKind::Option, symbol.as_str(), None, value);
                }
                // Marked at its expiry's forward.
                Instrument::Future { .. } => {}
            }
        }
        Self { taken, marks }
    }

    /// When the market was taken, in seconds since 1970.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter()
    }

    /// The mark that is the same as one of another market.
    pub(super) fn find(&self, other: &Mark) -> Option<&Mark> {
        let same_name = |mark: &&Mark| mark.kind == other.kind && mark.symbol == other.symbol;
        let mut candidates = self.marks.iter().filter(same_name);
        match other.kind {
            MarkKind::Forward | MarkKind::AtTheMoney => {
                candidates.find(|mark| is_same(mark.expiry, other.expiry))
            }
            _ => candidates.next(),
        }
    }

    /// Whether it lists an expiry.
    fn lists(&self, expiry: Option<u64>) -> bool {
        let of_expiries = |mark: &&Mark| matches!(mark.kind, MarkKind::Forward | MarkKind::Option);
        self.marks.iter().filter(of_expiries).any(|mark| is_same(mark.expiry, expiry))
    }

    /// Whether a mark may be new after this market without being a move: a strike
    /// of an expiry that this market lists.
    pub(super) fn may_come(&self, mark: &Mark) -> bool {
        match mark.kind {
            MarkKind::AtTheMoney | MarkKind::Volatility | MarkKind::Option => {
                self.lists(mark.expiry)
            }
            _ => false,
        }
    }

    /// Whether a mark may be gone in this market without being a move: a strike of
    /// an expiry that it lists, or what has expired.
    pub(super) fn may_go(&self, mark: &Mark) -> bool {
        let is_option =
            matches!(mark.kind, MarkKind::AtTheMoney | MarkKind::Volatility | MarkKind::Option);
        mark.expiry.is_some_and(|expiry| expiry <= self.taken)
            || (is_option && self.lists(mark.expiry))
    }
}

fn is_same(one: Option<u64>, other: Option<u64>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one.abs_diff(other) <= SAME_EXPIRY)
}

/// A figure as a decimal; what none is, is zero: a move from or to it has no
/// bound.
fn decimal(value: f64) -> Decimal {
    Decimal::try_from(value).unwrap_or(Decimal::ZERO)
}

/// By expiry, the mean volatility of the options whose strike is nearest the
/// forward, by ratio.
fn at_the_money(market: &MarketSpec) -> BTreeMap<u64, f64> {
    let mut nearest: BTreeMap<u64, (f64, Vec<f64>)> = BTreeMap::new();
    for instrument in market.instruments.values() {
        let Instrument::Option { expiry_seconds, strike, mark_vol, .. } = *instrument else {
            continue;
        };
        let feed = market.feeds.iter().find(|feed| feed.expiry_seconds == expiry_seconds);
        let Some(forward) = feed.map(|feed| feed.forward) else { continue };
        let distance = (strike / forward).max(forward / strike);
        let (least, found) =
            nearest.entry(expiry_seconds).or_insert_with(|| (f64::INFINITY, Vec::new()));
        if distance < *least {
            *least = distance;
            found.clear();
        }
        if distance <= *least {
            found.push(mark_vol);
        }
    }
    let mean = |found: Vec<f64>| found.iter().sum::<f64>() / found.len() as f64;
    nearest.into_iter().map(|(expiry, (_, found))| (expiry, mean(found))).collect()
}
