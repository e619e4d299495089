//! What the openings must satisfy: gates, permutation and lookups, combined
//! into the one value that the quotient polynomial must have.

use alloc::vec::Vec;

use ark_bn254::Fr;
use ark_ff::{Field as _, One as _, Zero as _};

use super::domain::Lagrange;
use super::field::delta;
use super::layout::Layout;
use super::reading::{Argument, Reading};
use super::system::{Lookup, Step, System};

/// The constraints of a circuit at the point where a proof is opened.
pub(super) struct Identities<'a> {
    system: &'a System,
    layout: &'a Layout,
    reading: &'a Reading,
    lagrange: &'a Lagrange,
    /// Of the program, all.
    values: Vec<Fr>,
    /// One minus the rows that are not usable.
    active: Fr,
    sum: Fr,
}

impl<'a> Identities<'a> {
    /// The value that the quotient polynomial must have.
    pub(super) fn quotient(
        system: &'a System,
        layout: &'a Layout,
        reading: &'a Reading,
        lagrange: &'a Lagrange,
    ) -> Fr {
        let values = values(system, layout, reading, lagrange);
        let active = Fr::one() - lagrange.last - lagrange.blind;
        let sum = Fr::zero();
        let mut all = Self { system, layout, reading, lagrange, values, active, sum };
        for gate in &system.gates {
            all.require(all.value(*gate));
        }
        all.permutation();
        for (index, lookup) in system.lookups.iter().enumerate() {
            all.lookup(index, lookup);
        }
        all.sum * lagrange.vanishing_inverse
    }

    /// Adds a constraint: the value must be zero.
    fn require(&mut self, value: Fr) {
        self.sum = self.sum * self.reading.argument.y + value;
    }

    fn value(&self, value: u16) -> Fr {
        self.values[usize::from(value)]
    }

    /// Products over the columns, as long as the degree allows, one continuing
    /// where the one before ends.
    fn permutation(&mut self) {
        let (scalars, layout) = (&self.reading.scalars, self.layout);
        let Lagrange { first, last, .. } = *self.lagrange;
        let count = self.system.products();
        let Some(final_product) = count.checked_sub(1) else { return };
        // The first begins with one; the last ends with one, or zero: a
        // product of which a factor happened to be zero.
        self.require(first * (Fr::one() - scalars[layout.product(0).here]));
        let end = scalars[layout.product(final_product).here];
        self.require(last * (end.square() - end));
        for index in 1..count {
            let before = scalars[layout.product(index - 1).last];
            self.require(first * (scalars[layout.product(index).here] - before));
        }
        let Argument { beta, gamma, x, .. } = self.reading.argument;
        let permuted = &scalars[layout.permutation_scalars.clone()];
        let (delta, mut identity) = (delta(), beta * x);
        let chunk = self.system.chunk();
        let columns = self.system.permutation.chunks(chunk).zip(permuted.chunks(chunk));
        for (index, (columns, permuted)) in columns.enumerate() {
            let product = layout.product(index);
            let (mut left, mut right) = (scalars[product.next], scalars[product.here]);
            for (column, permuted) in columns.iter().zip(permuted) {
                let value = self.value(*column);
                left *= value + beta * permuted + gamma;
                right *= value + identity + gamma;
                identity *= delta;
            }
            self.require((left - right) * self.active);
        }
    }

    fn lookup(&mut self, index: usize, lookup: &Lookup) {
        let scalars = &self.reading.scalars;
        let at = self.layout.lookup(index);
        let (product, next) = (scalars[at.product], scalars[at.product_next]);
        let (input, before) = (scalars[at.input], scalars[at.input_before]);
        let table = scalars[at.table];
        let Argument { theta, beta, gamma, .. } = self.reading.argument;
        let combine = |values: &[u16]| {
            values.iter().fold(Fr::zero(), |sum, value| sum * theta + self.value(*value))
        };
        let (inputs, tables) = (combine(&lookup.inputs), combine(&lookup.table));
        let Lagrange { first, last, .. } = *self.lagrange;
        self.require(first * (Fr::one() - product));
        self.require(last * (product.square() - product));
        let left = next * (input + beta) * (table + gamma);
        let right = product * (inputs + beta) * (tables + gamma);
        self.require((left - right) * self.active);
        self.require(first * (input - table));
        self.require((input - table) * (input - before) * self.active);
    }
}

/// All values of the program: inputs, then steps.
fn values(system: &System, layout: &Layout, reading: &Reading, lagrange: &Lagrange) -> Vec<Fr> {
    let program = &system.program;
    let mut values = Vec::with_capacity(system.step_value() + program.steps.len());
    values.extend_from_slice(&program.constants);
    values.extend_from_slice(&reading.scalars[layout.advice_scalars.clone()]);
    values.extend_from_slice(&reading.scalars[layout.fixed_scalars.clone()]);
    values.push(lagrange.instance(&reading.public_inputs));
    for step in &program.steps {
        let at = |value: u16| values[usize::from(value)];
        values.push(match *step {
            Step::Add(left, right) => at(left) + at(right),
            Step::Multiply(left, right) => at(left) * at(right),
            Step::Negate(value) => -at(value),
        });
    }
    values
}
