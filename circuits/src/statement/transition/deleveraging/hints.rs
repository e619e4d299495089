//! The values a prover of a deleveraging is free to choose.
//!
//! As everywhere nothing here is trusted, and nothing fails but what does not fit.

use std::fmt;
use std::ops::{Deref, DerefMut};

use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::relation::MarginFamily;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::transition::{
    CASH_CHANGE_OFFSET, Entry, LOTS_OFFSET, TransitionInstance, TransitionWitness,
};
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_margin::witness::Slot;

use super::aim::AimHints;
use super::entry::EntryHints;
use super::sums::EndHints;
use crate::family::Unprovable;
use crate::figures::FamilyFigures;
use crate::statement::transition;

/// Everything the prover chooses: a transition's, which is reached through it as its
/// own, and what the aims take beside.
pub struct Assignment<F: MarginField, G: FamilyFigures<F>> {
    /// What any transition has.
    pub transition: transition::Assignment<F, G>,
    /// The aim's parts.
    pub aim: AimHints<F>,
    /// Positions by themselves: for each entry the one it changes, as it was, then the
    /// one with a lot taken back; padding where there is none.
    pub loose: G::Hints,
    /// The entries of the shape.
    pub entries: Vec<EntryHints<F>>,
    /// The ends of buckets: before each slot, and behind the last.
    pub ends: Vec<EndHints<F>>,
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
            transition: self.transition.clone(),
            aim: self.aim,
            loose: self.loose.clone(),
            entries: self.entries.clone(),
            ends: self.ends.clone(),
        }
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Deref for Assignment<F, G> {
    type Target = transition::Assignment<F, G>;

    fn deref(&self) -> &Self::Target {
        &self.transition
    }
}

impl<F: MarginField, G: FamilyFigures<F>> DerefMut for Assignment<F, G> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.transition
    }
}

type FamilySlot<M> = Slot<<M as MarginFamily>::Field, <M as MarginFamily>::Row>;

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
        let aim = AimHints::new(instance.aim());
        let transition = transition::Assignment::new(shape, instance, witness)?;
        let witness = &transition.witness;
        let slots = loose(shape, witness, aim.is_cures == F::ONE);
        let absent: Vec<_> = slots.iter().map(Option::is_none).collect();
        let slots = slots
            .into_iter()
            .enumerate()
            .map(|(index, slot)| slot.unwrap_or_else(|| nothing::<G::Family>(witness, index)));
        let slots = G::Family::with_slots(&witness.before, slots.collect());
        let mut loose = G::hints(shape, (&transition.claim, transition.reserved), &slots);
        let closed = absent.iter().enumerate().filter(|(_, absent)| **absent);
        closed.for_each(|(index, _)| G::close(&mut loose, index));
        let entries = entries(shape, witness.change.entries());
        let ends = vec![EndHints::default(); G::positions(shape) + 1];
        Ok(Self { transition, aim, loose, entries, ends })
    }
}

/// The positions that stand by themselves; `None` for padding.
fn loose<M: MarginFamily>(
    shape: Shape,
    witness: &TransitionWitness<M>,
    takes_back: bool,
) -> Vec<Option<FamilySlot<M>>> {
    let entries = witness.change.entries();
    let held = &M::account(&witness.before).slots;
    let was = |entry: &Entry| held.iter().find(|slot| slot.position.key() == entry.key()).cloned();
    let mut slots: Vec<_> =
        (0..shape.changes()).map(|index| entries.get(index).and_then(was)).collect();
    let back = witness.taken_back.as_ref().filter(|_| takes_back);
    slots.push(back.map(|slot| {
        // No cash: it counts in no requirement.
        let position = Position { cash: Amount::ZERO, ..slot.position.clone() };
        Slot { position, ..slot.clone() }
    }));
    slots
}

/// Padding in such a place: where an entry opens a position, as nothing with its
/// instrument.
fn nothing<M: MarginFamily>(witness: &TransitionWitness<M>, index: usize) -> FamilySlot<M> {
    let opened = witness.change.entries().get(index).and_then(|entry| {
        witness.slots.iter().find(|slot| slot.slot.position.key() == entry.key())
    });
    let (row, path) = &M::account(&witness.before).padding;
    let (instrument, _) = M::leaf(row);
    let (bucket, quantity, cash) = (Default::default(), Lots::ZERO, Amount::ZERO);
    let padding = Position { bucket, instrument, quantity, cash };
    match opened {
        None => Slot { position: padding, row: row.clone(), path: path.clone() },
        Some(slot) => {
            let (bucket, instrument) = slot.slot.position.key();
            Slot { position: Position { bucket, instrument, ..padding }, ..slot.slot.clone() }
        }
    }
}

fn entries<F: MarginField>(shape: Shape, entries: &[Entry]) -> Vec<EntryHints<F>> {
    let bit = |bit: bool| F::from(u64::from(bit));
    let hints = |index: usize| {
        let entry = entries.get(index);
        let bucket = |index: usize| entries.get(index).map(|entry| entry.key().0);
        let goes_on = entry.is_some() && bucket(index) == bucket(index + 1);
        let (lots, cash) = entry.map_or((0, 0), |entry| (entry.lots(), entry.cash()));
        EntryHints {
            present: bit(entry.is_some()),
            has_lots: bit(lots != 0),
            lots: F::from_i128(lots) + F::from_u128(LOTS_OFFSET),
            cash: F::from_i128(cash) + F::from_u128(CASH_CHANGE_OFFSET),
            goes_on: bit(goes_on),
        }
    };
    (0..shape.changes()).map(hints).collect()
}
