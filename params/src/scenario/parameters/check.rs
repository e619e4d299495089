//! The rules that a parameter set keeps.

use std::ops::RangeInclusive;

use zkmargin_margin::scenario::{DELTA_TIERS, RELIEFS, RELIEVED_FROM, Times};

use crate::scenario::error::{Problem, ScenarioError, counted, within};
use crate::scenario::parameters::{
    MAX_COLLATERALS, MAX_SCENARIOS, ParameterSpec, Scenario, VolShockDirection,
};
use crate::span::SCENARIOS;

/// A factor or fraction that is not negative.
const FACTOR: RangeInclusive<f64> = 0.0..=1e6;
/// An amount of the currency of prices.
const AMOUNT: RangeInclusive<f64> = 0.0..=1e15;
/// A coefficient of either sign.
const SIGNED: RangeInclusive<f64> = -1e6..=1e6;
/// A charge on top of another, which may take part of it back.
const ON_TOP: RangeInclusive<f64> = -1e6..=1e6;

/// Checks a set, and makes its negative zeros positive: equal sets have equal
/// digests.
pub(super) fn check(spec: &mut ParameterSpec) -> Result<(), ScenarioError> {
    let name_fits = (1..=64).contains(&spec.name.len());
    if !name_fits || !spec.name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(ScenarioError::at("name", Problem::Name));
    }
    counted("scenarios", spec.scenarios.len(), 1..=MAX_SCENARIOS)?;
    counted("collaterals", spec.collaterals.len(), 0..=MAX_COLLATERALS)?;
    for (path, value, range) in numbers(spec) {
        within(path, *value, range)?;
        *value += 0.0;
    }
    skews(spec)?;
    added(spec)?;
    minimum(spec)?;
    imported(spec)?;
    if let Some(minimum) = &spec.minimum_charge
        && minimum.hedged_delta_percent > 2.0 * minimum.net_delta_percent
    {
        let problem = Problem::HedgedDelta(minimum.hedged_delta_percent);
        return Err(ScenarioError::at("minimum_charge.hedged_delta_percent", problem));
    }
    second(spec)
}

/// The set of a second underlying, and what is left out of both.
fn second(spec: &mut ParameterSpec) -> Result<(), ScenarioError> {
    let Some(mut second) = spec.second.take() else { return Ok(()) };
    check(&mut second).map_err(|error| error.within("second"))?;
    if second.second.is_some() {
        return Err(ScenarioError::at("second.second", Problem::NotWithSecond));
    }
    for (name, set) in [("", &*spec), ("second.", &*second)] {
        for (field, is_set) in [("states_marks", set.states_marks), ("in_coins", set.in_coins)] {
            if is_set {
                return Err(ScenarioError::at(format!("{name}{field}"), Problem::NotWithSecond));
            }
        }
        if set.underlying.is_none() {
            return Err(ScenarioError::at(format!("{name}underlying"), Problem::UnderlyingMissing));
        }
    }
    match &spec.underlying {
        Some(first) if second.underlying.as_ref() == Some(first) => {
            Err(ScenarioError::at("second.underlying", Problem::SameUnderlying(first.clone())))
        }
        _ => {
            spec.second = Some(second);
            Ok(())
        }
    }
}

fn skews(spec: &ParameterSpec) -> Result<(), ScenarioError> {
    let mut seen: Vec<VolShockDirection> = Vec::new();
    for (index, scenario) in spec.scenarios.iter().enumerate() {
        let direction = scenario.vol_shock_direction;
        if !direction.is_skew() {
            continue;
        }
        if scenario.spot_shock != 1.0 {
            let path = format!("scenarios[{index}].spot_shock");
            return Err(ScenarioError::at(path, Problem::SkewMovesSpot(scenario.spot_shock)));
        }
        if seen.contains(&direction) {
            let path = format!("scenarios[{index}].vol_shock_direction");
            return Err(ScenarioError::at(path, Problem::SecondSkew));
        }
        seen.push(direction);
    }
    match seen.is_empty() || spec.skew_shock.is_some() {
        true => Ok(()),
        false => Err(ScenarioError::at("skew_shock", Problem::SkewMissing)),
    }
}

