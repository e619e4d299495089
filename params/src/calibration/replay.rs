//! The rates that a rule would have given, day by day, and how they moved.
//!
//! An epoch is a day of UTC: its rate follows from the closes up to the day before,
//! and the largest step is from the rate of the day before. Closes alone are
//! replayed: spread, depth and volume stand still, and implied volatility, of which
//! closes have none, is left out.

use std::collections::BTreeMap;

use serde::Serialize;
use zkmargin_margin::ids::{Epoch, Timestamp};
use zkmargin_margin::units::Denominator;

use crate::calibration::error::CalibrationError;
use crate::calibration::inputs::{Inputs, Numbers, Observation, Previous};
use crate::calibration::numbers::{Calibrated, Calibrator, Held};
use crate::calibration::rule::{CalibratedInstrument, Calibration, Implied};
use crate::fraction::Fraction;
use crate::scenario::math::max;
use crate::simulation::day::{DAY_SECONDS, Day};
use crate::simulation::history::History;
use crate::symbol::Symbol;

/// Days over which the largest increase of margin is told.
pub const INCREASES: [usize; 3] = [1, 5, 30];

/// A stretch of days that markets are remembered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its name.
    pub name: &'static str,
    /// What happened.
    pub about: &'static str,
    /// The first day, as `YYYY-MM-DD`.
    pub from: &'static str,
    /// The last day.
    pub to: &'static str,
}

/// Stretches that rules are replayed over.
pub const WINDOWS: [Window; 4] = [
    Window { name: "march-2020", about: "12 March 2020", from: "2020-02-15", to: "2020-05-15" },
    Window { name: "may-2021", about: "19 May 2021", from: "2021-04-15", to: "2021-06-30" },
    Window {
        name: "ftx-2022",
        about: "the week of FTX, from 6 November 2022",
        from: "2022-10-15",
        to: "2022-12-31",
    },
    Window { name: "october-2025", about: "10 October 2025", from: "2025-09-15", to: "2025-11-30" },
];

/// What is replayed.
pub struct Plan<'a> {
    /// The rule, checked.
    pub rule: &'a Calibration,
    /// The denominator of its model's rates.
    pub denominator: Denominator,
    /// The instrument.
    pub symbol: &'a Symbol,
    /// What the rule says of it.
    pub instrument: &'a CalibratedInstrument,
    /// What stands still.
    pub seen: Observation,
    /// The rate of the model it is held against; absent, that of the first day, kept.
    pub fixed: Option<f64>,
}

/// One day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReplayDay {
    /// The day.
    pub day: Day,
    /// How far its close was from the one before, relative to that, without sign.
    pub moved: f64,
    /// The rate by volatility alone: no tool, step, floor or cap.
    pub bare: f64,
    /// The rate of the rule's first tier.
    pub rate: f64,
    /// What decided it.
    pub held: Held,
}

/// How a rate moved, and how often it was not enough.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// The lowest rate.
    pub least: f64,
    /// The highest rate.
    pub most: f64,
    /// The highest over the lowest.
    pub peak_to_trough: f64,
    /// The largest increase over so many days, in parts of the notional, by
    /// [`INCREASES`].
    pub increases: BTreeMap<usize, f64>,
    /// Days on which the price moved further than the rate.
    pub breaches: usize,
    /// How much further, at most.
    pub worst: f64,
}

/// A finished replay of one instrument.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// The instrument.
    pub symbol: Symbol,
    /// Every day, in order.
    pub days: Vec<ReplayDay>,
    /// The rate of the model it is held against.
    pub fixed_rate: f64,
    /// Of the rule.
    pub rule: Figures,
    /// Of volatility alone.
    pub bare: Figures,
    /// Of the fixed rate.
    pub fixed: Figures,
}

