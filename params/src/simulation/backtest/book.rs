//! Books of a backtest: units of underlyings, and options struck anew each day.
//!
//! ```json
//! { "name": "short strangle", "positions": [
//!   { "underlying": "BTC", "units": 1 },
//!   { "underlying": "BTC", "units": -1,
//!     "option": { "type": "put", "moneyness": 0.9, "days": 30 } }
//! ] }
//! ```
//!
//! An option's strike is `moneyness` times the close of the day. There is no
//! record of implied volatility this long: options are marked by Black-76 at the
//! exponentially weighted volatility of the underlying times a markup, before and
//! after alike. Under a scenario the volatility is what the filter would make of
//! the scenario's own return. Time stands still: what is tested is the risk of
//! moves.

use serde::{Deserialize, Serialize};

use crate::scenario::black76::{Black76, OptionType};
use crate::scenario::math::{ln, sqrt};
use crate::simulation::error::{SimulationError, within};
use crate::simulation::filter;
use crate::simulation::history::History;
use crate::symbol::Symbol;

/// Days in the models' year.
const YEAR_DAYS: f64 = 365.0;
/// Decay of the volatility that options are marked at.
const MARK_LAMBDA: f64 = 0.94;
/// Volatilities of the marks are at least this, per square root of a year.
const LEAST_VOL: f64 = 0.05;
/// Days that the first volatility is taken from.
const START: usize = 20;

/// A book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub positions: Vec<BookPosition>,
    /// Factor on the volatilities that options are marked at.
    #[serde(default = "one")]
    pub vol_markup: f64,
}

/// A position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookPosition {
    /// Of what.
    pub underlying: Symbol,
    /// Units of it, or options on one; negative for short.
    pub units: f64,
    /// The option; absent, the underlying itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<StruckOption>,
}

/// An option struck on the day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StruckOption {
    /// Call or put.
    #[serde(rename = "type")]
    pub option_type: OptionType,
    /// Strike over the close of the day.
    pub moneyness: f64,
    /// Days to expiry.
    pub days: f64,
}

fn one() -> f64 {
    1.0
}

impl Book {
    /// Reads a book.
    ///
    /// # Errors
    /// When it is not the format, empty, or a number is out of range.
    pub fn from_json(json: &str) -> Result<Self, SimulationError> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let failed = |error: serde_path_to_error::Error<serde_json::Error>| {
            let path = error.path().to_string();
            SimulationError::Json { what: "book", path, source: error.into_inner() }
        };
        let book: Self = serde_path_to_error::deserialize(&mut reader).map_err(failed)?;
        reader.end().map_err(|source| {
            let path = "end of file".to_owned();
            SimulationError::Json { what: "book", path, source }
        })?;
        book.check()?;
        Ok(book)
    }

    /// One unit of an underlying.
    pub fn unit(underlying: Symbol) -> Self {
        let name = format!("one {underlying}");
        let positions = vec![BookPosition { underlying, units: 1.0, option: None }];
        Self { name, positions, vol_markup: 1.0 }
    }

    fn check(&self) -> Result<(), SimulationError> {
        if self.positions.is_empty() {
            return Err(SimulationError::EmptyBook);
        }
        within("vol_markup", self.vol_markup, 0.1..=10.0)?;
        for position in &self.positions {
            within("units", position.units, -1e9..=1e9)?;
            if let Some(option) = &position.option {
                within("option.moneyness", option.moneyness, 0.01..=100.0)?;
                within("option.days", option.days, 1.0..=3_650.0)?;
            }
        }
        Ok(())
    }
}

/// What a book is worth on the days of a history.
pub(super) struct Pricer<'a> {
    book: &'a Book,
    history: &'a History,
    horizon: f64,
    /// For each position, where its underlying stands among the closes.
    places: Vec<usize>,
    /// For each day and underlying, the daily variance known then.
    variances: Vec<Vec<f64>>,
}

impl<'a> Pricer<'a> {
    pub(super) fn new(
        book: &'a Book,
        history: &'a History,
        horizon: usize,
    ) -> Result<Self, SimulationError> {
        book.check()?;
        let place = |position: &BookPosition| history.place_of(&position.underlying);
        let places = book.positions.iter().map(place).collect::<Result<_, _>>()?;
        // Exact: at most 30.
        let horizon = horizon as f64;
        Ok(Self { book, history, horizon, places, variances: variances(history) })
    }

    /// What the book of a row loses when prices move by factors.
    pub(super) fn loss(&self, row: usize, factors: &[f64]) -> f64 {
        let variance = |place: usize, change: f64| {
            // A change over several days is one that each of them took part in.
            filter::next(self.variances[row][place], change / sqrt(self.horizon), MARK_LAMBDA)
        };
        self.change(row, &|place| {
            let factor = factors[place];
            (factor, variance(place, ln(factor)))
        })
    }

    /// What the book of a row has lost by a later one.
    pub(super) fn realised(&self, row: usize, later: usize) -> f64 {
        let (then, now) = (&self.history.closes()[row], &self.history.closes()[later]);
        self.change(row, &|place| (now[place] / then[place], self.variances[later][place]))
    }

    /// The loss, given each underlying's factor and its variance afterwards.
    fn change(&self, row: usize, moved: &dyn Fn(usize) -> (f64, f64)) -> f64 {
        let closes = &self.history.closes()[row];
        let positions = self.book.positions.iter().zip(&self.places);
        let gains = positions.map(|(position, place)| {
            let close = closes[*place];
            let (factor, variance) = moved(*place);
            let gain = match &position.option {
                None => close * (factor - 1.0),
                Some(option) => {
                    let mark = self.option(option, close, self.variances[row][*place]);
                    let vol = self.vol(variance);
                    Black76 { forward: close * factor, vol, ..mark }.value() - mark.value()
                }
            };
            position.units * gain
        });
        -gains.sum::<f64>()
    }

    fn option(&self, option: &StruckOption, close: f64, variance: f64) -> Black76 {
        Black76 {
            option_type: option.option_type,
            forward: close,
            strike: close * option.moneyness,
            vol: self.vol(variance),
            years: option.days / YEAR_DAYS,
            discount: 1.0,
        }
    }

    fn vol(&self, variance: f64) -> f64 {
        let vol = sqrt(variance * YEAR_DAYS) * self.book.vol_markup;
        if vol > LEAST_VOL { vol } else { LEAST_VOL }
    }
}

/// For each day and underlying the daily variance known at its close: it starts
/// with the mean square of the first returns.
fn variances(history: &History) -> Vec<Vec<f64>> {
    let closes = history.closes();
    let returns: Vec<Vec<f64>> = closes
        .windows(2)
        .map(|pair| pair[1].iter().zip(&pair[0]).map(|(now, then)| ln(now / then)).collect())
        .collect();
    let first = &returns[..returns.len().min(START)];
    let start = |place: usize| {
        let squares: f64 = first.iter().map(|row| row[place] * row[place]).sum();
        squares / first.len().max(1) as f64
    };
    let mut current: Vec<f64> = (0..history.symbols().len()).map(start).collect();
    let mut all = vec![current.clone()];
    for row in &returns {
        for (variance, change) in current.iter_mut().zip(row) {
            *variance = filter::next(*variance, *change, MARK_LAMBDA);
        }
        all.push(current.clone());
    }
    all
}
