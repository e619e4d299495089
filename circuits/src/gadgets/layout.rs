//! Where the gadgets' columns are: one set of gates, two ways to lay it out.
//!
//! | layout | advice | for |
//! |---|---|---|
//! | wide | 15: every gadget has its own columns, side by side | the transparent proof system, where rows cost time |
//! | tall | 5: all gadgets in the same columns, one below the other | the EVM, where every column costs gas and rows cost none |

use halo2_proofs::circuit::{Region, Value};
use halo2_proofs::plonk::{
    Column, ConstraintSystem, Error, Expression, Fixed, Selector, VirtualCells,
};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::shape::ProofSystem;

/// How gates are laid out in columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnLayout {
    /// Many columns, few rows.
    Wide,
    /// Few columns, many rows.
    Tall,
}

impl ColumnLayout {
    /// The layout of circuits over a field: a field is of one proof system.
    pub fn of<F: MarginField>() -> Self {
        if F::NAME == ProofSystem::Kzg.field() { Self::Tall } else { Self::Wide }
    }
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
