//! How rows are rounded, and their guards.

use zkmargin_margin::scenario::{
    AccountUnits, Charges, DELTA_TIERS, DeltaTier, ExpiryKey, Fine, GroupTerms, LotValue,
    MinimumCharge, RELIEFS, RELIEVED_FROM, RowKind, SCENARIOS, ScenarioRow, ScenarioTerms, Times,
};

use crate::scenario::error::{Problem, ScenarioError};
use crate::scenario::integer::round::{
    FINE, HALF, Rounding, amount, charge, fee, fine, half, loss_factor, rate, value,
};
use crate::scenario::integer::{Place, slots};
use crate::scenario::math::max;
use crate::scenario::table::{GroupRow, RiskRow, RiskTable, RowKind as Kind};

/// Whole numbers below this, `2^52`, are exact in floating point, and so are sums of two.
const EXACT: f64 = 4_503_599_627_370_496.0;

/// What rows are rounded with.
pub(super) struct Maker<'a> {
    table: &'a RiskTable,
    place: Place,
    terms: ScenarioTerms,
    groups: Vec<Group>,
    slots: Vec<usize>,
    /// What each dampening factor is off by.
    dampening_errors: Vec<f64>,
    /// What the minimum charge is off by, per lot with a delta.
    minimum_error: f64,
    /// What the tiers are off by, per lot with a delta.
    tiers_error: f64,
    /// Quote units in one of the currency.
    unit: f64,
    /// Quote units per counted lot of options, for a charge of one.
    option_scale: f64,
}

