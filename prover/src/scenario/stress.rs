//! An account under stress: a grid of shocks, and where its levels are lost.

use std::fmt;

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_params::scenario::{
    Crossing, Scan, ScenarioError, Shock, StressPoint, StressTest, Threshold,
};

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
}

/// The figures are secret.
impl fmt::Debug for StressReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StressReport(..)")
    }
}

impl StressReport {
    /// Runs a stress test: the grid, the scan, and the points of the scan.
    ///
    /// # Errors
    /// When a factor or the scan is out of range.
    pub fn new(
        test: &StressTest<'_>,
        scan: Scan,
        spots: &[f64],
        vols: &[f64],
    ) -> Result<(Self, Vec<StressPoint>), ScenarioError> {
        let row = |spot: &f64| {
            let shocks: Vec<_> = vols.iter().map(|&vol| Shock { spot: *spot, vol }).collect();
            test.at_all(&shocks)
        };
        let grid = spots.iter().map(row).collect::<Result<_, _>>()?;
        let now = test.at(Shock::NONE)?;
        let (thresholds, points) = test.thresholds(&scan, &LEVELS)?;
        Ok((Self { now, scan, thresholds, grid }, points))
    }

    /// The report for people.
    pub fn lines(&self, quote: &str) -> Vec<String> {
        let mut lines = vec![
            format!("spot          {}", money(self.now.spot)),
            format!("level         {}", human::level(self.now.level)),
            format!("equity        {} {quote}", money(self.now.equity)),
            String::new(),
            self.heading(),
        ];
        lines.extend(self.threshold_lines());
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
        let price = |factor: f64| fixed(self.now.spot * factor, 0);
        let vol = match self.scan.vol == 1.0 {
            true => String::new(),
            false => format!(" and volatility at {}", change(self.scan.vol)),
        };
        format!(
            "Where levels are lost, with spot from {} to {}{vol}",
            price(self.scan.least),
            price(self.scan.most),
        )
    }

    fn threshold_lines(&self) -> Vec<String> {
        let mut table = Table::new(4, ["level", "now", "below", "above"]);
        for threshold in &self.thresholds {
            let met = threshold.met;
            let side = |crossing: &Option<Crossing>| match crossing {
                None => format!("{} throughout", if met { "met" } else { "short" }),
                Some(crossing) => {
                    let what = if met { "lost at" } else { "met from" };
                    format!("{what} {}", place(crossing))
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
        lines.extend(self.thresholds.iter().filter_map(further));
        lines
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

fn place(crossing: &Crossing) -> String {
    format!("{} ({})", money(crossing.spot), change(crossing.spot_factor))
}

/// The crossings beyond the nearest ones, where there are any.
fn further(threshold: &Threshold) -> Option<String> {
    let nearest = [threshold.down, threshold.up];
    let others: Vec<String> = threshold
        .crossings
        .iter()
        .filter(|crossing| !nearest.contains(&Some(**crossing)))
        .map(|crossing| {
            let side = if crossing.met_above { "met above" } else { "lost above" };
            format!("{side} {}", place(crossing))
        })
        .collect();
    let list = others.join(", ");
    (!others.is_empty()).then(|| format!("{} further: {list}", name(threshold.level)))
}
