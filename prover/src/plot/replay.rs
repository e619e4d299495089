//! A replay: margin rates day by day, and how far prices moved.

use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::prelude::{Circle, DrawingArea, DrawingBackend, PathElement};
use plotters::style::{Color as _, RGBColor};
use zkmargin_params::calibration::replay::{Replay, ReplayDay};

use super::render::{Drawing, head, render};
use super::text::{Anchor, Ink, put};
use super::{BLACK, Format, GREY, MARGIN, PlotError};
use crate::figures::fixed;

const MOVED: RGBColor = RGBColor(173, 181, 189);
const RULE: RGBColor = RGBColor(24, 100, 171);
const BARE: RGBColor = RGBColor(240, 140, 0);
const FIXED: RGBColor = RGBColor(43, 138, 62);
const BREACH: RGBColor = RGBColor(201, 42, 42);
const LINES: RGBColor = RGBColor(233, 236, 239);

/// Replays, in two columns where there are more than two.
#[derive(Clone, Copy, Debug)]
pub struct Replays<'a> {
    /// The title.
    pub title: &'a str,
    /// What stands below it.
    pub subtitle: &'a str,
    /// Each with what it is called.
    pub panels: &'a [(String, Replay)],
}

impl Replays<'_> {
    /// The picture as the bytes of a file.
    ///
    /// # Errors
    /// When it cannot be drawn or written.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        render(self, format)
    }
}

impl Drawing for Replays<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let body = head(area, self.title, self.subtitle)?;
        let columns = if self.panels.len() > 2 { 2 } else { 1 };
        let rows = self.panels.len().div_ceil(columns).max(1);
        for (panel, (name, replay)) in body.split_evenly((rows, columns)).iter().zip(self.panels) {
            draw(panel, name, replay)?;
        }
        Ok(())
    }
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    name: &str,
    replay: &Replay,
) -> Result<(), PlotError> {
    put(area, name, (MARGIN, 24), Ink::new(32, BLACK).bold(), Anchor::Left)?;
    legend(area)?;
    let days = &replay.days;
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(()) };
    let x = |day: &ReplayDay| f64::from(day.day.number());
    let figures = days.iter().flat_map(|day| [day.moved, day.bare, day.rate]);
    let high = figures.fold(replay.fixed_rate.max(1e-9), f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin_top(92)
        .margin_right(48)
        .margin_bottom(20)
        .x_label_area_size(48)
        .y_label_area_size(120)
        .build_cartesian_2d(x(first)..x(last) + 1.0, 0.0..1.04 * high)?;
    chart
        .configure_mesh()
        .light_line_style(plotters::style::TRANSPARENT)
        .bold_line_style(LINES.stroke_width(2))
        .axis_style(GREY.stroke_width(2))
        .x_labels(5)
        .y_labels(5)
        .label_style(Ink::new(26, GREY).style())
        .x_label_formatter(&|number| date(days, *number))
        .y_label_formatter(&|part| format!("{} %", fixed(100.0 * part, 0)))
        .draw()?;
    let bars = days
        .iter()
        .map(|day| PathElement::new([(x(day), 0.0), (x(day), day.moved)], MOVED.stroke_width(5)));
    chart.draw_series(bars)?;
    // Step by step: the joints of one thick line would stand out beyond its peaks.
    let step = |figure: &dyn Fn(&ReplayDay) -> f64, color: RGBColor| -> Vec<_> {
        let line = |pair: &[ReplayDay]| {
            let ends = [(x(&pair[0]), figure(&pair[0])), (x(&pair[1]), figure(&pair[1]))];
            PathElement::new(ends, color.stroke_width(4))
        };
        days.windows(2).map(line).collect()
    };
    chart.draw_series(step(&|_| replay.fixed_rate, FIXED))?;
    chart.draw_series(step(&|day| day.bare, BARE))?;
    chart.draw_series(step(&|day| day.rate, RULE))?;
    let breaches = days.iter().filter(|day| day.moved > day.rate);
    chart.draw_series(breaches.map(|day| Circle::new((x(day), day.moved), 9, BREACH.filled())))?;
    Ok(())
}

/// The day of a number on the axis: the nearest that is replayed.
fn date(days: &[ReplayDay], number: f64) -> String {
    let after = days.partition_point(|day| f64::from(day.day.number()) < number);
    let day = days.get(after).or(days.last());
    day.map_or_else(String::new, |day| day.day.to_string())
}

fn legend<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
    let mut x = 120;
    for (name, color, next) in [
        ("move", MOVED, 170),
        ("rule", RULE, 150),
        ("volatility alone", BARE, 290),
        ("fixed", FIXED, 160),
    ] {
        area.draw(&PathElement::new([(x, 64), (x + 44, 64)], color.stroke_width(6)))?;
        put(area, name, (x + 56, 64), Ink::new(26, BLACK), Anchor::Left)?;
        x += next;
    }
    area.draw(&Circle::new((x + 20, 64), 9, BREACH.filled()))?;
    put(area, "breach of the rule", (x + 44, 64), Ink::new(26, BLACK), Anchor::Left)
}
