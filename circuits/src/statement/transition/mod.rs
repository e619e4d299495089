//! The circuit of the transition statement, for every family: of its aims,
//! *meets*. The others, which know the account before too, have a circuit of their
//! own: [`deleveraging`].
//!
//! It proves [`zkmargin_margin::statement::transition`]. The slots are all
//! positions held before or afterwards, in canonical order, then padding. The
//! family assigns them as they are afterwards, a closed one as padding that keeps
//! its place in the order; beside each stands what was held before.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | T1 | lots and cash before, in range; the slots held before, moved together, open the account's commitment; its leaf is in `STATE_ROOT` | `slot.rs`, `list.rs`, `lists.rs`, `statement/state.rs` |
//! | T2 | the slots kept, moved together, open `NEXT` | `list.rs`, `statement/state.rs` |
//! | T3 | a slot that is not changed has the lots and cash it had; each changed slot is one entry, and the entries, closed with the salt, are `CHANGE` | `slot.rs`, `list.rs`, `change.rs` |
//! | T1, T2 | both chains start from one amount that is reserved for open orders | `statement/state.rs` |
//! | T4 | the account afterwards is at least at the level of `CLAIM` | the family, `statement/claim.rs` |
//! | M3 to M5 | rows, order, figures | the family, `statement/market.rs` |
//!
//! **Moving together.** A commitment is over positions without gaps, the slots of
//! one side have some: a slot that only the other side has. The number of gaps
//! before a slot is a running sum, told in one-hot bits; a slot moves up by so many
//! places. It is at most the number of changes that the shape holds, so there are
//! few bits. Moves are strictly monotonic, so no two slots meet in one place, and
//! padding is last, so no gap is left.

mod change;
pub mod deleveraging;
mod hints;
mod list;
mod lists;
mod slot;

pub use deleveraging::DeleveragingCircuit;
pub use hints::{Assignment, TransitionHints};

use std::fmt;
use std::marker::PhantomData;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::transition::{self, Aim, TransitionInstance, TransitionWitness};

use super::{assign_public, claim, market, state};
use crate::family::{FamilyCircuit, Unprovable};
use crate::figures::FamilyFigures;
use crate::gadgets::layout::{ColumnLayout, Columns, Copies, Usual};
use crate::gadgets::{GadgetConfig, Synthesizer};
use lists::Lists;
use slot::TransitionCells;

/// Version of the statement's own part of the circuit.
const VERSION: u16 = 1;

/// The circuit of a shape in a layout, with a witness or without.
pub struct TransitionCircuit<F: MarginField, G: FamilyFigures<F>, L = Usual> {
    shape: Shape,
    assignment: Option<Assignment<F, G>>,
    layout: PhantomData<fn() -> L>,
}

impl<F: MarginField, G: FamilyFigures<F>, L> Clone for TransitionCircuit<F, G, L> {
    fn clone(&self) -> Self {
        Self { shape: self.shape, assignment: self.assignment.clone(), layout: PhantomData }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> fmt::Debug for TransitionCircuit<F, G, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransitionCircuit").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> TransitionCircuit<F, G, L> {
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

    /// A part of the assignment, when there is one.
    fn value<'a, T>(&'a self, part: impl FnOnce(&'a Assignment<F, G>) -> T) -> Value<T> {
        self.assignment.as_ref().map_or_else(Value::unknown, |known| Value::known(part(known)))
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> FamilyCircuit<F>
    for TransitionCircuit<F, G, L>
{
    type Family = G::Family;
    type Instance = TransitionInstance<F>;
    type Witness = TransitionWitness<G::Family>;
    type Laid = Self;

    const STATEMENT: Statement = Statement::Transition;

    const VERSION: u16 = G::VERSION << 8 | VERSION;

    fn layout() -> ColumnLayout {
        L::of::<F>()
    }

    fn k(shape: Shape) -> u32 {
        G::transition_k(L::of::<F>(), shape)
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
        if !matches!(instance.aim(), Aim::Meets(_)) {
            return Err(Unprovable::Aim(instance.aim()));
        }
        let circuit = Self::new(shape, *instance, witness.clone())?;
        let (row, path) = &G::Family::account(&witness.before).padding;
        let has_unused = witness.slots.len() < G::positions(shape);
        if has_unused && !G::Family::is_padding(&witness.before, row, path) {
            return Err(Unprovable::Padding);
        }
        Ok(circuit)
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> Circuit<F> for TransitionCircuit<F, G, L> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>(), Copies::Three)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter, transition::NAMES.len())?;
        let inputs = assign_public(s, &transition::NAMES)?;
        let account = self.value(|a| G::Family::account(&a.witness.before));
        let header = market::assign_header(s, &inputs, account.map(|account| account.header))?;
        G::constrain_header(s, &header)?;
        let claim = claim::assign(s, &inputs, G::HAS_NOTIONAL, self.value(|a| &a.claim))?;
        // An aim is about the account afterwards, and never that it is below.
        let zero = s.zero();
        s.product_is_zero("T4 at least", &s.one(), &claim.is_below)?;

        let reserved = state::assign_reserved(s, self.value(|a| a.reserved))?;

        let hints = self.value(|a| &a.figures);
        let terms = G::terms(s, self.shape, hints)?;
        let mut figures = G::begin(s, self.shape, (&header, &terms, claim, &reserved), hints)?;
        let mut slots: Vec<G::Slot> = Vec::new();
        let positions = G::positions(self.shape);
        let mut lists = Lists::new(positions, self.shape.changes(), &zero);
        for index in 0..positions {
            s.scope(format!("slot {index}"));
            let mut slot = figures.slot(s, index, hints)?;
            let own = self.value(|a| &a.slots[index]);
            let cells = TransitionCells::assign(s, slot.as_mut(), own)?;
            figures.add(s, slots.last(), &slot, (index, hints))?;
            s.scope(format!("slot {index}"));
            lists.add(s, index, slot.as_ref(), &cells, own)?;
            slots.push(slot);
        }
        let outcome = figures.finish(s, hints)?;
        claim::constrain_disclosed(s, &inputs, &outcome.shortfall)?;

        let roots = slots.iter().map(|slot| &slot.as_ref().tree_root);
        market::constrain_root(s, &inputs, &header, &outcome.terms, roots)?;
        lists.open(s, &inputs, &reserved, self.value(|a| &a.witness))?;
        Ok(())
    }
}
