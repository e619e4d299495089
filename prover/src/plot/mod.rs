//! Pictures: of an account's margin, the loss under every scenario, and margin
//! against the price of the underlying, for the account's owner only; of a
//! backtest.
//!
//! The same drawing is SVG or PNG. The font of bitmaps is built in, so that a
//! picture does not depend on what is installed; SVG leaves it to the viewer.

mod backtest;
mod curve;
mod grid;
mod map;
mod render;
mod replay;
mod stress;
mod text;

use std::fmt;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend};
use plotters::style::{Color as _, RGBColor};
use zkmargin_margin::claim::Level;
use zkmargin_params::scenario::{MarginReport, StressPoint, Threshold};

pub use backtest::Panels;
pub use replay::Replays;

/// Width of a picture, in pixels of a bitmap.
pub const WIDTH: u32 = 2560;
/// Height of a picture, in pixels of a bitmap.
pub const HEIGHT: u32 = 2080;
/// Pixels of a bitmap for each unit of an SVG: places are whole pixels, and
/// lines on too coarse a grid waver.
pub const DENSITY: u32 = 2;
/// Height of title and subtitle.
const HEAD: u32 = 172;

/// Space on the left and on the right.
const MARGIN: i32 = 56;

const PAPER: RGBColor = RGBColor(255, 255, 255);
const BLACK: RGBColor = RGBColor(33, 37, 41);
const GREY: RGBColor = RGBColor(108, 117, 125);

/// What is drawn.
#[derive(Clone, Copy)]
pub struct Picture<'a> {
    /// The title.
    pub title: &'a str,
    /// What stands below it.
    pub subtitle: &'a str,
    /// The quote currency.
    pub quote: &'a str,
    /// What stands above the curve; `None` where there are no scenarios.
    pub upper: Option<Upper<'a>>,
    /// What the prices of the curve are, as the end of its title.
    pub axis: &'a str,
    /// The account along a range of prices, by price.
    pub curve: &'a [StressPoint],
    /// Where the account loses its levels.
    pub thresholds: &'a [Threshold],
}

/// What stands above the curve of a picture.
#[derive(Clone, Copy)]
pub enum Upper<'a> {
    /// The loss under every scenario of the model.
    Scenarios(&'a MarginReport),
    /// The balance over maintenance margin under moves of spot and volatility: a
    /// row for each factor on spot, a point for each on volatility.
    Stress(&'a [Vec<StressPoint>]),
}

/// The figures are secret.
impl fmt::Debug for Upper<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upper(..)")
    }
}

/// The figures are secret.
impl fmt::Debug for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picture(..)")
    }
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Scalable vector graphics.
    Svg,
    /// Portable network graphics.
    Png,
}

impl Format {
    /// The form that a file's name asks for.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "svg" => Some(Self::Svg),
            "png" => Some(Self::Png),
            _ => None,
        }
    }
}

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The built-in font could not be read.
    #[error("the built-in font cannot be read")]
    Font,
    /// The drawing failed.
    #[error("the picture cannot be drawn")]
    Drawing,
    /// The bitmap could not be written as PNG.
    #[error("the picture cannot be written as PNG")]
    Png(#[from] png::EncodingError),
}

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>>
    for PlotError
{
    fn from(_: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self::Drawing
    }
}

impl Picture<'_> {
    /// The picture as the bytes of a file.
    ///
    /// # Errors
    /// When it cannot be drawn or written.
    pub fn render(&self, format: Format) -> Result<Vec<u8>, PlotError> {
        render::render(self, format)
    }
}

impl render::Drawing for Picture<'_> {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Result<(), PlotError> {
        let body = render::head(area, self.title, self.subtitle)?;
        let lower = match self.upper {
            Some(Upper::Scenarios(report)) => {
                let (upper, lower) = body.split_vertically(grid::height(report));
                grid::draw(&upper, report, self.quote)?;
                lower
            }
            Some(Upper::Stress(points)) => {
                let (upper, lower) = body.split_vertically(stress::height(points));
                stress::draw(&upper, points, self.quote)?;
                lower
            }
            None => body,
        };
        curve::draw(&lower, self)
    }
}

/// The part of a curve worth drawing: 40 % to either side of spot, and as far as
/// the nearest prices at which maintenance margin is lost, within a third and
/// three times spot.
pub fn window<'a>(points: &'a [StressPoint], thresholds: &[Threshold]) -> &'a [StressPoint] {
    let (mut least, mut most) = (0.6_f64, 1.4_f64);
    for threshold in thresholds.iter().filter(|threshold| threshold.level == Level::Maintenance) {
        for crossing in [threshold.down, threshold.up].into_iter().flatten() {
            least = least.min(crossing.spot_factor * 0.93).max(1.0 / 3.0);
            most = most.max(crossing.spot_factor * 1.07).min(3.0);
        }
    }
    let start = points.partition_point(|point| point.shock.spot < least);
    let end = points.partition_point(|point| point.shock.spot <= most);
    points.get(start..end).unwrap_or(points)
}

/// A colour between two.
fn mix(from: RGBColor, to: RGBColor, part: f64) -> RGBColor {
    // Between two bytes, so a byte.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let channel = |a: u8, b: u8| {
        (f64::from(a) + (f64::from(b) - f64::from(a)) * part.clamp(0.0, 1.0)).round() as u8
    };
    let ((r, g, b), (s, h, c)) = (from.rgb(), to.rgb());
    RGBColor(channel(r, s), channel(g, h), channel(b, c))
}
