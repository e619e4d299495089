//! The statements, each once for every family, and the clauses they share: the
//! public inputs, the commitment and the trees, the header, the claim's parts.
//!
//! | file | holds |
//! |---|---|
//! | `margin.rs` | an account meets a level, or is below it |
//! | `escrow/` | the same, and that a key's holder can open the portfolio |
//! | `transition/` | one portfolio becomes another, and that meets a level |
//! | `venue/` | of all accounts of a subtree, those below a level are flagged |
//! | `haircut/` | of all accounts of a subtree, each winner is cut by its share of a loss |
//! | `subtree.rs`, `subtree/` | accounts without paths, the root over their leaves; the circuit of either |
//! | `netting/` | what an account holds at several venues meets a level, or is below it |
//! | `claim.rs` | the claim's parts, the disclosure |
//! | `market.rs` | the header over the rows |
//! | `held.rs` | what one of several portfolios holds of a slot |
//! | `state.rs` | the commitment and the account's leaf |

pub(crate) mod claim;
pub mod escrow;
pub mod haircut;
pub(crate) mod held;
pub mod margin;
pub(crate) mod market;
pub mod netting;
pub(crate) mod state;
pub(crate) mod subtree;
pub mod transition;
pub mod venue;

pub use claim::ClaimHints;
pub use subtree::circuit::{AnyDepth, SubtreeCircuit, SubtreeStatement};

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::Shape;

use crate::figures::FamilyFigures;
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

/// Assigns the slots of an account and sums them up.
pub(crate) fn assign_slots<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    shape: Shape,
    figures: &mut G,
    hints: Value<&G::Hints>,
) -> Result<Vec<G::Slot>, Error> {
    let mut slots: Vec<G::Slot> = Vec::new();
    for index in 0..G::positions(shape) {
        s.scope(format!("slot {index}"));
        let slot = figures.slot(s, index, hints)?;
        figures.add(s, slots.last(), &slot, (index, hints))?;
        slots.push(slot);
    }
    Ok(slots)
}
