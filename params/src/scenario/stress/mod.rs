//! What an account's margin would be if the market moved.
//!
//! [`Stressable`] is an account that can be looked at under moves, of whatever family. A
//! [`StressTest`] is one of the scenario family: it marks the account again under a
//! [`Shock`], options by Black's formula at the moved forward and volatility, perpetuals
//! and futures by what they gain or lose on the way, collateral at its moved price. Time
//! stands still, and nothing is traded.
//!
//! Of an account over several underlyings either all of them move together, by one factor, or
//! one alone.
//!
//! Margin is not monotone in spot, not even for a single spread: [`levels`]
//! looks at the whole range before it closes in on a crossing.

pub mod levels;

use rayon::prelude::*;
use serde::Serialize;
use zkmargin_margin::claim::Level;

use crate::scenario::account::{Assessment, assess};
use crate::scenario::error::{ScenarioError, within};
use crate::scenario::market::{Instrument, ScenarioMarket};
use crate::scenario::parameters::ScenarioModel;
use crate::scenario::portfolio::{Position, ScenarioPortfolio};
use crate::scenario::table::RiskTable;
use crate::symbol::Symbol;

use levels::{Scan, Threshold};

/// Factors on spot and volatilities that can be asked for.
pub const FACTORS: std::ops::RangeInclusive<f64> = 0.001..=1000.0;

/// A move of the market.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Shock {
    /// Factor on spot: 0.9 is 10 % down. Forwards, perpetuals and risk-cancelling
    /// collateral follow.
    pub spot: f64,
    /// Factor on every volatility: 1.5 turns 40 % into 60 %.
    pub vol: f64,
}

impl Shock {
    /// The market as it is.
    pub const NONE: Self = Self { spot: 1.0, vol: 1.0 };
}

/// An account under a shock, in quote currency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StressPoint {
    /// The shock.
    pub shock: Shock,
    /// Price of the underlying that moves; of several together, in percent of what they are.
    pub spot: f64,
    /// What the account is worth.
    pub equity: f64,
    /// Maintenance margin balance: negative is a margin call.
    #[serde(rename = "maintenance_balance")]
    pub maintenance_margin: f64,
    /// Initial margin balance: negative is short of margin.
    #[serde(rename = "initial_balance")]
    pub initial_margin: f64,
    /// The account's level.
    pub level: Level,
}

impl StressPoint {
    /// The balance that decides about a level: equity, or what is left of it
    /// after the margin.
    pub fn balance(&self, level: Level) -> f64 {
        match level {
            Level::Initial => self.initial_margin,
            Level::Maintenance => self.maintenance_margin,
            Level::Bankrupt | Level::MarginCall => self.equity,
        }
    }
}

impl Assessment {
    /// The highest level that is met together with all below it.
    pub fn level(&self) -> Level {
        level_of([self.mark_to_market.total, self.maintenance_margin, self.initial_margin])
    }
}

/// The level of equity and of the balances over maintenance and initial margin.
fn level_of([equity, maintenance, initial]: [f64; 3]) -> Level {
    if equity < 0.0 {
        Level::Bankrupt
    } else if maintenance < 0.0 {
        Level::MarginCall
    } else if initial < 0.0 {
        Level::Maintenance
    } else {
        Level::Initial
    }
}

/// What prices of several underlyings that move together are counted in: percent of what
/// they are now.
pub const TOGETHER: f64 = 100.0;

/// An account in a market that can be moved, whatever its family.
pub trait Stressable: Sized + Sync {
    /// Why it has no figures at a move.
    type Error: From<ScenarioError> + Send;

    /// The underlyings.
    fn underlyings(&self) -> impl Iterator<Item = &Symbol>;

    /// The same with one underlying moving alone, by its place; all of them where it is
    /// none.
    #[must_use]
    fn moving(&self, underlying: Option<usize>) -> Self;

    /// Price of the underlying that moves as it is; [`TOGETHER`] of several.
    fn spot(&self) -> f64;

    /// The account under a shock to what moves.
    ///
    /// # Errors
    /// When a factor is not in [`FACTORS`], or a value leaves its range.
    fn at(&self, shock: Shock) -> Result<StressPoint, Self::Error>;

    /// The account under many shocks, on all cores, in their order.
    ///
    /// # Errors
    /// Those of [`Self::at`].
    fn at_all(&self, shocks: &[Shock]) -> Result<Vec<StressPoint>, Self::Error> {
        shocks.par_iter().map(|shock| self.at(*shock)).collect()
    }

    /// Where the account changes its level, and the scan it was found by.
    ///
    /// # Errors
    /// When the scan or a value is out of range.
    fn thresholds(
        &self,
        scan: &Scan,
        levels: &[Level],
    ) -> Result<(Vec<Threshold>, Vec<StressPoint>), Self::Error> {
        levels::thresholds(self, scan, levels)
    }
}

/// An account in a market that can be moved. Private; never shown by `Debug`.
#[derive(Clone)]
pub struct StressTest<'a> {
    /// By underlying.
    parts: Vec<Part<'a>>,
    /// The underlying that moves alone; all of them where it is none.
    moved: Option<usize>,
}

/// What of an account is on one underlying: the first has cash and what is reserved.
#[derive(Clone)]
struct Part<'a> {
    model: &'a ScenarioModel,
    /// Only what is held, and all feeds.
    market: ScenarioMarket,
    portfolio: ScenarioPortfolio,
}

