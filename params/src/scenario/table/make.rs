//! How rows are made: valuation under every scenario.

use crate::scenario::black76::{Black76, Greeks, OptionType};
use crate::scenario::error::{Problem, ScenarioError};
use crate::scenario::market::{ExpiryFeed, Instrument, ScenarioMarket};
use crate::scenario::math::{max, min};
use crate::scenario::parameters::{
    BasisContingency, CollateralTerms, OtherContingency, Scenario, ScenarioModel,
};
use crate::scenario::shock::{Expiry, VolShift};
use crate::scenario::table::{GroupRow, RiskRow, RiskTable, RowKind, Terms};
use crate::symbol::Symbol;

/// What rows are made with.
struct Maker<'a> {
    model: &'a ScenarioModel,
    market: &'a ScenarioMarket,
    terms: &'a Terms,
    expiries: Vec<Expiry>,
    /// `shifts[group][scenario]`.
    shifts: Vec<Vec<VolShift>>,
    /// Expiry and strike bits of each strike key.
    strike_keys: Vec<(usize, u64)>,
}

/// The table, not yet checked for overflow.
pub(super) fn table(
    model: &ScenarioModel,
    market: &ScenarioMarket,
) -> Result<RiskTable, ScenarioError> {
    let (spec, prices) = (model.spec(), market.spec());
    check_underlying(model, market)?;
    let terms = terms(model, market);
    let expiries = prices.feeds.iter().map(|feed| Expiry::new(feed, spec.inverse));
    let expiries: Vec<_> = expiries.collect();
    let groups = prices
        .feeds
        .iter()
        .zip(&expiries)
        .map(|(feed, expiry)| group_row(model, &terms, feed, expiry, prices.spot_confidence));
    let groups: Vec<GroupRow> = groups.collect();
    let shifts = expiries.iter().map(|expiry| {
        let shift = |scenario: &Scenario| {
            let skew = spec.skew_shock.as_ref();
            expiry.vol_shift(scenario.vol_shock_direction, &spec.vol_shock, skew)
        };
        spec.scenarios.iter().map(shift).collect()
    });
    let shifts = shifts.collect();
    let mut strike_keys: Vec<_> =
        prices.instruments.values().filter_map(strike_key(market)).collect();
    strike_keys.sort_unstable();
    strike_keys.dedup();
    let maker = Maker { model, market, terms: &terms, expiries, shifts, strike_keys };
    let rows = prices.instruments.iter().map(|(symbol, instrument)| maker.row(symbol, instrument));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(RiskTable { terms, groups, rows })
}

/// A set of one underlying says nothing of another.
fn check_underlying(model: &ScenarioModel, market: &ScenarioMarket) -> Result<(), ScenarioError> {
    let found = &market.spec().underlying;
    match &model.spec().underlying {
        Some(expected) if expected != found => {
            let (expected, found) = (expected.clone(), found.clone());
            Err(ScenarioError::at("underlying", Problem::OtherUnderlying { expected, found }))
        }
        _ => Ok(()),
    }
}

fn terms(model: &ScenarioModel, market: &ScenarioMarket) -> Terms {
    let (spec, prices) = (model.spec(), market.spec());
    let OtherContingency { peg_loss_threshold, peg_loss_factor, .. } = spec.other_contingency;
    let other = &spec.other_contingency;
    let peg_loss = max(0.0, peg_loss_threshold - prices.stable_price) * peg_loss_factor;
    Terms {
        scenarios: spec.scenarios.clone(),
        mm_loss_factor: spec.margin.mm_loss_factor,
        im_loss_factor: spec.margin.im_loss_factor + peg_loss,
        naked_mm_charge: prices.spot * other.mm_option_percent,
        naked_im_charge: prices.spot * other.im_option_percent,
        minimum_charge: spec.minimum_charge,
        spot: prices.spot,
        conf_threshold: other.conf_threshold,
        conf_margin: other.conf_margin,
    }
}

