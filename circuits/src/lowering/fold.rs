//! Folding: two fixed columns become one that is read at two rotations, where no row
//! needs both. A column is a commitment in every verifier, a rotation one evaluation.
//!
//! `halo2_proofs` reads fixed columns in the row of the gate alone, so this is done
//! here. A row *needs* a column where a polynomial reads it behind factors that are
//! fixed and not zero there: behind a switch that is off the product is zero whatever
//! stands in the column. Column `Y` is folded into `X` when no row `r` that needs `Y`
//! is followed by a row that needs `X`: `Y` of row `r` then stands in `X` of row
//! `r + 1`, and every polynomial has the value it had, in every row and for every
//! assignment. Lookups, copies and switches are left as they are.

use zkmargin_margin::field::bn254::Bn254Fr;

use super::pinned::System;
use super::recorder::Layout;
use super::shape::{ColumnKind, Expression, FixedColumns, Query};

/// The rotation at which a folded column is read.
const FOLDED: i32 = 1;

/// Folds what can be folded, the first columns with the last; `usable` rows may hold
/// cells.
pub(super) fn fold(mut system: System, mut layout: Layout, usable: usize) -> (System, Layout) {
    let needs = Needs::of(&system, &layout.fixed);
    let mut folded: Vec<(usize, usize)> = Vec::new();
    for into in 0..system.columns.fixed {
        let is_taken =
            |column: usize| folded.iter().any(|(from, into)| [*from, *into].contains(&column));
        let free = (into + 1..system.columns.fixed).rev().filter(|from| !is_taken(*from));
        let fit = free.into_iter().find(|from| needs.fit(*from, into, usable));
        if let Some(from) = fit.filter(|_| !is_taken(into)) {
            folded.push((from, into));
        }
    }
    for (from, into) in &folded {
        for row in (0..usable).filter(|row| needs.rows[*from][*row]) {
            layout.fixed[*into][row + 1] = layout.fixed[*from][row];
        }
        for query in system.fixed_queries.iter_mut().filter(|query| query.column == *from) {
            *query = Query { column: *into, rotation: FOLDED };
        }
    }
    remove(&mut system, &mut layout, folded.into_iter().map(|(from, _)| from).collect());
    (system, layout)
}

/// Removes columns that nothing reads any more.
fn remove(system: &mut System, layout: &mut Layout, mut columns: Vec<usize>) {
    columns.sort_unstable();
    let place = |column: usize| column - columns.iter().filter(|c| **c < column).count();
    system.columns.fixed -= columns.len();
    system.fixed_queries.iter_mut().for_each(|query| query.column = place(query.column));
    system.constants.iter_mut().for_each(|column| *column = place(*column));
    for column in system.permutation.iter_mut().filter(|c| c.kind == ColumnKind::Fixed) {
        column.index = place(column.index);
    }
    for (left, right) in &mut layout.copies {
        for cell in [left, right] {
            if cell.column.kind == ColumnKind::Fixed {
                cell.column.index = place(cell.column.index);
            }
        }
    }
    for column in columns.into_iter().rev() {
        layout.fixed.remove(column);
    }
}

/// The rows that need each fixed column, selectors included.
struct Needs {
    rows: Vec<Vec<bool>>,
    /// Columns that stay where they are.
    stays: Vec<bool>,
}

impl Needs {
    fn of(system: &System, fixed: &FixedColumns) -> Self {
        let rows = fixed.first().map_or(0, Vec::len);
        let mut reader = Reader {
            system,
            fixed,
            needs: Self {
                rows: vec![vec![false; rows]; fixed.len()],
                stays: vec![false; fixed.len()],
            },
            switches: Vec::new(),
        };
        for gate in &system.gates {
            reader.read(gate, &vec![true; rows]);
        }
        let Self { mut stays, rows } = reader.needs;
        let looked_up = system.lookups.iter().flatten().flat_map(|(input, table)| [input, table]);
        for query in looked_up.flat_map(fixed_queries) {
            stays[system.fixed_queries[query].column] = true;
        }
        for query in system.fixed_queries.iter().filter(|query| query.rotation != 0) {
            stays[query.column] = true;
        }
        system.constants.iter().for_each(|column| stays[*column] = true);
        let copied = system.permutation.iter().filter(|c| c.kind == ColumnKind::Fixed);
        copied.for_each(|column| stays[column.index] = true);
        Self { rows, stays }
    }

