//! An epoch's numbers: rates and capacities, and what held them back.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::ids::Timestamp;
use zkmargin_margin::units::Denominator;

use crate::calibration::error::CalibrationError;
use crate::calibration::inputs::{Inputs, Numbers, Observation};
use crate::calibration::rule::{CalibratedInstrument, Calibration, whole};
use crate::calibration::volatility::Volatilities;
use crate::fraction::Fraction;
use crate::symbol::Symbol;

/// What decided a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Held {
    /// The estimate itself.
    Free,
    /// The largest rise from the epoch before.
    Rise,
    /// The largest fall from the epoch before.
    Fall,
    /// The floor.
    Floor,
    /// The cap.
    Cap,
}

/// The rate of a tier, and where it is from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TierRate {
    /// Days that a position in it takes to close.
    pub days: f64,
    /// The move by volatility alone.
    pub bare: f64,
    /// The rate that the rule asks for, before steps, floor and cap.
    pub asked: f64,
    /// The initial rate.
    pub rate: Fraction,
    /// What decided it.
    pub held: Held,
}

/// How an instrument's numbers were found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Volatilities of its underlying.
    pub volatilities: Volatilities,
    /// Its tiers.
    pub tiers: Vec<TierRate>,
    /// What the market takes, before steps, floor and cap, in the quote currency.
    pub seen_capacity: u64,
    /// What decided the capacity.
    pub capacity_held: Held,
}

/// An instrument's numbers in an epoch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibrated {
    /// Rates and capacity.
    pub numbers: Numbers,
    /// How they were found; absent of an instrument without a price, which keeps the
    /// numbers that it had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
}

/// A rule and what it is applied to.
pub struct Calibrator<'a> {
    /// The rule, checked.
    pub rule: &'a Calibration,
    /// The denominator of the model's rates.
    pub denominator: Denominator,
    /// What it is applied to, checked.
    pub inputs: &'a Inputs,
    /// When the snapshot was taken.
    pub at: Timestamp,
}

impl Calibrator<'_> {
    /// The numbers of every instrument, of those that have a price from the inputs.
    ///
    /// # Errors
    /// When something that the rule reads is missing, stale or out of range.
    pub fn numbers<'i>(
        &self,
        instruments: impl IntoIterator<Item = (&'i Symbol, &'i CalibratedInstrument)>,
        is_priced: impl Fn(&Symbol) -> bool,
    ) -> Result<BTreeMap<Symbol, Calibrated>, CalibrationError> {
        let mut all = BTreeMap::new();
        for (symbol, instrument) in instruments {
            let before = self.before(symbol)?;
            let calibrated = match (is_priced(symbol), before) {
                (true, before) => self.instrument(symbol, instrument, before)?,
                // Kept, so that leaving an instrument out once is no way around the steps.
                (false, Some(numbers)) => Calibrated { numbers: numbers.clone(), found: None },
                (false, None) => continue,
            };
            all.insert(symbol.clone(), calibrated);
        }
        Ok(all)
    }

    /// The numbers of the epoch before, in as many tiers as now; none of an instrument
    /// that it did not have.
    fn before(&self, symbol: &Symbol) -> Result<Option<&Numbers>, CalibrationError> {
        let previous = self.inputs.previous.as_ref();
        let Some(numbers) = previous.and_then(|previous| previous.numbers.get(symbol)) else {
            return Ok(None);
        };
        match numbers.rates.len() == self.rule.liquidity.tiers.len() {
            true => Ok(Some(numbers)),
            false => Err(CalibrationError::Previous(symbol.clone())),
        }
    }

    fn instrument(
        &self,
        symbol: &Symbol,
        instrument: &CalibratedInstrument,
        before: Option<&Numbers>,
    ) -> Result<Calibrated, CalibrationError> {
        let missing = || CalibrationError::NotObserved(symbol.clone());
        let seen = self.inputs.observations.get(symbol).ok_or_else(missing)?;
        let volatilities = self.volatilities(symbol, instrument, seen)?;
        let half_spread = self.rule.liquidity.spread_multiple * number(seen.spread) / 2.0;
        let stress = instrument.stress_return.unwrap_or(0.0);
        let mut tiers = Vec::new();
        for (index, tier) in self.rule.liquidity.tiers.iter().enumerate() {
            let asked = volatilities.held(self.rule, stress, tier.days) + half_spread;
            let before = before.map(|numbers| numbers.rates[index]);
            let limits = self.limits(symbol, instrument, before)?;
            let (units, held) = limits.rate(asked, self.denominator);
            let rate = Fraction::new(units.into(), self.denominator.get().into())
                .ok_or_else(|| CalibrationError::Previous(symbol.clone()))?;
            let bare = volatilities.bare(self.rule, tier.days);
            tiers.push(TierRate { days: tier.days, bare, asked, rate, held });
        }
        let seen_capacity = self.rule.capacity(seen);
        let (capacity, capacity_held) = self.capacity(symbol, instrument, seen_capacity, before)?;
        let rates = tiers.iter().map(|tier| tier.rate).collect();
        let numbers = Numbers { capacity: Decimal::from(capacity), rates };
        let found = Found { volatilities, tiers, seen_capacity, capacity_held };
        Ok(Calibrated { numbers, found: Some(found) })
    }

    fn volatilities(
        &self,
        symbol: &Symbol,
        instrument: &CalibratedInstrument,
        seen: &Observation,
    ) -> Result<Volatilities, CalibrationError> {
        let history = self.inputs.closes(self.rule, self.at)?;
        let underlying = instrument.underlying(symbol);
        let place = history.place_of(underlying).map_err(|_| CalibrationError::NoCloses {
            symbol: symbol.clone(),
            underlying: underlying.clone(),
        })?;
        let closes: Vec<f64> = history.closes().iter().map(|row| row[place]).collect();
        let implied = match instrument.implied.unwrap_or(self.rule.volatility.implied).is_read() {
            true => {
                let missing = || CalibrationError::NoImplied(symbol.clone());
                Some(number(seen.implied_volatility.ok_or_else(missing)?))
            }
            false => None,
        };
        Volatilities::new(self.rule, symbol, &closes, implied)
    }

    /// The rates allowed, in units of the denominator.
    fn limits(
        &self,
        symbol: &Symbol,
        instrument: &CalibratedInstrument,
        before: Option<Fraction>,
    ) -> Result<Limits, CalibrationError> {
        let steps = &self.rule.steps;
        let wrong = || CalibrationError::Previous(symbol.clone());
        let units = |rate: Fraction| {
            // Below 2^96.
            let scaled = u128::from(rate.numerator()) * u128::from(self.denominator.get());
            scaled.div_ceil(u128::from(rate.denominator()))
        };
        let stepped = |rate: Fraction, (numerator, denominator): (u64, u64)| {
            let scaled = u128::from(rate.numerator())
                .checked_mul(self.denominator.get().into())?
                .checked_mul(numerator.into())?;
            Some(scaled.div_ceil(u128::from(rate.denominator()).checked_mul(denominator.into())?))
        };
        let step = match before {
            Some(rate) => Some((
                stepped(rate, factor(steps.rate_fall, false)).ok_or_else(wrong)?,
                stepped(rate, factor(steps.rate_rise, true)).ok_or_else(wrong)?,
            )),
            None => None,
        };
        Ok(Limits { floor: units(instrument.floor), cap: units(instrument.cap), step })
    }

    fn capacity(
        &self,
        symbol: &Symbol,
        instrument: &CalibratedInstrument,
        seen: u64,
        before: Option<&Numbers>,
    ) -> Result<(u64, Held), CalibrationError> {
        let steps = &self.rule.steps;
        let wrong = || CalibrationError::Previous(symbol.clone());
        // Checked by the rule's own check.
        let bound = |capacity| whole(capacity).map(u128::from).ok_or_else(wrong);
        // Below 2^80: rounded down, against the account.
        let stepped = |capacity: u128, (numerator, denominator): (u64, u64)| {
            capacity * u128::from(numerator) / u128::from(denominator)
        };
        let step = match before {
            Some(numbers) => {
                let before = bound(numbers.capacity)?;
                let fall = stepped(before, factor(steps.capacity_fall, false));
                Some((fall, stepped(before, factor(steps.capacity_rise, true))))
            }
            None => None,
        };
        let floor = bound(instrument.least_capacity)?;
        let limits = Limits { floor, cap: bound(instrument.most_capacity)?, step };
        let (units, held) = limits.hold(seen.into());
        Ok((u64::try_from(units).map_err(|_| wrong())?, held))
    }
}

