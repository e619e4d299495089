//! Scenario sets: how all underlyings move together, many times.

use serde::Serialize;
use zkmargin_margin::ids::ModelDigest;

use crate::scenario::math::{exp, ln, pow, sqrt};
use crate::simulation::day::Day;
use crate::simulation::draws::Draws;
use crate::simulation::error::SimulationError;
use crate::simulation::filter::filtered;
use crate::simulation::history::History;
use crate::simulation::rule::SetRule;
use crate::symbol::Symbol;

/// The least factor that a scenario moves a price by.
pub const LEAST_FACTOR: f64 = 1e-4;
/// The largest.
pub const MOST_FACTOR: f64 = 1e4;

/// How all underlyings move together, once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JointMove {
    /// The last day of the change, or the number of the draw.
    pub name: String,
    /// A factor on the price of each underlying, in the order of the set's.
    pub factors: Vec<f64>,
}

/// A scenario set: the newest day or the last draw last.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScenarioSet {
    symbols: Vec<Symbol>,
    scenarios: Vec<JointMove>,
}

impl ScenarioSet {
    /// The set of a rule that looks at the past. It ends with the history.
    ///
    /// # Errors
    /// When the rule's numbers are out of range, the history is too short or has
    /// no such day, a price does not move or moves out of all proportion, or the
    /// rule draws from a seed.
    pub fn from_history(rule: &SetRule, history: &History) -> Result<Self, SimulationError> {
        rule.check()?;
        let horizon = rule.horizon();
        if let Some(needed) = rule.days()
            && history.days().len() < needed
        {
            return Err(SimulationError::TooShort { needed, found: history.days().len() });
        }
        let scenarios = match rule {
            SetRule::Historical { scenarios, .. } => last(history, *scenarios, horizon)?,
            SetRule::AgeWeighted { scenarios, lookback, lambda, .. } => {
                resampled(&last(history, *lookback, horizon)?, *scenarios, *lambda)
            }
            SetRule::Filtered { scenarios, lambda, .. } => {
                scaled(history, last(history, *scenarios, horizon)?, *lambda)?
            }
            SetRule::Dates { days, .. } => {
                let day = |day: &Day| on(history, *day, horizon);
                days.iter().map(day).collect::<Result<_, _>>()?
            }
            SetRule::MonteCarlo { .. } => return Err(SimulationError::NoSeed),
        };
        Self::new(history.symbols().to_vec(), scenarios)
    }

    /// The set of a rule that draws from a seed, for underlyings in the order of
    /// its Cholesky factor.
    ///
    /// # Errors
    /// When the rule's numbers are out of range, it does not draw, or has not one
    /// row for each underlying.
    pub fn from_seed(
        rule: &SetRule,
        symbols: &[Symbol],
        seed: [u8; 32],
    ) -> Result<Self, SimulationError> {
        rule.check()?;
        let SetRule::MonteCarlo { scenarios, horizon, cholesky, degrees, .. } = rule else {
            return Err(SimulationError::NoSeed);
        };
        if cholesky.len() != symbols.len() {
            return Err(SimulationError::Cholesky { row: cholesky.len() });
        }
        let mut draws = Draws::new(seed);
        // Exact: at most 30.
        let root = sqrt(*horizon as f64);
        let draw = |index: usize| {
            let normals: Vec<f64> = cholesky.iter().map(|_| draws.normal()).collect();
            let tail = degrees.map_or(1.0, |degrees| draws.heavy_tail(degrees));
            let change = |row: &Vec<f64>| {
                let sum: f64 = row.iter().zip(&normals).map(|(a, b)| a * b).sum();
                exp(sum * tail * root)
            };
            let factors = cholesky.iter().map(change).collect();
            JointMove { name: format!("draw {}", index + 1), factors }
        };
        Self::new(symbols.to_vec(), (0..*scenarios).map(draw).collect())
    }

    /// A set of given moves.
    ///
    /// # Errors
    /// When there are none, or one moves a price out of all proportion.
    pub fn new(symbols: Vec<Symbol>, scenarios: Vec<JointMove>) -> Result<Self, SimulationError> {
        if scenarios.is_empty() {
            return Err(SimulationError::NoLosses);
        }
        for scenario in &scenarios {
            for (index, symbol) in symbols.iter().enumerate() {
                let factor = scenario.factors.get(index).copied().unwrap_or(f64::NAN);
                if !(LEAST_FACTOR..=MOST_FACTOR).contains(&factor) {
                    let (scenario, symbol) = (scenario.name.clone(), symbol.clone());
                    return Err(SimulationError::Factor { scenario, symbol, factor });
                }
            }
        }
        Ok(Self { symbols, scenarios })
    }

