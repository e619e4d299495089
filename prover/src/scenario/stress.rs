//! An account under stress: a grid of shocks, and where its levels are lost.

use std::fmt;

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_params::scenario::{Crossing, Scan, Shock, StressPoint, Stressable, Threshold};

use crate::figures::{Table, change, fixed, money};
use crate::human;

/// The levels that are looked for.
pub const LEVELS: [Level; 3] = [Level::Initial, Level::Maintenance, Level::MarginCall];

/// What a stress test found, in quote currency.
#[derive(Clone, PartialEq, Serialize)]
pub struct StressReport {
    /// The account as it is.
    pub now: StressPoint,
    /// The range of prices that was looked at.
    pub scan: Scan,
    /// Where each level is lost or met again.
    pub thresholds: Vec<Threshold>,
    /// A row for each factor on spot, a point for each on volatility.
    pub grid: Vec<Vec<StressPoint>>,
    /// Of an account on several underlyings, what moves: prices of all together are in percent
    /// of what they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<String>,
    /// Where levels are lost when each of them moves alone; where all move together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alone: Vec<Alone>,
}

/// Where levels are lost when one underlying moves and all others stand still.
#[derive(Clone, PartialEq, Serialize)]
pub struct Alone {
    /// The underlying.
    pub underlying: String,
    /// Where each level is lost or met again.
    pub thresholds: Vec<Threshold>,
}

/// The figures are secret.
impl fmt::Debug for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alone(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for StressReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StressReport(..)")
    }
}

impl StressReport {
    /// Runs a stress test: the grid, the scan, and the points of the scan. Of several
    /// underlyings the one of a place moves alone, or all together and each alone too.
    ///
    /// # Errors
    /// When a factor or the scan is out of range.
    pub fn new<T: Stressable>(
        test: &T,
        moved: Option<usize>,
        scan: Scan,
        (spots, vols): (&[f64], &[f64]),
    ) -> Result<(Self, Vec<StressPoint>), T::Error> {
        let underlyings: Vec<String> = test.underlyings().map(ToString::to_string).collect();
        let mut alone = Vec::new();
        if underlyings.len() > 1 && moved.is_none() {
            for (index, underlying) in underlyings.iter().cloned().enumerate() {
                let (thresholds, _) = test.moving(Some(index)).thresholds(&scan, &LEVELS)?;
                alone.push(Alone { underlying, thresholds });
            }
        }
        let test = test.moving(moved);
        let moved = match (underlyings.as_slice(), moved) {
            ([_], _) => Vec::new(),
            (each, Some(index)) => each.get(index).cloned().into_iter().collect(),
            (each, None) => each.to_vec(),
        };
        let row = |spot: &f64| {
            let shocks: Vec<_> = vols.iter().map(|&vol| Shock { spot: *spot, vol }).collect();
            test.at_all(&shocks)
        };
        let grid = spots.iter().map(row).collect::<Result<_, _>>()?;
        let now = test.at(Shock::NONE)?;
        let (thresholds, points) = test.thresholds(&scan, &LEVELS)?;
        Ok((Self { now, scan, thresholds, grid, moved, alone }, points))
    }

    /// The report for people.
    pub fn lines(&self, quote: &str) -> Vec<String> {
        let spot = match self.moved.as_slice() {
            [] => Some(format!("spot          {}", money(self.now.spot))),
            [one] => Some(format!("spot          {} {one}", money(self.now.spot))),
            // Prices of several are in percent of what they are.
            _ => None,
        };
        let mut lines: Vec<String> = spot.into_iter().collect();
        lines.extend([
            format!("level         {}", human::level(self.now.level)),
            format!("equity        {} {quote}", money(self.now.equity)),
            String::new(),
            self.heading(),
        ]);
        lines.extend(threshold_lines(&self.thresholds, self.together()));
        let others = if self.alone.len() > 2 { "the others" } else { "the other" };
        for alone in &self.alone {
            lines.extend([
                String::new(),
                format!("{} alone, {others} standing still", alone.underlying),
            ]);
            lines.extend(threshold_lines(&alone.thresholds, false));
        }
        if !self.grid.is_empty() {
            lines.push(String::new());
            lines.push(format!(
                "Balance over maintenance margin in {quote}, by moves of spot and volatility"
            ));
            lines.extend(self.grid_lines());
            lines.push("~ short of initial margin, * margin call, ** bankrupt".to_owned());
        }
        lines
    }

