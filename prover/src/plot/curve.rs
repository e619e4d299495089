//! Equity and margin against the price of the underlying.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Circle, DashedLineSeries, DrawingArea, DrawingBackend, EmptyElement, LineSeries, PathElement,
    Rectangle, Text,
};
use plotters::style::{Color as _, RGBColor, ShapeStyle};
use zkmargin_margin::claim::Level;
use zkmargin_params::scenario::{Crossing, StressPoint};

use super::text::{Anchor, Ink, price, put, round, round_price};
use super::{BLACK, GREY, MARGIN, PAPER, Picture, PlotError};

const EQUITY: RGBColor = RGBColor(24, 100, 171);
const INITIAL: RGBColor = RGBColor(240, 140, 0);
const MAINTENANCE: RGBColor = RGBColor(201, 42, 42);
/// Between a line and its text.
const BESIDE: i32 = 14;
const LINES: RGBColor = RGBColor(233, 236, 239);

type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// A level, its colour, and what is written at a price where it is lost.
type Line = (Level, RGBColor, &'static str);

const REQUIREMENTS: [Line; 2] = [
    (Level::Initial, INITIAL, "initial margin"),
    (Level::Maintenance, MAINTENANCE, "maintenance margin"),
];

pub(super) fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    picture: &Picture<'_>,
) -> Result<(), PlotError> {
    let title = format!("Equity and margin against {}, in {}", picture.axis, picture.quote);
    put(area, &title, (MARGIN, 24), Ink::new(36, BLACK).bold(), Anchor::Left)?;
    let (Some(first), Some(last)) = (picture.curve.first(), picture.curve.last()) else {
        return put(area, "no curve", (MARGIN, 120), Ink::new(28, GREY), Anchor::Left);
    };
    let (low, high) = bounds(picture.curve);
    let mut chart = ChartBuilder::on(area)
        .margin_top(128)
        .margin_right(56)
        .margin_bottom(28)
        .x_label_area_size(80)
        .y_label_area_size(176)
        .build_cartesian_2d(first.spot..last.spot, low..high)?;
    shade(&mut chart, picture.curve, low, high)?;
    chart
        .configure_mesh()
        .light_line_style(plotters::style::TRANSPARENT)
        .bold_line_style(LINES.stroke_width(2))
        .axis_style(GREY.stroke_width(2))
        .set_all_tick_mark_size(10)
        .x_labels(12)
        .y_labels(8)
        .label_style(Ink::new(28, GREY).style())
        .x_label_formatter(&|value| round_price(*value))
        .y_label_formatter(&|value| round(*value))
        .draw()?;
    if low < 0.0 && high > 0.0 {
        let zero = [(first.spot, 0.0), (last.spot, 0.0)];
        chart.draw_series(LineSeries::new(zero, GREY.stroke_width(2)))?;
    }
    for (level, color, _) in REQUIREMENTS {
        let required = picture.curve.iter().map(|p| (p.spot, p.equity - p.balance(level)));
        chart.draw_series(LineSeries::new(required, color.stroke_width(4)))?;
    }
    let equity = picture.curve.iter().map(|point| (point.spot, point.equity));
    chart.draw_series(LineSeries::new(equity, EQUITY.stroke_width(6)))?;
    crossings(&mut chart, picture, low, high)?;
    now(&mut chart, picture, low, high)?;
    legend(area)
}

/// Least and largest figure, with some air.
fn bounds(curve: &[StressPoint]) -> (f64, f64) {
    let figures = curve.iter().flat_map(|point| {
        [point.equity, point.equity - point.maintenance_margin, point.equity - point.initial_margin]
    });
    let (low, high) = figures.fold((0.0_f64, 0.0_f64), |(low, high), f| (low.min(f), high.max(f)));
    let air = 0.06 * (high - low).max(1e-9);
    (if low < 0.0 { low - air } else { low }, high + air)
}

/// Where the account is short of a margin, the ground is coloured.
fn shade<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    curve: &[StressPoint],
    low: f64,
    high: f64,
) -> Result<(), PlotError> {
    for (level, color, _) in REQUIREMENTS {
        let short = |point: &StressPoint| point.balance(level) < 0.0;
        let mut start: Option<f64> = None;
        for pair in curve.windows(2) {
            let [left, right] = pair else { continue };
            let crossing = between(left, right, level);
            match (short(left), short(right)) {
                (true, _) if start.is_none() => start = Some(left.spot),
                (false, true) => start = Some(crossing),
                _ => {}
            }
            let end = match (short(left), short(right)) {
                (true, false) => Some(crossing),
                (_, true) if right == &curve[curve.len() - 1] => Some(right.spot),
                _ => None,
            };
            if let (Some(from), Some(to)) = (start, end) {
                let ground = Rectangle::new([(from, low), (to, high)], color.mix(0.11).filled());
                chart.draw_series([ground])?;
                start = None;
            }
        }
    }
    Ok(())
}

