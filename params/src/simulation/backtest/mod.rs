//! What an estimate would have said of a book on every day of the past, and
//! whether it was right.
//!
//! On each day after the window the book is revalued under the scenarios that
//! the window gives, value at risk and expected shortfall are estimated, and the
//! loss over the days that followed is held against them. A book is struck anew
//! each day ([`book`]); tests of the breaches are in [`tests`](mod@coverage).

pub mod book;
pub mod coverage;

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::Serialize;

use crate::simulation::backtest::book::{Book, Pricer};
use crate::simulation::backtest::coverage::{Breaches, Coverage};
use crate::simulation::day::Day;
use crate::simulation::error::{SimulationError, within};
use crate::simulation::estimate::{Risk, Weights, estimate};
use crate::simulation::history::History;
use crate::simulation::rule::{MAX_HORIZON, SetRule};
use crate::simulation::set::ScenarioSet;

/// How scenarios and their weights follow from a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The window's changes, all alike.
    Plain,
    /// The window's changes, weighted by age.
    Age,
    /// The window's changes, scaled by volatility.
    Filtered,
}

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// How scenarios follow from a window.
    pub method: Method,
    /// Confidence of value at risk and expected shortfall.
    pub confidence: f64,
    /// Changes in a window.
    pub window: usize,
    /// Days that a loss is over.
    pub horizon: usize,
    /// Decay of the weights by age, and of those of the filter.
    pub lambda: f64,
}

/// What was estimated on a day, and what came.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DayResult {
    /// The day that the loss was made on, or ends with.
    pub day: Day,
    /// What was lost; negative for a profit.
    pub loss: f64,
    /// What was estimated before.
    #[serde(flatten)]
    pub risk: Risk,
}

impl DayResult {
    /// Whether more was lost than the value at risk.
    pub fn exceeds_var(&self) -> bool {
        self.loss > self.risk.var
    }

    /// Whether more was lost than the expected shortfall.
    pub fn exceeds_es(&self) -> bool {
        self.loss > self.risk.es
    }
}

/// The breaches of a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Year {
    /// Days tested.
    pub days: usize,
    /// Losses above the value at risk.
    pub var: usize,
    /// Losses above the expected shortfall.
    pub es: usize,
}

/// A finished backtest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Backtest {
    /// What was tested.
    pub plan: Plan,
    /// Every day, in order.
    #[serde(skip)]
    pub days: Vec<DayResult>,
    /// Breaches by year.
    pub years: BTreeMap<u32, Year>,
    /// All of them.
    pub total: Year,
    /// Tests of the breaches of the value at risk.
    pub coverage: Coverage,
    /// Mean over all days of `1 - loss / es` where the value at risk was
    /// exceeded, over the part of days that should have exceeded it: 0 where the
    /// shortfall is right, below where it is too small (Acerbi and Szekely 2014,
    /// second test). `None` where a shortfall is not above zero.
    pub shortfall_score: Option<f64>,
}

impl Plan {
    fn check(&self) -> Result<(), SimulationError> {
        within("confidence", self.confidence, 0.5..=0.9999)?;
        within("lambda", self.lambda, 0.5..=0.9999)?;
        // Exact below 2^53.
        within("window", self.window as f64, 20.0..=10_000.0)?;
        within("horizon", self.horizon as f64, 1.0..=MAX_HORIZON as f64)
    }

    fn rule(&self) -> SetRule {
        let (scenarios, horizon, lambda) = (self.window, self.horizon, self.lambda);
        match self.method {
            Method::Plain | Method::Age => SetRule::Historical { scenarios, horizon },
            Method::Filtered => SetRule::Filtered { scenarios, horizon, lambda },
        }
    }

    fn weights(&self) -> Weights {
        match self.method {
            Method::Plain | Method::Filtered => Weights::Equal,
            Method::Age => Weights::Age(self.lambda),
        }
    }

    /// Runs a book through a history, or the last days of it alone.
    ///
    /// # Errors
    /// When the plan is out of range, the book is of what the history has no
    /// closes of, the history is too short, or prices stand still.
    pub fn run(
        &self,
        book: &Book,
        history: &History,
        last: Option<usize>,
    ) -> Result<Backtest, SimulationError> {
        self.check()?;
        let rows = history.days().len();
        let needed = self.window + 2 * self.horizon - 1;
        // The first row whose loss can be held against an estimate.
        let first = needed.max(rows.saturating_sub(last.unwrap_or(rows)));
        if first >= rows {
            return Err(SimulationError::TooShort { needed: needed + 1, found: rows });
        }
        let pricer = Pricer::new(book, history, self.horizon)?;
        let day = |row: usize| self.day(&pricer, history, row);
        let days = (first..rows).into_par_iter().map(day).collect::<Result<Vec<_>, _>>()?;
        Ok(self.report(days))
    }

    /// The day whose loss ends with a row.
    fn day(
        &self,
        pricer: &Pricer<'_>,
        history: &History,
        row: usize,
    ) -> Result<DayResult, SimulationError> {
        let before = row - self.horizon;
        let window = history.range(before + 1 - self.window - self.horizon, before + 1);
        let set = ScenarioSet::from_history(&self.rule(), &window)?;
        let losses: Vec<f64> =
            set.scenarios().iter().map(|scenario| pricer.loss(before, &scenario.factors)).collect();
        let risk = estimate(&losses, self.confidence, self.weights())?;
        let loss = pricer.realised(before, row);
        Ok(DayResult { day: history.days()[row], loss, risk })
    }

    fn report(&self, days: Vec<DayResult>) -> Backtest {
        let mut years: BTreeMap<u32, Year> = BTreeMap::new();
        let mut total = Year::default();
        for day in &days {
            for year in [years.entry(day.day.year()).or_default(), &mut total] {
                year.days += 1;
                year.var += usize::from(day.exceeds_var());
                year.es += usize::from(day.exceeds_es());
            }
        }
        let breaches: Vec<bool> = days.iter().map(DayResult::exceeds_var).collect();
        let coverage = Coverage::new(&Breaches::of(&breaches), 1.0 - self.confidence);
        let shortfall_score = self.shortfall_score(&days);
        Backtest { plan: *self, days, years, total, coverage, shortfall_score }
    }

    fn shortfall_score(&self, days: &[DayResult]) -> Option<f64> {
        if !days.iter().all(|day| day.risk.es > 0.0) {
            return None;
        }
        let exceeded = days.iter().filter(|day| day.exceeds_var());
        let sum: f64 = exceeded.map(|day| day.loss / day.risk.es).sum();
        Some(1.0 - sum / (days.len() as f64 * (1.0 - self.confidence)))
    }
}
