//! `zkmargin conformance`.

use serde::Serialize;
use zkmargin_params::conformance::{Figure, Options, run_file};
use zkmargin_prover::files::Source;

use crate::cli::Env;
use crate::error::{Error, Exit};
use crate::input::{load_text, parse_source};

/// What is said after the help.
const NOTE: &str = "\
Runs published cases through the same code as markets: margin of dYdX v4 perpetuals (a \
file with `margin_requirements`), collateral haircut tiers (a file with `cases`), \
scenario portfolio margin of PMRM_2 (a file with `scenario`, or with `scenario_base` and \
`scenario_cases`). The first two are integers and must be exact; margins of PMRM_2 are \
floating point and may differ by 1e-8, relative, with --integer too. The summary's relative error leaves out figures below 1e-6, \
which are zero but for rounding. Exits with 1 when a figure differs.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The case files
    #[arg(required = true, value_parser = parse_source)]
    file: Vec<Source>,
    /// Show every figure, not only those that differ
    #[arg(short, long)]
    figures: bool,
    /// Run scenario cases in the integers that are proved, on a scale chosen for
    /// each case
    #[arg(long)]
    integer: bool,
}

#[derive(Serialize)]
struct Report {
    passed: bool,
    figures: usize,
    missed: usize,
    files: Vec<FileReport>,
}

#[derive(Serialize)]
struct FileReport {
    file: String,
    schema: String,
    passed: usize,
    missed: usize,
    figures: Vec<FigureReport>,
}

#[derive(Serialize)]
struct FigureReport {
    case: String,
    figure: &'static str,
    expected: String,
    got: String,
    absolute_error: f64,
    relative_error: f64,
    pass: bool,
}

impl FigureReport {
    /// Whether it passes and is zero but for rounding: a relative error then
    /// says nothing.
    fn is_rounded_zero(&self) -> bool {
        self.pass && self.expected.parse().is_ok_and(|expected: f64| expected.abs() < 1e-6)
    }
}

impl From<&Figure> for FigureReport {
    fn from(figure: &Figure) -> Self {
        Self {
            case: figure.case.clone(),
            figure: figure.figure,
            expected: figure.expected.clone(),
            got: figure.got.clone(),
            absolute_error: figure.absolute_error,
            relative_error: figure.relative_error,
            pass: figure.pass,
        }
    }
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let mut files = Vec::new();
    let options = if args.integer { Options::INTEGER } else { Options::default() };
    for source in &args.file {
        let report = run_file(&load_text(source)?, options).map_err(|error| {
            Error::Conformance { path: source.to_string(), source: Box::new(error) }
        })?;
        let missed = report.failures().count();
        files.push(FileReport {
            file: source.to_string(),
            schema: report.schema.to_string(),
            passed: report.figures.len() - missed,
            missed,
            figures: report.figures.iter().map(FigureReport::from).collect(),
        });
    }
    let figures = || files.iter().flat_map(|file| &file.figures);
    let (total, missed) = (figures().count(), figures().filter(|figure| !figure.pass).count());
    let passed = total > 0 && missed == 0;
    let report = Report { passed, figures: total, missed, files };
    env.out.result(&report, |report| lines(report, args.figures))?;
    match (passed, env.out.is_json()) {
        (true, _) => Ok(Exit::Done),
        (false, true) => Ok(Exit::False),
        (false, false) => Err(Error::ConformanceMissed { missed, total }),
    }
}

fn lines(report: &Report, all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for FileReport { file, schema, passed, missed, figures } in &report.files {
        let counted = figures.iter().filter(|figure| !figure.is_rounded_zero());
        let worst = counted.map(|figure| figure.relative_error).fold(0.0, f64::max);
        let worst =
            if worst > 0.0 { format!(", relative errors to {worst:.1e}") } else { String::new() };
        lines.push(format!("{file}: {schema}: {passed} passed, {missed} missed{worst}"));
        let mut case = None;
        for figure in figures.iter().filter(|figure| all || !figure.pass) {
            if case.replace(figure.case.as_str()) != Some(figure.case.as_str()) {
                lines.push(format!("  {}", figure.case));
            }
            lines.push(figure_line(figure));
        }
    }
    lines
}

fn figure_line(figure: &FigureReport) -> String {
    let FigureReport { figure: name, expected, got, relative_error, pass, .. } = figure;
    let verdict = if *pass { "ok    " } else { "MISSED" };
    let error = match *relative_error {
        0.0 => "0".to_owned(),
        error => format!("{error:.1e}"),
    };
    let (expected, got) = (short(expected), short(got));
    format!("    {verdict} {name}: expected {expected}, got {got}, relative error {error}")
}

/// A number with many leading zeros is written with its exponent.
fn short(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if text.len() > 24 && number.abs() < 1.0 => format!("{number:e}"),
        _ => text.to_owned(),
    }
}