/// An expiry, and what rounding makes of it.
struct Group {
    terms: GroupTerms,
    /// The larger discount.
    discount: f64,
    /// What the discounts are off by, at most.
    discount_error: f64,
    /// What a basis move that is half a unit off costs.
    basis_error: f64,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        place: Place,
        table: &'a RiskTable,
        quote_decimals: u32,
        option_lot: f64,
    ) -> Result<Self, ScenarioError> {
        // Exact up to 10^22.
        let unit = (0..quote_decimals).fold(1.0, |unit, _| unit * 10.0);
        let option_scale = option_lot * unit;
        let slots = slots(&table.terms.scenarios);
        let mut dampening = [Fine::ZERO; SCENARIOS];
        let mut dampening_errors = Vec::with_capacity(slots.len());
        for ((index, scenario), slot) in table.terms.scenarios.iter().enumerate().zip(&slots) {
            let path = format!("scenarios[{index}].dampening_factor");
            let (factor, error) = fine(&path, scenario.dampening_factor, Rounding::Nearest)?;
            dampening[*slot] = factor;
            dampening_errors.push(error);
        }
        let (minimum, minimum_error) = minimum(table, option_scale)?;
        let (delta_tiers, tiers_error) = tiers(table, unit)?;
        let (reliefs, minimum_times) = last(table, &slots, unit)?;
        let most = table.terms.minimum_tiers.last().map_or(1, |tier| tier.times);
        let minimum_error = minimum_error * f64::from(most);
        let terms = &table.terms;
        let naked = charges(
            "other_contingency.mm_option_percent",
            terms.naked_mm_charge * option_scale,
            (terms.naked_mm_charge + terms.naked_im_charge) * option_scale,
        )?;
        let terms = ScenarioTerms {
            dampening,
            maintenance_factor: loss_factor("margin.mm_loss_factor", terms.mm_loss_factor)?,
            initial_factor: loss_factor("margin.im_loss_factor", terms.im_loss_factor)?,
            minimum,
            naked,
            basis_is_added: terms.basis_is_added,
            reliefs,
            minimum_times,
            delta_tiers,
        };
        let groups = table.groups.iter().enumerate();
        let groups = groups.map(|(index, group)| Group::new(place, index, group, option_scale));
        let groups = groups.collect::<Result<_, _>>()?;
        Ok(Self {
            table,
            place,
            terms,
            groups,
            slots,
            dampening_errors,
            minimum_error,
            tiers_error,
            unit,
            option_scale,
        })
    }

    pub(super) fn terms(&self) -> ScenarioTerms {
        self.terms
    }

    /// A row, for lots of so many units.
    pub(super) fn row(&self, row: &RiskRow, lot: f64) -> Result<ScenarioRow, ScenarioError> {
        let path = format!("instruments.{}", row.symbol);
        let scale = lot * self.unit;
        match row.kind {
            Kind::Option { group, .. } => self.option(&path, row, scale, &self.groups[group]),
            Kind::Future { group } | Kind::Perpetual { group: Some(group) } => {
                let group = &self.groups[group];
                let kind = RowKind::Future { group: group.terms, basis: basis(&path, row, scale)? };
                self.check_no_fee(&path, row)?;
                let off = self.basis_error(row, scale, group);
                let guard = self.with_basis(self.linear_error(row, scale), off);
                self.finish(&path, row, (kind, self.linear(&path, row, scale)?), scale, guard)
            }
            Kind::Perpetual { group: None } | Kind::Collateral => {
                let kind = self.ungrouped(&path, row, scale)?;
                let guard = self.linear_error(row, scale);
                self.finish(&path, row, (kind, self.linear(&path, row, scale)?), scale, guard)
            }
        }
    }

    fn ungrouped(&self, path: &str, row: &RiskRow, scale: f64) -> Result<RowKind, ScenarioError> {
        let Some(confidence) = row.perpetual_confidence else {
            return Ok(RowKind::Collateral { mark: value(path, "the value", row.mark * scale)? });
        };
        let charge = self.fee_on_options(confidence);
        let options_fee = fee(path, "the fee on options", charge * self.option_scale)?;
        Ok(RowKind::Perpetual { options_fee })
    }

    /// What a perpetual's confidence costs an option.
    fn fee_on_options(&self, confidence: f64) -> f64 {
        let terms = &self.table.terms;
        terms.confidence_charge(confidence, terms.conf_threshold, terms.spot)
    }

    /// A perpetual that is in an expiry stands as a future, which has no fee.
    fn check_no_fee(&self, path: &str, row: &RiskRow) -> Result<(), ScenarioError> {
        match row.perpetual_confidence.map(|confidence| self.fee_on_options(confidence)) {
            Some(fee) if fee != 0.0 => Err(ScenarioError::at(path, Problem::RollAndConfidence)),
            _ => Ok(()),
        }
    }

    /// What a row is off by in its scenarios and in the basis loss: one of both is the
    /// worst loss, or one is added to the other.
    fn with_basis(&self, scenarios: f64, basis: f64) -> f64 {
        match self.terms.basis_is_added {
            true => scenarios + basis,
            false => max(scenarios, basis),
        }
    }

    /// What rounding a value can be off by: of a published array nothing where it is a whole
    /// number of units a lot, so that its sums are exact.
    fn off(&self, value: f64, units: f64) -> f64 {
        let is_whole = units == units.round() && units.abs() < EXACT;
        if self.table.terms.imported_arrays && is_whole { 0.0 } else { half(value) }
    }

    fn option(
        &self,
        path: &str,
        row: &RiskRow,
        scale: f64,
        group: &Group,
    ) -> Result<ScenarioRow, ScenarioError> {
        let mark = value(path, "the value", row.mark * scale)?;
        let mut scenarios = [LotValue::ZERO; SCENARIOS];
        let mut guard: f64 = 0.0;
        let each = row.scenarios.iter().zip(&self.table.terms.scenarios).enumerate();
        for (index, (price, scenario)) in each {
            let units = price * scenario.dampening_factor * scale;
            let rounded = value(path, "the value under a scenario", units)?;
            scenarios[self.slots[index]] = rounded;
            let mut error = self.off(units, units) * group.discount
                + self.off(row.mark, row.mark * scale) * scenario.dampening_factor
                + self.dampening_errors[index] * magnitude(mark);
            if scenario.vol_shock_direction.is_skew() {
                error += group.discount_error * magnitude(rounded);
            }
            guard = max(guard, error);
        }
        let guard = self.with_basis(guard, self.basis_error(row, scale, group));
        let basis = basis(path, row, scale)?;
        let kind = RowKind::Option { group: group.terms, mark, basis };
        self.finish(path, row, (kind, scenarios), scale, guard)
    }

    fn linear(
        &self,
        path: &str,
        row: &RiskRow,
        scale: f64,
    ) -> Result<[LotValue; SCENARIOS], ScenarioError> {
        let mut scenarios = [LotValue::ZERO; SCENARIOS];
        for (change, slot) in row.scenarios.iter().zip(&self.slots) {
            scenarios[*slot] = value(path, "the profit under a scenario", change * scale)?;
        }
        Ok(scenarios)
    }

    fn linear_error(&self, row: &RiskRow, scale: f64) -> f64 {
        row.scenarios
            .iter()
            .fold(0.0, |error, change| max(error, self.off(*change, change * scale)))
    }

    fn basis_error(&self, row: &RiskRow, scale: f64, group: &Group) -> f64 {
        match row.basis.iter().any(|change| self.off(*change, change * scale) != 0.0) {
            true => group.basis_error,
            false => 0.0,
        }
    }

    /// Puts a row together; `guard` is what the worst loss is off by per lot.
    fn finish(
        &self,
        path: &str,
        row: &RiskRow,
        (kind, scenarios): (RowKind, [LotValue; SCENARIOS]),
        scale: f64,
        guard: f64,
    ) -> Result<ScenarioRow, ScenarioError> {
        let terms = &self.table.terms;
        let counts = terms.minimum_charge.is_some() || !terms.delta_tiers.is_empty();
        let delta = if counts { row.charged_delta * terms.spot * scale } else { 0.0 };
        let guard = match delta == 0.0 || self.off(delta, delta) == 0.0 {
            true => guard,
            false => max(guard, self.minimum_error) + self.tiers_error,
        };
        let mark = self.off(row.mark, row.mark * scale);
        let maintenance = row.mm_charge * scale;
        let initial = (row.mm_charge + row.im_charge + row.confidence_charge) * scale;
        let charges = charges(
            path,
            maintenance + guard * terms.mm_loss_factor + mark,
            initial + guard * terms.im_loss_factor + mark,
        )?;
        let delta = value(path, "the delta", delta)?;
        let (instrument, underlying) = (row.symbol.instrument_id(), self.place.underlying);
        Ok(ScenarioRow { instrument, underlying, kind, charges, delta, scenarios })
    }
}

