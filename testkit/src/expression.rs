//! Values and derivatives of constraints, and what they read.

use std::collections::{BTreeMap, BTreeSet};

use zkmargin_circuits::lowering::shape::{Expression, Query};
use zkmargin_margin::field::MarginField;

use crate::check::Changes;
use crate::record::{Recording, advice};

/// The value of an expression at a row. A selector that is off ends it early.
pub(crate) fn evaluate<F: MarginField>(
    recording: &Recording<F>,
    of: &Expression<F>,
    row: usize,
    changes: Option<&Changes<F>>,
) -> F {
    let at = |query: &Query| row.checked_add_signed(query.rotation as isize).unwrap_or(usize::MAX);
    let system = &recording.system;
    let go = |of: &Expression<F>| evaluate(recording, of, row, changes);
    match of {
        Expression::Constant(constant) => *constant,
        Expression::Advice(query) => {
            let query = &system.advice_queries[*query];
            let cell = advice(query.column, at(query));
            let changed = changes.and_then(|changes| changes.get(&cell)).copied();
            changed.unwrap_or_else(|| recording.value(cell))
        }
        Expression::Fixed(query) => {
            let query = &system.fixed_queries[*query];
            recording.fixed[query.column][at(query)].unwrap_or(F::ZERO)
        }
        Expression::Instance(query) => {
            let query = &system.instance_queries[*query];
            recording.instance.get(at(query)).copied().unwrap_or(F::ZERO)
        }
        Expression::Negated(inner) => -go(inner),
        Expression::Sum(left, right) => go(left) + go(right),
        Expression::Product(left, right) => {
            let left = go(left);
            if left == F::ZERO { F::ZERO } else { left * go(right) }
        }
        Expression::Scaled(inner, factor) => go(inner) * factor,
    }
}

/// Some fixed query in an expression.
pub(crate) fn fixed_query<F>(of: &Expression<F>) -> Option<usize> {
    match of {
        Expression::Fixed(query) => Some(*query),
        Expression::Negated(inner) | Expression::Scaled(inner, _) => fixed_query(inner),
        Expression::Sum(left, right) | Expression::Product(left, right) => {
            fixed_query(left).or_else(|| fixed_query(right))
        }
        _ => None,
    }
}

/// Whether an expression reads the public inputs.
pub(crate) fn reads_public<F>(of: &Expression<F>) -> bool {
    match of {
        Expression::Instance(_) => true,
        Expression::Negated(inner) | Expression::Scaled(inner, _) => reads_public(inner),
        Expression::Sum(left, right) | Expression::Product(left, right) => {
            reads_public(left) || reads_public(right)
        }
        _ => false,
    }
}

/// The advice queries in an expression.
pub(crate) fn advice_queries<F>(of: &Expression<F>) -> BTreeSet<usize> {
    match of {
        Expression::Advice(query) => BTreeSet::from([*query]),
        Expression::Negated(inner) | Expression::Scaled(inner, _) => advice_queries(inner),
        Expression::Sum(left, right) | Expression::Product(left, right) => {
            let mut both = advice_queries(left);
            both.append(&mut advice_queries(right));
            both
        }
        _ => BTreeSet::new(),
    }
}

/// A value, and how fast it changes with each advice query. Queries that are
/// read stand here with a slope of zero too.
struct Dual<F> {
    value: F,
    slopes: BTreeMap<usize, F>,
}

impl<F: MarginField> Dual<F> {
    fn constant(value: F) -> Self {
        Self { value, slopes: BTreeMap::new() }
    }

    /// The slopes of `left * by_left + right * by_right`.
    fn mixed(value: F, (left, by_left): (Self, F), (right, by_right): (Self, F)) -> Self {
        let mut slopes = left.slopes;
        slopes.values_mut().for_each(|slope| *slope *= by_left);
        for (query, slope) in right.slopes {
            *slopes.entry(query).or_insert(F::ZERO) += slope * by_right;
        }
        Self { value, slopes }
    }
}

/// The slope of an expression at a row by each advice query it reads.
pub(crate) fn slopes<F: MarginField>(
    recording: &Recording<F>,
    of: &Expression<F>,
    row: usize,
) -> BTreeMap<usize, F> {
    dual(recording, of, row).slopes
}

fn dual<F: MarginField>(recording: &Recording<F>, of: &Expression<F>, row: usize) -> Dual<F> {
    let at = |query: &Query| row.checked_add_signed(query.rotation as isize).unwrap_or(usize::MAX);
    let system = &recording.system;
    let go = |of: &Expression<F>| dual(recording, of, row);
    match of {
        Expression::Constant(constant) => Dual::constant(*constant),
        Expression::Advice(index) => {
            let query = &system.advice_queries[*index];
            let value = recording.value(advice(query.column, at(query)));
            Dual { value, slopes: BTreeMap::from([(*index, F::ONE)]) }
        }
        Expression::Fixed(index) => {
            let query = &system.fixed_queries[*index];
            Dual::constant(recording.fixed[query.column][at(query)].unwrap_or(F::ZERO))
        }
        Expression::Instance(index) => {
            let query = &system.instance_queries[*index];
            Dual::constant(recording.instance.get(at(query)).copied().unwrap_or(F::ZERO))
        }
        Expression::Negated(inner) => {
            let inner = go(inner);
            Dual::mixed(-inner.value, (inner, -F::ONE), (Dual::constant(F::ZERO), F::ZERO))
        }
        Expression::Sum(left, right) => {
            let (left, right) = (go(left), go(right));
            Dual::mixed(left.value + right.value, (left, F::ONE), (right, F::ONE))
        }
        Expression::Product(left, right) => {
            let (left, right) = (go(left), go(right));
            let (a, b) = (left.value, right.value);
            Dual::mixed(a * b, (left, b), (right, a))
        }
        Expression::Scaled(inner, factor) => {
            let inner = go(inner);
            let none = (Dual::constant(F::ZERO), F::ZERO);
            Dual::mixed(inner.value * factor, (inner, *factor), none)
        }
    }
}
