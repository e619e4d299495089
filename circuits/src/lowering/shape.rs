//! A circuit as data, independent of any proving library.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;

use super::pinned::System;
use super::recorder::Layout;

/// Version of the encoding under the digest.
pub const SHAPE_VERSION: u16 = 1;

/// How many columns of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnCounts {
    /// Advice columns.
    pub advice: usize,
    /// Fixed columns, without selectors.
    pub fixed: usize,
    /// Instance columns.
    pub instance: usize,
    /// Selectors.
    pub selectors: usize,
}

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColumnKind {
    /// Witness.
    Advice,
    /// Part of the circuit.
    Fixed,
    /// Public input.
    Instance,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ColumnRef {
    /// Its kind.
    pub kind: ColumnKind,
    /// Its index among those of its kind.
    pub index: usize,
}

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellRef {
    /// The column.
    pub column: ColumnRef,
    /// The absolute row.
    pub row: usize,
}

/// A column at a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Index of the column among those of its kind.
    pub column: usize,
    /// Rows ahead.
    pub rotation: i32,
}

/// A polynomial over queries, by their index in the shape's lists.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Expression<F = Bn254Fr> {
    Constant(F),
    Advice(usize),
    Fixed(usize),
    Instance(usize),
    Negated(Box<Expression<F>>),
    Sum(Box<Expression<F>>, Box<Expression<F>>),
    Product(Box<Expression<F>>, Box<Expression<F>>),
    Scaled(Box<Expression<F>>, F),
}

/// Fixed columns, by row.
pub type FixedColumns = Vec<Vec<Bn254Fr>>;
/// Pairs of cells constrained to be equal.
pub type Copies = Vec<(CellRef, CellRef)>;

/// Parts that do not make a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A fixed column or selector of another length than the rows.
    #[error("{got} fixed columns and selectors recorded, {expected} declared")]
    Columns {
        /// Declared.
        expected: usize,
        /// Recorded.
        got: usize,
    },
}

/// A lowered circuit: constraint system, fixed cells and copies.
#[derive(Clone, Debug, PartialEq)]
pub struct LoweredShape {
    k: u32,
    degree: usize,
    blinding_factors: usize,
    system: System,
    /// Fixed columns, then one per selector.
    fixed: FixedColumns,
    copies: Copies,
}

impl LoweredShape {
    pub(super) fn new(
        k: u32,
        degree: usize,
        blinding_factors: usize,
        system: System,
        layout: Layout,
    ) -> Result<Self, ShapeError> {
        let expected = system.columns.fixed + system.columns.selectors;
        let got = layout.fixed.len();
        if expected != got {
            return Err(ShapeError::Columns { expected, got });
        }
        let Layout { fixed, copies } = layout;
        Ok(Self { k, degree, blinding_factors, system, fixed, copies })
    }

    /// `log2` of the rows.
    pub fn k(&self) -> u32 {
        self.k
    }

    /// Rows in use: up to the last one with a fixed cell that is not zero, or a
    /// copy.
    pub fn rows(&self) -> usize {
        let fixed = self
            .fixed
            .iter()
            .filter_map(|column| column.iter().rposition(|cell| *cell != Bn254Fr::from(0)));
        let copied = self.copies.iter().flat_map(|(left, right)| [left, right]);
        fixed.chain(copied.map(|cell| cell.row)).max().map_or(0, |last| last + 1)
    }

    /// Largest degree of a constraint.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// Rows that blind a column.
    pub fn blinding_factors(&self) -> usize {
        self.blinding_factors
    }

    /// The numbers of columns.
    pub fn columns(&self) -> &ColumnCounts {
        &self.system.columns
    }

    /// Fixed columns that hold constants.
    pub fn constants(&self) -> &[usize] {
        &self.system.constants
    }

    /// Fixed columns, then one per selector, in full length.
    pub fn fixed(&self) -> &[Vec<Bn254Fr>] {
        &self.fixed
    }

    /// Cells constrained to be equal.
    pub fn copies(&self) -> &[(CellRef, CellRef)] {
        &self.copies
    }

    /// The constraint system.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// For tests that break a shape on purpose.
    #[cfg(test)]
    pub(crate) fn parts_mut(&mut self) -> (&mut System, &mut FixedColumns, &mut Copies) {
        (&mut self.system, &mut self.fixed, &mut self.copies)
    }

