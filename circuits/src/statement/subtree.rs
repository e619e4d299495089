//! What statements over a subtree of the state tree share: accounts without paths, and
//! the root over their leaves (M1, M3 to M5).

pub(crate) mod circuit;

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::merkle::ARITY;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::shape::Shape;

use super::claim::ClaimCells;
use super::market::HeaderCells;
use super::{assign_slots, state};
use crate::figures::{FamilyFigures, Outcome};
use crate::gadgets::{Cell, Synthesizer};

/// What is the same for every leaf.
pub(crate) struct Common<'a, F: MarginField, G: FamilyFigures<F>> {
    pub(crate) header: &'a HeaderCells<F>,
    pub(crate) terms: &'a G::Terms,
    /// The level and its multiplier; the side is each leaf's own.
    pub(crate) claim: &'a ClaimCells<F>,
    pub(crate) context: &'a Cell<F>,
}

/// What opens an account, and what of its figures depends on nothing else.
pub(crate) struct AccountHints<'a, F: MarginField, G: FamilyFigures<F>> {
    pub(crate) reserved: F,
    pub(crate) blinding: F,
    pub(crate) figures: &'a G::Hints,
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for AccountHints<'_, F, G> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Copy for AccountHints<'_, F, G> {}

/// An account whose positions open a commitment.
pub(crate) struct AccountCells<F: MarginField, G: FamilyFigures<F>> {
    pub(crate) slots: Vec<G::Slot>,
    pub(crate) reserved: Cell<F>,
    pub(crate) outcome: Outcome<F>,
    pub(crate) commitment: Cell<F>,
}

impl<F: MarginField, G: FamilyFigures<F>> AccountCells<F, G> {
    /// The roots that its slots' rows open to.
    pub(crate) fn tree_roots(&self) -> Vec<Cell<F>> {
        self.slots.iter().map(|slot| slot.as_ref().tree_root.clone()).collect()
    }
}

/// Assigns an account whose figures are on a side of the level: one for below it. The
/// family proves the side.
pub(crate) fn assign_account<F: MarginField, G: FamilyFigures<F>, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    shape: Shape,
    (of, is_below): (&Common<'_, F, G>, &Cell<F>),
    hints: Value<AccountHints<'_, F, G>>,
) -> Result<AccountCells<F, G>, Error> {
    let reserved = state::assign_reserved(s, hints.map(|h| h.reserved))?;
    let claim = ClaimCells { is_below: is_below.clone(), ..of.claim.clone() };
    let figures = hints.map(|h| h.figures);
    let mut sums = G::begin(s, shape, (of.header, of.terms, claim, &reserved), figures)?;
    let slots = assign_slots(s, shape, &mut sums, figures)?;
    let outcome = sums.finish(s, figures)?;

    let words: Vec<_> = slots.iter().map(|slot| slot.as_ref().committed()).collect();
    let chain = state::assign_chain(s, ("link", "M1", Domain::Positions), &reserved, &words)?;
    s.scope("account");
    let blinding = s.witness_unchecked("M1 blinding", hints.map(|h| h.blinding))?;
    let message = [chain, blinding, s.zero(), s.zero()];
    let commitment = s.hash("M1 opening", Domain::Portfolio, &message)?;
    Ok(AccountCells { slots, reserved, outcome, commitment })
}

/// The leaf of an account with a commitment, or zero where it is not present.
pub(crate) fn assign_leaf<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    clause: &str,
    (account, commitment, context): (&Cell<F>, Cell<F>, &Cell<F>),
    present: &Cell<F>,
) -> Result<Cell<F>, Error> {
    let message = [account.clone(), commitment, context.clone(), s.zero()];
    let digest = s.hash(&format!("{clause} leaf"), Domain::StateLeaf, &message)?;
    s.mul(&format!("{clause} leaf or empty"), present, &digest)
}

/// The root over leaves; each node is hashed once.
pub(crate) fn assign_root<F: MarginField, L: Layouter<F>>(
    s: &mut Synthesizer<'_, F, L>,
    (scope, clause): (&str, &str),
    leaves: Vec<Cell<F>>,
) -> Result<Cell<F>, Error> {
    let mut level = leaves;
    let mut height = 0;
    while level.len() > 1 {
        height += 1;
        s.scope(format!("{scope} {height}"));
        let (groups, []) = level.as_chunks::<ARITY>() else { return Err(Error::Synthesis) };
        let node = |(index, group): (usize, &[Cell<F>; ARITY])| {
            s.hash(&format!("{clause} node {index}"), Domain::StateNode, group)
        };
        level = groups.iter().enumerate().map(node).collect::<Result<_, _>>()?;
    }
    level.pop().ok_or(Error::Synthesis)
}