/// What a set whose values are published leaves out.
fn imported(spec: &ParameterSpec) -> Result<(), ScenarioError> {
    if !spec.imported_arrays {
        return Ok(());
    }
    let margin = &spec.margin;
    let discounts = [margin.base_static_discount, margin.base_static_discount_neg];
    let rates = [
        margin.short_rate_mult_scale,
        margin.long_rate_mult_scale,
        margin.short_rate_add_scale,
        margin.long_rate_add_scale,
    ];
    let other = &spec.other_contingency;
    let charges = [
        other.peg_loss_factor,
        other.conf_margin,
        other.mm_perp_percent,
        other.im_perp_percent,
        other.mm_option_percent,
        other.im_option_percent,
    ];
    let plain = |scenario: &Scenario| {
        scenario.dampening_factor == 1.0
            && scenario.relief == 0.0
            && !scenario.vol_shock_direction.is_skew()
    };
    let alone = spec.scenarios.len() == SCENARIOS
        && spec.scenarios.iter().all(plain)
        && discounts == [1.0; 2]
        && rates.iter().chain(&charges).all(|number| *number == 0.0)
        && !(spec.inverse || spec.states_marks)
        && spec.calibration.is_none()
        && spec.basis_contingency.is_none()
        && spec.minimum_charge.is_none()
        && spec.roll_shock.is_none()
        && !spec.nets_expiries()
        && spec.delta_tiers.is_empty()
        && spec.underlying_collateral.is_none()
        && spec.collaterals.is_empty();
    match alone {
        true => Ok(()),
        false => Err(ScenarioError::at("imported_arrays", Problem::ArraysAlone)),
    }
}

/// The last scenarios are what a minimum charge of all and its tiers take.
fn minimum(spec: &ParameterSpec) -> Result<(), ScenarioError> {
    counted("minimum_tiers", spec.minimum_tiers.len(), 0..=RELIEFS)?;
    if spec.minimum_charge.is_none() && !spec.minimum_tiers.is_empty() {
        return Err(ScenarioError::at("minimum_tiers", Problem::TiersOfNothing));
    }
    let (mut from, mut times) = (0.0, 1);
    for (index, tier) in spec.minimum_tiers.iter().enumerate() {
        let path = |field| format!("minimum_tiers[{index}].{field}");
        if tier.times <= times || Times::new(tier.times).is_err() {
            return Err(ScenarioError::at(path("times"), Problem::TierTimes));
        }
        if tier.from <= from {
            return Err(ScenarioError::at(path("from"), Problem::TierOrder));
        }
        (from, times) = (tier.from, tier.times);
    }
    let of_all = spec.minimum_charge.is_some_and(|minimum| minimum.of_all);
    if !of_all && spec.minimum_tiers.is_empty() {
        return Ok(());
    }
    if let Some(index) = spec.scenarios.iter().position(|scenario| scenario.relief != 0.0) {
        let path = format!("scenarios[{index}].relief");
        return Err(ScenarioError::at(path, Problem::ReliefAndTiers));
    }
    let regular = spec.scenarios.iter().filter(|s| !s.vol_shock_direction.is_skew());
    counted("scenarios without a skew", regular.count(), 0..=RELIEVED_FROM)
}

/// What is added to the worst loss, and what is taken off losses.
fn added(spec: &ParameterSpec) -> Result<(), ScenarioError> {
    let spread = usize::from(spec.expiry_spread.is_some());
    counted("delta_tiers", spec.delta_tiers.len(), 0..=DELTA_TIERS - spread)?;
    let cancels = spec.underlying_collateral.iter().chain(spec.collaterals.values());
    if spread > 0 && cancels.into_iter().any(|terms| terms.is_risk_cancelling) {
        return Err(ScenarioError::at("expiry_spread", Problem::SpreadAndCollateral));
    }
    let relieved = spec.scenarios.iter().filter(|scenario| scenario.relief != 0.0);
    counted("scenarios with a relief", relieved.count(), 0..=RELIEFS)?;
    for (index, scenario) in spec.scenarios.iter().enumerate() {
        if scenario.relief != 0.0 && scenario.vol_shock_direction.is_skew() {
            let path = format!("scenarios[{index}].relief");
            return Err(ScenarioError::at(path, Problem::SkewRelief));
        }
    }
    if spec.in_coins && !spec.inverse {
        return Err(ScenarioError::at("in_coins", Problem::CoinsNeedInverse));
    }
    if spec.states_marks && spec.in_coins {
        return Err(ScenarioError::at("states_marks", Problem::CoinsStated));
    }
    match (&spec.basis_contingency, &spec.expiry_roll, &spec.expiry_spread) {
        (Some(_), Some(_), _) => Err(ScenarioError::at("expiry_roll", Problem::RollAndBasis)),
        (Some(_), _, Some(_)) => Err(ScenarioError::at("expiry_spread", Problem::RollAndBasis)),
        _ => Ok(()),
    }
}

type Number<'a> = (String, &'a mut f64, RangeInclusive<f64>);

