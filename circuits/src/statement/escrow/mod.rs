//! The circuit of the margin statement with an escrow, for every family.
//!
//! It proves [`zkmargin_margin::statement::escrow`]: the margin circuit's constraints,
//! assigned by the same code, and beside them
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | E1 | 252 signs; `R` is the generator's product with them | `gadgets/curve.rs` |
//! | E2 | `S` is the product of the key, on the curve, with the same signs; the stream's key is hashed from `S`, `R` and the public inputs; each element is a cell that opens the commitment plus its part of the stream | `seal.rs` |
//! | E3 | `ESCROW` is the chain over key, `R`, the number of elements and the elements | `seal.rs` |
//!
//! `R`, `S` and the ciphertext are computed, not witnessed: what the prover chooses is
//! the key and the signs. The words are the very cells of M1, those of slots without a
//! position zeros.

mod seal;

use std::fmt;
use std::marker::PhantomData;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::escrow::{NONCE_BITS, Nonce, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::escrow::{self, EscrowInstance, EscrowWitness};

use super::assign_public;
use super::margin::{self, Assignment as MarginAssignment};
use crate::family::{CiphertextSlots, FamilyCircuit, Unprovable};
use crate::figures::FamilyFigures;
use crate::gadgets::layout::{ColumnLayout, Columns, Copies, Usual};
use crate::gadgets::{GadgetConfig, Synthesizer};

/// Version of the statement's own part of the circuit.
const VERSION: u16 = 1;

/// The circuit of a shape in a layout, with a witness or without.
pub struct EscrowCircuit<F: MarginField, G: FamilyFigures<F>, L = Usual> {
    shape: Shape,
    assignment: Option<Assignment<F, G>>,
    layout: PhantomData<fn() -> L>,
}

/// Everything the prover chooses.
pub struct Assignment<F: MarginField, G: FamilyFigures<F>> {
    /// What the margin statement takes.
    pub margin: MarginAssignment<F, G>,
    /// Coordinates of the key.
    pub key: [F; 2],
    /// The signs of the nonce, the lowest first.
    pub signs: Vec<F>,
}

impl<F: MarginField, G: FamilyFigures<F>> Assignment<F, G> {
    fn new(margin: MarginAssignment<F, G>, key: &Point<F>, nonce: &Nonce) -> Self {
        let sign = |bit| if nonce.is_plus(bit) { F::ONE } else { -F::ONE };
        Self { margin, key: [key.x(), key.y()], signs: (0..NONCE_BITS).map(sign).collect() }
    }
}

impl<F: MarginField, G: FamilyFigures<F>> Clone for Assignment<F, G> {
    fn clone(&self) -> Self {
        Self { margin: self.margin.clone(), key: self.key, signs: self.signs.clone() }
    }
}

/// Secret: shows nothing.
impl<F: MarginField, G: FamilyFigures<F>> fmt::Debug for Assignment<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assignment(..)")
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> Clone for EscrowCircuit<F, G, L> {
    fn clone(&self) -> Self {
        Self { shape: self.shape, assignment: self.assignment.clone(), layout: PhantomData }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> fmt::Debug for EscrowCircuit<F, G, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EscrowCircuit").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> EscrowCircuit<F, G, L> {
    /// The circuit with a witness. The witness is not checked: a false one
    /// gives a circuit that is not satisfied.
    ///
    /// # Errors
    /// When the positions do not fit the shape.
    pub fn new(
        shape: Shape,
        instance: &EscrowInstance<F>,
        witness: EscrowWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        let margin = MarginAssignment::new(shape, &instance.account, witness.account)?;
        let assignment = Some(Assignment::new(margin, &witness.key, &witness.nonce));
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

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> FamilyCircuit<F> for EscrowCircuit<F, G, L> {
    type Family = G::Family;
    type Instance = EscrowInstance<F>;
    type Witness = EscrowWitness<G::Family>;
    type Laid = Self;

    const STATEMENT: Statement = Statement::Escrow;

    const VERSION: u16 = G::VERSION << 8 | VERSION;

    fn layout() -> ColumnLayout {
        L::of::<F>()
    }

    fn k(shape: Shape) -> u32 {
        G::escrow_k(L::of::<F>(), shape)
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
        escrow::check(instance, witness)
    }

    fn checked(
        shape: Shape,
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self, Unprovable> {
        Self::check(instance, witness)?;
        let (found, slots) = (witness.ciphertext.slots(), G::positions(shape));
        if found != slots {
            return Err(CiphertextSlots { found, shape, slots }.into());
        }
        let circuit = Self::new(shape, instance, witness.clone())?;
        margin::check_padding::<F, G>(shape, &witness.account)?;
        Ok(circuit)
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> Circuit<F> for EscrowCircuit<F, G, L> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>(), Copies::Five)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter, escrow::NAMES.len())?;
        let inputs = assign_public(s, &escrow::NAMES)?;
        let of_margin = self.assignment.as_ref().map(|a| &a.margin);
        let opening = margin::assign(s, &inputs, self.shape, of_margin)?;
        let signs = self.value(|a| a.signs.as_slice());
        seal::assign(s, &inputs, &opening, (self.value(|a| a.key), signs))
    }
}
