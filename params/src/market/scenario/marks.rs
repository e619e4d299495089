//! What rows are made of, stated beside them.
//!
//! A row holds values, and nobody who sees values alone can say that they are wrong. In a
//! market of a set that `states_marks` the leaf after each row is the digest of what the row
//! is made of: forward, strike, volatility, time, and how far the set moves them in this
//! epoch. Row `i` is leaf `2 i`, what it is made of leaf `2 i + 1`, so that one path opens
//! both. Then anyone computes a value again, on chain too (`MarginRowChallenge`), and a row
//! that is not made of what stands beside it is a publisher's fault that can be shown.
//!
//! All is in whole 64-bit words, floats by their IEEE 754 bits, so that what is computed
//! again is computed from the same numbers.

use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{InstrumentId, ModelDigest};
use zkmargin_margin::market::snapshot_leaf;
use zkmargin_margin::scenario::MARK;

use crate::calibration::set::{SeriesRange, number};
use crate::fraction::Fraction;
use crate::scenario::black76::OptionType;
use crate::scenario::integer::slots;
use crate::scenario::parameters::{Scenario, VolShockDirection};
use crate::scenario::shock::Expiry;
use crate::scenario::{Instrument, ScenarioMarket, ScenarioModel};
use crate::symbol::Symbol;

/// Words of [`Marks`].
const MARK_WORDS: usize = 11;
/// Words of [`ScenarioTerms`].
const TERM_WORDS: usize = 15;
const DAY_SECONDS: f64 = 86_400.0;

/// What a row is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marks {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Call, put, or what moves with spot.
    pub option: Option<OptionType>,
    /// The forward; of what moves with spot the value that moves.
    pub forward: f64,
    /// The strike of an option.
    pub strike: f64,
    /// The volatility of its mark.
    pub vol: f64,
    /// Seconds to its expiry.
    pub seconds: u64,
    /// The rate that it is discounted with, per year.
    pub rate: f64,
    /// Quote units in a lot's worth of one.
    pub scale: f64,
    /// The range of spot in this epoch.
    pub range: f64,
    /// How far volatilities move up in this epoch, at 30 days.
    pub vol_up: f64,
    /// How far down.
    pub vol_down: f64,
}

impl Marks {
    /// Of an instrument, whose scale is `scale`, under a rule and its set of this epoch.
    pub(crate) fn new(
        (rule, set): (&ScenarioModel, &ScenarioModel),
        market: &ScenarioMarket,
        symbol: &Symbol,
        scale: f64,
    ) -> Option<Self> {
        let spec = market.spec();
        let inverse = set.spec().inverse;
        let expiry = |seconds: u64| {
            let feed = spec.feeds.get(market.group_of(seconds)?)?;
            Some((feed, Expiry::new(feed, inverse)))
        };
        let vol_shock = &set.spec().vol_shock;
        let plain = Self {
            instrument: symbol.instrument_id(),
            option: None,
            forward: 0.0,
            strike: 0.0,
            vol: 0.0,
            seconds: 0,
            rate: 0.0,
            scale,
            range: range_of(rule, set),
            vol_up: vol_shock.vol_range_up,
            vol_down: vol_shock.vol_range_down,
        };
        Some(match *spec.instruments.get(symbol)? {
            Instrument::Option { expiry_seconds: seconds, strike, option_type, mark_vol: vol } => {
                let (feed, expiry) = expiry(seconds)?;
                let (option, forward, rate) = (Some(option_type), feed.forward, expiry.rate);
                Self { option, forward, strike, vol, seconds, rate, ..plain }
            }
            Instrument::Perpetual { price, .. } => {
                Self { forward: if inverse { spec.spot } else { price }, ..plain }
            }
            Instrument::Future { expiry_seconds } => {
                let (feed, expiry) = expiry(expiry_seconds)?;
                let of_index = spec.spot * expiry.variable / feed.forward;
                Self { forward: if inverse { of_index } else { expiry.variable }, ..plain }
            }
            // Of no set that states marks.
            Instrument::Array { .. } => return None,
            Instrument::Collateral { price, .. } => {
                let moves = set.collateral(symbol, &spec.underlying)?.is_risk_cancelling;
                Self { forward: if moves { price / spec.stable_price } else { 0.0 }, ..plain }
            }
        })
    }

    /// The words, as contracts read them: instrument, kind (0 for what moves with spot, 1
    /// for a call, 2 for a put), then the fields in order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let kind = match self.option {
            None => 0,
            Some(OptionType::Call) => 1,
            Some(OptionType::Put) => 2,
        };
        let words: [u64; MARK_WORDS] = [
            self.instrument.get(),
            kind,
            self.forward.to_bits(),
            self.strike.to_bits(),
            self.vol.to_bits(),
            self.seconds,
            self.rate.to_bits(),
            self.scale.to_bits(),
            self.range.to_bits(),
            self.vol_up.to_bits(),
            self.vol_down.to_bits(),
        ];
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// The leaf beside the row.
    pub fn leaf<F: MarginField>(&self) -> F {
        let tag = b"zkmargin marks 1\n".as_slice();
        snapshot_leaf(ModelDigest::of(&[tag, &self.to_bytes()].concat()))
    }
}

