//! `zkmargin cost`.

mod estimate;

use pasta_curves::Fp;
use serde::Serialize;
use zkmargin_circuits::cost::{Cost, Rows, Summary, key_bytes, rows_by_part};
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::{Usual, Wide};
use zkmargin_circuits::kzg;
use zkmargin_circuits::lowering::LowerError;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_margin::statement::Statement;
use zkmargin_prover::backend::SetupError;
use zkmargin_prover::figures::Table;

use crate::circuit::{OnCircuit, StatementArgs, on_circuit, on_margin};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{LayoutArgs, SrsArgs};
use estimate::Sample;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this shape: small, medium, large, deep of the simulation family, and huge, multi
    /// and multi-large of the scenario family
    #[arg(long)]
    shape: Option<Shape>,
    /// Only this family of margin models: standard, scenario, simulation, settlement
    #[arg(long)]
    family: Option<Family>,
    #[command(flatten)]
    of: StatementArgs,
    #[command(flatten)]
    layout: LayoutArgs,
    /// Estimate time and memory of a proof on this machine, from a small one that is
    /// made for it
    #[arg(long)]
    estimate: bool,
    #[command(flatten)]
    srs: SrsArgs,
}

#[derive(Serialize)]
struct Line {
    family: Family,
    shape: Shape,
    layout: ColumnLayout,
    /// Of each account.
    positions: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiries: Option<usize>,
    k: u32,
    rows: usize,
    rows_per_position: usize,
    advice_columns: usize,
    fixed_columns: usize,
    permutation_columns: usize,
    lookups: usize,
    degree: usize,
    proof_bytes: usize,
    /// Of the proving key, where keys are stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate: Option<Estimate>,
    /// Of margin proofs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows_by_part: Vec<PartLine>,
}

/// What a proof of it would take on this machine.
#[derive(Serialize)]
struct Estimate {
    prove_seconds: f64,
    prove_cpu_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_bytes: Option<u64>,
}

impl From<Sample> for Estimate {
    fn from(sample: Sample) -> Self {
        let (wall, cpu, memory) = (sample.wall(), sample.cpu(), sample.memory());
        Self { prove_seconds: wall, prove_cpu_seconds: cpu, memory_bytes: memory }
    }
}

/// Rows of a part, by gadget.
#[derive(Serialize)]
struct PartLine {
    part: &'static str,
    hash: usize,
    arithmetic: usize,
    range: usize,
}

/// All of them, in the order that they are shown.
const FAMILIES: [Family; 4] =
    [Family::Standard, Family::Scenario, Family::Simulation, Family::Settlement];

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let families = args.family.map_or(FAMILIES.to_vec(), |one| vec![one]);
    if let (Some(family), Some(shape)) = (args.family, args.shape)
        && !family.has(shape)
    {
        return Err(Error::Usage(
            "--shape: the family has no such one: deep is of simulations, huge, multi and \
             multi-large are of scenarios",
        ));
    }
    let layout = args.layout.of(env.new_proof_system())?;
    if args.of.statement() != Statement::Margin && env.new_proof_system() == ProofSystem::Ipa {
        return Err(Error::Usage(
            "--of: rows of other statements are counted with --proof-system kzg (--layout wide has those of ipa)",
        ));
    }
    // First, so that the process's memory is still that of the proof.
    let asked = (env.new_proof_system(), layout);
    let sample = args.estimate.then(|| Sample::take(asked, args.srs, env)).transpose()?;
    let mut lines = Vec::new();
    for family in families {
        let statement = match (args.of.statement_in(family), args.family) {
            (Ok(statement), _) => statement,
            // Not asked for by name.
            (Err(_), None) => continue,
            (Err(error), Some(_)) => return Err(error),
        };
        let asked = |shape: &&Shape| args.shape.is_none_or(|only| **shape == only);
        for shape in family.shapes().iter().filter(asked) {
            let stage = format!("layout, {family} {shape}");
            let work = Measure(family, *shape);
            let measured = env.progress.stage(&stage, || measure(statement, work, layout, env));
            let mut line = measured.map_err(SetupError::from)?;
            line.estimate = sample.map(|sample| sample.scaled(line.k).into());
            lines.push(line);
        }
    }
    env.out.result(&lines, |lines| table(lines))?;
    Ok(Exit::Done)
}

/// A circuit that is laid out.
#[derive(Clone, Copy)]
struct Measure(Family, Shape);

impl OnCircuit<Fp> for Measure {
    type Output = Result<Line, kzg::KeyError>;

    fn on<C: FamilyCircuit<Fp> + 'static>(self) -> Self::Output {
        Ok(line::<Fp, C>(self.0, Cost::measure::<C>(self.1)))
    }
}

impl OnCircuit<Bn254Fr> for Measure {
    type Output = Result<Line, kzg::KeyError>;

    fn on<C: FamilyCircuit<Bn254Fr> + 'static>(self) -> Self::Output {
        Ok(line::<Bn254Fr, C>(self.0, kzg::cost::<C>(self.1)?))
    }
}

/// Of a margin circuit, with its rows by part.
struct MeasureParts(Measure);

impl<F: MarginField> OnCircuit<F> for MeasureParts
where
    Measure: OnCircuit<F, Output = Result<Line, kzg::KeyError>>,
{
    type Output = Result<Line, kzg::KeyError>;

    fn on<C: FamilyCircuit<F> + 'static>(self) -> Self::Output {
        let parts = rows_by_part::<F, C>(self.0.1).map_err(LowerError::from)?;
        Ok(Line { rows_by_part: part_lines(&Summary::of(&parts)), ..self.0.on::<C>()? })
    }
}

