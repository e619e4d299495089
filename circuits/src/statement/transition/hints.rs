//! The values a prover of a transition is free to choose.
//!
//! As everywhere nothing here is trusted, and nothing fails.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::{CASH_OFFSET, QUANTITY_OFFSET};
use zkmargin_margin::relation::MarginFamily;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::{TransitionInstance, TransitionWitness};

use crate::family::{TooManyChanges, Unprovable};
use crate::figures::{FamilyFigures, Witness};
use crate::statement::claim::ClaimHints;

/// Everything the prover chooses: what a satisfied circuit is quantified over.
pub struct Assignment<F: MarginField, G: FamilyFigures<F>> {
    /// Blindings, salt, commitment, header and account path; the rest is below.
    pub witness: TransitionWitness<G::Family>,
    /// The claim's parts.
    pub claim: ClaimHints<F>,
    /// What is reserved for open orders.
    pub reserved: F,
    /// What the family assigns: the slots as they are afterwards.
    pub figures: G::Hints,
    /// What stands beside each slot of the shape.
    pub slots: Vec<TransitionHints<F>>,
}

/// What the prover writes beside a slot.
#[derive(Clone)]
pub struct TransitionHints<F> {
    /// One for a position that was held before.
    pub held: F,
    /// Lots before, plus their offset.
    pub lots: F,
    /// Cash before, plus its offset.
    pub cash: F,
    /// One for a slot that an entry is about.
    pub changed: F,
    /// By how many places a slot held before moves up: one-hot.
    pub before: Vec<F>,
    /// The same of a slot kept afterwards.
    pub next: Vec<F>,
    /// Which entry a changed slot is.
    pub entry: Vec<F>,
}

/// Secret: shows nothing.
impl<F> fmt::Debug for TransitionHints<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransitionHints(..)")
    }
}

/// Secret: shows nothing.
impl<F: MarginField, G: FamilyFigures<F>> fmt::Debug for Assignment<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assignment(..)")
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for Assignment<F, G> {
    fn clone(&self) -> Self {
        Self {
            witness: self.witness.clone(),
            claim: self.claim,
            reserved: self.reserved,
            figures: self.figures.clone(),
            slots: self.slots.clone(),
        }
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Deref for Assignment<F, G> {
    type Target = G::Hints;

    fn deref(&self) -> &G::Hints {
        &self.figures
    }
}

impl<F: MarginField, G: FamilyFigures<F>> DerefMut for Assignment<F, G> {
    fn deref_mut(&mut self) -> &mut G::Hints {
        &mut self.figures
    }
}

/// The witness of an account that has all slots of a transition, closed ones too.
fn listed<M: MarginFamily>(witness: &TransitionWitness<M>) -> M::Witness {
    let slots = witness.slots.iter().map(|slot| slot.slot.clone());
    M::with_slots(&witness.before, slots.collect())
}

impl<F: MarginField, G: FamilyFigures<F>> Assignment<F, G> {
    /// The choices for a witness.
    ///
    /// # Errors
    /// When positions or changes do not fit the shape.
    pub(super) fn new(
        shape: Shape,
        instance: &TransitionInstance<F>,
        witness: TransitionWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        let listed: &Witness<F, G> = &listed(&witness);
        G::fits(shape, listed)?;
        let was_held = |index: usize| witness.before_at(index).is_some();
        let opened = (0..witness.slots.len()).filter(|index| !was_held(*index)).count();
        let closed = witness.slots.iter().filter(|slot| !slot.kept).count();
        let changes = witness.change.entries().len().max(opened).max(closed);
        if changes > shape.changes() {
            return Err(TooManyChanges { changes, shape, slots: shape.changes() }.into());
        }
        let claim = ClaimHints::new(instance.account().claim);
        let reserved = F::from_u128(G::Family::account(listed).reserved.get());
        let mut figures = G::hints(shape, (&claim, reserved), listed);
        let closed = witness.slots.iter().enumerate().filter(|(_, slot)| !slot.kept);
        closed.for_each(|(index, _)| G::close(&mut figures, index));
        let slots = slots(G::positions(shape), shape.changes(), &witness);
        Ok(Self { witness, claim, reserved, figures, slots })
    }
}

/// What stands beside each of `positions` slots.
fn slots<F: MarginField, M: MarginFamily<Field = F>>(
    positions: usize,
    changes: usize,
    witness: &TransitionWitness<M>,
) -> Vec<TransitionHints<F>> {
    let bit = |bit: bool| F::from(u64::from(bit));
    let one_hot = |flag: bool, at: usize, bits: usize| -> Vec<F> {
        (0..bits).map(|i| bit(flag && i == at)).collect()
    };
    let (mut before_gaps, mut next_gaps, mut entries) = (0, 0, 0);
    let mut hints = Vec::with_capacity(positions);
    for index in 0..positions {
        let slot = witness.slots.get(index);
        let (listed, kept) = (slot.is_some(), slot.is_some_and(|slot| slot.kept));
        let was = witness.before_at(index);
        let key = slot.map(|slot| slot.slot.position.key());
        let changed = witness.change.entries().iter().any(|entry| Some(entry.key()) == key);
        let (lots, cash) =
            was.map_or((0, 0), |was| (i128::from(was.quantity.get()), was.cash.get()));
        hints.push(TransitionHints {
            held: bit(was.is_some()),
            lots: F::from_i128(lots) + F::from_u128(QUANTITY_OFFSET),
            cash: F::from_i128(cash) + F::from_u128(CASH_OFFSET),
            changed: bit(changed),
            before: one_hot(was.is_some(), before_gaps, changes + 1),
            next: one_hot(kept, next_gaps, changes + 1),
            entry: one_hot(changed, entries, changes),
        });
        before_gaps += usize::from(listed && was.is_none());
        next_gaps += usize::from(listed && !kept);
        entries += usize::from(changed);
    }
    hints
}
