//! `zkmargin cost`.

use pasta_curves::Fp;
use serde::Serialize;
use zkmargin_circuits::cost::Cost;
use zkmargin_circuits::kzg;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_prover::backend::SetupError;

use crate::cli::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this shape: small, medium, large
    #[arg(long)]
    shape: Option<Shape>,
}

#[derive(Serialize)]
struct Line {
    shape: Shape,
    positions: usize,
    k: u32,
    rows: usize,
    rows_per_position: usize,
    advice_columns: usize,
    fixed_columns: usize,
    permutation_columns: usize,
    lookups: usize,
    degree: usize,
    proof_bytes: usize,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let shapes: Vec<Shape> = args.shape.map_or(Shape::ALL.to_vec(), |shape| vec![shape]);
    let system = env.new_proof_system();
    let measure = |shape| -> Result<Line, Error> {
        let cost = env.progress.stage(&format!("layout, {shape} shape"), || match system {
            ProofSystem::Ipa => Ok(Cost::measure::<StandardCircuit<Fp>>(shape)),
            ProofSystem::Kzg => kzg::cost::<StandardCircuit<Bn254Fr>>(shape),
        });
        let cost = cost.map_err(SetupError::from)?;
        Ok(Line {
            shape,
            positions: cost.positions,
            k: cost.k,
            rows: cost.rows,
            rows_per_position: cost.rows / cost.positions.max(1),
            advice_columns: cost.advice_columns,
            fixed_columns: cost.fixed_columns,
            permutation_columns: cost.permutation_columns,
            lookups: cost.lookups,
            degree: cost.degree,
            proof_bytes: cost.proof_size,
        })
    };
    let lines = shapes.into_iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    env.out.result(&lines, |lines| {
        let mut text = vec![format!(
            "{:<8} {:>9} {:>3} {:>7} {:>13} {:>7} {:>6} {:>12} {:>8} {:>7} {:>12}",
            "shape",
            "positions",
            "k",
            "rows",
            "rows/position",
            "advice",
            "fixed",
            "permutation",
            "lookups",
            "degree",
            "proof bytes"
        )];
        text.extend(lines.iter().map(|l| {
            format!(
                "{:<8} {:>9} {:>3} {:>7} {:>13} {:>7} {:>6} {:>12} {:>8} {:>7} {:>12}",
                l.shape.to_string(),
                l.positions,
                l.k,
                l.rows,
                l.rows_per_position,
                l.advice_columns,
                l.fixed_columns,
                l.permutation_columns,
                l.lookups,
                l.degree,
                l.proof_bytes
            )
        }));
        text
    })?;
    Ok(Exit::Done)
}