/// Where the straight line between two points has no balance.
fn between(left: &StressPoint, right: &StressPoint, level: Level) -> f64 {
    let (a, b) = (left.balance(level), right.balance(level));
    match a == b {
        true => left.spot,
        false => left.spot + (right.spot - left.spot) * (a / (a - b)).clamp(0.0, 1.0),
    }
}

/// The price as it is.
fn now<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    picture: &Picture<'_>,
    low: f64,
    high: f64,
) -> Result<(), PlotError> {
    let Some(point) = picture.curve.iter().find(|point| point.shock.spot == 1.0) else {
        return Ok(());
    };
    let line = [(point.spot, low), (point.spot, high)];
    chart.draw_series(DashedLineSeries::new(line, 10, 8, GREY.stroke_width(2)))?;
    chart.draw_series([Circle::new((point.spot, point.equity), 10, EQUITY.filled())])?;
    let place = (point.spot, high - 0.03 * (high - low));
    let text = format!("now {}", price(point.spot));
    label(chart, &text, place, Ink::new(28, BLACK), (Anchor::Left, BESIDE))
}

/// The prices at which a level is lost or met again.
fn crossings<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    picture: &Picture<'_>,
    low: f64,
    high: f64,
) -> Result<(), PlotError> {
    let range = chart.x_range();
    let of_level = |(level, color, _): Line| {
        let thresholds = picture.thresholds.iter().filter(move |found| found.level == level);
        let crossings = thresholds.flat_map(|found| found.crossings.iter().copied());
        crossings.map(move |crossing| (crossing, color))
    };
    let seen = |(crossing, _): &(Crossing, RGBColor)| range.contains(&crossing.spot);
    let crossings: Vec<_> = REQUIREMENTS.into_iter().flat_map(of_level).filter(seen).collect();
    for (crossing, color) in &crossings {
        let line = [(crossing.spot, low), (crossing.spot, high)];
        chart.draw_series(DashedLineSeries::new(line, 10, 8, color.stroke_width(4)))?;
    }
    // Prices stand on lines of their own, after all that they could be crossed by:
    // crossings can be close to each other.
    let mut heights = (0..8_u32).map(|row| 0.10 + 0.07 * f64::from(row)).cycle();
    for (crossing, color) in &crossings {
        let height = heights.next().unwrap_or(0.10);
        let place = (crossing.spot, high - height * (high - low));
        let (anchor, shift) = side(crossing, &range);
        label(chart, &price(crossing.spot), place, Ink::new(28, *color).bold(), (anchor, shift))?;
    }
    Ok(())
}

/// A text beside a place, on paper of its own: what it covers does not cross it.
fn label<DB: DrawingBackend>(
    chart: &mut Chart<'_, DB>,
    text: &str,
    place: (f64, f64),
    ink: Ink,
    (anchor, shift): (Anchor, i32),
) -> Result<(), PlotError> {
    let style = ink.style().pos(anchor.pos());
    let (width, height) = chart.plotting_area().estimate_text_size(text, &style)?;
    let [width, height] = [width, height].map(|size| i32::try_from(size).unwrap_or(0));
    let (left, right) = match anchor {
        Anchor::Right => (shift - width, shift),
        _ => (shift, shift + width),
    };
    let half = height / 2 + 6;
    let paper = Rectangle::new([(left - 6, -half), (right + 6, half)], PAPER.mix(0.9).filled());
    let text = Text::new(text.to_owned(), (shift, 0), style);
    chart.draw_series([EmptyElement::at(place) + paper + text])?;
    Ok(())
}

/// The side of a crossing's line that its price stands on: where the level is
/// lost, if there is room.
fn side(crossing: &Crossing, range: &std::ops::Range<f64>) -> (Anchor, i32) {
    let part = (crossing.spot - range.start) / (range.end - range.start);
    let left = if crossing.met_above { part > 0.1 } else { part > 0.9 };
    if left { (Anchor::Right, -BESIDE) } else { (Anchor::Left, BESIDE) }
}

fn legend<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
    let mut x = 176;
    let mut entry = |name: &str, color: RGBColor, width: u32, next: i32| {
        let style: ShapeStyle = color.stroke_width(width);
        area.draw(&PathElement::new([(x, 92), (x + 56, 92)], style))?;
        put(area, name, (x + 72, 92), Ink::new(28, BLACK), Anchor::Left)?;
        x += next;
        Ok::<(), PlotError>(())
    };
    entry("equity", EQUITY, 6, 240)?;
    for (_, color, name) in REQUIREMENTS {
        entry(name, color, 4, 400)?;
    }
    put(area, "coloured ground: short of it", (x, 92), Ink::new(28, GREY), Anchor::Left)
}