impl Plan<'_> {
    /// Replays the days from one to another, both included.
    ///
    /// # Errors
    /// When the closes do not have them all, or too few before.
    pub fn run(&self, history: &History, from: Day, to: Day) -> Result<Replay, CalibrationError> {
        let place = self.place(history)?;
        let start = history.days().partition_point(|day| *day < from);
        let end = history.days().partition_point(|day| *day <= to);
        let covers = history.days().last().is_some_and(|last| *last >= to) && start < end;
        let needed = self.rule.returns() + 1;
        if !covers || start < needed {
            return Err(CalibrationError::NotCovered {
                symbol: self.symbol.clone(),
                from,
                to,
                needed,
            });
        }
        let mut days: Vec<ReplayDay> = Vec::with_capacity(end - start);
        let mut before: Option<Numbers> = None;
        for row in start..end {
            let day = history.days()[row];
            let found = self.numbers(history.range(row - needed, row), day, before.take())?;
            let closes = history.closes();
            let moved = (closes[row][place] / closes[row - 1][place] - 1.0).abs();
            days.extend(replayed(day, moved, &found));
            before = Some(found.numbers);
        }
        let fixed_rate = match self.fixed {
            Some(rate) => rate,
            None => days.first().map_or(0.0, |day| day.rate),
        };
        Ok(Replay {
            symbol: self.symbol.clone(),
            fixed_rate,
            rule: Figures::of(&days, |day| day.rate),
            bare: Figures::of(&days, |day| day.bare),
            fixed: Figures::of(&days, |_| fixed_rate),
            days,
        })
    }

    fn place(&self, history: &History) -> Result<usize, CalibrationError> {
        let underlying = self.instrument.underlying(self.symbol);
        history.place_of(underlying).map_err(|_| CalibrationError::NoCloses {
            symbol: self.symbol.clone(),
            underlying: underlying.clone(),
        })
    }

    /// The numbers of a day, from the closes before it.
    fn numbers(
        &self,
        history: History,
        day: Day,
        before: Option<Numbers>,
    ) -> Result<Calibrated, CalibrationError> {
        let at = Timestamp::new(u64::from(day.number()) * DAY_SECONDS);
        let previous = before.map(|numbers| Previous {
            epoch: Epoch::new(0),
            market_root: String::new(),
            numbers: BTreeMap::from([(self.symbol.clone(), numbers)]),
            breakers: None,
        });
        let observations = BTreeMap::from([(self.symbol.clone(), self.seen)]);
        let inputs = Inputs { history: Some(history), observations, previous };
        let (rule, denominator) = (self.rule, self.denominator);
        let calibrator = Calibrator { rule, denominator, inputs: &inputs, at };
        let instrument =
            CalibratedInstrument { implied: Some(Implied::Ignored), ..self.instrument.clone() };
        let mut found = calibrator.numbers([(self.symbol, &instrument)], |_| true)?;
        found.remove(self.symbol).ok_or_else(|| CalibrationError::NotObserved(self.symbol.clone()))
    }
}

/// A day by the first tier's rate.
fn replayed(day: Day, moved: f64, calibrated: &Calibrated) -> Option<ReplayDay> {
    let tier = calibrated.found.as_ref()?.tiers.first()?;
    let rate = number(tier.rate);
    Some(ReplayDay { day, moved, bare: tier.bare, rate, held: tier.held })
}

impl Figures {
    fn of(days: &[ReplayDay], rate: impl Fn(&ReplayDay) -> f64) -> Self {
        let rates: Vec<f64> = days.iter().map(&rate).collect();
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rates.iter().copied().fold(0.0, max);
        let increase = |n: usize| {
            let rises = rates.iter().skip(n).zip(&rates).map(|(later, rate)| later - rate);
            (n, rises.fold(0.0, max))
        };
        let short = days.iter().map(|day| day.moved - rate(day));
        Self {
            least,
            most,
            peak_to_trough: most / least,
            increases: INCREASES.into_iter().map(increase).collect(),
            breaches: short.clone().filter(|short| *short > 0.0).count(),
            worst: short.fold(0.0, max),
        }
    }
}

/// A rate in floating point, for figures alone.
fn number(rate: Fraction) -> f64 {
    // Both are below 2^32.
    rate.numerator() as f64 / rate.denominator() as f64
}