impl Calibration {
    /// The smaller of a part of the volume and a multiple of the depth, rounded down
    /// to whole units of the quote currency.
    fn capacity(&self, seen: &Observation) -> u64 {
        let of = |money: Decimal, factor: Decimal| money.checked_mul(factor);
        let by_volume = of(seen.daily_volume, self.liquidity.volume_part);
        let by_depth = of(seen.depth, self.liquidity.depth_multiple);
        // Both fit: 10^18 times 1,000, with 12 decimals that are rounded where needed.
        let least = by_volume.unwrap_or_default().min(by_depth.unwrap_or_default()).floor();
        // What is beyond 64 bits is beyond every cap.
        u64::try_from(least).unwrap_or(u64::MAX)
    }
}

/// What a number may be: floor and cap, and within them the step.
struct Limits {
    floor: u128,
    cap: u128,
    step: Option<(u128, u128)>,
}

impl Limits {
    /// The rate nearest to the one asked for, rounded up, in units.
    fn rate(&self, asked: f64, denominator: Denominator) -> (u32, Held) {
        let (units, held) =
            self.hold(asked_units(asked, denominator).map_or(u128::MAX, u128::from));
        // The cap is at most the denominator.
        (u32::try_from(units).unwrap_or(denominator.get()), held)
    }

    fn hold(&self, asked: u128) -> (u128, Held) {
        let (least, most) = self.step.unwrap_or((0, u128::MAX));
        let stepped = match asked {
            _ if asked > most => (most, Held::Rise),
            _ if asked < least => (least, Held::Fall),
            _ => (asked, Held::Free),
        };
        match stepped.0 {
            units if units > self.cap => (self.cap, Held::Cap),
            units if units < self.floor => (self.floor, Held::Floor),
            _ => stepped,
        }
    }
}

/// A rate that is asked for, rounded up, in units of the denominator; none of what is no
/// number or beyond every cap.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be at least zero and below 2^32"
)]
pub(crate) fn asked_units(asked: f64, denominator: Denominator) -> Option<u32> {
    let units = (asked * f64::from(denominator.get())).ceil();
    (0.0..4_294_967_296.0).contains(&units).then_some(units as u32)
}

/// One and a step up, or one less a step down, as a ratio of whole numbers.
pub(crate) fn factor(step: Decimal, is_up: bool) -> (u64, u64) {
    // A checked rule's steps have at most 6 decimals and are at most 1,000.
    let parts = Fraction::from_decimal(step).unwrap_or(Fraction::ONE);
    let (numerator, denominator) = (parts.numerator(), parts.denominator());
    match is_up {
        true => (denominator + numerator, denominator),
        false => (denominator.saturating_sub(numerator), denominator),
    }
}

/// The nearest number in floating point: every decimal has one.
fn number(decimal: Decimal) -> f64 {
    decimal.to_string().parse().unwrap_or(f64::NAN)
}
