//! Records what a synthesis assigns, through the public `Assignment` trait.

use ff::Field;
use halo2_proofs::circuit::Value;
use halo2_proofs::plonk::{
    Advice, Any, Assigned, Assignment, Column, ConstraintSystem, Error, Fixed, Instance, Selector,
};
use zkmargin_margin::field::bn254::Bn254Fr;

use super::shape::{CellRef, ColumnCounts, ColumnKind, ColumnRef};

/// Finds the indices of columns and selectors, which `halo2_proofs` keeps
/// private, by comparing with those of a scratch constraint system: the n-th
/// column of a kind is equal in every constraint system.
#[derive(Clone, Debug)]
pub struct Columns {
    advice: Vec<Column<Any>>,
    fixed: Vec<Column<Fixed>>,
    instance: Vec<Column<Any>>,
    /// Selector i as a simple and as a complex one.
    selectors: Vec<[Selector; 2]>,
}

impl Columns {
    /// The columns and selectors of a constraint system with these counts.
    pub fn new(counts: &ColumnCounts) -> Self {
        let mut simple = ConstraintSystem::<Bn254Fr>::default();
        let mut complex = ConstraintSystem::<Bn254Fr>::default();
        Self {
            advice: (0..counts.advice).map(|_| simple.advice_column().into()).collect(),
            fixed: (0..counts.fixed).map(|_| simple.fixed_column()).collect(),
            instance: (0..counts.instance).map(|_| simple.instance_column().into()).collect(),
            selectors: (0..counts.selectors)
                .map(|_| [simple.selector(), complex.complex_selector()])
                .collect(),
        }
    }

    /// The fixed column of an index below the count.
    pub fn fixed(&self, index: usize) -> Column<Fixed> {
        self.fixed[index]
    }

    /// The index of a column.
    ///
    /// # Errors
    /// When the constraint system has fewer.
    pub fn find(&self, column: Column<Any>) -> Result<ColumnRef, Error> {
        let (kind, index) = match column.column_type() {
            Any::Advice => (ColumnKind::Advice, self.advice.iter().position(|c| *c == column)),
            Any::Fixed => {
                let is = |c: &Column<Fixed>| Column::<Any>::from(*c) == column;
                (ColumnKind::Fixed, self.fixed.iter().position(is))
            }
            Any::Instance => {
                (ColumnKind::Instance, self.instance.iter().position(|c| *c == column))
            }
        };
        index.map(|index| ColumnRef { kind, index }).ok_or(Error::Synthesis)
    }

    /// The index of a selector.
    ///
    /// # Errors
    /// When the constraint system has fewer.
    pub fn selector(&self, selector: &Selector) -> Result<usize, Error> {
        self.selectors.iter().position(|both| both.contains(selector)).ok_or(Error::Synthesis)
    }
}

/// The part of an assignment that belongs to the circuit.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Fixed columns, then one per selector.
    pub fixed: Vec<Vec<Bn254Fr>>,
    /// Cells constrained to be equal.
    pub copies: Vec<(CellRef, CellRef)>,
}

/// Records a synthesis: fixed cells, selectors and copies for keys, or advice
/// for a proof.
#[derive(Debug)]
pub struct Recorder<'a> {
    columns: &'a Columns,
    usable: usize,
    /// The public inputs, when proving.
    instance: Option<&'a [Bn254Fr]>,
    layout: Layout,
    advice: Vec<Vec<Option<Bn254Fr>>>,
}

impl<'a> Recorder<'a> {
    /// Records what keys are made of.
    pub fn for_keys(columns: &'a Columns, rows: usize, usable: usize) -> Self {
        let fixed = vec![vec![Bn254Fr::ZERO; rows]; columns.fixed.len() + columns.selectors.len()];
        let layout = Layout { fixed, copies: Vec::new() };
        Self { columns, usable, instance: None, layout, advice: Vec::new() }
    }