    fn heading(&self) -> String {
        let price = |factor: f64| match self.together() {
            true => change(factor),
            false => fixed(self.now.spot * factor, 0),
        };
        let what = match self.moved.as_slice() {
            [] => "spot".to_owned(),
            moved => moved.join(" and "),
        };
        let vol = match self.scan.vol == 1.0 {
            true => String::new(),
            false => format!(" and volatility at {}", change(self.scan.vol)),
        };
        format!(
            "Where levels are lost, with {what} from {} to {}{vol}",
            price(self.scan.least),
            price(self.scan.most),
        )
    }

    /// Whether prices of several underlyings move by one factor.
    fn together(&self) -> bool {
        self.moved.len() > 1
    }

    fn grid_lines(&self) -> Vec<String> {
        let first = self.grid.first().map_or(&[][..], Vec::as_slice);
        let vols = first.iter().map(|point| format!("vol {}", change(point.shock.vol)));
        let heads: Vec<String> =
            ["spot".to_owned(), String::new()].into_iter().chain(vols).collect();
        let mut table = Table::new(0, heads.iter().map(String::as_str));
        for row in &self.grid {
            let Some(point) = row.first() else { continue };
            let head = [change(point.shock.spot), fixed(point.spot, 0)];
            table.row(head.into_iter().chain(row.iter().map(cell)));
        }
        table.lines()
    }
}

/// Where levels are lost, as a table.
fn threshold_lines(thresholds: &[Threshold], together: bool) -> Vec<String> {
    let mut table = Table::new(4, ["level", "now", "below", "above"]);
    for threshold in thresholds {
        let met = threshold.met;
        let side = |crossing: &Option<Crossing>| match crossing {
            None => format!("{} throughout", if met { "met" } else { "short" }),
            Some(crossing) => {
                let what = if met { "lost at" } else { "met from" };
                format!("{what} {}", place(crossing, together))
            }
        };
        table.row([
            name(threshold.level).to_owned(),
            if met { "met" } else { "short" }.to_owned(),
            side(&threshold.down),
            side(&threshold.up),
        ]);
    }
    let mut lines = table.lines();
    lines.extend(thresholds.iter().filter_map(|found| further(found, together)));
    lines
}

/// A balance and a sign of what it means, as wide as the widest sign.
fn cell(point: &StressPoint) -> String {
    let sign = match point.level {
        Level::Bankrupt => "**",
        Level::MarginCall => "* ",
        Level::Maintenance => "~ ",
        Level::Initial => "  ",
    };
    format!("{} {sign}", fixed(point.maintenance_margin, 0))
}

/// A level as what is met there.
fn name(level: Level) -> &'static str {
    match level {
        Level::Initial => "initial margin",
        Level::Maintenance => "maintenance margin",
        Level::MarginCall | Level::Bankrupt => "solvency",
    }
}

/// A price and its move; of several prices the move alone.
fn place(crossing: &Crossing, together: bool) -> String {
    match together {
        true => change(crossing.spot_factor),
        false => format!("{} ({})", money(crossing.spot), change(crossing.spot_factor)),
    }
}

/// The crossings beyond the nearest ones, where there are any.
fn further(threshold: &Threshold, together: bool) -> Option<String> {
    let nearest = [threshold.down, threshold.up];
    let others: Vec<String> = threshold
        .crossings
        .iter()
        .filter(|crossing| !nearest.contains(&Some(**crossing)))
        .map(|crossing| {
            let side = if crossing.met_above { "met above" } else { "lost above" };
            format!("{side} {}", place(crossing, together))
        })
        .collect();
    let list = others.join(", ");
    (!others.is_empty()).then(|| format!("{} further: {list}", name(threshold.level)))
}
