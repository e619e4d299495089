//! The rules of calibrated instruments, once their numbers are known.

use rust_decimal::Decimal;
use zkmargin_margin::units::Rate;

use crate::calibration::inputs::Numbers;
use crate::calibration::rule::{CalibratedInstrument, Calibration};
use crate::fraction::Fraction;
use crate::model::rows::exact_rate;
use crate::model::{
    Basis, ChargeRule, CollateralRule, FieldProblem, InstrumentRule, Kind, ModelError,
    StandardModel, Tier, WeightTier,
};
use crate::symbol::Symbol;

impl StandardModel {
    /// Checks the rule of an instrument; of a calibrated one at floor and cap, so that
    /// whatever a snapshot says makes a table.
    pub(super) fn check_rule(
        &self,
        symbol: &Symbol,
        rule: &InstrumentRule,
        path: &str,
    ) -> Result<(), ModelError> {
        match (&rule.calibrated, self.calibration()) {
            (None, _) => {
                rule.listed(symbol, path, self.quotation(), None)?;
            }
            (Some(_), None) => {
                let problem = FieldProblem::NotAllowed("the model has no calibration");
                return Err(ModelError::at(format!("{path}.calibrated"), problem));
            }
            (Some(instrument), Some(calibration)) => {
                calibration.check_instrument(symbol, instrument)?;
                for (name, rate) in [
                    ("calibration.maintenance_fraction", calibration.maintenance_fraction),
                    (&format!("{path}.calibrated.floor"), instrument.floor),
                    (&format!("{path}.calibrated.cap"), instrument.cap),
                ] {
                    exact_rate(rate, name, self.quotation())?;
                }
                // Which parts stand beside `calibrated`.
                rule.check_parts(path)?;
                let beside = [
                    ("open_interest_caps", rule.open_interest_caps.is_some()),
                    ("leverages", !rule.leverages.is_empty()),
                ];
                let beside = beside.into_iter().find(|(_, is_present)| *is_present);
                if let (true, Some((part, _))) = (calibration.states_numbers, beside) {
                    let problem = "calibration.states_numbers: its rows follow from numbers alone";
                    let path = format!("{path}.{part}");
                    return Err(ModelError::at(path, FieldProblem::NotAllowed(problem)));
                }
                for numbers in extremes(calibration, instrument) {
                    let rule = self.with_numbers(rule, path, &numbers)?;
                    rule.listed(symbol, path, self.quotation(), None)?;
                }
            }
        }
        Ok(())
    }

    /// A calibrated instrument's rule with an epoch's numbers, as a fixed one; any
    /// other as it is.
    pub(crate) fn with_numbers(
        &self,
        rule: &InstrumentRule,
        path: &str,
        numbers: &Numbers,
    ) -> Result<InstrumentRule, ModelError> {
        let Some(calibration) = self.calibration() else { return Ok(rule.clone()) };
        let tiers: Vec<(Option<Decimal>, Fraction)> =
            bounds(calibration, numbers.capacity).zip(numbers.rates.iter().copied()).collect();
        let mut fixed = InstrumentRule { calibrated: None, ..rule.clone() };
        match rule.kind {
            Kind::Perpetual | Kind::Future => fixed.margin = Some(charge(calibration, &tiers)),
            Kind::Spot => {
                fixed.collateral = Some(self.weights(calibration, &tiers, path)?);
            }
            // None has a rule of its own.
            Kind::Option => {}
        }
        Ok(fixed)
    }

    /// What is not charged counts; the maintenance charge is rounded up.
    fn weights(
        &self,
        calibration: &Calibration,
        tiers: &[(Option<Decimal>, Fraction)],
        path: &str,
    ) -> Result<CollateralRule, ModelError> {
        let one = u64::from(self.denominator.get());
        let part = calibration.maintenance_fraction;
        let field = || format!("{path}.calibrated");
        let units = |rate: Fraction| {
            rate.over(self.denominator).map(Rate::get).filter(|units| u64::from(*units) <= one)
        };
        let tier = |(up_to, rate): &(Option<Decimal>, Fraction), part: Fraction| {
            let units = units(*rate).ok_or_else(|| {
                let denominator = self.denominator.get();
                let problem = FieldProblem::NotRepresentable { rate: *rate, denominator };
                ModelError::at(field(), problem)
            })?;
            let charged = u128::from(units) * u128::from(part.numerator());
            let charged = charged.div_ceil(u128::from(part.denominator()));
            let left = u64::try_from(charged).ok().and_then(|charged| one.checked_sub(charged));
            let weight = left.and_then(|left| Fraction::new(left, one));
            let above = || ModelError::at(field(), FieldProblem::AboveOne(part));
            Ok(WeightTier { up_to: *up_to, weight: weight.ok_or_else(above)? })
        };
        let of =
            |part| tiers.iter().map(|each| tier(each, part)).collect::<Result<_, ModelError>>();
        Ok(CollateralRule { initial: of(Fraction::ONE)?, maintenance: of(part)? })
    }
}

fn charge(calibration: &Calibration, tiers: &[(Option<Decimal>, Fraction)]) -> ChargeRule {
    let tiers: Vec<Tier> =
        tiers.iter().map(|(up_to, rate)| Tier { up_to: *up_to, rate: *rate }).collect();
    ChargeRule {
        initial_basis: Basis::Marginal,
        initial: tiers.clone(),
        maintenance_basis: Basis::Marginal,
        maintenance: tiers,
        maintenance_fraction: calibration.maintenance_fraction,
    }
}

/// Where tiers end at a capacity, in whole units of the quote currency.
fn bounds(
    calibration: &Calibration,
    capacity: Decimal,
) -> impl Iterator<Item = Option<Decimal>> + '_ {
    // At most 10^18 with 6 decimals: nothing is rounded before the floor.
    calibration.liquidity.tiers.iter().map(move |tier| tier.up_to.map(|up| (up * capacity).floor()))
}

/// The least and the largest numbers that an instrument can have.
fn extremes(calibration: &Calibration, instrument: &CalibratedInstrument) -> [Numbers; 4] {
    let tiers = calibration.liquidity.tiers.len();
    let numbers =
        |rate: Fraction, capacity: Decimal| Numbers { capacity, rates: vec![rate; tiers] };
    [
        numbers(instrument.floor, instrument.least_capacity),
        numbers(instrument.floor, instrument.most_capacity),
        numbers(instrument.cap, instrument.least_capacity),
        numbers(instrument.cap, instrument.most_capacity),
    ]
}