/// The range of spot that a set of an epoch has under its rule; 1 of one that has no rule.
fn range_of(rule: &ScenarioModel, set: &ScenarioModel) -> f64 {
    let Some(calibration) = rule.calibration() else { return 1.0 };
    let scenarios = rule.spec().scenarios.iter().zip(&set.spec().scenarios);
    let scaled = scenarios.map(|(of_rule, now)| (of_rule.spot_shock - 1.0, now.spot_shock - 1.0));
    let mut scaled = scaled.filter(|(unit, _)| *unit != 0.0 && calibration.scales(*unit));
    scaled.next().map_or(1.0, |(unit, now)| now / unit * calibration.price_range.unit)
}

/// What a model says of one value of all rows, as contracts read it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScenarioTerms {
    /// Its place among a row's values.
    pub slot: usize,
    /// The scenario at a range of `unit`.
    pub scenario: Scenario,
    /// The range that the scenarios are for.
    pub unit: f64,
    /// The largest move that follows the range.
    pub scaled_up_to: f64,
    /// Least and largest range.
    pub range: [f64; 2],
    /// Least and largest move of volatilities up, or down where the scenario goes down.
    pub vol_range: [f64; 2],
    /// Least volatility of an `up` scenario.
    pub least_vol: f64,
    /// The powers of tenors up to 30 days, and beyond.
    pub powers: [f64; 2],
    /// Least seconds to expiry that the powers are of.
    pub floor_seconds: f64,
    /// Whether contracts are inverse.
    pub inverse: bool,
}

impl ScenarioTerms {
    /// Of every value of a model's rows that can be computed again: all scenarios but
    /// skews, and the mark of options.
    pub fn of(model: &ScenarioModel) -> Vec<Self> {
        let spec = model.spec();
        let mark = Scenario {
            spot_shock: 1.0,
            vol_shock_direction: VolShockDirection::None,
            dampening_factor: 1.0,
            relief: 0.0,
        };
        let all = slots(&spec.scenarios).into_iter().zip(spec.scenarios.iter().copied());
        all.chain([(MARK, mark)])
            .filter(|(_, scenario)| !scenario.vol_shock_direction.is_skew())
            .map(|(slot, scenario)| Self::one(model, slot, scenario))
            .collect()
    }

    fn one(model: &ScenarioModel, slot: usize, scenario: Scenario) -> Self {
        let (spec, vol) = (model.spec(), &model.spec().vol_shock);
        let fixed = match scenario.vol_shock_direction {
            VolShockDirection::Down => vol.vol_range_down,
            _ => vol.vol_range_up,
        };
        let down = |up: f64| up / (1.0 + up);
        let of_series = |range: &SeriesRange| {
            [range.floor, range.cap].map(number).map(|up| match scenario.vol_shock_direction {
                VolShockDirection::Down => down(up),
                _ => up,
            })
        };
        let rule = model.calibration();
        let series = rule.and_then(|rule| rule.volatility_range.as_ref());
        let price = rule.map(|rule| &rule.price_range);
        let bounds = |floor: Fraction, cap: Fraction| [number(floor), number(cap)];
        Self {
            slot,
            scenario,
            unit: price.map_or(1.0, |range| range.unit),
            scaled_up_to: price.map_or(0.0, |range| range.scaled_up_to),
            range: price.map_or([1.0; 2], |range| bounds(range.floor, range.cap)),
            vol_range: series.map_or([fixed; 2], of_series),
            least_vol: vol.min_vol_eval_shocked,
            powers: [vol.short_term_power, vol.long_term_power],
            floor_seconds: vol.dte_floor_days * DAY_SECONDS,
            inverse: spec.inverse,
        }
    }

    /// The words, as contracts read them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let direction = match self.scenario.vol_shock_direction {
            VolShockDirection::Up => 1,
            VolShockDirection::Down => 2,
            _ => 0,
        };
        let words: [u64; TERM_WORDS] = [
            self.slot as u64,
            direction,
            self.scenario.spot_shock.to_bits(),
            self.scenario.dampening_factor.to_bits(),
            self.unit.to_bits(),
            self.scaled_up_to.to_bits(),
            self.range[0].to_bits(),
            self.range[1].to_bits(),
            self.vol_range[0].to_bits(),
            self.vol_range[1].to_bits(),
            self.least_vol.to_bits(),
            self.powers[0].to_bits(),
            self.powers[1].to_bits(),
            self.floor_seconds.to_bits(),
            self.inverse.into(),
        ];
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}