fn group_row(
    model: &ScenarioModel,
    terms: &Terms,
    feed: &ExpiryFeed,
    expiry: &Expiry,
    spot_confidence: f64,
) -> GroupRow {
    let (long_discount, short_discount) = expiry.static_discounts(&model.spec().margin);
    let feeds = min(min(feed.forward_confidence, feed.rate_confidence), feed.vol_confidence);
    let confidence = min(spot_confidence, feeds);
    GroupRow {
        expiry_seconds: feed.expiry_seconds,
        forward: feed.forward,
        long_discount,
        short_discount,
        basis_weight: model.spec().basis_contingency.as_ref().map_or(0.0, |basis| {
            basis.basis_cont_add_factor + basis.basis_cont_mult_factor * expiry.years
        }),
        confidence_charge: terms.confidence_charge(confidence, terms.conf_threshold, terms.spot),
        confidence,
    }
}

fn strike_key(market: &ScenarioMarket) -> impl Fn(&Instrument) -> Option<(usize, u64)> + '_ {
    |instrument| match *instrument {
        Instrument::Option { expiry_seconds, strike, .. } => {
            // The bits of positive numbers are in the numbers' order.
            market.group_of(expiry_seconds).map(|group| (group, strike.to_bits()))
        }
        _ => None,
    }
}

