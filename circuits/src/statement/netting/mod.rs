//! The circuit of the netting statement, for every family.
//!
//! It proves [`zkmargin_margin::statement::netting`]. The slots are the totals: every
//! position of any venue in canonical order, then padding. The family assigns them as
//! one account's; beside each stands what every venue has of it.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | N1 | lots and cash at each venue, in range, nothing where it does not have the slot; the words it has open a commitment, its leaf is in the venue's state root | `held.rs`, `slot.rs`, `chain.rs`, `side.rs` |
//! | N2 | a slot's lots and cash are the sums; a slot is padding exactly where no venue has it; what is reserved is summed, in range; a venue that is not there has nothing | `slot.rs`, `side.rs`, here |
//! | N3 | venues that are there come first, and differ in context, state root and commitment; the chain over all is `VENUES` | `side.rs`, `list.rs` |
//! | N4 | a slot of an isolated bucket is one venue's, and the next of the bucket the same one's | `buckets.rs` |
//! | M3 to M7 | rows, order, figures, claim and disclosure, of the totals | the family, `statement/market.rs`, `statement/claim.rs` |
//!
//! The slots of one venue are in the order of all, so what it has is in canonical order
//! too. The order of venues is not constrained: the list that a verifier has is in one.

mod buckets;
mod chain;
mod hints;
mod list;
mod side;
mod slot;

pub use hints::{Assignment, HeldHints, SideHints, Slot};

use std::fmt;
use std::marker::PhantomData;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::portfolio::RESERVED_BITS;
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::netting::{self, MAX_VENUES, NettingInstance, NettingWitness};

use super::margin::check_padding;
use super::{assign_public, claim, market};
use crate::family::{FamilyCircuit, Unprovable};
use crate::figures::FamilyFigures;
use crate::gadgets::layout::{ColumnLayout, Columns, Copies, Usual};
use crate::gadgets::{Cell, GadgetConfig, Synthesizer};
use buckets::Buckets;
use side::OpenSide;

/// Version of the statement's own part of the circuit.
const VERSION: u16 = 1;

/// The circuit of a shape in a layout, with a witness or without.
pub struct NettingCircuit<F: MarginField, G: FamilyFigures<F>, L = Usual> {
    shape: Shape,
    assignment: Option<Assignment<F, G>>,
    layout: PhantomData<fn() -> L>,
}

impl<F: MarginField, G: FamilyFigures<F>, L> Clone for NettingCircuit<F, G, L> {
    fn clone(&self) -> Self {
        Self { shape: self.shape, assignment: self.assignment.clone(), layout: PhantomData }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> fmt::Debug for NettingCircuit<F, G, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NettingCircuit").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> NettingCircuit<F, G, L> {
    /// The circuit with a witness. The witness is not checked: a false one
    /// gives a circuit that is not satisfied.
    ///
    /// # Errors
    /// When the totals do not fit the shape, or there are too many venues.
    pub fn new(
        shape: Shape,
        instance: NettingInstance<F>,
        witness: NettingWitness<G::Family>,
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

    /// The venues, and what is reserved at all of them (N2).
    fn assign_venues(
        &self,
        s: &mut Synthesizer<'_, F, impl Layouter<F>>,
    ) -> Result<(Vec<OpenSide<F>>, Cell<F>), Error> {
        let mut venues: Vec<OpenSide<F>> = Vec::with_capacity(MAX_VENUES);
        for venue in 0..MAX_VENUES {
            let hints = self.value(|a| &a.venues[venue]);
            venues.push(OpenSide::assign(s, venue, venues.last(), hints)?);
        }
        s.scope("reserved");
        let mut reserved = s.zero();
        for (venue, side) in venues.iter().enumerate() {
            reserved = s.add(&format!("N2 reserved {venue}"), &reserved, &side.reserved)?;
        }
        // Each is in range, so the sum does not wrap; it is as much as one account's.
        let reserved = s.range_check("N2 reserved of all", &reserved, RESERVED_BITS)?;
        Ok((venues, reserved.cell().clone()))
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> FamilyCircuit<F> for NettingCircuit<F, G, L> {
    type Family = G::Family;
    type Instance = NettingInstance<F>;
    type Witness = NettingWitness<G::Family>;
    type Laid = Self;

    const STATEMENT: Statement = Statement::Netting;

    const VERSION: u16 = G::VERSION << 8 | VERSION;

    fn layout() -> ColumnLayout {
        L::of::<F>()
    }

    fn k(shape: Shape) -> u32 {
        G::netting_k(L::of::<F>(), shape)
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
        netting::check(instance, witness)
    }

    fn checked(
        shape: Shape,
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self, Unprovable> {
        Self::check(instance, witness)?;
        let circuit = Self::new(shape, *instance, witness.clone())?;
        check_padding::<F, G>(shape, &witness.total)?;
        Ok(circuit)
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> Circuit<F> for NettingCircuit<F, G, L> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>(), Copies::Three)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter, netting::NAMES.len())?;
        let inputs = assign_public(s, &netting::NAMES)?;
        let total = self.value(|a| G::Family::account(&a.witness.total));
        let header = market::assign_header(s, &inputs, total.map(|account| account.header))?;
        G::constrain_header(s, &header)?;
        let claim = claim::assign(s, &inputs, G::HAS_NOTIONAL, self.value(|a| &a.claim))?;
        let (mut venues, reserved) = self.assign_venues(s)?;

        let hints = self.value(|a| &a.figures);
        let terms = G::terms(s, self.shape, hints)?;
        let mut figures = G::begin(s, self.shape, (&header, &terms, claim, &reserved), hints)?;
        let mut slots: Vec<G::Slot> = Vec::new();
        let mut buckets = Buckets::new();
        for index in 0..G::positions(self.shape) {
            s.scope(format!("slot {index}"));
            let slot = figures.slot(s, index, hints)?;
            let common = slot.as_ref();
            let own = self.value(|a| &a.slots[index]);
            let held = slot::assign(s, index, common, &mut venues, own)?;
            if let Some(boundary) = figures.add(s, slots.last(), &slot, (index, hints))? {
                s.scope(format!("slot {index} bucket"));
                buckets.add(s, &boundary, &slot.as_ref().used, &held)?;
            }
            slots.push(slot);
        }
        let outcome = figures.finish(s, hints)?;
        claim::constrain_disclosed(s, &inputs, &outcome.shortfall)?;

        let roots = slots.iter().map(|slot| &slot.as_ref().tree_root);
        market::constrain_root(s, &inputs, &header, &outcome.terms, roots)?;
        let open = |(index, venue): (usize, OpenSide<F>)| {
            venue.open(s, index, self.value(|a| &a.venues[index]))
        };
        let venues = venues.into_iter().enumerate().map(open).collect::<Result<Vec<_>, _>>()?;
        list::constrain(s, &inputs, &venues)
    }
}