    /// The same moves of these underlyings alone, in this order.
    ///
    /// # Errors
    /// When the set does not move one of them.
    pub fn of(&self, symbols: &[Symbol]) -> Result<Self, SimulationError> {
        let place = |symbol: &Symbol| {
            let found = self.symbols.iter().position(|other| other == symbol);
            found.ok_or_else(|| SimulationError::NoCloses(symbol.clone()))
        };
        let places = symbols.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let scenarios = self.scenarios.iter().map(|scenario| JointMove {
            name: scenario.name.clone(),
            factors: places.iter().map(|place| scenario.factors[*place]).collect(),
        });
        Ok(Self { symbols: symbols.to_vec(), scenarios: scenarios.collect() })
    }

    /// The underlyings, in the order of the factors.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The moves.
    pub fn scenarios(&self) -> &[JointMove] {
        &self.scenarios
    }

    /// The digest of the factors and what they are of, to the last bit: the first
    /// 31 bytes of Keccak-256 of a text that says what follows, the number of
    /// underlyings and of scenarios, the symbols, and the bits of the factors,
    /// each big-endian. Names do not count.
    pub fn digest(&self) -> ModelDigest {
        let mut bytes = b"zkmargin scenario set 1\n".to_vec();
        for count in [self.symbols.len(), self.scenarios.len()] {
            bytes.extend((count as u64).to_be_bytes());
        }
        for symbol in &self.symbols {
            bytes.extend(symbol.as_str().as_bytes());
            bytes.push(b'\n');
        }
        for factor in self.scenarios.iter().flat_map(|scenario| &scenario.factors) {
            bytes.extend(factor.to_bits().to_be_bytes());
        }
        ModelDigest::of(&bytes)
    }
}

/// The last changes of a history that is long enough.
fn last(
    history: &History,
    count: usize,
    horizon: usize,
) -> Result<Vec<JointMove>, SimulationError> {
    let rows = history.days().len();
    let at = |row: usize| {
        let name = history.days().get(row).map(Day::to_string).unwrap_or_default();
        Ok(JointMove { name, factors: history.change(row, horizon)? })
    };
    (rows.saturating_sub(count)..rows).map(at).collect()
}

/// The change up to a day.
fn on(history: &History, day: Day, horizon: usize) -> Result<JointMove, SimulationError> {
    let missing = |_| SimulationError::NoDay(day);
    let row = history.days().binary_search(&day).map_err(missing)?;
    let factors = history.change(row, horizon).map_err(|_| SimulationError::NoDay(day))?;
    Ok(JointMove { name: day.to_string(), factors })
}

/// Systematic resampling by age, the oldest first again.
fn resampled(moves: &[JointMove], scenarios: usize, lambda: f64) -> Vec<JointMove> {
    let whole = 1.0 - pow(lambda, moves.len() as f64);
    let (mut sum, mut weight) = (0.0, (1.0 - lambda) / whole);
    let mut newest = moves.iter().rev().peekable();
    let mut chosen = Vec::with_capacity(scenarios);
    for index in 0..scenarios {
        let target = (index as f64 + 0.5) / scenarios as f64;
        // The last stays where the sum of weights falls short by its last bits.
        while sum + weight <= target && newest.len() > 1 {
            sum += weight;
            weight *= lambda;
            newest.next();
        }
        chosen.extend(newest.peek().map(|chosen| (*chosen).clone()));
    }
    chosen.reverse();
    chosen
}

/// Changes scaled by today's volatility over that of their day, for each
/// underlying by itself.
fn scaled(
    history: &History,
    mut moves: Vec<JointMove>,
    lambda: f64,
) -> Result<Vec<JointMove>, SimulationError> {
    for (place, symbol) in history.symbols().iter().enumerate() {
        let returns: Vec<f64> = moves.iter().map(|change| ln(change.factors[place])).collect();
        let scaled = filtered(&returns, lambda)?;
        let scaled = scaled.ok_or_else(|| SimulationError::Still(symbol.clone()))?;
        for (change, scaled) in moves.iter_mut().zip(scaled) {
            change.factors[place] = exp(scaled);
        }
    }
    Ok(moves)
}