impl std::fmt::Debug for StressTest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StressTest(..)")
    }
}

impl<'a> StressTest<'a> {
    /// Puts a portfolio into a market.
    ///
    /// # Errors
    /// When the portfolio does not fit the market, or the market the model.
    pub fn new(
        model: &'a ScenarioModel,
        market: &ScenarioMarket,
        portfolio: &ScenarioPortfolio,
    ) -> Result<Self, ScenarioError> {
        Self::over([(model, market)], portfolio)
    }

    /// Puts a portfolio into markets of several underlyings, each with its set, which move
    /// together: what it is asked for is the sum of what it is asked for on each.
    ///
    /// # Errors
    /// When the portfolio does not fit the markets, or one of them its model.
    pub fn over<'m>(
        markets: impl IntoIterator<Item = (&'a ScenarioModel, &'m ScenarioMarket)>,
        portfolio: &ScenarioPortfolio,
    ) -> Result<Self, ScenarioError> {
        let mut rest = portfolio.positions.clone();
        let mut parts = Vec::new();
        for (model, market) in markets {
            let lists = |held: &Position| market.spec().instruments.contains_key(&held.instrument);
            let (positions, others) = rest.into_iter().partition(lists);
            rest = others;
            let portfolio = match parts.is_empty() {
                true => ScenarioPortfolio { positions, ..portfolio.clone() },
                false => ScenarioPortfolio { positions, ..ScenarioPortfolio::default() },
            };
            parts.push((model, market, portfolio));
        }
        // What no market lists is refused by the first.
        if let Some((_, _, first)) = parts.first_mut() {
            first.positions.extend(rest);
        }
        let part = |(model, market, portfolio)| Part::new(model, market, portfolio);
        Ok(Self { parts: parts.into_iter().map(part).collect::<Result<_, _>>()?, moved: None })
    }

    /// Whether several underlyings move together.
    pub fn moves_together(&self) -> bool {
        self.moved.is_none() && self.parts.len() > 1
    }
}

impl Stressable for StressTest<'_> {
    type Error = ScenarioError;

    fn underlyings(&self) -> impl Iterator<Item = &Symbol> {
        self.parts.iter().map(|part| &part.market.spec().underlying)
    }

    fn moving(&self, underlying: Option<usize>) -> Self {
        Self { moved: underlying, parts: self.parts.clone() }
    }

    fn spot(&self) -> f64 {
        match self.parts.get(self.moved.unwrap_or(0)) {
            Some(part) if !self.moves_together() => part.market.spec().spot,
            _ => TOGETHER,
        }
    }

    fn at(&self, shock: Shock) -> Result<StressPoint, ScenarioError> {
        let (mut equity, mut maintenance_margin, mut initial_margin) = (0.0, 0.0, 0.0);
        for (index, part) in self.parts.iter().enumerate() {
            let moves = self.moved.is_none_or(|moved| moved == index);
            let account = part.at(if moves { shock } else { Shock::NONE })?;
            equity += account.mark_to_market.total;
            maintenance_margin += account.maintenance_margin;
            initial_margin += account.initial_margin;
        }
        Ok(StressPoint {
            shock,
            spot: self.spot() * shock.spot,
            equity,
            maintenance_margin,
            initial_margin,
            level: level_of([equity, maintenance_margin, initial_margin]),
        })
    }
}

impl<'a> Part<'a> {
    fn new(
        model: &'a ScenarioModel,
        market: &ScenarioMarket,
        portfolio: ScenarioPortfolio,
    ) -> Result<Self, ScenarioError> {
        portfolio.resolve(&RiskTable::new(model, market)?)?;
        // Rows of others cost time and change nothing.
        let mut spec = market.spec().clone();
        let held =
            |symbol: &Symbol| portfolio.positions.iter().any(|held| held.instrument == *symbol);
        spec.instruments.retain(|symbol, _| held(symbol));
        let market = ScenarioMarket::new(spec)?;
        Ok(Self { model, market, portfolio })
    }

    /// The account under a shock: what perpetuals and futures gained or lost on the way is
    /// unrealised.
    fn at(&self, shock: Shock) -> Result<Assessment, ScenarioError> {
        within("spot factor", shock.spot, FACTORS)?;
        within("vol factor", shock.vol, FACTORS)?;
        let market = self.market.shocked(self.model, shock.spot, shock.vol)?;
        let table = RiskTable::new(self.model, &market)?;
        let mut holdings = self.portfolio.resolve(&table)?;
        for position in &self.portfolio.positions {
            let price = |market| linear_price(market, position);
            if let (Some(before), Some(after)) = (price(&self.market), price(&market)) {
                let gain = match self.model.spec().in_coins {
                    true => 1.0 - before / after,
                    false => after - before,
                };
                holdings.unrealised += position.quantity * gain;
            }
        }
        Ok(assess(&table, &holdings))
    }
}

/// The price that a perpetual or future gains or loses with.
fn linear_price(market: &ScenarioMarket, position: &Position) -> Option<f64> {
    match market.spec().instruments.get(&position.instrument)? {
        Instrument::Perpetual { price, .. } => Some(*price),
        Instrument::Future { expiry_seconds } => {
            let feed = market.group_of(*expiry_seconds)?;
            Some(market.spec().feeds[feed].forward)
        }
        Instrument::Option { .. } | Instrument::Collateral { .. } | Instrument::Array { .. } => {
            None
        }
    }
}
