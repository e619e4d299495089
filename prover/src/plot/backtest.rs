//! A backtest: losses day by day, what was estimated before, and breaches.

use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::prelude::{Circle, DrawingArea, DrawingBackend, PathElement};
use plotters::style::{Color as _, RGBColor};
use zkmargin_params::simulation::backtest::{Backtest, DayResult};

use super::render::{Drawing, head, render};
use super::text::{Anchor, Ink, put, round};
use super::{BLACK, Format, GREY, MARGIN, PlotError};

const LOSS: RGBColor = RGBColor(173, 181, 189);
const VAR: RGBColor = RGBColor(24, 100, 171);
const ES: RGBColor = RGBColor(240, 140, 0);
const BREACH: RGBColor = RGBColor(201, 42, 42);
const LINES: RGBColor = RGBColor(233, 236, 239);

/// Backtests, one below the other.
#[derive(Clone, Copy, Debug)]
pub struct Panels<'a> {
    /// The title.
    pub title: &'a str,
    /// What stands below it.
    pub subtitle: &'a str,
    /// Each with what it is called.
    pub tests: &'a [(String, &'a Backtest)],
}

impl Panels<'_> {
    /// The picture as the bytes of a file.
    ///
    /// # Errors
    /// When it cannot be drawn or written.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        render(self, format)
    }
}

impl Drawing for Panels<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let body = head(area, self.title, self.subtitle)?;
        for (panel, (name, test)) in
            body.split_evenly((self.tests.len().max(1), 1)).iter().zip(self.tests)
        {
            draw(panel, name, &test.days)?;
        }
        Ok(())
    }
}

fn draw<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    name: &str,
    days: &[DayResult],
) -> Result<(), PlotError> {
    put(area, name, (MARGIN, 24), Ink::new(36, BLACK).bold(), Anchor::Left)?;
    legend(area)?;
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(()) };
    let x = |day: &DayResult| f64::from(day.day.number());
    let figures = days.iter().flat_map(|day| [day.loss, day.risk.es, 0.0]);
    let (low, high) = figures.fold((0.0_f64, 1e-9_f64), |(l, h), f| (l.min(f), h.max(f)));
    // Profits are cut off where they would press the losses flat.
    let low = low.max(-high);
    let mut chart = ChartBuilder::on(area)
        .margin_top(96)
        .margin_right(56)
        .margin_bottom(28)
        .x_label_area_size(56)
        .y_label_area_size(176)
        .build_cartesian_2d(x(first)..x(last) + 1.0, low..1.04 * high)?;
    chart
        .configure_mesh()
        .light_line_style(plotters::style::TRANSPARENT)
        .bold_line_style(LINES.stroke_width(2))
        .axis_style(GREY.stroke_width(2))
        .x_labels(10)
        .y_labels(6)
        .label_style(Ink::new(28, GREY).style())
        .x_label_formatter(&|number| date(days, *number))
        .y_label_formatter(&|value| round(*value))
        .draw()?;
    let bars = days.iter().map(|day| {
        let loss = day.loss.max(low);
        PathElement::new([(x(day), 0.0), (x(day), loss)], LOSS.stroke_width(2))
    });
    chart.draw_series(bars)?;
    // Step by step: the joints of one thick line would stand out beyond its peaks.
    let step = |figure: fn(&DayResult) -> f64, color: RGBColor| {
        days.windows(2).filter_map(move |pair| {
            let [a, b] = pair else { return None };
            let ends = [(x(a), figure(a)), (x(b), figure(b))];
            Some(PathElement::new(ends, color.stroke_width(3)))
        })
    };
    chart.draw_series(step(|day| day.risk.es, ES))?;
    chart.draw_series(step(|day| day.risk.var, VAR))?;
    let breaches = days.iter().filter(|day| day.exceeds_var());
    let mark = |day: &DayResult| match day.exceeds_es() {
        true => Circle::new((x(day), day.loss), 9, BREACH.filled()),
        false => Circle::new((x(day), day.loss), 9, BREACH.stroke_width(3)),
    };
    chart.draw_series(breaches.map(mark))?;
    Ok(())
}

/// The day of a number on the axis: the nearest that is tested.
fn date(days: &[DayResult], number: f64) -> String {
    let after = days.partition_point(|day| f64::from(day.day.number()) < number);
    let day = days.get(after).or(days.last());
    day.map_or_else(String::new, |day| day.day.to_string())
}

fn legend<DB: DrawingBackend>(area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
    let mut x = 176;
    for (name, color, width, next) in
        [("loss", LOSS, 6, 200), ("value at risk", VAR, 6, 330), ("expected shortfall", ES, 6, 420)]
    {
        area.draw(&PathElement::new([(x, 68), (x + 56, 68)], color.stroke_width(width)))?;
        put(area, name, (x + 72, 68), Ink::new(28, BLACK), Anchor::Left)?;
        x += next;
    }
    area.draw(&Circle::new((x + 28, 68), 9, BREACH.stroke_width(3)))?;
    put(
        area,
        "breach (full: of the shortfall too)",
        (x + 72, 68),
        Ink::new(28, BLACK),
        Anchor::Left,
    )
}
