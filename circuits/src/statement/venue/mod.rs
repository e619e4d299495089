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
//! | V1 | a leaf is the digest of account, commitment and context, or zero; the leaves hash to `SUBTREE_ROOT` | `leaf.rs`, `sums.rs` |
//! | V2 | a bit of each leaf is the side of its claim; an empty leaf is not flagged | `leaf.rs`, the family |
//! | V2 | `CLAIM` is of the side *at least*, and has no bound on leverage | here |
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
mod sums;

pub use hints::{Assignment, LeafHints};

use std::fmt;
use std::marker::PhantomData;

use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{Circuit, ConstraintSystem, Error};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::instance::CONTEXT;
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::{
    self, COUNTS, FLAGGED, SUBTREE_ROOT, SubtreeDepth, VenueInstance, VenueWitness,
};

use super::claim::ClaimCells;
use super::{PublicInputs, assign_public, claim, market};
use crate::family::{FamilyCircuit, Unprovable};
use crate::figures::{FamilyFigures, Witness};
use crate::gadgets::layout::{ColumnLayout, Columns, Usual};
use crate::gadgets::{GadgetConfig, Synthesizer};
use leaf::Common;
use sums::Sums;

/// Version of the statement's own part of the circuit.
const VERSION: u16 = 1;

/// The circuit of a shape of accounts, over `4^D` of them, in a layout; with a
/// witness or without. `D` is from 1 to 4.
pub struct VenueCircuit<F: MarginField, G: FamilyFigures<F>, const D: u8, L = Usual> {
    shape: Shape,
    assignment: Option<Assignment<F, G>>,
    layout: PhantomData<fn() -> L>,
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L> Clone for VenueCircuit<F, G, D, L> {
    fn clone(&self) -> Self {
        Self { shape: self.shape, assignment: self.assignment.clone(), layout: PhantomData }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L> fmt::Debug for VenueCircuit<F, G, D, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VenueCircuit").field("shape", &self.shape).finish_non_exhaustive()
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
        if witness.depth() != Some(Self::DEPTH) {
            return Err(Violation::Leaves(witness.leaves.len()).into());
        }
        let assignment = Some(Assignment::new(shape, instance.claim, witness)?);
        Ok(Self { shape, assignment, layout: PhantomData })
    }

    /// The venue's choices, to be changed at will: how a test lies.
    pub fn assignment_mut(&mut self) -> Option<&mut Assignment<F, G>> {
        self.assignment.as_mut()
    }

    /// A part of the assignment, when there is one.
    fn value<'a, T>(&'a self, part: impl FnOnce(&'a Assignment<F, G>) -> T) -> Value<T> {
        self.assignment.as_ref().map_or_else(Value::unknown, |known| Value::known(part(known)))
    }

    /// Decodes the level and its multiplier, which are every leaf's.
    fn assign_claim<Y: Layouter<F>>(
        &self,
        s: &mut Synthesizer<'_, F, Y>,
        inputs: &PublicInputs<F>,
    ) -> Result<ClaimCells<F>, Error> {
        let claim = claim::assign(s, inputs, false, self.value(|a| &a.claim))?;
        s.product_is_zero("V2 at least", &s.one(), &claim.is_below)?;
        // No bound, where the family has one.
        Ok(ClaimCells { leverage: G::HAS_NOTIONAL.then(|| s.zero()), ..claim })
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L: Columns> FamilyCircuit<F>
    for VenueCircuit<F, G, D, L>
{
    type Family = G::Family;
    type Instance = VenueInstance<F>;
    type Witness = VenueWitness<G::Family>;

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
        Self { shape, assignment: None, layout: PhantomData }
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
        let is_filled = |account: &Witness<F, G>| {
            let of = G::Family::account(account);
            let (row, path) = &of.padding;
            of.slots.len() == G::positions(shape) || G::Family::is_padding(account, row, path)
        };
        let mut accounts = witness.accounts().map(|leaf| &leaf.witness);
        match is_filled(&witness.empty) && accounts.all(is_filled) {
            true => Ok(circuit),
            false => Err(Unprovable::Padding),
        }
    }
}

impl<F: MarginField, G: FamilyFigures<F>, const D: u8, L: Columns> Circuit<F>
    for VenueCircuit<F, G, D, L>
{
    type Config = GadgetConfig<F>;
    type FloorPlanner = SimpleFloorPlanner;

    fn without_witnesses(&self) -> Self {
        Self::blank(self.shape)
    }

    fn configure(meta: &mut ConstraintSystem<F>) -> Self::Config {
        GadgetConfig::configure(meta, L::of::<F>())
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<F>) -> Result<(), Error> {
        let s = &mut Synthesizer::new(&config, layouter)?;
        let inputs = assign_public(s, &venue::NAMES)?;
        let header = market::assign_header(s, &inputs, self.value(|a| a.header))?;
        G::constrain_header(s, &header)?;
        let claim = self.assign_claim(s, &inputs)?;
        let terms = G::terms(s, self.value(|a| &a.leaves[0].figures))?;
        let context = &inputs[CONTEXT];
        let common = Common { header: &header, terms: &terms, claim: &claim, context };

        let mut sums = Sums::new(s);
        let mut leaves = Vec::with_capacity(Self::DEPTH.leaves());
        for index in 0..Self::DEPTH.leaves() {
            s.prefix(format!("leaf {index} "));
            let leaf =
                leaf::assign::<F, G, _>(s, self.shape, &common, self.value(|a| &a.leaves[index]))?;
            sums.add(s, &leaf)?;
            leaves.push(leaf);
        }
        s.prefix("");
        let root = sums::assign_root(s, &leaves)?;
        s.scope("venue");
        s.equal(&root, &inputs[SUBTREE_ROOT])?;
        s.equal(&sums.chain, &inputs[FLAGGED])?;
        let counts = sums.counts(s)?;
        s.equal(&counts, &inputs[COUNTS])?;

        let terms = leaves.first().map(|leaf| leaf.terms.clone()).ok_or(Error::Synthesis)?;
        let roots = leaves.iter().flat_map(|leaf| &leaf.tree_roots);
        market::constrain_root(s, &inputs, &header, &terms, roots)
    }
}
