//! Sets whose numbers follow from a snapshot, once these are known.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::calibration::CalibrationError;
use crate::calibration::inputs::Numbers;
use crate::calibration::set::{SeriesRange, SetCalibration, number};
use crate::fraction::Fraction;
use crate::scenario::error::ScenarioError;
use crate::scenario::math::max;
use crate::scenario::parameters::{DeltaTier, ParameterSpec, ScenarioModel};
use crate::symbol::Symbol;

/// An epoch's ranges of one underlying.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ranges {
    /// Of prices, and the capacity.
    pub(crate) price: Numbers,
    /// Of volatilities.
    pub(crate) volatility: Option<f64>,
    /// Of expiries against each other.
    pub(crate) expiry: Option<f64>,
}

impl Ranges {
    /// The ranges among an epoch's numbers; of an underlying without any there are none.
    pub(crate) fn of(
        rule: &SetCalibration,
        underlying: &Symbol,
        numbers: &BTreeMap<Symbol, Numbers>,
    ) -> Option<Self> {
        let series = |range: &Option<SeriesRange>| match range {
            Some(range) => {
                let rate = *numbers.get(&range.closes)?.rates.first()?;
                Some(Some(number(rate)))
            }
            None => Some(None),
        };
        Some(Self {
            price: numbers.get(underlying)?.clone(),
            volatility: series(&rule.volatility_range)?,
            expiry: series(&rule.expiry_range)?,
        })
    }
}

impl ScenarioModel {
    /// The rule that the numbers of the first underlying follow, where they follow one.
    pub fn calibration(&self) -> Option<&SetCalibration> {
        self.spec.calibration.as_ref()
    }

    /// The rules that the set's numbers follow: that of each underlying that has one.
    pub fn rules(&self) -> impl Iterator<Item = &SetCalibration> {
        let sets = std::iter::once(&self.spec).chain(self.spec.second.as_deref());
        sets.filter_map(|set| set.calibration.as_ref())
    }

    /// The set with an epoch's ranges in place of its rules, those of the first underlying and
    /// of the second; what has no rule or no ranges as it is.
    pub(crate) fn with_ranges(
        &self,
        first: Option<&Ranges>,
        second: Option<&Ranges>,
    ) -> Result<Self, ScenarioError> {
        let mut spec = numbered(&self.spec, first);
        if let Some(set) = &mut spec.second {
            **set = numbered(set, second);
        }
        Self::new(spec)
    }
}

/// The set of an underlying with its ranges in place of its rule.
fn numbered(set: &ParameterSpec, ranges: Option<&Ranges>) -> ParameterSpec {
    let (Some(rule), Some(ranges)) = (&set.calibration, ranges) else { return set.clone() };
    let mut spec = ParameterSpec { calibration: None, ..set.clone() };
    let range = ranges.price.rates.first().map_or(rule.price_range.unit, |rate| number(*rate));
    for scenario in &mut spec.scenarios {
        let moved = scenario.spot_shock - 1.0;
        if rule.scales(moved) {
            scenario.spot_shock = 1.0 + moved * (range / rule.price_range.unit);
        }
    }
    if let Some(range) = ranges.volatility {
        spec.vol_shock.vol_range_up = range;
        spec.vol_shock.vol_range_down = range / (1.0 + range);
    }
    if let Some(range) = ranges.expiry {
        roll(&mut spec, range);
    }
    spec.delta_tiers = tiers(rule, &ranges.price);
    spec
}

/// Checks a set that is a rule, of each underlying by itself.
pub(super) fn check(model: &ScenarioModel) -> Result<(), ScenarioError> {
    check_alone(&model.spec)?;
    let Some(second) = model.spec.second.as_deref() else { return Ok(()) };
    check_alone(second).map_err(|error| error.within("second"))?;
    // Numbers stand by name, in the snapshot of the epoch after too.
    let first: Vec<&Symbol> = names(&model.spec).collect();
    match names(second).find(|name| first.contains(name)) {
        Some(twice) => Err(CalibrationError::SeriesTwice(twice.clone()).into()),
        None => Ok(()),
    }
}

/// What numbers of a set that is a rule stand under.
fn names(set: &ParameterSpec) -> impl Iterator<Item = &Symbol> {
    let of = |rule| set.underlying.iter().chain(SetCalibration::series(rule).map(closes));
    set.calibration.iter().flat_map(of)
}

fn closes<'a>((_, range): (&'static str, &'a SeriesRange)) -> &'a Symbol {
    &range.closes
}

/// Checks the rule of one underlying by itself, and at floor and cap, so that whatever a
/// snapshot says makes a set.
fn check_alone(spec: &ParameterSpec) -> Result<(), ScenarioError> {
    let Some(rule) = &spec.calibration else { return Ok(()) };
    rule.check()?;
    let model = ScenarioModel { spec: ParameterSpec { second: None, ..spec.clone() } };
    if !spec.delta_tiers.is_empty() {
        return Err(CalibrationError::OwnTiers.into());
    }
    let rolls =
        spec.expiry_roll.is_some() || spec.basis_contingency.is_some() || spec.roll_shock.is_some();
    if rule.expiry_range.is_some() && !rolls {
        return Err(CalibrationError::NothingRolls.into());
    }
    rule.check_moves(spec.scenarios.iter().map(|scenario| scenario.spot_shock - 1.0))?;
    for at_cap in [false, true] {
        let of = |floor: Fraction, cap: Fraction| if at_cap { cap } else { floor };
        let price = &rule.price_range;
        let capacity = if at_cap { price.most_capacity } else { price.least_capacity };
        let rates = vec![of(price.floor, price.cap); rule.liquidity.tiers.len()];
        let series = |range: &SeriesRange| number(of(range.floor, range.cap));
        let ranges = Ranges {
            price: Numbers { capacity, rates },
            volatility: rule.volatility_range.as_ref().map(series),
            expiry: rule.expiry_range.as_ref().map(series),
        };
        model.with_ranges(Some(&ranges), None)?;
    }
    Ok(())
}

/// Charges on the net delta: beyond each bound what a position of more days costs more.
fn tiers(rule: &SetCalibration, price: &Numbers) -> Vec<DeltaTier> {
    let bounds = rule.liquidity.tiers.iter().filter_map(|tier| tier.up_to);
    let steps = price.rates.windows(2).map(|pair| max(0.0, number(pair[1]) - number(pair[0])));
    let tier = |(up_to, rate): (Decimal, f64)| DeltaTier {
        // At most 10^18 with 6 decimals, rounded down: whole units have a nearest float.
        from: (up_to * price.capacity).floor().to_string().parse().unwrap_or(f64::NAN),
        rate: billionths(rate),
    };
    bounds.zip(steps).map(tier).collect()
}

/// The move of the charge that a set has on expiries that move against each other.
fn roll(spec: &mut ParameterSpec, range: f64) {
    if let Some(roll) = &mut spec.expiry_roll {
        roll.minimum_move = range;
    }
    if let Some(roll) = &mut spec.roll_shock {
        roll.minimum_move = range;
    }
    if let Some(basis) = &mut spec.basis_contingency {
        basis.scenario_spot_up = 1.0 + range;
        basis.scenario_spot_down = 1.0 / (1.0 + range);
    }
}

/// To nine decimals, so that sets have short numbers.
fn billionths(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}
