//! The circuit of a statement over a subtree, whichever it is: of every family, shape,
//! depth and layout.

use std::fmt;
use std::marker::PhantomData;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::PublicInputs;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::SubtreeDepth;

use crate::family::{FamilyCircuit, Unprovable};
use crate::figures::FamilyFigures;
use crate::gadgets::layout::{ColumnLayout, Columns, Copies, Usual};
use crate::gadgets::{GadgetConfig, Synthesizer};

/// A statement over the accounts of a subtree of `4^D` leaves.
pub trait SubtreeStatement<F: MarginField, G: FamilyFigures<F>>: 'static {
    /// Its public inputs.
    type Instance: PublicInputs<F>;
    /// Its private inputs.
    type Witness: Clone;
    /// What the venue chooses.
    type Assignment: Clone;

    /// The statement, by depth.
    const OF_DEPTHS: [Statement; SubtreeDepth::ALL.len()];
    /// Version of the statement's own part of the circuit.
    const VERSION: u16;
    /// Names of the public inputs.
    const NAMES: &'static [&'static str];

    /// `log2` of the rows.
    fn k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32;

    /// The native check.
    ///
    /// # Errors
    /// The first clause that fails.
    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation>;

    /// The choices for a witness.
    ///
    /// # Errors
    /// When an account does not fit the shape, or there are other leaves than the
    /// subtree's.
    fn assignment(
        size: (SubtreeDepth, Shape),
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self::Assignment, Unprovable>;

    /// Whether every unused slot of a shape can be filled with its account's padding row.
    fn is_padded(shape: Shape, witness: &Self::Witness) -> bool;

    /// Lays out the relation over the leaves.
    ///
    /// # Errors
    /// When the layout does not hold it.
    fn lay_out<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        size: (SubtreeDepth, Shape),
        assignment: Option<&Self::Assignment>,
    ) -> Result<(), Error>;
}

/// The circuit of a shape of accounts, over `4^D` of them, in a layout; with a
/// witness or without. `D` is from 1 to 4.
pub struct SubtreeCircuit<F, G, S, const D: u8, L = Usual>(AnyDepth<F, G, S, L>)
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>;

/// The same of whatever depth.
pub struct AnyDepth<F: MarginField, G: FamilyFigures<F>, S: SubtreeStatement<F, G>, L> {
    depth: SubtreeDepth,
    shape: Shape,
    assignment: Option<S::Assignment>,
    layout: PhantomData<fn() -> L>,
}

impl<F, G, S, L> AnyDepth<F, G, S, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
{
    const fn blank(depth: SubtreeDepth, shape: Shape) -> Self {
        Self { depth, shape, assignment: None, layout: PhantomData }
    }
}

impl<F, G, S, const D: u8, L> SubtreeCircuit<F, G, S, D, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
{
    /// Levels of the subtree.
    pub const DEPTH: SubtreeDepth = match SubtreeDepth::new(D) {
        Some(depth) => depth,
        None => panic!("a subtree has 1 to 4 levels"),
    };

    /// The circuit with a witness. The witness is not checked: a false one gives a
    /// circuit that is not satisfied.
    ///
    /// # Errors
    /// When an account does not fit the shape, or there are other leaves than the
    /// subtree's.
    pub fn new(
        shape: Shape,
        instance: &S::Instance,
        witness: &S::Witness,
    ) -> Result<Self, Unprovable> {
        let assignment = Some(S::assignment((Self::DEPTH, shape), instance, witness)?);
        Ok(Self(AnyDepth { assignment, ..AnyDepth::blank(Self::DEPTH, shape) }))
    }

    /// The venue's choices, to be changed at will: how a test lies.
    pub fn assignment_mut(&mut self) -> Option<&mut S::Assignment> {
        self.0.assignment.as_mut()
    }
}

impl<F, G, S, const D: u8, L> FamilyCircuit<F> for SubtreeCircuit<F, G, S, D, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
    L: Columns,
{
    type Family = G::Family;
    type Instance = S::Instance;
    type Witness = S::Witness;
    type Laid = AnyDepth<F, G, S, L>;

    const STATEMENT: Statement = S::OF_DEPTHS[D as usize - 1];

    const VERSION: u16 = G::VERSION << 8 | S::VERSION;

    fn layout() -> ColumnLayout {
        L::of::<F>()
    }

    fn k(shape: Shape) -> u32 {
        S::k(L::of::<F>(), shape, Self::DEPTH)
    }

    /// Of each account.
    fn positions(shape: Shape) -> usize {
        G::positions(shape)
    }

    fn blank(shape: Shape) -> Self {
        Self(AnyDepth::blank(Self::DEPTH, shape))
    }

    fn laid(&self) -> &AnyDepth<F, G, S, L> {
        &self.0
    }

    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation> {
        S::check(instance, witness)
    }

    fn checked(
        shape: Shape,
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self, Unprovable> {
        Self::check(instance, witness)?;
        let circuit = Self::new(shape, instance, witness)?;
        match S::is_padded(shape, witness) {
            true => Ok(circuit),
            false => Err(Unprovable::Padding),
        }
    }
}

impl<F, G, S, L> Circuit<F> for AnyDepth<F, G, S, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
    L: Columns,
{
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.depth, self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>(), Copies::Three)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter, S::NAMES.len())?;
        S::lay_out(s, (self.depth, self.shape), self.assignment.as_ref())
    }
}

impl<F, G, S, const D: u8, L> Circuit<F> for SubtreeCircuit<F, G, S, D, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
    L: Columns,
{
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self(self.0.without_witnesses())
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        AnyDepth::<F, G, S, L>::configure(meta)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        self.0.synthesize(config, layouter)
    }
}

impl<F, G, S, L> Clone for AnyDepth<F, G, S, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
{
    fn clone(&self) -> Self {
        Self { assignment: self.assignment.clone(), ..Self::blank(self.depth, self.shape) }
    }
}

impl<F, G, S, const D: u8, L> Clone for SubtreeCircuit<F, G, S, D, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
{
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Without what the venue chose.
impl<F, G, S, L> fmt::Debug for AnyDepth<F, G, S, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { depth, shape, .. } = self;
        f.debug_struct("AnyDepth")
            .field("depth", depth)
            .field("shape", shape)
            .finish_non_exhaustive()
    }
}

impl<F, G, S, const D: u8, L> fmt::Debug for SubtreeCircuit<F, G, S, D, L>
where
    F: MarginField,
    G: FamilyFigures<F>,
    S: SubtreeStatement<F, G>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SubtreeCircuit").field(&self.0).finish()
    }
}
