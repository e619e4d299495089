//! A leaf of the subtree: empty, or an account and whether it is flagged (V1, V2).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::shape::Shape;

use super::hints::LeafHints;
use crate::figures::FamilyFigures;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::claim::ClaimCells;
use crate::statement::market::HeaderCells;
use crate::statement::{assign_slots, state};

/// What is the same for every leaf.
pub(super) struct Common<'a, F: MarginField, G: FamilyFigures<F>> {
    pub(super) header: &'a HeaderCells<F>,
    pub(super) terms: &'a G::Terms,
    /// The level and its multiplier; the side is each leaf's own.
    pub(super) claim: &'a ClaimCells<F>,
    pub(super) context: &'a Cell<F>,
}

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

    let reserved = state::assign_reserved(s, hints.map(|h| h.reserved))?;
    // The family proves the side: a flagged account has a shortfall of one or more,
    // any other none.
    let claim = ClaimCells { is_below: flagged.clone(), ..of.claim.clone() };
    let figures = hints.map(|h| &h.figures);
    let mut sums = G::begin(s, shape, (of.header, of.terms, claim, &reserved), figures)?;
    let slots = assign_slots(s, shape, &mut sums, figures)?;
    let outcome = sums.finish(s, figures)?;

    let words: Vec<_> = slots.iter().map(|slot| slot.as_ref().committed()).collect();
    let chain = state::assign_chain(s, ("link", "M1", Domain::Positions), &reserved, &words)?;
    s.scope("account");
    let blinding = s.witness_unchecked("M1 blinding", hints.map(|h| h.blinding))?;
    let message = [chain, blinding, s.zero(), s.zero()];
    let commitment = s.hash("M1 opening", Domain::Portfolio, &message)?;
    let account = s.witness_unchecked("V1 account", hints.map(|h| h.account))?;
    let message = [account.clone(), commitment, of.context.clone(), s.zero()];
    let digest = s.hash("V1 leaf", Domain::StateLeaf, &message)?;
    let digest = s.mul("V1 leaf or empty", &present, &digest)?;
    let tree_roots = slots.iter().map(|slot| slot.as_ref().tree_root.clone()).collect();
    Ok(LeafCells { present, flagged, account, digest, tree_roots, terms: outcome.terms })
}
