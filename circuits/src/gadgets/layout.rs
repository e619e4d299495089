//! Where the gadgets' columns are: one set of gates, two ways to lay it out.
//!
//! | layout | advice | for |
//! |---|---|---|
//! | wide | 15: every gadget has its own columns, side by side | the transparent proof system, where rows cost time; the on-chain one where gas is cheap or none is paid |
//! | tall | 5: all gadgets in the same columns, one below the other | the EVM, where every column costs gas and rows cost none |
//!
//! A circuit's layout is a type, [`Columns`]: the verifier's choice, not the field's.

use std::fmt::Debug;

use halo2_proofs::circuit::{Region, Value};
use halo2_proofs::plonk::{
    Column, ConstraintSystem, Error, Expression, Fixed, Selector, VirtualCells,
};
use zkmargin_margin::field::MarginField;
pub use zkmargin_margin::layout::ColumnLayout;

/// A layout as a type: a circuit's last parameter, as its columns follow from its
/// type alone.
pub trait Columns: Copy + Debug + Send + Sync + 'static {
    /// The layout of circuits over a field.
    fn of<F: MarginField>() -> ColumnLayout;
}

/// The usual layout of the field's proof system: wide over Pasta, tall over BN254.
#[derive(Clone, Copy, Debug)]
pub enum Usual {}

impl Columns for Usual {
    fn of<F: MarginField>() -> ColumnLayout {
        ColumnLayout::of::<F>()
    }
}

/// The wide layout over any field: for on-chain proofs that no gas is paid for.
#[derive(Clone, Copy, Debug)]
pub enum Wide {}

impl Columns for Wide {
    fn of<F: MarginField>() -> ColumnLayout {
        ColumnLayout::Wide
    }
}

/// Which columns of the tall layout take part in copies, each of which is a commitment
/// of the permutation argument. The wide layout has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// Three. An operation takes two rows for one, the public inputs are read by a gate,
    /// and message cells stand where copies reach: three commitments and a product less.
    Three,
    /// All five, and the instance: for statements that would need twice the rows
    /// otherwise.
    Five,
}

/// Turns gates on, row by row. Two switches that are never on together can
/// share a column in the tall layout: it holds 1 where the first is on and 2
/// where the second is, and each reads the column by a polynomial that
/// vanishes at 0 and at the other's value.
#[derive(Clone, Copy, Debug)]
pub struct Switch(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A column of its own: degree 1.
    Selector(Selector),
    /// One of two in a fixed column: degree 2.
    Coded { column: Column<Fixed>, code: u64 },
}

impl Switch {
    /// A switch in a column of its own.
    pub fn single<F: MarginField>(meta: &mut ConstraintSystem<F>) -> Self {
        Self(Kind::Selector(meta.selector()))
    }

    /// Two switches that no row has on together, nor their regions overlap.
    pub fn pair<F: MarginField>(meta: &mut ConstraintSystem<F>, layout: ColumnLayout) -> [Self; 2] {
        match layout {
            ColumnLayout::Wide => [Self::single(meta), Self::single(meta)],
            ColumnLayout::Tall => {
                let column = meta.fixed_column();
                [1, 2].map(|code| Self(Kind::Coded { column, code }))
            }
        }
    }

    /// Not zero where the switch is on, zero elsewhere.
    pub fn query<F: MarginField>(&self, meta: &mut VirtualCells<'_, F>) -> Expression<F> {
        match self.0 {
            Kind::Selector(selector) => meta.query_selector(selector),
            Kind::Coded { column, code } => {
                let value = meta.query_fixed(column);
                let other = Expression::Constant(F::from(3 - code));
                value.clone() * (other - value)
            }
        }
    }

    /// Turns the switch on in a row of a region.
    pub(super) fn enable<F: MarginField>(
        &self,
        region: &mut Region<'_, F>,
        offset: usize,
    ) -> Result<(), Error> {
        match self.0 {
            Kind::Selector(selector) => selector.enable(region, offset),
            Kind::Coded { column, code } => {
                let code = Value::known(F::from(code));
                region.assign_fixed(|| "switch", column, offset, || code).map(|_| ())
            }
        }
    }
}
