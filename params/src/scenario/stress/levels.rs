//! At which prices of the underlying an account changes its level.
//!
//! The range is looked at from end to end in equal steps of the logarithm; where
//! the balance comes near zero between steps and turns, the turn is searched for
//! too; then each crossing is closed in on by bisection. What could still be
//! missed is a second turn within one step.

use serde::Serialize;
use zkmargin_margin::claim::Level;

use super::{FACTORS, Shock, StressPoint, Stressable};
use crate::scenario::error::{Problem, ScenarioError, within};

/// Most steps of a scan.
pub const MAX_STEPS: usize = 100_000;
/// Bisections, and steps towards a turn: past the resolution of a price.
const REFINEMENTS: usize = 50;
/// The part of a bracket that a golden section keeps.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// A range of prices to look at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scan {
    /// Least factor on spot, at most 1.
    pub least: f64,
    /// Largest factor on spot, at least 1.
    pub most: f64,
    /// Relative step: 0.005 is half a percent.
    pub step: f64,
    /// Factor on volatilities, the same at all prices.
    pub vol: f64,
}

impl Default for Scan {
    /// From a tenth of spot to four times spot in steps of half a percent.
    fn default() -> Self {
        Self { least: 0.1, most: 4.0, step: 0.005, vol: 1.0 }
    }
}

impl Scan {
    /// The shocks, in order of price; spot as it is among them.
    ///
    /// # Errors
    /// When a field is out of range, or there are more than [`MAX_STEPS`].
    pub fn shocks(&self) -> Result<Vec<Shock>, ScenarioError> {
        within("least spot factor", self.least, *FACTORS.start()..=1.0)?;
        within("largest spot factor", self.most, 1.0..=*FACTORS.end())?;
        within("step", self.step, 1e-6..=1.0)?;
        within("vol factor", self.vol, FACTORS)?;
        let mut factors = vec![1.0];
        let (down, up) = (1.0 / (1.0 + self.step), 1.0 + self.step);
        for (ratio, end) in [(down, self.least), (up, self.most)] {
            let mut factor = ratio;
            while (factor - end) * (ratio - 1.0) < 0.0 {
                factors.push(factor);
                if factors.len() > MAX_STEPS {
                    let problem =
                        Problem::Count { count: factors.len(), least: 1, most: MAX_STEPS };
                    return Err(ScenarioError::at("steps of the scan", problem));
                }
                factor *= ratio;
            }
            if end != 1.0 {
                factors.push(end);
            }
        }
        factors.sort_unstable_by(f64::total_cmp);
        Ok(factors.into_iter().map(|spot| Shock { spot, vol: self.vol }).collect())
    }
}

/// A price at which a level is lost or met again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Crossing {
    /// Factor on spot.
    pub spot_factor: f64,
    /// The price of the underlying.
    pub spot: f64,
    /// Whether the level is met above the price, and not below it.
    pub met_above: bool,
}

/// Where an account meets a level, within a range of prices.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The level.
    pub level: Level,
    /// Whether it is met at spot as it is.
    pub met: bool,
    /// The nearest crossing below spot.
    pub down: Option<Crossing>,
    /// The nearest crossing above spot.
    pub up: Option<Crossing>,
    /// All crossings, in order of price.
    pub crossings: Vec<Crossing>,
}

/// Where an account changes its level, and the scan it was found by.
pub(super) fn thresholds<T: Stressable>(
    test: &T,
    scan: &Scan,
    levels: &[Level],
) -> Result<(Vec<Threshold>, Vec<StressPoint>), T::Error> {
    let points = test.at_all(&scan.shocks()?)?;
    let of_level = |level: &Level| threshold(test, &points, *level);
    Ok((levels.iter().map(of_level).collect::<Result<_, _>>()?, points))
}

/// Where a level is met along a scan.
fn threshold<T: Stressable>(
    test: &T,
    points: &[StressPoint],
    level: Level,
) -> Result<Threshold, T::Error> {
    let mut crossings = Vec::new();
    let with_turns = with_turns(test, points, level)?;
    for pair in with_turns.windows(2) {
        if is_met(&pair[0], level) != is_met(&pair[1], level) {
            crossings.push(bisect(test, pair[0], pair[1], level)?);
        }
    }
    let now = with_turns.iter().find(|point| point.shock.spot == 1.0);
    Ok(Threshold {
        level,
        met: now.is_some_and(|point| is_met(point, level)),
        down: crossings.iter().rev().find(|crossing| crossing.spot_factor <= 1.0).copied(),
        up: crossings.iter().find(|crossing| crossing.spot_factor > 1.0).copied(),
        crossings,
    })
}

/// The points, and between them those where the balance turns before it
/// reaches zero on the grid, and beyond zero off it.
fn with_turns<T: Stressable>(
    test: &T,
    points: &[StressPoint],
    level: Level,
) -> Result<Vec<StressPoint>, T::Error> {
    let mut all = points.to_vec();
    for three in points.windows(3) {
        let met = is_met(&three[1], level);
        // How far from the other side: least at the turn.
        let distance = |point: &StressPoint| point.balance(level) * if met { 1.0 } else { -1.0 };
        let same = three.iter().all(|point| is_met(point, level) == met);
        let [before, here, after] = [0, 1, 2].map(|place| distance(&three[place]));
        // Where nothing moves there is no turn to search for.
        let turns = here <= before && here <= after && (here < before || here < after);
        if same
            && turns
            && let Some(point) = turn(test, three, &distance)?
            && is_met(&point, level) != met
        {
            all.push(point);
        }
    }
    all.sort_by(|a, b| a.shock.spot.total_cmp(&b.shock.spot));
    Ok(all)
}

/// The nearest point to the other side between three, by golden section.
fn turn<T: Stressable>(
    test: &T,
    three: &[StressPoint],
    distance: &impl Fn(&StressPoint) -> f64,
) -> Result<Option<StressPoint>, T::Error> {
    let vol = three[1].shock.vol;
    let (mut low, mut high) = (three[0].shock.spot, three[2].shock.spot);
    let mut best = None;
    for _ in 0..REFINEMENTS {
        let inner = |part: f64| Shock { spot: low + part * (high - low), vol };
        let (left, right) = (test.at(inner(1.0 - GOLDEN))?, test.at(inner(GOLDEN))?);
        let nearer = if distance(&left) <= distance(&right) {
            high = right.shock.spot;
            left
        } else {
            low = left.shock.spot;
            right
        };
        best = Some(nearer);
        if distance(&nearer) < 0.0 {
            break;
        }
    }
    Ok(best)
}

/// The crossing between two points, one of which meets the level.
fn bisect<T: Stressable>(
    test: &T,
    mut low: StressPoint,
    mut high: StressPoint,
    level: Level,
) -> Result<Crossing, T::Error> {
    let met_above = is_met(&high, level);
    for _ in 0..REFINEMENTS {
        let spot = 0.5 * (low.shock.spot + high.shock.spot);
        let middle = test.at(Shock { spot, vol: low.shock.vol })?;
        match is_met(&middle, level) == met_above {
            true => high = middle,
            false => low = middle,
        }
    }
    // The side on which the level is not met.
    let short = if met_above { low } else { high };
    Ok(Crossing { spot_factor: short.shock.spot, spot: short.spot, met_above })
}

/// Whether an account is at a level: its balance is not negative.
fn is_met(point: &StressPoint, level: Level) -> bool {
    point.balance(level) >= 0.0
}
