//! Building blocks of the relation, cells in and cells out.
//!
//! | gadget | wide: columns, rows | tall: columns, rows | gates (degree) |
//! |---|---|---|---|
//! | [`hash`] | 10 advice, 5 fixed; 28 per permutation | 5 advice, 5 or 6 fixed; 56 per permutation | 5 or 6 (5) |
//! | [`arithmetic`] | 4 advice, 2 fixed; 1 per operation | the hash's; 1 or 2 per operation | 1 (3, tall 4) |
//! | [`range`] | 1 advice, 1 table; bits / 8 + 1 per value | the hash's, 1 table; bits / 8 + 1 per value | 1 lookup (5) |
//!
//! Points of the field's own curve ([`curve`]) are made of arithmetic rows.
//!
//! In the wide [`layout`] the three use disjoint columns, and a single-pass
//! floor planner lays them side by side: the number of rows is the largest of
//! the three. In the tall one arithmetic and range checks share the rows
//! between the permutations, the former in two or four columns, the latter in the
//! fifth.

pub mod arithmetic;
pub mod curve;
pub mod hash;
pub mod hook;
pub mod layout;
pub mod range;
mod synthesizer;

pub use synthesizer::{Cell, Synthesizer};

use halo2_proofs::circuit::{AssignedCell, Region, Value};
use halo2_proofs::plonk::{Advice, Column, ConstraintSystem, Error, Instance};
use zkmargin_margin::field::MarginField;

use arithmetic::ArithmeticConfig;
use hash::HashConfig;
use layout::{ColumnLayout, Copies, Switch};
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
    /// Whether the arithmetic gate reads them, for they are in no copy.
    gate_reads_instance: bool,
}

impl<F: MarginField> GadgetConfig<F> {
    /// Creates columns, gates and the lookup.
    pub fn configure(meta: &mut ConstraintSystem<F>, layout: ColumnLayout, copies: Copies) -> Self {
        let instance = meta.instance_column();
        let has_few_copies = (layout, copies) == (ColumnLayout::Tall, Copies::Three);
        if !has_few_copies {
            meta.enable_equality(instance);
        }
        let [q_last, q_arithmetic] = Switch::pair(meta, layout);
        let hash = HashConfig::configure(meta, (layout, copies), q_last);
        let (cells, fixed, z) = match layout {
            ColumnLayout::Wide => {
                let cells = std::array::from_fn(|_| (meta.advice_column(), 0));
                (cells, [meta.fixed_column(), meta.fixed_column()], meta.advice_column())
            }
            ColumnLayout::Tall => {
                let [a, b, c, d, z] = hash.state();
                let [factor, constant, ..] = hash.constants();
                let cells = match copies {
                    Copies::Three => [(a, 0), (b, 0), (a, 1), (b, 1)],
                    Copies::Five => [a, b, c, d].map(|column| (column, 0)),
                };
                (cells, [factor, constant], z)
            }
        };
        let added = has_few_copies.then_some(instance);
        let arithmetic = ArithmeticConfig::configure(meta, cells, fixed, q_arithmetic, added);
        let range = RangeConfig::configure(meta, z);
        Self { hash, arithmetic, range, instance, gate_reads_instance: added.is_some() }
    }
}

/// Copies a cell into a region, whose name is the hook's.
fn copy_into<F: MarginField>(
    region: &mut Region<'_, F>,
    region_name: &str,
    name: &str,
    from: &AssignedCell<F, F>,
    value: Value<F>,
    (column, offset): (Column<Advice>, usize),
) -> Result<AssignedCell<F, F>, Error> {
    let cell = region.assign_advice(|| name, column, offset, || value)?;
    if !hook::dropped(region_name, || format!("copy {name}")) {
        region.constrain_equal(cell.cell(), from.cell())?;
    }
    Ok(cell)
}