    /// Records a witness.
    pub fn for_witness(
        columns: &'a Columns,
        rows: usize,
        usable: usize,
        instance: &'a [Bn254Fr],
    ) -> Self {
        let layout = Layout { fixed: Vec::new(), copies: Vec::new() };
        let advice = vec![vec![None; rows]; columns.advice.len()];
        Self { columns, usable, instance: Some(instance), layout, advice }
    }

    /// What was recorded for keys.
    pub fn into_layout(self) -> Layout {
        self.layout
    }

    /// What was recorded for a proof.
    pub fn into_advice(self) -> Vec<Vec<Option<Bn254Fr>>> {
        self.advice
    }

    fn for_key(&self) -> bool {
        self.instance.is_none()
    }

    /// A cell past the usable rows would silently land in the blinding area.
    fn check(&self, row: usize) -> Result<(), Error> {
        if row < self.usable { Ok(()) } else { Err(Error::BoundsFailure) }
    }
}

/// The value of a cell, when it is known.
fn known<V: Into<Assigned<Bn254Fr>>>(value: Value<V>) -> Option<Bn254Fr> {
    let mut known = None;
    value.map(|value| known = Some(value.into().evaluate()));
    known
}

impl Assignment<Bn254Fr> for Recorder<'_> {
    fn enter_region<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn exit_region(&mut self) {}

    fn enable_selector<A: FnOnce() -> AR, AR: Into<String>>(
        &mut self,
        _: A,
        selector: &Selector,
        row: usize,
    ) -> Result<(), Error> {
        self.check(row)?;
        if self.for_key() {
            let column = self.columns.fixed.len() + self.columns.selector(selector)?;
            self.layout.fixed[column][row] = Bn254Fr::ONE;
        }
        Ok(())
    }

    fn query_instance(&self, _: Column<Instance>, row: usize) -> Result<Value<Bn254Fr>, Error> {
        self.check(row)?;
        let value = self.instance.and_then(|rows| rows.get(row));
        Ok(value.map_or_else(Value::unknown, |value| Value::known(*value)))
    }

    fn assign_advice<V, VR, A, AR>(
        &mut self,
        _: A,
        column: Column<Advice>,
        row: usize,
        to: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<Bn254Fr>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.check(row)?;
        if self.for_key() {
            return Ok(());
        }
        let column = self.columns.find(column.into())?.index;
        let value = known(to()).ok_or(Error::Synthesis)?;
        self.advice[column][row] = Some(value);
        Ok(())
    }

    fn assign_fixed<V, VR, A, AR>(
        &mut self,
        _: A,
        column: Column<Fixed>,
        row: usize,
        to: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<Bn254Fr>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.check(row)?;
        if self.for_key() {
            let column = self.columns.find(column.into())?.index;
            self.layout.fixed[column][row] = known(to()).ok_or(Error::Synthesis)?;
        }
        Ok(())
    }

    fn copy(
        &mut self,
        left: Column<Any>,
        left_row: usize,
        right: Column<Any>,
        right_row: usize,
    ) -> Result<(), Error> {
        self.check(left_row)?;
        self.check(right_row)?;
        if self.for_key() {
            let left = CellRef { column: self.columns.find(left)?, row: left_row };
            let right = CellRef { column: self.columns.find(right)?, row: right_row };
            self.layout.copies.push((left, right));
        }
        Ok(())
    }

    fn fill_from_row(
        &mut self,
        column: Column<Fixed>,
        row: usize,
        to: Value<Assigned<Bn254Fr>>,
    ) -> Result<(), Error> {
        self.check(row)?;
        if self.for_key() {
            let column = self.columns.find(column.into())?.index;
            let value = known(to).ok_or(Error::Synthesis)?;
            self.layout.fixed[column][row..self.usable].fill(value);
        }
        Ok(())
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, _: N) {}

    fn pop_namespace(&mut self, _: Option<String>) {}
}
