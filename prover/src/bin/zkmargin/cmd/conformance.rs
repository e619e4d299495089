//! `zkmargin conformance`.

use std::collections::BTreeMap;

use pasta_curves::Fp;
use serde::Serialize;
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::settlement::SettlementCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::Shape;
use zkmargin_params::conformance::{CaseAccount, Figure, Options, accounts, run_file};
use zkmargin_params::rules;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::{Backend as _, Device, Ipa};
use zkmargin_prover::conformance::{CaseStatement, CaseWitness};
use zkmargin_prover::files::Source;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{load_text, parse_source};
use crate::params::{prover, verifier};

/// What is said after the help.
const NOTE: &str = "\
Runs published cases through the same code as markets: margin of dYdX v4 perpetuals (a \
file with `margin_requirements`), collateral haircut tiers (a file with `cases`), \
Derive's standard margin of options (a file with `cases` that have `spot_perp_confidence`), \
SPAN's scanning loss (a file with `risk_arrays` and `cases`; natively alone), scenario portfolio \
margin of PMRM_2 (a file with `scenario`, or with `scenario_base` and \
`scenario_cases`; `expected` needs `im` and `mm`, and what else it has is compared too). Those of \
dYdX, the haircuts and SPAN must be exact; the others are \
floating point and may differ by 1e-8, relative, with --integer too. With --mock and \
--prove the same integers go through the circuit, in the smallest shape that holds a case; \
a case beyond the largest is named, and then nothing has passed. The summary's relative error leaves out \
figures below 1e-6, which are zero but for rounding. Exits with 1 when a figure differs, with 2 when a file \
or a case cannot be run; the others are run all the same.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The case files
    #[arg(required_unless_present = "table", value_parser = parse_source)]
    file: Vec<Source>,
    /// Print which venues' rules are here, and what they are held to, and do nothing else
    #[arg(long, exclusive = true)]
    table: bool,
    /// Show every figure, not only those that differ
    #[arg(short, long)]
    figures: bool,
    /// Run scenario cases in the integers that are proved, on a scale chosen for
    /// each case
    #[arg(long)]
    integer: bool,
    /// Run the circuit on every case, on the mock prover: it must take the
    /// account's level, and refuse the next; with --integer
    #[arg(long)]
    mock: bool,
    /// Prove every case at its account's level, and verify; with --integer
    #[arg(long)]
    prove: bool,
}

#[derive(Serialize)]
struct Report {
    passed: bool,
    figures: usize,
    missed: usize,
    /// Cases that were not run.
    skipped: usize,
    files: Vec<FileReport>,
}

#[derive(Default, Serialize)]
struct FileReport {
    file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    schema: String,
    passed: usize,
    missed: usize,
    /// Why the file could not be run.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beyond_largest_shape: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_run: Vec<NotRunReport>,
    figures: Vec<FigureReport>,
}

/// A case that lacks an input.
#[derive(Serialize)]
struct NotRunReport {
    case: String,
    why: String,
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
    if args.table {
        env.out.bytes(rules::table().as_bytes())?;
        return Ok(Exit::Done);
    }
    let mut files = Vec::new();
    let mut first_error = None;
    for source in &args.file {
        files.push(match run_source(args, source, env) {
            Ok(report) => report,
            // The others are run all the same.
            Err(error) if args.file.len() > 1 => {
                let message = Some(error.message(false));
                first_error = first_error.or(Some(error));
                FileReport { file: source.to_string(), error: message, ..FileReport::default() }
            }
            Err(error) => return Err(error),
        });
    }
    let figures = || files.iter().flat_map(|file| &file.figures);
    let (total, missed) = (figures().count(), figures().filter(|figure| !figure.pass).count());
    // What was not run has not passed.
    let left_out = |file: &FileReport| file.beyond_largest_shape.len() + file.not_run.len();
    let skipped: usize = files.iter().map(left_out).sum();
    let passed = total > 0 && missed == 0 && skipped == 0 && first_error.is_none();
    let report = Report { passed, figures: total, missed, skipped, files };
    env.out.result(&report, |report| lines(report, args.figures))?;
    match (passed, first_error) {
        (true, _) => Ok(Exit::Done),
        // The report has told it already.
        (_, Some(error)) if env.out.is_json() => Ok(error.exit()),
        (_, Some(error)) => Err(error),
        (_, None) if env.out.is_json() && missed == 0 && skipped > 0 => Ok(Exit::Usage),
        (_, None) if env.out.is_json() => Ok(Exit::False),
        (_, None) if missed == 0 && skipped > 0 => Err(Error::ConformanceSkipped { skipped }),
        (_, None) => Err(Error::ConformanceMissed { missed, total }),
    }
}

/// Runs the cases of a file.
fn run_source(args: &Args, source: &Source, env: Env) -> Result<FileReport, Error> {
    let circuit = args.mock || args.prove;
    let integer = args.integer || circuit;
    let options = if integer { Options::INTEGER } else { Options::default() };
    let text = load_text(source)?;
    let failed = |error| Error::Conformance { path: source.to_string(), source: Box::new(error) };
    let report = run_file(&text, options).map_err(failed)?;
    let not_run = report.not_run.into_iter();
    let not_run = not_run.map(|case| NotRunReport { case: case.case, why: case.why }).collect();
    let mut figures: Vec<_> = report.figures.iter().map(FigureReport::from).collect();
    let mut beyond = Vec::new();
    if circuit {
        for account in accounts(&text).map_err(failed)? {
            match run_circuit(args, source, &account, env)? {
                Some(results) => figures.extend(results),
                None => beyond.push(account.case),
            }
        }
        figures = by_case(figures);
    }
    let missed = figures.iter().filter(|figure| !figure.pass).count();
    Ok(FileReport {
        file: source.to_string(),
        schema: report.schema.to_string(),
        passed: figures.len() - missed,
        missed,
        error: None,
        beyond_largest_shape: beyond,
        not_run,
        figures,
    })
}

