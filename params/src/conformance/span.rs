//! SPAN's scanning loss over published risk arrays: exact.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::{ConformanceError, Figure};
use crate::span::{RiskArray, SCENARIOS, scanning_loss};

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

impl Case {
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
