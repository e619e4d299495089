//! SPAN over published risk arrays, with its charges between months and on short options:
//! exact.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;
use zkmargin_margin::ids::BucketId;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::scenario::ScenarioRow;
use zkmargin_margin::units::{Amount, Lots};

use super::{CaseAccount, CaseRows, ConformanceError, Figure};
use crate::decimal::to_units;
use crate::scenario::market::{ArrayCharges, ExpiryFeed, Instrument, MarketSpec};
use crate::scenario::{IntegerTable, RiskTable, ScenarioMarket, parameters};
use crate::span::{Charges, Contract, RiskArray, SCENARIOS, requirement};
use crate::symbol::Symbol;

/// A case file.
#[derive(Deserialize)]
pub(super) struct File {
    /// By contract: profit and loss of one long one, losses negative.
    risk_arrays: BTreeMap<String, Array>,
    /// By contract, of those that are of a month or are options.
    #[serde(default)]
    contracts: BTreeMap<String, Of>,
    cases: Vec<Case>,
}

/// What is published of a contract beside its array: needed where something is charged.
#[derive(Clone, Copy, Deserialize)]
struct Of {
    /// Seconds to its month.
    month: u64,
    delta: Money,
    #[serde(default)]
    is_option: bool,
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
    charges: Option<CaseCharges>,
    expected: Expected,
}

/// What is charged beside the scanning loss.
#[derive(Clone, Copy, Deserialize)]
struct CaseCharges {
    spread: Money,
    #[serde(default = "nothing")]
    short_option: Money,
}

const fn nothing() -> Money {
    Money(Decimal::ZERO)
}

#[derive(Deserialize)]
struct Expected {
    scanning_loss: Money,
    /// With charges; absent, the scanning loss.
    requirement: Option<Money>,
    /// Of the whole portfolio.
    array: Option<Array>,
}

/// Runs all cases.
pub(super) fn run(file: &File) -> Result<Vec<Figure>, ConformanceError> {
    let mut figures = Vec::new();
    for case in &file.cases {
        figures.extend(case.run(file)?);
    }
    Ok(figures)
}

/// Quote units in one of the currency: cents.
const DECIMALS: u32 = 2;

/// The accounts of all cases, each with what is asked for in cash and with a cent less.
pub(super) fn accounts(file: &File) -> Result<Vec<CaseAccount>, ConformanceError> {
    let mut accounts = Vec::new();
    for case in &file.cases {
        let failed = |source| ConformanceError::Scenario {
            case: case.name.clone(),
            source: Box::new(source),
        };
        let market = market(file, case.charges).ok_or_else(|| case.range("risk_arrays"))?;
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
fn market(file: &File, charges: Option<CaseCharges>) -> Option<ScenarioMarket> {
    let instrument = |(name, array): (&String, &Array)| {
        let mut values = [0.0; SCENARIOS];
        for (value, decimal) in values.iter_mut().zip(array.0.0) {
            *value = decimal.to_f64()?;
        }
        let of = file.contracts.get(name);
        let delta = match of {
            Some(of) => Some(of.delta.0.to_f64()?),
            None => None,
        };
        let array = Instrument::Array {
            values,
            mark: 0.0,
            expiry_seconds: of.map(|of| of.month),
            delta,
            is_option: of.map(|of| of.is_option),
        };
        Some((Symbol::new(name).ok()?, array))
    };
    let months: BTreeSet<u64> = file.contracts.values().map(|of| of.month).collect();
    let feed = |expiry_seconds| ExpiryFeed {
        expiry_seconds,
        forward: 1.0,
        forward_confidence: 1.0,
        rate: 0.0,
        rate_confidence: 1.0,
        vol_confidence: 1.0,
    };
    let charged = |CaseCharges { spread, short_option }| {
        let (spread, short_option) = (spread.0.to_f64()?, short_option.0.to_f64()?);
        Some(ArrayCharges { spread, short_option })
    };
    let array_charges = match charges {
        Some(charges) => Some(charged(charges)?),
        None => None,
    };
    let spec = MarketSpec {
        underlying: Symbol::new("SPAN").ok()?,
        spot: 1.0,
        spot_confidence: 1.0,
        stable_price: 1.0,
        array_charges,
        feeds: months.into_iter().map(feed).collect(),
        instruments: file.risk_arrays.iter().map(instrument).collect::<Option<_>>()?,
    };
    ScenarioMarket::new(spec).ok()
}

impl Case {
    fn range(&self, field: &'static str) -> ConformanceError {
        ConformanceError::Range { case: self.name.clone(), field }
    }

    /// Its positions in whole contracts, with what is asked for in cash, less some cents.
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
        let asked = self.expected.requirement.unwrap_or(self.expected.scanning_loss);
        let cash = to_units(asked.0, DECIMALS);
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

    fn run(&self, file: &File) -> Result<Vec<Figure>, ConformanceError> {
        let range = |field| ConformanceError::Range { case: self.name.clone(), field };
        let held = self.positions.iter().map(|(name, contracts)| {
            let array = file.risk_arrays.get(name).ok_or_else(|| ConformanceError::NoArray {
                case: self.name.clone(),
                contract: name.chars().take(40).collect(),
            })?;
            let of = file.contracts.get(name);
            if of.is_none() && self.charges.is_some() {
                return Err(range("contracts"));
            }
            let (month, delta, is_option) =
                of.map_or((0, Decimal::ZERO, false), |of| (of.month, of.delta.0, of.is_option));
            Ok((Contract { array: array.0, delta, month, is_option }, contracts.0))
        });
        let held = held.collect::<Result<Vec<_>, ConformanceError>>()?;
        let charges = self.charges.map_or_else(Charges::default, |of| Charges {
            spread: of.spread.0,
            short_option: of.short_option.0,
        });
        let asked = requirement(&held, &charges).map_err(|_| range("positions"))?;
        let got = asked.scanning;
        let exact = |figure, expected: Decimal, got: Decimal| {
            Figure::equal(&self.name, figure, (expected, got))
        };
        let mut figures = vec![exact("scanning_loss", self.expected.scanning_loss.0, got.loss)];
        if let Some(total) = self.expected.requirement {
            figures.push(exact("requirement", total.0, asked.total));
        }
        if let Some(array) = &self.expected.array {
            let pairs = array.0.0.into_iter().zip(got.array.0);
            figures.extend(pairs.map(|(expected, got)| exact("array", expected, got)));
        }
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use crate::conformance::{Options, accounts, run_file};

    #[test]
    fn spreads_between_months_are_exact() {
        let json = include_str!("../../fixtures/span_spreads.json");
        let report = run_file(json, Options::default()).unwrap();
        assert_eq!(report.figures.len(), 2 * 3);
        assert!(report.passed() && report.worst_relative_error() == 0.0);
        let wrong = json.replace(r#""requirement": "300""#, r#""requirement": "299.99""#);
        assert_eq!(run_file(&wrong, Options::default()).unwrap().failures().count(), 1);
        assert_eq!(accounts(json).unwrap().len(), 2 * 3);
        // What is charged by months is of contracts that have one.
        let other = json.replace(r#""month-2": { "month""#, r#""month-5": { "month""#);
        let failed = run_file(&other, Options::default()).unwrap_err().to_string();
        assert!(failed.contains("contracts"), "{failed}");
        assert!(accounts(&other).is_err());
    }
}
