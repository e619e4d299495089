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

use halo2_proofs::circuit::Layouter;
use halo2_proofs::plonk::Error;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::haircut::{self, HaircutInstance, HaircutWitness};
use zkmargin_margin::statement::venue::SubtreeDepth;

use super::{SubtreeCircuit, SubtreeStatement};
use crate::family::Unprovable;
use crate::figures::FamilyFigures;
use crate::gadgets::Synthesizer;
use crate::gadgets::layout::{ColumnLayout, Usual};

/// The circuit of a shape of accounts, over `4^D` of them, in a layout.
pub type HaircutCircuit<F, G, const D: u8, L = Usual> =
    SubtreeCircuit<F, G, HaircutStatement, D, L>;

/// The haircut statement.
#[derive(Clone, Copy, Debug)]
pub enum HaircutStatement {}

impl<F: MarginField, G: FamilyFigures<F>> SubtreeStatement<F, G> for HaircutStatement {
    type Instance = HaircutInstance<F>;
    type Witness = HaircutWitness<G::Family>;
    type Assignment = Assignment<F, G>;

    const OF_DEPTHS: [Statement; SubtreeDepth::ALL.len()] = {
        let [four, sixteen, many, most] = SubtreeDepth::ALL;
        [
            Statement::Haircut(four),
            Statement::Haircut(sixteen),
            Statement::Haircut(many),
            Statement::Haircut(most),
        ]
    };
    const VERSION: u16 = 1;
    const NAMES: &'static [&'static str] = &haircut::NAMES;

    fn k(layout: ColumnLayout, shape: Shape, depth: SubtreeDepth) -> u32 {
        G::haircut_k(layout, shape, depth)
    }

    fn check(instance: &Self::Instance, witness: &Self::Witness) -> Result<(), Violation> {
        haircut::check(instance, witness)
    }

    fn assignment(
        (depth, shape): (SubtreeDepth, Shape),
        instance: &Self::Instance,
        witness: &Self::Witness,
    ) -> Result<Self::Assignment, Unprovable> {
        if witness.depth() != Some(depth) {
            return Err(Violation::HaircutLeaves(witness.leaves.len()).into());
        }
        Assignment::new(shape, instance.ratio, witness)
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
