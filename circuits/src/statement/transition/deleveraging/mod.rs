//! The circuit of a deleveraging: a transition with the aim *healthier* or *cures*,
//! over a family whose figures are sums over positions.
//!
//! T1 to T3 are any transition's, by the same code. The slots are as they are
//! afterwards. The position of each entry is assigned once more, as it was, and the
//! last one with a lot taken back; everything else was as it is.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | T4 | the aim is decoded; what it takes of a claim | `aim.rs` |
//! | T4 | what an entry changes is the slot's position before, by their words | here |
//! | T4 | the lots of every entry shrink its position; one without lots is the cash of one with lots in its bucket, or pays in where *healthier* | `entry.rs` |
//! | T4 | what is opened or left out has an entry | here |
//! | T4 | ratios and requirements, the breach, the target, the lot taken back | `sums.rs` |
//! | M3 | rows of the positions by themselves open to the same root | here |
//!
//! **Why a circuit of its own.** A position by itself takes a row of the market, so
//! *cures* has three more on the smallest shape, which holds eight: with them the
//! rows are 1.43 times the margin circuit's, and twice as many in powers of two. A
//! proof that a trade *meets* a level would pay for what it does not use.

mod aim;
mod entry;
mod hints;
mod sums;

pub use aim::AimHints;
pub use entry::EntryHints;
pub use hints::Assignment;
pub use sums::EndHints;

use std::fmt;
use std::marker::PhantomData;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::DISCLOSED;
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::transition::{self, TransitionInstance, TransitionWitness};

use super::lists::Lists;
use super::slot::TransitionCells;
use crate::family::{FamilyCircuit, Unprovable};
use crate::figures::{PositionFigures, SummedFigures};
use crate::gadgets::layout::{ColumnLayout, Columns, Copies, Usual};
use crate::gadgets::{Cell, GadgetConfig, Synthesizer};
use crate::statement::market::{self, HeaderCells};
use crate::statement::{PublicInputs, assign_public, claim, state};
use aim::{AimCells, LevelCells};
use entry::{EntryCells, gather};
use sums::{SlotTerms, Sums};

/// Version of the statement's own part of the circuit.
const VERSION: u16 = 1;

/// The circuit of a shape in a layout, with a witness or without.
pub struct DeleveragingCircuit<F: MarginField, G: SummedFigures<F>, L = Usual> {
    shape: Shape,
    assignment: Option<Assignment<F, G>>,
    layout: PhantomData<fn() -> L>,
}

impl<F: MarginField, G: SummedFigures<F>, L> Clone for DeleveragingCircuit<F, G, L> {
    fn clone(&self) -> Self {
        Self { shape: self.shape, assignment: self.assignment.clone(), layout: PhantomData }
    }
}

impl<F: MarginField, G: SummedFigures<F>, L> fmt::Debug for DeleveragingCircuit<F, G, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleveragingCircuit").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<F: MarginField, G: SummedFigures<F>, L: Columns> DeleveragingCircuit<F, G, L> {
    /// The circuit with a witness. The witness is not checked: a false one
    /// gives a circuit that is not satisfied.
    ///
    /// # Errors
    /// When positions or changes do not fit the shape.
    pub fn new(
        shape: Shape,
        instance: TransitionInstance<F>,
        witness: TransitionWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        let assignment = Some(Assignment::new(shape, &instance, witness)?);
        Ok(Self { shape, assignment, layout: PhantomData })
    }

    /// The prover's choices, to be changed at will: how a test lies.
    pub fn assignment_mut(&mut self) -> Option<&mut Assignment<F, G>> {
        self.assignment.as_mut()
    }
}

