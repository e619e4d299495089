//! The statement written a second time: a list of polynomial equations, ranges
//! and digests over named wires, checked natively.
//!
//! A list per family, made from the clauses M1 to M7; it knows nothing of gadgets,
//! rows or columns. A circuit and its list, given the same choices of a prover, accept
//! and refuse the same.

mod common;
pub mod scenario;
pub mod standard;

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Sub};

use num_bigint::{BigInt, Sign};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::poseidon::{Domain, RATE, hash};

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
    /// Wires stand for the signed digits of a polynomial, so many bits apart and each
    /// the nearest to zero; the last takes the rest.
    Digits(Vec<String>, Polynomial<F>, u32),
    /// A polynomial, as an integer, is the largest (or the smallest) of these.
    Extreme(String, Polynomial<F>, Vec<Polynomial<F>>, Extreme),
    /// A polynomial, as an integer, is not above zero where the second is one, and not
    /// below where it is zero; the second is nothing else, and the first is below two
    /// to this either way.
    Sign(String, [Polynomial<F>; 2], u32),
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The largest.
    Largest,
    /// The smallest.
    Smallest,
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
        if !holds(statement, &mut wires) {
            broken.extend(statement.name().map(str::to_owned));
        }
    }
    broken
}

impl<F> Statement<F> {
    /// What it is called, if it can be broken.
    fn name(&self) -> Option<&str> {
        match self {
            Self::Define(..) | Self::Digest(..) | Self::Digits(..) => None,
            Self::Zero(name, _)
            | Self::Below(name, ..)
            | Self::Extreme(name, ..)
            | Self::Sign(name, ..) => Some(name),
        }
    }
}

/// Whether a statement holds; what stands for something is given its value.
fn holds<F: MarginField>(statement: &Statement<F>, wires: &mut Wires<F>) -> bool {
    match statement {
        Statement::Define(wire, polynomial) => {
            let value = evaluate(polynomial, wires);
            wires.insert(wire.clone(), value);
            true
        }
        Statement::Digest(wire, domain, message) => {
            let message = message.each_ref().map(|part| evaluate(part, wires));
            wires.insert(wire.clone(), hash(*domain, message));
            true
        }
        Statement::Digits(names, polynomial, bits) => {
            let digits = digits(&evaluate(polynomial, wires), names.len(), *bits);
            wires.extend(names.iter().cloned().zip(digits));
            true
        }
        Statement::Zero(_, polynomial) => evaluate(polynomial, wires) == F::ZERO,
        Statement::Below(_, polynomial, bits) => is_below(&evaluate(polynomial, wires), *bits),
        Statement::Extreme(_, polynomial, of, extreme) => {
            let all = of.iter().map(|candidate| integer(&evaluate(candidate, wires)));
            let found = match extreme {
                Extreme::Largest => all.max(),
                Extreme::Smallest => all.min(),
            };
            found == Some(integer(&evaluate(polynomial, wires)))
        }
        Statement::Sign(_, parts, bits) => {
            let [value, negative] = parts.each_ref().map(|part| evaluate(part, wires));
            let integer = integer(&value);
            let agrees = match negative {
                _ if negative == F::ONE => integer.sign() != Sign::Plus,
                _ if negative == F::ZERO => integer.sign() != Sign::Minus,
                _ => false,
            };
            agrees && integer.bits() <= u64::from(*bits)
        }
    }
}

/// The integer nearest to zero that is this field element.
fn integer<F: MarginField>(element: &F) -> BigInt {
    let positive = |element: &F| BigInt::from_bytes_le(Sign::Plus, &element.to_le_bytes());
    let (above, below) = (positive(element), positive(&-*element));
    if above <= below { above } else { -below }
}

fn field<F: MarginField>(integer: &BigInt) -> F {
    let (sign, digits) = integer.to_u64_digits();
    let base = F::from(2).pow_vartime([64_u64]);
    let value = digits.iter().rev().fold(F::ZERO, |sum, digit| sum * base + F::from(*digit));
    if sign == Sign::Minus { -value } else { value }
}

/// So many signed digits of an element, the first lowest.
fn digits<F: MarginField>(element: &F, count: usize, bits: u32) -> Vec<F> {
    let base: BigInt = BigInt::from(1) << bits;
    let half: BigInt = &base >> 1;
    let mut rest = integer(element);
    (1..=count)
        .map(|i| {
            if i == count {
                return field(&rest);
            }
            // `>>` rounds down, below zero too.
            let above = (&rest + &half) >> bits;
            let digit = &rest - (&above << bits);
            rest = above;
            field(&digit)
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use ff::Field as _;
    use pasta_curves::Fp;

    use super::*;

    #[test]
    fn digits_are_signed_and_sum_up() {
        for parts in [[3_i128, -5, 7], [-(1 << 40), 1 << 41, -1], [0, 0, 0], [-1, -1, -1]] {
            let parts: Vec<Fp> = parts.map(Fp::from_i128).to_vec();
            let base = Fp::from(2).pow_vartime([84_u64]);
            let packed = parts.iter().rev().fold(Fp::from(0), |sum, part| sum * base + part);
            assert_eq!(digits(&packed, 3, 84), parts);
        }
    }

    #[test]
    fn a_statement_that_does_not_hold_is_named() {
        let constant = |value: i128| Polynomial::Constant(Fp::from_i128(value));
        let extreme = |value: i128, extreme| {
            let of = vec![constant(-7), constant(3), constant(0)];
            Statement::Extreme("extreme".to_owned(), constant(value), of, extreme)
        };
        let sign = |value: i128, negative: i128| {
            Statement::Sign("sign".to_owned(), [constant(value), constant(negative)], 8)
        };
        let is_broken = |statement| !broken(&[statement], Wires::new()).is_empty();
        assert!(!is_broken(extreme(3, Extreme::Largest)));
        assert!(is_broken(extreme(0, Extreme::Largest)));
        assert!(!is_broken(extreme(-7, Extreme::Smallest)));
        assert!(is_broken(extreme(-8, Extreme::Smallest)));
        assert!(!is_broken(sign(-255, 1)) && !is_broken(sign(0, 1)) && !is_broken(sign(0, 0)));
        assert!(is_broken(sign(-1, 0)) && is_broken(sign(1, 1)) && is_broken(sign(256, 0)));
        assert!(is_broken(sign(0, 2)));
    }
}
