//! The statements, each once for every family, and the clauses they share: the
//! public inputs, the commitment and the trees, the header, the claim's parts.
//!
//! | file | holds |
//! |---|---|
//! | `margin.rs` | an account meets a level, or is below it |
//! | `escrow/` | the same, and that a key's holder can open the portfolio |
//! | `transition/` | one portfolio becomes another, and that meets a level |
//! | `claim.rs` | the claim's parts, the disclosure |
//! | `market.rs` | the header over the rows |
//! | `state.rs` | the commitment and the account's leaf |

pub(crate) mod claim;
pub mod escrow;
pub mod margin;
pub(crate) mod market;
pub(crate) mod state;
pub mod transition;

pub use claim::ClaimHints;

use halo2_proofs::circuit::Layouter;
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;

use crate::gadgets::{Cell, Synthesizer};

/// Bits of an instrument.
pub(crate) const INSTRUMENT_BITS: u32 = 64;
/// Bits of a rate and of the header's denominator.
pub(crate) const RATE_BITS: u32 = 32;

/// The cells of the public inputs, by row. Every statement has those of the
/// margin statement, at the same rows.
pub(crate) type PublicInputs<F> = [Cell<F>];

/// Assigns the public inputs of these names.
pub(crate) fn assign_public<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    names: &[&str],
) -> Result<Vec<Cell<F>>, Error> {
    s.scope("public");
    names.iter().enumerate().map(|(row, name)| s.public_input(name, row)).collect()
}