impl Group {
    fn new(
        place: Place,
        index: usize,
        group: &GroupRow,
        option_scale: f64,
    ) -> Result<Self, ScenarioError> {
        let path = format!("feeds[{index}]");
        let (long_discount, long) = fine(&path, group.long_discount, Rounding::Down)?;
        let (short_discount, short) = fine(&path, group.short_discount, Rounding::Up)?;
        let (basis_weight, _) = fine(&path, group.basis_weight, Rounding::Up)?;
        let confidence = group.confidence_charge * option_scale;
        let index = index + place.expiries_before;
        let key = u16::try_from(index + 1).ok().and_then(|place| ExpiryKey::new(place).ok());
        let too_many = Problem::Count { count: index + 1, least: 0, most: usize::from(u16::MAX) };
        let terms = GroupTerms {
            key: key.ok_or_else(|| ScenarioError::at("feeds", too_many))?,
            long_discount,
            short_discount,
            basis_weight,
            confidence_fee: fee(&path, "the fee for low confidence", confidence)?,
        };
        Ok(Self {
            terms,
            discount: max(group.long_discount, group.short_discount + short),
            discount_error: max(long, short),
            basis_error: HALF * (group.basis_weight + 1.0 / FINE),
        })
    }
}

/// Charges of both margins, up: `initial` includes `maintenance`.
fn charges(path: &str, maintenance: f64, initial: f64) -> Result<Charges, ScenarioError> {
    let maintenance = charge(path, "the maintenance charge", maintenance)?;
    // The difference of two whole numbers below 2^44 is exact.
    let on_top = initial.ceil() - maintenance.get() as f64;
    Ok(Charges { maintenance, initial: charge(path, "the initial charge", on_top)? })
}

