//! The account under moves of spot and volatility, as a heat map.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend};
use zkmargin_params::scenario::StressPoint;

use super::map::{Cell, LEFT, ROW, TOP, cell, frame, width};
use super::text::{Anchor, Ink, put};
use super::{BLACK, GREY, MARGIN, PlotError, WIDTH};
use crate::figures::change;

/// Most pixels that the map is high.
const MOST: i32 = 640;
/// Gap below it.
const BOTTOM: i32 = 84;

/// Draws the balance over maintenance margin; the worst field has a frame.
pub(super) fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    points: &[Vec<StressPoint>],
    quote: &str,
) -> Result<(), PlotError> {
    let title = format!("Balance over maintenance margin under stress, in {quote}");
    put(area, &title, (MARGIN, 24), Ink::new(36, BLACK).bold(), Anchor::Left)?;
    let (columns, rows) = (points.len(), rows(points));
    let breadth = i32::try_from(WIDTH).unwrap_or(i32::MAX) - LEFT - MARGIN;
    let x = edges(LEFT, breadth, columns);
    let y = edges(TOP, map_height(points), rows);
    labels(area, points, &x, &y)?;
    let balances = points.iter().flatten().map(|point| point.maintenance_margin);
    let (scale, worst) = balances.fold((0.0_f64, f64::INFINITY), |(scale, worst), balance| {
        (scale.max(balance.abs()), worst.min(balance))
    });
    let mut framed = None;
    for (column, spots) in points.iter().enumerate() {
        for (row, point) in spots.iter().enumerate() {
            let corners = [(x[column], y[row]), (x[column + 1], y[row + 1])];
            let is_worst = point.maintenance_margin == worst && framed.is_none();
            framed = framed.or(is_worst.then_some(corners));
            let field = Cell { pnl: point.maintenance_margin, is_worst };
            cell(area, corners, Some(&field), scale)?;
        }
    }
    // Last, so that no neighbour covers it.
    framed.map_or(Ok(()), |corners| frame(area, corners))
}

/// The factors beside the map: only as many as have room.
fn labels<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    points: &[Vec<StressPoint>],
    x: &[i32],
    y: &[i32],
) -> Result<(), PlotError> {
    let ink = Ink::new(28, GREY);
    put(area, "spot", (LEFT - 28, TOP - 26), ink, Anchor::Right)?;
    let mut free = LEFT;
    for (spots, edge) in points.iter().zip(x.windows(2)) {
        let (Some(point), &[left, right]) = (spots.first(), edge) else { continue };
        let text = change(point.shock.spot);
        let (middle, half) = ((left + right) / 2, width(&text) / 2);
        if middle - half >= free {
            put(area, &text, (middle, TOP - 26), ink, Anchor::Center)?;
            free = middle + half;
        }
    }
    let mut free = TOP;
    for (point, edge) in points.first().into_iter().flatten().zip(y.windows(2)) {
        let &[top, bottom] = edge else { continue };
        let middle = (top + bottom) / 2;
        if middle - 18 >= free {
            let text = format!("volatility {}", change(point.shock.vol));
            put(area, &text, (LEFT - 28, middle), ink, Anchor::Right)?;
            free = middle + 18;
        }
    }
    Ok(())
}

/// Where so many fields begin and end, in so much room.
fn edges(start: i32, room: i32, fields: usize) -> Vec<i32> {
    let count = i64::try_from(fields.max(1)).unwrap_or(i64::MAX);
    let edge = |index: usize| {
        let part = i64::from(room) * i64::try_from(index).unwrap_or(0) / count;
        start + i32::try_from(part).unwrap_or(room)
    };
    (0..=fields).map(edge).collect()
}

fn rows(points: &[Vec<StressPoint>]) -> usize {
    points.iter().map(Vec::len).max().unwrap_or(0)
}

fn map_height(points: &[Vec<StressPoint>]) -> i32 {
    i32::try_from(rows(points)).unwrap_or(i32::MAX).saturating_mul(ROW).min(MOST)
}

/// Height of this part of a picture.
pub(super) fn height(points: &[Vec<StressPoint>]) -> u32 {
    (TOP + map_height(points) + BOTTOM).unsigned_abs()
}