impl<F: MarginField, G: SummedFigures<F>, L: Columns> FamilyCircuit<F>
    for DeleveragingCircuit<F, G, L>
{
    type Family = G::Family;
    type Instance = TransitionInstance<F>;
    type Witness = TransitionWitness<G::Family>;
    type Laid = Self;

    const STATEMENT: Statement = Statement::Deleveraging;

    const VERSION: u16 = G::VERSION << 8 | VERSION;

    fn layout() -> ColumnLayout {
        L::of::<F>()
    }

    fn k(shape: Shape) -> u32 {
        G::deleveraging_k(L::of::<F>(), shape)
    }

    fn positions(shape: Shape) -> usize {
        G::positions(shape)
    }

    fn blank(shape: Shape) -> Self {
        Self { shape, assignment: None, layout: PhantomData }
    }

    fn laid(&self) -> &Self {
        self
    }

    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation> {
        transition::check(instance, witness)
    }

    fn checked(
        shape: Shape,
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self, Unprovable> {
        Self::check(instance, witness)?;
        if instance.aim().statement() != Self::STATEMENT {
            return Err(Unprovable::Aim(instance.aim()));
        }
        let circuit = Self::new(shape, *instance, witness.clone())?;
        // Nearly always there is an entry fewer, or no lot to take back.
        let (row, path) = &G::Family::account(&witness.before).padding;
        match G::Family::is_padding(&witness.before, row, path) {
            true => Ok(circuit),
            false => Err(Unprovable::Padding),
        }
    }
}

impl<F: MarginField, G: SummedFigures<F>, L: Columns> Circuit<F> for DeleveragingCircuit<F, G, L> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>(), Copies::Five)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter, transition::NAMES.len())?;
        let inputs = assign_public(s, &transition::NAMES)?;
        // Nothing is disclosed.
        let zero = s.zero();
        s.equal(&inputs[DISCLOSED], &zero)?;
        let account = self.value(|a| G::Family::account(&a.witness.before));
        let header = market::assign_header(s, &inputs, account.map(|account| account.header))?;
        G::constrain_header(s, &header)?;
        let aim = AimCells::assign(s, self.value(|a| &a.aim))?;
        // Neither aim bounds leverage: the claim has no bits of it.
        let parts = (false, Some(&aim.number));
        let claim = claim::assign_with(s, &inputs, parts, self.value(|a| &a.claim))?;
        let before = aim.constrain(s, &claim)?;
        let (is_maintenance, is_initial) = (claim.is_maintenance.clone(), claim.is_initial.clone());
        let levels = [LevelCells { is_maintenance, is_initial }, before];
        let reserved = state::assign_reserved(s, self.value(|a| a.reserved))?;

        let loose = self.assign_loose(s, &header, (&aim, &levels))?;
        let is_initial = [&levels[0].is_initial, &levels[1].is_initial];
        s.scope("reserved");
        let of_reserved = [
            s.mul("T4 required of reserved", is_initial[0], &reserved)?,
            s.mul("T4 required of reserved before", is_initial[1], &reserved)?,
        ];
        let sums = Sums::begin(s, aim, &claim.above_one, of_reserved)?;
        let slots = self.assign_slots(s, &header, &loose, (&levels, sums))?;

        let roots = slots.slots.iter().chain(&loose.slots);
        let roots = roots.map(|slot| &slot.as_ref().tree_root);
        market::constrain_root(s, &inputs, &header, &zero, roots)?;
        self.open(s, &inputs, &reserved, (slots, &loose))
    }
}

/// Positions by themselves.
struct Loose<F: MarginField, G: SummedFigures<F>> {
    /// As the entries found them, then the one with a lot taken back.
    slots: Vec<G::Slot>,
    entries: Vec<EntryCells<F>>,
    /// Which entry is the last, one-hot.
    last: Vec<Cell<F>>,
    /// What the target requires of the position with a lot taken back.
    required_back: Cell<F>,
}

/// What is gathered over the slots.
struct Slots<F: MarginField, G: SummedFigures<F>> {
    slots: Vec<G::Slot>,
    lists: Lists<F>,
    /// Words before of what the entries are about.
    before: Vec<Cell<F>>,
}

impl<F: MarginField, G: SummedFigures<F>, L> DeleveragingCircuit<F, G, L> {
    /// A part of the assignment, when there is one.
    fn value<'a, T>(&'a self, part: impl FnOnce(&'a Assignment<F, G>) -> T) -> Value<T> {
        self.assignment.as_ref().map_or_else(Value::unknown, |known| Value::known(part(known)))
    }

