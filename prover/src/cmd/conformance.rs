//! `zkmargin conformance`.

use serde::Serialize;
use zkmargin_params::conformance::{Figure, run_file};
use zkmargin_prover::files::Source;

use crate::cli::Env;
use crate::error::{Error, Exit};
use crate::input::{load_text, parse_source};

/// What is said after the help.
const NOTE: &str = "\
Runs published cases through the same code as markets: margin of dYdX v4 perpetuals (a \
file with `margin_requirements`), collateral haircut tiers (a file with `cases`). Exits \
with 1 when a figure differs.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The case files
    #[arg(required = true, value_parser = parse_source)]
    file: Vec<Source>,
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
    figures: Vec<FigureReport>,
}

#[derive(Serialize)]
struct FigureReport {
    case: String,
    figure: &'static str,
    expected: String,
    got: String,
    error: f64,
    pass: bool,
}

impl From<&Figure> for FigureReport {
    fn from(figure: &Figure) -> Self {
        Self {
            case: figure.case.clone(),
            figure: figure.figure,
            expected: figure.expected.clone(),
            got: figure.got.clone(),
            error: figure.relative_error,
            pass: figure.pass,
        }
    }
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let mut files = Vec::new();
    for source in &args.file {
        let report = run_file(&load_text(source)?).map_err(|error| Error::Conformance {
            path: source.to_string(),
            source: Box::new(error),
        })?;
        files.push(FileReport {
            file: source.to_string(),
            schema: report.schema.to_string(),
            figures: report.figures.iter().map(FigureReport::from).collect(),
        });
    }
    let figures = || files.iter().flat_map(|file| &file.figures);
    let (total, missed) = (figures().count(), figures().filter(|figure| !figure.pass).count());
    let passed = total > 0 && missed == 0;
    let report = Report { passed, figures: total, missed, files };
    env.out.result(&report, lines)?;
    match (passed, env.out.is_json()) {
        (true, _) => Ok(Exit::Done),
        (false, true) => Ok(Exit::False),
        (false, false) => Err(Error::ConformanceMissed { missed, total }),
    }
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for file in &report.files {
        let missed = file.figures.iter().filter(|figure| !figure.pass).count();
        let passed = file.figures.len() - missed;
        lines.push(format!("{}: {}: {passed} passed, {missed} missed", file.file, file.schema));
        lines.extend(file.figures.iter().filter(|figure| !figure.pass).map(|f| {
            format!(
                "  {} {}: expected {}, got {}, relative error {:e}",
                f.case, f.figure, f.expected, f.got, f.error
            )
        }));
    }
    lines
}
