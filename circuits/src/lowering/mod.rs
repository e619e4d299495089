//! Lowering: a circuit of `halo2_proofs` over the BN254 scalar field becomes a
//! circuit of `halo2-axiom`, which proves it under KZG. Nothing of the
//! relation is written twice.
//!
//! This is trusted compiler code: a constraint lost here is a forged proof.
//!
//! | step | module | reads | gives |
//! |---|---|---|---|
//! | constraint system | [`pinned`] | the text that `halo2_proofs` hashes into every verifying key | gates, lookups, queries, permutation |
//! | assignment | [`recorder`] | a synthesis through the public `Assignment` trait | fixed cells, selectors, copies; advice when proving |
//! | fixed columns | `fold` | both | fewer of them, each read at two rotations |
//! | both | [`shape`] | | a versioned [`LoweredShape`] with a digest |
//! | back end | [`backend`] | a [`LoweredShape`] | the same circuit for `halo2-axiom` |
//!
//! Selectors are not compressed: each becomes a fixed column of its own. No
//! expression is rewritten, only where its queries of fixed columns are. The back end refuses to build when degree or
//! blinding factors differ from the front end's.
//!
//! What is checked in tests, for every circuit: the back end's pinned
//! constraint system equals the shape's, its permutation and fixed columns are
//! those of the recorder (where columns are folded, every polynomial has the front
//! end's value in every row, for random cells), a true witness satisfies it and each lie does not;
//! and mutations of a shape (a gate dropped, a copy dropped, a rotation
//! changed, a fixed cell changed) are caught by its digest and by the oracle.

pub mod backend;
mod fold;
pub mod pinned;
pub mod recorder;
pub mod shape;

#[cfg(test)]
mod tests;

use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error, FloorPlanner};
use zkmargin_margin::field::bn254::Bn254Fr;

use recorder::{Columns, Recorder};
use shape::{LoweredShape, ShapeError};

/// Why a circuit could not be lowered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LowerError {
    /// The circuit could not be laid out.
    #[error("the circuit could not be laid out: {0}")]
    Synthesis(#[from] Error),
    /// The pinned text is not of the form this version of `halo2_proofs` writes.
    #[error("the constraint system could not be read: {0}")]
    Pinned(#[from] pinned::PinnedError),
    /// The parts do not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// Lowers a circuit: everything about it that does not depend on a witness.
///
/// # Errors
/// When it does not fit `2^k` rows, or the front end's text is not understood.
pub fn lower<C: Circuit<Bn254Fr>>(k: u32, circuit: &C) -> Result<LoweredShape, LowerError> {
    let mut meta = ConstraintSystem::default();
    let config = C::configure(&mut meta);
    let system = pinned::read(&format!("{:?}", meta.pinned()))?;
    let columns = Columns::new(&system.columns);
    let constants = system.constants.iter().map(|index| columns.fixed(*index)).collect();
    let usable = usable_rows(k, meta.blinding_factors());
    let mut recorder = Recorder::for_keys(&columns, 1 << k, usable);
    let blank = circuit.without_witnesses();
    C::FloorPlanner::synthesize(&mut recorder, &blank, config, constants)?;
    let (system, layout) = fold::fold(system, recorder.into_layout(), usable);
    Ok(LoweredShape::new(k, meta.degree(), meta.blinding_factors(), system, layout)?)
}

/// The advice columns of a circuit with a witness, `None` where nothing is
/// assigned.
///
/// # Errors
/// When a cell has no value, or lies past the usable rows.
pub fn advice<C: Circuit<Bn254Fr>>(
    shape: &LoweredShape,
    circuit: &C,
    instance: &[Bn254Fr],
) -> Result<Vec<Vec<Option<Bn254Fr>>>, LowerError> {
    let mut meta = ConstraintSystem::default();
    let config = C::configure(&mut meta);
    let columns = Columns::new(shape.columns());
    let constants = shape.constants().iter().map(|index| columns.fixed(*index)).collect();
    let usable = usable_rows(shape.k(), shape.blinding_factors());
    let mut recorder = Recorder::for_witness(&columns, 1 << shape.k(), usable, instance);
    C::FloorPlanner::synthesize(&mut recorder, circuit, config, constants)?;
    Ok(recorder.into_advice())
}

/// Rows that a circuit may use: the last ones blind the columns.
pub fn usable_rows(k: u32, blinding_factors: usize) -> usize {
    (1 << k) - blinding_factors - 1
}
