//! The standard family's circuit.
//!
//! It proves [`zkmargin_margin::standard::Standard`]'s relation. The slots are
//! the positions in canonical order, then padding; a padding slot runs every
//! constraint of a position with zero lots, zero cash and a row of the
//! prover's choice, and is left out of the commitment.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | M1 | chain over the used slots, closed with the blinding, equals the commitment | `statement/state.rs` |
//! | M2 | leaf of account, commitment and context opens to `STATE_ROOT` | `statement/state.rs` |
//! | M3 | every slot's row opens to one tree root; the header over it is `MARKET_ROOT` with `EPOCH` and `MODEL` | `slot.rs`, `statement/market.rs` |
//! | M4 | ranges of every witness; slots strictly ascending by bucket and instrument | `slot.rs`, `order.rs` |
//! | M5 | notional, tier, charges with witnessed quotients; bucket sums | `slot.rs`, `account.rs` |
//! | M6, M7 | claim and disclosure against the summed shortfall | `account.rs`, `statement/claim.rs` |
//!
//! No sum can wrap: a slot's value and requirement are below 2^82, a bucket
//! sums at most 128 of them and is range-checked to 96 bits where it is
//! compared, and the shortfall sums at most 128 such gaps.

mod account;
mod hints;
mod order;
mod slot;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::relation::MarginFamily as _;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::{Standard, StandardWitness};

use crate::family::{FamilyCircuit, TooManyPositions, Unprovable};
use crate::gadgets::layout::ColumnLayout;
use crate::gadgets::{GadgetConfig, Synthesizer};
pub use crate::statement::ClaimHints;
use crate::statement::{assign_public, claim, market, state};
use account::Account;
pub use hints::{Division, SlotHints};
use slot::SlotCells;

/// The circuit of a shape, with a witness or without.
#[derive(Clone, Debug)]
pub struct StandardCircuit<F: MarginField> {
    shape: Shape,
    assignment: Option<Assignment<F>>,
}

/// Everything the prover chooses: what a satisfied circuit is quantified over.
#[derive(Clone, Debug)]
pub struct Assignment<F: MarginField> {
    /// Blinding, commitment, header and paths.
    pub witness: StandardWitness<F>,
    /// The claim's parts.
    pub claim: ClaimHints<F>,
    /// One per slot of the shape.
    pub slots: Vec<SlotHints<F>>,
}

impl<F: MarginField> StandardCircuit<F> {
    /// The circuit with a witness. The witness is not checked: a false one
    /// gives a circuit that is not satisfied.
    ///
    /// # Errors
    /// When the positions exceed the shape's slots.
    pub fn new(
        shape: Shape,
        instance: MarginInstance<F>,
        witness: StandardWitness<F>,
    ) -> Result<Self, TooManyPositions> {
        let positions = witness.slots.len();
        if positions > shape.standard_positions() {
            let slots = shape.standard_positions();
            return Err(TooManyPositions { positions, shape, slots });
        }
        let slots =
            (0..shape.standard_positions()).map(|index| SlotHints::new(&witness, index)).collect();
        let claim = ClaimHints::new(instance.claim);
        Ok(Self { shape, assignment: Some(Assignment { witness, claim, slots }) })
    }

    /// The prover's choices, to be changed at will: how a test lies.
    pub fn assignment_mut(&mut self) -> Option<&mut Assignment<F>> {
        self.assignment.as_mut()
    }

    /// A part of the assignment, when there is one.
    fn value<'a, T>(&'a self, part: impl FnOnce(&'a Assignment<F>) -> T) -> Value<T> {
        self.assignment.as_ref().map_or_else(Value::unknown, |known| Value::known(part(known)))
    }
}

impl<F: MarginField> FamilyCircuit<F> for StandardCircuit<F> {
    type Family = Standard<F>;

    const VERSION: u16 = 3;

    fn k(shape: Shape) -> u32 {
        match (ColumnLayout::of::<F>(), shape) {
            (ColumnLayout::Wide, Shape::Small) => 12,
            (ColumnLayout::Wide, Shape::Medium) | (ColumnLayout::Tall, Shape::Small) => 13,
            (ColumnLayout::Wide, Shape::Large) | (ColumnLayout::Tall, Shape::Medium) => 15,
            (ColumnLayout::Tall, Shape::Large) => 17,
        }
    }

    fn positions(shape: Shape) -> usize {
        shape.standard_positions()
    }

    fn blank(shape: Shape) -> Self {
        Self { shape, assignment: None }
    }

    fn checked(
        shape: Shape,
        instance: &MarginInstance<F>,
        witness: &StandardWitness<F>,
    ) -> Result<Self, Unprovable> {
        Standard::check(instance, witness)?;
        let circuit = Self::new(shape, *instance, witness.clone())?;
        if witness.slots.len() < shape.standard_positions() && !witness.has_padding() {
            return Err(Unprovable::Padding);
        }
        Ok(circuit)
    }
}

impl<F: MarginField> Circuit<F> for StandardCircuit<F> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let mut s = Synthesizer::new(&config, layouter)?;
        let inputs = assign_public(&mut s)?;
        let header = market::assign_header(&mut s, &inputs, self.value(|a| a.witness.header))?;
        let claim = claim::assign(&mut s, &inputs, self.value(|a| &a.claim))?;
        let mut account = Account::new(&s, claim);
        let mut slots: Vec<SlotCells<F>> = Vec::new();
        for index in 0..self.shape.standard_positions() {
            s.scope(format!("slot {index}"));
            let hints = self.value(|a| &a.slots[index]);
            let slot = slot::assign(&mut s, &header.denominator, hints)?;
            let boundary = match slots.last() {
                Some(previous) => Some(order::assign(&mut s, previous, &slot, hints)?),
                None => None,
            };
            account.add(&mut s, &slot, boundary, hints)?;
            slots.push(slot);
        }
        account.finish(&mut s, &inputs)?;
        let (none, roots) = (s.zero(), slots.iter().map(|slot| &slot.tree_root));
        market::constrain_root(&mut s, &inputs, &header, &none, roots)?;
        let committed: Vec<_> = slots.iter().map(|slot| &slot.committed).collect();
        state::assign(&mut s, &inputs, &committed, self.value(|a| &a.witness))
    }
}
