//! The losses: a heat map of spot and volatility, and what else could be the
//! worst.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend};
use zkmargin_params::scenario::MarginReport;
use zkmargin_params::scenario::parameters::{LossGroup, VolShockDirection};

use super::map::{Cell, LEFT, ROW, TOP, cell, frame};
use super::text::{Anchor, Ink, put};
use super::{BLACK, GREY, MARGIN, PlotError, WIDTH};
use crate::figures::change;

/// Gap between the map and the row of other losses.
const GAP: i32 = 68;
/// Height and width of a cell of that row.
const OTHER: (i32, i32) = (80, 300);
/// Gap below it.
const BOTTOM: i32 = 84;

const ROWS: [(VolShockDirection, &str); 3] = [
    (VolShockDirection::Up, "volatility up"),
    (VolShockDirection::None, "unchanged"),
    (VolShockDirection::Down, "volatility down"),
];

pub(super) fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    report: &MarginReport,
    quote: &str,
) -> Result<(), PlotError> {
    let title = format!("Profit and loss under each scenario, in {quote}");
    put(area, &title, (MARGIN, 24), Ink::new(36, BLACK).bold(), Anchor::Left)?;
    let largest = report.scenarios.iter().map(|line| line.pnl.abs());
    let scale = largest.fold(report.worst.pnl.abs(), f64::max);
    let columns = spots(report);
    let width = i32::try_from(WIDTH).unwrap_or(i32::MAX) - LEFT - MARGIN;
    let rows = rows(report);
    let count = i32::try_from(columns.len().max(1)).unwrap_or(1);
    let edge = |column: usize| LEFT + width * i32::try_from(column).unwrap_or(0) / count;
    for (column, spot) in columns.iter().enumerate() {
        let middle = (edge(column) + edge(column + 1)) / 2;
        put(area, &change(*spot), (middle, TOP - 26), Ink::new(28, GREY), Anchor::Center)?;
    }
    put(area, "spot", (LEFT - 28, TOP - 26), Ink::new(28, GREY), Anchor::Right)?;
    let mut y = TOP;
    for (vol, name) in &rows {
        put(area, name, (LEFT - 28, y + ROW / 2), Ink::new(28, GREY), Anchor::Right)?;
        for (column, spot) in columns.iter().enumerate() {
            let corners = [(edge(column), y), (edge(column + 1), y + ROW)];
            cell(area, corners, at(report, *spot, *vol).as_ref(), scale)?;
        }
        y += ROW;
    }
    // Worst last, so that no neighbour covers its frame.
    let mut y = TOP;
    for (vol, _) in &rows {
        for (column, spot) in columns.iter().enumerate() {
            if at(report, *spot, *vol).is_some_and(|cell| cell.is_worst) {
                frame(area, [(edge(column), y), (edge(column + 1), y + ROW)])?;
            }
        }
        y += ROW;
    }
    others(area, report, scale, y + GAP)
}

/// What is no move of spot and volatility: a row of cells of its own.
fn others<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    report: &MarginReport,
    scale: f64,
    y: i32,
) -> Result<(), PlotError> {
    let mut cells = Vec::new();
    for line in report.scenarios.iter().filter(|line| line.group == LossGroup::Skew) {
        let name = match line.vol_shock_direction {
            VolShockDirection::Linear => "skew, linear",
            _ => "skew, absolute",
        };
        cells.push((name, Cell { pnl: line.pnl, is_worst: line.is_worst }));
    }
    let worst = |group| report.worst.scenario.is_none() && report.worst.group == group;
    let basis = Cell { pnl: report.basis_contingency, is_worst: worst(LossGroup::FwdContingency) };
    let minimum = Cell { pnl: -report.minimum_charge, is_worst: worst(LossGroup::MinimumCharge) };
    cells.extend([("basis", basis), ("minimum charge", minimum)]);
    put(area, "other", (LEFT - 28, y + OTHER.0 / 2), Ink::new(28, GREY), Anchor::Right)?;
    let mut x = LEFT;
    for (name, value) in &cells {
        let corners = [(x, y), (x + OTHER.1, y + OTHER.0)];
        cell(area, corners, Some(value), scale)?;
        if value.is_worst {
            frame(area, corners)?;
        }
        put(area, name, (x + OTHER.1 / 2, y - 24), Ink::new(28, GREY), Anchor::Center)?;
        x += OTHER.1 + 24;
    }
    Ok(())
}

/// Height of this part of a picture.
pub(super) fn height(report: &MarginReport) -> u32 {
    let rows = i32::try_from(rows(report).len()).unwrap_or(0);
    (TOP + rows * ROW + GAP + OTHER.0 + BOTTOM).unsigned_abs()
}

/// The rows of the map that the model has scenarios in.
fn rows(report: &MarginReport) -> Vec<(VolShockDirection, &'static str)> {
    let has = |vol| report.scenarios.iter().any(|line| line.vol_shock_direction == vol);
    ROWS.into_iter().filter(|(vol, _)| has(*vol)).collect()
}

/// The factors on spot of the map, by size.
fn spots(report: &MarginReport) -> Vec<f64> {
    let mapped = report.scenarios.iter().filter(|line| line.group != LossGroup::Skew);
    let mut spots: Vec<f64> = mapped.map(|line| line.spot_shock).collect();
    spots.sort_by(f64::total_cmp);
    spots.dedup();
    spots
}

/// The worst scenario of a field: a model may count one move with two weights.
fn at(report: &MarginReport, spot: f64, vol: VolShockDirection) -> Option<Cell> {
    let of_field = report
        .scenarios
        .iter()
        .filter(|line| line.spot_shock == spot && line.vol_shock_direction == vol);
    of_field
        .map(|line| Cell { pnl: line.pnl, is_worst: line.is_worst })
        .min_by(|a, b| a.pnl.total_cmp(&b.pnl))
}
