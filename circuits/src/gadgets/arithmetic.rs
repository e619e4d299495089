//! One gate for all products and sums: `a * b + factor * c + constant = d`.
//!
//! | gate | row says | degree |
//! |---|---|---|
//! | `arithmetic` | `a b + factor c + constant = d` | 3, tall 4 |
//!
//! `factor` and `constant` are fixed per row. Inputs are copied in, the output
//! cell is `d`. A constant `k` is a row too, with one cell `x` in all four
//! places: `x x + (1 - 2 k) x + k k = x`, which is `(x - k)^2 = 0`. So no fixed
//! column is in the permutation argument, where it would cost every verifier.

use halo2_proofs::circuit::{AssignedCell, Layouter, Region, Value};
use halo2_proofs::plonk::{Advice, Column, ConstraintSystem, Constraints, Error, Fixed};
use halo2_proofs::poly::Rotation;
use zkmargin_margin::field::MarginField;

use super::layout::Switch;
use super::{copy_into, hook};

/// Columns and gate.
#[derive(Clone, Debug)]
pub struct ArithmeticConfig {
    advice: [Column<Advice>; 4],
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

impl ArithmeticConfig {
    /// Creates the gate on four advice columns with equality and two fixed
    /// columns.
    pub fn configure<F: MarginField>(
        meta: &mut ConstraintSystem<F>,
        advice: [Column<Advice>; 4],
        [factor, constant]: [Column<Fixed>; 2],
        q_arithmetic: Switch,
    ) -> Self {
        for column in advice {
            meta.enable_equality(column);
        }
        meta.create_gate("arithmetic", |meta| {
            let q = q_arithmetic.query(meta);
            let [a, b, c, d] = advice.map(|column| meta.query_advice(column, Rotation::cur()));
            let factor = meta.query_fixed(factor);
            let constant = meta.query_fixed(constant);
            Constraints::with_selector(
                q,
                [("a b + f c + k = d", a * b + factor * c + constant - d)],
            )
        });
        Self { advice, factor, constant, q_arithmetic }
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
                for (((cell, from), value), column) in
                    inputs.into_iter().zip(values).zip(self.advice)
                {
                    copy_into(&mut region, name, cell, from, value, (column, 0))?;
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
        region.assign_advice(|| "d", self.advice[3], 0, || output)
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
            |mut region| region.assign_advice(|| "witness", self.advice[3], 0, || value),
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
                let x = region.assign_advice(|| "witness", self.advice[0], 0, || value)?;
                let others = [("b", b.unwrap_or(&x)), ("c", c), ("d", d)];
                for ((label, from), column) in others.into_iter().zip(&self.advice[1..]) {
                    let value = hook::value(name, || label.to_owned(), from.value().copied());
                    copy_into(&mut region, name, label, from, value, (*column, 0))?;
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
                for (label, column) in ["a", "b", "c"].into_iter().zip(self.advice) {
                    let value = hook::value(name, || label.to_owned(), cell.value().copied());
                    copy_into(&mut region, name, label, &cell, value, (column, 0))?;
                }
                Ok(cell)
            },
        )
    }

    /// A cell equal to a row of the public inputs.
    ///
    /// # Errors
    /// When the circuit is out of rows.
    pub fn public_input<F: MarginField>(
        &self,
        layouter: &mut impl Layouter<F>,
        name: &str,
        instance: Column<halo2_proofs::plonk::Instance>,
        row: usize,
    ) -> Result<AssignedCell<F, F>, Error> {
        layouter.assign_region(
            || name,
            |mut region| {
                let (label, column) = ("public input", self.advice[3]);
                if hook::dropped(name, || "copy".to_owned()) {
                    let value = region.instance_value(instance, row)?;
                    return region.assign_advice(|| label, column, 0, || value);
                }
                region.assign_advice_from_instance(|| label, instance, row, column, 0)
            },
        )
    }
}
