//! The numbers of calibrated scenario sets, from the snapshot.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::units::Denominator;

use crate::calibration::CalibrationError;
use crate::calibration::breakers::Record;
use crate::calibration::inputs::{Inputs, Observation, Previous};
use crate::calibration::numbers::{Calibrated, Calibrator};
use crate::calibration::set::SetCalibration;
use crate::market::calibration::numbers_of;
use crate::scenario::parameters::Ranges;
use crate::scenario::{MarketSpec, ParameterSpec, ScenarioError, ScenarioModel, ScenarioSnapshot};
use crate::simulation::history::{History, HistorySpec};
use crate::symbol::Symbol;

/// Ranges are whole millionths.
const DENOMINATOR: Denominator = match Denominator::new(1_000_000) {
    Ok(denominator) => denominator,
    Err(_) => panic!("not zero"),
};

/// The numbers of a set in an epoch, the ranges of prices under the underlying of each market,
/// those of series under their own names; none of a set that is no rule.
///
/// # Errors
/// When the snapshot lacks what a rule reads, its epoch before is not before, or a
/// breaker has it wait.
pub fn calibrate(
    model: &ScenarioModel,
    snapshot: &ScenarioSnapshot,
    epoch: Epoch,
) -> Result<BTreeMap<Symbol, Calibrated>, CalibrationError> {
    let rules = rules(model, snapshot)?;
    if rules.is_empty() {
        return Ok(BTreeMap::new());
    }
    let inputs = snapshot.spec().calibration.as_ref().ok_or(CalibrationError::NoInputs)?;
    if let Some(previous) = inputs.previous.as_ref().map(|previous| previous.epoch)
        && previous >= epoch
    {
        let (previous, epoch) = (previous.get(), epoch.get());
        return Err(CalibrationError::PreviousEpoch { previous, epoch });
    }
    breakers(model, snapshot)?;
    let mut found = BTreeMap::new();
    for (rule, market) in rules {
        let underlying = &market.underlying;
        let reads = Reads { rule, underlying, inputs, at: snapshot.spec().timestamp };
        found.extend(reads.price()?);
        found.extend(reads.series()?);
    }
    Ok(found)
}

/// What the breakers of a set remember after an epoch; nothing where it has none.
///
/// # Errors
/// When one trips, and the snapshot is not as long after the one before as its pause.
pub fn breakers(
    model: &ScenarioModel,
    snapshot: &ScenarioSnapshot,
) -> Result<Option<Record>, CalibrationError> {
    let spec = snapshot.spec();
    let previous = spec.calibration.as_ref().and_then(|inputs| inputs.previous.as_ref());
    let before = previous.and_then(|previous| previous.breakers.as_ref());
    let mut remembered: Option<Record> = None;
    for (rule, market) in rules(model, snapshot)? {
        let Some(rule) = &rule.breakers else { continue };
        // The shortest decimal of a price from 10^-12 to 10^15 is one.
        let spot: Decimal = market
            .spot
            .to_string()
            .parse()
            .map_err(|_| CalibrationError::NotObserved(market.underlying.clone()))?;
        let next = rule.next(before, spec.timestamp, [(&market.underlying, Some(spot))])?;
        match &mut remembered {
            Some(record) => record.instruments.extend(next.instruments),
            None => remembered = Some(next),
        }
    }
    Ok(remembered)
}

/// The set of an epoch: one that is a rule with its numbers in place of it, of each
/// underlying, any other as it is. Its digest is not `MODEL`, which is the rule's.
///
/// # Errors
/// As [`calibrate`].
pub fn model_of<'a>(
    model: &'a ScenarioModel,
    snapshot: &ScenarioSnapshot,
    epoch: Epoch,
) -> Result<Cow<'a, ScenarioModel>, ScenarioError> {
    if model.rules().next().is_none() {
        return Ok(Cow::Borrowed(model));
    }
    let numbers = numbers_of(calibrate(model, snapshot, epoch)?);
    let [first, second] = sets(model, snapshot).map(|(set, market)| {
        let (rule, underlying) = (set?.calibration.as_ref()?, &market?.underlying);
        let missing = || CalibrationError::NotObserved(underlying.clone());
        Some(Ranges::of(rule, underlying, &numbers).ok_or_else(missing))
    });
    let (first, second) = (first.transpose()?, second.transpose()?);
    Ok(Cow::Owned(model.with_ranges(first.as_ref(), second.as_ref())?))
}

/// The set of each underlying, where there is one, with its market.
fn sets<'a>(
    model: &'a ScenarioModel,
    snapshot: &'a ScenarioSnapshot,
) -> [(Option<&'a ParameterSpec>, Option<&'a MarketSpec>); 2] {
    let (set, spec) = (model.spec(), snapshot.spec());
    let second = spec.second.as_ref().map(|second| second.market.spec());
    [(Some(set), Some(spec.market.spec())), (set.second.as_deref(), second)]
}

