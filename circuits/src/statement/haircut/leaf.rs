//! A leaf of the subtree: empty, or an account before and afterwards (F1, F4).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::WORD_CASH;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::units::NOTIONAL_BITS;

use super::hints::LeafHints;
use super::share::{self, RatioCells, ShareCells};
use crate::figures::{FamilyFigures, SlotCells};
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::state::{self, Committed};
use crate::statement::subtree::{AccountCells, AccountHints, Common, assign_account, assign_leaf};

/// A leaf.
pub(super) struct LeafCells<F: MarginField> {
    pub(super) share: ShareCells<F>,
    /// The leaf of the state tree, and that of the tree afterwards.
    pub(super) before: Cell<F>,
    pub(super) after: Cell<F>,
    /// The roots that its slots' rows open to.
    pub(super) tree_roots: Vec<Cell<F>>,
    /// Digest of the market's terms.
    pub(super) terms: Cell<F>,
}

/// Assigns a leaf: an empty one runs every constraint of an account without a cut,
/// whose leaves then count for nothing.
pub(super) fn assign<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    shape: Shape,
    (of, ratio): (&Common<'_, F, G>, &RatioCells<F>),
    hints: Value<&LeafHints<F, G>>,
) -> Result<LeafCells<F>, Error> {
    s.scope("flag");
    let present = s.witness_bit("F1 present", hints.map(|h| h.present))?;
    let below_zero = s.witness_bit("F1 below zero", hints.map(|h| h.below_zero))?;
    let opened = hints.map(|h| AccountHints {
        reserved: h.reserved,
        blinding: h.blinding,
        figures: &h.figures,
    });
    let opened = assign_account(s, shape, (of, &below_zero), opened)?;
    let tree_roots = opened.tree_roots();
    let account = s.witness_unchecked("F1 account", hints.map(|h| h.account))?;
    let commitment = opened.commitment.clone();
    let before = assign_leaf(s, "F1", (&account, commitment, of.context), &present)?;

    let cut = assign_cut(s, &opened, hints.map(|h| h.cash_after))?;
    let of_share = (hints.map(|h| h.winner), cut);
    let share = share::assign(s, ratio, (&opened.outcome.equity, &present), of_share)?;
    let commitment = assign_after(s, &opened, &share.cut, hints.map(|h| h.blinding_after))?;
    let after = assign_leaf(s, "F4", (&account, commitment, of.context), &present)?;
    Ok(LeafCells { share, before, after, tree_roots, terms: opened.outcome.terms })
}

/// What is taken off the cash of the first position, by the cash that it has afterwards
/// with the offset of cash in words: a difference of two numbers in range, so below
/// `2^80` either way.
fn assign_cut<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    before: &AccountCells<F, G>,
    after: Value<F>,
) -> Result<Cell<F>, Error> {
    s.scope("cash");
    let first = before.slots.first().ok_or(Error::Synthesis)?.as_ref();
    let after = s.witness_ranged("F4 cash after", after, NOTIONAL_BITS)?;
    s.sub("F4 cut", &first.parts.cash, after.cell())
}

/// The commitment afterwards: the same words but for the cash of the first, and what is
/// reserved, under whatever blinding.
///
/// Without positions the first word is zero and there is nothing to cut: such an account
/// has no equity, so its cut is nothing, and the word stays what it is.
fn assign_after<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    before: &AccountCells<F, G>,
    cut: &Cell<F>,
    blinding: Value<F>,
) -> Result<Cell<F>, Error> {
    s.scope("after");
    let slots: Vec<&SlotCells<F>> = before.slots.iter().map(AsRef::as_ref).collect();
    let [first, others @ ..] = slots.as_slice() else { return Err(Error::Synthesis) };
    // The cash afterwards is in range: the cut borrows from no other field of the word.
    let place = F::from(2).pow_vartime([u64::from(WORD_CASH)]);
    let word = s.add_scaled("F4 word after", &first.word, (-place, cut), F::ZERO)?;

    let first = Committed { used: &first.used, word: &word };
    let words: Vec<_> =
        [first].into_iter().chain(others.iter().map(|slot| slot.committed())).collect();
    let names = ("after link", "F4", Domain::Positions);
    let chain = state::assign_chain(s, names, &before.reserved, &words)?;
    s.scope("after");
    let blinding = s.witness_unchecked("F4 blinding", blinding)?;
    let message = [chain, blinding, s.zero(), s.zero()];
    s.hash("F4 opening", Domain::Portfolio, &message)
}