/// Every number with its path and range.
fn numbers(spec: &mut ParameterSpec) -> Vec<Number<'_>> {
    let mut all: Vec<Number<'_>> = Vec::new();
    for (index, scenario) in spec.scenarios.iter_mut().enumerate() {
        let path = |field| format!("scenarios[{index}].{field}");
        all.push((path("spot_shock"), &mut scenario.spot_shock, FACTOR));
        all.push((path("dampening_factor"), &mut scenario.dampening_factor, FACTOR));
        all.push((path("relief"), &mut scenario.relief, AMOUNT));
    }
    /// The listed fields of a part of the set.
    macro_rules! part {
        ($name:literal, $part:expr, $($field:ident in $range:expr),+ $(,)?) => {
            $(all.push((
                concat!($name, ".", stringify!($field)).to_owned(),
                &mut $part.$field,
                $range,
            ));)+
        };
    }
    let vol = &mut spec.vol_shock;
    part!("vol_shock", vol,
        vol_range_up in FACTOR, vol_range_down in FACTOR, min_vol_eval_shocked in FACTOR,
        short_term_power in -100.0..=100.0, long_term_power in -100.0..=100.0,
        dte_floor_days in 0.0..=36_500.0);
    if let Some(skew) = &mut spec.skew_shock {
        part!("skew_shock", skew,
            linear_scale_cap in SIGNED, linear_cbase in SIGNED, abs_scale_cap in SIGNED,
            abs_cbase in SIGNED, min_k_star in FACTOR, min_width_scale in SIGNED,
            vol_param_static in SIGNED, vol_param_scale in SIGNED);
    }
    let margin = &mut spec.margin;
    part!("margin", margin,
        mm_loss_factor in FACTOR, im_loss_factor in FACTOR, short_rate_mult_scale in FACTOR,
        long_rate_mult_scale in FACTOR, short_rate_add_scale in FACTOR,
        long_rate_add_scale in FACTOR, base_static_discount in FACTOR,
        base_static_discount_neg in FACTOR);
    if let Some(basis) = &mut spec.basis_contingency {
        part!("basis_contingency", basis,
            scenario_spot_up in FACTOR, scenario_spot_down in FACTOR,
            basis_cont_add_factor in FACTOR, basis_cont_mult_factor in FACTOR);
    }
    let other = &mut spec.other_contingency;
    part!("other_contingency", other,
        peg_loss_threshold in FACTOR, peg_loss_factor in FACTOR,
        conf_threshold in FACTOR, conf_margin in FACTOR,
        mm_perp_percent in FACTOR, im_perp_percent in ON_TOP,
        mm_option_percent in FACTOR, im_option_percent in ON_TOP);
    if let Some(minimum) = &mut spec.minimum_charge {
        part!("minimum_charge", minimum,
            net_delta_percent in FACTOR, hedged_delta_percent in FACTOR,
            short_option_percent in FACTOR);
    }
    if let Some(roll) = &mut spec.roll_shock {
        part!("roll_shock", roll,
            minimum_move in 0.0..=1.0, annual_rate in 0.0..=1.0,
            mm_weight in FACTOR, im_weight in FACTOR);
    }
    if let Some(roll) = &mut spec.expiry_roll {
        part!("expiry_roll", roll, minimum_move in 0.0..=1.0, annual_rate in 0.0..=1.0);
    }
    if let Some(spread) = &mut spec.expiry_spread {
        part!("expiry_spread", spread, rate in 0.0..=1.0);
    }
    for (index, tier) in spec.minimum_tiers.iter_mut().enumerate() {
        all.push((format!("minimum_tiers[{index}].from"), &mut tier.from, AMOUNT));
    }
    for (index, tier) in spec.delta_tiers.iter_mut().enumerate() {
        all.push((format!("delta_tiers[{index}].from"), &mut tier.from, AMOUNT));
        all.push((format!("delta_tiers[{index}].rate"), &mut tier.rate, 0.0..=1.0));
    }
    let underlying = spec.underlying_collateral.iter_mut();
    let underlying = underlying.map(|terms| ("underlying_collateral".to_owned(), terms));
    let by_symbol = spec.collaterals.iter_mut();
    let by_symbol = by_symbol.map(|(symbol, terms)| (format!("collaterals.{symbol}"), terms));
    for (place, terms) in underlying.chain(by_symbol) {
        let path = |field| format!("{place}.{field}");
        all.push((path("mm_haircut"), &mut terms.mm_haircut, FACTOR));
        all.push((path("im_haircut"), &mut terms.im_haircut, ON_TOP));
        if let Some(factor) = &mut terms.confidence_factor {
            all.push((path("confidence_factor"), factor, FACTOR));
        }
    }
    all
}
