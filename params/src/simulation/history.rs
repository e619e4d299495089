//! Closes of one or more underlyings, day by day.
//!
//! A public file of prices comes as it is: a row that has no close, or a day
//! that does not ascend, is left out and told, and refuses nothing else.

use serde::{Deserialize, Serialize};

use crate::simulation::day::Day;
use crate::simulation::error::SimulationError;
use crate::symbol::Symbol;

/// Largest accepted file of closes, in bytes.
pub const MAX_CSV_BYTES: usize = 16 << 20;
/// A close is at least this.
const LEAST_CLOSE: f64 = 1e-12;
/// A close is at most this.
const MOST_CLOSE: f64 = 1e15;

/// Which column of a file holds the closes of an underlying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The underlying.
    pub symbol: Symbol,
    /// The name that heads the column.
    pub name: String,
}

impl Column {
    /// Reads `SYMBOL=NAME`; a text without `=` is both.
    ///
    /// # Errors
    /// When the first part is no symbol or the second is empty.
    pub fn parse(text: &str) -> Result<Self, SimulationError> {
        let (symbol, name) = text.split_once('=').unwrap_or((text, text));
        match (Symbol::new(symbol), name.is_empty()) {
            (Ok(symbol), false) => Ok(Self { symbol, name: name.to_owned() }),
            _ => Err(SimulationError::Column(text.to_owned())),
        }
    }
}

/// A row that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OddRow {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Why.
    pub why: Oddity,
}

/// What is odd about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// The first column is no day.
    #[error("its first column is no day")]
    Day,
    /// The day is not after that of the rows before.
    #[error("its day is not after those before it")]
    Order,
    /// A close is missing, not a number, or not positive.
    #[error("a close is missing or no price")]
    Close,
}

/// The fields of a history's JSON, not yet checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistorySpec {
    /// The underlyings, in the order of the closes.
    pub symbols: Vec<Symbol>,
    /// The days, ascending.
    pub days: Vec<Day>,
    /// For each day the closes of all underlyings.
    pub closes: Vec<Vec<f64>>,
}

/// Closes of one or more underlyings, day by day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "HistorySpec", into = "HistorySpec")]
pub struct History {
    spec: HistorySpec,
}

