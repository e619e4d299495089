//! Fields of a heat map.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement, Rectangle};
use plotters::style::{Color as _, RGBColor};

use super::text::{Anchor, Ink, put, short};
use super::{BLACK, PAPER, PlotError, mix};

const LOSS: RGBColor = RGBColor(201, 42, 42);
const PROFIT: RGBColor = RGBColor(28, 126, 214);
const NOTHING: RGBColor = RGBColor(241, 243, 245);

/// Where the fields begin.
pub(super) const LEFT: i32 = 300;
pub(super) const TOP: i32 = 124;
pub(super) const ROW: i32 = 104;
/// A field of the map.
pub(super) struct Cell {
    pub(super) pnl: f64,
    pub(super) is_worst: bool,
}

pub(super) fn cell<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    corners: [(i32, i32); 2],
    cell: Option<&Cell>,
    scale: f64,
) -> Result<(), PlotError> {
    let [(left, top), (right, bottom)] = corners;
    let fill = cell.map_or(PAPER, |cell| {
        let side = if cell.pnl < 0.0 { LOSS } else { PROFIT };
        // The root, so that small losses can be told apart beside large ones.
        mix(NOTHING, side, (cell.pnl.abs() / scale.max(f64::MIN_POSITIVE)).sqrt() * 0.92)
    });
    let inner = [(left + 2, top + 2), (right - 2, bottom - 2)];
    area.draw(&Rectangle::new(inner, fill.filled()))?;
    let Some(cell) = cell else { return Ok(()) };
    let dark = u32::from(fill.0) * 3 + u32::from(fill.1) * 6 + u32::from(fill.2) < 1500;
    let ink = Ink::new(28, if dark { PAPER } else { BLACK });
    let ink = if cell.is_worst { ink.bold() } else { ink };
    let figure = short(cell.pnl);
    // A figure that its field has no room for would stand in the next one.
    if right - left < width(&figure) || bottom - top < 40 {
        return Ok(());
    }
    let middle = ((left + right) / 2, (top + bottom) / 2);
    put(area, &figure, middle, ink, Anchor::Center)
}

/// A frame as a path: SVG rectangles of the backend have no width of line.
pub(super) fn frame<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    [(left, top), (right, bottom)]: [(i32, i32); 2],
) -> Result<(), PlotError> {
    // Past the first corner, so that it is closed at full width.
    let path =
        [(left, top), (right, top), (right, bottom), (left, bottom), (left, top), (left + 4, top)];
    Ok(area.draw(&PathElement::new(path, BLACK.stroke_width(6)))?)
}

/// The room that a text of the map takes, about: digits are three fifths of their
/// height wide.
pub(super) fn width(text: &str) -> i32 {
    17 * i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 17) + 12
}