    fn fit(&self, from: usize, into: usize, usable: usize) -> bool {
        let (from_rows, into_rows) = (&self.rows[from], &self.rows[into]);
        let free = |row: usize| row + 1 < usable && !into_rows[row + 1];
        let mut needed = from_rows.iter().enumerate().filter(|(_, needed)| **needed);
        !self.stays[from] && !self.stays[into] && needed.all(|(row, _)| free(row))
    }
}

struct Reader<'a> {
    system: &'a System,
    fixed: &'a FixedColumns,
    needs: Needs,
    /// Fixed factors so far, with the rows where they are not zero: many polynomials
    /// have the same.
    switches: Vec<(&'a Expression, Vec<bool>)>,
}

impl<'a> Reader<'a> {
    /// Marks what an expression reads in these rows.
    fn read(&mut self, expression: &'a Expression, rows: &[bool]) {
        match expression {
            Expression::Fixed(query) => {
                let needs = &mut self.needs.rows[self.system.fixed_queries[*query].column];
                needs.iter_mut().zip(rows).for_each(|(needed, row)| *needed |= row);
            }
            Expression::Constant(_) | Expression::Advice(_) | Expression::Instance(_) => {}
            Expression::Negated(inner) | Expression::Scaled(inner, _) => self.read(inner, rows),
            Expression::Sum(left, right) => {
                self.read(left, rows);
                self.read(right, rows);
            }
            Expression::Product(left, right) => {
                self.read(left, rows);
                if is_fixed(left) {
                    let on = self.on(left);
                    let rows: Vec<_> = on.iter().zip(rows).map(|(on, row)| *on && *row).collect();
                    self.read(right, &rows);
                } else {
                    self.read(right, rows);
                }
            }
        }
    }

    /// The rows where a fixed factor is not zero.
    fn on(&mut self, factor: &'a Expression) -> Vec<bool> {
        if let Some((_, rows)) = self.switches.iter().find(|(known, _)| *known == factor) {
            return rows.clone();
        }
        let rows = self.fixed.first().map_or(0, Vec::len);
        let value = |row| value(self.system, self.fixed, factor, row);
        let on: Vec<_> = (0..rows).map(|row| value(row) != Bn254Fr::from(0)).collect();
        self.switches.push((factor, on.clone()));
        on
    }
}

/// The value of a fixed expression in a row.
fn value(system: &System, fixed: &FixedColumns, of: &Expression, row: usize) -> Bn254Fr {
    let value = |of| value(system, fixed, of, row);
    match of {
        Expression::Constant(element) => *element,
        Expression::Fixed(query) => fixed[system.fixed_queries[*query].column][row],
        // None is in a fixed expression.
        Expression::Advice(_) | Expression::Instance(_) => Bn254Fr::from(0),
        Expression::Negated(inner) => -value(inner),
        Expression::Sum(left, right) => value(left) + value(right),
        Expression::Product(left, right) => value(left) * value(right),
        Expression::Scaled(inner, factor) => value(inner) * *factor,
    }
}

/// Whether an expression reads fixed columns alone.
fn is_fixed(expression: &Expression) -> bool {
    match expression {
        Expression::Constant(_) | Expression::Fixed(_) => true,
        Expression::Advice(_) | Expression::Instance(_) => false,
        Expression::Negated(inner) | Expression::Scaled(inner, _) => is_fixed(inner),
        Expression::Sum(left, right) | Expression::Product(left, right) => {
            is_fixed(left) && is_fixed(right)
        }
    }
}

fn fixed_queries(expression: &Expression) -> Vec<usize> {
    match expression {
        Expression::Fixed(query) => vec![*query],
        Expression::Constant(_) | Expression::Advice(_) | Expression::Instance(_) => Vec::new(),
        Expression::Negated(inner) | Expression::Scaled(inner, _) => fixed_queries(inner),
        Expression::Sum(left, right) | Expression::Product(left, right) => {
            [fixed_queries(left), fixed_queries(right)].concat()
        }
    }
}
