//! The numbers of calibrated rows, stated beside them.
//!
//! The rows of a calibrated model move with the epoch, so no list of a model's rows says
//! which are right. Under a rule that `states_numbers` the leaf after each row is the digest
//! of what its instrument's rows follow from: capacity and rates of the epoch, what was asked
//! for before steps, floor and cap, and the numbers of the epoch before. Row `i` is leaf
//! `2 i`, its numbers leaf `2 i + 1`, so that one path opens both. Beside a row whose rates
//! are the model's own stands the digest of no words. Then anyone computes a row again from
//! its numbers, and the numbers from what was asked for, on chain too (`MarginPriceCheck`).
//! What was asked for, volatilities and liquidity, is in the snapshot.
//!
//! All is in whole 64-bit words, rates in units of the market's denominator.

use std::collections::BTreeMap;

use rayon::prelude::*;
use rust_decimal::Decimal;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{InstrumentId, ModelDigest};
use zkmargin_margin::market::snapshot_leaf;
use zkmargin_margin::standard::{Direction, TierRow};
use zkmargin_margin::units::Denominator;

use crate::calibration::CalibrationError;
use crate::calibration::inputs::{Numbers, Previous};
use crate::calibration::numbers::{Calibrated, asked_units, factor};
use crate::calibration::rule::{CalibratedInstrument, Calibration, whole};
use crate::fraction::Fraction;
use crate::model::{Kind, StandardModel};
use crate::snapshot::Snapshot;
use crate::symbol::Symbol;

/// Millionths: multiples of the capacity have at most 6 decimals.
const MILLIONTHS: u32 = 1_000_000;

/// The rate of a tier, in units of the market's denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatedRate {
    /// The initial rate.
    pub rate: u32,
    /// The rate that was asked for, before steps, floor and cap; `u32::MAX` for more.
    pub asked: u32,
    /// The rate of the epoch before; 0 where there was none.
    pub before: u32,
}

/// What an instrument's rows follow from, in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedNumbers {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The epoch that steps are from; 0 for none.
    pub previous: u64,
    /// What the market takes, in whole units of the quote currency.
    pub capacity: u64,
    /// The same before steps, floor and cap.
    pub seen: u64,
    /// That of the epoch before; 0 where there was none.
    pub before: u64,
    /// Of each tier.
    pub rates: Vec<StatedRate>,
}

impl StatedNumbers {
    /// Of an instrument, calibrated from what was found; none of one without a price.
    fn new(
        denominator: Denominator,
        symbol: &Symbol,
        calibrated: &Calibrated,
        previous: Option<&Previous>,
    ) -> Result<Option<Self>, CalibrationError> {
        let Some(found) = &calibrated.found else { return Ok(None) };
        let wrong = || CalibrationError::PreviousUnits(symbol.clone());
        let units =
            |rate: Fraction| rate.over(denominator).map(|rate| rate.get()).ok_or_else(wrong);
        let capacity = |numbers: &Numbers| whole(numbers.capacity).ok_or_else(wrong);
        let before = previous.and_then(|previous| previous.numbers.get(symbol));
        let mut rates = Vec::new();
        for (index, tier) in found.tiers.iter().enumerate() {
            let before = before.and_then(|numbers| numbers.rates.get(index));
            rates.push(StatedRate {
                rate: units(tier.rate)?,
                asked: asked_units(tier.asked, denominator).unwrap_or(u32::MAX),
                before: before.map_or(Ok(0), |rate| units(*rate))?,
            });
        }
        let stated = Self {
            instrument: symbol.instrument_id(),
            previous: previous.map_or(0, |previous| previous.epoch.get()),
            capacity: capacity(&calibrated.numbers)?,
            seen: found.seen_capacity,
            before: before.map_or(Ok(0), capacity)?,
            rates,
        };
        // Zero says that there was none.
        let is_none = previous.is_some() && stated.previous == 0;
        match is_none || (before.is_some() && stated.before == 0) {
            true => Err(wrong()),
            false => Ok(Some(stated)),
        }
    }

    /// The words, as contracts read them: the fields in order, of each tier three.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [self.instrument.get(), self.previous, self.capacity, self.seen, self.before];
        let tiers = self.rates.iter().flat_map(|tier| [tier.rate, tier.asked, tier.before]);
        bytes(head.into_iter().chain(tiers.map(u64::from)))
    }

    /// The leaf beside the row.
    pub fn leaf<F: MarginField>(&self) -> F {
        leaf_of(&self.to_bytes())
    }
}

fn bytes(words: impl IntoIterator<Item = u64>) -> Vec<u8> {
    words.into_iter().flat_map(u64::to_be_bytes).collect()
}

fn leaf_of<F: MarginField>(words: &[u8]) -> F {
    snapshot_leaf(ModelDigest::of(&[b"zkmargin numbers 1\n".as_slice(), words].concat()))
}

/// The numbers of a market, where its rule has them stated.
#[derive(Clone, Debug)]
pub(super) struct Stated(Option<BTreeMap<InstrumentId, StatedNumbers>>);

