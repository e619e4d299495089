//! What the openings must satisfy: `identities.rs` of the native verifier, as
//! code.

use zkmargin_verifier::bn254::field::delta;
use zkmargin_verifier::bn254::layout::Layout;
use zkmargin_verifier::bn254::system::{Lookup, Step, System};

use super::domain::Domain;
use super::frame::{Calldata, Challenges};
use super::value::Value;
use super::writer::Writer;

/// The constraints' sum is reduced to at most this many times the modulus
/// before the next is added.
const SUM: u32 = 4;

pub(super) struct Identities<'a> {
    pub(super) system: &'a System,
    pub(super) layout: &'a Layout,
    pub(super) calldata: &'a Calldata,
    pub(super) challenges: &'a Challenges,
    pub(super) domain: &'a Domain,
}

impl Identities<'_> {
    /// The value that the quotient polynomial must have.
    pub(super) fn quotient(&self, writer: &mut Writer) -> Value {
        let at = writer.allocate(1);
        writer.block(|writer| {
            writer.line(format!("let y := {}", self.challenges.y.code()));
            writer.line("let sum := 0");
            let values = self.values(writer);
            writer.comment("Gates.");
            for gate in &self.system.gates {
                require(writer, &values[usize::from(*gate)]);
            }
            self.permutation(writer, &values);
            for (index, lookup) in self.system.lookups.iter().enumerate() {
                self.lookup(writer, index, lookup, &values);
            }
            let inverse = &self.domain.vanishing_inverse;
            writer.store(at, &Value::variable("sum").times(inverse));
        });
        Value::memory(at)
    }

    fn scalar(&self, index: usize) -> Value {
        Value::calldata(self.calldata.scalar(index))
    }

    /// All values of the program. What is used more than once is computed once
    /// and kept in memory; the rest becomes part of what uses it.
    fn values(&self, writer: &mut Writer) -> Vec<Value> {
        let program = &self.system.program;
        let uses = self.uses();
        let mut values: Vec<Value> =
            program.constants.iter().map(|value| Value::constant(*value)).collect();
        values.extend(self.layout.advice_scalars.clone().map(|index| self.scalar(index)));
        values.extend(self.layout.fixed_scalars.clone().map(|index| self.scalar(index)));
        values.push(self.domain.instance.clone());
        writer.comment("What gates and lookups have in common.");
        for step in &program.steps {
            let at = |value: u16| values[usize::from(value)].clone();
            let value = match *step {
                Step::Add(left, right) => writer.sum(&at(left), &at(right)),
                Step::Multiply(left, right) => writer.product(&at(left), &at(right)),
                Step::Negate(value) => writer.shallow(at(value).negated()),
            };
            let often = uses[values.len()] > 1;
            values.push(if often { writer.keep(&value) } else { value });
        }
        values
    }

    fn uses(&self) -> Vec<u32> {
        let System { program, gates, lookups, permutation, .. } = self.system;
        let mut uses = vec![0; self.system.step_value() + program.steps.len()];
        let mut count = |value: &u16| uses[usize::from(*value)] += 1;
        for step in &program.steps {
            match step {
                Step::Add(left, right) | Step::Multiply(left, right) => {
                    count(left);
                    count(right);
                }
                Step::Negate(value) => count(value),
            }
        }
        gates.iter().chain(permutation).for_each(&mut count);
        lookups.iter().flat_map(|lookup| lookup.inputs.iter().chain(&lookup.table)).for_each(count);
        uses
    }

    fn permutation(&self, writer: &mut Writer, values: &[Value]) {
        let (layout, domain) = (self.layout, self.domain);
        let Challenges { beta, gamma, x, .. } = self.challenges;
        let count = self.system.products();
        let Some(final_product) = count.checked_sub(1) else { return };
        writer.comment("Permutation.");
        let one = Value::constant(1.into());
        let start = self.scalar(layout.product(0).here);
        require(writer, &domain.first.times(&one.minus(&start)));
        let end = self.scalar(layout.product(final_product).here);
        require(writer, &domain.last.times(&end.times(&end).minus(&end)));
        for index in 1..count {
            let here = self.scalar(layout.product(index).here);
            let before = self.scalar(layout.product(index - 1).last);
            require(writer, &domain.first.times(&here.minus(&before)));
        }
        let identity_at = writer.allocate(1);
        writer.store(identity_at, &beta.times(x));
        let identity = Value::memory(identity_at);
        let (left_at, right_at) = (writer.allocate(1), writer.allocate(1));
        let (left, right) = (Value::memory(left_at), Value::memory(right_at));
        let chunk = self.system.chunk();
        let permuted: Vec<usize> = layout.permutation_scalars.clone().collect();
        let columns = self.system.permutation.chunks(chunk).zip(permuted.chunks(chunk));
        let mut first = true;
        for (index, (columns, permuted)) in columns.enumerate() {
            let product = layout.product(index);
            writer.store(left_at, &self.scalar(product.next));
            writer.store(right_at, &self.scalar(product.here));
            for (column, permuted) in columns.iter().zip(permuted) {
                if !std::mem::take(&mut first) {
                    writer.store(identity_at, &identity.times(&Value::constant(delta())));
                }
                let value = values[usize::from(*column)].plus(gamma);
                let moved = beta.times(&self.scalar(*permuted));
                writer.store(left_at, &left.times(&value.plus(&moved)));
                writer.store(right_at, &right.times(&value.plus(&identity)));
            }
            require(writer, &left.minus(&right).times(&domain.active));
        }
    }

    fn lookup(&self, writer: &mut Writer, index: usize, lookup: &Lookup, values: &[Value]) {
        writer.comment("Lookup.");
        let at = self.layout.lookup(index);
        let (product, next) = (self.scalar(at.product), self.scalar(at.product_next));
        let (input, before) = (self.scalar(at.input), self.scalar(at.input_before));
        let table = self.scalar(at.table);
        let Challenges { theta, beta, gamma, .. } = self.challenges;
        let Domain { first, last, active, .. } = self.domain;
        let mut combine = |of: &[u16]| {
            let zero = Value::constant(0.into());
            let sum = of.iter().fold(zero, |sum, value| {
                let sum = writer.product(&sum, theta);
                writer.sum(&sum, &values[usize::from(*value)])
            });
            writer.keep(&sum)
        };
        let (inputs, tables) = (combine(&lookup.inputs), combine(&lookup.table));
        let one = Value::constant(1.into());
        require(writer, &first.times(&one.minus(&product)));
        require(writer, &last.times(&product.times(&product).minus(&product)));
        let left = next.times(&input.plus(beta)).times(&table.plus(gamma));
        let right = product.times(&inputs.plus(beta)).times(&tables.plus(gamma));
        let (left, right) = (writer.keep(&left), writer.keep(&right));
        require(writer, &left.minus(&right).times(active));
        let difference = input.minus(&table);
        let difference = writer.keep(&difference);
        require(writer, &first.times(&difference));
        require(writer, &difference.times(&input.minus(&before)).times(active));
    }
}

/// Adds a constraint: the value must be zero.
fn require(writer: &mut Writer, value: &Value) {
    let value = value.reduced(SUM);
    writer.line(format!("sum := add(mulmod(sum, y, r), {})", value.code()));
}
