//! The circuit of the venue statement, for every family.
//!
//! It proves [`zkmargin_margin::statement::venue`] over a subtree of `4^D` leaves.
//! What the margin circuit does for an account is done for every leaf, with the
//! leaf's flag where that has the side of its claim: so the family proves of each
//! account on which side it is. Header and terms are bound to the market once, and
//! no account has a path: the subtree's nodes are hashed once.
//!
//! | clause | constraints | file |
//! |---|---|---|
//! | V1 | a leaf is the digest of account, commitment and context, or zero; the leaves hash to `SUBTREE_ROOT` | `leaf.rs`, `statement/subtree.rs` |
//! | V2 | a bit of each leaf is the side of its claim; an empty leaf is not flagged | `leaf.rs`, the family |
//! | V2 | `CLAIM` is of the side *at least*, and has no bound on leverage | `relation.rs` |
//! | V3, V4 | the chain and the numbers | `sums.rs` |
//! | M1, M3 to M5 | as in the margin circuit, of every leaf | the family, `statement/state.rs`, `statement/market.rs` |
//!
//! **Empty leaves** run every constraint of an account of the prover's choice at the
//! level: nothing of it is used. `present` cannot be zero of an account, for its leaf
//! in the tree is a digest and not zero, nor one of an empty leaf.
//!
//! **The account** is a free element, and no range is asked of it: an account's leaf
//! is the digest of no other element, and an element that is no account is in no list
//! that has the chain's digest.

mod hints;
mod leaf;
mod relation;
mod sums;

pub use hints::{Assignment, LeafHints};

use std::fmt;
use std::marker::PhantomData;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::{self, SubtreeDepth, VenueInstance, VenueWitness};

use crate::family::{FamilyCircuit, Unprovable};
use crate::figures::FamilyFigures;
use crate::gadgets::layout::{ColumnLayout, Columns, Copies, Usual};
use crate::gadgets::{GadgetConfig, Synthesizer};

/// Version of the statement's own part of the circuit.
const VERSION: u16 = 1;

/// The circuit of a shape of accounts, over `4^D` of them, in a layout; with a
/// witness or without. `D` is from 1 to 4.
pub struct VenueCircuit<F: MarginField, G: FamilyFigures<F>, const D: u8, L = Usual>(
    SubtreeCircuit<F, G, L>,
);

/// The same of whatever depth.
pub struct SubtreeCircuit<F: MarginField, G: FamilyFigures<F>, L> {
    depth: SubtreeDepth,
    shape: Shape,
    assignment: Option<Assignment<F, G>>,
    layout: PhantomData<fn() -> L>,
}

impl<F: MarginField, G: FamilyFigures<F>, L> Clone for SubtreeCircuit<F, G, L> {
    fn clone(&self) -> Self {
        Self { assignment: self.assignment.clone(), ..Self::blank(self.depth, self.shape) }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L> Clone for VenueCircuit<F, G, D, L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> fmt::Debug for SubtreeCircuit<F, G, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { depth, shape, .. } = self;
        f.debug_struct("SubtreeCircuit")
            .field("depth", depth)
            .field("shape", shape)
            .finish_non_exhaustive()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L> fmt::Debug for VenueCircuit<F, G, D, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VenueCircuit").field(&self.0).finish()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, L> SubtreeCircuit<F, G, L> {
    const fn blank(depth: SubtreeDepth, shape: Shape) -> Self {
        Self { depth, shape, assignment: None, layout: PhantomData }
    }

    fn new(
        depth: SubtreeDepth,
        shape: Shape,
        instance: &VenueInstance<F>,
        witness: &VenueWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        if witness.depth() != Some(depth) {
            return Err(Violation::Leaves(witness.leaves.len()).into());
        }
        let assignment = Some(Assignment::new(shape, instance.claim, witness)?);
        Ok(Self { assignment, ..Self::blank(depth, shape) })
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L: Columns> VenueCircuit<F, G, D, L> {
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
        instance: &VenueInstance<F>,
        witness: &VenueWitness<G::Family>,
    ) -> Result<Self, Unprovable> {
        SubtreeCircuit::new(Self::DEPTH, shape, instance, witness).map(Self)
    }

    /// The venue's choices, to be changed at will: how a test lies.
    pub fn assignment_mut(&mut self) -> Option<&mut Assignment<F, G>> {
        self.0.assignment.as_mut()
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L: Columns> FamilyCircuit<F>
    for VenueCircuit<F, G, D, L>
{
    type Family = G::Family;
    type Instance = VenueInstance<F>;
    type Witness = VenueWitness<G::Family>;
    type Laid = SubtreeCircuit<F, G, L>;

    const STATEMENT: Statement = Statement::Venue(Self::DEPTH);

    const VERSION: u16 = G::VERSION << 8 | VERSION;

    fn layout() -> ColumnLayout {
        L::of::<F>()
    }

    fn k(shape: Shape) -> u32 {
        G::venue_k(L::of::<F>(), shape, Self::DEPTH)
    }

    /// Of each account.
    fn positions(shape: Shape) -> usize {
        G::positions(shape)
    }

    fn blank(shape: Shape) -> Self {
        Self(SubtreeCircuit::blank(Self::DEPTH, shape))
    }

    fn laid(&self) -> &SubtreeCircuit<F, G, L> {
        &self.0
    }

    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation> {
        venue::check(instance, witness)
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

impl<F: MarginField, G: FamilyFigures<F>, L: Columns> Circuit<F> for SubtreeCircuit<F, G, L> {
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.depth, self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>(), Copies::Three)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter, venue::NAMES.len())?;
        relation::lay_out(s, self.depth, self.shape, self.assignment.as_ref())
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L: Columns> Circuit<F>
    for VenueCircuit<F, G, D, L>
{
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self(self.0.without_witnesses())
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        SubtreeCircuit::<F, G, L>::configure(meta)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        self.0.synthesize(config, layouter)
    }
}
