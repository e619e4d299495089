//! Texts and numbers in pictures.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontFamily, FontStyle, RGBColor, TextStyle};

use super::PlotError;
use crate::figures::fixed;

/// Size and colour of a text.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    size: u32,
    color: RGBColor,
    style: FontStyle,
}

impl Ink {
    pub(super) fn new(size: u32, color: RGBColor) -> Self {
        Self { size, color, style: FontStyle::Normal }
    }

    pub(super) fn bold(self) -> Self {
        Self { style: FontStyle::Bold, ..self }
    }

    pub(super) fn style(self) -> TextStyle<'static> {
        let font = FontDesc::new(FontFamily::SansSerif, f64::from(self.size), self.style);
        TextStyle { color: self.color.to_backend_color(), ..TextStyle::from(font) }
    }
}

/// Which point of a text is at its place; vertically it is the middle.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Left,
    Center,
    Right,
}

impl Anchor {
    pub(super) fn pos(self) -> Pos {
        let h = match self {
            Self::Left => HPos::Left,
            Self::Center => HPos::Center,
            Self::Right => HPos::Right,
        };
        Pos::new(h, VPos::Center)
    }
}

/// Writes a text.
pub(super) fn put<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    text: &str,
    place: (i32, i32),
    ink: Ink,
    anchor: Anchor,
) -> Result<(), PlotError> {
    let style = ink.style().pos(anchor.pos());
    Ok(area.draw(&Text::new(text.to_owned(), place, style))?)
}

/// A number in three or four digits: `-12.3k`, `1.20M`.
pub(super) fn short(value: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    let size = value.abs();
    // 999,950 is not 1000.0k.
    let unit = UNITS.iter().find(|(unit, _)| size >= unit * 0.999_95);
    let (scaled, suffix) = unit.map_or((value, ""), |(unit, suffix)| (value / unit, *suffix));
    let decimals = match (suffix, scaled.abs()) {
        ("", 10.0..) => 0,
        (_, 99.95..) => 0,
        (_, 9.995..) => 1,
        _ => 2,
    };
    let text = format!("{scaled:.decimals$}{suffix}");
    if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
        return "0".to_owned();
    }
    text
}

/// The same for the round numbers of an axis: `40k`.
pub(super) fn round(value: f64) -> String {
    let text = short(value);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    match digits.contains('.') {
        true => {
            let suffix = &text[digits.len()..];
            digits.trim_end_matches('0').trim_end_matches('.').to_owned() + suffix
        }
        false => text,
    }
}

/// A price with thousands set apart: `92,500`.
pub(super) fn price(value: f64) -> String {
    fixed(value, if value.abs() < 1_000.0 { 2 } else { 0 })
}

/// A round price of an axis: `800`, `1,000`, `0.25`.
pub(super) fn round_price(value: f64) -> String {
    let is_whole = (value - value.round()).abs() < 1e-6 * value.abs();
    if is_whole { fixed(value, 0) } else { price(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.001, "0"),
            (0.5, "0.50"),
            (-12.34, "-12"),
            (999.4, "999"),
            (999.96, "1.00k"),
            (-12_345.0, "-12.3k"),
            (123_456.0, "123k"),
            (999_960.0, "1.00M"),
            (-1.5e9, "-1.50B"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!([40_000.0, -2_500.0, 100.0, 0.0].map(round), ["40k", "-2.5k", "100", "0"]);
        assert_eq!([92_500.4, 0.5].map(price), ["92,500", "0.50"]);
        assert_eq!([800.0, 1_200.0, 0.25].map(round_price), ["800", "1,200", "0.25"]);
    }
}
