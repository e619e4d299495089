//! Collateral haircut tiers: a quote unit is the file's unit of value, weights
//! are percent.

use rust_decimal::Decimal;
use serde::Deserialize;
use zkmargin_margin::units::{Denominator, Price};

use crate::conformance::{Case, CaseAccount, ConformanceError, Figure, Integer, signed};
use crate::fraction::Fraction;
use crate::model::{CollateralRule, InstrumentRule, Kind, Quotation, WeightTier};

#[derive(Deserialize)]
pub(super) struct File {
    cases: Vec<HaircutCase>,
}

#[derive(Deserialize)]
struct HaircutCase {
    name: String,
    tiers: Vec<HaircutTier>,
    collateral_amount: Integer,
    price: Integer,
    expected_collateral_value: Integer,
}

#[derive(Deserialize)]
struct HaircutTier {
    boundary_value: Integer,
    ratio_percent: u64,
}

/// Runs all cases.
pub(super) fn run(file: File) -> Result<Vec<Figure>, ConformanceError> {
    let figures: Result<Vec<_>, _> = file.cases.iter().map(HaircutCase::run).collect();
    Ok(figures?.into_iter().flatten().collect())
}

/// The accounts of all cases.
pub(super) fn accounts(file: &File) -> Result<Vec<CaseAccount>, ConformanceError> {
    file.cases.iter().map(|case| case.case()?.account()).collect()
}

impl HaircutCase {
    fn case(&self) -> Result<Case<'_>, ConformanceError> {
        let range =
            |field: &'static str| ConformanceError::Range { case: self.name.clone(), field };
        let tiers = self
            .tiers
            .iter()
            .map(|tier| {
                let bound = Decimal::try_from_i128_with_scale(tier.boundary_value.0, 0);
                Ok(WeightTier {
                    up_to: Some(bound.map_err(|_| range("boundary_value"))?),
                    weight: Fraction::new(tier.ratio_percent, 100)
                        .ok_or_else(|| range("ratio_percent"))?,
                })
            })
            .collect::<Result<Vec<_>, ConformanceError>>()?;
        let rule = InstrumentRule {
            kind: Kind::Spot,
            lot_size: Decimal::ONE,
            margin: None,
            collateral: Some(CollateralRule { initial: tiers.clone(), maintenance: tiers }),
            liability: None,
            open_interest_caps: None,
            calibrated: None,
            leverages: Vec::new(),
        };
        let denominator = Denominator::new(100).map_err(|_| range("denominator"))?;
        let mantissa = u64::try_from(self.price.0).map_err(|_| range("price"))?;
        Ok(Case {
            name: &self.name,
            rule,
            quotation: Quotation { decimals: 0, denominator },
            price: Price::new(mantissa, 1).map_err(|_| range("price"))?,
            lots: i64::try_from(self.collateral_amount.0)
                .map_err(|_| range("collateral_amount"))?,
            open_interest: None,
        })
    }

    fn run(&self) -> Result<[Figure; 2], ConformanceError> {
        let (_, figures) = self.case()?.assess()?;
        // What counts is the value less the charge.
        let counted = |charge: u128| figures.value - signed(charge);
        let expected = self.expected_collateral_value.0;
        Ok([
            Figure::exact(&self.name, "initial value", expected, counted(figures.initial)),
            Figure::exact(&self.name, "maintenance value", expected, counted(figures.maintenance)),
        ])
    }
}
