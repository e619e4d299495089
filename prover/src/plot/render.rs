//! From a drawing to the bytes of a file.

use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, DrawingArea, DrawingBackend, IntoDrawingArea as _, SVGBackend,
};
use plotters::style::{FontStyle, register_font};

use super::text::{Anchor, Ink, put};
use super::{BLACK, DENSITY, Format, GREY, HEAD, HEIGHT, MARGIN, PAPER, PlotError, WIDTH};

/// What can be drawn on any backend.
pub(super) trait Drawing {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError>;
}

/// A drawing as the bytes of a file.
pub(super) fn render(drawing: &impl Drawing, format: Format) -> Result<Vec<u8>, PlotError> {
    match format {
        Format::Svg => svg(drawing).map(String::into_bytes),
        Format::Png => png(drawing),
    }
}

fn svg(drawing: &impl Drawing) -> Result<String, PlotError> {
    let mut text = String::new();
    on_paper(drawing, &SVGBackend::with_string(&mut text, (WIDTH, HEIGHT)).into_drawing_area())?;
    // Shown at its size; what is drawn keeps its units in the view box.
    let size = |density| format!(r#"width="{}" height="{}""#, WIDTH / density, HEIGHT / density);
    Ok(text.replacen(&size(1), &size(DENSITY), 1))
}

fn png(drawing: &impl Drawing) -> Result<Vec<u8>, PlotError> {
    let mut pixels = vec![0; 3 * WIDTH as usize * HEIGHT as usize];
    let backend = BitMapBackend::with_buffer(&mut pixels, (WIDTH, HEIGHT));
    on_paper(drawing, &backend.into_drawing_area())?;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

fn on_paper<DB: DrawingBackend>(
    drawing: &impl Drawing,
    area: &DrawingArea<DB, Shift>,
) -> Result<(), PlotError> {
    // Sizes of texts are measured by it in both forms.
    for style in [FontStyle::Normal, FontStyle::Bold] {
        let font = match style {
            FontStyle::Bold => dejavu::sans::bold(),
            _ => dejavu::sans::regular(),
        };
        register_font("sans-serif", style, font).map_err(|_| PlotError::Font)?;
    }
    area.fill(&PAPER)?;
    drawing.draw(area)?;
    area.present()?;
    Ok(())
}

/// Title and subtitle; what is left below them.
pub(super) fn head<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    title: &str,
    subtitle: &str,
) -> Result<DrawingArea<DB, Shift>, PlotError> {
    let (head, body) = area.split_vertically(HEAD);
    put(&head, title, (MARGIN, 56), Ink::new(50, BLACK).bold(), Anchor::Left)?;
    put(&head, subtitle, (MARGIN, 122), Ink::new(30, GREY), Anchor::Left)?;
    Ok(body)
}
