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

use halo2_proofs::circuit::Layouter;
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::venue::{self, SubtreeDepth, VenueInstance, VenueWitness};

use super::{SubtreeCircuit, SubtreeStatement};
use crate::family::Unprovable;
use crate::figures::FamilyFigures;
use crate::gadgets::Synthesizer;
use crate::gadgets::layout::{ColumnLayout, Usual};

/// The circuit of a shape of accounts, over `4^D` of them, in a layout.
pub type VenueCircuit<F, G, const D: u8, L = Usual> = SubtreeCircuit<F, G, VenueStatement, D, L>;

/// The venue statement.
#[derive(Clone, Copy, Debug)]
pub enum VenueStatement {}

impl<F: MarginField, G: FamilyFigures<F>> SubtreeStatement<F, G> for VenueStatement {
    type Instance = VenueInstance<F>;
    type Witness = VenueWitness<G::Family>;
    type Assignment = Assignment<F, G>;

    const OF_DEPTHS: [Statement; SubtreeDepth::ALL.len()] = {
        let [four, sixteen, many, most] = SubtreeDepth::ALL;
        [
            Statement::Venue(four),
            Statement::Venue(sixteen),
            Statement::Venue(many),
            Statement::Venue(most),
        ]
    };
    const VERSION: u16 = 1;
    const NAMES: &'static [&'static str] = &venue::NAMES;

    fn k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32 {
        G::venue_k(layout, shape, depth)
    }

    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation> {
        venue::check(instance, witness)
    }

    fn assignment(
        (depth, shape): (SubtreeDepth, Shape),
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self::Assignment, Unprovable> {
        if witness.depth() != Some(depth) {
            return Err(Violation::Leaves(witness.leaves.len()).into());
        }
        Assignment::new(shape, instance.claim, witness)
    }

    fn is_padded(shape: Shape, witness: &Self::Witness) -> bool {
        hints::is_padded::<F, G>(shape, witness)
    }

    fn lay_out<L: Layouter<F>>(
        s: &mut Synthesizer<'_, F, L>,
        (depth, shape): (SubtreeDepth, Shape),
        assignment: Option<&Self::Assignment>,
    ) -> Result<(), Error> {
        relation::lay_out(s, depth, shape, assignment)
    }
}
