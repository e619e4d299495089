//! `zkmargin market replay`.

use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::ids::ModelDigest;
use zkmargin_params::calibration::inputs::Observation;
use zkmargin_params::calibration::replay::{Figures, Plan, Replay, WINDOWS, Window};
use zkmargin_params::decimal::parse_decimal;
use zkmargin_params::model::{AnyModel, StandardModel};
use zkmargin_params::simulation::SimulationError;
use zkmargin_params::simulation::day::Day;
use zkmargin_params::simulation::history::{Column, History, OddRow};
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::figures::{Table, fixed};
use zkmargin_prover::files::Source;
use zkmargin_prover::plot::Replays;

use super::inputs::CalibrateError;
use super::load_model;
use crate::cmd::backtest::note_odd;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{load_text, parse_source};
use crate::picture::TargetArgs;

/// What is said after the help.
const NOTE: &str = "\
Each day is an epoch: its rate follows from the closes up to the day before and moves from the \
rate of the day before by the largest step at most. Shown is the first tier. Spread, depth and \
volume stand still and implied volatility is left out, as closes have none of them. The rule is \
held against volatility alone (no tool, step, floor or cap) and against a fixed rate.

Windows: march-2020, may-2021, ftx-2022, october-2025. Peak to trough is the highest rate over \
the lowest; increases are the largest over so many days, in parts of the notional; a breach is a \
day on which the price moved further than the rate.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The rule: the name of a shipped model that is calibrated, or a file in JSON or
    /// TOML
    #[arg(value_name = "NAME|FILE")]
    rule: String,
    /// Daily closes as comma-separated values, the day in the first column
    #[arg(value_parser = parse_source)]
    closes: Source,
    /// An underlying and the column of its closes, as in BTC=btc_close_usd; may be
    /// repeated. Without, every column but the first is one
    #[arg(short, long = "column", value_name = "SYMBOL=NAME", value_parser = Column::parse)]
    columns: Vec<Column>,
    /// A stretch of days that markets are remembered for; may be repeated
    #[arg(short, long, value_name = "NAME", value_parser = parse_window)]
    window: Vec<Window>,
    /// The first day, in place of a window
    #[arg(long, value_name = "DAY", requires = "to", conflicts_with = "window")]
    from: Option<Day>,
    /// The last day
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<Day>,
    /// The rate that it is held against; without, that of the first day, kept
    #[arg(long, value_name = "PART", value_parser = parse_rate)]
    fixed: Option<f64>,
    /// The spread that stands still
    #[arg(long, value_name = "PART", value_parser = parse_decimal, default_value = "0")]
    spread: Decimal,
    #[command(flatten)]
    picture: TargetArgs,
}

fn parse_window(text: &str) -> Result<Window, String> {
    let names = || WINDOWS.map(|window| window.name).join(", ");
    let found = WINDOWS.into_iter().find(|window| window.name == text);
    found.ok_or_else(|| format!("allowed are {}", names()))
}

fn parse_rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or("allowed are rates from 0 to 1, as in 0.05")
}

/// Replays of one rule.
#[derive(Serialize)]
struct Report {
    rule_name: String,
    rule: ModelDigest,
    left_out: Vec<OddRow>,
    windows: Vec<WindowReport>,
}