/// The minimum charge, and what it is off by per lot with a delta.
fn minimum(table: &RiskTable, option_scale: f64) -> Result<(MinimumCharge, f64), ScenarioError> {
    let Some(minimum) = table.terms.minimum_charge else {
        return Ok((MinimumCharge::default(), 0.0));
    };
    let up = |field: &str, value| {
        let path = format!("minimum_charge.{field}");
        fine(&path, value, Rounding::Up).map(|(fine, _)| fine)
    };
    let short = table.terms.spot * minimum.short_option_percent * option_scale;
    let charge = MinimumCharge {
        net: up("net_delta_percent", minimum.net_delta_percent)?,
        half_hedged: up("hedged_delta_percent", 0.5 * minimum.hedged_delta_percent)?,
        short_fee: fee("minimum_charge.short_option_percent", "the minimum charge", short)?,
        is_of_all: minimum.of_all,
    };
    Ok((charge, HALF * (minimum.net_delta_percent + 2.0 / FINE)))
}

/// The tiers of the net delta, and what they are off by per lot with a delta.
fn tiers(table: &RiskTable, unit: f64) -> Result<([DeltaTier; DELTA_TIERS], f64), ScenarioError> {
    let mut tiers = [DeltaTier::default(); DELTA_TIERS];
    let mut error = 0.0;
    for (index, (tier, of)) in tiers.iter_mut().zip(&table.terms.delta_tiers).enumerate() {
        let path = |field: &str| format!("delta_tiers[{index}].{field}");
        let (rate, off) = rate(&path("rate"), of.rate)?;
        let from = amount(&path("from"), "the threshold", of.from * unit)?;
        *tier = DeltaTier { from, rate };
        error += HALF * (of.rate.abs() + off);
    }
    Ok((tiers, error))
}

/// Of the last scenarios by their places: the relief of each that has one, and how often
/// the minimum charge is lost in each that is a tier of it.
#[allow(clippy::type_complexity, reason = "two lists of the terms")]
fn last(
    table: &RiskTable,
    slots: &[usize],
    unit: f64,
) -> Result<([AccountUnits; RELIEFS], [Times; RELIEFS]), ScenarioError> {
    let (mut reliefs, mut times) = ([AccountUnits::ZERO; RELIEFS], [Times::ZERO; RELIEFS]);
    for (index, (scenario, slot)) in table.terms.scenarios.iter().zip(slots).enumerate() {
        let relief = slot.checked_sub(RELIEVED_FROM).and_then(|place| reliefs.get_mut(place));
        if let (Some(relief), true) = (relief, scenario.relief != 0.0) {
            let path = format!("scenarios[{index}].relief");
            *relief = amount(&path, "the relief", scenario.relief * unit)?;
        }
    }
    // Where `once` beyond `from` counts `times`, `times once - less` counts below too.
    let (mut less, mut before) = (0.0, 1.0);
    let places = reliefs.iter_mut().zip(&mut times);
    for (index, (tier, (relief, place))) in table.terms.minimum_tiers.iter().zip(places).enumerate()
    {
        let path = |field: &str| format!("minimum_tiers[{index}].{field}");
        less += (f64::from(tier.times) - before) * tier.from * unit;
        before = f64::from(tier.times);
        *relief = amount(&path("from"), "the threshold", less)?;
        let times = Times::new(tier.times);
        *place = times.map_err(|_| ScenarioError::at(path("times"), Problem::TierTimes))?;
    }
    Ok((reliefs, times))
}

fn basis(path: &str, row: &RiskRow, scale: f64) -> Result<[LotValue; 2], ScenarioError> {
    let [up, down] = row.basis.map(|change| value(path, "the basis move", change * scale));
    Ok([up?, down?])
}

/// Above the magnitude of what was rounded. Exact: below `2^45`.
fn magnitude(value: LotValue) -> f64 {
    value.get().abs() as f64 + 1.0
}
