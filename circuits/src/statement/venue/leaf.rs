//! A leaf of the subtree: empty, or an account and whether it is flagged (V1, V2).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::Shape;

use super::hints::LeafHints;
use crate::figures::FamilyFigures;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::subtree::{AccountHints, Common, assign_account, assign_leaf};

/// A leaf.
pub(super) struct LeafCells<F: MarginField> {
    /// One for an account, zero for an empty leaf.
    pub(super) present: Cell<F>,
    /// One for an account below the level, zero for any other leaf.
    pub(super) flagged: Cell<F>,
    pub(super) account: Cell<F>,
    /// The leaf of the state tree.
    pub(super) digest: Cell<F>,
    /// The roots that its slots' rows open to.
    pub(super) tree_roots: Vec<Cell<F>>,
    /// Digest of the market's terms.
    pub(super) terms: Cell<F>,
}

/// Assigns a leaf: an empty one runs every constraint of an account, whose leaf then
/// counts for nothing.
pub(super) fn assign<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    shape: Shape,
    of: &Common<'_, F, G>,
    hints: Value<&LeafHints<F, G>>,
) -> Result<LeafCells<F>, Error> {
    s.scope("flag");
    let present = s.witness_bit("V1 present", hints.map(|h| h.present))?;
    let flagged = s.witness_bit("V2 flagged", hints.map(|h| h.flagged))?;
    let absent = s.not("absent", &present)?;
    s.product_is_zero("V2 flagged is present", &flagged, &absent)?;

    // A flagged account has a shortfall of one or more, any other none.
    let opened = hints.map(|h| AccountHints {
        reserved: h.reserved,
        blinding: h.blinding,
        figures: &h.figures,
    });
    let opened = assign_account(s, shape, (of, &flagged), opened)?;
    let tree_roots = opened.tree_roots();
    let account = s.witness_unchecked("V1 account", hints.map(|h| h.account))?;
    let digest = assign_leaf(s, "V1", (&account, opened.commitment, of.context), &present)?;
    Ok(LeafCells { present, flagged, account, digest, tree_roots, terms: opened.outcome.terms })
}
