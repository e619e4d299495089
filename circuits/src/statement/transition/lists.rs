//! The lists that a transition makes of its slots, and what they open (T1 to T3).

use halo2_proofs::circuit::{Layouter, Value};
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::MarginFamily;
use zkmargin_margin::statement::transition::{NEXT, TransitionWitness};

use super::change;
use super::hints::TransitionHints;
use super::list::List;
use super::slot::TransitionCells;
use crate::figures::SlotCells;
use crate::gadgets::{Cell, Synthesizer};
use crate::statement::PublicInputs;
use crate::statement::state;

/// The portfolio before, the one afterwards, and the change.
pub(super) struct Lists<F: MarginField> {
    before: List<F>,
    next: List<F>,
    entries: List<F>,
}

impl<F: MarginField> Lists<F> {
    /// Of so many slots, of which so many are changed, opened or closed at most.
    pub(super) fn new(slots: usize, changes: usize, zero: &Cell<F>) -> Self {
        Self {
            before: List::compacted("before", slots, changes, zero),
            next: List::compacted("next", slots, changes, zero),
            entries: List::gathered("entry", slots, changes, zero),
        }
    }

    /// Adds slot `index`; returns the bits that say which entry it is.
    pub(super) fn add<L: Layouter<F>>(
        &mut self,
        s: &mut Synthesizer<'_, F, L>,
        index: usize,
        slot: &SlotCells<F>,
        cells: &TransitionCells<F>,
        own: Value<&TransitionHints<F>>,
    ) -> Result<Vec<Cell<F>>, Error> {
        let listed = &slot.listed;
        let was = (&cells.held, &cells.word);
        self.before.add(s, index, listed, was, own.map(|h| h.before.as_slice()))?;
        let is = (&slot.used, &slot.word);
        self.next.add(s, index, listed, is, own.map(|h| h.next.as_slice()))?;
        let entry = (&cells.changed, &cells.entry);
        self.entries.add(s, index, listed, entry, own.map(|h| h.entry.as_slice()))
    }

    /// Constrains the lists to open the account's commitment, `NEXT` and `CHANGE`;
    /// returns the entries' words, zero where there is none.
    pub(super) fn open<L: Layouter<F>, M: MarginFamily<Field = F>>(
        self,
        s: &mut Synthesizer<'_, F, L>,
        inputs: &PublicInputs<F>,
        reserved: &Cell<F>,
        witness: Value<&TransitionWitness<M>>,
    ) -> Result<Vec<Cell<F>>, Error> {
        let before = self.before.finish(s)?;
        let account = witness.map(|w| M::account(&w.before));
        state::assign(s, inputs, (reserved, &state::committed(&before)), account)?;
        let next = self.next.finish(s)?;
        let blinding = witness.map(|w| w.blinding.to_field());
        state::assign_next(s, &inputs[NEXT], (reserved, &state::committed(&next)), blinding)?;
        let entries = self.entries.finish(s)?;
        change::assign(s, inputs, &entries, witness.map(|w| w.change.salt().to_field()))?;
        Ok(entries.iter().flatten().map(|place| place.word.clone()).collect())
    }
}