impl History {
    /// Checks a history.
    ///
    /// # Errors
    /// When it has no underlying or one twice, days do not ascend, or a close is
    /// missing or no price.
    pub fn new(spec: HistorySpec) -> Result<Self, SimulationError> {
        let HistorySpec { symbols, days, closes } = &spec;
        if symbols.is_empty() {
            return Err(SimulationError::NoUnderlying);
        }
        for (index, symbol) in symbols.iter().enumerate() {
            if symbols[..index].contains(symbol) {
                return Err(SimulationError::Duplicate(symbol.clone()));
            }
        }
        if days.len() != closes.len() {
            let (needed, found) = (days.len(), closes.len());
            return Err(SimulationError::TooShort { needed, found });
        }
        if let Some(pair) = days.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(SimulationError::Order { earlier: pair[0], later: pair[1] });
        }
        for (day, row) in days.iter().zip(closes) {
            check_row(*day, symbols, row)?;
        }
        Ok(Self { spec })
    }

    /// Reads comma-separated values: days in the first column, a close of each
    /// underlying in a named one. Without names every other column is taken, each
    /// under its own name. What is odd is left out and told.
    ///
    /// # Errors
    /// When the text is too large, not comma-separated values, or has no such
    /// column.
    pub fn from_csv(
        text: &str,
        columns: &[Column],
    ) -> Result<(Self, Vec<OddRow>), SimulationError> {
        if text.len() > MAX_CSV_BYTES {
            return Err(SimulationError::TooLarge { bytes: text.len() });
        }
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let headers: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
        let named: Vec<Column> = match columns.is_empty() {
            true => {
                headers.iter().skip(1).map(|name| Column::parse(name)).collect::<Result<_, _>>()?
            }
            false => columns.to_vec(),
        };
        let place = |column: &Column| {
            let found = headers.iter().position(|name| *name == column.name);
            let missing =
                || SimulationError::NoColumn { name: column.name.clone(), found: headers.clone() };
            found.ok_or_else(missing)
        };
        let places = named.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let mut spec = HistorySpec {
            symbols: named.into_iter().map(|column| column.symbol).collect(),
            days: Vec::new(),
            closes: Vec::new(),
        };
        let mut odd = Vec::new();
        for record in reader.records() {
            let record = record?;
            match row(&record, &places, spec.days.last()) {
                Ok((day, closes)) => {
                    spec.days.push(day);
                    spec.closes.push(closes);
                }
                Err(why) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    odd.push(OddRow { line, why });
                }
            }
        }
        Ok((Self::new(spec)?, odd))
    }

    /// The underlyings.
    pub fn symbols(&self) -> &[Symbol] {
        &self.spec.symbols
    }

    /// The days, ascending.
    pub fn days(&self) -> &[Day] {
        &self.spec.days
    }

    /// For each day the closes of all underlyings.
    pub fn closes(&self) -> &[Vec<f64>] {
        &self.spec.closes
    }

    /// Where an underlying stands among the closes.
    ///
    /// # Errors
    /// When there are none of it.
    pub fn place_of(&self, symbol: &Symbol) -> Result<usize, SimulationError> {
        let place = self.spec.symbols.iter().position(|other| other == symbol);
        place.ok_or_else(|| SimulationError::NoCloses(symbol.clone()))
    }

    /// The last days alone: as many as there are, at most.
    #[must_use]
    pub fn last(&self, days: usize) -> Self {
        let rows = self.spec.days.len();
        self.range(rows.saturating_sub(days), rows)
    }

    /// The days of the beginning that are as they should be: up to the first that is
    /// not.
    #[must_use]
    pub fn before(&self, is_meant: impl Fn(&Day) -> bool) -> Self {
        self.range(0, self.spec.days.partition_point(is_meant))
    }

    /// Rows alone, the end excluded: both at most their number.
    pub(crate) fn range(&self, from: usize, to: usize) -> Self {
        let spec = HistorySpec {
            symbols: self.spec.symbols.clone(),
            days: self.spec.days[from..to].to_vec(),
            closes: self.spec.closes[from..to].to_vec(),
        };
        Self { spec }
    }

    /// How prices changed over the `horizon` rows up to a row: a factor for each
    /// underlying.
    ///
    /// # Errors
    /// When the row is not there or stands too early.
    pub fn change(&self, row: usize, horizon: usize) -> Result<Vec<f64>, SimulationError> {
        let needed = horizon + 1;
        let found = self.spec.days.len();
        match (self.spec.closes.get(row), row.checked_sub(horizon)) {
            (Some(now), Some(before)) => {
                let then = &self.spec.closes[before];
                Ok(now.iter().zip(then).map(|(now, then)| now / then).collect())
            }
            _ => Err(SimulationError::TooShort { needed, found }),
        }
    }
}

fn check_row(day: Day, symbols: &[Symbol], row: &[f64]) -> Result<(), SimulationError> {
    if row.len() != symbols.len() {
        return Err(SimulationError::Width { day, found: row.len(), expected: symbols.len() });
    }
    for (symbol, value) in symbols.iter().zip(row) {
        if !is_close(*value) {
            let (symbol, value) = (symbol.clone(), *value);
            let (least, most) = (LEAST_CLOSE, MOST_CLOSE);
            return Err(SimulationError::Close { day, symbol, value, least, most });
        }
    }
    Ok(())
}

fn is_close(value: f64) -> bool {
    (LEAST_CLOSE..=MOST_CLOSE).contains(&value)
}

/// One row of a file.
fn row(
    record: &csv::StringRecord,
    places: &[usize],
    last: Option<&Day>,
) -> Result<(Day, Vec<f64>), Oddity> {
    let day: Day = record.get(0).and_then(|text| text.parse().ok()).ok_or(Oddity::Day)?;
    if last.is_some_and(|last| *last >= day) {
        return Err(Oddity::Order);
    }
    let close = |place: &usize| {
        let value: f64 = record.get(*place)?.parse().ok()?;
        is_close(value).then_some(value)
    };
    let closes: Option<Vec<f64>> = places.iter().map(close).collect();
    closes.map(|closes| (day, closes)).ok_or(Oddity::Close)
}

impl TryFrom<HistorySpec> for History {
    type Error = SimulationError;

    fn try_from(spec: HistorySpec) -> Result<Self, SimulationError> {
        Self::new(spec)
    }
}

impl From<History> for HistorySpec {
    fn from(history: History) -> Self {
        history.spec
    }
}
