//! The statement written a second time: a list of polynomial equations, ranges
//! and digests over named wires, checked natively.
//!
//! It is made from the clauses M1 to M7 and knows nothing of gadgets, rows or
//! columns. A circuit and its list, given the same choices of a prover, accept
//! and refuse the same.

mod standard;

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Sub};

use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::{Domain, RATE, hash};

pub use standard::{statements, wires};

/// A polynomial over wires.
#[derive(Clone, Debug)]
pub enum Polynomial<F> {
    /// A wire, by name.
    Wire(String),
    /// A constant.
    Constant(F),
    /// A sum.
    Sum(Box<Self>, Box<Self>),
    /// A difference.
    Difference(Box<Self>, Box<Self>),
    /// A product.
    Product(Box<Self>, Box<Self>),
}

impl<F> Add for Polynomial<F> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::Sum(self.into(), other.into())
    }
}

impl<F> Sub for Polynomial<F> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::Difference(self.into(), other.into())
    }
}

impl<F> Mul for Polynomial<F> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::Product(self.into(), other.into())
    }
}

/// What is said of wires.
#[derive(Clone, Debug)]
pub enum Statement<F> {
    /// A wire stands for a polynomial.
    Define(String, Polynomial<F>),
    /// A wire stands for a digest.
    Digest(String, Domain, [Polynomial<F>; RATE]),
    /// A polynomial is zero.
    Zero(String, Polynomial<F>),
    /// A polynomial is below two to this.
    Below(String, Polynomial<F>, u32),
}

/// Values of wires.
pub type Wires<F> = BTreeMap<String, F>;

/// The statements that do not hold of these wires, by name; none of a true
/// witness.
///
/// # Panics
/// When a wire has no value: the list names one that nothing gives.
pub fn broken<F: MarginField>(statements: &[Statement<F>], mut wires: Wires<F>) -> Vec<String> {
    let mut broken = Vec::new();
    for statement in statements {
        match statement {
            Statement::Define(wire, polynomial) => {
                let value = evaluate(polynomial, &wires);
                wires.insert(wire.clone(), value);
            }
            Statement::Digest(wire, domain, message) => {
                let message = message.each_ref().map(|part| evaluate(part, &wires));
                wires.insert(wire.clone(), hash(*domain, message));
            }
            Statement::Zero(name, polynomial) => {
                if evaluate(polynomial, &wires) != F::ZERO {
                    broken.push(name.clone());
                }
            }
            Statement::Below(name, polynomial, bits) => {
                if !is_below(&evaluate(polynomial, &wires), *bits) {
                    broken.push(name.clone());
                }
            }
        }
    }
    broken
}

fn evaluate<F: MarginField>(polynomial: &Polynomial<F>, wires: &Wires<F>) -> F {
    let go = |polynomial: &Polynomial<F>| evaluate(polynomial, wires);
    match polynomial {
        Polynomial::Wire(name) => *wires.get(name).unwrap_or_else(|| panic!("no wire {name}")),
        Polynomial::Constant(value) => *value,
        Polynomial::Sum(a, b) => go(a) + go(b),
        Polynomial::Difference(a, b) => go(a) - go(b),
        Polynomial::Product(a, b) => go(a) * go(b),
    }
}

/// Whether an element is an integer of so many bits.
fn is_below<F: MarginField>(value: &F, bits: u32) -> bool {
    let bytes = value.to_le_bytes();
    (bits..256).all(|bit| bytes[bit as usize / 8] >> (bit % 8) & 1 == 0)
}
