//! The circuit of the haircut statement, for every family: fair deleveraging.
//!
//! It proves [`zkmargin_margin::statement::haircut`] over a subtree of `4^D` leaves. What
//! the venue circuit does for an account is done for every leaf, at the level that
//! requires nothing: a bit says on which side of it the figures are, as the family must
//! prove one side, and nothing else depends on the bit. Header, terms and ratio are bound
//! once, and no account has a path.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | F1 | a leaf is the digest of account, commitment and context, or zero; the leaves hash to `SUBTREE_ROOT` | `leaf.rs`, `statement/subtree.rs` |
//! | F2 | `RATIO` is a loss and the equity that covers it, of 104 bits each | `share.rs` |
//! | F3 | a bit of each leaf says whether the account has equity; the cut is the share of it | `share.rs`, the family |
//! | F4 | the cash afterwards is in range, and the cut what it lacks; the words afterwards are those before with the cut taken off the first one's cash; leaves of the same account hash to `SUBTREE_AFTER` | `leaf.rs`, `statement/subtree.rs` |
//! | F5 | the sums | `relation.rs` |
//! | M1, M3 to M5 | as in the margin circuit, of every leaf | the family, `statement/state.rs`, `statement/market.rs` |
//!
//! **Empty leaves** run every constraint of an account of the prover's choice that has no
//! equity: nothing of it is used, and its cut is nothing. One bit makes a leaf empty in
//! both trees: none is made, and none removed.
//!
//! **The account** is a free element, as in a venue's proof, and the same in both leaves.

mod hints;
mod leaf;
mod relation;
mod share;

pub use hints::{Assignment, LeafHints};

use std::fmt;
use std::marker::PhantomData;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::haircut::{self, HaircutInstance, HaircutWitness};
use zkmargin_margin::statement::venue::SubtreeDepth;

use crate::family::{FamilyCircuit, Unprovable};
use crate::figures::FamilyFigures;
use crate::gadgets::layout::{ColumnLayout, Columns, Copies, Usual};
use crate::gadgets::{GadgetConfig, Synthesizer};

/// Version of the statement's own part of the circuit.
const VERSION: u16 = 1;

/// The circuit of a shape of accounts, over `4^D` of them, in a layout; with a
/// witness or without. `D` is from 1 to 4.
pub struct HaircutCircuit<F: MarginField, G: FamilyFigures<F>, const D: u8, L = Usual>(
    HaircutSubtree<F, G, L>,
);

/// The same of whatever depth.
pub struct HaircutSubtree<F: MarginField, G: FamilyFigures<F>, L> {
    depth: SubtreeDepth,
    shape: Shape,
    assignment: Option<Assignment<F, G>>,
    layout: PhantomData<fn() -> L>,
}

impl<F: MarginField, G: FamilyFigures<F>, L> Clone for HaircutSubtree<F, G, L> {
    fn clone(&self) -> Self {
        Self { assignment: self.assignment.clone(), ..Self::blank(self.depth, self.shape) }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L> Clone for HaircutCircuit<F, G, D, L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> fmt::Debug for HaircutSubtree<F, G, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { depth, shape, .. } = self;
        f.debug_struct("HaircutSubtree")
            .field("depth", depth)
            .field("shape", shape)
            .finish_non_exhaustive()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L> fmt::Debug
    for HaircutCircuit<F, G, D, L>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HaircutCircuit").field(&self.0).finish()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> HaircutSubtree<F, G, L> {
    const fn blank(depth: SubtreeDepth, shape: Shape) -> Self {
        Self { depth, shape, assignment: None, layout: PhantomData }
    }

    fn new(
        depth: SubtreeDepth,
        shape: Shape,
        instance: &HaircutInstance<F>,
        witness: &HaircutWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        if witness.depth() != Some(depth) {
            return Err(Violation::HaircutLeaves(witness.leaves.len()).into());
        }
        let assignment = Some(Assignment::new(shape, instance.ratio, witness)?);
        Ok(Self { assignment, ..Self::blank(depth, shape) })
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L: Columns> HaircutCircuit<F, G, D, L> {
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
        instance: &HaircutInstance<F>,
        witness: &HaircutWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        HaircutSubtree::new(Self::DEPTH, shape, instance, witness).map(Self)
    }

    /// The venue's choices, to be changed at will: how a test lies.
    pub fn assignment_mut(&mut self) -> Option<&mut Assignment<F, G>> {
        self.0.assignment.as_mut()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L: Columns> FamilyCircuit<F>
    for HaircutCircuit<F, G, D, L>
{
    type Family = G::Family;
    type Instance = HaircutInstance<F>;
    type Witness = HaircutWitness<G::Family>;
    type Laid = HaircutSubtree<F, G, L>;

    const STATEMENT: Statement = Statement::Haircut(Self::DEPTH);

    const VERSION: u16 = G::VERSION << 8 | VERSION;

    fn layout() -> ColumnLayout {
        L::of::<F>()
    }

    fn k(shape: Shape) -> u32 {
        G::haircut_k(L::of::<F>(), shape, Self::DEPTH)
    }

    /// Of each account.
    fn positions(shape: Shape) -> usize {
        G::positions(shape)
    }

    fn blank(shape: Shape) -> Self {
        Self(HaircutSubtree::blank(Self::DEPTH, shape))
    }

    fn laid(&self) -> &HaircutSubtree<F, G, L> {
        &self.0
    }

    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation> {
        haircut::check(instance, witness)
    }

    fn checked(
        shape: Shape,
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self, Unprovable> {
        Self::check(instance, witness)?;
        let circuit = Self::new(shape, instance, witness)?;
        match hints::is_padded::<F, G>(shape, witness) {
            true => Ok(circuit),
            false => Err(Unprovable::Padding),
        }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> Circuit<F> for HaircutSubtree<F, G, L> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.depth, self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>(), Copies::Three)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter, haircut::NAMES.len())?;
        relation::lay_out(s, self.depth, self.shape, self.assignment.as_ref())
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L: Columns> Circuit<F>
    for HaircutCircuit<F, G, D, L>
{
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self(self.0.without_witnesses())
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        HaircutSubtree::<F, G, L>::configure(meta)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        self.0.synthesize(config, layouter)
    }
}