    /// Blake2b-256 of the canonical encoding of everything in the shape.
    pub fn digest(&self) -> [u8; 32] {
        let mut encoder = Encoder(Blake2b::<U32>::new());
        encoder.number(SHAPE_VERSION.into());
        encoder.shape(self);
        encoder.0.finalize().into()
    }
}

/// Feeds a hasher with an injective encoding: every list is preceded by its
/// length, every variant by its number.
struct Encoder(Blake2b<U32>);

impl Encoder {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    fn element(&mut self, element: &Bn254Fr) {
        self.0.update(element.to_be_bytes());
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.count(items.len());
        for item in items {
            each(self, item);
        }
    }

    fn shape(&mut self, shape: &LoweredShape) {
        let LoweredShape { k, degree, blinding_factors, system, fixed, copies } = shape;
        self.number((*k).into());
        self.count(*degree);
        self.count(*blinding_factors);
        self.system(system);
        self.list(fixed, |e, column| e.list(column, Self::element));
        self.list(copies, |e, (left, right)| {
            e.cell(left);
            e.cell(right);
        });
    }

    fn system(&mut self, system: &System) {
        let ColumnCounts { advice, fixed, instance, selectors } = system.columns;
        for count in [advice, fixed, instance, selectors] {
            self.count(count);
        }
        self.list(&system.gates, Self::expression);
        for queries in [&system.advice_queries, &system.fixed_queries, &system.instance_queries] {
            self.list(queries, |e, query| {
                e.count(query.column);
                e.0.update(query.rotation.to_be_bytes());
            });
        }
        self.list(&system.permutation, Self::column);
        self.list(&system.lookups, |e, lookup| {
            e.list(lookup, |e, (input, table)| {
                e.expression(input);
                e.expression(table);
            });
        });
        self.list(&system.constants, |e, index| e.count(*index));
    }

    fn column(&mut self, column: &ColumnRef) {
        self.number(column.kind as u64);
        self.count(column.index);
    }