    /// Assigns the entries with their positions as they were, and the last of these
    /// with a lot taken back.
    fn assign_loose<Y: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, Y>,
        header: &HeaderCells<F>,
        (aim, [target, before]): (&AimCells<F>, &[LevelCells<F>; 2]),
    ) -> Result<Loose<F, G>, Error> {
        let hints = self.value(|a| &a.loose);
        let (mut slots, mut entries) = (Vec::new(), Vec::new());
        for index in 0..self.shape.changes() {
            s.scope(format!("entry {index}"));
            let slot = G::position(s, header, index, hints)?;
            let of = (&slot.as_ref().parts, G::figures(&slot));
            let own = self.value(|a| &a.entries[index]);
            entries.push(EntryCells::assign(s, before, of, own)?);
            slots.push(slot);
        }
        entry::settle(s, aim, &entries, self.value(|a| a.entries.as_slice()))?;
        let last = entry::last(s, aim, &entries)?;
        let zero = s.zero();
        let words = last.iter().zip(entries.iter().map(|entry| &entry.taken_back));
        let word = gather(s, "T4 last entry taken back", zero, words)?;
        let word = s.mul("last entry taken back where cures", &aim.is_cures, &word)?;

        s.scope("taken back");
        let back = G::position(s, header, self.shape.changes(), hints)?;
        s.equal(&back.as_ref().word, &word)?;
        let PositionFigures { maintenance, initial, .. } = G::figures(&back);
        let required_back = target.required(s, "T4 required back", (maintenance, initial))?;
        slots.push(back);
        Ok(Loose { slots, entries, last, required_back })
    }

    /// Assigns the slots, and sums up what they are and were.
    fn assign_slots<Y: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, Y>,
        header: &HeaderCells<F>,
        loose: &Loose<F, G>,
        ([target, level], mut sums): (&[LevelCells<F>; 2], Sums<F>),
    ) -> Result<Slots<F, G>, Error> {
        let (positions, changes) = (G::positions(self.shape), self.shape.changes());
        let before: Vec<_> = loose.entries.iter().map(|entry| entry.before.clone()).collect();
        let zero = s.zero();
        let lists = Lists::new(positions, changes, &zero);
        let mut all = Slots::<F, G> { slots: Vec::new(), lists, before: vec![zero; changes] };
        let hints = self.value(|a| &a.transition.figures);
        for index in 0..positions {
            s.scope(format!("slot {index}"));
            let mut slot = G::position(s, header, index, hints)?;
            let own = self.value(|a| &a.slots[index]);
            let cells = TransitionCells::assign(s, slot.as_mut(), own)?;
            let kept = s.sub("held less kept", &cells.held, &slot.as_ref().used)?;
            s.product_is_zero("T4 unchanged is held and kept", &cells.unchanged, &kept)?;
            let boundary = G::order(s, all.slots.last(), &slot, (index, hints))?;
            let entry = all.lists.add(s, index, slot.as_ref(), &cells, own)?;
            for (number, (bit, so_far)) in entry.iter().zip(&mut all.before).enumerate() {
                let term = (F::ONE, &*so_far);
                let name = format!("T4 word before of entry {number}");
                *so_far = s.mul_add(&name, (bit, &cells.word), term, F::ZERO)?;
            }
            sums.end_bucket(s, &boundary.new, self.value(|a| a.ends[index]))?;
            let figures = G::figures(&slot);
            let charged = (figures.maintenance, figures.initial);
            let of_slot = SlotTerms {
                equity: figures.equity,
                required: target.required(s, "T4 required", charged)?,
                required_before: level.required(s, "T4 required of the level before", charged)?,
                unchanged: &cells.unchanged,
                entry: &entry,
            };
            let terms = of_slot.terms(s, &before, (&loose.last, &loose.required_back))?;
            sums.add(s, &boundary.same, terms)?;
            all.slots.push(slot);
        }
        s.scope("outcome");
        let one = s.one();
        sums.end_bucket(s, &one, self.value(|a| a.ends[positions]))?;
        let mut lots = s.zero();
        for (index, entry) in loose.entries.iter().enumerate() {
            lots = s.add(&format!("entries with lots {index}"), &lots, &entry.has_lots)?;
        }
        sums.finish(s, &lots, changes as u64)?;
        Ok(all)
    }

    /// Constrains the lists to open what is public, and the entries to be theirs.
    fn open<Y: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, Y>,
        inputs: &PublicInputs<F>,
        reserved: &Cell<F>,
        (slots, loose): (Slots<F, G>, &Loose<F, G>),
    ) -> Result<(), Error> {
        let words = slots.lists.open(s, inputs, reserved, self.value(|a| &a.witness))?;
        s.scope("entries");
        for (entry, word) in loose.entries.iter().zip(&words) {
            s.equal(&entry.word, word)?;
        }
        for (slot, word) in loose.slots.iter().zip(&slots.before) {
            s.equal(&slot.as_ref().word, word)?;
        }
        Ok(())
    }
}
