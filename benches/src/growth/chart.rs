//! The chart: a panel for each axis, of CPU time.

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::register_font;

use super::measure::Time;

/// Times over an axis.
pub(crate) struct Panel {
    pub(crate) axis: &'static str,
    pub(crate) series: Vec<Series>,
}

/// One line of a panel.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(usize, Time)>,
}

const SIZE: (u32, u32) = (1380, 900);
/// Panels in a row.
const ACROSS: usize = 3;
const INKS: [RGBColor; 2] = [RGBColor(25, 113, 194), RGBColor(232, 89, 12)];

/// The chart as SVG.
pub(crate) fn draw(panels: &[Panel]) -> Result<String> {
    // Sizes of texts are measured by it.
    register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| anyhow!("the font cannot be read"))?;
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        for (panel, area) in
            panels.iter().zip(area.split_evenly((panels.len().div_ceil(ACROSS), ACROSS)))
        {
            draw_panel(panel, &area)?;
        }
        area.present()?;
    }
    Ok(text)
}

fn draw_panel(panel: &Panel, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<()> {
    let points = || panel.series.iter().flat_map(|series| &series.points);
    let seconds = |time: &Time| time.cpu.as_secs_f64();
    let (Some(least), Some(most)) =
        (points().map(|point| point.0).min(), points().map(|point| point.0).max())
    else {
        return Ok(());
    };
    let times: Vec<f64> = points().map(|(_, time)| seconds(time)).collect();
    let low = times.iter().copied().fold(f64::INFINITY, f64::min) / 2.0;
    let high = times.iter().copied().fold(0.0, f64::max) * 2.0;
    let mut chart =
        ChartBuilder::on(area)
            .margin(16)
            .x_label_area_size(44)
            .y_label_area_size(72)
            .build_cartesian_2d((least as f64..most as f64).log_scale(), (low..high).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(panel.axis)
        .x_labels(6)
        .x_label_formatter(&|count| format!("{count:.0}"))
        .y_label_formatter(&|time| label(*time))
        .light_line_style(WHITE)
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .draw()?;
    for (series, ink) in panel.series.iter().zip(INKS.iter().cycle()) {
        let line = series.points.iter().map(|(count, time)| (*count as f64, seconds(time)));
        chart
            .draw_series(LineSeries::new(line, ink.stroke_width(2)).point_size(3))?
            .label(series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], ink.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .label_font(("sans-serif", 14))
        .draw()?;
    Ok(())
}

fn label(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.0} s"),
        s if s >= 1e-3 => format!("{:.0} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.0} µs", s * 1e6),
        s => format!("{:.0} ns", s * 1e9),
    }
}