fn measure(
    statement: Statement,
    work: Measure,
    layout: ColumnLayout,
    env: Env,
) -> Result<Line, kzg::KeyError> {
    let parts = MeasureParts(work);
    let tall = layout == ColumnLayout::Tall;
    match (env.new_proof_system(), statement) {
        // Of margin proofs alone: `run` refuses the others.
        (ProofSystem::Ipa, _) => on_margin::<Fp, Usual, _>(work.0, parts),
        (ProofSystem::Kzg, Statement::Margin) if tall => {
            on_margin::<Bn254Fr, Usual, _>(work.0, parts)
        }
        (ProofSystem::Kzg, Statement::Margin) => on_margin::<Bn254Fr, Wide, _>(work.0, parts),
        (ProofSystem::Kzg, _) if tall => on_circuit::<Bn254Fr, Usual, _>(statement, work.0, work),
        (ProofSystem::Kzg, _) => on_circuit::<Bn254Fr, Wide, _>(statement, work.0, work),
    }
}

fn part_lines(Summary { position, expiry, scenario, account }: &Summary) -> Vec<PartLine> {
    let part =
        |part, &Rows { hash, arithmetic, range }: &Rows| PartLine { part, hash, arithmetic, range };
    let mut lines = vec![part("a position", position)];
    lines.extend(expiry.iter().map(|rows| part("an expiry", rows)));
    lines.extend(scenario.iter().map(|rows| part("of it a scenario", rows)));
    lines.push(part("the account", account));
    lines
}

fn line<F: MarginField, C: FamilyCircuit<F>>(family: Family, cost: Cost) -> Line {
    let stores_keys = ProofSystem::of_field(F::NAME) == Some(ProofSystem::Kzg);
    let accounts = match C::STATEMENT {
        Statement::Venue(depth) | Statement::Haircut(depth) => depth.leaves(),
        _ => 1,
    };
    Line {
        family,
        shape: cost.shape,
        layout: C::layout(),
        positions: cost.positions,
        expiries: (family == Family::Scenario).then(|| cost.shape.scenario_expiries()),
        k: cost.k,
        rows: cost.rows,
        rows_per_position: cost.rows / (cost.positions * accounts).max(1),
        advice_columns: cost.advice_columns,
        fixed_columns: cost.fixed_columns,
        permutation_columns: cost.permutation_columns,
        lookups: cost.lookups,
        degree: cost.degree,
        proof_bytes: cost.proof_size,
        key_bytes: stores_keys.then(|| key_bytes(&cost)),
        estimate: None,
        rows_by_part: Vec::new(),
    }
}

fn table(lines: &[Line]) -> Vec<String> {
    let mut table = Table::new(
        2,
        [
            "family",
            "shape",
            "positions",
            "expiries",
            "k",
            "rows",
            "rows/position",
            "advice",
            "fixed",
            "permutation",
            "lookups",
            "degree",
            "proof bytes",
        ],
    );
    for line in lines {
        table.row([
            line.family.to_string(),
            line.shape.to_string(),
            line.positions.to_string(),
            line.expiries.map_or_else(String::new, |expiries| expiries.to_string()),
            line.k.to_string(),
            line.rows.to_string(),
            line.rows_per_position.to_string(),
            line.advice_columns.to_string(),
            line.fixed_columns.to_string(),
            line.permutation_columns.to_string(),
            line.lookups.to_string(),
            line.degree.to_string(),
            line.proof_bytes.to_string(),
        ]);
    }
    let mut text = table.lines();
    text.push(String::new());
    text.extend(estimates(lines));
    if lines.iter().all(|line| line.rows_by_part.is_empty()) {
        return text;
    }
    let heads = ["family", "shape", "rows of", "hash", "arithmetic", "range"];
    let mut table = Table::new(3, heads);
    for line in lines {
        for part in &line.rows_by_part {
            table.row([
                line.family.to_string(),
                line.shape.to_string(),
                part.part.to_owned(),
                part.hash.to_string(),
                part.arithmetic.to_string(),
                part.range.to_string(),
            ]);
        }
    }
    text.extend(table.lines());
    text.push(
        "averages; gadgets lie side by side in the wide layout, one below the other in the tall one"
            .to_owned(),
    );
    text
}

/// Keys, and what proofs would take; nothing where neither is known.
fn estimates(lines: &[Line]) -> Vec<String> {
    if lines.iter().all(|line| line.key_bytes.is_none() && line.estimate.is_none()) {
        return Vec::new();
    }
    let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let heads = ["family", "shape", "key MiB", "prove s", "CPU s", "memory MiB"];
    let mut table = Table::new(2, heads);
    for line in lines {
        let estimate = line.estimate.as_ref();
        table.row([
            line.family.to_string(),
            line.shape.to_string(),
            line.key_bytes.map_or_else(String::new, |bytes| mib(bytes as u64)),
            estimate.map_or_else(String::new, |of| format!("{:.1}", of.prove_seconds)),
            estimate.map_or_else(String::new, |of| format!("{:.1}", of.prove_cpu_seconds)),
            estimate.and_then(|of| of.memory_bytes).map_or_else(String::new, mib),
        ]);
    }
    let mut text = table.lines();
    if lines.iter().any(|line| line.estimate.is_some()) {
        text.push("time and memory: estimates, from one small proof on this machine".to_owned());
    }
    text.push(String::new());
    text
}