/// Figures of a case together, cases in the order that they come in.
fn by_case(figures: Vec<FigureReport>) -> Vec<FigureReport> {
    let mut cases: BTreeMap<String, usize> = BTreeMap::new();
    let mut placed: Vec<(usize, FigureReport)> = Vec::with_capacity(figures.len());
    for figure in figures {
        let next = cases.len();
        let place = *cases.entry(figure.case.clone()).or_insert(next);
        placed.push((place, figure));
    }
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, figure)| figure).collect()
}

/// What the circuit says of a case; `None` when it is beyond the largest shape.
fn run_circuit(
    args: &Args,
    source: &Source,
    account: &CaseAccount,
    env: Env,
) -> Result<Option<Vec<FigureReport>>, Error> {
    let failed = |error| Error::Case {
        path: source.to_string(),
        case: account.case.clone(),
        source: Box::new(error),
    };
    let statement = CaseStatement::new(account).map_err(failed)?;
    let Some(shape) = statement.shape else { return Ok(None) };
    let (claim, lie) = (statement.instance.claim, statement.false_claim);
    let verdict = |figure, claim: Claim, expected: bool, got: bool| {
        let word = |holds| format!("{claim} {}", if holds { "holds" } else { "is refused" });
        let error = if expected == got { 0.0 } else { 1.0 };
        FigureReport {
            case: account.case.clone(),
            figure,
            expected: word(expected),
            got: word(got),
            absolute_error: error,
            relative_error: error,
            pass: expected == got,
        }
    };
    let mut figures = Vec::new();
    if args.mock {
        for (claim, expected) in [(claim, true), (lie, false)] {
            let stage = format!("mock prover: {}, {claim}", account.case);
            let got = env.progress.stage(&stage, || statement.mock(claim)).map_err(failed)?;
            figures.push(verdict("circuit", claim, expected, got.unwrap_or(!expected)));
        }
    }
    if args.prove {
        let valid = match &statement.witness {
            CaseWitness::Standard(witness) => {
                prove_case::<StandardCircuit<Fp>>(shape, &statement, witness, account, env)?
            }
            CaseWitness::Scenario(witness) => {
                prove_case::<ScenarioCircuit<Fp>>(shape, &statement, witness, account, env)?
            }
            CaseWitness::Settlement(witness) => {
                prove_case::<SettlementCircuit<Fp>>(shape, &statement, witness, account, env)?
            }
        };
        figures.push(verdict("proof", claim, true, valid));
    }
    Ok(Some(figures))
}

/// Whether a proof of the true statement verifies.
fn prove_case<C: FamilyCircuit<Fp, Instance = MarginInstance<Fp>> + 'static>(
    shape: Shape,
    statement: &CaseStatement,
    witness: &Witness<Fp, C>,
    account: &CaseAccount,
    env: Env,
) -> Result<bool, Error> {
    let prover = prover::<Ipa, C>(shape, DevSrs::Refuse, Device::Cpu, env)?;
    let verifier = verifier::<Ipa, C>(shape, DevSrs::Refuse, env)?;
    let file = env
        .progress
        .stage(&format!("proof of {}", account.case), || {
            prover.prove_witness(&statement.instance, witness)
        })
        .map_err(|source| Error::Proving { path: account.case.clone(), source })?;
    Ok(Ipa::verify(&verifier, &[file]).iter().all(Result::is_ok))
}

fn lines(report: &Report, all: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for report in &report.files {
        let FileReport {
            file,
            schema,
            passed,
            missed,
            error,
            beyond_largest_shape,
            not_run,
            figures,
        } = report;
        if error.is_some() {
            // The error begins with the file.
            lines.extend(error.as_ref().map(|error| format!("NOT RUN {error}")));
            continue;
        }
        let counted = figures.iter().filter(|figure| !figure.is_rounded_zero());
        let worst = counted.map(|figure| figure.relative_error).fold(0.0, f64::max);
        let worst =
            if worst > 0.0 { format!(", relative errors to {worst:.1e}") } else { String::new() };
        lines.push(format!("{file}: {schema}: {passed} passed, {missed} missed{worst}"));
        for case in beyond_largest_shape {
            lines.push(format!("  {case}: not run, beyond the largest shape of the circuit"));
        }
        for NotRunReport { case, why } in not_run {
            lines.push(format!("  {case}: not run: {why}"));
        }
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
    if matches!(*name, "circuit" | "proof") {
        return format!("    {verdict} {name}: expected {expected}, got {got}");
    }
    format!("    {verdict} {name}: expected {expected}, got {got}, relative error {error}")
}

/// A number with many leading zeros is written with its exponent.
fn short(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(number) if text.len() > 24 && number.abs() < 1.0 => format!("{number:e}"),
        _ => text.to_owned(),
    }
}
