//! Lagrange polynomials at the point of opening, and all inverses at once.

use ark_bn254::Fr;
use zkmargin_verifier::bn254::opening::{Plan, rotate};
use zkmargin_verifier::bn254::system::System;

use super::frame::{Calldata, Challenges};
use super::value::{Value, inverse};
use super::writer::{WORD, Writer};

/// Bytes of the modular exponentiation's input: three lengths, three words.
const MODEXP: usize = 6 * WORD;

/// What both halves of the verification divide by.
pub(super) struct Domain {
    /// `x^n`.
    pub(super) x_n: Value,
    /// `1 / (x^n - 1)`.
    pub(super) vanishing_inverse: Value,
    /// `1 / x`.
    pub(super) x_inverse: Value,
    /// `u - x w^rotation`, by the plan's rotations.
    pub(super) differences: Vec<Value>,
    /// Their inverses.
    pub(super) difference_inverses: Vec<Value>,
    /// Lagrange polynomial of the first row.
    pub(super) first: Value,
    /// Of the row after the last usable one.
    pub(super) last: Value,
    /// One minus that and those of the rows that blind.
    pub(super) active: Value,
    /// The instance column.
    pub(super) instance: Value,
}

impl Domain {
    pub(super) fn new(
        writer: &mut Writer,
        system: &System,
        plan: &Plan,
        root: Fr,
        calldata: &Calldata,
        challenges: &Challenges,
    ) -> Self {
        let (x, u) = (&challenges.x, &challenges.u);
        writer.comment("x^n");
        let power = writer.allocate(1);
        writer.store(power, x);
        let x_n = Value::memory(power);
        for _ in 0..system.k {
            writer.store(power, &x_n.times(&x_n));
        }

        writer.comment("What is divided by.");
        let vanishing = x_n.minus(&Value::constant(Fr::from(1)));
        let vanishing = writer.keep(&vanishing);
        // Rows from the last usable one to the end, then from the first on.
        let before = system.last_rotation();
        let after = i32::try_from(system.public_inputs.max(1)).unwrap_or(i32::MAX);
        let powers: Vec<Fr> = (before..after).map(|row| rotate(root, row)).collect();
        let mut divisors = vec![x.clone(), vanishing.clone()];
        for power in &powers {
            divisors.push(writer.keep(&x.minus(&Value::constant(*power))));
        }
        let differences: Vec<Value> = plan
            .rotations
            .iter()
            .map(|rotation| {
                let point = x.times(&Value::constant(rotate(root, *rotation)));
                writer.keep(&u.minus(&point))
            })
            .collect();
        divisors.extend(differences.iter().cloned());
        let inverses = invert(writer, &divisors);
        let [x_inverse, vanishing_inverse, rest @ ..] = inverses.as_slice() else {
            unreachable!("there are as many inverses as divisors")
        };
        let (rows, difference_inverses) = rest.split_at(powers.len());

        writer.comment("Lagrange polynomials: w^i (x^n - 1) / (n (x - w^i)).");
        let rows_inverse = inverse(Fr::from(1u64 << system.k));
        let factor = writer.keep(&vanishing.times(&Value::constant(rows_inverse)));
        let bare = |index: usize| Value::constant(powers[index]).times(&rows[index]);
        let blinding = system.blinding_factors;
        let last = writer.keep(&factor.times(&bare(0)));
        let blind = weighted(writer, (1..=blinding).map(bare));
        let unusable = last.plus(&factor.times(&blind));
        let active = Value::constant(Fr::from(1)).minus(&unusable);
        let active = writer.keep(&active);
        let start = blinding + 1;
        let first = writer.keep(&factor.times(&bare(start)));
        let inputs = (0..system.public_inputs)
            .map(|row| bare(start + row).times(&Value::calldata(calldata.input(row))));
        let instance = weighted(writer, inputs);
        let instance = writer.keep(&factor.times(&instance));
        Self {
            x_n,
            vanishing_inverse: vanishing_inverse.clone(),
            x_inverse: x_inverse.clone(),
            differences,
            difference_inverses: difference_inverses.to_vec(),
            first,
            last,
            active,
            instance,
        }
    }
}

/// The sum of terms, stored as it grows.
fn weighted(writer: &mut Writer, terms: impl Iterator<Item = Value>) -> Value {
    let at = writer.allocate(1);
    let mut sum: Option<Value> = None;
    for term in terms {
        let next = sum.map_or(term.clone(), |sum: Value| sum.plus(&term)).reduced(4);
        writer.store(at, &next);
        sum = Some(Value::memory_within(at, next.bound()));
    }
    sum.unwrap_or_else(|| Value::constant(Fr::from(0)))
}

/// The inverses of values, by one exponentiation; the proof is refused when
/// one of them is zero, which happens by chance never.
fn invert(writer: &mut Writer, values: &[Value]) -> Vec<Value> {
    writer.comment("One inversion for all: products up to each, then back.");
    let products = writer.allocate(values.len());
    let at = |index: usize| products + index * WORD;
    for (index, value) in values.iter().enumerate() {
        let product = match index.checked_sub(1) {
            Some(before) => Value::memory(at(before)).times(value),
            None => value.reduced(1),
        };
        writer.store(at(index), &product);
    }
    let all = at(values.len() - 1);
    let input = writer.allocate(MODEXP / WORD);
    for word in 0..3 {
        writer.line(format!("mstore({:#x}, 0x20)", input + word * WORD));
    }
    writer.line(format!("mstore({:#x}, mload({all:#x}))", input + 3 * WORD));
    writer.line(format!("mstore({:#x}, sub(r, 2))", input + 4 * WORD));
    writer.line(format!("mstore({:#x}, r)", input + 5 * WORD));
    writer.line(format!(
        "if iszero(staticcall(gas(), 5, {input:#x}, {MODEXP:#x}, {input:#x}, 0x20)) {{ refuse() }}"
    ));
    writer.line(format!("if sub(mulmod(mload({all:#x}), mload({input:#x}), r), 1) {{ refuse() }}"));
    let rest = Value::memory(input);
    let mut inverses = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate().rev() {
        match index.checked_sub(1) {
            Some(before) => {
                // In the place of the product, which is not needed again.
                writer.store(at(index), &rest.times(&Value::memory(at(before))));
                writer.store(input, &rest.times(value));
                inverses.push(Value::memory(at(index)));
            }
            None => inverses.push(rest.clone()),
        }
    }
    inverses.reverse();
    inverses
}