/// The rule of each underlying that has one, with its market.
fn rules<'a>(
    model: &'a ScenarioModel,
    snapshot: &'a ScenarioSnapshot,
) -> Result<Vec<(&'a SetCalibration, &'a MarketSpec)>, CalibrationError> {
    let mut rules = Vec::new();
    for (set, market) in sets(model, snapshot) {
        let Some(set) = set else { continue };
        let Some(rule) = &set.calibration else { continue };
        match (market, &set.underlying) {
            (Some(market), _) => rules.push((rule, market)),
            (None, Some(symbol)) => return Err(CalibrationError::NoMarket(symbol.clone())),
            // A set of two names both.
            (None, None) => return Err(CalibrationError::NoInputs),
        }
    }
    Ok(rules)
}

/// A rule and what it reads.
struct Reads<'a> {
    rule: &'a SetCalibration,
    underlying: &'a Symbol,
    inputs: &'a Inputs,
    at: zkmargin_margin::ids::Timestamp,
}

impl Reads<'_> {
    fn price(&self) -> Result<BTreeMap<Symbol, Calibrated>, CalibrationError> {
        let closes = self.rule.price_range.closes.as_ref().unwrap_or(self.underlying);
        let of = |row: &[f64], place: usize| row[place];
        let history = self.derived(vec![(self.underlying, closes, &of)])?;
        let inputs = Inputs { history, ..self.inputs.clone() };
        let instrument = self.rule.price_range.instrument();
        let rule = self.rule.of_price();
        let calibrator =
            Calibrator { rule: &rule, denominator: DENOMINATOR, inputs: &inputs, at: self.at };
        calibrator.numbers([(self.underlying, &instrument)], |_| true)
    }

    /// The ranges of volatilities, and of expiries by the ratio of their prices.
    fn series(&self) -> Result<BTreeMap<Symbol, Calibrated>, CalibrationError> {
        let near = self.rule.price_range.closes.as_ref().unwrap_or(self.underlying);
        let near = match (&self.inputs.history, &self.rule.expiry_range) {
            (Some(history), Some(range)) => Some(place_of(history, &range.closes, near)?),
            _ => None,
        };
        let of = |row: &[f64], place: usize| row[place];
        let ratio =
            |row: &[f64], place: usize| near.map_or(f64::NAN, |near| row[place] / row[near]);
        type Reading<'r> = &'r dyn Fn(&[f64], usize) -> f64;
        let mut columns: Vec<(&Symbol, &Symbol, Reading<'_>)> = Vec::new();
        let mut instruments = Vec::new();
        if let Some(range) = &self.rule.volatility_range {
            columns.push((&range.closes, &range.closes, &of));
            instruments.push((&range.closes, range.instrument()));
        }
        if let Some(range) = &self.rule.expiry_range {
            columns.push((&range.closes, &range.closes, &ratio));
            instruments.push((&range.closes, range.instrument()));
        }
        if columns.is_empty() {
            return Ok(BTreeMap::new());
        }
        // Nobody trades a series.
        let seen = Observation {
            implied_volatility: None,
            spread: Decimal::ZERO,
            depth: Decimal::ZERO,
            daily_volume: Decimal::ZERO,
        };
        let observations =
            instruments.iter().map(|(symbol, _)| ((*symbol).clone(), seen)).collect();
        let history = self.derived(columns)?;
        let inputs = Inputs { history, observations, previous: self.previous() };
        let rule = self.rule.of_series();
        let calibrator =
            Calibrator { rule: &rule, denominator: DENOMINATOR, inputs: &inputs, at: self.at };
        calibrator.numbers(instruments.iter().map(|(symbol, of)| (*symbol, of)), |_| true)
    }

    fn previous(&self) -> Option<Previous> {
        self.inputs.previous.clone()
    }

    /// Closes under other names, as a reading of their rows has them.
    #[allow(clippy::type_complexity, reason = "name, column and reading, used here alone")]
    fn derived(
        &self,
        columns: Vec<(&Symbol, &Symbol, &dyn Fn(&[f64], usize) -> f64)>,
    ) -> Result<Option<History>, CalibrationError> {
        let Some(history) = &self.inputs.history else { return Ok(None) };
        let mut places = Vec::with_capacity(columns.len());
        for (name, column, reading) in &columns {
            places.push((place_of(history, name, column)?, *reading));
        }
        let read =
            |row: &Vec<f64>| places.iter().map(|(place, reading)| reading(row, *place)).collect();
        Ok(Some(History::new(HistorySpec {
            symbols: columns.iter().map(|(name, _, _)| (*name).clone()).collect(),
            days: history.days().to_vec(),
            closes: history.closes().iter().map(read).collect(),
        })?))
    }
}

fn place_of(
    history: &History,
    symbol: &Symbol,
    underlying: &Symbol,
) -> Result<usize, CalibrationError> {
    history.place_of(underlying).map_err(|_| CalibrationError::NoCloses {
        symbol: symbol.clone(),
        underlying: underlying.clone(),
    })
}
