//! One gate for all products and sums: `a * b + factor * c + constant = d`.
//!
//! | gate | row says | degree |
//! |---|---|---|
//! | `arithmetic` | `a b + factor c + constant = d` | 3, tall 4 |
//!
//! `factor` and `constant` are fixed per row. Inputs are copied in, the output
//! cell is `d`. The four cells are one row of four columns, or, with few copies,
//! two rows of two (`c` below `a`, `d` below `b`): that way two columns take part
//! in copies for four. A constant `k` is a row too, with one cell `x` in all four
//! places: `x x + (1 - 2 k) x + k k = x`, which is `(x - k)^2 = 0`. So no fixed
//! column is in the permutation argument, where it would cost every verifier.
//!
//! Nor is the instance column, with few copies. Then the gate is
//! `a b + f c + k + instance = d`: past the public inputs the instance is zero, and
//! in their rows, which nothing else uses, `a` is the constant zero and so is `f`.

use halo2_proofs::circuit::{AssignedCell, Layouter, Region, Value};
use halo2_proofs::plonk::{
    Advice, Column, ConstraintSystem, Constraints, Error, Expression, Fixed, Instance, VirtualCells,
};
use halo2_proofs::poly::Rotation;
use zkmargin_margin::field::MarginField;

use super::layout::Switch;
use super::{copy_into, hook};

/// Where a cell of an operation is: the column, and the row in its region.
type Place = (Column<Advice>, usize);

/// Columns and gate.
#[derive(Clone, Debug)]
pub struct ArithmeticConfig {
    /// `a`, `b`, `c` and `d`.
    cells: [Place; 4],
    factor: Column<Fixed>,
    constant: Column<Fixed>,
    q_arithmetic: Switch,
}

/// The inputs of one row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a, F: MarginField> {
    /// The factors of the product.
    pub product: (&'a AssignedCell<F, F>, &'a AssignedCell<F, F>),
    /// A fixed factor and the cell it scales.
    pub term: (F, &'a AssignedCell<F, F>),
    /// A fixed summand.
    pub constant: F,
}

/// What a cell of the prover's choice has to satisfy.
#[derive(Clone, Copy, Debug)]
pub struct Equation<'a, F: MarginField> {
    /// The other factor; the cell itself when `None`.
    pub b: Option<&'a AssignedCell<F, F>>,
    /// A fixed factor and the cell it scales.
    pub term: (F, &'a AssignedCell<F, F>),
    /// A fixed summand.
    pub constant: F,
    /// What comes out.
    pub d: &'a AssignedCell<F, F>,
}

/// The region of the rows where the gate reads the public inputs.
pub const PUBLIC_ROWS: &str = "public inputs";

/// Rows where the gate reads the public inputs.
#[derive(Clone, Debug)]
pub struct PublicRows<F: MarginField> {
    /// The public inputs, by row.
    pub inputs: Vec<AssignedCell<F, F>>,
    /// The cells beside them, that have to be zero.
    empty: Vec<AssignedCell<F, F>>,
}

fn query<F: MarginField>(meta: &mut VirtualCells<'_, F>, (column, offset): Place) -> Expression<F> {
    let rotation = if offset == 0 { Rotation::cur() } else { Rotation::next() };
    meta.query_advice(column, rotation)
}

impl ArithmeticConfig {
    /// Creates the gate on the places of its cells, whose columns get equality, and
    /// two fixed columns. With `added`, the public inputs are read by the gate.
    pub fn configure<F: MarginField>(
        meta: &mut ConstraintSystem<F>,
        cells: [Place; 4],
        [factor, constant]: [Column<Fixed>; 2],
        q_arithmetic: Switch,
        added: Option<Column<Instance>>,
    ) -> Self {
        for (column, _) in cells {
            meta.enable_equality(column);
        }
        meta.create_gate("arithmetic", |meta| {
            let q = q_arithmetic.query(meta);
            let [a, b, c, d] = cells.map(|place| query(meta, place));
            let factor = meta.query_fixed(factor);
            let constant = meta.query_fixed(constant);
            let sum = a * b + factor * c + constant;
            let sum = match added {
                Some(instance) => sum + meta.query_instance(instance, Rotation::cur()),
                None => sum,
            };
            Constraints::with_selector(q, [("a b + f c + k = d", sum - d)])
        });
        Self { cells, factor, constant, q_arithmetic }
    }

