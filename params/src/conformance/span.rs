//! SPAN's scanning loss over published risk arrays: exact.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;
use zkmargin_margin::ids::BucketId;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::scenario::ScenarioRow;
use zkmargin_margin::units::{Amount, Lots};

use super::{CaseAccount, CaseRows, ConformanceError, Figure};
use crate::decimal::to_units;
use crate::scenario::market::{Instrument, MarketSpec};
use crate::scenario::{IntegerTable, RiskTable, ScenarioMarket, parameters};
use crate::span::{RiskArray, SCENARIOS, scanning_loss};
use crate::symbol::Symbol;

/// A case file.
#[derive(Deserialize)]
pub(super) struct File {
    /// By contract: profit and loss of one long one, losses negative.
    risk_arrays: BTreeMap<String, Array>,
    cases: Vec<Case>,
}

/// An array of decimals.
struct Array(RiskArray);

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <[Money; SCENARIOS]>::deserialize(deserializer)
            .map(|array| Self(RiskArray(array.map(|money| money.0))))
    }
}

/// A decimal text.
#[derive(Clone, Copy, Deserialize)]
struct Money(#[serde(with = "crate::decimal::text")] Decimal);

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Contracts by name, negative when short.
    positions: BTreeMap<String, Money>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    scanning_loss: Money,
    /// Of the whole portfolio.
    array: Option<Array>,
}

/// Runs all cases.
pub(super) fn run(file: &File) -> Result<Vec<Figure>, ConformanceError> {
    let mut figures = Vec::new();
    for case in &file.cases {
        figures.extend(case.run(&file.risk_arrays)?);
    }
    Ok(figures)
}

/// Quote units in one of the currency: cents.
const DECIMALS: u32 = 2;

/// The accounts of all cases, each with its scanning loss in cash and with a cent less.
pub(super) fn accounts(file: &File) -> Result<Vec<CaseAccount>, ConformanceError> {
    let mut accounts = Vec::new();
    for case in &file.cases {
        let failed = |source| ConformanceError::Scenario {
            case: case.name.clone(),
            source: Box::new(source),
        };
        let market = market(&file.risk_arrays).ok_or_else(|| case.range("risk_arrays"))?;
        let model = parameters::by_name("span-arrays").map(|preset| preset.model());
        let model = model.ok_or_else(|| case.range("risk_arrays"))?.map_err(failed)?;
        let table = RiskTable::new(&model, &market).map_err(failed)?;
        let integers = IntegerTable::new(&table, DECIMALS, 1.0, |_| 1.0).map_err(failed)?;
        integers.check_levels(&table).map_err(failed)?;
        for less in [0, 1] {
            accounts.push(case.account(&integers, less)?);
        }
    }
    Ok(accounts)
}

/// Contracts as a market; none when a name or a number does not fit one.
fn market(arrays: &BTreeMap<String, Array>) -> Option<ScenarioMarket> {
    let instrument = |(name, array): (&String, &Array)| {
        let mut values = [0.0; SCENARIOS];
        for (value, decimal) in values.iter_mut().zip(array.0.0) {
            *value = decimal.to_f64()?;
        }
        Some((Symbol::new(name).ok()?, Instrument::Array { values, mark: 0.0 }))
    };
    let spec = MarketSpec {
        underlying: Symbol::new("SPAN").ok()?,
        spot: 1.0,
        spot_confidence: 1.0,
        stable_price: 1.0,
        feeds: Vec::new(),
        instruments: arrays.iter().map(instrument).collect::<Option<_>>()?,
    };
    ScenarioMarket::new(spec).ok()
}

impl Case {
    fn range(&self, field: &'static str) -> ConformanceError {
        ConformanceError::Range { case: self.name.clone(), field }
    }

    /// Its positions in whole contracts, with its scanning loss in cash, less some cents.
    fn account(&self, table: &IntegerTable, less: i128) -> Result<CaseAccount, ConformanceError> {
        let position = |(name, contracts): (&String, &Money)| {
            let symbol = Symbol::new(name).map_err(|_| self.range("positions"))?;
            let lots = to_units(contracts.0, 0).and_then(|lots| i64::try_from(lots).ok());
            Ok(Position {
                bucket: BucketId::CROSS,
                instrument: symbol.instrument_id(),
                quantity: Lots::new(lots.ok_or_else(|| self.range("positions"))?),
                cash: Amount::ZERO,
            })
        };
        let positions = self.positions.iter().map(position);
        let mut positions = positions.collect::<Result<Vec<_>, ConformanceError>>()?;
        positions.sort_by_key(Position::key);
        let cash = to_units(self.expected.scanning_loss.0, DECIMALS);
        let cash = cash.and_then(|cash| Amount::new(cash - less).ok());
        let (Some(first), Some(cash)) = (positions.first_mut(), cash) else {
            return Err(self.range("expected"));
        };
        first.cash = cash;
        let row_of = |position: &Position| {
            let of = |row: &ScenarioRow| row.instrument == position.instrument;
            table.rows.iter().position(of).ok_or_else(|| self.range("positions"))
        };
        let held = positions.iter().map(row_of).collect::<Result<_, _>>()?;
        let rows = CaseRows::Scenario { table: Box::new(table.clone()), held };
        let case = match less {
            0 => self.name.clone(),
            _ => format!("{}, a cent short", self.name),
        };
        Ok(CaseAccount { case, positions, rows })
    }

    fn run(&self, arrays: &BTreeMap<String, Array>) -> Result<Vec<Figure>, ConformanceError> {
        let range = |field| ConformanceError::Range { case: self.name.clone(), field };
        let held = self.positions.iter().map(|(name, contracts)| {
            let array = arrays.get(name).ok_or_else(|| ConformanceError::NoArray {
                case: self.name.clone(),
                contract: name.chars().take(40).collect(),
            })?;
            Ok((array.0, contracts.0))
        });
        let held = held.collect::<Result<Vec<_>, ConformanceError>>()?;
        let got = scanning_loss(&held).map_err(|_| range("positions"))?;
        let exact = |figure, expected: Decimal, got: Decimal| {
            Figure::equal(&self.name, figure, (expected, got))
        };
        let mut figures = vec![exact("scanning_loss", self.expected.scanning_loss.0, got.loss)];
        if let Some(array) = &self.expected.array {
            let pairs = array.0.0.into_iter().zip(got.array.0);
            figures.extend(pairs.map(|(expected, got)| exact("array", expected, got)));
        }
        Ok(figures)
    }
}