#[derive(Serialize)]
struct WindowReport {
    about: String,
    from: Day,
    to: Day,
    replays: Vec<Replay>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    args.picture.check()?;
    let AnyModel::Standard(model) = load_model(&args.rule)? else {
        return Err(CalibrateError::NotCalibrated(args.rule.clone()).into());
    };
    let failed = |source: SimulationError| Error::Simulation {
        path: args.closes.to_string(),
        source: Box::new(source),
    };
    let text = load_text(&args.closes)?;
    let (history, odd) = History::from_csv(&text, &args.columns).map_err(failed)?;
    note_odd(&args.closes, &odd, env);
    let run = || -> Result<Vec<WindowReport>, Error> {
        let windows = stretches(args)?;
        windows.into_iter().map(|window| replays(args, &model, &history, window)).collect()
    };
    let windows = env.progress.stage("replay", run)?;
    let report =
        Report { rule_name: model.name().to_owned(), rule: model.digest(), left_out: odd, windows };
    draw(args, &report, env)?;
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

/// What is to be replayed, and what it is called.
fn stretches(args: &Args) -> Result<Vec<(String, Day, Day)>, Error> {
    if let (Some(from), Some(to)) = (args.from, args.to) {
        return Ok(vec![(format!("{from} to {to}"), from, to)]);
    }
    if args.window.is_empty() {
        return Err(Error::Usage("say which days: --window NAME, or --from and --to"));
    }
    let day =
        |text: &str| text.parse::<Day>().map_err(|_| Error::Usage("a window has no such day"));
    let stretch =
        |window: &Window| Ok((window.about.to_owned(), day(window.from)?, day(window.to)?));
    args.window.iter().map(stretch).collect()
}

/// One stretch, for every calibrated instrument of the model that has closes.
fn replays(
    args: &Args,
    model: &StandardModel,
    history: &History,
    (about, from, to): (String, Day, Day),
) -> Result<WindowReport, Error> {
    let rule = model.calibration().ok_or(CalibrateError::NotCalibrated(args.rule.clone()))?;
    let most = Decimal::from(1_000_000_000_000_000_000_u64);
    let seen = Observation {
        implied_volatility: None,
        spread: args.spread,
        depth: most,
        daily_volume: most,
    };
    let mut replays = Vec::new();
    for (symbol, instrument) in model.instruments() {
        let Some(instrument) = &instrument.calibrated else { continue };
        if !history.symbols().contains(instrument.underlying(symbol)) {
            continue;
        }
        let denominator = model.denominator();
        let plan = Plan { rule, denominator, symbol, instrument, seen, fixed: args.fixed };
        let replay = plan
            .run(history, from, to)
            .map_err(|error| CalibrateError::rule(&args.closes, error))?;
        replays.push(replay);
    }
    match replays.is_empty() {
        true => Err(Error::Usage("the closes have no underlying of the rule: name it by --column")),
        false => Ok(WindowReport { about, from, to, replays }),
    }
}

fn draw(args: &Args, report: &Report, env: Env) -> Result<(), Error> {
    let named = |window: &'_ WindowReport| {
        let name = |symbol: &Symbol| format!("{symbol}, {}", window.about);
        window.replays.iter().map(|each| (name(&each.symbol), each.clone())).collect::<Vec<_>>()
    };
    let panels: Vec<_> = report.windows.iter().flat_map(named).collect();
    let title = format!("Initial margin under {}", report.rule_name);
    let subtitle = "first tier, each day from the closes before it; bars are moves of the price";
    let picture = Replays { title: &title, subtitle, panels: &panels };
    args.picture.draw(|format| picture.render(format), env)
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![format!("rule  {} {}", report.rule_name, report.rule)];
    for window in &report.windows {
        for replay in &window.replays {
            let (from, to) = (window.from, window.to);
            let head = format!(
                "{}, {}: {} days from {from} to {to}",
                replay.symbol,
                window.about,
                replay.days.len()
            );
            lines.extend([String::new(), head]);
            lines.extend(table(replay));
        }
    }
    lines
}

fn table(replay: &Replay) -> Vec<String> {
    let heads = [
        "initial margin",
        "lowest",
        "highest",
        "peak to trough",
        "1 day",
        "5 days",
        "30 days",
        "breaches",
        "worst",
    ];
    let mut table = Table::new(1, heads);
    for (name, figures) in
        [("rule", &replay.rule), ("volatility alone", &replay.bare), ("fixed", &replay.fixed)]
    {
        table.row(row(name, figures));
    }
    table.lines()
}

fn row(name: &str, figures: &Figures) -> Vec<String> {
    let percent = |part: f64| format!("{} %", fixed(100.0 * part, 2));
    let mut row = vec![
        name.to_owned(),
        percent(figures.least),
        percent(figures.most),
        fixed(figures.peak_to_trough, 2),
    ];
    row.extend(figures.increases.values().map(|rise| format!("+{}", percent(*rise))));
    row.extend([figures.breaches.to_string(), percent(figures.worst)]);
    row
}