    /// Assigns a row and returns its output cell.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn assign<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        row: Row<'_, F>,
    ) -> Result<AssignedCell<F, F>, Error> {
        let ((a, b), (factor, c)) = (row.product, row.term);
        let inputs = [("a", a), ("b", b), ("c", c)];
        let values =
            inputs.map(|(cell, from)| hook::value(name, || cell.to_owned(), from.value().copied()));
        let [a, b, c] = values;
        let output = a.zip(b).zip(c).map(|((a, b), c)| a * b + factor * c + row.constant);
        layouter.assign_region(
            || name,
            |mut region| {
                let output = self.output(&mut region, name, (factor, row.constant), output)?;
                for (((cell, from), value), place) in inputs.into_iter().zip(values).zip(self.cells)
                {
                    copy_into(&mut region, name, cell, from, value, place)?;
                }
                Ok(output)
            },
        )
    }

    /// The gate, the fixed cells and the output cell of a row.
    fn output<F: MarginField>(
        &self,
        region: &mut Region<'_, F>,
        name: &str,
        (factor, constant): (F, F),
        output: Value<F>,
    ) -> Result<AssignedCell<F, F>, Error> {
        if !hook::dropped(name, || "gate".to_owned()) {
            self.q_arithmetic.enable(region, 0)?;
        }
        region.assign_fixed(|| "factor", self.factor, 0, || Value::known(factor))?;
        region.assign_fixed(|| "constant", self.constant, 0, || Value::known(constant))?;
        let output = hook::value(name, || "d".to_owned(), output);
        let (column, offset) = self.cells[3];
        region.assign_advice(|| "d", column, offset, || output)
    }

    /// A cell with a free value. It is constrained by nothing yet.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn witness_unchecked<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        value: Value<F>,
    ) -> Result<AssignedCell<F, F>, Error> {
        let value = hook::value(name, || "witness".to_owned(), value);
        layouter.assign_region(
            || name,
            |mut region| region.assign_advice(|| "witness", self.cells[3].0, 0, || value),
        )
    }

    /// A cell `x` of the prover's choice in a row that constrains it at once:
    /// `x b + factor c + constant = d`, or with `x` itself for `b` where that is
    /// `None`. It is the only one where `b` is not zero.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn solve<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        value: Value<F>,
        equation: Equation<'_, F>,
    ) -> Result<AssignedCell<F, F>, Error> {
        let Equation { b, term: (factor, c), constant, d } = equation;
        let value = hook::value(name, || "witness".to_owned(), value);
        layouter.assign_region(
            || name,
            |mut region| {
                if !hook::dropped(name, || "gate".to_owned()) {
                    self.q_arithmetic.enable(&mut region, 0)?;
                }
                region.assign_fixed(|| "factor", self.factor, 0, || Value::known(factor))?;
                region.assign_fixed(|| "constant", self.constant, 0, || Value::known(constant))?;
                let (column, offset) = self.cells[0];
                let x = region.assign_advice(|| "witness", column, offset, || value)?;
                let others = [("b", b.unwrap_or(&x)), ("c", c), ("d", d)];
                for ((label, from), place) in others.into_iter().zip(&self.cells[1..]) {
                    let value = hook::value(name, || label.to_owned(), from.value().copied());
                    copy_into(&mut region, name, label, from, value, *place)?;
                }
                Ok(x)
            },
        )
    }

    /// A cell that holds a constant: the only root of its row.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn constant<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        constant: F,
    ) -> Result<AssignedCell<F, F>, Error> {
        let fixed = (F::ONE - constant.double(), constant.square());
        layouter.assign_region(
            || name,
            |mut region| {
                let cell = self.output(&mut region, name, fixed, Value::known(constant))?;
                for (label, place) in ["a", "b", "c"].into_iter().zip(self.cells) {
                    let value = hook::value(name, || label.to_owned(), cell.value().copied());
                    copy_into(&mut region, name, label, &cell, value, place)?;
                }
                Ok(cell)
            },
        )
    }

    /// A cell equal to a row of the public inputs, which is a copy of `bound` where
    /// [`Self::public_rows`] made it.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn public_input<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        (instance, row): (Column<Instance>, usize),
        bound: Option<&AssignedCell<F, F>>,
    ) -> Result<AssignedCell<F, F>, Error> {
        let (label, column) = ("public input", self.cells[3].0);
        layouter.assign_region(
            || name,
            |mut region| {
                let dropped = hook::dropped(name, || "copy".to_owned());
                if bound.is_none() && !dropped {
                    return region.assign_advice_from_instance(|| label, instance, row, column, 0);
                }
                let value = region.instance_value(instance, row)?;
                let cell = region.assign_advice(|| label, column, 0, || value)?;
                if let Some(bound) = bound.filter(|_| !dropped) {
                    region.constrain_equal(cell.cell(), bound.cell())?;
                }
                Ok(cell)
            },
        )
    }

    /// The rows where the gate reads `count` public inputs, which have to be the first
    /// of the circuit: one below the other, as `d` of row `i` is `b` of the next and
    /// stands in no product, `a` being zero. Returns their cells, and those that
    /// [`Self::empty_public_rows`] has to bind once there is a zero.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn public_rows<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        instance: Column<Instance>,
        count: usize,
    ) -> Result<PublicRows<F>, Error> {
        let [(first, _), (second, _), ..] = self.cells;
        let zero = || Value::known(F::ZERO);
        layouter.assign_region(
            || PUBLIC_ROWS,
            |mut region| {
                let mut empty = vec![region.assign_advice(|| "empty", second, 0, zero)?];
                let mut inputs = Vec::with_capacity(count);
                for row in 0..=count {
                    empty.push(region.assign_advice(
                        || format!("empty {row}"),
                        first,
                        row,
                        zero,
                    )?);
                    if row == count {
                        break;
                    }
                    if !hook::dropped(PUBLIC_ROWS, || "gate".to_owned()) {
                        self.q_arithmetic.enable(&mut region, row)?;
                    }
                    region.assign_fixed(|| "factor", self.factor, row, zero)?;
                    region.assign_fixed(|| "constant", self.constant, row, zero)?;
                    let value = region.instance_value(instance, row)?;
                    let label = || format!("row {row}");
                    inputs.push(region.assign_advice(label, second, row + 1, || value)?);
                }
                Ok(PublicRows { inputs, empty })
            },
        )
    }

    /// Binds the cells beside the public inputs to zero.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn empty_public_rows<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        rows: &PublicRows<F>,
        zero: &AssignedCell<F, F>,
    ) -> Result<(), Error> {
        let name = format!("{PUBLIC_ROWS}: equal");
        if hook::dropped(&name, || "copy".to_owned()) {
            return Ok(());
        }
        layouter.assign_region(
            || &name,
            |mut region| {
                for cell in &rows.empty {
                    region.constrain_equal(cell.cell(), zero.cell())?;
                }
                Ok(())
            },
        )
    }
}
