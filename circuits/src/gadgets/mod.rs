//! Building blocks of the relation, cells in and cells out.
//!
//! | gadget | columns | gates (degree) | rows |
//! |---|---|---|---|
//! | [`hash`] | 10 advice, 5 fixed | 5 (5) | 28 per permutation, 1 more per region |
//! | [`arithmetic`] | 4 advice, 2 fixed | 1 (3) | 1 per operation |
//! | [`range`] | 1 advice, 1 table | 1 lookup (5) | bits / 8 + 1 per value |
//!
//! The three use disjoint columns, so a single-pass floor planner lays them
//! side by side: the number of rows is the largest of the three, not the sum.

pub mod arithmetic;
pub mod hash;
pub mod range;
mod synthesizer;

pub use synthesizer::{Cell, Synthesizer};

use halo2_proofs::plonk::{Column, ConstraintSystem, Instance};
use zkmargin_margin::field::MarginField;

use arithmetic::ArithmeticConfig;
use hash::HashConfig;
use range::RangeConfig;

/// The columns and gates every circuit of ours is made of.
#[derive(Clone, Debug)]
pub struct GadgetConfig<F: MarginField> {
    /// Poseidon and Merkle membership.
    pub hash: HashConfig<F>,
    /// Products and sums.
    pub arithmetic: ArithmeticConfig,
    /// Range checks.
    pub range: RangeConfig,
    /// The public inputs.
    pub instance: Column<Instance>,
}

impl<F: MarginField> GadgetConfig<F> {
    /// Creates columns, gates and the lookup.
    pub fn configure(meta: &mut ConstraintSystem<F>) -> Self {
        let instance = meta.instance_column();
        meta.enable_equality(instance);
        Self {
            hash: HashConfig::configure(meta),
            arithmetic: ArithmeticConfig::configure(meta),
            range: RangeConfig::configure(meta),
            instance,
        }
    }
}
