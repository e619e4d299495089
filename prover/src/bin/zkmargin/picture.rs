//! Pictures that commands draw for the account's owner.

use std::path::PathBuf;

use zkmargin_margin::ids::AccountId;
use zkmargin_params::scenario::{StressPoint, Stressable, Threshold};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::figures::money;
use zkmargin_prover::files::{Kind, write_atomic};
use zkmargin_prover::plot::{Format, Picture, PlotError, Upper, window};

use crate::env::Env;
use crate::error::Error;
use crate::input::refuse_existing;

/// Where a picture goes.
#[derive(Debug, clap::Args)]
pub(crate) struct PictureArgs {
    /// Draw the losses or balances under moves of the market, where there are
    /// scenarios, and equity and margin against prices
    #[arg(long, value_name = "FILE.svg|FILE.png", value_parser = parse_target)]
    plot: Option<Target>,
    /// Replace an existing picture
    #[arg(long, requires = "plot")]
    force: bool,
}

/// Where the picture of a backtest goes.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Draw losses, estimates and breaches day by day
    #[arg(long, value_name = "FILE.svg|FILE.png", value_parser = parse_target)]
    plot: Option<Target>,
    /// Replace an existing picture
    #[arg(long, requires = "plot")]
    force: bool,
}

impl TargetArgs {
    /// Refuses an existing picture early, before the work.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.plot.as_ref().map_or(Ok(()), |target| refuse_existing(&target.path, self.force))
    }

    /// Draws it, where one is wanted.
    pub(crate) fn draw(
        &self,
        render: impl FnOnce(Format) -> Result<Vec<u8>, PlotError>,
        env: Env,
    ) -> Result<(), Error> {
        self.plot.as_ref().map_or(Ok(()), |target| target.write(render, self.force, env))
    }
}

/// A file and the form that its name asks for.
#[derive(Clone, Debug)]
struct Target {
    path: PathBuf,
    format: Format,
}

impl Target {
    /// Draws and writes it, readable by its owner alone.
    fn write(
        &self,
        render: impl FnOnce(Format) -> Result<Vec<u8>, PlotError>,
        force: bool,
        env: Env,
    ) -> Result<(), Error> {
        let bytes = env.progress.stage("picture", || render(self.format))?;
        let kind = if force { Kind::PrivateReplace } else { Kind::Private };
        write_atomic(&self.path, &bytes, kind)?;
        env.out.note(format!("picture in {}", self.path.display()));
        Ok(())
    }
}

fn parse_target(text: &str) -> Result<Target, &'static str> {
    let path = PathBuf::from(text);
    match Format::of(&path) {
        Some(format) => Ok(Target { path, format }),
        None => Err("allowed are names that end in .svg or .png"),
    }
}

/// What the curve of an account on one underlying is drawn against.
const UNDERLYING_AXIS: &str = "the price of the underlying";
/// The same of prices that move together.
pub(crate) const TOGETHER_AXIS: &str = "prices in percent of what they are now";

/// Where what moves stands, and what its prices are counted in.
pub(crate) fn at_and_axis<T: Stressable>(
    test: &T,
    moved: Option<usize>,
    quote: &str,
) -> (String, &'static str) {
    let names: Vec<_> = test.underlyings().map(Symbol::as_str).collect();
    if moved.is_none() && names.len() > 1 {
        return (format!("{} moving together", names.join(" and ")), TOGETHER_AXIS);
    }
    let name = names.get(moved.unwrap_or(0)).copied().unwrap_or_default();
    (format!("{name} at {} {quote}", money(test.moving(moved).spot())), UNDERLYING_AXIS)
}

/// What a picture shows, and of what.
pub(crate) struct Subject<'a> {
    pub(crate) account: AccountId,
    pub(crate) epoch: u64,
    pub(crate) model: &'a str,
    /// Where prices stand now, for the subtitle.
    pub(crate) at: &'a str,
    /// What the prices of the curve are.
    pub(crate) axis: &'a str,
    pub(crate) quote: &'a str,
    /// What stands above the curve, where there are scenarios.
    pub(crate) upper: Option<Upper<'a>>,
    pub(crate) points: &'a [StressPoint],
    pub(crate) thresholds: &'a [Threshold],
}

impl PictureArgs {
    /// Whether one is wanted.
    pub(crate) fn wanted(&self) -> bool {
        self.plot.is_some()
    }

    /// Refuses an existing picture early, before the work.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.plot.as_ref().map_or(Ok(()), |target| refuse_existing(&target.path, self.force))
    }

    /// Draws it, readable by its owner alone.
    pub(crate) fn draw(&self, subject: &Subject<'_>, env: Env) -> Result<(), Error> {
        let Some(target) = &self.plot else { return Ok(()) };
        let what = match subject.upper {
            Some(Upper::Stress(_)) => "Stress test",
            Some(Upper::Scenarios(_)) | None => "Margin",
        };
        let title = format!("{what} of {}", subject.account);
        let subtitle = format!("epoch {}, model {}, {}", subject.epoch, subject.model, subject.at);
        let picture = Picture {
            title: &title,
            subtitle: &subtitle,
            quote: subject.quote,
            upper: subject.upper,
            axis: subject.axis,
            curve: window(subject.points, subject.thresholds),
            thresholds: subject.thresholds,
        };
        target.write(|format| picture.render(format), self.force, env)
    }
}
