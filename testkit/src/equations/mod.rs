//! The statement written a second time: a list of polynomial equations, ranges
//! and digests over named wires, checked natively.
//!
//! A list per family and statement, made from the clauses; it knows nothing of gadgets,
//! rows or columns. A circuit and its list, given the same choices of a prover, accept
//! and refuse the same.

mod common;
pub mod deleveraging;
pub mod escrow;
pub mod haircut;
mod integers;
pub mod netting;
mod points;
pub mod scenario;
pub mod settlement;
pub mod simulation;
pub mod standard;
pub mod transition;
pub mod venue;
mod verdict;

use std::collections::BTreeMap;
use std::ops::{Add, Mul, Sub};

use zkmargin_margin::poseidon::{Domain, RATE};

pub use verdict::broken;
use verdict::evaluate;

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
    /// A wire stands for a chain over words, two to a link, from where it starts; a pair
    /// whose first word is zero is no link.
    Chain(String, Domain, Polynomial<F>, Vec<Polynomial<F>>),
    /// A wire stands for a chain over what is flagged, one to a link, from zero.
    Links(String, Domain, Vec<Flagged<F>>),
    /// Wires stand for the coordinates of a point's product with a number: a power of two
    /// and below it all smaller ones, each with its sign, the lowest first.
    Product([String; 2], [Polynomial<F>; 2], Vec<Polynomial<F>>),
    /// Statements in a scope: a name of theirs stands for `scope.name` where a wire of
    /// that name is, and else for itself; what they give a value is of the scope.
    Within(String, Vec<Self>),
    /// Wires stand for the words that are flagged, one after the other; the rest of them
    /// are zero.
    Gathered(Vec<String>, Vec<Flagged<F>>),
    /// A wire stands for the one of these that has the number, where it is flagged, and
    /// else for zero.
    Picked(String, Flagged<F>, Vec<Polynomial<F>>),
    /// A bit that may be told; where it is not, it is one if the first of these is and the
    /// second is above zero.
    Presumed(String, [Polynomial<F>; 2]),
    /// Wires that may be told; where they are not, the first stands for a number from zero
    /// on over another, rounded up, and the second for what that adds to it. Below zero
    /// both are zero.
    Quotient([String; 2], Polynomial<F>, u64),
    /// A polynomial is zero.
    Zero(String, Polynomial<F>),
    /// A bit, where it is one, says that a polynomial is not zero.
    Differs(String, [Polynomial<F>; 2]),
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
    /// The smallest of some integers are marked.
    Tail(String, Tail<F>),
    /// Bits tell a number where something is flagged, one bit for each number from zero
    /// on, and where it is not they are all zero.
    Told(String, Vec<Polynomial<F>>, Flagged<F>),
}

/// A flag, and what it is about.
#[derive(Clone, Debug)]
pub struct Flagged<F> {
    /// One where it is flagged, zero where it is not.
    pub flag: Polynomial<F>,
    /// The word, or the number.
    pub of: Polynomial<F>,
}

/// So many of some integers, none of which is larger than any of the others.
#[derive(Clone, Debug)]
pub struct Tail<F> {
    /// All integers.
    pub of: Vec<Polynomial<F>>,
    /// One for each that is in the tail, zero for each that is not.
    pub marked: Vec<Polynomial<F>>,
    /// How many are.
    pub size: Polynomial<F>,
    /// The largest of the tail.
    pub threshold: Polynomial<F>,
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

impl<F> Statement<F> {
    /// What it is called, if it can be broken.
    fn name(&self) -> Option<&str> {
        match self {
            Self::Define(..)
            | Self::Digest(..)
            | Self::Digits(..)
            | Self::Chain(..)
            | Self::Links(..)
            | Self::Product(..)
            | Self::Within(..)
            | Self::Gathered(..)
            | Self::Picked(..)
            | Self::Presumed(..)
            | Self::Quotient(..) => None,
            Self::Zero(name, _)
            | Self::Differs(name, _)
            | Self::Below(name, ..)
            | Self::Extreme(name, ..)
            | Self::Sign(name, ..)
            | Self::Tail(name, _)
            | Self::Told(name, ..) => Some(name),
        }
    }
}
