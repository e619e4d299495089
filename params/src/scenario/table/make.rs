//! How rows are made: valuation under every scenario.

use crate::scenario::black76::{Black76, Greeks, OptionType};
use crate::scenario::error::{Problem, ScenarioError};
use crate::scenario::market::{ExpiryFeed, Instrument, ScenarioMarket};
use crate::scenario::math::{max, min};
use crate::scenario::parameters::{
    BasisContingency, CollateralTerms, DeltaTier, MinimumCharge, MinimumTier, OtherContingency,
    Scenario, ScenarioModel,
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
    if prices.array_charges.is_some() && !spec.imported_arrays {
        return Err(ScenarioError::at("array_charges", Problem::ArrayCharges));
    }
    let terms = terms(model, market);
    let expiries = prices.feeds.iter().map(|feed| Expiry::new(feed, spec.inverse));
    let expiries: Vec<_> = expiries.collect();
    let groups = prices
        .feeds
        .iter()
        .zip(&expiries)
        .map(|(feed, expiry)| group_row((model, market), &terms, feed, expiry));
    // Perpetuals are a group where expiries are netted, and contracts by their arrays that
    // are of no month: nothing is discounted.
    let others = spec.nets_expiries() || spec.imported_arrays;
    let roll = spec.expiry_roll.map_or(0.0, |roll| roll.minimum_move);
    let others = others.then(|| perpetuals(roll + 0.5 * spread(model, market), prices.spot));
    let groups: Vec<GroupRow> = groups.chain(others).collect();
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

/// What a spread is charged: of notional, or of deltas that are in what one is charged.
fn spread(model: &ScenarioModel, market: &ScenarioMarket) -> f64 {
    let published = market.spec().array_charges.filter(|charges| charges.spread != 0.0);
    let rule = model.spec().expiry_spread.map(|spread| spread.rate);
    rule.or_else(|| published.map(|_| 1.0)).unwrap_or_default()
}

/// The minimum charge: where arrays are published, with what short options are charged.
fn minimum_charge(model: &ScenarioModel, market: &ScenarioMarket) -> Option<MinimumCharge> {
    let published = market.spec().array_charges.filter(|charges| charges.short_option != 0.0);
    model.spec().minimum_charge.or_else(|| {
        published.map(|charges| MinimumCharge {
            net_delta_percent: 0.0,
            hedged_delta_percent: 0.0,
            short_option_percent: charges.short_option,
            of_all: true,
        })
    })
}

fn terms(model: &ScenarioModel, market: &ScenarioMarket) -> Terms {
    let (spec, prices) = (model.spec(), market.spec());
    let OtherContingency { peg_loss_threshold, peg_loss_factor, .. } = spec.other_contingency;
    let other = &spec.other_contingency;
    let peg_loss = max(0.0, peg_loss_threshold - prices.stable_price) * peg_loss_factor;
    // What a unit of the currency of prices is in that of margins.
    let unit = if spec.in_coins { 1.0 / prices.spot } else { 1.0 };
    let spot = if spec.in_coins || spec.imported_arrays { 1.0 } else { prices.spot };
    let relieved = |s: &Scenario| Scenario { relief: s.relief * unit, ..*s };
    let in_margin = |tier: &DeltaTier| DeltaTier { from: tier.from * unit, ..*tier };
    let tiered = |tier: &MinimumTier| MinimumTier { from: tier.from * unit, ..*tier };
    // Half on every expiry's net delta, less half on the account's: the smaller side.
    let spread = spread(model, market);
    let back = (spread != 0.0).then_some(DeltaTier { from: 0.0, rate: -0.5 * spread });
    Terms {
        scenarios: spec.scenarios.iter().map(relieved).collect(),
        mm_loss_factor: spec.margin.mm_loss_factor,
        im_loss_factor: spec.margin.im_loss_factor + peg_loss,
        naked_mm_charge: spot * other.mm_option_percent,
        naked_im_charge: spot * other.im_option_percent,
        minimum_charge: minimum_charge(model, market),
        minimum_tiers: spec.minimum_tiers.iter().map(tiered).collect(),
        basis_is_added: spec.nets_expiries() || spread != 0.0,
        delta_tiers: spec.delta_tiers.iter().map(in_margin).chain(back).collect(),
        in_coins: spec.in_coins,
        imported_arrays: spec.imported_arrays,
        spot,
        conf_threshold: other.conf_threshold,
        conf_margin: other.conf_margin,
    }
}

fn group_row(
    (model, market): (&ScenarioModel, &ScenarioMarket),
    terms: &Terms,
    feed: &ExpiryFeed,
    expiry: &Expiry,
) -> GroupRow {
    let (long_discount, short_discount) = expiry.static_discounts(&model.spec().margin);
    let feeds = min(min(feed.forward_confidence, feed.rate_confidence), feed.vol_confidence);
    let confidence = min(market.spec().spot_confidence, feeds);
    GroupRow {
        expiry_seconds: feed.expiry_seconds,
        forward: feed.forward,
        long_discount,
        short_discount,
        basis_weight: basis_weight(model, expiry) + 0.5 * spread(model, market),
        confidence_charge: terms.confidence_charge(confidence, terms.conf_threshold, terms.spot),
        confidence,
    }
}

/// The weight of an expiry's basis loss, or of its net delta.
fn basis_weight(model: &ScenarioModel, expiry: &Expiry) -> f64 {
    let spec = model.spec();
    match (&spec.basis_contingency, &spec.expiry_roll) {
        (Some(basis), _) => {
            basis.basis_cont_add_factor + basis.basis_cont_mult_factor * expiry.years
        }
        (None, Some(roll)) => expiry.roll(roll.minimum_move, roll.annual_rate),
        (None, None) => 0.0,
    }
}

/// The perpetuals, or contracts without an expiry, as an expiry.
fn perpetuals(basis_weight: f64, spot: f64) -> GroupRow {
    GroupRow {
        expiry_seconds: 0,
        forward: spot,
        long_discount: 1.0,
        short_discount: 1.0,
        basis_weight,
        confidence_charge: 0.0,
        confidence: 1.0,
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
        let is_array = matches!(instrument, Instrument::Array { .. });
        if is_array != self.model.spec().imported_arrays {
            return Err(ScenarioError::at(path(""), Problem::Arrays));
        }
        Ok(match *instrument {
            Instrument::Array { values, mark, expiry_seconds, delta, is_option } => {
                let group = expiry_seconds.map_or(Ok(self.market.spec().feeds.len()), group)?;
                let (row, kind) = match is_option == Some(true) || mark != 0.0 {
                    true => self.option_by_array(symbol, group, (&values, mark)),
                    false => (values.to_vec(), RowKind::Future { group }),
                };
                // Every contract has a delta where spreads are charged.
                let charges = self.market.spec().array_charges.unwrap_or_default();
                let delta = delta.unwrap_or_default() * charges.spread;
                by_array(symbol, kind, (row, mark), delta)
            }
            Instrument::Option { expiry_seconds, strike, option_type, mark_vol } => {
                self.option(symbol, group(expiry_seconds)?, (strike, option_type, mark_vol))
            }
            Instrument::Perpetual { price, confidence } => {
                let spec = self.model.spec();
                let price = if spec.inverse { self.terms.spot } else { price };
                let group = spec.nets_expiries().then(|| self.market.spec().feeds.len());
                let kind = RowKind::Perpetual { group };
                let moves = match spec.in_coins {
                    true => self.coin_moves(|factor| factor),
                    false => self.moves(price),
                };
                let row = self.linear(symbol, kind, moves, confidence);
                let row = RiskRow { perpetual_confidence: Some(confidence), ..row };
                self.netted(self.rolled(row, 1.0, None))
            }
            Instrument::Future { expiry_seconds } => {
                let group = group(expiry_seconds)?;
                let feed = &self.market.spec().feeds[group];
                let kind = RowKind::Future { group };
                let variable = self.expiries[group].variable;
                let expiry = &self.expiries[group];
                let spec = self.model.spec();
                let moves = match (spec.in_coins, spec.inverse) {
                    (true, _) => self.coin_moves(|x| expiry.shocked_forward(x) / feed.forward),
                    (false, true) => self.moves(self.terms.spot * variable / feed.forward),
                    (false, false) => self.moves(variable),
                };
                let row = self.linear(symbol, kind, moves, feed.forward_confidence);
                let mut row = self.rolled(row, 1.0, Some(group));
                row.basis = self.basis_factors().map(|factor| variable * (factor - 1.0));
                self.netted(row)
            }
            Instrument::Collateral { .. } if self.model.spec().in_coins => {
                return Err(ScenarioError::at(path(""), Problem::CoinsAreCash));
            }
            Instrument::Collateral { price, confidence } => {
                let rule = self.model.collateral(symbol, &self.market.spec().underlying);
                let missing = || ScenarioError::at(path(""), Problem::MissingRule);
                self.collateral(symbol, rule.ok_or_else(missing)?, price, confidence)
            }
        })
    }

    /// An option by its array: its value under a scenario is its mark and what it gains.
    fn option_by_array(
        &self,
        symbol: &Symbol,
        group: usize,
        (values, mark): (&[f64], f64),
    ) -> (Vec<f64>, RowKind) {
        // Of its own: no other is held against what is short of it.
        let place = self.market.spec().instruments.keys().position(|other| other == symbol);
        let strike_key = self.strike_keys.len() + place.unwrap_or_default();
        let scenarios = values.iter().map(|value| mark + value).collect();
        (scenarios, RowKind::Option { group, strike_key })
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
        let in_coins = self.model.spec().in_coins;
        let at = |factor: f64, vol: f64| {
            let forward = expiry.shocked_forward(factor);
            match in_coins {
                true => Black76 { forward, vol, discount: 1.0, ..mark }.value() / forward,
                false => Black76 { forward, vol, ..mark }.value(),
            }
        };
        let scenarios = self.terms.scenarios.iter().zip(&self.shifts[group]);
        let value = if in_coins { at(1.0, vol) } else { mark.value() };
        let key = self.strike_keys.binary_search(&(group, strike.to_bits()));
        let greeks = mark.greeks(expiry.rate);
        let undiscounted = mark.discount * mark.forward;
        let coins = match in_coins {
            true => value,
            false if undiscounted > 0.0 => value / undiscounted,
            false => 0.0,
        };
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
            charged_delta: if in_coins { delta - coins } else { greeks.delta },
        };
        self.netted(self.rolled(row, delta - coins, Some(group)))
    }

    /// A row whose delta counts for the net delta of its expiry, whichever way that
    /// goes.
    fn netted(&self, mut row: RiskRow) -> RiskRow {
        if self.model.spec().nets_expiries() {
            let delta = row.charged_delta * self.terms.spot;
            row.basis = [delta, -delta];
        }
        row
    }

    /// A row with the roll shock of its delta in coins.
    fn rolled(&self, mut row: RiskRow, delta: f64, group: Option<usize>) -> RiskRow {
        if let Some(roll) = &self.model.spec().roll_shock {
            let rolled = group.map_or(roll.minimum_move, |group| {
                self.expiries[group].roll(roll.minimum_move, roll.annual_rate)
            });
            let charge = delta.abs() * rolled * self.terms.spot;
            row.mm_charge += charge * roll.mm_weight;
            row.im_charge += charge * roll.im_weight;
        }
        row
    }

    /// A perpetual or a future, by what it gains and loses.
    fn linear(&self, symbol: &Symbol, kind: RowKind, moves: Vec<f64>, confidence: f64) -> RiskRow {
        let (prices, other) = (self.market.spec(), &self.model.spec().other_contingency);
        let confidence = min(prices.spot_confidence, confidence);
        let terms = self.terms;
        RiskRow {
            symbol: symbol.clone(),
            kind,
            mark: 0.0,
            scenarios: moves,
            basis: [0.0; 2],
            mm_charge: terms.spot * other.mm_perp_percent,
            im_charge: terms.spot * other.im_perp_percent,
            confidence_charge: terms.confidence_charge(
                confidence,
                terms.conf_threshold,
                terms.spot,
            ),
            perpetual_confidence: None,
            greeks: Greeks { delta: 1.0, ..Greeks::default() },
            charged_delta: 1.0,
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
            charged_delta: moves / prices.spot,
        }
    }

    /// Dampened profit and loss of what moves with spot.
    fn moves(&self, value: f64) -> Vec<f64> {
        let change = |s: &Scenario| value * (s.spot_shock - 1.0) * s.dampening_factor;
        self.terms.scenarios.iter().map(change).collect()
    }

    /// Dampened profit and loss, in coins, of a coin's worth of what is at so many
    /// times its price when spot is at a factor.
    fn coin_moves(&self, price: impl Fn(f64) -> f64) -> Vec<f64> {
        let change = |s: &Scenario| (1.0 - 1.0 / price(s.spot_shock)) * s.dampening_factor;
        self.terms.scenarios.iter().map(change).collect()
    }

    fn basis_factors(&self) -> [f64; 2] {
        let factors = |basis: &BasisContingency| [basis.scenario_spot_up, basis.scenario_spot_down];
        self.model.spec().basis_contingency.as_ref().map_or([1.0; 2], factors)
    }
}

/// A contract by its array. Its delta is in what a spread of one is charged.
fn by_array(
    symbol: &Symbol,
    kind: RowKind,
    (scenarios, mark): (Vec<f64>, f64),
    delta: f64,
) -> RiskRow {
    RiskRow {
        symbol: symbol.clone(),
        kind,
        mark,
        scenarios,
        basis: [delta, -delta],
        mm_charge: 0.0,
        im_charge: 0.0,
        confidence_charge: 0.0,
        perpetual_confidence: None,
        greeks: Greeks::default(),
        charged_delta: delta,
    }
}