impl Stated {
    /// From what a rule found in a snapshot.
    ///
    /// # Errors
    /// When the numbers of the epoch before are in no units of the denominator.
    pub(super) fn new(
        model: &StandardModel,
        snapshot: &Snapshot,
        found: &BTreeMap<Symbol, Calibrated>,
    ) -> Result<Self, CalibrationError> {
        if !model.calibration().is_some_and(|rule| rule.states_numbers) {
            return Ok(Self(None));
        }
        let previous = snapshot.calibration().and_then(|inputs| inputs.previous.as_ref());
        let mut all = BTreeMap::new();
        for (symbol, calibrated) in found {
            let stated = StatedNumbers::new(model.denominator(), symbol, calibrated, previous)?;
            all.extend(stated.map(|stated| (stated.instrument, stated)));
        }
        Ok(Self(Some(all)))
    }

    /// Leaves that a row takes.
    pub(super) fn per_row(&self) -> usize {
        if self.0.is_some() { 2 } else { 1 }
    }

    /// The numbers of a row; none of one whose rates are the model's own: a liability's are.
    pub(super) fn of(&self, row: &TierRow) -> Option<&StatedNumbers> {
        let all = self.0.as_ref().filter(|_| row.direction != Direction::Short)?;
        all.get(&row.instrument)
    }

    /// The leaves of rows.
    pub(super) fn leaves<F: MarginField>(&self, rows: &[TierRow]) -> Vec<F> {
        if self.0.is_none() {
            return rows.par_iter().map(TierRow::leaf).collect();
        }
        let beside = |row: &TierRow| self.of(row).map_or_else(|| leaf_of(&[]), StatedNumbers::leaf);
        rows.par_iter().flat_map_iter(|row| [row.leaf(), beside(row)]).collect()
    }
}

/// What a rule says of an instrument's rows, as contracts read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberTerms {
    /// The instrument.
    pub instrument: InstrumentId,
    /// The direction of its calibrated rows.
    pub direction: Direction,
    /// What rates are over.
    pub denominator: Denominator,
    /// Decimals of a quote unit.
    pub quote_decimals: u32,
    /// The maintenance part of a rate.
    pub maintenance_fraction: u32,
    /// Least and largest rate.
    pub rates: [u32; 2],
    /// Least and largest capacity, in whole units of the quote currency.
    pub capacities: [u64; 2],
    /// One less the largest fall and one and the largest rise, of rates, then of capacities.
    pub steps: [(u64, u64); 4],
    /// Where tiers end, in millionths of the capacity; 0 for nowhere.
    pub tiers: Vec<u64>,
}

impl NumberTerms {
    /// Of every calibrated instrument of a model; of none where it states no numbers.
    pub fn of(model: &StandardModel) -> Vec<Self> {
        let Some(rule) = model.calibration().filter(|rule| rule.states_numbers) else {
            return Vec::new();
        };
        let instruments = model.instruments().iter();
        instruments
            .filter_map(|(symbol, instrument)| {
                let direction = match instrument.kind {
                    Kind::Spot => Direction::Long,
                    _ => Direction::Both,
                };
                let calibrated = instrument.calibrated.as_ref()?;
                Self::one(model, rule, (symbol.instrument_id(), direction), calibrated)
            })
            .collect()
    }

    /// A checked model has a place for all of it.
    fn one(
        model: &StandardModel,
        rule: &Calibration,
        (instrument, direction): (InstrumentId, Direction),
        calibrated: &CalibratedInstrument,
    ) -> Option<Self> {
        let denominator = model.denominator();
        let units = |rate: Fraction| rate.over(denominator).map(|rate| rate.get());
        let steps = &rule.steps;
        let millionths =
            |up_to: Decimal| u64::try_from(up_to.checked_mul(Decimal::from(MILLIONTHS))?).ok();
        let tiers = rule.liquidity.tiers.iter();
        Some(Self {
            instrument,
            direction,
            denominator,
            quote_decimals: model.quote_decimals(),
            maintenance_fraction: units(rule.maintenance_fraction)?,
            rates: [units(calibrated.floor)?, units(calibrated.cap)?],
            capacities: [whole(calibrated.least_capacity)?, whole(calibrated.most_capacity)?],
            steps: [
                factor(steps.rate_fall, false),
                factor(steps.rate_rise, true),
                factor(steps.capacity_fall, false),
                factor(steps.capacity_rise, true),
            ],
            tiers: tiers
                .map(|tier| tier.up_to.map_or(Some(0), millionths))
                .collect::<Option<_>>()?,
        })
    }

    /// The words, as contracts read them: the fields in order, of a step numerator and
    /// denominator.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [
            self.instrument.get(),
            self.direction as u64,
            self.denominator.get().into(),
            self.quote_decimals.into(),
            self.maintenance_fraction.into(),
            self.rates[0].into(),
            self.rates[1].into(),
            self.capacities[0],
            self.capacities[1],
        ];
        let steps =
            self.steps.into_iter().flat_map(|(numerator, denominator)| [numerator, denominator]);
        bytes(head.into_iter().chain(steps).chain(self.tiers.iter().copied()))
    }
}