    fn cell(&mut self, cell: &CellRef) {
        self.column(&cell.column);
        self.count(cell.row);
    }

    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Constant(element) => {
                self.number(0);
                self.element(element);
            }
            Expression::Advice(query) => {
                self.number(1);
                self.count(*query);
            }
            Expression::Fixed(query) => {
                self.number(2);
                self.count(*query);
            }
            Expression::Instance(query) => {
                self.number(3);
                self.count(*query);
            }
            Expression::Negated(inner) => {
                self.number(4);
                self.expression(inner);
            }
            Expression::Sum(left, right) => {
                self.number(5);
                self.expression(left);
                self.expression(right);
            }
            Expression::Product(left, right) => {
                self.number(6);
                self.expression(left);
                self.expression(right);
            }
            Expression::Scaled(inner, element) => {
                self.number(7);
                self.expression(inner);
                self.element(element);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Expression::{Advice, Constant, Fixed, Instance, Negated, Product, Scaled, Sum};
    use super::*;

    fn hashed(feed: impl FnOnce(&mut Encoder)) -> [u8; 32] {
        let mut encoder = Encoder(Blake2b::<U32>::new());
        feed(&mut encoder);
        encoder.0.finalize().into()
    }

    /// Two shapes must not share a digest: what stands for an expression begins with the
    /// number of its kind, and holds all of it in order.
    #[test]
    fn an_expression_is_encoded_under_the_number_of_its_kind() {
        let (zero, [five, six]) = (Bn254Fr::from(0), [5, 6].map(|query| Box::new(Advice(query))));
        let element: &[u64] = &[0; 4];
        let cases: [(Expression, Vec<u64>); 8] = [
            (Constant(zero), [&[0], element].concat()),
            (Advice(5), vec![1, 5]),
            (Fixed(5), vec![2, 5]),
            (Instance(5), vec![3, 5]),
            (Negated(five.clone()), vec![4, 1, 5]),
            (Sum(five.clone(), six.clone()), vec![5, 1, 5, 1, 6]),
            (Product(five.clone(), six), vec![6, 1, 5, 1, 6]),
            (Scaled(five, zero), [&[7, 1, 5], element].concat()),
        ];
        for (expression, words) in cases {
            let expected = hashed(|encoder| words.iter().for_each(|word| encoder.number(*word)));
            assert_eq!(hashed(|encoder| encoder.expression(&expression)), expected, "{words:?}");
        }
    }

    /// What ends one list and what begins the next are two things.
    #[test]
    fn lists_are_apart() {
        let [one, two, three] = [1, 2, 3].map(Bn254Fr::from);
        let of = |fixed: Vec<Vec<Bn254Fr>>| {
            let mut shape = one_of_each();
            *shape.parts_mut().1 = fixed;
            shape.digest()
        };
        assert_ne!(of(vec![vec![one], vec![two, three]]), of(vec![vec![one, two], vec![three]]));
        assert_ne!(of(vec![vec![one, two]]), of(vec![vec![one], vec![two]]));
    }

    /// A shape with one of each part.
    fn one_of_each() -> LoweredShape {
        let column = |kind| ColumnRef { kind, index: 0 };
        let query = || vec![Query { column: 0, rotation: 0 }];
        let cell = |row| CellRef { column: column(ColumnKind::Advice), row };
        LoweredShape {
            k: 4,
            degree: 3,
            blinding_factors: 5,
            system: System {
                columns: ColumnCounts { advice: 1, fixed: 1, instance: 1, selectors: 1 },
                gates: vec![Advice(0)],
                advice_queries: query(),
                fixed_queries: query(),
                instance_queries: query(),
                permutation: vec![column(ColumnKind::Advice)],
                lookups: vec![vec![(Advice(0), Fixed(0))]],
                constants: vec![0],
            },
            fixed: vec![vec![Bn254Fr::from(0); 2]; 2],
            copies: vec![(cell(0), cell(1))],
        }
    }

    /// Keys are found by the digest, and named by it: it holds all of a shape.
    #[test]
    fn every_part_of_a_shape_is_in_its_digest() {
        type Change = fn(&mut LoweredShape);
        let changes: [(&str, Change); 27] = [
            ("k", |s| s.k += 1),
            ("degree", |s| s.degree += 1),
            ("rows that blind", |s| s.blinding_factors += 1),
            ("advice columns", |s| s.system.columns.advice += 1),
            ("fixed columns", |s| s.system.columns.fixed += 1),
            ("instance columns", |s| s.system.columns.instance += 1),
            ("selectors", |s| s.system.columns.selectors += 1),
            ("a gate", |s| s.system.gates[0] = Advice(1)),
            ("a gate more", |s| s.system.gates.push(Advice(0))),
            ("advice column", |s| s.system.advice_queries[0].column += 1),
            ("advice rotation", |s| s.system.advice_queries[0].rotation += 1),
            ("fixed column", |s| s.system.fixed_queries[0].column += 1),
            ("fixed rotation", |s| s.system.fixed_queries[0].rotation += 1),
            ("instance column", |s| s.system.instance_queries[0].column += 1),
            ("instance rotation", |s| s.system.instance_queries[0].rotation += 1),
            ("kind with equality", |s| s.system.permutation[0].kind = ColumnKind::Fixed),
            ("column with equality", |s| s.system.permutation[0].index += 1),
            ("no lookup", |s| s.system.lookups.clear()),
            ("lookup's input", |s| s.system.lookups[0][0].0 = Advice(1)),
            ("lookup's table", |s| s.system.lookups[0][0].1 = Fixed(1)),
            ("constants", |s| s.system.constants[0] += 1),
            ("fixed cell", |s| s.fixed[0][1] = Bn254Fr::from(1)),
            ("selector", |s| s.fixed[1][0] = Bn254Fr::from(1)),
            ("no copy", |s| s.copies.clear()),
            ("copy's first row", |s| s.copies[0].0.row += 2),
            ("copy's second row", |s| s.copies[0].1.row += 2),
            ("copy's kind", |s| s.copies[0].1.column.kind = ColumnKind::Instance),
        ];
        let mut digests = BTreeSet::from([one_of_each().digest()]);
        for (what, change) in changes {
            let mut shape = one_of_each();
            change(&mut shape);
            assert!(digests.insert(shape.digest()), "{what}");
        }
    }
}