impl Maker<'_> {
    fn row(&self, symbol: &Symbol, instrument: &Instrument) -> Result<RiskRow, ScenarioError> {
        let path = |field: &str| format!("instruments.{symbol}{field}");
        let group = |seconds: u64| {
            let missing =
                || ScenarioError::at(path(".expiry_seconds"), Problem::MissingFeed(seconds));
            self.market.group_of(seconds).ok_or_else(missing)
        };
        Ok(match *instrument {
            Instrument::Option { expiry_seconds, strike, option_type, mark_vol } => {
                self.option(symbol, group(expiry_seconds)?, (strike, option_type, mark_vol))
            }
            Instrument::Perpetual { price, confidence } => {
                let price = if self.model.spec().inverse { self.terms.spot } else { price };
                let row = self.linear(symbol, RowKind::Perpetual, price, confidence);
                let row = RiskRow { perpetual_confidence: Some(confidence), ..row };
                self.rolled(row, 1.0, None)
            }
            Instrument::Future { expiry_seconds } => {
                let group = group(expiry_seconds)?;
                let feed = &self.market.spec().feeds[group];
                let kind = RowKind::Future { group };
                let variable = self.expiries[group].variable;
                let moving = match self.model.spec().inverse {
                    true => self.terms.spot * variable / feed.forward,
                    false => variable,
                };
                let row = self.linear(symbol, kind, moving, feed.forward_confidence);
                let mut row = self.rolled(row, 1.0, Some(group));
                row.basis = self.basis_factors().map(|factor| variable * (factor - 1.0));
                row
            }
            Instrument::Collateral { price, confidence } => {
                let rule = self.model.collateral(symbol, &self.market.spec().underlying);
                let missing = || ScenarioError::at(path(""), Problem::MissingRule);
                self.collateral(symbol, rule.ok_or_else(missing)?, price, confidence)
            }
        })
    }

    fn option(&self, symbol: &Symbol, group: usize, terms: (f64, OptionType, f64)) -> RiskRow {
        let (strike, option_type, vol) = terms;
        let expiry = &self.expiries[group];
        let mark = Black76 {
            option_type,
            forward: expiry.forward,
            strike,
            vol,
            years: expiry.years,
            discount: expiry.discount,
        };
        let at = |factor: f64, vol: f64| {
            Black76 { forward: expiry.shocked_forward(factor), vol, ..mark }.value()
        };
        let scenarios = self.terms.scenarios.iter().zip(&self.shifts[group]);
        let value = mark.value();
        let key = self.strike_keys.binary_search(&(group, strike.to_bits()));
        let greeks = mark.greeks(expiry.rate);
        let undiscounted = mark.discount * mark.forward;
        let coins = if undiscounted > 0.0 { value / undiscounted } else { 0.0 };
        let delta = if mark.discount > 0.0 { greeks.delta / mark.discount } else { 0.0 };
        let row = RiskRow {
            symbol: symbol.clone(),
            // The table holds the keys of all options.
            kind: RowKind::Option { group, strike_key: key.unwrap_or_else(|place| place) },
            mark: value,
            scenarios: scenarios
                .map(|(scenario, shift)| at(scenario.spot_shock, shift.apply(vol, strike)))
                .collect(),
            basis: self.basis_factors().map(|factor| at(factor, vol) - value),
            mm_charge: 0.0,
            im_charge: 0.0,
            confidence_charge: 0.0,
            perpetual_confidence: None,
            greeks,
        };
        self.rolled(row, delta - coins, Some(group))
    }

    /// A row with the roll shock of its delta in coins.
    fn rolled(&self, mut row: RiskRow, delta: f64, group: Option<usize>) -> RiskRow {
        if let Some(roll) = &self.model.spec().roll_shock {
            let rolled = group.map_or(roll.minimum_move, |group| self.expiries[group].roll(roll));
            let charge = delta.abs() * rolled * self.terms.spot;
            row.mm_charge += charge * roll.mm_weight;
            row.im_charge += charge * roll.im_weight;
        }
        row
    }

    /// A perpetual or a future whose price moves with spot.
    fn linear(&self, symbol: &Symbol, kind: RowKind, price: f64, confidence: f64) -> RiskRow {
        let (prices, other) = (self.market.spec(), &self.model.spec().other_contingency);
        let confidence = min(prices.spot_confidence, confidence);
        let terms = self.terms;
        RiskRow {
            symbol: symbol.clone(),
            kind,
            mark: 0.0,
            scenarios: self.moves(price),
            basis: [0.0; 2],
            mm_charge: prices.spot * other.mm_perp_percent,
            im_charge: prices.spot * other.im_perp_percent,
            confidence_charge: terms.confidence_charge(
                confidence,
                terms.conf_threshold,
                prices.spot,
            ),
            perpetual_confidence: None,
            greeks: Greeks { delta: 1.0, ..Greeks::default() },
        }
    }

    fn collateral(
        &self,
        symbol: &Symbol,
        rule: &CollateralTerms,
        price: f64,
        confidence: f64,
    ) -> RiskRow {
        let (prices, terms) = (self.market.spec(), self.terms);
        let value = price / prices.stable_price;
        let confidence = min(prices.spot_confidence, confidence);
        let threshold = rule.confidence_factor.unwrap_or(terms.conf_threshold);
        let moves = if rule.is_risk_cancelling { value } else { 0.0 };
        RiskRow {
            symbol: symbol.clone(),
            kind: RowKind::Collateral,
            mark: value,
            scenarios: self.moves(moves),
            basis: [0.0; 2],
            mm_charge: value * rule.mm_haircut,
            im_charge: value * rule.im_haircut,
            confidence_charge: terms.confidence_charge(confidence, threshold, value),
            perpetual_confidence: None,
            greeks: Greeks { delta: moves / prices.spot, ..Greeks::default() },
        }
    }

    /// Dampened profit and loss of what moves with spot.
    fn moves(&self, value: f64) -> Vec<f64> {
        let change = |s: &Scenario| value * (s.spot_shock - 1.0) * s.dampening_factor;
        self.terms.scenarios.iter().map(change).collect()
    }

    fn basis_factors(&self) -> [f64; 2] {
        let factors = |basis: &BasisContingency| [basis.scenario_spot_up, basis.scenario_spot_down];
        self.model.spec().basis_contingency.as_ref().map_or([1.0; 2], factors)
    }
}
