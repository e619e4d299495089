//! The clauses that are the same in every family: the public inputs, the
//! commitment and the trees, the header, the claim's parts.

pub(crate) mod claim;
pub(crate) mod market;
pub(crate) mod state;

pub use claim::ClaimHints;

use halo2_proofs::circuit::Layouter;
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance;

use crate::gadgets::{Cell, Synthesizer};

/// Bits of an instrument.
pub(crate) const INSTRUMENT_BITS: u32 = 32;
/// Bits of a rate and of the header's denominator.
pub(crate) const RATE_BITS: u32 = 32;

/// The cells of the public inputs, by row.
pub(crate) type PublicInputs<F> = [Cell<F>; instance::LEN];

/// Assigns the public inputs.
pub(crate) fn assign_public<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
) -> Result<PublicInputs<F>, Error> {
    s.scope("public");
    let mut inputs = Vec::with_capacity(instance::LEN);
    for (row, name) in instance::NAMES.iter().enumerate() {
        inputs.push(s.public_input(name, row)?);
    }
    inputs.try_into().map_err(|_| Error::Synthesis)
}
